// SPDX-License-Identifier: GPL-2.0
/*
 * What a request needs besides the work on pages, be that done at once or by a job: room for it,
 * the policy, and the telling of what was done.
 */

#include <linux/err.h>
#include <linux/errno.h>

#include "account.h"
#include "binding.h"
#include "engine.h"
#include "execute.h"
#include "fork.h"
#include "inbox.h"
#include "lazy.h"
#include "netlink.h"
#include "policy.h"
#include "request.h"
#include "stats.h"

static int hms_execute_prepare_policy(struct hms_request *request, struct hms_binding *binding)
{
	const struct hms_policy_terms terms = {
		.mode = request->mode,
		.ntargets = request->ntargets,
		.inherit = request->inherit,
		.priority = request->priority,
		.uids = request->uids,
		.weights = request->weights,
	};
	int ret;

	if (!request->set_policy)
		return 0;
	if (!request->whole && hms_binding_edit_prepare(binding, &request->edit))
		return -ENOMEM;
	if (request->mode == HMS_MODE_DEFAULT)
		return 0;
	request->policy = hms_binding_policy_new(binding, &terms);
	if (!request->policy)
		return -ENOMEM;
	ret = hms_binding_listen(binding);
	return !ret && request->inherit ? hms_fork_watch() : ret;
}

/**
 * hms_execute_prepare - get all that is needed, so that nothing is changed if that fails
 * @request: decoded
 * @binding: of the address space
 *
 * Context: may sleep, also for memory and CPU hotplug, so no target is held; the address space has
 * users; mmap_lock not held.
 * Return: 0; -ENOMEM; -ENOSPC; what core says to a tracepoint. In any case the caller owes
 * hms_execute_end().
 */
int hms_execute_prepare(struct hms_request *request, struct hms_binding *binding)
{
	int ret;

	if (hms_request_acts(request)) {
		request->engine = hms_engine_new(request, binding);
		if (!request->engine)
			return -ENOMEM;
	}
	if (request->lazy || request->async) {
		request->account = hms_account_get();
		if (!request->account)
			return -ENOMEM;
	}
	ret = request->lazy ? hms_lazy_prepare() : 0;
	if (!ret)
		ret = hms_execute_prepare_policy(request, binding);
	if (!ret && request->set_policy && !request->whole &&
	    hms_binding_is_full(binding, request->start, request->end - 1, request->policy))
		ret = hms_refuse(request, -ENOSPC, HMS_ERROR_RANGE, 0, HMS_WHY_TOO_LARGE);
	return ret;
}

static int hms_execute_set_policy(struct hms_request *request, struct hms_binding *binding)
{
	int ret;

	if (request->whole) {
		hms_binding_set_whole(binding, request->policy);
		return 0;
	}
	if (hms_engine_checks(request))
		return 0;
	if (request->set_policy &&
	    hms_binding_replace(binding, &request->edit, request->start, request->end - 1,
				request->policy))
		return 0;
	ret = hms_binding_lock_mapped(binding, request->start, request->end - 1);
	if (ret == -EFAULT)
		hms_refuse(request, ret, HMS_ERROR_RANGE, 0, HMS_WHY_UNMAPPED);
	if (ret)
		return ret;
	if (request->set_policy)
		hms_binding_set(binding, &request->edit, request->start, request->end - 1,
				request->policy);
	hms_binding_unlock_mapped(binding);
	return 0;
}

/**
 * hms_execute_begin - set the policy
 * @request: prepared
 * @binding: of the address space
 *
 * All-or-nothing may still be refused, so there the engine sets it.
 *
 * Context: as hms_execute_prepare().
 * Return: 0; -EFAULT when addresses have no mapping; -EINTR.
 */
int hms_execute_begin(struct hms_request *request, struct hms_binding *binding)
{
	return request->all_or_nothing ? 0 : hms_execute_set_policy(request, binding);
}

static void hms_execute_count(const struct hms_request *request)
{
	bool act = hms_request_acts(request);

	if (request->set_policy && act)
		hms_stat_add(HMS_STAT_BOTH_CALLS, 1);
	else
		hms_stat_add(act ? HMS_STAT_MIGRATE_CALLS : HMS_STAT_POLICY_CALLS, 1);
}

/* To who listens. Apart, as the notice is long, and mostly nobody does. */
static noinline void hms_execute_notify(const struct hms_request *request,
					struct hms_binding *binding)
{
	const struct hms_hbind *arg = request->arg;
	struct hms_notice notice = {
		.kind = HMS_NOTICE_REQUEST,
		.start = arg->start,
		.length = arg->length,
		.pages = arg->pages,
		.moved = arg->moved,
		.populated = arg->populated,
		.skipped = hms_request_skipped(arg),
	};

	hms_inbox_tell(binding, &notice, request->who);
}

/* What was done to pages. */
static void hms_execute_tell(const struct hms_request *request, struct hms_binding *binding)
{
	const struct hms_hbind *arg = request->arg;

	hms_stat_add(HMS_STAT_LAZY, arg->lazy);
	hms_binding_count(binding, HMS_PROCESS_MOVED, arg->moved);
	hms_binding_count(binding, HMS_PROCESS_POPULATED, arg->populated);
	if (hms_inbox_any(binding))
		hms_execute_notify(request, binding);
	hms_netlink_migrate(request);
}

/**
 * hms_execute_end - count what a request did, tell who listens, and free what it needed
 * @request: the request, however far it came
 * @binding: of the address space
 * @ret: what became of it
 *
 * Context: may sleep.
 */
void hms_execute_end(struct hms_request *request, struct hms_binding *binding, int ret)
{
	/* One that ended early may have done some of it. */
	if (request->engine && (!ret || (request->arg->pages && !request->all_or_nothing)))
		hms_execute_tell(request, binding);
	if (!ret)
		hms_execute_count(request);
	/* Mostly there is but one of them. */
	if (request->engine)
		hms_engine_free(request->engine);
	if (request->policy)
		hms_policy_put(request->policy);
	if (request->edit.n)
		hms_binding_edit_drop(binding, &request->edit);
}
