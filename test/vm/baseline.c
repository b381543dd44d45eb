// SPDX-License-Identifier: GPL-2.0
/*
 * Counters that must be back where they were when everything that ran is gone. Most of these are
 * exact; those that the rest of the system moves as well have some slack.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "init.h"

#define PATIENCE_S 10
#define ABSENT (-1ll)

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
};

#define COUNTERS (sizeof(counters) / sizeof(*counters))

static long long before[COUNTERS];
static bool taken;

static long long read_counter(const struct counter *c)
{
	char *text = file_read(c->file, NULL), *at = text;
	size_t len = c->name ? strlen(c->name) : 0;
	long long value = ABSENT;

	while (at && c->name && (strncmp(at, c->name, len) || at[len] != ' ')) {
		at = strchr(at, '\n');
		if (at)
			at++;
	}
	if (at)
		value = atoll(at + len);
	free(text);
	return value;
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

/* @slack: "nr_anon_pages=500" ... for a plan that knows better. */
void baseline_take(char **slack)
{
	size_t i, len;

	for (; *slack; slack++) {
		len = strcspn(*slack, "=");
		for (i = 0; i < COUNTERS; i++)
			if (!strncmp(label(&counters[i]), *slack, len) && (*slack)[len] == '=' &&
			    !label(&counters[i])[len])
				break;
		if (i == COUNTERS) {
			report_fail("baseline", "no counter for '%s'", *slack);
			return;
		}
		counters[i].slack = atoll(*slack + len + 1);
	}
	mount_scratch();
	settle();
	for (i = 0; i < COUNTERS; i++)
		before[i] = read_counter(&counters[i]);
	taken = true;
}

static bool is_back(size_t i, long long *now)
{
	*now = read_counter(&counters[i]);
	if (*now == ABSENT || before[i] == ABSENT)
		return *now == before[i];
	return llabs(*now - before[i]) <= counters[i].slack;
}

void baseline_compare(void)
{
	unsigned int off = 0, tries;
	char worst[160] = "";
	long long now;
	size_t i;

	if (!taken) {
		report_fail("baseline", "none was taken");
		return;
	}
	mount_scratch();	/* what programs left in /tmp and /dev/shm is no leak */
	for (tries = 0; tries < PATIENCE_S * 2; tries++) {
		settle();
		for (i = 0, off = 0; i < COUNTERS; i++)
			off += !is_back(i, &now);
		if (!off)
			break;
		usleep(500000);
	}
	for (i = 0; i < COUNTERS && off; i++) {
		if (is_back(i, &now))
			continue;
		report_comment("baseline| %s: %lld before, %lld now, slack %lld",
			       label(&counters[i]), before[i], now, counters[i].slack);
		if (!*worst)
			snprintf(worst, sizeof(worst), "%s: %lld before, %lld now",
				 label(&counters[i]), before[i], now);
	}
	if (off)
		report_fail("baseline", "%s", *worst ? worst : "settled only after the last try");
	else
		report_pass("baseline");
}
