// SPDX-License-Identifier: GPL-2.0
/*
 * Eviction: a device is full, and pages that wait the longest make room, see lru.c for the order.
 * They go where their policy goes on after the device; if it is content with any memory, or there
 * is none, to any node. A page whose policy has no such place stays.
 *
 * A page refers to the policy that it was placed under, and while no policy changes nobody else has
 * to be asked. It is moved in its address space if mmap_lock can be had at once: who makes room may
 * hold that of another one, and folio locks, and so may somebody who makes room the other way
 * round. If not it is moved without, see rmap.c. Passed over then is what a mempolicy places, and
 * what can't be held: large pages, and coherent ones that UFFDIO_MOVE could take.
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
 * @how: their policy, a reference or NULL, as of when, and whether it has no other place for them
 * @ntargets: how many targets
 * @any: any node will do, after these
 * @targets: each in use
 */
struct hms_exits {
	unsigned long last;
	struct hms_lru_place how;
	u32 ntargets;
	bool any;
	struct hms_target *targets[HMS_MAX_TARGETS];
};

/**
 * struct hms_eviction - making room on a device
 * @target: the device
 * @want: for whom, with what has changed as of when it was last asked who leaves
 * @held: an address space whose mmap_lock the caller holds, or NULL
 * @npages: how many pages are to leave
 * @left: how many have
 * @page: the one whose turn it is, and
 * @known: what was known of it then, with a reference to its policy, and
 * @sure: that is surely its policy still
 * @asked: an address space that has it was asked
 * @mm: the address space whose pages leave, or NULL: it is not known
 * @vma: the mapping, with mmap_lock held; or NULL: there is
 * @hold: instead
 * @exits: where pages may go
 * @pass: to move them
 * @entries: see locate.h
 */
struct hms_eviction {
	struct hms_target *target;
	struct hms_lru_want want;
	struct mm_struct *held;
	unsigned long npages;
	unsigned long left;
	struct page *page;
	struct hms_lru_page known;
	bool sure;
	bool asked;
	struct mm_struct *mm;
	struct vm_area_struct *vma;
	struct hms_rmap_hold hold;
	struct hms_exits exits;
	struct hms_pass *pass;
	unsigned long entries[HMS_PASS_PAGES];
};

static void hms_exits_close(struct hms_exits *exits)
{
	while (exits->ntargets)
		hms_target_unuse(exits->targets[--exits->ntargets]);
	exits->any = false;
	hms_policy_put(exits->how.policy);
	exits->how.policy = NULL;
}

/*
 * CPUs are to find a page where its mempolicy says; on a device munlock would not find it. And
 * nobody pays for what others have on a device: a cgroup is charged that is current's, for whom it
 * does this.
 */
static bool hms_exit_is_open(const struct hms_target *target, const struct hms_eviction *e)
{
	bool is_mlocked = e->vma ? e->vma->vm_flags & VM_LOCKED : e->hold.is_mlocked;

	if (!hms_target_is_device(target))
		return !e->vma || !vma_policy(e->vma);
	return hms_devmem_is_usable(target->mem) && !is_mlocked &&
	       ((e->mm && e->mm == e->want.payer) || !hms_devmem_is_charged(target->mem));
}

/* Which of the targets that come after the device, in the order that the page has them in? */
static void hms_exits_follow(struct hms_eviction *e, const struct hms_policy *policy,
			     unsigned long address)
{
	u32 first = hms_policy_rank(policy, address >> PAGE_SHIFT), n = policy->ntargets, i;
	struct hms_exits *exits = &e->exits;
	struct hms_target *target;
	u32 begin = 0;

	for (i = 0; i < n; i++) {
		if (policy->uids[(first + i) % n] == e->target->obj.uid)
			begin = i + 1;
	}
	for (i = begin; i < n; i++) {
		if (hms_target_use(policy->uids[(first + i) % n], U32_MAX, &target))
			continue;
		if (hms_exit_is_open(target, e))
			exits->targets[exits->ntargets++] = target;
		else
			hms_target_unuse(target);
	}
}

/*
 * The policy of an address, a reference: the one that the page was placed under, if that is sure,
 * or if nobody can be asked.
 */
static struct hms_policy *hms_exits_policy(struct hms_eviction *e, unsigned long address)
{
	if (e->sure || !e->mm)
		return hms_policy_get(e->known.policy);
	return hms_binding_policy(e->mm, address, &e->exits.last);
}

/*
 * Find out where a page at an address may go, and up to where that holds, at most to @last.
 * Nowhere, if it has come to a higher priority since it was placed.
 */
static void hms_exits_open(struct hms_eviction *e, unsigned long address, unsigned long last)
{
	struct hms_exits *exits = &e->exits;
	struct hms_policy *policy;

	hms_exits_close(exits);
	exits->last = last;
	exits->how.changes = e->sure ? e->want.changes : hms_binding_changes();
	policy = hms_exits_policy(e, address);
	exits->how.policy = policy;
	exits->how.stuck = hms_order_is_stuck(policy, e->target, address);
	if (policy && hms_mode_rotates(policy->mode))
		exits->last = address + PAGE_SIZE - 1;
	if (!e->want.forced &&
	    (exits->how.stuck || hms_policy_priority(policy) > e->want.priority))
		return;
	if (policy)
		hms_exits_follow(e, policy, address);
	exits->any = !policy || policy->mode == HMS_MODE_PREFERRED || e->want.forced;
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
static struct page *hms_exits_alloc(struct hms_eviction *e, unsigned long address,
				    struct page *from)
{
	const gfp_t gfp = GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOWARN;
	struct hms_exits *exits = &e->exits;
	struct page *page;
	u32 i;

	for (i = 0; i < exits->ntargets; i++) {
		page = hms_exit_alloc(exits->targets[i], hms_devmem_user(from));
		if (page)
			return page;
	}
	if (!exits->any)
		return NULL;
	return hms_locked_page(hms_home_alloc_anywhere(e->vma, address, gfp, 0,
						       HMS_TARGET_EVICTED));
}

static struct page *hms_exits_alloc_large(struct hms_eviction *e, unsigned long address,
					  struct page *from)
{
	const gfp_t gfp = GFP_TRANSHUGE_LIGHT | __GFP_NOWARN;
	struct hms_exits *exits = &e->exits;
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
	if (!exits->any || vma_policy(e->vma))
		return NULL;
	return hms_locked_page(hms_home_alloc_anywhere(e->vma, address, gfp, order,
						       HMS_TARGET_EVICTED));
}

/* Does a page leave with the one whose turn it is? That itself may be another one by now. */
static bool hms_evict_leaves(const struct hms_eviction *e, const struct page *page)
{
	if (page == e->page)
		return hms_devmem_is_as_known(e->target->mem, page, &e->known);
	return hms_devmem_leaves_with(e->target->mem, page, &e->known, e->sure);
}

/* Destinations for what leaves together with the page whose turn it is. */
static void hms_evict_place(struct hms_eviction *e)
{
	struct hms_pass *pass = e->pass;
	unsigned long address = pass->vma.start, i, n = 0;

	for (i = 0; i < pass->npages && n < e->npages - e->left; i++, address += PAGE_SIZE) {
		struct page *page = migrate_pfn_to_page(pass->src[i]);

		if (!hms_collected_page(pass->src[i]) || !hms_evict_leaves(e, page))
			continue;
		if (address > e->exits.last)
			hms_exits_open(e, address, pass->vma.end - 1);
		page = hms_exits_alloc(e, address, page);
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
	u32 who = hms_binding_id(e->mm);
	struct hms_notice notice = { .kind = HMS_NOTICE_EVICTED, .target = e->target->obj.uid };
	unsigned long i, n = pass->large ? HMS_BLOCK_PAGES : 1, moved = 0, end = 0;

	hms_pass_copy(pass);
	hms_pass_commit(pass, HMS_TARGET_EVICTED);
	for (i = 0; i < pass->npages; i++) {
		if (!hms_moved(pass->src[i], pass->dst[i]))
			continue;
		if (!moved)
			notice.start = pass->vma.start + (i << PAGE_SHIFT);
		if (who)
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
	if (!e->mm)
		notice.start = 0;
	trace_hms_evict(e->target->obj.uid, pass->to, notice.start, moved, e->want.priority,
			e->want.forced ? HMS_TRACE_TAKEN : HMS_TRACE_EVICTED, pass->began);
	hms_stat_add(HMS_STAT_EVICTED, moved);
	hms_binding_count_home(e->mm, HMS_PROCESS_EVICTED, moved, 0);
	hms_inbox_tell_mm(e->mm, &notice);
	hms_netlink_move(e->mm, &notice, HMS_REASON_EVICTED, pass->to);
}

static bool hms_evict_large(struct hms_eviction *e, unsigned long address)
{
	unsigned long start = ALIGN_DOWN(address, PMD_SIZE);
	struct vm_area_struct *vma = e->vma;
	struct page *page;

	if (!hms_core_moves_large() || start < vma->vm_start || start + PMD_SIZE > vma->vm_end ||
	    !hms_pass_collect_large(e->pass, vma, start, hms_devmem_owner(e->target->mem), false,
				    NULL))
		return false;
	page = hms_exits_alloc_large(e, start, migrate_pfn_to_page(e->pass->src[0]));
	if (!page) {
		hms_pass_abort(e->pass);
		return false;
	}
	hms_pass_set_large(e->pass, page);
	hms_evict_pass(e);
	return true;
}

/* The same before it is collected: what is part of one large page is not split yet. */
static bool hms_evict_is_with(const struct hms_eviction *e, const struct page *page)
{
	return page_folio(page) == page_folio(e->page) || hms_evict_leaves(e, page);
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

		if (page && !hms_evict_is_with(e, page))
			break;
	}
	return i;
}

/* The page whose turn it is, and those behind it that leave with it. */
static void hms_evict_span(struct hms_eviction *e, unsigned long address,
			   const struct hms_span *span)
{
	void *owner = hms_devmem_owner(e->target->mem);
	unsigned long n;

	e->pass->began = hms_trace_now(hms_evict);
	if (span->large && hms_evict_large(e, address))
		return;
	n = hms_evict_together(e, span);
	if (!e->vma) {
		hms_pass_collect_frames(e->pass, e->page, n, address, owner);
		hms_rmap_let_pages_go(&e->hold);
	} else if (hms_pass_collect(e->pass, e->vma, address, n, owner, false, NULL)) {
		return;
	}
	hms_evict_place(e);
	hms_evict_pass(e);
}

/*
 * Nothing of a span may leave: its policy has come to a higher priority, or has no other place for
 * it. All of it is asked no more, so that what is behind it has its turn. Where nobody was asked
 * for the policy, those alone that came under the same are known to have it.
 */
static void hms_evict_pass_over(struct hms_eviction *e, unsigned long address,
				const struct hms_span *span)
{
	unsigned long npages = min(span->npages, ((e->exits.last - address) >> PAGE_SHIFT) + 1), i;

	for (i = 0; i < npages; i++) {
		struct page *page = hms_located_on(e->target->mem, e->entries[span->first + i]);

		if (page && (!e->sure || hms_evict_is_with(e, page)))
			hms_devmem_changed(e->target->mem, page, &e->exits.how);
	}
}

/* Let a span go, at an address, unless its policy is against it. */
static void hms_evict_some(struct hms_eviction *e, unsigned long address, unsigned long last,
			   const struct hms_span *span)
{
	hms_exits_open(e, address, last);
	if (hms_exits_have_room(&e->exits))
		hms_evict_span(e, address, span);
	else if (!e->exits.ntargets && (e->sure || e->mm))
		hms_evict_pass_over(e, address, span);
	hms_exits_close(&e->exits);
}

/* Does the span begin with the page whose turn it is? */
static bool hms_evict_is_there(const struct hms_eviction *e, const struct hms_span *span)
{
	struct page *page = hms_located_on(e->target->mem, e->entries[span->first]);

	return page && page_folio(page) == page_folio(e->page);
}

/* Let the page go, if it is there, and more of the same page table page with it. mmap_lock held. */
static void hms_evict_at(struct hms_eviction *e, unsigned long address)
{
	struct vm_area_struct *vma = vma_lookup(e->mm, address);
	struct hms_span span;
	unsigned long end;

	/* Only anonymous memory is ever on a device. */
	if (!vma || !vma->anon_vma || is_vm_hugetlb_page(vma))
		return;
	end = min3(vma->vm_end, ALIGN_DOWN(address, PMD_SIZE) + PMD_SIZE,
		   address + (HMS_PASS_PAGES << PAGE_SHIFT));
	/* It may be mapped elsewhere, and core would split a huge page in the way. */
	if (!hms_locate_span(vma, e->target->mem, address, (end - address) >> PAGE_SHIFT,
			     e->entries, &span) || !hms_evict_is_there(e, &span))
		return;
	e->asked = true;
	e->vma = vma;
	/* It came under the policy of its first page, and the others may have another. */
	if (folio_test_large(page_folio(e->page)))
		e->sure = false;
	hms_evict_some(e, address + (span.first << PAGE_SHIFT), vma->vm_end - 1, &span);
	e->vma = NULL;
}

/*
 * Ask the nth address space that may map the page, if it has time. Returns whether there is one. A
 * page that several share goes by the policy of the first that has it, mostly the parent's.
 */
static bool hms_evict_from(struct hms_eviction *e, unsigned int nth)
{
	unsigned long address;

	e->mm = hms_rmap_mapper(e->page, nth, e->held, &address);
	if (!e->mm)
		return false;
	if (e->mm == e->held) {
		hms_evict_at(e, address);
		return true;
	}
	if (mmap_read_trylock(e->mm)) {
		hms_evict_at(e, address);
		mmap_read_unlock(e->mm);
	}
	/* The last user's work is for a worker: we may hold locks of another address space. */
	mmput_async(e->mm);
	return true;
}

/* Let the page go, and those behind it on the device that go with it, whoever maps them. */
static void hms_evict_unlocked(struct hms_eviction *e)
{
	const struct hms_devmem *mem = e->target->mem;
	unsigned long pfn = page_to_pfn(e->page), n, i;
	struct hms_span span = { };

	n = min_t(unsigned long, HMS_PASS_PAGES, hms_devmem_end(mem) - e->page);
	for (i = 1; i < n && hms_evict_leaves(e, e->page + i); i++)
		;
	if (!hms_rmap_hold(e->page, i, &e->hold))
		return;
	span.npages = e->hold.npages;
	for (i = 0; i < span.npages; i++)
		e->entries[i] = pfn + i;
	e->mm = e->hold.mm;
	e->pass->mm = e->mm;
	e->pass->policy = e->known.policy;
	/* What that says is not to be had without mmap_lock. */
	if (!e->hold.has_mempolicy)
		hms_evict_some(e, e->hold.start,
			       e->hold.start + (span.npages << PAGE_SHIFT) - 1, &span);
	hms_rmap_let_go(&e->hold);
}

/* Let the page whose turn it is go, and more that leave with it. */
static void hms_evict_page(struct hms_eviction *e)
{
	unsigned int nth;

	e->asked = false;
	for (nth = 0; nth < HMS_EVICT_MAPPERS && hms_evict_from(e, nth) && !e->asked; nth++)
		;
	if (!e->asked)
		hms_evict_unlocked(e);
}

/**
 * hms_evict - make room on a device
 * @target: the device, in use by the caller
 * @npages: how many pages should leave it
 * @want: for whom; what has changed it finds out by itself
 * @held: an address space whose mmap_lock the caller holds for read, or NULL
 *
 * Context: may sleep; folio locks may be held.
 * Return: how many pages have left; more than wanted when a large one was among them.
 */
unsigned long hms_evict(struct hms_target *target, unsigned long npages,
			const struct hms_lru_want *want, struct mm_struct *held)
{
	struct hms_eviction *e = kvzalloc(sizeof(*e), GFP_KERNEL);
	unsigned int tries = HMS_EVICT_TRIES;
	unsigned long left, before;

	if (!e)
		return 0;
	e->target = target;
	e->want = *want;
	e->held = held;
	e->npages = npages;
	e->pass = hms_pass_new(HMS_PASS_PAGES, GFP_KERNEL);
	while (e->pass && e->left < npages && tries && !fatal_signal_pending(current)) {
		e->want.changes = hms_binding_changes();
		e->page = hms_devmem_next_to_leave(target->mem, &e->want, &e->known, &e->sure);
		if (!e->page)
			break;
		before = e->left;
		hms_evict_page(e);
		hms_policy_put(e->known.policy);
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
