// SPDX-License-Identifier: GPL-2.0
/*
 * Thrashing: has what comes to a device just been evicted from one? Pure logic, also built in user
 * space.
 */

#ifdef __KERNEL__
#include <linux/compiler.h>
#include <linux/hash.h>
#else
#include "kernel.h"
#endif

#include "bounce.h"

/* Never 0, which an empty slot has. */
static u32 hms_bounce_what(unsigned long who, unsigned long page)
{
	return hash_long(hash_long(who, 32) + page, 32) | 1;
}

static unsigned int hms_bounce_slot(unsigned long who, unsigned long page)
{
	return hash_long(who ^ page, HMS_BOUNCE_BITS);
}

/**
 * hms_bounce_left - note an eviction
 * @bounces: zeroed at first
 * @who: the address space
 * @page: which of its pages
 * @now: the time
 */
void hms_bounce_left(struct hms_bounces *bounces, unsigned long who, unsigned long page, u32 now)
{
	unsigned int s = hms_bounce_slot(who, page);

	WRITE_ONCE(bounces->slot[s].what, hms_bounce_what(who, page));
	WRITE_ONCE(bounces->slot[s].when, now);
	WRITE_ONCE(bounces->last, now);
}

/**
 * hms_bounce_any - was anything evicted lately: mostly not, and there is no need to look
 * @bounces: where that was noted
 * @now: the time
 * @patience: how long ago is lately
 */
bool hms_bounce_any(const struct hms_bounces *bounces, u32 now, u32 patience)
{
	return now - READ_ONCE(bounces->last) < patience;
}

/**
 * hms_bounce_is_back - was a page evicted lately
 * @bounces: where that was noted
 * @who: the address space
 * @page: which of its pages
 * @now: the time
 * @patience: how long ago is lately
 */
bool hms_bounce_is_back(const struct hms_bounces *bounces, unsigned long who, unsigned long page,
			u32 now, u32 patience)
{
	unsigned int s = hms_bounce_slot(who, page);

	return READ_ONCE(bounces->slot[s].what) == hms_bounce_what(who, page) &&
	       now - READ_ONCE(bounces->slot[s].when) < patience;
}
