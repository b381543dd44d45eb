// SPDX-License-Identifier: GPL-2.0
/*
 * Charges: device memory counts for the dmem controller of cgroups, where the kernel has that. Who
 * puts a page there pays for it until it is freed. (What it costs the memory controller, core
 * counts: a page keeps that charge wherever it goes.)
 *
 * The controller takes back what was charged in one go in one go, and a large page may be split and
 * freed in pieces. So each page is a charge of its own, and knows who pays by its zone_device_data.
 */

#include <linux/err.h>
#include <linux/mm.h>

#include "compat/compat.h"
#include "charge.h"

/**
 * hms_charge_region_add - let cgroups limit a device's memory
 * @name: the device; cgroups know its memory as hms/@name
 * @size: bytes
 *
 * Return: the region, NULL where the kernel has no such limits, or an ERR_PTR().
 */
struct dmem_cgroup_region *hms_charge_region_add(const char *name, u64 size)
{
	const struct dmem_cgroup_init init = { .size = size };

	return dmem_cgroup_register_region(&init, "hms/%s", name);
}

/**
 * hms_charge_region_remove - end hms_charge_region_add()
 * @region: from there; nothing of it is charged any more
 */
void hms_charge_region_remove(struct dmem_cgroup_region *region)
{
	dmem_cgroup_unregister_region(region);
}

/**
 * hms_charge - charge the caller's cgroup
 * @region: of the device, or NULL
 * @page: the first of the pages; knows of it afterwards
 * @npages: how many; more than one are a large page
 *
 * Context: may sleep.
 * Return: 0, -EAGAIN when a limit is reached, -ENOMEM.
 */
int hms_charge(struct dmem_cgroup_region *region, struct page *page, unsigned long npages)
{
	struct dmem_cgroup_pool_state *pool, *payer = NULL;
	unsigned long n;
	int ret = 0;

	page->zone_device_data = NULL;
	if (!region)
		return 0;
	for (n = 0; n < npages; n++) {
		ret = dmem_cgroup_try_charge(region, PAGE_SIZE, &pool, NULL);
		if (ret)
			break;
		/* Moved to another cgroup in between. */
		if (n && pool != payer) {
			dmem_cgroup_uncharge(pool, PAGE_SIZE);
			ret = -EAGAIN;
			break;
		}
		payer = pool;
		page->zone_device_data = payer;
	}
	if (ret)
		hms_uncharge(page, n);
	return ret;
}

/**
 * hms_uncharge - end hms_charge()
 * @page: the first of the pages
 * @npages: how many
 *
 * Context: any.
 */
void hms_uncharge(struct page *page, unsigned long npages)
{
	struct dmem_cgroup_pool_state *payer = page->zone_device_data;

	if (!payer)
		return;
	while (npages--)
		dmem_cgroup_uncharge(payer, PAGE_SIZE);
}
