// SPDX-License-Identifier: GPL-2.0
/*
 * HMS_QUERY: the policies of a range, what they have in common, where its pages are, and what was
 * done to the address space.
 *
 * Answers are gathered a piece at a time and written to the program between the pieces, with no
 * lock held: its buffer may be in a device, or part of the range that is asked about.
 */

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/hms.h>

#include "binding.h"
#include "devmem.h"
#include "locate.h"
#include "object.h"
#include "opener.h"
#include "pass.h"
#include "policy.h"
#include "query.h"
#include "request.h"
#include "target.h"
#include "vector.h"

/**
 * struct hms_answer - an answer on its way
 * @arg: the query
 * @binding: the address space
 * @first: first address
 * @last: last address
 * @entries: room for entries
 * @uids: room for uids
 * @weights: room for their weights
 */
struct hms_answer {
	struct hms_query *arg;
	struct hms_binding *binding;
	unsigned long first;
	unsigned long last;
	struct hms_vector entries;
	struct hms_vector uids;
	struct hms_vector weights;
};

static int hms_answer_target(struct hms_answer *answer, struct hms_policy_entry *entry, u32 uid,
			     u32 weight)
{
	rcu_read_lock();
	entry->gone += !hms_object_find_rcu(uid);
	rcu_read_unlock();
	entry->ntargets++;
	return hms_vector_add(&answer->uids, &uid) ?: hms_vector_add(&answer->weights, &weight);
}

/* The first range at or after @from within the query, cut to it; its policy with a reference. */
static struct hms_policy *hms_next_policy(struct hms_answer *answer, unsigned long from,
					  unsigned long *first, unsigned long *last)
{
	struct hms_binding *binding = answer->binding;
	struct hms_policy *policy = NULL;
	struct hms_range *range;

	spin_lock(&binding->tree_lock);
	range = hms_policy_first(&binding->tree, from, answer->last);
	if (range) {
		policy = hms_policy_get(range->policy);
		*first = max(range->it.start, from);
		*last = min(range->it.last, answer->last);
	}
	spin_unlock(&binding->tree_lock);
	return policy;
}

static int hms_answer_policy(struct hms_answer *answer, const struct hms_policy *policy,
			     unsigned long first, unsigned long last)
{
	struct hms_policy_entry entry = {
		.start = first,
		.length = last - first + 1,
		.mode = policy->mode,
		.flags = policy->inherit ? HMS_POLICY_INHERIT : 0,
		.priority = policy->priority,
		.first_target = answer->uids.count,
	};
	int ret = 0;
	u32 i;

	for (i = 0; i < policy->ntargets && !ret; i++)
		ret = hms_answer_target(answer, &entry, policy->uids[i],
					hms_policy_weight(policy, i));
	return ret ?: hms_vector_add(&answer->entries, &entry);
}

static int hms_query_whole(struct hms_answer *answer)
{
	struct hms_binding *binding = answer->binding;
	struct hms_policy *policy;
	int ret = 0;

	spin_lock(&binding->tree_lock);
	policy = binding->tree.whole;
	if (policy)
		hms_policy_get(policy);
	spin_unlock(&binding->tree_lock);
	/* The whole is longer than a number can tell by one: this says a length of 0. */
	if (policy)
		ret = hms_answer_policy(answer, policy, 0, ULONG_MAX);
	hms_policy_put(policy);
	return ret;
}

static int hms_query_policies(struct hms_answer *answer)
{
	unsigned long from = answer->first, first, last;
	struct hms_policy *policy;
	int ret;

	while ((policy = hms_next_policy(answer, from, &first, &last))) {
		ret = hms_answer_policy(answer, policy, first, last);
		hms_policy_put(policy);
		if (ret)
			return ret;
		if (signal_pending(current))
			return -EINTR;
		cond_resched();
		if (last >= answer->last)
			break;
		from = last + 1;
	}
	return 0;
}

static int hms_query_common(struct hms_answer *answer)
{
	struct hms_policy_common common = { .first = answer->first, .last = answer->last };
	struct hms_policy_entry entry = {
		.start = answer->first,
		.length = answer->last - answer->first + 1,
	};
	int ret;
	u32 i;

	do {
		spin_lock(&answer->binding->tree_lock);
		ret = hms_policy_intersect(&answer->binding->tree, &common);
		spin_unlock(&answer->binding->tree_lock);
		if (ret > 0 && signal_pending(current))
			return -EINTR;
		cond_resched();
	} while (ret > 0);
	if (ret)
		return 0;
	entry.mode = common.mode;
	entry.flags = common.inherit ? HMS_POLICY_INHERIT : 0;
	entry.priority = common.priority;
	for (i = 0; i < common.ntargets && !ret; i++)
		ret = hms_answer_target(answer, &entry, common.uids[i], common.weights[i]);
	return ret ?: hms_vector_add(&answer->entries, &entry);
}

static void hms_residency_of(struct hms_answer *answer, unsigned long entry,
			     struct hms_residency_entry *run)
{
	struct page *page = hms_located_page(entry);
	struct hms_target *target;

	run->uid = 0;
	if (hms_is_placeholder(page))
		page = NULL;
	run->state = page || hms_located_unknown(entry) ? HMS_UNKNOWN : HMS_ABSENT;
	if (!page)
		return;
	target = hms_target_of_page(page);
	/* An object above the caller's version is treated as if it did not exist. */
	if (target && target->obj.version <= answer->arg->version) {
		run->state = HMS_RESIDENT;
		run->uid = target->obj.uid;
	}
}

/**
 * struct hms_runs - residency, run by run
 * @answer: where they go
 * @open: the run that may still grow; length 0 at first
 * @entries: a window of the page tables
 * @pages: the same, as residency; only uid and state
 */
struct hms_runs {
	struct hms_answer *answer;
	struct hms_residency_entry open;
	unsigned long entries[HMS_PASS_PAGES];
	struct hms_residency_entry pages[HMS_PASS_PAGES];
};

static int hms_runs_add(struct hms_runs *runs, const struct hms_residency_entry *what,
			u64 start, u64 length)
{
	int ret = 0;

	if (runs->open.length && runs->open.uid == what->uid && runs->open.state == what->state) {
		runs->open.length += length;
		return 0;
	}
	if (runs->open.length)
		ret = hms_vector_add(&runs->answer->entries, &runs->open);
	runs->open = (struct hms_residency_entry) {
		.start = start,
		.length = length,
		.uid = what->uid,
		.state = what->state,
	};
	return ret;
}

/* Look at the next window; one of addresses without a mapping is as long as the gap. */
static int hms_runs_look(struct hms_runs *runs, unsigned long address, unsigned long *npages,
			 bool *mapped)
{
	struct hms_answer *answer = runs->answer;
	struct mm_struct *mm = answer->binding->mm;
	struct vm_area_struct *vma;
	unsigned long i;
	int idx, ret;

	ret = mmap_read_lock_killable(mm);
	if (ret)
		return ret;
	*npages = (answer->last + 1 - address) >> PAGE_SHIFT;
	vma = find_vma(mm, address);
	*mapped = vma && vma->vm_start <= address;
	if (!*mapped) {
		if (vma)
			*npages = min(*npages, (vma->vm_start - address) >> PAGE_SHIFT);
		goto unlock;
	}
	*npages = min3(*npages, (vma->vm_end - address) >> PAGE_SHIFT, HMS_PASS_PAGES);
	idx = hms_devmem_read_lock();
	hms_locate_all(vma, address, *npages, runs->entries);
	for (i = 0; i < *npages; i++)
		hms_residency_of(answer, runs->entries[i], &runs->pages[i]);
	hms_devmem_read_unlock(idx);
unlock:
	mmap_read_unlock(mm);
	return ret;
}

static int hms_query_residency(struct hms_answer *answer)
{
	static const struct hms_residency_entry absent = { .state = HMS_ABSENT };
	unsigned long address, npages, i;
	struct hms_runs *runs;
	bool mapped;
	int ret = 0;

	runs = kvzalloc(sizeof(*runs), GFP_KERNEL);
	if (!runs)
		return -ENOMEM;
	runs->answer = answer;
	for (address = answer->first; address < answer->last; address += npages << PAGE_SHIFT) {
		ret = signal_pending(current) ? -EINTR : 0;
		if (!ret)
			ret = hms_runs_look(runs, address, &npages, &mapped);
		if (ret)
			goto free;
		if (!mapped)
			ret = hms_runs_add(runs, &absent, address, (u64)npages << PAGE_SHIFT);
		for (i = 0; i < npages && mapped && !ret; i++)
			ret = hms_runs_add(runs, &runs->pages[i], address + (i << PAGE_SHIFT),
					   PAGE_SIZE);
		if (ret)
			goto free;
		cond_resched();
	}
	ret = hms_vector_add(&answer->entries, &runs->open);
free:
	kvfree(runs);
	return ret;
}

static int hms_query_stats(struct hms_answer *answer)
{
	const struct hms_binding *binding = answer->binding;
	const atomic64_t *counts = binding->stats;
	const struct hms_process_stats stats = {
		.ranges = READ_ONCE(binding->tree.nr),
		.moved = atomic64_read(&counts[HMS_PROCESS_MOVED]),
		.populated = atomic64_read(&counts[HMS_PROCESS_POPULATED]),
		.home = atomic64_read(&counts[HMS_PROCESS_HOME]),
		.home_elsewhere = atomic64_read(&counts[HMS_PROCESS_HOME_ELSEWHERE]),
		.evacuated = atomic64_read(&counts[HMS_PROCESS_EVACUATED]),
		.evicted = atomic64_read(&counts[HMS_PROCESS_EVICTED]),
	};

	return hms_vector_add(&answer->entries, &stats);
}

/* Bytes of an entry of the answer; 0: no such question. */
static u32 hms_entry_size(u32 what)
{
	switch (what) {
	case HMS_QUERY_POLICY:
	case HMS_QUERY_COMMON:
	case HMS_QUERY_WHOLE:
		return sizeof(struct hms_policy_entry);
	case HMS_QUERY_RESIDENCY:
		return sizeof(struct hms_residency_entry);
	case HMS_QUERY_STATS:
		return sizeof(struct hms_process_stats);
	default:
		return 0;
	}
}

static bool hms_query_has_range(const struct hms_query *arg)
{
	return arg->what != HMS_QUERY_STATS && arg->what != HMS_QUERY_WHOLE;
}

static int hms_query_check(struct hms_opener *opener, struct hms_query *arg)
{
	if (!arg->version || (arg->flags & ~HMS_REMOTE) || arg->pid > INT_MAX)
		return -EINVAL;
	if (arg->instance && arg->instance != hms_instance)
		return -ESTALE;
	if (!hms_entry_size(arg->what))
		return -EINVAL;
	if (hms_query_has_range(arg) ? hms_range_check(opener->mm, arg->start, arg->length) :
	    arg->start || arg->length)
		return -EINVAL;
	if (arg->pid && !hms_opener_is_of(opener, arg->pid))
		return -EBADF;
	return 0;
}

/**
 * hms_query - serve HMS_QUERY
 * @opener: of the descriptor
 * @arg: copied from the program; the out fields are filled in
 *
 * Context: may sleep; no locks held.
 * Return: 0 or a negative errno, see linux/hms.h.
 */
int hms_query(struct hms_opener *opener, struct hms_query *arg)
{
	struct hms_answer answer = { .arg = arg };
	int ret;

	arg->lost = 0;
	ret = hms_query_check(opener, arg);
	if (ret)
		return ret;
	ret = hms_vector_init(&answer.entries, arg->entries, arg->nentries, arg->entry_size,
			      hms_entry_size(arg->what));
	if (!ret)
		ret = hms_vector_init(&answer.uids, arg->uids, arg->nuids, sizeof(u32),
				      sizeof(u32));
	if (!ret)
		ret = hms_vector_init(&answer.weights, arg->weights, arg->nuids, sizeof(u32),
				      sizeof(u32));
	if (ret)
		return ret;
	answer.first = arg->start;
	answer.last = arg->start + arg->length - 1;
	answer.binding = hms_opener_enter(opener, arg->flags);
	if (IS_ERR(answer.binding))
		return PTR_ERR(answer.binding);

	switch (arg->what) {
	case HMS_QUERY_POLICY:
		ret = hms_query_policies(&answer);
		break;
	case HMS_QUERY_COMMON:
		ret = hms_query_common(&answer);
		break;
	case HMS_QUERY_RESIDENCY:
		ret = hms_query_residency(&answer);
		break;
	case HMS_QUERY_STATS:
		ret = hms_query_stats(&answer);
		break;
	case HMS_QUERY_WHOLE:
		ret = hms_query_whole(&answer);
		break;
	}
	arg->lost = READ_ONCE(answer.binding->tree.lost);
	hms_opener_leave(opener);
	if (ret)
		return ret;
	arg->nentries = answer.entries.count;
	arg->entry_size = answer.entries.size;
	arg->nuids = answer.uids.count;
	if (hms_vector_overflowed(&answer.entries) || hms_vector_overflowed(&answer.uids))
		return -ENOSPC;
	return 0;
}
