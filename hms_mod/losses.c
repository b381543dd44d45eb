// SPDX-License-Identifier: GPL-2.0
/*
 * Losses: which pages of a device have failed, or went with it. They are lost as long as somebody
 * has them, and are not had again.
 */

#include <linux/bitmap.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "freemap.h"
#include "losses.h"

atomic_t hms_losers;

/**
 * hms_losses_init - nothing is lost
 * @losses: zeroed
 * @lock: the device's
 */
void hms_losses_init(struct hms_losses *losses, spinlock_t *lock)
{
	losses->lock = lock;
}

/**
 * hms_losses_destroy - end hms_losses_init()
 * @losses: of a device whose pages nobody looks at any more
 */
void hms_losses_destroy(struct hms_losses *losses)
{
	if (hms_losses_any(losses))
		atomic_dec(&hms_losers);
	kvfree(losses->failed);
}

/* Before the first loss is seen. Under the lock. */
static void hms_losses_count(const struct hms_losses *losses)
{
	if (!hms_losses_any(losses))
		atomic_inc(&hms_losers);
}

/**
 * hms_losses_begin - be ready for pages that fail
 * @losses: the device's
 * @npages: how many it has
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int hms_losses_begin(struct hms_losses *losses, unsigned long npages)
{
	unsigned long *fresh;

	if (READ_ONCE(losses->failed))
		return 0;
	fresh = kvcalloc(2 * BITS_TO_LONGS(npages), sizeof(long), GFP_KERNEL);
	if (!fresh)
		return -ENOMEM;
	spin_lock_irq(losses->lock);
	if (!losses->failed) {
		hms_losses_count(losses);
		losses->missed = fresh + BITS_TO_LONGS(npages);
		/* Some look without the lock. */
		smp_store_release(&losses->failed, fresh);
		fresh = NULL;
	}
	spin_unlock_irq(losses->lock);
	kvfree(fresh);
	return 0;
}

/* One that the driver has may still say that it is the tail of what it was last part of. */
static bool hms_is_in_use(struct page *page)
{
	struct folio *folio = page_folio(page);

	return folio_page_idx(folio, page) < folio_nr_pages(folio) && folio_ref_count(folio);
}

/**
 * hms_losses_fail - pages have failed
 * @losses: after hms_losses_begin()
 * @map: which pages are free; takes those out
 * @pages: all that the device has
 * @index: the first
 * @npages: how many; those that have failed before are passed over
 *
 * Context: under the lock.
 * Return: how many are lost by that: those in use, unless they were lost with the device.
 */
unsigned long hms_losses_fail(struct hms_losses *losses, struct hms_freemap *map,
			      struct page *pages, unsigned long index, unsigned long npages)
{
	unsigned long used = 0;

	for (; npages; index++, npages--) {
		if (test_and_set_bit(index, losses->failed))
			continue;
		if (hms_freemap_remove(map, index)) {
			losses->nbad++;
		} else if (hms_is_in_use(pages + index)) {
			/* Not of the driver, who has taken it or not lent it. */
			__set_bit(index, losses->missed);
			used++;
		}
	}
	losses->nused += used;
	return losses->gone ? 0 : used;
}

/**
 * hms_losses_give - pages are free; those that have failed are not to be had again
 * @losses: the device's
 * @map: receives the others
 * @index: the first
 * @npages: how many
 *
 * Context: under the lock.
 */
void hms_losses_give(struct hms_losses *losses, struct hms_freemap *map, unsigned long index,
		     unsigned long npages)
{
	if (!losses->failed) {
		hms_freemap_give(map, index, npages);
		return;
	}
	for (; npages; index++, npages--) {
		if (test_bit(index, losses->failed)) {
			losses->nbad++;
			losses->nused -= __test_and_clear_bit(index, losses->missed);
		} else {
			hms_freemap_give(map, index, 1);
		}
	}
}

/**
 * hms_losses_all - the device is gone
 * @losses: the device's
 * @used: how many of its pages are in use
 *
 * Context: under the lock.
 * Return: how many are lost by that.
 */
unsigned long hms_losses_all(struct hms_losses *losses, unsigned long used)
{
	unsigned long n = used - hms_losses_of(losses, used);

	hms_losses_count(losses);
	WRITE_ONCE(losses->gone, true);
	return n;
}

/**
 * hms_losses_have - is a page lost
 * @losses: the device's
 * @index: the page
 */
bool hms_losses_have(const struct hms_losses *losses, unsigned long index)
{
	const unsigned long *failed = READ_ONCE(losses->failed);

	return READ_ONCE(losses->gone) || (failed && test_bit(index, failed));
}

/**
 * hms_losses_of - how many of the pages in use are lost
 * @losses: the device's
 * @used: how many are in use
 */
unsigned long hms_losses_of(const struct hms_losses *losses, unsigned long used)
{
	return READ_ONCE(losses->gone) ? used : min(used, READ_ONCE(losses->nused));
}
