// SPDX-License-Identifier: GPL-2.0
/*
 * Moving and populating: every kind of page to every kind of target, no byte lost, every page
 * counted.
 */

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "hms_fixture.h"

HMS_FIXTURE(move)

/* Fill, and make sure that all of it is on node 0. */
static char *filled(FIXTURE_DATA(move) *self, size_t length, __u64 seed)
{
	char *p = area(length);

	if (!p)
		return NULL;
	fill(p, length, seed);
	if (migrate(self->e.fd, p, length, self->e.node[0], NULL))
		return NULL;
	return p;
}

/* Move all of a range; no page may be skipped. */
#define MOVE_ALL(p, length, uid)						\
	do {									\
		struct request _r;						\
										\
		ASSERT_EQ(0, migrate(self->e.fd, p, length, uid, &_r));		\
		ASSERT_COUNTS(&_r);						\
		ASSERT_EQ(0, skipped_sum(&_r.h));				\
		ASSERT_EQ((long)((length) / PAGE), pages_on(self->e.fd, p, length, uid)); \
	} while (0)

HMS_TEST(move, node_to_node)
{
	const size_t length = MiB(4);
	struct request r;
	char *p = filled(self, length, 1);

	NEED_NODES(2);
	ASSERT_NE(NULL, p);
	for (int node = self->e.nnodes - 1; node >= 0; node--) {
		ASSERT_EQ(0, migrate(self->e.fd, p, length, self->e.node[node], &r));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(length / PAGE, r.h.moved);
		EXPECT_EQ(r.h.moved * PAGE, r.h.bytes_copied);
		EXPECT_EQ((long)(length / PAGE),
			  pages_on(self->e.fd, p, length, self->e.node[node]));
		for (size_t at = 0; at < length; at += 101 * PAGE)
			EXPECT_EQ(node, page_node(p + at));
		EXPECT_PATTERN(p, length, 1);
		/* Again: all there, nothing copied. */
		ASSERT_EQ(0, migrate(self->e.fd, p, length, self->e.node[node], &r));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(length / PAGE, r.h.present);
		EXPECT_EQ(0, r.h.bytes_copied);
	}
}

HMS_TEST(move, node_to_device_and_back)
{
	const size_t length = MiB(4);
	char *p = filled(self, length, 2);
	struct request r;

	NEED_SIMS(1);
	ASSERT_NE(NULL, p);
	for (int round = 0; round < 2; round++) {
		long long used = target_used(self->e.sim[0]);

		ASSERT_EQ(0, migrate(self->e.fd, p, length, self->e.sim[0], &r));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(length / PAGE, r.h.moved);
		EXPECT_EQ(length, r.h.bytes_copied);
		EXPECT_EQ(used + (long long)length, target_used(self->e.sim[0]));
		EXPECT_EQ((long)(length / PAGE), pages_on(self->e.fd, p, length, self->e.sim[0]));
		ASSERT_EQ(0, migrate(self->e.fd, p, length, self->e.sim[0], &r));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(length / PAGE, r.h.present);
		EXPECT_EQ(0, r.h.bytes_copied);

		ASSERT_EQ(0, migrate(self->e.fd, p, length, self->e.node[0], &r));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(length / PAGE, r.h.moved);
		EXPECT_EQ(length, r.h.bytes_copied);
		EXPECT_EQ(used, target_used(self->e.sim[0]));
		EXPECT_EQ((long)(length / PAGE), pages_on(self->e.fd, p, length, self->e.node[0]));
		EXPECT_PATTERN(p, length, 2);
	}
}

static bool sims_are_peers(void)
{
	char text[8];

	return !text_read(SIM_PARAMETERS "peers", text, sizeof(text)) && *text == 'Y';
}

HMS_TEST(move, device_to_device)
{
	const size_t length = MiB(2) + 5 * PAGE;
	char *all = filled(self, length + MiB(2), 3), *p;
	long long direct;
	struct request r;

	NEED_SIMS(2);
	ASSERT_NE(NULL, all);
	/* One page alone in a page table page would be copied alone, which is not counted. */
	p = (char *)((u64_ptr(all) + MiB(2) - 1) & -MiB(2));
	MOVE_ALL(p, length, self->e.sim[0]);
	direct = number_read(SIM_PARAMETERS "direct");
	ASSERT_EQ(0, migrate(self->e.fd, p, length, self->e.sim[1], &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(length / PAGE, r.h.moved);
	EXPECT_GE(r.h.bytes_copied, length);
	/* By way of main memory only where they can't reach each other. */
	EXPECT_EQ(sims_are_peers() ? direct + (long long)r.h.moved : direct,
		  number_read(SIM_PARAMETERS "direct"));
	EXPECT_EQ(self->e.used[0], target_used(self->e.sim[0]));
	EXPECT_EQ(self->e.used[1] + (long long)length, target_used(self->e.sim[1]));
	MOVE_ALL(p, length, self->e.sim[0]);
	EXPECT_EQ(self->e.used[1], target_used(self->e.sim[1]));
	EXPECT_PATTERN_PART(all, p - all, length, 3);
}

/* Around the circle of all targets, with a change at each stop. */
HMS_TEST(move, around)
{
	const size_t length = 64 * PAGE;
	char *p = filled(self, length, 0);
	int seed = 0;

	ASSERT_NE(NULL, p);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < self->e.nnodes; i++) {
			MOVE_ALL(p, length, self->e.node[i]);
			EXPECT_PATTERN(p, length, seed);
			fill(p, length, ++seed);
		}
		for (int i = 0; i < self->e.nsims; i++)
			MOVE_ALL(p, length, self->e.sim[i]);
		EXPECT_PATTERN(p, length, seed);
		fill(p, length, ++seed);
	}
}

/* All sizes and offsets around the 512-page windows of core's migration. */
HMS_TEST(move, sizes)
{
	static const int npages[] = { 1, 2, 3, 511, 512, 513, 1023, 1025 };
	static const int offset[] = { 0, 1, 511 };
	const size_t length = 1540 * PAGE;
	char *p = filled(self, length, 4);
	__u32 to = self->e.nsims ? self->e.sim[0] : self->e.node[self->e.nnodes - 1];
	__u32 from = self->e.node[0];
	struct request r;

	ASSERT_NE(NULL, p);
	ASSERT_NE(to, from);
	for (size_t i = 0; i < ARRAY_SIZE(npages); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(offset); k++) {
			char *start = p + offset[k] * PAGE;

			ASSERT_EQ(0, migrate(self->e.fd, start, npages[i] * PAGE, to, &r));
			EXPECT_COUNTS(&r);
			EXPECT_EQ(npages[i], (int)r.h.moved);
			/* These pages, and no others. */
			EXPECT_EQ(npages[i], pages_on(self->e.fd, p, length, to));
			EXPECT_EQ(npages[i], pages_on(self->e.fd, start, npages[i] * PAGE, to));
			ASSERT_EQ(0, migrate(self->e.fd, p, length, from, &r));
			EXPECT_COUNTS(&r);
			EXPECT_EQ(npages[i], (int)r.h.moved);
			EXPECT_EQ(length / PAGE - npages[i], r.h.present);
		}
	}
	EXPECT_PATTERN(p, length, 4);
}

/* Of several targets a page goes to the first; one on a later target moves up. */
HMS_TEST(move, order_of_targets)
{
	char *p = filled(self, 8 * PAGE, 5);
	struct request r;

	NEED_NODES(2);
	ASSERT_NE(NULL, p);
	MOVE_ALL(p + 4 * PAGE, 4 * PAGE, self->e.node[1]);
	request_init(&r, p, 8 * PAGE);
	request_target(&r, self->e.node[1]);
	request_target(&r, self->e.node[0]);
	request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(4, r.counts[0].present);
	EXPECT_EQ(4, r.counts[0].moved);
	EXPECT_EQ(0, r.counts[1].present + r.counts[1].moved);
	EXPECT_EQ(8, pages_on(self->e.fd, p, 8 * PAGE, self->e.node[1]));
	EXPECT_PATTERN(p, 8 * PAGE, 5);
}

/* Populate. */

HMS_TEST(move, populate_node)
{
	char *p = area(700 * PAGE);
	__u32 last = self->e.node[self->e.nnodes - 1];
	struct request r;

	ASSERT_NE(NULL, p);
	fill(p + 100 * PAGE, 50 * PAGE, 6);
	/* Without populate, a hole is absent. */
	ASSERT_EQ(0, migrate(self->e.fd, p, 700 * PAGE, self->e.node[0], &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(650, r.h.skipped[HMS_SKIP_ABSENT]);
	EXPECT_EQ(u64_ptr(p), r.h.first_skipped);
	EXPECT_EQ(650, pages_on(self->e.fd, p, 700 * PAGE, ON_NOTHING));

	/* Populate alone leaves what is there where it is. */
	request_init(&r, p, 200 * PAGE);
	request_target(&r, last);
	request_modifier(&r, HMS_MOD_POPULATE, 1);
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(150, r.h.populated);
	EXPECT_EQ(0, r.h.moved);
	EXPECT_EQ(150 * PAGE, r.h.bytes_copied);
	EXPECT_EQ(50, pages_on(self->e.fd, p + 100 * PAGE, 50 * PAGE, self->e.node[0]));

	ASSERT_EQ(0, populate(self->e.fd, p, 700 * PAGE, last, &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(500, r.h.populated);
	EXPECT_EQ(700, pages_on(self->e.fd, p, 700 * PAGE, last));
	if (self->e.nnodes > 1)
		EXPECT_EQ(self->e.nnodes - 1, page_node(p + 699 * PAGE));
	EXPECT_ZERO(p, 100 * PAGE);
	EXPECT_PATTERN(p + 100 * PAGE, 50 * PAGE, 6);
	EXPECT_ZERO(p + 150 * PAGE, 550 * PAGE);
	/* They are this process's own: writing changes one page only. */
	fill(p + 300 * PAGE, PAGE, 7);
	EXPECT_ZERO(p + 299 * PAGE, PAGE);
	EXPECT_ZERO(p + 301 * PAGE, PAGE);
}

HMS_TEST(move, populate_device)
{
	char *p = area(700 * PAGE);
	struct request r;

	NEED_SIMS(1);
	ASSERT_NE(NULL, p);
	/* The device's memory held something else before. */
	fill(p, 700 * PAGE, 0x5ec2e7);
	MOVE_ALL(p, 700 * PAGE, self->e.sim[0]);
	ASSERT_EQ(0, madvise(p, 700 * PAGE, MADV_DONTNEED));
	EXPECT_EQ(self->e.used[0], target_used(self->e.sim[0]));

	fill(p + 100 * PAGE, 50 * PAGE, 6);
	ASSERT_EQ(0, populate(self->e.fd, p, 700 * PAGE, self->e.sim[0], &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(650, r.h.populated);
	EXPECT_EQ(50, r.h.moved);
	EXPECT_EQ(700 * PAGE, r.h.bytes_copied);
	EXPECT_EQ(700, pages_on(self->e.fd, p, 700 * PAGE, self->e.sim[0]));
	EXPECT_ZERO(p, 100 * PAGE);
	EXPECT_PATTERN(p + 100 * PAGE, 50 * PAGE, 6);
	EXPECT_ZERO(p + 150 * PAGE, 550 * PAGE);
}

/* Pages that were only read are all the zero page: to HMS they are holes, and stay zero. */
HMS_TEST(move, zero_page)
{
	const __u32 to[] = { self->e.node[self->e.nnodes - 1], self->e.nsims ? self->e.sim[0] :
							       self->e.node[0] };
	struct request r;

	for (int k = 0; k < 2; k++) {
		char *p = area(32 * PAGE);

		ASSERT_NE(NULL, p);
		ASSERT_ZERO(p, 32 * PAGE);
		ASSERT_EQ(0, migrate(self->e.fd, p, 32 * PAGE, to[k], &r));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(0, r.h.populated);
		ASSERT_EQ(0, populate(self->e.fd, p, 32 * PAGE, to[k], &r));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(0, skipped_sum(&r.h));
		EXPECT_EQ(32, pages_on(self->e.fd, p, 32 * PAGE, to[k]));
		EXPECT_ZERO(p, 32 * PAGE);
		fill(p + 7 * PAGE, PAGE, 1);
		EXPECT_ZERO(p, 7 * PAGE);
		EXPECT_ZERO(p + 8 * PAGE, 24 * PAGE);
		EXPECT_EQ(0, munmap(p, 32 * PAGE));
	}
}

/* Populate can't be used to fill a file or read-only hole with what is not in it. */
HMS_TEST(move, populate_shared)
{
	char *p = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct request r;

	ASSERT_NE(MAP_FAILED, p);
	fill(p, 4 * PAGE, 1);
	ASSERT_EQ(0, populate(self->e.fd, p, 8 * PAGE, self->e.node[self->e.nnodes - 1], &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(4, r.h.moved + r.h.present);
	EXPECT_EQ(4, r.h.populated + skipped_sum(&r.h));
	EXPECT_PATTERN(p, 4 * PAGE, 1);
	EXPECT_ZERO(p + 4 * PAGE, 4 * PAGE);
}

/* Kinds of pages. */

HMS_TEST(move, huge_pages)
{
	const size_t length = MiB(4);
	const __u32 to[] = { self->e.node[self->e.nnodes - 1], self->e.nsims ? self->e.sim[0] :
							       self->e.node[0] };
	struct request r;

	for (int k = 0; k < 2; k++) {
		char *p = area_huge(length);

		ASSERT_NE(NULL, p);
		fill(p, length, 8);
		if (smaps_kib(p, "AnonHugePages") < 4096)
			SKIP(return, "no huge page: no CONFIG_TRANSPARENT_HUGEPAGE?");
		ASSERT_EQ(0, migrate(self->e.fd, p, length, to[k], &r));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(1024, r.h.moved + r.h.present);
		EXPECT_EQ(1024, pages_on(self->e.fd, p, length, to[k]));
		MOVE_ALL(p, length, self->e.node[0]);
		EXPECT_PATTERN(p, length, 8);
		EXPECT_EQ(0, munmap(p, length));

		/* A part of one, from the middle. */
		p = area_huge(length);
		fill(p, length, 9);
		ASSERT_EQ(0, migrate(self->e.fd, p + 100 * PAGE, 600 * PAGE, to[k], &r));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(600, r.h.moved + r.h.present + r.h.skipped[HMS_SKIP_LARGE]);
		EXPECT_PATTERN(p, length, 9);
		EXPECT_EQ(0, munmap(p, length));
	}
}

struct mover {
	struct env *e;
	pthread_barrier_t *at_once;
	__u32 to;
	char *p;
	int error;
};

static void *move_huge(void *arg)
{
	struct mover *m = arg;

	pthread_barrier_wait(m->at_once);
	m->error = migrate(m->e->fd, m->p, MiB(2), m->to, NULL) ?: m->error;
	return NULL;
}

/*
 * The same huge page is moved by several at once: threads, and a child that shares it. Kernels that
 * split it first lose all of it when it is locked in that moment; it would stay charged.
 */
HMS_TEST(move, huge_page_by_several)
{
	enum { THREADS = 3, ROUNDS = 100 };
	const __u32 to[2] = { self->e.nsims ? self->e.sim[0] : self->e.node[0],
			      self->e.node[self->e.nnodes - 1] };
	pthread_barrier_t *at_once = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
					  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_barrierattr_t shared;

	ASSERT_NE(MAP_FAILED, at_once);
	pthread_barrierattr_init(&shared);
	pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	for (int round = 0; round < ROUNDS; round++) {
		bool forks = round % 4 == 3;
		pthread_t thread[THREADS];
		struct mover m[THREADS];
		char *p = area_huge(MiB(2));
		struct env own;
		pid_t pid = -1;
		int status;

		ASSERT_NE(NULL, p);
		fill(p, MiB(2), round);
		if (smaps_kib(p, "AnonHugePages") < 2048)
			SKIP(return, "no huge page: no CONFIG_TRANSPARENT_HUGEPAGE?");
		ASSERT_EQ(0, pthread_barrier_init(at_once, &shared, THREADS + forks));
		if (forks)
			pid = fork();
		for (int i = 0; i < THREADS; i++)
			m[i] = (struct mover){
				.e = &self->e, .at_once = at_once, .p = p, .to = to[i % 2]
			};
		if (!pid) {
			/* @self is shared with it, but not the descriptor. */
			m[0].e = &own;
			m[0].error = *env_open(&own);
			move_huge(&m[0]);
			_exit(m[0].error);
		}
		for (int i = 0; i < THREADS; i++)
			ASSERT_EQ(0, pthread_create(&thread[i], NULL, move_huge, &m[i]));
		for (int i = 0; i < THREADS; i++) {
			ASSERT_EQ(0, pthread_join(thread[i], NULL));
			EXPECT_EQ(0, m[i].error);
		}
		if (forks) {
			ASSERT_EQ(pid, waitpid(pid, &status, 0));
			EXPECT_EQ(0, status);
		}
		EXPECT_PATTERN(p, MiB(2), round);
		EXPECT_EQ(0, munmap(p, MiB(2)));
		pthread_barrier_destroy(at_once);
	}
	munmap(at_once, PAGE);
}

/* A huge page that is mapped by small entries: moved, or counted as large; never harmed. */
HMS_TEST(move, huge_pages_in_pieces)
{
	const size_t length = MiB(2);
	char *p = area_huge(length);
	struct request r;
	__u32 to = self->e.nsims ? self->e.sim[0] : self->e.node[self->e.nnodes - 1];

	ASSERT_NE(NULL, p);
	fill(p, length, 10);
	if (smaps_kib(p, "AnonHugePages") < 2048)
		SKIP(return, "no huge page: no CONFIG_TRANSPARENT_HUGEPAGE?");
	ASSERT_EQ(0, mprotect(p + 5 * PAGE, PAGE, PROT_READ));
	ASSERT_EQ(0, mprotect(p + 5 * PAGE, PAGE, PROT_READ | PROT_WRITE));
	ASSERT_EQ(0, migrate(self->e.fd, p, length, to, &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(512, r.h.moved + r.h.present + r.h.skipped[HMS_SKIP_LARGE]);
	EXPECT_PATTERN(p, length, 10);
}

/* Huge zero page, and a hole of 2 MiB that wants to become a huge page. */
HMS_TEST(move, huge_holes)
{
	const size_t length = MiB(2);
	__u32 to = self->e.nsims ? self->e.sim[0] : self->e.node[self->e.nnodes - 1];
	struct request r;

	for (int reading = 0; reading < 2; reading++) {
		char *p = area_huge(length);

		ASSERT_NE(NULL, p);
		if (reading)
			ASSERT_ZERO(p, length);
		ASSERT_EQ(0, populate(self->e.fd, p, length, to, &r));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(512, r.h.populated);
		EXPECT_EQ(512, pages_on(self->e.fd, p, length, to));
		EXPECT_ZERO(p, length);
		EXPECT_EQ(0, munmap(p, length));
	}
}

/* Locked memory stays in main memory, but may change nodes; the accounting survives. */
HMS_TEST(move, mlocked)
{
	long long before = mlocked_kib();
	char *p = filled(self, 64 * PAGE, 11);
	struct request r;

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, mlock(p, 64 * PAGE));
	ASSERT_EQ(0, migrate(self->e.fd, p, 64 * PAGE, self->e.node[self->e.nnodes - 1], &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(64, r.h.moved + r.h.present);
	EXPECT_EQ(256, smaps_kib(p, "Locked"));
	if (self->e.nsims) {
		ASSERT_EQ(0, migrate(self->e.fd, p, 64 * PAGE, self->e.sim[0], &r));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(64, r.h.skipped[HMS_SKIP_SPECIAL]);
		/* A list that has a node as well: it goes there. */
		request_init(&r, p, 64 * PAGE);
		request_target(&r, self->e.sim[0]);
		request_target(&r, self->e.node[0]);
		request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
		ASSERT_EQ(0, request_send(&r, self->e.fd));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(0, pages_on(self->e.fd, p, 64 * PAGE, self->e.sim[0]));
	}
	EXPECT_PATTERN(p, 64 * PAGE, 11);
	ASSERT_EQ(0, munlock(p, 64 * PAGE));
	/* Unlocked, it may go. */
	if (self->e.nsims) {
		ASSERT_EQ(0, migrate(self->e.fd, p, 64 * PAGE, self->e.sim[0], &r));
		EXPECT_EQ(64, r.h.moved);
		EXPECT_PATTERN(p, 64 * PAGE, 11);
	}
	EXPECT_EQ(0, munmap(p, 64 * PAGE));
	EXPECT_EQ(before, mlocked_kib());
}

/*
 * Locking memory that is on a device brings it home first, where the CPU can't load from it; either
 * way no count is left behind.
 */
HMS_TEST(move, mlock_on_device)
{
	long long before = mlocked_kib();
	char *p = filled(self, 16 * PAGE, 12);

	NEED_SIMS(1);
	ASSERT_NE(NULL, p);
	MOVE_ALL(p, 16 * PAGE, self->e.sim[0]);
	ASSERT_EQ(0, mlock(p, 16 * PAGE));
	EXPECT_EQ(self->e.private ? 0 : 16, pages_on(self->e.fd, p, 16 * PAGE, self->e.sim[0]));
	EXPECT_PATTERN(p, 16 * PAGE, 12);
	ASSERT_EQ(0, munlock(p, 16 * PAGE));
	EXPECT_EQ(0, munmap(p, 16 * PAGE));
	EXPECT_EQ(before, mlocked_kib());
}

/* Pages that a child shares: root may move them, and both see them; others may not. */
HMS_TEST(move, shared_with_child)
{
	const __u32 to[] = { self->e.node[self->e.nnodes - 1], self->e.nsims ? self->e.sim[0] :
							       self->e.node[0] };
	char *p = filled(self, 32 * PAGE, 13);
	struct request r;
	struct peer peer;
	pid_t pid;

	ASSERT_NE(NULL, p);
	pid = peer_fork(&peer);
	ASSERT_GE(pid, 0);
	if (!pid) {
		while (!hear(&peer)) {
			EXPECT_PATTERN(p, 32 * PAGE, 13);
			tell(&peer);
		}
		_exit(0);
	}
	for (int k = 0; k < 2; k++) {
		ASSERT_EQ(0, migrate(self->e.fd, p, 32 * PAGE, to[k], &r));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(32, r.h.moved + r.h.present);
		ASSERT_EQ(0, tell(&peer));
		ASSERT_EQ(0, hear(&peer));
	}
	EXPECT_EQ(0, peer_wait(&peer));
	EXPECT_PATTERN(p, 32 * PAGE, 13);
}

HMS_TEST(move, shared_without_privilege)
{
	const __u32 to[] = { self->e.node[self->e.nnodes - 1], self->e.nsims ? self->e.sim[0] :
							       self->e.node[0] };
	char *p = filled(self, 32 * PAGE, 14), *own;
	struct request r;
	struct peer peer;
	__u32 where[32];
	pid_t pid;

	NEED_NODES(2);
	ASSERT_NE(NULL, p);
	own = filled(self, 8 * PAGE, 15);
	ASSERT_NE(NULL, own);
	pid = peer_fork(&peer);
	ASSERT_GE(pid, 0);
	if (!pid) {
		EXPECT_EQ(0, munmap(own, 8 * PAGE));
		EXPECT_EQ(0, tell(&peer));
		hear(&peer);
		EXPECT_PATTERN(p, 32 * PAGE, 14);
		_exit(0);
	}
	ASSERT_EQ(0, hear(&peer));
	/* Opened as root: what counts is who asks. */
	ASSERT_EQ(0, setresgid(65534, 65534, 65534));
	ASSERT_EQ(0, setresuid(65534, 65534, 65534));
	for (int k = 0; k < 2; k++) {
		ASSERT_EQ(0, migrate(self->e.fd, p, 32 * PAGE, to[k], &r));
		EXPECT_COUNTS(&r);
		if (to[k] == self->e.node[0])
			continue;
		EXPECT_EQ(32, r.h.skipped[HMS_SKIP_SHARED]);
		EXPECT_EQ(0, residency_read(self->e.fd, p, 32 * PAGE, where));
		EXPECT_EQ(self->e.node[0], where[0]);
		/* Its own pages it may move. */
		ASSERT_EQ(0, migrate(self->e.fd, own, 8 * PAGE, to[k], &r));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(8, r.h.moved);
		EXPECT_PATTERN(own, 8 * PAGE, 15);
	}
	tell(&peer);
	EXPECT_EQ(0, peer_wait(&peer));
	/* Nobody else has them any more. */
	ASSERT_EQ(0, migrate(self->e.fd, p, 32 * PAGE, self->e.node[1], &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(32, r.h.moved + r.h.present);
	EXPECT_PATTERN(p, 32 * PAGE, 14);
}

HMS_TEST(move, shmem)
{
	char *p = mmap(NULL, 32 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct request r;

	NEED_NODES(2);
	ASSERT_NE(MAP_FAILED, p);
	fill(p, 32 * PAGE, 16);
	for (int node = 1; node >= 0; node--) {
		ASSERT_EQ(0, migrate(self->e.fd, p, 32 * PAGE, self->e.node[node], &r));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(32, r.h.moved + r.h.present);
		EXPECT_EQ(node, page_node(p));
	}
	if (self->e.nsims) {
		ASSERT_EQ(0, migrate(self->e.fd, p, 32 * PAGE, self->e.sim[0], &r));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(32, r.h.skipped[HMS_SKIP_FILE]);
		EXPECT_EQ(0, pages_on(self->e.fd, p, 32 * PAGE, self->e.sim[0]));
	}
	EXPECT_PATTERN(p, 32 * PAGE, 16);
}

/* A private mapping of a file: what was written is anonymous, what was read is the file's. */
HMS_TEST(move, private_file)
{
	char folder[] = "/tmp/hms-move-XXXXXX", path[64], *p;
	static char bytes[16 * PAGE] __attribute__((aligned(8)));
	struct request r;
	int fd;

	/* ramfs: neither shmem nor on a disk. The mount goes with this process. */
	ASSERT_TRUE(!mkdir("/tmp", 01777) || errno == EEXIST);
	ASSERT_NE(NULL, mkdtemp(folder));
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount("hms", folder, "ramfs", 0, NULL));
	snprintf(path, sizeof(path), "%s/file", folder);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	ASSERT_LE(0, fd);
	fill(bytes, sizeof(bytes), 17);
	ASSERT_EQ((ssize_t)sizeof(bytes), write(fd, bytes, sizeof(bytes)));
	p = mmap(NULL, sizeof(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_PATTERN(p, sizeof(bytes), 17);
	fill(p + 8 * PAGE, 8 * PAGE, 18);

	for (int k = 0; k < 2; k++) {
		__u32 to = k && self->e.nsims ? self->e.sim[0] : self->e.node[self->e.nnodes - 1];

		ASSERT_EQ(0, migrate(self->e.fd, p, sizeof(bytes), to, &r));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(8, pages_on(self->e.fd, p + 8 * PAGE, 8 * PAGE, to));
		/* File pages move nowhere; at best they were on the node before. */
		EXPECT_EQ(16, r.h.moved + r.h.present + r.h.skipped[HMS_SKIP_FILE]);
		EXPECT_GE((long)r.h.skipped[HMS_SKIP_FILE],
			  8 - pages_on(self->e.fd, p, 8 * PAGE, to));
		EXPECT_LE(r.h.skipped[HMS_SKIP_FILE], 8);
	}
	EXPECT_PATTERN(p, 8 * PAGE, 17);
	EXPECT_PATTERN(p + 8 * PAGE, 8 * PAGE, 18);
	memset(bytes, 0, sizeof(bytes));
	ASSERT_EQ((ssize_t)sizeof(bytes), pread(fd, bytes, sizeof(bytes), 0));
	EXPECT_PATTERN(bytes, sizeof(bytes), 17);
	EXPECT_EQ(0, munmap(p, sizeof(bytes)));
	close(fd);
	EXPECT_EQ(0, umount(folder));
	EXPECT_EQ(0, rmdir(folder));
}

/* Pages that the kernel holds for a pipe. */
HMS_TEST(move, pinned)
{
	char *p = filled(self, 16 * PAGE, 19);
	static char bytes[4 * PAGE] __attribute__((aligned(8)));
	struct iovec iov;
	struct request r;
	int pipefd[2];

	NEED_NODES(2);
	ASSERT_NE(NULL, p);
	iov.iov_base = p + 6 * PAGE;
	iov.iov_len = 4 * PAGE;
	ASSERT_EQ(0, pipe(pipefd));
	ASSERT_EQ((ssize_t)iov.iov_len, vmsplice(pipefd[1], &iov, 1, 0));
	for (int k = 0; k < 2; k++) {
		__u32 to = k && self->e.nsims ? self->e.sim[0] : self->e.node[1];

		ASSERT_EQ(0, migrate(self->e.fd, p, 16 * PAGE, to, &r));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(12, r.h.moved + r.h.present);
		EXPECT_EQ(4, r.h.skipped[HMS_SKIP_BUSY]);
		EXPECT_EQ(u64_ptr(p + 6 * PAGE), r.h.first_skipped);
		EXPECT_EQ(4, pages_on(self->e.fd, p + 6 * PAGE, 4 * PAGE, self->e.node[0]));
		EXPECT_PATTERN(p, 16 * PAGE, 19);
	}
	ASSERT_EQ((ssize_t)sizeof(bytes), read(pipefd[0], bytes, sizeof(bytes)));
	EXPECT_EQ(0, memcmp(bytes, p + 6 * PAGE, sizeof(bytes)));
	/* Released, they move. */
	MOVE_ALL(p, 16 * PAGE, self->e.node[1]);
	EXPECT_PATTERN(p, 16 * PAGE, 19);
}

/* Pages that the kernel has pinned for I/O, for as long as it likes. */
HMS_TEST(move, pinned_for_long)
{
	char *p = filled(self, 16 * PAGE, 20);
	struct request r;
	int fd;

	NEED_NODES(2);
	ASSERT_NE(NULL, p);
	fd = pin_for_long(p + 6 * PAGE, 4 * PAGE);
	if (fd == -ENOSYS)
		SKIP(return, "the kernel has no CONFIG_IO_URING");
	ASSERT_LE(0, fd);
	for (int k = 0; k < 2; k++) {
		__u32 to = k && self->e.nsims ? self->e.sim[0] : self->e.node[1];

		ASSERT_EQ(0, migrate(self->e.fd, p, 16 * PAGE, to, &r));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(12, r.h.moved + r.h.present);
		EXPECT_EQ(4, r.h.skipped[HMS_SKIP_BUSY]);
		EXPECT_EQ(u64_ptr(p + 6 * PAGE), r.h.first_skipped);
		EXPECT_EQ(4, pages_on(self->e.fd, p + 6 * PAGE, 4 * PAGE, self->e.node[0]));
		EXPECT_PATTERN(p, 16 * PAGE, 20);
	}
	ASSERT_EQ(0, pin_let_go(fd));
	MOVE_ALL(p, 16 * PAGE, self->e.node[1]);
	EXPECT_PATTERN(p, 16 * PAGE, 20);
}

/* Room. */

HMS_TEST(move, full_device)
{
	char *p = filled(self, 16 * PAGE, 21), *filler;
	struct request r;
	size_t length;

	NEED_SIMS(2);
	ASSERT_NE(NULL, p);
	filler = fill_target(&self->e, 0, 10 * PAGE, &length);
	ASSERT_NE(NULL, filler);

	/* The first target, then the second. */
	request_init(&r, p, 16 * PAGE);
	request_target(&r, self->e.sim[0]);
	request_target(&r, self->e.sim[1]);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_BIND);
	request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(10, r.counts[0].moved);
	EXPECT_EQ(6, r.counts[1].moved);
	EXPECT_EQ(10, pages_on(self->e.fd, p, 16 * PAGE, self->e.sim[0]));
	EXPECT_EQ(6, pages_on(self->e.fd, p, 16 * PAGE, self->e.sim[1]));
	EXPECT_EQ(target_capacity(self->e.sim[0]), target_used(self->e.sim[0]));

	/* The same again: what is on the second stays there while the first is full. */
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(16, r.h.present);
	EXPECT_EQ(10, r.counts[0].present);
	EXPECT_EQ(6, r.counts[1].present);

	/* Room came free: they move up. */
	ASSERT_EQ(0, munmap(filler + length - 3 * PAGE, 3 * PAGE));
	length -= 3 * PAGE;
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(10, r.counts[0].present);
	EXPECT_EQ(3, r.counts[0].moved);
	EXPECT_EQ(3, r.counts[1].present);
	EXPECT_PATTERN(p, 16 * PAGE, 21);
	EXPECT_ZERO(filler, length);
}

HMS_TEST(move, no_room)
{
	char *p = filled(self, 16 * PAGE, 22), *hole = area(16 * PAGE), *filler;
	struct request r;
	size_t length;
	__u32 where[16];

	NEED_SIMS(1);
	ASSERT_NE(NULL, p);
	filler = fill_target(&self->e, 0, 10 * PAGE, &length);
	ASSERT_NE(NULL, filler);

	/* All or nothing: 16 pages don't fit into 10. */
	request_init(&r, p, 16 * PAGE);
	request_target(&r, self->e.sim[0]);
	request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	request_modifier(&r, HMS_MOD_ALL_OR_NOTHING, 1);
	{
		int ret = request_send(&r, self->e.fd);

		EXPECT_TRUE(ret == -EBUSY || ret == -ENOMEM) {
			TH_LOG("returned %d", ret);
		}
	}
	EXPECT_EQ(16, pages_on(self->e.fd, p, 16 * PAGE, self->e.node[0]));
	EXPECT_EQ(target_capacity(self->e.sim[0]) - 10 * (long long)PAGE,
		  target_used(self->e.sim[0]));

	ASSERT_EQ(0, migrate(self->e.fd, p, 16 * PAGE, self->e.sim[0], &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(10, r.h.moved);
	EXPECT_EQ(6, r.h.skipped[HMS_SKIP_NOMEM]);
	EXPECT_EQ(0, residency_read(self->e.fd, p, 16 * PAGE, where));
	for (int i = 0; i < 16; i++) {
		if (where[i] != self->e.sim[0]) {
			EXPECT_EQ(u64_ptr(p + i * PAGE), r.h.first_skipped);
			break;
		}
	}
	/* What is bound there makes no room. */
	ASSERT_EQ(0, policy_set(self->e.fd, p, 16 * PAGE, HMS_MODE_BIND, 1, self->e.sim));
	ASSERT_EQ(0, populate(self->e.fd, hole, 16 * PAGE, self->e.sim[0], &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(16, r.h.skipped[HMS_SKIP_NOMEM]);
	EXPECT_EQ(16, pages_on(self->e.fd, hole, 16 * PAGE, ON_NOTHING));

	EXPECT_PATTERN(p, 16 * PAGE, 22);
	EXPECT_ZERO(hole, 16 * PAGE);
	EXPECT_ZERO(filler, length);
}

/* All or nothing. */

static struct request *all_or_nothing(struct request *r, void *start, size_t length, __u32 uid)
{
	request_init(r, start, length);
	request_target(r, uid);
	request_modifier(r, HMS_MOD_MODE, HMS_MODE_BIND);
	request_modifier(r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	request_modifier(r, HMS_MOD_ALL_OR_NOTHING, 1);
	return r;
}

HMS_TEST(move, all_or_nothing_all)
{
	const size_t length = 1300 * PAGE;
	char *p = filled(self, length, 23);
	__u32 to = self->e.nsims ? self->e.sim[0] : self->e.node[self->e.nnodes - 1];
	struct request r;
	struct policy policy[2];

	ASSERT_NE(NULL, p);
	/* Some are there already, and there are several mappings. */
	ASSERT_EQ(0, migrate(self->e.fd, p + 700 * PAGE, 100 * PAGE, to, NULL));
	ASSERT_EQ(0, mprotect(p + 300 * PAGE, 7 * PAGE, PROT_READ));
	ASSERT_EQ(0, request_send(all_or_nothing(&r, p, length, to), self->e.fd)) {
		TH_LOG("where %u, why %u", r.h.error_where, r.h.error_why);
	}
	EXPECT_COUNTS(&r);
	EXPECT_EQ(1200, r.h.moved);
	EXPECT_EQ(100, r.h.present);
	EXPECT_EQ(1300, pages_on(self->e.fd, p, length, to));
	ASSERT_EQ(1, policies_read(self->e.fd, HMS_QUERY_POLICY, p, length, policy, 2));
	EXPECT_TRUE(policy_is(&policy[0], p, length, HMS_MODE_BIND, 1, &to));
	EXPECT_PATTERN(p, length, 23);
}

HMS_TEST(move, all_or_nothing_nothing)
{
	const size_t length = 1300 * PAGE;
	char *p = filled(self, length, 24);
	__u32 to = self->e.nsims ? self->e.sim[0] : self->e.node[self->e.nnodes - 1];
	long long used = self->e.nsims ? target_used(to) : 0;
	static const int pinned[] = { 0, 600, 1299 };
	struct state before, after;
	struct request r;

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, policy_set(self->e.fd, p + 10 * PAGE, 10 * PAGE, HMS_MODE_PREFERRED, 1,
				self->e.node));
	ASSERT_EQ(0, state_read(&before, self->e.fd, p, length));
	for (size_t i = 0; i < ARRAY_SIZE(pinned); i++) {
		struct iovec iov = { p + pinned[i] * PAGE, PAGE };
		int pipefd[2];

		ASSERT_EQ(0, pipe(pipefd));
		ASSERT_EQ((ssize_t)PAGE, vmsplice(pipefd[1], &iov, 1, 0));
		EXPECT_EQ(-EBUSY, request_send(all_or_nothing(&r, p, length, to), self->e.fd));
		EXPECT_EQ(HMS_WHY_INCOMPLETE, r.h.error_why);
		ASSERT_EQ(0, state_read(&after, self->e.fd, p, length));
		EXPECT_STREQ("", state_differs(&before, &after));
		if (self->e.nsims)
			EXPECT_EQ(used, target_used(to));
		close(pipefd[0]);
		close(pipefd[1]);
	}
	EXPECT_PATTERN(p, length, 24);
	/* With the pins gone it works. */
	EXPECT_EQ(0, request_send(all_or_nothing(&r, p, length, to), self->e.fd));
	EXPECT_EQ(1300, r.h.moved);
	EXPECT_PATTERN(p, length, 24);
}

/* File memory can't go to a device, so with some of it all stays. */
HMS_TEST(move, all_or_nothing_impossible)
{
	char *p = filled(self, 8 * PAGE, 25);
	struct request r;

	NEED_SIMS(1);
	ASSERT_NE(NULL, p);
	ASSERT_EQ(p + 4 * PAGE, mmap(p + 4 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	fill(p, 8 * PAGE, 25);
	EXPECT_EQ(-EBUSY,
		  request_send(all_or_nothing(&r, p, 8 * PAGE, self->e.sim[0]), self->e.fd));
	EXPECT_EQ(HMS_WHY_INCOMPLETE, r.h.error_why);
	EXPECT_EQ(0, pages_on(self->e.fd, p, 8 * PAGE, self->e.sim[0]));
	EXPECT_PATTERN(p, 8 * PAGE, 25);
}

/* Ranges. */

HMS_TEST(move, several_mappings)
{
	const size_t length = 600 * PAGE;
	const __u32 to[] = { self->e.node[self->e.nnodes - 1], self->e.nsims ? self->e.sim[0] :
							       self->e.node[0], self->e.node[0] };
	char *p = filled(self, length, 26);
	struct request r;

	ASSERT_NE(NULL, p);
	fill(p + 343 * PAGE, 257 * PAGE, 27);
	for (int i = 0; i < 12; i++)
		ASSERT_EQ(0, mprotect(p + 50 * i * PAGE, 7 * PAGE,
				      i % 2 ? PROT_READ : PROT_READ | PROT_EXEC));
	/* One of another kind in the middle. */
	ASSERT_EQ(p + 333 * PAGE, mmap(p + 333 * PAGE, 10 * PAGE, PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	for (size_t k = 0; k < ARRAY_SIZE(to); k++) {
		ASSERT_EQ(0, migrate(self->e.fd, p, length, to[k], &r));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(590, r.h.moved + r.h.present);
		EXPECT_EQ(10, skipped_sum(&r.h));
		EXPECT_EQ(u64_ptr(p + 333 * PAGE), r.h.first_skipped);
		EXPECT_EQ(590, pages_on(self->e.fd, p, length, to[k]));
	}
	EXPECT_PATTERN(p, 333 * PAGE, 26);
	EXPECT_PATTERN(p + 343 * PAGE, 257 * PAGE, 27);
}

HMS_TEST(move, read_only)
{
	const __u32 to[] = { self->e.node[self->e.nnodes - 1], self->e.nsims ? self->e.sim[0] :
							       self->e.node[0] };
	char *p = filled(self, 32 * PAGE, 27);
	struct request r;

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, mprotect(p, 32 * PAGE, PROT_READ));
	for (int k = 0; k < 2; k++) {
		ASSERT_EQ(0, migrate(self->e.fd, p, 32 * PAGE, to[k], &r));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(32, r.h.moved + r.h.present);
	}
	EXPECT_PATTERN(p, 32 * PAGE, 27);
	/* Holes of it, too. */
	{
		char *hole = area(8 * PAGE);

		ASSERT_EQ(0, mprotect(hole, 8 * PAGE, PROT_READ));
		ASSERT_EQ(0, populate(self->e.fd, hole, 8 * PAGE, to[1], &r));
		EXPECT_COUNTS(&r);
		EXPECT_ZERO(hole, 8 * PAGE);
		ASSERT_EQ(0, mprotect(hole, 8 * PAGE, PROT_READ | PROT_WRITE));
		fill(hole, PAGE, 1);
		EXPECT_ZERO(hole + PAGE, 7 * PAGE);
	}
	ASSERT_EQ(0, mprotect(p, 32 * PAGE, PROT_READ | PROT_WRITE));
	fill(p, 32 * PAGE, 28);
	EXPECT_PATTERN(p, 32 * PAGE, 28);
}

/* The request itself, its targets and its counts may lie in the range, and on the device. */
HMS_TEST(move, request_on_the_device)
{
	char *p = filled(self, 8 * PAGE, 0);
	struct request *r = (struct request *)p;
	const size_t rest = 8 * PAGE - sizeof(*r);
	__u32 to = self->e.nsims ? self->e.sim[0] : self->e.node[self->e.nnodes - 1];

	ASSERT_NE(NULL, p);
	ASSERT_LE(sizeof(*r), 4 * PAGE);
	fill(r + 1, rest, 29);
	for (int i = 0; i < 3; i++) {
		request_init(r, p, 8 * PAGE);
		request_target(r, to);
		request_modifier(r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
		ASSERT_EQ(0, request_send(r, self->e.fd));
		/* The answer came home with the pages it was written to. */
		EXPECT_COUNTS(r);
		EXPECT_EQ(8, r->h.moved + r->h.present);
	}
	EXPECT_PATTERN(r + 1, rest, 29);
}

/* Signals. */

struct pest {
	pthread_t mover;
	int handled;		/* signals that the mover has taken */
	int sent;
	bool stop;
};

static struct pest pest;

static void on_signal(int sig)
{
	__atomic_add_fetch(&pest.handled, 1, __ATOMIC_SEQ_CST);
}

/* Signal the mover again and again, each time only after it has taken the one before. */
static void *pester(void *arg)
{
	volatile int spin;

	while (!__atomic_load_n(&pest.stop, __ATOMIC_SEQ_CST)) {
		if (__atomic_load_n(&pest.handled, __ATOMIC_SEQ_CST) == pest.sent &&
		    pest.sent < 300) {
			for (spin = 0; spin < 2000 * (1 + pest.sent % 16); spin++)
				;
			pest.sent++;
			pthread_kill(pest.mover, SIGUSR1);
		}
		sched_yield();
	}
	return NULL;
}

/* An interrupted call says how far it came, and can be continued from there. */
HMS_TEST(move, signals)
{
	const size_t length = MiB(16);
	const __u32 to[] = { self->e.node[self->e.nnodes - 1], self->e.node[0] };
	struct sigaction action = { .sa_handler = on_signal };
	char *p = filled(self, length, 30);
	int interrupted = 0;
	struct request r;
	pthread_t t;
	long there;

	NEED_NODES(2);
	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	pest.mover = pthread_self();
	ASSERT_EQ(0, pthread_create(&t, NULL, pester, NULL));
	for (int round = 0; round < 8 && interrupted < 5; round++) {
		__u64 at = u64_ptr(p), end = at + length, done = 0;

		while (at < end) {
			int ret;

			request_init(&r, (void *)at, end - at);
			request_target(&r, to[round % 2]);
			request_modifier(&r, HMS_MOD_MODE, HMS_MODE_BIND);
			request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
			ret = request_send(&r, self->e.fd);
			if (ret && ret != -EINTR)
				break;
			ASSERT_COUNTS(&r);
			EXPECT_STREQ("", skips_text(&r.h));
			if (!ret)
				EXPECT_EQ(end, r.h.next);
			interrupted += ret == -EINTR && r.h.next < end;
			done += r.h.pages;
			at = r.h.next;
		}
		ASSERT_EQ(end, at);
		EXPECT_EQ(length / PAGE, done);
		/* A query may be interrupted as well. */
		do
			there = pages_on(self->e.fd, p, length, to[round % 2]);
		while (there == -EINTR);
		EXPECT_EQ((long)(length / PAGE), there);
	}
	__atomic_store_n(&pest.stop, true, __ATOMIC_SEQ_CST);
	ASSERT_EQ(0, pthread_join(t, NULL));
	EXPECT_GE(interrupted, 1);
	{
		struct policy policy[2];

		/* With EINTR the policy is in place as well, for the whole range. */
		EXPECT_EQ(1, policies_read(self->e.fd, HMS_QUERY_POLICY, p, length, policy, 2));
	}
	EXPECT_PATTERN(p, length, 30);
}

/* ksmd reads the pages that it merged, so these never go to a device; to a node they do. */
HMS_TEST(move, ksm)
{
	static const char run[] = "/sys/kernel/mm/ksm/run";
	static const char sharing[] = "/sys/kernel/mm/ksm/pages_sharing";
	const size_t length = 16 * PAGE;
	struct request r;
	char *a, *b;

	NEED_SIMS(1);
	NEED_NODES(2);
	if (access(run, W_OK))
		SKIP(return, "the kernel has no CONFIG_KSM");
	a = area(length);
	b = area(length);
	for (size_t i = 0; i < length; i += PAGE) {
		fill(a + i, PAGE, 50 + i);
		memcpy(b + i, a + i, PAGE);
	}
	ASSERT_EQ(0, madvise(a, length, MADV_MERGEABLE));
	ASSERT_EQ(0, madvise(b, length, MADV_MERGEABLE));
	ASSERT_EQ(0, text_write("/sys/kernel/mm/ksm/pages_to_scan", "10000"));
	ASSERT_EQ(0, text_write("/sys/kernel/mm/ksm/sleep_millisecs", "1"));
	ASSERT_EQ(0, text_write(run, "1"));
	/* The test's own time limit ends this if it never happens. */
	while (number_read(sharing) < 16)
		usleep(1000);
	/* They stay merged; a scan would hold one of them now and then, and that one is busy. */
	ASSERT_EQ(0, text_write(run, "0"));
	/* Others may have them, too: who may move what others use moves them for all. */
	for (int node = 2; node--; ) {
		EXPECT_EQ(0, migrate(self->e.fd, a, length, self->e.node[node], &r));
		EXPECT_EQ(16, r.h.moved + r.h.present);
		EXPECT_EQ(16, pages_on(self->e.fd, b, length, self->e.node[node]));
	}
	/* Who may not is told so; and merged they stay. */
	ASSERT_EQ(0, seteuid(65534));
	EXPECT_EQ(0, migrate(self->e.fd, a, length, self->e.node[1], &r));
	EXPECT_EQ(16, r.h.skipped[HMS_SKIP_SHARED]);
	ASSERT_EQ(0, seteuid(0));
	EXPECT_EQ(16, number_read(sharing));
	for (size_t i = 0; i < length; i += PAGE)
		EXPECT_EQ(0, memcmp(a + i, b + i, PAGE));
	/* Mapped once now, so being shared is no reason. */
	ASSERT_EQ(0, munmap(b, length));
	EXPECT_EQ(0, migrate(self->e.fd, a, length, self->e.sim[0], &r));
	EXPECT_EQ(16, r.h.skipped[HMS_SKIP_SPECIAL]);
	EXPECT_EQ(0, pages_on(self->e.fd, a, length, self->e.sim[0]));
	EXPECT_EQ(0, migrate(self->e.fd, a, length, self->e.node[1], &r));
	EXPECT_EQ(16, r.h.moved + r.h.present);
	EXPECT_EQ(0, text_write(run, "2"));
	EXPECT_EQ(0, text_write(run, "0"));
	for (size_t i = 0; i < length; i += PAGE)
		EXPECT_PATTERN(a + i, PAGE, 50 + i);
}

/* A device that can't copy: the pages stay whole where they were. */
HMS_TEST(move, copy_fails)
{
	const char *fail = "/sys/module/hms_sim/parameters/fail_copy";
	char later[8] = "";
	struct request r;
	char *p;

	NEED_SIMS(1);
	text_read("/sys/module/hms_sim/parameters/later", later, sizeof(later));
	if (*later == 'Y')
		SKIP(return, "of copies under way two fail, see overlap");
	p = filled(self, 700 * PAGE, 33);
	ASSERT_NE(NULL, p);
	for (int back = 0; back < 2; back++) {
		__u32 to = back ? self->e.node[0] : self->e.sim[0];

		/* A batch, and then the first of its pages alone; the others are copied. */
		ASSERT_EQ(0, text_write(fail, "2"));
		ASSERT_EQ(0, migrate(self->e.fd, p, 700 * PAGE, to, &r));
		EXPECT_EQ(0, number_read(fail));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(1, r.h.skipped[HMS_SKIP_COPY]);
		EXPECT_EQ(r.h.skipped[HMS_SKIP_COPY], skipped_sum(&r.h));
		EXPECT_EQ(r.h.moved * PAGE, r.h.bytes_copied);
		EXPECT_EQ((long)r.h.moved, pages_on(self->e.fd, p, 700 * PAGE, to));
		MOVE_ALL(p, 700 * PAGE, to);
	}
	EXPECT_PATTERN(p, 700 * PAGE, 33);
	/* A hole stays a hole. */
	{
		char *hole = area(8 * PAGE);

		/* More than there are, as the hole may be in two page table pages. */
		ASSERT_EQ(0, text_write(fail, "1000"));
		ASSERT_EQ(0, populate(self->e.fd, hole, 8 * PAGE, self->e.sim[0], &r));
		ASSERT_EQ(0, text_write(fail, "0"));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(8, r.h.skipped[HMS_SKIP_COPY]);
		EXPECT_EQ(8, pages_on(self->e.fd, hole, 8 * PAGE, ON_NOTHING));
		EXPECT_ZERO(hole, 8 * PAGE);
	}
	EXPECT_EQ(self->e.used[0], target_used(self->e.sim[0]));
}

/* A page is never on its way for good: two threads move the same range to different places. */
struct tug {
	struct env *e;
	char *p;
	size_t length;
	__u32 to;
	int failed;
};

static void *tug_of_war(void *arg)
{
	struct tug *t = arg;
	struct request r;

	for (int i = 0; i < 8; i++) {
		if (migrate(t->e->fd, t->p, t->length, t->to, &r) || *counts_wrong(&r))
			t->failed++;
	}
	return NULL;
}

HMS_TEST(move, two_movers)
{
	const size_t length = 256 * PAGE;
	char *p = filled(self, length, 31);
	__u32 other = self->e.nsims ? self->e.sim[0] : self->e.node[self->e.nnodes - 1];
	struct tug tug[2] = {
		{ &self->e, p, length, self->e.node[0], 0 },
		{ &self->e, p, length, other, 0 },
	};
	pthread_t t[2];

	ASSERT_NE(NULL, p);
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&t[i], NULL, tug_of_war, &tug[i]));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, pthread_join(t[i], NULL));
		EXPECT_EQ(0, tug[i].failed);
	}
	EXPECT_EQ((long)(length / PAGE), pages_on(self->e.fd, p, length, self->e.node[0]) +
					 pages_on(self->e.fd, p, length, other)) {
		TH_LOG("on nothing %ld, unknown %ld, on the last node %ld",
		       pages_on(self->e.fd, p, length, ON_NOTHING),
		       pages_on(self->e.fd, p, length, ON_UNKNOWN),
		       pages_on(self->e.fd, p, length, self->e.node[self->e.nnodes - 1]));
	}
	MOVE_ALL(p, length, other);
	EXPECT_PATTERN(p, length, 31);
}

/* Memory of another process, by a descriptor that it passed on: its pages, its counts. */
HMS_TEST(move, remote)
{
	char *p = filled(self, 32 * PAGE, 32);
	struct peer peer;
	struct request r;
	pid_t pid;

	NEED_NODES(2);
	ASSERT_NE(NULL, p);
	pid = peer_fork(&peer);
	ASSERT_GE(pid, 0);
	if (!pid) {
		EXPECT_EQ(0, munmap(p, 32 * PAGE));
		for (int k = 0; k < 2; k++) {
			request_init(&r, p, 32 * PAGE)->h.flags = HMS_REMOTE;
			request_target(&r, k && self->e.nsims ? self->e.sim[0] : self->e.node[1]);
			request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
			EXPECT_EQ(0, request_send(&r, self->e.fd));
			EXPECT_COUNTS(&r);
			EXPECT_EQ(32, r.h.moved + r.h.present);
		}
		_exit(0);
	}
	EXPECT_EQ(0, peer_wait(&peer));
	EXPECT_EQ(32, pages_on(self->e.fd, p, 32 * PAGE,
			       self->e.nsims ? self->e.sim[0] : self->e.node[1]));
	EXPECT_PATTERN(p, 32 * PAGE, 32);
}

TEST_HARNESS_MAIN
