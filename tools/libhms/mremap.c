// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * mremap(2) with policies: they are read before, and set where the memory is after. The module
 * takes them along by itself, unless it has no memory, and not to what grows: what is right already
 * is left alone.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"

struct carry {
	struct hms *hms;
	const struct hms_policy_list *list;	/* the policies, as they were */
	uint64_t old;				/* where they were */
	size_t lost;
	int error;				/* of the first that was lost, negative */
	char why[192];				/* the same in words */
};

/* Is policy @i of the list what these addresses have? */
static bool is_set(const struct carry *carry, size_t i, uint64_t start, uint64_t length)
{
	const struct hms_policy_range *range = &carry->list->ranges[i];
	size_t bytes = range->ntargets * sizeof(*range->targets);
	struct hms_policy_list *list;
	bool same = false;

	if (hms_query_policy(carry->hms, (void *)(uintptr_t)start, length, 0, &list))
		return false;
	if (list->n == 1) {
		const struct hms_policy_range *now = list->ranges;

		same = now->start == start && now->length == length && now->mode == range->mode &&
		       now->flags == range->flags && now->priority == range->priority &&
		       now->ntargets == range->ntargets &&
		       !memcmp(now->targets, range->targets, bytes) &&
		       !memcmp(list->weights[0], carry->list->weights[i], bytes);
	}
	free(list);
	return same;
}

/* Its mempolicy the memory has kept, and what grows has that of its mapping. */
static int set(const struct carry *carry, size_t i, uint64_t start, uint64_t length)
{
	const struct hms_policy_range *range = &carry->list->ranges[i];
	const struct hms_modifier modifiers[] = {
		{ .key = HMS_MOD_MODE, .value = range->mode },
		{ .key = HMS_MOD_INHERIT, .value = !!(range->flags & HMS_POLICY_INHERIT) },
		{ .key = HMS_MOD_PRIORITY, .value = range->priority },
		{ .key = HMS_MOD_WEIGHT, .value = hms_pointer(carry->list->weights[i]) },
	};
	const struct hms_request request = {
		.start = start,
		.length = length,
		.targets = range->targets,
		.ntargets = range->ntargets,
		.modifiers = modifiers,
		.nmodifiers = COUNT(modifiers) - (range->mode != HMS_MODE_WEIGHTED),
		.flags = HMS_NO_MBIND,
	};

	return hms_hbind(carry->hms, &request, NULL);
}

/* Have the policies at @to, as far as the memory is @length bytes; the last one over all of it? */
static void put(struct carry *carry, uint64_t to, uint64_t length, bool grow)
{
	for (size_t i = 0; i < carry->list->n; i++) {
		const struct hms_policy_range *range = &carry->list->ranges[i];
		uint64_t offset = range->start - carry->old, n = range->length;
		int ret;

		if (offset >= length)
			break;
		if (grow || n > length - offset)
			n = length - offset;
		if (is_set(carry, i, to + offset, n))
			continue;
		ret = set(carry, i, to + offset, n);
		if (!ret)
			continue;
		if (!carry->lost++) {
			carry->error = ret;
			snprintf(carry->why, sizeof(carry->why), "%s",
				 hms_last_error(carry->hms));
		}
	}
}

static uint64_t whole_pages(size_t length)
{
	uint64_t page = sysconf(_SC_PAGESIZE);

	return (length + page - 1) & -page;
}

/* The mappings are what they will be; @error is that of mremap(2), positive. */
static int done(struct carry *carry, int error)
{
	char lost[64] = "";

	hms_error_clear(carry->hms);
	if (carry->lost)
		snprintf(lost, sizeof(lost), "%zu of %zu policies lost: ", carry->lost,
			 carry->list->n);
	if (error)
		return hms_error_set(carry->hms, "mremap", error, "%s%s%s", strerror(error),
				     carry->lost ? ", " : "", lost);
	if (carry->lost)
		return hms_error_set(carry->hms, "mremap", -carry->error, "moved, but %s%s", lost,
				     carry->why);
	return 0;
}

int hms_mremap(struct hms *hms, void *old, size_t old_length, size_t new_length, int flags,
	       void *where, void **moved)
{
	uint64_t had = whole_pages(old_length), has = whole_pages(new_length);
	static const struct hms_policy_list nothing;
	struct carry carry = { .hms = hms, .list = &nothing, .old = hms_pointer(old) };
	struct hms_policy_list *list = NULL;
	bool all;
	int error, ret;

	*moved = MAP_FAILED;
	hms_error_clear(hms);
	/* Length 0 asks for another mapping of shared memory. */
	if (had) {
		ret = hms_query_policy(hms, old, had, 0, &list);
		if (ret)
			return ret;
		carry.list = list;
	}
	*moved = mremap(old, old_length, new_length, flags, where);
	error = *moved == MAP_FAILED ? errno : 0;
	all = carry.list->n == 1 && carry.list->ranges[0].length == had;
	if (error) {
		/* The kernel may have been on its way, and have told the module so. */
		put(&carry, carry.old, had, false);
	} else {
		put(&carry, hms_pointer(*moved), has > had && !all ? had : has, all);
		if (flags & MREMAP_DONTUNMAP)
			put(&carry, carry.old, had, false);
	}
	ret = done(&carry, error);
	free(list);
	return ret;
}
