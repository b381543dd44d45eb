// SPDX-License-Identifier: GPL-2.0
/* Large pages that move to and from private memory in one piece, where core can do that. */

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "hms_fixture.h"
#include "module.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

#define LARGE	MiB(2)
#define NLARGE	512

/* What is in them. */
static char was[2 * LARGE] __attribute__((aligned(8)));

FIXTURE(large)
{
	struct env e;
	char *p;	/* two of them */
};

FIXTURE_SETUP(large)
{
	ASSERT_STREQ("", env_open(&self->e));
	if (*feature_missing("large-pages"))
		SKIP(return, "%s", feature_missing("large-pages"));
	NEED_PRIVATE(1);
	self->p = area_huge(2 * LARGE);
	ASSERT_NE(NULL, self->p);
	fill(was, 2 * LARGE, 1);
	memcpy(self->p, was, 2 * LARGE);
	ASSERT_EQ(4096, smaps_kib(self->p, "AnonHugePages"));
}

FIXTURE_TEARDOWN_PARENT(large)
{
	EXPECT_USED_AS_BEFORE(&self->e);
}

#define MOVE(start, length, uid)						\
	do {									\
		struct request moved;						\
										\
		ASSERT_EQ(0, migrate(self->e.fd, start, length, uid, &moved));	\
		ASSERT_COUNTS(&moved);						\
		ASSERT_EQ((length) / PAGE, moved.h.moved) {			\
			TH_LOG("%s", skips_text(&moved.h));			\
		}								\
		ASSERT_EQ((long)((length) / PAGE),				\
			  pages_on(self->e.fd, start, length, uid));		\
	} while (0)

/* Bytes from an offset on are as they were. */
#define SAME(at, length) EXPECT_EQ(0, memcmp(self->p + (at), was + (at), length))

#define HUGE_KIB(kib)	EXPECT_EQ(kib, smaps_kib(self->p, "AnonHugePages"))

/* There and back it stays one: a single touch brings all of it home. */
HMS_TEST(large, one_piece)
{
	long long home = stat_read("home"), faults = stat_read("home_faults");

	MOVE(self->p, 2 * LARGE, self->e.sim[0]);
	/* Core counts it as huge there as well. */
	HUGE_KIB(4096);
	SAME(LARGE / 2, 1);
	EXPECT_EQ(home + NLARGE, stat_read("home"));
	EXPECT_EQ(faults + 1, stat_read("home_faults"));
	EXPECT_EQ(NLARGE, pages_on(self->e.fd, self->p, 2 * LARGE, self->e.sim[0]));
	SAME(0, 2 * LARGE);
	HUGE_KIB(4096);
	EXPECT_EQ(faults + 2, stat_read("home_faults"));
}

HMS_TEST(large, everywhere)
{
	const __u32 last = self->e.node[self->e.nnodes - 1];

	MOVE(self->p, 2 * LARGE, last);
	HUGE_KIB(4096);
	MOVE(self->p, 2 * LARGE, self->e.sim[0]);
	if (self->e.nsims > 1)
		MOVE(self->p, 2 * LARGE, self->e.sim[1]);
	MOVE(self->p, 2 * LARGE, self->e.node[0]);
	HUGE_KIB(4096);
	SAME(0, 2 * LARGE);
}

/* The pages of a large one are seen one by one, whatever the range begins with. */
HMS_TEST(large, looked_at_from_the_middle)
{
	static char bytes[3 * PAGE] __attribute__((aligned(8)));
	const size_t length = 2 * LARGE;

	MOVE(self->p, length, self->e.sim[0]);
	for (size_t at = 5 * PAGE; at < length; at += 101 * PAGE) {
		size_t n = length - at < 300 * PAGE ? length - at : 300 * PAGE;

		EXPECT_EQ((long)(n / PAGE), pages_on(self->e.fd, self->p + at, n, self->e.sim[0]));
		if (at + sizeof(bytes) > length)
			continue;
		ASSERT_EQ(0, sim_read(self->e.sim_fd[0], self->p + at, bytes, sizeof(bytes)));
		ASSERT_EQ(0, memcmp(bytes, was + at, sizeof(bytes)));
	}
	/* The device reads the right ones, and writes them. */
	for (size_t at = 7 * PAGE; at + sizeof(bytes) <= length; at += 119 * PAGE) {
		ASSERT_EQ(0, sim_read(self->e.sim_fd[0], self->p + at, bytes, sizeof(bytes)));
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] ^= 0x55;
		ASSERT_EQ(0, sim_write(self->e.sim_fd[0], self->p + at, bytes, sizeof(bytes)));
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] ^= 0x55;
		EXPECT_EQ((long)(length / PAGE),
			  pages_on(self->e.fd, self->p, length, self->e.sim[0]));
		ASSERT_EQ(0, sim_write(self->e.sim_fd[0], self->p + at, bytes, sizeof(bytes)));
	}
	SAME(0, length);
}

/* A part of it moves: the rest stays, and nothing is lost. */
HMS_TEST(large, a_part)
{
	MOVE(self->p, 2 * LARGE, self->e.sim[0]);
	MOVE(self->p + 100 * PAGE, 600 * PAGE, self->e.node[0]);
	EXPECT_EQ(2 * NLARGE - 600, pages_on(self->e.fd, self->p, 2 * LARGE, self->e.sim[0]));
	SAME(0, 2 * LARGE);
}

/* What unmaps, protects, moves or drops a part splits it. */
HMS_TEST(large, split_by_others)
{
	char *p = self->p, *to;

	MOVE(p, 2 * LARGE, self->e.sim[0]);
	ASSERT_EQ(0, munmap(p + 10 * PAGE, 20 * PAGE));
	ASSERT_EQ(0, mprotect(p + 100 * PAGE, PAGE, PROT_READ));
	ASSERT_EQ(0, madvise(p + 200 * PAGE, 5 * PAGE, MADV_DONTNEED));
	EXPECT_EQ(NLARGE - 25, pages_on(self->e.fd, p + 30 * PAGE, LARGE - 30 * PAGE,
					self->e.sim[0]) + 10);
	to = mremap(p + LARGE + 50 * PAGE, 100 * PAGE, 100 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		    area(100 * PAGE));
	ASSERT_NE(MAP_FAILED, to);
	EXPECT_EQ(100, pages_on(self->e.fd, to, 100 * PAGE, self->e.sim[0]));
	for (size_t i = 0; i < 2 * NLARGE; i++) {
		char *now = p + i * PAGE;

		if (i >= 10 && i < 30)
			continue;
		if (i >= 200 && i < 205)
			memset(was + i * PAGE, 0, PAGE);
		if (i >= NLARGE + 50 && i < NLARGE + 150)
			now = to + (i - NLARGE - 50) * PAGE;
		ASSERT_EQ(0, memcmp(now, was + i * PAGE, PAGE)) {
			TH_LOG("page %zu", i);
		}
	}
}

/* A page of one that is mapped in pieces: not the first, and then the first. */
HMS_TEST(large, tail_and_head)
{
	for (int part = 0; part < 2; part++) {
		char *p = self->p + part * LARGE;

		MOVE(p, LARGE, self->e.sim[0]);
		ASSERT_EQ(0, madvise(p + 3 * PAGE, PAGE, MADV_DONTNEED));
		EXPECT_EQ(0, memcmp(p + 5 * PAGE, was + part * LARGE + 5 * PAGE, PAGE));
		EXPECT_EQ(0, memcmp(p, was + part * LARGE, PAGE));
		memset(was + part * LARGE + 3 * PAGE, 0, PAGE);
		/* Back, and home again: no lock was left. */
		ASSERT_EQ(0, migrate(self->e.fd, p, LARGE, self->e.sim[0], NULL));
		ASSERT_EQ(0, migrate(self->e.fd, p, LARGE, self->e.node[0], NULL));
		EXPECT_EQ(0, pages_on(self->e.fd, p, LARGE, self->e.sim[0]));
	}
	SAME(0, 2 * LARGE);
}

/* All of it is moved by mremap, as one. */
HMS_TEST(large, mremap)
{
	char *to = area_huge(2 * LARGE);

	ASSERT_NE(NULL, to);
	MOVE(self->p, 2 * LARGE, self->e.sim[0]);
	ASSERT_EQ(to, mremap(self->p, 2 * LARGE, 2 * LARGE, MREMAP_MAYMOVE | MREMAP_FIXED, to));
	EXPECT_EQ(2 * NLARGE, pages_on(self->e.fd, to, 2 * LARGE, self->e.sim[0]));
	EXPECT_EQ(0, memcmp(to, was, 2 * LARGE));
}

HMS_TEST(large, copy_on_write)
{
	struct peer peer;
	pid_t pid;

	MOVE(self->p, 2 * LARGE, self->e.sim[0]);
	pid = peer_fork(&peer);
	ASSERT_GE(pid, 0);
	if (!pid) {
		SAME(0, LARGE);
		fill(self->p, 2 * LARGE, 2);
		tell(&peer);
		EXPECT_EQ(0, hear(&peer));
		EXPECT_PATTERN(self->p, 2 * LARGE, 2);
		_exit(0);
	}
	ASSERT_EQ(0, hear(&peer));
	SAME(0, 2 * LARGE);
	fill(self->p, 2 * LARGE, 3);
	tell(&peer);
	EXPECT_EQ(0, peer_wait(&peer));
	EXPECT_PATTERN(self->p, 2 * LARGE, 3);
}

/* A device that has pages, but none in one piece, takes them one by one. */
HMS_TEST(large, no_large_page_there)
{
	size_t room = target_capacity(self->e.sim[0]), used = target_used(self->e.sim[0]);
	char *few = area(room), *filler = area(room), *p = area_huge(LARGE);
	struct request r;

	ASSERT_NE(NULL, few);
	ASSERT_NE(NULL, filler);
	ASSERT_NE(NULL, p);
	/* A page of every block is in use. */
	ASSERT_EQ(0, populate(self->e.fd, few, room - used, self->e.sim[0], NULL));
	for (size_t at = 0; at < room - used; at += LARGE)
		ASSERT_EQ(0, munmap(few + at, LARGE - PAGE));
	ASSERT_TRUE(used_becomes(self->e.sim[0], used + (room - used) / NLARGE));
	MOVE(self->p, 2 * LARGE, self->e.sim[0]);
	SAME(0, 2 * LARGE);

	/* And one that has not even these takes what it can. */
	ASSERT_EQ(0, migrate(self->e.fd, self->p, 2 * LARGE, self->e.node[0], NULL));
	ASSERT_EQ(0, populate(self->e.fd, filler, room, self->e.sim[0], NULL));
	/* Nothing makes room. */
	ASSERT_EQ(0, policy_set_whole(self->e.fd, HMS_MODE_BIND, false, 1, self->e.sim));
	ASSERT_EQ(0, munmap(filler, 100 * PAGE));
	ASSERT_EQ(0, migrate(self->e.fd, self->p, LARGE, self->e.sim[0], &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(100, r.h.moved);
	EXPECT_EQ(NLARGE - 100, r.h.skipped[HMS_SKIP_NOMEM]);
	/* Where there is no room at all, none is split for it. */
	memcpy(p, was, LARGE);
	ASSERT_EQ(0, migrate(self->e.fd, p, LARGE, self->e.sim[0], &r));
	EXPECT_EQ(NLARGE, r.h.skipped[HMS_SKIP_NOMEM]);
	EXPECT_EQ(2048, smaps_kib(p, "AnonHugePages"));
	SAME(0, 2 * LARGE);
	for (size_t at = LARGE - PAGE; at < room - used; at += LARGE)
		EXPECT_ZERO(few + at, PAGE);
	EXPECT_ZERO(filler + 100 * PAGE, room - 100 * PAGE);
}

struct all_dropper {
	char *p;
	pthread_barrier_t *at_once;
	volatile bool over;
	long drops;
};

static void *drop_large(void *arg)
{
	struct all_dropper *d = arg;

	pthread_barrier_wait(d->at_once);
	for (; !d->over; d->drops++) {
		/* Somewhere in what happens to it meanwhile. */
		usleep(d->drops * 37 % 1000);
		if (madvise(d->p, LARGE, MADV_DONTNEED))
			return arg;
	}
	return NULL;
}

/*
 * All of a large page is dropped while it moves, and is touched. Core 7.3 then puts a reference
 * that it does not have: nothing else may be freed by that, and nothing lost.
 */
HMS_TEST(large, dropped_while_moving)
{
	pthread_barrier_t at_once;
	struct all_dropper d = { .p = self->p, .at_once = &at_once };
	void *failed = NULL;
	pthread_t t;

	ASSERT_EQ(0, pthread_barrier_init(&at_once, NULL, 2));
	ASSERT_EQ(0, pthread_create(&t, NULL, drop_large, &d));
	pthread_barrier_wait(&at_once);
	for (int round = 0; round < 2000; round++) {
		*(volatile char *)(self->p + round % 512 * PAGE) = 1;
		EXPECT_EQ(0, migrate(self->e.fd, self->p, LARGE, self->e.sim[0], NULL));
		if (round % 3)
			EXPECT_EQ(0, migrate(self->e.fd, self->p, LARGE,
					     round % 3 == 1 ? self->e.sim[1] : self->e.node[0],
					     NULL));
	}
	d.over = true;
	ASSERT_EQ(0, pthread_join(t, &failed));
	EXPECT_EQ(NULL, failed);
	EXPECT_LT(0, d.drops);
	ASSERT_EQ(0, madvise(self->p, LARGE, MADV_DONTNEED));
	EXPECT_ZERO(self->p, LARGE);
	SAME(LARGE, LARGE);
}

/* Of those that share a large page some go at the moment when others touch it. */
HMS_TEST(large, dropped_by_sharers)
{
	for (int round = 0; round < 200; round++) {
		pid_t pid[4];
		int go[2];
		char none;

		ASSERT_EQ(0, madvise(self->p, LARGE, MADV_DONTNEED));
		memcpy(self->p, was, LARGE);
		ASSERT_EQ(0, migrate(self->e.fd, self->p, LARGE, self->e.sim[round % 2], NULL));
		ASSERT_EQ(NLARGE, pages_on(self->e.fd, self->p, LARGE, self->e.sim[round % 2]));
		ASSERT_EQ(0, pipe(go));
		for (int i = 0; i < 4; i++) {
			pid[i] = fork();
			ASSERT_GE(pid[i], 0);
			if (pid[i])
				continue;
			close(go[1]);
			if (read(go[0], &none, 1))
				_exit(2);
			/* All of it goes with the process, or before it, or is looked at. */
			if (i == 1)
				_exit(madvise(self->p, LARGE, MADV_DONTNEED) ? 3 : 0);
			_exit(i == 2 && memcmp(self->p, was, LARGE));
		}
		close(go[0]);
		close(go[1]);
		for (volatile int i = 0; i < round * 1000; i++)
			;
		SAME(0, LARGE);
		for (int i = 0; i < 4; i++)
			EXPECT_EQ(0, status_of(pid[i]));
	}
}

struct dropper {
	char *p;
	size_t length;
	unsigned int delay;
	int ready, go;
};

static void *drop(void *data)
{
	struct dropper *d = data;

	__atomic_store_n(&d->ready, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&d->go, __ATOMIC_ACQUIRE))
		;
	for (volatile unsigned int i = 0; i < d->delay; i++)
		;
	return (void *)(long)madvise(d->p, d->length, MADV_DONTNEED);
}

/* Start one; it drops when it is told to go. */
static int drop_start(pthread_t *t, struct dropper *d)
{
	if (pthread_create(t, NULL, drop, d))
		return -1;
	while (!__atomic_load_n(&d->ready, __ATOMIC_ACQUIRE))
		sched_yield();
	return 0;
}

/* A part of one is dropped when another is touched; all of it is there for who shares it. */
HMS_TEST(large, part_dropped_while_touched)
{
	pthread_t t;

	for (int round = 0; round < 200; round++) {
		struct dropper d = { .p = self->p + LARGE / 2, .length = LARGE / 2 };
		bool shared = round % 2;
		struct peer peer;
		void *failed;

		ASSERT_EQ(0, madvise(self->p, LARGE, MADV_DONTNEED));
		memcpy(self->p, was, LARGE);
		ASSERT_EQ(0, migrate(self->e.fd, self->p, LARGE, self->e.sim[0], NULL));
		if (shared) {
			ASSERT_GE(peer_fork(&peer), 0);
			if (!peer.pid)
				_exit(hear(&peer) || memcmp(self->p, was, LARGE));
		}
		ASSERT_EQ(0, drop_start(&t, &d));
		__atomic_store_n(&d.go, 1, __ATOMIC_RELEASE);
		for (volatile int i = 0; i < round * 50; i++)
			;
		SAME(0, LARGE / 2);
		ASSERT_EQ(0, pthread_join(t, &failed));
		EXPECT_EQ(NULL, failed);
		/* Not that all of it is dropped: see split_by_two. */
		for (size_t at = LARGE / 2; at < LARGE; at += PAGE) {
			if (memcmp(self->p + at, was + at, PAGE))
				EXPECT_ZERO(self->p + at, PAGE);
		}
		if (shared) {
			ASSERT_EQ(0, tell(&peer));
			EXPECT_EQ(0, peer_wait(&peer));
		}
	}
}

/* What can't be copied in one piece is copied page by page, and only the page at fault stays. */
HMS_TEST(large, copy_fails)
{
	const char *fail = "/sys/module/hms_sim/parameters/fail_copy";
	struct request r;

	/* All in one go, all page by page in one go, and one page. */
	ASSERT_EQ(0, text_write(fail, "3"));
	ASSERT_EQ(0, migrate(self->e.fd, self->p, LARGE, self->e.sim[0], &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(NLARGE - 1, r.h.moved);
	EXPECT_EQ(1, r.h.skipped[HMS_SKIP_COPY]);
	EXPECT_EQ(0, number_read(fail));
	SAME(0, LARGE);

	/* On the way home as well: a page that can be copied is, whichever it is. */
	MOVE(self->p + LARGE, LARGE, self->e.sim[0]);
	ASSERT_EQ(0, text_write(fail, "1"));
	SAME(LARGE + 77 * PAGE, PAGE);
	EXPECT_EQ(0, number_read(fail));
	EXPECT_GT(pages_on(self->e.fd, self->p + LARGE, LARGE, self->e.sim[0]), 0);
	SAME(LARGE, LARGE);
	EXPECT_EQ(0, pages_on(self->e.fd, self->p + LARGE, LARGE, self->e.sim[0]));
}

/* A policy for a part of it: home is in two places. */
HMS_TEST(large, policy_of_a_part)
{
	const __u32 list[2] = { self->e.sim[0], self->e.node[self->e.nnodes - 1] };

	NEED_NODES(2);
	MOVE(self->p, LARGE, self->e.sim[0]);
	ASSERT_EQ(0, policy_set(self->e.fd, self->p, 100 * PAGE, HMS_MODE_PREFERRED, 2, list));
	SAME(0, LARGE);
	EXPECT_EQ(100, pages_on(self->e.fd, self->p, 100 * PAGE, list[1]));
	/* For all of it: there, in one piece. */
	MOVE(self->p + LARGE, LARGE, self->e.sim[0]);
	ASSERT_EQ(0, policy_set(self->e.fd, self->p + LARGE, LARGE, HMS_MODE_PREFERRED, 2, list));
	SAME(LARGE, LARGE);
	EXPECT_EQ(NLARGE, pages_on(self->e.fd, self->p + LARGE, LARGE, list[1]));
}

#define ROUNDS 200

/* One thread drops a page while another has its neighbour come home: at all stages of that. */
/* Both split the mapping, and no reference is left to the large page: its memory comes back. */
HMS_TEST(large, split_by_two)
{
	const __u32 list[2] = { self->e.sim[0], self->e.node[self->e.nnodes - 1] };
	pthread_t t;

	NEED_NODES(2);
	ASSERT_EQ(0, policy_set(self->e.fd, self->p, 100 * PAGE, HMS_MODE_PREFERRED, 2, list));
	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct dropper d = { .p = self->p + 300 * PAGE, .length = PAGE,
				     .delay = i * 200 };
		void *failed;

		MOVE(self->p, LARGE, self->e.sim[0]);
		ASSERT_EQ(0, drop_start(&t, &d));
		__atomic_store_n(&d.go, 1, __ATOMIC_RELEASE);
		EXPECT_EQ(0, memcmp(self->p + 5 * PAGE, was + 5 * PAGE, PAGE));
		ASSERT_EQ(0, pthread_join(t, &failed));
		EXPECT_EQ(NULL, failed);
		SAME(0, 300 * PAGE);
		SAME(301 * PAGE, LARGE - 301 * PAGE);
		/*
		 * Not that the page is empty now: core clears the entry of the large page for a
		 * moment, and MADV_DONTNEED, which looks without a lock, takes that for a hole.
		 */
		/* A huge page again, for the next round. */
		ASSERT_EQ(0, munmap(self->p, LARGE));
		ASSERT_EQ(self->p, mmap(self->p, LARGE, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
		ASSERT_EQ(0, madvise(self->p, LARGE, MADV_HUGEPAGE));
		memcpy(self->p, was, LARGE);
		ASSERT_EQ(0, policy_set(self->e.fd, self->p, 100 * PAGE, HMS_MODE_PREFERRED, 2,
					list));
	}
}

HMS_TEST(large, all_or_nothing)
{
	struct request r;

	ASSERT_EQ(0, move_all_or_nothing(self->e.fd, self->p, 2 * LARGE, self->e.sim[0], &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(2 * NLARGE, r.h.moved);
	SAME(0, 2 * LARGE);
	HUGE_KIB(4096);
}

/* What was split on a device comes home in pieces, which a program can have joined there. */
HMS_TEST(large, collapsed_at_home)
{
	MOVE(self->p, LARGE, self->e.sim[0]);
	ASSERT_EQ(0, mprotect(self->p, PAGE, PROT_READ));
	ASSERT_EQ(0, mprotect(self->p, PAGE, PROT_READ | PROT_WRITE));
	ASSERT_EQ(0, migrate(self->e.fd, self->p, LARGE, self->e.node[0], NULL));
	SAME(0, LARGE);
	HUGE_KIB(2048);
	ASSERT_EQ(0, madvise(self->p, LARGE, MADV_COLLAPSE));
	HUGE_KIB(4096);
	SAME(0, LARGE);
}

/* A hole is filled in one piece, where the program has asked for huge pages. */
HMS_TEST(large, populated)
{
	const __u32 way[] = { self->e.node[0], self->e.sim[0] };
	struct request r;
	char *p;

	for (int i = 0; i < 2; i++) {
		p = area_huge(LARGE);
		ASSERT_NE(NULL, p);
		ASSERT_EQ(0, populate(self->e.fd, p, LARGE, way[i], &r));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(LARGE / PAGE, r.h.populated);
		EXPECT_EQ((long)(LARGE / PAGE), pages_on(self->e.fd, p, LARGE, way[i]));
		/* On a device it is none that smaps knows. */
		ASSERT_EQ(0, migrate(self->e.fd, p, LARGE, self->e.node[self->e.nnodes - 1],
				     NULL));
		EXPECT_EQ(2048, smaps_kib(p, "AnonHugePages"));
		EXPECT_ZERO(p, LARGE);
		ASSERT_EQ(0, munmap(p, LARGE));
	}
	p = area_huge(LARGE);
	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, madvise(p, LARGE, MADV_NOHUGEPAGE));
	ASSERT_EQ(0, populate(self->e.fd, p, LARGE, self->e.node[0], &r));
	EXPECT_EQ(LARGE / PAGE, r.h.populated);
	EXPECT_ZERO(p, LARGE);
	EXPECT_EQ(0, smaps_kib(p, "AnonHugePages"));
	ASSERT_EQ(0, munmap(p, LARGE));
}

/* When the device goes they come home, in one piece what only a child has. */
HMS_TEST(large, unload)
{
	struct peer peer;
	pid_t pid;

	MOVE(self->p, 2 * LARGE, self->e.sim[0]);
	pid = peer_fork(&peer);
	ASSERT_GE(pid, 0);
	if (!pid) {
		for (int i = 0; i < self->e.nsims; i++)
			close(self->e.sim_fd[i]);
		close(self->e.fd);
		tell(&peer);
		EXPECT_EQ(0, hear(&peer));
		EXPECT_EQ(2048, smaps_kib(self->p, "AnonHugePages"));
		SAME(0, 2 * LARGE);
		_exit(0);
	}
	ASSERT_EQ(0, hear(&peer));
	ASSERT_EQ(0, munmap(self->p, LARGE));
	for (int i = 0; i < self->e.nsims; i++)
		close(self->e.sim_fd[i]);
	ASSERT_EQ(0, sim_unload_wait());
	SAME(LARGE, LARGE);
	tell(&peer);
	EXPECT_EQ(0, peer_wait(&peer));
	ASSERT_EQ(0, sim_load());
	self->e.nsims = 0;
}

TEST_HARNESS_MAIN
