// SPDX-License-Identifier: GPL-2.0
/*
 * Charges: who has how much of a device's memory. Each page of it knows its payer, until it is
 * freed: the user who put it there, of whom an administrator may limit how much that is, and the
 * cgroup, where the kernel has the dmem controller. (What a page costs the memory controller, core
 * counts: it keeps that charge wherever it goes.)
 *
 * The controller is to be given back what was charged in as many calls, and a call is not cheap. So
 * many pages are charged with one call, and given back when about as many of the same payer are
 * free, whichever they are, or a limit is reached: what it shows as charged may be some
 * HMS_CHARGE_PAGES a payer too much.
 */

#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "compat/compat.h"
#include "charge.h"

/* Pages that the controller is asked for with one call, if it grants them. */
#define HMS_CHARGE_PAGES	64UL

/**
 * struct hms_payer - a user, and a cgroup, who have pages of a device
 * @list: on @charges
 * @charges: of the device
 * @user: who
 * @pool: of the cgroup, or NULL
 * @npages: how many
 * @late: pages that they had, and that the cgroup is still charged for
 * @calls: that have charged it, and were not made up for
 */
struct hms_payer {
	struct list_head list;
	struct hms_charges *charges;
	kuid_t user;
	struct dmem_cgroup_pool_state *pool;
	unsigned long npages;
	unsigned long late;
	unsigned long calls;
};

/**
 * hms_charges_init - nobody has anything
 * @charges: filled in
 * @lock: of the device, which is taken in any context
 * @name: the device, whose memory cgroups know as hms/@name; NULL: they do not limit it
 * @size: bytes
 *
 * Return: 0 or a negative errno.
 */
int hms_charges_init(struct hms_charges *charges, spinlock_t *lock, const char *name, u64 size)
{
	const struct dmem_cgroup_init init = { .size = size };
	struct dmem_cgroup_region *region = NULL;

	if (name)
		region = dmem_cgroup_register_region(&init, "hms/%s", name);
	if (IS_ERR(region))
		return PTR_ERR(region);
	*charges = (struct hms_charges) {
		.lock = lock,
		.region = region,
		.user_limit = ULONG_MAX,
		.payers = LIST_HEAD_INIT(charges->payers),
	};
	return 0;
}

/**
 * hms_charges_destroy - end hms_charges_init()
 * @charges: nobody has anything
 */
void hms_charges_destroy(struct hms_charges *charges)
{
	WARN_ON(!list_empty(&charges->payers));
	dmem_cgroup_unregister_region(charges->region);
}

/* Give the cgroup back what is due: all, or what a call has charged on average. Under the lock. */
static void hms_payer_settle(struct hms_payer *payer, bool now)
{
	unsigned long charged = payer->npages + payer->late;

	if (!payer->calls || !payer->late)
		return;
	/* The last but one is for when a limit is reached. */
	if (payer->npages && (payer->calls < (now ? 2 : 3) ||
			      (!now && payer->late * payer->calls < charged)))
		return;
	dmem_cgroup_uncharge(payer->pool, (u64)payer->late << PAGE_SHIFT);
	payer->late = 0;
	payer->calls--;
	while (!payer->npages && payer->calls) {
		dmem_cgroup_uncharge(payer->pool, 0);
		payer->calls--;
	}
}

/* At a limit it counts what could have been given back. */
static void hms_charges_settle(struct hms_charges *charges)
{
	struct hms_payer *payer;

	spin_lock_irq(charges->lock);
	list_for_each_entry(payer, &charges->payers, list)
		hms_payer_settle(payer, true);
	spin_unlock_irq(charges->lock);
}

/*
 * Where a call has charged more than a page: one that charges nothing, so that there is one more to
 * give back by.
 */
static void hms_charge_spare(struct hms_payer *payer)
{
	struct dmem_cgroup_pool_state *pool;

	if (payer->npages <= payer->calls ||
	    dmem_cgroup_try_charge(payer->charges->region, 0, &pool, NULL))
		return;
	if (pool == payer->pool)
		payer->calls++;
	else
		dmem_cgroup_uncharge(pool, 0);
}

/* Charge the caller's cgroup for as many of @npages as it grants; @payer says for what. */
static void hms_charge_cgroup(struct hms_payer *payer, unsigned long npages)
{
	struct dmem_cgroup_region *region = payer->charges->region;
	unsigned long chunk = HMS_CHARGE_PAGES, n;
	struct dmem_cgroup_pool_state *pool;
	bool settled = false;

	while (payer->npages < npages) {
		n = min(chunk, npages - payer->npages);
		if (dmem_cgroup_try_charge(region, n << PAGE_SHIFT, &pool, NULL)) {
			/* Up to the limit it may have them one by one. */
			if (n == 1 && settled)
				return;
			if (!settled)
				hms_charges_settle(payer->charges);
			settled = true;
			chunk = 1;
			continue;
		}
		/* Moved to another cgroup in between. */
		if (payer->calls && pool != payer->pool) {
			dmem_cgroup_uncharge(pool, n << PAGE_SHIFT);
			return;
		}
		payer->pool = pool;
		payer->calls++;
		payer->npages += n;
	}
	hms_charge_spare(payer);
}

static unsigned long hms_charges_has(const struct hms_charges *charges, kuid_t user)
{
	const struct hms_payer *payer;
	unsigned long npages = 0;

	list_for_each_entry(payer, &charges->payers, list) {
		if (uid_eq(payer->user, user))
			npages += payer->npages;
	}
	return npages;
}

/**
 * hms_charges_left - how many more pages may a user have
 * @charges: of the device
 * @user: who
 *
 * Context: under the lock.
 */
unsigned long hms_charges_left(const struct hms_charges *charges, kuid_t user)
{
	unsigned long limit = charges->user_limit;

	return limit == ULONG_MAX ? limit : limit - min(limit, hms_charges_has(charges, user));
}

/* What @want has comes to who is the same, or if there is none to @fresh. Under the lock. */
static struct hms_payer *hms_payer_join(struct hms_charges *charges, const struct hms_payer *want,
					struct hms_payer *fresh)
{
	struct hms_payer *payer;

	list_for_each_entry(payer, &charges->payers, list) {
		if (!uid_eq(payer->user, want->user) || payer->pool != want->pool)
			continue;
		payer->npages += want->npages;
		payer->calls += want->calls;
		/* Who has come once comes again. */
		list_move(&payer->list, &charges->payers);
		return payer;
	}
	if (fresh) {
		*fresh = *want;
		list_add(&fresh->list, &charges->payers);
	}
	return fresh;
}

/* The same, for a user who may have @left more. */
static struct hms_payer *hms_payer_grant(struct hms_charges *charges, const struct hms_payer *want,
					 struct hms_payer *fresh, unsigned long *granted)
{
	struct hms_payer *payer;
	unsigned long left;

	spin_lock_irq(charges->lock);
	left = hms_charges_left(charges, want->user);
	payer = hms_payer_join(charges, want, fresh);
	*granted = payer ? min(want->npages, left) : 0;
	if (payer)
		hms_uncharge(payer, want->npages - *granted);
	spin_unlock_irq(charges->lock);
	return payer;
}

/**
 * hms_charge - let a user, and the caller's cgroup, have pages
 * @charges: of the device
 * @user: who
 * @npages: how many; receives how many they may have
 *
 * Context: may sleep.
 * Return: who is to give them to hms_uncharge(), or NULL when that is none.
 */
struct hms_payer *hms_charge(struct hms_charges *charges, kuid_t user, unsigned long *npages)
{
	struct hms_payer want = { .charges = charges, .user = user }, *payer, *fresh;

	if (charges->region)
		hms_charge_cgroup(&want, *npages);
	else
		want.npages = *npages;
	*npages = 0;
	if (!want.npages)
		return NULL;
	payer = hms_payer_grant(charges, &want, NULL, npages);
	if (!payer) {
		fresh = kmalloc(sizeof(*fresh), GFP_KERNEL);
		payer = hms_payer_grant(charges, &want, fresh, npages);
		/* Another thread may have been first. */
		if (payer != fresh)
			kfree(fresh);
	}
	if (!payer) {
		/* Of no list, so that nobody else looks at it. */
		want.late = want.npages;
		want.npages = 0;
		hms_payer_settle(&want, true);
	}
	return *npages ? payer : NULL;
}

/**
 * hms_uncharge - pages are free
 * @payer: theirs; must not be used any more if they were the last
 * @npages: how many
 *
 * Context: any; under the lock.
 */
void hms_uncharge(struct hms_payer *payer, unsigned long npages)
{
	if (!npages)
		return;
	payer->npages -= npages;
	payer->late += npages;
	hms_payer_settle(payer, false);
	if (payer->npages)
		return;
	list_del(&payer->list);
	kfree(payer);
}

/**
 * hms_payer_user - the user who has pages
 * @payer: of one of them, which is not freed meanwhile
 */
kuid_t hms_payer_user(const struct hms_payer *payer)
{
	return payer->user;
}
