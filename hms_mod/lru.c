// SPDX-License-Identifier: GPL-2.0
/*
 * The order of eviction: which pages of a device leave first when it is full. Pure logic, also
 * built in user space. Who calls it holds the lock of the device's memory.
 *
 * By priority first. Among equals, what was placed or touched by the device the longest ago: the
 * CPU's access bits say nothing about a page that it does not map.
 *
 * A page refers to the policy that it was placed under, so that its address space need not be
 * asked. That is sure as long as no policy changes at all, of which the rounds tell.
 *
 * Pages whose policy leaves them no other place are kept apart, or a device full of them would be
 * searched for every page that comes. They are looked at again when some policy has changed.
 */

#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>
#endif

#include "lru.h"

/**
 * hms_lru_init - make an order; no page is in it
 * @lru: filled in
 * @npages: how many pages there are
 *
 * Return: 0 or -ENOMEM.
 */
int hms_lru_init(struct hms_lru *lru, unsigned long npages)
{
	unsigned long i;

	*lru = (struct hms_lru) { };
	/* More than kvcalloc() would give, for a device with much memory. */
	lru->pages = vcalloc(npages, sizeof(*lru->pages));
	if (!lru->pages)
		return -ENOMEM;
	for (i = 0; i < npages; i++) {
		INIT_LIST_HEAD(&lru->pages[i].list);
		lru->pages[i].state = HMS_LRU_OUT;
	}
	for (i = 0; i <= HMS_PRIORITY_MAX; i++)
		INIT_LIST_HEAD(&lru->ready[i]);
	INIT_LIST_HEAD(&lru->stuck);
	INIT_LIST_HEAD(&lru->held);
	return 0;
}

void hms_lru_destroy(struct hms_lru *lru)
{
	vfree(lru->pages);
}

/* Off its list; it keeps the reference to its policy. */
static void hms_lru_unlink(struct hms_lru *lru, struct hms_lru_page *page)
{
	list_del_init(&page->list);
	if (page->state == HMS_LRU_STUCK) {
		lru->nstuck--;
		if (page->round != lru->round && lru->unchecked)
			lru->unchecked--;
		/* The number of a round comes again some time. */
		lru->unchecked = min(lru->unchecked, lru->nstuck);
	}
}

/* The list of those of a state, and if they may leave of a priority. */
static struct list_head *hms_lru_list(struct hms_lru *lru, enum hms_lru_state state, u8 priority)
{
	switch (state) {
	case HMS_LRU_STUCK:
		return &lru->stuck;
	case HMS_LRU_HELD:
		return &lru->held;
	default:
		return &lru->ready[priority];
	}
}

/* To the end of the list of its state and policy. */
static void hms_lru_move(struct hms_lru *lru, struct hms_lru_page *page, enum hms_lru_state state)
{
	hms_lru_unlink(lru, page);
	page->state = state;
	if (state == HMS_LRU_STUCK) {
		lru->nstuck++;
		page->round = lru->round;
	}
	list_add_tail(&page->list,
		      hms_lru_list(lru, state, hms_policy_priority(page->policy)));
}

/* A new round, if some policy has changed since the last one began. */
static void hms_lru_note_changes(struct hms_lru *lru, u64 changes)
{
	if (changes <= lru->changes)
		return;
	lru->changes = changes;
	lru->round++;
	lru->unchecked = lru->nstuck;
}

/* The round that a policy is known of which was found as of @changes. */
static u32 hms_lru_round(struct hms_lru *lru, u64 changes)
{
	hms_lru_note_changes(lru, changes);
	return changes == lru->changes ? lru->round : lru->round - 1;
}

/* Of what nobody holds. That it has no other place must be sure. */
static enum hms_lru_state hms_lru_state(const struct hms_lru *lru, const struct hms_lru_place *how,
					u32 round)
{
	return how->stuck && round == lru->round ? HMS_LRU_STUCK : HMS_LRU_READY;
}

/**
 * hms_lru_place - pages were placed: they leave after all others of their priority
 * @lru: the order
 * @index: the first page; whether they are in the order already or not
 * @n: how many, one behind the other
 * @how: how
 *
 * What stays put does so for as long as those that began to before; mostly for the same time.
 */
void hms_lru_place(struct hms_lru *lru, unsigned long index, unsigned long n,
		   const struct hms_lru_place *how)
{
	u32 round = hms_lru_round(lru, how->changes);
	enum hms_lru_state state = how->hold ? HMS_LRU_HELD : hms_lru_state(lru, how, round);
	struct list_head *list = hms_lru_list(lru, state, hms_policy_priority(how->policy));
	u32 serial = how->hold ? how->until : how->serial;
	struct hms_lru_page *page = &lru->pages[index], *end = page + n;

	hms_policy_get_many(how->policy, n);
	for (; page < end; page++) {
		if (page->state != HMS_LRU_OUT) {
			hms_lru_unlink(lru, page);
			hms_policy_put(page->policy);
		}
		page->policy = how->policy;
		page->serial = serial;
		page->state = state;
		page->round = round;
		list_add_tail(&page->list, list);
	}
	if (state == HMS_LRU_STUCK)
		lru->nstuck += n;
}

/**
 * hms_lru_touch - the device uses a page, or a request finds it there
 * @lru: the order
 * @index: the page; it may have left meanwhile
 * @serial: as in struct hms_lru_place: the page is no more of those that it was placed with
 */
void hms_lru_touch(struct hms_lru *lru, unsigned long index, u32 serial)
{
	struct hms_lru_page *page = &lru->pages[index];

	if (page->state != HMS_LRU_READY)
		return;
	page->serial = serial;
	hms_lru_move(lru, page, HMS_LRU_READY);
}

/**
 * hms_lru_change - the policy of a page is known anew
 * @lru: the order
 * @index: the page; it may have left meanwhile
 * @how: as if it were placed now, but by whom, and without a hold
 */
void hms_lru_change(struct hms_lru *lru, unsigned long index, const struct hms_lru_place *how)
{
	struct hms_lru_page *page = &lru->pages[index];
	u32 round = hms_lru_round(lru, how->changes);
	struct hms_policy *old = page->policy;

	if (page->state != HMS_LRU_READY && page->state != HMS_LRU_STUCK)
		return;
	page->policy = hms_policy_get(how->policy);
	hms_lru_move(lru, page, hms_lru_state(lru, how, round));
	page->round = round;
	hms_policy_put(old);
}

/**
 * hms_lru_split - a large page has become several
 * @lru: the order
 * @index: one of them
 * @from: the large one, which is in the order or not
 */
void hms_lru_split(struct hms_lru *lru, unsigned long index, unsigned long from)
{
	struct hms_lru_page *page = &lru->pages[index], *large = &lru->pages[from];

	if (large->state == HMS_LRU_OUT)
		return;
	/* That may be the policy of the first part alone. */
	if (large->state != HMS_LRU_STUCK)
		large->round = lru->round - 1;
	page->policy = hms_policy_get(large->policy);
	page->serial = large->serial;
	page->state = large->state;
	page->round = large->round;
	list_add_tail(&page->list, &large->list);
	if (page->state == HMS_LRU_STUCK) {
		lru->nstuck++;
		lru->unchecked += page->round != lru->round;
	}
}

/**
 * hms_lru_drop - pages have left
 * @lru: the order
 * @pages: which, in the order or not
 * @n: how many
 */
void hms_lru_drop(struct hms_lru *lru, const unsigned long *pages, unsigned int n)
{
	struct hms_policy *policy = NULL;
	struct hms_lru_page *page;
	unsigned int i, nputs = 0;

	for (i = 0; i < n; i++) {
		page = &lru->pages[pages[i]];
		if (page->state == HMS_LRU_OUT)
			continue;
		hms_lru_unlink(lru, page);
		page->state = HMS_LRU_OUT;
		/* Mostly it is the one of those before. */
		if (page->policy != policy) {
			hms_policy_put_many(policy, nputs);
			policy = page->policy;
			nputs = 0;
		}
		nputs++;
	}
	hms_policy_put_many(policy, nputs);
}

/* What has stayed put for long enough is as good as placed now. */
static void hms_lru_release(struct hms_lru *lru, u32 now)
{
	struct hms_lru_page *page, *next;

	list_for_each_entry_safe(page, next, &lru->held, list) {
		if ((s32)(now - page->serial) < 0)
			break;
		page->serial = 0;
		hms_lru_move(lru, page, HMS_LRU_READY);
	}
}

/*
 * Is the first of a list one that may leave? What who wants it has placed does not: it is youngest,
 * and goes to the end, if what was passed over since has come behind it.
 */
static bool hms_lru_has(struct list_head *list, const struct hms_lru_want *want)
{
	unsigned int n = HMS_LRU_DEFER;
	struct hms_lru_page *page;

	while (!list_empty(list) && n--) {
		page = list_first_entry(list, struct hms_lru_page, list);
		if (!want->serial || page->serial != want->serial)
			return true;
		list_move_tail(&page->list, list);
	}
	return false;
}

/* The list whose first is the next to leave, or NULL. */
static struct list_head *hms_lru_source(struct hms_lru *lru, const struct hms_lru_want *want)
{
	unsigned int priority;

	for (priority = 0; priority <= want->priority; priority++) {
		if (hms_lru_has(&lru->ready[priority], want))
			return &lru->ready[priority];
	}
	if (lru->unchecked || (want->forced && lru->nstuck))
		return &lru->stuck;
	return want->forced && !list_empty(&lru->held) ? &lru->held : NULL;
}

/**
 * hms_lru_next - the page that leaves next
 * @lru: the order
 * @want: for whom
 * @now: the time
 *
 * It goes to the end of its list: who can't move it asks for the next one. It may be one that is
 * taken for stuck: who finds that its policy is another by now says so by hms_lru_change().
 *
 * Return: the page, or HMS_LRU_NONE.
 */
unsigned long hms_lru_next(struct hms_lru *lru, const struct hms_lru_want *want, u32 now)
{
	struct hms_lru_page *page;
	struct list_head *list;

	hms_lru_note_changes(lru, want->changes);
	hms_lru_release(lru, now);
	list = hms_lru_source(lru, want);
	if (!list)
		return HMS_LRU_NONE;
	page = list_first_entry(list, struct hms_lru_page, list);
	hms_lru_move(lru, page, page->state);
	return page - lru->pages;
}

/**
 * hms_lru_is_sure - is the policy that a page was placed under surely the one of its address still
 * @lru: the order
 * @page: from hms_lru_next()
 *
 * What is looked at because it may be stuck no longer is not.
 */
bool hms_lru_is_sure(const struct hms_lru *lru, const struct hms_lru_page *page)
{
	return page->state != HMS_LRU_STUCK && page->round == lru->round;
}

/**
 * hms_lru_defer - a page could not leave: nor may those that were placed with it
 * @lru: the order
 * @index: the page, from hms_lru_next(); it may have left meanwhile
 *
 * They go to the end of their list as well, as far as they are next, so that what holds up one of
 * many does not hold up all that come after them.
 */
void hms_lru_defer(struct hms_lru *lru, unsigned long index)
{
	struct hms_lru_page *page = &lru->pages[index], *next;
	unsigned int n = HMS_LRU_DEFER;
	struct list_head *list;

	if (page->state != HMS_LRU_READY || !page->serial)
		return;
	list = &lru->ready[hms_policy_priority(page->policy)];
	while (n--) {
		next = list_first_entry(list, struct hms_lru_page, list);
		if (next == page || next->serial != page->serial)
			break;
		list_move_tail(&next->list, list);
	}
}

/**
 * hms_lru_is_as_known - is what is known of a page so still
 * @lru: the order
 * @index: the page
 * @known: from hms_lru_next()
 *
 * It may have left since, and another one may have come in its place, under another policy.
 */
bool hms_lru_is_as_known(const struct hms_lru *lru, unsigned long index,
			 const struct hms_lru_page *known)
{
	const struct hms_lru_page *page = &lru->pages[index];

	return page->state == known->state && page->serial == known->serial &&
	       page->policy == known->policy;
}

/**
 * hms_lru_goes_with - does a page leave with another
 * @lru: the order
 * @index: the page
 * @other: what is known of the one that leaves; that may have left by now
 * @sure: their policy must be as sure, as nobody is asked for it
 *
 * Those do that were placed by the same request under the same policy: they are next anyway.
 */
bool hms_lru_goes_with(const struct hms_lru *lru, unsigned long index,
		       const struct hms_lru_page *other, bool sure)
{
	return other->serial && hms_lru_is_as_known(lru, index, other) &&
	       (!sure || lru->pages[index].round == other->round);
}
