// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "parallel.h"

#define PERIOD	200000000UL	/* ns that they work for */
#define PIECE	(64 * PAGE)	/* there and back at a time */
#define SPINS	300000UL	/* as long as that, more or less */
#define MAX	2

/* What the workers of a run share, processes too. */
struct run {
	int n;
	const struct way *way;	/* NULL: spin */
	atomic_int ready;
	double done[MAX];	/* pieces a second */
};

struct worker {
	struct run *run;
	int nth;
	pthread_t thread;
};

static void pin(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		die("no CPU %d: %s", cpu, strerror(errno));
}

static void spin(void)
{
	unsigned long n = SPINS;

	asm volatile("1: dec %0; jnz 1b" : "+r" (n));
}

static void *work(void *data)
{
	struct worker *worker = data;
	struct run *run = worker->run;
	uint64_t began, took, n = 0;
	char *p = NULL;

	pin(worker->nth);
	if (run->way) {
		p = memory_here(PIECE, MADV_NOHUGEPAGE);
		/* What is only done once is no part of it. */
		run->way->there(p, PIECE);
		run->way->back(p, PIECE);
	}
	atomic_fetch_add(&run->ready, 1);
	while (atomic_load(&run->ready) < run->n)
		;
	began = now();
	do {
		if (p) {
			run->way->there(p, PIECE);
			run->way->back(p, PIECE);
		} else {
			spin();
		}
		n++;
		took = now() - began;
	} while (took < PERIOD);
	run->done[worker->nth] = n * 1e9 / took;
	if (p)
		range_unmap(p, PIECE);
	handle_forget();
	return NULL;
}

static void run_processes(struct worker *workers, int n)
{
	pid_t pid;
	int status;

	for (int i = 0; i < n; i++) {
		pid = fork();
		if (pid < 0)
			die("fork: %s", strerror(errno));
		if (!pid) {
			handle_forget();
			work(&workers[i]);
			_exit(0);
		}
	}
	for (int i = 0; i < n; i++)
		if (wait(&status) < 0 || status)
			die("a process failed");
}

static void run_threads(struct worker *workers, int n)
{
	for (int i = 0; i < n; i++)
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			die("no thread");
	for (int i = 0; i < n; i++)
		pthread_join(workers[i].thread, NULL);
}

double workers_run(int n, enum together how, const struct way *way)
{
	struct worker workers[MAX] = { 0 };
	struct run *run;
	double done = 0;

	run = mmap(NULL, sizeof(*run), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (run == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	run->n = n;
	run->way = way;
	for (int i = 0; i < n; i++)
		workers[i] = (struct worker) { .run = run, .nth = i };
	if (how == THREADS)
		run_threads(workers, n);
	else
		run_processes(workers, n);
	for (int i = 0; i < n; i++)
		done += run->done[i];
	munmap(run, sizeof(*run));
	return done;
}
