// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Moving by move_pages(2), for HMS_MOVE_PAGES: what the kernel does better by itself than a module
 * can have it do. It takes a page from CPUs that run other threads together with many others, and
 * huge pages whole on any kernel. What it leaves where it was the module finds, and says why.
 */
#include <linux/mempolicy.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "movepages.h"

/* Each call has all CPUs hand over the pages that they have at hand, so it should be for many. */
#define AT_ONCE	16384U

struct batch {
	size_t n;
	uint64_t moved;
	void *pages[AT_ONCE];
	int nodes[AT_ONCE];
	int status[AT_ONCE];
};

static int node_of(const struct hms *hms, uint32_t uid)
{
	return hms_object_node(hms_object_known(hms, uid));
}

/* Those that are on the node now; the others are first in the list then. Returns how many. */
static size_t batch_count(struct batch *batch)
{
	size_t left = 0, there;

	for (size_t i = 0; i < batch->n; i++)
		if (batch->status[i] != batch->nodes[i])
			batch->pages[left++] = batch->pages[i];
	there = batch->n - left;
	batch->n = left;
	return there;
}

/* What can't be moved so is no error. */
static void batch_move(struct batch *batch)
{
	if (batch->n && syscall(SYS_move_pages, 0, batch->n, batch->pages, batch->nodes,
				batch->status, MPOL_MF_MOVE) >= 0) {
		batch->moved += batch_count(batch);
		/* The second page of a huge one is said to be busy, and has moved along. */
		if (batch->n && !syscall(SYS_move_pages, 0, batch->n, batch->pages, NULL,
					 batch->status, 0))
			batch->moved += batch_count(batch);
	}
	batch->n = 0;
}

static void move_run(struct batch *batch, const struct hms_run *run, int node)
{
	uint64_t page = sysconf(_SC_PAGESIZE);

	for (uint64_t at = run->start; at < run->start + run->length; at += page) {
		batch->pages[batch->n] = (void *)(uintptr_t)at;
		batch->status[batch->n] = -1;
		batch->nodes[batch->n++] = node;
		if (batch->n == AT_ONCE)
			batch_move(batch);
	}
}

uint64_t hms_move_pages(struct hms *hms, const struct hms_request *request)
{
	void *start = (void *)(uintptr_t)request->start;
	struct hms_run_list *before;
	struct batch *batch;
	uint64_t moved = 0;
	int node;

	if (request->ntargets != 1 || !request->targets || hms_scan_once(hms))
		return 0;
	node = node_of(hms, request->targets[0]);
	/* What the module will refuse must not have moved; that there is a hole msync(2) tells. */
	if (node < 0 || msync(start, request->length, MS_ASYNC) ||
	    hms_query_residency(hms, start, request->length, 0, &before))
		return 0;
	batch = malloc(sizeof(*batch));
	if (batch) {
		batch->n = 0;
		batch->moved = 0;
		for (size_t i = 0; i < before->n; i++) {
			const struct hms_run *run = &before->runs[i];

			if (run->state == HMS_RESIDENT && run->uid != request->targets[0] &&
			    node_of(hms, run->uid) >= 0)
				move_run(batch, run, node);
		}
		batch_move(batch);
		moved = batch->moved;
	}
	free(batch);
	free(before);
	return moved;
}

void hms_move_pages_count(uint64_t moved, struct hms_result *result)
{
	/* Not those that have gone on since, nor of what the module does not move at all. */
	if (moved > result->present)
		moved = result->present;
	result->by_move_pages = moved;
	result->moved += moved;
	result->present -= moved;
	result->bytes_copied += moved * sysconf(_SC_PAGESIZE);
	if (result->ntargets) {
		result->targets[0].moved += moved;
		result->targets[0].present -= moved;
	}
}
