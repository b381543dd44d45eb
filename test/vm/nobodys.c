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

long long nobodys_pages(void)
{
	static const char * const known[] = {
		"nr_zone_inactive_anon", "nr_zone_active_anon", "nr_zone_inactive_file",
		"nr_zone_active_file", "nr_zone_unevictable", "nr_isolated_anon",
		"nr_isolated_file", "nr_slab_reclaimable", "nr_slab_unreclaimable",
		"nr_page_table_pages", "nr_zspages", "nr_memmap_pages",
	};
	static const char * const known_kib[] = { "Percpu", "VmallocUsed" };
	char *zones = file_read("/proc/zoneinfo", NULL), *counts = file_read("/proc/vmstat", NULL);
	char *info = file_read("/proc/meminfo", NULL);
	long long pages = sum_of(zones, "managed") - sum_of(zones, "nr_free_pages") -
			  sum_of(zones, "count");
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		pages -= sum_of(counts, known[i]);
	for (i = 0; i < sizeof(known_kib) / sizeof(*known_kib); i++)
		pages -= sum_of(info, known_kib[i]) / 4;
	/* Stacks are in the memory of vmalloc() already, where they can be. */
	if (!config_has("CONFIG_VMAP_STACK"))
		pages -= sum_of(counts, "nr_kernel_stack") / 4;
	free(info);
	free(counts);
	free(zones);
	return pages;
}
