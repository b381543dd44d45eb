/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_CHARGE_H
#define _HMS_CHARGE_H

#include <linux/types.h>

struct dmem_cgroup_region;
struct page;

struct dmem_cgroup_region *hms_charge_region_add(const char *name, u64 size);
void hms_charge_region_remove(struct dmem_cgroup_region *region);
int hms_charge(struct dmem_cgroup_region *region, struct page *page, unsigned long npages);
void hms_uncharge(struct page *page, unsigned long npages);

#endif /* _HMS_CHARGE_H */
