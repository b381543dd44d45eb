/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_CLAIM_H
#define _HMS_CLAIM_H

#include <linux/bitops.h>
#include <linux/sched.h>
#include <linux/wait_bit.h>

/*
 * Claims to pages, by the number of their frame, for who may not, or can't, lock them: one of us
 * has a page at a time. Those with the same bit have to wait for each other too.
 */
struct hms_claims {
	unsigned long bits;
};

static inline int hms_claim_bit(unsigned long pfn)
{
	return pfn % BITS_PER_LONG;
}

static inline bool hms_claim_try(struct hms_claims *claims, unsigned long pfn)
{
	return !test_and_set_bit_lock(hms_claim_bit(pfn), &claims->bits);
}

/* May sleep. */
static inline void hms_claim(struct hms_claims *claims, unsigned long pfn)
{
	wait_on_bit_lock(&claims->bits, hms_claim_bit(pfn), TASK_UNINTERRUPTIBLE);
}

/* Until nobody has it, or current is to die. May sleep. */
static inline void hms_claim_wait(struct hms_claims *claims, unsigned long pfn)
{
	wait_on_bit(&claims->bits, hms_claim_bit(pfn), TASK_KILLABLE);
}

static inline void hms_claim_drop(struct hms_claims *claims, unsigned long pfn)
{
	clear_and_wake_up_bit(hms_claim_bit(pfn), &claims->bits);
}

#endif /* _HMS_CLAIM_H */
