// SPDX-License-Identifier: GPL-2.0
/*
 * Drivers: how the memory of a device becomes a target, and how it leaves again.
 */

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "devmem.h"
#include "evacuate.h"
#include "home.h"
#include "target.h"

/**
 * hms_target_register - offer the memory of a device
 * @desc: what it is; copied, but for what it points to
 *
 * Makes struct pages for the memory (device-private) and shows the target. Programs may move pages
 * into it at once, so the driver must be ready to copy.
 *
 * Context: may sleep.
 * Return: the target or an ERR_PTR(): -EOPNOTSUPP on a kernel without device-private memory,
 * -EINVAL for a size below a page, -ENOMEM, -ENOSPC.
 */
struct hms_target *hms_target_register(const struct hms_target_desc *desc)
{
	struct hms_target *target;
	struct hms_devmem *mem;
	int ret;

	if (!desc->name || !desc->ops || !desc->ops->copy)
		return ERR_PTR(-EINVAL);
	target = hms_target_new_device(desc);
	if (!target)
		return ERR_PTR(-ENOMEM);
	mem = hms_devmem_create(target, desc->size >> PAGE_SHIFT, hms_home_fault);
	if (IS_ERR(mem)) {
		kfree(target);
		return ERR_CAST(mem);
	}
	target->mem = mem;
	ret = hms_target_add_device(target, desc);
	if (ret) {
		hms_devmem_destroy(mem);
		return ERR_PTR(ret);
	}
	return target;
}
EXPORT_SYMBOL_GPL(hms_target_register);

/**
 * hms_target_unregister - take a target back
 * @target: from hms_target_register()
 *
 * New requests no longer find it, those under way end, and every page that is in the device comes
 * home to main memory. Policies that name it keep its uid. The target and its connections are gone
 * when this returns.
 *
 * Context: may sleep, for as long as it takes to move the pages.
 */
void hms_target_unregister(struct hms_target *target)
{
	hms_target_retire(target);
	hms_evacuate(target->mem);
	hms_devmem_destroy(target->mem);
	hms_object_put(&target->obj);
}
EXPORT_SYMBOL_GPL(hms_target_unregister);
