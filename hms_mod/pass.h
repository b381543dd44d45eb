/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_PASS_H
#define _HMS_PASS_H

#include <linux/migrate.h>

#include <hms/driver.h>

/* Pages a pass at most: what one page table page maps, and what is locked at a time. */
#define HMS_PASS_PAGES	512UL

/**
 * struct hms_pass - one run of pages through core's migration
 * @vma: what core works on; @vma.vma is NULL when the pages are given by pfn of a device
 * @npages: entries
 * @src: what core collected
 * @dst: destinations, chosen by the caller between collecting and hms_pass_copy()
 * @copies: room for a batch
 *
 * Collect; set @dst (migrate_pfn() of a locked page) where a page is to move; hms_pass_copy();
 * hms_pass_commit(). Every path ends with hms_pass_commit(), which also restores what was not
 * moved.
 */
struct hms_pass {
	struct migrate_vma vma;
	unsigned long npages;
	unsigned long *src;
	unsigned long *dst;
	struct hms_copy *copies;
};

struct hms_pass *hms_pass_new(unsigned long npages, gfp_t gfp);
void hms_pass_free(struct hms_pass *pass);
int hms_pass_collect(struct hms_pass *pass, struct vm_area_struct *vma, unsigned long start,
		     unsigned long npages, void *owner, bool system, struct page *fault_page);
int hms_pass_collect_device(struct hms_pass *pass, unsigned long first_pfn,
			    unsigned long npages);
u64 hms_pass_copy(struct hms_pass *pass);
void hms_pass_commit(struct hms_pass *pass);
void hms_pass_abort(struct hms_pass *pass);

/* Has entry i a page that core gave us, or, without a page, a hole that may be filled? */
static inline bool hms_pass_has(const struct hms_pass *pass, unsigned long i)
{
	return pass->src[i] & MIGRATE_PFN_MIGRATE;
}

static inline bool hms_pass_is_hole(const struct hms_pass *pass, unsigned long i)
{
	return !(pass->src[i] & MIGRATE_PFN_VALID);
}

/* After hms_pass_commit(): is entry i now where dst said? */
static inline bool hms_pass_moved(const struct hms_pass *pass, unsigned long i)
{
	return pass->dst[i] && (pass->src[i] & MIGRATE_PFN_MIGRATE);
}

#endif /* _HMS_PASS_H */
