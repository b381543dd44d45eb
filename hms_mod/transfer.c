// SPDX-License-Identifier: GPL-2.0
/*
 * Transfers: how data gets from one memory to another. By the CPU between nodes, by the driver of
 * one end, or by those of both through main memory; some drivers tell later when it is done.
 */

#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

#include "compat/compat.h"
#include "devmem.h"
#include "losses.h"
#include "target.h"
#include "transfer.h"

/* Targets whose drivers tell later when a copy is done. */
static atomic_t hms_transfer_starters;

/* Pages that go through main memory at a time, between devices that can't copy to each other. */
#define HMS_BOUNCE_PAGES	16

/* Does copy_mc_highpage() survive memory that has gone bad? Else it is a slow memcpy() on x86. */
static bool hms_copy_mc_helps(void)
{
#ifdef CONFIG_X86
	return boot_cpu_has(X86_FEATURE_ERMS);
#else
	return true;
#endif
}

/* Apart, so that what a driver copies is handed on without a detour. */
static noinline int hms_copy_by_cpu(const struct hms_copy *copies, unsigned int n)
{
	bool mc = hms_copy_mc_helps();
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (!copies[i].src)
			clear_highpage(copies[i].dst);
		else if (!mc)
			copy_highpage(copies[i].dst, copies[i].src);
		else if (copy_mc_highpage(copies[i].dst, copies[i].src))
			return -EHWPOISON;
	}
	return 0;
}

/* Two devices that can't reach each other: one writes main memory, the other reads it. */
static int hms_copy_bounced(struct hms_target *to, struct hms_target *from,
			    const struct hms_copy *copies, unsigned int n)
{
	struct hms_copy out[HMS_BOUNCE_PAGES], in[HMS_BOUNCE_PAGES];
	struct page *bounce[HMS_BOUNCE_PAGES];
	unsigned int got, i;
	int ret = 0;

	for (got = 0; got < min(n, HMS_BOUNCE_PAGES); got++) {
		bounce[got] = alloc_page(GFP_HIGHUSER | __GFP_NOWARN);
		if (!bounce[got])
			break;
	}
	if (!got)
		return -ENOMEM;
	while (n && !ret) {
		unsigned int now = min(n, got);

		for (i = 0; i < now; i++) {
			out[i] = (struct hms_copy) { .dst = bounce[i], .src = copies[i].src };
			in[i] = (struct hms_copy) { .dst = copies[i].dst, .src = bounce[i] };
		}
		ret = from->ops->copy(from, out, now);
		if (!ret)
			ret = to->ops->copy(to, in, now);
		copies += now;
		n -= now;
	}
	while (got)
		__free_page(bounce[--got]);
	return ret;
}

static noinline bool hms_copy_has_lost(const struct hms_copy *copies, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (hms_devmem_is_lost(copies[i].dst) ||
		    (copies[i].src && hms_devmem_is_lost(copies[i].src)))
			return true;
	}
	return false;
}

/* Is any of it lost, or would be? A device that is gone is not asked for anything. */
static inline bool hms_copy_is_lost(const struct hms_copy *copies, unsigned int n)
{
	return hms_losses_anywhere() && hms_copy_has_lost(copies, n);
}

/* Can one of the two ends do it alone? */
static bool hms_copy_is_direct(const struct hms_target *to, const struct hms_target *from)
{
	return !to || !from || to == from || (to->peers && to->peers == from->peers);
}

/**
 * hms_transfer - copy pages from one memory to another
 * @to: the device that they go to, or NULL: main memory
 * @from: the device that they come from, or NULL
 * @copies: which
 * @n: how many
 *
 * Context: may sleep.
 * Return: 0, or a negative errno when any of them was not copied.
 */
int hms_transfer(struct hms_target *to, struct hms_target *from, const struct hms_copy *copies,
		 unsigned int n)
{
	struct hms_target *by = to ?: from;

	if (hms_copy_is_lost(copies, n))
		return -EHWPOISON;
	if (!hms_copy_is_direct(to, from))
		return hms_copy_bounced(to, from, copies, n);
	return by ? by->ops->copy(by, copies, n) : hms_copy_by_cpu(copies, n);
}

/**
 * hms_transfer_start - begin to copy pages from one memory to another
 * @to: as for hms_transfer()
 * @from: as for hms_transfer()
 * @copies: which; they stay until the fence is waited for
 * @n: how many
 * @fence: from hms_fence_init(); waits for this, too
 *
 * Context: may sleep.
 * Return: false when that can't be, and nothing was begun.
 */
bool hms_transfer_start(struct hms_target *to, struct hms_target *from,
			const struct hms_copy *copies, unsigned int n, struct hms_fence *fence)
{
	struct hms_target *by = to ?: from;

	if (!by || !by->ops->start || !hms_copy_is_direct(to, from) ||
	    hms_copy_is_lost(copies, n))
		return false;
	atomic_inc(&fence->pending);
	if (!by->ops->start(by, copies, n, fence))
		return true;
	/* It is not the last: who waits is one of them. */
	atomic_dec(&fence->pending);
	return false;
}

/* So many targets more, or less, have such a driver. */
void hms_transfer_count(const struct hms_target_ops *ops, int n)
{
	if (ops->start)
		atomic_add(n, &hms_transfer_starters);
}

/* Is there any driver that copies by itself? */
bool hms_transfer_may_overlap(void)
{
	return atomic_read(&hms_transfer_starters);
}

void hms_fence_init(struct hms_fence *fence)
{
	init_completion(&fence->done);
	atomic_set(&fence->pending, 1);
	fence->error = 0;
}

/**
 * hms_fence_signal - what a driver was asked to copy is done
 * @fence: that it was given
 * @error: 0, or a negative errno when any of it was not copied
 *
 * Context: any.
 */
void hms_fence_signal(struct hms_fence *fence, int error)
{
	if (error)
		WRITE_ONCE(fence->error, error);
	if (atomic_dec_and_test(&fence->pending))
		complete(&fence->done);
}
EXPORT_SYMBOL_GPL(hms_fence_signal);

/* Wait for all that was begun; an error is that of one of them. */
int hms_fence_wait(struct hms_fence *fence)
{
	hms_fence_signal(fence, 0);
	wait_for_completion(&fence->done);
	return READ_ONCE(fence->error);
}
