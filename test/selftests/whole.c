// SPDX-License-Identifier: GPL-2.0
/* The policy of a whole address space: that of addresses that have none of their own. */

#include <fcntl.h>
#include <sys/wait.h>

#include "hms_fixture.h"

#define NPAGES	16

HMS_FIXTURE(whole)

typedef FIXTURE_DATA(whole) whole_t;

/* How many there are, and the first of them. */
static int read_whole(int fd, struct policy *p)
{
	return policies_read(fd, HMS_QUERY_WHOLE, NULL, 0, p, 1);
}

static int set(whole_t *self, __u32 mode, __u32 uid)
{
	return policy_set_whole(self->e.fd, mode, false, 1, &uid);
}

static int clear(whole_t *self)
{
	return policy_set_whole(self->e.fd, HMS_MODE_DEFAULT, false, 0, NULL);
}

HMS_TEST(whole, set_and_clear)
{
	__u32 last = self->e.node[self->e.nnodes - 1];
	char *p = area(NPAGES * PAGE);
	struct policy seen;

	ASSERT_NE(NULL, p);
	EXPECT_EQ(0, read_whole(self->e.fd, &seen));
	EXPECT_EQ(0, clear(self));
	ASSERT_EQ(0, set(self, HMS_MODE_BIND, self->e.node[0]));
	ASSERT_EQ(1, read_whole(self->e.fd, &seen));
	EXPECT_TRUE(policy_is(&seen, NULL, 0, HMS_MODE_BIND, 1, self->e.node));
	ASSERT_EQ(0, set(self, HMS_MODE_PREFERRED, last));
	ASSERT_EQ(1, read_whole(self->e.fd, &seen));
	EXPECT_TRUE(policy_is(&seen, NULL, 0, HMS_MODE_PREFERRED, 1, &last));
	/* It is no range, and no mapping takes it along. */
	EXPECT_EQ(0, policies_read(self->e.fd, HMS_QUERY_POLICY, p, NPAGES * PAGE, &seen, 1));
	EXPECT_EQ(0, munmap(p, NPAGES * PAGE));
	EXPECT_EQ(1, read_whole(self->e.fd, &seen));
	ASSERT_EQ(0, clear(self));
	EXPECT_EQ(0, read_whole(self->e.fd, &seen));
}

/* What a run of addresses has in common is also that of those without one of their own. */
HMS_TEST(whole, in_common)
{
	char *p = area(NPAGES * PAGE);
	struct policy seen;

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, policy_set(self->e.fd, p + 4 * PAGE, 4 * PAGE, HMS_MODE_BIND, 1,
				self->e.node));
	EXPECT_EQ(0, policies_read(self->e.fd, HMS_QUERY_COMMON, p, NPAGES * PAGE, &seen, 1));
	ASSERT_EQ(0, set(self, HMS_MODE_BIND, self->e.node[0]));
	ASSERT_EQ(1, policies_read(self->e.fd, HMS_QUERY_COMMON, p, NPAGES * PAGE, &seen, 1));
	EXPECT_TRUE(policy_is(&seen, p, NPAGES * PAGE, HMS_MODE_BIND, 1, self->e.node));
	ASSERT_EQ(0, set(self, HMS_MODE_PREFERRED, self->e.node[0]));
	ASSERT_EQ(1, policies_read(self->e.fd, HMS_QUERY_COMMON, p, NPAGES * PAGE, &seen, 1));
	EXPECT_TRUE(policy_is(&seen, p, NPAGES * PAGE, HMS_MODE_DEFAULT, 1, self->e.node));
}

/* Says what is wrong, and leaves things as they are. */
HMS_TEST(whole, refused)
{
	static const struct {
		__u32 key;
		__u64 value;
	} acts[] = {
		{ HMS_MOD_MIGRATE, HMS_MIGRATE_NOW }, { HMS_MOD_POPULATE, 1 },
	};
	struct hms_policy_entry entry;
	struct request r;
	struct hms_query q;
	struct policy seen;

	ASSERT_EQ(0, set(self, HMS_MODE_BIND, self->e.node[0]));
	for (int i = 0; i < 2; i++) {
		request_init(&r, (void *)(i ? 0 : PAGE), i ? PAGE : 0);
		request_modifier(&r, HMS_MOD_MODE, HMS_MODE_DEFAULT);
		r.h.flags = HMS_WHOLE;
		EXPECT_EQ(-EINVAL, request_send(&r, self->e.fd));
		EXPECT_EQ(HMS_ERROR_FIELD, r.h.error_where);
		EXPECT_EQ(i ? offsetof(struct hms_hbind, length) :
			      offsetof(struct hms_hbind, start), r.h.error_index);
		EXPECT_EQ(HMS_WHY_VALUE, r.h.error_why);
	}
	for (size_t i = 0; i < ARRAY_SIZE(acts); i++) {
		request_init(&r, NULL, 0);
		request_target(&r, self->e.node[0]);
		request_modifier(&r, HMS_MOD_MODE, HMS_MODE_PREFERRED);
		request_modifier(&r, acts[i].key, acts[i].value);
		r.h.flags = HMS_WHOLE;
		EXPECT_EQ(-EINVAL, request_send(&r, self->e.fd));
		EXPECT_EQ(HMS_ERROR_FIELD, r.h.error_where);
		EXPECT_EQ(offsetof(struct hms_hbind, flags), r.h.error_index);
		EXPECT_EQ(HMS_WHY_COMBINATION, r.h.error_why);
	}
	request_init(&r, NULL, 0);
	r.h.flags = HMS_WHOLE;
	EXPECT_EQ(-EINVAL, request_send(&r, self->e.fd));
	EXPECT_EQ(-EINVAL, policy_set_whole(self->e.fd, HMS_MODE_BIND, false, 0, NULL));
	/* Nor is it asked about with a range. */
	for (int i = 0; i < 2; i++) {
		query_init(&q, HMS_QUERY_WHOLE, (void *)(i ? 0 : PAGE), i ? PAGE : 0);
		q.entries = u64_ptr(&entry);
		q.nentries = 1;
		EXPECT_EQ(-EINVAL, call(self->e.fd, HMS_QUERY, &q));
	}
	ASSERT_EQ(1, read_whole(self->e.fd, &seen));
	EXPECT_TRUE(policy_is(&seen, NULL, 0, HMS_MODE_BIND, 1, self->e.node));
}

/* A device's touch follows it, but for where a range has its own. */
HMS_TEST(whole, device_touches)
{
	char *p = area(NPAGES * PAGE), bytes[16];
	__u32 node = self->e.node[0];

	NEED_SIMS(1);
	NEED_NODES(1);
	ASSERT_NE(NULL, p);
	fill(p, NPAGES * PAGE, 1);
	ASSERT_EQ(0, migrate(self->e.fd, p, NPAGES * PAGE, node, NULL));
	ASSERT_EQ(0, policy_set(self->e.fd, p + 4 * PAGE, 4 * PAGE, HMS_MODE_BIND, 1, &node));
	ASSERT_EQ(0, set(self, HMS_MODE_BIND, self->e.sim[0]));
	for (int i = 0; i < NPAGES; i++)
		ASSERT_EQ(0, sim_read(self->e.sim_fd[0], p + i * PAGE, bytes, sizeof(bytes)));
	EXPECT_EQ(4, pages_on(self->e.fd, p, 4 * PAGE, self->e.sim[0]));
	EXPECT_EQ(4, pages_on(self->e.fd, p + 4 * PAGE, 4 * PAGE, node));
	EXPECT_EQ(8, pages_on(self->e.fd, p + 8 * PAGE, 8 * PAGE, self->e.sim[0]));
	EXPECT_PATTERN(p, NPAGES * PAGE, 1);
}

/* The CPU's touch too: what was moved by a request comes home to where it says. */
HMS_TEST(whole, home)
{
	__u32 last = self->e.node[self->e.nnodes - 1];
	char *p = area(NPAGES * PAGE);

	NEED_PRIVATE(1);
	NEED_NODES(2);
	ASSERT_NE(NULL, p);
	fill(p, NPAGES * PAGE, 1);
	ASSERT_EQ(0, policy_set(self->e.fd, p, 4 * PAGE, HMS_MODE_BIND, 1, self->e.node));
	ASSERT_EQ(0, set(self, HMS_MODE_PREFERRED, last));
	ASSERT_EQ(0, migrate(self->e.fd, p, NPAGES * PAGE, self->e.sim[0], NULL));
	ASSERT_EQ(NPAGES, pages_on(self->e.fd, p, NPAGES * PAGE, self->e.sim[0]));
	EXPECT_PATTERN(p, NPAGES * PAGE, 1);
	EXPECT_EQ(4, pages_on(self->e.fd, p, 4 * PAGE, self->e.node[0]));
	EXPECT_EQ(NPAGES - 4, pages_on(self->e.fd, p + 4 * PAGE, (NPAGES - 4) * PAGE, last));
}

/* It is the address space's, as any, and holds the module as any. */
HMS_TEST(whole, outlives_the_descriptor)
{
	struct policy seen;

	ASSERT_EQ(0, set(self, HMS_MODE_BIND, self->e.node[0]));
	close(self->e.fd);
	self->e.fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->e.fd, 0);
	ASSERT_EQ(1, read_whole(self->e.fd, &seen));
	EXPECT_EQ(self->e.node[0], seen.uid[0]);
}

/* Another process says that it means the one that opened the descriptor. */
HMS_TEST(whole, of_another_process)
{
	struct policy seen;
	pid_t pid;

	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		struct request r;

		if (set(self, HMS_MODE_BIND, self->e.node[0]) != -EBADF)
			_exit(1);
		request_init(&r, NULL, 0);
		request_target(&r, self->e.node[0]);
		request_modifier(&r, HMS_MOD_MODE, HMS_MODE_BIND);
		r.h.flags = HMS_WHOLE | HMS_REMOTE;
		_exit(request_send(&r, self->e.fd) ? 2 : 0);
	}
	EXPECT_EQ(0, status_of(pid));
	EXPECT_EQ(1, read_whole(self->e.fd, &seen));
}

/* How many a process has that has just begun, by a descriptor of its own. */
static int count(void)
{
	int fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
	struct policy seen;
	int n;

	if (fd < 0)
		return 10;
	n = read_whole(fd, &seen);
	close(fd);
	return n < 0 ? 11 : n;
}

static int count_in_child(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(count());
	return WEXITSTATUS(status_of(pid));
}

HMS_TEST(whole, fork_gives_the_child_none)
{
	ASSERT_EQ(0, set(self, HMS_MODE_BIND, self->e.node[0]));
	EXPECT_EQ(0, count_in_child());
}

/* Alone, and beside ranges; and to the end of it. */
HMS_TEST(whole, fork_inherits)
{
	const char *missing = feature_missing("fork-inherit");
	char *p = area(NPAGES * PAGE);

	if (*missing)
		SKIP(return, "%s", missing);
	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, policy_set_whole(self->e.fd, HMS_MODE_BIND, true, 1, self->e.node));
	EXPECT_EQ(1, count_in_child());
	ASSERT_EQ(0, policy_set_inherited(self->e.fd, p, PAGE, HMS_MODE_BIND, 1, self->e.node));
	EXPECT_EQ(1, count_in_child());
	ASSERT_EQ(0, set(self, HMS_MODE_BIND, self->e.node[0]));
	EXPECT_EQ(0, count_in_child());
	ASSERT_EQ(0, policy_set_whole(self->e.fd, HMS_MODE_BIND, true, 1, self->e.node));
	ASSERT_EQ(0, clear(self));
	EXPECT_EQ(0, count_in_child());
}

HMS_TEST(whole, exec_drops)
{
	bool inherit = !*feature_missing("fork-inherit");
	pid_t pid;

	ASSERT_EQ(0, policy_set_whole(self->e.fd, HMS_MODE_BIND, inherit, 1, self->e.node));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		execl("/proc/self/exe", "whole", "--count", NULL);
		_exit(21);
	}
	EXPECT_EQ(0, status_of(pid));
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--count"))
		return count();
	return test_harness_run(argc, argv);
}
