// SPDX-License-Identifier: GPL-2.0
/*
 * Evacuation: a device goes, or goes offline, and all its pages come home.
 *
 * By process, through the page tables of every one there is, as a child may have pages that never
 * called us. The other way, by page, is for who can't wait for mmap_lock, see evict.c: it moves no
 * large page, and does not know where a mempolicy wants one to be.
 */

#include <linux/err.h>
#include <linux/hugetlb.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "compat/compat.h"
#include "devmem.h"
#include "evacuate.h"
#include "freemap.h"
#include "home.h"
#include "inbox.h"
#include "locate.h"
#include "netlink.h"
#include "pass.h"
#include "poison.h"
#include "process.h"
#include "target.h"
#include "trace.h"

/* Rounds between complaints of one that does not end, ten seconds. */
#define HMS_EVACUATE_PATIENCE	500

/* One evacuation; with a @timeout it ends at @deadline, both in jiffies. Only of what is @lost? */
struct hms_evacuation {
	struct hms_devmem *mem;
	u32 uid;
	bool lost;
	unsigned long timeout;
	unsigned long deadline;
	struct hms_pass *pass;
	struct hms_notice notice;	/* what one process is told of one round */
	u32 to;				/* where the first page of that went */
	unsigned long entries[HMS_PASS_PAGES];	/* see locate.h */
};

static bool hms_evacuate_is_over(const struct hms_evacuation *e)
{
	if (e->lost ? !hms_devmem_nlost(e->mem) : hms_devmem_is_empty(e->mem))
		return true;
	/* What is lost is not to be read, whoever is in a hurry. */
	return e->timeout && ((!e->lost && signal_pending(current)) ||
			      time_after(jiffies, e->deadline));
}

/* It is for those that do not come. */
static void hms_evacuate_set_deadline(struct hms_evacuation *e)
{
	e->deadline = jiffies + e->timeout;
}

/* Pages that came home. Addresses only rise in a round. */
static void hms_evacuated(struct hms_evacuation *e, unsigned long address, unsigned long npages)
{
	struct hms_notice *notice = &e->notice;

	if (!notice->moved) {
		notice->start = address;
		e->to = e->pass->to;
	}
	notice->length = address + (npages << PAGE_SHIFT) - notice->start;
	notice->pages += npages;
	notice->moved += npages;
	hms_evacuate_set_deadline(e);
}

static void hms_evacuate_pass(struct hms_evacuation *e)
{
	struct hms_pass *pass = e->pass;
	unsigned long i;

	hms_home_pass(pass, HMS_TARGET_EVACUATED);
	for (i = 0; i < pass->npages; i++) {
		if (hms_home_came(pass, i))
			hms_evacuated(e, pass->vma.start + (i << PAGE_SHIFT), 1);
	}
}

static bool hms_evacuate_is_lost(const struct hms_evacuation *e, unsigned long entry)
{
	struct page *page = hms_located_on(e->mem, entry);

	return page && hms_devmem_is_lost(page);
}

/* What of a window is lost; the rest is not even collected. */
static void hms_evacuate_lost_window(struct hms_evacuation *e, struct vm_area_struct *vma,
				     unsigned long start, const struct hms_span *span)
{
	unsigned long end = span->first + span->npages, i, n;

	for (i = span->first; i < end; i += n) {
		for (n = 0; i + n < end && hms_evacuate_is_lost(e, e->entries[i + n]); n++)
			;
		if (n && !hms_pass_collect(e->pass, vma, start + (i << PAGE_SHIFT), n,
					   hms_devmem_owner(e->mem), false, NULL) &&
		    hms_home_replace_lost(e->pass))
			hms_evacuate_set_deadline(e);
		n = n ?: 1;
	}
}

/* What a window has on the device. It is in one page table page. */
static void hms_evacuate_window(struct hms_evacuation *e, struct vm_area_struct *vma,
				unsigned long start, unsigned long npages)
{
	void *owner = hms_devmem_owner(e->mem);
	struct hms_span span;

	/* Core would split a huge page on the way, so it is only asked where there is something. */
	if (!hms_locate_span(vma, e->mem, start, npages, e->entries, &span))
		return;
	if (e->lost) {
		hms_evacuate_lost_window(e, vma, start, &span);
		return;
	}
	start += span.first << PAGE_SHIFT;
	if (span.large && hms_home_large(e->pass, vma, start, owner, NULL, HMS_TARGET_EVACUATED)) {
		hms_evacuated(e, ALIGN_DOWN(start, PMD_SIZE), HMS_BLOCK_PAGES);
		return;
	}
	if (!hms_pass_collect(e->pass, vma, start, span.npages, owner, false, NULL))
		hms_evacuate_pass(e);
}

/*
 * The first address from @at on, before @end, whose PMD may lead to a device page; @end if none
 * does. A mapping can be terabytes of nothing, and a huge page that is present is in main memory:
 * core would split it.
 */
static unsigned long hms_next_mapped(struct mm_struct *mm, unsigned long at, unsigned long end)
{
	while (at < end) {
		pgd_t *pgd = pgd_offset(mm, at);
		p4d_t *p4d;
		pud_t *pudp, pud;
		pmd_t pmd;

		if (pgd_none(*pgd)) {
			at = pgd_addr_end(at, end);
			continue;
		}
		p4d = p4d_offset(pgd, at);
		if (p4d_none(*p4d)) {
			at = p4d_addr_end(at, end);
			continue;
		}
		pudp = pud_offset(p4d, at);
		pud = READ_ONCE(*pudp);
		if (!pud_present(pud) || pud_leaf(pud)) {
			at = pud_addr_end(at, end);
			continue;
		}
		pmd = READ_ONCE(*pmd_offset_lockless(pudp, pud, at));
		if (!pmd_none(pmd) && !(pmd_present(pmd) && pmd_trans_huge(pmd)))
			break;
		at = pmd_addr_end(at, end);
	}
	return at;
}

/* Where time is limited, one that is held for long is met again in the next round. */
static bool hms_evacuate_lock(const struct hms_evacuation *e, struct mm_struct *mm)
{
	int ticks = HZ / 10;

	if (!e->timeout)
		return !mmap_read_lock_killable(mm);
	while (!mmap_read_trylock(mm)) {
		if (!ticks-- || hms_evacuate_is_over(e))
			return false;
		schedule_timeout_uninterruptible(1);
	}
	return true;
}

/* Only anonymous memory is ever on a device. */
static bool hms_vma_may_have_some(struct vm_area_struct *vma)
{
	return vma->anon_vma && !is_vm_hugetlb_page(vma);
}

static void hms_evacuate_mm(struct hms_evacuation *e, struct mm_struct *mm)
{
	struct vm_area_struct *vma;
	unsigned long at = 0, end;
	u64 began = hms_trace_now(hms_evacuate);

	e->notice = (struct hms_notice) { .kind = HMS_NOTICE_EVACUATED, .target = e->uid };
	while (!hms_evacuate_is_over(e) && hms_evacuate_lock(e, mm)) {
		vma = find_vma(mm, at);
		if (!vma) {
			mmap_read_unlock(mm);
			break;
		}
		at = max(at, vma->vm_start);
		end = vma->vm_end;
		at = hms_vma_may_have_some(vma) ? hms_next_mapped(mm, at, end) : end;
		if (at < end) {
			end = min3(end, ALIGN_DOWN(at, PMD_SIZE) + PMD_SIZE,
				   at + (HMS_PASS_PAGES << PAGE_SHIFT));
			hms_evacuate_window(e, vma, at, (end - at) >> PAGE_SHIFT);
		}
		mmap_read_unlock(mm);
		at = end;
		cond_resched();
	}
	/*
	 * Not of placeholders, which are no target. One for all of the round: there may be more
	 * windows than notices are kept.
	 */
	if (!e->notice.moved || !e->uid)
		return;
	trace_hms_evacuate(e->uid, e->to, e->notice.start, e->notice.length, e->notice.moved,
			   began);
	hms_inbox_tell_mm(mm, &e->notice);
	hms_netlink_move(mm, &e->notice, HMS_REASON_EVACUATED, e->to);
}

/*
 * The address spaces of all processes, with a reference to the struct of each, as far as there is
 * room. Returns how many there are.
 */
static unsigned int hms_all_mms(struct mm_struct **mms, unsigned int room)
{
	struct task_struct *process;
	struct mm_struct *mm;
	unsigned int n = 0;

	rcu_read_lock();
	for_each_process(process) {
		mm = hms_process_mm(process);
		if (!mm)
			continue;
		if (n < room)
			mms[n] = mm;
		else
			mmdrop(mm);
		n++;
	}
	rcu_read_unlock();
	return n;
}

/* Whoever is born meanwhile is met in the next round. */
static void hms_evacuate_round(struct hms_evacuation *e)
{
	unsigned int room = hms_all_mms(NULL, 0) + 16, n, i;
	struct mm_struct **mms;

	mms = kvmalloc_array(room, sizeof(*mms), GFP_KERNEL | __GFP_NOFAIL);
	n = min(hms_all_mms(mms, room), room);
	for (i = 0; i < n; i++) {
		/* One that exits frees its pages itself. */
		if (!hms_evacuate_is_over(e) && mmget_not_zero(mms[i])) {
			hms_evacuate_mm(e, mms[i]);
			/* The last user's work is for a worker: we are in a driver's way out. */
			mmput_async(mms[i]);
		}
		mmdrop(mms[i]);
	}
	kvfree(mms);
}

/* Have pages to take the place of what is lost, some at a time; or try in the next round. */
static void hms_evacuate_prepare_poison(struct hms_evacuation *e)
{
	unsigned long need = min(hms_devmem_nlost(e->mem), HMS_POISON_PAGES);
	struct hms_devmem *poison;

	if (!need || (e->pass->poison && hms_devmem_room(e->pass->poison, need) >= need))
		return;
	poison = hms_poison_new(need);
	if (IS_ERR(poison))
		return;
	if (e->pass->poison)
		hms_poison_close(e->pass->poison);
	e->pass->poison = poison;
}

static int hms_evacuate_some(struct hms_target *target, unsigned long timeout, bool lost)
{
	struct hms_evacuation *e = kvzalloc(sizeof(*e), GFP_KERNEL | __GFP_NOFAIL);
	struct hms_devmem *mem = target->mem;
	unsigned long round;
	int ret = 0;

	e->mem = mem;
	e->uid = target->obj.uid;
	e->lost = lost;
	e->timeout = timeout;
	hms_evacuate_set_deadline(e);
	e->pass = hms_pass_new(HMS_PASS_PAGES, GFP_KERNEL | __GFP_NOFAIL);
	for (round = 1; !hms_evacuate_is_over(e); round++) {
		hms_evacuate_prepare_poison(e);
		hms_evacuate_round(e);
		if (!hms_evacuate_is_over(e))
			hms_devmem_wait_empty(mem, HZ / 50);
		if (!e->timeout && !(round % HMS_EVACUATE_PATIENCE))
			pr_warn("hms: a device that goes still has %lu pages in use\n",
				hms_devmem_used(mem));
	}
	if (lost ? hms_devmem_nlost(mem) : hms_devmem_used(mem))
		ret = !lost && signal_pending(current) ? -EINTR : -EBUSY;
	if (e->pass->poison)
		hms_poison_close(e->pass->poison);
	hms_pass_free(e->pass);
	kvfree(e);
	return ret;
}

/**
 * hms_evacuate - bring home every page of a device
 * @target: the device; nobody allocates from its memory any more
 * @timeout: jiffies to try for when none comes; 0: until all are home
 *
 * Processes that listen are told. A page that several share moves once, and only the first of them
 * that is met hears of it.
 *
 * A page that somebody holds for a moment (a fault, a fork, an exiting process) is tried again
 * until it has come home or was freed. Nobody can hold one of private memory for good: the CPU
 * cannot pin it. Of coherent memory it can.
 *
 * Context: may sleep; no locks of processes held.
 * Return: 0; with a timeout also -EBUSY when pages are left after it, -EINTR for a signal.
 */
int hms_evacuate(struct hms_target *target, unsigned long timeout)
{
	return hms_evacuate_some(target, timeout, false);
}

/**
 * hms_evacuate_lost - have nobody read what a coherent device has lost
 * @target: the device
 * @timeout: jiffies to try for
 *
 * CPUs load from such memory without asking, so pages without memory take its place.
 *
 * Context: may sleep; no locks of processes held.
 * Return: 0, or -EBUSY when some are left, because they are pinned, or the driver has taken them.
 */
int hms_evacuate_lost(struct hms_target *target, unsigned long timeout)
{
	return hms_evacuate_some(target, timeout, true);
}
