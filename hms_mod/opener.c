// SPDX-License-Identifier: GPL-2.0
/*
 * The opener: an open file is bound to the address space of the process that opened it, and is the
 * capability for it. Another process that got the descriptor must say that it means to use it so.
 */

#include <linux/err.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/hms.h>

#include "binding.h"
#include "inbox.h"
#include "opener.h"
#include "process.h"

/**
 * hms_opener_new - remember who opens
 *
 * Return: for hms_opener_free(), or an ERR_PTR().
 */
struct hms_opener *hms_opener_new(void)
{
	struct hms_opener *opener;

	if (!current->mm)
		return ERR_PTR(-EINVAL);
	opener = kzalloc(sizeof(*opener), GFP_KERNEL_ACCOUNT);
	if (!opener)
		return ERR_PTR(-ENOMEM);
	mmgrab(current->mm);
	opener->mm = current->mm;
	hms_jobs_init(&opener->jobs);
	return opener;
}

/**
 * hms_opener_is_of - does a process have the address space of a descriptor, now
 * @opener: of the descriptor
 * @nr: the process, in the caller's pid namespace
 */
bool hms_opener_is_of(const struct hms_opener *opener, pid_t nr)
{
	struct mm_struct *mm = NULL;
	struct task_struct *process;

	rcu_read_lock();
	process = pid_task(find_vpid(nr), PIDTYPE_TGID);
	if (process)
		mm = hms_process_mm(process);
	rcu_read_unlock();
	if (mm)
		mmdrop(mm);
	return mm == opener->mm;
}

/**
 * hms_opener_free - the descriptor is closed
 * @opener: from hms_opener_new()
 */
void hms_opener_free(struct hms_opener *opener)
{
	hms_jobs_free(opener);
	hms_inbox_free(opener);
	if (opener->binding)
		hms_binding_put(opener->binding);
	mmdrop(opener->mm);
	kfree(opener);
}

/**
 * hms_opener_enter - begin to work on the address space of a descriptor
 * @opener: of the descriptor
 * @flags: see hms_opener_admits()
 *
 * Return: the binding, until hms_opener_leave(), or an ERR_PTR(): -EBADF, -ESRCH, -ENOMEM.
 */
struct hms_binding *hms_opener_enter(struct hms_opener *opener, u32 flags)
{
	struct hms_binding *binding;

	if (!hms_opener_admits(opener, flags))
		return ERR_PTR(-EBADF);
	if (!mmget_not_zero(opener->mm))
		return ERR_PTR(-ESRCH);
	binding = READ_ONCE(opener->binding);
	if (binding)
		return binding;
	binding = hms_binding_get(opener->mm);
	if (!binding) {
		mmput_async(opener->mm);
		return ERR_PTR(-ENOMEM);
	}
	/* If another thread was first, it is the same one, as that holds it. */
	if (cmpxchg(&opener->binding, NULL, binding))
		hms_binding_put(binding);
	return binding;
}

/**
 * hms_opener_leave - end hms_opener_enter()
 * @opener: of the descriptor
 *
 * If the process has exited meanwhile, its memory is not torn down in the middle of the caller.
 */
void hms_opener_leave(struct hms_opener *opener)
{
	mmput_async(opener->mm);
}
