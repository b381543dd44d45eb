// SPDX-License-Identifier: GPL-2.0
/*
 * Pages on a device of a driver that does not use HMS: lib/test_hmm.c, the kernel's own test of
 * device memory. HMS says that it does not know where they are, and leaves them alone.
 */

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../test_hmm.h"
#include "hms_fixture.h"
#include "module.h"

#define NPAGES	16
#define LENGTH	(NPAGES * PAGE)

FIXTURE(foreign)
{
	struct env e;
	char *p;
	int dmirror;
};

FIXTURE_SETUP(foreign)
{
	static char seen[LENGTH];
	struct test_hmm arg = { .buffer = u64_ptr(seen), .npages = NPAGES };

	ASSERT_STREQ("", env_open(&self->e));
	if (*feature_missing("device-private"))
		SKIP(return, "%s", feature_missing("device-private"));
	if (module_probe("test_hmm", ""))
		SKIP(return, "the kernel has no CONFIG_TEST_HMM");
	self->p = area(LENGTH);
	ASSERT_NE(NULL, self->p);
	fill(self->p, LENGTH, 1);
	self->dmirror = open("/dev/hmm_dmirror0", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dmirror);
	arg.address = u64_ptr(self->p);
	ASSERT_EQ(0, call(self->dmirror, TEST_HMM_TO_DEVICE, &arg));
	ASSERT_EQ(NPAGES, arg.copied);
}

FIXTURE_TEARDOWN_PARENT(foreign)
{
	EXPECT_USED_AS_BEFORE(&self->e);
	/* test_hmm stays: unloaded, it would leave the names of its devices behind. */
}

static long unknown(const FIXTURE_DATA(foreign) *self)
{
	return pages_on(self->e.fd, self->p, LENGTH, ON_UNKNOWN);
}

HMS_TEST(foreign, stay)
{
	__u32 to[] = { self->e.node[self->e.nnodes - 1], self->e.nsims ? self->e.sim[0] : 0 };
	struct request r;

	EXPECT_EQ(NPAGES, unknown(self));
	for (int i = 0; i < 2 && to[i]; i++) {
		ASSERT_EQ(0, migrate(self->e.fd, self->p, LENGTH, to[i], &r));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(NPAGES, r.h.skipped[HMS_SKIP_SPECIAL]);
		EXPECT_EQ(NPAGES, unknown(self));
	}
	EXPECT_PATTERN(self->p, LENGTH, 1);
	EXPECT_EQ(0, unknown(self));
	ASSERT_EQ(0, migrate(self->e.fd, self->p, LENGTH, to[0], &r));
	EXPECT_EQ(NPAGES, r.h.moved + r.h.present);
	EXPECT_PATTERN(self->p, LENGTH, 1);
}

/* For who may not move what others map, too, though nobody can tell whether others do. */
HMS_TEST(foreign, asked_by_others)
{
	struct request r;

	ASSERT_EQ(0, seteuid(1000));
	ASSERT_EQ(0, migrate(self->e.fd, self->p, LENGTH, self->e.node[0], &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(NPAGES, r.h.skipped[HMS_SKIP_SPECIAL]);
	EXPECT_EQ(NPAGES, unknown(self));
	EXPECT_PATTERN(self->p, LENGTH, 1);
}

HMS_TEST(foreign, all_or_nothing)
{
	struct request r;

	EXPECT_EQ(-EBUSY, move_all_or_nothing(self->e.fd, self->p, LENGTH, self->e.node[0], &r));
	EXPECT_EQ(NPAGES, unknown(self));
	EXPECT_PATTERN(self->p, LENGTH, 1);
}

/* One of ours that wants them has them brought to memory, as a CPU would. */
HMS_TEST(foreign, touched_by_ours)
{
	char bytes[16];

	NEED_SIMS(1);
	ASSERT_EQ(0, sim_read(self->e.sim_fd[0], self->p + PAGE, bytes, sizeof(bytes)));
	EXPECT_EQ(NPAGES - 1, unknown(self));
	EXPECT_EQ(0, memcmp(bytes, self->p + PAGE, sizeof(bytes)));
	EXPECT_PATTERN(self->p, LENGTH, 1);
}

TEST_HARNESS_MAIN
