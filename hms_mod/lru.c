// SPDX-License-Identifier: GPL-2.0
/*
 * The order of eviction: which pages of a device leave first when it is full. Pure logic, also
 * built in user space. Who calls it holds the lock of the device's memory.
 *
 * By priority first. Among equals, what was placed or touched by the device the longest ago: the
 * CPU's access bits say nothing about a page that it does not map.
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

static void hms_lru_leave(struct hms_lru *lru, struct hms_lru_page *page)
{
	if (page->state == HMS_LRU_OUT)
		return;
	list_del_init(&page->list);
	if (page->state == HMS_LRU_STUCK) {
		lru->nstuck--;
		if (page->round != lru->round && lru->unchecked)
			lru->unchecked--;
		/* The number of a round comes again some time. */
		lru->unchecked = min(lru->unchecked, lru->nstuck);
	}
	page->state = HMS_LRU_OUT;
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

/* To the end of its list. */
static void hms_lru_join(struct hms_lru *lru, struct hms_lru_page *page, enum hms_lru_state state,
			 struct list_head *list)
{
	hms_lru_leave(lru, page);
	page->state = state;
	if (state == HMS_LRU_STUCK) {
		lru->nstuck++;
		page->round = lru->round;
	}
	list_add_tail(&page->list, list);
}

static void hms_lru_move(struct hms_lru *lru, struct hms_lru_page *page, enum hms_lru_state state)
{
	hms_lru_join(lru, page, state, hms_lru_list(lru, state, page->priority));
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
	enum hms_lru_state state = how->hold ? HMS_LRU_HELD :
				   how->stuck ? HMS_LRU_STUCK : HMS_LRU_READY;
	struct list_head *list = hms_lru_list(lru, state, how->priority);
	u32 serial = how->hold ? how->until : how->serial;
	struct hms_lru_page *page;

	for (page = &lru->pages[index]; n; page++, n--) {
		page->priority = how->priority;
		page->serial = serial;
		hms_lru_join(lru, page, state, list);
	}
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
 * @priority: of the policy
 * @stuck: that has no other place for it
 */
void hms_lru_change(struct hms_lru *lru, unsigned long index, u8 priority, bool stuck)
{
	struct hms_lru_page *page = &lru->pages[index];

	if (page->state != HMS_LRU_READY && page->state != HMS_LRU_STUCK)
		return;
	page->priority = priority;
	hms_lru_move(lru, page, stuck ? HMS_LRU_STUCK : HMS_LRU_READY);
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
	page->priority = large->priority;
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
	unsigned int i;

	for (i = 0; i < n; i++)
		hms_lru_leave(lru, &lru->pages[pages[i]]);
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

	if (lru->changes != want->changes) {
		lru->changes = want->changes;
		lru->round++;
		lru->unchecked = lru->nstuck;
	}
	hms_lru_release(lru, now);
	list = hms_lru_source(lru, want);
	if (!list)
		return HMS_LRU_NONE;
	page = list_first_entry(list, struct hms_lru_page, list);
	hms_lru_move(lru, page, page->state);
	return page - lru->pages;
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
	struct list_head *list = &lru->ready[page->priority];
	unsigned int n = HMS_LRU_DEFER;

	if (page->state != HMS_LRU_READY || !page->serial)
		return;
	while (n--) {
		next = list_first_entry(list, struct hms_lru_page, list);
		if (next == page || next->serial != page->serial)
			break;
		list_move_tail(&next->list, list);
	}
}

/**
 * hms_lru_goes_with - does a page leave with another
 * @lru: the order
 * @index: the page
 * @other: what is known of the one that leaves; that may have left by now
 *
 * Those do that were placed by the same request with the same priority: they are next anyway.
 */
bool hms_lru_goes_with(const struct hms_lru *lru, unsigned long index,
		       const struct hms_lru_page *other)
{
	const struct hms_lru_page *page = &lru->pages[index];

	return page->state == other->state && page->serial && page->serial == other->serial &&
	       page->priority == other->priority;
}
