// SPDX-License-Identifier: GPL-2.0
/*
 * Where pages are, read from the page tables through hmm_range_fault without faulting anything in.
 *
 * Core shows a device page only to the owner of its pgmap, so there is a look for each owner that
 * has pages, until every page is found.
 */

#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "compat/compat.h"
#include "binding.h"
#include "devmem.h"
#include "locate.h"

/* Looks at a window that other threads keep changing. */
#define HMS_LOCATE_TRIES	16

static int hms_look(struct mmu_interval_notifier *notifier, unsigned long start,
		    unsigned long npages, void *owner, bool fault, unsigned long *entries)
{
	struct hmm_range range = {
		.notifier = notifier,
		.start = start,
		.end = start + (npages << PAGE_SHIFT),
		.hmm_pfns = entries,
		.default_flags = fault ? HMM_PFN_REQ_FAULT : 0,
		.dev_private_owner = owner,
	};
	int tries = HMS_LOCATE_TRIES;
	int ret;

	do {
		memset(entries, 0, npages * sizeof(*entries));
		/*
		 * Not mmu_interval_read_begin(), which waits for an invalidation to end: it may be
		 * waiting in turn for a page that we have collected. What is found is a hint.
		 */
		range.notifier_seq = READ_ONCE(notifier->invalidate_seq);
		ret = hms_hmm_range_fault(&range);
	} while (ret == -EBUSY && --tries);
	return ret;
}

/* Of a large page core says to all but its owner that it can't be told. */
static bool hms_found(unsigned long entry)
{
	return entry && !hms_located_unknown(entry);
}

static bool hms_all_found(const unsigned long *entries, unsigned long npages)
{
	unsigned long i;

	for (i = 0; i < npages; i++) {
		if (!hms_found(entries[i]))
			return false;
	}
	return true;
}

/**
 * hms_locate - find the pages of a window
 * @binding: of the address space
 * @start: first address
 * @npages: pages; mapped or not
 * @entries: receives where they are, see locate.h
 *
 * The answer may be old when it comes, and no reference is taken: look at the pages under
 * hms_devmem_read_lock() only.
 *
 * Context: mmap_lock held for read. May sleep.
 * Return: 0; -EBUSY when the page tables would not keep still; -ENOMEM.
 */
int hms_locate(struct hms_binding *binding, unsigned long start, unsigned long npages,
	       unsigned long *entries)
{
	struct mmu_interval_notifier *notifier = &binding->notifier;
	void *owners[HMS_MAX_OWNERS];
	unsigned int nowners = hms_devmem_owners(owners, HMS_MAX_OWNERS);
	unsigned long *more = NULL;
	unsigned long i;
	unsigned int o;
	int ret;

	ret = hms_look(notifier, start, npages, nowners ? owners[0] : NULL, false, entries);
	for (o = 1; o < nowners && !ret && !hms_all_found(entries, npages); o++) {
		if (!more)
			more = kvmalloc_array(npages, sizeof(*more), GFP_KERNEL);
		if (!more)
			return -ENOMEM;
		ret = hms_look(notifier, start, npages, owners[o], false, more);
		for (i = 0; i < npages && !ret; i++)
			entries[i] = hms_found(entries[i]) ? entries[i] : more[i];
	}
	kvfree(more);
	return ret;
}

/* Is it on the device, or can't be told? That is so where the process may not read. */
static bool hms_may_be_on(const struct hms_devmem *mem, unsigned long entry)
{
	return hms_located_unknown(entry) || hms_devmem_has(mem, hms_located_pfn(entry));
}

/**
 * hms_locate_span - find the pages of one device in a window
 * @mm: any address space, with users
 * @mem: of the device; the caller keeps it from going
 * @start: first address
 * @npages: pages; mapped or not
 * @entries: room for the window
 * @span: receives the part that has some
 *
 * Context: as hms_locate().
 * Return: false when there are none, or that can't be told.
 */
bool hms_locate_span(struct mm_struct *mm, const struct hms_devmem *mem, unsigned long start,
		     unsigned long npages, unsigned long *entries, struct hms_span *span)
{
	/* Core asks it only whether something has changed; nothing that it would know has. */
	struct mmu_interval_notifier nobody = { .mm = mm };
	unsigned long first = 0, n = npages;
	int idx = hms_devmem_read_lock();

	if (hms_look(&nobody, start, npages, hms_devmem_owner(mem), false, entries))
		n = 0;
	while (n && !hms_may_be_on(mem, entries[n - 1]))
		n--;
	while (first < n && !hms_may_be_on(mem, entries[first]))
		first++;
	span->first = first;
	span->npages = n - first;
	span->large = n && hms_hmm_is_large(entries[first]);
	hms_devmem_read_unlock(idx);
	return n;
}

/**
 * hms_locate_is_swapped - has a page that was not found to be brought back to memory by a fault
 * @mm: the address space
 * @address: of the page
 *
 * Not what somebody else is moving, or has moved since: a fault on that would wait, and then bring
 * it home from the device that it has come to. hmm_range_fault() does not tell these apart.
 *
 * Context: mmap_lock held.
 */
bool hms_locate_is_swapped(struct mm_struct *mm, unsigned long address)
{
	pgd_t *pgd = pgd_offset(mm, address);
	p4d_t *p4d;
	pud_t *pudp, pud;
	pmd_t pmd;
	bool swapped;

	if (pgd_none(*pgd))
		return false;
	p4d = p4d_offset(pgd, address);
	if (p4d_none(*p4d))
		return false;
	pudp = pud_offset(p4d, address);
	pud = READ_ONCE(*pudp);
	if (!pud_present(pud) || pud_leaf(pud))
		return false;
	/* An empty page table may be freed meanwhile, by RCU. */
	rcu_read_lock();
	pmd = READ_ONCE(*pmd_offset(pudp, address));
	swapped = pmd_present(pmd) && !pmd_trans_huge(pmd) &&
		  hms_pte_wants_fault(READ_ONCE(*pte_offset_kernel(&pmd, address)));
	rcu_read_unlock();
	return swapped;
}

/**
 * hms_locate_fault_in - bring swapped-out pages back to memory
 * @binding: of the address space
 * @start: first address
 * @npages: pages
 * @wanted: which of them, a bit each
 * @entries: room for the window
 *
 * Best effort: who wants to know looks again.
 *
 * Context: mmap_lock held for read. May sleep.
 */
void hms_locate_fault_in(struct hms_binding *binding, unsigned long start,
			 unsigned long npages, const unsigned long *wanted, unsigned long *entries)
{
	unsigned long first, last;

	/* Run by run, as core faults in all that follows a page that is asked for. */
	for_each_set_bitrange(first, last, wanted, npages)
		hms_look(&binding->notifier, start + (first << PAGE_SHIFT), last - first, NULL,
			 true, entries);
}
