/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What hmsctl run and libhms-preload.so agree on: the environment of the program. A child has it
 * too, and its memory goes the same way.
 */
#ifndef HMS_PRELOAD_H
#define HMS_PRELOAD_H

#define PRELOAD_LIBRARY		"libhms-preload.so"
#define PRELOAD_TARGETS		"HMS_PRELOAD_TARGETS"	/* "4,1": uids */
#define PRELOAD_MODE		"HMS_PRELOAD_MODE"	/* enum hms_mode, as a number */
#define PRELOAD_PRIORITY	"HMS_PRELOAD_PRIORITY"
#define PRELOAD_INSTANCE	"HMS_PRELOAD_INSTANCE"	/* of the module that the uids are of */

/* Bytes from which on an allocation is placed, as from which on glibc gives it a mapping. */
#define PRELOAD_THRESHOLD	(128UL << 10)

#endif /* HMS_PRELOAD_H */
