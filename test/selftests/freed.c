// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of a device that were freed by one CPU and are wanted by another: each CPU keeps some of
 * what it has freed for a while, which nobody may notice.
 */

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hms_fixture.h"

#define FEW	50UL	/* pages: fewer than what a CPU keeps */

FIXTURE(freed)
{
	struct env e;
	char *all;	/* fills accelerator 0 */
	size_t length;
};

FIXTURE_SETUP(freed)
{
	ASSERT_STREQ("", env_open(&self->e));
	NEED_SIMS(1);
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "there is one CPU");
	ASSERT_EQ(0, run_on(0));
	self->all = fill_target(&self->e, 0, 0, &self->length);
	ASSERT_NE(NULL, self->all);
}

FIXTURE_TEARDOWN_PARENT(freed)
{
	EXPECT_USED_AS_BEFORE(&self->e);
}

/* CPU 1 frees every @step'th of so many pages, from the first on, or from the last on. */
static int free_there(char *p, unsigned long pages, long step)
{
	int ret = run_on(1);

	for (unsigned long i = 0; i < pages && !ret; i += labs(step)) {
		if (munmap(p + (step > 0 ? i : pages - 1 - i) * PAGE, PAGE))
			ret = -errno;
	}
	return ret ?: run_on(0);
}

/* Pages of the device for memory that nobody has touched; nothing there could leave for them. */
static struct request *ask(FIXTURE_DATA(freed) *self, struct request *r, char *p,
			   unsigned long pages)
{
	request_target(request_init(r, p, pages * PAGE), self->e.sim[0]);
	request_modifier(r, HMS_MOD_MODE, HMS_MODE_BIND);
	return request_modifier(r, HMS_MOD_POPULATE, 1);
}

/* As many as were freed come back, and not one more. */
static void come_back(struct __test_metadata *_metadata, FIXTURE_DATA(freed) *self,
		      unsigned long pages)
{
	char *p = area((pages + 1) * PAGE);
	struct request r;

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, request_send(ask(self, &r, p, pages + 1), self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(pages, r.h.populated);
	EXPECT_EQ(1, r.h.skipped[HMS_SKIP_NOMEM]);
	EXPECT_EQ((long)pages, pages_on(self->e.fd, p, pages * PAGE, self->e.sim[0]));
	EXPECT_ZERO(p, pages * PAGE);
	fill(p, pages * PAGE, 1);
	EXPECT_PATTERN(p, pages * PAGE, 1);
}

HMS_TEST(freed, few)
{
	ASSERT_EQ(0, free_there(self->all, FEW, 1));
	come_back(_metadata, self, FEW);
}

HMS_TEST(freed, backwards)
{
	ASSERT_EQ(0, free_there(self->all, FEW, -1));
	come_back(_metadata, self, FEW);
}

HMS_TEST(freed, here_and_there)
{
	ASSERT_EQ(0, free_there(self->all, self->length / PAGE, 3));
	come_back(_metadata, self, (self->length / PAGE + 2) / 3);
}

/* What both have freed. */
HMS_TEST(freed, by_both)
{
	ASSERT_EQ(0, free_there(self->all, FEW, 1));
	ASSERT_EQ(0, munmap(self->all + FEW * PAGE, FEW * PAGE));
	come_back(_metadata, self, 2 * FEW);
}

/* A single page is had in another way. */
HMS_TEST(freed, one)
{
	ASSERT_EQ(0, free_there(self->all, 1, 1));
	come_back(_metadata, self, 1);
}

HMS_TEST(freed, used)
{
	long long used = target_used(self->e.sim[0]);

	ASSERT_EQ(0, free_there(self->all, FEW, 1));
	EXPECT_EQ(used - (long long)(FEW * PAGE), target_used(self->e.sim[0]));
}

/* Nobody leaves for what there is room for. */
HMS_TEST(freed, evicts_nobody)
{
	long long evicted = stat_read("evicted");
	struct request r;
	char *p, *q;

	/* These would leave. */
	ASSERT_EQ(0, munmap(self->all, FEW * PAGE));
	p = area(FEW * PAGE);
	q = area(FEW * PAGE);
	ASSERT_NE(NULL, p);
	ASSERT_NE(NULL, q);
	fill(p, FEW * PAGE, 1);
	fill(q, FEW * PAGE, 2);
	ASSERT_EQ(0, migrate(self->e.fd, p, FEW * PAGE, self->e.sim[0], &r));
	ASSERT_EQ(FEW, r.h.moved);
	ASSERT_EQ(0, free_there(self->all + FEW * PAGE, FEW, 1));
	ASSERT_EQ(0, migrate(self->e.fd, q, FEW * PAGE, self->e.sim[0], &r));
	EXPECT_EQ(FEW, r.h.moved);
	EXPECT_EQ(evicted, stat_read("evicted"));
	EXPECT_PATTERN(p, FEW * PAGE, 1);
	EXPECT_PATTERN(q, FEW * PAGE, 2);
}

/* Single pages that lie together are a large one. */
HMS_TEST(freed, large)
{
	const size_t block = MiB(2);
	struct request r;
	char *p;

	if (*feature_missing("large-pages"))
		SKIP(return, "%s", feature_missing("large-pages"));
	NEED_PRIVATE(1);
	ASSERT_EQ(0, free_there(self->all, self->length / PAGE, 1));
	p = area_huge(block);
	ASSERT_NE(NULL, p);
	fill(p, block, 1);
	ASSERT_EQ(0, migrate(self->e.fd, p, block, self->e.sim[0], &r));
	EXPECT_EQ(block / PAGE, r.h.moved);
	EXPECT_EQ(2048, smaps_kib(p, "AnonHugePages"));
	EXPECT_PATTERN(p, block, 1);
}

TEST_HARNESS_MAIN
