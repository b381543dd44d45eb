// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that the accelerator keeps for itself, as one does for its firmware or for a display.
 */

#include <linux/capability.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "sim.h"

/* More; as much as there is. */
static int hms_sim_keep(struct hms_sim *sim, unsigned long npages)
{
	struct page **kept = kvmalloc_array(npages, sizeof(*kept), GFP_KERNEL);
	unsigned long before;

	if (!kept)
		return -ENOMEM;
	memcpy(kept, sim->kept, sim->nkept * sizeof(*kept));
	kvfree(sim->kept);
	sim->kept = kept;
	do {
		before = sim->nkept + sim->nmine;
		sim->nmine += hms_sim_vram_keep(sim, npages - before);
		sim->nkept += hms_target_take(sim->target, kept + sim->nkept,
					      npages - sim->nkept - sim->nmine);
		/* Of an allocator's memory some may have come back in between. */
	} while (sim->vram && sim->nkept + sim->nmine < npages &&
		 sim->nkept + sim->nmine > before);
	return 0;
}

/* Not so many. */
static void hms_sim_keep_less(struct hms_sim *sim, unsigned long npages)
{
	unsigned long n = sim->nkept + sim->nmine - npages;

	n -= hms_sim_vram_release(sim, n);
	sim->nmine = npages - (sim->nkept - n);
	sim->nkept -= n;
	hms_target_give(sim->target, sim->kept + sim->nkept, n);
}

/**
 * hms_sim_release_all - give back what the accelerator keeps
 * @sim: the accelerator; no descriptor is open
 */
void hms_sim_release_all(struct hms_sim *sim)
{
	hms_sim_keep_less(sim, 0);
	kvfree(sim->kept);
}

/**
 * hms_sim_reserve - serve HMS_SIM_RESERVE
 * @context: the program
 * @arg: copied from the program; the out fields are filled in
 *
 * Return: 0 or a negative errno, see linux/hms_sim.h.
 */
int hms_sim_reserve(struct hms_sim_context *context, struct hms_sim_reserve *arg)
{
	struct hms_sim *sim = context->sim;
	unsigned long npages = arg->length >> PAGE_SHIFT;
	int ret = 0;

	if (arg->flags || !PAGE_ALIGNED(arg->length) || arg->length > sim->size)
		return -EINVAL;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	mutex_lock(&sim->keep_lock);
	if (npages > sim->nkept + sim->nmine)
		ret = hms_sim_keep(sim, npages);
	else
		hms_sim_keep_less(sim, npages);
	arg->kept = (u64)(sim->nkept + sim->nmine) << PAGE_SHIFT;
	mutex_unlock(&sim->keep_lock);
	return ret;
}
