// SPDX-License-Identifier: GPL-2.0
/*
 * A process that never opens /dev/hms: what it pays for the module being there. The same program
 * runs before the module is loaded and after; each time it leaves its figures in a file.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "policy.h"

#define RUNS	30
#define SIZE	MiB(4)
#define SHARE	200	/* of the cost: half a percent */

static uint64_t cost_of_fault(void)
{
	uint64_t least = UINT64_MAX, took;

	for (int i = 0; i < RUNS; i++) {
		char *p = range_map(SIZE);

		took = least_of(1, range_touch(p, SIZE));
		if (took < least)
			least = took;
		range_unmap(p, SIZE);
	}
	return least;
}

static uint64_t cost_of_munmap(void)
{
	uint64_t least = UINT64_MAX, took;

	for (int i = 0; i < RUNS; i++) {
		char *p = range_map(SIZE);

		range_touch(p, SIZE);
		took = least_of(1, range_unmap(p, SIZE));
		if (took < least)
			least = took;
	}
	return least;
}

static void move(char **p)
{
	char *to = range_map(SIZE);

	*p = mremap(*p, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	if (*p != to)
		die("mremap: %s", strerror(errno));
}

/* With what it takes to have a place to go to. */
static uint64_t cost_of_mremap(void)
{
	char *p = range_map(SIZE);

	range_touch(p, SIZE);
	return least_of(RUNS, move(&p));
}

static void fork_and_wait(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (!pid)
		_exit(0);
	if (waitpid(pid, NULL, 0) != pid)
		die("waitpid: %s", strerror(errno));
}

static uint64_t cost_of_fork(void)
{
	char *p = range_map(SIZE);
	uint64_t least;

	range_touch(p, SIZE);
	least = least_of(RUNS, fork_and_wait());
	range_unmap(p, SIZE);
	return least;
}

static const struct deed {
	const char *what;
	uint64_t (*cost)(void);
} deeds[] = {
	{ "fork(2), exit, wait(2)", cost_of_fork },
	{ "munmap(2)", cost_of_munmap },
	{ "first touch", cost_of_fault },
	{ "mremap(2)", cost_of_mremap },
};

#define DEEDS	(sizeof(deeds) / sizeof(deeds[0]))

void bystander_measure(const char *file)
{
	FILE *to = fopen(file, "we");

	if (!to)
		die("%s: %s", file, strerror(errno));
	for (size_t i = 0; i < DEEDS; i++)
		fprintf(to, "%" PRIu64 "\n", deeds[i].cost());
	if (fclose(to))
		die("%s: %s", file, strerror(errno));
}

static void read_costs(const char *file, uint64_t costs[DEEDS])
{
	FILE *from = fopen(file, "re");

	if (!from)
		die("%s: %s", file, strerror(errno));
	for (size_t i = 0; i < DEEDS; i++)
		if (fscanf(from, "%" SCNu64, &costs[i]) != 1)
			die("%s has too few figures", file);
	fclose(from);
}

void bench_bystander(const char *without, const char *with)
{
	uint64_t before[DEEDS], now[DEEDS];

	read_costs(without, before);
	read_costs(with, now);
	heading("A process that never opens /dev/hms, with %zu MiB of memory", SIZE >> 20);
	printf("   | %-22s | not loaded | loaded   | ratio  |\n", "");
	for (size_t i = 0; i < DEEDS; i++)
		printf("   | %-22s | %10" PRIu64 " | %8" PRIu64 " | %6.4f |\n", deeds[i].what,
		       before[i], now[i], (double)now[i] / before[i]);
	for (size_t i = 0; i < DEEDS; i++)
		bound(now[i] <= before[i] + before[i] / SHARE, "%s: %+.2f %%, at most %.1f %%",
		      deeds[i].what, 100.0 * ((double)now[i] / before[i] - 1), 100.0 / SHARE);
}
