/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_ORDER_H
#define _HMS_ORDER_H

#include <linux/mm_types.h>

struct hms_pass;
struct hms_policy;
struct hms_target;

u32 hms_order_serial(void);
u8 hms_order_priority(struct mm_struct *mm, unsigned long address, unsigned long *last);
bool hms_order_is_stuck(const struct hms_policy *policy, const struct hms_target *target,
			unsigned long address);
void hms_order_enter(const struct hms_pass *pass);
void hms_order_left(u32 who, unsigned long address);

#endif /* _HMS_ORDER_H */
