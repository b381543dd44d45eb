// SPDX-License-Identifier: GPL-2.0
/*
 * Requests: decode HMS_HBIND, and refuse what is wrong with it before anything happens.
 */

#include <linux/capability.h>
#include <linux/cpuset.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "account.h"
#include "initiator.h"
#include "modifier.h"
#include "object.h"
#include "request.h"
#include "target.h"

#define hms_refuse_field(request, error, field, why) \
	hms_refuse(request, error, HMS_ERROR_FIELD, offsetof(struct hms_hbind, field), why)

/* Only for a key that the request has. */
static int hms_refuse_key(struct hms_request *request, int error, enum hms_modifier_key key,
			  enum hms_error_why why)
{
	return hms_refuse(request, error, HMS_ERROR_MODIFIER, request->key_index[key], why);
}

/**
 * hms_range_check - can these addresses be named
 * @mm: the address space
 * @start: first address
 * @length: bytes
 *
 * Return: HMS_WHY_NONE, or why not.
 */
enum hms_error_why hms_range_check(struct mm_struct *mm, u64 start, u64 length)
{
	if (!PAGE_ALIGNED(start) || !PAGE_ALIGNED(length))
		return HMS_WHY_UNALIGNED;
	if (!length)
		return HMS_WHY_EMPTY;
	if (start + length < start || start + length > mm->task_size)
		return HMS_WHY_OVERFLOW;
	return HMS_WHY_NONE;
}

static int hms_request_range(struct hms_request *request, struct mm_struct *mm)
{
	const struct hms_hbind *arg = request->arg;
	enum hms_error_why why;

	if (request->whole) {
		if (arg->start)
			return hms_refuse_field(request, -EINVAL, start, HMS_WHY_VALUE);
		if (arg->length)
			return hms_refuse_field(request, -EINVAL, length, HMS_WHY_VALUE);
		return 0;
	}
	why = hms_range_check(mm, arg->start, arg->length);
	if (why == HMS_WHY_EMPTY || (why == HMS_WHY_UNALIGNED && PAGE_ALIGNED(arg->start)))
		return hms_refuse_field(request, -EINVAL, length, why);
	if (why)
		return hms_refuse_field(request, -EINVAL, start, why);
	request->start = arg->start;
	request->end = arg->start + arg->length;
	return 0;
}

static int hms_request_fields(struct hms_request *request, struct mm_struct *mm)
{
	struct hms_hbind *arg = request->arg;
	int ret;

	if (!arg->version)
		return hms_refuse_field(request, -EINVAL, version, HMS_WHY_VERSION);
	if (arg->flags & ~(HMS_REMOTE | HMS_WHOLE))
		return hms_refuse_field(request, -EINVAL, flags, HMS_WHY_FLAG);
	if (arg->instance && arg->instance != hms_instance)
		return hms_refuse_field(request, -ESTALE, instance, HMS_WHY_INSTANCE);
	request->whole = arg->flags & HMS_WHOLE;
	ret = hms_request_range(request, mm);
	if (ret)
		return ret;
	if (arg->ntargets > HMS_MAX_TARGETS)
		return hms_refuse_field(request, -EINVAL, ntargets, HMS_WHY_COUNT);
	if (!arg->nmodifiers || arg->nmodifiers > HMS_MAX_MODIFIERS)
		return hms_refuse_field(request, -EINVAL, nmodifiers, HMS_WHY_COUNT);
	return 0;
}

static int hms_request_modifiers(struct hms_request *request)
{
	struct hms_hbind *arg = request->arg;
	struct hms_modifier __user *from = u64_to_user_ptr(arg->modifiers);
	struct hms_modifier modifier;
	u32 i, seen = 0;
	int ret = 0;

	for (i = 0; i < arg->nmodifiers && !ret; i++) {
		if (copy_from_user(&modifier, &from[i], sizeof(modifier)))
			return hms_refuse_field(request, -EFAULT, modifiers, HMS_WHY_POINTER);
		ret = hms_modifier_parse(request, &modifier, i, &seen);
	}
	return ret;
}

static int hms_request_combination(struct hms_request *request)
{
	u32 ntargets = request->arg->ntargets;
	bool act = hms_request_acts(request);
	bool clear = request->set_policy && request->mode == HMS_MODE_DEFAULT;

	if (!request->set_policy && !act)
		return hms_refuse_field(request, -EINVAL, modifiers, HMS_WHY_EMPTY);
	if (request->whole && act)
		return hms_refuse_field(request, -EINVAL, flags, HMS_WHY_COMBINATION);
	if (clear && act)
		return hms_refuse_key(request, -EINVAL, HMS_MOD_MODE,
				      HMS_WHY_COMBINATION);
	if (clear && ntargets)
		return hms_refuse_field(request, -EINVAL, ntargets, HMS_WHY_COUNT);
	if (!clear && !ntargets)
		return hms_refuse_field(request, -EINVAL, ntargets, HMS_WHY_COUNT);
	if (request->lazy && (request->populate || !request->set_policy))
		return hms_refuse_key(request, -EINVAL, HMS_MOD_LAZY, HMS_WHY_COMBINATION);
	if (clear && request->initiator)
		return hms_refuse_key(request, -EINVAL, HMS_MOD_INITIATOR, HMS_WHY_COMBINATION);
	if (request->has_weights && request->mode != HMS_MODE_WEIGHTED)
		return hms_refuse_key(request, -EINVAL, HMS_MOD_WEIGHT, HMS_WHY_COMBINATION);
	if (!request->has_weights && request->mode == HMS_MODE_WEIGHTED)
		return hms_refuse_key(request, -EINVAL, HMS_MOD_MODE, HMS_WHY_NO_WEIGHTS);
	if (request->inherit && (!request->set_policy || clear))
		return hms_refuse_key(request, -EINVAL, HMS_MOD_INHERIT, HMS_WHY_COMBINATION);
	if (request->has_priority && (!request->set_policy || clear))
		return hms_refuse_key(request, -EINVAL, HMS_MOD_PRIORITY, HMS_WHY_COMBINATION);
	if (request->all_or_nothing && !request->migrate)
		return hms_refuse_key(request, -EINVAL, HMS_MOD_ALL_OR_NOTHING,
				      HMS_WHY_COMBINATION);
	if (request->all_or_nothing && request->end - request->start > HMS_ALL_OR_NOTHING_MAX)
		return hms_refuse_key(request, -EOPNOTSUPP, HMS_MOD_ALL_OR_NOTHING,
				      HMS_WHY_TOO_LARGE);
	if (request->async && !act)
		return hms_refuse_key(request, -EINVAL, HMS_MOD_ASYNC, HMS_WHY_COMBINATION);
	return 0;
}

/* The answer of a request that is not waited for. */
static int hms_request_async(struct hms_request *request)
{
	const struct hms_hbind *arg = request->arg;

	if (!request->async)
		return 0;
	/* There is no room to say which job it is. */
	if (arg->size < offsetofend(struct hms_hbind, job))
		return hms_refuse_field(request, -EINVAL, size, HMS_WHY_VALUE);
	if (arg->target_counts)
		return hms_refuse_field(request, -EINVAL, target_counts, HMS_WHY_COMBINATION);
	return 0;
}

/*
 * What the caller may do, and with which nodes, is that of now, whoever does the work and when. If
 * its cpuset is changed meanwhile, each node is as before or as after.
 */
static void hms_request_note_rights(struct hms_request *request)
{
	request->may_move_shared = capable(CAP_SYS_NICE);
	request->nodes = cpuset_current_mems_allowed;
}

static int hms_request_targets(struct hms_request *request)
{
	struct hms_hbind *arg = request->arg;
	u32 i, j;

	if (copy_from_user(request->uids, u64_to_user_ptr(arg->targets),
			   arg->ntargets * sizeof(u32)))
		return hms_refuse_field(request, -EFAULT, targets, HMS_WHY_POINTER);
	for (i = 0; i < arg->ntargets; i++) {
		for (j = 0; j < i; j++) {
			if (request->uids[j] == request->uids[i])
				return hms_refuse(request, -EINVAL, HMS_ERROR_TARGET, i,
						  HMS_WHY_DUPLICATE);
		}
		request->counts[i] = (struct hms_target_count) { .uid = request->uids[i] };
		request->targets[i] = NULL;
		request->ntargets = i + 1;
	}
	return 0;
}

/* For hms_request_put_counts(), which is called instead. */
int hms_request_copy_counts(struct hms_request *request)
{
	if (copy_to_user(u64_to_user_ptr(request->arg->target_counts), request->counts,
			 request->ntargets * sizeof(*request->counts)))
		return hms_refuse_field(request, -EFAULT, target_counts, HMS_WHY_POINTER);
	return 0;
}

/* Not inlined, and not called in vain: a kernel may clear the array first, which takes its time. */
static noinline_for_stack int hms_request_weights(struct hms_request *request)
{
	u32 weights[HMS_MAX_TARGETS];
	u32 i;

	if (copy_from_user(weights, u64_to_user_ptr(request->weights_from),
			   request->ntargets * sizeof(*weights)))
		return hms_refuse_key(request, -EFAULT, HMS_MOD_WEIGHT, HMS_WHY_POINTER);
	for (i = 0; i < request->ntargets; i++) {
		if (!weights[i] || weights[i] > HMS_MAX_WEIGHT)
			return hms_refuse(request, -EINVAL, HMS_ERROR_TARGET, i, HMS_WHY_WEIGHT);
		request->weights[i] = weights[i];
	}
	return 0;
}

/**
 * hms_request_new - a request that is to be decoded
 * @arg: copied from the program
 *
 * To clear the arrays, which have room for all the targets that a request may have, would take
 * longer than to set a policy.
 *
 * Return: the request, for hms_request_free(), or NULL.
 */
struct hms_request *hms_request_new(struct hms_hbind *arg)
{
	struct hms_request *request = kmalloc(sizeof(*request), GFP_KERNEL);

	if (!request)
		return NULL;
	memset(request, 0, offsetof(struct hms_request, uids));
	request->arg = arg;
	request->priority = HMS_PRIORITY_DEFAULT;
	request->who = task_tgid(current);
	request->user = current_uid();
	request->mm = current->mm;
	return request;
}

/**
 * hms_request_free - end hms_request_new()
 * @request: the request, or NULL
 */
void hms_request_free(struct hms_request *request)
{
	if (!request)
		return;
	hms_request_release(request);
	if (request->eventfd)
		eventfd_ctx_put(request->eventfd);
	if (request->account)
		hms_account_put(request->account, 1);
	kfree(request);
}

/**
 * hms_request_decode - read a request and find what is wrong with it
 * @request: from hms_request_new()
 * @mm: the address space it is about
 *
 * Return: 0, or the errno of the first thing at fault, which @request names. Whether the targets
 * exist hms_request_hold() finds out.
 */
int hms_request_decode(struct hms_request *request, struct mm_struct *mm)
{
	int ret;

	ret = hms_request_fields(request, mm);
	if (!ret)
		ret = hms_request_modifiers(request);
	if (!ret)
		ret = hms_request_combination(request);
	if (!ret)
		ret = hms_request_async(request);
	if (!ret && hms_request_acts(request))
		hms_request_note_rights(request);
	if (!ret)
		ret = hms_request_targets(request);
	if (!ret && request->has_weights)
		ret = hms_request_weights(request);
	/* Find out now whether they can be written, not when the work is done. */
	return ret ?: hms_request_put_counts(request);
}

static int hms_why_errno(enum hms_error_why why)
{
	switch (why) {
	case HMS_WHY_UNKNOWN:
		return -ENOENT;
	case HMS_WHY_DESCRIBED:
		return -EOPNOTSUPP;
	case HMS_WHY_GONE:
		return -ENODEV;
	default:
		return -EINVAL;
	}
}

static int hms_request_hold_target(struct hms_request *request, u32 i)
{
	enum hms_error_why why = hms_target_use(request->uids[i], request->arg->version,
						&request->targets[i]);

	return why ? hms_refuse(request, hms_why_errno(why), HMS_ERROR_TARGET, i, why) : 0;
}

/* The map may change at any time: this is how it is now. */
static int hms_request_reach(struct hms_request *request)
{
	enum hms_error_why why;
	u32 i;

	if (!request->initiator)
		return 0;
	why = hms_initiator_reach(request->initiator, request->arg->version, request->uids,
				  request->ntargets, &i);
	if (why && i < request->ntargets)
		return hms_refuse(request, hms_why_errno(why), HMS_ERROR_TARGET, i, why);
	return why ? hms_refuse_key(request, hms_why_errno(why), HMS_MOD_INITIATOR, why) : 0;
}

/**
 * hms_request_hold - keep the targets from going away
 * @request: from hms_request_decode()
 *
 * Who takes a target away waits for those who hold it, perhaps with memory hotplug held still: do
 * not wait for that meanwhile, nor for user memory.
 *
 * Context: may sleep; takes hms_map_lock.
 * Return: 0; or an errno when one is gone by now, or the initiator, or its way there, which
 * @request names. In any case the caller owes hms_request_release().
 */
int hms_request_hold(struct hms_request *request)
{
	int ret = hms_request_reach(request);
	u32 i;

	for (i = 0; i < request->ntargets && !ret; i++)
		ret = hms_request_hold_target(request, i);
	return ret;
}

/**
 * hms_request_release - let go of the targets
 * @request: from hms_request_hold()
 */
void hms_request_release(struct hms_request *request)
{
	u32 i;

	for (i = 0; i < request->ntargets; i++) {
		if (request->targets[i])
			hms_target_unuse(request->targets[i]);
		request->targets[i] = NULL;
	}
}
