/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_BATCH_H
#define _HMS_BATCH_H

#include <linux/bits.h>
#include <linux/bitmap.h>
#include <linux/list.h>
#include <linux/hms.h>

#include "pass.h"

struct hms_binding;
struct hms_request;

/* What becomes of a page; with it goes a number, see struct hms_batch. */
enum hms_fate {
	HMS_FATE_UNSEEN,	/* core was asked for it, and has not given it */
	HMS_FATE_MOVE,		/* to target @which */
	HMS_FATE_POPULATE,	/* the same, from nothing; @which may be ntargets: no target */
	HMS_FATE_PRESENT,	/* on target @which */
	HMS_FATE_ARM,		/* a placeholder is put there */
	HMS_FATE_ARMED,		/* there is one */
	HMS_FATE_SKIP,		/* for reason @which */
	HMS_FATE_SWAPPED,	/* to be brought back to memory first */
};

/* Kinds of target that a page may go to. */
enum {
	HMS_ALLOW_NODE		= BIT(0),
	HMS_ALLOW_DEVICE	= BIT(1),
	HMS_ALLOW_ALL		= HMS_ALLOW_NODE | HMS_ALLOW_DEVICE,
};

/**
 * struct hms_batch - a run of pages of one mapping on their way to their fates
 * @list: the batches of all-or-nothing
 * @vma: the mapping; mmap_lock is held as long as the batch is used
 * @start: first address
 * @npages: pages, at most what there is room for
 * @nruns: runs of pages that core has given us
 * @nlazy: placeholders taken for it, and not settled yet
 * @whole: all of it is one large page, that is to move in one piece
 * @in_pieces: it was looked at as such, and does not
 * @runs: @one, or as many as there are
 * @one: mostly enough
 * @entries: where the pages are, see locate.h
 * @src: what core collected
 * @dst: where it goes
 * @fate: enum hms_fate
 * @which: target or reason
 * @first: the target that it wants most; after that those behind it in the list, then the others
 * @limit: may go to so many targets, in that order
 * @goal: goes to this one of them next, or is @limit
 * @allow: may go to these kinds of target
 * @reason: why not to the others
 */
struct hms_batch {
	struct list_head list;
	struct vm_area_struct *vma;
	unsigned long start;
	unsigned long npages;
	unsigned int nruns;
	unsigned int nlazy;
	bool whole;
	bool in_pieces;
	struct hms_pass *runs;
	struct hms_pass one;
	unsigned long *entries;
	unsigned long *src;
	unsigned long *dst;
	u8 *fate;
	u8 *which;
	u8 *first;
	u8 *limit;
	u8 *goal;
	u8 *allow;
	u8 *reason;
};

/**
 * struct hms_work - what batches are worked on with
 * @request: what is asked
 * @binding: the address space
 * @kinds: which kind each target is, HMS_ALLOW_*; none of them where the caller's cpuset does not
 *	allow it, or it is going away
 * @full: devices that have no room, and from which nothing more leaves
 * @serial: what is placed is known by it
 * @like: a page that was looked at before, and
 * @rank: which target it is on
 * @pages: destinations on their way to a batch
 * @index: the entries they are for
 * @wanted: pages to be brought back to memory
 * @copies: for the passes
 */
struct hms_work {
	struct hms_request *request;
	struct hms_binding *binding;
	u8 kinds[HMS_MAX_TARGETS];
	DECLARE_BITMAP(full, HMS_MAX_TARGETS);
	u32 serial;
	struct page *like;
	u32 rank;
	struct page *pages[HMS_PASS_PAGES];
	u16 index[HMS_PASS_PAGES];
	DECLARE_BITMAP(wanted, HMS_PASS_PAGES);
	struct hms_copy copies[HMS_PASS_PAGES];
};

struct hms_batch *hms_batch_new(unsigned long npages);
void hms_batch_free(struct hms_batch *batch);
void hms_batch_init(struct hms_batch *batch, struct vm_area_struct *vma, unsigned long start,
		    unsigned long npages);

int hms_batch_collect(struct hms_work *work, struct hms_batch *batch);
void hms_batch_place(struct hms_work *work, struct hms_batch *batch);
void hms_batch_copy(struct hms_work *work, struct hms_batch *batch);
void hms_batch_commit(struct hms_batch *batch);
void hms_batch_abort(struct hms_batch *batch);
void hms_batch_explain(struct hms_work *work, struct hms_batch *batch);
void hms_batch_swap_in(struct hms_work *work, struct hms_batch *batch);

bool hms_batch_has(const struct hms_batch *batch, enum hms_fate fate);
void hms_batch_set_all(struct hms_batch *batch, enum hms_fate fate, u8 which);

static inline void hms_batch_set(struct hms_batch *batch, unsigned long i, enum hms_fate fate,
				 u8 which)
{
	batch->fate[i] = fate;
	batch->which[i] = which;
}

#endif /* _HMS_BATCH_H */
