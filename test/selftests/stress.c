// SPDX-License-Identifier: GPL-2.0
/*
 * Everything at once, for a fixed number of steps: threads and processes that move, touch, unmap,
 * fork and die, while every byte that is still mapped stays right.
 */

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "hms_fixture.h"

#define NPAGES	64
#define STEPS	80

HMS_FIXTURE(stress)

struct worker {
	struct env *e;
	__u64 random;
	int steps;
	const char *wrong;	/* what went wrong first, or NULL */
	int at;
};

static __u32 any_target(struct worker *w)
{
	__u32 n = random_next(&w->random) % (w->e->nnodes + w->e->nsims);

	return (int)n < w->e->nnodes ? w->e->node[n] : w->e->sim[n - w->e->nnodes];
}

static void wrong(struct worker *w, const char *what, int step)
{
	if (!w->wrong) {
		w->wrong = what;
		w->at = step;
	}
}

/* One thread's life on memory of its own: what it knows about each page must hold. */
static void *worker_run(void *arg)
{
	struct worker *w = arg;
	__u64 seed[NPAGES] = { 0 };	/* of each page; 0: zeros */
	char *p = area(NPAGES * PAGE);
	struct request r;

	if (!p) {
		wrong(w, "no memory", 0);
		return NULL;
	}
	for (int step = 0; step < w->steps && !w->wrong; step++) {
		int from = random_next(&w->random) % NPAGES;
		int n = 1 + random_next(&w->random) % (NPAGES - from);
		char *at = p + from * PAGE;
		size_t length = n * PAGE;
		pid_t pid;
		int status;

		switch (random_next(&w->random) % 10) {
		case 0:
		case 1:
		case 2:
			if (migrate(w->e->fd, at, length, any_target(w), &r))
				wrong(w, "migrate", step);
			else if (*counts_wrong(&r))
				wrong(w, "counts of migrate", step);
			break;
		case 3:
			if (populate(w->e->fd, at, length, any_target(w), &r))
				wrong(w, "populate", step);
			else if (*counts_wrong(&r))
				wrong(w, "counts of populate", step);
			break;
		case 4:
			for (int i = from; i < from + n; i++) {
				seed[i] = random_next(&w->random) + 1;
				fill(p + i * PAGE, PAGE, seed[i]);
			}
			break;
		case 5:
			if (madvise(at, length, MADV_DONTNEED))
				wrong(w, "madvise", step);
			memset(seed + from, 0, n * sizeof(*seed));
			break;
		case 6:
			if (mmap(at, length, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != at)
				wrong(w, "mmap", step);
			madvise(at, length, MADV_NOHUGEPAGE);
			memset(seed + from, 0, n * sizeof(*seed));
			break;
		case 7: {
			__u32 uid = any_target(w);

			if (random_next(&w->random) % 3 ?
			    policy_set(w->e->fd, at, length, HMS_MODE_PREFERRED, 1, &uid) :
			    policy_clear(w->e->fd, at, length))
				wrong(w, "policy", step);
			break;
		}
		case 8:
			/* A child that writes to its copy, or goes at once, or is killed. */
			pid = fork();
			if (!pid) {
				if (step % 3)
					memset(at, 0xcc, length);
				if (step % 3 == 2)
					raise(SIGKILL);
				_exit(0);
			}
			if (step % 2 && migrate(w->e->fd, at, length, any_target(w), NULL))
				wrong(w, "migrate while a child lives", step);
			if (pid < 0 || waitpid(pid, &status, 0) != pid)
				wrong(w, "fork", step);
			break;
		case 9:
			for (int i = from; i < from + n; i++) {
				long bad = seed[i] ? verify(p + i * PAGE, PAGE, seed[i]) :
						     verify_zero(p + i * PAGE, PAGE);

				if (bad >= 0)
					wrong(w, "contents", step);
			}
			break;
		}
	}
	for (int i = 0; i < NPAGES; i++) {
		if ((seed[i] ? verify(p + i * PAGE, PAGE, seed[i]) :
			       verify_zero(p + i * PAGE, PAGE)) >= 0)
			wrong(w, "contents at the end", i);
	}
	if (munmap(p, NPAGES * PAGE))
		wrong(w, "munmap", w->steps);
	return NULL;
}

/* Some threads in this process, the same in a second one. */
HMS_TEST(stress, own_memory)
{
	enum { N = 3 };
	struct worker w[N];
	struct peer peer;
	pthread_t t[N];
	struct env e;
	pid_t pid;

	pid = peer_fork(&peer);
	ASSERT_GE(pid, 0);
	/* Each process has descriptors of its own. */
	ASSERT_STREQ("", env_open(&e));
	for (int i = 0; i < N; i++) {
		w[i] = (struct worker){ .e = &e, .random = 1000 * !pid + i + 1, .steps = STEPS };
		ASSERT_EQ(0, pthread_create(&t[i], NULL, worker_run, &w[i]));
	}
	for (int i = 0; i < N; i++) {
		ASSERT_EQ(0, pthread_join(t[i], NULL));
		EXPECT_EQ(NULL, w[i].wrong) {
			TH_LOG("worker %d, step %d: %s", i, w[i].at, w[i].wrong);
		}
	}
	env_close(&e);
	if (!pid)
		_exit(0);
	EXPECT_EQ(0, peer_wait(&peer));
}

/*
 * Threads that share their memory: some move it, some read it, some add to it, one maps beside
 * it.
 */
struct shared {
	struct env *e;
	char *p;
	__u64 *counters;
	int id;
	int failed;
	long sum;
};

#define NSHARED		5

static void *shared_run(void *arg)
{
	struct shared *s = arg;
	struct worker w = { .e = s->e, .random = 77 + s->id };
	static const __u64 seed = 5;

	for (int step = 0; step < 30; step++) {
		int from = random_next(&w.random) % NPAGES,
		    n = 1 + random_next(&w.random) % (NPAGES - from);
		char *beside;

		switch (s->id) {
		case 0:
		case 1:
			s->failed += migrate(s->e->fd, s->p + from * PAGE, n * PAGE, any_target(&w),
					     NULL) != 0;
			break;
		case 2:
			s->failed += verify(s->p, NPAGES * PAGE, seed) >= 0;
			break;
		case 3:
			/* the page behind the pattern holds counters, and moves with the rest */
			for (int i = 0; i < 50; i++, s->sum++)
				__atomic_fetch_add(&s->counters[i % 8], 1, __ATOMIC_SEQ_CST);
			s->failed += migrate(s->e->fd, s->counters, PAGE, any_target(&w), NULL) !=
				     0;
			break;
		case 4:
			beside = area(NPAGES * PAGE);
			fill(beside, NPAGES * PAGE, step);
			s->failed += policy_set(s->e->fd, beside, NPAGES * PAGE, HMS_MODE_BIND, 1,
						s->e->node) != 0;
			s->failed +=
				migrate(s->e->fd, beside, NPAGES * PAGE, any_target(&w), NULL) != 0;
			/* The others go from where they are. */
			if (step % 2)
				s->failed += verify(beside, NPAGES * PAGE, step) >= 0;
			s->failed += munmap(beside + n / 2 * PAGE, PAGE) != 0;
			s->failed += munmap(beside, NPAGES * PAGE) != 0;
			break;
		}
	}
	return NULL;
}

HMS_TEST(stress, shared_memory)
{
	char *p = area((NPAGES + 1) * PAGE);
	struct shared s[NSHARED];
	pthread_t t[NSHARED];
	__u64 sum = 0;

	ASSERT_NE(NULL, p);
	fill(p, NPAGES * PAGE, 5);
	for (int i = 0; i < NSHARED; i++) {
		s[i] = (struct shared){ .e = &self->e, .p = p, .id = i,
					.counters = (__u64 *)(p + NPAGES * PAGE) };
		ASSERT_EQ(0, pthread_create(&t[i], NULL, shared_run, &s[i]));
	}
	for (int i = 0; i < NSHARED; i++) {
		ASSERT_EQ(0, pthread_join(t[i], NULL));
		EXPECT_EQ(0, s[i].failed) {
			TH_LOG("thread %d", i);
		}
	}
	for (int i = 0; i < 8; i++)
		sum += s[0].counters[i];
	EXPECT_EQ(s[3].sum, (long)sum);
	EXPECT_PATTERN(p, NPAGES * PAGE, 5);
	EXPECT_ZERO(s[0].counters + 8, PAGE - 64);
}

/* Unmapped by one thread while another moves it and a third lets the device read it. */
struct race {
	struct env *e;
	char *p;
	int id;
	int odd;		/* answers that make no sense */
	volatile bool *stop;
};

static void *race_run(void *arg)
{
	struct race *r = arg;
	struct worker w = { .e = r->e, .random = 99 + r->id };
	static char bytes[2][NPAGES * PAGE];
	struct request request;
	int ret;

	while (!__atomic_load_n(r->stop, __ATOMIC_SEQ_CST)) {
		switch (r->id) {
		case 0:
			ret = migrate(r->e->fd, r->p, NPAGES * PAGE, any_target(&w), &request);
			r->odd += ret ? ret != -EFAULT : *counts_wrong(&request) != 0;
			break;
		case 1:
			if (r->e->nsims) {
				ret = sim_read(r->e->sim_fd[0], r->p, bytes[0], NPAGES * PAGE);
				r->odd += ret && ret != -EFAULT;
			}
			break;
		}
	}
	return NULL;
}

HMS_TEST(stress, unmapped_meanwhile)
{
	char *p = area(NPAGES * PAGE);
	volatile bool stop = false;
	struct race r[2];
	pthread_t t[2];

	ASSERT_NE(NULL, p);
	for (int i = 0; i < 2; i++) {
		r[i] = (struct race){ &self->e, p, i, 0, &stop };
		ASSERT_EQ(0, pthread_create(&t[i], NULL, race_run, &r[i]));
	}
	for (int step = 0; step < 25; step++) {
		/* MAP_FIXED_NOREPLACE: nobody else can have taken the place */
		EXPECT_EQ(0, munmap(p + step % 8 * PAGE, (NPAGES - step % 8) * PAGE));
		EXPECT_EQ(p, mmap(p, NPAGES * PAGE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
		fill(p, NPAGES * PAGE, step);
		EXPECT_PATTERN(p, NPAGES * PAGE, step);
	}
	__atomic_store_n(&stop, true, __ATOMIC_SEQ_CST);
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, pthread_join(t[i], NULL));
		EXPECT_EQ(0, r[i].odd);
	}
	EXPECT_PATTERN(p, NPAGES * PAGE, 24);
}

/* Killed in the middle of requests, again and again; nothing stays behind. */
HMS_TEST(stress, killed)
{
	enum { KILLS = 10 };
	__u64 random = 42;

	for (int i = 0; i < KILLS; i++) {
		struct peer peer;
		pid_t pid = peer_fork(&peer);

		ASSERT_GE(pid, 0);
		if (!pid) {
			struct worker w = { .random = i + 1 };
			const size_t length = MiB(2);
			struct env e;
			char *p;

			if (*env_open(&e))
				_exit(1);
			w.e = &e;
			p = area(length);
			fill(p, length, i);
			tell(&peer);
			for (;;) {
				migrate(e.fd, p, length, any_target(&w), NULL);
				populate(e.fd, p, length, any_target(&w), NULL);
				if (i % 3 == 0)
					policy_set(e.fd, p, length, HMS_MODE_BIND, 1, e.node);
				if (i % 3 == 1 && verify(p, length, i) >= 0)
					_exit(2);
				if (i % 3 == 2)
					madvise(p, length / 2, MADV_DONTNEED);
			}
		}
		ASSERT_EQ(0, hear(&peer));
		/* Some time in its loop: where exactly is the point of doing it many times. */
		usleep(random_next(&random) % 20000);
		EXPECT_EQ(SIGKILL, peer_kill(&peer));
		EXPECT_USED_AS_BEFORE(&self->e);
	}
}

/* A device of which too much is wanted by all. */
HMS_TEST(stress, too_little_room)
{
	enum { N = 4 };
	const size_t length = MiB(24);
	struct peer peer[N];

	NEED_SIMS(1);
	for (int i = 0; i < N; i++) {
		pid_t pid = peer_fork(&peer[i]);

		ASSERT_GE(pid, 0);
		if (!pid) {
			struct request r;
			struct env e;
			char *p;

			ASSERT_STREQ("", env_open(&e));
			p = area(length);
			fill(p, MiB(1), i);
			tell(&peer[i]);
			hear(&peer[i]);
			EXPECT_EQ(0, populate(e.fd, p, length, e.sim[0], &r));
			EXPECT_COUNTS(&r);
			EXPECT_EQ(length / PAGE, r.h.moved + r.h.populated +
							 r.h.skipped[HMS_SKIP_NOMEM] +
							 r.h.skipped[HMS_SKIP_ABSENT]);
			EXPECT_PATTERN(p, MiB(1), i);
			EXPECT_ZERO(p + MiB(1), length - MiB(1));
			/* Give way. */
			EXPECT_EQ(0, munmap(p, length));
			_exit(0);
		}
	}
	for (int i = 0; i < N; i++)
		EXPECT_EQ(0, hear(&peer[i]));
	for (int i = 0; i < N; i++)
		tell(&peer[i]);
	for (int i = 0; i < N; i++)
		EXPECT_EQ(0, peer_wait(&peer[i]));
}

TEST_HARNESS_MAIN
