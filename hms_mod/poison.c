// SPDX-License-Identifier: GPL-2.0
/*
 * Poison: what was in memory that failed, or went without notice, is lost, and who touches it has
 * to hear of that. As long as the struct pages of the device are there, they know; when they go,
 * pages without memory take their place, of which a touch is an error for as long as they are
 * mapped anywhere. They hold this module, whose code that is.
 */

#include <linux/err.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "devmem.h"
#include "poison.h"
#include "stats.h"
#include "target.h"

/**
 * struct hms_poison - the pages that stand for those of one device
 * @target: of no driver, and not in the map
 * @list: on hms_poisons, as soon as no more will be taken
 */
struct hms_poison {
	struct hms_target target;
	struct list_head list;
};

static LIST_HEAD(hms_poisons);
static DEFINE_MUTEX(hms_poison_lock);

/* Destroy those whose pages are all free. */
static void hms_poison_sweep(struct work_struct *unused)
{
	struct hms_poison *poison, *next;

	mutex_lock(&hms_poison_lock);
	list_for_each_entry_safe(poison, next, &hms_poisons, list) {
		if (hms_devmem_used(poison->target.mem))
			continue;
		list_del(&poison->list);
		hms_devmem_destroy(poison->target.mem);
		kfree(poison);
		/* Who unloads waits for this work. */
		module_put(THIS_MODULE);
	}
	mutex_unlock(&hms_poison_lock);
}

static DECLARE_WORK(hms_poison_work, hms_poison_sweep);

static void hms_poison_emptied(void)
{
	schedule_work(&hms_poison_work);
}

static vm_fault_t hms_poison_touched(struct vm_fault *vmf, struct hms_target *target)
{
	hms_stat_add(HMS_STAT_LOST_TOUCHED, 1);
	return VM_FAULT_HWPOISON;
}

static const struct hms_devmem_ops hms_poison_ops = {
	.touched = hms_poison_touched,
	.emptied = hms_poison_emptied,
	.what = HMS_DEVMEM_POISON,
};

/**
 * hms_poison_new - make pages that stand for lost ones
 * @npages: how many
 *
 * Context: may sleep.
 * Return: their memory, which hms_poison_close() is owed, or an ERR_PTR().
 */
struct hms_devmem *hms_poison_new(unsigned long npages)
{
	struct hms_poison *poison = kzalloc(sizeof(*poison), GFP_KERNEL);
	struct hms_devmem *mem;

	if (!poison)
		return ERR_PTR(-ENOMEM);
	hms_target_init(&poison->target);
	mem = hms_devmem_create(&poison->target, NULL, npages, 0, &hms_poison_ops);
	if (IS_ERR(mem)) {
		kfree(poison);
		return mem;
	}
	poison->target.mem = mem;
	/* A driver calls, which needs us. */
	__module_get(THIS_MODULE);
	return mem;
}

/**
 * hms_poison_alloc - take a page
 * @mem: from hms_poison_new()
 *
 * Return: a page, locked and with one reference, or NULL when there is none left.
 */
struct page *hms_poison_alloc(struct hms_devmem *mem)
{
	struct page *page;

	return hms_devmem_alloc(mem, GLOBAL_ROOT_UID, &page, 1) ? page : NULL;
}

/**
 * hms_poison_close - no more pages will be taken
 * @mem: from hms_poison_new(); goes with its last page
 */
void hms_poison_close(struct hms_devmem *mem)
{
	struct hms_poison *poison = container_of(hms_devmem_is_of(mem), struct hms_poison, target);

	mutex_lock(&hms_poison_lock);
	list_add(&poison->list, &hms_poisons);
	mutex_unlock(&hms_poison_lock);
	schedule_work(&hms_poison_work);
}

/**
 * hms_poison_stop - wait for what is being destroyed
 *
 * Context: may sleep. There are no such pages any more, as they hold the module.
 */
void hms_poison_stop(void)
{
	flush_work(&hms_poison_work);
}
