/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_LOCATE_H
#define _HMS_LOCATE_H

#include <linux/hmm.h>
#include <linux/mm.h>
#include <linux/pgtable.h>

#include "devmem.h"

/*
 * Where the pages of a window are, an entry each: a pfn; or HMM_PFN_ERROR, where it can't be
 * told; or 0: no page, or, for hms_locate(), one that is being moved.
 */
static inline bool hms_located_unknown(unsigned long entry)
{
	return entry & HMM_PFN_ERROR;
}

/* The number of the page frame, if the entry has one. It says nothing of the struct page. */
static inline unsigned long hms_located_pfn(unsigned long entry)
{
	return entry & ~HMM_PFN_FLAGS;
}

/*
 * The page of an entry, also of one of hmm_range_fault(), or NULL. From there a page that NUMA
 * balancing has made fault once more comes without HMM_PFN_VALID. The zero page is nobody's.
 */
static inline struct page *hms_located_page(unsigned long entry)
{
	unsigned long pfn = hms_located_pfn(entry);
	struct folio *folio;

	if (hms_located_unknown(entry) || !pfn || is_zero_pfn(pfn))
		return NULL;
	/* And a hugetlb entry without a page with a number in place of the pfn. */
	if (!(entry & HMM_PFN_VALID) && hmm_pfn_to_map_order(entry))
		return NULL;
	/* The huge zero page is known by having neither a file nor an anon_vma. */
	folio = page_folio(hmm_pfn_to_page(entry));
	if (folio_test_large(folio) && !READ_ONCE(folio->mapping))
		return NULL;
	return hmm_pfn_to_page(entry);
}

/* The page of an entry, if it is one of this device's, whose struct pages the caller keeps. */
static inline struct page *hms_located_on(const struct hms_devmem *mem, unsigned long entry)
{
	unsigned long pfn = hms_located_pfn(entry);

	if (hms_located_unknown(entry) || !hms_devmem_has(mem, pfn))
		return NULL;
	return pfn_to_page(pfn);
}

void hms_locate(struct vm_area_struct *vma, unsigned long start, unsigned long npages,
		unsigned long *entries);
void hms_locate_all(struct vm_area_struct *vma, unsigned long start, unsigned long npages,
		    unsigned long *entries);

/**
 * struct hms_span - the part of a window from the first page on a device to the last
 * @first: pages before it
 * @npages: how long it is
 * @large: it begins in a large page
 */
struct hms_span {
	unsigned long first;
	unsigned long npages;
	bool large;
};

bool hms_locate_span(struct vm_area_struct *vma, const struct hms_devmem *mem, unsigned long start,
		     unsigned long npages, unsigned long *entries, struct hms_span *span);

/**
 * enum hms_missing - why a page was not found
 * @HMS_MISSING_HOLE: there is none
 * @HMS_MISSING_SWAPPED: a fault brings it back to memory
 * @HMS_MISSING_ELSEWHERE: somebody is moving it, or has brought it meanwhile. A fault on that would
 *	wait, and then bring it home from the device that it has come to
 */
enum hms_missing {
	HMS_MISSING_HOLE,
	HMS_MISSING_SWAPPED,
	HMS_MISSING_ELSEWHERE,
};

enum hms_missing hms_locate_missing(struct mm_struct *mm, unsigned long address);
void hms_locate_fault_in(struct mm_struct *mm, unsigned long start, unsigned long npages,
			 const unsigned long *wanted);

#endif /* _HMS_LOCATE_H */
