/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_FAULT_H
#define _HMS_FAULT_H

#include <linux/types.h>

struct hmm_range;
struct hms_mirror;

int hms_fault_place(struct hms_mirror *mirror, unsigned long address, bool write);
void hms_fault_filter(const struct hms_mirror *mirror, struct hmm_range *range,
		      unsigned long wanted);

#endif /* _HMS_FAULT_H */
