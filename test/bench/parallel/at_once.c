// SPDX-License-Identifier: GPL-2.0
/* Two that move at once against one: processes, and threads of one address space. */
#include <stdio.h>
#include <stdlib.h>

#include "parallel.h"

#define BAR	1.6	/* two processes do at least so much of what one does */
#define CONTROL	1.9	/* where two that share nothing do no less than that */

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *of)
{
	qsort(of, REPEATS, sizeof(*of), ascending);
	return of[REPEATS / 2];
}

static double ratio(enum together how, const struct way *way)
{
	double of[REPEATS];

	for (int i = 0; i < REPEATS; i++)
		of[i] = workers_run(2, how, way) / workers_run(1, how, way);
	return median(of);
}

/* What else the host does in between is the same for the ways and for the control before. */
static void print(const struct way *way)
{
	double control = ratio(PROCESSES, NULL);
	double processes = ratio(PROCESSES, way), threads = ratio(THREADS, way);

	printf("   | %-17s | %13.2f | %11.2f | %7.2f |\n", way->name, processes, threads, control);
	if (!way->ours)
		return;
	if (control >= CONTROL)
		aim(processes >= BAR, "%s: two processes do %.2f of what one does, at least %.1f",
		    way->name, processes, BAR);
	else
		printf("   not judged: %s: a loop without memory reaches %.2f here, not %.1f\n",
		       way->name, control, CONTROL);
}

void bench_at_once(void)
{
	heading("Two that move at once, there and back: of what one does; medians of %d",
		REPEATS);
	printf("   | %-17s | two processes | two threads | control |\n", "");
	for (int i = 0; i < nways; i++)
		if (way_is_open(&ways[i]))
			print(&ways[i]);
}
