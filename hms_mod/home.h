/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_HOME_H
#define _HMS_HOME_H

#include <linux/mm_types.h>

#include "stats.h"

struct hms_pass;
struct hms_target;
struct vm_fault;

vm_fault_t hms_home_fault(struct vm_fault *vmf, struct hms_target *target);
int hms_home_page(struct vm_area_struct *vma, unsigned long address, struct hms_target *target);
bool hms_home_large(struct hms_pass *pass, struct vm_area_struct *vma, unsigned long address,
		    void *owner, struct page *fault_page, enum hms_target_stat why);
struct folio *hms_home_alloc_anywhere(struct vm_area_struct *vma, unsigned long address,
				      gfp_t gfp, unsigned int order, enum hms_target_stat why);
bool hms_home_came(const struct hms_pass *pass, unsigned long i);
int hms_home_pass(struct hms_pass *pass, enum hms_target_stat why);
bool hms_home_replace_lost(struct hms_pass *pass);

#endif /* _HMS_HOME_H */
