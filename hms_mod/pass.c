// SPDX-License-Identifier: GPL-2.0
/*
 * A pass: one run of pages through migrate_vma. Everything that moves a page does it here:
 * requests, CPU faults, and the emptying of a device. Core has another way for pages of a device
 * whose mapping nobody holds, migrate_device_range(): that differs where a run begins and ends.
 *
 * A large page moves in one piece where core can do that: the first entry stands for all of it.
 */

#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#include "compat/compat.h"
#include "devmem.h"
#include "freemap.h"
#include "locate.h"
#include "order.h"
#include "pass.h"
#include "target.h"
#include "transfer.h"

/**
 * hms_pass_new - allocate a pass
 * @npages: 1 to HMS_PASS_PAGES
 * @gfp: for the allocation
 *
 * Return: the pass or NULL.
 */
struct hms_pass *hms_pass_new(unsigned long npages, gfp_t gfp)
{
	struct hms_pass *pass;
	size_t size = sizeof(*pass) +
		      npages * (2 * sizeof(unsigned long) + sizeof(struct hms_copy));

	pass = kvzalloc(size, gfp);
	if (!pass)
		return NULL;
	pass->copies = (void *)(pass + 1);
	pass->src = (void *)(pass->copies + npages);
	pass->dst = pass->src + npages;
	return pass;
}

void hms_pass_free(struct hms_pass *pass)
{
	kvfree(pass);
}

static void hms_pass_begin(struct hms_pass *pass, struct vm_area_struct *vma, unsigned long start,
			   unsigned long npages, void *owner, bool system,
			   struct page *fault_page, unsigned long flags)
{
	pass->npages = npages;
	pass->to = 0;
	pass->nruns = 0;
	pass->going = 0;
	pass->to_device = false;
	pass->large = false;
	pass->vma = (struct migrate_vma) {
		.vma = vma,
		.start = start,
		.end = start + (npages << PAGE_SHIFT),
		.src = pass->src,
		.dst = pass->dst,
		.pgmap_owner = owner,
		.flags = flags | (system ? MIGRATE_VMA_SELECT_SYSTEM : 0) |
			 (owner ? MIGRATE_VMA_SELECT_DEVICE_PRIVATE |
				  MIGRATE_VMA_SELECT_DEVICE_COHERENT : 0),
		.fault_page = fault_page,
	};
	hms_times_begin(&pass->times);
}

static int hms_pass_setup(struct hms_pass *pass, struct vm_area_struct *vma, unsigned long start,
			  unsigned long npages, void *owner, bool system,
			  struct page *fault_page, unsigned long flags)
{
	int ret;

	pass->mm = vma->vm_mm;
	hms_pass_begin(pass, vma, start, npages, owner, system, fault_page, flags);
	ret = migrate_vma_setup(&pass->vma);
	hms_times_add(&pass->times, HMS_PHASE_COLLECT, pass->times.collect);
	return ret;
}

/**
 * hms_pass_collect - take the pages of a range out of the page tables
 * @pass: from hms_pass_new(), or done with hms_pass_commit()
 * @vma: the mapping
 * @start: first address
 * @npages: pages, all of them in @vma
 * @owner: take the device pages of this owner, or NULL
 * @system: take pages that are in main memory
 * @fault_page: the page whose CPU fault this is, or NULL
 *
 * Context: mmap_lock held for read, until hms_pass_commit(). May sleep.
 * Return: 0, or a negative errno when core can't work on this mapping.
 */
int hms_pass_collect(struct hms_pass *pass, struct vm_area_struct *vma, unsigned long start,
		     unsigned long npages, void *owner, bool system, struct page *fault_page)
{
	return hms_pass_setup(pass, vma, start, npages, owner, system, fault_page, 0);
}

/**
 * hms_pass_collect_frames - take pages of a device out of whatever page tables they are in
 * @pass: from hms_pass_new(), or done with hms_pass_commit(); with @mm and @policy set
 * @page: the first; none of them is large
 * @npages: how many, one behind the other
 * @start: address of the first in @pass->mm, or what is to be taken for that
 * @owner: of the device
 *
 * Without mmap_lock, also until hms_pass_commit(): see hms_rmap_hold() for what is needed instead.
 *
 * Context: may sleep.
 */
void hms_pass_collect_frames(struct hms_pass *pass, struct page *page, unsigned long npages,
			     unsigned long start, void *owner)
{
	hms_pass_begin(pass, NULL, start, npages, owner, false, NULL, 0);
	memset(pass->dst, 0, npages * sizeof(*pass->dst));
	migrate_device_range(pass->src, page_to_pfn(page), npages);
	hms_times_add(&pass->times, HMS_PHASE_COLLECT, pass->times.collect);
}

/* Lock a large page, and take a reference, if nobody else has it, and one address space maps it. */
static bool hms_pass_hold_folio(struct folio *folio)
{
	/* Who has it locked may count its references. */
	if (folio_test_locked(folio) || !folio_try_get(folio))
		return false;
	if (folio_trylock(folio)) {
		if (!folio_maybe_mapped_shared(folio))
			return true;
		folio_unlock(folio);
	}
	folio_put(folio);
	return false;
}

/*
 * Hold the large device page at an address, if there is one, for the reason that
 * hms_devmem_revive() gives. False when that can't be had.
 */
static bool hms_pass_hold(struct hms_pass *pass, struct vm_area_struct *vma, unsigned long start)
{
	int idx = hms_devmem_read_lock();
	unsigned long entry;
	struct page *page;
	bool can = true;

	hms_locate(vma, start, 1, &entry);
	page = hms_hmm_is_large(entry) ? hms_located_page(entry) : NULL;
	if (page && is_zone_device_page(page)) {
		can = hms_pass_hold_folio(page_folio(page));
		pass->held = can ? page_folio(page) : NULL;
	}
	hms_devmem_read_unlock(idx);
	return can;
}

static void hms_pass_let_go(struct hms_pass *pass)
{
	struct folio *folio = pass->held;

	if (!folio)
		return;
	hms_devmem_revive(folio, pass->vma.vma, pass->vma.start);
	pass->held = NULL;
	folio_unlock(folio);
	folio_put(folio);
}

static bool hms_pass_keep_large(struct hms_pass *pass, bool wanted)
{
	pass->large = wanted && (pass->src[0] & MIGRATE_PFN_COMPOUND);
	if (!pass->large)
		hms_pass_abort(pass);
	return pass->large;
}

/**
 * hms_pass_collect_large - take a large page out of the page table, in one piece
 * @pass: with room for HMS_BLOCK_PAGES
 * @vma: the mapping
 * @start: address of the page, a multiple of its size, all of it in @vma
 * @owner: as for hms_pass_collect()
 * @system: as for hms_pass_collect()
 * @fault_page: as for hms_pass_collect()
 *
 * Of a device only one that no other address space maps; a fault sees to that by itself.
 *
 * Context: as hms_pass_collect().
 * Return: false when there is no such page, or core can't work on it; then nothing is collected.
 */
bool hms_pass_collect_large(struct hms_pass *pass, struct vm_area_struct *vma, unsigned long start,
			    void *owner, bool system, struct page *fault_page)
{
	struct page *page;

	if (!fault_page && owner) {
		if (!hms_pass_hold(pass, vma, start))
			return false;
		/* Where there is none, none that comes only now is to be collected. */
		if (pass->held)
			fault_page = folio_page(pass->held, 0);
		else
			owner = NULL;
	}
	if (hms_pass_setup(pass, vma, start, HMS_BLOCK_PAGES, owner, system, fault_page,
			   MIGRATE_VMA_SELECT_COMPOUND)) {
		hms_pass_let_go(pass);
		return false;
	}
	page = migrate_pfn_to_page(pass->src[0]);
	return hms_pass_keep_large(pass, hms_collected_page(pass->src[0]) &&
				   (!is_zone_device_page(page) || page == fault_page));
}

/**
 * hms_pass_collect_large_hole - take a hole that a large page would fill, in one piece
 * @pass: with room for HMS_BLOCK_PAGES
 * @vma: the mapping
 * @start: first address, a multiple of the size of a large page, all of it in @vma
 *
 * Context: as hms_pass_collect().
 * Return: false when there is no such hole; then nothing is collected.
 */
bool hms_pass_collect_large_hole(struct hms_pass *pass, struct vm_area_struct *vma,
				 unsigned long start)
{
	if (hms_pass_setup(pass, vma, start, HMS_BLOCK_PAGES, NULL, true, NULL,
			   MIGRATE_VMA_SELECT_COMPOUND))
		return false;
	return hms_pass_keep_large(pass, hms_collected_hole(pass->src[0]));
}

/**
 * hms_pass_set_large - give a large page its destination
 * @pass: from hms_pass_collect_large()
 * @page: the first of a locked large page
 */
void hms_pass_set_large(struct hms_pass *pass, struct page *page)
{
	pass->dst[0] = migrate_pfn(page_to_pfn(page)) | MIGRATE_PFN_COMPOUND;
}

static struct hms_target *hms_device_of(struct page *page)
{
	return page && is_zone_device_page(page) ? hms_devmem_target(page) : NULL;
}

static void hms_pass_drop(struct hms_pass *pass, unsigned long i)
{
	struct page *page = migrate_pfn_to_page(pass->dst[i]);

	if (!page)
		return;
	pass->dst[i] = 0;
	unlock_page(page);
	put_page(page);
}

/* The page that is to be filled for an entry; nothing is behind a placeholder, or poison. */
static inline struct page *hms_pass_dst(const struct hms_pass *pass, unsigned long i)
{
	struct page *page = migrate_pfn_to_page(pass->dst[i]);

	return hms_is_placeholder(page) || hms_is_poison(page) ? NULL : page;
}

/* What it is filled with, or NULL: zeros. */
static inline struct page *hms_pass_src(const struct hms_pass *pass, unsigned long i)
{
	struct page *page = migrate_pfn_to_page(pass->src[i]);

	return hms_is_placeholder(page) ? NULL : page;
}

/*
 * A device may have written to its pages, and sets no dirty bit that core could see: without one a
 * page that was clean when it came (MADV_FREE, swap cache) could be dropped again once it is home.
 */
static inline void hms_pass_keep_dirt(struct page *src)
{
	struct folio *folio = page_folio(src);

	if (!folio_test_dirty(folio))
		folio_set_dirty(folio);
}

/* How pages are copied. */
enum hms_manner {
	HMS_COPY_LATER,		/* a driver may tell later when it is done */
	HMS_COPY_NOW,
	HMS_COPY_SINGLY,	/* together they were not */
};

/*
 * Copy the entries from @first on, @n of them with a destination. If that fails, one at a time, so
 * that a page is only held back for a reason of its own.
 */
static void hms_pass_copy_some(struct hms_pass *pass, unsigned long first,
			       const struct hms_copy *copies, unsigned int n,
			       struct hms_target *to, struct hms_target *from,
			       enum hms_manner manner)
{
	unsigned long i = first;
	unsigned int c;

	hms_times_copy(&pass->times);
	if (manner == HMS_COPY_LATER && hms_transfer_start(to, from, copies, n, &pass->fence)) {
		pass->started += n;
		return;
	}
	if (n > 1 && manner != HMS_COPY_SINGLY && !hms_transfer(to, from, copies, n)) {
		pass->copied += n;
		return;
	}
	for (c = 0; c < n; c++, i++) {
		int ret = hms_transfer(to, from, &copies[c], 1);

		while (!hms_pass_dst(pass, i))
			i++;
		if (ret) {
			pass->error = pass->error ?: ret;
			pass->going--;
			hms_pass_drop(pass, i);
		} else {
			pass->copied++;
		}
	}
}

/* The first entry is all that there is: a large page, or a single one. */
static void hms_pass_copy_one(struct hms_pass *pass, enum hms_manner manner)
{
	struct page *dst = hms_pass_dst(pass, 0);
	struct page *src = hms_pass_src(pass, 0);
	struct hms_target *to, *from;
	unsigned long i;

	pass->going = !!pass->dst[0];
	if (!dst)
		return;
	to = hms_device_of(dst);
	from = hms_device_of(src);
	pass->nruns = 1;
	pass->to_device = !!to;
	if (from)
		hms_pass_keep_dirt(src);
	for (i = 0; i < pass->npages; i++) {
		pass->copies[i].dst = dst + i;
		pass->copies[i].src = src + (src ? i : 0);
	}
	hms_times_copy(&pass->times);
	if (manner == HMS_COPY_LATER &&
	    hms_transfer_start(to, from, pass->copies, pass->npages, &pass->fence)) {
		pass->started = pass->npages;
		return;
	}
	/* A large one is not tried again, but split. */
	pass->error = manner == HMS_COPY_SINGLY && pass->large ? READ_ONCE(pass->fence.error) :
		      hms_transfer(to, from, pass->copies, pass->npages);
	if (!pass->error) {
		pass->copied = pass->npages;
		return;
	}
	pass->going = 0;
	hms_pass_drop(pass, 0);
}

/* Neighbours with the same two ends go to the driver in one call. */
static void hms_pass_copy_pages(struct hms_pass *pass, enum hms_manner manner)
{
	struct hms_memory in_dst = hms_memory_of(NULL), in_src = in_dst;
	struct hms_target *to = NULL, *from = NULL;
	struct hms_copy *copies = pass->copies;
	unsigned long i, first = 0;
	unsigned int n = 0;

	for (i = 0; i < pass->npages; i++) {
		struct page *dst = migrate_pfn_to_page(pass->dst[i]);
		struct page *src = migrate_pfn_to_page(pass->src[i]);
		bool same;

		if (!dst)
			continue;
		pass->going++;
		same = hms_is_in(dst, &in_dst) && hms_is_in(src, &in_src);
		if (!same) {
			/* No placeholder is in the memory of what was copied. */
			dst = hms_pass_dst(pass, i);
			src = hms_pass_src(pass, i);
			if (!dst) {
				pass->nruns++;
				continue;
			}
			same = hms_is_in(dst, &in_dst) && hms_is_in(src, &in_src);
		}
		if (!same) {
			if (n)
				hms_pass_copy_some(pass, first, copies, n, to, from, manner);
			copies += n;
			n = 0;
			first = i;
			in_dst = hms_memory_of(dst);
			in_src = hms_memory_of(src);
			to = hms_device_of(dst);
			from = hms_device_of(src);
			pass->nruns++;
			pass->to_device |= !!to;
		}
		if (from)
			hms_pass_keep_dirt(src);
		copies[n++] = (struct hms_copy) { .dst = dst, .src = src };
	}
	if (n)
		hms_pass_copy_some(pass, first, copies, n, to, from, manner);
}

static void hms_pass_copy_all(struct hms_pass *pass, enum hms_manner manner)
{
	pass->copied = 0;
	pass->started = 0;
	pass->going = 0;
	pass->nruns = 0;
	if (hms_pass_entries(pass) == 1)
		hms_pass_copy_one(pass, manner);
	else
		hms_pass_copy_pages(pass, manner);
}

/**
 * hms_pass_copy_start - begin to fill the destinations
 * @pass: collected, with destinations
 *
 * What a driver can't do meanwhile is done when this returns.
 *
 * Context: may sleep.
 * Return: true when something is under way.
 */
bool hms_pass_copy_start(struct hms_pass *pass)
{
	hms_fence_init(&pass->fence);
	pass->error = 0;
	hms_pass_copy_all(pass, HMS_COPY_LATER);
	return pass->started;
}

/**
 * hms_pass_copy_end - have the destinations filled
 * @pass: after hms_pass_copy_start()
 *
 * Entries that could not be copied lose their destination, so that their page stays where it is.
 *
 * Context: may sleep.
 * Return: pages copied or cleared.
 */
u64 hms_pass_copy_end(struct hms_pass *pass)
{
	/* Which of them was not copied nobody has said. */
	if (pass->started && hms_fence_wait(&pass->fence))
		hms_pass_copy_all(pass, HMS_COPY_SINGLY);
	hms_times_add(&pass->times, HMS_PHASE_COPY, pass->times.copy);
	return pass->copied + pass->started;
}

/**
 * hms_pass_copy - fill the destinations
 * @pass: collected, with destinations
 *
 * As hms_pass_copy_start() and hms_pass_copy_end(), for who has nothing else to do.
 *
 * Context: may sleep.
 * Return: pages copied or cleared.
 */
u64 hms_pass_copy(struct hms_pass *pass)
{
	pass->error = 0;
	hms_pass_copy_all(pass, HMS_COPY_NOW);
	hms_times_add(&pass->times, HMS_PHASE_COPY, pass->times.copy);
	return pass->copied;
}

/*
 * The pages that moved are empty shells now, still locked. A page cache page is freed with its
 * mapping cleared; migrate_device.c, made for anonymous memory, leaves that to us. An anonymous one
 * stays so until the last migration entry is gone, which is accounted by it.
 */
static void hms_pass_bury(struct hms_pass *pass)
{
	unsigned long i;

	if (!pass->vma.vma || vma_is_anonymous(pass->vma.vma))
		return;
	for (i = 0; i < hms_pass_entries(pass); i++) {
		struct page *page = migrate_pfn_to_page(pass->src[i]);

		if (page && !is_zone_device_page(page) && !PageAnon(page) &&
		    hms_moved(pass->src[i], pass->dst[i]))
			page_folio(page)->mapping = NULL;
	}
}

static void hms_pass_count_run(struct hms_pass *pass, struct page *from, struct page *to, u64 n,
			       enum hms_target_stat why)
{
	struct hms_target *source = from ? hms_target_of_page(from) : NULL;
	struct hms_target *target = hms_target_of_page(to);

	if (source)
		hms_target_stat_add(source, why, n);
	if (!target)
		return;
	if (!pass->to)
		pass->to = target->obj.uid;
	hms_target_stat_add(target, from ? HMS_TARGET_MOVED_IN : HMS_TARGET_POPULATED, n);
}

/* All of it is one run: there is no need to look at more pages than the first. */
static unsigned long hms_pass_count_all(struct hms_pass *pass, enum hms_target_stat why)
{
	unsigned long i, end = hms_pass_entries(pass), first = 0, arrived = 0;
	struct page *to;

	for (i = 0; i < end; i++) {
		if (hms_moved(pass->src[i], pass->dst[i]) && !arrived++)
			first = i;
	}
	to = arrived ? hms_pass_dst(pass, first) : NULL;
	if (to)
		hms_pass_count_run(pass, hms_pass_src(pass, first), to,
				   pass->large ? pass->npages : arrived, why);
	return arrived;
}

/*
 * What moved, run by run. The pages are still held, and so are their targets. Returns how many
 * entries moved.
 */
static noinline unsigned long hms_pass_count(struct hms_pass *pass, enum hms_target_stat why)
{
	struct page *from = NULL, *to = NULL;
	struct hms_memory in_from, in_to;
	unsigned long i, arrived = 0;
	u64 n = 0;

	for (i = 0; i < hms_pass_entries(pass); i++) {
		struct page *src, *dst;

		if (!hms_moved(pass->src[i], pass->dst[i]))
			continue;
		arrived++;
		dst = hms_pass_dst(pass, i);
		if (!dst)
			continue;
		src = hms_pass_src(pass, i);
		if (n && !(hms_is_in(src, &in_from) && hms_is_in(dst, &in_to))) {
			hms_pass_count_run(pass, from, to, n, why);
			n = 0;
		}
		if (!n) {
			from = src;
			to = dst;
			in_from = hms_memory_of(from);
			in_to = hms_memory_of(to);
		}
		n++;
	}
	if (n)
		hms_pass_count_run(pass, from, to, n, why);
	return arrived;
}

static void hms_pass_pages(struct hms_pass *pass)
{
	u64 began = hms_latency_now();

	if (pass->vma.vma)
		migrate_vma_pages(&pass->vma);
	else
		migrate_device_pages(pass->src, pass->dst, pass->npages);
	hms_times_add(&pass->times, HMS_PHASE_COMMIT, began);
}

static void hms_pass_finalize(struct hms_pass *pass, enum hms_target_stat why, u64 moved)
{
	u64 began = hms_latency_now();

	if (pass->vma.vma)
		migrate_vma_finalize(&pass->vma);
	else
		migrate_device_finalize(pass->src, pass->dst, pass->npages);
	hms_times_add(&pass->times, HMS_PHASE_COMMIT, began);
	hms_times_add(&pass->times, HMS_PHASE_UNMAPPED, pass->times.collect);
	hms_latency_add(&pass->times, why, moved);
}

/**
 * hms_pass_commit - let the destinations take the place of the pages, restore the others
 * @pass: collected
 * @why: count those that leave a target as this
 *
 * Context: as hms_pass_collect().
 * Return: how many entries moved. When that is less than @pass->going, those that hms_pass_copy()
 * has left with a destination, hms_moved() tells what happened to each.
 */
unsigned long hms_pass_commit(struct hms_pass *pass, enum hms_target_stat why)
{
	unsigned long arrived;

	hms_pass_pages(pass);
	arrived = pass->nruns == 1 ? hms_pass_count_all(pass, why) : hms_pass_count(pass, why);
	if (pass->to_device)
		hms_order_enter(pass);
	hms_pass_bury(pass);
	hms_pass_finalize(pass, why, arrived * (pass->large ? pass->npages : 1));
	hms_pass_let_go(pass);
	return arrived;
}

/**
 * hms_pass_abort - give up before anything moved
 * @pass: collected, perhaps with destinations
 *
 * Context: as hms_pass_collect().
 */
void hms_pass_abort(struct hms_pass *pass)
{
	unsigned long i;

	for (i = 0; i < hms_pass_entries(pass); i++)
		hms_pass_drop(pass, i);
	hms_pass_commit(pass, HMS_TARGET_MOVED_OUT);
}
