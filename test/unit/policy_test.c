// SPDX-License-Identifier: GPL-2.0
/*
 * The policy tree against a plain array of pages, under random operations and failing
 * allocations.
 */
#include <errno.h>
#include <stdio.h>

#include "kselftest_harness.h"
#include "policy.h"

#define PAGES		256
#define PAGE		4096UL
#define KINDS		5
#define OPERATIONS	1000000

/* The model: which policy each page has, 0 for none. */
struct model {
	unsigned char page[PAGES];
};

static struct hms_policy *kinds[KINDS + 1];

static unsigned long rnd(unsigned long n)
{
	static unsigned long state = 88172645463325252ul;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

static void make_kinds(void)
{
	static const __u32 uids[] = { 3, 1, 4, 1, 5 };

	for (__u32 k = 1; k <= KINDS; k++)
		kinds[k] = hms_policy_new(k % 2, false, uids, k);
}

static void drop_kinds(void)
{
	for (int k = 1; k <= KINDS; k++)
		hms_policy_put(kinds[k]);
}

static int kind_of(const struct hms_policy *policy)
{
	for (int k = 1; k <= KINDS; k++) {
		if (hms_policy_equal(policy, kinds[k]))
			return k;
	}
	return -1;
}

static struct hms_range *next(struct hms_policy_tree *tree, const struct hms_range *range)
{
	return range->it.last == ULONG_MAX ? NULL :
	       hms_policy_first(tree, range->it.last + 1, ULONG_MAX);
}

/* What is wrong with the tree, or NULL: every page as in the model, sorted, merged, counted. */
static const char *compare(struct hms_policy_tree *tree, const struct model *model)
{
	unsigned long nr = 0, at = 0;
	struct hms_range *range, *last = NULL;

	for (range = hms_policy_first(tree, 0, ULONG_MAX); range;
	     range = next(tree, range)) {
		int kind = kind_of(range->policy);

		nr++;
		if (range->it.start % PAGE || (range->it.last + 1) % PAGE)
			return "not on page boundaries";
		if (last && last->it.last >= range->it.start)
			return "out of order, or overlapping";
		if (last && last->it.last + 1 == range->it.start &&
		    hms_policy_equal(last->policy, range->policy))
			return "equal neighbours not merged";
		for (; at < range->it.start / PAGE; at++) {
			if (model->page[at])
				return "a policy is missing";
		}
		for (; at <= range->it.last / PAGE; at++) {
			if (model->page[at] != kind)
				return "a page has the wrong policy";
		}
		last = range;
	}
	for (; at < PAGES; at++) {
		if (model->page[at])
			return "a policy is missing at the end";
	}
	return nr == tree->nr ? NULL : "miscounted";
}

TEST(random_operations)
{
	struct hms_policy_tree tree = { .root = RB_ROOT_CACHED };
	struct hms_policy_edit edit;
	struct model model = {};
	const char *wrong;

	make_kinds();
	for (long i = 0; i < OPERATIONS; i++) {
		unsigned long first = rnd(PAGES), n = 1 + rnd(PAGES - first);
		int kind = rnd(KINDS + 1);

		if (rnd(2) && n > 8)
			n = 1 + n % 8;
		if (rnd(4)) {
			ASSERT_EQ(0, hms_policy_edit_prepare(&edit));
			if (kind)
				hms_policy_set(&tree, &edit, first * PAGE,
					       (first + n) * PAGE - 1, kinds[kind]);
			else
				hms_policy_punch(&tree, &edit, first * PAGE,
						 (first + n) * PAGE - 1);
			hms_policy_edit_drop(&edit);
		} else {
			/* munmap: nothing prepared. */
			hms_policy_punch(&tree, NULL, first * PAGE, (first + n) * PAGE - 1);
			kind = 0;
		}
		memset(model.page + first, kind, n);
		if (i % 64 && i > 10000)
			continue;
		wrong = compare(&tree, &model);
		ASSERT_EQ(NULL, wrong) { TH_LOG("operation %ld: %s", i, wrong); }
	}
	EXPECT_EQ(0, tree.lost);
	hms_policy_free_all(&tree);
	EXPECT_EQ(0, tree.nr);
	drop_kinds();
	EXPECT_EQ(0, unit_allocated);
}

/*
 * With its spare a range survives one punch through the middle even when there is no memory at
 * all.
 */
TEST(spare)
{
	struct hms_policy_tree tree = { .root = RB_ROOT_CACHED };
	struct hms_policy_edit edit;
	struct model model = {};

	make_kinds();
	ASSERT_EQ(0, hms_policy_edit_prepare(&edit));
	hms_policy_set(&tree, &edit, 0, 100 * PAGE - 1, kinds[1]);
	hms_policy_edit_drop(&edit);
	memset(model.page, 1, 100);

	unit_fail_at = 1;
	hms_policy_punch(&tree, NULL, 50 * PAGE, 51 * PAGE - 1);
	EXPECT_EQ(0, unit_fail_at);	/* it did want a new spare, and did not get it */
	model.page[50] = 0;
	EXPECT_EQ(NULL, compare(&tree, &model));
	EXPECT_EQ(0, tree.lost);

	/* Both halves may be without one now. The next cut loses what is above it, and says so. */
	for (struct hms_range *range = hms_policy_first(&tree, 0, ULONG_MAX); range;
	     range = next(&tree, range)) {
		kfree(range->spare);
		range->spare = NULL;
	}
	unit_fail_at = 1;
	hms_policy_punch(&tree, NULL, 20 * PAGE, 21 * PAGE - 1);
	EXPECT_EQ(0, unit_fail_at);
	memset(model.page + 20, 0, 30);
	EXPECT_EQ(NULL, compare(&tree, &model));
	EXPECT_EQ(1, tree.lost);
	hms_policy_free_all(&tree);
	drop_kinds();
	EXPECT_EQ(0, unit_allocated);
}

/* A change that can't be prepared leaves nothing behind. */
TEST(prepare_fails)
{
	struct hms_policy_edit edit;

	for (int n = 1; n <= HMS_POLICY_EDIT_NODES; n++) {
		unit_fail_at = n;
		EXPECT_EQ(-ENOMEM, hms_policy_edit_prepare(&edit));
		EXPECT_EQ(0, unit_allocated);
	}
	unit_fail_at = 0;
	ASSERT_EQ(0, hms_policy_edit_prepare(&edit));
	EXPECT_EQ(HMS_POLICY_EDIT_NODES, unit_allocated);
	hms_policy_edit_drop(&edit);
	EXPECT_EQ(0, unit_allocated);
	unit_fail_at = 1;
	EXPECT_EQ(NULL, hms_policy_new(1, false, NULL, 0));
	unit_fail_at = 0;
}

/* A prepared change never allocates: any failure after it would be one too late. */
TEST(prepared_is_enough)
{
	struct hms_policy_tree tree = { .root = RB_ROOT_CACHED };
	struct hms_policy_edit edit;
	struct model model = {};

	make_kinds();
	for (long i = 0; i < 100000; i++) {
		unsigned long first = rnd(PAGES), n = 1 + rnd(PAGES - first);
		int kind = 1 + rnd(KINDS);
		long before;

		ASSERT_EQ(0, hms_policy_edit_prepare(&edit));
		before = unit_allocated;
		unit_fail_at = LONG_MAX;
		hms_policy_set(&tree, &edit, first * PAGE, (first + n) * PAGE - 1, kinds[kind]);
		ASSERT_EQ(LONG_MAX, unit_fail_at);
		ASSERT_GE(before, unit_allocated);
		unit_fail_at = 0;
		hms_policy_edit_drop(&edit);
		memset(model.page + first, kind, n);
	}
	EXPECT_EQ(NULL, compare(&tree, &model));
	EXPECT_EQ(0, tree.lost);
	hms_policy_free_all(&tree);
	drop_kinds();
	EXPECT_EQ(0, unit_allocated);
}

/* The very first and the very last address have neighbours on one side only. */
TEST(edges)
{
	struct hms_policy_tree tree = { .root = RB_ROOT_CACHED };
	struct hms_policy_edit edit;

	make_kinds();
	ASSERT_EQ(0, hms_policy_edit_prepare(&edit));
	hms_policy_set(&tree, &edit, 0, ULONG_MAX, kinds[2]);
	hms_policy_edit_drop(&edit);
	EXPECT_EQ(1, tree.nr);
	EXPECT_TRUE(hms_policy_cuts(&tree, PAGE, 2 * PAGE - 1));
	EXPECT_FALSE(hms_policy_cuts(&tree, 0, PAGE - 1));
	EXPECT_FALSE(hms_policy_cuts(&tree, PAGE, ULONG_MAX));
	hms_policy_punch(&tree, NULL, 0, PAGE - 1);
	hms_policy_punch(&tree, NULL, ULONG_MAX - PAGE + 1, ULONG_MAX);
	EXPECT_EQ(1, tree.nr);
	EXPECT_EQ(PAGE, hms_policy_first(&tree, 0, ULONG_MAX)->it.start);
	EXPECT_EQ(ULONG_MAX - PAGE, hms_policy_first(&tree, 0, ULONG_MAX)->it.last);
	hms_policy_punch(&tree, NULL, 0, ULONG_MAX);
	EXPECT_EQ(0, tree.nr);
	drop_kinds();
	EXPECT_EQ(0, unit_allocated);
}

TEST_HARNESS_MAIN
