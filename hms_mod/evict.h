/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_EVICT_H
#define _HMS_EVICT_H

#include <linux/types.h>

struct hms_lru_want;
struct hms_target;
struct mm_struct;

unsigned long hms_evict(struct hms_target *target, unsigned long npages,
			const struct hms_lru_want *want, struct mm_struct *held);

#endif /* _HMS_EVICT_H */
