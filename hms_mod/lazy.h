/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_LAZY_H
#define _HMS_LAZY_H

#include <linux/types.h>

struct hms_account;
struct mm_struct;
struct page;

int hms_lazy_prepare(void);
unsigned int hms_lazy_alloc(struct hms_account *account, struct mm_struct *mm,
			    struct page **pages, unsigned int n);
struct page *hms_lazy_alloc_large(struct hms_account *account, struct mm_struct *mm);
void hms_lazy_settle(unsigned int n);
void hms_lazy_stop(void);

#endif /* _HMS_LAZY_H */
