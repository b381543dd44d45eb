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

/**
 * hms_locate_on - find the pages of one device in a window, and what is in main memory
 * @mm: any address space, with users
 * @owner: from hms_devmem_owner(); the caller keeps the device from going
 * @start: first address
 * @npages: pages; mapped or not
 * @entries: receives where they are, see locate.h
 *
 * Context and return: as hms_locate().
 */
int hms_locate_on(struct mm_struct *mm, void *owner, unsigned long start, unsigned long npages,
		  unsigned long *entries)
{
	/* Core asks it only whether something has changed; nothing that it would know has. */
	struct mmu_interval_notifier nobody = { .mm = mm };

	return hms_look(&nobody, start, npages, owner, false, entries);
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
