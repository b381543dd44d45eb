// SPDX-License-Identifier: GPL-2.0
/*
 * A batch: what becomes of each page of a run of addresses.
 *
 * First the page tables are read, and pages that are where they should be, or that may not move,
 * get their fate without being touched: taking a page from everybody who maps it is not free, and
 * for the pages of others a privilege. Core collects the others, in runs; they get destinations
 * and are copied and committed. What core was asked for and did not give is explained by another
 * look.
 */

#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#include "compat/compat.h"
#include "batch.h"
#include "devmem.h"
#include "freemap.h"
#include "lazy.h"
#include "locate.h"
#include "nodemem.h"
#include "order.h"
#include "plan.h"
#include "request.h"
#include "room.h"
#include "split.h"
#include "target.h"
#include "trace.h"

/* Bytes that a batch of so many pages takes. */
size_t hms_batch_size(unsigned long npages)
{
	return sizeof(struct hms_batch) +
	       npages * (3 * sizeof(unsigned long) + sizeof(struct hms_copy) +
			 sizeof(struct hms_plan));
}

/**
 * hms_batch_make - make a batch
 * @at: hms_batch_size(@npages), aligned as any allocation is; its arrays are not cleared
 * @npages: 1 to HMS_PASS_PAGES
 *
 * Return: the batch, for hms_batch_drop().
 */
struct hms_batch *hms_batch_make(void *at, unsigned long npages)
{
	struct hms_batch *batch = memset(at, 0, sizeof(*batch));

	batch->entries = (void *)(batch + 1);
	batch->src = batch->entries + npages;
	batch->dst = batch->src + npages;
	batch->copies = (void *)(batch->dst + npages);
	batch->plans = (void *)(batch->copies + npages);
	batch->runs = &batch->one;
	return batch;
}

/**
 * hms_work_init - get ready to work on batches
 * @work: filled in
 * @request: what is asked
 * @binding: the address space
 * @arrays: HMS_WORK_ARRAYS(@npages), aligned as any allocation is; not cleared
 * @npages: of the largest batch
 */
void hms_work_init(struct hms_work *work, struct hms_request *request, struct hms_binding *binding,
		   void *arrays, unsigned long npages)
{
	memset(work, 0, offsetof(struct hms_work, goals));
	work->request = request;
	work->binding = binding;
	work->serial = hms_order_serial();
	work->runs = arrays;
	work->pages = (void *)(work->runs + npages);
	work->index = (void *)(work->pages + npages);
}

/**
 * hms_batch_new - allocate a batch
 * @npages: 1 to HMS_PASS_PAGES
 *
 * Return: the batch, for hms_batch_free(), or NULL.
 */
struct hms_batch *hms_batch_new(unsigned long npages)
{
	void *at = kvmalloc(hms_batch_size(npages), GFP_KERNEL_ACCOUNT);

	return at ? hms_batch_make(at, npages) : NULL;
}

/* Nothing of a batch is collected any more. */
void hms_batch_drop(struct hms_batch *batch)
{
	hms_lazy_settle(batch->nlazy);
	batch->nlazy = 0;
	if (batch->runs != &batch->one)
		kvfree(batch->runs);
	batch->runs = &batch->one;
	batch->nruns = 0;
}

void hms_batch_free(struct hms_batch *batch)
{
	if (!batch)
		return;
	hms_batch_drop(batch);
	kvfree(batch);
}

/**
 * hms_batch_init - begin with a run of addresses
 * @batch: from hms_batch_new(), perhaps used before
 * @vma: their mapping
 * @start: the first
 * @npages: how many pages
 */
void hms_batch_init(struct hms_batch *batch, struct vm_area_struct *vma, unsigned long start,
		    unsigned long npages)
{
	batch->vma = vma;
	batch->start = start;
	batch->npages = npages;
	batch->began = hms_trace_now(hms_place);
	batch->whole = false;
	batch->in_pieces = false;
	memset(batch->dst, 0, npages * sizeof(*batch->dst));
	batch->plans[0] = (struct hms_plan) { };
	batch->even = true;
}

bool hms_batch_has(const struct hms_batch *batch, enum hms_fate fate)
{
	unsigned long i, n = batch->even ? 1 : batch->npages;

	for (i = 0; i < n; i++) {
		if (batch->plans[i].fate == fate)
			return true;
	}
	return false;
}

void hms_batch_set_all(struct hms_batch *batch, enum hms_fate fate, u8 which)
{
	hms_plan_set(&batch->plans[0], fate, which);
	batch->even = true;
}

/* From now on each page has a plan of its own, the same at first. */
static void hms_batch_spread(struct hms_batch *batch)
{
	unsigned long i;

	if (!batch->even)
		return;
	for (i = 1; i < batch->npages; i++)
		batch->plans[i] = batch->plans[0];
	batch->even = false;
}

void hms_batch_set(struct hms_batch *batch, unsigned long i, enum hms_fate fate, u8 which)
{
	hms_batch_spread(batch);
	hms_plan_set(&batch->plans[i], fate, which);
}

/* Make a plan for page @i: should core be asked for it? @owner says whose device page it is. */
static bool hms_batch_plan_found(struct hms_work *work, struct hms_batch *batch, unsigned long i,
				 struct page *page, void **owner)
{
	struct hms_plan *plan = &batch->plans[i];
	struct hms_target *target;

	if (hms_is_placeholder(page) && work->request->lazy) {
		hms_plan_set(plan, HMS_FATE_ARMED, 0);
		return false;
	}
	if (hms_is_placeholder(page) ? !hms_plan_hole(work, batch, i) :
				       !hms_plan_page(work, batch, i, page))
		return false;
	if (!work->request->may_move_shared && folio_maybe_mapped_shared(page_folio(page))) {
		hms_plan_set(plan, HMS_FATE_SKIP, HMS_SKIP_SHARED);
		return false;
	}
	target = hms_target_of_page(page);
	if (target && hms_target_is_device(target))
		*owner = hms_devmem_owner(target->mem);
	return true;
}

/*
 * What becomes of a page that is not there, and that core is not asked for, or did not give? Those
 * of the process's own that were written may be swapped out, or on their way.
 */
static void hms_batch_plan_missing(const struct hms_work *work, struct hms_batch *batch,
				   unsigned long i)
{
	const struct hms_request *request = work->request;
	unsigned long address = batch->start + (i << PAGE_SHIFT);
	enum hms_missing missing = hms_locate_missing(batch->vma->vm_mm, address);
	struct hms_plan *plan = &batch->plans[i];
	bool changes = missing == HMS_MISSING_ELSEWHERE;

	/* A hole that is wanted is given, so it has become one since. */
	if (missing == HMS_MISSING_HOLE && vma_is_anonymous(batch->vma))
		changes = request->populate || request->lazy;
	if (missing == HMS_MISSING_SWAPPED && request->migrate)
		hms_plan_set(plan, HMS_FATE_SWAPPED, 0);
	else if (changes)
		hms_plan_set(plan, HMS_FATE_SKIP, HMS_SKIP_BUSY);
	else
		hms_plan_set(plan, HMS_FATE_SKIP, HMS_SKIP_ABSENT);
}

/* Look where page @i is, and whether core should be asked for it; @owner says whose device page. */
static bool hms_batch_wants(struct hms_work *work, struct hms_batch *batch, unsigned long i,
			    void **owner)
{
	struct page *page = hms_located_page(batch->entries[i]);
	bool may_move_shared = work->request->may_move_shared;
	struct hms_plan *plan = &batch->plans[i];

	*owner = NULL;
	if (page)
		return hms_batch_plan_found(work, batch, i, page, owner);
	if (hms_located_unknown(batch->entries[i])) {
		/* Nobody can tell whether it is shared. */
		if (!may_move_shared)
			hms_plan_set(plan, HMS_FATE_SKIP, HMS_SKIP_SPECIAL);
		return may_move_shared;
	}
	if (!vma_is_anonymous(batch->vma))
		hms_batch_plan_missing(work, batch, i);
	return vma_is_anonymous(batch->vma);
}

/*
 * Is it nothing special: a page of its own that mlock() and KSM know nothing of? As it may be
 * looked at without a reference, it may be anything a moment later.
 */
static __always_inline bool hms_page_is_plain(struct page *page)
{
	struct folio *folio = (struct folio *)page;

	return !PageCompound(page) && folio_test_anon(folio) && !folio_test_ksm(folio) &&
	       !folio_test_mlocked(folio);
}

/* Is it there, in some memory, nothing special, and the caller's to move? */
static __always_inline bool hms_batch_is_plain(unsigned long entry,
					       const struct hms_memory *memory,
					       bool may_move_shared)
{
	struct page *page = hmm_pfn_to_page(entry);

	return (entry & (HMM_PFN_VALID | HMM_PFN_ERROR)) == HMM_PFN_VALID &&
	       hms_is_in(page, memory) && hms_page_is_plain(page) &&
	       (may_move_shared || !folio_maybe_mapped_shared((struct folio *)page));
}

/*
 * How many pages from @i on are like that one, and nothing special? What becomes of it becomes of
 * them: a plan goes by where a page is, and what it is, but in modes that go page by page. That it
 * is asked for where it is already, each is told by itself on a device.
 */
static unsigned long hms_batch_alike(const struct hms_work *work, struct hms_batch *batch,
				     unsigned long i)
{
	const struct hms_memory memory = work->like;
	const struct hms_plan plan = batch->plans[i];
	bool may_move_shared = work->request->may_move_shared;
	const unsigned long *entries = batch->entries;
	struct hms_plan *plans = batch->plans;
	unsigned long n;

	if (hms_mode_rotates(work->request->mode) ||
	    (plan.fate == HMS_FATE_PRESENT && memory.pgmap) || plan.fate == HMS_FATE_SKIP ||
	    (plan.fate == HMS_FATE_UNSEEN && plan.allow != HMS_ALLOW_ALL) ||
	    hms_memory_may_have_lost(&memory) ||
	    !hms_batch_is_plain(entries[i], &memory, may_move_shared))
		return 1;
	for (n = i + 1; n < batch->npages; n++) {
		if (!hms_batch_is_plain(entries[n], &memory, may_move_shared))
			break;
		plans[n] = plan;
	}
	return n - i;
}

static bool hms_run_grows(struct hms_run *run, unsigned long i, unsigned long npages, void *owner)
{
	if (run->first + run->npages != i || (run->owner && owner && run->owner != owner))
		return false;
	run->npages += npages;
	run->owner = run->owner ?: owner;
	return true;
}

/* Is it what a large page would fill? */
static bool hms_batch_is_block(const struct hms_batch *batch)
{
	return batch->npages == HMS_BLOCK_PAGES &&
	       IS_ALIGNED(batch->start, HMS_BLOCK_PAGES << PAGE_SHIFT);
}

/*
 * May what fills a hole be large? A placeholder costs no memory. Whether huge pages are for all, or
 * for who asks, no module is told: for a page the program has to have asked.
 */
static bool hms_hole_may_be_large(const struct hms_request *request, struct vm_area_struct *vma)
{
	return hms_vma_takes_large(vma) &&
	       (request->lazy || (vma->vm_flags & VM_HUGEPAGE &&
				  !hms_mode_rotates(request->mode)));
}

/* Read the page tables, and give fates; returns the number of runs that core is to be asked for. */
static unsigned int hms_batch_survey(struct hms_work *work, struct hms_batch *batch)
{
	struct hms_run *runs = work->runs;
	unsigned long i, alike;
	unsigned int n = 0;
	void *owner;
	int idx;

	work->like = hms_memory_of(NULL);
	idx = hms_devmem_read_lock();
	hms_locate(batch->vma, batch->start, batch->npages, batch->entries);
	batch->whole = hms_core_moves_large() && vma_is_anonymous(batch->vma) &&
		       hms_batch_is_block(batch) && hms_hmm_is_large(batch->entries[0]);
	/* What is one large page is asked for once. */
	if (batch->whole && hms_batch_wants(work, batch, 0, &owner))
		runs[n++] = (struct hms_run) { .npages = batch->npages, .owner = owner };
	if (!batch->whole)
		hms_batch_spread(batch);
	for (i = 0; i < batch->npages && !batch->whole; i += alike) {
		bool wanted = hms_batch_wants(work, batch, i, &owner);

		alike = hms_batch_alike(work, batch, i);
		if (!wanted)
			continue;
		if (!n || !hms_run_grows(&runs[n - 1], i, alike, owner))
			runs[n++] = (struct hms_run) {
				.first = i, .npages = alike, .owner = owner
			};
	}
	if (n == 1 && runs[0].npages == batch->npages) {
		runs[0].large = batch->whole;
		runs[0].hole = hms_hole_may_be_large(work->request, batch->vma) &&
			       hms_batch_is_block(batch) && !runs[0].owner && !batch->entries[0];
	}
	hms_devmem_read_unlock(idx);
	return n;
}

static bool hms_vma_can_move(struct vm_area_struct *vma)
{
	return !is_vm_hugetlb_page(vma) && !(vma->vm_flags & VM_SPECIAL) && !vma_is_dax(vma);
}

static int hms_batch_collect_run(struct hms_batch *batch, struct hms_pass *pass,
				 const struct hms_run *run)
{
	unsigned long start = batch->start + (run->first << PAGE_SHIFT);

	if (run->large &&
	    hms_pass_collect_large(pass, batch->vma, start, run->owner, true, NULL))
		return 0;
	if (run->hole && hms_pass_collect_large_hole(pass, batch->vma, start))
		return 0;
	batch->in_pieces |= batch->whole;
	batch->whole = false;
	return hms_pass_collect(pass, batch->vma, start, run->npages, run->owner, true, NULL);
}

static int hms_batch_collect_runs(struct hms_work *work, struct hms_batch *batch, unsigned int n)
{
	const struct hms_run *runs = work->runs;
	unsigned int r;
	int ret;

	/* What is asked for core clears. */
	if (runs[0].npages < batch->npages)
		memset(batch->src, 0, batch->npages * sizeof(*batch->src));
	if (n > 1) {
		batch->runs = kvcalloc(n, sizeof(*batch->runs), GFP_KERNEL_ACCOUNT);
		if (!batch->runs) {
			batch->runs = &batch->one;
			return -ENOMEM;
		}
	}
	for (r = 0; r < n; r++) {
		struct hms_pass *pass = &batch->runs[r];

		pass->src = batch->src + runs[r].first;
		pass->dst = batch->dst + runs[r].first;
		pass->copies = batch->copies + runs[r].first;
		pass->serial = work->serial;
		ret = hms_batch_collect_run(batch, pass, &runs[r]);
		if (ret) {
			hms_batch_abort(batch);
			return ret;
		}
		batch->nruns++;
	}
	return 0;
}

/* Pages that core may not be asked for now. */
static void hms_batch_pass_over(struct hms_batch *batch)
{
	unsigned long i;

	hms_batch_spread(batch);
	for (i = 0; i < batch->npages; i++) {
		if (batch->plans[i].fate == HMS_FATE_UNSEEN)
			hms_plan_set(&batch->plans[i], HMS_FATE_SKIP, HMS_SKIP_BUSY);
	}
}

static int hms_batch_collect_split(struct hms_work *work, struct hms_batch *batch, unsigned int n)
{
	unsigned long entry;
	int ret = 0;

	hms_split_lock(batch->entries[0]);
	/* That room had to be made may have taken long. */
	hms_locate(batch->vma, batch->start, 1, &entry);
	if (entry == batch->entries[0] && hms_split_may_ask(entry))
		ret = hms_batch_collect_runs(work, batch, n);
	else
		hms_batch_pass_over(batch);
	hms_split_unlock(batch->entries[0]);
	return ret;
}

/**
 * hms_batch_collect - take the pages that should move out of the page tables
 * @work: what for
 * @batch: from hms_batch_init()
 *
 * Context: mmap_lock held for read until hms_batch_commit() or hms_batch_abort(). May sleep.
 * Return: 0; -ENOMEM; else what core says. On failure nothing is collected.
 */
int hms_batch_collect(struct hms_work *work, struct hms_batch *batch)
{
	unsigned int n;

	if (!hms_vma_can_move(batch->vma)) {
		hms_batch_set_all(batch, HMS_FATE_SKIP, HMS_SKIP_SPECIAL);
		return 0;
	}
	n = hms_batch_survey(work, batch);
	if (!n)
		return 0;
	hms_room_make(work, batch);
	/* A batch is in one page table page: all of it is of a large page, or nothing. */
	return hms_split_matters(batch->entries[0]) ? hms_batch_collect_split(work, batch, n) :
						      hms_batch_collect_runs(work, batch, n);
}

/*
 * Is it the page that was looked at, and what was found still true? Whether it is of a file, and of
 * which target, goes with the page; that it is not locked into memory, and none of KSM's, does not.
 */
static bool hms_batch_is_as_seen(const struct hms_batch *batch, unsigned long i, struct page *page)
{
	struct folio *folio = page_folio(page);

	return !batch->in_pieces && page_to_pfn(page) == hms_located_pfn(batch->entries[i]) &&
	       folio_test_anon(folio) && !folio_test_mlocked(folio) && !folio_test_ksm(folio);
}

/* The same for most, and sooner: they were seen to be nothing special, and are not now. */
static __always_inline bool hms_batch_is_unchanged(unsigned long src, unsigned long entry,
						   const struct hms_plan *plan)
{
	struct page *page = migrate_pfn_to_page(src);

	return page && src >> MIGRATE_PFN_SHIFT == hms_located_pfn(entry) && !plan->hole &&
	       hms_page_is_plain(page) && !folio_test_writeback((struct folio *)page);
}

/* Now that page @i is collected, and can't change any more: may it still become what it should? */
static bool hms_batch_reconsider(struct hms_work *work, struct hms_batch *batch, unsigned long i)
{
	struct page *page = migrate_pfn_to_page(batch->src[i]);
	struct folio *folio;

	if (!page)
		return hms_plan_hole(work, batch, i);
	/*
	 * Whether it is shared was only asked of the page that was there; by now that may have
	 * gone with its device, so it is not looked at.
	 */
	if (!work->request->may_move_shared &&
	    page_to_pfn(page) != hms_located_pfn(batch->entries[i])) {
		hms_plan_set(&batch->plans[i], HMS_FATE_SKIP, HMS_SKIP_BUSY);
		return false;
	}
	if (hms_is_placeholder(page))
		return hms_plan_hole(work, batch, i);
	if (!hms_batch_is_as_seen(batch, i, page) && !hms_plan_page(work, batch, i, page))
		return false;
	/* Core would BUG. */
	folio = page_folio(page);
	if (folio_test_writeback(folio))
		folio_wait_writeback(folio);
	return true;
}

/* Does a page go to this target now, so many after the one that it wants most? */
static bool hms_batch_goes_to(const struct hms_work *work, const struct hms_plan *plan, u32 nth,
			      u32 rank, bool rotates)
{
	return plan->goal == nth && nth < plan->limit &&
	       (!rotates || hms_plan_nth(work, plan, nth) == rank);
}

/* How many of those on the list do? Of a list in order that is known. */
static unsigned int hms_batch_go_to(const struct hms_work *work, const struct hms_batch *batch,
				    u32 nth, u32 rank, unsigned int npending)
{
	unsigned int n = 0, j;

	if (!hms_mode_rotates(work->request->mode))
		return work->goals[nth];
	for (j = 0; j < npending; j++)
		n += hms_batch_goes_to(work, &batch->plans[work->index[j]], nth, rank, true);
	return n;
}

/* Destinations on one target for as many pages as it has room for; the rest stays on the list. */
static unsigned int hms_batch_place_on(struct hms_work *work, struct hms_batch *batch, u32 nth,
				       u32 rank, unsigned int npending)
{
	unsigned int want = hms_batch_go_to(work, batch, nth, rank, npending);
	unsigned int got, used = 0, left = 0, nholes = 0, j;
	bool rotates = hms_mode_rotates(work->request->mode);
	struct hms_plan *plans = batch->plans;
	unsigned long *dst = batch->dst;

	if (!want)
		return npending;
	got = hms_target_alloc(work->request->targets[rank], work->request->user, work->pages,
			       want);
	for (j = 0; j < npending; j++) {
		unsigned int i = work->index[j];
		struct hms_plan *plan = &plans[i];

		if (want < npending && !hms_batch_goes_to(work, plan, nth, rank, rotates)) {
			work->index[left++] = i;
		} else if (used < got) {
			dst[i] = migrate_pfn(page_to_pfn(work->pages[used++]));
			hms_plan_set(plan, plan->hole ? HMS_FATE_POPULATE : HMS_FATE_MOVE, rank);
			nholes += plan->hole;
		} else {
			hms_plan_aim(work, plan, nth + 1);
			if (plan->goal < plan->limit)
				work->goals[plan->goal]++;
			work->index[left++] = i;
		}
	}
	batch->even = used == batch->npages && (!nholes || nholes == used);
	return left;
}

/*
 * Each page to what it wants most; what there was no room for to the next, and so on. One target at
 * a time, so that its pages are allocated together: of a list in order that is the nth.
 */
static unsigned int hms_batch_place_nth(struct hms_work *work, struct hms_batch *batch, u32 nth,
					unsigned int npending)
{
	u32 rank;

	if (!hms_mode_rotates(work->request->mode))
		return hms_batch_place_on(work, batch, nth, nth, npending);
	for (rank = 0; rank < work->request->ntargets && npending; rank++)
		npending = hms_batch_place_on(work, batch, nth, rank, npending);
	return npending;
}

/* No target has room for a hole, and the policy is content with any memory. */
static bool hms_batch_place_anywhere(struct hms_work *work, struct hms_batch *batch,
				     unsigned long i)
{
	const gfp_t gfp = GFP_HIGHUSER_MOVABLE | __GFP_NOWARN | __GFP_NORETRY;
	struct hms_request *request = work->request;
	struct page *page;

	if (request->mode != HMS_MODE_PREFERRED || !batch->plans[i].hole)
		return false;
	/* The thread of a job may use any node. */
	page = hms_locked_page(request->async ?
			       __folio_alloc(gfp, 0, numa_mem_id(), &request->nodes) :
			       folio_alloc(gfp, 0));
	if (!page)
		return false;
	batch->dst[i] = migrate_pfn(page_to_pfn(page));
	hms_plan_set(&batch->plans[i], HMS_FATE_POPULATE, hms_plan_rank(work, page));
	return true;
}

/* Placeholders for the holes, as far as there are any; what is no hole stays on the list. */
static unsigned int hms_batch_place_lazy(struct hms_work *work, struct hms_batch *batch,
					 unsigned int npending)
{
	unsigned int want = 0, got = 0, used = 0, left = 0, j;

	for (j = 0; j < npending; j++)
		want += batch->plans[work->index[j]].hole;
	if (want && !(batch->vma->vm_flags & VM_LOCKED))
		got = hms_lazy_alloc(work->request->account, batch->vma->vm_mm, work->pages,
				     want);
	batch->nlazy = got;
	for (j = 0; j < npending; j++) {
		unsigned long i = work->index[j];
		struct hms_plan *plan = &batch->plans[i];

		if (!plan->hole) {
			work->index[left++] = i;
			continue;
		}
		if (plan->goal < plan->limit)
			work->goals[plan->goal]--;
		if (used < got) {
			batch->dst[i] = migrate_pfn(page_to_pfn(work->pages[used++]));
			hms_plan_set(plan, HMS_FATE_ARM, 0);
		} else {
			hms_plan_set(plan, HMS_FATE_SKIP, batch->vma->vm_flags & VM_LOCKED ?
				     HMS_SKIP_SPECIAL : HMS_SKIP_LIMIT);
		}
	}
	return left;
}

static void hms_batch_place_pages(struct hms_work *work, struct hms_batch *batch)
{
	const unsigned long *src = batch->src, *entries = batch->entries;
	const struct hms_plan *plans = batch->plans;
	bool as_seen = !batch->in_pieces;
	unsigned int npending = 0, j;
	unsigned long i;
	u32 nth;

	hms_batch_spread(batch);
	memset(work->goals, 0, work->request->ntargets * sizeof(*work->goals));
	for (i = 0; i < batch->npages; i++) {
		if (plans[i].fate != HMS_FATE_UNSEEN || !hms_collected(src[i]) ||
		    !((as_seen && hms_batch_is_unchanged(src[i], entries[i], &plans[i])) ||
		      hms_batch_reconsider(work, batch, i)))
			continue;
		work->index[npending++] = i;
		if (plans[i].goal < plans[i].limit)
			work->goals[plans[i].goal]++;
	}
	if (work->request->lazy)
		npending = hms_batch_place_lazy(work, batch, npending);
	for (nth = 0; nth < work->request->ntargets && npending; nth++)
		npending = hms_batch_place_nth(work, batch, nth, npending);
	for (j = 0; j < npending; j++) {
		if (!hms_batch_place_anywhere(work, batch, work->index[j]))
			hms_plan_stay(work, &batch->plans[work->index[j]]);
	}
}

/* Is there room for a single page anywhere that it may go? */
static bool hms_batch_has_room(struct hms_work *work, const struct hms_batch *batch,
			       unsigned long i)
{
	struct page *page;
	const struct hms_plan *plan = &batch->plans[i];
	u32 nth;

	for (nth = 0; nth < plan->limit; nth++) {
		u32 rank = hms_plan_nth(work, plan, nth);

		if ((work->kinds[rank] & plan->allow) &&
		    hms_target_alloc(work->request->targets[rank], work->request->user, &page, 1)) {
			unlock_page(page);
			put_page(page);
			return true;
		}
	}
	return false;
}

/* One placeholder for all of a large hole, or not in one piece. */
static bool hms_batch_place_large_lazy(struct hms_work *work, struct hms_batch *batch)
{
	struct page *page = NULL;

	if (!(batch->vma->vm_flags & VM_LOCKED))
		page = hms_lazy_alloc_large(work->request->account, batch->vma->vm_mm);
	if (!page)
		return false;
	batch->nlazy = HMS_BLOCK_PAGES;
	hms_pass_set_large(&batch->runs[0], page);
	hms_batch_set_all(batch, HMS_FATE_ARM, 0);
	return true;
}

/* A large page goes to the first target that it may go to, or not in one piece. */
static bool hms_batch_place_large(struct hms_work *work, struct hms_batch *batch)
{
	struct hms_plan *plan = &batch->plans[0];
	struct page *page;
	u32 rank;

	if (!hms_batch_reconsider(work, batch, 0))
		return true;
	if (hms_collected_hole(batch->src[0]) && work->request->lazy)
		return hms_batch_place_large_lazy(work, batch);
	rank = hms_plan_nth(work, plan, plan->goal);
	page = plan->goal < plan->limit ?
	       hms_target_alloc_large(work->request->targets[rank], work->request->user) : NULL;
	if (!page) {
		/* A page is not split for nothing. */
		if (plan->hole || hms_batch_has_room(work, batch, 0))
			return false;
		hms_plan_stay(work, plan);
		return true;
	}
	hms_pass_set_large(&batch->runs[0], page);
	hms_plan_set(plan, plan->hole ? HMS_FATE_POPULATE : HMS_FATE_MOVE, rank);
	return true;
}

static bool hms_batch_is_large(const struct hms_batch *batch)
{
	return batch->nruns == 1 && batch->runs[0].large;
}

/* It can't be moved in one piece: let core split it, and give us its pages. */
static void hms_batch_split(struct hms_batch *batch)
{
	struct hms_pass *pass = &batch->runs[0];

	hms_pass_abort(pass);
	batch->in_pieces |= batch->whole;
	batch->whole = false;
	hms_batch_set_all(batch, HMS_FATE_UNSEEN, 0);
	if (hms_pass_collect(pass, batch->vma, batch->start, batch->npages,
			     pass->vma.pgmap_owner, true, NULL))
		memset(batch->src, 0, batch->npages * sizeof(*batch->src));
}

/**
 * hms_batch_place - give every page that was collected a destination, or a fate without
 * @work: what for
 * @batch: collected
 *
 * Context: as hms_batch_collect().
 */
void hms_batch_place(struct hms_work *work, struct hms_batch *batch)
{
	work->like = hms_memory_of(NULL);
	if (hms_batch_is_large(batch)) {
		/* One plan is that of all. */
		batch->even = true;
		if (hms_batch_place_large(work, batch))
			return;
		hms_batch_split(batch);
	}
	hms_batch_place_pages(work, batch);
}

static bool hms_fate_is_move(u8 fate)
{
	return fate == HMS_FATE_MOVE || fate == HMS_FATE_POPULATE || fate == HMS_FATE_ARM;
}

/* What was to move and did not, as its entry says, stays for a reason. */
static void hms_batch_amend(struct hms_batch *batch, bool moved, enum hms_skip reason)
{
	unsigned long i, n = hms_batch_is_large(batch) ? 1 : batch->npages;

	if (n > 1)
		hms_batch_spread(batch);
	for (i = 0; i < n; i++) {
		if (hms_fate_is_move(batch->plans[i].fate) &&
		    !(moved ? hms_moved(batch->src[i], batch->dst[i]) : batch->dst[i]))
			hms_plan_set(&batch->plans[i], HMS_FATE_SKIP, reason);
	}
}

/* Are all the destinations filled? */
static bool hms_batch_end_runs(struct hms_work *work, struct hms_batch *batch)
{
	bool all = true;
	unsigned int r;

	for (r = 0; r < batch->nruns; r++) {
		u64 copied = hms_pass_copy_end(&batch->runs[r]);

		work->request->arg->bytes_copied += copied << PAGE_SHIFT;
		all &= !batch->runs[r].error;
	}
	return all;
}

/**
 * hms_batch_copy_start - begin to fill the destinations
 * @batch: placed
 *
 * Context: as hms_batch_collect().
 * Return: true when that goes on by itself.
 */
bool hms_batch_copy_start(struct hms_batch *batch)
{
	bool started = false;
	unsigned int r;

	for (r = 0; r < batch->nruns; r++)
		started |= hms_pass_copy_start(&batch->runs[r]);
	return started;
}

/**
 * hms_batch_copy_end - have the destinations filled
 * @work: what for; counts what was copied
 * @batch: after hms_batch_copy_start()
 *
 * Context: as hms_batch_collect().
 */
void hms_batch_copy_end(struct hms_work *work, struct hms_batch *batch)
{
	if (hms_batch_end_runs(work, batch))
		return;
	/* In pieces only those stay that can't be copied. */
	if (hms_batch_is_large(batch)) {
		hms_batch_split(batch);
		hms_batch_place_pages(work, batch);
		hms_batch_copy_start(batch);
		hms_batch_end_runs(work, batch);
	}
	hms_batch_amend(batch, false, HMS_SKIP_COPY);
}

/**
 * hms_batch_commit - let the copies take the place of the pages, and restore the others
 * @batch: copied
 *
 * Context: as hms_batch_collect().
 */
void hms_batch_commit(struct hms_batch *batch)
{
	bool all = true;
	unsigned int r;

	for (r = 0; r < batch->nruns; r++)
		all &= hms_pass_commit(&batch->runs[r], HMS_TARGET_MOVED_OUT) ==
		       batch->runs[r].going;
	if (!all)
		hms_batch_amend(batch, true, HMS_SKIP_BUSY);
	hms_batch_drop(batch);
}

/**
 * hms_batch_abort - restore all pages, whatever their fate was to be
 * @batch: collected or not
 *
 * Context: as hms_batch_collect().
 */
void hms_batch_abort(struct hms_batch *batch)
{
	unsigned int r;

	for (r = 0; r < batch->nruns; r++)
		hms_pass_abort(&batch->runs[r]);
	hms_batch_drop(batch);
}

static void hms_batch_explain_page(const struct hms_work *work, struct hms_batch *batch,
				   unsigned long i)
{
	struct page *page = hms_located_page(batch->entries[i]);
	struct hms_plan *plan = &batch->plans[i];

	if (hms_located_unknown(batch->entries[i]))
		hms_plan_set(plan, HMS_FATE_SKIP, HMS_SKIP_SPECIAL);
	else if (!page)
		hms_batch_plan_missing(work, batch, i);
	else if (folio_test_large(page_folio(page)) && !hms_core_moves_large())
		hms_plan_set(plan, HMS_FATE_SKIP, HMS_SKIP_LARGE);
	else
		hms_plan_set(plan, HMS_FATE_SKIP, HMS_SKIP_BUSY);
}

/**
 * hms_batch_explain - find out what became of the pages that core did not give us
 * @work: what for
 * @batch: collected, and perhaps committed
 *
 * Context: mmap_lock held for read. May sleep.
 */
void hms_batch_explain(struct hms_work *work, struct hms_batch *batch)
{
	unsigned long i;
	int idx;

	if (!hms_batch_has(batch, HMS_FATE_UNSEEN))
		return;
	idx = hms_devmem_read_lock();
	hms_locate(batch->vma, batch->start, batch->npages, batch->entries);
	hms_batch_spread(batch);
	for (i = 0; i < batch->npages; i++) {
		if (batch->plans[i].fate == HMS_FATE_UNSEEN)
			hms_batch_explain_page(work, batch, i);
	}
	hms_devmem_read_unlock(idx);
}

/**
 * hms_batch_swap_in - bring back what is swapped out, as far as that goes
 * @work: what for
 * @batch: explained, with nothing collected: a fault would wait for that
 *
 * Context: mmap_lock held for read. May sleep.
 */
void hms_batch_swap_in(struct hms_work *work, struct hms_batch *batch)
{
	unsigned long i;

	bitmap_zero(work->wanted, HMS_PASS_PAGES);
	for (i = 0; i < batch->npages; i++) {
		if (hms_batch_plan(batch, i)->fate == HMS_FATE_SWAPPED)
			set_bit(i, work->wanted);
	}
	hms_locate_fault_in(batch->vma->vm_mm, batch->start, batch->npages, work->wanted);
}
