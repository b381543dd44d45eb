// SPDX-License-Identifier: GPL-2.0
/*
 * The allocator of an accelerator that has one: it lends memory to HMS when that is short of it, as
 * the driver of a GPU would, which has other uses for it, too.
 */

#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "sim.h"

/* Lent in one piece at most: a large page. */
#define HMS_SIM_PIECE	(PMD_SIZE >> PAGE_SHIFT)

static unsigned long lent;
module_param(lent, ulong, 0444);
MODULE_PARM_DESC(lent, "for tests: pages that HMS has of accelerators with own=1");

static DEFINE_MUTEX(hms_sim_vram_lock);

/* A piece that begins where a large page may, or whatever is left. */
static unsigned long hms_sim_find(struct hms_sim *sim, unsigned long npages, unsigned long *first)
{
	unsigned long all = sim->size >> PAGE_SHIFT, end;

	if (npages >= HMS_SIM_PIECE) {
		*first = bitmap_find_next_zero_area(sim->vram, all, 0, HMS_SIM_PIECE,
						    HMS_SIM_PIECE - 1);
		if (*first < all)
			return HMS_SIM_PIECE;
	}
	*first = find_first_zero_bit(sim->vram, all);
	end = find_next_bit(sim->vram, min(all, *first + min(npages, HMS_SIM_PIECE)), *first);
	return end - *first;
}

/**
 * hms_sim_lend - see &hms_target_ops.alloc
 * @target: the memory
 * @npages: at most so many pages
 * @first: receives the first
 */
unsigned long hms_sim_lend(struct hms_target *target, unsigned long npages, unsigned long *first)
{
	struct hms_sim *sim = hms_target_drvdata(target);
	unsigned long n;

	mutex_lock(&hms_sim_vram_lock);
	n = hms_sim_find(sim, npages, first);
	bitmap_set(sim->vram, *first, n);
	lent += n;
	mutex_unlock(&hms_sim_vram_lock);
	return n;
}

/**
 * hms_sim_have_back - see &hms_target_ops.free
 * @target: the memory
 * @first: the first page
 * @npages: how many
 */
void hms_sim_have_back(struct hms_target *target, unsigned long first, unsigned long npages)
{
	struct hms_sim *sim = hms_target_drvdata(target);

	mutex_lock(&hms_sim_vram_lock);
	WARN_ON(find_next_zero_bit(sim->vram, first + npages, first) < first + npages);
	bitmap_clear(sim->vram, first, npages);
	lent -= npages;
	mutex_unlock(&hms_sim_vram_lock);
}

/**
 * hms_sim_vram_keep - take free memory for the accelerator itself
 * @sim: the accelerator
 * @npages: how many pages
 *
 * Return: how many there were.
 */
unsigned long hms_sim_vram_keep(struct hms_sim *sim, unsigned long npages)
{
	unsigned long got = 0, first, n;

	mutex_lock(&hms_sim_vram_lock);
	while (sim->vram && got < npages && (n = hms_sim_find(sim, npages - got, &first))) {
		bitmap_set(sim->vram, first, n);
		bitmap_set(sim->mine, first, n);
		got += n;
	}
	mutex_unlock(&hms_sim_vram_lock);
	return got;
}

/**
 * hms_sim_vram_release - end hms_sim_vram_keep()
 * @sim: the accelerator
 * @npages: how many pages
 *
 * Return: how many it had, at most @npages.
 */
unsigned long hms_sim_vram_release(struct hms_sim *sim, unsigned long npages)
{
	unsigned long all = sim->size >> PAGE_SHIFT, page = 0, n;

	mutex_lock(&hms_sim_vram_lock);
	for (n = 0; sim->vram && n < npages; n++) {
		page = find_next_bit(sim->mine, all, page);
		if (page == all)
			break;
		bitmap_clear(sim->mine, page, 1);
		bitmap_clear(sim->vram, page, 1);
	}
	mutex_unlock(&hms_sim_vram_lock);
	return n;
}

/**
 * hms_sim_vram_init - an accelerator has an allocator
 * @sim: with its size
 *
 * Return: 0 or -ENOMEM.
 */
int hms_sim_vram_init(struct hms_sim *sim)
{
	unsigned long longs = BITS_TO_LONGS(sim->size >> PAGE_SHIFT);

	sim->vram = kvcalloc(longs, sizeof(long), GFP_KERNEL);
	sim->mine = kvcalloc(longs, sizeof(long), GFP_KERNEL);
	return sim->vram && sim->mine ? 0 : -ENOMEM;
}

/**
 * hms_sim_vram_destroy - end hms_sim_vram_init()
 * @sim: whose target is unregistered
 */
void hms_sim_vram_destroy(struct hms_sim *sim)
{
	kvfree(sim->mine);
	kvfree(sim->vram);
}
