// SPDX-License-Identifier: GPL-2.0
/* Drivers with an allocator of their own: they lend memory when it is wanted, and have it back. */

#include <sys/mman.h>
#include <time.h>

#include "hms_fixture.h"

#define SIZE		MiB(8)

HMS_FIXTURE(lend)

#define NEED_OWN	NEED_SIMS_WITH(2, "own", "the accelerators have no allocator")

static long long lent(void)
{
	return number_read(SIM_PARAMETERS "lent");
}

static bool lent_becomes(long long want)
{
	const struct timespec tick = { .tv_nsec = 10000000 };

	for (int i = 0; i < 1000 && lent() != want; i++)
		nanosleep(&tick, NULL);
	return lent() == want;
}

/* As much as is used, at once, and nothing when that is free. */
HMS_TEST(lend, as_wanted)
{
	char *p = area(SIZE), *copy = area(SIZE);
	struct request r;

	NEED_OWN;
	ASSERT_NE(NULL, p);
	ASSERT_NE(NULL, copy);
	EXPECT_TRUE(lent_becomes(0));
	fill(p, SIZE, 1);
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, migrate(self->e.fd, p, SIZE, self->e.sim[i], &r));
		EXPECT_EQ(SIZE / PAGE, r.h.moved);
		EXPECT_EQ(SIZE, target_used(self->e.sim[i]));
		EXPECT_TRUE(lent_becomes(SIZE / PAGE));
	}
	/* All of it, as the device sees it: half of it stays there. */
	ASSERT_EQ(0, sim_read(self->e.sim_fd[1], p, copy, SIZE));
	EXPECT_PATTERN(copy, SIZE, 1);
	/* A touch brings home nothing that the CPU can load from the device. */
	if (!self->e.private)
		ASSERT_EQ(0, migrate(self->e.fd, p, SIZE / 2, self->e.node[0], &r));
	EXPECT_PATTERN(p, SIZE / 2, 1);
	/* Touched in order, a little more has come home. */
	EXPECT_GE(SIZE / 2, target_used(self->e.sim[1]));
	EXPECT_TRUE(lent_becomes(target_used(self->e.sim[1]) / PAGE));
	ASSERT_EQ(0, munmap(p, SIZE));
	EXPECT_TRUE(used_becomes(self->e.sim[1], 0));
	EXPECT_TRUE(lent_becomes(0));
}

/*
 * The accelerator takes all of its memory: what it has not lent, and what programs have, who are
 * evicted for it. When it keeps less they may have some again.
 */
HMS_TEST(lend, taken_back)
{
	long long capacity = target_capacity(self->e.sim[0]);
	struct hms_sim_reserve keep = { .size = sizeof(keep), .length = capacity };
	char *p = area(SIZE);
	struct request r;

	NEED_OWN;
	ASSERT_NE(NULL, p);
	fill(p, SIZE, 1);
	ASSERT_EQ(0, migrate(self->e.fd, p, SIZE, self->e.sim[0], &r));
	ASSERT_EQ(0, call(self->e.sim_fd[0], HMS_SIM_RESERVE, &keep));
	EXPECT_EQ((__u64)capacity, keep.kept);
	EXPECT_EQ(0, target_used(self->e.sim[0]));
	EXPECT_PATTERN(p, SIZE, 1);
	ASSERT_EQ(0, migrate(self->e.fd, p, SIZE, self->e.sim[0], &r));
	EXPECT_EQ(0, r.h.moved);
	keep.length = capacity - SIZE / 2;
	ASSERT_EQ(0, call(self->e.sim_fd[0], HMS_SIM_RESERVE, &keep));
	EXPECT_EQ(keep.length, keep.kept);
	ASSERT_EQ(0, migrate(self->e.fd, p, SIZE, self->e.sim[0], &r));
	EXPECT_EQ(SIZE / 2 / PAGE, r.h.moved);
	EXPECT_PATTERN(p, SIZE, 1);
	ASSERT_EQ(0, munmap(p, SIZE));
	keep.length = 0;
	ASSERT_EQ(0, call(self->e.sim_fd[0], HMS_SIM_RESERVE, &keep));
	EXPECT_TRUE(lent_becomes(0));
}

TEST_HARNESS_MAIN
