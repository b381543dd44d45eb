/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_BATCH_H
#define _HMS_BATCH_H

#include <linux/bitmap.h>
#include <linux/list.h>
#include <linux/hms.h>

#include "devmem.h"
#include "pass.h"
#include "plan.h"

struct hms_binding;
struct hms_request;

/**
 * struct hms_batch - a run of pages of one mapping on their way to their fates
 * @list: the batches of all-or-nothing
 * @vma: the mapping; mmap_lock is held as long as the batch is used
 * @start: first address
 * @npages: pages, at most what there is room for
 * @began: when, if somebody traces
 * @nruns: runs of pages that core has given us
 * @nlazy: placeholders taken for it, and not settled yet
 * @whole: all of it is one large page, that is to move in one piece
 * @in_pieces: it was looked at as such, and does not
 * @even: all pages have the plan of the first
 * @runs: @one, or as many as there are
 * @one: mostly enough
 * @entries: where the pages are, see locate.h
 * @src: what core collected
 * @dst: where it goes
 * @copies: for the passes
 * @plans: what becomes of the pages
 */
struct hms_batch {
	struct list_head list;
	struct vm_area_struct *vma;
	unsigned long start;
	unsigned long npages;
	u64 began;
	unsigned int nruns;
	unsigned int nlazy;
	bool whole;
	bool in_pieces;
	bool even;
	struct hms_pass *runs;
	struct hms_pass one;
	unsigned long *entries;
	unsigned long *src;
	unsigned long *dst;
	struct hms_copy *copies;
	struct hms_plan *plans;
};

/**
 * struct hms_run - pages that core can be asked for in one go
 * @owner: of the device that some of them may be on; core takes one at a time
 * @first: index of the first
 * @npages: how many
 * @large: it is the whole batch, and one large page
 * @hole: it is the whole batch, and nothing; a large page, or placeholder, may be had for it
 */
struct hms_run {
	void *owner;
	u16 first;
	u16 npages;
	bool large;
	bool hole;
};

/**
 * struct hms_work - what batches are worked on with, one at a time
 * @request: what is asked
 * @binding: the address space
 * @kinds: which kind each target is, HMS_ALLOW_*; none of them where the caller's cpuset does not
 *	allow it, or it is going away
 * @full: devices that have no room, and from which nothing more leaves
 * @serial: what is placed is known by it
 * @like: memory that a page was in, and
 * @rank: which target that is
 * @goals: how many pages go to which target next, the nth of those that they want
 * @wanted: pages to be brought back to memory
 * @runs: what core is asked for, with room for each page of a batch, as what follows
 * @pages: destinations on their way to a batch
 * @index: the entries they are for
 */
struct hms_work {
	struct hms_request *request;
	struct hms_binding *binding;
	u8 kinds[HMS_MAX_TARGETS];
	DECLARE_BITMAP(full, HMS_MAX_TARGETS);
	u32 serial;
	struct hms_memory like;
	u32 rank;
	u16 goals[HMS_MAX_TARGETS];
	DECLARE_BITMAP(wanted, HMS_PASS_PAGES);
	struct hms_run *runs;
	struct page **pages;
	u16 *index;
};

/* Bytes that the arrays for a batch of so many pages take. */
#define HMS_WORK_ARRAYS(npages) \
	((npages) * (sizeof(struct hms_run) + sizeof(struct page *) + sizeof(u16)))

size_t hms_batch_size(unsigned long npages);
struct hms_batch *hms_batch_make(void *at, unsigned long npages);
struct hms_batch *hms_batch_new(unsigned long npages);
void hms_batch_drop(struct hms_batch *batch);
void hms_batch_free(struct hms_batch *batch);
void hms_batch_init(struct hms_batch *batch, struct vm_area_struct *vma, unsigned long start,
		    unsigned long npages);

void hms_work_init(struct hms_work *work, struct hms_request *request, struct hms_binding *binding,
		   void *arrays, unsigned long npages);
int hms_batch_collect(struct hms_work *work, struct hms_batch *batch);
void hms_batch_place(struct hms_work *work, struct hms_batch *batch);
bool hms_batch_copy_start(struct hms_batch *batch);
void hms_batch_copy_end(struct hms_work *work, struct hms_batch *batch);
void hms_batch_commit(struct hms_batch *batch);
void hms_batch_abort(struct hms_batch *batch);
void hms_batch_explain(struct hms_work *work, struct hms_batch *batch);
void hms_batch_swap_in(struct hms_work *work, struct hms_batch *batch);

bool hms_batch_has(const struct hms_batch *batch, enum hms_fate fate);
void hms_batch_set_all(struct hms_batch *batch, enum hms_fate fate, u8 which);
void hms_batch_set(struct hms_batch *batch, unsigned long i, enum hms_fate fate, u8 which);

/* What becomes of page @i. */
static inline const struct hms_plan *hms_batch_plan(const struct hms_batch *batch, unsigned long i)
{
	return &batch->plans[batch->even ? 0 : i];
}

#endif /* _HMS_BATCH_H */
