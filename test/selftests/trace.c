// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints of the module: what they say of a set, a clear, a migration, faults of devices
 * and CPUs, an eviction and an evacuation.
 */

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>

#include "hms_fixture.h"
#include "module.h"

#define TRACING	"/sys/kernel/tracing"
#define EVENTS	TRACING "/events/hms"
#define NPAGES	8
#define ROOM	16UL	/* pages */

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

/* Work takes time, and not all of the time that there is. */
#define EXPECT_TIMED(event)							\
	do {									\
		char *at_ = strstr(self->text, event ": ");			\
		unsigned long long ns_ = 0;					\
										\
		at_ = at_ ? strstr(at_, " ns=") : NULL;				\
		EXPECT_TRUE(at_ && sscanf(at_, " ns=%llu", &ns_) == 1);		\
		EXPECT_LT(0, ns_);						\
		EXPECT_GT(HMS_TIMEOUT * 1000000000ULL, ns_);			\
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
	EXPECT_TRACED("why=request most=none by_reason={0x0,0x0");
	EXPECT_TRACED(" ntargets=1 uids={0x%x}", self->e.node[0]);
	EXPECT_TIMED("hms_place");
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
	EXPECT_PATTERN(self->p, 2 * PAGE, 1);
	EXPECT_ZERO(self->p + 2 * PAGE, (NPAGES - 2) * PAGE);
}

/* Which reason most of what stays has, and how many each. */
HMS_TEST(trace, skipped)
{
	struct request r;

	fill(self->p, PAGE, 1);
	request_init(&r, self->p, NPAGES * PAGE);
	for (int i = 0; i < self->e.nnodes; i++)
		request_target(&r, self->e.node[i]);
	request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	ASSERT_EQ(NPAGES - 1, r.h.skipped[HMS_SKIP_ABSENT]);
	ASSERT_EQ(0, trace_read(self));
	EXPECT_TRACED("hms_place: start=%#llx pages=%d", u64_ptr(self->p), NPAGES);
	EXPECT_TRACED("skipped=%d bytes=%llu", NPAGES - 1, r.h.moved * PAGE);
	EXPECT_TRACED("most=absent by_reason={0x0,0x0,0x0,0x0,0x%x,0x0", NPAGES - 1);
	EXPECT_TRACED("ntargets=%d uids={0x%x", self->e.nnodes, self->e.node[0]);
	EXPECT_PATTERN(self->p, PAGE, 1);
}

/* Nobody asks for what a device fault places. */
HMS_TEST(trace, fault)
{
	struct hms_sim_op op;

	NEED_SIMS(1);
	ASSERT_EQ(0, policy_set(self->e.fd, self->p, PAGE, HMS_MODE_PREFERRED, 1, self->e.sim));
	fill(self->p, PAGE, 1);
	ASSERT_EQ(0, trace_read(self));
	EXPECT_EQ(NULL, strstr(self->text, "hms_place"));
	ASSERT_EQ(0, sim_op(self->e.sim_fd[0], HMS_SIM_SUM, self->p, PAGE, NULL, 0, &op));
	ASSERT_EQ(1, op.local);
	ASSERT_EQ(0, trace_read(self));
	EXPECT_TRACED("hms_place: start=%#llx pages=1 moved=1", u64_ptr(self->p));
	EXPECT_TRACED("bytes=%lu ns=", PAGE);
	EXPECT_TRACED("why=fault most=none");
	EXPECT_TRACED("ntargets=1 uids={0x%x}", self->e.sim[0]);
	EXPECT_TIMED("hms_place");
	EXPECT_PATTERN(self->p, PAGE, 1);
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
	EXPECT_TRACED("lazy=0 skipped=0 bytes=%lu", NPAGES * PAGE);
	EXPECT_EQ(NULL, strstr(self->text, "hms_home"));

	(void)*(volatile char *)(self->p + 4 * PAGE);
	ASSERT_EQ(0, trace_read(self));
	EXPECT_TRACED("hms_home: from=%u to=%u address=%#llx pages=", self->e.sim[0],
		      self->e.node[0], u64_ptr(self->p + 4 * PAGE));
	EXPECT_TRACED(" elsewhere=0 bytes=");
	EXPECT_TRACED("why=touch");
	EXPECT_TIMED("hms_home");
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* For those that come, and for the driver itself. */
HMS_TEST(trace, evict)
{
	struct hms_sim_reserve reserve = { .size = sizeof(reserve), .length = PAGE };
	size_t length;
	char *old;

	NEED_SIMS(1);
	ASSERT_NE(NULL, fill_target(&self->e, 0, ROOM * PAGE, &length));
	old = area(ROOM * PAGE);
	ASSERT_NE(NULL, old);
	fill(old, ROOM * PAGE, 1);
	ASSERT_EQ(0, migrate(self->e.fd, old, ROOM * PAGE, self->e.sim[0], NULL));
	ASSERT_EQ(ROOM, pages_on(self->e.fd, old, ROOM * PAGE, self->e.sim[0]));
	fill(self->p, NPAGES * PAGE, 1);
	ASSERT_EQ(0, trace_clear());

	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0], NULL));
	ASSERT_EQ(0, trace_read(self));
	EXPECT_TRACED("hms_evict: from=%u to=%u address=%#llx pages=%d priority=%d bytes=%lu ns=",
		      self->e.sim[0], self->e.node[page_node(old)], u64_ptr(old), NPAGES,
		      HMS_PRIORITY_DEFAULT, NPAGES * PAGE);
	EXPECT_TRACED("why=evicted");
	EXPECT_TIMED("hms_evict");
	EXPECT_TRACED("hms_place: start=%#llx pages=%d moved=%d", u64_ptr(self->p), NPAGES, NPAGES);

	ASSERT_EQ(0, ioctl(self->e.sim_fd[0], HMS_SIM_RESERVE, &reserve));
	ASSERT_EQ(0, trace_read(self));
	EXPECT_TRACED("hms_evict: from=%u", self->e.sim[0]);
	EXPECT_TRACED("why=taken");
	EXPECT_PATTERN(old, ROOM * PAGE, 1);
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
	reserve.length = 0;
	EXPECT_EQ(0, ioctl(self->e.sim_fd[0], HMS_SIM_RESERVE, &reserve));
}

/* After this the accelerators are others. */
HMS_TEST(trace, evacuate)
{
	__u32 uid = self->e.sim[0];

	NEED_SIMS(1);
	if (access(SIM_MODULE, R_OK))
		SKIP(return, "no " SIM_MODULE);
	fill(self->p, 4 * NPAGES * PAGE, 1);
	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, uid, NULL));
	ASSERT_EQ(0, migrate(self->e.fd, self->p + 2 * NPAGES * PAGE, PAGE, uid, NULL));
	for (int i = 0; i < self->e.nsims; i++)
		close(self->e.sim_fd[i]);
	self->e.nsims = 0;
	ASSERT_EQ(0, trace_clear());

	ASSERT_EQ(0, sim_unload_wait());
	ASSERT_EQ(0, trace_read(self));
	EXPECT_TRACED("hms_evacuate: from=%u to=%u start=%#llx length=%lu pages=%d bytes=%lu ns=",
		      uid, self->e.node[page_node(self->p)], u64_ptr(self->p),
		      (2 * NPAGES + 1) * PAGE, NPAGES + 1, (NPAGES + 1) * PAGE);
	EXPECT_TRACED("why=evacuated");
	EXPECT_TIMED("hms_evacuate");
	EXPECT_EQ(NULL, strstr(self->text, "hms_home"));
	EXPECT_PATTERN(self->p, 4 * NPAGES * PAGE, 1);
	EXPECT_EQ(0, modules_load_all());
}

TEST_HARNESS_MAIN
