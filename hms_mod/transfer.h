/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_TRANSFER_H
#define _HMS_TRANSFER_H

#include <hms/driver.h>

int hms_transfer(struct hms_target *to, struct hms_target *from, const struct hms_copy *copies,
		 unsigned int n);
bool hms_transfer_start(struct hms_target *to, struct hms_target *from,
			const struct hms_copy *copies, unsigned int n, struct hms_fence *fence);
void hms_transfer_count(const struct hms_target_ops *ops, int n);
bool hms_transfer_may_overlap(void);
void hms_fence_init(struct hms_fence *fence);
int hms_fence_wait(struct hms_fence *fence);

#endif /* _HMS_TRANSFER_H */
