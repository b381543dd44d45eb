// SPDX-License-Identifier: GPL-2.0
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

double total_cost(int advice, step_fn *prepare, step_fn *act, unsigned long npages)
{
	return (double)least_run(advice, prepare, act, NULL) / npages;
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
	};
}
