// SPDX-License-Identifier: GPL-2.0
/* Memory of a device that fails, or goes without notice: SIGBUS for who touches what was there. */

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hms_fixture.h"
#include "module.h"

#define SIZE	MiB(2)
#define NPAGES	(SIZE / PAGE)

FIXTURE(lost)
{
	struct env e;
};

FIXTURE_SETUP(lost)
{
	ASSERT_STREQ("", env_open(&self->e));
	NEED_PRIVATE(2);
}

FIXTURE_TEARDOWN_PARENT(lost)
{
	EXPECT_EQ(0, modules_load_all());
	EXPECT_USED_AS_BEFORE(&self->e);
}

/* Memory on an accelerator, and in its page table. */
static char *memory_on(FIXTURE_DATA(lost) *self, int sim, size_t length, __u64 seed, bool huge)
{
	char *p = huge ? area_huge(length) : area(length);
	struct hms_sim_op op;

	if (!p)
		return NULL;
	fill(p, length, seed);
	if (migrate(self->e.fd, p, length, self->e.sim[sim], NULL) ||
	    sim_op(self->e.sim_fd[sim], HMS_SIM_SUM, p, length, NULL, 0, &op) ||
	    op.local != length / PAGE)
		return NULL;
	return p;
}

HMS_TEST(lost, some)
{
	char *p = memory_on(self, 0, SIZE, 1, false);
	long long lost = stat_read("lost"), touched = stat_read("lost_touched");
	struct request r;
	__u64 failed;
	int pipes[2];

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, sim_fail(self->e.sim_fd[0], p + 10 * PAGE, 5 * PAGE, &failed));
	EXPECT_EQ(5, failed);
	EXPECT_EQ(lost + 5, stat_read("lost"));
	/* Again it is nothing new. */
	ASSERT_EQ(0, sim_fail(self->e.sim_fd[0], p + 10 * PAGE, 5 * PAGE, &failed));
	EXPECT_EQ(0, failed);
	EXPECT_EQ(lost + 5, stat_read("lost"));

	EXPECT_TRUE(is_lost(p + 12 * PAGE + 77, false));
	EXPECT_TRUE(is_lost(p + 14 * PAGE, true));
	EXPECT_EQ(touched + 2, stat_read("lost_touched"));
	/* The device is told, too, another one, and the kernel. */
	EXPECT_EQ(-EHWPOISON, sim_op(self->e.sim_fd[0], HMS_SIM_SUM, p + 11 * PAGE, PAGE, NULL, 0,
				     NULL));
	EXPECT_EQ(-EFAULT, sim_op(self->e.sim_fd[1], HMS_SIM_SUM, p + 11 * PAGE, PAGE, NULL, 0,
				  NULL));
	ASSERT_EQ(0, pipe(pipes));
	EXPECT_EQ(-1, write(pipes[1], p + 11 * PAGE, PAGE));
	EXPECT_EQ(EFAULT, errno);
	/* A request moves the others, and says so of these. */
	ASSERT_EQ(0, migrate(self->e.fd, p, SIZE, self->e.node[0], &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(NPAGES - 5, r.h.moved);
	EXPECT_EQ(5, r.h.skipped[HMS_SKIP_COPY]);
	EXPECT_EQ(u64_ptr(p + 10 * PAGE), r.h.first_skipped);
	EXPECT_EQ(0, migrate(self->e.fd, p + 10 * PAGE, 5 * PAGE, self->e.sim[1], &r));
	EXPECT_EQ(5, r.h.skipped[HMS_SKIP_COPY]);
	EXPECT_TRUE(is_lost(p + 10 * PAGE, false));
	EXPECT_PATTERN(p, 10 * PAGE, 1);
	for (size_t i = 15; i < NPAGES; i++)
		ASSERT_FALSE(is_lost(p + i * PAGE, false));
	EXPECT_PATTERN_PART(p, 15 * PAGE, SIZE - 15 * PAGE, 1);
	/* The address is good for new memory. */
	ASSERT_EQ(0, madvise(p + 10 * PAGE, 5 * PAGE, MADV_DONTNEED));
	EXPECT_ZERO(p + 10 * PAGE, 5 * PAGE);
}

/* Touches in order bring home what is around it. */
HMS_TEST(lost, among_touches)
{
	char *p = memory_on(self, 0, SIZE, 1, false);
	__u64 failed;

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, sim_fail(self->e.sim_fd[0], p + 100 * PAGE, PAGE, &failed));
	ASSERT_EQ(1, failed);
	for (size_t i = 0; i < NPAGES; i++)
		ASSERT_EQ(i == 100, is_lost(p + i * PAGE, false));
	EXPECT_PATTERN(p, 100 * PAGE, 1);
	EXPECT_PATTERN_PART(p, 101 * PAGE, SIZE - 101 * PAGE, 1);
}

/*
 * A device that may not write its own page has it brought home first, as after a fork. One that is
 * lost is said to be lost then, too.
 */
HMS_TEST(lost, not_writable)
{
	char *p = memory_on(self, 0, 2 * PAGE, 1, false);
	struct peer child;
	__u64 failed;

	ASSERT_NE(NULL, p);
	if (!peer_fork(&child)) {
		hear(&child);
		_exit(verify_part(p, PAGE, PAGE, 1) >= 0);
	}
	/* What the fork has taken from the device, it reads again. */
	ASSERT_EQ(0, sim_op(self->e.sim_fd[0], HMS_SIM_SUM, p, 2 * PAGE, NULL, 0, NULL));
	ASSERT_EQ(0, sim_fail(self->e.sim_fd[0], p, PAGE, &failed));
	ASSERT_EQ(1, failed);
	EXPECT_EQ(-EHWPOISON, sim_write(self->e.sim_fd[0], p, "x", 1));
	EXPECT_EQ(0, sim_write(self->e.sim_fd[0], p + PAGE, "x", 1));
	EXPECT_EQ('x', p[PAGE]);
	EXPECT_PATTERN_PART(p, PAGE + 8, PAGE - 8, 1);
	ASSERT_EQ(0, tell(&child));
	EXPECT_EQ(0, peer_wait(&child));
}

/* Of a large page only what has failed. */
HMS_TEST(lost, part_of_a_large_page)
{
	char *p = memory_on(self, 0, SIZE, 1, true);
	struct request r;
	__u64 failed;

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, sim_fail(self->e.sim_fd[0], p, PAGE, &failed));
	ASSERT_EQ(1, failed);
	ASSERT_EQ(0, sim_fail(self->e.sim_fd[0], p + 300 * PAGE, PAGE, &failed));
	ASSERT_EQ(1, failed);
	EXPECT_TRUE(is_lost(p, false));
	EXPECT_TRUE(is_lost(p + 300 * PAGE, false));
	EXPECT_FALSE(is_lost(p + 200 * PAGE, false));
	ASSERT_EQ(0, migrate(self->e.fd, p, SIZE, self->e.node[0], &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(2, r.h.skipped[HMS_SKIP_COPY]);
	for (size_t i = 0; i < NPAGES; i++)
		ASSERT_EQ(i == 0 || i == 300, is_lost(p + i * PAGE, false));
	EXPECT_PATTERN_PART(p, PAGE, 299 * PAGE, 1);
	EXPECT_PATTERN_PART(p, 301 * PAGE, SIZE - 301 * PAGE, 1);
}

/* What has failed is not given to anybody again. */
HMS_TEST(lost, out_of_use)
{
	long long capacity = target_capacity(self->e.sim[1]), used = target_used(self->e.sim[1]);
	char *p = memory_on(self, 1, 8 * PAGE, 1, false), *q;
	struct request r;
	__u64 failed;

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, sim_fail(self->e.sim_fd[1], p, 8 * PAGE, &failed));
	ASSERT_EQ(8, failed);
	ASSERT_EQ(0, munmap(p, 8 * PAGE));
	ASSERT_TRUE(used_becomes(self->e.sim[1], used));
	q = area(capacity);
	ASSERT_NE(NULL, q);
	ASSERT_EQ(0, populate(self->e.fd, q, capacity, self->e.sim[1], &r));
	/* Other tests may have made some fail. */
	EXPECT_LE(r.h.populated, (capacity - used) / PAGE - 8);
	EXPECT_TRUE(sim_sees_zeros(self->e.sim_fd[1], q, capacity));
	ASSERT_EQ(0, munmap(q, capacity));
	EXPECT_TRUE(used_becomes(self->e.sim[1], used));
}

HMS_TEST(lost, refused)
{
	char *p = memory_on(self, 0, PAGE, 1, false);
	struct hms_sim_fail arg;
	__u64 failed;

	ASSERT_NE(NULL, p);
	EXPECT_EQ(-EINVAL, sim_fail(self->e.sim_fd[0], p + 1, PAGE, &failed));
	EXPECT_EQ(-EINVAL, sim_fail(self->e.sim_fd[0], p, 1, &failed));
	EXPECT_EQ(-EINVAL, sim_fail(self->e.sim_fd[0], p, -PAGE, &failed));
	arg = (struct hms_sim_fail){ .size = sizeof(arg), .flags = 1, .address = u64_ptr(p) };
	EXPECT_EQ(-EINVAL, call(self->e.sim_fd[0], HMS_SIM_FAIL, &arg));
	ASSERT_EQ(0, seteuid(1000));
	EXPECT_EQ(-EPERM, sim_fail(self->e.sim_fd[0], p, PAGE, &failed));
	EXPECT_PATTERN(p, PAGE, 1);
}

/*
 * A device goes without notice. What was there stays lost when its driver has gone, too, for parent
 * and child; all else is as it was.
 */
HMS_TEST(lost, gone)
{
	char *p = memory_on(self, 0, SIZE, 1, false), *huge = memory_on(self, 0, SIZE, 2, true);
	char *q = memory_on(self, 1, SIZE, 3, false);
	char *failed_at = memory_on(self, 1, PAGE, 4, false);
	long long lost = stat_read("lost");
	struct request r;
	struct peer child;
	__u64 failed;

	ASSERT_NE(NULL, p);
	ASSERT_NE(NULL, huge);
	ASSERT_NE(NULL, q);
	ASSERT_NE(NULL, failed_at);
	ASSERT_EQ(0, sim_fail(self->e.sim_fd[1], failed_at, PAGE, &failed));
	ASSERT_EQ(1, failed);
	if (!peer_fork(&child)) {
		env_close(&self->e);
		tell(&child);
		hear(&child);
		for (size_t i = 0; i < NPAGES; i++)
			if (!is_lost(p + i * PAGE, i % 2))
				_exit(1);
		_exit(0);
	}
	hear(&child);
	EXPECT_NE(0, text_write("/sys/module/hms_sim/parameters/gone", "99"));
	ASSERT_EQ(0, text_write("/sys/module/hms_sim/parameters/gone", "0"));
	EXPECT_EQ(lost + 1 + 2 * (long long)NPAGES, stat_read("lost"));
	EXPECT_TRUE(is_lost(p, false));
	EXPECT_TRUE(is_lost(huge + SIZE - 1, true));
	ASSERT_EQ(0, migrate(self->e.fd, p, SIZE, self->e.node[0], &r));
	EXPECT_EQ(NPAGES, r.h.skipped[HMS_SKIP_COPY]);
	/* Nothing is put there any more. */
	ASSERT_EQ(0, migrate(self->e.fd, q, SIZE, self->e.sim[0], &r));
	EXPECT_EQ(0, r.h.moved);
	env_close(&self->e);
	/* The child has closed its own. */
	ASSERT_EQ(0, sim_unload());
	EXPECT_PATTERN(q, SIZE, 3);
	for (size_t i = 0; i < NPAGES; i++) {
		ASSERT_TRUE(is_lost(p + i * PAGE, i % 2));
		ASSERT_TRUE(is_lost(huge + i * PAGE, false));
	}
	EXPECT_TRUE(is_lost(failed_at, false));
	ASSERT_EQ(0, munmap(p, SIZE));
	tell(&child);
	EXPECT_EQ(0, peer_wait(&child));
	EXPECT_TRUE(is_lost(huge, true));
	/* A new one has nothing of it. */
	ASSERT_EQ(0, sim_load());
	ASSERT_STREQ("", env_open(&self->e));
	EXPECT_EQ((long)NPAGES, pages_on(self->e.fd, huge, SIZE, ON_UNKNOWN));
	ASSERT_EQ(0, migrate(self->e.fd, huge, SIZE, self->e.sim[0], &r));
	EXPECT_EQ(NPAGES, r.h.skipped[HMS_SKIP_COPY]);
	ASSERT_EQ(0, munmap(huge, SIZE));
	ASSERT_EQ(0, munmap(failed_at, PAGE));
	for (int i = 0; i < self->e.nsims; i++)
		self->e.used[i] = target_used(self->e.sim[i]);
}

TEST_HARNESS_MAIN
