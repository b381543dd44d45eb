/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mappings of one's own address space. */
#ifndef LIBHMS_MAPPING_H
#define LIBHMS_MAPPING_H

#include "internal.h"

#pragma GCC visibility push(hidden)

/* A mapping, or the part of it in the range that was asked about. */
struct mapping {
	uint64_t start;
	uint64_t end;
	bool shared;
};

/*
 * Call @each for the mappings in a range, ascending; it ends the walk with anything but 0. Returns
 * what it returned, or a positive errno.
 */
int hms_mappings(struct hms *hms, uint64_t start, uint64_t end,
		 int (*each)(const struct mapping *mapping, void *data), void *data);

#pragma GCC visibility pop

#endif /* LIBHMS_MAPPING_H */
