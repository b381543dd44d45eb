// SPDX-License-Identifier: GPL-2.0
/* Registering an object, as a function of how many there are. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "topology.h"

#define RUNS	5
#define BATCH	10	/* objects: a package and two more targets */
#define NOISE	100	/* figures repeat but for this part of them */

/* Of a batch on top of so many, for each object. */
static uint64_t cost_on_top_of(size_t n)
{
	machine_clear();
	machine_tree(n);
	return least_of(RUNS, machine_tree(BATCH)) / BATCH;
}

void bench_register(void)
{
	static const size_t sizes[] = { 10, 100, 1000, 4000 };
	enum { LAST = sizeof(sizes) / sizeof(sizes[0]) - 1 };
	double cost[LAST + 1], doublings[LAST + 1], early, late;
	size_t own;

	machine_clear();
	own = map_objects();
	heading("Registering an object, with its values and connections");
	printf("   | objects in the map | one more |\n");
	for (int i = 0; i <= LAST; i++) {
		cost[i] = cost_on_top_of(sizes[i]);
		doublings[i] = log2(own + sizes[i]);
		printf("   | %18zu | %8.0f |\n", own + sizes[i], cost[i]);
	}
	machine_clear();

	/* What grows like log n grows by the same with each doubling; worse does by ever more. */
	early = (cost[LAST - 1] - cost[0]) / (doublings[LAST - 1] - doublings[0]);
	late = (cost[LAST] - cost[LAST - 1]) / (doublings[LAST] - doublings[LAST - 1]);
	bound(late <= early + cost[0] / NOISE,
	      "like log n at most: each doubling adds %.0f up to %zu objects, %.0f from there on",
	      early, own + sizes[LAST - 1], late);
}
