/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_PLAN_H
#define _HMS_PLAN_H

#include <linux/bits.h>
#include <linux/types.h>
#include <linux/hms.h>

struct hms_batch;
struct hms_work;
struct page;

/* What becomes of a page; with it goes a number, see struct hms_plan. */
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
 * struct hms_plan - what is to become of a page; small, as most pages have that of their neighbour
 * @fate: enum hms_fate
 * @which: target or reason
 * @first: the target that it wants most; after that those behind it in the list, then the others
 * @limit: may go to so many targets, in that order
 * @goal: goes to this one of them next, or is @limit
 * @allow: may go to these kinds of target
 * @reason: why not to the others
 * @hole: there is nothing yet, or a placeholder
 */
struct hms_plan {
	u8 fate;
	u8 which;
	u8 first;
	u8 limit;
	u8 goal;
	u8 allow;
	u8 reason;
	bool hole;
} __aligned(8);

u32 hms_plan_rank(struct hms_work *work, struct page *page);
u32 hms_plan_nth(const struct hms_work *work, const struct hms_plan *plan, u32 nth);
void hms_plan_aim(const struct hms_work *work, struct hms_plan *plan, u32 nth);
void hms_plan_stay(const struct hms_work *work, struct hms_plan *plan);
bool hms_plan_page(struct hms_work *work, struct hms_batch *batch, unsigned long i,
		   struct page *page);
bool hms_plan_hole(const struct hms_work *work, struct hms_batch *batch, unsigned long i);

static inline void hms_plan_set(struct hms_plan *plan, enum hms_fate fate, u8 which)
{
	plan->fate = fate;
	plan->which = which;
}

#endif /* _HMS_PLAN_H */
