// SPDX-License-Identifier: GPL-2.0
/*
 * Coming home: pages of a device return to main memory because a CPU touched them, or because the
 * device itself may not write them. That they all return when the device goes is in evacuate.c.
 */

#include <linux/log2.h>
#include <linux/mempolicy.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched.h>

#include "compat/compat.h"
#include "binding.h"
#include "devmem.h"
#include "freemap.h"
#include "home.h"
#include "nodemem.h"
#include "pass.h"
#include "poison.h"
#include "stats.h"
#include "stream.h"
#include "target.h"
#include "trace.h"
#include "turn.h"

static struct hms_streams hms_home_streams;

/* A pass of one page, for when there is no need, or no memory, for more. */
struct hms_home_one {
	struct hms_pass pass;
	struct hms_copy copy;
	unsigned long src, dst;
};

/* The rest is set when pages are collected, by us or by core. */
static struct hms_pass *hms_home_one_init(struct hms_home_one *one)
{
	one->pass.copies = &one->copy;
	one->pass.src = &one->src;
	one->pass.dst = &one->dst;
	one->pass.poison = NULL;
	one->pass.held = NULL;
	one->pass.serial = 0;
	return &one->pass;
}

/*
 * The target where policy wants the pages of a mapping from @address to @last to come home to, in
 * use by the caller, or NULL; @last becomes the last of them. @order: of the page at @address.
 */
static struct hms_target *hms_home_target(struct vm_area_struct *vma, unsigned long address,
					  unsigned int order, unsigned long *last)
{
	/* Not current's: the fault may run in another process, or in a kthread. */
	struct hms_policy *policy = hms_binding_policy(vma->vm_mm, address, last);
	unsigned int shift = PAGE_SHIFT + order;
	struct hms_target *target = NULL;

	/* A mapping with a mempolicy of its own is placed by that. */
	if (policy && !vma_policy(vma))
		target = hms_target_use_home(policy->uids, policy->ntargets,
					     hms_policy_rank(policy, address >> shift),
					     vma->vm_flags & VM_LOCKED);
	/* The next page may belong elsewhere. */
	if (policy && hms_mode_rotates(policy->mode))
		*last = min(*last, address + (1UL << shift) - 1);
	hms_policy_put(policy);
	return target;
}

/* Memory of a node that a policy asks for, as far as it is had without reclaim. */
static struct folio *hms_home_alloc_on(int nid, gfp_t gfp, unsigned int order)
{
	gfp = (gfp & ~__GFP_RECLAIM) | __GFP_THISNODE | __GFP_NOWARN;
	return node_online(nid) ? __folio_alloc_node(gfp, order, nid) : NULL;
}

/* For @from a page of the target that policy asks for, locked. */
static struct page *hms_home_alloc_there(struct hms_target *target, struct page *from)
{
	struct page *page;

	if (hms_target_is_device(target))
		return hms_target_alloc(target, hms_devmem_user(from), &page, 1) ? page : NULL;
	return hms_locked_page(hms_home_alloc_on(target->nid, GFP_HIGHUSER_MOVABLE, 0));
}

/* Has the faulting task, or the mapping, or what is mapped, a say in where memory comes from? */
static bool hms_has_mempolicy(const struct vm_area_struct *vma)
{
#ifdef CONFIG_NUMA
	return current->mempolicy || vma->vm_policy || (vma->vm_ops && vma->vm_ops->get_policy);
#else
	return false;
#endif
}

/**
 * hms_home_alloc_anywhere - memory where no policy of HMS wants it
 * @vma: the mapping; NULL, if it has no mempolicy
 * @address: in it
 * @gfp: how hard to try
 * @order: of the page
 * @why: for a touch, on a node that the faulting task may use. Who takes a device away, or needs
 *	room on it, is not whose memory it is: neither its mempolicy nor its cpuset counts
 *
 * Return: a page or NULL.
 */
struct folio *hms_home_alloc_anywhere(struct vm_area_struct *vma, unsigned long address,
				      gfp_t gfp, unsigned int order, enum hms_target_stat why)
{
	struct page *page;

	if (why != HMS_TARGET_HOME)
		gfp &= ~__GFP_HARDWALL;
	if (!vma || (why == HMS_TARGET_HOME ? !hms_has_mempolicy(vma) : !vma_policy(vma)))
		return __folio_alloc_node(gfp, order, numa_mem_id());
	/* The allocator that knows the mempolicy of a mapping takes no page but a single one. */
	if (order)
		return folio_alloc(gfp, order);
	page = alloc_page_vma(gfp, vma, address);
	return page ? page_folio(page) : NULL;
}

/*
 * Memory for @from, a page that comes home, locked. The policy of HMS may choose the target only as
 * long as that costs no reclaim; else any node will do. For a page that nobody has touched yet
 * nothing is reclaimed at all, and for one of many that have to come, nobody is killed.
 */
static struct page *hms_home_alloc(struct vm_area_struct *vma, unsigned long address,
				   struct hms_target *target, struct page *from, bool ahead,
				   enum hms_target_stat why)
{
	gfp_t gfp = GFP_HIGHUSER_MOVABLE;
	struct page *page = NULL;

	if (ahead && why == HMS_TARGET_EVACUATED)
		gfp |= __GFP_NORETRY | __GFP_NOWARN;
	else if (ahead)
		gfp = (gfp & ~__GFP_RECLAIM) | __GFP_NOWARN;
	if (target)
		page = hms_home_alloc_there(target, from);
	if (page)
		return page;
	return hms_locked_page(hms_home_alloc_anywhere(vma, address, gfp, 0, why));
}

/* Pages that are allocated together. */
#define HMS_HOME_STOCK	32UL

/**
 * struct hms_home_stock - pages that were allocated together, for neighbours
 * @open: what is below says where they come from
 * @nid: of this node
 * @gfp: in this way; 0: from nowhere
 * @n: how many are left
 * @pages: which; where copies are listed later
 */
struct hms_home_stock {
	bool open;
	int nid;
	gfp_t gfp;
	unsigned int n;
	struct page **pages;
};

static void hms_home_close_stock(struct hms_home_stock *stock)
{
	while (stock->n)
		__free_page(stock->pages[--stock->n]);
	stock->open = false;
}

/* For pages that go to a target, or anywhere. Without reclaim. */
static void hms_home_open_stock(struct hms_home_stock *stock, struct vm_area_struct *vma,
				const struct hms_target *target)
{
	stock->open = true;
	stock->nid = target ? target->nid : numa_mem_id();
	stock->gfp = (GFP_HIGHUSER_MOVABLE & ~__GFP_RECLAIM) | __GFP_NOWARN;
	if (target)
		stock->gfp |= __GFP_THISNODE;
	if (target ? hms_target_is_device(target) || !node_online(stock->nid) :
		     hms_has_mempolicy(vma))
		stock->gfp = 0;
}

/* A page out of the stock, locked, or NULL; it is filled with at most @wanted. */
static struct page *hms_home_from_stock(struct hms_home_stock *stock, struct vm_area_struct *vma,
					const struct hms_target *target, unsigned long wanted)
{
	if (!stock->open)
		hms_home_open_stock(stock, vma, target);
	if (!stock->n && stock->gfp && wanted > 1)
		stock->n = hms_nodemem_alloc(stock->nid, stock->gfp, stock->pages,
					     min(wanted, HMS_HOME_STOCK));
	if (!stock->n)
		return NULL;
	return hms_locked_page(page_folio(stock->pages[--stock->n]));
}

static void hms_home_unuse(struct hms_target *target)
{
	if (target)
		hms_target_unuse(target);
}

/* A page that is lost stays where it is; or if that goes, another comes in its place. */
static bool hms_home_is_lost(struct hms_pass *pass, unsigned long i)
{
	struct page *page;

	if (!hms_devmem_is_lost(migrate_pfn_to_page(pass->src[i])))
		return false;
	page = pass->poison ? hms_poison_alloc(pass->poison) : NULL;
	if (page)
		pass->dst[i] = migrate_pfn(page_to_pfn(page));
	return true;
}

/*
 * A destination for each page that was collected, as far as there is memory. Says how many are not
 * where policy wants them.
 */
static int hms_home_place(struct hms_pass *pass, enum hms_target_stat why, u64 *elsewhere)
{
	unsigned long address = pass->vma.start, known = address, last, i;
	bool may_be_lost =
		hms_devmem_may_have_lost(hms_devmem_of_owner(pass->vma.pgmap_owner));
	struct hms_target *target = NULL;
	struct hms_home_stock stock;
	int ret = 0;

	stock.n = 0;
	stock.open = false;
	stock.pages = (void *)pass->copies;
	for (i = 0; i < pass->npages; i++, address += PAGE_SIZE) {
		struct page *page = NULL;

		if (!hms_collected_page(pass->src[i]))
			continue;
		if (may_be_lost && hms_home_is_lost(pass, i)) {
			ret = i || pass->dst[i] ? ret : -EHWPOISON;
			continue;
		}
		if (address >= known) {
			last = pass->vma.end - 1;
			hms_home_close_stock(&stock);
			hms_home_unuse(target);
			target = hms_home_target(pass->vma.vma, address, 0, &last);
			known = last + 1;
		}
		if (i && why == HMS_TARGET_HOME)
			page = hms_home_from_stock(&stock, pass->vma.vma, target,
						   (known - address) >> PAGE_SHIFT);
		if (!page)
			page = hms_home_alloc(pass->vma.vma, address, target,
					      migrate_pfn_to_page(pass->src[i]), i, why);
		if (!page) {
			ret = i ? ret : -ENOMEM;
			break;
		}
		pass->dst[i] = migrate_pfn(page_to_pfn(page));
		*elsewhere += target && hms_target_of_page(page) != target;
	}
	hms_home_close_stock(&stock);
	hms_home_unuse(target);
	return ret;
}

static void hms_home_trace(const struct hms_pass *pass, u64 home, u64 elsewhere)
{
	const struct hms_devmem *mem = hms_devmem_of_owner(pass->vma.pgmap_owner);

	if (home)
		trace_hms_home(hms_devmem_is_of(mem)->obj.uid, pass->to, pass->vma.start, home,
			       elsewhere,
			       pass->vma.fault_page ? HMS_TRACE_TOUCH : HMS_TRACE_FAULT,
			       pass->began);
}

/*
 * Pages came home: count them for the module and for the process; their target has done so for
 * itself. The first touch of what had a placeholder is another thing.
 */
static void hms_home_count(const struct hms_pass *pass, enum hms_target_stat why, u64 home,
			   u64 elsewhere)
{
	struct mm_struct *mm = pass->vma.vma->vm_mm;

	hms_stat_add(HMS_STAT_HOME_ELSEWHERE, elsewhere);
	if (why == HMS_TARGET_HOME && hms_is_placeholder(pass->vma.fault_page)) {
		hms_stat_add(HMS_STAT_LAZY_TOUCHED, home);
		hms_binding_count_home(mm, HMS_PROCESS_POPULATED, home, elsewhere);
	} else if (why == HMS_TARGET_HOME) {
		hms_stat_add(HMS_STAT_HOME_FAULTS, !!pass->vma.fault_page);
		if (trace_hms_home_enabled())
			hms_home_trace(pass, home, elsewhere);
		hms_stat_add(HMS_STAT_HOME, home);
		hms_binding_count_home(mm, HMS_PROCESS_HOME, home, elsewhere);
	} else {
		hms_stat_add(HMS_STAT_EVACUATED, home);
		hms_binding_count_home(mm, HMS_PROCESS_EVACUATED, home, elsewhere);
	}
}

/**
 * hms_home_replace_lost - let other pages take the place of those that are lost; all else stays
 * @pass: collected by mapping, with poison
 *
 * Context: mmap_lock held for read. May sleep.
 * Return: did that help any?
 */
bool hms_home_replace_lost(struct hms_pass *pass)
{
	bool any = false;
	unsigned long i;

	for (i = 0; i < pass->npages; i++) {
		if (hms_collected_page(pass->src[i]))
			hms_home_is_lost(pass, i);
	}
	hms_pass_commit(pass, HMS_TARGET_EVACUATED);
	for (i = 0; i < pass->npages; i++)
		any |= hms_moved(pass->src[i], pass->dst[i]);
	return any;
}

/**
 * hms_home_came - has a page come home
 * @pass: after hms_home_pass()
 * @i: which entry
 */
bool hms_home_came(const struct hms_pass *pass, unsigned long i)
{
	return hms_moved(pass->src[i], pass->dst[i]) &&
	       !hms_is_poison(migrate_pfn_to_page(pass->dst[i]));
}

/**
 * hms_home_pass - move the device pages that were collected; those that can't be stay
 * @pass: collected by mapping
 * @why: count them as this
 *
 * Context: mmap_lock held for read. May sleep.
 * Return: 0; about the first of the pass: -ENOMEM when there is no memory for it, -EIO when the
 * device does not give it back, -EHWPOISON when it has lost it, and nothing takes its place.
 */
int hms_home_pass(struct hms_pass *pass, enum hms_target_stat why)
{
	unsigned long first, i;
	u64 home, elsewhere = 0;
	int ret;

	ret = hms_home_place(pass, why, &elsewhere);
	first = pass->dst[0];
	hms_pass_copy(pass);
	if (first && !pass->dst[0])
		ret = pass->error == -ENOMEM ? -ENOMEM : -EIO;
	home = hms_pass_commit(pass, why);
	/* What took the place of lost pages did not come from there. */
	for (i = 0; pass->poison && i < pass->npages; i++)
		home -= hms_moved(pass->src[i], pass->dst[i]) && !hms_home_came(pass, i);
	hms_home_count(pass, why, home, elsewhere);
	return ret;
}

/*
 * Memory for a large page that comes home, locked, as far as it is had without effort, and where
 * one place is wanted for all of it.
 */
static struct page *hms_home_alloc_large(struct vm_area_struct *vma, unsigned long address,
					 enum hms_target_stat why)
{
	const gfp_t gfp = GFP_TRANSHUGE_LIGHT | __GFP_NOWARN;
	unsigned int order = ilog2(HMS_BLOCK_PAGES);
	unsigned long last = address + PMD_SIZE - 1;
	struct folio *folio = NULL;
	struct hms_target *target;

	/* Its mempolicy places single pages only. */
	if (vma_policy(vma))
		return NULL;
	target = hms_home_target(vma, address, order, &last);
	/* A device that the CPU can load from has no large pages. */
	if (last == address + PMD_SIZE - 1 && !(target && hms_target_is_device(target)))
		folio = target ? hms_home_alloc_on(target->nid, gfp, order) :
				 hms_home_alloc_anywhere(vma, address, gfp, order, why);
	hms_home_unuse(target);
	return hms_locked_page(folio);
}

/**
 * hms_home_large - move a large page of a device in one piece
 * @pass: with room for HMS_BLOCK_PAGES
 * @vma: the mapping
 * @address: in the page
 * @owner: of the device
 * @fault_page: the page whose CPU fault this is, or NULL
 * @why: count its pages as this
 *
 * Context: mmap_lock held for read. May sleep.
 * Return: whether it has moved. If not its pages can be collected one by one.
 */
bool hms_home_large(struct hms_pass *pass, struct vm_area_struct *vma, unsigned long address,
		    void *owner, struct page *fault_page, enum hms_target_stat why)
{
	unsigned long start = ALIGN_DOWN(address, PMD_SIZE);
	struct page *page;

	/* In one piece nothing takes the place of what is lost. */
	if (!hms_core_moves_large() || start < vma->vm_start || start + PMD_SIZE > vma->vm_end ||
	    (!fault_page && hms_devmem_may_have_lost(hms_devmem_of_owner(owner))))
		return false;
	page = hms_home_alloc_large(vma, start, why);
	if (!page)
		return false;
	if (!hms_pass_collect_large(pass, vma, start, owner, false, fault_page)) {
		unlock_page(page);
		put_page(page);
		return false;
	}
	hms_pass_set_large(pass, page);
	hms_pass_copy(pass);
	if (!hms_pass_commit(pass, why))
		return false;
	hms_home_count(pass, why, HMS_BLOCK_PAGES, 0);
	return true;
}

static bool hms_home_fault_large(struct vm_fault *vmf, struct hms_target *target, u64 began)
{
	unsigned long start = ALIGN_DOWN(vmf->address, PMD_SIZE);
	struct folio *folio = page_folio(vmf->page);
	struct hms_pass *pass;
	bool moved;

	/* What is dropped meanwhile hms_devmem_revive() can put right for one mapping only. */
	if (folio_maybe_mapped_shared(folio))
		return false;
	pass = hms_pass_new(HMS_BLOCK_PAGES, GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY);
	if (!pass)
		return false;
	pass->began = began;
	moved = hms_home_large(pass, vmf->vma, start, hms_devmem_owner(target->mem), vmf->page,
			       HMS_TARGET_HOME);
	hms_devmem_revive(folio, vmf->vma, start);
	hms_pass_free(pass);
	return moved;
}

/* Nobody can bring that back. A large page is asked about only what is touched of it. */
static bool hms_home_fault_is_lost(const struct vm_fault *vmf, const struct hms_target *target)
{
	struct page *page = vmf->page;

	if (!hms_devmem_may_have_lost(target->mem))
		return false;
	if (!vmf->pte)
		page = folio_page(page_folio(page), (vmf->address & ~PMD_MASK) >> PAGE_SHIFT);
	return hms_devmem_is_lost(page);
}

static vm_fault_t hms_home_fault_result(int error)
{
	switch (error) {
	case -ENOMEM:
		return VM_FAULT_OOM;
	case -EIO:
		return VM_FAULT_SIGBUS;
	default:
		return 0;
	}
}

/*
 * Have PTEs map a large page that a PMD maps. With the reference of a fault core can't split it,
 * unless PTEs map it: then it takes the fault's for its own. So have it find as many references as
 * there should be: it maps the page by PTEs everywhere before it finds that there are more. Or it
 * finds that at once, as others have one for a moment, and the access is simply tried again.
 *
 * To give the fault's reference back meanwhile would not do. Other threads may be first, with a
 * part of the page that they drop, and then core would have none. For their sake there is one of
 * our own, too: as long as core is wrong about how often the page is mapped it must not split it.
 */
static int hms_home_split_mapping(struct hms_pass *pass, struct vm_fault *vmf, void *owner)
{
	struct folio *folio = page_folio(vmf->page);
	int ret;

	/* The move in one piece has failed because others were first, and has split it. */
	if (!folio_test_large(folio))
		return 0;
	folio_get(folio);
	hms_pretend_mapped(folio, 2);
	ret = hms_pass_collect(pass, vmf->vma, vmf->address & PAGE_MASK, 1, owner, false,
			       vmf->page);
	hms_pretend_mapped(folio, -2);
	folio_put(folio);
	if (!ret)
		hms_pass_abort(pass);
	return ret;
}

/* It is this thread's turn. */
static vm_fault_t hms_home_bring(struct vm_fault *vmf, struct hms_target *target)
{
	unsigned long address = vmf->address & PAGE_MASK;
	void *owner = hms_devmem_owner(target->mem);
	struct vm_area_struct *vma = vmf->vma;
	struct hms_pass *many = NULL, *pass;
	u64 began = hms_trace_now(hms_home);
	struct hms_home_one one __uninitialized;
	unsigned long npages;
	vm_fault_t ret;

	if (!vmf->pte && hms_home_fault_large(vmf, target, began))
		return 0;
	/* Not by its struct: the next thread may have that, and seem to go on with the stream. */
	npages = hms_stream_touch(&hms_home_streams, current->pid, address >> PAGE_SHIFT);
	/*
	 * Core splits a large page that PTEs map, too, and lets go of the page that was touched
	 * before it has it again: the fault is to have the first one, which it keeps all the time.
	 */
	vmf->page = folio_page(page_folio(vmf->page), 0);
	/* Not into the next page table page: core would split a huge page there. */
	npages = min3(npages, (vma->vm_end - address) >> PAGE_SHIFT,
		      (ALIGN_DOWN(address, PMD_SIZE) + PMD_SIZE - address) >> PAGE_SHIFT);
	if (npages > 1)
		many = hms_pass_new(npages, GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY);
	if (!many)
		npages = 1;
	pass = many ?: hms_home_one_init(&one);
	pass->began = began;

	if ((!vmf->pte && hms_home_split_mapping(pass, vmf, owner)) ||
	    hms_pass_collect(pass, vma, address, npages, owner, false, vmf->page)) {
		ret = VM_FAULT_SIGBUS;
		goto free;
	}
	ret = hms_home_fault_result(hms_home_pass(pass, HMS_TARGET_HOME));
free:
	if (many)
		hms_pass_free(many);
	return ret;
}

/**
 * hms_home_fault - a CPU touched a page of a device
 * @vmf: the fault; core holds a reference to vmf->page
 * @target: the device
 *
 * Brings home that page, and more when it is part of a large one that nobody shares, or when the
 * thread is reading or writing along. A fault never fails for a reason of policy.
 *
 * Context: mmap_lock held for read; current may be a kthread or another process than the mapping's.
 * Return: 0 (also when somebody else was faster: the access is simply tried again), VM_FAULT_OOM,
 * VM_FAULT_SIGBUS when the device can't give the data back, VM_FAULT_HWPOISON when it is lost.
 */
vm_fault_t hms_home_fault(struct vm_fault *vmf, struct hms_target *target)
{
	struct hms_turn turn;
	vm_fault_t ret;

	if (hms_home_fault_is_lost(vmf, target)) {
		hms_stat_add(HMS_STAT_LOST_TOUCHED, 1);
		return VM_FAULT_HWPOISON;
	}
	if (!hms_turn_take(&turn, vmf)) {
		hms_stat_add(HMS_STAT_HOME_WAITED, 1);
		return 0;
	}
	ret = hms_home_bring(vmf, target);
	hms_turn_end(&turn);
	return ret;
}

/**
 * hms_home_page - bring one page home for a device that may not write it
 * @vma: the mapping
 * @address: of the page
 * @target: the device that has it
 *
 * Context: mmap_lock held for read.
 * Return: 0 (the page may be gone from there by now), -ENOMEM, -EIO, -EHWPOISON, or the errno of
 * the mapping.
 */
int hms_home_page(struct vm_area_struct *vma, unsigned long address, struct hms_target *target)
{
	struct hms_home_one one __uninitialized;
	struct hms_pass *pass = hms_home_one_init(&one);
	int ret;

	pass->began = hms_trace_now(hms_home);
	ret = hms_pass_collect(pass, vma, address, 1, hms_devmem_owner(target->mem), false, NULL);
	if (ret)
		return ret;
	return hms_home_pass(pass, HMS_TARGET_HOME);
}
