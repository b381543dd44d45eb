// SPDX-License-Identifier: GPL-2.0
/*
 * mremap(2): policies go where the memory goes.
 *
 * All that a notifier hears of it is that the old addresses are unmapped. So when the task that
 * unmaps is in mremap(2), the policies of what it moves are put aside, and task work sets them at
 * the new addresses before the task is back in user mode. Core tells of a move twice: first the
 * pages go, while the old mapping is still there, then the mapping. Only the second takes policies
 * away. So a call that fails on its way leaves them where the memory still is, and one with
 * MREMAP_DONTUNMAP leaves them at the old addresses, and copies them.
 *
 * The new address is the result of the call, and until that is known other threads may unmap, map
 * and set policies there. So a policy is only set where there is a mapping, and where nobody has
 * unmapped or set anything since; what is not is lost, and counted. Should the result be another
 * one by then, the same holds: it comes from registers, which a debugger may change.
 *
 * What grows is new memory, and has none.
 */

#include <linux/compat.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/uaccess.h>
#include <asm/syscall.h>
#include <asm/unistd.h>

#include "binding.h"
#include "policy.h"
#include "remap.h"
#include "stats.h"

/* Changes by others that are told apart while a call is under way; more grow together. */
#define HMS_REMAP_CHANGES	8

/* Policies that are set without letting go of mmap_lock. */
#define HMS_REMAP_RANGES	64

/**
 * struct hms_remap - an mremap(2) that moves policies; holds the module
 * @work: runs when the task goes back to user mode, or exits
 * @entry: in &hms_binding.remaps
 * @task: whose call it is
 * @binding: a reference
 * @call: what was asked
 * @parked: policies that have no mapping any more, at their old addresses
 * @nchanges: how many
 * @changes: addresses that others have unmapped, or set a policy for, since
 *
 * All but @work under tree_lock of the binding, until it is no longer in the list.
 */
struct hms_remap {
	struct callback_head work;
	struct list_head entry;
	struct task_struct *task;
	struct hms_binding *binding;
	struct hms_remap_call {
		unsigned long old;
		unsigned long length;
		unsigned long flags;
	} call;
	struct hms_policy_tree parked;
	unsigned int nchanges;
	struct hms_remap_changed {
		unsigned long first;
		unsigned long last;
	} changes[HMS_REMAP_CHANGES];
};

/* Has there been any? Then hms_remap_stop() has to wait for the last. */
static bool hms_remap_used;

static bool hms_in_mremap(struct pt_regs *regs)
{
	int nr;

	/* One that uses an address space is in no system call. */
	if (current->flags & PF_KTHREAD)
		return false;
	nr = syscall_get_nr(current, regs);
#ifdef __NR_ia32_mremap
	if (in_ia32_syscall())
		return nr == __NR_ia32_mremap;
	return (nr & ~__X32_SYSCALL_BIT) == __NR_mremap;
#else
	return !in_compat_syscall() && nr == __NR_mremap;
#endif
}

/* What the task is moving, if it is in mremap(2). */
static bool hms_remap_called(struct hms_remap_call *call)
{
	struct pt_regs *regs = task_pt_regs(current);
	unsigned long args[6];

	if (!hms_in_mremap(regs))
		return false;
	syscall_get_arguments(current, regs, args);
	call->old = untagged_addr(args[0]);
	/* What is cut off does not move. */
	call->length = PAGE_ALIGN(min(args[1], args[2]));
	call->flags = args[3];
	return call->length && call->old + call->length > call->old;
}

/* Where it is now; false when the call has failed. */
static bool hms_remap_moved(const struct hms_remap *remap, unsigned long *new)
{
	struct pt_regs *regs = task_pt_regs(current);
	unsigned long task_size = current->mm->task_size;

	if (syscall_get_error(current, regs))
		return false;
	*new = syscall_get_return_value(current, regs);
	if (in_compat_syscall())
		*new = (u32)*new;
	/* Whatever it is by now. */
	return PAGE_ALIGNED(*new) && remap->call.length <= task_size &&
	       *new <= task_size - remap->call.length;
}

/* Where it will be is not known yet: remember it apart from others, or with the nearest. */
static void hms_remap_change(struct hms_remap *remap, unsigned long first, unsigned long last)
{
	struct hms_remap_changed *change, *nearest = NULL;
	unsigned long gap, least = ULONG_MAX;

	for (change = remap->changes; change < &remap->changes[remap->nchanges]; change++) {
		gap = 0;
		if (first > change->last)
			gap = first - change->last;
		else if (change->first > last)
			gap = change->first - last;
		if (gap < least) {
			least = gap;
			nearest = change;
		}
	}
	if (least > 1 && remap->nchanges < HMS_REMAP_CHANGES) {
		change->first = first;
		change->last = last;
		remap->nchanges++;
	} else {
		nearest->first = min(first, nearest->first);
		nearest->last = max(last, nearest->last);
	}
}

/**
 * hms_remap_others - tell those who are moving policies that somebody else changes something
 * @binding: the binding, with tree_lock held
 * @first: first address that is unmapped, or gets or loses a policy
 * @last: last address
 *
 * Context: does not sleep.
 */
void hms_remap_others(struct hms_binding *binding, unsigned long first, unsigned long last)
{
	struct hms_remap *remap;

	list_for_each_entry(remap, &binding->remaps, entry) {
		if (remap->task != current)
			hms_remap_change(remap, first, last);
	}
}

/**
 * hms_remap_heritable - how many policies that a child would inherit are neither here nor there
 * @binding: the binding, with tree_lock held
 *
 * Context: does not sleep.
 */
unsigned long hms_remap_heritable(struct hms_binding *binding)
{
	struct hms_remap *remap;
	unsigned long n = 0;

	list_for_each_entry(remap, &binding->remaps, entry)
		n += remap->parked.heritable;
	return n;
}

/* Set a policy where it may be; was that everywhere? mmap_lock held. */
static bool hms_remap_set(struct hms_remap *remap, struct hms_policy *policy, unsigned long first,
			  unsigned long last)
{
	struct hms_policy_tree left = { .root = RB_ROOT_CACHED };
	struct hms_binding *binding = remap->binding;
	struct hms_policy_edit edit = { };
	unsigned long set = 0, from, to;
	struct hms_policy *each;
	bool full = false;
	unsigned int i;

	if (hms_policy_edit_prepare(&edit))
		return false;
	hms_policy_set(&left, &edit, first, last, policy);
	hms_binding_trim(&left, binding->mm, first, last);
	do {
		if (hms_policy_edit_prepare(&edit))
			break;
		spin_lock(&binding->tree_lock);
		for (i = 0; i < remap->nchanges; i++)
			hms_policy_punch(&left, NULL, remap->changes[i].first,
					 remap->changes[i].last);
		each = hms_policy_pop(&left, &from, &to);
		/* With MREMAP_DONTUNMAP there are more than before. */
		full = binding->tree.nr >= READ_ONCE(hms_max_ranges);
		if (each && !full) {
			hms_remap_others(binding, from, to);
			hms_policy_set(&binding->tree, &edit, from, to, each);
			hms_binding_hold_policy(binding);
			set += to - from + 1;
		}
		spin_unlock(&binding->tree_lock);
		hms_policy_put(each);
	} while (each && !full);
	hms_policy_free_all(&left);
	hms_policy_edit_drop(&edit);
	return set == last - first + 1;
}

/* With MREMAP_DONTUNMAP all is at the old addresses too. Returns how many were lost, at least. */
static unsigned long hms_remap_copy(struct hms_remap *remap)
{
	unsigned long next = remap->call.old, last = next + remap->call.length - 1;
	struct hms_binding *binding = remap->binding;
	struct hms_policy_edit edit = { };
	struct hms_range *range;

	do {
		if (hms_policy_edit_prepare(&edit))
			return 1;
		spin_lock(&binding->tree_lock);
		range = hms_policy_first(&binding->tree, next, last);
		if (range) {
			hms_policy_set(&remap->parked, &edit, max(range->it.start, next),
				       min(range->it.last, last), range->policy);
			next = range->it.last + 1;
		}
		spin_unlock(&binding->tree_lock);
	} while (range && next <= last && next);
	hms_policy_edit_drop(&edit);
	return 0;
}

/* Returns how many were lost. */
static unsigned long hms_remap_finish(struct hms_remap *remap)
{
	struct mm_struct *mm = remap->binding->mm;
	unsigned long new, first, last, lost = 0;
	struct hms_policy *policy;
	unsigned int n = 0;

	if (!hms_remap_moved(remap, &new))
		return remap->parked.nr;
	if (remap->call.flags & MREMAP_DONTUNMAP)
		lost = hms_remap_copy(remap);
	/* It is being killed; another process may still share the address space. */
	if (mmap_read_lock_killable(mm))
		return lost + remap->parked.nr;
	while ((policy = hms_policy_pop(&remap->parked, &first, &last))) {
		first += new - remap->call.old;
		last += new - remap->call.old;
		if (!hms_remap_set(remap, policy, first, last))
			lost++;
		hms_policy_put(policy);
		/* What others do meanwhile is known. */
		if (++n % HMS_REMAP_RANGES)
			continue;
		mmap_read_unlock(mm);
		cond_resched();
		if (mmap_read_lock_killable(mm))
			return lost + remap->parked.nr;
	}
	mmap_read_unlock(mm);
	return lost;
}

static void hms_remap_work(struct callback_head *work)
{
	struct hms_remap *remap = container_of(work, struct hms_remap, work);
	struct hms_binding *binding = remap->binding;
	unsigned long lost = remap->parked.lost;

	/* After exit_mm() another process may still share the address space. */
	lost += current->mm ? hms_remap_finish(remap) : remap->parked.nr;
	spin_lock(&binding->tree_lock);
	list_del(&remap->entry);
	if (binding->released)
		lost = 0;
	if (lost) {
		binding->tree.lost += lost;
		hms_binding_hold_policy(binding);
	}
	spin_unlock(&binding->tree_lock);
	hms_stat_add(HMS_STAT_POLICY_LOST, lost);
	hms_policy_free_all(&remap->parked);
	hms_binding_put(binding);
	kfree(remap);
	/* hms_remap_stop() waits for us to be out of here. */
	module_put(THIS_MODULE);
}

static struct hms_remap *hms_remap_new(struct hms_binding *binding,
				       const struct hms_remap_call *call)
{
	struct hms_remap *remap;

	remap = kzalloc(sizeof(*remap), GFP_NOWAIT | __GFP_NOWARN | __GFP_ACCOUNT);
	if (!remap)
		return NULL;
	remap->task = current;
	remap->call = *call;
	remap->parked.root = RB_ROOT_CACHED;
	init_task_work(&remap->work, hms_remap_work);
	/* It fails for a task that has exited, and this one is in a system call. */
	if (WARN_ON_ONCE(task_work_add(current, &remap->work, TWA_RESUME))) {
		kfree(remap);
		return NULL;
	}
	/* There are policies, and they hold both. */
	remap->binding = binding;
	refcount_inc(&binding->ref);
	__module_get(THIS_MODULE);
	list_add(&remap->entry, &binding->remaps);
	WRITE_ONCE(hms_remap_used, true);
	return remap;
}

/* The one of this task, which the first of the two notices made. */
static struct hms_remap *hms_remap_get(struct hms_binding *binding,
				       const struct hms_remap_call *call)
{
	struct hms_remap *remap;

	list_for_each_entry(remap, &binding->remaps, entry) {
		if (remap->task == current)
			return remap;
	}
	return hms_remap_new(binding, call);
}

static bool hms_is_mapped(struct mm_struct *mm, unsigned long first, unsigned long last)
{
	struct vm_area_struct *vma = find_vma(mm, first);

	return vma && vma->vm_start <= first && vma->vm_end > last;
}

/**
 * hms_remap_unmaps - addresses are unmapped: is it to move them?
 * @binding: the binding, with tree_lock held
 * @range: of the notifier, which may block
 *
 * Context: in the notifier, does not sleep. A task that is in mremap(2) holds mmap_lock.
 * Return: true when that was all, false when the addresses have to be punched.
 */
bool hms_remap_unmaps(struct hms_binding *binding, const struct mmu_notifier_range *range)
{
	struct hms_remap_call call;
	unsigned long first, last;
	struct hms_remap *remap;
	bool mapped;

	if (current->mm != binding->mm || !hms_remap_called(&call))
		return false;
	first = max(range->start, call.old);
	last = min(range->end, call.old + call.length) - 1;
	if (first > last || !hms_policy_first(&binding->tree, first, last))
		return false;
	mapped = hms_is_mapped(binding->mm, first, last);
	/* What stays mapped unless the call fails has its second notice still to come. */
	if (mapped && !(call.flags & MREMAP_DONTUNMAP))
		return true;
	remap = hms_remap_get(binding, &call);
	if (!remap)
		binding->tree.lost += hms_policy_count(&binding->tree, first, last);
	else if (!mapped)
		hms_policy_cut(&binding->tree, first, last, &remap->parked);
	return mapped;
}

void hms_remap_stop(void)
{
	/* Each held the module, but a task may be on its way out of hms_remap_work(). */
	if (hms_remap_used)
		synchronize_rcu_tasks();
}
