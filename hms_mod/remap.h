/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_REMAP_H
#define _HMS_REMAP_H

#include <linux/types.h>

struct hms_binding;
struct mmu_notifier_range;

bool hms_remap_unmaps(struct hms_binding *binding, const struct mmu_notifier_range *range);
unsigned long hms_remap_heritable(struct hms_binding *binding);
void hms_remap_others(struct hms_binding *binding, unsigned long first, unsigned long last);

void hms_remap_stop(void);

#endif /* _HMS_REMAP_H */
