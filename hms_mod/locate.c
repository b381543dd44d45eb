// SPDX-License-Identifier: GPL-2.0
/*
 * Where pages are, read from the page tables, without faulting anything in. hmm_range_fault() would
 * tell too, but a device page only to its owner: it would have to be asked once for each device. It
 * is asked where it knows more: of hugetlb, whose page tables are shared under locks of its own.
 */

#include <linux/bitmap.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/sched/signal.h>

#include "compat/compat.h"
#include "devmem.h"
#include "locate.h"

/* Faults on a swapped-out page at most. */
#define HMS_LOCATE_TRIES	3

/* As an entry of hmm_range_fault() says it. */
static unsigned long hms_located(unsigned long pfn, unsigned int order)
{
	return pfn | HMM_PFN_VALID | (unsigned long)order << HMM_PFN_ORDER_SHIFT;
}

/* Of a page that somebody is moving: it is where it was until that is done. */
static unsigned long hms_located_moving(swp_entry_t leaf, unsigned int order)
{
	unsigned long pfn = hms_leaf_pfn(leaf);
	struct page *page = pfn_to_page(pfn);

	return !is_zone_device_page(page) || hms_devmem_is_ours(page) ? hms_located(pfn, order) : 0;
}

/*
 * The same of what is not present: that may be a device page. Those of other drivers may go at any
 * moment, and are not looked at. Asked for each page that is on a device: a call is felt.
 */
static __always_inline unsigned long hms_located_leaf(swp_entry_t leaf, unsigned int order,
						      bool moving)
{
	unsigned long pfn;

	if (!hms_leaf_is_device(leaf))
		return moving && hms_leaf_is_migration(leaf) ? hms_located_moving(leaf, order) : 0;
	pfn = hms_leaf_pfn(leaf);
	return hms_devmem_is_ours(pfn_to_page(pfn)) ? hms_located(pfn, order) : HMM_PFN_ERROR;
}

/*
 * What a large mapping leads to, as an entry, or 0; then @pmd has a page table, or none. Each level
 * is read once. Interrupts off.
 */
static unsigned long hms_descend(struct mm_struct *mm, unsigned long address, bool moving,
				 pmd_t *pmd)
{
	pgd_t *pgd = pgd_offset(mm, address);
	unsigned long offset = (address & ~PMD_MASK) >> PAGE_SHIFT, entry;
	const unsigned int order = PMD_SHIFT - PAGE_SHIFT;
	p4d_t *p4d;
	pud_t *pudp, pud;

	*pmd = __pmd(0);
	if (pgd_none(*pgd))
		return 0;
	p4d = p4d_offset(pgd, address);
	if (p4d_none(*p4d))
		return 0;
	pudp = pud_offset(p4d, address);
	pud = READ_ONCE(*pudp);
	if (pud_none(pud))
		return 0;
	/* No memory that HMS knows of is mapped so. */
	if (!pud_present(pud) || pud_leaf(pud))
		return HMM_PFN_ERROR;
	*pmd = READ_ONCE(*pmd_offset_lockless(pudp, pud, address));
	if (pmd_present(*pmd) && !pmd_leaf(*pmd))
		return 0;
	entry = pmd_present(*pmd) ? hms_located(pmd_pfn(*pmd), order) :
				    hms_located_leaf(hms_leaf_of_pmd(*pmd), order, moving);
	*pmd = __pmd(0);
	return hms_located_pfn(entry) ? entry + offset : entry;
}

static unsigned long hms_pte_entry(pte_t pte, bool moving)
{
	unsigned long pfn;

	if (pte_present(pte)) {
		pfn = pte_pfn(pte);
		return pte_special(pte) && !is_zero_pfn(pfn) ? HMM_PFN_ERROR : hms_located(pfn, 0);
	}
	return hms_located_leaf(hms_leaf_of_pte(pte), 0, moving);
}

/* All of them in one page table page. */
static void hms_locate_some(struct mm_struct *mm, unsigned long address, unsigned long npages,
			    bool moving, unsigned long *entries)
{
	unsigned long flags, large, i;
	pte_t *pte;
	pmd_t pmd;

	/* As in get_user_pages_fast(): a page table that core takes away is not freed meanwhile. */
	local_irq_save(flags);
	large = hms_descend(mm, address, moving, &pmd);
	pte = pmd_none(pmd) ? NULL : pte_offset_kernel(&pmd, address);
	for (i = 0; i < npages; i++) {
		if (pte)
			entries[i] = hms_pte_entry(ptep_get_lockless(pte + i), moving);
		else
			entries[i] = hms_located_pfn(large) ? large + i : large;
	}
	local_irq_restore(flags);
}

/* Nobody can tell. */
static void hms_locate_none(unsigned long npages, unsigned long *entries)
{
	unsigned long i;

	for (i = 0; i < npages; i++)
		entries[i] = HMM_PFN_ERROR;
}

static void hms_locate_hugetlb(struct mm_struct *mm, unsigned long start, unsigned long npages,
			       unsigned long *entries)
{
	/* Core asks it only whether something has changed; nothing that it would know has. */
	struct mmu_interval_notifier nobody = { .mm = mm };
	struct hmm_range range = {
		.notifier = &nobody,
		.start = start,
		.end = start + (npages << PAGE_SHIFT),
		.hmm_pfns = entries,
	};

	memset(entries, 0, npages * sizeof(*entries));
	if (hms_hmm_range_fault(&range))
		hms_locate_none(npages, entries);
}

static void hms_locate_in(struct vm_area_struct *vma, unsigned long start, unsigned long npages,
			  bool moving, unsigned long *entries)
{
	unsigned long end = start + (npages << PAGE_SHIFT), next;

	if (is_vm_hugetlb_page(vma)) {
		hms_locate_hugetlb(vma->vm_mm, start, npages, entries);
		return;
	}
	/* What is behind these may have no struct page, or one that goes at any moment. */
	if ((vma->vm_flags & (VM_IO | VM_PFNMAP | VM_MIXEDMAP)) || vma_is_dax(vma)) {
		hms_locate_none(npages, entries);
		return;
	}
	for (; start < end; start = next) {
		next = pmd_addr_end(start, end);
		hms_locate_some(vma->vm_mm, start, (next - start) >> PAGE_SHIFT, moving, entries);
		entries += (next - start) >> PAGE_SHIFT;
	}
}

/**
 * hms_locate - find the pages of a window that may be had
 * @vma: the mapping
 * @start: first address
 * @npages: pages, all of them in @vma
 * @entries: receives where they are, see locate.h; 0 also for one that somebody is moving
 *
 * The answer may be old when it comes, and no reference is taken: look at the pages under
 * hms_devmem_read_lock() only.
 *
 * Context: mmap_lock held for read. May sleep.
 */
void hms_locate(struct vm_area_struct *vma, unsigned long start, unsigned long npages,
		unsigned long *entries)
{
	hms_locate_in(vma, start, npages, false, entries);
}

/**
 * hms_locate_all - find the pages of a window
 * @vma: the mapping
 * @start: first address
 * @npages: pages, all of them in @vma
 * @entries: as for hms_locate(), but one that somebody is moving is where it still is
 *
 * Context: as hms_locate().
 */
void hms_locate_all(struct vm_area_struct *vma, unsigned long start, unsigned long npages,
		    unsigned long *entries)
{
	hms_locate_in(vma, start, npages, true, entries);
}

/**
 * hms_locate_span - find the pages of one device in a window
 * @vma: the mapping
 * @mem: of the device; the caller keeps it from going
 * @start: first address
 * @npages: pages, all of them in @vma
 * @entries: room for the window
 * @span: receives the part that has some
 *
 * Context: as hms_locate().
 * Return: false when there are none.
 */
bool hms_locate_span(struct vm_area_struct *vma, const struct hms_devmem *mem, unsigned long start,
		     unsigned long npages, unsigned long *entries, struct hms_span *span)
{
	unsigned long first = 0, n = npages;

	hms_locate(vma, start, npages, entries);
	while (n && !hms_devmem_has(mem, hms_located_pfn(entries[n - 1])))
		n--;
	while (first < n && !hms_devmem_has(mem, hms_located_pfn(entries[first])))
		first++;
	span->first = first;
	span->npages = n - first;
	span->large = n && hms_hmm_is_large(entries[first]);
	return n;
}

static enum hms_missing hms_pte_missing(pte_t pte)
{
	swp_entry_t leaf;

	if (pte_none(pte))
		return HMS_MISSING_HOLE;
	if (pte_present(pte))
		return HMS_MISSING_ELSEWHERE;
	leaf = hms_leaf_of_pte(pte);
	if (hms_leaf_is_migration(leaf) || hms_leaf_is_device(leaf))
		return HMS_MISSING_ELSEWHERE;
	/* That says of a hole that it is protected, or a guard, or that a page was lost. */
	return hms_leaf_is_marker(leaf) ? HMS_MISSING_HOLE : HMS_MISSING_SWAPPED;
}

/**
 * hms_locate_missing - what there is of a page that was not found
 * @mm: the address space
 * @address: of the page
 *
 * hmm_range_fault() does not tell these apart.
 *
 * Context: mmap_lock held.
 */
enum hms_missing hms_locate_missing(struct mm_struct *mm, unsigned long address)
{
	enum hms_missing missing;
	unsigned long flags;
	pmd_t pmd;

	local_irq_save(flags);
	if (hms_descend(mm, address, true, &pmd))
		missing = HMS_MISSING_ELSEWHERE;
	else if (pmd_none(pmd))
		missing = HMS_MISSING_HOLE;
	else
		missing = hms_pte_missing(ptep_get_lockless(pte_offset_kernel(&pmd, address)));
	local_irq_restore(flags);
	return missing;
}

/**
 * hms_locate_fault_in - bring swapped-out pages back to memory
 * @mm: the address space
 * @start: first address
 * @npages: pages
 * @wanted: which of them, a bit each
 *
 * Best effort: who wants to know looks again.
 *
 * Context: mmap_lock held for read. May sleep.
 */
void hms_locate_fault_in(struct mm_struct *mm, unsigned long start, unsigned long npages,
			 const unsigned long *wanted)
{
	unsigned long at, i;
	int tries;

	for_each_set_bit(i, wanted, npages) {
		if (fatal_signal_pending(current))
			break;
		at = start + (i << PAGE_SHIFT);
		/* A fault may find that another thread is at it, and leave it to the next. */
		for (tries = HMS_LOCATE_TRIES; tries; tries--) {
			if (hms_locate_missing(mm, at) != HMS_MISSING_SWAPPED ||
			    fixup_user_fault(mm, at, FAULT_FLAG_REMOTE, NULL))
				break;
		}
	}
}
