// SPDX-License-Identifier: GPL-2.0
/*
 * The engine: migrate and populate, for a request.
 *
 * A range is worked on in batches of one mapping and one page table page each. mmap_lock is dropped
 * after each; or after two, where a driver copies the first while the second is made ready.
 * All-or-nothing does the same with all its batches at once, and looks at their fates before it
 * lets any of them commit.
 */

#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "batch.h"
#include "binding.h"
#include "devmem.h"
#include "engine.h"
#include "freemap.h"
#include "process.h"
#include "request.h"
#include "target.h"
#include "trace.h"
#include "transfer.h"

/**
 * struct hms_engine - one run of the engine
 * @batches: two of them are under way at most; the first is behind this, the second is NULL for who
 *	needs but one
 * @next: where the next step begins
 * @checks: the first step is to find out whether all of the range is mapped
 * @work: what the batches work with
 */
struct hms_engine {
	struct hms_batch *batches[2];
	unsigned long next;
	bool checks;
	struct hms_work work;
};

/* So many pages from @address on are in one mapping, and in one page table page. */
static unsigned long hms_batch_pages(const struct vm_area_struct *vma, unsigned long address,
				     unsigned long end)
{
	unsigned long pmd_end = ALIGN_DOWN(address, PMD_SIZE) + PMD_SIZE;

	/* The first matters where pages are larger, and a page table page maps more of them. */
	return min(HMS_PASS_PAGES, (min3(pmd_end, vma->vm_end, end) - address) >> PAGE_SHIFT);
}

static void hms_count_skipped(struct hms_request *request, unsigned long address,
			      unsigned long npages, enum hms_skip reason)
{
	request->arg->pages += npages;
	request->arg->skipped[reason] += npages;
	if (request->arg->first_skipped == U64_MAX)
		request->arg->first_skipped = address;
}

/* So many pages from page @i on have the same fate, by the same number. */
static unsigned long hms_same_fate(const struct hms_batch *batch, unsigned long i)
{
	const struct hms_plan *plan = hms_batch_plan(batch, i);
	unsigned long n = 1;

	if (batch->even)
		return batch->npages - i;
	while (i + n < batch->npages && plan[n].fate == plan->fate && plan[n].which == plan->which)
		n++;
	return n;
}

static void hms_count_batch(struct hms_request *request, const struct hms_batch *batch)
{
	struct hms_hbind *arg = request->arg;
	unsigned long i, n;

	for (i = 0; i < batch->npages; i += n) {
		unsigned long address = batch->start + (i << PAGE_SHIFT);
		const struct hms_plan *plan = hms_batch_plan(batch, i);

		n = hms_same_fate(batch, i);
		switch (plan->fate) {
		case HMS_FATE_MOVE:
			arg->pages += n;
			arg->moved += n;
			request->counts[plan->which].moved += n;
			break;
		case HMS_FATE_POPULATE:
			arg->pages += n;
			arg->populated += n;
			if (plan->which < request->ntargets)
				request->counts[plan->which].populated += n;
			break;
		case HMS_FATE_ARM:
		case HMS_FATE_ARMED:
			arg->pages += n;
			arg->lazy += n;
			break;
		case HMS_FATE_PRESENT:
			arg->pages += n;
			arg->present += n;
			request->counts[plan->which].present += n;
			break;
		case HMS_FATE_SKIP:
			hms_count_skipped(request, address, n, plan->which);
			break;
		default:
			/* It could not be brought back to memory. */
			hms_count_skipped(request, address, n, HMS_SKIP_ABSENT);
			break;
		}
	}
}

/* The same for who traces. Apart, as the counts are long, and mostly nobody does. */
static noinline void hms_count_traced_batch(struct hms_request *request,
					    const struct hms_batch *batch)
{
	struct hms_hbind before = *request->arg;

	hms_count_batch(request, batch);
	trace_hms_place(request, batch, &before);
}

static void hms_engine_count(struct hms_request *request, const struct hms_batch *batch)
{
	if (trace_hms_place_enabled())
		hms_count_traced_batch(request, batch);
	else
		hms_count_batch(request, batch);
}

/* Up to where copies begin; true when they go on by themselves. */
static bool hms_batch_begin(struct hms_work *work, struct hms_batch *batch)
{
	int ret = hms_batch_collect(work, batch);

	if (ret) {
		/* What was done before must not be disowned by an error: count these as skipped. */
		hms_batch_set_all(batch, HMS_FATE_SKIP,
				  ret == -ENOMEM ? HMS_SKIP_NOMEM : HMS_SKIP_BUSY);
		return false;
	}
	hms_batch_place(work, batch);
	return hms_batch_copy_start(batch);
}

static void hms_batch_end(struct hms_work *work, struct hms_batch *batch)
{
	hms_batch_copy_end(work, batch);
	hms_batch_commit(batch);
}

static void hms_batch_run(struct hms_work *work, struct hms_batch *batch)
{
	hms_batch_begin(work, batch);
	hms_batch_end(work, batch);
	hms_batch_explain(work, batch);
}

/* Worth a second try: swapped out, or held by somebody, which mostly is for a moment only. */
static bool hms_batch_missed(const struct hms_batch *batch, unsigned long i)
{
	const struct hms_plan *plan = hms_batch_plan(batch, i);

	return plan->fate == HMS_FATE_SWAPPED ||
	       (plan->fate == HMS_FATE_SKIP && plan->which == HMS_SKIP_BUSY);
}

/* What was missed gets a second try, and its fate from that. */
static void hms_batch_run_again(struct hms_work *work, struct hms_batch *batch)
{
	struct hms_batch *again;
	unsigned long i, j, n, max;

	for (i = 0; i < batch->npages && !hms_batch_missed(batch, i); i += hms_same_fate(batch, i))
		;
	if (i >= batch->npages)
		return;
	if (hms_batch_has(batch, HMS_FATE_SWAPPED))
		hms_batch_swap_in(work, batch);
	again = hms_batch_new(batch->npages);
	if (!again)
		return;
	for (; i < batch->npages; i += n) {
		/* A large page may be what there is no room for. */
		max = hms_batch_plan(batch, i)->hole ? HMS_BLOCK_PAGES / 2 : HMS_BLOCK_PAGES;
		for (n = 0; n < max && i + n < batch->npages && hms_batch_missed(batch, i + n); n++)
			;
		if (!n) {
			n = 1;
			continue;
		}
		hms_batch_init(again, batch->vma, batch->start + (i << PAGE_SHIFT), n);
		hms_batch_run(work, again);
		for (j = 0; j < n; j++) {
			const struct hms_plan *plan = hms_batch_plan(again, j);

			hms_batch_set(batch, i + j, plan->fate, plan->which);
		}
	}
	hms_batch_free(again);
}

/* What is offline gives no page; pages that are on their way from there would only be held up. */
static bool hms_engine_may_use(const struct hms_request *request, const struct hms_target *target)
{
	return hms_target_is_device(target) ? hms_devmem_is_usable(target->mem) :
					      node_isset(target->nid, request->nodes);
}

/*
 * Who unregisters a target waits for the requests that use it, and these can be long: let go.
 * Target nodes obey the caller's cpuset; what it forbids takes nothing.
 */
static void hms_engine_find_usable(struct hms_work *work)
{
	struct hms_request *request = work->request;
	u32 rank;

	memset(work->kinds, 0, sizeof(work->kinds));
	for (rank = 0; rank < request->ntargets; rank++) {
		struct hms_target *target = request->targets[rank];

		if (target && hms_target_is_dying(target)) {
			hms_target_unuse(target);
			request->targets[rank] = NULL;
		} else if (target && hms_engine_may_use(request, target)) {
			work->kinds[rank] = hms_target_is_device(target) ? HMS_ALLOW_DEVICE :
									   HMS_ALLOW_NODE;
		}
	}
}

/*
 * Begin with the next batch: 1 when a driver copies it meanwhile, 0 when there is one, -ENOENT when
 * there is no memory at these addresses. @vma: the mapping, if it is known.
 */
static int hms_engine_begin(struct hms_engine *engine, struct hms_batch *batch,
			    struct vm_area_struct *vma)
{
	struct hms_work *work = &engine->work;
	struct hms_request *request = work->request;
	unsigned long address = engine->next, npages;

	npages = (request->end - address) >> PAGE_SHIFT;
	if (!vma)
		vma = vma_lookup(work->binding->mm, address);
	if (!vma) {
		/* Unmapped by another thread since the request was checked. */
		vma = find_vma(work->binding->mm, address);
		if (vma)
			npages = min(npages, (vma->vm_start - address) >> PAGE_SHIFT);
		hms_count_skipped(request, address, npages, HMS_SKIP_ABSENT);
		engine->next = address + (npages << PAGE_SHIFT);
		return -ENOENT;
	}
	npages = hms_batch_pages(vma, address, request->end);
	engine->next = address + (npages << PAGE_SHIFT);
	hms_batch_init(batch, vma, address, npages);
	return hms_batch_begin(work, batch);
}

static int hms_engine_batches(struct hms_engine *engine)
{
	struct hms_work *work = &engine->work;
	struct hms_request *request = work->request;
	struct mm_struct *mm = work->binding->mm;
	struct hms_batch **batches = engine->batches;
	struct vm_area_struct *vma = NULL;
	int ret, n = 0, i;

	ret = mmap_read_lock_killable(mm);
	if (ret)
		return ret;
	if (engine->checks) {
		vma = hms_binding_mapped(mm, request->start, request->end - 1);
		if (!vma) {
			mmap_read_unlock(mm);
			return hms_refuse(request, -EFAULT, HMS_ERROR_RANGE, 0, HMS_WHY_UNMAPPED);
		}
		engine->checks = false;
	}
	hms_engine_find_usable(work);
	ret = hms_engine_begin(engine, batches[n], vma);
	n += ret >= 0;
	if (ret > 0 && batches[n] && engine->next < request->end) {
		ret = hms_engine_begin(engine, batches[n], NULL);
		n += ret >= 0;
	}
	for (i = 0; i < n; i++)
		hms_batch_end(work, batches[i]);
	/* Nothing is collected any more: what a fault of the first would wait for. */
	for (i = 0; i < n; i++) {
		hms_batch_explain(work, batches[i]);
		hms_batch_run_again(work, batches[i]);
		hms_engine_count(request, batches[i]);
	}
	mmap_read_unlock(mm);
	request->arg->next = engine->next;
	return engine->next < request->end;
}

/* Collect all batches and give them fates. On failure some may be collected. */
static int hms_engine_collect_all(struct hms_work *work, struct list_head *batches)
{
	struct hms_request *request = work->request;
	struct mm_struct *mm = work->binding->mm;
	unsigned long address, npages;
	struct vm_area_struct *vma;
	struct hms_batch *batch;
	int ret;

	for (address = request->start; address < request->end; address += npages << PAGE_SHIFT) {
		if (fatal_signal_pending(current))
			return -EINTR;
		vma = vma_lookup(mm, address);
		if (!vma)
			return hms_refuse(request, -EFAULT, HMS_ERROR_RANGE, 0, HMS_WHY_UNMAPPED);
		npages = hms_batch_pages(vma, address, request->end);
		batch = hms_batch_new(npages);
		if (!batch)
			return -ENOMEM;
		list_add_tail(&batch->list, batches);
		hms_batch_init(batch, vma, address, npages);
		ret = hms_batch_collect(work, batch);
		if (ret)
			return ret;
		hms_batch_place(work, batch);
		hms_batch_explain(work, batch);
	}
	return 0;
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

static bool hms_engine_swap_in_all(struct hms_work *work, struct list_head *batches)
{
	struct hms_batch *batch;
	bool any = false;

	/* First give back what is collected: a fault on that would never end. */
	list_for_each_entry(batch, batches, list)
		any |= hms_batch_has(batch, HMS_FATE_SWAPPED);
	if (!any)
		return false;
	list_for_each_entry(batch, batches, list)
		hms_batch_abort(batch);
	list_for_each_entry(batch, batches, list)
		hms_batch_swap_in(work, batch);
	return true;
}

/* Will every page that exists arrive? Counts those that do not. */
static bool hms_engine_complete(struct hms_work *work, struct list_head *batches)
{
	struct hms_batch *batch;
	bool complete = true;
	unsigned long i;

	list_for_each_entry(batch, batches, list) {
		for (i = 0; i < batch->npages; i++) {
			/*
			 * A hole is no page, but what could not be swapped in is, and what core did
			 * not give again after it had split a large page.
			 */
			const struct hms_plan *plan = hms_batch_plan(batch, i);
			u8 which = plan->fate == HMS_FATE_SKIP ? plan->which : HMS_SKIP_BUSY;

			if (plan->fate != HMS_FATE_SWAPPED && plan->fate != HMS_FATE_UNSEEN &&
			    (plan->fate != HMS_FATE_SKIP || which == HMS_SKIP_ABSENT))
				continue;
			complete = false;
			hms_count_skipped(work->request, batch->start + (i << PAGE_SHIFT), 1,
					  which);
		}
	}
	return complete;
}

static int hms_engine_all_or_nothing(struct hms_engine *engine)
{
	struct hms_work *work = &engine->work;
	struct hms_request *request = work->request;
	struct mm_struct *mm = work->binding->mm;
	struct hms_batch *batch;
	LIST_HEAD(batches);
	int ret;

	ret = mmap_read_lock_killable(mm);
	if (ret)
		return ret;
	hms_engine_find_usable(work);
	ret = hms_engine_collect_all(work, &batches);
	if (!ret && hms_engine_swap_in_all(work, &batches)) {
		hms_engine_drop_all(&batches);
		ret = hms_engine_collect_all(work, &batches);
	}
	if (ret)
		goto drop;
	list_for_each_entry(batch, &batches, list) {
		hms_batch_copy_start(batch);
		hms_batch_copy_end(work, batch);
	}
	if (!hms_engine_complete(work, &batches)) {
		request->arg->bytes_copied = 0;
		ret = hms_refuse(request, -EBUSY, HMS_ERROR_RANGE, 0, HMS_WHY_INCOMPLETE);
		goto drop;
	}

	/*
	 * From here on there is no way back: what is lost now is counted. The range is mapped as
	 * long as mmap_lock is held.
	 */
	if (request->set_policy)
		hms_binding_set(work->binding, &request->edit, request->start, request->end - 1,
				request->policy);
	list_for_each_entry(batch, &batches, list) {
		hms_batch_commit(batch);
		hms_engine_count(request, batch);
	}
	request->arg->next = request->end;
drop:
	hms_engine_drop_all(&batches);
	mmap_read_unlock(mm);
	return ret;
}

/**
 * hms_engine_checks - does the engine find out itself whether all of the range is mapped
 * @request: that works on pages
 *
 * Not where something is done, or said, before that: the policy is set, a job is accepted.
 */
bool hms_engine_checks(const struct hms_request *request)
{
	return !request->set_policy && !request->async;
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
	unsigned long all = (request->end - request->start) >> PAGE_SHIFT;
	unsigned long npages = min(all, HMS_PASS_PAGES);
	struct hms_engine *engine;

	engine = kvmalloc(sizeof(*engine) + hms_batch_size(npages) + HMS_WORK_ARRAYS(npages),
			  GFP_KERNEL_ACCOUNT);
	if (!engine)
		return NULL;
	engine->batches[0] = hms_batch_make(engine + 1, npages);
	engine->batches[1] = NULL;
	hms_work_init(&engine->work, request, binding,
		      (void *)(engine + 1) + hms_batch_size(npages), npages);
	engine->next = request->start;
	engine->checks = hms_engine_checks(request);
	/* Without a second one it is slower. */
	if (all > npages && hms_transfer_may_overlap())
		engine->batches[1] = hms_batch_new(HMS_PASS_PAGES);
	return engine;
}

void hms_engine_free(struct hms_engine *engine)
{
	if (!engine)
		return;
	hms_batch_drop(engine->batches[0]);
	hms_batch_free(engine->batches[1]);
	kvfree(engine);
}

/**
 * hms_engine_step - migrate and populate some of the range
 * @engine: from hms_engine_new()
 *
 * All-or-nothing is a single step, and also sets the policy, as that is part of all.
 *
 * Context: may sleep; the address space has users; mmap_lock not held.
 * Return: 1 when there is more to do; 0 when all is done, however many pages were skipped; -ESRCH
 * when the address space is nobody's any more; -EINTR when the caller is killed; -EFAULT when
 * hms_engine_checks(), and some of the range was not mapped at the first step. For all-or-nothing
 * also -EBUSY, -EFAULT and -ENOMEM; there any error means that nothing of the range was changed,
 * but pages of others may have made room for it.
 */
int hms_engine_step(struct hms_engine *engine)
{
	if (hms_process_is_gone(engine->work.binding->mm))
		return -ESRCH;
	if (engine->work.request->all_or_nothing)
		return hms_engine_all_or_nothing(engine);
	return hms_engine_batches(engine);
}

/**
 * hms_engine_run - migrate and populate for the caller, until it has a signal
 * @engine: from hms_engine_new()
 *
 * Context: as hms_engine_step().
 * Return: as hms_engine_step(), but for 1; -EINTR with the counts so far.
 */
int hms_engine_run(struct hms_engine *engine)
{
	int ret;

	/* At least one step a call, so that a caller with a busy timer gets ahead. */
	while ((ret = hms_engine_step(engine)) > 0) {
		if (signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return ret;
}
