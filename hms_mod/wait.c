// SPDX-License-Identifier: GPL-2.0
/*
 * HMS_WAIT: tell a program how far a job has come, wait for it, cancel it.
 */

#include <linux/errno.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "job.h"
#include "opener.h"
#include "wait.h"

static int hms_wait_check(const struct hms_wait *arg)
{
	if (!arg->version || arg->reserved || (arg->flags & ~(HMS_REMOTE | HMS_CANCEL)))
		return -EINVAL;
	if ((arg->flags & HMS_CANCEL) && (!arg->job || arg->timeout))
		return -EINVAL;
	if (arg->result && (arg->result_size < HMS_HBIND_SIZE_1 || arg->result_size > SZ_4K))
		return -EINVAL;
	return 0;
}

/* The answer, as far as there is room for it. */
static int hms_wait_put(struct hms_wait *arg, struct hms_job_view *view)
{
	void __user *result = u64_to_user_ptr(arg->result);
	void __user *counts = u64_to_user_ptr(arg->target_counts);
	size_t size = min_t(size_t, arg->result_size, sizeof(view->arg));
	u32 ntargets = min(arg->ntargets, view->ntargets);

	view->arg.size = arg->result_size;
	if (arg->result && (copy_to_user(result, &view->arg, size) ||
			    clear_user(result + size, arg->result_size - size)))
		return -EFAULT;
	if (arg->target_counts &&
	    copy_to_user(counts, view->counts, ntargets * sizeof(*view->counts)))
		return -EFAULT;
	arg->job = view->id;
	arg->result_size = sizeof(view->arg);
	arg->ntargets = view->ntargets;
	arg->state = view->state;
	arg->error = -view->error;
	return 0;
}

/**
 * hms_wait - serve HMS_WAIT
 * @opener: of the descriptor
 * @arg: copied from the program; the out fields are filled in
 *
 * Context: may sleep; no locks held.
 * Return: 0 or a negative errno, see linux/hms.h.
 */
int hms_wait(struct hms_opener *opener, struct hms_wait *arg)
{
	struct hms_job_view *view;
	int ret;

	ret = hms_wait_check(arg);
	if (ret)
		return ret;
	if (current->mm != opener->mm && !(arg->flags & HMS_REMOTE))
		return -EBADF;
	view = kvmalloc(sizeof(*view), GFP_KERNEL);
	if (!view)
		return -ENOMEM;
	if (arg->flags & HMS_CANCEL)
		ret = hms_jobs_cancel(opener, arg->job);
	if (!ret)
		ret = hms_jobs_wait(opener, arg->job, arg->timeout, view);
	if (!ret)
		ret = hms_wait_put(arg, view);
	if (!ret && view->state == HMS_JOB_DONE && !(arg->flags & HMS_CANCEL))
		hms_jobs_forget(opener, view->id);
	kvfree(view);
	return ret;
}
