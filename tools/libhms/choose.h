/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which targets are better: what questions and selections share. */
#ifndef LIBHMS_CHOOSE_H
#define LIBHMS_CHOOSE_H

#include <hms/hms.h>

#pragma GCC visibility push(hidden)

/* Bytes of a target that are free; all of it where nobody knows what is used. */
uint64_t choose_free(const struct hms_object *target);

/**
 * choose_rank() - sort targets, the best first, and drop those that can't be reached
 * @hms: the handle
 * @initiator: from where; NULL when only capacity counts
 * @wish: the weights
 * @targets: the targets
 * @n: how many
 *
 * Return: 0 or -ENOMEM.
 */
int choose_rank(const struct hms *hms, const struct hms_object *initiator,
		const struct hms_wish *wish, const struct hms_object **targets, size_t *n);

/* A list of the uids of objects. 0 or -ENOMEM. */
int choose_list(const struct hms_object **objects, size_t n, struct hms_uid_list **list);

#pragma GCC visibility pop

#endif /* LIBHMS_CHOOSE_H */
