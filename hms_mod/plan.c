// SPDX-License-Identifier: GPL-2.0
/*
 * A plan: what should become of a page, by what it is, where it is, and what is asked. It says to
 * which targets a page may go, and in which order; whether they have room is another question.
 */

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/shmem_fs.h>

#include "compat/compat.h"
#include "batch.h"
#include "binding.h"
#include "devmem.h"
#include "freemap.h"
#include "order.h"
#include "plan.h"
#include "request.h"
#include "target.h"

static_assert(HMS_MAX_TARGETS < U8_MAX);

/**
 * hms_plan_rank - which target of the request holds a page
 * @work: the request; remembers the answer, as neighbours mostly have the same
 * @page: the page
 *
 * Return: its place in the list, ntargets if none does.
 */
u32 hms_plan_rank(struct hms_work *work, struct page *page)
{
	const struct hms_request *request = work->request;
	struct hms_target *target;
	u32 rank;

	if (hms_is_in(page, &work->like))
		return work->rank;
	target = hms_target_of_page(page);
	for (rank = 0; rank < request->ntargets; rank++) {
		if (target && request->targets[rank] == target)
			break;
	}
	work->like = hms_memory_of(page);
	work->rank = rank;
	return rank;
}

/*
 * Where may this page go? Core moves file pages to another node by their mapping alone, so only
 * memory of which nothing else is known (anonymous, shmem) is let through: not memfd_secret() nor
 * guest_memfd, which even a copy by the kernel would fault on. mlocked pages never go to a device:
 * munlock would leave them accounted for good. Nor do those of KSM: ksmd reads them. The file is
 * asked of the mapping, as the page may be looked at without a reference.
 */
static u8 hms_page_allows(const struct vm_area_struct *vma, struct page *page, u8 *reason)
{
	struct folio *folio = page_folio(page);

	if (hms_devmem_is_lost(page)) {
		*reason = HMS_SKIP_COPY;
		return 0;
	}
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
static void hms_plan_turn(const struct hms_work *work, struct hms_batch *batch, unsigned long i)
{
	unsigned long number = (batch->start >> PAGE_SHIFT) + i;

	batch->plans[i].first = 0;
	if (hms_mode_rotates(work->request->mode))
		batch->plans[i].first =
			hms_policy_rank(work->request->policy,
					batch->whole ? number / HMS_BLOCK_PAGES : number);
}

/**
 * hms_plan_nth - the target that comes so many after the one that a page wants most
 * @work: the request
 * @plan: of the page
 * @nth: less than ntargets
 */
u32 hms_plan_nth(const struct hms_work *work, const struct hms_plan *plan, u32 nth)
{
	u32 rank = plan->first + nth;

	return rank < work->request->ntargets ? rank : rank - work->request->ntargets;
}

/* The other way round; ntargets is no target either way. */
static u32 hms_plan_place_of(const struct hms_work *work, const struct hms_plan *plan, u32 rank)
{
	u32 ntargets = work->request->ntargets;

	if (rank == ntargets)
		return ntargets;
	return rank - plan->first + (rank < plan->first ? ntargets : 0);
}

/**
 * hms_plan_aim - a page goes to the first target from the nth on that it may go to
 * @work: the request
 * @plan: of the page; @goal is set
 * @nth: at most @limit
 */
void hms_plan_aim(const struct hms_work *work, struct hms_plan *plan, u32 nth)
{
	while (nth < plan->limit && !(work->kinds[hms_plan_nth(work, plan, nth)] & plan->allow))
		nth++;
	plan->goal = nth;
}

/* Can none of the targets that a page may go to be used, whatever it is? */
static bool hms_plan_is_barred(const struct hms_work *work, const struct hms_plan *plan)
{
	u32 nth;

	for (nth = 0; nth < plan->limit; nth++) {
		if (work->kinds[hms_plan_nth(work, plan, nth)])
			return false;
	}
	return true;
}

/**
 * hms_plan_stay - a fate for what can go nowhere
 * @work: the request
 * @plan: of the page
 */
void hms_plan_stay(const struct hms_work *work, struct hms_plan *plan)
{
	hms_plan_aim(work, plan, 0);
	if (plan->limit < work->request->ntargets && !hms_mode_rotates(work->request->mode))
		hms_plan_set(plan, HMS_FATE_PRESENT, plan->limit);
	else if (hms_plan_is_barred(work, plan))
		hms_plan_set(plan, HMS_FATE_SKIP, HMS_SKIP_UNREACHABLE);
	else if (plan->goal < plan->limit)
		hms_plan_set(plan, HMS_FATE_SKIP, HMS_SKIP_NOMEM);
	else
		hms_plan_set(plan, HMS_FATE_SKIP, plan->reason);
}

/* A page is on a device already: that it is asked for there again is as good as being placed. */
static void hms_plan_stays_on(const struct hms_work *work, const struct hms_batch *batch,
			      unsigned long i, struct page *page, u32 rank)
{
	const struct hms_request *request = work->request;
	struct hms_target *target = request->targets[rank];
	struct hms_devmem *mem = target->mem;
	unsigned long address = batch->start + (i << PAGE_SHIFT), last = address;
	struct hms_lru_place how = {
		/* It is not held, and may be of another process by now: let that be asked. */
		.changes = hms_binding_changes() - 1,
	};

	/* Of a large page one entry is enough. */
	if (!mem || !request->migrate || (batch->whole && i))
		return;
	how.policy = request->policy;
	if (!request->set_policy)
		how.policy = hms_binding_policy(batch->vma->vm_mm, address, &last);
	how.stuck = hms_order_is_stuck(how.policy, target, address);
	hms_devmem_changed(mem, page, &how);
	hms_devmem_used_again(mem, page, work->serial);
	if (!request->set_policy)
		hms_policy_put(how.policy);
}

/**
 * hms_plan_page - make a plan for a page
 * @work: the request
 * @batch: the batch
 * @i: which entry
 * @page: the page that is there
 *
 * Return: true when it is to move; else it has its fate.
 */
bool hms_plan_page(struct hms_work *work, struct hms_batch *batch, unsigned long i,
		   struct page *page)
{
	struct hms_request *request = work->request;
	struct hms_plan *plan = &batch->plans[i];
	u32 rank = hms_plan_rank(work, page);
	bool listed = rank < request->ntargets;

	plan->hole = false;
	hms_plan_turn(work, batch, i);
	plan->limit = hms_plan_place_of(work, plan, rank);
	/* Where each page has a target of its own, no other will do. */
	if (!plan->limit || (!request->migrate && listed && !hms_mode_rotates(request->mode))) {
		hms_plan_set(plan, HMS_FATE_PRESENT, rank);
		hms_plan_stays_on(work, batch, i, page, rank);
		return false;
	}
	if (!request->migrate) {
		hms_plan_set(plan, HMS_FATE_SKIP, HMS_SKIP_ELSEWHERE);
		return false;
	}
	plan->allow = hms_page_allows(batch->vma, page, &plan->reason);
	hms_plan_aim(work, plan, 0);
	if (plan->goal == plan->limit) {
		hms_plan_stay(work, plan);
		return false;
	}
	return true;
}

/**
 * hms_plan_hole - make a plan for a hole
 * @work: the request
 * @batch: the batch
 * @i: which entry
 *
 * Return: as hms_plan_page().
 */
bool hms_plan_hole(const struct hms_work *work, struct hms_batch *batch, unsigned long i)
{
	const struct hms_request *request = work->request;
	struct hms_plan *plan = &batch->plans[i];

	plan->hole = true;
	if (!request->populate && !request->lazy) {
		hms_plan_set(plan, HMS_FATE_SKIP, HMS_SKIP_ABSENT);
		return false;
	}
	hms_plan_turn(work, batch, i);
	plan->limit = request->ntargets;
	plan->allow = batch->vma->vm_flags & VM_LOCKED ? HMS_ALLOW_NODE : HMS_ALLOW_ALL;
	plan->reason = HMS_SKIP_SPECIAL;
	hms_plan_aim(work, plan, 0);
	return true;
}
