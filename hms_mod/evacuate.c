// SPDX-License-Identifier: GPL-2.0
/*
 * Evacuation: a device goes, or goes offline, and all its pages come home.
 *
 * First by process, through the page tables of everybody who called us: their pages go where their
 * policies want them, and the process can't exit meanwhile, which matters as core keeps no hold on
 * the anon_vma of a page that migrate_device_pfns took. That one then gives what is left: pages
 * that only a child has that never called us, and what somebody held for a moment.
 */

#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "compat/compat.h"
#include "binding.h"
#include "devmem.h"
#include "evacuate.h"
#include "home.h"
#include "locate.h"
#include "pass.h"
#include "stats.h"

/* Rounds between complaints of one that does not end, ten seconds. */
#define HMS_EVACUATE_PATIENCE	500

/* One evacuation; it ends at @deadline, in jiffies, or never. */
struct hms_evacuation {
	struct hms_devmem *mem;
	bool limited;
	unsigned long deadline;
	struct hms_pass *pass;
	unsigned long entries[HMS_PASS_PAGES];	/* see locate.h */
};

static bool hms_evacuate_is_over(const struct hms_evacuation *e)
{
	return !hms_devmem_used(e->mem) ||
	       (e->limited && (signal_pending(current) || time_after(jiffies, e->deadline)));
}

static bool hms_is_on(const struct hms_devmem *mem, unsigned long entry)
{
	struct page *page = hms_located_page(entry);

	return page && hms_devmem_index(mem, page) < hms_devmem_pages(mem);
}

/* What a window has on the device. It is in one page table page. */
static void hms_evacuate_window(struct hms_evacuation *e, struct hms_binding *binding,
				struct vm_area_struct *vma, unsigned long start,
				unsigned long npages)
{
	void *owner = hms_devmem_owner(e->mem);
	unsigned long first = 0, n = npages;
	int idx = hms_devmem_read_lock();

	/* Core would split a huge page on the way, so it is only asked where there is something. */
	if (hms_locate_on(binding, owner, start, npages, e->entries))
		n = 0;
	while (n && !hms_is_on(e->mem, e->entries[n - 1]))
		n--;
	while (first < n && !hms_is_on(e->mem, e->entries[first]))
		first++;
	hms_devmem_read_unlock(idx);
	start += first << PAGE_SHIFT;
	if (n && !hms_pass_collect(e->pass, vma, start, n - first, owner, false, NULL))
		hms_home_pass(e->pass, HMS_STAT_EVACUATED);
}

static void hms_evacuate_binding(struct hms_evacuation *e, struct hms_binding *binding)
{
	struct mm_struct *mm = binding->notifier.mm;
	unsigned long at = 0, end;
	struct vm_area_struct *vma;

	while (!hms_evacuate_is_over(e)) {
		if (mmap_read_lock_killable(mm))
			break;
		vma = find_vma(mm, at);
		if (!vma) {
			mmap_read_unlock(mm);
			break;
		}
		at = max(at, vma->vm_start);
		end = vma->vm_end;
		/* Only anonymous memory is ever on a device. */
		if (vma->anon_vma) {
			end = min3(end, ALIGN_DOWN(at, PMD_SIZE) + PMD_SIZE,
				   at + (HMS_PASS_PAGES << PAGE_SHIFT));
			hms_evacuate_window(e, binding, vma, at, (end - at) >> PAGE_SHIFT);
		}
		mmap_read_unlock(mm);
		at = end;
		cond_resched();
	}
}

static void hms_evacuate_bindings(struct hms_evacuation *e)
{
	struct hms_binding *binding = NULL;

	while ((binding = hms_binding_next(binding))) {
		struct mm_struct *mm = binding->notifier.mm;

		if (!mmget_not_zero(mm))
			continue;
		hms_evacuate_binding(e, binding);
		mmput(mm);
	}
}

/*
 * Which pages of the device are mapped, about: pfns into @src. Returns how many. One that is in use
 * and not mapped is left alone: pinned, perhaps, with the process and its anon_vma gone, which core
 * would look for all the same. Who holds it will free it.
 */
static unsigned long hms_evacuate_gather(const struct hms_devmem *mem, unsigned long *next,
					 unsigned long *src)
{
	unsigned long first = hms_devmem_first_pfn(mem), npages = hms_devmem_pages(mem), n = 0;

	for (; *next < npages && n < HMS_PASS_PAGES; ++*next) {
		struct page *page = pfn_to_page(first + *next);

		if (page_ref_count(page) && folio_mapped(page_folio(page)))
			src[n++] = first + *next;
	}
	return n;
}

/*
 * Pages of a device, by pfn, whoever has them. There is no process, so any main memory will do. It
 * is had before the pages are collected: who maps them waits for them, and may want to exit.
 */
static void hms_evacuate_pages(struct hms_pass *pass, unsigned long npages)
{
	struct page *page, *next;
	LIST_HEAD(pages);
	unsigned long i;
	u64 home = 0;

	for (i = 0; i < npages; i++) {
		page = alloc_page(GFP_HIGHUSER_MOVABLE | __GFP_NOFAIL);
		list_add(&page->lru, &pages);
	}
	if (hms_pass_collect_device(pass, npages))
		goto free;
	for (i = 0; i < npages; i++) {
		if (!hms_collected_page(pass->src[i]))
			continue;
		page = migrate_pfn_to_page(pass->src[i]);
		if (hms_devmem_is_buried(page)) {
			/* Core must not look for those who had it: they may be gone. */
			page->mapping = NULL;
			continue;
		}
		page = list_first_entry(&pages, struct page, lru);
		list_del(&page->lru);
		lock_page(page);
		pass->dst[i] = migrate_pfn(page_to_pfn(page));
	}
	hms_pass_copy(pass);
	hms_pass_commit(pass);
	for (i = 0; i < npages; i++)
		home += hms_moved(pass->src[i], pass->dst[i]);
	hms_stat_add(HMS_STAT_EVACUATED, home);
	if (pass->error)
		pr_warn_ratelimited("hms: a device keeps pages: error %d, trying on\n",
				    pass->error);
free:
	list_for_each_entry_safe(page, next, &pages, lru)
		put_page(page);
}

/**
 * hms_evacuate - bring home every page of a device
 * @mem: its memory; nobody allocates from it any more
 * @timeout: jiffies to try for; 0: until all are home
 *
 * A page that somebody holds for a moment (a fault, a fork, an exiting process) is tried again
 * until it has come home or was freed. Nobody can hold one of private memory for good: the CPU
 * cannot pin it. Of coherent memory it can.
 *
 * Context: may sleep; no locks of processes held.
 * Return: 0; with a timeout also -EBUSY when pages are left after it, -EINTR for a signal.
 */
int hms_evacuate(struct hms_devmem *mem, unsigned long timeout)
{
	struct hms_evacuation *e = kvzalloc(sizeof(*e), GFP_KERNEL | __GFP_NOFAIL);
	unsigned long next, n, round;
	int ret = 0;

	e->mem = mem;
	e->limited = timeout;
	e->deadline = jiffies + timeout;
	e->pass = hms_pass_new(HMS_PASS_PAGES, GFP_KERNEL | __GFP_NOFAIL);
	for (round = 1; !hms_evacuate_is_over(e); round++) {
		hms_evacuate_bindings(e);
		next = 0;
		while ((n = hms_evacuate_gather(mem, &next, e->pass->src))) {
			hms_evacuate_pages(e->pass, n);
			cond_resched();
		}
		hms_devmem_wait_empty(mem, HZ / 50);
		if (!e->limited && !(round % HMS_EVACUATE_PATIENCE))
			pr_warn("hms: a device that goes still has %lu pages in use\n",
				hms_devmem_used(mem));
	}
	if (hms_devmem_used(mem))
		ret = signal_pending(current) ? -EINTR : -EBUSY;
	hms_pass_free(e->pass);
	kvfree(e);
	return ret;
}
