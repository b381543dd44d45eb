// SPDX-License-Identifier: GPL-2.0
/* Limits of device memory by cgroup: the dmem controller. */

#include <fcntl.h>
#include <sys/stat.h>

#include "hms_fixture.h"

#define ROOT	"/sys/fs/cgroup"
#define GROUP	ROOT "/hms-dmem"
#define LIMIT	MiB(4)

FIXTURE(dmem)
{
	struct env e;
};

FIXTURE_SETUP(dmem)
{
	ASSERT_STREQ("", env_open(&self->e));
	if (*feature_missing("device-cgroup"))
		SKIP(return, "%s", feature_missing("device-cgroup"));
	NEED_SIMS(1);
}

/* The test's process was in the group, and is gone. */
FIXTURE_TEARDOWN_PARENT(dmem)
{
	EXPECT_USED_AS_BEFORE(&self->e);
	rmdir(GROUP);
	text_write(ROOT "/cgroup.subtree_control", "-cpuset");
}

/* What a file of the group says of the first accelerator; -1: nothing. */
static long long region_read(const char *file)
{
	char path[64], text[1024], *found;
	unsigned long long value;

	snprintf(path, sizeof(path), GROUP "/%s", file);
	if (text_read(path, text, sizeof(text)))
		return -1;
	found = strstr(text, "hms/hms_sim0 ");
	return found && sscanf(found, "%*s %llu", &value) == 1 ? (long long)value : -1;
}

/* Returns "" or why this process is not in a group of its own, with that limit. */
static const char *group_enter(size_t limit)
{
	char text[64];

	if (text_write(ROOT "/cgroup.subtree_control", "+dmem"))
		return "no cgroup2 with the dmem controller";
	if (mkdir(GROUP, 0755) && access(GROUP "/dmem.max", F_OK))
		return "can't make a cgroup";
	snprintf(text, sizeof(text), "%d", getpid());
	if (text_write(GROUP "/cgroup.procs", text))
		return "can't enter a cgroup";
	snprintf(text, sizeof(text), "hms/hms_sim0 %zu", limit);
	return text_write(GROUP "/dmem.max", text) ? "can't set a limit" : "";
}

/* What was freed is given back when nobody has asked for it for a moment. */
static bool charged_becomes(long long least, long long most)
{
	for (int round = 0; round < 1000; round++) {
		long long now = region_read("dmem.current");

		if (now >= least && now <= most)
			return true;
		usleep(10000);
	}
	return false;
}

static bool nothing_charged(void)
{
	return charged_becomes(0, 0);
}

/* A process takes what its group may have, no more; what comes home is given back. */
static const char *take_and_return(FIXTURE_DATA(dmem) *self, char *p, size_t length)
{
	struct request r;

	fill(p, length, 1);
	for (int round = 0; round < 2; round++) {
		if (migrate(self->e.fd, p, length, self->e.sim[0], &r) || *counts_wrong(&r))
			return "migrate failed";
		if (r.h.moved != LIMIT / PAGE ||
		    r.h.skipped[HMS_SKIP_NOMEM] != (length - LIMIT) / PAGE)
			return skips_text(&r.h);
		if (region_read("dmem.current") != (long long)LIMIT)
			return "not what is there is charged";
		if (verify(p, length, 1) >= 0)
			return "contents differ";
		if (!self->e.private && migrate(self->e.fd, p, length, self->e.node[0], &r))
			return "migrate home failed";
		if (!nothing_charged())
			return "still charged";
	}
	return verify(p, length, 1) < 0 ? "" : "contents differ at home";
}

HMS_TEST(dmem, limit)
{
	char *p = area(2 * LIMIT);

	ASSERT_NE(NULL, p);
	ASSERT_STREQ("", group_enter(LIMIT));
	EXPECT_STREQ("", take_and_return(self, p, 2 * LIMIT));
}

/* What is given back can be had again, to the last page. */
HMS_TEST(dmem, given_back)
{
	char *p = area(64 * PAGE);
	struct request r;

	ASSERT_NE(NULL, p);
	fill(p, 64 * PAGE, 1);
	ASSERT_STREQ("", group_enter(64 * PAGE));
	for (int round = 0; round < 3; round++) {
		ASSERT_EQ(0, migrate(self->e.fd, p, 64 * PAGE, self->e.sim[0], &r));
		EXPECT_EQ(64, r.h.moved + r.h.present);
		ASSERT_EQ(0, migrate(self->e.fd, p + PAGE, 63 * PAGE, self->e.node[0], &r));
		EXPECT_EQ(63, r.h.moved);
	}
	EXPECT_PATTERN(p, 64 * PAGE, 1);
	ASSERT_EQ(0, munmap(p, 64 * PAGE));
	EXPECT_TRUE(nothing_charged());
}

/* What is freed one by one is given back by many: until then it is on a list of the CPU. */
HMS_TEST(dmem, freed_one_by_one)
{
	const int npages = 64;
	char *p = area(npages * PAGE);
	int kept = 0;

	NEED_PRIVATE(1);
	ASSERT_NE(NULL, p);
	fill(p, npages * PAGE, 1);
	ASSERT_STREQ("", group_enter(LIMIT));
	ASSERT_EQ(0, migrate(self->e.fd, p, npages * PAGE, self->e.sim[0], NULL));
	for (int i = 0; i < npages; i++) {
		long long before = region_read("dmem.current");

		ASSERT_EQ(0, madvise(p + i * PAGE, PAGE, MADV_DONTNEED));
		kept += region_read("dmem.current") == before;
	}
	/* Some are entered when they have waited, and a slow machine may need that long. */
	EXPECT_LT(0, kept);
	EXPECT_TRUE(nothing_charged());
}

/* Large pages, too; and one that was split gives back what is freed of it. */
HMS_TEST(dmem, large_pages)
{
	char *p = area_huge(2 * LIMIT), *copy = area(LIMIT);

	ASSERT_NE(NULL, p);
	ASSERT_NE(NULL, copy);
	ASSERT_STREQ("", group_enter(LIMIT));
	EXPECT_STREQ("", take_and_return(self, p, 2 * LIMIT));

	ASSERT_EQ(0, migrate(self->e.fd, p, LIMIT, self->e.sim[0], NULL));
	ASSERT_EQ(0, munmap(p + 10 * PAGE, 300 * PAGE));
	ASSERT_EQ(0, migrate(self->e.fd, p + 400 * PAGE, 10 * PAGE, self->e.node[0], NULL));
	/* What was charged together is given back together. */
	EXPECT_TRUE(charged_becomes(LIMIT - 310 * PAGE, LIMIT - (310 - 63) * PAGE));
	/* As the device sees it: it stays there. */
	ASSERT_EQ(0, sim_read(self->e.sim_fd[0], p, copy, 10 * PAGE));
	ASSERT_EQ(0, sim_read(self->e.sim_fd[0], p + 310 * PAGE, copy + 310 * PAGE,
			      LIMIT - 310 * PAGE));
	EXPECT_PATTERN(copy, 10 * PAGE, 1);
	EXPECT_PATTERN_PART(copy, 310 * PAGE, LIMIT - 310 * PAGE, 1);
	ASSERT_EQ(0, munmap(p, 10 * PAGE));
	ASSERT_EQ(0, munmap(p + 310 * PAGE, 2 * LIMIT - 310 * PAGE));
	EXPECT_TRUE(nothing_charged());
}

/* Who asks pays, be it done by a thread of the kernel; also after moving to another group. */
HMS_TEST(dmem, job)
{
	char *p = area(2 * LIMIT);
	struct request r;
	long long job;

	ASSERT_NE(NULL, p);
	fill(p, 2 * LIMIT, 1);
	for (int round = 0; round < 3; round++) {
		request_init(&r, p, 2 * LIMIT);
		request_target(&r, round % 2 ? self->e.node[0] : self->e.sim[0]);
		request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
		/*
		 * The first is not limited. The last is of who could not move a thread of the
		 * kernel to other CPUs, where there are such groups.
		 */
		if (round == 2) {
			text_write(ROOT "/cgroup.subtree_control", "+cpuset");
			ASSERT_STREQ("", group_enter(LIMIT));
			text_write(GROUP "/cpuset.cpus", "0");
			ASSERT_EQ(0, setresuid(1000, 1000, 1000));
		}
		job = request_submit(&r, self->e.fd, HMS_NO_EVENTFD);
		ASSERT_LT(0, job);
		EXPECT_EQ(0, job_end(self->e.fd, job, &r));
		EXPECT_EQ((round == 2 ? LIMIT : 2 * LIMIT) / PAGE, r.h.moved);
	}
	EXPECT_EQ(LIMIT / PAGE, r.h.skipped[HMS_SKIP_NOMEM]);
	EXPECT_EQ((long long)LIMIT, region_read("dmem.current"));
	EXPECT_PATTERN(p, 2 * LIMIT, 1);
}

/* A limit that is no whole number of large pages: their place is taken by small ones. */
HMS_TEST(dmem, odd_limit)
{
	char *p = area_huge(2 * LIMIT);
	struct request r;

	ASSERT_NE(NULL, p);
	ASSERT_STREQ("", group_enter(MiB(3) + 5 * PAGE));
	fill(p, 2 * LIMIT, 1);
	ASSERT_EQ(0, migrate(self->e.fd, p, 2 * LIMIT, self->e.sim[0], &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(MiB(3) / PAGE + 5, r.h.moved);
	EXPECT_PATTERN(p, 2 * LIMIT, 1);
}

/* The process is gone, and nothing is charged to its group. */
HMS_TEST(dmem, after_exit)
{
	char *p = area(LIMIT);
	struct peer peer;
	pid_t pid;

	ASSERT_NE(NULL, p);
	pid = peer_fork(&peer);
	ASSERT_GE(pid, 0);
	if (!pid) {
		int fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);

		EXPECT_STREQ("", group_enter(2 * LIMIT));
		EXPECT_EQ(0, populate(fd, p, LIMIT, self->e.sim[0], NULL));
		EXPECT_TRUE(sim_sees_zeros(sim_open(0), p, LIMIT));
		tell(&peer);
		hear(&peer);
		_exit(0);
	}
	ASSERT_EQ(0, hear(&peer));
	EXPECT_EQ((long long)LIMIT, region_read("dmem.current"));
	tell(&peer);
	EXPECT_EQ(0, peer_wait(&peer));
	EXPECT_TRUE(used_becomes(self->e.sim[0], self->e.used[0]));
	EXPECT_TRUE(nothing_charged());
}

TEST_HARNESS_MAIN
