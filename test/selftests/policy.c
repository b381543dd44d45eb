// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes of a policy: set, split, merged, dropped by munmap, kept by the rest, gone by
 * exec.
 */

#include <fcntl.h>
#include <pthread.h>

#include "hms_fixture.h"

#define NPAGES	16

FIXTURE(policy)
{
	struct env e;
	char *p;
	__u32 a[2], b[1];	/* two lists of targets */
};

FIXTURE_SETUP(policy)
{
	ASSERT_STREQ("", env_open(&self->e));
	self->p = area(NPAGES * PAGE);
	ASSERT_NE(NULL, self->p);
	/* Two lists that differ on any machine: by length, or by what they name. */
	self->a[0] = self->e.node[0];
	self->a[1] = self->e.nsims ? self->e.sim[0] : self->e.node[self->e.nnodes - 1];
	self->b[0] = self->e.node[self->e.nnodes - 1];
}

FIXTURE_TEARDOWN_PARENT(policy)
{
	EXPECT_USED_AS_BEFORE(&self->e);
}

/* List A: bind to two targets where there are two; list B: preferred, one. */
static int set_a(FIXTURE_DATA(policy) *self, int from, int to)
{
	return policy_set(self->e.fd, self->p + from * PAGE, (to - from) * PAGE, HMS_MODE_BIND,
			  self->a[0] == self->a[1] ? 1 : 2, self->a);
}

static int set_b(FIXTURE_DATA(policy) *self, int from, int to)
{
	return policy_set(self->e.fd, self->p + from * PAGE, (to - from) * PAGE, HMS_MODE_PREFERRED,
			  1, self->b);
}

static int clear(FIXTURE_DATA(policy) *self, int from, int to)
{
	return policy_clear(self->e.fd, self->p + from * PAGE, (to - from) * PAGE);
}

/* The policies of the area as text: "a0-4 b4-8", an entry each, pages. */
static const char *map_of(FIXTURE_DATA(policy) *self)
{
	static char text[1024];
	struct policy p[MAX_POLICIES];
	int n = policies_read(self->e.fd, HMS_QUERY_POLICY, self->p, NPAGES * PAGE, p,
			      MAX_POLICIES);
	int at = 0;

	text[0] = 0;
	if (n < 0)
		snprintf(text, sizeof(text), "error %d", n);
	for (int i = 0; i < n; i++) {
		const void *start = (void *)(uintptr_t)p[i].start;
		size_t length = p[i].end - p[i].start;
		char name = '?';

		if (policy_is(&p[i], start, length, HMS_MODE_BIND, self->a[0] == self->a[1] ? 1 : 2,
			      self->a))
			name = 'a';
		else if (policy_is(&p[i], start, length, HMS_MODE_PREFERRED, 1, self->b))
			name = 'b';
		at += snprintf(
			text + at, sizeof(text) - at, "%s%c%lld-%lld", i ? " " : "", name,
			((long long)p[i].start - (long long)u64_ptr(self->p)) / (long long)PAGE,
			((long long)p[i].end - (long long)u64_ptr(self->p)) / (long long)PAGE);
	}
	return text;
}

HMS_TEST(policy, set_and_clear)
{
	EXPECT_STREQ("", map_of(self));
	ASSERT_EQ(0, set_a(self, 0, NPAGES));
	EXPECT_STREQ("a0-16", map_of(self));
	ASSERT_EQ(0, set_b(self, 0, NPAGES));
	EXPECT_STREQ("b0-16", map_of(self));
	ASSERT_EQ(0, clear(self, 0, NPAGES));
	EXPECT_STREQ("", map_of(self));
	/* Clearing what is not there is fine. */
	ASSERT_EQ(0, clear(self, 3, 5));
	EXPECT_STREQ("", map_of(self));
	ASSERT_EQ(0, set_a(self, 15, 16));
	EXPECT_STREQ("a15-16", map_of(self));
}

/* A policy alone moves and allocates nothing. */
HMS_TEST(policy, set_moves_nothing)
{
	fill(self->p, 8 * PAGE, 1);
	ASSERT_EQ(0, migrate(self->e.fd, self->p, 8 * PAGE, self->e.node[0], NULL));
	ASSERT_EQ(0, set_b(self, 0, NPAGES));
	EXPECT_EQ(8, pages_on(self->e.fd, self->p, NPAGES * PAGE, self->e.node[0]));
	EXPECT_EQ(8, pages_on(self->e.fd, self->p, NPAGES * PAGE, ON_NOTHING));
	EXPECT_PATTERN(self->p, 8 * PAGE, 1);
}

HMS_TEST(policy, split_by_another)
{
	ASSERT_EQ(0, set_a(self, 0, 16));
	ASSERT_EQ(0, set_b(self, 4, 8));
	EXPECT_STREQ("a0-4 b4-8 a8-16", map_of(self));
	ASSERT_EQ(0, set_b(self, 0, 2));
	EXPECT_STREQ("b0-2 a2-4 b4-8 a8-16", map_of(self));
	ASSERT_EQ(0, set_b(self, 14, 16));
	EXPECT_STREQ("b0-2 a2-4 b4-8 a8-14 b14-16", map_of(self));
	/* Over several, with a part of the first and of the last. */
	ASSERT_EQ(0, set_a(self, 1, 6));
	EXPECT_STREQ("b0-1 a1-6 b6-8 a8-14 b14-16", map_of(self));
	/* Over all. */
	ASSERT_EQ(0, set_b(self, 0, 16));
	EXPECT_STREQ("b0-16", map_of(self));
}

HMS_TEST(policy, split_by_clear)
{
	ASSERT_EQ(0, set_a(self, 0, 16));
	ASSERT_EQ(0, clear(self, 4, 8));
	EXPECT_STREQ("a0-4 a8-16", map_of(self));
	ASSERT_EQ(0, clear(self, 0, 1));
	ASSERT_EQ(0, clear(self, 15, 16));
	EXPECT_STREQ("a1-4 a8-15", map_of(self));
	ASSERT_EQ(0, clear(self, 3, 9));
	EXPECT_STREQ("a1-3 a9-15", map_of(self));
	ASSERT_EQ(0, clear(self, 0, 16));
	EXPECT_STREQ("", map_of(self));
}

HMS_TEST(policy, merge_equal_neighbours)
{
	ASSERT_EQ(0, set_a(self, 0, 4));
	ASSERT_EQ(0, set_a(self, 4, 8));
	EXPECT_STREQ("a0-8", map_of(self));
	ASSERT_EQ(0, set_a(self, 12, 16));
	ASSERT_EQ(0, set_a(self, 8, 12));	/* closes the gap: three become one */
	EXPECT_STREQ("a0-16", map_of(self));
	ASSERT_EQ(0, set_a(self, 6, 10));	/* the same again, inside */
	EXPECT_STREQ("a0-16", map_of(self));
	ASSERT_EQ(0, set_b(self, 4, 8));
	ASSERT_EQ(0, set_a(self, 4, 8));
	EXPECT_STREQ("a0-16", map_of(self));
	ASSERT_EQ(0, clear(self, 0, 16));
	ASSERT_EQ(0, set_a(self, 8, 16));
	ASSERT_EQ(0, set_a(self, 0, 10));	/* overlaps its equal */
	EXPECT_STREQ("a0-16", map_of(self));
}

/* Equal means mode, targets and their order. */
HMS_TEST(policy, unequal_neighbours_stay_apart)
{
	struct policy p[8];
	__u32 ab[2] = { self->e.node[0], self->e.node[1] }, ba[2] = { ab[1], ab[0] };

	NEED_NODES(2);
	ASSERT_EQ(0, policy_set(self->e.fd, self->p, 4 * PAGE, HMS_MODE_BIND, 2, ab));
	ASSERT_EQ(0, policy_set(self->e.fd, self->p + 4 * PAGE, 4 * PAGE, HMS_MODE_BIND, 2, ba));
	ASSERT_EQ(0, policy_set(self->e.fd, self->p + 8 * PAGE, 4 * PAGE, HMS_MODE_BIND, 1, ba));
	ASSERT_EQ(0,
		  policy_set(self->e.fd, self->p + 12 * PAGE, 4 * PAGE, HMS_MODE_PREFERRED, 1, ba));
	ASSERT_EQ(4, policies_read(self->e.fd, HMS_QUERY_POLICY, self->p, 16 * PAGE, p, 8));
	EXPECT_TRUE(policy_is(&p[0], self->p, 4 * PAGE, HMS_MODE_BIND, 2, ab));
	EXPECT_TRUE(policy_is(&p[1], self->p + 4 * PAGE, 4 * PAGE, HMS_MODE_BIND, 2, ba));
	EXPECT_TRUE(policy_is(&p[2], self->p + 8 * PAGE, 4 * PAGE, HMS_MODE_BIND, 1, ba));
	EXPECT_TRUE(policy_is(&p[3], self->p + 12 * PAGE, 4 * PAGE, HMS_MODE_PREFERRED, 1, ba));
}

HMS_TEST(policy, munmap_drops)
{
	char *p = self->p;

	ASSERT_EQ(0, set_a(self, 0, 16));
	ASSERT_EQ(0, munmap(p + 4 * PAGE, 4 * PAGE));		/* the middle */
	EXPECT_STREQ("a0-4 a8-16", map_of(self));
	ASSERT_EQ(0, munmap(p, PAGE));				/* the head */
	ASSERT_EQ(0, munmap(p + 15 * PAGE, PAGE));		/* the tail */
	EXPECT_STREQ("a1-4 a8-15", map_of(self));
	ASSERT_EQ(0, munmap(p, 9 * PAGE));			/* a whole one, and over holes */
	EXPECT_STREQ("a9-15", map_of(self));
	ASSERT_EQ(0, munmap(p, NPAGES * PAGE));
	EXPECT_STREQ("", map_of(self));
	/* New memory at the old place is new. */
	ASSERT_EQ(p, mmap(p, NPAGES * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
	EXPECT_STREQ("", map_of(self));
	{
		struct hms_query q;

		query_init(&q, HMS_QUERY_POLICY, p, PAGE);
		ASSERT_EQ(0, call(self->e.fd, HMS_QUERY, &q));
		EXPECT_EQ(0, q.lost);	/* munmap loses nothing that could have been kept */
	}
}

/* A hole in each of many ranges: the spare nodes are refilled. */
HMS_TEST(policy, munmap_many_times)
{
	enum { N = 256 };
	char *p = area(4 * N * PAGE);
	struct hms_query q;

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, policy_set(self->e.fd, p, 4 * N * PAGE, HMS_MODE_BIND, 1, self->b));
	for (int i = 0; i < N; i++)
		ASSERT_EQ(0, munmap(p + (4 * i + 2) * PAGE, PAGE));
	query_init(&q, HMS_QUERY_POLICY, p, 4 * N * PAGE);
	ASSERT_EQ(-ENOSPC, call(self->e.fd, HMS_QUERY, &q));
	EXPECT_EQ(N + 1, q.nentries);
	EXPECT_EQ(0, q.lost);
}

HMS_TEST(policy, map_fixed_over)
{
	ASSERT_EQ(0, set_a(self, 0, 16));
	ASSERT_EQ(self->p + 6 * PAGE, mmap(self->p + 6 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	EXPECT_STREQ("a0-6 a8-16", map_of(self));
	ASSERT_EQ(self->p, mmap(self->p, 16 * PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	EXPECT_STREQ("", map_of(self));
}

HMS_TEST(policy, brk)
{
	char *old = sbrk(0), *p;
	struct policy seen[4];

	p = (char *)(((uintptr_t)old + PAGE - 1) & -PAGE);
	ASSERT_EQ(0, brk(p + 8 * PAGE));
	ASSERT_EQ(0, policy_set(self->e.fd, p, 8 * PAGE, HMS_MODE_PREFERRED, 1, self->b));
	ASSERT_EQ(1, policies_read(self->e.fd, HMS_QUERY_POLICY, p, 8 * PAGE, seen, 4));
	ASSERT_EQ(0, brk(p + 3 * PAGE));
	ASSERT_EQ(1, policies_read(self->e.fd, HMS_QUERY_POLICY, p, 8 * PAGE, seen, 4));
	EXPECT_TRUE(policy_is(&seen[0], p, 3 * PAGE, HMS_MODE_PREFERRED, 1, self->b));
	/* What grows back has none. */
	ASSERT_EQ(0, brk(p + 8 * PAGE));
	ASSERT_EQ(1, policies_read(self->e.fd, HMS_QUERY_POLICY, p, 8 * PAGE, seen, 4));
	EXPECT_TRUE(policy_is(&seen[0], p, 3 * PAGE, HMS_MODE_PREFERRED, 1, self->b));
	ASSERT_EQ(0, brk(old));
	EXPECT_EQ(0, policies_read(self->e.fd, HMS_QUERY_POLICY, p, 8 * PAGE, seen, 4));
}

HMS_TEST(policy, kept)
{
	char *p = self->p;

	fill(p, NPAGES * PAGE, 1);
	ASSERT_EQ(0, set_a(self, 0, 16));
	ASSERT_EQ(0, madvise(p, 16 * PAGE, MADV_DONTNEED));
	EXPECT_STREQ("a0-16", map_of(self));
	EXPECT_ZERO(p, 16 * PAGE);
	fill(p, NPAGES * PAGE, 1);
	ASSERT_EQ(0, madvise(p + 2 * PAGE, 4 * PAGE, MADV_FREE));
	ASSERT_EQ(0, mprotect(p + 4 * PAGE, 4 * PAGE, PROT_READ));
	ASSERT_EQ(0, mprotect(p + 8 * PAGE, 4 * PAGE, PROT_NONE));
	EXPECT_STREQ("a0-16", map_of(self));
	ASSERT_EQ(0, mprotect(p, 16 * PAGE, PROT_READ | PROT_WRITE));
	ASSERT_EQ(0, mlock(p, 4 * PAGE));
	ASSERT_EQ(0, munlock(p, 4 * PAGE));
	ASSERT_EQ(0, migrate(self->e.fd, p, 16 * PAGE, self->b[0], NULL));
	EXPECT_STREQ("a0-16", map_of(self));
	/* Setting it on a range of several mappings is one policy. */
	ASSERT_EQ(0, mprotect(p + 4 * PAGE, 4 * PAGE, PROT_READ));
	ASSERT_EQ(0, set_b(self, 0, 16));
	EXPECT_STREQ("b0-16", map_of(self));
	EXPECT_PATTERN(p, 2 * PAGE, 1);
	/* Of these the kernel may have taken some. */
	for (int i = 2; i < 6; i++)
		EXPECT_TRUE(verify_part(p, i * PAGE, PAGE, 1) < 0 ||
			    verify_zero(p + i * PAGE, PAGE) < 0);
	EXPECT_PATTERN_PART(p, 6 * PAGE, 10 * PAGE, 1);
}

HMS_TEST(policy, outlives_the_descriptor)
{
	ASSERT_EQ(0, set_a(self, 2, 9));
	ASSERT_EQ(0, close(self->e.fd));
	self->e.fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->e.fd);
	EXPECT_STREQ("a2-9", map_of(self));
	/* It is still followed while no descriptor is open. */
	ASSERT_EQ(0, close(self->e.fd));
	ASSERT_EQ(0, munmap(self->p + 4 * PAGE, 2 * PAGE));
	self->e.fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->e.fd);
	EXPECT_STREQ("a2-4 a6-9", map_of(self));
}

HMS_TEST(policy, one_for_all_descriptors)
{
	int other = open(DEV_HMS, O_RDWR | O_CLOEXEC), mine = self->e.fd;

	ASSERT_LE(0, other);
	ASSERT_EQ(0, set_a(self, 0, 8));
	self->e.fd = other;
	EXPECT_STREQ("a0-8", map_of(self));
	ASSERT_EQ(0, set_b(self, 8, 12));
	self->e.fd = mine;
	EXPECT_STREQ("a0-8 b8-12", map_of(self));
	ASSERT_EQ(0, close(other));
	EXPECT_STREQ("a0-8 b8-12", map_of(self));
}

static void *set_in_thread(void *self)
{
	return (void *)(intptr_t)set_a(self, 1, 3);
}

HMS_TEST(policy, one_for_all_threads)
{
	pthread_t t;
	void *ret;

	ASSERT_EQ(0, pthread_create(&t, NULL, set_in_thread, self));
	ASSERT_EQ(0, pthread_join(t, &ret));
	EXPECT_EQ(NULL, ret);
	EXPECT_STREQ("a1-3", map_of(self));
}

HMS_TEST(policy, fork_gives_the_child_none)
{
	struct peer peer;
	pid_t pid;

	ASSERT_EQ(0, set_a(self, 0, 16));
	pid = peer_fork(&peer);
	ASSERT_GE(pid, 0);
	if (!pid) {
		FIXTURE_DATA(policy) child = *self;	/* self is shared with the parent */

		child.e.fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
		ASSERT_LE(0, child.e.fd);
		EXPECT_STREQ("", map_of(&child));
		EXPECT_EQ(0, set_b(&child, 4, 8));
		EXPECT_EQ(0, munmap(child.p + 12 * PAGE, PAGE));
		EXPECT_STREQ("b4-8", map_of(&child));
		EXPECT_EQ(0, tell(&peer));
		hear(&peer);
		_exit(0);
	}
	ASSERT_EQ(0, hear(&peer));
	EXPECT_STREQ("a0-16", map_of(self));
	tell(&peer);
	EXPECT_EQ(0, peer_wait(&peer));
	EXPECT_STREQ("a0-16", map_of(self));
}

/* The second life of this program: exit status 0 when it has no policy from the first. */
static int after_exec(int inherited, char *p)
{
	int fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
	struct policy seen[4];
	struct hms_query q;

	if (fd < 0)
		return 10;
	if (mmap(p, NPAGES * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != p)
		return 11;
	if (policies_read(fd, HMS_QUERY_POLICY, p, NPAGES * PAGE, seen, 4))
		return 12;
	query_init(&q, HMS_QUERY_POLICY, p, NPAGES * PAGE);
	if (call(inherited, HMS_QUERY, &q) != -EBADF)
		return 13;
	q.flags = HMS_REMOTE;
	if (call(inherited, HMS_QUERY, &q) != -ESRCH)
		return 14;
	return 0;
}

HMS_TEST(policy, exec_drops)
{
	char address[32], number[16];
	int status;
	pid_t pid;

	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		FIXTURE_DATA(policy) child = *self;

		child.e.fd = open(DEV_HMS, O_RDWR);
		if (child.e.fd < 0 || set_a(&child, 0, 16))
			_exit(20);
		snprintf(address, sizeof(address), "%p", child.p);
		snprintf(number, sizeof(number), "%d", child.e.fd);
		execl("/proc/self/exe", "policy", "--after-exec", number, address, NULL);
		_exit(21);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 11)
		SKIP(return, "the new image lies where the old had its memory");
	EXPECT_EQ(0, status) {
		TH_LOG("exit status %d", WEXITSTATUS(status));
	}
}

HMS_TEST(policy, query_common)
{
	struct policy p[2];
	int na = self->a[0] == self->a[1] ? 1 : 2;

	/* none */
	EXPECT_EQ(0, policies_read(self->e.fd, HMS_QUERY_COMMON, self->p, 16 * PAGE, p, 2));
	/* the same everywhere */
	ASSERT_EQ(0, set_a(self, 0, 16));
	ASSERT_EQ(1, policies_read(self->e.fd, HMS_QUERY_COMMON, self->p, 16 * PAGE, p, 2));
	EXPECT_TRUE(policy_is(&p[0], self->p, 16 * PAGE, HMS_MODE_BIND, na, self->a));
	ASSERT_EQ(1, policies_read(self->e.fd, HMS_QUERY_COMMON, self->p + 5 * PAGE, PAGE, p, 2));
	EXPECT_EQ(HMS_MODE_BIND, p[0].mode);
	EXPECT_EQ(na, (int)p[0].n);
	/* a page without */
	ASSERT_EQ(0, clear(self, 7, 8));
	EXPECT_EQ(0, policies_read(self->e.fd, HMS_QUERY_COMMON, self->p, 16 * PAGE, p, 2));
	EXPECT_EQ(1, policies_read(self->e.fd, HMS_QUERY_COMMON, self->p, 7 * PAGE, p, 2));
	EXPECT_EQ(1,
		  policies_read(self->e.fd, HMS_QUERY_COMMON, self->p + 8 * PAGE, 8 * PAGE, p, 2));
	EXPECT_EQ(0,
		  policies_read(self->e.fd, HMS_QUERY_COMMON, self->p + 6 * PAGE, 2 * PAGE, p, 2));
	EXPECT_EQ(0,
		  policies_read(self->e.fd, HMS_QUERY_COMMON, self->p + 7 * PAGE, 2 * PAGE, p, 2));
	/* the gap at the end, and at the beginning */
	ASSERT_EQ(0, clear(self, 0, 16));
	ASSERT_EQ(0, set_b(self, 1, 15));
	EXPECT_EQ(0, policies_read(self->e.fd, HMS_QUERY_COMMON, self->p, 2 * PAGE, p, 2));
	EXPECT_EQ(0,
		  policies_read(self->e.fd, HMS_QUERY_COMMON, self->p + 14 * PAGE, 2 * PAGE, p, 2));
	EXPECT_EQ(1, policies_read(self->e.fd, HMS_QUERY_COMMON, self->p + PAGE, 14 * PAGE, p, 2));
}

/* Of different policies, what they agree on. */
HMS_TEST(policy, query_common_of_different)
{
	__u32 first[2] = { self->e.node[0], self->e.node[1] }, second[2] = { first[1], first[0] };
	struct policy p[2];

	NEED_NODES(2);
	ASSERT_EQ(0, policy_set(self->e.fd, self->p, 8 * PAGE, HMS_MODE_BIND, 2, first));
	ASSERT_EQ(0,
		  policy_set(self->e.fd, self->p + 8 * PAGE, 4 * PAGE, HMS_MODE_BIND, 2, second));
	ASSERT_EQ(0, policy_set(self->e.fd, self->p + 12 * PAGE, 4 * PAGE, HMS_MODE_PREFERRED, 1,
				second));
	/* all targets, in the order of the first */
	ASSERT_EQ(1, policies_read(self->e.fd, HMS_QUERY_COMMON, self->p, 12 * PAGE, p, 2));
	EXPECT_TRUE(policy_is(&p[0], self->p, 12 * PAGE, HMS_MODE_BIND, 2, first));
	/* one of them, and two modes */
	ASSERT_EQ(1, policies_read(self->e.fd, HMS_QUERY_COMMON, self->p, 16 * PAGE, p, 2));
	EXPECT_TRUE(policy_is(&p[0], self->p, 16 * PAGE, HMS_MODE_DEFAULT, 1, second));
	/* nothing */
	ASSERT_EQ(0, policy_set(self->e.fd, self->p, 8 * PAGE, HMS_MODE_BIND, 1, second));
	ASSERT_EQ(0, policy_set(self->e.fd, self->p + 8 * PAGE, 8 * PAGE, HMS_MODE_BIND, 1, first));
	ASSERT_EQ(1, policies_read(self->e.fd, HMS_QUERY_COMMON, self->p, 16 * PAGE, p, 2));
	EXPECT_EQ(HMS_MODE_BIND, p[0].mode);
	EXPECT_EQ(0, p[0].n);
}

/* A query sees what is in its range only. */
HMS_TEST(policy, query_part)
{
	struct policy p[8];

	ASSERT_EQ(0, set_a(self, 2, 6));
	ASSERT_EQ(0, set_b(self, 6, 8));
	ASSERT_EQ(0, set_a(self, 10, 12));
	EXPECT_EQ(0, policies_read(self->e.fd, HMS_QUERY_POLICY, self->p, 2 * PAGE, p, 8));
	EXPECT_EQ(1, policies_read(self->e.fd, HMS_QUERY_POLICY, self->p, 3 * PAGE, p, 8));
	EXPECT_EQ(1, policies_read(self->e.fd, HMS_QUERY_POLICY, self->p + 5 * PAGE, PAGE, p, 8));
	EXPECT_EQ(2,
		  policies_read(self->e.fd, HMS_QUERY_POLICY, self->p + 5 * PAGE, 2 * PAGE, p, 8));
	EXPECT_EQ(0,
		  policies_read(self->e.fd, HMS_QUERY_POLICY, self->p + 8 * PAGE, 2 * PAGE, p, 8));
	EXPECT_EQ(3, policies_read(self->e.fd, HMS_QUERY_POLICY, self->p, 11 * PAGE, p, 8));
}

/* Asking for the sizes, then with that room, then with one less of each. */
HMS_TEST(policy, query_room)
{
	struct hms_policy_entry e[8];
	struct hms_query q;
	__u32 uids[16], n, nuids;

	ASSERT_EQ(0, set_a(self, 0, 4));
	ASSERT_EQ(0, set_b(self, 4, 8));
	ASSERT_EQ(0, set_a(self, 8, 16));
	query_init(&q, HMS_QUERY_POLICY, self->p, 16 * PAGE);
	ASSERT_EQ(-ENOSPC, call(self->e.fd, HMS_QUERY, &q));
	n = q.nentries;
	nuids = q.nuids;
	EXPECT_EQ(3, n);
	EXPECT_EQ(sizeof(e[0]), q.entry_size);
	ASSERT_GE(nuids, 2);

	for (int less = 0; less < 3; less++) {
		memset(e, 0xa5, sizeof(e));
		memset(uids, 0xa5, sizeof(uids));
		query_init(&q, HMS_QUERY_POLICY, self->p, 16 * PAGE);
		q.entries = u64_ptr(e);
		q.nentries = n - (less == 1);
		q.uids = u64_ptr(uids);
		q.nuids = nuids - (less == 2);
		EXPECT_EQ(less ? -ENOSPC : 0, call(self->e.fd, HMS_QUERY, &q));
		EXPECT_EQ(n, q.nentries);
		EXPECT_EQ(nuids, q.nuids);
		EXPECT_EQ(0xa5, *(unsigned char *)&e[n]);
		EXPECT_EQ(0xa5a5a5a5, uids[nuids]);
		/* Never beyond the room that was given. */
		if (less == 1)
			EXPECT_EQ(0xa5, *(unsigned char *)&e[n - 1]);
		if (less == 2)
			EXPECT_EQ(0xa5a5a5a5, uids[nuids - 1]);
	}
}

HMS_TEST(policy, query_element_size)
{
	struct wide {
		struct hms_policy_entry e;
		__u64 more[3];
	} wide[4];
	struct narrow {
		__u64 start, length;
	} narrow[4];
	__u32 uids[16];
	struct hms_query q;

	ASSERT_EQ(0, set_a(self, 0, 4));
	ASSERT_EQ(0, set_b(self, 4, 8));
	memset(wide, 0xa5, sizeof(wide));
	memset(narrow, 0xa5, sizeof(narrow));
	query_init(&q, HMS_QUERY_POLICY, self->p, 16 * PAGE);
	q.uids = u64_ptr(uids);
	q.nuids = 16;
	q.entries = u64_ptr(wide);
	q.nentries = 4;
	q.entry_size = sizeof(wide[0]);
	ASSERT_EQ(0, call(self->e.fd, HMS_QUERY, &q));
	ASSERT_EQ(2, q.nentries);
	EXPECT_EQ(sizeof(struct hms_policy_entry), q.entry_size);
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(u64_ptr(self->p) + i * 4 * PAGE, wide[i].e.start);
		EXPECT_ZERO(wide[i].more, sizeof(wide[i].more));
	}
	EXPECT_EQ(0xa5a5a5a5a5a5a5a5ULL, wide[2].e.start);

	q.entries = u64_ptr(narrow);
	q.nentries = 4;
	q.nuids = 16;
	q.entry_size = sizeof(narrow[0]);
	ASSERT_EQ(0, call(self->e.fd, HMS_QUERY, &q));
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(u64_ptr(self->p) + i * 4 * PAGE, narrow[i].start);
		EXPECT_EQ(4 * PAGE, narrow[i].length);
	}
	EXPECT_EQ(0xa5a5a5a5a5a5a5a5ULL, narrow[2].start);
}

/* Random changes, compared with an array of pages after each. */
HMS_TEST(policy, model)
{
	char want[1024], model[NPAGES] = { 0 };
	__u64 random = 20181204;

	for (int step = 0; step < 400; step++) {
		int from = random_next(&random) % NPAGES;
		int to = from + 1 + random_next(&random) % (NPAGES - from);
		int what = random_next(&random) % 5, at = 0;

		switch (what) {
		case 0:
		case 1:
			ASSERT_EQ(0, set_a(self, from, to));
			break;
		case 2:
			ASSERT_EQ(0, set_b(self, from, to));
			break;
		case 3:
			ASSERT_EQ(0, clear(self, from, to));
			break;
		case 4:
			ASSERT_EQ(self->p + from * PAGE,
				  mmap(self->p + from * PAGE, (to - from) * PAGE,
				       PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
			break;
		}
		memset(model + from, "aab\0"[what < 3 ? what : 3], to - from);
		want[0] = 0;
		for (int i = 0, start = 0; i < NPAGES; i++) {
			if (i && model[i] != model[i - 1])
				start = i;
			if (model[i] && (i == NPAGES - 1 || model[i + 1] != model[i]))
				at += snprintf(want + at, sizeof(want) - at, "%s%c%d-%d",
					       at ? " " : "", model[i], start, i + 1);
		}
		ASSERT_STREQ(want, map_of(self)) {
			TH_LOG("step %d: %d on %d-%d", step, what, from, to);
		}
	}
}

/* Too many ranges are refused, and the call that failed changed nothing. */
HMS_TEST(policy, too_many_ranges)
{
	const char *limit = "/sys/module/hms/parameters/max_ranges";
	enum { MAX = 64 };
	struct hms_info info = { .size = sizeof(info), .version = 1 };
	struct hms_query q;
	char old[32], *p, *three;
	int i, ret = 0, cut = 0;

	p = area((2 * MAX + 4) * PAGE);
	three = area(3 * PAGE);
	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, policy_set(self->e.fd, three, 3 * PAGE, HMS_MODE_BIND, 1, self->b));
	if (text_read(limit, old, sizeof(old)) || text_write(limit, "64"))
		SKIP(return, "the limit can't be lowered: no %s", limit);
	EXPECT_EQ(0, call(self->e.fd, HMS_INFO, &info));
	for (i = 0; i <= MAX && !ret; i++)
		ret = policy_set(self->e.fd, p + 2 * i * PAGE, PAGE, HMS_MODE_BIND, 1, self->b);
	/* To cut a range in two is to make one, too; to shorten it is not. */
	cut = policy_clear(self->e.fd, three + PAGE, PAGE);
	EXPECT_EQ(0, policy_clear(self->e.fd, three, PAGE));
	text_write(limit, old);
	EXPECT_EQ(MAX, info.max_ranges);
	EXPECT_EQ(-ENOSPC, ret);
	EXPECT_EQ(-ENOSPC, cut);
	EXPECT_EQ(MAX, i);
	query_init(&q, HMS_QUERY_POLICY, p, (2 * MAX + 4) * PAGE);
	EXPECT_EQ(-ENOSPC, call(self->e.fd, HMS_QUERY, &q));
	EXPECT_EQ(i - 1, (int)q.nentries);
	/* All can be given back with one call. */
	EXPECT_EQ(0, policy_clear(self->e.fd, p, (2 * MAX + 4) * PAGE));
	query_init(&q, HMS_QUERY_POLICY, p, (2 * MAX + 4) * PAGE);
	EXPECT_EQ(0, call(self->e.fd, HMS_QUERY, &q));
	EXPECT_EQ(0, q.nentries);
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "--after-exec"))
		return after_exec(atoi(argv[2]), (char *)(uintptr_t)strtoull(argv[3], NULL, 0));
	return test_harness_run(argc, argv);
}
