// SPDX-License-Identifier: GPL-2.0
/*
 * The mirror: keeps a device page table true to that of a process.
 *
 * By spans of the address space, each with a notifier, from when the device first touches it: what
 * happens to the rest of the page table does not concern the device, nor keep its faults from
 * coming to an end.
 *
 * A device fault reads the page tables with hmm_range_fault and enters what it finds under the
 * lock of the mirror, unless a notifier came in between; notifiers take entries back under the
 * same lock. No notifier is ever skipped: when pages move into the device itself, its entries for
 * where they were go like any other, and the next access finds them at the new place.
 */

#include <linux/atomic.h>
#include <linux/cred.h>
#include <linux/hmm.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <hms/driver.h>

#include "compat/compat.h"
#include "devmem.h"
#include "fault.h"
#include "home.h"
#include "order.h"
#include "stats.h"
#include "target.h"

/* A fault enters what is present around it, too: this many pages, aligned. */
#define HMS_MIRROR_BLOCK	64UL

/* A device fault that gets nowhere for so long gives up. */
#define HMS_MIRROR_PATIENCE	(10 * HZ)

/* What one notifier follows; a multiple of HMS_MIRROR_BLOCK pages. */
#define HMS_MIRROR_SPAN		SZ_32M

struct hms_mirror_span {
	struct mmu_interval_notifier notifier;
	struct hms_mirror *mirror;
};

static bool hms_mirror_invalidate(struct mmu_interval_notifier *notifier,
				  const struct mmu_notifier_range *range, unsigned long seq)
{
	struct hms_mirror *mirror =
		container_of(notifier, struct hms_mirror_span, notifier)->mirror;

	spin_lock(&mirror->lock);
	mmu_interval_set_seq(notifier, seq);
	mirror->ops->unmap(mirror, max(range->start, notifier->interval_tree.start),
			   min(range->end, notifier->interval_tree.last + 1));
	spin_unlock(&mirror->lock);
	return true;
}

static const struct mmu_interval_notifier_ops hms_mirror_notifier_ops = {
	.invalidate = hms_mirror_invalidate,
};

static struct hms_mirror_span *hms_mirror_span_new(struct hms_mirror *mirror, unsigned long start)
{
	struct hms_mirror_span *span = kzalloc(sizeof(*span), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!span)
		return ERR_PTR(-ENOMEM);
	span->mirror = mirror;
	ret = mmu_interval_notifier_insert(&span->notifier, mirror->mm, start, HMS_MIRROR_SPAN,
					   &hms_mirror_notifier_ops);
	if (!ret)
		return span;
	kfree(span);
	return ERR_PTR(ret);
}

static void hms_mirror_span_free(struct hms_mirror_span *span)
{
	mmu_interval_notifier_remove(&span->notifier);
	kfree(span);
}

/* The span of an address, followed from now on. */
static struct hms_mirror_span *hms_mirror_span(struct hms_mirror *mirror, unsigned long address)
{
	unsigned long index = address / HMS_MIRROR_SPAN;
	struct hms_mirror_span *span = xa_load(&mirror->spans, index);
	int ret;

	if (span)
		return span;
	span = hms_mirror_span_new(mirror, index * HMS_MIRROR_SPAN);
	if (IS_ERR(span))
		return span;
	ret = xa_insert(&mirror->spans, index, span, GFP_KERNEL_ACCOUNT);
	if (!ret)
		return span;
	hms_mirror_span_free(span);
	/* Another thread was first. */
	return ret == -EBUSY ? xa_load(&mirror->spans, index) : ERR_PTR(ret);
}

/**
 * hms_mirror_add - start to follow an address space
 * @mirror: the caller's memory, until hms_mirror_remove()
 * @mm: the address space; it is not kept alive
 * @target: the device's own memory
 * @ops: the device page table
 *
 * What the device's faults put on it the caller's user has, see the file user_limit of a target.
 *
 * Context: any.
 */
void hms_mirror_add(struct hms_mirror *mirror, struct mm_struct *mm, struct hms_target *target,
		    const struct hms_mirror_ops *ops)
{
	static atomic_long_t serial;

	spin_lock_init(&mirror->lock);
	mirror->serial = atomic_long_inc_return(&serial);
	mirror->user = current_uid();
	mirror->target = target;
	mirror->ops = ops;
	mirror->mm = mm;
	mmgrab(mm);
	xa_init(&mirror->spans);
}
EXPORT_SYMBOL_GPL(hms_mirror_add);

/**
 * hms_mirror_remove - stop following
 * @mirror: from hms_mirror_add()
 *
 * No callback runs after this. Entries of the device page table are the caller's to drop.
 *
 * Context: may sleep; no lock held that a notifier could want.
 */
void hms_mirror_remove(struct hms_mirror *mirror)
{
	struct hms_mirror_span *span;
	unsigned long index;

	xa_for_each(&mirror->spans, index, span)
		hms_mirror_span_free(span);
	xa_destroy(&mirror->spans);
	mmdrop(mirror->mm);
}
EXPORT_SYMBOL_GPL(hms_mirror_remove);

/*
 * Core hands the device its own pages without asking for the right to write. One that is mapped
 * read-only (after fork, or mprotect) must come home first, and then be faulted for writing.
 */
static int hms_mirror_unshare(struct hms_mirror *mirror, unsigned long address)
{
	struct vm_area_struct *vma = vma_lookup(mirror->mm, address);

	if (!vma)
		return -EFAULT;
	if (!(vma->vm_flags & VM_WRITE))
		return -EPERM;
	return hms_home_page(vma, address, mirror->target);
}

static int hms_mirror_enter(struct hms_mirror *mirror, struct hmm_range *range,
			    unsigned long wanted, bool write)
{
	unsigned long npages = (range->end - range->start) >> PAGE_SHIFT;
	u32 serial = hms_order_serial();
	struct page *page;
	unsigned long i;
	bool writable;
	int ret = 0;

	spin_lock(&mirror->lock);
	if (mmu_interval_read_retry(range->notifier, range->notifier_seq)) {
		spin_unlock(&mirror->lock);
		return -EBUSY;
	}
	for (i = 0; i < npages; i++) {
		unsigned long entry = range->hmm_pfns[i];
		int err;

		if (!(entry & HMM_PFN_VALID) || (entry & HMM_PFN_ERROR))
			continue;
		page = hmm_pfn_to_page(entry);
		if (hms_devmem_is_lost(page)) {
			ret = i == wanted ? -EHWPOISON : ret;
			continue;
		}
		writable = entry & HMM_PFN_WRITE;
		/*
		 * A PTE may be writable and the page still clean, and a device sets no dirty bit,
		 * so say it here, and only of a page that will be written. It stays said until
		 * the page is cleaned, which takes it from the mirror first. Pages in private
		 * memory are dirty when they come home; from coherent memory core may take them
		 * itself.
		 */
		if (writable && !is_device_private_page(page)) {
			writable = write && i == wanted;
			if (writable)
				set_page_dirty(page);
		}
		if (hms_target_of_page(page) == mirror->target)
			hms_devmem_used_again(mirror->target->mem, page, serial);
		err = mirror->ops->map(mirror, range->start + (i << PAGE_SHIFT), page, writable);
		/* Its neighbours can do without. */
		if (i == wanted)
			ret = err;
	}
	spin_unlock(&mirror->lock);
	return ret;
}

/**
 * hms_mirror_fault - a device access found no entry, or may not write
 * @mirror: the mirror; its address space must have users
 * @address: what the device wants
 * @write: to write it
 *
 * Places the page as the policy of its range says. Then faults it in as a CPU access would, but
 * for a page of the device itself, which stays there, and enters it. By the time the caller looks
 * it may have been taken back: look, and fault again.
 *
 * Context: may sleep; mmap_lock and the lock of the mirror not held.
 * Return: 0; -EFAULT for an address without memory, or with what another device has lost, -EPERM
 * when it may not be written, -ENOMEM, also when the policy is HMS_MODE_BIND and no target of it
 * that the device can use has room, -EINTR when a signal is pending, -EIO when the device can't
 * give back a page of its own that had to come home first, -EHWPOISON when it has lost it, -EBUSY
 * after ten seconds without success.
 */
int hms_mirror_fault(struct hms_mirror *mirror, unsigned long address, bool write)
{
	unsigned long deadline = jiffies + HMS_MIRROR_PATIENCE;
	struct mm_struct *mm = mirror->mm;
	unsigned long entries[HMS_MIRROR_BLOCK];
	struct hmm_range range = {
		.hmm_pfns = entries,
		.dev_private_owner = hms_devmem_owner(mirror->target->mem),
	};
	unsigned long block = ALIGN_DOWN(address, HMS_MIRROR_BLOCK << PAGE_SHIFT);
	unsigned long wanted = (address - block) >> PAGE_SHIFT;
	struct hms_mirror_span *span;
	int idx, ret;

	if (address >= mm->task_size)
		return -EFAULT;
	span = hms_mirror_span(mirror, address);
	if (IS_ERR(span))
		return PTR_ERR(span);
	range.notifier = &span->notifier;
	/* Once: what is brought home below to be written must not be moved back before it is. */
	ret = hms_fault_place(mirror, address, write);
	if (ret)
		return ret;
	do {
		if (signal_pending(current))
			return -EINTR;
		range.notifier_seq = mmu_interval_read_begin(range.notifier);
		mmap_read_lock(mm);
		/* First that page alone: core faults in all of a hole for the sake of one. */
		range.start = ALIGN_DOWN(address, PAGE_SIZE);
		range.end = range.start + PAGE_SIZE;
		range.default_flags = HMM_PFN_REQ_FAULT | (write ? HMM_PFN_REQ_WRITE : 0);
		entries[0] = 0;
		ret = hms_hmm_range_fault(&range);
		if (!ret && write && !(entries[0] & HMM_PFN_WRITE)) {
			ret = hms_mirror_unshare(mirror, address);
			if (!ret)
				ret = -EBUSY;
		}
		if (!ret) {
			range.start = block;
			range.end = min(block + (HMS_MIRROR_BLOCK << PAGE_SHIFT), mm->task_size);
			range.default_flags = 0;
			memset(entries, 0, sizeof(entries));
			idx = hms_devmem_read_lock();
			ret = hms_hmm_range_fault(&range);
			if (!ret)
				hms_fault_filter(mirror, &range, wanted);
			hms_devmem_read_unlock(idx);
		}
		mmap_read_unlock(mm);
		if (!ret)
			ret = hms_mirror_enter(mirror, &range, wanted, write);
		if (ret == -EBUSY)
			hms_stat_add(HMS_STAT_FAULT_RETRIED, 1);
	} while (ret == -EBUSY && time_before(jiffies, deadline));
	return ret;
}
EXPORT_SYMBOL_GPL(hms_mirror_fault);
