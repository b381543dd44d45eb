/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_LOSSES_H
#define _HMS_LOSSES_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/spinlock_types.h>
#include <linux/types.h>

struct hms_freemap;
struct page;

/**
 * struct hms_losses - which pages of a device are lost
 * @lock: the device's; protects all below, of which some is read without it
 * @failed: a bit for each page that has failed, or NULL: none has; for who holds the page, or may
 *	be told late
 * @missed: a bit for each of these that was in use then, and still is; with @failed
 * @gone: none of them can be reached any more
 * @nbad: how many have failed, and are out of use for good
 * @nused: how many are in @missed
 */
struct hms_losses {
	spinlock_t *lock;	/* see above */
	unsigned long *failed;
	unsigned long *missed;
	bool gone;
	unsigned long nbad;
	unsigned long nused;
};

/* Devices that have lost something. */
extern atomic_t hms_losers;

/* Has any? Mostly none has, and then none is asked. */
static inline bool hms_losses_anywhere(void)
{
	return atomic_read(&hms_losers);
}

static inline bool hms_losses_any(const struct hms_losses *losses)
{
	return READ_ONCE(losses->gone) || READ_ONCE(losses->failed);
}

void hms_losses_init(struct hms_losses *losses, spinlock_t *lock);
void hms_losses_destroy(struct hms_losses *losses);
int hms_losses_begin(struct hms_losses *losses, unsigned long npages);
unsigned long hms_losses_fail(struct hms_losses *losses, struct hms_freemap *map,
			      struct page *pages, unsigned long index, unsigned long npages);
void hms_losses_give(struct hms_losses *losses, struct hms_freemap *map, unsigned long index,
		     unsigned long npages);
unsigned long hms_losses_all(struct hms_losses *losses, unsigned long used);
bool hms_losses_have(const struct hms_losses *losses, unsigned long index);
unsigned long hms_losses_of(const struct hms_losses *losses, unsigned long used);

#endif /* _HMS_LOSSES_H */
