// SPDX-License-Identifier: GPL-2.0
/*
 * Large pages that core is about to split.
 *
 * Before 7.x migrate_vma_setup() splits a page that a PMD maps. When it finds it locked it passes
 * over it, and forgets the reference that it has just taken: the page is never freed. Mostly it is
 * another mover who has it locked. So one of us at a time asks core for a page, and none of us for
 * one that is locked. Anybody else would have to lock it in the moment between.
 */

#include <linux/hmm.h>
#include <linux/pagemap.h>

#include "claim.h"
#include "split.h"

static struct hms_claims hms_split_claims;

/* As if large pages were numbered, so that neighbours have different bits. */
static unsigned long hms_split_number(unsigned long entry)
{
	return page_to_pfn(hmm_pfn_to_page(entry)) >> (PMD_SHIFT - PAGE_SHIFT);
}

/**
 * hms_split_lock - be the only one of us who asks core for a large page
 * @entry: of hms_locate(), for which hms_split_matters(); the page may have gone since
 *
 * Context: mmap_lock held for read; folio locks may be held, as who has claimed a page waits for
 * none. May sleep.
 */
void hms_split_lock(unsigned long entry)
{
	hms_claim(&hms_split_claims, hms_split_number(entry));
}

/**
 * hms_split_may_ask - has nobody else locked the large page
 * @entry: as for hms_split_lock(), and still so
 */
bool hms_split_may_ask(unsigned long entry)
{
	return !folio_test_locked(page_folio(hmm_pfn_to_page(entry)));
}

/**
 * hms_split_unlock - let another one ask
 * @entry: as for hms_split_lock()
 */
void hms_split_unlock(unsigned long entry)
{
	hms_claim_drop(&hms_split_claims, hms_split_number(entry));
}
