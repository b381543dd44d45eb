/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LIBHMS_COLLAPSE_H
#define LIBHMS_COLLAPSE_H

#include "internal.h"

#pragma GCC visibility push(hidden)

/*
 * Have the kernel join the pages of a range to huge ones: where they fill one, in one mapping, and
 * are on one node. Returns how many pages are in huge ones then.
 */
uint64_t hms_collapse(struct hms *hms, uint64_t start, uint64_t length);

#pragma GCC visibility pop

#endif /* LIBHMS_COLLAPSE_H */
