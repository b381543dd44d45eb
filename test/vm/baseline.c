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

static struct counter {
	const char *file;
	const char *name;	/* NULL: the file holds one number */
	long long slack;
} counters[] = {
	{ "/proc/meminfo", "Mlocked:", 0 },		/* kB */
	{ "/proc/vmstat", "nr_mlock", 0 },		/* pages, from here on */
	{ "/proc/vmstat", "nr_isolated_anon", 0 },
	{ "/proc/vmstat", "nr_isolated_file", 0 },
	{ "/proc/vmstat", "nr_anon_transparent_hugepages", 0 },
	{ "/proc/vmstat", "nr_writeback", 0 },
	{ "/proc/vmstat", "nr_anon_pages", 64 },	/* our own heap */
	{ "/proc/vmstat", "nr_mapped", 256 },		/* libraries come in as they are used */
	{ "/proc/vmstat", "nr_shmem", 0 },
	{ "/proc/vmstat", "nr_unevictable", 0 },
	{ "/proc/vmstat", "nr_page_table_pages", 48 },	/* on 7.x also those of the kernel */
	{ "/proc/vmstat", "nr_kernel_stack", 512 },	/* kB; worker threads come and go */
	{ "/sys/module/hms/refcnt", NULL, 0 },
	{ "/sys/module/hms_sim/refcnt", NULL, 0 },
	{ "/sys/fs/cgroup/cgroup.stat", "nr_descendants", 0 },
	{ "/sys/fs/cgroup/cgroup.stat", "nr_dying_descendants", 0 },
	{ "/sys/fs/cgroup/cgroup.stat", "nr_dying_subsys_memory", 0 },
};

#define COUNTERS (sizeof(counters) / sizeof(*counters))

static long long before[COUNTERS];

static long long read_counter(const struct counter *c)
{
	return file_number(c->file, c->name, ABSENT);
}

static const char *label(const struct counter *c)
{
	return c->name ? c->name : c->file;
}

/* Per-CPU page batches and counters that are not folded in yet: push both. */
static void settle(void)
{
	file_write("/proc/sys/vm/drop_caches", "1");
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

static bool is_back(size_t i, long long *now)
{
	*now = read_counter(&counters[i]);
	if (*now == ABSENT || before[i] == ABSENT)
		return *now == before[i];
	return llabs(*now - before[i]) <= counters[i].slack;
}

static bool all_back(void)
{
	bool back = true;
	long long now;
	size_t i;

	settle();
	for (i = 0; i < COUNTERS; i++)
		back &= is_back(i, &now);
	return back;
}

/* What ran last may still be on its way out: until nothing moves any more. */
void baseline_take(void)
{
	unsigned int looks;
	size_t i;

	mount_scratch();
	group_make_another();
	settle();
	for (looks = 0; looks < PATIENCE; looks++) {
		for (i = 0; i < COUNTERS; i++)
			before[i] = read_counter(&counters[i]);
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
	char worst[160] = "";
	unsigned int looks;
	size_t i;

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
	for (i = 0; i < COUNTERS && looks == PATIENCE; i++) {
		if (is_back(i, &now))
			continue;
		report_comment("baseline| %s: %lld before, %lld now, slack %lld",
			       label(&counters[i]), before[i], now, counters[i].slack);
		if (!*worst)
			snprintf(worst, sizeof(worst), "%s: %lld before, %lld now",
				 label(&counters[i]), before[i], now);
	}
	if (looks == PATIENCE && !*worst)
		snprintf(worst, sizeof(worst), "its counters were back after the last look");
	if (*worst)
		report_fail(test, "%s", worst);
}
