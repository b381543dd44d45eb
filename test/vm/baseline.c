// SPDX-License-Identifier: GPL-2.0
/*
 * Counters that must be back where they were when all of a test is gone. Most of these are exact;
 * those that the rest of the system moves as well have some slack.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "init.h"

#define PATIENCE	500U	/* looks */
#define LOOK_US		20000
#define ABSENT		(-1ll)

/* What is counted for each node is to be back there: on another one it is wrong. */
#define NODES	8
#define A_NODE	"/sys/devices/system/node/node%d/vmstat"

static struct counter {
	const char *file;	/* NULL: none has it, see nobodys.c */
	const char *name;	/* NULL: the file holds one number */
	long long slack;
} counters[] = {
	{ "/proc/meminfo", "Mlocked:", 0 },		/* kB */
	{ "/proc/vmstat", "nr_mlock", 0 },		/* pages, from here on */
	{ "/proc/vmstat", "nr_writeback", 0 },
	{ "/proc/vmstat", "nr_mapped", 256 },		/* libraries come in as they are used */
	{ "/proc/vmstat", "nr_swapcached", 0 },
	{ A_NODE, "nr_isolated_anon", 0 },
	{ A_NODE, "nr_isolated_file", 0 },
	{ A_NODE, "nr_anon_transparent_hugepages", 0 },
	{ A_NODE, "nr_anon_pages", 64 },		/* our own heap */
	/* Files of the root are among these, and may be on another node. */
	{ "/proc/vmstat", "nr_shmem", 0 },
	{ "/proc/vmstat", "nr_unevictable", 0 },
	{ "/proc/vmstat", "nr_page_table_pages", 48 },	/* on 7.x also those of the kernel */
	{ "/proc/vmstat", "nr_kernel_stack", 512 },	/* kB; worker threads come and go */
	{ NULL, "nobodys_pages", 64 },
	{ "/sys/module/hms/refcnt", NULL, 0 },
	{ "/sys/module/hms_sim/refcnt", NULL, 0 },
	{ "/sys/fs/cgroup/cgroup.stat", "nr_descendants", 0 },
	{ "/sys/fs/cgroup/cgroup.stat", "nr_dying_descendants", 0 },
	{ "/sys/fs/cgroup/cgroup.stat", "nr_dying_subsys_memory", 0 },
};

#define COUNTERS (sizeof(counters) / sizeof(*counters))

static long long before[COUNTERS][NODES];

static int nodes_of(const struct counter *c)
{
	return c->file && strstr(c->file, "%d") ? NODES : 1;
}

static long long read_counter(const struct counter *c, int node)
{
	char *file = NULL;
	long long number;

	if (!c->file)
		return nobodys_pages(ABSENT);
	if (asprintf(&file, c->file, node) < 0)
		return ABSENT;
	number = file_number(file, c->name, ABSENT);
	free(file);
	return number;
}

static const char *label(const struct counter *c)
{
	return c->name ? c->name : c->file;
}

/*
 * Per-CPU page batches and counters that are not folded in yet: push both. And the huge page of
 * zeros goes, which is kept for the next who wants it.
 */
static void settle(void)
{
	file_write("/proc/sys/vm/drop_caches", "3");
	free(file_read("/proc/sys/vm/stat_refresh", NULL));
}

/* "nr_anon_pages=500" ... for a plan that knows better, from here on. */
void baseline_slack(char **slack)
{
	size_t i, len;

	for (; *slack; slack++) {
		len = strcspn(*slack, "=");
		for (i = 0; i < COUNTERS; i++)
			if (!strncmp(label(&counters[i]), *slack, len) && (*slack)[len] == '=' &&
			    !label(&counters[i])[len])
				break;
		if (i == COUNTERS) {
			report_fail("slack", "no counter for '%s'", *slack);
			return;
		}
		counters[i].slack = atoll(*slack + len + 1);
	}
}

static bool is_back(const struct counter *c, int node, long long *now)
{
	*now = read_counter(c, node);
	if (*now == ABSENT || before[c - counters][node] == ABSENT)
		return *now == before[c - counters][node];
	return llabs(*now - before[c - counters][node]) <= c->slack;
}

static bool all_back(void)
{
	const struct counter *c;
	bool back = true;
	long long now;
	int node;

	settle();
	for (c = counters; c < counters + COUNTERS; c++)
		for (node = 0; node < nodes_of(c); node++)
			back &= is_back(c, node, &now);
	return back;
}

/* What ran last may still be on its way out: until nothing moves any more. */
void baseline_take(void)
{
	unsigned int looks;
	struct counter *c;
	int node;

	mount_scratch();
	group_make_another();
	settle();
	for (looks = 0; looks < PATIENCE; looks++) {
		for (c = counters; c < counters + COUNTERS; c++)
			for (node = 0; node < nodes_of(c); node++)
				before[c - counters][node] = read_counter(c, node);
		usleep(LOOK_US);
		if (all_back())
			break;
	}
	group_make();
}

static long long wait_charged(void)
{
	long long charged = 0;
	unsigned int looks;

	for (looks = 0; looks < PATIENCE; looks++) {
		if (looks)
			usleep(LOOK_US);
		settle();
		charged = group_charged();
		if (!charged)
			break;
	}
	return charged;
}

void baseline_compare(const char *test)
{
	long long now, charged;
	const struct counter *c;
	char worst[160] = "";
	unsigned int looks;
	int node;

	mount_scratch();	/* what programs left in /tmp and /dev/shm is no leak */
	charged = wait_charged();
	if (charged) {
		group_show();
		snprintf(worst, sizeof(worst), "%lld bytes stay charged to " GROUP, charged);
	}
	if (!group_remove())
		report_fail(test, GROUP " can't be removed: %s", strerror(errno));
	for (looks = 0; looks < PATIENCE; looks++) {
		if (looks)
			usleep(LOOK_US);
		if (looks == 1)
			group_displace();
		if (all_back())
			break;
	}
	for (c = counters; c < counters + COUNTERS && looks == PATIENCE; c++) {
		for (node = 0; node < nodes_of(c); node++) {
			if (is_back(c, node, &now))
				continue;
			report_comment("baseline| %s, node %d: %lld before, %lld now, slack %lld",
				       label(c), node, before[c - counters][node], now,
				       c->slack);
			if (!*worst)
				snprintf(worst, sizeof(worst), "%s: %lld before, %lld now",
					 label(c), before[c - counters][node], now);
		}
	}
	if (looks == PATIENCE && !*worst)
		snprintf(worst, sizeof(worst), "its counters were back after the last look");
	if (*worst)
		report_fail(test, "%s", worst);
}
