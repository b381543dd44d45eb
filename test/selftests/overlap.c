// SPDX-License-Identifier: GPL-2.0
/* Drivers that copy by themselves: the next pages are made ready meanwhile. */

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hms_fixture.h"

#define SIZE		MiB(8)

HMS_FIXTURE(overlap)

#define NEED_LATER	NEED_SIMS_WITH(2, "later", "the accelerators copy at once")

/* Two windows, and no more, whichever way the pages go; a second request has its own. */
HMS_TEST(overlap, two_at_a_time)
{
	const __u32 way[] = { self->e.sim[0], self->e.sim[1], self->e.node[0] };
	char *p = area(SIZE);
	struct request r;

	NEED_LATER;
	ASSERT_NE(NULL, p);
	fill(p, SIZE, 1);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, text_write(SIM_PARAMETERS "most_copying", "0"));
		/* However slow it is to make the second ready. */
		ASSERT_EQ(0, text_write(SIM_PARAMETERS "together", "2"));
		ASSERT_EQ(0, migrate(self->e.fd, p, SIZE, way[i], &r));
		ASSERT_EQ(0, text_write(SIM_PARAMETERS "together", "0"));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(SIZE / PAGE, r.h.moved);
		EXPECT_EQ(SIZE, r.h.bytes_copied);
		EXPECT_EQ(2, number_read(SIM_PARAMETERS "most_copying"));
		EXPECT_EQ((long)(SIZE / PAGE), pages_on(self->e.fd, p, SIZE, way[i]));
	}
	EXPECT_PATTERN(p, SIZE, 1);
	/* What fits into one window has but that. */
	ASSERT_EQ(0, text_write(SIM_PARAMETERS "most_copying", "0"));
	ASSERT_EQ(0, migrate(self->e.fd, p, 4 * PAGE, self->e.sim[0], &r));
	EXPECT_EQ(1, number_read(SIM_PARAMETERS "most_copying"));
	EXPECT_PATTERN(p, 4 * PAGE, 1);
}

/* What is being copied is where it was, until that is done. */
HMS_TEST(overlap, on_its_way)
{
	const __u32 way[] = { self->e.sim[0], self->e.sim[1], self->e.node[0] };
	__u32 from = self->e.node[0];
	char *p = area(4 * PAGE);
	struct request r;
	long long job;

	NEED_LATER;
	ASSERT_NE(NULL, p);
	fill(p, 4 * PAGE, 1);
	ASSERT_EQ(0, migrate(self->e.fd, p, 4 * PAGE, from, NULL));
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, text_write(SIM_PARAMETERS "most_copying", "0"));
		/* A second copy, which does not come. */
		ASSERT_EQ(0, text_write(SIM_PARAMETERS "together", "2"));
		job = request_submit(request_move(&r, p, 4 * PAGE, way[i]), self->e.fd,
				     HMS_NO_EVENTFD);
		ASSERT_LT(0, job);
		/* The test's own time limit ends this. */
		while (!number_read(SIM_PARAMETERS "most_copying"))
			usleep(1000);
		EXPECT_EQ(4, pages_on(self->e.fd, p, 4 * PAGE, from));
		ASSERT_EQ(0, text_write(SIM_PARAMETERS "together", "0"));
		ASSERT_EQ(0, job_end(self->e.fd, job, &r));
		EXPECT_EQ(4, r.h.moved);
		EXPECT_EQ(4, pages_on(self->e.fd, p, 4 * PAGE, way[i]));
		from = way[i];
	}
	EXPECT_PATTERN(p, 4 * PAGE, 1);
}

/* Who waits to change the mappings does so between two pairs, not at the end of the request. */
HMS_TEST(overlap, lets_others_in)
{
	const size_t length = MiB(16), rest = length - MiB(2);
	char *p = area(length);
	struct peer peer;
	struct request r;
	long long job;

	NEED_LATER;
	ASSERT_NE(NULL, p);
	if (!peer_fork(&peer)) {
		if (hear(&peer))
			_exit(1);
		wait_until_stuck(getppid());
		_exit(text_write(SIM_PARAMETERS "together", "0") ? 1 : 0);
	}
	fill(p, length, 1);
	ASSERT_EQ(0, text_write(SIM_PARAMETERS "most_copying", "0"));
	/* A third copy, which does not come. */
	ASSERT_EQ(0, text_write(SIM_PARAMETERS "together", "3"));
	job = request_submit(request_move(&r, p, length, self->e.sim[0]), self->e.fd,
			     HMS_NO_EVENTFD);
	ASSERT_LT(0, job);
	while (number_read(SIM_PARAMETERS "most_copying") < 2)
		usleep(1000);
	ASSERT_EQ(0, tell(&peer));
	ASSERT_EQ(0, munmap(p + rest, length - rest));
	EXPECT_EQ(0, peer_wait(&peer));
	ASSERT_EQ(0, job_end(self->e.fd, job, &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(rest / PAGE, r.h.moved);
	EXPECT_EQ((length - rest) / PAGE, r.h.skipped[HMS_SKIP_ABSENT]);
	EXPECT_PATTERN(p, rest, 1);
}

/* All or nothing waits for each. */
HMS_TEST(overlap, all_or_nothing)
{
	char *p = area(SIZE);
	struct request r;

	NEED_LATER;
	ASSERT_NE(NULL, p);
	fill(p, SIZE, 1);
	ASSERT_EQ(0, move_all_or_nothing(self->e.fd, p, SIZE, self->e.sim[0], &r));
	EXPECT_EQ(SIZE / PAGE, r.h.moved);
	EXPECT_PATTERN(p, SIZE, 1);
}

/* Of a copy that fails all pages are copied once more, one by one; what fails again stays. */
HMS_TEST(overlap, copy_fails)
{
	char *p = area(SIZE);
	struct request r;

	NEED_LATER;
	ASSERT_NE(NULL, p);
	fill(p, SIZE, 1);
	ASSERT_EQ(0, text_write(SIM_PARAMETERS "fail_copy", "1"));
	ASSERT_EQ(0, migrate(self->e.fd, p, SIZE, self->e.sim[0], &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(SIZE / PAGE, r.h.moved);
	EXPECT_EQ(SIZE, r.h.bytes_copied);
	/* That of the window, and those of four of its pages. */
	ASSERT_EQ(0, text_write(SIM_PARAMETERS "fail_copy", "5"));
	ASSERT_EQ(0, migrate(self->e.fd, p, 256 * PAGE, self->e.node[0], &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(4, r.h.skipped[HMS_SKIP_COPY]);
	EXPECT_EQ(252, r.h.moved);
	EXPECT_PATTERN(p, SIZE, 1);
}

/* A process that is killed is gone when what was under way is. */
HMS_TEST(overlap, killed)
{
	NEED_LATER;
	for (int i = 0; i < 20; i++) {
		struct peer child;

		if (!peer_fork(&child)) {
			char *p = area(SIZE);
			struct env mine;

			if (*env_open(&mine))
				_exit(1);
			fill(p, SIZE, 1);
			tell(&child);
			while (!migrate(mine.fd, p, SIZE, mine.sim[0], NULL))
				migrate(mine.fd, p, SIZE, mine.sim[1], NULL);
			_exit(2);
		}
		ASSERT_EQ(0, hear(&child));
		usleep(1000 * i);
		EXPECT_EQ(SIGKILL, peer_kill(&child));
	}
}

TEST_HARNESS_MAIN
