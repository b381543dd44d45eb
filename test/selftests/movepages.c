// SPDX-License-Identifier: GPL-2.0
/* libhms: HMS_MOVE_PAGES, memory of nodes that move_pages(2) moves first. */

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <hms/hms.h>

#include "filter.h"
#include "hms_fixture.h"

#define NPAGES	64
#define LENGTH	(NPAGES * PAGE)
#define LARGE	MiB(2)

FIXTURE(movepages)
{
	struct env e;
	struct hms *hms;
	char *p;
	__u32 here;
	__u32 there;
};

FIXTURE_SETUP(movepages)
{
	ASSERT_STREQ("", env_open(&self->e));
	NEED_NODES(2);
	ASSERT_EQ(0, hms_open(&self->hms));
	self->here = self->e.node[0];
	self->there = self->e.node[1];
	self->p = area(LENGTH);
	ASSERT_NE(NULL, self->p);
	fill(self->p, LENGTH, 1);
	ASSERT_EQ(0, migrate(self->e.fd, self->p, LENGTH, self->here, NULL));
}

FIXTURE_TEARDOWN_PARENT(movepages)
{
	EXPECT_USED_AS_BEFORE(&self->e);
}

static int move(FIXTURE_DATA(movepages) *self, char *p, size_t length, __u32 uid,
		struct hms_result *result)
{
	return hms_migrate(self->hms, p, length, &uid, 1, HMS_MOVE_PAGES, result);
}

/* All pages are accounted for, and where the result says. */
#define EXPECT_RESULT(result, moves, by_core, stays, skips)			\
	do {									\
		EXPECT_EQ(moves, (result)->moved);				\
		EXPECT_EQ(by_core, (result)->by_move_pages);			\
		EXPECT_EQ(stays, (result)->present);				\
		EXPECT_EQ(skips, hms_result_skipped(result));			\
		EXPECT_EQ((moves) * PAGE, (result)->bytes_copied);		\
		ASSERT_EQ(1, (result)->ntargets);				\
		EXPECT_EQ(moves, (result)->targets[0].moved);			\
		EXPECT_EQ(stays, (result)->targets[0].present);			\
	} while (0)

HMS_TEST(movepages, node_to_node)
{
	struct hms_result result;

	ASSERT_EQ(0, move(self, self->p, LENGTH, self->there, &result));
	EXPECT_RESULT(&result, NPAGES, NPAGES, 0, 0);
	EXPECT_EQ(NPAGES, pages_on(self->e.fd, self->p, LENGTH, self->there));
	/* Once more there is nothing to do, nor for who wants no result. */
	ASSERT_EQ(0, move(self, self->p, LENGTH, self->there, &result));
	EXPECT_RESULT(&result, 0, 0, NPAGES, 0);
	ASSERT_EQ(0, move(self, self->p, LENGTH, self->here, NULL));
	EXPECT_EQ(NPAGES, pages_on(self->e.fd, self->p, LENGTH, self->here));
	EXPECT_PATTERN(self->p, LENGTH, 1);
}

/* More pages than go in one call. */
HMS_TEST(movepages, many)
{
	const size_t length = MiB(80);
	struct hms_result result;
	char *p = area(length);
	size_t stay;

	ASSERT_NE(NULL, p);
	fill(p, length, 2);
	ASSERT_EQ(0, migrate(self->e.fd, p, length, self->here, NULL));
	/* What somebody had in hand may have stayed. */
	stay = pages_on(self->e.fd, p, length, self->there);
	ASSERT_EQ(0, move(self, p, length, self->there, &result));
	EXPECT_RESULT(&result, length / PAGE - stay, length / PAGE - stay, stay, 0);
	EXPECT_PATTERN(p, length, 2);
}

/* A page that is there, a hole, and one on an accelerator: each is moved by who can. */
HMS_TEST(movepages, all_kinds)
{
	struct hms_result result;

	NEED_SIMS(1);
	ASSERT_EQ(0, migrate(self->e.fd, self->p, PAGE, self->there, NULL));
	ASSERT_EQ(0, madvise(self->p + 10 * PAGE, PAGE, MADV_DONTNEED));
	ASSERT_EQ(0, migrate(self->e.fd, self->p + 20 * PAGE, 3 * PAGE, self->e.sim[0], NULL));
	ASSERT_EQ(0, move(self, self->p, LENGTH, self->there, &result));
	EXPECT_RESULT(&result, NPAGES - 2, NPAGES - 5, 1, 1);
	EXPECT_EQ(1, result.skipped[HMS_SKIP_ABSENT]);
	EXPECT_EQ(NPAGES - 1, pages_on(self->e.fd, self->p, LENGTH, self->there));
	EXPECT_PATTERN(self->p, 10 * PAGE, 1);
	EXPECT_ZERO(self->p + 10 * PAGE, PAGE);
	EXPECT_PATTERN_PART(self->p, 11 * PAGE, LENGTH - 11 * PAGE, 1);
}

/* Huge pages stay so on any kernel, also those that are mapped in pieces. */
HMS_TEST(movepages, huge)
{
	char *p = area_huge(2 * LARGE);
	struct hms_result result;

	ASSERT_NE(NULL, p);
	fill(p, 2 * LARGE, 3);
	if (smaps_kib(p, "AnonHugePages") < 4096)
		SKIP(return, "no huge page: no CONFIG_TRANSPARENT_HUGEPAGE?");
	ASSERT_EQ(0, mprotect(p + LARGE + 5 * PAGE, PAGE, PROT_READ));
	ASSERT_EQ(0, mprotect(p + LARGE + 5 * PAGE, PAGE, PROT_READ | PROT_WRITE));
	ASSERT_EQ(2048, smaps_kib(p, "AnonHugePages"));
	ASSERT_EQ(0, move(self, p, 2 * LARGE, self->here, NULL));
	for (int round = 0; round < 4; round++) {
		ASSERT_EQ(0, move(self, p, 2 * LARGE, round % 2 ? self->here : self->there,
				  &result));
		EXPECT_RESULT(&result, 1024, 1024, 0, 0);
		/* khugepaged may have joined the other one. */
		EXPECT_LE(2048, smaps_kib(p, "AnonHugePages"));
	}
	EXPECT_PATTERN(p, 2 * LARGE, 3);
}

/* What others map too is left to the module, and to what it may do. */
HMS_TEST(movepages, shared)
{
	struct hms_result result;
	struct peer peer;
	pid_t pid;

	pid = peer_fork(&peer);
	ASSERT_GE(pid, 0);
	if (!pid) {
		hear(&peer);
		_exit(verify(self->p, LENGTH, 1) != -1);
	}
	ASSERT_EQ(0, move(self, self->p, LENGTH, self->there, &result));
	EXPECT_RESULT(&result, NPAGES, 0, 0, 0);
	tell(&peer);
	EXPECT_EQ(0, peer_wait(&peer));
	EXPECT_PATTERN(self->p, LENGTH, 1);
}

/* To where it can move nothing, and where it is forbidden: as without. */
HMS_TEST(movepages, other_ways)
{
	const __u32 two[] = { self->there, self->here };
	struct hms_result result;

	ASSERT_EQ(0, hms_migrate(self->hms, self->p, LENGTH, two, 2, HMS_MOVE_PAGES, &result));
	EXPECT_EQ(0, result.by_move_pages);
	EXPECT_EQ(NPAGES, result.moved + result.present);
	ASSERT_EQ(0, migrate(self->e.fd, self->p, LENGTH, self->here, NULL));
	if (self->e.nsims) {
		ASSERT_EQ(0, move(self, self->p, LENGTH, self->e.sim[0], &result));
		EXPECT_RESULT(&result, NPAGES, 0, 0, 0);
		ASSERT_EQ(0, migrate(self->e.fd, self->p, LENGTH, self->here, NULL));
	}
	ASSERT_EQ(0, filter_syscall(SYS_move_pages, EPERM));
	ASSERT_EQ(0, move(self, self->p, LENGTH, self->there, &result));
	EXPECT_RESULT(&result, NPAGES, 0, 0, 0);
	EXPECT_PATTERN(self->p, LENGTH, 1);
}

/* What is refused has moved nothing. */
HMS_TEST(movepages, refused)
{
	const unsigned int flags[] = {
		HMS_ALL_OR_NOTHING, HMS_ASYNC, HMS_REMOTE, HMS_LAZY, HMS_WITH_PRIORITY(1),
	};
	__u32 unknown = 0x7fffffff;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		EXPECT_EQ(-EINVAL, hms_migrate(self->hms, self->p, LENGTH, &self->there, 1,
					       HMS_MOVE_PAGES | flags[i], NULL));
		EXPECT_NE(NULL, strstr(hms_last_error(self->hms), "flags: "));
	}
	EXPECT_EQ(-EINVAL, move(self, self->p + 1, LENGTH, self->there, NULL));
	EXPECT_EQ(-EINVAL, move(self, self->p, 0, self->there, NULL));
	EXPECT_EQ(-ENOENT, move(self, self->p, LENGTH, unknown, NULL));
	EXPECT_EQ(-EINVAL, hms_migrate(self->hms, self->p, LENGTH, &self->there, 0,
				       HMS_MOVE_PAGES, NULL));
	EXPECT_EQ(-EFAULT, hms_migrate(self->hms, self->p, LENGTH, NULL, 1, HMS_MOVE_PAGES, NULL));
	/* Policy does not know it. */
	EXPECT_EQ(-EINVAL, hms_bind(self->hms, self->p, LENGTH, HMS_MODE_BIND, &self->there, 1,
				    HMS_MOVE_PAGES, NULL));
	EXPECT_EQ(NPAGES, pages_on(self->e.fd, self->p, LENGTH, self->here));
	/* Part of it is not mapped. */
	ASSERT_EQ(0, munmap(self->p + 40 * PAGE, PAGE));
	EXPECT_EQ(-EFAULT, move(self, self->p, LENGTH, self->there, NULL));
	EXPECT_EQ(40, pages_on(self->e.fd, self->p, 40 * PAGE, self->here));
	EXPECT_PATTERN(self->p, 40 * PAGE, 1);
}

TEST_HARNESS_MAIN
