// SPDX-License-Identifier: GPL-2.0
/* Two that move at once against one: processes, and threads of one address space. */
#include <stdio.h>
#include <stdlib.h>

#include "parallel.h"

#define BAR	1.6	/* two processes do at least so much of what one does */

/* Judged where two that share nothing do so much: the host has two CPUs for us, all the time. */
#define CONTROL_LEAST	1.9
#define CONTROL_MOST	2.1

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
	return workers_run(2, how, way) / workers_run(1, how, way);
}

/* In turn, so that what else the host does is the same for the way and for the control. */
static void print(const struct way *way)
{
	double processes[REPEATS], threads[REPEATS], controls[REPEATS], did, control;

	for (int i = 0; i < REPEATS; i++) {
		controls[i] = ratio(PROCESSES, NULL);
		processes[i] = ratio(PROCESSES, way);
		threads[i] = ratio(THREADS, way);
	}
	did = median(processes);
	control = median(controls);
	printf("   | %-17s | %13.2f | %11.2f | %7.2f |\n", way->name, did, median(threads),
	       control);
	if (!way->ours)
		return;
	if (control >= CONTROL_LEAST && control <= CONTROL_MOST)
		aim(did >= BAR, "%s: two processes do %.2f of what one does, at least %.1f",
		    way->name, did, BAR);
	else
		printf("   not judged: %s: loops without memory do %.2f here, not %.1f to %.1f\n",
		       way->name, control, CONTROL_LEAST, CONTROL_MOST);
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
