// SPDX-License-Identifier: GPL-2.0
/*
 * The policy tree against a plain array of pages, under random operations and failing
 * allocations.
 */
#include <errno.h>
#include <stdio.h>

#include "kselftest_harness.h"
#include "policy_model.h"

#define OPERATIONS	2000000

FIXTURE(policy)
{
	struct policy_model model;
};

FIXTURE_SETUP(policy)
{
	model_start(&self->model);
}

FIXTURE_TEARDOWN(policy)
{
	EXPECT_EQ(NULL, model_end(&self->model));
}

static unsigned long rnd(unsigned long n)
{
	static unsigned long state = 88172645463325252ul;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

/*
 * Mostly changes, mostly of few pages, and mostly with memory, so that there is a tree to change. A
 * clone takes as long as many of the others.
 */
static struct model_op random_op(void)
{
	static const unsigned char whats[] = {
		MODEL_SET, MODEL_SET, MODEL_SET, MODEL_SET, MODEL_SET, MODEL_SET, MODEL_CLEAR,
		MODEL_UNMAP, MODEL_UNMAP, MODEL_UNMAP, MODEL_INTERSECT,
		MODEL_CUT, MODEL_WHOLE,
	};

	return (struct model_op) {
		.what = rnd(64) ? whats[rnd(sizeof(whats))] : MODEL_CLONE,
		.first = rnd(MODEL_PAGES),
		.n = rnd(rnd(16) ? 8 : MODEL_PAGES),
		.which = rnd(256),
		.fail = rnd(4) ? 0 : rnd(8),
	};
}

/* A few seconds, but not on a machine that has other things to do. */
TEST_F_TIMEOUT(policy, random_operations, 120)
{
	for (long i = 0; i < OPERATIONS; i++) {
		struct model_op op = random_op();
		const char *wrong = model_step(&self->model, &op);

		ASSERT_EQ(NULL, wrong) { TH_LOG("operation %ld: %s", i, wrong); }
	}
}

static const char *step(struct policy_model *model, enum model_what what, int first, int last,
			int which, int fail)
{
	struct model_op op = { what, first, last - first, which, fail };

	return model_step(model, &op);
}

/*
 * With its spare a range survives one punch through the middle even when there is no memory at
 * all. The next one loses what is above it, and says so. A change nearby gives it a spare again.
 */
TEST_F(policy, spare)
{
	struct policy_model *model = &self->model;

	EXPECT_EQ(NULL, step(model, MODEL_SET, 1, 60, 0, 0));
	EXPECT_EQ(NULL, step(model, MODEL_UNMAP, 40, 40, 0, 7));
	EXPECT_EQ(2, model->tree.nr);
	EXPECT_EQ(0, model->tree.lost);
	EXPECT_EQ(2, model->spareless);
	EXPECT_EQ(NULL, step(model, MODEL_UNMAP, 20, 20, 0, 7));
	EXPECT_EQ(2, model->tree.nr);
	EXPECT_EQ(1, model->tree.lost);
	EXPECT_EQ(NULL, step(model, MODEL_SET, 0, 0, 0, 0));
	EXPECT_EQ(1, model->spareless);
	EXPECT_EQ(NULL, step(model, MODEL_UNMAP, 10, 10, 0, 7));
	EXPECT_EQ(3, model->tree.nr);
	EXPECT_EQ(1, model->tree.lost);
}

/* A punch that gets one of its allocations, or two, or all, or none; with a spare and without. */
TEST_F(policy, punch_fails)
{
	struct policy_model *model = &self->model;

	for (int fail = 0; fail < 64; fail++) {
		EXPECT_EQ(NULL, step(model, MODEL_SET, 0, MODEL_PAGES - 1, 0, 0));
		EXPECT_EQ(NULL, step(model, MODEL_UNMAP, 20, 20, 0, fail % 8));
		EXPECT_EQ(NULL, step(model, MODEL_UNMAP, 10, 10, 0, fail / 8));
		EXPECT_EQ(NULL, step(model, MODEL_UNMAP, 30, 30, 0, fail / 8));
		EXPECT_EQ(NULL, step(model, MODEL_CLEAR, 0, MODEL_PAGES - 1, 0, 0));
	}
}

/* A change that can't be prepared, or a clone that can't be made, leaves what there was. */
TEST_F(policy, memory_fails)
{
	struct policy_model *model = &self->model;
	struct hms_policy_edit edit = { };
	long before = unit_allocated;

	for (int n = 1; n <= HMS_POLICY_EDIT_NODES; n++) {
		unit_fail_at = n;
		EXPECT_EQ(-ENOMEM, hms_policy_edit_prepare(&edit));
		EXPECT_EQ(before, unit_allocated);
	}
	unit_fail_at = 1;
	EXPECT_EQ(NULL, policy_of(HMS_MODE_BIND, NULL, NULL, 0));
	unit_fail_at = 0;

	for (int i = 0; i < MODEL_PAGES; i++)
		EXPECT_EQ(NULL, step(model, MODEL_SET, i, i, i, 0));
	for (int n = 0; n <= HMS_POLICY_EDIT_NODES; n++)
		EXPECT_EQ(NULL, step(model, MODEL_SET, 9, 20, 8, n));
	for (int n = 0; n < 2 * MODEL_PAGES; n++)
		EXPECT_EQ(NULL, step(model, MODEL_CLONE, 0, 0, 0, n));
	EXPECT_EQ(NULL, step(model, MODEL_CLONE, 0, 0, MODEL_GO_ON, 0));
}

/* The parent is not locked all the time: what changes meanwhile is there once, or not at all. */
TEST_F(policy, clone_of_what_changes)
{
	struct hms_policy_tree child = { .root = RB_ROOT_CACHED };
	struct policy_model *model = &self->model;
	struct hms_policy_edit edit = { }, change = { };
	unsigned long next = 0, last = 0;
	struct hms_range *range;

	/* Inherited: kind 2, every other page. */
	for (int i = 0; i < MODEL_PAGES / 2; i += 2)
		EXPECT_EQ(NULL, step(model, MODEL_SET, i, i, 2, 0));
	ASSERT_EQ(0, hms_policy_edit_prepare(&edit));
	ASSERT_TRUE(hms_policy_clone(&child, &model->tree, &edit, &next));
	EXPECT_EQ(HMS_POLICY_EDIT_NODES / 2, child.nr);
	hms_policy_edit_drop(&edit);
	/* All of them become one, from before where the clone is to behind it. */
	ASSERT_EQ(0, hms_policy_edit_prepare(&change));
	hms_policy_set(&model->tree, &change, 0, 100 << 12, model->policies[2][0]);
	hms_policy_edit_drop(&change);
	ASSERT_EQ(0, hms_policy_edit_prepare(&edit));
	EXPECT_FALSE(hms_policy_clone(&child, &model->tree, &edit, &next));
	hms_policy_edit_drop(&edit);
	for (range = hms_policy_first(&child, 0, ULONG_MAX); range;
	     range = hms_policy_next(range, 0, ULONG_MAX)) {
		EXPECT_TRUE(!last || range->it.start > last + 1);
		last = range->it.last;
	}
	EXPECT_EQ(hms_policy_first(&model->tree, 0, ULONG_MAX)->it.last, last);
	EXPECT_EQ(child.nr, child.heritable);
	hms_policy_free_all(&child);
}

/* Two policies are the same when they ask for the same, be they one or two. */
TEST_F(policy, equal)
{
	for (int a = 1; a <= MODEL_KINDS; a++)
		for (int b = 1; b <= MODEL_KINDS; b++)
			EXPECT_EQ(a == b, hms_policy_equal(self->model.policies[a][0],
							   self->model.policies[b][1]));
}

/* Which target each of 12 pages wants, by rank. */
static const char *ranks(const struct hms_policy *policy, unsigned long number)
{
	static char text[13];

	for (int i = 0; i < 12; i++)
		text[i] = '0' + hms_policy_rank(policy, number + i);
	return text;
}

/* Page by page, whatever the number; the list of targets is followed as it is. */
TEST(rank)
{
	static const u32 uids[] = { 9, 4, 7 };
	static const struct {
		u32 mode, n;
		u8 weights[3];
		const char *low, *high;		/* from page 0 and from page 2^52 on */
	} cases[] = {
		{ HMS_MODE_BIND, 3, {}, "000000000000", "000000000000" },
		{ HMS_MODE_PREFERRED, 3, {}, "000000000000", "000000000000" },
		{ HMS_MODE_INTERLEAVE, 1, {}, "000000000000", "000000000000" },
		{ HMS_MODE_INTERLEAVE, 2, {}, "010101010101", "010101010101" },
		{ HMS_MODE_INTERLEAVE, 3, {}, "012012012012", "120120120120" },
		{ HMS_MODE_WEIGHTED, 1, { 5 }, "000000000000", "000000000000" },
		{ HMS_MODE_WEIGHTED, 3, { 1, 1, 1 }, "012012012012", "120120120120" },
		{ HMS_MODE_WEIGHTED, 2, { 3, 1 }, "000100010001", "000100010001" },
		{ HMS_MODE_WEIGHTED, 3, { 2, 1, 5 }, "001222220012", "001222220012" },
		{ HMS_MODE_WEIGHTED, 2, { 255, 1 }, "000000000000", "000000000000" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hms_policy *policy = policy_of(cases[i].mode, uids, cases[i].weights,
						      cases[i].n);

		EXPECT_STREQ(cases[i].low, ranks(policy, 0));
		EXPECT_STREQ(cases[i].high, ranks(policy, 1ul << 52));
		for (u32 t = 0; t < cases[i].n; t++)
			EXPECT_EQ(cases[i].weights[t], hms_policy_weight(policy, t));
		hms_policy_put(policy);
	}
}

/* As many targets as there may be, each with the greatest weight: each has its turns. */
TEST(rank_of_many)
{
	const unsigned long all = HMS_MAX_TARGETS * 255;
	u32 uids[HMS_MAX_TARGETS], seen[HMS_MAX_TARGETS] = { 0 };
	u8 weights[HMS_MAX_TARGETS];
	struct hms_policy *policy;

	for (u32 i = 0; i < HMS_MAX_TARGETS; i++)
		uids[i] = i + 1;
	memset(weights, 255, sizeof(weights));
	policy = policy_of(HMS_MODE_WEIGHTED, uids, weights, HMS_MAX_TARGETS);
	for (unsigned long number = ULONG_MAX - all + 1; number; number++)
		seen[hms_policy_rank(policy, number)]++;
	for (u32 i = 0; i < HMS_MAX_TARGETS; i++)
		EXPECT_EQ(255, seen[i]);
	hms_policy_put(policy);
}

/* What the kernel takes for so many bytes. */
static size_t kmalloc_size(size_t size)
{
	static const size_t classes[] = { 8, 16, 32, 64, 96, 128, 192, 256 };

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (size <= classes[i])
			return classes[i];
	return -1;
}

/*
 * A range takes 160 bytes at most, with its spare and a policy of its own of up to five targets, or
 * four with weights.
 */
TEST(size)
{
	static const u32 uids[] = { 1, 2, 3, 4, 5 };
	struct hms_policy_tree tree = { .root = RB_ROOT_CACHED };
	struct hms_policy_edit edit = { };
	struct hms_policy *policy;
	size_t bytes = 2 * kmalloc_size(sizeof(struct hms_range)) +
		       kmalloc_size(struct_size(policy, uids, 5));

	EXPECT_GE(160, bytes);
	EXPECT_EQ(kmalloc_size(struct_size(policy, uids, 5)),
		  kmalloc_size(struct_size(policy, uids, 4) + 4));
	for (unsigned long i = 1; i <= 1000; i++) {
		policy = policy_of(HMS_MODE_BIND, uids, NULL, 5);
		ASSERT_EQ(0, hms_policy_edit_prepare(&edit));
		hms_policy_set(&tree, &edit, i << 20, (i << 20) + 4095, policy);
		hms_policy_edit_drop(&edit);
		hms_policy_put(policy);
		/* These three, and nothing else. */
		ASSERT_EQ(3 * i, unit_allocated);
	}
	hms_policy_free_all(&tree);
	EXPECT_EQ(0, unit_allocated);
}

/* What replaces a range takes no memory but the first time: the nodes of one serve the next. */
TEST(nodes_serve_again)
{
	static const u32 uids[] = { 1, 2 };
	struct hms_policy_tree tree = { .root = RB_ROOT_CACHED };
	struct hms_policy *policy[2];
	struct hms_policy_edit edit = {};

	for (int i = 0; i < 2; i++)
		policy[i] = policy_of(HMS_MODE_BIND, &uids[i], NULL, 1);
	for (int i = 0; i < 10; i++) {
		/* The first takes what it needs, the second fills up what is left. */
		unit_fail_at = i > 1;
		ASSERT_EQ(0, hms_policy_edit_prepare(&edit));
		hms_policy_set(&tree, &edit, 4096, 8191, policy[i % 2]);
		unit_fail_at = 0;
	}
	/* Many at once give back more than there is room for. */
	for (unsigned long i = 2; i <= 10; i++) {
		ASSERT_EQ(0, hms_policy_edit_prepare(&edit));
		hms_policy_set(&tree, &edit, i << 20, (i << 20) + 4095, policy[0]);
	}
	hms_policy_punch(&tree, &edit, 0, ULONG_MAX);
	EXPECT_EQ(0, tree.nr);
	EXPECT_EQ(HMS_POLICY_EDIT_ROOM, edit.n);
	EXPECT_EQ(2 + HMS_POLICY_EDIT_ROOM, unit_allocated);
	hms_policy_edit_drop(&edit);
	for (int i = 0; i < 2; i++)
		hms_policy_put(policy[i]);
	EXPECT_EQ(0, unit_allocated);
}

TEST_HARNESS_MAIN
