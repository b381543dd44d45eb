// SPDX-License-Identifier: GPL-2.0
/*
 * Lazy placement: a hole gets a placeholder, and the first touch puts a page where the policy says.
 *
 * A placeholder is a page of a device without memory. To core it is device-private memory like any
 * other: it is mapped, inherited, unmapped and freed as such, and a CPU that touches it has it
 * brought home, which is where policy acts. As nothing is behind it, what takes its place is
 * cleared instead of copied, see pass.c.
 *
 * What it costs: a struct page each, which is why there are not more than lazy_mb; and core charges
 * it to its cgroup and counts it as resident, as if it were the page that it stands for.
 */

#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sizes.h>

#include "compat/compat.h"
#include "account.h"
#include "devmem.h"
#include "evacuate.h"
#include "freemap.h"
#include "home.h"
#include "lazy.h"
#include "stats.h"
#include "target.h"

/* Left of the room that a cgroup has, for what else it charges meanwhile. */
#define HMS_LAZY_RESERVE	1024L

static unsigned long hms_lazy_mb;
module_param_named(lazy_mb, hms_lazy_mb, ulong, 0444);
MODULE_PARM_DESC(lazy_mb,
		 "memory that placeholders may stand for, MiB (0: a quarter of main memory, at most 4096)");

static unsigned long hms_lazy_user_mb;
module_param_named(lazy_user_mb, hms_lazy_user_mb, ulong, 0644);
MODULE_PARM_DESC(lazy_user_mb, "of that, for the requests of a user, MiB (0: half of it)");

/* Protects the making of the target. */
static DEFINE_MUTEX(hms_lazy_lock);

/* Not in the map: nobody can name it. @mem is there from the first request on. */
static struct hms_target hms_lazy_target;

/* Taken, and not charged to a cgroup yet. */
static atomic_long_t hms_lazy_unsettled;

/* In any context. The pages of a large one that was split know the same user. */
static void hms_lazy_freed(struct page *page, unsigned long npages)
{
	struct hms_account *account = page->zone_device_data;

	if (!account)
		return;
	atomic_long_sub(npages, &account->placeholders);
	hms_account_put(account, npages);
}

static kuid_t hms_lazy_user(const void *data)
{
	const struct hms_account *account = data;

	return account->uid;
}

static const struct hms_devmem_ops hms_lazy_ops = {
	.touched = hms_home_fault,
	.freed = hms_lazy_freed,
	.user = hms_lazy_user,
	.what = HMS_DEVMEM_PLACEHOLDER,
};

static unsigned long hms_lazy_size(void)
{
	if (hms_lazy_mb)
		return hms_lazy_mb << (20 - PAGE_SHIFT);
	return min(totalram_pages() / 4, (unsigned long)(SZ_4G >> PAGE_SHIFT));
}

static int hms_lazy_make(void)
{
	struct hms_devmem *mem;

	if (hms_lazy_target.mem)
		return 0;
	hms_target_init(&hms_lazy_target);
	mem = hms_devmem_create(&hms_lazy_target, NULL, hms_lazy_size(), 0, &hms_lazy_ops);
	if (IS_ERR(mem))
		return PTR_ERR(mem);
	WRITE_ONCE(hms_lazy_target.mem, mem);
	return 0;
}

/**
 * hms_lazy_prepare - have placeholders
 *
 * Context: may sleep; mmap_lock not held.
 * Return: 0 or a negative errno.
 */
int hms_lazy_prepare(void)
{
	int ret;

	mutex_lock(&hms_lazy_lock);
	ret = hms_lazy_make();
	mutex_unlock(&hms_lazy_lock);
	return ret;
}

/* How many more a user may have. Several threads at a time may get past it by a batch each. */
static long hms_lazy_user_room(const struct hms_account *account)
{
	unsigned long mb = READ_ONCE(hms_lazy_user_mb);
	long cap = mb ? mb << (20 - PAGE_SHIFT) : hms_devmem_pages(hms_lazy_target.mem) / 2;

	return cap - atomic_long_read(&account->placeholders);
}

#ifdef CONFIG_MEMCG
static long hms_counter_room(struct page_counter *counter)
{
	unsigned long limit = min(READ_ONCE(counter->max), READ_ONCE(counter->high));

	return limit - min(limit, page_counter_read(counter));
}

/* How much the cgroup of an address space may still be charged, at any level. */
static long hms_lazy_cgroup_room(struct mm_struct *mm)
{
	struct mem_cgroup *memcg, *at;
	long room = LONG_MAX;

	if (mem_cgroup_disabled())
		return room;
	memcg = get_mem_cgroup_from_mm(mm);
	for (at = memcg; at; at = parent_mem_cgroup(at)) {
		room = min(room, hms_counter_room(&at->memory));
		/* In the first version of cgroups there is another limit, of memory and swap. */
		if (!cgroup_subsys_on_dfl(memory_cgrp_subsys))
			room = min(room, hms_counter_room(&at->memsw));
	}
	mem_cgroup_put(memcg);
	return room;
}
#else
static long hms_lazy_cgroup_room(struct mm_struct *mm)
{
	return LONG_MAX;
}
#endif

/* How many of @n placeholders there is room for; the others need not be settled. */
static unsigned int hms_lazy_reserve(const struct hms_account *account, struct mm_struct *mm,
				     unsigned int n)
{
	long unsettled = atomic_long_add_return(n, &hms_lazy_unsettled) - n;
	long room = hms_lazy_cgroup_room(mm);

	if (room != LONG_MAX)
		room -= unsettled + HMS_LAZY_RESERVE;
	room = clamp(min(room, hms_lazy_user_room(account)), 0L, (long)n);
	hms_lazy_settle(n - room);
	return room;
}

static void hms_lazy_charge(struct hms_account *account, unsigned int n)
{
	if (!n)
		return;
	hms_account_keep(account, n);
	atomic_long_add(n, &account->placeholders);
}

/**
 * hms_lazy_alloc - take placeholders
 * @account: of who asks for them, after hms_lazy_prepare()
 * @mm: the address space that they are for, which is charged for them
 * @pages: receives them, each locked and with one reference
 * @n: how many
 *
 * Core charges a placeholder as it does a page that is touched, and does what it takes to find
 * room: up to killing. So no more are given out than there is room for now.
 *
 * Context: may sleep; mmap_lock may be held.
 * Return: how many there were; so many are owed to hms_lazy_settle().
 */
unsigned int hms_lazy_alloc(struct hms_account *account, struct mm_struct *mm,
			    struct page **pages, unsigned int n)
{
	unsigned int room = hms_lazy_reserve(account, mm, n);
	unsigned int got = hms_devmem_alloc(hms_lazy_target.mem, account->uid, pages, room), i;

	hms_lazy_charge(account, got);
	for (i = 0; i < got; i++)
		pages[i]->zone_device_data = account;
	hms_lazy_settle(room - got);
	return got;
}

/**
 * hms_lazy_alloc_large - take a placeholder for a large page
 * @account: of who asks for them, after hms_lazy_prepare()
 * @mm: the address space that it is for, which is charged for it
 *
 * Context: as hms_lazy_alloc().
 * Return: its first page, locked and with one reference, or NULL; with a page HMS_BLOCK_PAGES are
 * owed to hms_lazy_settle().
 */
struct page *hms_lazy_alloc_large(struct hms_account *account, struct mm_struct *mm)
{
	unsigned int room = hms_lazy_reserve(account, mm, HMS_BLOCK_PAGES);
	struct page *page = NULL;

	if (room == HMS_BLOCK_PAGES)
		page = hms_devmem_alloc_large(hms_lazy_target.mem, account->uid);
	if (!page) {
		hms_lazy_settle(room);
		return NULL;
	}
	hms_lazy_charge(account, HMS_BLOCK_PAGES);
	page->zone_device_data = account;
	return page;
}

/**
 * hms_lazy_settle - placeholders are charged, or were given back
 * @n: how many
 */
void hms_lazy_settle(unsigned int n)
{
	atomic_long_sub(n, &hms_lazy_unsettled);
}

/**
 * hms_lazy_stop - give every placeholder that is left a page, and have none any more
 *
 * Context: may sleep. No request is under way, and none comes.
 */
void hms_lazy_stop(void)
{
	if (!hms_lazy_target.mem)
		return;
	hms_evacuate(&hms_lazy_target, 0);
	hms_devmem_destroy(hms_lazy_target.mem);
}
