// SPDX-License-Identifier: GPL-2.0
/*
 * HMS_HBIND: set the policy of a range, migrate it, populate it. The request is known to be right
 * before anything is changed.
 */

#include <linux/err.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "binding.h"
#include "engine.h"
#include "fork.h"
#include "hbind.h"
#include "inbox.h"
#include "lazy.h"
#include "netlink.h"
#include "opener.h"
#include "policy.h"
#include "request.h"
#include "stats.h"

static int hms_hbind_put_counts(struct hms_request *request)
{
	if (!request->arg->target_counts)
		return 0;
	if (copy_to_user(u64_to_user_ptr(request->arg->target_counts), request->counts,
			 request->ntargets * sizeof(*request->counts)))
		return hms_refuse(request, -EFAULT, HMS_ERROR_FIELD,
				  offsetof(struct hms_hbind, target_counts), HMS_WHY_POINTER);
	return 0;
}

static int hms_hbind_prepare(struct hms_request *request, struct hms_binding *binding)
{
	const struct hms_policy_terms terms = {
		.mode = request->mode,
		.ntargets = request->ntargets,
		.inherit = request->inherit,
		.priority = request->priority,
		.uids = request->uids,
		.weights = request->weights,
	};

	if (!request->set_policy)
		return 0;
	if (request->lazy) {
		request->lazy_user = hms_lazy_prepare();
		if (IS_ERR(request->lazy_user))
			return PTR_ERR(request->lazy_user);
	}
	if (!request->whole && hms_binding_edit_prepare(binding, &request->edit))
		return -ENOMEM;
	if (request->mode == HMS_MODE_DEFAULT)
		return 0;
	request->policy = hms_binding_policy_new(binding, &terms);
	if (!request->policy)
		return -ENOMEM;
	return request->inherit ? hms_fork_watch() : 0;
}

static int hms_hbind_set_policy(struct hms_request *request, struct hms_binding *binding)
{
	int ret;

	if (request->whole) {
		hms_binding_set_whole(binding, request->policy);
		return 0;
	}
	if (request->set_policy &&
	    hms_binding_replace(binding, &request->edit, request->start, request->end - 1,
				request->policy))
		return 0;
	ret = hms_binding_lock_mapped(binding, request->start, request->end - 1);
	if (ret)
		return ret;
	if (request->set_policy)
		hms_binding_set(binding, &request->edit, request->start, request->end - 1,
				request->policy);
	hms_binding_unlock_mapped(binding);
	return 0;
}

/* Everything is known to be right: allocate what is needed, then change. */
static int hms_hbind_do(struct hms_request *request, struct hms_binding *binding)
{
	struct hms_engine *engine = NULL;
	int ret;

	if (hms_request_acts(request)) {
		engine = hms_engine_new(request, binding);
		if (!engine)
			return -ENOMEM;
	}
	ret = hms_hbind_prepare(request, binding);
	if (!ret && request->set_policy && !request->whole &&
	    hms_binding_is_full(binding, request->start, request->end - 1, request->policy))
		ret = hms_refuse(request, -ENOSPC, HMS_ERROR_RANGE, 0, HMS_WHY_TOO_LARGE);
	/* All-or-nothing may still be refused, so there the engine sets the policy. */
	if (!ret && !request->all_or_nothing)
		ret = hms_hbind_set_policy(request, binding);
	if (ret == -EFAULT)
		hms_refuse(request, ret, HMS_ERROR_RANGE, 0, HMS_WHY_UNMAPPED);
	if (!ret && engine)
		ret = hms_engine_run(engine);
	hms_engine_free(engine);
	hms_policy_put(request->policy);
	hms_binding_edit_drop(binding, &request->edit);
	return ret;
}

static void hms_hbind_count(const struct hms_request *request)
{
	bool act = hms_request_acts(request);

	if (request->set_policy && act)
		hms_stat_add(HMS_STAT_BOTH_CALLS, 1);
	else
		hms_stat_add(act ? HMS_STAT_MIGRATE_CALLS : HMS_STAT_POLICY_CALLS, 1);
}

static void hms_hbind_tell(struct hms_binding *binding, const struct hms_hbind *arg)
{
	struct hms_notice notice = {
		.kind = HMS_NOTICE_REQUEST,
		.start = arg->start,
		.length = arg->length,
		.pages = arg->pages,
		.moved = arg->moved,
		.populated = arg->populated,
		.skipped = hms_request_skipped(arg),
	};

	hms_inbox_tell(binding, &notice);
}

/* The out fields are all behind the flags. */
static void hms_hbind_clear_out(struct hms_hbind *arg)
{
	memset_after(arg, 0, flags);
	arg->first_skipped = U64_MAX;
	arg->next = arg->start;
}

/**
 * hms_hbind - serve HMS_HBIND
 * @opener: of the descriptor
 * @arg: copied from the program; the out fields are filled in
 *
 * Context: may sleep; no locks held.
 * Return: 0 or a negative errno, see linux/hms.h.
 */
int hms_hbind(struct hms_opener *opener, struct hms_hbind *arg)
{
	struct hms_request *request;
	struct hms_binding *binding;
	int ret;

	hms_hbind_clear_out(arg);
	request = hms_request_new(arg);
	if (!request)
		return -ENOMEM;
	ret = hms_request_decode(request, opener->mm);
	/* Find out now whether the counts can be written, not when the work is done. */
	if (!ret)
		ret = hms_hbind_put_counts(request);
	if (ret)
		goto free;
	binding = hms_opener_enter(opener, arg->flags);
	if (IS_ERR(binding)) {
		ret = PTR_ERR(binding);
		goto free;
	}
	/* A policy alone may outlive its targets anyway. */
	ret = hms_request_acts(request) ? hms_request_hold(request) : 0;
	if (!ret)
		ret = hms_hbind_do(request, binding);
	hms_request_release(request);
	if ((!ret || ret == -EINTR) && hms_request_acts(request)) {
		hms_stat_add(HMS_STAT_LAZY, arg->lazy);
		hms_binding_count(binding, HMS_PROCESS_MOVED, arg->moved);
		hms_binding_count(binding, HMS_PROCESS_POPULATED, arg->populated);
		hms_hbind_tell(binding, arg);
		hms_netlink_migrate(arg, request->uids);
	}
	hms_opener_leave(opener);
	if (!ret)
		hms_hbind_count(request);
	if ((!ret || ret == -EINTR) && hms_hbind_put_counts(request))
		ret = -EFAULT;
free:
	kfree(request);
	return ret;
}
