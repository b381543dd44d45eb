/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_BINDING_H
#define _HMS_BINDING_H

#include <linux/atomic.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "policy.h"

#define HMS_RECENT_POLICIES	4

/* What is counted of a process, for struct hms_process_stats. */
enum hms_process_stat {
	HMS_PROCESS_MOVED,
	HMS_PROCESS_POPULATED,
	HMS_PROCESS_HOME,
	HMS_PROCESS_HOME_ELSEWHERE,
	HMS_PROCESS_EVACUATED,
	HMS_PROCESS_EVICTED,
	HMS_PROCESS_STAT_NR,
};

/**
 * struct hms_binding - what HMS knows of one address space
 * @mm: the address space; holds its struct
 * @notifier: over all of it, once @listens
 * @listen_lock: protects changes of @listens
 * @listens: it is told of what is unmapped, as it has to be while there are policies
 * @id: of no other binding for a long time, where an address space may be at the place of another
 * @ref: descriptors that used it, queued work, and one for having policies
 * @tree_lock: protects all down to @released, and @doomed; the leaf of the lock order, see
 *	lock-order.h
 * @tree: the policies
 * @nodes: nodes that a change has left for the next one
 * @recent: policies that were set lately, for ranges that are to have the same
 * @oldest: which of them is the next to go
 * @has_policy: @ref counts the policies, or that some were lost, and they hold the module
 * @remaps: mremap(2) under way, see remap.c
 * @heirs: children that are still to get what they inherit
 * @released: the address space is gone; @tree is only there for @heirs
 * @emptied: @work is on its way
 * @work: gives up @has_policy after munmap or exit took the last policy
 * @doomed: policies of an address space that is gone, for @work to free
 * @inboxes_lock: protects @inboxes
 * @inboxes: descriptors that are told what is done to it, see inbox.c
 * @stats: pages, by enum hms_process_stat
 * @hash: in the table of bindings, by mm
 * @rcu: look-ups by mm
 */
struct hms_binding {
	struct mm_struct *mm;
	struct mmu_interval_notifier notifier;
	struct mutex listen_lock;	/* see above */
	bool listens;
	u32 id;
	refcount_t ref;
	spinlock_t tree_lock;	/* see above */
	struct hms_policy_tree tree;
	struct hms_policy_edit nodes;
	struct hms_policy *recent[HMS_RECENT_POLICIES];
	unsigned int oldest;
	bool has_policy;
	struct list_head remaps;
	unsigned int heirs;
	bool released;
	unsigned long emptied;
	struct work_struct work;
	struct hms_policy_tree doomed;
	spinlock_t inboxes_lock;	/* see above */
	struct list_head inboxes;
	atomic64_t stats[HMS_PROCESS_STAT_NR];
	struct hlist_node hash;
	struct rcu_head rcu;
};

struct hms_binding *hms_binding_get(struct mm_struct *mm);
void hms_binding_put(struct hms_binding *binding);
int hms_binding_listen(struct hms_binding *binding);
struct hms_binding *hms_binding_find(const struct mm_struct *mm);
struct hms_binding *hms_binding_find_rcu(const struct mm_struct *mm);

struct hms_policy *hms_binding_policy_new(struct hms_binding *binding,
					  const struct hms_policy_terms *terms);
int hms_binding_edit_prepare(struct hms_binding *binding, struct hms_policy_edit *edit);
void hms_binding_edit_drop(struct hms_binding *binding, struct hms_policy_edit *edit);
bool hms_binding_has_no_room(struct hms_binding *binding, unsigned long first, unsigned long last,
			     const struct hms_policy *policy);
bool hms_binding_replace(struct hms_binding *binding, struct hms_policy_edit *edit,
			 unsigned long first, unsigned long last, struct hms_policy *policy);
struct vm_area_struct *hms_binding_mapped(struct mm_struct *mm, unsigned long first,
					  unsigned long last);
int hms_binding_lock_mapped(struct hms_binding *binding, unsigned long first, unsigned long last);
void hms_binding_unlock_mapped(struct hms_binding *binding);
void hms_binding_set(struct hms_binding *binding, struct hms_policy_edit *edit,
		     unsigned long first, unsigned long last, struct hms_policy *policy);
void hms_binding_set_whole(struct hms_binding *binding, struct hms_policy *policy);
struct hms_policy *hms_binding_policy(struct mm_struct *mm, unsigned long address,
				      unsigned long *last);

void hms_binding_count(struct hms_binding *binding, enum hms_process_stat stat, u64 n);
void hms_binding_count_home(struct mm_struct *mm, enum hms_process_stat stat, u64 home,
			    u64 elsewhere);

void hms_binding_trim(struct hms_policy_tree *tree, struct mm_struct *mm, unsigned long first,
		      unsigned long last);
void hms_binding_hold_policy(struct hms_binding *binding);

unsigned long hms_binding_heritable(const struct mm_struct *mm);
struct hms_binding *hms_binding_get_heritage(const struct mm_struct *mm, unsigned long *lost);
void hms_binding_put_heritage(struct hms_binding *binding);
void hms_binding_adopt(struct hms_binding *binding, struct hms_policy_tree *tree);

u32 hms_binding_id(const struct mm_struct *mm);
u64 hms_binding_changes(void);

extern unsigned long hms_max_ranges;

/**
 * hms_binding_is_full - would a change make more ranges than an address space may have
 * @binding: the binding
 * @first: first address
 * @last: last address
 * @policy: the policy, or NULL for none
 *
 * Several threads at a time may get past it by a range each.
 */
static inline bool hms_binding_is_full(struct hms_binding *binding, unsigned long first,
				       unsigned long last, const struct hms_policy *policy)
{
	/* Itself, and the upper half of what it cuts: most are far from that. */
	return READ_ONCE(binding->tree.nr) + 2 > READ_ONCE(hms_max_ranges) &&
	       hms_binding_has_no_room(binding, first, last, policy);
}

int hms_binding_start(void);
void hms_binding_stop(void);

#endif /* _HMS_BINDING_H */
