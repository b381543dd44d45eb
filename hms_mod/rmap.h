/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_RMAP_H
#define _HMS_RMAP_H

#include <linux/mm_types.h>

struct anon_vma;

/**
 * struct hms_rmap_hold - pages that are kept for who moves them without mmap_lock
 * @page: the first
 * @npages: how many, one behind the other; 0 after hms_rmap_let_pages_go()
 * @anon_vma: of all of them, a reference
 * @mm: the address space that maps them, with a reference to its struct; or NULL: there may be
 *	several
 * @start: where the first one is in @mm; without, where it was when it came into being
 * @has_mempolicy: one of the mappings has
 * @is_mlocked: one of the mappings is
 */
struct hms_rmap_hold {
	struct page *page;
	unsigned long npages;
	struct anon_vma *anon_vma;
	struct mm_struct *mm;
	unsigned long start;
	bool has_mempolicy;
	bool is_mlocked;
};

struct mm_struct *hms_rmap_mapper(struct page *page, unsigned int nth, struct mm_struct *held,
				  unsigned long *address);
bool hms_rmap_hold(struct page *page, unsigned long n, struct hms_rmap_hold *hold);
void hms_rmap_let_pages_go(struct hms_rmap_hold *hold);
void hms_rmap_let_go(struct hms_rmap_hold *hold);

#endif /* _HMS_RMAP_H */
