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
 * @ref: references
 * @ntargets: how many
 * @mode: enum hms_mode
 * @inherit: a child gets it at fork
 * @uids: the targets, most wanted first
 */
struct hms_policy {
	refcount_t ref;
	u32 ntargets;
	u16 mode;
	bool inherit;
	u32 uids[];
};

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
 * @nr: how many
 * @lost: ranges that could not be kept
 */
struct hms_policy_tree {
	struct rb_root_cached root;
	unsigned long nr;
	unsigned long lost;
};

/* What a change may need, and with what one that replaces a range gives back. */
#define HMS_POLICY_EDIT_NODES	5
#define HMS_POLICY_EDIT_ROOM	8

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
 * @ntargets: how many
 * @uids: targets that all of it names, in the order of the first policy
 */
struct hms_policy_common {
	unsigned long first;
	unsigned long last;
	bool begun;
	u32 mode;
	u32 ntargets;
	u32 uids[HMS_MAX_TARGETS];
};

struct hms_policy *hms_policy_new(u32 mode, bool inherit, const u32 *uids, u32 ntargets);
struct hms_policy *hms_policy_get(struct hms_policy *policy);
void hms_policy_put(struct hms_policy *policy);
bool hms_policy_asks(const struct hms_policy *policy, u32 mode, bool inherit, const u32 *uids,
		     u32 ntargets);
bool hms_policy_equal(const struct hms_policy *a, const struct hms_policy *b);

int hms_policy_edit_prepare(struct hms_policy_edit *edit);
void hms_policy_edit_drop(struct hms_policy_edit *edit);

void hms_policy_set(struct hms_policy_tree *tree, struct hms_policy_edit *edit,
		    unsigned long first, unsigned long last, struct hms_policy *policy);
void hms_policy_punch(struct hms_policy_tree *tree, struct hms_policy_edit *edit,
		      unsigned long first, unsigned long last);
int hms_policy_clone(struct hms_policy_tree *to, struct hms_policy_tree *from, gfp_t gfp);
void hms_policy_free_all(struct hms_policy_tree *tree);

struct hms_range *hms_policy_first(struct hms_policy_tree *tree, unsigned long first,
				   unsigned long last);
struct hms_range *hms_policy_next(struct hms_range *range, unsigned long first,
				  unsigned long last);
int hms_policy_intersect(struct hms_policy_tree *tree, struct hms_policy_common *common);
bool hms_policy_cuts(struct hms_policy_tree *tree, unsigned long first, unsigned long last);

#endif /* _HMS_POLICY_H */
