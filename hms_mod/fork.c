// SPDX-License-Identifier: GPL-2.0
/*
 * fork(2): a child gets a copy of the policies that it inherits.
 *
 * mmu notifiers say nothing of a fork. A tracepoint does, when the child is complete and has not
 * run: core does not export it to modules by name, but lets them go through all there are. It says
 * so where nothing may sleep, and there may be a hundred thousand ranges; so the copy is made by
 * whichever of the two comes first to the point of going back to user mode, the parent from fork(2)
 * or the child for the first time. What the parent's program does after fork(2) comes later than
 * the copy, so that a child has what its parent had at fork(2). What other threads of the parent
 * change during the call, the copy has or has not.
 *
 * Neither waits for the other to get there: a debugger may hold one until the other has stopped.
 * They meet only while the one makes the copy.
 */

#include <linux/export.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/tracepoint.h>
#include <trace/events/sched.h>

#include "binding.h"
#include "fork.h"
#include "policy.h"
#include "stats.h"

#define HMS_FORK_TRACEPOINT	"sched_process_fork"

/**
 * struct hms_fork - a fork of a process with policies to inherit; holds the module
 * @parent_work: runs when the parent goes back to user mode, or exits
 * @child_work: the same of the child
 * @ref: one for each of these
 * @lock: protects @parent and, until @child_work has it, @tree
 * @parent: the binding of the parent, NULL when @tree is complete
 * @tree: what the child inherits
 */
struct hms_fork {
	struct callback_head parent_work;
	struct callback_head child_work;
	refcount_t ref;
	struct mutex lock;	/* see above */
	struct hms_binding *parent;
	struct hms_policy_tree tree;
};

static struct tracepoint *hms_fork_tracepoint;

/* Protects hms_fork_watched. */
static DEFINE_MUTEX(hms_fork_mutex);
static bool hms_fork_watched;

static void hms_fork_put(struct hms_fork *fork)
{
	if (!refcount_dec_and_test(&fork->ref))
		return;
	kfree(fork);
	/* hms_fork_stop() waits for us to be out of here. */
	module_put(THIS_MODULE);
}

/* All or nothing: without memory for some of it, none is inherited, and all is counted as lost. */
static void hms_fork_copy(struct hms_fork *fork)
{
	struct hms_binding *parent = fork->parent;
	struct hms_policy_edit edit = { };
	unsigned long next = 0;
	bool more;

	do {
		if (hms_policy_edit_prepare(&edit)) {
			hms_policy_free_all(&fork->tree);
			fork->tree.lost += READ_ONCE(parent->tree.heritable);
			break;
		}
		spin_lock(&parent->tree_lock);
		more = hms_policy_clone(&fork->tree, &parent->tree, &edit, &next);
		spin_unlock(&parent->tree_lock);
		cond_resched();
	} while (more);
	hms_policy_edit_drop(&edit);
	hms_stat_add(HMS_STAT_POLICY_LOST, fork->tree.lost);
}

static void hms_fork_complete(struct hms_fork *fork)
{
	mutex_lock(&fork->lock);
	if (fork->parent) {
		hms_fork_copy(fork);
		hms_binding_put_heritage(fork->parent);
		fork->parent = NULL;
	}
	mutex_unlock(&fork->lock);
}

static void hms_fork_parent_work(struct callback_head *work)
{
	struct hms_fork *fork = container_of(work, struct hms_fork, parent_work);

	hms_fork_complete(fork);
	hms_fork_put(fork);
}

/* Before the first instruction of the child, so that nothing of its address space has changed. */
static void hms_fork_inherit(struct hms_policy_tree *tree, struct mm_struct *mm)
{
	struct hms_binding *binding = hms_binding_get(mm);
	unsigned long lost = tree->lost;

	if (!binding || hms_binding_listen(binding)) {
		hms_stat_add(HMS_STAT_POLICY_LOST, tree->heritable);
		goto put;
	}
	mmap_read_lock(mm);
	/*
	 * What is not mapped here has no policy: MADV_DONTFORK, and what another thread mapped
	 * during fork(2). With MADV_WIPEONFORK there is a mapping, with new pages, and its policy
	 * stays, as that of mbind(2) does.
	 */
	hms_binding_trim(tree, mm, 0, ULONG_MAX);
	hms_stat_add(HMS_STAT_POLICY_LOST, tree->lost - lost);
	hms_binding_adopt(binding, tree);
	mmap_read_unlock(mm);
put:
	if (binding)
		hms_binding_put(binding);
}

static void hms_fork_child_work(struct callback_head *work)
{
	struct hms_fork *fork = container_of(work, struct hms_fork, child_work);

	hms_fork_complete(fork);
	/* There is none when it was killed before it ran. */
	if (current->mm && !hms_policy_is_empty(&fork->tree))
		hms_fork_inherit(&fork->tree, current->mm);
	hms_policy_free_all(&fork->tree);
	hms_fork_put(fork);
}

/* Nothing may sleep. The child is complete, and can't be seen by others before it runs. */
static void hms_fork_probe(void *data, struct task_struct *parent, struct task_struct *child)
{
	unsigned long heritable;
	struct hms_fork *fork;

	/* A thread, vfork(), a thread of the kernel. */
	if (!child->mm || child->mm == parent->mm)
		return;
	heritable = hms_binding_heritable(parent->mm);
	if (!heritable)
		return;
	fork = kzalloc(sizeof(*fork), GFP_ATOMIC | __GFP_NOWARN | __GFP_ACCOUNT);
	if (!fork) {
		hms_stat_add(HMS_STAT_POLICY_LOST, heritable);
		return;
	}
	fork->parent = hms_binding_get_heritage(parent->mm, &fork->tree.lost);
	if (!fork->parent) {
		kfree(fork);
		return;
	}
	refcount_set(&fork->ref, 2);
	mutex_init(&fork->lock);
	fork->tree.root = RB_ROOT_CACHED;
	init_task_work(&fork->parent_work, hms_fork_parent_work);
	init_task_work(&fork->child_work, hms_fork_child_work);
	/* It fails for a task that has exited, and neither has. */
	WARN_ON_ONCE(task_work_add(parent, &fork->parent_work, TWA_RESUME));
	WARN_ON_ONCE(task_work_add(child, &fork->child_work, TWA_RESUME));
}

/**
 * hms_fork_unseen - why forks are not seen on this kernel
 *
 * Return: the reason, or "" when they are.
 */
const char *hms_fork_unseen(void)
{
	if (hms_fork_tracepoint)
		return "";
	return IS_ENABLED(CONFIG_TRACEPOINTS) ?
	       "this kernel has no tracepoint " HMS_FORK_TRACEPOINT :
	       "CONFIG_TRACEPOINTS is off in this kernel";
}

/**
 * hms_fork_watch - begin to look at every fork, until the module is unloaded
 *
 * Called when the first policy that is inherited is set. To other processes the look costs next to
 * nothing, but until then there is not even that.
 *
 * Context: may sleep.
 * Return: 0, or the error of core.
 */
int hms_fork_watch(void)
{
	int ret = 0;

	if (READ_ONCE(hms_fork_watched))
		return 0;
	if (!IS_ENABLED(CONFIG_TRACEPOINTS))
		return -EOPNOTSUPP;
	/* The compiler checks the arguments of the probe. */
	check_trace_callback_type_sched_process_fork(hms_fork_probe);
	mutex_lock(&hms_fork_mutex);
	if (!hms_fork_watched)
		ret = tracepoint_probe_register(hms_fork_tracepoint, hms_fork_probe, NULL);
	if (!ret)
		WRITE_ONCE(hms_fork_watched, true);
	mutex_unlock(&hms_fork_mutex);
	return ret;
}

static void hms_fork_find(struct tracepoint *tracepoint, void *data)
{
	if (!strcmp(tracepoint->name, HMS_FORK_TRACEPOINT))
		hms_fork_tracepoint = tracepoint;
}

void hms_fork_start(void)
{
	/* Else core has nothing to call. */
	if (IS_ENABLED(CONFIG_TRACEPOINTS))
		for_each_kernel_tracepoint(hms_fork_find, NULL);
}

void hms_fork_stop(void)
{
	if (!IS_ENABLED(CONFIG_TRACEPOINTS) || !hms_fork_watched)
		return;
	tracepoint_probe_unregister(hms_fork_tracepoint, hms_fork_probe, NULL);
	tracepoint_synchronize_unregister();
	/* Each fork held the module, but a task may be on its way out of hms_fork_put(). */
	synchronize_rcu_tasks();
}
