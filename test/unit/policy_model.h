/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The policy tree and what it should be: an array of pages, to which the same is done. For the unit
 * tests, which do it at random, and for the fuzzer.
 */
#ifndef TEST_UNIT_POLICY_MODEL_H
#define TEST_UNIT_POLICY_MODEL_H

#include "kernel.h"

#include "policy.h"

#define MODEL_PAGES	64
#define MODEL_KINDS	10

enum model_what {
	MODEL_SET,		/* @which policy; allocation @fail fails, if there are so many */
	MODEL_CLEAR,		/* @fail: the same */
	MODEL_UNMAP,		/* as a notifier does; @fail: bits, which of its allocations fail */
	MODEL_CUT,		/* @fail: there is no memory at all */
	MODEL_CLONE,		/* @fail: as for set; @which: MODEL_GO_ON */
	MODEL_INTERSECT,
	MODEL_WHOLE,		/* @which policy, or none, for pages without one of their own */
	MODEL_WHATS,
};

#define MODEL_GO_ON	1	/* with the clone; else with the old tree */

/* An operation. Any bytes are one: each is taken modulo what there is. */
struct model_op {
	unsigned char what;	/* enum model_what */
	unsigned char first;	/* page */
	unsigned char n;	/* pages beyond the first */
	unsigned char which;
	unsigned char fail;
};

/**
 * struct policy_model - a tree and its model
 * @tree: the tree
 * @page: which kind of policy each page has, 0 for none
 * @whole: the kind of those that have none
 * @lost: what the tree should have lost
 * @spareless: at most so many ranges are without a spare
 * @policies: two of each kind, that are equal
 */
struct policy_model {
	struct hms_policy_tree tree;
	unsigned char page[MODEL_PAGES];
	unsigned char whole;
	unsigned long lost;
	unsigned long spareless;
	struct hms_policy *policies[MODEL_KINDS + 1][2];
};

struct hms_policy *policy_of(u32 mode, const u32 *uids, const u8 *weights, u32 n);
void model_start(struct policy_model *model);

/* Both return NULL, or what is wrong: the tree is not as the model, or something has leaked. */
const char *model_step(struct policy_model *model, const struct model_op *op);
const char *model_end(struct policy_model *model);

#endif /* TEST_UNIT_POLICY_MODEL_H */
