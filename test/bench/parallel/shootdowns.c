// SPDX-License-Identifier: GPL-2.0
/* How often other CPUs are interrupted to forget a page, with another thread running. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "parallel.h"

#define LENGTH	MiB(2)

static atomic_bool over;

/* On another CPU, in user space, so that it is interrupted each time. */
static void *busy(void *unused)
{
	cpu_set_t cpus;

	(void)unused;
	CPU_ZERO(&cpus);
	CPU_SET(1, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		die("no second CPU");
	while (!atomic_load(&over))
		;
	return NULL;
}

/* Of all CPUs, so far. */
static unsigned long shootdowns(void)
{
	FILE *f = fopen("/proc/interrupts", "re");
	unsigned long sum = 0;
	char line[1024], *at;
	bool found = false;

	if (!f)
		die("no /proc/interrupts");
	while (fgets(line, sizeof(line), f)) {
		at = line + strspn(line, " ");
		if (strncmp(at, "TLB:", 4))
			continue;
		found = true;
		for (at += 4;; ) {
			char *end;
			unsigned long n = strtoul(at, &end, 10);

			if (end == at)
				break;
			sum += n;
			at = end;
		}
	}
	fclose(f);
	if (!found)
		die("/proc/interrupts has no TLB shootdowns");
	return sum;
}

static unsigned long caused(void (*act)(char *p, size_t length), char *p)
{
	unsigned long before = shootdowns();

	act(p, LENGTH);
	return shootdowns() - before;
}

/* The most of several runs: a thread that the host keeps from running is not interrupted. */
static void print(const struct way *way)
{
	char *p = memory_here(LENGTH, MADV_NOHUGEPAGE);
	unsigned long there = 0, back = 0;

	/* What is only done once is no part of it. */
	way->there(p, LENGTH);
	way->back(p, LENGTH);
	for (int i = 0; i < REPEATS; i++) {
		unsigned long n = caused(way->there, p);

		there = n > there ? n : there;
		n = caused(way->back, p);
		back = n > back ? n : back;
	}
	range_unmap(p, LENGTH);
	printf("   | %-17s | %6.3f | %6.3f |\n", way->name, there / (LENGTH / (double)PAGE),
	       back / (LENGTH / (double)PAGE));
}

void bench_shootdowns(void)
{
	pthread_t thread;

	heading("TLB shootdowns a page, with another thread of the process running");
	printf("   | %-17s |  there |   back |\n", "");
	if (pthread_create(&thread, NULL, busy, NULL))
		die("no thread");
	for (int i = 0; i < nways; i++)
		if (way_is_open(&ways[i]))
			print(&ways[i]);
	atomic_store(&over, true);
	pthread_join(thread, NULL);
}
