// SPDX-License-Identifier: GPL-2.0
/* The tracepoints of the module: what they say of a set, a clear, a migration and a touch. */

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>

#include "hms_fixture.h"

#define TRACING	"/sys/kernel/tracing"
#define EVENTS	TRACING "/events/hms"
#define NPAGES	8

FIXTURE(trace)
{
	struct env e;
	char *p;
	char text[16384];
};

/* Opening it to be written anew empties it. */
static int trace_clear(void)
{
	int fd = open(TRACING "/trace", O_WRONLY | O_TRUNC | O_CLOEXEC);

	return fd < 0 ? -errno : close(fd);
}

FIXTURE_SETUP(trace)
{
	ASSERT_STREQ("", env_open(&self->e));
	if (access(TRACING "/trace", F_OK) && mount("tracefs", TRACING, "tracefs", 0, NULL))
		SKIP(return, "CONFIG_TRACING is off in this kernel");
	/* A batch, and an event, ends where 2 MiB do. */
	self->p = area_huge(MiB(2));
	ASSERT_NE(NULL, self->p);
	ASSERT_EQ(0, madvise(self->p, MiB(2), MADV_NOHUGEPAGE));
	ASSERT_EQ(0, text_write(EVENTS "/enable", "1"));
	ASSERT_EQ(0, text_write(TRACING "/tracing_on", "1"));
	ASSERT_EQ(0, trace_clear());
}

FIXTURE_TEARDOWN_PARENT(trace)
{
	if (!access(EVENTS "/enable", F_OK))
		EXPECT_EQ(0, text_write(EVENTS "/enable", "0"));
	EXPECT_USED_AS_BEFORE(&self->e);
}

/* All that was traced since the last time; the file is given in pieces. */
static int trace_read(FIXTURE_DATA(trace) *self)
{
	int fd = open(TRACING "/trace", O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n = 1;

	while (n > 0 && used < sizeof(self->text) - 1) {
		n = read(fd, self->text + used, sizeof(self->text) - 1 - used);
		if (n > 0)
			used += n;
	}
	self->text[used] = 0;
	close(fd);
	return n ? -1 : trace_clear();
}

#define EXPECT_TRACED(...)							\
	do {									\
		char line_[256];						\
										\
		snprintf(line_, sizeof(line_), __VA_ARGS__);			\
		EXPECT_NE(NULL, strstr(self->text, line_)) {			\
			TH_LOG("'%s' is not in: %s", line_, self->text);	\
		}								\
	} while (0)

HMS_TEST(trace, policy)
{
	ASSERT_EQ(0, policy_set(self->e.fd, self->p, NPAGES * PAGE, HMS_MODE_PREFERRED, 1,
				self->e.node));
	ASSERT_EQ(0, trace_read(self));
	EXPECT_TRACED("hms_policy_set: start=%#llx length=%lu mode=%d ntargets=1 uids={0x%x}",
		      u64_ptr(self->p), NPAGES * PAGE, HMS_MODE_PREFERRED, self->e.node[0]);

	ASSERT_EQ(0, policy_clear(self->e.fd, self->p + PAGE, PAGE));
	ASSERT_EQ(0, trace_read(self));
	EXPECT_TRACED("hms_policy_clear: start=%#llx length=%lu", u64_ptr(self->p + PAGE), PAGE);
	EXPECT_EQ(NULL, strstr(self->text, "hms_policy_set"));

	/* What is refused did nothing. */
	EXPECT_EQ(-EINVAL, policy_set(self->e.fd, self->p, 1, HMS_MODE_BIND, 1, self->e.node));
	ASSERT_EQ(0, trace_read(self));
	EXPECT_EQ(NULL, strstr(self->text, "hms_"));
}

HMS_TEST(trace, place)
{
	fill(self->p, 2 * PAGE, 1);
	ASSERT_EQ(0, populate(self->e.fd, self->p, NPAGES * PAGE, self->e.node[0], NULL));
	ASSERT_EQ(0, trace_read(self));
	EXPECT_TRACED("hms_place: start=%#llx pages=%d moved=", u64_ptr(self->p), NPAGES);
	EXPECT_TRACED("populated=%d present=", NPAGES - 2);
	EXPECT_TRACED("skipped=0");
	EXPECT_EQ(NULL, strstr(self->text, "hms_policy"));

	/* All-or-nothing places its batches in another way. */
	{
		struct request r;

		request_init(&r, self->p, NPAGES * PAGE);
		request_target(&r, self->e.node[0]);
		request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
		request_modifier(&r, HMS_MOD_ALL_OR_NOTHING, 1);
		request_modifier(&r, HMS_MOD_MODE, HMS_MODE_BIND);
		ASSERT_EQ(0, request_send(&r, self->e.fd));
	}
	ASSERT_EQ(0, trace_read(self));
	EXPECT_TRACED("present=%d lazy=0 skipped=0", NPAGES);
	EXPECT_TRACED("hms_policy_set: start=%#llx", u64_ptr(self->p));
}

HMS_TEST(trace, home)
{
	NEED_PRIVATE(1);
	ASSERT_EQ(0, policy_set(self->e.fd, self->p, NPAGES * PAGE, HMS_MODE_PREFERRED, 1,
				self->e.node));
	fill(self->p, NPAGES * PAGE, 1);
	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0], NULL));
	ASSERT_EQ(0, trace_read(self));
	EXPECT_TRACED("hms_place: start=%#llx pages=%d moved=%d populated=0 present=0",
		      u64_ptr(self->p), NPAGES, NPAGES);
	EXPECT_TRACED("lazy=0 skipped=0");
	EXPECT_EQ(NULL, strstr(self->text, "hms_home"));

	(void)*(volatile char *)(self->p + 4 * PAGE);
	ASSERT_EQ(0, trace_read(self));
	EXPECT_TRACED("hms_home: address=%#llx pages=", u64_ptr(self->p + 4 * PAGE));
	EXPECT_TRACED(" nid=0 elsewhere=0");
}

TEST_HARNESS_MAIN
