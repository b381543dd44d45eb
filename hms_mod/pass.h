/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_PASS_H
#define _HMS_PASS_H

#include <linux/migrate.h>

#include <hms/driver.h>

#include "latency.h"
#include "stats.h"

/* Pages a pass at most: what one page table page maps, and what is locked at a time. */
#define HMS_PASS_PAGES	512UL

/**
 * struct hms_pass - one run of pages through core's migration
 * @vma: what core works on; without a mapping when pages were collected by the device's memory
 * @mm: the address space that has them, or NULL: it is not known, then
 * @policy: is what they came under as far as is known, or NULL
 * @npages: entries
 * @src: what core collected
 * @dst: destinations, chosen by the caller between collecting and hms_pass_copy()
 * @copies: room for what is copied, an entry each
 * @times: when it did what
 * @began: for who traces what leaves a device: when, or 0; up to who runs it
 * @to: uid of the target that the first page of those that moved is on now
 * @poison: pages to take the place of what is lost, or NULL, see poison.c
 * @serial: of who runs it, see hms_order_serial(); what comes to a device is known by it
 * @error: why the first page that was not copied was not
 * @nruns: runs of pages with the same ends that hms_pass_copy() has found, and placeholders
 * @fence: what a driver has begun to copy
 * @copied: pages that were copied
 * @started: pages that are being copied
 * @going: entries that it has given what their destination wants
 * @to_device: some of them go to a device
 * @large: it is one large page; entry 0 stands for it, the others are empty
 * @held: the large page of a device that it holds as a fault would, or NULL, as at first
 *
 * Collect; set @dst (migrate_pfn() of a locked page) where a page is to move; hms_pass_copy();
 * hms_pass_commit(). Every path ends with hms_pass_commit(), which also restores what was not
 * moved.
 */
struct hms_pass {
	struct migrate_vma vma;
	struct mm_struct *mm;
	struct hms_policy *policy;
	unsigned long npages;
	unsigned long *src;
	unsigned long *dst;
	struct hms_copy *copies;
	struct hms_times times;
	u64 began;
	struct hms_devmem *poison;
	u32 serial;
	u32 to;
	int error;
	unsigned int nruns;
	struct hms_fence fence;
	u64 copied;
	unsigned int started;
	unsigned int going;
	bool to_device;
	bool large;
	struct folio *held;
};

struct hms_pass *hms_pass_new(unsigned long npages, gfp_t gfp);
void hms_pass_free(struct hms_pass *pass);
int hms_pass_collect(struct hms_pass *pass, struct vm_area_struct *vma, unsigned long start,
		     unsigned long npages, void *owner, bool system, struct page *fault_page);
void hms_pass_collect_frames(struct hms_pass *pass, struct page *page, unsigned long npages,
			     unsigned long start, void *owner);
bool hms_pass_collect_large(struct hms_pass *pass, struct vm_area_struct *vma, unsigned long start,
			    void *owner, bool system, struct page *fault_page);
bool hms_pass_collect_large_hole(struct hms_pass *pass, struct vm_area_struct *vma,
				 unsigned long start);
void hms_pass_set_large(struct hms_pass *pass, struct page *page);
bool hms_pass_copy_start(struct hms_pass *pass);
u64 hms_pass_copy_end(struct hms_pass *pass);
u64 hms_pass_copy(struct hms_pass *pass);
unsigned long hms_pass_commit(struct hms_pass *pass, enum hms_target_stat why);
void hms_pass_abort(struct hms_pass *pass);

/* Entries that say something: of a large page the first alone does. */
static inline unsigned long hms_pass_entries(const struct hms_pass *pass)
{
	return pass->large ? 1 : pass->npages;
}

/* Has core given us this entry: a page, or a hole that may be filled? */
static inline bool hms_collected(unsigned long src)
{
	return src & MIGRATE_PFN_MIGRATE;
}

static inline bool hms_collected_hole(unsigned long src)
{
	return hms_collected(src) && !(src & MIGRATE_PFN_VALID);
}

static inline bool hms_collected_page(unsigned long src)
{
	return hms_collected(src) && (src & MIGRATE_PFN_VALID);
}

/* After hms_pass_commit(): is the entry now where dst said? */
static inline bool hms_moved(unsigned long src, unsigned long dst)
{
	return dst && hms_collected(src);
}

#endif /* _HMS_PASS_H */
