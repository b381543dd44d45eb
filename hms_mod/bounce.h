/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_BOUNCE_H
#define _HMS_BOUNCE_H

#ifdef __KERNEL__
#include <linux/bits.h>
#endif
#include <linux/types.h>

#define HMS_BOUNCE_BITS		13
#define HMS_BOUNCE_SLOTS	BIT(HMS_BOUNCE_BITS)

/**
 * struct hms_bounces - what was evicted lately, to tell what comes back at once
 * @last: when something was
 * @slot: a page of an address space, as a number, and when; a later one takes the place of another
 *
 * Entries are read and written without a lock: a torn one lets a page go too soon, or stay a
 * moment longer.
 */
struct hms_bounces {
	u32 last;
	struct {
		u32 what;
		u32 when;
	} slot[HMS_BOUNCE_SLOTS];
};

bool hms_bounce_any(const struct hms_bounces *bounces, u32 now, u32 patience);
void hms_bounce_left(struct hms_bounces *bounces, unsigned long who, unsigned long page, u32 now);
bool hms_bounce_is_back(const struct hms_bounces *bounces, unsigned long who, unsigned long page,
			u32 now, u32 patience);

#endif /* _HMS_BOUNCE_H */
