/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_STREAM_H
#define _HMS_STREAM_H

#include <linux/types.h>

#define HMS_STREAM_SETS		64
#define HMS_STREAM_WAYS		4
#define HMS_STREAM_MAX		128U	/* pages that one touch brings home at most */

/**
 * struct hms_stream - touches of one thread
 * @who: the thread
 * @next: the page number that would continue them
 * @run: how many pages the last one brought home
 */
struct hms_stream {
	unsigned long who;
	unsigned long next;
	unsigned int run;
};

/**
 * struct hms_streams - recent touches, to tell sequential access from random
 * @set: by the thread
 *
 * Entries are read and written without a lock: a torn one costs a page more or less, never a
 * wrong one.
 */
struct hms_streams {
	struct hms_stream set[HMS_STREAM_SETS][HMS_STREAM_WAYS];
};

unsigned int hms_stream_touch(struct hms_streams *streams, unsigned long who, unsigned long page);

#endif /* _HMS_STREAM_H */
