// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Huge pages again, for HMS_COLLAPSE: what was split, on a device or on the way there, comes home
 * in small pages, and only the kernel itself can join them. That would also fill holes, and bring
 * home what is on a device, so it is asked where neither is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collapse.h"
#include "mapping.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

#define HUGE_SIZE	"/sys/kernel/mm/transparent_hugepage/hpage_pmd_size"

struct collapse {
	struct hms *hms;
	uint64_t size;		/* of a huge page */
	uint64_t huge;		/* bytes that are in one */
};

/* 0 when the kernel has none. */
static uint64_t huge_size(void)
{
	FILE *f = fopen(HUGE_SIZE, "re");
	unsigned long long size = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%llu", &size) != 1)
		size = 0;
	fclose(f);
	return size;
}

static void collapse_run(struct collapse *c, const struct hms_run *run)
{
	uint64_t end = run->start + run->length;
	uint64_t at = (run->start + c->size - 1) / c->size * c->size;

	/* One by one: what can't be joined is no reason to leave the others. */
	for (; at + c->size <= end; at += c->size)
		if (!madvise((void *)(uintptr_t)at, c->size, MADV_COLLAPSE))
			c->huge += c->size;
}

static int collapse_mapping(const struct mapping *mapping, void *data)
{
	struct collapse *c = data;
	struct hms_run_list *list;

	if (mapping->end - mapping->start < c->size ||
	    hms_query_residency(c->hms, (void *)(uintptr_t)mapping->start,
				mapping->end - mapping->start, 0, &list))
		return 0;
	for (size_t i = 0; i < list->n; i++) {
		const struct hms_run *run = &list->runs[i];

		if (run->state == HMS_RESIDENT &&
		    hms_object_node(hms_object_known(c->hms, run->uid)) >= 0)
			collapse_run(c, run);
	}
	free(list);
	return 0;
}

uint64_t hms_collapse(struct hms *hms, uint64_t start, uint64_t length)
{
	struct collapse c = { .hms = hms, .size = huge_size() };

	if (!c.size || hms_scan_once(hms))
		return 0;
	/* They are joined to what they have become; what happened to them is told already. */
	hms_mappings(hms, start, start + length, collapse_mapping, &c);
	hms_error_clear(hms);
	return c.huge / sysconf(_SC_PAGESIZE);
}
