// SPDX-License-Identifier: GPL-2.0
/* libhms: HMS_COLLAPSE, huge pages again where small ones came home. */

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <hms/hms.h>

#include "filter.h"
#include "hms_fixture.h"

#define LARGE	MiB(2)
#define NLARGE	((long)(LARGE / PAGE))
#define LENGTH	(3 * LARGE)

FIXTURE(collapse)
{
	struct env e;
	struct hms *hms;
	char *p;	/* LENGTH of huge pages on node 0 */
	__u32 here;
};

/* On a device, or on the way there, all of them are split. */
FIXTURE_SETUP(collapse)
{
	ASSERT_STREQ("", env_open(&self->e));
	NEED_SIMS(1);
	ASSERT_EQ(0, hms_open(&self->hms));
	self->here = self->e.node[0];
	self->p = area_huge(LENGTH);
	ASSERT_NE(NULL, self->p);
	fill(self->p, LENGTH, 1);
	if (smaps_kib(self->p, "AnonHugePages") < (long long)LENGTH / 1024)
		SKIP(return, "no huge page: no CONFIG_TRANSPARENT_HUGEPAGE?");
	ASSERT_EQ(0, migrate(self->e.fd, self->p, LENGTH, self->e.sim[0], NULL));
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, mprotect(self->p + i * LARGE, PAGE, PROT_READ));
		ASSERT_EQ(0, mprotect(self->p + i * LARGE, PAGE, PROT_READ | PROT_WRITE));
	}
	ASSERT_EQ(3 * NLARGE, pages_on(self->e.fd, self->p, LENGTH, self->e.sim[0]));
}

FIXTURE_TEARDOWN_PARENT(collapse)
{
	EXPECT_USED_AS_BEFORE(&self->e);
}

static int home(FIXTURE_DATA(collapse) *self, unsigned int flags, struct hms_result *result)
{
	return hms_migrate(self->hms, self->p, LENGTH, &self->here, 1, flags, result);
}

/* So many of the three are huge, as the result and the kernel say. */
#define EXPECT_HUGE(n, result)							\
	do {									\
		EXPECT_EQ((n) * NLARGE, (result)->huge);			\
		EXPECT_EQ((long long)((n) * LARGE / 1024), smaps_kib(self->p, "AnonHugePages")); \
	} while (0)

HMS_TEST(collapse, comes_home)
{
	struct hms_result result;

	ASSERT_EQ(0, home(self, HMS_COLLAPSE, &result));
	EXPECT_EQ(3 * NLARGE, result.moved);
	EXPECT_EQ(3 * NLARGE, pages_on(self->e.fd, self->p, LENGTH, self->here));
	EXPECT_HUGE(3, &result);
	/* There is nothing to do any more, nor to be told to who does not ask. */
	ASSERT_EQ(0, home(self, HMS_COLLAPSE, &result));
	EXPECT_EQ(3 * NLARGE, result.present);
	EXPECT_HUGE(3, &result);
	ASSERT_EQ(0, home(self, HMS_COLLAPSE, NULL));
	EXPECT_PATTERN(self->p, LENGTH, 1);
}

HMS_TEST(collapse, if_asked)
{
	struct hms_result result;

	ASSERT_EQ(0, home(self, 0, &result));
	EXPECT_EQ(3 * NLARGE, result.moved);
	EXPECT_HUGE(0, &result);
	EXPECT_PATTERN(self->p, LENGTH, 1);
}

/* With a policy, and of a list: on the node where they are. */
HMS_TEST(collapse, with_a_policy)
{
	const __u32 list[] = { self->e.node[self->e.nnodes - 1], self->here };
	struct hms_result result;

	NEED_NODES(2);
	ASSERT_EQ(0, hms_bind(self->hms, self->p, LENGTH, HMS_MODE_BIND, list, 2, HMS_COLLAPSE,
			      &result));
	EXPECT_EQ(3 * NLARGE, result.moved);
	EXPECT_EQ(3 * NLARGE, pages_on(self->e.fd, self->p, LENGTH, list[0]));
	EXPECT_HUGE(3, &result);
	EXPECT_PATTERN(self->p, LENGTH, 1);
}

/* A hole is not filled, a pinned page stays, and what is in two mappings is in two pieces. */
HMS_TEST(collapse, where_it_can)
{
	struct iovec iov = { .iov_base = self->p + LARGE + 7 * PAGE, .iov_len = PAGE };
	struct hms_result result;
	int ends[2];

	ASSERT_EQ(0, madvise(self->p + 5 * PAGE, PAGE, MADV_DONTNEED));
	ASSERT_EQ(0, pipe(ends));
	ASSERT_EQ((ssize_t)PAGE, vmsplice(ends[1], &iov, 1, 0));
	ASSERT_EQ(0, home(self, HMS_COLLAPSE, &result));
	EXPECT_EQ(1, result.skipped[HMS_SKIP_ABSENT]);
	EXPECT_HUGE(1, &result);
	close(ends[0]);
	close(ends[1]);
	ASSERT_EQ(0, home(self, HMS_COLLAPSE, &result));
	EXPECT_EQ(1, result.skipped[HMS_SKIP_ABSENT]);
	EXPECT_HUGE(2, &result);
	ASSERT_EQ(0, mprotect(self->p + LARGE + 7 * PAGE, PAGE, PROT_READ));
	ASSERT_EQ(0, home(self, HMS_COLLAPSE, &result));
	EXPECT_EQ(NLARGE, result.huge);
	EXPECT_PATTERN(self->p, 5 * PAGE, 1);
	EXPECT_ZERO(self->p + 5 * PAGE, PAGE);
	EXPECT_PATTERN_PART(self->p, 6 * PAGE, LENGTH - 6 * PAGE, 1);
}

/* On a device they stay as they are, and so on two nodes. */
HMS_TEST(collapse, not_elsewhere)
{
	struct hms_result result;

	NEED_NODES(2);
	ASSERT_EQ(0, hms_migrate(self->hms, self->p, LENGTH, &self->e.sim[0], 1, HMS_COLLAPSE,
				 &result));
	EXPECT_EQ(3 * NLARGE, result.present);
	EXPECT_HUGE(0, &result);
	EXPECT_EQ(3 * NLARGE, pages_on(self->e.fd, self->p, LENGTH, self->e.sim[0]));
	ASSERT_EQ(0, home(self, 0, NULL));
	ASSERT_EQ(0, hms_bind(self->hms, self->p, LENGTH, HMS_MODE_INTERLEAVE, self->e.node, 2,
			      HMS_COLLAPSE, &result));
	EXPECT_HUGE(0, &result);
	EXPECT_EQ(3 * NLARGE / 2, pages_on(self->e.fd, self->p, LENGTH, self->e.node[1]));
	EXPECT_PATTERN(self->p, LENGTH, 1);
}

/* Where madvise() always fails so, they have come home as without. */
#define EXPECT_HOME_DESPITE(error)						\
	do {									\
		struct hms_result result_;					\
										\
		ASSERT_EQ(0, filter_syscall(SYS_madvise, error));		\
		ASSERT_EQ(0, home(self, HMS_COLLAPSE, &result_));		\
		EXPECT_EQ(3 * NLARGE, result_.moved);				\
		EXPECT_HUGE(0, &result_);					\
		EXPECT_PATTERN(self->p, LENGTH, 1);				\
	} while (0)

HMS_TEST(collapse, forbidden)
{
	EXPECT_HOME_DESPITE(EPERM);
}

/* However often it is tried. */
HMS_TEST(collapse, in_use)
{
	EXPECT_HOME_DESPITE(EAGAIN);
}

/* What is refused has moved nothing. */
HMS_TEST(collapse, refused)
{
	const unsigned int flags[] = { HMS_ASYNC, HMS_REMOTE };

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		EXPECT_EQ(-EINVAL, home(self, HMS_COLLAPSE | flags[i], NULL));
		EXPECT_NE(NULL, strstr(hms_last_error(self->hms), "flags: "));
		EXPECT_EQ(-EINVAL, hms_bind(self->hms, self->p, LENGTH, HMS_MODE_BIND,
					    &self->here, 1, HMS_COLLAPSE | flags[i], NULL));
	}
	EXPECT_EQ(-EINVAL, hms_policy(self->hms, self->p, LENGTH, HMS_MODE_BIND, &self->here, 1,
				      HMS_COLLAPSE));
	EXPECT_EQ(3 * NLARGE, pages_on(self->e.fd, self->p, LENGTH, self->e.sim[0]));
	EXPECT_PATTERN(self->p, LENGTH, 1);
}

TEST_HARNESS_MAIN
