// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that are allocated, and that no counter of the kernel has: what somebody took for himself
 * with alloc_pages(), and what was lost. kmemleak does not look for those.
 */
#include <stdlib.h>
#include <string.h>

#include "init.h"

/* The sum of the numbers behind @name, where that begins a line, but for blanks. */
static long long sum_of(const char *text, const char *name)
{
	size_t len = strlen(name);
	long long sum = 0;

	for (; text; text = strchr(text, '\n')) {
		text += strspn(text, "\n ");
		if (!strncmp(text, name, len) && strchr(": ", text[len]))
			sum += atoll(text + len + strspn(text + len, ": "));
	}
	return sum;
}

/* So many of all pages are in use, and not in a list of free ones of a CPU. */
static long long used_pages(void)
{
	char *zones = file_read("/proc/zoneinfo", NULL);
	long long pages = sum_of(zones, "managed") - sum_of(zones, "nr_free_pages") -
			  sum_of(zones, "count");

	free(zones);
	return pages;
}

static long long known_pages(const char *counts)
{
	static const char * const known[] = {
		"nr_zone_inactive_anon", "nr_zone_active_anon", "nr_zone_inactive_file",
		"nr_zone_active_file", "nr_zone_unevictable", "nr_isolated_anon",
		"nr_isolated_file", "nr_slab_reclaimable", "nr_slab_unreclaimable",
		"nr_page_table_pages", "nr_zspages", "nr_memmap_pages",
	};
	char *info = file_read("/proc/meminfo", NULL);
	long long pages = (sum_of(info, "Percpu") + sum_of(info, "VmallocUsed")) / 4;
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		pages += sum_of(counts, known[i]);
	/* Stacks are in the memory of vmalloc() already, where they can be. */
	if (!config_has("CONFIG_VMAP_STACK"))
		pages += sum_of(counts, "nr_kernel_stack") / 4;
	free(info);
	return pages;
}

/*
 * Or @absent: nobody can tell where KASAN remembers stacks in such pages, nor where those that hold
 * struct pages are not counted (before Linux 6.11).
 */
long long nobodys_pages(long long absent)
{
	char *counts = file_read("/proc/vmstat", NULL);
	long long pages = absent;

	if (counts && strstr(counts, "nr_memmap_pages") && !config_has("CONFIG_KASAN"))
		pages = used_pages() - known_pages(counts);
	free(counts);
	return pages;
}
