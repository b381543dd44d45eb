/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_RMAP_H
#define _HMS_RMAP_H

#include <linux/mm_types.h>

struct mm_struct *hms_rmap_mapper(struct page *page, unsigned int nth, struct mm_struct *held,
				  unsigned long *address);

#endif /* _HMS_RMAP_H */
