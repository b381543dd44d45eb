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

#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include "compat/compat.h"
#include "batch.h"
#include "binding.h"
#include "devmem.h"
#include "evict.h"
#include "freemap.h"
#include "lazy.h"
#include "locate.h"
#include "order.h"
#include "request.h"
#include "target.h"

static_assert(HMS_MAX_TARGETS < U8_MAX);

/**
 * hms_batch_new - make room for a batch
 * @npages: 1 to HMS_PASS_PAGES
 *
 * Return: the batch or NULL.
 */
struct hms_batch *hms_batch_new(unsigned long npages)
{
	struct hms_batch *batch;

	batch = kvzalloc(sizeof(*batch) + npages * (3 * sizeof(unsigned long) + 7),
			 GFP_KERNEL_ACCOUNT);
	if (!batch)
		return NULL;
	batch->entries = (void *)(batch + 1);
	batch->src = batch->entries + npages;
	batch->dst = batch->src + npages;
	batch->fate = (void *)(batch->dst + npages);
	batch->which = batch->fate + npages;
	batch->first = batch->which + npages;
	batch->limit = batch->first + npages;
	batch->goal = batch->limit + npages;
	batch->allow = batch->goal + npages;
	batch->reason = batch->allow + npages;
	batch->runs = &batch->one;
	return batch;
}

static void hms_batch_drop_runs(struct hms_batch *batch)
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
	hms_batch_drop_runs(batch);
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
	batch->whole = false;
	batch->in_pieces = false;
	memset(batch->src, 0, npages * sizeof(*batch->src));
	memset(batch->dst, 0, npages * sizeof(*batch->dst));
	memset(batch->fate, HMS_FATE_UNSEEN, npages);
}

bool hms_batch_has(const struct hms_batch *batch, enum hms_fate fate)
{
	return memchr(batch->fate, fate, batch->npages);
}

void hms_batch_set_all(struct hms_batch *batch, enum hms_fate fate, u8 which)
{
	memset(batch->fate, fate, batch->npages);
	memset(batch->which, which, batch->npages);
}

/* Which target of the request holds a page? ntargets if none does. */
static u32 hms_rank(struct hms_work *work, struct page *page)
{
	const struct hms_request *request = work->request;
	struct hms_target *target;
	u32 rank;

	if (hms_same_memory(page, work->like))
		return work->rank;
	target = hms_target_of_page(page);
	for (rank = 0; rank < request->ntargets; rank++) {
		if (target && request->targets[rank] == target)
			break;
	}
	work->like = page;
	work->rank = rank;
	return rank;
}

/*
 * Where may this page go? Core moves file pages to another node by their mapping alone, so only
 * memory of which nothing else is known (anonymous, shmem) is let through. mlocked pages never go
 * to a device: munlock would leave them accounted for good. Nor do those of KSM: ksmd reads them.
 * The file is asked of the mapping, as the page may be looked at without a reference.
 */
static u8 hms_page_allows(const struct vm_area_struct *vma, struct folio *folio, u8 *reason)
{
	if (!folio_test_anon(folio)) {
		*reason = HMS_SKIP_FILE;
		return vma->vm_file && shmem_mapping(vma->vm_file->f_mapping) &&
		       !folio_test_private(folio) ? HMS_ALLOW_NODE : 0;
	}
	*reason = HMS_SKIP_SPECIAL;
	if ((vma->vm_flags & VM_LOCKED) || folio_test_mlocked(folio) || folio_test_ksm(folio))
		return HMS_ALLOW_NODE;
	return HMS_ALLOW_ALL;
}

/* Find out which target page @i wants most, before its limit is set. */
static void hms_batch_turn(const struct hms_work *work, struct hms_batch *batch, unsigned long i)
{
	unsigned long number = (batch->start >> PAGE_SHIFT) + i;

	batch->first[i] = 0;
	if (hms_mode_rotates(work->request->mode))
		batch->first[i] = hms_policy_rank(work->request->policy,
						  batch->whole ? number / HMS_BLOCK_PAGES : number);
}

/* The target that comes so many after the one that page @i wants most. */
static u32 hms_batch_nth(const struct hms_work *work, const struct hms_batch *batch,
			 unsigned long i, u32 nth)
{
	u32 rank = batch->first[i] + nth;

	return rank < work->request->ntargets ? rank : rank - work->request->ntargets;
}

/* The other way round; ntargets is no target either way. */
static u32 hms_batch_place_of(const struct hms_work *work, const struct hms_batch *batch,
			      unsigned long i, u32 rank)
{
	u32 ntargets = work->request->ntargets;

	if (rank == ntargets)
		return ntargets;
	return rank - batch->first[i] + (rank < batch->first[i] ? ntargets : 0);
}

/* Page @i goes to the first target from the nth on that it may go to. Room is another question. */
static void hms_batch_aim(const struct hms_work *work, struct hms_batch *batch, unsigned long i,
			  u32 nth)
{
	u32 limit = batch->limit[i];

	while (nth < limit && !(work->kinds[hms_batch_nth(work, batch, i, nth)] & batch->allow[i]))
		nth++;
	batch->goal[i] = nth;
}

/* Can none of the targets that page @i may go to be used, whatever it is? */
static bool hms_batch_is_barred(const struct hms_work *work, const struct hms_batch *batch,
				unsigned long i)
{
	u32 nth;

	for (nth = 0; nth < batch->limit[i]; nth++) {
		if (work->kinds[hms_batch_nth(work, batch, i, nth)])
			return false;
	}
	return true;
}

/* A fate for what can go nowhere. */
static void hms_batch_stays(struct hms_work *work, struct hms_batch *batch, unsigned long i)
{
	hms_batch_aim(work, batch, i, 0);
	if (batch->limit[i] < work->request->ntargets && !hms_mode_rotates(work->request->mode))
		hms_batch_set(batch, i, HMS_FATE_PRESENT, batch->limit[i]);
	else if (hms_batch_is_barred(work, batch, i))
		hms_batch_set(batch, i, HMS_FATE_SKIP, HMS_SKIP_UNREACHABLE);
	else if (batch->goal[i] < batch->limit[i])
		hms_batch_set(batch, i, HMS_FATE_SKIP, HMS_SKIP_NOMEM);
	else
		hms_batch_set(batch, i, HMS_FATE_SKIP, batch->reason[i]);
}

/* A page is on a device already: that it is asked for there again is as good as being placed. */
static void hms_batch_stays_on(const struct hms_work *work, const struct hms_batch *batch,
			       unsigned long i, struct page *page, u32 rank)
{
	const struct hms_request *request = work->request;
	struct hms_target *target = request->targets[rank];
	struct hms_devmem *mem = target->mem;
	unsigned long address = batch->start + (i << PAGE_SHIFT), last = address;
	struct hms_policy *policy;

	/* Of a large page one entry is enough. */
	if (!mem || !request->migrate || (batch->whole && i))
		return;
	policy = request->policy;
	if (!request->set_policy)
		policy = hms_binding_policy(batch->vma->vm_mm, address, &last);
	hms_devmem_changed(mem, page, hms_policy_priority(policy),
			   hms_order_is_stuck(policy, target, address));
	hms_devmem_used_again(mem, page, work->serial);
	if (!request->set_policy)
		hms_policy_put(policy);
}

/* A fate for a page that need not or may not move; else what it may become, and true. */
static bool hms_batch_consider(struct hms_work *work, struct hms_batch *batch, unsigned long i,
			       struct page *page)
{
	struct hms_request *request = work->request;
	u32 rank = hms_rank(work, page);
	bool listed = rank < request->ntargets;

	hms_batch_turn(work, batch, i);
	batch->limit[i] = hms_batch_place_of(work, batch, i, rank);
	/* Where each page has a target of its own, no other will do. */
	if (!batch->limit[i] ||
	    (!request->migrate && listed && !hms_mode_rotates(request->mode))) {
		hms_batch_set(batch, i, HMS_FATE_PRESENT, rank);
		hms_batch_stays_on(work, batch, i, page, rank);
		return false;
	}
	if (!request->migrate) {
		hms_batch_set(batch, i, HMS_FATE_SKIP, HMS_SKIP_ELSEWHERE);
		return false;
	}
	batch->allow[i] = hms_page_allows(batch->vma, page_folio(page), &batch->reason[i]);
	hms_batch_aim(work, batch, i, 0);
	if (batch->goal[i] == batch->limit[i]) {
		hms_batch_stays(work, batch, i);
		return false;
	}
	return true;
}

/* The same for a hole. */
static bool hms_batch_consider_hole(struct hms_work *work, struct hms_batch *batch, unsigned long i)
{
	struct hms_request *request = work->request;

	if (!request->populate && !request->lazy) {
		hms_batch_set(batch, i, HMS_FATE_SKIP, HMS_SKIP_ABSENT);
		return false;
	}
	hms_batch_turn(work, batch, i);
	batch->limit[i] = request->ntargets;
	batch->allow[i] = batch->vma->vm_flags & VM_LOCKED ? HMS_ALLOW_NODE : HMS_ALLOW_ALL;
	batch->reason[i] = HMS_SKIP_SPECIAL;
	hms_batch_aim(work, batch, i, 0);
	return true;
}

/* What was never touched, whether it waits for that with a placeholder or not. */
static bool hms_batch_is_hole(const struct hms_batch *batch, unsigned long i)
{
	return hms_collected_hole(batch->src[i]) ||
	       hms_is_placeholder(migrate_pfn_to_page(batch->src[i]));
}

/* Look where page @i is, and whether core should be asked for it; @owner says whose device page. */
static bool hms_batch_wants(struct hms_work *work, struct hms_batch *batch, unsigned long i,
			    void **owner)
{
	struct page *page = hms_located_page(batch->entries[i]);
	bool may_move_shared = work->request->may_move_shared;
	struct hms_target *target;

	*owner = NULL;
	if (hms_located_unknown(batch->entries[i])) {
		/* Not readable, so nobody can tell whether it is shared. */
		if (!may_move_shared)
			hms_batch_set(batch, i, HMS_FATE_SKIP, HMS_SKIP_SPECIAL);
		return may_move_shared;
	}
	if (!page) {
		/* Of a file nothing is missing that was not touched, but what is swapped out. */
		if (!vma_is_anonymous(batch->vma))
			hms_batch_set(batch, i, HMS_FATE_SKIP,
				      work->request->all_or_nothing && batch->vma->anon_vma ?
				      HMS_SKIP_BUSY : HMS_SKIP_ABSENT);
		return vma_is_anonymous(batch->vma);
	}
	if (hms_is_placeholder(page) && work->request->lazy) {
		hms_batch_set(batch, i, HMS_FATE_ARMED, 0);
		return false;
	}
	if (hms_is_placeholder(page) ? !hms_batch_consider_hole(work, batch, i) :
				       !hms_batch_consider(work, batch, i, page))
		return false;
	if (!may_move_shared && folio_maybe_mapped_shared(page_folio(page))) {
		hms_batch_set(batch, i, HMS_FATE_SKIP, HMS_SKIP_SHARED);
		return false;
	}
	target = hms_target_of_page(page);
	if (target && hms_target_is_device(target))
		*owner = hms_devmem_owner(target->mem);
	return true;
}

/**
 * struct hms_run - pages that core can be asked for in one go
 * @first: index of the first
 * @npages: how many
 * @owner: of the device that some of them may be on; core takes one at a time
 * @large: it is the whole batch, and one large page
 * @hole: it is the whole batch, and nothing; a large placeholder may be had for it
 */
struct hms_run {
	unsigned long first;
	unsigned long npages;
	void *owner;
	bool large;
	bool hole;
};

static bool hms_run_grows(struct hms_run *run, unsigned long i, void *owner)
{
	if (!run->npages || run->first + run->npages != i ||
	    (run->owner && owner && run->owner != owner))
		return false;
	run->npages++;
	run->owner = run->owner ?: owner;
	return true;
}

/* Is it what a large page would fill? */
static bool hms_batch_is_block(const struct hms_batch *batch)
{
	return batch->npages == HMS_BLOCK_PAGES &&
	       IS_ALIGNED(batch->start, HMS_BLOCK_PAGES << PAGE_SHIFT);
}

/* Read the page tables, and give fates; returns the number of runs that core is to be asked for. */
static int hms_batch_survey(struct hms_work *work, struct hms_batch *batch, struct hms_run *runs)
{
	unsigned long i;
	int n = 0, idx, ret;
	void *owner;

	work->like = NULL;
	idx = hms_devmem_read_lock();
	ret = hms_locate(work->binding, batch->start, batch->npages, batch->entries);
	batch->whole = !ret && hms_core_moves_large() && vma_is_anonymous(batch->vma) &&
		       hms_batch_is_block(batch) && hms_hmm_is_large(batch->entries[0]);
	/* What is one large page is asked for once. */
	if (batch->whole && hms_batch_wants(work, batch, 0, &owner))
		runs[n++] = (struct hms_run) { .npages = batch->npages, .owner = owner };
	else if (batch->whole)
		hms_batch_set_all(batch, batch->fate[0], batch->which[0]);
	for (i = 0; i < batch->npages && !ret && !batch->whole; i++) {
		if (!hms_batch_wants(work, batch, i, &owner))
			continue;
		if (!n || !hms_run_grows(&runs[n - 1], i, owner))
			runs[n++] = (struct hms_run) { .first = i, .npages = 1, .owner = owner };
	}
	if (n == 1 && runs[0].npages == batch->npages) {
		runs[0].large = batch->whole;
		runs[0].hole = work->request->lazy && hms_vma_takes_large(batch->vma) &&
			       hms_batch_is_block(batch) && !runs[0].owner && !batch->entries[0];
	}
	hms_devmem_read_unlock(idx);
	return ret ?: n;
}

/* How many pages of a batch go to which target? Of what is absent only holes are known. */
static void hms_batch_wishes(struct hms_work *work, struct hms_batch *batch,
			     const struct hms_run *runs, int n, u16 *wishes)
{
	unsigned long i;
	int r;

	if (batch->whole) {
		wishes[hms_batch_nth(work, batch, 0, batch->goal[0])] = batch->npages;
		return;
	}
	for (r = 0; r < n; r++) {
		for (i = runs[r].first; i < runs[r].first + runs[r].npages; i++) {
			if (!hms_located_page(batch->entries[i]) &&
			    !(work->request->populate && hms_batch_consider_hole(work, batch, i)))
				continue;
			if (batch->goal[i] < batch->limit[i])
				wishes[hms_batch_nth(work, batch, i, batch->goal[i])]++;
		}
	}
}

/* Is it a device that may have to make room for a batch? */
static bool hms_batch_may_evict(const struct hms_work *work, const struct hms_batch *batch,
				u32 rank)
{
	return work->kinds[rank] == HMS_ALLOW_DEVICE &&
	       hms_devmem_free_pages(work->request->targets[rank]->mem) < batch->npages;
}

/* The lowest priority of a batch: nothing leaves for it that would not for all of it. */
static u8 hms_batch_priority(const struct hms_work *work, const struct hms_batch *batch)
{
	unsigned long end = batch->start + (batch->npages << PAGE_SHIFT), at, last;
	u8 lowest = HMS_PRIORITY_MAX;

	if (work->request->set_policy)
		return work->request->priority;
	for (at = batch->start; at < end; at = last + 1) {
		last = end - 1;
		lowest = min(lowest, hms_order_priority(batch->vma->vm_mm, at, &last));
	}
	return lowest;
}

/* Room on a device for so many pages; how many there is none for. */
static unsigned int hms_batch_make_room_on(struct hms_work *work, struct hms_batch *batch, u32 rank,
					   unsigned int npages)
{
	struct hms_target *target = work->request->targets[rank];
	unsigned long room = hms_devmem_free_pages(target->mem);
	struct hms_lru_want want = {
		.serial = work->serial,
		.changes = hms_binding_changes(),
		.priority = hms_batch_priority(work, batch),
		.payer = work->request->mm,
	};

	if (room < npages && !test_bit(rank, work->full))
		room += hms_evict(target, npages - room, &want, batch->vma->vm_mm);
	if (room >= npages)
		return 0;
	set_bit(rank, work->full);
	return npages - room;
}

/*
 * Devices that lack room for what comes make some, before anything is taken out of the page tables.
 * What there is none for goes where its list goes on.
 */
static void hms_batch_make_room(struct hms_work *work, struct hms_batch *batch,
				const struct hms_run *runs, int n)
{
	struct hms_request *request = work->request;
	u16 wishes[HMS_MAX_TARGETS] = { };
	unsigned int more = 0;
	u32 rank;

	for (rank = 0; rank < request->ntargets && !hms_batch_may_evict(work, batch, rank); rank++)
		;
	if (rank == request->ntargets)
		return;
	hms_batch_wishes(work, batch, runs, n, wishes);
	for (; rank < request->ntargets; rank++) {
		/* In the modes that go page by page, the next one is another one for each. */
		unsigned int wanted = wishes[rank] + (hms_mode_rotates(request->mode) ? 0 : more);

		if (!wanted || !work->kinds[rank])
			continue;
		more = 0;
		if (work->kinds[rank] == HMS_ALLOW_DEVICE)
			more = hms_batch_make_room_on(work, batch, rank, wanted);
	}
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

static int hms_batch_collect_runs(struct hms_work *work, struct hms_batch *batch,
				  const struct hms_run *runs, int n)
{
	int ret, r;

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
		pass->copies = work->copies;
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

/**
 * hms_batch_collect - take the pages that should move out of the page tables
 * @work: what for
 * @batch: from hms_batch_init()
 *
 * Context: mmap_lock held for read until hms_batch_commit() or hms_batch_abort(). May sleep.
 * Return: 0; -ENOMEM; -EBUSY when the page tables would not keep still; else what core says. On
 * failure nothing is collected.
 */
int hms_batch_collect(struct hms_work *work, struct hms_batch *batch)
{
	struct hms_run *runs;
	int n, ret = 0;

	if (!hms_vma_can_move(batch->vma)) {
		hms_batch_set_all(batch, HMS_FATE_SKIP, HMS_SKIP_SPECIAL);
		return 0;
	}
	runs = kvmalloc_array(batch->npages, sizeof(*runs), GFP_KERNEL_ACCOUNT);
	if (!runs)
		return -ENOMEM;
	n = hms_batch_survey(work, batch, runs);
	if (n > 0)
		hms_batch_make_room(work, batch, runs, n);
	if (n > 0)
		ret = hms_batch_collect_runs(work, batch, runs, n);
	kvfree(runs);
	return n < 0 ? n : ret;
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

/* Now that page @i is collected, and can't change any more: may it still become what it should? */
static bool hms_batch_reconsider(struct hms_work *work, struct hms_batch *batch, unsigned long i)
{
	struct page *page = migrate_pfn_to_page(batch->src[i]);

	if (!page)
		return hms_batch_consider_hole(work, batch, i);
	/*
	 * Whether it is shared was only asked of the page that was there; by now that may have
	 * gone with its device, so it is not looked at.
	 */
	if (!work->request->may_move_shared &&
	    page_to_pfn(page) != hms_located_pfn(batch->entries[i])) {
		hms_batch_set(batch, i, HMS_FATE_SKIP, HMS_SKIP_BUSY);
		return false;
	}
	if (hms_is_placeholder(page))
		return hms_batch_consider_hole(work, batch, i);
	if (!hms_batch_is_as_seen(batch, i, page) && !hms_batch_consider(work, batch, i, page))
		return false;
	/* Core would BUG. */
	folio_wait_writeback(page_folio(page));
	return true;
}

/* Does page @i go to this target now, so many after the one that it wants most? */
static bool hms_batch_goes_to(const struct hms_work *work, const struct hms_batch *batch,
			      unsigned long i, u32 nth, u32 rank)
{
	return batch->goal[i] == nth && nth < batch->limit[i] &&
	       hms_batch_nth(work, batch, i, nth) == rank;
}

/* Destinations on one target for as many pages as it has room for; the rest stays on the list. */
static unsigned int hms_batch_place_on(struct hms_work *work, struct hms_batch *batch, u32 nth,
				       u32 rank, unsigned int npending)
{
	unsigned int want = 0, got = 0, used = 0, left = 0, j;

	for (j = 0; j < npending; j++)
		want += hms_batch_goes_to(work, batch, work->index[j], nth, rank);
	if (want)
		got = hms_target_alloc(work->request->targets[rank], work->pages, want);
	for (j = 0; j < npending; j++) {
		unsigned long i = work->index[j];

		if (!hms_batch_goes_to(work, batch, i, nth, rank)) {
			work->index[left++] = i;
		} else if (used < got) {
			batch->dst[i] = migrate_pfn(page_to_pfn(work->pages[used++]));
			hms_batch_set(batch, i, hms_batch_is_hole(batch, i) ?
				      HMS_FATE_POPULATE : HMS_FATE_MOVE, rank);
		} else {
			hms_batch_aim(work, batch, i, nth + 1);
			work->index[left++] = i;
		}
	}
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
	for (rank = 0; rank < work->request->ntargets; rank++)
		npending = hms_batch_place_on(work, batch, nth, rank, npending);
	return npending;
}

/* No target has room for a hole, and the policy is content with any memory. */
static bool hms_batch_place_anywhere(struct hms_work *work, struct hms_batch *batch,
				     unsigned long i)
{
	struct page *page;

	if (work->request->mode != HMS_MODE_PREFERRED || !hms_batch_is_hole(batch, i))
		return false;
	page = alloc_page(GFP_HIGHUSER_MOVABLE | __GFP_NOWARN | __GFP_NORETRY);
	if (!page)
		return false;
	lock_page(page);
	batch->dst[i] = migrate_pfn(page_to_pfn(page));
	hms_batch_set(batch, i, HMS_FATE_POPULATE, hms_rank(work, page));
	return true;
}

/* Placeholders for the holes, as far as there are any; what is no hole stays on the list. */
static unsigned int hms_batch_place_lazy(struct hms_work *work, struct hms_batch *batch,
					 unsigned int npending)
{
	unsigned int want = 0, got = 0, used = 0, left = 0, j;

	for (j = 0; j < npending; j++)
		want += hms_batch_is_hole(batch, work->index[j]);
	if (want && !(batch->vma->vm_flags & VM_LOCKED))
		got = hms_lazy_alloc(work->request->account, batch->vma->vm_mm, work->pages,
				     want);
	batch->nlazy = got;
	for (j = 0; j < npending; j++) {
		unsigned long i = work->index[j];

		if (!hms_batch_is_hole(batch, i)) {
			work->index[left++] = i;
		} else if (used < got) {
			batch->dst[i] = migrate_pfn(page_to_pfn(work->pages[used++]));
			hms_batch_set(batch, i, HMS_FATE_ARM, 0);
		} else {
			hms_batch_set(batch, i, HMS_FATE_SKIP, batch->vma->vm_flags & VM_LOCKED ?
				      HMS_SKIP_SPECIAL : HMS_SKIP_LIMIT);
		}
	}
	return left;
}

static void hms_batch_place_pages(struct hms_work *work, struct hms_batch *batch)
{
	unsigned int npending = 0, j;
	unsigned long i;
	u32 nth;

	for (i = 0; i < batch->npages; i++) {
		if (batch->fate[i] == HMS_FATE_UNSEEN && hms_collected(batch->src[i]) &&
		    hms_batch_reconsider(work, batch, i))
			work->index[npending++] = i;
	}
	if (work->request->lazy)
		npending = hms_batch_place_lazy(work, batch, npending);
	for (nth = 0; nth < work->request->ntargets && npending; nth++)
		npending = hms_batch_place_nth(work, batch, nth, npending);
	for (j = 0; j < npending; j++) {
		if (!hms_batch_place_anywhere(work, batch, work->index[j]))
			hms_batch_stays(work, batch, work->index[j]);
	}
}

/* Is there room for a single page anywhere that it may go? */
static bool hms_batch_has_room(struct hms_work *work, const struct hms_batch *batch,
			       unsigned long i)
{
	struct page *page;
	u32 nth;

	for (nth = 0; nth < batch->limit[i]; nth++) {
		u32 rank = hms_batch_nth(work, batch, i, nth);

		if ((work->kinds[rank] & batch->allow[i]) &&
		    hms_target_alloc(work->request->targets[rank], &page, 1)) {
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
	struct page *page;
	u32 nth, rank;

	if (!hms_batch_reconsider(work, batch, 0)) {
		hms_batch_set_all(batch, batch->fate[0], batch->which[0]);
		return true;
	}
	if (hms_collected_hole(batch->src[0]))
		return hms_batch_place_large_lazy(work, batch);
	nth = batch->goal[0];
	rank = hms_batch_nth(work, batch, 0, nth);
	page = nth < batch->limit[0] ? hms_target_alloc_large(work->request->targets[rank]) : NULL;
	if (!page) {
		/* A page is not split for nothing. */
		if (hms_batch_is_hole(batch, 0) || hms_batch_has_room(work, batch, 0))
			return false;
		hms_batch_stays(work, batch, 0);
		hms_batch_set_all(batch, batch->fate[0], batch->which[0]);
		return true;
	}
	hms_pass_set_large(&batch->runs[0], page);
	hms_batch_set_all(batch, hms_batch_is_hole(batch, 0) ? HMS_FATE_POPULATE : HMS_FATE_MOVE,
			  rank);
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
	work->like = NULL;
	if (hms_batch_is_large(batch)) {
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

/* The entry that stands for page @i. */
static unsigned long hms_batch_entry(const struct hms_batch *batch, unsigned long i)
{
	return hms_batch_is_large(batch) ? 0 : i;
}

static void hms_batch_copy_runs(struct hms_work *work, struct hms_batch *batch)
{
	unsigned int r;

	for (r = 0; r < batch->nruns; r++)
		work->request->arg->bytes_copied += hms_pass_copy(&batch->runs[r]) << PAGE_SHIFT;
}

/**
 * hms_batch_copy - fill the destinations
 * @work: what for; counts what was copied
 * @batch: placed
 *
 * Context: as hms_batch_collect().
 */
void hms_batch_copy(struct hms_work *work, struct hms_batch *batch)
{
	unsigned long i;

	hms_batch_copy_runs(work, batch);
	/* In pieces only those stay that can't be copied. */
	if (hms_batch_is_large(batch) && hms_fate_is_move(batch->fate[0]) && !batch->dst[0]) {
		hms_batch_split(batch);
		hms_batch_place_pages(work, batch);
		hms_batch_copy_runs(work, batch);
	}
	for (i = 0; i < batch->npages; i++) {
		if (hms_fate_is_move(batch->fate[i]) && !batch->dst[hms_batch_entry(batch, i)])
			hms_batch_set(batch, i, HMS_FATE_SKIP, HMS_SKIP_COPY);
	}
}

/**
 * hms_batch_commit - let the copies take the place of the pages, and restore the others
 * @batch: copied
 *
 * Context: as hms_batch_collect().
 */
void hms_batch_commit(struct hms_batch *batch)
{
	unsigned long i;
	unsigned int r;

	for (r = 0; r < batch->nruns; r++)
		hms_pass_commit(&batch->runs[r], HMS_TARGET_MOVED_OUT);
	for (i = 0; i < batch->npages; i++) {
		unsigned long entry = hms_batch_entry(batch, i);

		if (hms_fate_is_move(batch->fate[i]) &&
		    !hms_moved(batch->src[entry], batch->dst[entry]))
			hms_batch_set(batch, i, HMS_FATE_SKIP, HMS_SKIP_BUSY);
	}
	hms_batch_drop_runs(batch);
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
	hms_batch_drop_runs(batch);
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
	int idx, ret;

	if (!hms_batch_has(batch, HMS_FATE_UNSEEN))
		return;
	idx = hms_devmem_read_lock();
	ret = hms_locate(work->binding, batch->start, batch->npages, batch->entries);
	for (i = 0; i < batch->npages; i++) {
		struct page *page = ret ? NULL : hms_located_page(batch->entries[i]);

		if (batch->fate[i] != HMS_FATE_UNSEEN)
			continue;
		if (ret)
			hms_batch_set(batch, i, HMS_FATE_SKIP,
				      ret == -ENOMEM ? HMS_SKIP_NOMEM : HMS_SKIP_BUSY);
		else if (hms_located_unknown(batch->entries[i]))
			hms_batch_set(batch, i, HMS_FATE_SKIP, HMS_SKIP_SPECIAL);
		else if (!page && work->request->migrate &&
			 hms_locate_is_swapped(batch->vma->vm_mm, batch->start + (i << PAGE_SHIFT)))
			hms_batch_set(batch, i, HMS_FATE_SWAPPED, 0);
		else if (!page && work->request->migrate)
			/* Holes are given, so this one is on its way. */
			hms_batch_set(batch, i, HMS_FATE_SKIP, HMS_SKIP_BUSY);
		else if (!page)
			hms_batch_set(batch, i, HMS_FATE_SKIP, HMS_SKIP_ABSENT);
		else if (folio_test_large(page_folio(page)) && !hms_core_moves_large())
			hms_batch_set(batch, i, HMS_FATE_SKIP, HMS_SKIP_LARGE);
		else
			hms_batch_set(batch, i, HMS_FATE_SKIP, HMS_SKIP_BUSY);
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
		if (batch->fate[i] == HMS_FATE_SWAPPED)
			set_bit(i, work->wanted);
	}
	hms_locate_fault_in(work->binding, batch->start, batch->npages, work->wanted,
			    batch->entries);
}
