// SPDX-License-Identifier: GPL-2.0
/* For how long a page can't be used while it moves. */
#include <stdio.h>
#include <sys/mman.h>

#include "latency.h"
#include "parallel.h"

static double longest(void (*act)(char *p, size_t length), char *p)
{
	latency_begin();
	act(p, SIZE);
	return latency_end().longest / 1e3;
}

/* The least of the longest: what the host does in between only ever adds. */
static void print(const struct way *way)
{
	char *p = memory_here(SIZE, MADV_NOHUGEPAGE);
	double there = 1e12, back = 1e12;

	for (int i = 0; i < REPEATS; i++) {
		double took = longest(way->there, p);

		there = took < there ? took : there;
		took = longest(way->back, p);
		back = took < back ? took : back;
	}
	range_unmap(p, SIZE);
	printf("   | %-17s | %8.0f | %8.0f |\n", way->name, there, back);
}

void bench_unmapped(bool later)
{
	if (later)
		puts("\n   As 2, where devices copy by themselves, two passes at a time");
	else
		heading("The longest that a page stays unmapped, us of the guest, least of %d runs",
			REPEATS);
	printf("   | %-17s |    there |     back |\n", "");
	for (int i = 0; i < nways; i++)
		if (ways[i].ours && way_is_open(&ways[i]))
			print(&ways[i]);
}
