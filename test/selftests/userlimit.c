// SPDX-License-Identifier: GPL-2.0
/* Limits of device memory by user: the file user_limit of a target. */

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hms_fixture.h"

#define USER	1000
#define LIMIT	MiB(1)
#define OVER	(LIMIT + MiB(1))

FIXTURE(userlimit)
{
	struct env e;
};

FIXTURE_SETUP(userlimit)
{
	ASSERT_STREQ("", env_open(&self->e));
	NEED_SIMS(2);
}

static const char *limit_path(const struct env *e, int sim)
{
	return target_file(e->sim[sim], "user_limit");
}

static int limit_set(const struct env *e, int sim, long long bytes)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", bytes);
	return text_write(limit_path(e, sim), text);
}

FIXTURE_TEARDOWN_PARENT(userlimit)
{
	EXPECT_USED_AS_BEFORE(&self->e);
	for (int i = 0; i < self->e.nsims; i++)
		EXPECT_EQ(0, limit_set(&self->e, i, target_capacity(self->e.sim[i])));
}

/* Ask for a range as another user; root all the same, so that files can be written. */
static int ask_as(uid_t user, struct request *r, int fd)
{
	int ret;

	if (setresuid(user, 0, 0))
		return -errno;
	ret = request_send(r, fd);
	return setresuid(0, 0, 0) ? -errno : ret;
}

static int move_as(uid_t user, int fd, const void *p, size_t length, __u32 uid, struct request *r)
{
	return ask_as(user, request_move(r, p, length, uid), fd);
}

HMS_TEST(userlimit, file)
{
	static const char *const wrong[] = { "x", "-1", "1 MiB", "99999999999999999999999" };
	long long capacity = target_capacity(self->e.sim[0]);

	EXPECT_EQ(capacity, number_read(limit_path(&self->e, 0)));
	ASSERT_EQ(0, limit_set(&self->e, 0, 3 * PAGE + 5));
	EXPECT_EQ((long long)(3 * PAGE), number_read(limit_path(&self->e, 0)));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		EXPECT_NE(0, text_write(limit_path(&self->e, 0), wrong[i]));
	EXPECT_EQ((long long)(3 * PAGE), number_read(limit_path(&self->e, 0)));
	ASSERT_EQ(0, limit_set(&self->e, 0, capacity + MiB(1)));
	EXPECT_EQ(capacity, number_read(limit_path(&self->e, 0)));
	ASSERT_EQ(0, seteuid(USER));
	EXPECT_EQ(-EACCES, limit_set(&self->e, 0, 0));
}

/* A user gets as much as he may have, others as well; what leaves is his no more. */
HMS_TEST(userlimit, each)
{
	char *p = area(OVER), *q = area(OVER);
	struct request r;

	ASSERT_NE(NULL, p);
	ASSERT_NE(NULL, q);
	fill(p, OVER, 1);
	fill(q, OVER, 2);
	ASSERT_EQ(0, limit_set(&self->e, 0, LIMIT));
	for (int round = 0; round < 2; round++) {
		ASSERT_EQ(0, move_as(USER, self->e.fd, p, OVER, self->e.sim[0], &r));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(LIMIT / PAGE, r.h.moved);
		EXPECT_EQ((OVER - LIMIT) / PAGE, r.h.skipped[HMS_SKIP_NOMEM]);
		ASSERT_EQ(0, move_as(USER + 1, self->e.fd, q, OVER, self->e.sim[0], &r));
		EXPECT_EQ(LIMIT / PAGE, r.h.moved);
		/* Again, for as many as have left. */
		ASSERT_EQ(0, migrate(self->e.fd, p, 10 * PAGE, self->e.node[0], NULL));
		ASSERT_EQ(0, move_as(USER, self->e.fd, p, OVER, self->e.sim[0], &r));
		EXPECT_EQ(10, r.h.moved);
		EXPECT_PATTERN(p, OVER, 1);
		EXPECT_PATTERN(q, OVER, 2);
		ASSERT_EQ(0, migrate(self->e.fd, p, OVER, self->e.node[0], NULL));
		ASSERT_EQ(0, migrate(self->e.fd, q, OVER, self->e.node[0], NULL));
	}
	ASSERT_EQ(0, move_as(USER, self->e.fd, p, LIMIT, self->e.sim[0], &r));
	ASSERT_EQ(0, munmap(p, OVER));
	ASSERT_EQ(0, move_as(USER, self->e.fd, q, OVER, self->e.sim[0], &r));
	EXPECT_EQ(LIMIT / PAGE, r.h.moved);
	EXPECT_PATTERN(q, OVER, 2);
}

/* Large pages, in one piece as long as that fits. */
HMS_TEST(userlimit, large)
{
	char *p = area_huge(MiB(4));
	struct request r;

	ASSERT_NE(NULL, p);
	fill(p, MiB(4), 1);
	ASSERT_EQ(0, limit_set(&self->e, 0, MiB(3)));
	ASSERT_EQ(0, move_as(USER, self->e.fd, p, MiB(4), self->e.sim[0], &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(MiB(3) / PAGE, r.h.moved);
	EXPECT_PATTERN(p, MiB(4), 1);
}

HMS_TEST(userlimit, next_of_the_list)
{
	char *p = area(OVER);
	struct request r;

	ASSERT_NE(NULL, p);
	fill(p, OVER, 1);
	ASSERT_EQ(0, limit_set(&self->e, 0, LIMIT));
	request_target(request_move(&r, p, OVER, self->e.sim[0]), self->e.sim[1]);
	ASSERT_EQ(0, ask_as(USER, &r, self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(LIMIT / PAGE, r.counts[0].moved);
	EXPECT_EQ((OVER - LIMIT) / PAGE, r.counts[1].moved);
	EXPECT_PATTERN(p, OVER, 1);
}

/* Less than what is there already: it stays, and no more comes. */
HMS_TEST(userlimit, lowered)
{
	char *p = area(OVER);
	struct request r;

	ASSERT_NE(NULL, p);
	fill(p, OVER, 1);
	ASSERT_EQ(0, move_as(USER, self->e.fd, p, LIMIT, self->e.sim[0], &r));
	ASSERT_EQ(0, limit_set(&self->e, 0, PAGE));
	EXPECT_EQ((long)(LIMIT / PAGE), pages_on(self->e.fd, p, LIMIT, self->e.sim[0]));
	ASSERT_EQ(0, move_as(USER, self->e.fd, p, OVER, self->e.sim[0], &r));
	EXPECT_EQ(0, r.h.moved);
	EXPECT_EQ(LIMIT / PAGE, r.h.present);
	EXPECT_PATTERN(p, OVER, 1);
}

/* Who may have no more makes nobody leave. */
HMS_TEST(userlimit, evicts_nobody)
{
	long long evicted;
	struct request r;
	size_t length;
	char *p = area(OVER);

	ASSERT_NE(NULL, p);
	fill(p, OVER, 1);
	ASSERT_EQ(0, move_as(USER, self->e.fd, p, LIMIT, self->e.sim[0], &r));
	/* Of no policy, so that it would make room. */
	ASSERT_NE(NULL, fill_target(&self->e, 0, 0, &length));
	ASSERT_EQ(0, limit_set(&self->e, 0, LIMIT));
	evicted = stat_read("evicted");
	ASSERT_EQ(0, move_as(USER, self->e.fd, p, OVER, self->e.sim[0], &r));
	EXPECT_EQ(0, r.h.moved);
	EXPECT_EQ((OVER - LIMIT) / PAGE, r.h.skipped[HMS_SKIP_NOMEM]);
	EXPECT_EQ(evicted, stat_read("evicted"));
	EXPECT_PATTERN(p, OVER, 1);
}

/* What others make leave for another device is still who had it: what he may not have goes home. */
HMS_TEST(userlimit, evicted)
{
	const __u32 list[] = { self->e.sim[0], self->e.sim[1] };
	char *p = area(OVER), *rest;
	struct request r;
	size_t length;

	ASSERT_NE(NULL, p);
	fill(p, OVER, 1);
	ASSERT_EQ(0, policy_set(self->e.fd, p, OVER, HMS_MODE_PREFERRED, 2, list));
	ASSERT_EQ(0, move_as(USER, self->e.fd, p, OVER, self->e.sim[0], &r));
	ASSERT_EQ(OVER / PAGE, r.h.moved);
	ASSERT_EQ(0, limit_set(&self->e, 1, LIMIT));
	rest = area(target_capacity(self->e.sim[0]));
	length = target_capacity(self->e.sim[0]);
	ASSERT_NE(NULL, rest);
	request_init(&r, rest, length);
	request_target(&r, self->e.sim[0]);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_BIND);
	request_modifier(&r, HMS_MOD_PRIORITY, HMS_PRIORITY_MAX);
	request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	request_modifier(&r, HMS_MOD_POPULATE, 1);
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	EXPECT_EQ(0, pages_on(self->e.fd, p, OVER, self->e.sim[0]));
	EXPECT_EQ((long)(LIMIT / PAGE), pages_on(self->e.fd, p, OVER, self->e.sim[1]));
	EXPECT_PATTERN(p, OVER, 1);
	EXPECT_ZERO(rest, length);
}

/* A job is of the user who asked for it. */
HMS_TEST(userlimit, job)
{
	char *p = area(OVER);
	struct request r;
	long long job;

	ASSERT_NE(NULL, p);
	fill(p, OVER, 1);
	ASSERT_EQ(0, limit_set(&self->e, 0, LIMIT));
	request_move(&r, p, OVER, self->e.sim[0]);
	ASSERT_EQ(0, setresuid(USER, 0, 0));
	job = request_submit(&r, self->e.fd, HMS_NO_EVENTFD);
	ASSERT_EQ(0, setresuid(0, 0, 0));
	ASSERT_LT(0, job);
	ASSERT_EQ(0, job_end(self->e.fd, job, &r));
	EXPECT_EQ(LIMIT / PAGE, r.h.moved);
	EXPECT_PATTERN(p, OVER, 1);
}

/* What a device touches goes by it, too. */
HMS_TEST(userlimit, device_fault)
{
	char *p = area(OVER);

	ASSERT_NE(NULL, p);
	fill(p, OVER, 1);
	ASSERT_EQ(0, policy_set(self->e.fd, p, OVER, HMS_MODE_PREFERRED, 1, &self->e.sim[0]));
	ASSERT_EQ(0, limit_set(&self->e, 0, LIMIT));
	ASSERT_EQ(0, setresuid(USER, 0, 0));
	ASSERT_EQ(0, sim_op(self->e.sim_fd[0], HMS_SIM_SUM, p, OVER, NULL, 0, NULL));
	ASSERT_EQ(0, setresuid(0, 0, 0));
	EXPECT_EQ((long)(LIMIT / PAGE), pages_on(self->e.fd, p, OVER, self->e.sim[0]));
	EXPECT_PATTERN(p, OVER, 1);
}

TEST_HARNESS_MAIN
