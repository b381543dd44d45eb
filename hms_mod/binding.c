// SPDX-License-Identifier: GPL-2.0
/*
 * The binding: what HMS keeps for an address space, and the notifier that follows it.
 *
 * A binding is made by the first call that needs one. It lives as long as a descriptor that used
 * it, or a policy in it: policy belongs to the address space and outlives close(). munmap() and
 * exit take policies away inside a notifier, where nothing may sleep, so the last of them leaves
 * the giving up of the binding to a work item.
 *
 * A notifier costs its process something with each change of a page table. So it is there from the
 * first policy on: who only moves memory pays nothing for it.
 */

#include <linux/hashtable.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "binding.h"
#include "remap.h"
#include "stats.h"
#include "trace.h"

unsigned long hms_max_ranges = 131072;
module_param_named(max_ranges, hms_max_ranges, ulong, 0644);
MODULE_PARM_DESC(max_ranges, "policy ranges that an address space may have");

static DEFINE_HASHTABLE(hms_bindings, 8);

/* Protects changes of it; nothing is waited for under it. */
static DEFINE_SPINLOCK(hms_bindings_lock);
static struct workqueue_struct *hms_binding_wq;

/**
 * hms_binding_find_rcu - the binding of an address space, if there is one
 * @mm: the address space; the caller holds its struct
 *
 * Context: under rcu_read_lock(); the binding is only sure to exist until that ends.
 * Return: the binding or NULL.
 */
struct hms_binding *hms_binding_find_rcu(const struct mm_struct *mm)
{
	struct hms_binding *binding;

	hash_for_each_possible_rcu(hms_bindings, binding, hash, (unsigned long)mm) {
		if (binding->mm == mm)
			return binding;
	}
	return NULL;
}

/* The tree has become empty: let the work item drop what it holds. Under tree_lock. */
static void hms_binding_emptied(struct hms_binding *binding)
{
	/* Without a reference left the binding is being freed already. */
	if (!test_and_set_bit(0, &binding->emptied)) {
		if (refcount_inc_not_zero(&binding->ref))
			queue_work(hms_binding_wq, &binding->work);
	}
}

/* The address space is gone, and nobody inherits of it any more. Under tree_lock. */
static void hms_binding_doom(struct hms_binding *binding)
{
	if (!binding->has_policy)
		return;
	/* There may be a hundred thousand: too many to free in here. */
	binding->doomed = binding->tree;
	binding->tree = (struct hms_policy_tree) { .root = RB_ROOT_CACHED };
	hms_binding_emptied(binding);
}

/* Does it take policies, or what is on its way? Under tree_lock. */
static bool hms_binding_is_unmapped(struct hms_binding *binding,
				    const struct mmu_notifier_range *range)
{
	/* What may not block is the OOM reaper: the mappings stay, until all is released. */
	if (range->event != MMU_NOTIFY_UNMAP || !mmu_notifier_range_blockable(range))
		return false;
	return (binding->tree.nr || !list_empty(&binding->remaps)) && !binding->released;
}

static bool hms_binding_invalidate(struct mmu_interval_notifier *notifier,
				   const struct mmu_notifier_range *range, unsigned long seq)
{
	struct hms_binding *binding = container_of(notifier, struct hms_binding, notifier);
	unsigned long lost = 0;

	spin_lock(&binding->tree_lock);
	mmu_interval_set_seq(notifier, seq);
	if (range->event == MMU_NOTIFY_RELEASE) {
		/* Then all of it is unmapped, which must not take what a child is still to get. */
		binding->released = true;
		if (!binding->heirs)
			hms_binding_doom(binding);
	} else if (hms_binding_is_unmapped(binding, range)) {
		lost = binding->tree.lost;
		if (!hms_remap_unmaps(binding, range))
			hms_policy_punch(&binding->tree, NULL, range->start, range->end - 1);
		hms_remap_others(binding, range->start, range->end - 1);
		lost = binding->tree.lost - lost;
		if (!binding->tree.nr)
			hms_binding_emptied(binding);
	}
	spin_unlock(&binding->tree_lock);
	hms_stat_add(HMS_STAT_POLICY_LOST, lost);
	return true;
}

static const struct mmu_interval_notifier_ops hms_binding_notifier_ops = {
	.invalidate = hms_binding_invalidate,
};

/**
 * hms_binding_hold_policy - keep the binding and the module for as long as there are policies
 * @binding: the binding; the caller comes from an open file, a fork or a remap, which hold both
 *
 * Context: tree_lock held.
 */
void hms_binding_hold_policy(struct hms_binding *binding)
{
	if (binding->has_policy)
		return;
	/* Else nobody would take it away. */
	WARN_ON_ONCE(!binding->listens);
	binding->has_policy = true;
	refcount_inc(&binding->ref);
	__module_get(THIS_MODULE);
}

/*
 * Let go of both when there are none, and none that were lost, of which the process can still be
 * told. The caller has a reference of its own.
 */
static void hms_binding_drop_policy(struct hms_binding *binding)
{
	bool dropped;

	spin_lock(&binding->tree_lock);
	dropped = binding->has_policy && hms_policy_is_empty(&binding->tree);
	if (dropped)
		binding->has_policy = false;
	spin_unlock(&binding->tree_lock);
	if (dropped) {
		hms_binding_put(binding);
		/* Whoever unloads now waits for the work queue, or for the file of the caller. */
		module_put(THIS_MODULE);
	}
}

static void hms_binding_work(struct work_struct *work)
{
	struct hms_binding *binding = container_of(work, struct hms_binding, work);
	struct hms_policy_tree doomed;

	clear_bit(0, &binding->emptied);
	spin_lock(&binding->tree_lock);
	doomed = binding->doomed;
	binding->doomed = (struct hms_policy_tree) { .root = RB_ROOT_CACHED };
	spin_unlock(&binding->tree_lock);
	hms_policy_free_all(&doomed);
	hms_binding_drop_policy(binding);
	hms_binding_put(binding);
}

/* Nobody has a reference; so there are no policies either, as they hold one. */
static void hms_binding_free(struct hms_binding *binding)
{
	unsigned int i;

	if (binding->listens)
		mmu_interval_notifier_remove(&binding->notifier);
	mmdrop(binding->mm);
	hms_policy_edit_drop(&binding->nodes);
	for (i = 0; i < HMS_RECENT_POLICIES; i++)
		hms_policy_put(binding->recent[i]);
	kfree_rcu(binding, rcu);
}

static struct hms_binding *hms_binding_new(struct mm_struct *mm)
{
	struct hms_binding *binding = kzalloc(sizeof(*binding), GFP_KERNEL_ACCOUNT);
	static atomic_t last_id;

	if (!binding)
		return NULL;
	mmgrab(mm);
	binding->mm = mm;
	mutex_init(&binding->listen_lock);
	binding->id = atomic_inc_return(&last_id);
	refcount_set(&binding->ref, 1);
	spin_lock_init(&binding->tree_lock);
	spin_lock_init(&binding->inboxes_lock);
	INIT_LIST_HEAD(&binding->inboxes);
	INIT_LIST_HEAD(&binding->remaps);
	binding->tree.root = RB_ROOT_CACHED;
	binding->doomed.root = RB_ROOT_CACHED;
	INIT_WORK(&binding->work, hms_binding_work);
	return binding;
}

static int hms_binding_insert(struct hms_binding *binding)
{
	int ret = 0;

	mutex_lock(&binding->listen_lock);
	if (binding->listens)
		goto unlock;
	ret = mmu_interval_notifier_insert(&binding->notifier, binding->mm, 0, ULONG_MAX,
					   &hms_binding_notifier_ops);
	if (ret)
		goto unlock;
	/* While another notifier is told of something, core only means to insert it. */
	mmu_interval_read_begin(&binding->notifier);
	WRITE_ONCE(binding->listens, true);
unlock:
	mutex_unlock(&binding->listen_lock);
	return ret;
}

/**
 * struct hms_listen_work - hms_binding_insert() on its way
 * @work: does it
 * @binding: of which address space
 * @ret: what it returned
 */
struct hms_listen_work {
	struct work_struct work;
	struct hms_binding *binding;
	int ret;
};

static void hms_listen_work(struct work_struct *work)
{
	struct hms_listen_work *listen = container_of(work, struct hms_listen_work, work);

	listen->ret = hms_binding_insert(listen->binding);
}

/*
 * Core does not let a task with a signal follow an address space. A child that is born with one
 * would lose its policies by that; a work item has none.
 */
static int hms_binding_insert_by_work(struct hms_binding *binding)
{
	struct hms_listen_work listen = { .binding = binding };

	INIT_WORK_ONSTACK(&listen.work, hms_listen_work);
	queue_work(hms_binding_wq, &listen.work);
	flush_work(&listen.work);
	destroy_work_on_stack(&listen.work);
	return listen.ret;
}

/**
 * hms_binding_listen - have the notifier, from now on
 * @binding: the binding; its address space has users
 *
 * Before a policy is set where there was none.
 *
 * Context: may sleep; mmap_lock not held.
 * Return: 0 or -ENOMEM.
 */
int hms_binding_listen(struct hms_binding *binding)
{
	int ret;

	/* It stays, once it is there. */
	if (READ_ONCE(binding->listens))
		return 0;
	ret = hms_binding_insert(binding);
	return ret == -EINTR ? hms_binding_insert_by_work(binding) : ret;
}

/**
 * hms_binding_find - the binding of an address space, if there is one
 * @mm: the address space; the caller holds its struct
 *
 * Context: does not sleep.
 * Return: a reference, or NULL.
 */
struct hms_binding *hms_binding_find(const struct mm_struct *mm)
{
	struct hms_binding *binding;

	rcu_read_lock();
	binding = hms_binding_find_rcu(mm);
	/* One without references is being freed. */
	if (binding && !refcount_inc_not_zero(&binding->ref))
		binding = NULL;
	rcu_read_unlock();
	return binding;
}

/**
 * hms_binding_get - the binding of an address space, made if need be
 * @mm: an address space with users
 *
 * Context: may sleep; mmap_lock not held.
 * Return: a reference, or NULL when there is no memory.
 */
struct hms_binding *hms_binding_get(struct mm_struct *mm)
{
	struct hms_binding *binding, *fresh;

	binding = hms_binding_find(mm);
	if (binding)
		return binding;

	fresh = hms_binding_new(mm);
	if (!fresh)
		return NULL;
	spin_lock(&hms_bindings_lock);
	binding = hms_binding_find(mm);
	if (!binding)
		hash_add_rcu(hms_bindings, &fresh->hash, (unsigned long)mm);
	spin_unlock(&hms_bindings_lock);
	if (!binding)
		return fresh;
	hms_binding_free(fresh);
	return binding;
}

/**
 * hms_binding_put - end hms_binding_get()
 * @binding: the binding
 *
 * Context: may sleep; mmap_lock not held.
 */
void hms_binding_put(struct hms_binding *binding)
{
	if (!refcount_dec_and_test(&binding->ref))
		return;
	/* hms_binding_get() may find it until here, and then makes another. */
	spin_lock(&hms_bindings_lock);
	hash_del_rcu(&binding->hash);
	spin_unlock(&hms_bindings_lock);
	hms_binding_free(binding);
}

/**
 * hms_binding_mapped - does every address of a range have a mapping
 * @mm: the address space
 * @first: first address
 * @last: last address
 *
 * Context: mmap_lock held.
 * Return: the mapping of the first, or NULL when one has none.
 */
struct vm_area_struct *hms_binding_mapped(struct mm_struct *mm, unsigned long first,
					  unsigned long last)
{
	struct vm_area_struct *begin = vma_lookup(mm, first), *vma;

	for (vma = begin; vma && vma->vm_end <= last; vma = vma_lookup(mm, vma->vm_end))
		;
	return vma ? begin : NULL;
}

static struct hms_policy *hms_binding_recall(struct hms_binding *binding,
					     const struct hms_policy_terms *terms)
{
	struct hms_policy *policy = NULL;
	unsigned int i;

	spin_lock(&binding->tree_lock);
	for (i = 0; i < HMS_RECENT_POLICIES && binding->recent[i] && !policy; i++) {
		if (hms_policy_asks(binding->recent[i], terms))
			policy = hms_policy_get(binding->recent[i]);
	}
	spin_unlock(&binding->tree_lock);
	return policy;
}

/**
 * hms_binding_policy_new - a policy for a range
 * @binding: the binding
 * @terms: what it asks for; copied
 *
 * Many ranges mostly have few policies: those that are set to the same share one.
 *
 * Context: may sleep.
 * Return: a reference, or NULL.
 */
struct hms_policy *hms_binding_policy_new(struct hms_binding *binding,
					  const struct hms_policy_terms *terms)
{
	struct hms_policy *policy, *old;

	policy = hms_binding_recall(binding, terms);
	if (policy)
		return policy;
	policy = hms_policy_new(terms);
	if (!policy)
		return NULL;
	spin_lock(&binding->tree_lock);
	old = binding->recent[binding->oldest];
	binding->recent[binding->oldest] = hms_policy_get(policy);
	binding->oldest = (binding->oldest + 1) % HMS_RECENT_POLICIES;
	spin_unlock(&binding->tree_lock);
	hms_policy_put(old);
	return policy;
}

/**
 * hms_binding_edit_prepare - get what any change of the policies may need
 * @binding: the binding
 * @edit: zeroed; receives the nodes
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM; in any case the caller owes hms_binding_edit_drop().
 */
int hms_binding_edit_prepare(struct hms_binding *binding, struct hms_policy_edit *edit)
{
	spin_lock(&binding->tree_lock);
	swap(binding->nodes, *edit);
	spin_unlock(&binding->tree_lock);
	return hms_policy_edit_prepare(edit);
}

/* Keep for the next change what this one did not need. Under tree_lock. */
static void hms_binding_keep(struct hms_binding *binding, struct hms_policy_edit *edit)
{
	if (binding->nodes.n < edit->n)
		swap(binding->nodes, *edit);
}

/**
 * hms_binding_edit_drop - end hms_binding_edit_prepare(), be there a change or not
 * @binding: the binding
 * @edit: what it needed
 */
void hms_binding_edit_drop(struct hms_binding *binding, struct hms_policy_edit *edit)
{
	if (!edit->n)
		return;
	spin_lock(&binding->tree_lock);
	hms_binding_keep(binding, edit);
	spin_unlock(&binding->tree_lock);
	hms_policy_edit_drop(edit);
}

/* For hms_binding_is_full(), which is asked instead. */
bool hms_binding_has_no_room(struct hms_binding *binding, unsigned long first, unsigned long last,
			     const struct hms_policy *policy)
{
	unsigned long nr, max = READ_ONCE(hms_max_ranges);
	int adds;

	spin_lock(&binding->tree_lock);
	nr = binding->tree.nr;
	adds = !!policy + hms_policy_cuts(&binding->tree, first, last);
	spin_unlock(&binding->tree_lock);
	return adds && nr + adds > max;
}

/**
 * hms_binding_lock_mapped - take mmap_lock, if all addresses of a range have a mapping
 * @binding: the binding; its address space has users
 * @first: first address
 * @last: last address
 *
 * Return: 0 with mmap_lock held for read, until hms_binding_unlock_mapped(); -EFAULT; -EINTR.
 */
int hms_binding_lock_mapped(struct hms_binding *binding, unsigned long first, unsigned long last)
{
	struct mm_struct *mm = binding->mm;
	int ret;

	ret = mmap_read_lock_killable(mm);
	if (ret)
		return ret;
	if (hms_binding_mapped(mm, first, last))
		return 0;
	mmap_read_unlock(mm);
	return -EFAULT;
}

void hms_binding_unlock_mapped(struct hms_binding *binding)
{
	mmap_read_unlock(binding->mm);
}

/* Of any policy. There is always a number before it. */
static atomic64_t hms_changes = ATOMIC64_INIT(1);

/*
 * Under tree_lock: who has read the new number, and asks for a policy then, is told the new one.
 * Pairs with hms_binding_changes().
 */
static void hms_binding_note_change(void)
{
	atomic64_inc_return_release(&hms_changes);
}

/**
 * hms_binding_changes - has any policy changed
 *
 * Return: a higher number than before when one was set or cleared since.
 */
u64 hms_binding_changes(void)
{
	/* Pairs with hms_binding_note_change(). */
	return atomic64_read_acquire(&hms_changes);
}

/* Under tree_lock. */
static void hms_binding_change(struct hms_binding *binding, struct hms_policy_edit *edit,
			       unsigned long first, unsigned long last, struct hms_policy *policy)
{
	hms_remap_others(binding, first, last);
	if (policy) {
		hms_policy_set(&binding->tree, edit, first, last, policy);
		hms_binding_hold_policy(binding);
		trace_hms_policy_set(first, last, policy);
	} else {
		hms_policy_punch(&binding->tree, edit, first, last);
		trace_hms_policy_clear(first, last);
	}
	hms_binding_note_change();
	hms_binding_keep(binding, edit);
}

/**
 * hms_binding_replace - set or clear the policy of what is part of one range
 * @binding: the binding; its address space has users, and the caller a reference of another kind
 * @edit: from hms_binding_edit_prepare(); what is left is kept
 * @first: first address
 * @last: last address
 * @policy: the policy, or NULL for none
 *
 * Where a policy is, there is a mapping: who takes it away takes the policy first, with tree_lock.
 * So this needs no mmap_lock.
 *
 * Return: false when there is no such range, and nothing was done.
 */
bool hms_binding_replace(struct hms_binding *binding, struct hms_policy_edit *edit,
			 unsigned long first, unsigned long last, struct hms_policy *policy)
{
	struct hms_range *range;
	bool covered;

	spin_lock(&binding->tree_lock);
	range = hms_policy_first(&binding->tree, first, last);
	covered = range && range->it.start <= first && range->it.last >= last;
	if (covered)
		hms_binding_change(binding, edit, first, last, policy);
	spin_unlock(&binding->tree_lock);
	if (covered && !policy)
		hms_binding_drop_policy(binding);
	return covered;
}

/**
 * hms_binding_set - set or clear the policy of a range
 * @binding: the binding; its address space has users, and the caller a reference of another kind
 * @edit: from hms_binding_edit_prepare(); what is left is kept
 * @first: first address
 * @last: last address
 * @policy: the policy, or NULL for none
 *
 * Context: mmap_lock held for read, so that the mappings are still there when the policy is.
 */
void hms_binding_set(struct hms_binding *binding, struct hms_policy_edit *edit,
		     unsigned long first, unsigned long last, struct hms_policy *policy)
{
	mmap_assert_locked(binding->mm);
	spin_lock(&binding->tree_lock);
	hms_binding_change(binding, edit, first, last, policy);
	spin_unlock(&binding->tree_lock);
	if (!policy)
		hms_binding_drop_policy(binding);
}

/**
 * hms_binding_set_whole - set or clear the policy of addresses that are in no range with one
 * @binding: the binding; the caller has a reference of another kind
 * @policy: the policy, or NULL for none
 *
 * Context: may sleep.
 */
void hms_binding_set_whole(struct hms_binding *binding, struct hms_policy *policy)
{
	spin_lock(&binding->tree_lock);
	hms_policy_set_whole(&binding->tree, policy);
	if (policy) {
		hms_binding_hold_policy(binding);
		trace_hms_policy_set(0, ULONG_MAX, policy);
	} else {
		trace_hms_policy_clear(0, ULONG_MAX);
	}
	hms_binding_note_change();
	spin_unlock(&binding->tree_lock);
	if (!policy)
		hms_binding_drop_policy(binding);
}

/**
 * hms_binding_policy - the policy of an address
 * @mm: of the mapping, which need not be current's
 * @address: in it
 * @last: an address above; becomes the last up to there for which the answer is the same
 *
 * Context: does not sleep.
 * Return: a reference, or NULL.
 */
struct hms_policy *hms_binding_policy(struct mm_struct *mm, unsigned long address,
				      unsigned long *last)
{
	struct hms_policy *policy = NULL;
	struct hms_binding *binding;

	rcu_read_lock();
	binding = hms_binding_find_rcu(mm);
	/* Until it listens it has had no policy: most touches are spared the lock by that. */
	if (binding && READ_ONCE(binding->listens)) {
		spin_lock(&binding->tree_lock);
		policy = hms_policy_at(&binding->tree, address, last);
		if (policy)
			hms_policy_get(policy);
		spin_unlock(&binding->tree_lock);
	}
	rcu_read_unlock();
	return policy;
}

/**
 * hms_binding_id - a number to know an address space by that may be gone
 * @mm: the address space
 *
 * Context: does not sleep.
 * Return: 0 when it has no binding.
 */
u32 hms_binding_id(const struct mm_struct *mm)
{
	struct hms_binding *binding;
	u32 id;

	rcu_read_lock();
	binding = hms_binding_find_rcu(mm);
	id = binding ? binding->id : 0;
	rcu_read_unlock();
	return id;
}

/**
 * hms_binding_count - count pages of a process
 * @binding: its binding
 * @stat: what
 * @n: how many
 *
 * Context: any.
 */
void hms_binding_count(struct hms_binding *binding, enum hms_process_stat stat, u64 n)
{
	if (n)
		atomic64_add(n, &binding->stats[stat]);
}

/**
 * hms_binding_count_home - count pages that came home, if there is a binding to count them in
 * @mm: the address space
 * @stat: as this
 * @home: how many
 * @elsewhere: of these, not where policy wants them
 *
 * Context: any.
 */
void hms_binding_count_home(struct mm_struct *mm, enum hms_process_stat stat, u64 home,
			    u64 elsewhere)
{
	struct hms_binding *binding;

	rcu_read_lock();
	binding = hms_binding_find_rcu(mm);
	if (binding) {
		hms_binding_count(binding, stat, home);
		hms_binding_count(binding, HMS_PROCESS_HOME_ELSEWHERE, elsewhere);
	}
	rcu_read_unlock();
}

/**
 * hms_binding_trim - forget policies where there is no mapping
 * @tree: a tree that nobody else sees
 * @mm: address space that it is to be the tree of; mmap_lock held
 * @first: first address
 * @last: last address
 *
 * What there is no memory for is counted as lost.
 */
void hms_binding_trim(struct hms_policy_tree *tree, struct mm_struct *mm, unsigned long first,
		      unsigned long last)
{
	struct hms_policy_edit edit = { };
	struct vm_area_struct *vma;

	while ((vma = find_vma(mm, first)) && vma->vm_start <= last) {
		if (vma->vm_start > first) {
			hms_policy_edit_prepare(&edit);
			hms_policy_punch(tree, &edit, first, vma->vm_start - 1);
		}
		first = vma->vm_end;
		if (first > last)
			break;
		cond_resched();
	}
	if (first <= last)
		hms_policy_punch(tree, &edit, first, last);
	hms_policy_edit_drop(&edit);
}

/**
 * hms_binding_heritable - how many policies a child would inherit, roughly; 0: surely none
 * @mm: of the parent
 *
 * Context: does not sleep.
 */
unsigned long hms_binding_heritable(const struct mm_struct *mm)
{
	struct hms_binding *binding;
	unsigned long n = 0;

	rcu_read_lock();
	binding = hms_binding_find_rcu(mm);
	if (binding)
		n = READ_ONCE(binding->tree.heritable) + !list_empty(&binding->remaps);
	rcu_read_unlock();
	return n;
}

/**
 * hms_binding_get_heritage - keep the policies of a parent until a child has its share
 * @mm: of the parent
 * @lost: receives how many it will not have, as another thread is moving them
 *
 * They stay when the parent exits meanwhile, and hold the module.
 *
 * Context: does not sleep.
 * Return: the binding, for hms_binding_put_heritage(), and a reference to the module; or NULL when
 * there is nothing to inherit.
 */
struct hms_binding *hms_binding_get_heritage(const struct mm_struct *mm, unsigned long *lost)
{
	struct hms_binding *binding;
	bool any = false;

	rcu_read_lock();
	binding = hms_binding_find_rcu(mm);
	if (binding) {
		spin_lock(&binding->tree_lock);
		*lost = hms_remap_heritable(binding);
		any = (binding->tree.heritable || *lost) && !binding->released;
		if (any) {
			/* The policies hold both, or who is moving them. */
			binding->heirs++;
			refcount_inc(&binding->ref);
			__module_get(THIS_MODULE);
		}
		spin_unlock(&binding->tree_lock);
	}
	rcu_read_unlock();
	return any ? binding : NULL;
}

/**
 * hms_binding_put_heritage - end hms_binding_get_heritage(), but for the reference to the module
 * @binding: from there
 *
 * Context: may sleep.
 */
void hms_binding_put_heritage(struct hms_binding *binding)
{
	spin_lock(&binding->tree_lock);
	if (!--binding->heirs && binding->released)
		hms_binding_doom(binding);
	spin_unlock(&binding->tree_lock);
	hms_binding_put(binding);
}

/**
 * hms_binding_adopt - take over what a child inherits
 * @binding: of the child, which has not run yet
 * @tree: its policies; empty afterwards
 *
 * Context: mmap_lock held for read, as for hms_binding_set(); the caller holds the module.
 */
void hms_binding_adopt(struct hms_binding *binding, struct hms_policy_tree *tree)
{
	mmap_assert_locked(binding->mm);
	if (hms_policy_is_empty(tree))
		return;
	spin_lock(&binding->tree_lock);
	if (!WARN_ON_ONCE(binding->has_policy)) {
		swap(binding->tree, *tree);
		hms_binding_hold_policy(binding);
	}
	spin_unlock(&binding->tree_lock);
}

int hms_binding_start(void)
{
	hms_binding_wq = alloc_workqueue("hms", WQ_UNBOUND, 0);
	return hms_binding_wq ? 0 : -ENOMEM;
}

void hms_binding_stop(void)
{
	destroy_workqueue(hms_binding_wq);
}
