// SPDX-License-Identifier: GPL-2.0
/*
 * HMS_WAIT: tell a program how far a job has come, wait for it, cancel it.
 */

#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "job.h"
#include "opener.h"
#include "vector.h"
#include "wait.h"

static int hms_wait_check(const struct hms_wait *arg)
{
	if (!arg->version || arg->reserved || (arg->flags & ~(HMS_REMOTE | HMS_CANCEL)))
		return -EINVAL;
	if ((arg->flags & HMS_CANCEL) && (!arg->job || arg->timeout))
		return -EINVAL;
	return 0;
}

/* Room for the result, which a program that is older or newer has for another size of it. */
static int hms_wait_room(const struct hms_wait *arg, struct hms_vector *room)
{
	int ret = hms_vector_init(room, arg->result, 1, arg->result_size, sizeof(struct hms_hbind));

	return !ret && room->room && arg->result_size < HMS_HBIND_SIZE_1 ? -EINVAL : ret;
}

/* The answer, as far as there is room for it. */
static int hms_wait_put(struct hms_wait *arg, struct hms_vector *room, struct hms_job_view *view)
{
	void __user *counts = u64_to_user_ptr(arg->target_counts);
	u32 ntargets = min(arg->ntargets, view->arg.ntargets);

	view->arg.size = arg->result_size;
	if (hms_vector_add(room, &view->arg))
		return -EFAULT;
	if (arg->target_counts &&
	    copy_to_user(counts, view->counts, ntargets * sizeof(*view->counts)))
		return -EFAULT;
	arg->job = view->arg.job;
	arg->result_size = room->size;
	arg->ntargets = view->arg.ntargets;
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
	struct hms_vector room;
	int ret;

	ret = hms_wait_check(arg) ?: hms_wait_room(arg, &room);
	if (ret)
		return ret;
	if (!hms_opener_admits(opener, arg->flags))
		return -EBADF;
	view = kvmalloc(sizeof(*view), GFP_KERNEL);
	if (!view)
		return -ENOMEM;
	if (arg->flags & HMS_CANCEL)
		ret = hms_jobs_cancel(opener, arg->job);
	if (!ret)
		ret = hms_jobs_wait(opener, arg->job, arg->timeout, view);
	if (!ret)
		ret = hms_wait_put(arg, &room, view);
	kvfree(view);
	return ret;
}

/**
 * hms_wait_end - forget a job about which all has been told
 * @opener: of the descriptor
 * @arg: as hms_wait() has left it, and the program has it
 *
 * Context: may sleep; no locks held.
 */
void hms_wait_end(struct hms_opener *opener, const struct hms_wait *arg)
{
	if (arg->state == HMS_JOB_DONE && !(arg->flags & HMS_CANCEL))
		hms_jobs_forget(opener, arg->job);
}
