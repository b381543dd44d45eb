// SPDX-License-Identifier: GPL-2.0
/*
 * The policy tree: which range of an address space wants which memory. Pure logic over the kernel's
 * interval tree, also built in user space. Who calls it holds the lock of the tree.
 */

#ifdef __KERNEL__
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/string.h>
#endif

#include "policy.h"

/*
 * A range costs 160 bytes at most when its policy is its own: itself and its spare of kmalloc-64,
 * and kmalloc-32 for a policy of up to five targets, or of four with weights.
 */
static_assert(sizeof(struct hms_range) <= 64);
static_assert(offsetof(struct hms_policy, uids[5]) <= 32);
static_assert(offsetof(struct hms_policy, uids[4]) + 4 <= 32);

static size_t hms_policy_size(u32 mode, u32 ntargets)
{
	struct hms_policy *policy;

	return struct_size(policy, uids, ntargets) + (mode == HMS_MODE_WEIGHTED ? ntargets : 0);
}

/**
 * hms_policy_new - make a policy
 * @terms: what it asks for; copied
 *
 * Return: one reference, or NULL.
 */
struct hms_policy *hms_policy_new(const struct hms_policy_terms *terms)
{
	u32 ntargets = terms->ntargets;
	struct hms_policy *policy;

	policy = kmalloc(hms_policy_size(terms->mode, ntargets), GFP_KERNEL_ACCOUNT);
	if (!policy)
		return NULL;
	refcount_set(&policy->ref, 1);
	policy->mode = terms->mode;
	policy->inherit = terms->inherit;
	policy->priority = terms->priority;
	policy->ntargets = ntargets;
	memcpy(policy->uids, terms->uids, ntargets * sizeof(*terms->uids));
	if (terms->mode == HMS_MODE_WEIGHTED)
		memcpy(&policy->uids[ntargets], terms->weights, ntargets);
	return policy;
}

/* Any number of references, also none, and to NULL. In any context, as the next one. */
struct hms_policy *hms_policy_get_many(struct hms_policy *policy, unsigned int n)
{
	if (policy && n)
		refcount_add(n, &policy->ref);
	return policy;
}

void hms_policy_put_many(struct hms_policy *policy, unsigned int n)
{
	if (policy && n && refcount_sub_and_test(n, &policy->ref))
		kfree(policy);
}

struct hms_policy *hms_policy_get(struct hms_policy *policy)
{
	return hms_policy_get_many(policy, 1);
}

void hms_policy_put(struct hms_policy *policy)
{
	hms_policy_put_many(policy, 1);
}

/**
 * hms_policy_asks - is a policy what hms_policy_new() would make
 * @policy: the policy
 * @terms: of what
 */
bool hms_policy_asks(const struct hms_policy *policy, const struct hms_policy_terms *terms)
{
	u32 i;

	if (policy->mode != terms->mode || policy->inherit != terms->inherit ||
	    policy->priority != terms->priority || policy->ntargets != terms->ntargets)
		return false;
	/* Few differ in more than the first one, and mostly there is one: memcmp() takes longer. */
	for (i = 0; i < terms->ntargets; i++) {
		if (policy->uids[i] != terms->uids[i])
			return false;
	}
	return terms->mode != HMS_MODE_WEIGHTED ||
	       !memcmp(hms_policy_weights(policy), terms->weights, terms->ntargets);
}

/**
 * hms_policy_equal - do two policies ask for the same
 * @a: one
 * @b: the other
 */
bool hms_policy_equal(const struct hms_policy *a, const struct hms_policy *b)
{
	struct hms_policy_terms terms = {
		.mode = b->mode,
		.ntargets = b->ntargets,
		.inherit = b->inherit,
		.priority = b->priority,
		.uids = b->uids,
		.weights = hms_policy_weights(b),
	};

	return a == b || hms_policy_asks(a, &terms);
}

static u32 hms_policy_rank_by_weight(const struct hms_policy *policy, unsigned long number)
{
	u32 sum = 0, rank;

	for (rank = 0; rank < policy->ntargets; rank++)
		sum += hms_policy_weight(policy, rank);
	number %= sum;
	for (rank = 0; number >= hms_policy_weight(policy, rank); rank++)
		number -= hms_policy_weight(policy, rank);
	return rank;
}

/**
 * hms_policy_rank - the target that a page wants most
 * @policy: the policy
 * @number: of the page in the address space: its address in pages; for a large one that moves in
 *	one piece, in pages of that size
 *
 * By its number alone, so a range that is split, merged or inherited needs to know nothing of where
 * it once began. The others in the list follow, and after the last the first.
 *
 * Return: index into the targets.
 */
u32 hms_policy_rank(const struct hms_policy *policy, unsigned long number)
{
	switch (policy->mode) {
	case HMS_MODE_INTERLEAVE:
		return number % policy->ntargets;
	case HMS_MODE_WEIGHTED:
		return hms_policy_rank_by_weight(policy, number);
	default:
		return 0;
	}
}

static struct hms_range *hms_range_new(gfp_t gfp)
{
	return kzalloc(sizeof(struct hms_range), gfp);
}

static void hms_range_free(struct hms_range *range)
{
	kfree(range->spare);
	hms_policy_put(range->policy);
	kfree(range);
}

static void hms_edit_push(struct hms_policy_edit *edit, struct hms_range *node)
{
	node->spare = edit->nodes;
	edit->nodes = node;
	edit->n++;
}

static struct hms_range *hms_edit_pop(struct hms_policy_edit *edit)
{
	struct hms_range *node = edit->nodes;

	edit->nodes = node->spare;
	node->spare = NULL;
	edit->n--;
	return node;
}

/**
 * hms_policy_edit_prepare - allocate what any change of a tree may need
 * @edit: receives the nodes; zeroed, or what another change has left
 *
 * Context: may sleep; before the lock of the tree is taken.
 * Return: 0 or -ENOMEM.
 */
int hms_policy_edit_prepare(struct hms_policy_edit *edit)
{
	struct hms_range *node;

	while (edit->n < HMS_POLICY_EDIT_NODES) {
		node = hms_range_new(GFP_KERNEL_ACCOUNT);
		if (!node) {
			hms_policy_edit_drop(edit);
			return -ENOMEM;
		}
		hms_edit_push(edit, node);
	}
	return 0;
}

/**
 * hms_policy_edit_drop - free what a change did not need
 * @edit: from hms_policy_edit_prepare()
 */
void hms_policy_edit_drop(struct hms_policy_edit *edit)
{
	while (edit->n)
		kfree(hms_edit_pop(edit));
}

/* In a prepared change there is always a node; in a notifier only if there is memory now. */
static struct hms_range *hms_edit_take(struct hms_policy_edit *edit)
{
	if (edit && edit->n)
		return hms_edit_pop(edit);
	return hms_range_new(GFP_NOWAIT | __GFP_NOWARN | __GFP_ACCOUNT);
}

static void hms_edit_keep(struct hms_policy_edit *edit, struct hms_range *node)
{
	if (node && edit && edit->n < HMS_POLICY_EDIT_ROOM)
		hms_edit_push(edit, node);
	else
		kfree(node);
}

/* A range that a change has taken out is one node or two for what it puts in, or the next one. */
static void hms_edit_give(struct hms_policy_edit *edit, struct hms_range *range)
{
	struct hms_range *spare = range->spare;

	hms_policy_put(range->policy);
	range->policy = NULL;
	hms_edit_keep(edit, spare);
	hms_edit_keep(edit, range);
}

static void hms_tree_insert(struct hms_policy_tree *tree, struct hms_range *range,
			    unsigned long first, unsigned long last)
{
	range->it.start = first;
	range->it.last = last;
	interval_tree_insert(&range->it, &tree->root);
	tree->nr++;
	tree->heritable += range->policy->inherit;
}

static void hms_tree_remove(struct hms_policy_tree *tree, struct hms_range *range)
{
	interval_tree_remove(&range->it, &tree->root);
	tree->nr--;
	tree->heritable -= range->policy->inherit;
}

static void hms_range_resize(struct hms_policy_tree *tree, struct hms_range *range,
			     unsigned long first, unsigned long last)
{
	/* The tree is ordered and augmented by both, so they may only change outside of it. */
	hms_tree_remove(tree, range);
	hms_tree_insert(tree, range, first, last);
}

/* Give the part of @range from @first on to a node of its own, or lose it. */
static void hms_range_split(struct hms_policy_tree *tree, struct hms_policy_edit *edit,
			    struct hms_range *range, unsigned long first)
{
	struct hms_range *upper = range->spare;

	range->spare = NULL;
	if (!upper)
		upper = hms_edit_take(edit);
	if (!upper) {
		tree->lost++;
		return;
	}
	upper->policy = hms_policy_get(range->policy);
	upper->spare = hms_edit_take(edit);
	range->spare = hms_edit_take(edit);
	hms_tree_insert(tree, upper, first, range->it.last);
}

/* A part of a range that stays where it is, in another tree; or lose it. */
static void hms_range_copy(struct hms_policy_tree *to, struct hms_policy_edit *edit,
			   struct hms_range *range, unsigned long first, unsigned long last)
{
	struct hms_range *part = hms_edit_take(edit);

	if (!part) {
		to->lost++;
		return;
	}
	part->policy = hms_policy_get(range->policy);
	hms_tree_insert(to, part, first, last);
}

/* Take the policies of addresses out of a tree, and have them in another one if there is one. */
static void hms_policy_take(struct hms_policy_tree *tree, struct hms_policy_edit *edit,
			    unsigned long first, unsigned long last, struct hms_policy_tree *to)
{
	struct hms_range *range;

	while ((range = hms_policy_first(tree, first, last))) {
		unsigned long start = range->it.start, end = range->it.last;

		/* What stays goes first, as nodes may be few. */
		if (start < first && end > last)
			hms_range_split(tree, edit, range, last + 1);
		if (to && (start < first || end > last))
			hms_range_copy(to, edit, range, max(start, first), min(end, last));

		if (start < first) {
			hms_range_resize(tree, range, start, first - 1);
		} else if (end > last) {
			hms_range_resize(tree, range, last + 1, end);
		} else {
			hms_tree_remove(tree, range);
			if (to)
				hms_tree_insert(to, range, start, end);
			else
				hms_edit_give(edit, range);
		}
	}
}

/**
 * hms_policy_punch - forget the policies of a range
 * @tree: the tree, locked
 * @edit: prepared nodes, or NULL in a notifier: then the part above the range may be lost and
 *	counted when a range is cut in the middle and there is no memory
 * @first: first address
 * @last: last address
 *
 * Context: never sleeps, never fails.
 */
void hms_policy_punch(struct hms_policy_tree *tree, struct hms_policy_edit *edit,
		      unsigned long first, unsigned long last)
{
	hms_policy_take(tree, edit, first, last, NULL);
}

/**
 * hms_policy_cut - take the policies of a range out of a tree, to put them somewhere else
 * @tree: the tree, locked, in a notifier
 * @first: first address
 * @last: last address
 * @to: tree that nobody else sees; counts as lost what there was no memory for. In there neighbours
 *	may be equal.
 *
 * Context: never sleeps, never fails.
 */
void hms_policy_cut(struct hms_policy_tree *tree, unsigned long first, unsigned long last,
		    struct hms_policy_tree *to)
{
	hms_policy_take(tree, NULL, first, last, to);
}

/**
 * hms_policy_pop - take the lowest range out of a tree
 * @tree: tree that nobody else sees
 * @first: receives its first address
 * @last: receives its last address
 *
 * Return: its policy with a reference, or NULL when there is none.
 */
struct hms_policy *hms_policy_pop(struct hms_policy_tree *tree, unsigned long *first,
				  unsigned long *last)
{
	struct hms_range *range = hms_policy_first(tree, 0, ULONG_MAX);
	struct hms_policy *policy;

	if (!range)
		return NULL;
	hms_tree_remove(tree, range);
	*first = range->it.start;
	*last = range->it.last;
	policy = hms_policy_get(range->policy);
	hms_range_free(range);
	return policy;
}

/**
 * hms_policy_count - how many ranges overlap addresses
 * @tree: the tree, locked
 * @first: first address
 * @last: last address
 */
unsigned long hms_policy_count(struct hms_policy_tree *tree, unsigned long first,
			       unsigned long last)
{
	struct hms_range *range;
	unsigned long n = 0;

	for (range = hms_policy_first(tree, first, last); range;
	     range = hms_policy_next(range, first, last))
		n++;
	return n;
}

/* The neighbour at @address, when it wants the same. */
static struct hms_range *hms_policy_twin(struct hms_policy_tree *tree, unsigned long address,
					 const struct hms_policy *policy)
{
	struct hms_range *range = hms_policy_first(tree, address, address);

	return range && hms_policy_equal(range->policy, policy) ? range : NULL;
}

static struct hms_range *hms_policy_below(struct hms_policy_tree *tree, unsigned long first,
					  const struct hms_policy *policy)
{
	return first ? hms_policy_twin(tree, first - 1, policy) : NULL;
}

static struct hms_range *hms_policy_above(struct hms_policy_tree *tree, unsigned long last,
					  const struct hms_policy *policy)
{
	return last != ULONG_MAX ? hms_policy_twin(tree, last + 1, policy) : NULL;
}

/* A range that has these addresses and stays apart from its neighbours can stay in the tree. */
static bool hms_policy_swap(struct hms_policy_tree *tree, struct hms_policy_edit *edit,
			    unsigned long first, unsigned long last, struct hms_policy *policy)
{
	struct hms_range *range = hms_policy_first(tree, first, last);

	if (!range || range->it.start != first || range->it.last != last ||
	    hms_policy_below(tree, first, policy) || hms_policy_above(tree, last, policy))
		return false;
	tree->heritable -= range->policy->inherit;
	tree->heritable += policy->inherit;
	hms_policy_get(policy);
	hms_policy_put(range->policy);
	range->policy = policy;
	/* It may have lost its spare in a notifier. */
	if (!range->spare)
		range->spare = hms_edit_take(edit);
	return true;
}

/**
 * hms_policy_set - give a range a policy, in place of what it has
 * @tree: the tree, locked
 * @edit: from hms_policy_edit_prepare()
 * @first: first address
 * @last: last address
 * @policy: the policy; the tree takes references of its own
 *
 * Context: never sleeps, never fails.
 */
void hms_policy_set(struct hms_policy_tree *tree, struct hms_policy_edit *edit,
		    unsigned long first, unsigned long last, struct hms_policy *policy)
{
	struct hms_range *range, *twin;

	if (hms_policy_swap(tree, edit, first, last, policy))
		return;
	hms_policy_punch(tree, edit, first, last);

	range = hms_policy_below(tree, first, policy);
	if (range) {
		first = range->it.start;
		hms_tree_remove(tree, range);
	} else {
		range = hms_edit_take(edit);
		range->policy = hms_policy_get(policy);
	}
	/* One that grows may have lost its spare in a notifier. */
	if (!range->spare)
		range->spare = hms_edit_take(edit);
	twin = hms_policy_above(tree, last, policy);
	if (twin) {
		last = twin->it.last;
		hms_tree_remove(tree, twin);
		hms_edit_give(edit, twin);
	}
	hms_tree_insert(tree, range, first, last);
}

/**
 * hms_policy_set_whole - give all addresses that are in no range a policy
 * @tree: the tree, locked
 * @policy: the policy, or NULL for none; the tree takes a reference of its own
 *
 * Context: never sleeps, never fails.
 */
void hms_policy_set_whole(struct hms_policy_tree *tree, struct hms_policy *policy)
{
	if (tree->whole)
		tree->heritable -= tree->whole->inherit;
	hms_policy_put(tree->whole);
	tree->whole = policy ? hms_policy_get(policy) : NULL;
	if (policy)
		tree->heritable += policy->inherit;
}

/**
 * hms_policy_clone - give a child what it inherits, a part at a time
 * @to: its tree: empty before the first call, and nobody else sees it
 * @from: the tree of the parent, locked; not between calls, as there may be many ranges
 * @edit: prepared, before each call
 * @next: where to go on; 0 before the first call
 *
 * The policies are shared: they never change.
 *
 * Context: never sleeps, never fails.
 * Return: there is more.
 */
bool hms_policy_clone(struct hms_policy_tree *to, struct hms_policy_tree *from,
		      struct hms_policy_edit *edit, unsigned long *next)
{
	struct hms_range *range = hms_policy_first(from, *next, ULONG_MAX);
	unsigned int looks = HMS_POLICY_CLONE_LOOKS;

	if (!*next && from->whole && from->whole->inherit)
		hms_policy_set_whole(to, from->whole);
	for (; range; range = hms_policy_next(range, *next, ULONG_MAX)) {
		/* A range takes a node, and a spare. */
		if (!looks-- || edit->n < 2)
			return true;
		/* It may have grown to where the last call ended. */
		if (range->policy->inherit)
			hms_policy_set(to, edit, max(range->it.start, *next), range->it.last,
				       range->policy);
		if (range->it.last == ULONG_MAX)
			break;
		*next = range->it.last + 1;
	}
	return false;
}

/**
 * hms_policy_free_all - free the policies of a tree that nobody else sees
 * @tree: the tree, empty afterwards
 */
void hms_policy_free_all(struct hms_policy_tree *tree)
{
	struct hms_range *range, *next;

	/* From the leaves up: nothing is put in order for those that go next. */
	rbtree_postorder_for_each_entry_safe(range, next, &tree->root.rb_root, it.rb)
		hms_range_free(range);
	hms_policy_put(tree->whole);
	tree->whole = NULL;
	tree->root = RB_ROOT_CACHED;
	tree->nr = 0;
	tree->heritable = 0;
}

/**
 * hms_policy_first - the lowest range that overlaps addresses
 * @tree: the tree, locked
 * @first: first address
 * @last: last address
 */
struct hms_range *hms_policy_first(struct hms_policy_tree *tree, unsigned long first,
				   unsigned long last)
{
	struct interval_tree_node *it = interval_tree_iter_first(&tree->root, first, last);

	return it ? container_of(it, struct hms_range, it) : NULL;
}

/**
 * hms_policy_next - the next range that overlaps addresses
 * @range: one that does, of a tree that was locked since it was found
 * @first: first address
 * @last: last address
 *
 * Return: the range or NULL.
 */
struct hms_range *hms_policy_next(struct hms_range *range, unsigned long first,
				  unsigned long last)
{
	struct interval_tree_node *it = interval_tree_iter_next(&range->it, first, last);

	return it ? container_of(it, struct hms_range, it) : NULL;
}

/**
 * hms_policy_at - the policy of an address
 * @tree: the tree, locked
 * @address: the address
 * @last: an address from there on; becomes the last up to there for which the answer is the same
 *
 * Return: the policy, without a reference, or NULL.
 */
struct hms_policy *hms_policy_at(struct hms_policy_tree *tree, unsigned long address,
				 unsigned long *last)
{
	struct hms_range *range = hms_policy_first(tree, address, *last);

	if (range && range->it.start <= address) {
		*last = min(*last, range->it.last);
		return range->policy;
	}
	if (range)
		*last = range->it.start - 1;
	return tree->whole;
}

/* Where a policy has a target; its number of targets if it does not name it. */
static u32 hms_policy_find(const struct hms_policy *policy, u32 uid)
{
	u32 i;

	for (i = 0; i < policy->ntargets; i++) {
		if (policy->uids[i] == uid)
			break;
	}
	return i;
}

static void hms_policy_common_begin(struct hms_policy_common *common,
				    const struct hms_policy *policy)
{
	u32 i;

	common->begun = true;
	common->inherit = true;
	common->priority = policy->priority;
	common->mode = policy->mode;
	common->ntargets = policy->ntargets;
	for (i = 0; i < policy->ntargets; i++) {
		common->uids[i] = policy->uids[i];
		common->weights[i] = hms_policy_weight(policy, i);
	}
}

/**
 * hms_policy_intersect - keep of what a run of addresses has in common what its next range has too
 * @tree: the tree, locked; not between calls, as there may be many
 * @common: zeroed but for the first and the last address before the first call
 *
 * Return: 1 when there is more to look at, 0 when that was all, -ENOENT when an address has no
 * policy.
 */
int hms_policy_intersect(struct hms_policy_tree *tree, struct hms_policy_common *common)
{
	unsigned long last = common->last;
	const struct hms_policy *policy = hms_policy_at(tree, common->first, &last);
	u32 i, at, n = 0;
	u8 weight;

	if (!policy)
		return -ENOENT;
	if (!common->begun)
		hms_policy_common_begin(common, policy);
	if (common->mode != policy->mode)
		common->mode = HMS_MODE_DEFAULT;
	common->inherit &= policy->inherit;
	common->priority = min(common->priority, policy->priority);
	for (i = 0; i < common->ntargets; i++) {
		at = hms_policy_find(policy, common->uids[i]);
		if (at == policy->ntargets)
			continue;
		weight = common->weights[i];
		common->uids[n] = common->uids[i];
		common->weights[n++] = weight == hms_policy_weight(policy, at) ? weight : 0;
	}
	common->ntargets = n;
	if (last == common->last)
		return 0;
	common->first = last + 1;
	return 1;
}

/**
 * hms_policy_cuts - does a run of addresses lie in the middle of a range
 * @tree: the tree, locked
 * @first: first address
 * @last: last address
 *
 * A change there leaves two pieces of the range.
 */
bool hms_policy_cuts(struct hms_policy_tree *tree, unsigned long first, unsigned long last)
{
	struct hms_range *range = hms_policy_first(tree, first, last);

	return range && range->it.start < first && range->it.last > last;
}
