/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LIBHMS_MOVEPAGES_H
#define LIBHMS_MOVEPAGES_H

#include "internal.h"

#pragma GCC visibility push(hidden)

/*
 * Let move_pages(2) move what is on other nodes to the one target of a request, as far as it can.
 * Returns how many pages it moved.
 */
uint64_t hms_move_pages(struct hms *hms, const struct hms_request *request);

/* Of what a request then found on its target, count these as moved. */
void hms_move_pages_count(uint64_t moved, struct hms_result *result);

#pragma GCC visibility pop

#endif /* LIBHMS_MOVEPAGES_H */
