// SPDX-License-Identifier: GPL-2.0
/*
 * The engine: migrate and populate, for a request.
 *
 * A range is worked on in batches of at most HMS_PASS_PAGES pages of one mapping. For each batch
 * core collects the pages (a pass for main memory and one device, and another for each further
 * device that holds pages), the engine gives every page a fate and a destination, the passes copy
 * and commit, and what no pass ever saw is explained by a look at the page tables. mmap_lock is
 * dropped after each batch. All-or-nothing does the same with all its batches at once, and looks
 * at the fates before it lets any of them copy.
 */

#include <linux/bitmap.h>
#include <linux/dax.h>
#include <linux/fs.h>
#include <linux/cpuset.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include "compat/compat.h"
#include "binding.h"
#include "devmem.h"
#include "engine.h"
#include "locate.h"
#include "pass.h"
#include "request.h"
#include "target.h"

/* What becomes of a page; with it goes a number, see struct hms_batch. */
enum hms_fate {
	HMS_FATE_UNSEEN,	/* no pass has had it */
	HMS_FATE_MOVE,		/* to target @which, by pass @pass_of */
	HMS_FATE_POPULATE,	/* the same, from nothing; @which may be ntargets: elsewhere */
	HMS_FATE_PRESENT,	/* on target @which */
	HMS_FATE_SKIP,		/* for reason @which */
	HMS_FATE_SWAPPED,	/* to be brought back to memory first */
};

/**
 * struct hms_batch - a run of pages of one mapping
 * @list: the batches of all-or-nothing
 * @vma: the mapping; mmap_lock is held as long as the batch is used
 * @start: first address
 * @npages: pages
 * @npasses: passes that have collected
 * @passes: kept for the next batch
 * @fate: enum hms_fate
 * @which: target or reason
 * @pass_of: pass that has the page
 * @shared: other processes map it, and the caller may not move such pages
 * @entries: for looks at the page tables
 */
struct hms_batch {
	struct list_head list;
	struct vm_area_struct *vma;
	unsigned long start;
	unsigned long npages;
	unsigned int npasses;
	struct hms_pass *passes[HMS_MAX_OWNERS + 1];
	u8 fate[HMS_PASS_PAGES];
	u8 which[HMS_PASS_PAGES];
	u8 pass_of[HMS_PASS_PAGES];
	DECLARE_BITMAP(shared, HMS_PASS_PAGES);
	unsigned long entries[HMS_PASS_PAGES];
};

/**
 * struct hms_wish - what a page that was collected may become
 * @limit: it may go to targets before this one
 * @allow: and only to these kinds
 * @reason: why not to the others
 */
struct hms_wish {
	u8 limit;
	u8 allow;
	u8 reason;
};

/**
 * struct hms_engine - one run of the engine
 * @request: what is asked; its counts are kept here as the work goes on
 * @binding: the address space
 * @usable: targets that the caller's cpuset allows
 * @batch: for one batch at a time
 * @wishes: of the pages of a batch
 * @pages: destinations on their way to a pass
 * @index: the entries they are for
 */
struct hms_engine {
	struct hms_request *request;
	struct hms_binding *binding;
	DECLARE_BITMAP(usable, HMS_MAX_TARGETS);
	struct hms_batch *batch;
	struct hms_wish wishes[HMS_PASS_PAGES];
	struct page *pages[HMS_PASS_PAGES];
	u16 index[HMS_PASS_PAGES];
};

static_assert(HMS_MAX_TARGETS < U8_MAX && HMS_MAX_OWNERS < U8_MAX);

static struct hms_batch *hms_batch_new(void)
{
	return kvzalloc(sizeof(struct hms_batch), GFP_KERNEL);
}

static void hms_batch_free(struct hms_batch *batch)
{
	unsigned int p;

	if (!batch)
		return;
	for (p = 0; p < ARRAY_SIZE(batch->passes); p++)
		hms_pass_free(batch->passes[p]);
	kvfree(batch);
}

static void hms_batch_init(struct hms_batch *batch, struct vm_area_struct *vma,
			   unsigned long start, unsigned long npages)
{
	batch->vma = vma;
	batch->start = start;
	batch->npages = npages;
	batch->npasses = 0;
	memset(batch->fate, HMS_FATE_UNSEEN, npages);
	bitmap_zero(batch->shared, HMS_PASS_PAGES);
}

static void hms_fate(struct hms_batch *batch, unsigned long i, enum hms_fate fate, u8 which)
{
	batch->fate[i] = fate;
	batch->which[i] = which;
}

static void hms_fate_all(struct hms_batch *batch, enum hms_fate fate, u8 which)
{
	unsigned long i;

	for (i = 0; i < batch->npages; i++)
		hms_fate(batch, i, fate, which);
}

/* Which target of the request holds a page? ntargets if none does. */
static u32 hms_rank(const struct hms_request *request, struct page *page)
{
	struct hms_target *target = hms_target_of_page(page);
	u32 rank;

	for (rank = 0; rank < request->ntargets; rank++) {
		if (request->targets[rank] == target)
			break;
	}
	return rank;
}

/*
 * Moving a page takes it from everybody who maps it, which needs a privilege. Once core has
 * collected it, nobody maps it any more, so look before. A page of ours cannot become shared in
 * between: fork takes mmap_lock for write.
 */
static int hms_batch_find_shared(struct hms_engine *engine, struct hms_batch *batch)
{
	unsigned long i;
	int idx, ret;

	if (engine->request->may_move_shared)
		return 0;
	idx = hms_devmem_read_lock();
	ret = hms_locate(engine->binding, batch->start, batch->npages, batch->entries);
	for (i = 0; i < batch->npages && !ret; i++) {
		struct page *page = hms_located_page(batch->entries[i]);

		/* Where nothing can be told, be on the safe side. */
		if (hms_located_unknown(batch->entries[i]) ||
		    (page && folio_maybe_mapped_shared(page_folio(page))))
			set_bit(i, batch->shared);
	}
	hms_devmem_read_unlock(idx);
	return ret;
}

static bool hms_vma_can_move(struct vm_area_struct *vma)
{
	return !is_vm_hugetlb_page(vma) && !(vma->vm_flags & VM_SPECIAL) && !vma_is_dax(vma);
}

static void hms_batch_abort(struct hms_batch *batch)
{
	unsigned int p;

	for (p = 0; p < batch->npasses; p++)
		hms_pass_abort(batch->passes[p]);
	batch->npasses = 0;
}

static int hms_batch_collect(struct hms_engine *engine, struct hms_batch *batch)
{
	struct hms_request *request = engine->request;
	void *owners[HMS_MAX_OWNERS], *best = NULL;
	unsigned int nowners, o, p = 0;
	int ret;

	if (!hms_vma_can_move(batch->vma)) {
		hms_fate_all(batch, HMS_FATE_SKIP, HMS_SKIP_SPECIAL);
		return 0;
	}
	ret = hms_batch_find_shared(engine, batch);
	if (ret)
		return ret;

	/* Pages on the most wanted target can stay where they are: do not collect them. */
	if (hms_target_is_device(request->targets[0]))
		best = hms_devmem_owner(request->targets[0]->mem);
	nowners = hms_devmem_owners(owners, HMS_MAX_OWNERS);
	for (o = 0; o <= nowners; o++) {
		void *owner = o < nowners ? owners[o] : NULL;

		/* The first pass takes main memory along, even when no device holds anything. */
		if (owner == best && owner)
			continue;
		if (!owner && p)
			break;
		if (!batch->passes[p]) {
			batch->passes[p] = hms_pass_new(HMS_PASS_PAGES, GFP_KERNEL);
			if (!batch->passes[p])
				ret = -ENOMEM;
		}
		if (!ret)
			ret = hms_pass_collect(batch->passes[p], batch->vma, batch->start,
					       batch->npages, owner, !p, NULL);
		if (ret) {
			hms_batch_abort(batch);
			return ret;
		}
		batch->npasses = ++p;
	}
	return 0;
}

enum {
	HMS_ALLOW_NODE		= BIT(0),
	HMS_ALLOW_DEVICE	= BIT(1),
};

/*
 * Where may this page go? Core moves file pages to another node by their mapping alone, so only
 * memory of which nothing else is known (anonymous, shmem) is let through; writeback would be a
 * BUG there. mlocked pages never go to a device: munlock would leave them accounted for good.
 */
static unsigned int hms_page_allows(const struct vm_area_struct *vma, struct folio *folio,
				    enum hms_skip *reason)
{
	unsigned int allow = 0;

	*reason = HMS_SKIP_FILE;
	if (folio_test_anon(folio))
		allow = HMS_ALLOW_NODE | HMS_ALLOW_DEVICE;
	else if (folio->mapping && shmem_mapping(folio->mapping))
		allow = HMS_ALLOW_NODE;
	if (!folio_test_anon(folio) && folio_test_private(folio))
		allow = 0;
	if ((vma->vm_flags & VM_LOCKED) || folio_test_mlocked(folio)) {
		if (allow & HMS_ALLOW_DEVICE)
			*reason = HMS_SKIP_SPECIAL;
		allow &= ~HMS_ALLOW_DEVICE;
	}
	if (allow)
		folio_wait_writeback(folio);
	return allow;
}

/* A fate for what needs no destination; else a wish. */
static bool hms_batch_wish(struct hms_engine *engine, struct hms_batch *batch,
			   struct hms_pass *pass, unsigned long i, struct hms_wish *wish)
{
	struct hms_request *request = engine->request;
	enum hms_skip reason = HMS_SKIP_NOMEM;
	struct page *page;

	if (hms_pass_is_hole(pass, i)) {
		if (!request->populate) {
			hms_fate(batch, i, HMS_FATE_SKIP, HMS_SKIP_ABSENT);
			return false;
		}
		wish->limit = request->ntargets;
		wish->allow = HMS_ALLOW_NODE;
		wish->reason = HMS_SKIP_SPECIAL;
		if (!(batch->vma->vm_flags & VM_LOCKED))
			wish->allow |= HMS_ALLOW_DEVICE;
		return true;
	}

	page = migrate_pfn_to_page(pass->src[i]);
	wish->limit = hms_rank(request, page);
	if (!wish->limit) {
		hms_fate(batch, i, HMS_FATE_PRESENT, 0);
		return false;
	}
	if (!request->migrate) {
		if (wish->limit < request->ntargets)
			hms_fate(batch, i, HMS_FATE_PRESENT, wish->limit);
		else
			hms_fate(batch, i, HMS_FATE_SKIP, HMS_SKIP_ELSEWHERE);
		return false;
	}
	if (test_bit(i, batch->shared)) {
		hms_fate(batch, i, HMS_FATE_SKIP, HMS_SKIP_SHARED);
		return false;
	}
	wish->allow = hms_page_allows(batch->vma, page_folio(page), &reason);
	wish->reason = reason;
	return true;
}

/* Destinations on one target for as many pages as it has room for; the rest stays on the list. */
static unsigned int hms_place_on(struct hms_engine *engine, struct hms_batch *batch,
				 unsigned int p, u32 rank, unsigned int npending, u16 *pending)
{
	const struct hms_wish *wishes = engine->wishes;
	struct hms_target *target = engine->request->targets[rank];
	u8 kind = hms_target_is_device(target) ? HMS_ALLOW_DEVICE : HMS_ALLOW_NODE;
	struct hms_pass *pass = batch->passes[p];
	unsigned int left = 0, want = 0, got = 0, j;

	for (j = 0; j < npending; j++)
		want += rank < wishes[pending[j]].limit && (wishes[pending[j]].allow & kind);
	if (want)
		got = hms_target_alloc(target, engine->pages, want);

	for (j = 0; j < npending; j++) {
		unsigned long i = pending[j];

		if (got && rank < wishes[i].limit && (wishes[i].allow & kind)) {
			pass->dst[i] = migrate_pfn(page_to_pfn(engine->pages[--got]));
			hms_fate(batch, i, hms_pass_is_hole(pass, i) ? HMS_FATE_POPULATE :
				 HMS_FATE_MOVE, rank);
			batch->pass_of[i] = p;
		} else {
			pending[left++] = i;
		}
	}
	return left;
}

/* No target had room for a hole, and the policy is content with any memory. */
static bool hms_place_anywhere(struct hms_engine *engine, struct hms_batch *batch,
			       unsigned int p, unsigned long i)
{
	struct hms_request *request = engine->request;
	struct page *page;

	if (request->mode != HMS_MODE_PREFERRED || !hms_pass_is_hole(batch->passes[p], i))
		return false;
	page = alloc_page(GFP_HIGHUSER_MOVABLE | __GFP_NOWARN);
	if (!page)
		return false;
	lock_page(page);
	batch->passes[p]->dst[i] = migrate_pfn(page_to_pfn(page));
	hms_fate(batch, i, HMS_FATE_POPULATE, request->ntargets);
	batch->pass_of[i] = p;
	return true;
}

/* Could any target take a page with this wish, if it had room? */
static bool hms_wish_is_possible(const struct hms_engine *engine, const struct hms_wish *wish)
{
	const struct hms_request *request = engine->request;
	u32 rank;

	for_each_set_bit(rank, engine->usable, request->ntargets) {
		if (wish->allow & (hms_target_is_device(request->targets[rank]) ?
				   HMS_ALLOW_DEVICE : HMS_ALLOW_NODE))
			return true;
	}
	return false;
}

static void hms_place_nowhere(struct hms_engine *engine, struct hms_batch *batch,
			      unsigned long i, const struct hms_wish *wish)
{
	const struct hms_request *request = engine->request;
	const u8 both = HMS_ALLOW_NODE | HMS_ALLOW_DEVICE;

	if (wish->limit < request->ntargets)
		hms_fate(batch, i, HMS_FATE_PRESENT, wish->limit);
	else if (hms_wish_is_possible(engine, wish))
		hms_fate(batch, i, HMS_FATE_SKIP, HMS_SKIP_NOMEM);
	else if (wish->allow != both)
		hms_fate(batch, i, HMS_FATE_SKIP, wish->reason);
	else
		hms_fate(batch, i, HMS_FATE_SKIP, HMS_SKIP_UNREACHABLE);
}

/* Give every page that was collected a fate, and a destination where that is to move. */
static void hms_batch_place(struct hms_engine *engine, struct hms_batch *batch)
{
	struct hms_wish *wishes = engine->wishes;
	unsigned int p, npending, j;
	unsigned long i;
	u32 rank;

	for (p = 0; p < batch->npasses; p++) {
		struct hms_pass *pass = batch->passes[p];

		npending = 0;
		for (i = 0; i < batch->npages; i++) {
			/* Every pass sees the holes. */
			if (batch->fate[i] != HMS_FATE_UNSEEN || !hms_pass_has(pass, i))
				continue;
			if (hms_batch_wish(engine, batch, pass, i, &wishes[i]))
				engine->index[npending++] = i;
		}
		for_each_set_bit(rank, engine->usable, engine->request->ntargets)
			npending = hms_place_on(engine, batch, p, rank, npending, engine->index);
		for (j = 0; j < npending; j++) {
			if (!hms_place_anywhere(engine, batch, p, engine->index[j]))
				hms_place_nowhere(engine, batch, engine->index[j],
						  &wishes[engine->index[j]]);
		}
	}
}

static enum hms_skip hms_why_not_collected(struct page *page)
{
	struct folio *folio = page_folio(page);

	if (folio_test_hugetlb(folio))
		return HMS_SKIP_SPECIAL;
	if (folio_test_large(folio))
		return HMS_SKIP_LARGE;
	return HMS_SKIP_BUSY;
}

/* Fates for what no pass was given: find out why. */
static void hms_batch_explain(struct hms_engine *engine, struct hms_batch *batch)
{
	struct hms_request *request = engine->request;
	unsigned long i;
	int idx, ret;

	if (!memchr(batch->fate, HMS_FATE_UNSEEN, batch->npages))
		return;
	idx = hms_devmem_read_lock();
	ret = hms_locate(engine->binding, batch->start, batch->npages, batch->entries);
	for (i = 0; i < batch->npages; i++) {
		unsigned long entry = ret ? HMM_PFN_ERROR : batch->entries[i];
		struct page *page = hms_located_page(entry);
		u32 rank;

		if (batch->fate[i] != HMS_FATE_UNSEEN)
			continue;
		if (hms_located_unknown(entry)) {
			hms_fate(batch, i, HMS_FATE_SKIP, ret == -ENOMEM ? HMS_SKIP_NOMEM :
				 ret ? HMS_SKIP_BUSY : HMS_SKIP_SPECIAL);
			continue;
		}
		if (!page) {
			/* Holes of anonymous memory are collected: this one is somewhere. */
			if (request->migrate && vma_is_anonymous(batch->vma))
				hms_fate(batch, i, HMS_FATE_SWAPPED, 0);
			else
				hms_fate(batch, i, HMS_FATE_SKIP, HMS_SKIP_ABSENT);
			continue;
		}
		rank = hms_rank(request, page);
		if (rank < request->ntargets)
			hms_fate(batch, i, HMS_FATE_PRESENT, rank);
		else
			hms_fate(batch, i, HMS_FATE_SKIP, hms_why_not_collected(page));
	}
	hms_devmem_read_unlock(idx);
}

static void hms_batch_copy(struct hms_engine *engine, struct hms_batch *batch)
{
	unsigned long i;
	unsigned int p;

	for (p = 0; p < batch->npasses; p++)
		engine->request->arg->bytes_copied +=
			hms_pass_copy(batch->passes[p]) << PAGE_SHIFT;
	for (i = 0; i < batch->npages; i++) {
		if ((batch->fate[i] == HMS_FATE_MOVE || batch->fate[i] == HMS_FATE_POPULATE) &&
		    !batch->passes[batch->pass_of[i]]->dst[i])
			hms_fate(batch, i, HMS_FATE_SKIP, HMS_SKIP_COPY);
	}
}

static void hms_batch_commit(struct hms_batch *batch)
{
	unsigned long i;
	unsigned int p;

	for (p = 0; p < batch->npasses; p++)
		hms_pass_commit(batch->passes[p]);
	for (i = 0; i < batch->npages; i++) {
		if ((batch->fate[i] == HMS_FATE_MOVE || batch->fate[i] == HMS_FATE_POPULATE) &&
		    !hms_pass_moved(batch->passes[batch->pass_of[i]], i))
			hms_fate(batch, i, HMS_FATE_SKIP, HMS_SKIP_BUSY);
	}
	batch->npasses = 0;
}

static void hms_count_skipped(struct hms_request *request, unsigned long address,
			      unsigned long npages, enum hms_skip reason)
{
	request->arg->pages += npages;
	request->arg->skipped[reason] += npages;
	if (request->arg->first_skipped == U64_MAX)
		request->arg->first_skipped = address;
}

static void hms_batch_count(struct hms_engine *engine, struct hms_batch *batch)
{
	struct hms_request *request = engine->request;
	struct hms_hbind *arg = request->arg;
	unsigned long i;

	for (i = 0; i < batch->npages; i++) {
		unsigned long address = batch->start + (i << PAGE_SHIFT);
		u8 which = batch->which[i];

		switch (batch->fate[i]) {
		case HMS_FATE_MOVE:
			arg->pages++;
			arg->moved++;
			request->counts[which].moved++;
			break;
		case HMS_FATE_POPULATE:
			arg->pages++;
			arg->populated++;
			if (which < request->ntargets)
				request->counts[which].populated++;
			break;
		case HMS_FATE_PRESENT:
			arg->pages++;
			arg->present++;
			request->counts[which].present++;
			break;
		case HMS_FATE_SKIP:
			hms_count_skipped(request, address, 1, which);
			break;
		case HMS_FATE_SWAPPED:
			hms_count_skipped(request, address, 1, HMS_SKIP_ABSENT);
			break;
		}
	}
}

/* Bring back what is swapped out, or on a device that was not looked at. */
static bool hms_batch_swap_in(struct hms_engine *engine, struct hms_batch *batch)
{
	unsigned long i, n = 0;

	for (i = 0; i < batch->npages; i++) {
		batch->entries[i] = batch->fate[i] == HMS_FATE_SWAPPED ? HMM_PFN_REQ_FAULT : 0;
		n += !!batch->entries[i];
	}
	if (n)
		hms_locate_fault_in(engine->binding, batch->start, batch->npages,
				    batch->entries);
	return n;
}

static void hms_batch_run(struct hms_engine *engine, struct hms_batch *batch)
{
	int ret;

	ret = hms_batch_collect(engine, batch);
	if (ret) {
		/* What was done before must not be disowned by an error: count these as skipped. */
		hms_fate_all(batch, HMS_FATE_SKIP,
			     ret == -ENOMEM ? HMS_SKIP_NOMEM : HMS_SKIP_BUSY);
		return;
	}
	hms_batch_place(engine, batch);
	hms_batch_copy(engine, batch);
	hms_batch_commit(batch);
	hms_batch_explain(engine, batch);
}

/* The pages that had to be brought back get a second try, and their fates from that. */
static void hms_batch_run_swapped(struct hms_engine *engine, struct hms_batch *batch)
{
	struct hms_batch *again;
	unsigned long i, n;

	if (!hms_batch_swap_in(engine, batch))
		return;
	again = hms_batch_new();
	if (!again)
		return;
	for (i = 0; i < batch->npages; i += n) {
		bool swapped = batch->fate[i] == HMS_FATE_SWAPPED;

		for (n = 1; i + n < batch->npages; n++) {
			bool next = batch->fate[i + n] == HMS_FATE_SWAPPED;

			if (next != swapped)
				break;
		}
		if (!swapped)
			continue;
		hms_batch_init(again, batch->vma, batch->start + (i << PAGE_SHIFT), n);
		hms_batch_run(engine, again);
		memcpy(batch->fate + i, again->fate, n);
		memcpy(batch->which + i, again->which, n);
	}
	hms_batch_free(again);
}

static int hms_engine_range(struct hms_engine *engine)
{
	struct hms_request *request = engine->request;
	struct mm_struct *mm = engine->binding->notifier.mm;
	struct hms_batch *batch = engine->batch;
	unsigned long address, npages;
	struct vm_area_struct *vma;
	int ret = 0;

	for (address = request->start; address < request->end; address += npages << PAGE_SHIFT) {
		/* At least one batch a call, so that a caller with a busy timer gets ahead. */
		ret = address > request->start && signal_pending(current) ? -EINTR : 0;
		if (!ret)
			ret = mmap_read_lock_killable(mm);
		if (ret)
			break;
		npages = (request->end - address) >> PAGE_SHIFT;
		vma = find_vma(mm, address);
		if (!vma || vma->vm_start > address) {
			/* Unmapped by another thread since the request was checked. */
			if (vma)
				npages = min(npages, (vma->vm_start - address) >> PAGE_SHIFT);
			hms_count_skipped(request, address, npages, HMS_SKIP_ABSENT);
		} else {
			npages = min3(npages, (vma->vm_end - address) >> PAGE_SHIFT,
				      HMS_PASS_PAGES);
			hms_batch_init(batch, vma, address, npages);
			hms_batch_run(engine, batch);
			hms_batch_run_swapped(engine, batch);
			hms_batch_count(engine, batch);
		}
		mmap_read_unlock(mm);
		cond_resched();
	}
	request->arg->next = address;
	return ret;
}

/* Collect all batches and give them fates. On failure some may be collected. */
static int hms_engine_collect_all(struct hms_engine *engine, struct list_head *batches)
{
	struct hms_request *request = engine->request;
	struct mm_struct *mm = engine->binding->notifier.mm;
	unsigned long address, npages;
	struct vm_area_struct *vma;
	struct hms_batch *batch;
	int ret;

	for (address = request->start; address < request->end; address += npages << PAGE_SHIFT) {
		if (fatal_signal_pending(current))
			return -EINTR;
		vma = find_vma(mm, address);
		if (!vma || vma->vm_start > address)
			return -EFAULT;
		npages = min3((request->end - address) >> PAGE_SHIFT,
			      (vma->vm_end - address) >> PAGE_SHIFT, HMS_PASS_PAGES);
		batch = hms_batch_new();
		if (!batch)
			return -ENOMEM;
		list_add_tail(&batch->list, batches);
		hms_batch_init(batch, vma, address, npages);
		ret = hms_batch_collect(engine, batch);
		if (ret)
			return ret;
		hms_batch_place(engine, batch);
		hms_batch_explain(engine, batch);
	}
	return 0;
}

/* Will, or did, every page that exists arrive? Counts those that do not. */
static bool hms_engine_complete(struct hms_engine *engine, struct list_head *batches)
{
	struct hms_request *request = engine->request;
	struct hms_batch *batch;
	bool complete = true;
	unsigned long i;

	list_for_each_entry(batch, batches, list) {
		for (i = 0; i < batch->npages; i++) {
			/* A hole is no page, but what could not be swapped in is. */
			if (batch->fate[i] == HMS_FATE_SWAPPED)
				hms_fate(batch, i, HMS_FATE_SKIP, HMS_SKIP_BUSY);
			if (batch->fate[i] != HMS_FATE_SKIP ||
			    batch->which[i] == HMS_SKIP_ABSENT)
				continue;
			complete = false;
			hms_count_skipped(request, batch->start + (i << PAGE_SHIFT), 1,
					  batch->which[i]);
		}
	}
	return complete;
}

static void hms_engine_drop_all(struct list_head *batches)
{
	struct hms_batch *batch, *next;

	list_for_each_entry_safe(batch, next, batches, list) {
		hms_batch_abort(batch);
		hms_batch_free(batch);
	}
	INIT_LIST_HEAD(batches);
}

static bool hms_engine_any_swapped(struct list_head *batches)
{
	struct hms_batch *batch;

	list_for_each_entry(batch, batches, list) {
		if (memchr(batch->fate, HMS_FATE_SWAPPED, batch->npages))
			return true;
	}
	return false;
}

static void hms_engine_swap_in_all(struct hms_engine *engine, struct list_head *batches)
{
	struct hms_batch *batch;

	/* A fault would wait for ever on a page that is collected. */
	list_for_each_entry(batch, batches, list)
		hms_batch_abort(batch);
	list_for_each_entry(batch, batches, list)
		hms_batch_swap_in(engine, batch);
}

static int hms_engine_all_or_nothing(struct hms_engine *engine)
{
	struct hms_request *request = engine->request;
	struct mm_struct *mm = engine->binding->notifier.mm;
	struct hms_batch *batch;
	LIST_HEAD(batches);
	int ret;

	ret = mmap_read_lock_killable(mm);
	if (ret)
		return ret;
	ret = hms_engine_collect_all(engine, &batches);
	if (!ret && hms_engine_any_swapped(&batches)) {
		hms_engine_swap_in_all(engine, &batches);
		hms_engine_drop_all(&batches);
		ret = hms_engine_collect_all(engine, &batches);
	}
	if (ret)
		goto drop;
	list_for_each_entry(batch, &batches, list)
		hms_batch_copy(engine, batch);
	if (!hms_engine_complete(engine, &batches)) {
		request->arg->bytes_copied = 0;
		ret = hms_refuse(request, -EBUSY, HMS_ERROR_RANGE, 0, HMS_WHY_INCOMPLETE);
		goto drop;
	}
	list_for_each_entry(batch, &batches, list) {
		hms_batch_commit(batch);
		hms_batch_count(engine, batch);
	}
	request->arg->next = request->end;
drop:
	hms_engine_drop_all(&batches);
	mmap_read_unlock(mm);
	return ret;
}

/* Target nodes obey the caller's cpuset; what it forbids takes nothing. */
static void hms_engine_find_usable(struct hms_engine *engine)
{
	struct hms_request *request = engine->request;
	u32 rank;

	for (rank = 0; rank < request->ntargets; rank++) {
		struct hms_target *target = request->targets[rank];

		if (hms_target_is_device(target) ||
		    node_isset(target->nid, cpuset_current_mems_allowed))
			set_bit(rank, engine->usable);
	}
}

/**
 * hms_engine_new - get ready to migrate and populate
 * @request: what and where to; its counts are filled in
 * @binding: of the address space, which has users
 *
 * Everything that hms_engine_run() can't do without is allocated here.
 *
 * Return: the engine or NULL.
 */
struct hms_engine *hms_engine_new(struct hms_request *request, struct hms_binding *binding)
{
	struct hms_engine *engine = kvzalloc(sizeof(*engine), GFP_KERNEL);

	if (!engine)
		return NULL;
	engine->request = request;
	engine->binding = binding;
	engine->batch = hms_batch_new();
	if (!engine->batch)
		goto free;
	engine->batch->passes[0] = hms_pass_new(HMS_PASS_PAGES, GFP_KERNEL);
	if (!engine->batch->passes[0])
		goto free;
	hms_engine_find_usable(engine);
	return engine;
free:
	hms_engine_free(engine);
	return NULL;
}

void hms_engine_free(struct hms_engine *engine)
{
	if (!engine)
		return;
	hms_batch_free(engine->batch);
	kvfree(engine);
}

/**
 * hms_engine_run - migrate and populate
 * @engine: from hms_engine_new()
 *
 * Context: may sleep; mmap_lock not held.
 * Return: 0, however many pages were skipped; -EINTR with the counts so far. For all-or-nothing
 * also -EBUSY, -EFAULT and -ENOMEM; there any error means that nothing was moved.
 */
int hms_engine_run(struct hms_engine *engine)
{
	if (engine->request->all_or_nothing)
		return hms_engine_all_or_nothing(engine);
	return hms_engine_range(engine);
}
