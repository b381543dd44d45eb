/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_REQUEST_H
#define _HMS_REQUEST_H

#include <linux/hms.h>
#include <linux/nodemask.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include "policy.h"

struct eventfd_ctx;
struct hms_account;
struct hms_engine;
struct hms_target;
struct mm_struct;
struct pid;

/**
 * struct hms_request - an HMS_HBIND, decoded
 * @arg: as the program gave it; its out fields are filled in here
 * @start: first address
 * @end: behind the last address
 * @whole: of all addresses without one of their own; then there is no range
 * @set_policy: store @mode and the targets
 * @migrate: move what exists
 * @populate: allocate what is missing
 * @lazy: put placeholders where something is missing
 * @all_or_nothing: every page or none
 * @inherit: a child gets the policy at fork
 * @has_priority: one is given
 * @priority: order of eviction
 * @async: done is signalled, the work is not waited for
 * @takes_charged: a target of a job is memory that cgroups are charged for
 * @eventfd: by this, or NULL
 * @who: asks: a process; a job has a reference
 * @user: who that is, for what is limited for each user
 * @mm: has this address space, which may be gone
 * @may_move_shared: it has CAP_SYS_NICE
 * @mode: enum hms_mode
 * @has_weights: weights are given
 * @weights_from: where the program has them
 * @initiator: uid of what must reach every target, or 0
 * @key_index: which modifier has a key that was given
 * @policy: to set, NULL to clear
 * @edit: nodes for that
 * @engine: what works on the pages, or NULL
 * @account: of the user, for what is limited
 * @ntargets: how many targets; of the arrays below no more than that is ever set
 * @uids: as given
 * @weights: of the targets, for HMS_MODE_WEIGHTED
 * @targets: each in use, see hms_target_use(), or NULL when it went away meanwhile
 * @counts: per target
 * @nodes: that the caller may use now, if it works on pages
 */
struct hms_request {
	struct hms_hbind *arg;
	unsigned long start;
	unsigned long end;
	bool whole;
	bool set_policy;
	bool migrate;
	bool populate;
	bool lazy;
	bool all_or_nothing;
	bool inherit;
	bool has_priority;
	u8 priority;
	bool async;
	bool takes_charged;
	struct eventfd_ctx *eventfd;
	struct pid *who;
	kuid_t user;
	const struct mm_struct *mm;
	bool may_move_shared;
	u32 mode;
	bool has_weights;
	u64 weights_from;
	u32 initiator;
	u8 key_index[HMS_MOD_ASYNC + 1];
	struct hms_policy *policy;
	struct hms_policy_edit edit;
	struct hms_engine *engine;
	struct hms_account *account;
	u32 ntargets;
	u32 uids[HMS_MAX_TARGETS];
	u8 weights[HMS_MAX_TARGETS];
	struct hms_target *targets[HMS_MAX_TARGETS];
	struct hms_target_count counts[HMS_MAX_TARGETS];
	nodemask_t nodes;
};

/**
 * hms_refuse - say what is wrong with a request
 * @request: the request
 * @error: errno for the caller
 * @where: which part
 * @index: which one
 * @why: why
 *
 * Return: @error.
 */
static inline int hms_refuse(struct hms_request *request, int error, enum hms_error_where where,
			     u32 index, enum hms_error_why why)
{
	request->arg->error_where = where;
	request->arg->error_index = index;
	request->arg->error_why = why;
	return error;
}

/* Does it work on pages, or on policy alone? */
static inline bool hms_request_acts(const struct hms_request *request)
{
	return request->migrate || request->populate || request->lazy;
}

/* Pages that are not where they were asked to be, whatever the reason. */
static inline u64 hms_request_skipped(const struct hms_hbind *arg)
{
	u64 skipped = 0;
	unsigned int i;

	for (i = 0; i < HMS_SKIP_NR; i++)
		skipped += arg->skipped[i];
	return skipped;
}

enum hms_error_why hms_range_check(struct mm_struct *mm, u64 start, u64 length);
struct hms_request *hms_request_new(struct hms_hbind *arg);
void hms_request_free(struct hms_request *request);
int hms_request_decode(struct hms_request *request, struct mm_struct *mm);
int hms_request_copy_counts(struct hms_request *request);
int hms_request_hold(struct hms_request *request);
void hms_request_release(struct hms_request *request);

/**
 * hms_request_put_counts - tell the program what each target has received, if it wants to know
 * @request: with its targets
 *
 * Context: may fault, so that no target is held.
 * Return: 0 or -EFAULT.
 */
static inline int hms_request_put_counts(struct hms_request *request)
{
	return request->arg->target_counts ? hms_request_copy_counts(request) : 0;
}

#endif /* _HMS_REQUEST_H */
