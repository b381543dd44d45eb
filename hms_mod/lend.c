// SPDX-License-Identifier: GPL-2.0
/*
 * Lending: a driver with an allocator of its own lends memory when it is short, and has it back
 * when it is free. In between it is in the map of free pages, like that of any device.
 */

#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/workqueue.h>

#include "devmem.h"
#include "freemap.h"
#include "lend.h"
#include "target.h"

/* What is free for so long goes back; what is used again at once does not. */
#define HMS_LEND_DELAY	(HZ / 10)

static bool hms_lends(const struct hms_target *target)
{
	return target->ops->alloc;
}

/* All that is free now. */
static void hms_lend_return(struct hms_target *target)
{
	unsigned long index, npages;

	while ((npages = hms_devmem_take_run(target->mem, HMS_BLOCK_PAGES, &index)))
		target->ops->free(target, index, npages);
}

static void hms_lend_return_late(struct work_struct *work)
{
	struct hms_target *target = container_of(to_delayed_work(work), struct hms_target, spare);

	if (!atomic_read(&target->held))
		hms_lend_return(target);
}

/**
 * hms_lend_init - be ready for a driver that lends
 * @target: a device; hms_lend_stop() is owed once somebody may take of it
 */
void hms_lend_init(struct hms_target *target)
{
	INIT_DELAYED_WORK(&target->spare, hms_lend_return_late);
	atomic_set(&target->held, 0);
}

/**
 * hms_lend_more - memory is short: ask the driver for some
 * @target: the device
 * @npages: so many pages would be enough
 *
 * Context: as &hms_target_ops.alloc.
 */
void hms_lend_more(struct hms_target *target, unsigned long npages)
{
	unsigned long first, n, all = hms_devmem_pages(target->mem);

	while (npages) {
		n = target->ops->alloc(target, npages, &first);
		if (!n || WARN_ON_ONCE(n > npages || first >= all || n > all - first))
			break;
		hms_devmem_give_run(target->mem, first, n);
		npages -= n;
	}
	/* Who has asked may not take all of it. */
	hms_lend_spare(target);
}

/**
 * hms_lend_spare - memory is free, and goes back before long
 * @target: the device
 *
 * Context: any; the lock of the memory may be held.
 */
void hms_lend_spare(struct hms_target *target)
{
	schedule_delayed_work(&target->spare, HMS_LEND_DELAY);
}

/**
 * hms_lend_hold - let nothing go back for now: the driver takes it otherwise
 * @target: the device, of any driver
 *
 * Context: may sleep; waits for &hms_target_ops.free.
 */
void hms_lend_hold(struct hms_target *target)
{
	if (!hms_lends(target))
		return;
	atomic_inc(&target->held);
	cancel_delayed_work_sync(&target->spare);
}

/**
 * hms_lend_release - end hms_lend_hold()
 * @target: the device
 */
void hms_lend_release(struct hms_target *target)
{
	if (hms_lends(target) && atomic_dec_and_test(&target->held))
		hms_lend_spare(target);
}

/**
 * hms_lend_stop - give all of it back
 * @target: the device, of any driver; nobody has any of its pages, or takes some
 *
 * Context: may sleep.
 */
void hms_lend_stop(struct hms_target *target)
{
	if (!hms_lends(target))
		return;
	cancel_delayed_work_sync(&target->spare);
	hms_lend_return(target);
}
