// SPDX-License-Identifier: GPL-2.0
/*
 * Drivers: how the memory of a device becomes a target, and how it leaves again.
 */

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "binding.h"
#include "devmem.h"
#include "evacuate.h"
#include "evict.h"
#include "home.h"
#include "lend.h"
#include "stats.h"
#include "target.h"
#include "transfer.h"

#define HMS_OFFLINE_TIMEOUT	(2 * HZ)

#define HMS_TAKE_TRIES		16

static int hms_driver_failed(struct hms_target *target, unsigned long index, unsigned long npages)
{
	/* It is being registered, and nobody has any of it. */
	if (!READ_ONCE(target->mem))
		return -EOPNOTSUPP;
	return hms_target_failed(target, index, npages);
}

static const struct hms_devmem_ops hms_driver_ops = {
	.touched = hms_home_fault,
	.failed = hms_driver_failed,
};

/* Of a driver that lends memory. */
static const struct hms_devmem_ops hms_lender_ops = {
	.touched = hms_home_fault,
	.failed = hms_driver_failed,
	.more = hms_lend_more,
	.spare = hms_lend_spare,
};

/**
 * hms_target_register - offer the memory of a device
 * @desc: what it is; copied, but for what it points to
 *
 * Makes struct pages for the memory and shows the target. Programs may move pages into it at once,
 * so the driver must be ready to copy.
 *
 * Context: may sleep.
 * Return: the target or an ERR_PTR(): -EOPNOTSUPP for private memory on a kernel that has none,
 * -EINVAL for a size below a page or a range that is not aligned, -EBUSY for a range that is
 * somebody's, -ENOMEM, -ENOSPC.
 */
struct hms_target *hms_target_register(const struct hms_target_desc *desc)
{
	struct hms_target *target;
	struct hms_devmem *mem;
	int ret;

	if (!desc->name || !desc->ops || !desc->ops->copy || (desc->range && !desc->owner) ||
	    !desc->ops->alloc != !desc->ops->free)
		return ERR_PTR(-EINVAL);
	target = hms_target_new_device(desc);
	if (!target)
		return ERR_PTR(-ENOMEM);
	hms_lend_init(target);
	mem = hms_devmem_create(target, desc->name, desc->size >> PAGE_SHIFT, desc->range,
				desc->ops->alloc ? &hms_lender_ops : &hms_driver_ops);
	if (IS_ERR(mem)) {
		kfree(target);
		return ERR_CAST(mem);
	}
	WRITE_ONCE(target->mem, mem);
	/* The driver is calling, so it is there. */
	if (desc->range)
		__module_get(desc->owner);
	ret = hms_target_add_device(target, desc);
	if (ret) {
		/* Its file "offline" was there for a moment. */
		if (desc->range && !hms_devmem_is_closed(mem))
			module_put(desc->owner);
		hms_devmem_destroy(mem);
		return ERR_PTR(ret);
	}
	hms_transfer_count(desc->ops, 1);
	return target;
}
EXPORT_SYMBOL_GPL(hms_target_register);

/* Take nothing more, and let all pages go home; in use as before when they do not. */
static int hms_target_empty(struct hms_target *target)
{
	int ret;

	hms_devmem_close(target->mem, true);
	ret = hms_evacuate(target, HMS_OFFLINE_TIMEOUT);
	WRITE_ONCE(target->pinned, ret ? hms_devmem_used(target->mem) : 0);
	if (ret)
		hms_devmem_close(target->mem, false);
	else
		hms_lend_stop(target);
	return ret;
}

/**
 * hms_target_set_offline - take a coherent target out of use, or back into it
 * @target: the target
 * @offline: which of these
 *
 * While it is offline nothing is put into it, and the driver's module may go.
 *
 * Context: may sleep; when pages are held, about two seconds after the last that came home.
 * Return: 0, -EBUSY when pages are pinned or can't be copied, or it is suspended, -EINTR, -ENODEV
 * when the driver is going, -EOPNOTSUPP when the memory is not coherent. When this fails, the
 * target is in use as before; the pages that could come home have.
 */
int hms_target_set_offline(struct hms_target *target, bool offline)
{
	struct hms_devmem *mem = target->mem;
	int ret = 0;

	if (!hms_devmem_is_coherent(mem))
		return -EOPNOTSUPP;
	mutex_lock(&target->offline_lock);
	if (target->suspended) {
		ret = -EBUSY;
	} else if (hms_devmem_is_closed(mem) == offline) {
		/* As it should be. */
	} else if (offline) {
		ret = hms_target_empty(target);
		if (!ret)
			module_put(target->owner);
	} else if (try_module_get(target->owner)) {
		hms_devmem_close(mem, false);
	} else {
		ret = -ENODEV;
	}
	mutex_unlock(&target->offline_lock);
	return ret;
}

/**
 * hms_target_take - take memory of a device for the driver's own use
 * @target: from hms_target_register()
 * @pages: receives what stands for it, see hms_target_index(); nothing else is to be done with them
 * @npages: how many
 *
 * Where that many are not free, others leave, in the order of eviction, whatever their policy: to
 * the next target of that, or to any node. Not those that are pinned, or that there is no memory
 * for.
 *
 * A driver that lends memory is asked for no more of it, and what it takes is its own again. What
 * is free may have come back by &hms_target_ops.free just before: look there, too.
 *
 * Context: may sleep; takes mmap_lock of processes, copies, and waits for &hms_target_ops.free.
 * Return: how many there were, to be given back with hms_target_give() before
 * hms_target_unregister(); what is missing may be asked for again.
 */
unsigned int hms_target_take(struct hms_target *target, struct page **pages, unsigned int npages)
{
	const struct hms_lru_want want = {
		.priority = HMS_PRIORITY_MAX,
		.forced = true,
		.payer = current->mm,
	};
	unsigned int got = 0, tries = HMS_TAKE_TRIES;

	hms_lend_hold(target);
	/* Others may be sooner to take what has left. */
	do {
		got += hms_devmem_take(target->mem, pages + got, npages - got);
	} while (got < npages && tries-- && hms_evict(target, npages - got, &want, NULL));
	hms_lend_release(target);
	return got;
}
EXPORT_SYMBOL_GPL(hms_target_take);

/**
 * hms_target_give - let processes have it again
 * @target: the target
 * @pages: from hms_target_take(), all or some
 * @npages: how many
 *
 * Context: process.
 */
void hms_target_give(struct hms_target *target, struct page *const *pages, unsigned int npages)
{
	hms_devmem_give_back(target->mem, pages, npages);
}
EXPORT_SYMBOL_GPL(hms_target_give);

/* Private memory is asked for when it is touched. */
static int hms_target_withdraw_lost(struct hms_target *target)
{
	if (!hms_devmem_is_coherent(target->mem) || !hms_devmem_nlost(target->mem))
		return 0;
	if (!IS_ENABLED(CONFIG_DEVICE_PRIVATE))
		return -EOPNOTSUPP;
	return hms_evacuate_lost(target, HMS_OFFLINE_TIMEOUT);
}

/**
 * hms_target_failed - memory of a device has failed
 * @target: from hms_target_register()
 * @index: the first page, see hms_target_index()
 * @npages: how many pages
 *
 * What is in them is lost: who touches it gets SIGBUS (BUS_MCEERR_AR), a device that faults on it
 * -EHWPOISON, or -EFAULT if its memory is coherent, and a request passes over it. Nothing is put
 * there any more. What a device page table has of private memory the driver takes back itself.
 *
 * Of coherent memory the machine tells it, too (memory_failure()), so that a driver need not. CPUs
 * load from that without asking: before this returns, they no longer can.
 *
 * Context: may sleep; takes mmap_lock of processes for coherent memory. If pages are held, about
 * two seconds.
 * Return: 0; -EINVAL when the target has no such pages, -ENOMEM. Of coherent memory also -EBUSY
 * when some of them are pinned, and -EOPNOTSUPP on a kernel without private memory, where nothing
 * can stand for what is lost: then who has them keeps them, and all else is as said.
 */
int hms_target_failed(struct hms_target *target, unsigned long index, unsigned long npages)
{
	unsigned long all = hms_devmem_pages(target->mem);
	long used;

	if (index >= all || npages > all - index)
		return -EINVAL;
	used = hms_devmem_fail(target->mem, index, npages);
	if (used < 0)
		return used;
	hms_stat_add(HMS_STAT_LOST, used);
	return hms_target_withdraw_lost(target);
}
EXPORT_SYMBOL_GPL(hms_target_failed);

/**
 * hms_target_gone - a device went without notice
 * @target: from hms_target_register()
 *
 * All that is in it is lost, as with hms_target_failed(). What is being copied goes on, and what is
 * copied next is refused before its driver is asked. After that the driver unregisters the target
 * as ever: what programs had there stays lost. On a kernel without private memory nothing can stand
 * for what is lost; there coherent memory has to be unregistered while it can be read.
 *
 * Context: as hms_target_failed().
 * Return: 0; -EOPNOTSUPP where that is so; -EBUSY when pages of coherent memory are pinned.
 */
int hms_target_gone(struct hms_target *target)
{
	if (!IS_ENABLED(CONFIG_DEVICE_PRIVATE))
		return -EOPNOTSUPP;
	hms_stat_add(HMS_STAT_LOST, hms_devmem_gone(target->mem));
	return hms_target_withdraw_lost(target);
}
EXPORT_SYMBOL_GPL(hms_target_gone);

/**
 * hms_target_suspend - empty a target whose memory may lose what it holds
 * @target: from hms_target_register()
 *
 * Nothing is put there until hms_target_resume().
 *
 * Context: may sleep; when pages are held, about two seconds after the last that came home.
 * Return: 0; -EBUSY when pages are pinned or can't be copied, -EINTR: it is in use as before, and
 * the driver keeps the machine from sleeping.
 */
int hms_target_suspend(struct hms_target *target)
{
	int ret = 0;

	mutex_lock(&target->offline_lock);
	/* One that is offline is empty, and stays so. */
	if (!hms_devmem_is_closed(target->mem)) {
		ret = hms_target_empty(target);
		target->suspended = !ret;
	}
	mutex_unlock(&target->offline_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(hms_target_suspend);

/**
 * hms_target_resume - end hms_target_suspend()
 * @target: the target; it is offline when it was before
 *
 * Context: may sleep.
 */
void hms_target_resume(struct hms_target *target)
{
	mutex_lock(&target->offline_lock);
	if (target->suspended) {
		target->suspended = false;
		hms_devmem_close(target->mem, false);
	}
	mutex_unlock(&target->offline_lock);
}
EXPORT_SYMBOL_GPL(hms_target_resume);

/**
 * hms_target_unregister - take a target back
 * @target: from hms_target_register() or hms_target_describe(), also when that failed, or NULL
 *
 * New requests no longer find it, those under way end, and every page that is in the device comes
 * home to main memory. Policies that name it keep its uid. The target and its connections are gone
 * when this returns.
 *
 * Context: may sleep, for as long as it takes to move the pages.
 */
void hms_target_unregister(struct hms_target *target)
{
	bool online;

	if (IS_ERR_OR_NULL(target))
		return;
	/* Of its file "offline" nothing is under way after this either. */
	hms_target_retire(target);
	if (target->described) {
		hms_object_put(&target->obj);
		return;
	}
	hms_transfer_count(target->ops, -1);
	online = hms_devmem_is_coherent(target->mem) &&
		 (target->suspended || !hms_devmem_is_closed(target->mem));
	hms_evacuate(target, 0);
	hms_lend_stop(target);
	hms_devmem_destroy(target->mem);
	if (online)
		module_put(target->owner);
	hms_object_put(&target->obj);
}
EXPORT_SYMBOL_GPL(hms_target_unregister);
