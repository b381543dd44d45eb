/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_POLICY_H
#define _HMS_POLICY_H

#ifdef __KERNEL__
#include <linux/interval_tree.h>
#include <linux/refcount.h>
#include <linux/types.h>
#else
#include "kernel.h"
#endif

#include <linux/hms.h>

/**
 * struct hms_policy - what a range wants; never changes, shared by the ranges that were set
 * together
 * @ref: references: of ranges, and of pages on devices that were placed under it
 * @ntargets: how many
 * @mode: enum hms_mode
 * @inherit: a child gets it at fork
 * @priority: its pages leave a full target after those of a lower one
 * @uids: the targets, most wanted first; behind them, for HMS_MODE_WEIGHTED alone, a weight for
 *	each, a byte
 */
struct hms_policy {
	refcount_t ref;
	u32 ntargets;
	u16 mode;
	bool inherit;
	u8 priority;
	u32 uids[];
};

/**
 * struct hms_policy_terms - what a policy is made of
 * @mode: enum hms_mode
 * @ntargets: how many
 * @inherit: a child gets it at fork
 * @priority: its pages leave a full target after those of a lower one
 * @uids: the targets
 * @weights: of each, from 1 on; only read for HMS_MODE_WEIGHTED
 */
struct hms_policy_terms {
	u32 mode;
	u32 ntargets;
	bool inherit;
	u8 priority;
	const u32 *uids;
	const u8 *weights;
};

/* Does each page have a target of its own, so that the order of the targets begins there? */
static inline bool hms_mode_rotates(u32 mode)
{
	return mode == HMS_MODE_INTERLEAVE || mode == HMS_MODE_WEIGHTED;
}

/* That of who asks for none is that of who has no policy. */
static inline u8 hms_policy_priority(const struct hms_policy *policy)
{
	return policy ? policy->priority : HMS_PRIORITY_DEFAULT;
}

/* Where the weights are, if the policy has any: they follow the uids. */
static inline const u8 *hms_policy_weights(const struct hms_policy *policy)
{
	return (const u8 *)&policy->uids[policy->ntargets];
}

/* The weight of target @i, 0 unless the policy has weights. */
static inline u8 hms_policy_weight(const struct hms_policy *policy, u32 i)
{
	return policy->mode == HMS_MODE_WEIGHTED ? hms_policy_weights(policy)[i] : 0;
}

/**
 * struct hms_range - a run of addresses with a policy
 * @it: first and last address
 * @policy: a reference
 * @spare: node for the upper half when a hole is punched through the middle, where nothing may be
 *	allocated with certainty; or NULL
 */
struct hms_range {
	struct interval_tree_node it;
	struct hms_policy *policy;
	struct hms_range *spare;
};

/**
 * struct hms_policy_tree - the policies of an address space
 * @root: ranges; they never overlap, and neighbours with equal policies are one
 * @whole: the policy where there is no range, or NULL; a reference
 * @nr: how many ranges
 * @heritable: how many of them a child gets at fork, and one more if it gets @whole
 * @lost: ranges that could not be kept
 */
struct hms_policy_tree {
	struct rb_root_cached root;
	struct hms_policy *whole;
	unsigned long nr;
	unsigned long heritable;
	unsigned long lost;
};

/* Are there neither policies nor some that were lost, of which the process is still to be told? */
static inline bool hms_policy_is_empty(const struct hms_policy_tree *tree)
{
	return !tree->nr && !tree->whole && !tree->lost;
}

/* What a change may need, and with what one that replaces a range gives back. */
#define HMS_POLICY_EDIT_NODES	5
#define HMS_POLICY_EDIT_ROOM	8

/* Ranges that are looked at for a child while the tree of the parent is locked. */
#define HMS_POLICY_CLONE_LOOKS	64

/**
 * struct hms_policy_edit - nodes for one change of a tree, allocated before it
 * @nodes: a stack of them; each has the next one as its spare
 * @n: how many
 */
struct hms_policy_edit {
	struct hms_range *nodes;
	unsigned int n;
};

/**
 * struct hms_policy_common - what a run of addresses has in common, as far as it was looked at
 * @first: the first address that was not
 * @last: the last address of the run
 * @begun: some of it was, so the others mean something
 * @mode: the mode of all of it, or HMS_MODE_DEFAULT when there are several
 * @inherit: a child gets all of it at fork
 * @priority: the lowest of all
 * @ntargets: how many
 * @uids: targets that all of it names, in the order of the first policy
 * @weights: the weight that all of it gives each of them, 0 when there are several
 */
struct hms_policy_common {
	unsigned long first;
	unsigned long last;
	bool begun;
	bool inherit;
	u8 priority;
	u32 mode;
	u32 ntargets;
	u32 uids[HMS_MAX_TARGETS];
	u8 weights[HMS_MAX_TARGETS];
};

struct hms_policy *hms_policy_new(const struct hms_policy_terms *terms);
struct hms_policy *hms_policy_get_many(struct hms_policy *policy, unsigned int n);
void hms_policy_put_many(struct hms_policy *policy, unsigned int n);
struct hms_policy *hms_policy_get(struct hms_policy *policy);
void hms_policy_put(struct hms_policy *policy);
bool hms_policy_asks(const struct hms_policy *policy, const struct hms_policy_terms *terms);
bool hms_policy_equal(const struct hms_policy *a, const struct hms_policy *b);
u32 hms_policy_rank(const struct hms_policy *policy, unsigned long number);

int hms_policy_edit_prepare(struct hms_policy_edit *edit);
void hms_policy_edit_drop(struct hms_policy_edit *edit);

void hms_policy_set(struct hms_policy_tree *tree, struct hms_policy_edit *edit,
		    unsigned long first, unsigned long last, struct hms_policy *policy);
void hms_policy_set_whole(struct hms_policy_tree *tree, struct hms_policy *policy);
void hms_policy_punch(struct hms_policy_tree *tree, struct hms_policy_edit *edit,
		      unsigned long first, unsigned long last);
void hms_policy_cut(struct hms_policy_tree *tree, unsigned long first, unsigned long last,
		    struct hms_policy_tree *to);
struct hms_policy *hms_policy_pop(struct hms_policy_tree *tree, unsigned long *first,
				  unsigned long *last);
unsigned long hms_policy_count(struct hms_policy_tree *tree, unsigned long first,
			       unsigned long last);
bool hms_policy_clone(struct hms_policy_tree *to, struct hms_policy_tree *from,
		      struct hms_policy_edit *edit, unsigned long *next);
void hms_policy_free_all(struct hms_policy_tree *tree);

struct hms_range *hms_policy_first(struct hms_policy_tree *tree, unsigned long first,
				   unsigned long last);
struct hms_range *hms_policy_next(struct hms_range *range, unsigned long first,
				  unsigned long last);
struct hms_policy *hms_policy_at(struct hms_policy_tree *tree, unsigned long address,
				 unsigned long *last);
int hms_policy_intersect(struct hms_policy_tree *tree, struct hms_policy_common *common);
bool hms_policy_cuts(struct hms_policy_tree *tree, unsigned long first, unsigned long last);

#endif /* _HMS_POLICY_H */
