// SPDX-License-Identifier: GPL-2.0
/*
 * Modes that go page by page: each page on the target that its address says, whatever was done to
 * the policy and the range; and an initiator that has to reach all targets.
 */

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "hms_fixture.h"
#include "maptest.h"

#define NPAGES		16
#define LARGE		MiB(2)

HMS_FIXTURE(modes)

/* Two targets or three, with weights or none. */
struct list {
	__u32 n;
	__u32 uids[3];
	__u32 weights[3];
};

static struct list two(__u32 a, __u32 b)
{
	return (struct list) { .n = 2, .uids = { a, b } };
}

static struct list three(__u32 a, __u32 b, __u32 c)
{
	return (struct list) { .n = 3, .uids = { a, b, c } };
}

static struct list weighted(__u32 a, __u32 weight_a, __u32 b, __u32 weight_b)
{
	return (struct list) { 2, { a, b }, { weight_a, weight_b } };
}

static __u32 turns(const struct list *list, __u32 i)
{
	return list->weights[0] ? list->weights[i] : 1;
}

/* The target of a page or, with larger units, of a large page. */
static __u32 own(const struct list *list, const void *address, size_t unit)
{
	__u32 all = 0, at, i;

	for (i = 0; i < list->n; i++)
		all += turns(list, i);
	at = (uintptr_t)address / unit % all;
	for (i = 0; at >= turns(list, i); i++)
		at -= turns(list, i);
	return list->uids[i];
}

/* How many pages are not where they belong; all are of this size. */
static long misplaced(int fd, const char *start, size_t length, const struct list *list,
		      size_t unit)
{
	__u32 *where = calloc(length / PAGE, sizeof(*where));
	long n = residency_read(fd, start, length, where);

	for (size_t i = 0; i < length / PAGE && n >= 0; i++)
		n += where[i] != own(list, start + i * PAGE, unit);
	free(where);
	return n;
}

#define EXPECT_PLACED(p, length, list)						\
	EXPECT_EQ(0, misplaced(self->e.fd, p, length, list, PAGE))

/* How many pages of a range belong to a target. */
static __u64 share(const char *start, size_t length, const struct list *list, __u32 i)
{
	__u64 n = 0;

	for (size_t at = 0; at < length; at += PAGE)
		n += own(list, start + at, PAGE) == list->uids[i];
	return n;
}

static struct request *ask(struct request *r, const void *start, size_t length,
			   const struct list *list)
{
	request_init(r, start, length);
	for (__u32 i = 0; i < list->n; i++)
		request_target(r, list->uids[i]);
	request_modifier(r, HMS_MOD_MODE,
			 list->weights[0] ? HMS_MODE_WEIGHTED : HMS_MODE_INTERLEAVE);
	if (list->weights[0])
		request_modifier(r, HMS_MOD_WEIGHT, u64_ptr(list->weights));
	return r;
}

static struct request *ask_migrate(struct request *r, const void *start, size_t length,
				   const struct list *list)
{
	return request_modifier(ask(r, start, length, list), HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
}

/* Filled, and all of it on node 0. */
static char *filled(FIXTURE_DATA(modes) *self, size_t length, __u64 seed)
{
	char *p = area(length);

	if (!p)
		return NULL;
	fill(p, length, seed);
	return migrate(self->e.fd, p, length, self->e.node[0], NULL) ? NULL : p;
}

HMS_TEST(modes, two_nodes)
{
	const size_t length = 1100 * PAGE;
	struct list list = two(self->e.node[0], self->e.node[1]);
	char *p = filled(self, length, 1);
	struct request r;

	NEED_NODES(2);
	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, request_send(ask_migrate(&r, p, length, &list), self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(550, r.counts[0].present);
	EXPECT_EQ(550, r.counts[1].moved);
	EXPECT_PLACED(p, length, &list);
	for (int i = 0; i < 1100; i += 99)
		EXPECT_EQ((uintptr_t)(p + i * PAGE) / PAGE % 2, page_node(p + i * PAGE));
	/* Again: nothing to do. */
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(1100, r.h.present);
	EXPECT_EQ(0, r.h.bytes_copied);
	/* The other way round every page changes places. */
	list = two(self->e.node[1], self->e.node[0]);
	ASSERT_EQ(0, request_send(ask_migrate(&r, p, length, &list), self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(1100, r.h.moved);
	EXPECT_PLACED(p, length, &list);
	EXPECT_PATTERN(p, length, 1);
}

HMS_TEST(modes, node_and_device)
{
	const size_t length = 600 * PAGE;
	struct list list = two(self->e.sim[0], self->e.node[0]);
	char *p = filled(self, length, 2);
	struct request r;

	NEED_SIMS(1);
	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, request_send(ask_migrate(&r, p, length, &list), self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(300, r.counts[0].moved);
	EXPECT_EQ(300, r.counts[1].present);
	EXPECT_PLACED(p, length, &list);
	EXPECT_EQ(self->e.used[0] + 300 * (long long)PAGE, target_used(self->e.sim[0]));
	EXPECT_PATTERN(p, length, 2);
	/* All devices, and a node. */
	if (self->e.nsims < 2)
		return;
	list = three(self->e.sim[1], self->e.node[0], self->e.sim[0]);
	ASSERT_EQ(0, request_send(ask_migrate(&r, p, length, &list), self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(600, r.h.moved + r.h.present);
	EXPECT_PLACED(p, length, &list);
	EXPECT_PATTERN(p, length, 2);
}

HMS_TEST(modes, holes)
{
	struct list list = two(self->e.node[0], self->e.node[1]);
	char *p = area(99 * PAGE);
	struct request r;

	NEED_NODES(2);
	ASSERT_NE(NULL, p);
	if (self->e.nsims)
		list = three(self->e.node[1], self->e.node[0], self->e.sim[0]);
	request_modifier(ask(&r, p, 99 * PAGE, &list), HMS_MOD_POPULATE, 1);
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	EXPECT_COUNTS(&r);
	for (__u32 i = 0; i < list.n; i++)
		EXPECT_EQ(share(p, 99 * PAGE, &list, i), r.counts[i].populated);
	EXPECT_EQ(99, r.h.populated);
	EXPECT_PLACED(p, 99 * PAGE, &list);
	/* On another target of the list they are not where they belong, but not to be moved. */
	ASSERT_EQ(0, migrate(self->e.fd, p, 99 * PAGE, self->e.node[0], NULL));
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(99 - r.h.present, r.h.skipped[HMS_SKIP_ELSEWHERE]);
	EXPECT_EQ(99, pages_on(self->e.fd, p, 99 * PAGE, self->e.node[0]));
	EXPECT_ZERO(p, 99 * PAGE);
}

/* A page is told by its address alone: pieces give what the whole does. */
HMS_TEST(modes, split_and_merge)
{
	const struct list list = weighted(self->e.node[0], 2, self->e.node[1], 3);
	const struct list other = weighted(self->e.node[0], 2, self->e.node[1], 4);
	char *p = filled(self, NPAGES * PAGE, 3);
	struct policy seen[4];
	struct request r;

	NEED_NODES(2);
	ASSERT_NE(NULL, p);
	/* From any page on, up to any other. */
	for (int from = 0; from < NPAGES; from += 3) {
		int n = from + 3 < NPAGES ? 3 : NPAGES - from;

		ASSERT_EQ(0, request_send(ask_migrate(&r, p + from * PAGE, n * PAGE, &list),
					  self->e.fd));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(n, (int)(r.h.moved + r.h.present));
	}
	ASSERT_EQ(1, policies_read(self->e.fd, HMS_QUERY_POLICY, p, NPAGES * PAGE, seen, 4));
	EXPECT_TRUE(policy_is(&seen[0], p, NPAGES * PAGE, HMS_MODE_WEIGHTED, 2, list.uids));
	EXPECT_PLACED(p, NPAGES * PAGE, &list);
	/* A hole in the policy, filled again, changes nothing. */
	ASSERT_EQ(0, policy_clear(self->e.fd, p + 5 * PAGE, 2 * PAGE));
	EXPECT_EQ(2, policies_read(self->e.fd, HMS_QUERY_POLICY, p, NPAGES * PAGE, seen, 4));
	ASSERT_EQ(0, request_send(ask(&r, p + 5 * PAGE, 2 * PAGE, &list), self->e.fd));
	EXPECT_EQ(1, policies_read(self->e.fd, HMS_QUERY_POLICY, p, NPAGES * PAGE, seen, 4));
	ASSERT_EQ(0, request_send(ask_migrate(&r, p, NPAGES * PAGE, &list), self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(NPAGES, r.h.present);
	/* Other weights are another policy. */
	ASSERT_EQ(0, request_send(ask(&r, p + 5 * PAGE, 2 * PAGE, &other), self->e.fd));
	EXPECT_EQ(3, policies_read(self->e.fd, HMS_QUERY_POLICY, p, NPAGES * PAGE, seen, 4));
	EXPECT_PATTERN(p, NPAGES * PAGE, 3);
}

/* 3 : 1, and 255 : 1, exactly. */
HMS_TEST(modes, weights)
{
	struct list list = weighted(self->e.node[1], 3, self->e.node[0], 1);
	char *p = filled(self, 1024 * PAGE, 4);
	struct request r;

	NEED_NODES(2);
	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, request_send(ask_migrate(&r, p, 1024 * PAGE, &list), self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(768, r.counts[0].moved);
	EXPECT_EQ(256, r.counts[1].present);
	EXPECT_PLACED(p, 1024 * PAGE, &list);
	list = weighted(self->e.node[1], 1, self->e.node[0], 255);
	ASSERT_EQ(0, request_send(ask_migrate(&r, p, 1024 * PAGE, &list), self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(4, r.counts[0].moved + r.counts[0].present);
	EXPECT_EQ(1020, r.counts[1].moved + r.counts[1].present);
	EXPECT_PLACED(p, 1024 * PAGE, &list);
	EXPECT_PATTERN(p, 1024 * PAGE, 4);
}

/* A large page that moves in one piece counts as one; else its pages go their own ways. */
HMS_TEST(modes, huge_pages)
{
	const struct list list = two(self->e.node[0], self->e.node[1]);
	const bool whole = !*feature_missing("large-pages");
	const size_t length = 4 * LARGE;
	char *p = area_huge(length);
	struct request r;

	NEED_NODES(2);
	ASSERT_NE(NULL, p);
	fill(p, length, 5);
	if (smaps_kib(p, "AnonHugePages") != (long)(length >> 10))
		SKIP(return, "there are no huge pages to be had");
	for (int again = 0; again < 2; again++) {
		ASSERT_EQ(0, request_send(ask_migrate(&r, p, length, &list), self->e.fd));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(0, skipped_sum(&r.h)) {
			TH_LOG("%s", skips_text(&r.h));
		}
		EXPECT_EQ(0, misplaced(self->e.fd, p, length, &list, whole ? LARGE : PAGE));
	}
	EXPECT_EQ(length / PAGE, r.h.present);
	EXPECT_EQ(whole ? (long)(length >> 10) : 0, smaps_kib(p, "AnonHugePages"));
	EXPECT_PATTERN(p, length, 5);
}

/* The same to a device, and home again: each to its own node, in one piece. */
HMS_TEST(modes, huge_pages_come_home)
{
	const struct list list = two(self->e.node[0], self->e.node[1]);
	const size_t length = 2 * LARGE;
	char *p = area_huge(length);
	struct request r;

	NEED_NODES(2);
	NEED_PRIVATE(1);
	if (*feature_missing("large-pages"))
		SKIP(return, "%s", feature_missing("large-pages"));
	ASSERT_NE(NULL, p);
	fill(p, length, 6);
	ASSERT_EQ(0, migrate(self->e.fd, p, length, self->e.sim[0], &r));
	ASSERT_EQ(0, request_send(ask(&r, p, length, &list), self->e.fd));
	EXPECT_PATTERN(p, length, 6);
	EXPECT_EQ(0, misplaced(self->e.fd, p, length, &list, LARGE));
	EXPECT_EQ((long)(length >> 10), smaps_kib(p, "AnonHugePages"));
}

HMS_TEST(modes, no_room_on_one)
{
	const struct list list = two(self->e.sim[0], self->e.node[self->e.nnodes - 1]);
	const struct list one = { .n = 1, .uids = { self->e.sim[0] } };
	char *p = filled(self, 32 * PAGE, 7), *hole = area(32 * PAGE), *filler;
	struct request r;
	size_t length;

	NEED_SIMS(1);
	NEED_NODES(2);
	ASSERT_NE(NULL, p);
	ASSERT_NE(NULL, hole);
	filler = fill_target(&self->e, 0, 10 * PAGE, &length);
	ASSERT_NE(NULL, filler);

	/* The other one takes what there is no room for. Nothing leaves for the holes below. */
	request_modifier(ask_migrate(&r, p, 32 * PAGE, &list), HMS_MOD_PRIORITY, 5);
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(10, r.counts[0].moved);
	EXPECT_EQ(22, r.counts[1].moved);
	/* Now these wait for room. */
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(10, r.counts[0].present);
	EXPECT_EQ(16, r.counts[1].present);
	EXPECT_EQ(6, r.h.skipped[HMS_SKIP_NOMEM]);
	EXPECT_EQ(0, r.h.bytes_copied);
	/* Nor is all of it done when it must be. */
	request_modifier(&r, HMS_MOD_ALL_OR_NOTHING, 1);
	EXPECT_EQ(-EBUSY, request_send(&r, self->e.fd));
	EXPECT_EQ(HMS_WHY_INCOMPLETE, r.h.error_why);
	/* Holes that belong there do with the other. */
	request_modifier(ask(&r, hole, 32 * PAGE, &list), HMS_MOD_POPULATE, 1);
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(32, r.counts[1].populated);
	EXPECT_ZERO(hole, 32 * PAGE);
	/* With no other, they stay holes. */
	ASSERT_EQ(0, madvise(hole, 32 * PAGE, MADV_DONTNEED));
	request_modifier(ask(&r, hole, 32 * PAGE, &one), HMS_MOD_POPULATE, 1);
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(32, r.h.skipped[HMS_SKIP_NOMEM]);
	/* Room came free: they move there. */
	ASSERT_EQ(0, munmap(filler + length - 4 * PAGE, 4 * PAGE));
	request_modifier(ask_migrate(&r, p, 32 * PAGE, &list), HMS_MOD_PRIORITY, 5);
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(4, r.counts[0].moved);
	EXPECT_EQ(2, r.h.skipped[HMS_SKIP_NOMEM]);
	EXPECT_PATTERN(p, 32 * PAGE, 7);
	EXPECT_ZERO(hole, 32 * PAGE);
}

/* mlocked pages never go to a device: the next in the list takes them. */
HMS_TEST(modes, not_to_a_device)
{
	const struct list list = two(self->e.sim[0], self->e.node[self->e.nnodes - 1]);
	char *p = filled(self, NPAGES * PAGE, 8);
	struct request r;

	NEED_SIMS(1);
	NEED_NODES(2);
	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, mlock(p, NPAGES * PAGE));
	ASSERT_EQ(0, request_send(ask_migrate(&r, p, NPAGES * PAGE, &list), self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(NPAGES, r.counts[1].moved);
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(NPAGES / 2, r.h.present);
	EXPECT_EQ(NPAGES / 2, r.h.skipped[HMS_SKIP_SPECIAL]);
	ASSERT_EQ(0, munlock(p, NPAGES * PAGE));
	EXPECT_PATTERN(p, NPAGES * PAGE, 8);
}

#define GROUP	"/sys/fs/cgroup/hms-modes"

/* In a child that may use node 0 alone. */
static int in_cpuset(int (*act)(FIXTURE_DATA(modes) *self), FIXTURE_DATA(modes) *self)
{
	int status = -1;
	pid_t pid;

	text_write("/sys/fs/cgroup/cgroup.subtree_control", "+cpuset");
	if (mkdir(GROUP, 0755) || text_write(GROUP "/cpuset.mems", "0"))
		return -1;
	pid = fork();
	if (!pid) {
		if (text_write(GROUP "/cgroup.procs", "0"))
			_exit(100);
		_exit(act(self));
	}
	waitpid(pid, &status, 0);
	rmdir(GROUP);
	text_write("/sys/fs/cgroup/cgroup.subtree_control", "-cpuset");
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* What belongs to node 1 goes to node 0, where it does not belong. Returns which step failed. */
static int act_in_cpuset(FIXTURE_DATA(modes) *self)
{
	const struct list list = two(self->e.node[0], self->e.node[1]);
	int fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
	char *p = area(NPAGES * PAGE);
	struct request r;

	if (fd < 0 || !p)
		return 1;
	request_modifier(ask(&r, p, NPAGES * PAGE, &list), HMS_MOD_POPULATE, 1);
	if (request_send(&r, fd) || *counts_wrong(&r) || r.counts[0].populated != NPAGES)
		return 2;
	if (request_send(ask_migrate(&r, p, NPAGES * PAGE, &list), fd) || *counts_wrong(&r) ||
	    r.counts[0].present != NPAGES / 2 || r.h.skipped[HMS_SKIP_UNREACHABLE] != NPAGES / 2)
		return 3;
	return verify_zero(p, NPAGES * PAGE) < 0 ? 0 : 4;
}

HMS_TEST(modes, cpuset)
{
	NEED_NODES(2);
	if (access("/sys/fs/cgroup/cpuset.mems.effective", F_OK))
		SKIP(return, "this kernel has no cpusets");
	EXPECT_EQ(0, in_cpuset(act_in_cpuset, self));
}

HMS_TEST(modes, all_or_nothing)
{
	const struct list list = weighted(self->e.node[0], 1, self->e.node[1], 2);
	char *p = filled(self, 600 * PAGE, 9);
	struct iovec iov = { p + 300 * PAGE, 3 * PAGE };
	struct policy seen[2];
	struct request r;
	int pipefd[2];

	NEED_NODES(2);
	ASSERT_NE(NULL, p);
	/* One of three pages in a row is where it belongs, the others are pinned elsewhere. */
	ASSERT_EQ(0, pipe(pipefd));
	ASSERT_EQ(3 * (ssize_t)PAGE, vmsplice(pipefd[1], &iov, 1, 0));
	request_modifier(ask_migrate(&r, p, 600 * PAGE, &list), HMS_MOD_ALL_OR_NOTHING, 1);
	EXPECT_EQ(-EBUSY, request_send(&r, self->e.fd));
	EXPECT_EQ(HMS_WHY_INCOMPLETE, r.h.error_why);
	EXPECT_EQ(600, pages_on(self->e.fd, p, 600 * PAGE, self->e.node[0]));
	EXPECT_EQ(0, policies_read(self->e.fd, HMS_QUERY_POLICY, p, 600 * PAGE, seen, 2));
	close(pipefd[0]);
	close(pipefd[1]);
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(200, r.h.present);
	EXPECT_EQ(400, r.h.moved);
	EXPECT_PLACED(p, 600 * PAGE, &list);
	EXPECT_EQ(1, policies_read(self->e.fd, HMS_QUERY_POLICY, p, 600 * PAGE, seen, 2));
	EXPECT_PATTERN(p, 600 * PAGE, 9);
}

/* Each page to its own node; one that belongs to a device to the next node in the list. */
HMS_TEST(modes, home)
{
	struct list list = two(self->e.node[1], self->e.node[0]), at_home;
	char *p = filled(self, 128 * PAGE, 10);
	long long elsewhere = stat_read("home_elsewhere");
	struct request r;

	NEED_PRIVATE(1);
	NEED_NODES(2);
	ASSERT_NE(NULL, p);
	for (int device = 0; device < 2; device++) {
		at_home = list;
		if (device) {
			/* It is the last, so the first comes next. */
			list = three(list.uids[0], list.uids[1], self->e.sim[0]);
			at_home = three(list.uids[0], list.uids[1], list.uids[0]);
		}
		ASSERT_EQ(0, migrate(self->e.fd, p, 128 * PAGE, self->e.sim[0], &r));
		ASSERT_EQ(128, r.h.moved);
		ASSERT_EQ(0, request_send(ask(&r, p, 128 * PAGE, &list), self->e.fd));
		EXPECT_PATTERN(p, 128 * PAGE, 10);
		EXPECT_PLACED(p, 128 * PAGE, &at_home);
	}
	EXPECT_EQ(elsewhere, stat_read("home_elsewhere"));
}

/* Queries. */

/* One query with weights; returns how many entries, or -errno. */
static int ask_weights(int fd, __u32 what, const char *p, size_t length,
		       struct hms_policy_entry *e, __u32 *uids, __u32 *weights)
{
	struct hms_query q;
	int ret;

	query_init(&q, what, p, length);
	q.entries = u64_ptr(e);
	q.nentries = 4;
	q.uids = u64_ptr(uids);
	q.weights = u64_ptr(weights);
	q.nuids = 8;
	ret = call(fd, HMS_QUERY, &q);
	return ret ?: (int)q.nentries;
}

HMS_TEST(modes, query_weights)
{
	const __u32 a = self->e.node[0], b = self->e.nsims ? self->e.sim[0] : self->e.node[1];
	const struct list lists[] = { weighted(a, 255, b, 7), weighted(b, 7, a, 3), two(a, b) };
	char *p = area(NPAGES * PAGE);
	struct hms_policy_entry e[4];
	__u32 uids[8], weights[8];
	struct request r;

	NEED_NODES(2);
	ASSERT_NE(NULL, p);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, request_send(ask(&r, p + 4 * i * PAGE, 4 * PAGE, &lists[i]),
					  self->e.fd));
	memset(weights, 0xa5, sizeof(weights));
	ASSERT_EQ(3, ask_weights(self->e.fd, HMS_QUERY_POLICY, p, NPAGES * PAGE, e, uids, weights));
	EXPECT_EQ(HMS_MODE_WEIGHTED, e[0].mode);
	EXPECT_EQ(HMS_MODE_WEIGHTED, e[1].mode);
	EXPECT_EQ(HMS_MODE_INTERLEAVE, e[2].mode);
	EXPECT_EQ(255, weights[0]);
	EXPECT_EQ(7, weights[1]);
	EXPECT_EQ(b, uids[2]);
	EXPECT_EQ(7, weights[2]);
	EXPECT_EQ(3, weights[3]);
	EXPECT_EQ(0, weights[4]);
	EXPECT_EQ(0, weights[5]);
	EXPECT_EQ(0xa5a5a5a5, weights[6]);
	/* In common: the weights that all agree on, the targets whatever the mode. */
	ASSERT_EQ(1, ask_weights(self->e.fd, HMS_QUERY_COMMON, p, 8 * PAGE, e, uids, weights));
	EXPECT_EQ(HMS_MODE_WEIGHTED, e[0].mode);
	EXPECT_EQ(2, e[0].ntargets);
	EXPECT_EQ(a, uids[0]);
	EXPECT_EQ(0, weights[0]);
	EXPECT_EQ(b, uids[1]);
	EXPECT_EQ(7, weights[1]);
	ASSERT_EQ(1, ask_weights(self->e.fd, HMS_QUERY_COMMON, p, 12 * PAGE, e, uids, weights));
	EXPECT_EQ(HMS_MODE_DEFAULT, e[0].mode);
	EXPECT_EQ(2, e[0].ntargets);
	EXPECT_EQ(0, weights[0]);
	EXPECT_EQ(0, weights[1]);
	ASSERT_EQ(1, ask_weights(self->e.fd, HMS_QUERY_COMMON, p + 8 * PAGE, 4 * PAGE, e, uids,
				 weights));
	EXPECT_EQ(HMS_MODE_INTERLEAVE, e[0].mode);
	/* Where they can't be written. */
	EXPECT_EQ(-EFAULT, ask_weights(self->e.fd, HMS_QUERY_POLICY, p, NPAGES * PAGE, e, uids,
				       (__u32 *)PAGE));
}

/* A program that was built before there were weights gets its answer, and not a byte more. */
HMS_TEST(modes, query_of_old_size)
{
	char *m = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct hms_query *q = (void *)(m + PAGE - HMS_QUERY_SIZE_1);
	const struct list list = { 1, { self->e.node[0] }, { 9 } };
	char *p = area(NPAGES * PAGE);
	struct hms_policy_entry e;
	struct request r;
	struct {
		struct hms_query q;
	} inside;
	__u32 uid = 0;

	ASSERT_NE(MAP_FAILED, m);
	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, request_send(ask(&r, p, NPAGES * PAGE, &list), self->e.fd));
	query_init(&inside.q, HMS_QUERY_POLICY, p, NPAGES * PAGE);
	inside.q.size = HMS_QUERY_SIZE_1;
	inside.q.entries = u64_ptr(&e);
	inside.q.nentries = 1;
	inside.q.uids = u64_ptr(&uid);
	inside.q.nuids = 1;
	/* What is behind it is the program's own. */
	inside.q.weights = 0xa5a5a5a5a5a5a5a5ULL;
	/* The last bytes before memory that is not there. */
	ASSERT_EQ(0, munmap(m + PAGE, PAGE));
	memcpy(q, &inside.q, HMS_QUERY_SIZE_1);
	EXPECT_EQ(0, call(self->e.fd, HMS_QUERY, q));
	EXPECT_EQ(1, q->nentries);
	EXPECT_EQ(HMS_QUERY_SIZE_1, q->size);
	EXPECT_EQ(0, call(self->e.fd, HMS_QUERY, &inside.q));
	EXPECT_EQ(0xa5a5a5a5a5a5a5a5ULL, inside.q.weights);
	EXPECT_EQ(HMS_MODE_WEIGHTED, e.mode);
	EXPECT_EQ(self->e.node[0], uid);
	/* Shorter than the first there was, and in between. */
	inside.q.size = HMS_QUERY_SIZE_1 - 1;
	EXPECT_EQ(-EINVAL, call(self->e.fd, HMS_QUERY, &inside.q));
	inside.q.size = HMS_QUERY_SIZE_1 + 4;
	inside.q.weights = 0;
	EXPECT_EQ(0, call(self->e.fd, HMS_QUERY, &inside.q));
}

/* Bad input: it is named, and nothing has changed. */

#define REFUSED(r, error, where, index, why)					\
	do {									\
		struct policy seen_[4];						\
										\
		EXPECT_EQ(-(error), request_send(r, self->e.fd));		\
		EXPECT_EQ(where, (r)->h.error_where);				\
		EXPECT_EQ(index, (r)->h.error_index);				\
		EXPECT_EQ(why, (r)->h.error_why);				\
		EXPECT_EQ(0, policies_read(self->e.fd, HMS_QUERY_POLICY, p,	\
					   NPAGES * PAGE, seen_, 4));		\
		EXPECT_EQ(NPAGES, pages_on(self->e.fd, p, NPAGES * PAGE, self->e.node[0])); \
	} while (0)

HMS_TEST(modes, bad_weights)
{
	static const __u32 bad[] = { 0, 256, 0x101, 0x80000000, 0xffffffff };
	char *m = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct list list = weighted(self->e.node[1], 1, self->e.node[0], 1);
	char *p = filled(self, NPAGES * PAGE, 11);
	struct request r;

	NEED_NODES(2);
	ASSERT_NE(MAP_FAILED, m);
	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, munmap(m + PAGE, PAGE));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		for (int at = 0; at < 2; at++) {
			ask_migrate(&r, p, NPAGES * PAGE, &list);
			list.weights[at] = bad[i];
			REFUSED(&r, EINVAL, HMS_ERROR_TARGET, at, HMS_WHY_WEIGHT);
			list.weights[at] = 1;
		}
	}
	{
		/* One of the two weights is there in the last. */
		const __u64 nowhere[] = { 0, 8, u64_ptr(m + PAGE), 0xffff888000000000ULL, -4ULL,
					  u64_ptr(m + PAGE - 4) };

		for (size_t i = 0; i < ARRAY_SIZE(nowhere); i++) {
			ask_migrate(&r, p, NPAGES * PAGE, &list);
			r.modifiers[1].value = nowhere[i];
			REFUSED(&r, EFAULT, HMS_ERROR_MODIFIER, 1, HMS_WHY_POINTER);
		}
	}
	/* With another mode, or none. */
	for (__u32 mode = HMS_MODE_BIND; mode <= HMS_MODE_INTERLEAVE; mode++) {
		ask_migrate(&r, p, NPAGES * PAGE, &list)->modifiers[0].value = mode;
		REFUSED(&r, EINVAL, HMS_ERROR_MODIFIER, 1, HMS_WHY_COMBINATION);
	}
	ask_migrate(&r, p, NPAGES * PAGE, &list);
	r.modifiers[0] = r.modifiers[2];
	r.h.nmodifiers = 2;
	REFUSED(&r, EINVAL, HMS_ERROR_MODIFIER, 1, HMS_WHY_COMBINATION);
	ask(&r, p, NPAGES * PAGE, &list)->modifiers[0].value = HMS_MODE_DEFAULT;
	r.h.ntargets = 0;
	REFUSED(&r, EINVAL, HMS_ERROR_MODIFIER, 1, HMS_WHY_COMBINATION);
	/* Weighted, without. */
	ask_migrate(&r, p, NPAGES * PAGE, &list);
	r.modifiers[1] = r.modifiers[2];
	r.h.nmodifiers = 2;
	REFUSED(&r, EINVAL, HMS_ERROR_MODIFIER, 0, HMS_WHY_NO_WEIGHTS);
	/* They end with the mapping. */
	memcpy(m + PAGE - 8, list.weights, 8);
	ask(&r, p, NPAGES * PAGE, &list)->modifiers[1].value = u64_ptr(m + PAGE - 8);
	EXPECT_EQ(0, request_send(&r, self->e.fd));
	EXPECT_PATTERN(p, NPAGES * PAGE, 11);
}

/* An initiator. */

static struct request *reach(struct request *r, char *p, __u32 uid, __u32 initiator)
{
	request_init(r, p, NPAGES * PAGE);
	request_target(r, uid);
	request_modifier(r, HMS_MOD_MODE, HMS_MODE_BIND);
	request_modifier(r, HMS_MOD_INITIATOR, initiator);
	return r;
}

HMS_TEST(modes, initiator)
{
	char *p = filled(self, NPAGES * PAGE, 12);
	struct hms_sim_info info;
	struct request r;
	__u32 link;

	ASSERT_NE(NULL, p);
	ASSERT_NE(0, cpus_of_node(0));
	link = object_of_type("link");
	ASSERT_NE(0, link);

	reach(&r, p, self->e.node[0], 0);
	REFUSED(&r, EINVAL, HMS_ERROR_MODIFIER, 1, HMS_WHY_VALUE);
	reach(&r, p, self->e.node[0], link);
	REFUSED(&r, EINVAL, HMS_ERROR_MODIFIER, 1, HMS_WHY_NOT_AN_INITIATOR);
	reach(&r, p, self->e.node[0], self->e.node[0]);
	REFUSED(&r, EINVAL, HMS_ERROR_MODIFIER, 1, HMS_WHY_NOT_AN_INITIATOR);
	reach(&r, p, self->e.node[0], object_greatest() + 1000);
	REFUSED(&r, ENOENT, HMS_ERROR_MODIFIER, 1, HMS_WHY_UNKNOWN);
	/* What is no target is said to be none, reached or not. */
	reach(&r, p, link, cpus_of_node(0));
	REFUSED(&r, EINVAL, HMS_ERROR_TARGET, 0, HMS_WHY_NOT_A_TARGET);
	reach(&r, p, object_greatest() + 1000, cpus_of_node(0));
	REFUSED(&r, ENOENT, HMS_ERROR_TARGET, 0, HMS_WHY_UNKNOWN);
	/* There is nothing to reach. */
	reach(&r, p, self->e.node[0], cpus_of_node(0))->modifiers[0].value = HMS_MODE_DEFAULT;
	r.h.ntargets = 0;
	REFUSED(&r, EINVAL, HMS_ERROR_MODIFIER, 1, HMS_WHY_COMBINATION);

	if (self->e.nsims) {
		ASSERT_EQ(0, sim_info(self->e.sim_fd[0], &info));
		/* No way is known from there to main memory; the second target is at fault. */
		request_target(reach(&r, p, self->e.sim[0], info.initiator), self->e.node[0]);
		REFUSED(&r, EINVAL, HMS_ERROR_TARGET, 1, HMS_WHY_UNREACHABLE);
		/* Not without a policy either. */
		r.modifiers[0].key = HMS_MOD_MIGRATE;
		REFUSED(&r, EINVAL, HMS_ERROR_TARGET, 1, HMS_WHY_UNREACHABLE);
		if (self->e.private) {
			/* To a program that knows version 1, that memory is not there. */
			r.h.version = 1;
			REFUSED(&r, EINVAL, HMS_ERROR_TARGET, 1, HMS_WHY_UNREACHABLE);
			r.h.ntargets = 1;
			REFUSED(&r, EINVAL, HMS_ERROR_TARGET, 0, HMS_WHY_VERSION);
		}
		EXPECT_EQ(0, request_send(reach(&r, p, self->e.sim[0], info.initiator),
					  self->e.fd));
	}
	for (int i = 0; i < self->e.nnodes; i++)
		EXPECT_EQ(0, request_send(reach(&r, p, self->e.node[i], cpus_of_node(0)),
					  self->e.fd));
	EXPECT_PATTERN(p, NPAGES * PAGE, 12);
}

enum { CPU, GPU, NIC, LONE, RAM, VRAM, FAR, BUS, FABRIC, POOL, UP, OUT, BACK, OBJECTS };

/*
 * Three links in a circle of one-way bridges. The CPU goes all around; the GPU comes no further
 * than POOL, the NIC not over the first bridge; the last may cross that, but is on no link.
 */
static struct machine *machine_circle(void)
{
	static const struct {
		__u32 hub, spoke;
	} edges[] = {
		{ BUS, CPU }, { BUS, NIC }, { FABRIC, GPU }, { BUS, RAM }, { FABRIC, VRAM },
		{ POOL, FAR }, { UP, CPU }, { UP, LONE }, { BACK, CPU },
	};
	struct machine *m = machine_new();

	machine_initiator(m, "cpu", "cpu");
	machine_initiator(m, "gpu", "device");
	machine_initiator(m, "nic", "device");
	machine_initiator(m, "lone", "device");
	for (int i = RAM; i <= FAR; i++)
		machine_target(m, (const char *[]) { "ram", "vram", "far" }[i - RAM],
			       "device-private", 2, HMS_PROP_DEVICE_PRIVATE, 64 << 20);
	machine_link(m, "bus");
	machine_link(m, "fabric");
	machine_link(m, "pool");
	machine_bridge(m, "up", BUS, FABRIC);
	machine_bridge(m, "out", FABRIC, POOL);
	machine_bridge(m, "back", POOL, BUS);
	for (size_t i = 0; i < ARRAY_SIZE(edges); i++)
		machine_edge(m, edges[i].hub, edges[i].spoke);
	return m;
}

/* Over links and bridges, one way each, for those that may. What is described is refused anyway. */
HMS_TEST(modes, bridges)
{
	static const bool reaches[][3] = {
		[CPU] = { true, true, true }, [GPU] = { false, true, true },
		[NIC] = { true, false, false }, [LONE] = { false, false, false },
	};
	char *p = filled(self, NPAGES * PAGE, 13);
	struct machine *m = machine_circle();
	int fd = described_open();
	struct request r;

	if (fd < 0)
		SKIP(return, "there is no %s", DEV_DESCRIBED);
	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, machine_build(m, fd));
	for (int from = CPU; from <= LONE; from++) {
		for (int to = RAM; to <= FAR; to++) {
			reach(&r, p, m->objects[to].uid, m->objects[from].uid);
			if (reaches[from][to - RAM])
				REFUSED(&r, EOPNOTSUPP, HMS_ERROR_TARGET, 0, HMS_WHY_DESCRIBED);
			else
				REFUSED(&r, EINVAL, HMS_ERROR_TARGET, 0, HMS_WHY_UNREACHABLE);
		}
		/* Nothing leads from one machine to another. */
		reach(&r, p, self->e.node[0], m->objects[from].uid);
		REFUSED(&r, EINVAL, HMS_ERROR_TARGET, 0, HMS_WHY_UNREACHABLE);
	}
	ASSERT_EQ(0, described_clear());
	reach(&r, p, self->e.node[0], m->objects[CPU].uid);
	REFUSED(&r, ENODEV, HMS_ERROR_MODIFIER, 1, HMS_WHY_GONE);
	machine_free(m);
	close(fd);
	EXPECT_PATTERN(p, NPAGES * PAGE, 13);
}

TEST_HARNESS_MAIN
