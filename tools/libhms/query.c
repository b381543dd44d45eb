// SPDX-License-Identifier: LGPL-2.1-or-later
/* HMS_QUERY: lists that grow until the answer fits. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define FIRST_ROOM 64

/*
 * The caller frees q->entries and q->uids, also after an error; the weights are behind the uids.
 * Ranges may change between two tries, so each makes at least twice the room.
 */
static int query(struct hms *hms, struct hms_query *q, bool with_uids)
{
	uint32_t nentries = FIRST_ROOM, nuids = with_uids ? FIRST_ROOM : 0;
	uint32_t entry_size = q->entry_size;
	uint32_t *uids = NULL;
	void *entries = NULL;
	int error;

	hms_error_clear(hms);
	for (;;) {
		free(entries);
		free(uids);
		entries = reallocarray(NULL, nentries, entry_size);
		uids = nuids ? reallocarray(NULL, nuids, 2 * sizeof(*uids)) : NULL;
		q->entries = hms_pointer(entries);
		q->uids = hms_pointer(uids);
		q->weights = uids ? hms_pointer(uids + nuids) : 0;
		if (!entries || (nuids && !uids))
			return hms_error_set(hms, "query", ENOMEM, NULL);
		q->nentries = nentries;
		q->entry_size = entry_size;
		q->nuids = nuids;
		error = hms_request_raw(hms, HMS_QUERY, q);
		if (error != ENOSPC || (q->nentries <= nentries && q->nuids <= nuids))
			break;
		if (q->nentries > UINT32_MAX / 2 || q->nuids > UINT32_MAX / 2)
			return hms_error_set(hms, "query", ENOMEM, NULL);
		if (q->nentries > nentries)
			nentries = q->nentries > 2 * nentries ? q->nentries : 2 * nentries;
		if (q->nuids > nuids)
			nuids = q->nuids > 2 * nuids ? q->nuids : 2 * nuids;
	}
	if (error == EINVAL)
		return hms_error_set(hms, "query", error,
				     "range or flags: not pages, empty, or an unknown flag");
	return error ? hms_error_set(hms, "query", error, NULL) : 0;
}

static void *kernel_pointer(uint64_t p)
{
	return (void *)(uintptr_t)p;
}

static struct hms_query query_of(const struct hms *hms, uint32_t what, const void *address,
				 size_t length, unsigned int flags, uint32_t entry_size)
{
	return (struct hms_query){
		.size = sizeof(struct hms_query),
		.version = HMS_VERSION_DEVICE,
		.start = hms_pointer(address),
		.length = length,
		.what = what,
		.flags = flags | hms->flags,
		.entry_size = entry_size,
	};
}

/* The list in one block: head, ranges, where weights begin, uids, weights. NULL without memory. */
static struct hms_policy_list *policy_list(const struct hms_query *q)
{
	const struct hms_policy_entry *entries = kernel_pointer(q->entries);
	struct hms_policy_range *ranges;
	struct hms_policy_list *list;
	uint32_t *uids, *weights;
	const uint32_t **begin;

	list = malloc(sizeof(*list) + q->nentries * (sizeof(*ranges) + sizeof(*begin)) +
		      q->nuids * 2 * sizeof(*uids));
	if (!list)
		return NULL;
	ranges = (struct hms_policy_range *)(list + 1);
	begin = (const uint32_t **)(ranges + q->nentries);
	uids = (uint32_t *)(begin + q->nentries);
	weights = uids + q->nuids;
	memcpy(uids, kernel_pointer(q->uids), q->nuids * sizeof(*uids));
	memcpy(weights, kernel_pointer(q->weights), q->nuids * sizeof(*weights));
	for (uint32_t i = 0; i < q->nentries; i++) {
		begin[i] = weights + entries[i].first_target;
		ranges[i] = (struct hms_policy_range){
			.start = entries[i].start,
			.length = entries[i].length,
			.mode = entries[i].mode,
			.gone = entries[i].gone,
			.flags = entries[i].flags,
			.priority = entries[i].priority,
			.ntargets = entries[i].ntargets,
			.targets = uids + entries[i].first_target,
		};
	}
	*list = (struct hms_policy_list){ q->nentries, ranges, q->lost, begin };
	return list;
}

static int query_policies(struct hms *hms, uint32_t what, const void *address, size_t length,
			  unsigned int flags, struct hms_policy_list **list)
{
	struct hms_query q = query_of(hms, what, address, length, flags,
				      sizeof(struct hms_policy_entry));
	int ret;

	*list = NULL;
	ret = query(hms, &q, true);
	if (!ret) {
		*list = policy_list(&q);
		if (!*list)
			ret = hms_error_set(hms, "query", ENOMEM, NULL);
	}
	free(kernel_pointer(q.entries));
	free(kernel_pointer(q.uids));
	return ret;
}

int hms_query_policy(struct hms *hms, const void *address, size_t length, unsigned int flags,
		     struct hms_policy_list **list)
{
	return query_policies(hms, HMS_QUERY_POLICY, address, length, flags, list);
}

int hms_query_common(struct hms *hms, const void *address, size_t length, unsigned int flags,
		     struct hms_policy_list **list)
{
	return query_policies(hms, HMS_QUERY_COMMON, address, length, flags, list);
}

int hms_query_whole(struct hms *hms, unsigned int flags, struct hms_policy_list **list)
{
	return query_policies(hms, HMS_QUERY_WHOLE, NULL, 0, flags, list);
}

int hms_query_residency(struct hms *hms, const void *address, size_t length, unsigned int flags,
			struct hms_run_list **list)
{
	struct hms_query q = query_of(hms, HMS_QUERY_RESIDENCY, address, length, flags,
				      sizeof(struct hms_residency_entry));
	const struct hms_residency_entry *entries;
	struct hms_run *runs;
	int ret;

	*list = NULL;
	ret = query(hms, &q, false);
	if (ret)
		goto out;
	*list = malloc(sizeof(**list) + q.nentries * sizeof(*runs));
	if (!*list) {
		ret = hms_error_set(hms, "query", ENOMEM, NULL);
		goto out;
	}
	entries = kernel_pointer(q.entries);
	runs = (struct hms_run *)(*list + 1);
	for (uint32_t i = 0; i < q.nentries; i++)
		runs[i] = (struct hms_run){
			.start = entries[i].start,
			.length = entries[i].length,
			.uid = entries[i].uid,
			.state = entries[i].state,
		};
	**list = (struct hms_run_list){ .n = q.nentries, .runs = runs };
out:
	free(kernel_pointer(q.entries));
	free(kernel_pointer(q.uids));
	return ret;
}

int hms_query_stats(struct hms *hms, unsigned int flags, struct hms_process_stats *stats,
		    size_t size)
{
	struct hms_query q = query_of(hms, HMS_QUERY_STATS, NULL, 0, flags, size);
	int error;

	hms_error_clear(hms);
	q.entries = hms_pointer(stats);
	q.nentries = 1;
	error = hms_request_raw(hms, HMS_QUERY, &q);
	return error ? hms_error_set(hms, "query", error, NULL) : 0;
}

uint64_t hms_run_bytes(const struct hms_run_list *list, enum hms_residency state, uint32_t uid)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < list->n; i++)
		if (list->runs[i].state == state &&
		    (state != HMS_RESIDENT || list->runs[i].uid == uid))
			bytes += list->runs[i].length;
	return bytes;
}
