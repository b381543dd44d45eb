// SPDX-License-Identifier: GPL-2.0
/* Setting the policy of a range, and what mbind(2) takes for the same. */
#include <inttypes.h>
#include <stdio.h>

#include "policy.h"

#define RUNS	50
#define SIZE	MiB(16)
#define PERCENT	80	/* of mbind(2), at most */

/* What it takes to look at the clock is no part of a call. */
static uint64_t clock_cost;

static uint64_t cost_of_another(set_fn *set, char *p)
{
	set(p, SIZE, 0);
	return (least_of(RUNS, set(p, SIZE, 1); set(p, SIZE, 0)) - clock_cost) / 2;
}

/* Each of these needs the range as it was. */
static uint64_t cost_after(int before, set_fn *set, char *p, size_t length, int node)
{
	uint64_t least = UINT64_MAX, took;

	for (int i = 0; i < RUNS; i++) {
		set(p - (SIZE - length) / 2, SIZE, before);
		took = least_of(1, set(p, length, node));
		if (took < least)
			least = took;
	}
	return least - clock_cost;
}

static uint64_t cost_of_first(set_fn *set, char *p)
{
	return cost_after(NO_NODE, set, p, SIZE, 0);
}

static uint64_t cost_of_clear(set_fn *set, char *p)
{
	return cost_after(0, set, p, SIZE, NO_NODE);
}

static uint64_t cost_of_split(set_fn *set, char *p)
{
	return cost_after(0, set, p + SIZE / 4, SIZE / 2, 1);
}

static uint64_t cost_of_hole(set_fn *set, char *p)
{
	return cost_after(0, set, p + SIZE / 4, SIZE / 2, NO_NODE);
}

static const struct change {
	const char *what;
	uint64_t (*cost)(set_fn *set, char *p);
	bool promised;
} changes[] = {
	{ "another policy in place of one", cost_of_another, true },
	{ "a policy where there was none", cost_of_first, false },
	{ "none where there was one", cost_of_clear, true },
	{ "another in the middle of one", cost_of_split, true },
	{ "none in the middle of one", cost_of_hole, true },
};

#define CHANGES	(sizeof(changes) / sizeof(changes[0]))

void bench_set(void)
{
	uint64_t peer[CHANGES], ours[CHANGES];
	char *p;

	clock_cost = least_of(RUNS, (void)0);
	heading("Setting the policy of a range of %zu MiB: a call", SIZE >> 20);
	printf("   | %-31s | mbind(2) | hms_hbind() | ratio |\n", "");
	for (size_t i = 0; i < CHANGES; i++) {
		p = range_map(SIZE);
		peer[i] = changes[i].cost(set_mbind, p);
		range_unmap(p, SIZE);
		p = range_map(SIZE);
		ours[i] = changes[i].cost(set_hms, p);
		/* Or a worker lets go of the module, when the next part counts who holds it. */
		set_hms(p, SIZE, NO_NODE);
		range_unmap(p, SIZE);
		printf("   | %-31s | %8" PRIu64 " | %11" PRIu64 " | %5.2f |\n", changes[i].what,
		       peer[i], ours[i], (double)ours[i] / peer[i]);
	}
	for (size_t i = 0; i < CHANGES; i++)
		if (changes[i].promised)
			bound(100 * ours[i] <= PERCENT * peer[i],
			      "%s: %.2f of mbind(2), at most %.1f", changes[i].what,
			      (double)ours[i] / peer[i], PERCENT / 100.0);
}
