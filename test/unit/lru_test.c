// SPDX-License-Identifier: GPL-2.0
/* The order of eviction, and at random against a naive one. */
#include "kernel.h"

#include "kselftest_harness.h"
#include "lru.h"

#define NPAGES	64
#define SLICE	10

/* Of each priority one. */
static struct hms_policy *policies[HMS_PRIORITY_MAX + 1];

FIXTURE(lru)
{
	struct hms_lru lru;
};

FIXTURE_SETUP(lru)
{
	const u32 uid = 1;

	ASSERT_EQ(0, hms_lru_init(&self->lru, NPAGES));
	for (int p = 0; p <= HMS_PRIORITY_MAX; p++) {
		const struct hms_policy_terms terms = {
			.mode = HMS_MODE_PREFERRED, .ntargets = 1, .uids = &uid, .priority = p,
		};

		policies[p] = hms_policy_new(&terms);
		ASSERT_NE(NULL, policies[p]);
	}
}

FIXTURE_TEARDOWN(lru)
{
	for (unsigned long i = 0; i < NPAGES; i++)
		hms_lru_drop(&self->lru, &i, 1);
	/* No page has a reference any more. */
	for (int p = 0; p <= HMS_PRIORITY_MAX; p++) {
		EXPECT_EQ(1, policies[p]->ref.refs);
		hms_policy_put(policies[p]);
	}
	hms_lru_destroy(&self->lru);
	EXPECT_EQ(0, unit_allocated);
}

static void drop(struct hms_lru *lru, unsigned long index)
{
	hms_lru_drop(lru, &index, 1);
}

/* The next to leave for a priority, whoever asks. */
static unsigned long next(struct hms_lru *lru, u8 priority)
{
	const struct hms_lru_want want = { .priority = priority };

	return hms_lru_next(lru, &want, 0);
}

static void place(struct hms_lru *lru, unsigned long index, u8 priority, u32 serial)
{
	const struct hms_lru_place how = { .policy = policies[priority], .serial = serial };

	hms_lru_place(lru, index, 1, &how);
}

static void hold(struct hms_lru *lru, unsigned long index, u8 priority, u32 until)
{
	const struct hms_lru_place how = {
		.policy = policies[priority], .hold = true, .until = until,
	};

	hms_lru_place(lru, index, 1, &how);
}

static void change(struct hms_lru *lru, unsigned long index, u8 priority, bool stuck)
{
	const struct hms_lru_place how = {
		.policy = policies[priority], .stuck = stuck, .changes = lru->changes,
	};

	hms_lru_change(lru, index, &how);
}

TEST(no_memory)
{
	struct hms_lru lru;

	unit_fail_at = 1;
	EXPECT_EQ(-ENOMEM, hms_lru_init(&lru, NPAGES));
	unit_fail_at = 0;
	EXPECT_EQ(0, unit_allocated);
}

/* Nothing was placed, so nothing leaves; what was dropped does not either. */
TEST_F(lru, empty)
{
	EXPECT_EQ(HMS_LRU_NONE, next(&self->lru, HMS_PRIORITY_MAX));
	drop(&self->lru, 3);
	hms_lru_touch(&self->lru, 3, 1);
	change(&self->lru, 3, 1, false);
	change(&self->lru, 3, 1, true);
	EXPECT_EQ(HMS_LRU_NONE, next(&self->lru, HMS_PRIORITY_MAX));
	place(&self->lru, 3, 0, 1);
	drop(&self->lru, 3);
	EXPECT_EQ(HMS_LRU_NONE, next(&self->lru, HMS_PRIORITY_MAX));
}

/* The lowest priority first, whatever came when; nothing above that of who comes. */
TEST_F(lru, priority)
{
	for (int p = HMS_PRIORITY_MAX; p >= 0; p--)
		place(&self->lru, p, p, 1 + p);
	for (int p = 0; p <= HMS_PRIORITY_MAX; p++) {
		if (p)
			EXPECT_EQ(HMS_LRU_NONE, next(&self->lru, p - 1));
		EXPECT_EQ(p, next(&self->lru, HMS_PRIORITY_MAX));
		drop(&self->lru, p);
	}
	EXPECT_EQ(HMS_LRU_NONE, next(&self->lru, HMS_PRIORITY_MAX));
}

/* Placed again, or used, a page leaves last; another priority counts from when it is known. */
TEST_F(lru, used)
{
	for (int i = 0; i < 4; i++)
		place(&self->lru, i, 3, 1);
	hms_lru_touch(&self->lru, 0, 2);
	place(&self->lru, 1, 3, 3);
	change(&self->lru, 2, 5, false);
	for (int i = 0; i < 4; i++) {
		static const int order[] = { 3, 0, 1, 2 };

		EXPECT_EQ(order[i], next(&self->lru, HMS_PRIORITY_MAX));
		drop(&self->lru, order[i]);
	}
}

/* What could not leave is asked again after all others. */
TEST_F(lru, second_chance)
{
	for (int i = 0; i < 3; i++)
		place(&self->lru, i, 3, 1);
	for (int i = 0; i < 9; i++)
		EXPECT_EQ(i % 3, next(&self->lru, 3));
}

/* A request makes no room for itself. */
TEST_F(lru, own)
{
	const struct hms_lru_want want = { .priority = 3, .serial = 7 };

	place(&self->lru, 0, 3, 6);
	place(&self->lru, 1, 3, 7);
	place(&self->lru, 2, 2, 7);
	EXPECT_EQ(0, hms_lru_next(&self->lru, &want, 0));
	drop(&self->lru, 0);
	EXPECT_EQ(HMS_LRU_NONE, hms_lru_next(&self->lru, &want, 0));
	EXPECT_EQ(2, next(&self->lru, 3));
}

/* Its own pages hide no others, wherever they are in the list. */
TEST_F(lru, own_in_front)
{
	const struct hms_lru_want want = { .priority = 3, .serial = 7 };

	for (int i = 0; i < 3; i++)
		place(&self->lru, i, 3, 6);
	place(&self->lru, 3, 3, 7);
	for (int i = 0; i < 9; i++)
		EXPECT_EQ(i % 3, hms_lru_next(&self->lru, &want, 0));
	for (int i = 0; i < 3; i++)
		drop(&self->lru, i);
	EXPECT_EQ(HMS_LRU_NONE, hms_lru_next(&self->lru, &want, 0));
}

/* What has no other place is not asked, until some policy has changed: then each once, last. */
TEST_F(lru, stuck)
{
	const struct hms_lru_place how = { .policy = policies[0], .stuck = true };
	struct hms_lru_want want = { .priority = 2 };

	for (int i = 0; i < 3; i++)
		hms_lru_place(&self->lru, i, 1, &how);
	place(&self->lru, 3, 0, 1);
	hms_lru_touch(&self->lru, 1, 5);
	EXPECT_EQ(3, hms_lru_next(&self->lru, &want, 0));
	drop(&self->lru, 3);
	EXPECT_EQ(HMS_LRU_NONE, hms_lru_next(&self->lru, &want, 0));
	for (u32 changes = 1; changes < 3; changes++) {
		want.changes = changes;
		for (int i = 0; i < 3; i++) {
			EXPECT_EQ(i, hms_lru_next(&self->lru, &want, 0));
			change(&self->lru, i, 0, true);
		}
		EXPECT_EQ(HMS_LRU_NONE, hms_lru_next(&self->lru, &want, 0));
	}
	/* Forced, they leave all the same. */
	want.forced = true;
	EXPECT_EQ(0, hms_lru_next(&self->lru, &want, 0));
	want.forced = false;
	want.changes++;
	/* One that has left, and one that is no more stuck. */
	drop(&self->lru, 1);
	EXPECT_EQ(2, hms_lru_next(&self->lru, &want, 0));
	change(&self->lru, 2, 1, false);
	EXPECT_EQ(2, hms_lru_next(&self->lru, &want, 0));
	drop(&self->lru, 2);
	EXPECT_EQ(0, hms_lru_next(&self->lru, &want, 0));
	drop(&self->lru, 0);
	EXPECT_EQ(0, self->lru.nstuck);
	EXPECT_EQ(0, self->lru.unchecked);
}

/* What came back stays for a while, unless all has to go. The clock may go past its end. */
TEST_F(lru, held)
{
	struct hms_lru_want want = { .priority = HMS_PRIORITY_MAX };
	const u32 now = U32_MAX - 3;

	hold(&self->lru, 0, 1, now + SLICE);
	hms_lru_touch(&self->lru, 0, 5);
	change(&self->lru, 0, 7, true);
	EXPECT_EQ(HMS_LRU_NONE, hms_lru_next(&self->lru, &want, now));
	EXPECT_EQ(HMS_LRU_NONE, hms_lru_next(&self->lru, &want, now + SLICE - 1));
	want.forced = true;
	EXPECT_EQ(0, hms_lru_next(&self->lru, &want, now));
	want.forced = false;
	place(&self->lru, 1, 1, 9);
	EXPECT_EQ(1, hms_lru_next(&self->lru, &want, now + SLICE));
	EXPECT_EQ(0, hms_lru_next(&self->lru, &want, now + SLICE));
	hold(&self->lru, 0, 1, now + 3 * SLICE);
	drop(&self->lru, 0);
	drop(&self->lru, 1);
	want.forced = true;
	EXPECT_EQ(HMS_LRU_NONE, hms_lru_next(&self->lru, &want, now + SLICE));
}

/* The pages of a large one are what it was; when it was not placed, they are not. */
TEST_F(lru, split)
{
	hms_lru_split(&self->lru, 9, 8);
	EXPECT_EQ(HMS_LRU_NONE, next(&self->lru, HMS_PRIORITY_MAX));
	place(&self->lru, 0, 2, 5);
	place(&self->lru, 20, 2, 6);
	for (int i = 1; i < 4; i++) {
		hms_lru_split(&self->lru, i, 0);
		EXPECT_TRUE(hms_lru_goes_with(&self->lru, i, &self->lru.pages[0], true));
	}
	EXPECT_EQ(HMS_LRU_NONE, next(&self->lru, 1));
	for (int i = 0; i < 4; i++) {
		unsigned long page = next(&self->lru, 2);

		EXPECT_GT(4, page);
		drop(&self->lru, page);
	}
	EXPECT_EQ(20, next(&self->lru, 2));
}

/* What holds up one of many does not hold up those behind them. */
TEST_F(lru, defer)
{
	for (int i = 0; i < 10; i++)
		place(&self->lru, i, 3, 5);
	place(&self->lru, 10, 3, 6);
	place(&self->lru, 11, 3, 0);
	place(&self->lru, 12, 3, 0);
	EXPECT_EQ(0, next(&self->lru, 3));
	hms_lru_defer(&self->lru, 0);
	EXPECT_EQ(10, next(&self->lru, 3));
	hms_lru_defer(&self->lru, 10);
	/* Of these nobody knows whether they belong together. */
	EXPECT_EQ(11, next(&self->lru, 3));
	hms_lru_defer(&self->lru, 11);
	EXPECT_EQ(12, next(&self->lru, 3));
	/* Alone, it is its own neighbour. */
	for (int i = 0; i < 13; i++)
		if (i != 4)
			drop(&self->lru, i);
	EXPECT_EQ(4, next(&self->lru, 3));
	hms_lru_defer(&self->lru, 4);
	EXPECT_EQ(4, next(&self->lru, 3));
	drop(&self->lru, 4);
	hms_lru_defer(&self->lru, 4);
	EXPECT_EQ(HMS_LRU_NONE, next(&self->lru, 3));
}

/* The number of a round comes again: what was counted then is not counted now. */
TEST_F(lru, round_comes_again)
{
	const struct hms_lru_place how = { .policy = policies[0], .stuck = true };
	struct hms_lru_want want = { .priority = 3 };

	for (int i = 0; i < 3; i++)
		hms_lru_place(&self->lru, i, 1, &how);
	place(&self->lru, 3, 0, 1);
	for (int i = 0; i < 1 << 24; i++) {
		want.changes++;
		ASSERT_EQ(3, hms_lru_next(&self->lru, &want, 0));
	}
	for (int i = 0; i < 4; i++)
		drop(&self->lru, i);
	EXPECT_EQ(HMS_LRU_NONE, hms_lru_next(&self->lru, &want, 0));
}

/* Those of the same request and policy, and the page itself. */
TEST_F(lru, goes_with)
{
	place(&self->lru, 0, 2, 5);
	place(&self->lru, 1, 2, 5);
	place(&self->lru, 2, 3, 5);
	place(&self->lru, 3, 2, 6);
	place(&self->lru, 5, 2, 0);
	place(&self->lru, 6, 2, 0);
	EXPECT_TRUE(hms_lru_goes_with(&self->lru, 0, &self->lru.pages[0], true));
	EXPECT_TRUE(hms_lru_goes_with(&self->lru, 1, &self->lru.pages[0], true));
	for (int i = 2; i < 5; i++)
		EXPECT_FALSE(hms_lru_goes_with(&self->lru, i, &self->lru.pages[0], true));
	/* Of these nobody knows who has placed them. */
	EXPECT_FALSE(hms_lru_goes_with(&self->lru, 6, &self->lru.pages[5], true));
	drop(&self->lru, 1);
	EXPECT_FALSE(hms_lru_goes_with(&self->lru, 1, &self->lru.pages[0], true));
}

/* A page has a reference to its policy, however it comes, changes and goes. */
TEST_F(lru, policy)
{
	const struct hms_lru_place how = { .policy = policies[2], .serial = 5 };
	const struct hms_lru_place none = { .serial = 5 };

	hms_lru_place(&self->lru, 0, 10, &how);
	EXPECT_EQ(11, policies[2]->ref.refs);
	/* Again, in part under another, or none. */
	place(&self->lru, 3, 3, 6);
	hms_lru_place(&self->lru, 4, 1, &none);
	EXPECT_EQ(9, policies[2]->ref.refs);
	EXPECT_EQ(2, policies[3]->ref.refs);
	EXPECT_EQ(NULL, self->lru.pages[4].policy);
	change(&self->lru, 4, 2, false);
	change(&self->lru, 5, 3, true);
	EXPECT_EQ(9, policies[2]->ref.refs);
	EXPECT_EQ(3, policies[3]->ref.refs);
	hms_lru_split(&self->lru, 20, 0);
	EXPECT_EQ(10, policies[2]->ref.refs);
	hms_lru_drop(&self->lru, (unsigned long[]) { 0, 1, 3, 30, 5, 4, 2 }, 7);
	EXPECT_EQ(6, policies[2]->ref.refs);
	EXPECT_EQ(1, policies[3]->ref.refs);
	/* What has left has none to change. */
	change(&self->lru, 0, 3, false);
	EXPECT_EQ(1, policies[3]->ref.refs);
}

/* It is sure to be that of its address as long as no policy has changed since it was asked for. */
TEST_F(lru, sure)
{
	struct hms_lru_place how = { .policy = policies[1], .changes = 4 };
	struct hms_lru_want want = { .priority = 3, .changes = 4 };

	hms_lru_place(&self->lru, 0, 1, &how);
	how.policy = policies[2];
	hms_lru_place(&self->lru, 1, 1, &how);
	EXPECT_EQ(0, hms_lru_next(&self->lru, &want, 0));
	EXPECT_TRUE(hms_lru_is_sure(&self->lru, &self->lru.pages[0]));
	want.changes++;
	EXPECT_EQ(0, hms_lru_next(&self->lru, &want, 0));
	EXPECT_FALSE(hms_lru_is_sure(&self->lru, &self->lru.pages[0]));
	EXPECT_FALSE(hms_lru_is_sure(&self->lru, &self->lru.pages[1]));
	change(&self->lru, 1, 0, false);
	EXPECT_TRUE(hms_lru_is_sure(&self->lru, &self->lru.pages[1]));
	/* What was asked for before does not become so by coming late, nor is it known as stuck. */
	how.stuck = true;
	hms_lru_place(&self->lru, 2, 1, &how);
	EXPECT_FALSE(hms_lru_is_sure(&self->lru, &self->lru.pages[2]));
	EXPECT_TRUE(self->lru.pages[2].state == HMS_LRU_READY);
	hms_lru_change(&self->lru, 1, &how);
	EXPECT_FALSE(hms_lru_is_sure(&self->lru, &self->lru.pages[1]));
	/* Who comes with news begins a round, and those of another one do not leave with it. */
	how.changes = 6;
	how.stuck = false;
	hms_lru_place(&self->lru, 3, 1, &how);
	EXPECT_EQ(6, self->lru.changes);
	EXPECT_TRUE(hms_lru_is_sure(&self->lru, &self->lru.pages[3]));
	how.serial = 9;
	hms_lru_place(&self->lru, 4, 2, &how);
	how.changes = 7;
	hms_lru_place(&self->lru, 6, 1, &how);
	EXPECT_TRUE(hms_lru_goes_with(&self->lru, 4, &self->lru.pages[5], true));
	EXPECT_FALSE(hms_lru_goes_with(&self->lru, 6, &self->lru.pages[5], true));
	EXPECT_TRUE(hms_lru_goes_with(&self->lru, 6, &self->lru.pages[5], false));
	EXPECT_TRUE(hms_lru_is_as_known(&self->lru, 6, &self->lru.pages[5]));
	EXPECT_FALSE(hms_lru_is_as_known(&self->lru, 3, &self->lru.pages[5]));
	/* The parts of a large page are asked each for its own. */
	hms_lru_split(&self->lru, 8, 6);
	EXPECT_FALSE(hms_lru_is_sure(&self->lru, &self->lru.pages[6]));
	EXPECT_FALSE(hms_lru_is_sure(&self->lru, &self->lru.pages[8]));
	EXPECT_TRUE(hms_lru_goes_with(&self->lru, 8, &self->lru.pages[6], true));
	/* What is stuck is never sure, as it is only looked at to see whether it is so still. */
	how.stuck = true;
	hms_lru_place(&self->lru, 7, 1, &how);
	EXPECT_TRUE(self->lru.pages[7].state == HMS_LRU_STUCK);
	EXPECT_FALSE(hms_lru_is_sure(&self->lru, &self->lru.pages[7]));
}

/* At random, against numbers that only rise. */
TEST_F(lru, random)
{
	unsigned long when[NPAGES] = { 0 }, clock = 0;
	u8 priority[NPAGES] = { 0 };
	u64 state = 1;

	for (int n = 0; n < 1000000; n++) {
		unsigned long want = HMS_LRU_NONE, page, i;
		u8 p;

		state = state * 6364136223846793005ULL + 1442695040888963407ULL;
		page = (state >> 33) % NPAGES;
		p = (state >> 45) % (HMS_PRIORITY_MAX + 1);
		switch ((state >> 55) % 4) {
		case 0:
			place(&self->lru, page, p, 1);
			when[page] = ++clock;
			priority[page] = p;
			break;
		case 1:
			hms_lru_touch(&self->lru, page, 1);
			if (when[page])
				when[page] = ++clock;
			break;
		case 2:
			drop(&self->lru, page);
			when[page] = 0;
			break;
		default:
			for (i = 0; i < NPAGES; i++) {
				if (!when[i] || priority[i] > p)
					continue;
				if (want == HMS_LRU_NONE || priority[i] < priority[want] ||
				    (priority[i] == priority[want] && when[i] < when[want]))
					want = i;
			}
			ASSERT_EQ(want, next(&self->lru, p));
			if (want != HMS_LRU_NONE)
				when[want] = ++clock;
		}
	}
}

TEST_HARNESS_MAIN
