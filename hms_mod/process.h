/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_PROCESS_H
#define _HMS_PROCESS_H

#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

/**
 * hms_process_mm - the address space of a process
 * @process: its first thread, which may have ended before the others
 *
 * A kernel thread only borrows one.
 *
 * Context: under rcu_read_lock().
 * Return: it, with a reference to its struct, or NULL.
 */
static inline struct mm_struct *hms_process_mm(struct task_struct *process)
{
	struct task_struct *thread;
	struct mm_struct *mm = NULL;

	for_each_thread(process, thread) {
		task_lock(thread);
		if (!(thread->flags & PF_KTHREAD))
			mm = thread->mm;
		if (mm)
			mmgrab(mm);
		task_unlock(thread);
		if (mm)
			break;
	}
	return mm;
}

/**
 * hms_process_is_gone - has every process of an address space exited?
 * @mm: the address space, which only those who work on it keep
 *
 * What it is given then is charged to nobody. Not told without CONFIG_MEMCG, which charges nobody.
 */
static inline bool hms_process_is_gone(const struct mm_struct *mm)
{
#ifdef CONFIG_MEMCG
	return !rcu_access_pointer(mm->owner);
#else
	return false;
#endif
}

#endif /* _HMS_PROCESS_H */
