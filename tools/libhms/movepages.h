/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LIBHMS_MOVEPAGES_H
#define LIBHMS_MOVEPAGES_H

#include "internal.h"

#pragma GCC visibility push(hidden)

/*
 * Let move_pages(2) move what is on other nodes to the one target of a request, as far as it can.
 * Returns where pages were before, for hms_move_pages_count() and free(), or NULL: none has moved.
 */
struct hms_run_list *hms_move_pages(struct hms *hms, const struct hms_request *request);

/* Of what a request then found on its target, count as moved what was not there before. */
void hms_move_pages_count(const struct hms_run_list *before, uint32_t uid,
			  struct hms_result *result);

#pragma GCC visibility pop

#endif /* LIBHMS_MOVEPAGES_H */
