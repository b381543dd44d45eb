// SPDX-License-Identifier: GPL-2.0
/*
 * HMS_HBIND: decode it, refuse what is wrong with it before anything happens, then do it.
 */

#include <linux/capability.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "binding.h"
#include "engine.h"
#include "file.h"
#include "modifier.h"
#include "object.h"
#include "policy.h"
#include "request.h"
#include "stats.h"
#include "target.h"

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
int hms_refuse(struct hms_request *request, int error, enum hms_error_where where, u32 index,
	       enum hms_error_why why)
{
	request->arg->error_where = where;
	request->arg->error_index = index;
	request->arg->error_why = why;
	return error;
}

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

static int hms_request_fields(struct hms_request *request, struct hms_file *file)
{
	struct hms_hbind *arg = request->arg;
	enum hms_error_why why;

	if (!arg->version)
		return hms_refuse_field(request, -EINVAL, version, HMS_WHY_VERSION);
	if (arg->flags & ~HMS_REMOTE)
		return hms_refuse_field(request, -EINVAL, flags, HMS_WHY_FLAG);
	if (arg->instance && arg->instance != hms_instance)
		return hms_refuse_field(request, -ESTALE, instance, HMS_WHY_INSTANCE);
	why = hms_range_check(file->mm, arg->start, arg->length);
	if (why == HMS_WHY_EMPTY || (why == HMS_WHY_UNALIGNED && PAGE_ALIGNED(arg->start)))
		return hms_refuse_field(request, -EINVAL, length, why);
	if (why)
		return hms_refuse_field(request, -EINVAL, start, why);
	if (arg->ntargets > HMS_MAX_TARGETS)
		return hms_refuse_field(request, -EINVAL, ntargets, HMS_WHY_COUNT);
	if (!arg->nmodifiers || arg->nmodifiers > HMS_MAX_MODIFIERS)
		return hms_refuse_field(request, -EINVAL, nmodifiers, HMS_WHY_COUNT);
	request->start = arg->start;
	request->end = arg->start + arg->length;
	request->ntargets = arg->ntargets;
	request->may_move_shared = capable(CAP_SYS_NICE);
	return 0;
}

static int hms_request_modifiers(struct hms_request *request)
{
	struct hms_modifier modifiers[HMS_MAX_MODIFIERS];
	struct hms_hbind *arg = request->arg;

	if (copy_from_user(modifiers, u64_to_user_ptr(arg->modifiers),
			   arg->nmodifiers * sizeof(*modifiers)))
		return hms_refuse_field(request, -EFAULT, modifiers, HMS_WHY_POINTER);
	return hms_modifiers_parse(request, modifiers, arg->nmodifiers);
}

static bool hms_request_acts(const struct hms_request *request)
{
	return request->migrate || request->populate;
}

static int hms_request_combination(struct hms_request *request)
{
	bool act = hms_request_acts(request);
	bool clear = request->set_policy && request->mode == HMS_MODE_DEFAULT;

	if (!request->set_policy && !act)
		return hms_refuse_field(request, -EINVAL, modifiers, HMS_WHY_EMPTY);
	if (clear && act)
		return hms_refuse_key(request, -EINVAL, HMS_MOD_MODE,
				      HMS_WHY_COMBINATION);
	if (clear && request->ntargets)
		return hms_refuse_field(request, -EINVAL, ntargets, HMS_WHY_COUNT);
	if (!clear && !request->ntargets)
		return hms_refuse_field(request, -EINVAL, ntargets, HMS_WHY_COUNT);
	if (request->all_or_nothing && !request->migrate)
		return hms_refuse_key(request, -EINVAL, HMS_MOD_ALL_OR_NOTHING,
				      HMS_WHY_COMBINATION);
	if (request->all_or_nothing && request->end - request->start > HMS_ALL_OR_NOTHING_MAX)
		return hms_refuse_key(request, -EOPNOTSUPP, HMS_MOD_ALL_OR_NOTHING,
				      HMS_WHY_TOO_LARGE);
	return 0;
}

static int hms_why_errno(enum hms_error_why why)
{
	switch (why) {
	case HMS_WHY_UNKNOWN:
		return -ENOENT;
	case HMS_WHY_GONE:
		return -ENODEV;
	default:
		return -EINVAL;
	}
}

/* After this the caller owes hms_request_release() in any case. */
static int hms_request_targets(struct hms_request *request)
{
	struct hms_hbind *arg = request->arg;
	enum hms_error_why why;
	u32 i, j;

	if (copy_from_user(request->uids, u64_to_user_ptr(arg->targets),
			   request->ntargets * sizeof(u32)))
		return hms_refuse_field(request, -EFAULT, targets, HMS_WHY_POINTER);
	for (i = 0; i < request->ntargets; i++) {
		for (j = 0; j < i; j++) {
			if (request->uids[j] == request->uids[i])
				return hms_refuse(request, -EINVAL, HMS_ERROR_TARGET, i,
						  HMS_WHY_DUPLICATE);
		}
		why = hms_target_use(request->uids[i], arg->version, &request->targets[i]);
		if (why)
			return hms_refuse(request, hms_why_errno(why), HMS_ERROR_TARGET, i, why);
		request->counts[i].uid = request->uids[i];
	}
	return 0;
}

static void hms_request_release(struct hms_request *request)
{
	u32 i;

	for (i = 0; i < request->ntargets; i++) {
		if (request->targets[i])
			hms_target_unuse(request->targets[i]);
	}
}

static int hms_request_put_counts(struct hms_request *request)
{
	if (!request->arg->target_counts)
		return 0;
	if (copy_to_user(u64_to_user_ptr(request->arg->target_counts), request->counts,
			 request->ntargets * sizeof(*request->counts)))
		return hms_refuse_field(request, -EFAULT, target_counts, HMS_WHY_POINTER);
	return 0;
}

static int hms_request_set_policy(struct hms_request *request, struct hms_binding *binding,
				  struct hms_policy_edit *edit, struct hms_policy *policy)
{
	if (!request->set_policy)
		return 0;
	return hms_binding_set(binding, edit, request->start, request->end - 1, policy);
}

/* Everything is known to be right: allocate what is needed, then change. */
static int hms_request_do(struct hms_request *request, struct hms_binding *binding)
{
	struct hms_policy_edit edit = { .n = 0 };
	struct hms_policy *policy = NULL;
	struct hms_engine *engine = NULL;
	int ret = 0;

	if (hms_request_acts(request)) {
		engine = hms_engine_new(request, binding);
		if (!engine)
			return -ENOMEM;
	}
	if (request->set_policy)
		ret = hms_policy_edit_prepare(&edit);
	if (!ret && request->set_policy && request->mode != HMS_MODE_DEFAULT) {
		policy = hms_policy_new(request->mode, request->uids, request->ntargets);
		if (!policy)
			ret = -ENOMEM;
	}
	if (!ret)
		ret = hms_binding_check(binding, request->start, request->end - 1, policy);
	if (ret == -EFAULT)
		hms_refuse(request, ret, HMS_ERROR_RANGE, 0, HMS_WHY_UNMAPPED);
	if (ret == -ENOSPC)
		hms_refuse(request, ret, HMS_ERROR_RANGE, 0, HMS_WHY_TOO_LARGE);
	if (ret)
		goto out;

	/* All-or-nothing may still be refused, so there the policy comes last. */
	if (request->all_or_nothing)
		ret = hms_engine_run(engine);
	if (!ret)
		ret = hms_request_set_policy(request, binding, &edit, policy);
	if (!ret && engine && !request->all_or_nothing)
		ret = hms_engine_run(engine);
out:
	hms_engine_free(engine);
	hms_policy_put(policy);
	hms_policy_edit_drop(&edit);
	return ret;
}

static void hms_request_count(const struct hms_request *request)
{
	bool act = hms_request_acts(request);

	if (request->set_policy && act)
		hms_stat_add(HMS_STAT_BOTH_CALLS, 1);
	else
		hms_stat_add(act ? HMS_STAT_MIGRATE_CALLS : HMS_STAT_POLICY_CALLS, 1);
}

static void hms_clear_out(struct hms_hbind *arg)
{
	memset_after(arg, 0, flags);
	arg->first_skipped = U64_MAX;
	arg->next = arg->start;
}

/**
 * hms_hbind - serve HMS_HBIND
 * @file: the descriptor
 * @arg: copied from the program; the out fields are filled in
 *
 * Context: may sleep; no locks held.
 * Return: 0 or a negative errno, see linux/hms.h.
 */
int hms_hbind(struct hms_file *file, struct hms_hbind *arg)
{
	struct hms_request *request;
	struct hms_binding *binding;
	int ret;

	hms_clear_out(arg);
	request = kzalloc(sizeof(*request), GFP_KERNEL);
	if (!request)
		return -ENOMEM;
	request->arg = arg;
	ret = hms_request_fields(request, file);
	if (ret)
		goto free;
	ret = hms_request_modifiers(request);
	if (ret)
		goto free;
	ret = hms_request_combination(request);
	if (ret)
		goto free;
	binding = hms_file_enter(file, arg->flags);
	if (IS_ERR(binding)) {
		ret = PTR_ERR(binding);
		goto free;
	}
	ret = hms_request_targets(request);
	if (!ret)
		ret = hms_request_put_counts(request);
	if (!ret)
		ret = hms_request_do(request, binding);
	hms_request_release(request);
	hms_file_leave(file);
	if (!ret)
		hms_request_count(request);
	if ((!ret || ret == -EINTR) && hms_request_put_counts(request))
		ret = -EFAULT;
free:
	kfree(request);
	return ret;
}
