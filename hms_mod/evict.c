// SPDX-License-Identifier: GPL-2.0
/*
 * Eviction: a device is full, and pages that wait the longest make room, see lru.c for the order.
 * They go where their policy goes on after the device; if it is content with any memory, or there
 * is none, to any node. A page whose policy has no such place stays.
 *
 * Core can move device pages without their address space, migrate_device_pfns(), but then it keeps
 * no hold on their anon_vma, see evacuate.c. So the address space is asked of rmap, and its
 * mmap_lock taken if that does not mean to wait: who makes room may hold that of another one, and
 * folio locks, and so may somebody who makes room the other way round. What is busy is passed over.
 */

#include <linux/hugetlb.h>
#include <linux/log2.h>
#include <linux/mempolicy.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "compat/compat.h"
#include "binding.h"
#include "devmem.h"
#include "evict.h"
#include "freemap.h"
#include "home.h"
#include "inbox.h"
#include "locate.h"
#include "netlink.h"
#include "nodemem.h"
#include "order.h"
#include "pass.h"
#include "rmap.h"
#include "stats.h"
#include "target.h"
#include "trace.h"

/* Pages that can't leave, after which there is no point in asking for more. */
#define HMS_EVICT_TRIES		8

/* Address spaces that are looked at for a page that several share since a fork. */
#define HMS_EVICT_MAPPERS	16

/**
 * struct hms_exits - where pages of a run of addresses may go
 * @last: the last of the addresses
 * @priority: of their policy
 * @none: that has no other place for them
 * @ntargets: how many targets
 * @any: any node will do, after these
 * @targets: each in use
 */
struct hms_exits {
	unsigned long last;
	u8 priority;
	bool none;
	u32 ntargets;
	bool any;
	struct hms_target *targets[HMS_MAX_TARGETS];
};

/**
 * struct hms_eviction - making room on a device
 * @target: the device
 * @want: for whom
 * @held: an address space whose mmap_lock the caller holds, or NULL
 * @npages: how many pages are to leave
 * @left: how many have
 * @page: the one whose turn it is, and
 * @known: what was known of it then
 * @exits: where pages may go
 * @pass: to move them
 * @entries: see locate.h
 */
struct hms_eviction {
	struct hms_target *target;
	const struct hms_lru_want *want;
	struct mm_struct *held;
	unsigned long npages;
	unsigned long left;
	struct page *page;
	struct hms_lru_page known;
	struct hms_exits exits;
	struct hms_pass *pass;
	unsigned long entries[HMS_PASS_PAGES];
};

static void hms_exits_close(struct hms_exits *exits)
{
	while (exits->ntargets)
		hms_target_unuse(exits->targets[--exits->ntargets]);
	exits->any = false;
}

/*
 * CPUs are to find a page where its mempolicy says; on a device munlock would not find it. And
 * nobody pays for what others have on a device: a cgroup is charged that is current's, for whom it
 * does this.
 */
static bool hms_exit_is_open(const struct hms_target *target, struct vm_area_struct *vma,
			     const struct mm_struct *payer)
{
	if (!hms_target_is_device(target))
		return !vma_policy(vma);
	return hms_devmem_is_usable(target->mem) && !(vma->vm_flags & VM_LOCKED) &&
	       (vma->vm_mm == payer || !hms_devmem_is_charged(target->mem));
}

/* Which of the targets that come after the device, in the order that the page has them in? */
static void hms_exits_follow(struct hms_exits *exits, const struct hms_policy *policy,
			     struct vm_area_struct *vma, unsigned long address,
			     const struct hms_eviction *e)
{
	u32 first = hms_policy_rank(policy, address >> PAGE_SHIFT), n = policy->ntargets, i;
	struct hms_target *target;
	u32 begin = 0;

	for (i = 0; i < n; i++) {
		if (policy->uids[(first + i) % n] == e->target->obj.uid)
			begin = i + 1;
	}
	for (i = begin; i < n; i++) {
		if (hms_target_use(policy->uids[(first + i) % n], U32_MAX, &target))
			continue;
		if (hms_exit_is_open(target, vma, e->want->payer))
			exits->targets[exits->ntargets++] = target;
		else
			hms_target_unuse(target);
	}
}

/*
 * Find out where a page at an address may go, and up to where that holds. Nowhere, if it has come
 * to a higher priority since it was placed.
 */
static void hms_exits_open(struct hms_eviction *e, struct vm_area_struct *vma,
			   unsigned long address)
{
	struct hms_exits *exits = &e->exits;
	struct hms_policy *policy;

	hms_exits_close(exits);
	exits->last = vma->vm_end - 1;
	policy = hms_binding_policy(vma->vm_mm, address, &exits->last);
	exits->priority = hms_policy_priority(policy);
	exits->none = !e->want->forced && hms_order_is_stuck(policy, e->target, address);
	if (policy && hms_mode_rotates(policy->mode))
		exits->last = address + PAGE_SIZE - 1;
	if (exits->priority <= e->want->priority && !exits->none) {
		if (policy)
			hms_exits_follow(exits, policy, vma, address, e);
		exits->any = !policy || policy->mode == HMS_MODE_PREFERRED || e->want->forced;
	}
	hms_policy_put(policy);
}

/* Is there room where they lead? Of a node that is only known when it is asked. */
static bool hms_exits_have_room(const struct hms_exits *exits)
{
	u32 i;

	for (i = 0; i < exits->ntargets; i++) {
		if (!hms_target_is_device(exits->targets[i]) ||
		    hms_devmem_room(exits->targets[i]->mem, 1))
			return true;
	}
	return exits->any;
}

/*
 * A page of a target, locked. Whoever makes room here is not whose memory it is: of a node it is
 * had whatever the cpuset of current says.
 */
static struct page *hms_exit_alloc(struct hms_target *target, kuid_t user)
{
	const gfp_t gfp = (GFP_HIGHUSER_MOVABLE & ~__GFP_HARDWALL) | __GFP_THISNODE |
			  __GFP_NORETRY | __GFP_NOWARN;
	struct page *page;

	if (hms_target_is_device(target))
		return hms_target_alloc(target, user, &page, 1) ? page : NULL;
	return hms_locked_page(__folio_alloc_node(gfp, 0, target->nid));
}

/* For @from a page to go to, locked. Nothing is killed for it, and no other device evicts. */
static struct page *hms_exits_alloc(struct hms_exits *exits, struct vm_area_struct *vma,
				    unsigned long address, struct page *from)
{
	const gfp_t gfp = GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOWARN;
	struct page *page;
	u32 i;

	for (i = 0; i < exits->ntargets; i++) {
		page = hms_exit_alloc(exits->targets[i], hms_devmem_user(from));
		if (page)
			return page;
	}
	if (!exits->any)
		return NULL;
	return hms_locked_page(hms_home_alloc_anywhere(vma, address, gfp, 0, HMS_TARGET_EVICTED));
}

static struct page *hms_exits_alloc_large(struct hms_exits *exits, struct vm_area_struct *vma,
					  unsigned long address, struct page *from)
{
	const gfp_t gfp = GFP_TRANSHUGE_LIGHT | __GFP_NOWARN;
	unsigned int order = ilog2(HMS_BLOCK_PAGES);
	struct page *page;
	u32 i;

	/* Its pages may have places of their own. */
	if (exits->last < address + PMD_SIZE - 1)
		return NULL;
	for (i = 0; i < exits->ntargets; i++) {
		page = hms_target_alloc_large(exits->targets[i], hms_devmem_user(from));
		if (page)
			return page;
	}
	/* A mempolicy of its own places single pages only. */
	if (!exits->any || vma_policy(vma))
		return NULL;
	return hms_locked_page(hms_home_alloc_anywhere(vma, address, gfp, order,
						       HMS_TARGET_EVICTED));
}

/* Destinations for what leaves together with the page whose turn it is. */
static void hms_evict_place(struct hms_eviction *e)
{
	struct hms_pass *pass = e->pass;
	unsigned long address = pass->vma.start, i, n = 0;

	for (i = 0; i < pass->npages && n < e->npages - e->left; i++, address += PAGE_SIZE) {
		struct page *page = migrate_pfn_to_page(pass->src[i]);

		if (!hms_collected_page(pass->src[i]) ||
		    (page != e->page && !hms_devmem_leaves_with(e->target->mem, page, &e->known)))
			continue;
		if (address > e->exits.last)
			hms_exits_open(e, pass->vma.vma, address);
		page = hms_exits_alloc(&e->exits, pass->vma.vma, address, page);
		if (!page)
			break;
		pass->dst[i] = migrate_pfn(page_to_pfn(page));
		n++;
	}
}

/* Move what has a destination, and count it. */
static void hms_evict_pass(struct hms_eviction *e)
{
	struct hms_pass *pass = e->pass;
	struct mm_struct *mm = pass->vma.vma->vm_mm;
	u32 who = hms_binding_id(mm);
	struct hms_notice notice = { .kind = HMS_NOTICE_EVICTED, .target = e->target->obj.uid };
	unsigned long i, n = pass->large ? HMS_BLOCK_PAGES : 1, moved = 0, end = 0;

	hms_pass_copy(pass);
	hms_pass_commit(pass, HMS_TARGET_EVICTED);
	for (i = 0; i < pass->npages; i++) {
		if (!hms_moved(pass->src[i], pass->dst[i]))
			continue;
		if (!moved)
			notice.start = pass->vma.start + (i << PAGE_SHIFT);
		hms_order_left(who, pass->vma.start + (i << PAGE_SHIFT));
		moved += n;
		end = pass->vma.start + ((i + n) << PAGE_SHIFT);
	}
	if (!moved)
		return;
	e->left += moved;
	notice.length = end - notice.start;
	notice.pages = moved;
	notice.moved = moved;
	trace_hms_evict(e->target->obj.uid, pass->to, notice.start, moved, e->want->priority,
			e->want->forced ? HMS_TRACE_TAKEN : HMS_TRACE_EVICTED, pass->began);
	hms_stat_add(HMS_STAT_EVICTED, moved);
	hms_binding_count_home(mm, HMS_PROCESS_EVICTED, moved, 0);
	hms_inbox_tell_mm(mm, &notice);
	hms_netlink_move(mm, &notice, HMS_REASON_EVICTED, pass->to);
}

static bool hms_evict_large(struct hms_eviction *e, struct vm_area_struct *vma,
			    unsigned long address)
{
	unsigned long start = ALIGN_DOWN(address, PMD_SIZE);
	struct page *page;

	if (!hms_core_moves_large() || start < vma->vm_start || start + PMD_SIZE > vma->vm_end ||
	    !hms_pass_collect_large(e->pass, vma, start, hms_devmem_owner(e->target->mem), false,
				    NULL))
		return false;
	page = hms_exits_alloc_large(&e->exits, vma, start,
				     migrate_pfn_to_page(e->pass->src[0]));
	if (!page) {
		hms_pass_abort(e->pass);
		return false;
	}
	hms_pass_set_large(e->pass, page);
	hms_evict_pass(e);
	return true;
}

/*
 * How many pages of a span leave together: what does not is not even collected. The pages of a
 * large one that is in pieces are not known each by itself, until core splits it for us.
 */
static unsigned long hms_evict_together(const struct hms_eviction *e, const struct hms_span *span)
{
	unsigned long n = min(span->npages, e->npages - e->left), i;

	for (i = 0; i < n; i++) {
		struct page *page = hms_located_on(e->target->mem, e->entries[span->first + i]);

		if (page && page_folio(page) != page_folio(e->page) &&
		    !hms_devmem_leaves_with(e->target->mem, page, &e->known))
			break;
	}
	return i;
}

/* The page whose turn it is, and those behind it that leave with it. */
static void hms_evict_span(struct hms_eviction *e, struct vm_area_struct *vma,
			   unsigned long address, const struct hms_span *span)
{
	e->pass->began = hms_trace_now(hms_evict);
	if (span->large && hms_evict_large(e, vma, address))
		return;
	if (hms_pass_collect(e->pass, vma, address, hms_evict_together(e, span),
			     hms_devmem_owner(e->target->mem), false, NULL))
		return;
	hms_evict_place(e);
	hms_evict_pass(e);
}

/*
 * Nothing of a span may leave: its policy has come to a higher priority, or has no other place for
 * it. All of it is asked no more, so that what is behind it has its turn.
 */
static void hms_evict_pass_over(struct hms_eviction *e, unsigned long address,
				const struct hms_span *span)
{
	unsigned long npages = min(span->npages, ((e->exits.last - address) >> PAGE_SHIFT) + 1), i;

	for (i = 0; i < npages; i++) {
		struct page *page = hms_located_on(e->target->mem, e->entries[span->first + i]);

		if (page)
			hms_devmem_changed(e->target->mem, page, e->exits.priority, e->exits.none);
	}
}

/* Does the span begin with the page whose turn it is? */
static bool hms_evict_is_there(const struct hms_eviction *e, const struct hms_span *span)
{
	struct page *page = hms_located_on(e->target->mem, e->entries[span->first]);

	return page && page_folio(page) == page_folio(e->page);
}

/*
 * Let the page go, and more of the same page table page with it, unless their policy is against it.
 * Returns whether the page is there, so that this address space has had its say. mmap_lock held.
 */
static bool hms_evict_at(struct hms_eviction *e, struct mm_struct *mm, unsigned long address)
{
	struct vm_area_struct *vma = vma_lookup(mm, address);
	struct hms_span span;
	unsigned long end;

	/* Only anonymous memory is ever on a device. */
	if (!vma || !vma->anon_vma || is_vm_hugetlb_page(vma))
		return false;
	end = min3(vma->vm_end, ALIGN_DOWN(address, PMD_SIZE) + PMD_SIZE,
		   address + (HMS_PASS_PAGES << PAGE_SHIFT));
	/* It may be mapped elsewhere, and core would split a huge page in the way. */
	if (!hms_locate_span(vma, e->target->mem, address, (end - address) >> PAGE_SHIFT,
			     e->entries, &span) || !hms_evict_is_there(e, &span))
		return false;
	address += span.first << PAGE_SHIFT;
	hms_exits_open(e, vma, address);
	if (hms_exits_have_room(&e->exits))
		hms_evict_span(e, vma, address, &span);
	else if (!e->exits.ntargets)
		hms_evict_pass_over(e, address, &span);
	hms_exits_close(&e->exits);
	return true;
}

/*
 * Ask an address space that may map the page. Returns false when another one is to be asked: a page
 * that several share goes by the policy of the first that has it, mostly the parent's.
 */
static bool hms_evict_from(struct hms_eviction *e, unsigned int nth)
{
	unsigned long address;
	struct mm_struct *mm = hms_rmap_mapper(e->page, nth, e->held, &address);
	bool asked = true;

	if (!mm)
		return true;
	if (mm == e->held)
		return hms_evict_at(e, mm, address);
	if (mmap_read_trylock(mm)) {
		asked = hms_evict_at(e, mm, address);
		mmap_read_unlock(mm);
	}
	/* The last user's work is for a worker: we may hold locks of another address space. */
	mmput_async(mm);
	return asked;
}

/**
 * hms_evict - make room on a device
 * @target: the device, in use by the caller
 * @npages: how many pages should leave it
 * @want: for whom
 * @held: an address space whose mmap_lock the caller holds for read, or NULL
 *
 * Context: may sleep; folio locks may be held.
 * Return: how many pages have left; more than wanted when a large one was among them.
 */
unsigned long hms_evict(struct hms_target *target, unsigned long npages,
			const struct hms_lru_want *want, struct mm_struct *held)
{
	struct hms_eviction *e = kvzalloc(sizeof(*e), GFP_KERNEL);
	unsigned int tries = HMS_EVICT_TRIES, nth;
	unsigned long left, before;

	if (!e)
		return 0;
	e->target = target;
	e->want = want;
	e->held = held;
	e->npages = npages;
	e->pass = hms_pass_new(HMS_PASS_PAGES, GFP_KERNEL);
	while (e->pass && e->left < npages && tries && !fatal_signal_pending(current)) {
		e->page = hms_devmem_next_to_leave(target->mem, want, &e->known);
		if (!e->page)
			break;
		before = e->left;
		for (nth = 0; nth < HMS_EVICT_MAPPERS && !hms_evict_from(e, nth); nth++)
			;
		if (e->left == before) {
			hms_devmem_defer(target->mem, e->page);
			tries--;
		}
		cond_resched();
	}
	left = e->left;
	hms_pass_free(e->pass);
	kvfree(e);
	return left;
}
