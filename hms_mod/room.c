// SPDX-License-Identifier: GPL-2.0
/*
 * Room: devices that lack it for what comes make some, before anything is taken out of the page
 * tables.
 */

#include <linux/bitmap.h>
#include <linux/mm.h>

#include "batch.h"
#include "binding.h"
#include "devmem.h"
#include "evict.h"
#include "freemap.h"
#include "locate.h"
#include "order.h"
#include "request.h"
#include "room.h"
#include "target.h"

/* How many pages of a batch go to which target? Of what is absent only holes are known. */
static void hms_room_wishes(const struct hms_work *work, struct hms_batch *batch, u16 *wishes)
{
	unsigned long i;

	if (batch->whole) {
		wishes[hms_plan_nth(work, &batch->plans[0], batch->plans[0].goal)] = batch->npages;
		return;
	}
	for (i = 0; i < batch->npages; i++) {
		const struct hms_plan *plan = &batch->plans[i];

		if (plan->fate != HMS_FATE_UNSEEN)
			continue;
		/* A page that is there has a plan. It may have gone, with its device, since. */
		if (!plan->allow &&
		    !(work->request->populate && hms_plan_hole(work, batch, i)))
			continue;
		if (plan->goal < plan->limit)
			wishes[hms_plan_nth(work, plan, plan->goal)]++;
	}
}

/* Is it a device that may have to make room for a batch? */
static bool hms_room_may_lack(const struct hms_work *work, const struct hms_batch *batch, u32 rank)
{
	return work->kinds[rank] == HMS_ALLOW_DEVICE &&
	       hms_devmem_room(work->request->targets[rank]->mem, batch->npages) < batch->npages;
}

/* The lowest priority of a batch: nothing leaves for it that would not for all of it. */
static u8 hms_room_priority(const struct hms_work *work, const struct hms_batch *batch)
{
	unsigned long end = batch->start + (batch->npages << PAGE_SHIFT), at, last;
	u8 lowest = HMS_PRIORITY_MAX;

	if (work->request->set_policy)
		return work->request->priority;
	for (at = batch->start; at < end; at = last + 1) {
		last = end - 1;
		lowest = min(lowest, hms_order_priority(batch->vma->vm_mm, at, &last));
	}
	return lowest;
}

/*
 * Room on a device for so many pages; how many there is none for. For what the user may not have
 * there, nothing leaves.
 */
static unsigned int hms_room_make_on(struct hms_work *work, struct hms_batch *batch, u32 rank,
				     unsigned int wanted)
{
	struct hms_target *target = work->request->targets[rank];
	unsigned long may = hms_devmem_user_left(target->mem, work->request->user);
	unsigned int npages = min_t(unsigned long, wanted, may);
	unsigned long room = hms_devmem_room(target->mem, npages);
	struct hms_lru_want want = {
		.serial = work->serial,
		.priority = hms_room_priority(work, batch),
		.payer = work->request->mm,
	};

	if (room < npages && !test_bit(rank, work->full))
		room += hms_evict(target, npages - room, &want, batch->vma->vm_mm);
	if (room < npages)
		set_bit(rank, work->full);
	return wanted - min_t(unsigned long, room, npages);
}

/* Some device may lack room. */
static noinline_for_stack void hms_room_make_some(struct hms_work *work, struct hms_batch *batch)
{
	struct hms_request *request = work->request;
	u16 wishes[HMS_MAX_TARGETS] = { };
	unsigned int more = 0;
	u32 rank;

	hms_room_wishes(work, batch, wishes);
	for (rank = 0; rank < request->ntargets; rank++) {
		/* In the modes that go page by page, the next one is another one for each. */
		unsigned int wanted = wishes[rank] + (hms_mode_rotates(request->mode) ? 0 : more);

		if (!wanted || !work->kinds[rank])
			continue;
		more = 0;
		if (work->kinds[rank] == HMS_ALLOW_DEVICE)
			more = hms_room_make_on(work, batch, rank, wanted);
	}
}

/**
 * hms_room_make - let what is on full devices make room for a batch
 * @work: what for; remembers which devices have none
 * @batch: its pages that are to move have plans and no fate yet
 *
 * What there is no room for goes where its list goes on.
 *
 * Context: mmap_lock held for read, nothing of the batch collected. May sleep.
 */
void hms_room_make(struct hms_work *work, struct hms_batch *batch)
{
	u32 rank;

	for (rank = 0; rank < work->request->ntargets; rank++) {
		if (hms_room_may_lack(work, batch, rank))
			break;
	}
	if (rank < work->request->ntargets)
		hms_room_make_some(work, batch);
}
