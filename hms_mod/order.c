// SPDX-License-Identifier: GPL-2.0
/*
 * What pages enter the order of eviction with, when they come to a device: the priority of their
 * policy, who placed them, and whether they have just been evicted.
 */

#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/module.h>

#include "binding.h"
#include "bounce.h"
#include "devmem.h"
#include "order.h"
#include "pass.h"
#include "target.h"

static unsigned int hms_bounce_ms = 1000;
module_param_named(bounce_ms, hms_bounce_ms, uint, 0644);
MODULE_PARM_DESC(bounce_ms, "what comes back to a device so soon after its eviction is thrashing, ms");

static unsigned int hms_hold_ms = 250;
module_param_named(hold_ms, hms_hold_ms, uint, 0644);
MODULE_PARM_DESC(hold_ms, "and stays for so long then, ms; 0: never");

/* Pages that enter at a time. */
#define HMS_ORDER_PAGES		32

/**
 * struct hms_entering - pages that enter the order together
 * @target: the device that they came to
 * @how: how
 * @n: how many
 * @pages: which
 */
struct hms_entering {
	struct hms_target *target;
	struct hms_lru_place how;
	unsigned int n;
	struct page *pages[HMS_ORDER_PAGES];
};

static struct hms_bounces hms_order_bounces;

/**
 * hms_order_serial - a number for a request that places pages
 *
 * Return: not 0, and that of no other request for a long time.
 */
u32 hms_order_serial(void)
{
	static atomic_t last;
	u32 serial = atomic_inc_return(&last);

	return serial ?: atomic_inc_return(&last);
}

/**
 * hms_order_priority - the priority of an address
 * @mm: the address space
 * @address: the address
 * @last: in: the last address that is asked about; out: the last that the answer holds for
 */
u8 hms_order_priority(struct mm_struct *mm, unsigned long address, unsigned long *last)
{
	struct hms_policy *policy = hms_binding_policy(mm, address, last);
	u8 priority = policy ? policy->priority : HMS_PRIORITY_DEFAULT;

	hms_policy_put(policy);
	return priority;
}

/**
 * hms_order_is_stuck - does a policy leave a page no other place
 * @policy: the policy, or NULL
 * @target: the device that the page is on
 * @address: of the page
 *
 * One that is content with any memory never does. One that is not goes on with what comes after the
 * device in its list.
 */
bool hms_order_is_stuck(const struct hms_policy *policy, const struct hms_target *target,
			unsigned long address)
{
	u32 last;

	if (!policy || policy->mode == HMS_MODE_PREFERRED)
		return false;
	last = hms_policy_rank(policy, address >> PAGE_SHIFT) + policy->ntargets - 1;
	return policy->uids[last % policy->ntargets] == target->obj.uid;
}

/* How long does a page stay that comes back, whatever others want? In jiffies. */
static u32 hms_order_hold(u32 who, unsigned long address)
{
	u32 patience = msecs_to_jiffies(READ_ONCE(hms_bounce_ms));

	if (!hms_bounce_is_back(&hms_order_bounces, who, address >> PAGE_SHIFT, jiffies, patience))
		return 0;
	return msecs_to_jiffies(READ_ONCE(hms_hold_ms));
}

static bool hms_places_equal(const struct hms_lru_place *a, const struct hms_lru_place *b)
{
	return a->serial == b->serial && a->priority == b->priority && a->stuck == b->stuck &&
	       a->hold == b->hold && a->until == b->until;
}

static void hms_entering_flush(struct hms_entering *entering)
{
	if (entering->n)
		hms_devmem_placed(entering->target->mem, entering->pages, entering->n,
				  &entering->how);
	entering->n = 0;
}

static void hms_entering_add(struct hms_entering *entering, struct hms_target *target,
			     const struct hms_lru_place *how, struct page *page)
{
	if (entering->n == HMS_ORDER_PAGES || target != entering->target ||
	    !hms_places_equal(how, &entering->how))
		hms_entering_flush(entering);
	entering->target = target;
	entering->how = *how;
	entering->pages[entering->n++] = page;
}

/**
 * hms_order_enter - pages that came to devices enter the order
 * @pass: committed, with its pages still held
 *
 * Context: mmap_lock held for read.
 */
void hms_order_enter(const struct hms_pass *pass)
{
	struct mm_struct *mm = pass->vma.vma->vm_mm;
	u32 who = hms_binding_id(mm);
	unsigned long address = pass->vma.start, known = address, last, i;
	struct hms_lru_place how = { .serial = pass->serial };
	struct hms_entering entering = { };
	struct hms_policy *policy = NULL;

	for (i = 0; i < pass->npages; i++, address += PAGE_SIZE) {
		struct page *page = migrate_pfn_to_page(pass->dst[i]);
		struct hms_target *target;
		u32 hold;

		if (!page || !hms_moved(pass->src[i], pass->dst[i]) || !is_zone_device_page(page) ||
		    hms_is_placeholder(page))
			continue;
		if (address >= known) {
			hms_policy_put(policy);
			last = pass->vma.end - 1;
			policy = hms_binding_policy(mm, address, &last);
			how.priority = policy ? policy->priority : HMS_PRIORITY_DEFAULT;
			known = last + 1;
		}
		target = hms_target_of_page(page);
		hold = hms_order_hold(who, address);
		how.hold = hold;
		how.until = hold ? jiffies + hold : 0;
		how.stuck = hms_order_is_stuck(policy, target, address);
		hms_entering_add(&entering, target, &how, page);
	}
	hms_policy_put(policy);
	hms_entering_flush(&entering);
}

/**
 * hms_order_left - a page was evicted
 * @who: hms_binding_id() of the address space
 * @address: from there
 */
void hms_order_left(u32 who, unsigned long address)
{
	hms_bounce_left(&hms_order_bounces, who, address >> PAGE_SHIFT, jiffies);
}
