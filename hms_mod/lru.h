/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_LRU_H
#define _HMS_LRU_H

#ifdef __KERNEL__
#include <linux/list.h>
#include <linux/types.h>
#else
#include <linux/list.h>

#include "kernel.h"
#endif

#include <linux/hms.h>

#include "policy.h"

struct mm_struct;

#define HMS_LRU_NONE	ULONG_MAX

/* Pages that are passed over at a time. */
#define HMS_LRU_DEFER	1024

/* What may become of a page when there is no room. */
enum hms_lru_state {
	HMS_LRU_OUT,		/* nobody has placed it */
	HMS_LRU_READY,		/* it may leave */
	HMS_LRU_STUCK,		/* its policy has no other place for it, as far as is known */
	HMS_LRU_HELD,		/* it stays put for a while */
};

/**
 * struct hms_lru_page - a page of a device in the order of eviction; 32 bytes, 0.8 % of its memory
 * @list: among those of its state, and if it may leave of its priority
 * @policy: that it was placed under, or NULL: none; a reference, as long as it is in the order
 * @serial: who placed it, see struct hms_lru_place; while it stays put, until when
 * @state: enum hms_lru_state
 * @round: in which @policy was found to be the one of its address; if stuck, it was looked at last
 */
struct hms_lru_page {
	struct list_head list;
	struct hms_policy *policy;
	u32 serial;
	u32 state : 8;
	u32 round : 24;
};

/**
 * struct hms_lru - in which order the pages of a device leave it
 * @pages: one for each; a large page is known by its first
 * @ready: for each priority those that may leave, the longest unused first
 * @stuck: those whose policy has no other place for them
 * @held: those that stay put, in the order in which that ends
 * @nstuck: how many are on @stuck
 * @unchecked: how many of these were not looked at in this round, and may not be so any more
 * @round: begins when some policy has changed: none of those of before is taken for granted then
 * @changes: as of then, see struct hms_lru_want
 */
struct hms_lru {
	struct hms_lru_page *pages;
	struct list_head ready[HMS_PRIORITY_MAX + 1];
	struct list_head stuck;
	struct list_head held;
	unsigned long nstuck;
	unsigned long unchecked;
	u32 round : 24;
	u64 changes;
};

/**
 * struct hms_lru_place - how a page is placed
 * @serial: the same for all that a request places, or 0
 * @until: when it may leave at the soonest, of the clock of hms_lru_next(); if @hold
 * @policy: of its address, or NULL
 * @changes: as of when that was found, or before; see struct hms_lru_want
 * @stuck: it has no other place for it
 * @hold: it stays put for a while
 */
struct hms_lru_place {
	u32 serial;
	u32 until;
	struct hms_policy *policy;
	u64 changes;
	bool stuck;
	bool hold;
};

/**
 * struct hms_lru_want - for whom pages are to leave
 * @serial: of the request that places them, whose own pages do not leave for each other; or 0
 * @changes: a higher number than another: some policy has changed since
 * @priority: of those that come; nothing of a higher one leaves for them
 * @forced: whatever is there has to leave
 * @payer: address space of who pays for what comes to a device, or NULL: nobody does
 */
struct hms_lru_want {
	u32 serial;
	u64 changes;
	u8 priority;
	bool forced;
	const struct mm_struct *payer;
};

int hms_lru_init(struct hms_lru *lru, unsigned long npages);
void hms_lru_destroy(struct hms_lru *lru);
void hms_lru_place(struct hms_lru *lru, unsigned long index, unsigned long n,
		   const struct hms_lru_place *how);
void hms_lru_touch(struct hms_lru *lru, unsigned long index, u32 serial);
void hms_lru_change(struct hms_lru *lru, unsigned long index, const struct hms_lru_place *how);
void hms_lru_split(struct hms_lru *lru, unsigned long index, unsigned long from);
void hms_lru_drop(struct hms_lru *lru, const unsigned long *pages, unsigned int n);
unsigned long hms_lru_next(struct hms_lru *lru, const struct hms_lru_want *want, u32 now);
bool hms_lru_is_sure(const struct hms_lru *lru, const struct hms_lru_page *page);
void hms_lru_defer(struct hms_lru *lru, unsigned long index);
bool hms_lru_is_as_known(const struct hms_lru *lru, unsigned long index,
			 const struct hms_lru_page *known);
bool hms_lru_goes_with(const struct hms_lru *lru, unsigned long index,
		       const struct hms_lru_page *other, bool sure);

#endif /* _HMS_LRU_H */
