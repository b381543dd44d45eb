// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "failnth.h"
#include "hms_test.h"

#define DEBUGFS	"/sys/kernel/debug"

static const char *const injectors[] = { DEBUGFS "/failslab/", DEBUGFS "/fail_page_alloc/" };

/* Which of them have a setting: bits. */
#define SLAB	1
#define PAGES	2
#define BOTH	(SLAB | PAGES)

static bool set(unsigned int who, const char *name, const char *value)
{
	char path[128];
	bool ok = true;

	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s%s", injectors[i], name);
		if (who & (1 << i))
			ok = !text_write(path, value) && ok;
	}
	return ok;
}

static bool set_address(const char *name, unsigned long address)
{
	char value[32];

	snprintf(value, sizeof(value), "0x%lx", address);
	return set(BOTH, name, value);
}

/* Let every allocation be one that may fail. Returns "", or why there can be no failures. */
const char *failnth_open(int *fd)
{
	*fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (*fd < 0)
		return "the kernel has no CONFIG_FAULT_INJECTION";
	if (access(injectors[0], F_OK))
		mount("debugfs", DEBUGFS, "debugfs", 0, NULL);
	if (!set(BOTH, "ignore-gfp-wait", "N") || !set(SLAB, "cache-filter", "N") ||
	    !set(PAGES, "ignore-gfp-highmem", "N") || !set(PAGES, "min-order", "0") ||
	    !set(BOTH, "verbose", "0"))
		return "no CONFIG_FAILSLAB, CONFIG_FAIL_PAGE_ALLOC, or no debugfs for them";
	if (!set_address("require-start", 0) || !set_address("require-end", ULONG_MAX) ||
	    !set_address("reject-start", 0) || !set_address("reject-end", 0))
		return "no CONFIG_FAULT_INJECTION_STACKTRACE_FILTER";
	return "";
}

/* Where a function of the kernel begins and ends. */
static bool symbol_find(const char *symbol, unsigned long *start, unsigned long *end)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	char line[256], name[200];
	unsigned long at;

	*start = 0;
	*end = ULONG_MAX;
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx %*c %199s", &at, name) == 2 && !strcmp(name, symbol))
			*start = at;
	}
	if (f)
		rewind(f);
	while (f && fgets(line, sizeof(line), f)) {
		at = strtoul(line, NULL, 16);
		if (at > *start && at < *end)
			*end = at;
	}
	if (f)
		fclose(f);
	return *start;
}

/*
 * Only allocations that modules ask for, themselves or through core; but none below @spared, a
 * function of core that does not take a failure in peace, or NULL. Until failnth_open(). Returns
 * "", or why not.
 */
const char *failnth_modules_only(const char *spared)
{
	unsigned long start = 0, end = 0;

	if (spared && !symbol_find(spared, &start, &end))
		return "no such function in /proc/kallsyms";
	/* Where x86-64 has its modules. */
	if (!set_address("require-start", 0xffffffffa0000000UL) ||
	    !set_address("require-end", 0xffffffffff000000UL) ||
	    !set_address("reject-start", start) || !set_address("reject-end", end))
		return "the filter can't be set";
	return "";
}

/* Returns 0, or -1 when it can't be armed. */
int failnth_arm(int fd, int n)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", n);
	return pwrite(fd, number, strlen(number), 0) < 0 ? -1 : 0;
}

/* Returns 0 when the failure has happened, else how many allocations were missing; -1: error. */
int failnth_disarm(int fd)
{
	char number[16] = "";

	if (pread(fd, number, sizeof(number) - 1, 0) <= 0 || pwrite(fd, "0", 1, 0) < 0)
		return -1;
	return atoi(number);
}

/*
 * Fail so many in a hundred, of this process and of the children that it will have: of a child also
 * what the kernel does for it before it runs. 0 ends it.
 */
bool failnth_random(int percent)
{
	char value[16];

	snprintf(value, sizeof(value), "%d", percent);
	return set(BOTH, "task-filter", percent ? "Y" : "N") && set(BOTH, "times", "-1") &&
	       set(BOTH, "probability", value) &&
	       !text_write("/proc/self/make-it-fail", percent ? "1" : "0");
}
