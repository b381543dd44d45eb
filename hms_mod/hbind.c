// SPDX-License-Identifier: GPL-2.0
/*
 * HMS_HBIND: set the policy of a range, migrate it, populate it. The request is known to be right
 * before anything is changed.
 */

#include <linux/err.h>

#include "engine.h"
#include "execute.h"
#include "hbind.h"
#include "job.h"
#include "opener.h"
#include "request.h"

/* The out fields are all behind the flags. */
static void hms_hbind_clear_out(struct hms_hbind *arg)
{
	memset_after(arg, 0, flags);
	arg->first_skipped = U64_MAX;
	arg->next = arg->start;
}

/* For work on pages: a policy may outlive its targets, which only have to be there now. */
static int hms_hbind_hold(struct hms_request *request)
{
	int ret = hms_request_hold(request);

	if (!hms_request_acts(request))
		hms_request_release(request);
	return ret;
}

static int hms_hbind_now(struct hms_request *request, struct hms_binding *binding)
{
	int ret = hms_execute_prepare(request, binding);

	if (!ret)
		ret = hms_hbind_hold(request);
	if (!ret)
		ret = hms_execute_begin(request, binding);
	if (!ret && request->engine)
		ret = hms_engine_run(request->engine);
	hms_request_release(request);
	hms_execute_end(request, binding, ret);
	return ret;
}

/* Leave the work on pages to a job, which owns @request then, and holds targets when it runs. */
static int hms_hbind_later(struct hms_opener *opener, struct hms_request *request,
			   struct hms_binding *binding)
{
	struct hms_hbind *arg = request->arg;
	struct hms_job *job = NULL;
	int ret;

	ret = hms_execute_prepare(request, binding);
	if (!ret)
		ret = hms_request_hold(request);
	if (!ret)
		hms_job_note_targets(request);
	hms_request_release(request);
	if (!ret) {
		job = hms_job_new(opener, request);
		ret = PTR_ERR_OR_ZERO(job);
	}
	if (!ret)
		ret = hms_execute_begin(request, binding);
	if (!ret) {
		arg->job = hms_job_submit(job);
		return 0;
	}
	if (!IS_ERR_OR_NULL(job))
		hms_job_drop(job);
	hms_execute_end(request, binding, ret);
	return ret;
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
	if (ret)
		goto free;
	binding = hms_opener_enter(opener, arg->flags);
	if (IS_ERR(binding)) {
		ret = PTR_ERR(binding);
		goto free;
	}
	if (request->async) {
		ret = hms_hbind_later(opener, request, binding);
		/* Then it is the job's. */
		if (!ret)
			request = NULL;
		hms_opener_leave(opener);
	} else {
		ret = hms_hbind_now(request, binding);
		hms_opener_leave(opener);
		if ((!ret || ret == -EINTR) && hms_request_put_counts(request))
			ret = -EFAULT;
	}
free:
	hms_request_free(request);
	return ret;
}
