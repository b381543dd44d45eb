// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "latency.h"
#include "migrate.h"

#define RUNS	3

/*
 * Of what counting costs a pass, so much is within what is counted: one reading of the clock for
 * each of the four pieces, three of them core's. Four more are outside, and the adding up.
 */
#define CLOCK_IN_CORE	0.3
#define CLOCK_IN_COPY	0.1

/* Once; if @latency isn't NULL, with what the module says of it. */
static uint64_t run(int advice, step_fn *prepare, step_fn *act, struct latency *latency)
{
	char *p = memory_here(SIZE, advice);
	uint64_t took;

	prepare(p);
	if (latency)
		latency_begin();
	took = least_of(1, act(p));
	if (latency)
		*latency = latency_end();
	range_unmap(p, SIZE);
	return took;
}

static uint64_t least_run(int advice, step_fn *prepare, step_fn *act, struct latency *latency)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < RUNS; i++) {
		struct latency of;
		uint64_t took = run(advice, prepare, act, latency ? &of : NULL);

		if (took >= least)
			continue;
		least = took;
		if (latency)
			*latency = of;
	}
	return least;
}

double cost_apart(int advice, step_fn *prepare, step_fn *act, unsigned long npages)
{
	uint64_t *took;
	pid_t pid;
	int status;
	double each;

	took = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (took == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	pid = fork();
	if (!pid) {
		*took = least_run(advice, prepare, act, NULL);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		die("a process of its own failed");
	each = (double)*took / npages;
	munmap(took, PAGE);
	return each;
}

struct cost cost(int advice, step_fn *prepare, step_fn *act, unsigned long npages)
{
	struct latency latency = { 0 };
	double total = least_run(advice, prepare, act, NULL);
	double clock = least_run(advice, prepare, act, &latency) - total;
	double core = latency.collect + latency.commit, copy = latency.copy;

	if (clock > 0) {
		core -= CLOCK_IN_CORE * clock;
		copy -= CLOCK_IN_COPY * clock;
	}
	return (struct cost) {
		.total = total / npages,
		.core = core / npages,
		.copy = copy / npages,
		.rest = (total - core - copy) / npages,
		.unmapped = latency.longest,
	};
}
