// SPDX-License-Identifier: GPL-2.0
/* A 32-bit program: the same structs, the same answers, and no address above 4 GiB. */

#include <fcntl.h>
#include <stddef.h>

#include "hms_fixture.h"
#include "maptest.h"

#define ABOVE	(1ULL << 32)

_Static_assert(sizeof(void *) == 4, "this program is about 32-bit callers");
_Static_assert(offsetof(struct hms_hbind, pages) % 8 == 0, "padding");
_Static_assert(offsetof(struct hms_query, lost) % 8 == 0, "padding");
_Static_assert(sizeof(struct hms_query) == 88, "padding");
_Static_assert(sizeof(struct hms_residency_entry) == 24, "padding");
_Static_assert(sizeof(struct hms_policy_entry) == 40, "padding");
_Static_assert(sizeof(struct hms_target_count) == 32, "padding");
_Static_assert(sizeof(struct hms_modifier) == 16, "padding");

HMS_FIXTURE(caller32)

HMS_TEST(caller32, info)
{
	struct hms_key_info keys[32];
	struct hms_info i = { .size = sizeof(i), .version = 1, .keys = u64_ptr(keys), .nkeys = 32,
			      .key_size = sizeof(keys[0]) };

	ASSERT_EQ(0, call(self->e.fd, HMS_INFO, &i));
	/* What a 64-bit program is told. */
	EXPECT_EQ(sizeof(keys[0]), i.key_size);
	EXPECT_EQ(HMS_MAX_TARGETS, i.max_targets);
	EXPECT_EQ(HMS_ALL_OR_NOTHING_MAX, i.all_or_nothing_max);
	EXPECT_NE(0, i.instance);
	ASSERT_GE(i.nkeys, 10);
	EXPECT_EQ(HMS_MOD_MODE, keys[0].key);
	EXPECT_STREQ("mode", keys[0].name);
}

HMS_TEST(caller32, migrate_and_query)
{
	struct hms_process_stats stats;
	char *p = area(700 * PAGE);
	struct policy policy[2];
	struct request r;
	__u64 moved = 0;

	ASSERT_NE(NULL, p);
	fill(p, 700 * PAGE, 1);
	for (int i = 0; i < self->e.nnodes + self->e.nsims; i++) {
		__u32 to = i < self->e.nnodes ? self->e.node[i] : self->e.sim[i - self->e.nnodes];

		request_init(&r, p, 700 * PAGE);
		request_target(&r, to);
		request_modifier(&r, HMS_MOD_MODE, HMS_MODE_BIND);
		request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
		ASSERT_EQ(0, request_send(&r, self->e.fd));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(700, r.h.moved + r.h.present);
		moved += r.h.moved;
		EXPECT_EQ(700, pages_on(self->e.fd, p, 700 * PAGE, to));
		ASSERT_EQ(1, policies_read(self->e.fd, HMS_QUERY_POLICY, p, 700 * PAGE, policy, 2));
		EXPECT_TRUE(policy_is(&policy[0], p, 700 * PAGE, HMS_MODE_BIND, 1, &to));
	}
	ASSERT_EQ(0, stats_read(self->e.fd, &stats));
	EXPECT_EQ(1, stats.ranges);
	EXPECT_EQ(moved, stats.moved);
	EXPECT_PATTERN(p, 700 * PAGE, 1);
}

/* Weights there and back; their pointers are not cut to 32 bits either. */
HMS_TEST(caller32, weights)
{
	__u32 weights[2] = { 3, 1 }, uids[2], seen[2] = { 0 };
	struct hms_policy_entry entry;
	char *p = area(64 * PAGE);
	struct hms_query q;
	struct request r;

	NEED_NODES(2);
	ASSERT_NE(NULL, p);
	fill(p, 64 * PAGE, 7);
	request_init(&r, p, 64 * PAGE);
	request_target(&r, self->e.node[0]);
	request_target(&r, self->e.node[1]);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_WEIGHTED);
	request_modifier(&r, HMS_MOD_WEIGHT, u64_ptr(weights) | ABOVE);
	request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	EXPECT_EQ(-EFAULT, request_send(&r, self->e.fd));
	EXPECT_EQ(HMS_WHY_POINTER, r.h.error_why);
	r.modifiers[1].value = u64_ptr(weights);
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(48, pages_on(self->e.fd, p, 64 * PAGE, self->e.node[0]));
	EXPECT_EQ(16, pages_on(self->e.fd, p, 64 * PAGE, self->e.node[1]));
	query_init(&q, HMS_QUERY_POLICY, p, 64 * PAGE);
	q.entries = u64_ptr(&entry);
	q.nentries = 1;
	q.uids = u64_ptr(uids);
	q.nuids = 2;
	q.weights = u64_ptr(seen) | ABOVE;
	EXPECT_EQ(-EFAULT, call(self->e.fd, HMS_QUERY, &q));
	q.weights = u64_ptr(seen);
	ASSERT_EQ(0, call(self->e.fd, HMS_QUERY, &q));
	EXPECT_EQ(3, seen[0]);
	EXPECT_EQ(1, seen[1]);
	EXPECT_PATTERN(p, 64 * PAGE, 7);
}

/* Its own numbers of system calls, and addresses above 2 GiB. */
HMS_TEST(caller32, mremap)
{
	char *p = area(8 * PAGE), *q = area(8 * PAGE);
	struct policy policy[2];

	ASSERT_NE(NULL, p);
	ASSERT_NE(NULL, q);
	ASSERT_EQ(0, policy_set(self->e.fd, p, 8 * PAGE, HMS_MODE_BIND, 1, self->e.node));
	ASSERT_EQ(q, mremap(p, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q));
	EXPECT_EQ(0, policies_read(self->e.fd, HMS_QUERY_POLICY, p, 8 * PAGE, policy, 2));
	ASSERT_EQ(1, policies_read(self->e.fd, HMS_QUERY_POLICY, q, 8 * PAGE, policy, 2));
	EXPECT_TRUE(policy_is(&policy[0], q, 8 * PAGE, HMS_MODE_BIND, 1, self->e.node));
	/* To below them, where it is no negative number. */
	p = mmap((void *)0x20000000, 8 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(p, mremap(q, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p));
	ASSERT_EQ(1, policies_read(self->e.fd, HMS_QUERY_POLICY, p, 8 * PAGE, policy, 2));
	EXPECT_TRUE(policy_is(&policy[0], p, 8 * PAGE, HMS_MODE_BIND, 1, self->e.node));
}

HMS_TEST(caller32, fork_inherits)
{
	char *p = area(8 * PAGE);
	struct policy policy[2];
	int status;
	pid_t pid;

	if (*feature_missing("fork-inherit"))
		SKIP(return, "%s", feature_missing("fork-inherit"));
	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, policy_set_inherited(self->e.fd, p, 8 * PAGE, HMS_MODE_BIND, 1,
					  self->e.node));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		int fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);

		if (policies_read(fd, HMS_QUERY_POLICY, p, 8 * PAGE, policy, 2) != 1)
			_exit(1);
		_exit(policy[0].flags != HMS_POLICY_INHERIT);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

HMS_TEST(caller32, touch)
{
	char *p = area(64 * PAGE);

	NEED_SIMS(1);
	ASSERT_NE(NULL, p);
	fill(p, 64 * PAGE, 2);
	ASSERT_EQ(0, migrate(self->e.fd, p, 64 * PAGE, self->e.sim[0], NULL));
	fill(p + 10 * PAGE, PAGE, 3);
	EXPECT_PATTERN(p + 10 * PAGE, PAGE, 3);
	EXPECT_PATTERN(p, 10 * PAGE, 2);
	EXPECT_PATTERN_PART(p, 11 * PAGE, 53 * PAGE, 2);
}

/* Addresses and pointers are not cut to 32 bits: above them a 32-bit program has nothing. */
HMS_TEST(caller32, above_4_gib)
{
	struct state before, after;
	struct request r;
	struct hms_query q;
	char *p = area(8 * PAGE);

	ASSERT_NE(NULL, p);
	fill(p, 8 * PAGE, 4);
	ASSERT_EQ(0, state_read(&before, self->e.fd, p, 8 * PAGE));
	for (int what = 0; what < 6; what++) {
		int ret;

		request_init(&r, p, 8 * PAGE);
		request_target(&r, self->e.node[self->e.nnodes - 1]);
		request_modifier(&r, HMS_MOD_MODE, HMS_MODE_BIND);
		request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
		switch (what) {
		case 0:
			r.h.start |= ABOVE;
			break;
		case 1:
			r.h.length |= ABOVE;
			break;
		case 2:
			r.h.targets |= ABOVE;
			break;
		case 3:
			r.h.modifiers |= ABOVE;
			break;
		case 4:
			r.h.target_counts |= ABOVE;
			break;
		case 5:
			r.h.start = ABOVE - PAGE;
			r.h.length = 2 * PAGE;
			break;
		}
		ret = request_send(&r, self->e.fd);
		EXPECT_TRUE(ret == -EINVAL || ret == -EFAULT) {
			TH_LOG("case %d: %d", what, ret);
		}
		ASSERT_EQ(0, state_read(&after, self->e.fd, p, 8 * PAGE));
		EXPECT_STREQ("", state_differs(&before, &after));
	}
	for (int what = 0; what < 3; what++) {
		struct hms_residency_entry e[8];
		int ret;

		query_init(&q, HMS_QUERY_RESIDENCY, p, 8 * PAGE);
		q.entries = u64_ptr(e);
		q.nentries = 8;
		ASSERT_EQ(0, call(self->e.fd, HMS_QUERY, &q));
		query_init(&q, HMS_QUERY_RESIDENCY, p, 8 * PAGE);
		q.entries = u64_ptr(e);
		q.nentries = 8;
		switch (what) {
		case 0:
			q.start |= ABOVE;
			break;
		case 1:
			q.length |= ABOVE;
			break;
		case 2:
			q.entries |= ABOVE;
			break;
		}
		ret = call(self->e.fd, HMS_QUERY, &q);
		EXPECT_TRUE(ret == -EINVAL || ret == -EFAULT) {
			TH_LOG("query case %d: %d", what, ret);
		}
	}
	EXPECT_PATTERN(p, 8 * PAGE, 4);
}

HMS_TEST(caller32, refusals)
{
	struct request r;
	char *p = area(8 * PAGE);

	ASSERT_NE(NULL, p);
	request_init(&r, p, 8 * PAGE);
	request_target(&r, self->e.node[0]);
	request_target(&r, 0xfffffff0);
	request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	EXPECT_EQ(-ENOENT, request_send(&r, self->e.fd));
	EXPECT_EQ(HMS_ERROR_TARGET, r.h.error_where);
	EXPECT_EQ(1, r.h.error_index);
	EXPECT_EQ(HMS_WHY_UNKNOWN, r.h.error_why);
	r.h.ntargets = 1;
	r.modifiers[0].value |= ABOVE;
	EXPECT_EQ(-EINVAL, request_send(&r, self->e.fd));
	EXPECT_EQ(HMS_WHY_VALUE, r.h.error_why);
	r.modifiers[0].value = HMS_MIGRATE_NOW;
	r.h.size = HMS_HBIND_SIZE_1 - 1;
	EXPECT_EQ(-EINVAL, request_send(&r, self->e.fd));
}

HMS_TEST(caller32, device_operations)
{
	static char bytes[8 * PAGE] __attribute__((aligned(8)));
	struct hms_sim_op op;
	char *p = area(8 * PAGE);

	NEED_SIMS(1);
	ASSERT_NE(NULL, p);
	fill(p, 8 * PAGE, 5);
	ASSERT_EQ(0, migrate(self->e.fd, p, 8 * PAGE, self->e.sim[0], NULL));
	ASSERT_EQ(0, sim_read(self->e.sim_fd[0], p, bytes, sizeof(bytes)));
	EXPECT_PATTERN(bytes, sizeof(bytes), 5);
	fill(bytes, sizeof(bytes), 6);
	ASSERT_EQ(0, sim_write(self->e.sim_fd[0], p, bytes, sizeof(bytes)));
	EXPECT_PATTERN(p, 8 * PAGE, 6);
	memset(&op, 0, sizeof(op));
	op.size = sizeof(op);
	op.address = u64_ptr(p) | ABOVE;
	op.length = 8;
	op.buffer = u64_ptr(bytes);
	EXPECT_NE(0, call(self->e.sim_fd[0], HMS_SIM_READ, &op));
	op.address = u64_ptr(p);
	op.buffer |= ABOVE;
	EXPECT_NE(0, call(self->e.sim_fd[0], HMS_SIM_READ, &op));
	EXPECT_PATTERN(bytes, sizeof(bytes), 6);
}

/* Structs, pointers and uids of a machine that is described. */
HMS_TEST(caller32, build)
{
	struct machine *m = machine_small();
	int fd = described_open();

	ASSERT_GE(fd, 0);
	m->build.objects |= ABOVE;
	EXPECT_EQ(-EFAULT, machine_build(m, fd));
	m->build.objects &= ~ABOVE;
	m->build.edges |= ABOVE;
	EXPECT_EQ(-EFAULT, machine_build(m, fd));
	m->build.edges &= ~ABOVE;
	EXPECT_EQ(0, machine_build(m, fd));
	EXPECT_STREQ("", machine_differs(m));
	EXPECT_EQ(0, described_clear());
	EXPECT_STREQ("", machine_is_left(m));
	machine_free(m);
}

TEST_HARNESS_MAIN
