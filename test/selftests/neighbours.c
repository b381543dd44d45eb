// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel's other ways to place and move memory make of a range with a policy of HMS, and
 * of a range beside it that has none.
 */

#include <fcntl.h>
#include <linux/mempolicy.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "hms_fixture.h"

#define NPAGES	32
#define LENGTH	(NPAGES * PAGE)
#define SEED	70

/* Neighbours in one mapping: the lower one has a policy. */
FIXTURE(neighbours)
{
	struct env e;
	char *ours;
	char *beside;
	__u32 list[2];		/* an accelerator where there is one, and node 0 */
	unsigned int n;
};

FIXTURE_SETUP(neighbours)
{
	ASSERT_STREQ("", env_open(&self->e));
	self->ours = area(2 * LENGTH);
	ASSERT_NE(NULL, self->ours);
	self->beside = self->ours + LENGTH;
	if (self->e.nsims)
		self->list[self->n++] = self->e.sim[0];
	self->list[self->n++] = self->e.node[0];
	ASSERT_EQ(0, policy_set(self->e.fd, self->ours, LENGTH, HMS_MODE_PREFERRED, self->n,
				self->list));
}

FIXTURE_TEARDOWN_PARENT(neighbours)
{
	EXPECT_USED_AS_BEFORE(&self->e);
}

#define ON(p, uid)	pages_on(self->e.fd, p, LENGTH, uid)

/* The policy is what it was, and so is that there is none beside it. */
#define EXPECT_POLICY()								\
	do {									\
		struct policy p_[2];						\
										\
		EXPECT_EQ(1, policies_read(self->e.fd, HMS_QUERY_POLICY, self->ours, 2 * LENGTH, \
					   p_, 2));				\
		EXPECT_TRUE(policy_is(p_, self->ours, LENGTH, HMS_MODE_PREFERRED, self->n, \
				      self->list));				\
	} while (0)

/* Pages with contents, on a target, in both. */
static int put(FIXTURE_DATA(neighbours) *self, __u32 uid)
{
	struct request r;
	int ret;

	fill(self->ours, 2 * LENGTH, SEED);
	ret = migrate(self->e.fd, self->ours, 2 * LENGTH, uid, &r);
	return ret ?: r.h.moved + r.h.present == 2 * NPAGES ? 0 : -EAGAIN;
}

static long set_range(const char *p, int node, unsigned int flags)
{
	unsigned long mask = 1UL << node;

	return syscall(SYS_mbind, p, LENGTH, MPOL_BIND, &mask, 8 * sizeof(mask), flags);
}

static long set_task(int mode, int node)
{
	unsigned long mask = 1UL << node;

	return syscall(SYS_set_mempolicy, mode, mode == MPOL_DEFAULT ? NULL : &mask,
		       mode == MPOL_DEFAULT ? 0 : 8 * sizeof(mask));
}

/* mbind(2) moves what it may, as ever; both policies are there then. */
HMS_TEST(neighbours, mbind)
{
	NEED_NODES(2);
	ASSERT_EQ(0, put(self, self->e.node[0]));
	ASSERT_EQ(0, set_range(self->ours, 1, MPOL_MF_MOVE));
	EXPECT_EQ(NPAGES, ON(self->ours, self->e.node[1]));
	EXPECT_EQ(NPAGES, ON(self->beside, self->e.node[0]));
	EXPECT_PATTERN(self->ours, 2 * LENGTH, SEED);
	EXPECT_POLICY();
}

/* It knows no pages of a device; they come home to where it wants them, whatever the policy says */
HMS_TEST(neighbours, mbind_of_device_pages)
{
	NEED_PRIVATE(1);
	NEED_NODES(2);
	ASSERT_EQ(0, put(self, self->e.sim[0]));
	ASSERT_EQ(0, set_range(self->ours, 1, MPOL_MF_MOVE));
	EXPECT_EQ(NPAGES, ON(self->ours, self->e.sim[0]));
	EXPECT_PATTERN(self->ours, LENGTH, SEED);
	EXPECT_EQ(NPAGES, ON(self->ours, self->e.node[1]));
	EXPECT_EQ(NPAGES, ON(self->beside, self->e.sim[0]));
	EXPECT_PATTERN(self->ours, 2 * LENGTH, SEED);
	EXPECT_POLICY();
}

/* A hole is filled where the task's mempolicy says. */
HMS_TEST(neighbours, set_mempolicy)
{
	NEED_NODES(2);
	ASSERT_EQ(0, set_task(MPOL_BIND, 1));
	fill(self->ours, 2 * LENGTH, SEED);
	ASSERT_EQ(0, set_task(MPOL_DEFAULT, 0));
	EXPECT_EQ(NPAGES, ON(self->ours, self->e.node[1]));
	EXPECT_EQ(NPAGES, ON(self->beside, self->e.node[1]));
	EXPECT_POLICY();
}

static long move_to(char *p, int node, int *status)
{
	void *pages[NPAGES];
	int nodes[NPAGES];

	for (int i = 0; i < NPAGES; i++) {
		pages[i] = p + i * PAGE;
		nodes[i] = node;
		status[i] = -EPROTO;
	}
	return syscall(SYS_move_pages, 0, (unsigned long)NPAGES, pages, nodes, status,
		       MPOL_MF_MOVE);
}

HMS_TEST(neighbours, move_pages)
{
	int status[NPAGES];

	NEED_NODES(2);
	ASSERT_EQ(0, put(self, self->e.node[0]));
	ASSERT_EQ(0, move_to(self->ours, 1, status));
	for (int i = 0; i < NPAGES; i++)
		EXPECT_EQ(1, status[i]);
	EXPECT_EQ(NPAGES, ON(self->ours, self->e.node[1]));
	EXPECT_EQ(NPAGES, ON(self->beside, self->e.node[0]));
	EXPECT_PATTERN(self->ours, 2 * LENGTH, SEED);
	EXPECT_POLICY();
}

HMS_TEST(neighbours, move_pages_of_device)
{
	int status[NPAGES];

	NEED_SIMS(1);
	NEED_NODES(1);
	ASSERT_EQ(0, put(self, self->e.sim[0]));
	/* More than 0: that many did not move. */
	ASSERT_LE(0, move_to(self->ours, 0, status));
	for (int i = 0; i < NPAGES; i++)
		EXPECT_EQ(-ENOENT, status[i]);
	EXPECT_EQ(NPAGES, ON(self->ours, self->e.sim[0]));
	EXPECT_PATTERN(self->ours, 2 * LENGTH, SEED);
	EXPECT_POLICY();
}

/* ---- the kernel by itself ---- */

/* It marks pages, and moves those that a CPU of another node touches; a device's it lets be. */
HMS_TEST(neighbours, numa_balancing)
{
	static const char on[] = "/proc/sys/kernel/numa_balancing";
	static const char delay[] = "/sys/kernel/debug/sched/numa_balancing/scan_delay_ms";
	__u32 there = self->e.nsims ? self->e.sim[0] : self->e.node[0];
	long long delay_before = number_read(delay);
	volatile char *beside = self->beside;

	NEED_NODES(2);
	if (access(on, W_OK))
		SKIP(return, "the kernel has no CONFIG_NUMA_BALANCING");
	ASSERT_EQ(0, put(self, there));
	ASSERT_EQ(0, migrate(self->e.fd, self->beside, LENGTH, self->e.node[0], NULL));
	ASSERT_EQ(0, run_on(1));
	if (delay_before >= 0)
		text_write(delay, "1");
	ASSERT_EQ(0, text_write(on, "1"));
	/* The test's own time limit ends this if it never happens. */
	while (!ON(self->beside, self->e.node[1])) {
		for (int round = 0; round < 1000; round++)
			for (size_t i = 0; i < LENGTH; i += PAGE)
				(void)beside[i];
	}
	EXPECT_EQ(0, text_write(on, "0"));
	if (delay_before >= 0) {
		char text[24];

		snprintf(text, sizeof(text), "%lld", delay_before);
		text_write(delay, text);
	}
	if (self->e.nsims && self->e.private)
		EXPECT_EQ(NPAGES, ON(self->ours, there));
	EXPECT_PATTERN(self->ours, 2 * LENGTH, SEED);
	EXPECT_POLICY();
}

#define CGROUP	"/sys/fs/cgroup/hms-neighbours"

/* Pages of nodes follow the cpuset; of a device they stay. */
HMS_TEST(neighbours, cpuset)
{
	const char *wrong = NULL;

	NEED_NODES(2);
	text_write("/sys/fs/cgroup/cgroup.subtree_control", "+cpuset");
	if (mkdir(CGROUP, 0755) || access(CGROUP "/cpuset.mems", W_OK)) {
		rmdir(CGROUP);
		SKIP(return, "no cpuset of cgroup v2");
	}
	ASSERT_EQ(0, put(self, self->e.node[0]));
	if (self->e.nsims)
		ASSERT_EQ(0, migrate(self->e.fd, self->ours, LENGTH / 2, self->e.sim[0], NULL));
	if (text_write(CGROUP "/cpuset.mems", "0") || text_write(CGROUP "/cgroup.procs", "0"))
		wrong = "no way into the cpuset";
	else if (text_write(CGROUP "/cpuset.mems", "1"))
		wrong = "no way to change it";
	/* A work item of the kernel moves them; the test's own time limit ends this. */
	while (!wrong && ON(self->beside, self->e.node[1]) != NPAGES)
		usleep(1000);
	EXPECT_EQ(0, text_write("/sys/fs/cgroup/cgroup.procs", "0"));
	EXPECT_EQ(0, rmdir(CGROUP));
	text_write("/sys/fs/cgroup/cgroup.subtree_control", "-cpuset");
	EXPECT_EQ(NULL, wrong);
	EXPECT_EQ(self->e.nsims ? NPAGES / 2 : NPAGES, ON(self->ours, self->e.node[1]));
	if (self->e.nsims)
		EXPECT_EQ(NPAGES / 2, ON(self->ours, self->e.sim[0]));
	EXPECT_PATTERN(self->ours, 2 * LENGTH, SEED);
	EXPECT_POLICY();
}

/* Pages may get other frames, on the node where they are. */
HMS_TEST(neighbours, compaction)
{
	static const char compact[] = "/proc/sys/vm/compact_memory";

	if (access(compact, W_OK))
		SKIP(return, "the kernel has no CONFIG_COMPACTION");
	ASSERT_EQ(0, put(self, self->e.node[0]));
	if (self->e.nsims)
		ASSERT_EQ(0, migrate(self->e.fd, self->ours, LENGTH / 2, self->e.sim[0], NULL));
	ASSERT_EQ(0, text_write(compact, "1"));
	if (self->e.nsims)
		EXPECT_EQ(NPAGES / 2, ON(self->ours, self->e.sim[0]));
	EXPECT_EQ(self->e.nsims ? NPAGES / 2 : NPAGES, ON(self->ours, self->e.node[0]));
	EXPECT_EQ(NPAGES, ON(self->beside, self->e.node[0]));
	EXPECT_PATTERN(self->ours, 2 * LENGTH, SEED);
	EXPECT_POLICY();
}

/* ---- userfaultfd: page faults that the program serves itself ---- */

struct server {
	int fd;
	volatile int missing;
	volatile int protected;
	pthread_t thread;
};

static void serve(struct server *s, const struct uffd_msg *msg)
{
	__u64 address = msg->arg.pagefault.address & -PAGE;
	static char page[PAGE] __attribute__((aligned(4096)));

	if (msg->arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP) {
		struct uffdio_writeprotect wp = { .range = { address, PAGE } };

		s->protected++;
		ioctl(s->fd, UFFDIO_WRITEPROTECT, &wp);
	} else {
		struct uffdio_copy copy = { .dst = address, .src = u64_ptr(page), .len = PAGE };

		s->missing++;
		memset(page, 0x5a, sizeof(page));
		ioctl(s->fd, UFFDIO_COPY, &copy);
	}
}

static void *serve_all(void *data)
{
	struct server *s = data;
	struct uffd_msg msg;

	while (read(s->fd, &msg, sizeof(msg)) == sizeof(msg))
		if (msg.event == UFFD_EVENT_PAGEFAULT)
			serve(s, &msg);
	return NULL;
}

/* Over two ranges side by side. Returns why there is none, or "". */
static const char *server_start(struct server *s, char *p, __u64 mode, __u64 features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	struct uffdio_register range = { .range = { u64_ptr(p), 2 * LENGTH }, .mode = mode };

	memset(s, 0, sizeof(*s));
	s->fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (s->fd < 0)
		return "the kernel has no CONFIG_USERFAULTFD";
	if (ioctl(s->fd, UFFDIO_API, &api) || ioctl(s->fd, UFFDIO_REGISTER, &range)) {
		close(s->fd);
		return "this kernel's userfaultfd has no such mode";
	}
	return pthread_create(&s->thread, NULL, serve_all, s) ? "no thread" : "";
}

/* A hole is the program's to fill: populate leaves it, a touch asks the program. */
HMS_TEST(neighbours, userfaultfd_missing)
{
	struct request r;
	const char *missing;
	struct server s;

	missing = server_start(&s, self->ours, UFFDIO_REGISTER_MODE_MISSING, 0);
	if (*missing)
		SKIP(return, "%s", missing);
	ASSERT_EQ(0, populate(self->e.fd, self->ours, LENGTH, self->e.node[0], &r));
	ASSERT_COUNTS(&r);
	EXPECT_EQ(0, r.h.populated);
	EXPECT_EQ(NPAGES, ON(self->ours, ON_NOTHING));
	EXPECT_EQ(0, s.missing);
	for (size_t i = 0; i < 2 * LENGTH; i += PAGE)
		EXPECT_EQ(0x5a, self->ours[i]);
	EXPECT_EQ(2 * NPAGES, s.missing);
	/* What is there moves, and a hole that comes later is the program's again. */
	if (self->e.nsims) {
		ASSERT_EQ(0, migrate(self->e.fd, self->ours, LENGTH, self->e.sim[0], &r));
		EXPECT_EQ(NPAGES, r.h.moved);
		for (size_t i = 0; i < LENGTH; i++)
			EXPECT_EQ(0x5a, self->ours[i]);
		EXPECT_EQ(2 * NPAGES, s.missing);
	}
	ASSERT_EQ(0, madvise(self->ours, LENGTH, MADV_DONTNEED));
	EXPECT_EQ(0x5a, self->ours[PAGE]);
	EXPECT_EQ(2 * NPAGES + 1, s.missing);
	EXPECT_POLICY();
}

/* Protected pages move protected: the first write to each is told, wherever it was meanwhile. */
HMS_TEST(neighbours, userfaultfd_wp)
{
	struct uffdio_writeprotect wp = {
		.range = { u64_ptr(self->ours), 2 * LENGTH },
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};
	__u32 to = self->e.nsims ? self->e.sim[0] : self->e.node[self->e.nnodes - 1];
	const char *missing;
	struct request r;
	struct server s;

	fill(self->ours, 2 * LENGTH, SEED);
	missing = server_start(&s, self->ours, UFFDIO_REGISTER_MODE_WP,
			       UFFD_FEATURE_PAGEFAULT_FLAG_WP);
	if (*missing)
		SKIP(return, "%s", missing);
	ASSERT_EQ(0, ioctl(s.fd, UFFDIO_WRITEPROTECT, &wp));
	ASSERT_EQ(0, migrate(self->e.fd, self->ours, LENGTH, to, &r));
	EXPECT_EQ(NPAGES, r.h.moved + r.h.present);
	/* Reading is allowed, and may bring it home. */
	EXPECT_PATTERN(self->ours, LENGTH / 2, SEED);
	EXPECT_EQ(0, s.protected);
	for (size_t i = 0; i < 2 * LENGTH; i += PAGE) {
		volatile char *page = self->ours + i;

		*page = *page;
	}
	EXPECT_EQ(2 * NPAGES, s.protected);
	EXPECT_PATTERN(self->ours, 2 * LENGTH, SEED);
	EXPECT_POLICY();
}

/* That a hole is protected is remembered in the page tables; it is a hole all the same. */
HMS_TEST(neighbours, userfaultfd_wp_holes)
{
	char *p = mmap(NULL, 2 * LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct uffdio_writeprotect wp = {
		.range = { u64_ptr(p), 2 * LENGTH },
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};
	const char *missing;
	struct request r;
	struct server s;

	ASSERT_NE(MAP_FAILED, p);
	missing = server_start(&s, p, UFFDIO_REGISTER_MODE_WP,
			       UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_WP_HUGETLBFS_SHMEM);
	if (*missing)
		SKIP(return, "%s", missing);
	ASSERT_EQ(0, ioctl(s.fd, UFFDIO_WRITEPROTECT, &wp));
	for (int k = 0; k < 2; k++) {
		EXPECT_EQ(0, (k ? move_all_or_nothing : migrate)(self->e.fd, p, 2 * LENGTH,
								 self->e.node[0], &r));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(2 * NPAGES, r.h.skipped[HMS_SKIP_ABSENT]);
	}
	EXPECT_EQ(0, smaps_kib(p, "Rss"));
	memset(p, 1, PAGE);
	EXPECT_EQ(1, s.protected);
	EXPECT_EQ(0, munmap(p, 2 * LENGTH));
}

TEST_HARNESS_MAIN
