// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Huge pages again, for HMS_COLLAPSE: what was split, on a device or on the way there, comes home
 * in small pages, and only the kernel itself can join them. That would also fill holes, and bring
 * home what is on a device, so it is asked where neither is.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collapse.h"
#include "mapping.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

/* Huge pages that are asked about at a time: a signal ends a call. */
#define AT_A_TIME	64

/* Of what was interrupted, or found a page in use for a moment. */
#define TRIES		3

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

static bool collapse_one(uint64_t at, uint64_t size)
{
	for (int i = 0; i < TRIES; i++) {
		if (!madvise((void *)(uintptr_t)at, size, MADV_COLLAPSE))
			return true;
		if (errno != EAGAIN)
			break;
	}
	return false;
}

static void collapse_run(struct collapse *c, const struct hms_run *run)
{
	uint64_t end = run->start + run->length;
	uint64_t at = (run->start + c->size - 1) / c->size * c->size;

	/* One by one: what can't be joined is no reason to leave the others. */
	for (; at + c->size <= end; at += c->size)
		if (collapse_one(at, c->size))
			c->huge += c->size;
}

static void collapse_some(struct collapse *c, uint64_t start, uint64_t end)
{
	struct hms_run_list *list;
	int ret = -EINTR;

	for (int i = 0; i < TRIES && ret == -EINTR; i++)
		ret = hms_query_residency(c->hms, (void *)(uintptr_t)start, end - start, 0, &list);
	if (ret)
		return;
	for (size_t i = 0; i < list->n; i++) {
		const struct hms_run *run = &list->runs[i];

		if (run->state == HMS_RESIDENT &&
		    hms_object_node(hms_object_known(c->hms, run->uid)) >= 0)
			collapse_run(c, run);
	}
	free(list);
}

static int collapse_mapping(const struct mapping *mapping, void *data)
{
	struct collapse *c = data;
	uint64_t step = AT_A_TIME * c->size, next;

	for (uint64_t at = mapping->start; at < mapping->end; at = next) {
		next = (at / step + 1) * step;
		if (next > mapping->end)
			next = mapping->end;
		if (next - at >= c->size)
			collapse_some(c, at, next);
	}
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
