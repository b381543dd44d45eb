// SPDX-License-Identifier: GPL-2.0
/*
 * Lazy placement: what was never touched waits with a placeholder, and the first touch puts it
 * where the policy says. What placeholders cost, and that they never cost more than there is.
 */

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <linux/mempolicy.h>

#include "hms_fixture.h"

#define NPAGES		64
#define GROUP		"/sys/fs/cgroup/hms-lazy"
#define USER_MB		"/sys/module/hms/parameters/lazy_user_mb"
#define CORE_PATTERN	"/proc/sys/kernel/core_pattern"

FIXTURE(lazy)
{
	struct env e;
	__u32 last;		/* the node furthest from where the tests run */
	int last_nid;
};

FIXTURE_SETUP(lazy)
{
	ASSERT_STREQ("", env_open(&self->e));
	if (*feature_missing("lazy"))
		SKIP(return, "%s", feature_missing("lazy"));
	self->last_nid = self->e.nnodes - 1;
	self->last = self->e.node[self->last_nid];
}

FIXTURE_TEARDOWN_PARENT(lazy)
{
	EXPECT_USED_AS_BEFORE(&self->e);
}

static struct request *lazy_init(struct request *r, void *start, size_t length, unsigned int n,
				 const __u32 *uids)
{
	request_init(r, start, length);
	for (unsigned int i = 0; i < n; i++)
		request_target(r, uids[i]);
	request_modifier(r, HMS_MOD_MODE, HMS_MODE_PREFERRED);
	return request_modifier(r, HMS_MOD_LAZY, 1);
}

static int lazy(int fd, void *start, size_t length, unsigned int n, const __u32 *uids,
		struct request *r)
{
	return request_send(lazy_init(r, start, length, n, uids), fd);
}

/* A fresh area, all of it waiting to be placed. */
static char *waiting(FIXTURE_DATA(lazy) *self, size_t length, unsigned int n, const __u32 *uids)
{
	struct request r;
	char *p = area(length);

	if (!p || lazy(self->e.fd, p, length, n, uids, &r) || r.h.lazy != length / PAGE)
		return NULL;
	return p;
}

/* Zeros, but for the first byte of each page. */
static bool pages_are(const char *p, size_t length, unsigned char first)
{
	for (size_t at = 0; at < length; at += PAGE)
		if (*(const __u64 *)(p + at) != first || verify_zero(p + at + 8, PAGE - 8) >= 0)
			return false;
	return true;
}

HMS_TEST(lazy, placed_when_touched)
{
	long long touched = stat_read("lazy_touched");
	struct request r;
	char *p = area(NPAGES * PAGE);

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, lazy(self->e.fd, p, NPAGES * PAGE, 1, &self->last, &r));
	EXPECT_EQ(NPAGES, r.h.lazy);
	EXPECT_EQ(NPAGES, r.h.pages);
	EXPECT_EQ(0, r.h.bytes_copied);
	EXPECT_COUNTS(&r);
	EXPECT_EQ(NPAGES, pages_on(self->e.fd, p, NPAGES * PAGE, ON_NOTHING));
	/* Here and there: no other page comes along. */
	for (size_t i = 1; i < NPAGES; i += 7) {
		p[i * PAGE] = i;
		EXPECT_EQ(self->last_nid, page_node(p + i * PAGE));
		EXPECT_EQ(i / 7 + 1, pages_on(self->e.fd, p, NPAGES * PAGE, self->last));
		EXPECT_EQ(i / 7 + 1, stat_read("lazy_touched") - touched);
	}
	/* Read, they are zeros, and are there too. */
	for (size_t i = 0; i < NPAGES; i++)
		EXPECT_TRUE(pages_are(p + i * PAGE, PAGE, i % 7 == 1 ? i : 0));
	EXPECT_EQ(NPAGES, pages_on(self->e.fd, p, NPAGES * PAGE, self->last));
	EXPECT_EQ(NPAGES, stat_read("lazy_touched") - touched);
}

/* Page after page, a thread runs into placeholders less and less often. */
HMS_TEST(lazy, touched_in_order)
{
	const size_t length = MiB(2);
	char *p = waiting(self, length, 1, &self->last);
	struct rusage before, after;

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, getrusage(RUSAGE_THREAD, &before));
	for (size_t i = 0; i < length; i += PAGE)
		p[i] = 1;
	ASSERT_EQ(0, getrusage(RUSAGE_THREAD, &after));
	EXPECT_LT(after.ru_minflt + after.ru_majflt - before.ru_minflt - before.ru_majflt, 64);
	EXPECT_EQ(length / PAGE, pages_on(self->e.fd, p, length, self->last));
	EXPECT_TRUE(pages_are(p, length, 1));
}

/* Where a large page may be, one touch brings all of it, also from another place of the policy. */
HMS_TEST(lazy, large)
{
	const size_t large = MiB(2);
	struct request r;
	char *p, *part;

	if (*feature_missing("large-pages"))
		SKIP(return, "%s", feature_missing("large-pages"));
	p = area_huge(4 * large);
	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, lazy(self->e.fd, p, 4 * large, 1, &self->last, &r));
	EXPECT_EQ(4 * large / PAGE, r.h.lazy);
	EXPECT_COUNTS(&r);
	/* Core counts what waits, too. */
	EXPECT_EQ(8192, smaps_kib(p, "AnonHugePages"));
	p[5 * PAGE] = 5;
	EXPECT_EQ(large / PAGE, pages_on(self->e.fd, p, 4 * large, self->last));
	/* Populated, in one piece too. */
	ASSERT_EQ(0, populate(self->e.fd, p + large, large, self->e.node[0], &r));
	EXPECT_EQ(large / PAGE, r.h.populated);
	EXPECT_COUNTS(&r);
	if (self->e.nsims && self->e.private) {
		ASSERT_EQ(0, populate(self->e.fd, p + 3 * large, large, self->e.sim[0], &r));
		EXPECT_EQ(large / PAGE, r.h.populated);
		p[3 * large] = 0;
	}
	EXPECT_EQ(8192, smaps_kib(p, "AnonHugePages"));
	/* In pieces, once a part of it is gone. */
	part = p + 2 * large;
	ASSERT_EQ(0, munmap(part + 8 * PAGE, 8 * PAGE));
	EXPECT_ZERO(part, 8 * PAGE);
	EXPECT_ZERO(part + 16 * PAGE, large - 16 * PAGE);
	EXPECT_EQ(large / PAGE - 8,
		  pages_on(self->e.fd, part, 8 * PAGE, self->last) +
			  pages_on(self->e.fd, part + 16 * PAGE, large - 16 * PAGE, self->last));
	EXPECT_EQ(5, p[5 * PAGE]);
	p[5 * PAGE] = 0;
	EXPECT_ZERO(p, 2 * large);
	EXPECT_ZERO(p + 3 * large, large);
}

/* Who does not want large pages gets none. */
HMS_TEST(lazy, large_not_wanted)
{
	const size_t large = MiB(2);
	struct request r;

	if (*feature_missing("large-pages"))
		SKIP(return, "%s", feature_missing("large-pages"));
	for (int i = 0; i < 2; i++) {
		char *p = area_huge(large);

		ASSERT_NE(NULL, p);
		ASSERT_EQ(0, i ? prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) :
				 madvise(p, large, MADV_NOHUGEPAGE));
		ASSERT_EQ(0, lazy(self->e.fd, p, large, 1, &self->last, &r));
		EXPECT_EQ(large / PAGE, r.h.lazy);
		EXPECT_EQ(0, smaps_kib(p, "AnonHugePages"));
		p[5 * PAGE] = 5;
		EXPECT_EQ(1, pages_on(self->e.fd, p, large, self->last));
		EXPECT_TRUE(pages_are(p + 5 * PAGE, PAGE, 5));
		EXPECT_EQ(0, smaps_kib(p, "AnonHugePages"));
	}
}

/* Who touches first decides which target of a mixed list can be used. */
HMS_TEST(lazy, devices_and_nodes)
{
	__u32 uids[2] = { self->e.sim[0], self->last };
	char bytes[PAGE];
	char *p;

	NEED_PRIVATE(1);
	p = waiting(self, 8 * PAGE, 2, uids);
	ASSERT_NE(NULL, p);
	p[0] = 1;
	EXPECT_EQ(1, pages_on(self->e.fd, p, 8 * PAGE, self->last));
	ASSERT_EQ(0, sim_read(self->e.sim_fd[0], p + 4 * PAGE, bytes, PAGE));
	EXPECT_ZERO(bytes, PAGE);
	EXPECT_EQ(1, pages_on(self->e.fd, p, 8 * PAGE, self->e.sim[0]));
	EXPECT_EQ(6, pages_on(self->e.fd, p, 8 * PAGE, ON_NOTHING));
	memset(bytes, 7, sizeof(bytes));
	ASSERT_EQ(0, sim_write(self->e.sim_fd[0], p + 6 * PAGE, bytes, PAGE));
	EXPECT_EQ(2, pages_on(self->e.fd, p, 8 * PAGE, self->e.sim[0]));
	EXPECT_EQ(0, memcmp(bytes, p + 6 * PAGE, PAGE));
	EXPECT_ZERO(p + 4 * PAGE, PAGE);
	EXPECT_TRUE(pages_are(p, PAGE, 1));
}

/* A device without a policy for it takes what the CPU would get. */
HMS_TEST(lazy, touched_by_another_device)
{
	char bytes[PAGE];
	char *p;

	NEED_SIMS(1);
	p = waiting(self, 2 * PAGE, 1, &self->last);
	ASSERT_NE(NULL, p);
	memset(bytes, 1, sizeof(bytes));
	ASSERT_EQ(0, sim_read(self->e.sim_fd[0], p, bytes, PAGE));
	EXPECT_ZERO(bytes, PAGE);
	ASSERT_EQ(0, policy_clear(self->e.fd, p, 2 * PAGE));
	memset(bytes, 1, sizeof(bytes));
	ASSERT_EQ(0, sim_read(self->e.sim_fd[0], p + PAGE, bytes, PAGE));
	EXPECT_ZERO(bytes, PAGE);
	EXPECT_EQ(0, pages_on(self->e.fd, p, 2 * PAGE, ON_NOTHING));
}

/* Other requests see what was never touched as missing, whether it waits or not. */
HMS_TEST(lazy, asked_again)
{
	char *p = waiting(self, NPAGES * PAGE, 1, &self->last);
	struct request r;

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, lazy(self->e.fd, p, NPAGES * PAGE, 1, &self->last, &r));
	EXPECT_EQ(NPAGES, r.h.lazy);
	EXPECT_COUNTS(&r);
	ASSERT_EQ(0, migrate(self->e.fd, p, NPAGES * PAGE, self->e.node[0], &r));
	EXPECT_EQ(NPAGES, r.h.skipped[HMS_SKIP_ABSENT]);
	EXPECT_COUNTS(&r);
	ASSERT_EQ(0, populate(self->e.fd, p, NPAGES / 2 * PAGE, self->e.node[0], &r));
	EXPECT_EQ(NPAGES / 2, r.h.populated);
	EXPECT_COUNTS(&r);
	EXPECT_EQ(NPAGES / 2, pages_on(self->e.fd, p, NPAGES * PAGE, self->e.node[0]));
	EXPECT_ZERO(p, NPAGES * PAGE);
	EXPECT_EQ(NPAGES - NPAGES / 2, pages_on(self->e.fd, p + NPAGES / 2 * PAGE,
						NPAGES / 2 * PAGE, self->last));
	if (self->e.nsims) {
		p = waiting(self, NPAGES * PAGE, 1, &self->last);
		ASSERT_NE(NULL, p);
		ASSERT_EQ(0, populate(self->e.fd, p, NPAGES * PAGE, self->e.sim[0], &r));
		EXPECT_EQ(NPAGES, r.h.populated);
		EXPECT_EQ(NPAGES, pages_on(self->e.fd, p, NPAGES * PAGE, self->e.sim[0]));
		EXPECT_ZERO(p, NPAGES * PAGE);
	}
}

/* What exists stays, or moves if that is asked too; what is missing waits. */
HMS_TEST(lazy, among_pages)
{
	for (int moving = 0; moving < 2; moving++) {
		char *p = area(NPAGES * PAGE);
		struct request r;

		ASSERT_NE(NULL, p);
		for (size_t i = 0; i < NPAGES; i += 2)
			fill(p + i * PAGE, PAGE, i);
		ASSERT_EQ(0, migrate(self->e.fd, p, NPAGES * PAGE, self->e.node[0], &r));
		lazy_init(&r, p, NPAGES * PAGE, 1, &self->last);
		if (moving)
			request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
		ASSERT_EQ(0, request_send(&r, self->e.fd));
		EXPECT_EQ(NPAGES / 2, r.h.lazy);
		EXPECT_COUNTS(&r);
		for (size_t i = 0; i < NPAGES; i++)
			EXPECT_EQ(-1, i % 2 ? verify_zero(p + i * PAGE, PAGE) :
					      verify(p + i * PAGE, PAGE, i));
		EXPECT_EQ(self->e.nnodes > 1 && !moving ? NPAGES / 2 : NPAGES,
			  pages_on(self->e.fd, p, NPAGES * PAGE, self->last));
	}
}

HMS_TEST(lazy, refused)
{
	char *p = area(4 * PAGE);
	struct request r;

	ASSERT_NE(NULL, p);
	/* Without a policy there is nothing to place by. */
	request_target(request_init(&r, p, 4 * PAGE), self->last);
	request_modifier(&r, HMS_MOD_LAZY, 1);
	EXPECT_EQ(-EINVAL, request_send(&r, self->e.fd));
	EXPECT_EQ(HMS_WHY_COMBINATION, r.h.error_why);
	EXPECT_EQ(HMS_ERROR_MODIFIER, r.h.error_where);
	EXPECT_EQ(0, r.h.error_index);
	/* Now, or when it is touched. */
	request_modifier(lazy_init(&r, p, 4 * PAGE, 1, &self->last), HMS_MOD_POPULATE, 1);
	EXPECT_EQ(-EINVAL, request_send(&r, self->e.fd));
	EXPECT_EQ(HMS_WHY_COMBINATION, r.h.error_why);
	EXPECT_EQ(1, r.h.error_index);
	lazy_init(&r, p, 4 * PAGE, 1, &self->last)->modifiers[1].value = 2;
	EXPECT_EQ(-EINVAL, request_send(&r, self->e.fd));
	EXPECT_EQ(HMS_WHY_VALUE, r.h.error_why);
	lazy_init(&r, p, 4 * PAGE, 0, NULL)->modifiers[0].value = HMS_MODE_DEFAULT;
	EXPECT_EQ(-EINVAL, request_send(&r, self->e.fd));
	EXPECT_EQ(HMS_WHY_COMBINATION, r.h.error_why);
	EXPECT_EQ(0, smaps_kib(p, "Rss"));
}

/* A file's holes are the file's business, and what is locked is never on a device. */
HMS_TEST(lazy, not_for_all_memory)
{
	char *shared = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			    -1, 0);
	char *locked = area(4 * PAGE);
	struct request r;

	ASSERT_NE(MAP_FAILED, shared);
	ASSERT_EQ(0, lazy(self->e.fd, shared, 4 * PAGE, 1, &self->last, &r));
	EXPECT_EQ(4, r.h.skipped[HMS_SKIP_ABSENT]);
	EXPECT_COUNTS(&r);
	ASSERT_NE(NULL, locked);
	ASSERT_EQ(0, mlock2(locked, 4 * PAGE, MLOCK_ONFAULT));
	ASSERT_EQ(0, lazy(self->e.fd, locked, 4 * PAGE, 1, &self->last, &r));
	EXPECT_EQ(4, r.h.skipped[HMS_SKIP_SPECIAL]);
	EXPECT_COUNTS(&r);
	ASSERT_EQ(0, munlock(locked, 4 * PAGE));
	/* The other way round, mlock() touches all of it. */
	ASSERT_EQ(0, lazy(self->e.fd, locked, 4 * PAGE, 1, &self->last, &r));
	EXPECT_EQ(4, r.h.lazy);
	ASSERT_EQ(0, mlock(locked, 4 * PAGE));
	EXPECT_EQ(4, pages_on(self->e.fd, locked, 4 * PAGE, self->last));
	EXPECT_EQ(16, smaps_kib(locked, "Locked"));
	EXPECT_ZERO(locked, 4 * PAGE);
	EXPECT_EQ(0, munmap(locked, 4 * PAGE));
}

/* A mempolicy of the mapping's own decides where a CPU's touch puts it. */
HMS_TEST(lazy, mempolicy_of_its_own)
{
	unsigned long nodes = 1;
	char *p;

	NEED_NODES(2);
	p = waiting(self, 4 * PAGE, 1, &self->last);
	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, syscall(SYS_mbind, p, 4 * PAGE, MPOL_BIND, &nodes, 8 * sizeof(nodes), 0));
	for (int i = 0; i < 4; i++)
		p[i * PAGE] = 1;
	EXPECT_EQ(4, pages_on(self->e.fd, p, 4 * PAGE, self->e.node[0]));
	EXPECT_TRUE(pages_are(p, 4 * PAGE, 1));
}

/* What the price is: see hms(4). */
HMS_TEST(lazy, looks_resident)
{
	unsigned char resident[8] = { 0 };
	char *p = waiting(self, 8 * PAGE, 1, &self->last);

	ASSERT_NE(NULL, p);
	EXPECT_EQ(8 * PAGE / 1024, smaps_kib(p, "Rss"));
	ASSERT_EQ(0, mincore(p, 8 * PAGE, resident));
	for (int i = 0; i < 8; i++)
		EXPECT_EQ(1, resident[i] & 1);
	/* Looking is no touch. */
	EXPECT_EQ(8, pages_on(self->e.fd, p, 8 * PAGE, ON_NOTHING));
	/* Works once. */
	ASSERT_EQ(0, madvise(p, 4 * PAGE, MADV_DONTNEED));
	EXPECT_EQ(4 * PAGE / 1024, smaps_kib(p, "Rss"));
	EXPECT_ZERO(p, 8 * PAGE);
	EXPECT_EQ(4, pages_on(self->e.fd, p + 4 * PAGE, 4 * PAGE, self->last));
}

HMS_TEST(lazy, core_dump)
{
	long long touched = stat_read("lazy_touched");
	char old[256] = "", core[] = "/hms-lazy-core";
	struct stat st;
	pid_t pid;
	int status;

	ASSERT_EQ(0, text_read(CORE_PATTERN, old, sizeof(old)));
	ASSERT_EQ(0, text_write(CORE_PATTERN, core));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
		struct env e;
		struct request r;
		char *p = area(MiB(1));

		if (*env_open(&e) || !p ||
		    lazy(e.fd, p, MiB(1), 1, &self->last, &r) || setrlimit(RLIMIT_CORE, &all))
			_exit(1);
		abort();
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, text_write(CORE_PATTERN, old));
	ASSERT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGABRT, WTERMSIG(status));
	ASSERT_EQ(0, stat(core, &st));
	EXPECT_GT(st.st_size, MiB(1));
	/* Waiting pages are dumped as what they are for: zeros, which are allocated for it. */
	EXPECT_GE(stat_read("lazy_touched") - touched, MiB(1) / PAGE);
	unlink(core);
}

HMS_TEST(lazy, as_a_buffer)
{
	char *p = waiting(self, 8 * PAGE, 1, &self->last);
	char copy[PAGE];
	struct iovec local = { copy, PAGE }, remote = { p + 5 * PAGE, PAGE };
	int ends[2];

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, pipe(ends));
	/* Not one after the other, which would bring more along. */
	ASSERT_EQ(PAGE, write(ends[1], p + 3 * PAGE, PAGE));
	ASSERT_EQ(PAGE, read(ends[0], p + PAGE, PAGE));
	memset(copy, 1, sizeof(copy));
	ASSERT_EQ(PAGE, process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
	EXPECT_ZERO(copy, PAGE);
	EXPECT_EQ(3, pages_on(self->e.fd, p, 8 * PAGE, self->last));
	EXPECT_ZERO(p, 8 * PAGE);
}

HMS_TEST(lazy, fork)
{
	char *p = waiting(self, NPAGES * PAGE, 1, &self->last);
	struct peer peer;

	ASSERT_NE(NULL, p);
	ASSERT_GE(peer_fork(&peer), 0);
	if (!peer.pid) {
		for (size_t i = 0; i < NPAGES; i += 2)
			p[i * PAGE] = 1;
		tell(&peer);
		hear(&peer);
		for (size_t i = 0; i < NPAGES; i++)
			if (!pages_are(p + i * PAGE, PAGE, !(i % 2)))
				_exit(1);
		_exit(0);
	}
	ASSERT_EQ(0, hear(&peer));
	EXPECT_ZERO(p, NPAGES * PAGE);
	memset(p, 9, NPAGES * PAGE);
	ASSERT_EQ(0, tell(&peer));
	EXPECT_EQ(0, peer_wait(&peer));
}

HMS_TEST(lazy, mremap)
{
	char *p = waiting(self, NPAGES * PAGE, 1, &self->last);
	char *to = area(NPAGES * PAGE);

	ASSERT_NE(NULL, p);
	ASSERT_NE(NULL, to);
	ASSERT_EQ(to, mremap(p, NPAGES * PAGE, NPAGES * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to));
	EXPECT_EQ(NPAGES * PAGE / 1024, smaps_kib(to, "Rss"));
	EXPECT_EQ(NPAGES, pages_on(self->e.fd, to, NPAGES * PAGE, ON_NOTHING));
	EXPECT_ZERO(to, NPAGES * PAGE);
	EXPECT_EQ(NPAGES, pages_on(self->e.fd, to, NPAGES * PAGE, self->last));
}

/* For another process, which mbind(2) can't do. */
HMS_TEST(lazy, of_another_process)
{
	char *p = area(NPAGES * PAGE);
	struct peer peer;

	ASSERT_NE(NULL, p);
	ASSERT_GE(peer_fork(&peer), 0);
	if (!peer.pid) {
		struct request r;

		lazy_init(&r, p, NPAGES * PAGE, 1, &self->last)->h.flags = HMS_REMOTE;
		_exit(request_send(&r, self->e.fd) || r.h.lazy != NPAGES);
	}
	ASSERT_EQ(0, peer_wait(&peer));
	EXPECT_ZERO(p, NPAGES * PAGE);
	EXPECT_EQ(NPAGES, pages_on(self->e.fd, p, NPAGES * PAGE, self->last));
}

struct toucher {
	pthread_t thread;
	char *p;
	int n;
};

static void *touch_all(void *data)
{
	struct toucher *t = data;

	for (size_t i = 0; i < NPAGES; i++)
		__atomic_fetch_add(&t->p[i * PAGE], 1, __ATOMIC_RELAXED);
	return NULL;
}

HMS_TEST(lazy, threads)
{
	struct toucher t[8];

	for (int round = 0; round < 8; round++) {
		char *p = waiting(self, NPAGES * PAGE, 1, &self->last);

		ASSERT_NE(NULL, p);
		for (int i = 0; i < 8; i++) {
			t[i].p = p;
			ASSERT_EQ(0, pthread_create(&t[i].thread, NULL, touch_all, &t[i]));
		}
		for (int i = 0; i < 8; i++)
			pthread_join(t[i].thread, NULL);
		EXPECT_TRUE(pages_are(p, NPAGES * PAGE, 8));
		EXPECT_EQ(NPAGES, pages_on(self->e.fd, p, NPAGES * PAGE, self->last));
		EXPECT_EQ(0, munmap(p, NPAGES * PAGE));
	}
}

/* A cgroup with less room than is asked for: nobody is killed, and the rest is left plain. */
HMS_TEST(lazy, cgroup_without_room)
{
	char text[4096] = "", pid[16];
	struct request r;
	char *p;

	if (access("/sys/fs/cgroup/cgroup.controllers", R_OK))
		SKIP(return, "the kernel has no CONFIG_MEMCG");
	text_write("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	mkdir(GROUP, 0755);
	snprintf(pid, sizeof(pid), "%d", getpid());
	ASSERT_EQ(0, text_write(GROUP "/memory.max", "32M"));
	ASSERT_EQ(0, text_write(GROUP "/cgroup.procs", pid));
	p = area(MiB(64));
	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, lazy(self->e.fd, p, MiB(64), 1, &self->last, &r));
	EXPECT_COUNTS(&r);
	EXPECT_GT(r.h.lazy, MiB(16) / PAGE);
	EXPECT_LE(r.h.lazy, MiB(28) / PAGE);
	EXPECT_EQ(r.h.pages - r.h.lazy, r.h.skipped[HMS_SKIP_LIMIT]);
	EXPECT_GE(number_read(GROUP "/memory.current"), r.h.lazy * PAGE);
	/* They are charged already, so to touch them takes no more room. */
	ASSERT_GE(r.h.first_skipped - r.h.start, MiB(8));
	for (size_t i = 0; i < r.h.first_skipped - r.h.start; i += PAGE)
		p[i] = 1;
	EXPECT_EQ((r.h.first_skipped - r.h.start) / PAGE,
		  pages_on(self->e.fd, p, MiB(64), self->last));
	EXPECT_TRUE(pages_are(p, r.h.first_skipped - r.h.start, 1));
	ASSERT_EQ(0, text_read(GROUP "/memory.events", text, sizeof(text)));
	EXPECT_NE(NULL, strstr(text, "oom_kill 0"));
	EXPECT_NE(NULL, strstr(text, "oom 0"));
	ASSERT_EQ(0, munmap(p, MiB(64)));
	ASSERT_EQ(0, text_write("/sys/fs/cgroup/cgroup.procs", pid));
	EXPECT_EQ(0, rmdir(GROUP));
}

HMS_TEST(lazy, user_without_room)
{
	struct request r;
	char *p = area(MiB(4));
	pid_t pid;
	int status;

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, text_write(USER_MB, "1"));
	ASSERT_EQ(0, lazy(self->e.fd, p, MiB(4), 1, &self->last, &r));
	EXPECT_EQ(MiB(1) / PAGE, r.h.lazy);
	EXPECT_EQ(MiB(3) / PAGE, r.h.skipped[HMS_SKIP_LIMIT]);
	EXPECT_COUNTS(&r);
	/* Another user has room of their own. */
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		struct env e;
		char *q = area(MiB(1));

		_exit(*env_open(&e) || !q || setuid(65534) ||
		      lazy(e.fd, q, MiB(1), 1, &self->last, &r) || r.h.lazy != MiB(1) / PAGE);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	/* What is touched or unmapped makes room. */
	for (size_t i = 0; i < MiB(1); i += PAGE)
		p[i] = 1;
	EXPECT_TRUE(pages_are(p, MiB(1), 1));
	ASSERT_EQ(0, lazy(self->e.fd, p, MiB(4), 1, &self->last, &r));
	EXPECT_EQ(MiB(1) / PAGE, r.h.lazy);
	ASSERT_EQ(0, munmap(p, MiB(4)));
	p = area(MiB(1));
	ASSERT_EQ(0, lazy(self->e.fd, p, MiB(1), 1, &self->last, &r));
	EXPECT_EQ(MiB(1) / PAGE, r.h.lazy);
	ASSERT_EQ(0, text_write(USER_MB, "0"));
}

TEST_HARNESS_MAIN
