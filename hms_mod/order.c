// SPDX-License-Identifier: GPL-2.0
/*
 * What pages enter the order of eviction with, when they come to a device: their policy, who placed
 * them, and whether they have just been evicted.
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

/**
 * struct hms_entering - pages that enter the order together, one behind the other
 * @pass: that brings them
 * @who: of which address space
 * @patience: jiffies; what was evicted no longer ago comes back; 0: nothing was
 * @known: up to this address the policy is that of @how
 * @target: the device that they came to
 * @how: how; with a reference to the policy
 * @first: the first of those that have not yet
 * @n: how many these are
 * @end: behind the last page of @target
 */
struct hms_entering {
	const struct hms_pass *pass;
	u32 who;
	u32 patience;
	unsigned long known;
	struct hms_target *target;
	struct hms_lru_place how;
	struct page *first;
	unsigned int n;
	const struct page *end;
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
	u8 priority = hms_policy_priority(policy);

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

static void hms_entering_flush(struct hms_entering *entering)
{
	if (entering->n)
		hms_devmem_placed(entering->target->mem, entering->first, entering->n,
				  &entering->how);
	entering->n = 0;
}

static void hms_entering_begin(struct hms_entering *entering)
{
	entering->who = hms_binding_id(entering->pass->mm);
	entering->patience = msecs_to_jiffies(READ_ONCE(hms_bounce_ms));
	if (!hms_bounce_any(&hms_order_bounces, jiffies, entering->patience))
		entering->patience = 0;
}

/* Of other policies, or of another device, than those before. */
static void hms_entering_turn(struct hms_entering *entering, struct page *page,
			      unsigned long address)
{
	const struct hms_pass *pass = entering->pass;
	unsigned long last = pass->vma.end - 1;
	struct hms_policy *policy;

	hms_entering_flush(entering);
	hms_policy_put(entering->how.policy);
	/* Before it is asked for. */
	entering->how.changes = hms_binding_changes();
	if (pass->mm) {
		policy = hms_binding_policy(pass->mm, address, &last);
	} else {
		policy = hms_policy_get(pass->policy);
		entering->how.changes--;	/* Some may have changed since it was known. */
	}
	if (policy && hms_mode_rotates(policy->mode))
		last = address + PAGE_SIZE - 1;
	entering->known = last;
	entering->target = hms_target_of_page(page);
	entering->end = hms_devmem_end(entering->target->mem);
	entering->how.policy = policy;
	entering->how.stuck = hms_order_is_stuck(policy, entering->target, address);
}

/* What comes back stays for a moment, whatever others want. */
static void hms_entering_hold(struct hms_entering *entering, unsigned long address)
{
	u32 hold = msecs_to_jiffies(READ_ONCE(hms_hold_ms));
	bool back = hms_bounce_is_back(&hms_order_bounces, entering->who, address >> PAGE_SHIFT,
				       jiffies, entering->patience);

	if (entering->how.hold == (back && hold))
		return;
	hms_entering_flush(entering);
	entering->how.hold = back && hold;
	entering->how.until = jiffies + hold;
}

/* How many pages from entry @i on, of @max, have moved to one behind the other? */
static unsigned long hms_entering_run(const struct hms_pass *pass, unsigned long i,
				      unsigned long max)
{
	unsigned long dst = pass->dst[i], n;

	for (n = 1; n < max; n++) {
		dst += 1UL << MIGRATE_PFN_SHIFT;
		if (pass->dst[i + n] != dst || !hms_collected(pass->src[i + n]))
			break;
	}
	return n;
}

/**
 * hms_order_enter - pages that came to devices enter the order
 * @pass: committed, with its pages still held
 *
 * Context: may hold mmap_lock for read.
 */
void hms_order_enter(const struct hms_pass *pass)
{
	struct hms_entering entering = { .pass = pass, .how.serial = pass->serial };
	unsigned long i, run, left, n = hms_pass_entries(pass);

	for (i = 0; i < n; i += run) {
		unsigned long address = pass->vma.start + (i << PAGE_SHIFT);
		struct page *page = migrate_pfn_to_page(pass->dst[i]);

		run = 1;
		if (!page || !hms_moved(pass->src[i], pass->dst[i]))
			continue;
		if (!is_zone_device_page(page) || hms_is_placeholder(page) || hms_is_poison(page))
			continue;
		if (!entering.target)
			hms_entering_begin(&entering);
		if (address > entering.known || hms_target_of_page(page) != entering.target)
			hms_entering_turn(&entering, page, address);
		if (entering.patience)
			hms_entering_hold(&entering, address);
		if (page != entering.first + entering.n)
			hms_entering_flush(&entering);
		if (!entering.n)
			entering.first = page;
		/* All that is known mostly holds for those behind it, too. */
		left = min_t(unsigned long, n - i, entering.end - page);
		left = min(left, ((entering.known - address) >> PAGE_SHIFT) + 1);
		if (!entering.patience)
			run = hms_entering_run(pass, i, left);
		entering.n += run;
	}
	hms_entering_flush(&entering);
	hms_policy_put(entering.how.policy);
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
