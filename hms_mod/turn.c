// SPDX-License-Identifier: GPL-2.0
/*
 * Many threads that touch the same page of a device, on kernels that do not lock it for the fault.
 *
 * Core takes a reference for each fault, and moves no page with one reference too many: threads
 * that all try keep each other from it, and one that waits with its reference, or that is preempted
 * with it, keeps all. So one thread at a time has its turn; it waits until it is alone with the
 * page. The others give their reference back before they wait. Where core locks the page (7.x), or
 * has migration entries for it, they do not get here.
 */

#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/rcupdate.h>

#include "claim.h"
#include "devmem.h"
#include "turn.h"

/* How often to look whether the others are gone: at first at once, then after a pause each. */
#define HMS_TURN_SPINS	100
#define HMS_TURN_LOOKS	200	/* all of them */

#define HMS_TURN_PAUSE	50	/* us */

static struct hms_claims hms_turn_claims;

/* Does core hand us the page unlocked? No header tells, so the first fault does that has one. */
static bool hms_turn_unlocked;

/* Beside mappings, has nobody a reference but the fault? Where it is asked no page is large. */
static bool hms_turn_is_alone(struct folio *folio)
{
	return folio_ref_count(folio) <= atomic_read(&folio->_mapcount) + 2;
}

/*
 * Give back the reference of the fault before its time: core puts vmf->page when we return, so let
 * that be a page that nobody minds.
 */
static void hms_turn_let_go(struct vm_fault *vmf)
{
	struct page *page = vmf->page;

	vmf->page = ZERO_PAGE(vmf->address);
	get_page(vmf->page);
	put_page(page);
}

/*
 * Wait for who moves the page, for its lock, or without @folio for the claim. Without a reference;
 * but its struct stays, and so does this code.
 */
static void hms_turn_wait(const struct hms_turn *turn, struct vm_fault *vmf, struct folio *folio)
{
	int idx = hms_devmem_read_lock();

	hms_turn_let_go(vmf);
	if (folio)
		folio_wait_locked_killable(folio);
	else
		hms_claim_wait(&hms_turn_claims, turn->pfn);
	hms_devmem_read_unlock(idx);
}

/* Wait until the others are gone; false when one of them moves the page instead. */
static bool hms_turn_wait_alone(struct folio *folio)
{
	unsigned int looks;

	for (looks = 0; looks < HMS_TURN_LOOKS && !hms_turn_is_alone(folio); looks++) {
		if (folio_test_locked(folio))
			return false;
		if (looks < HMS_TURN_SPINS)
			cpu_relax();
		else
			usleep_range(HMS_TURN_PAUSE, 2 * HMS_TURN_PAUSE);
	}
	/* Who has kept it for so long may keep it for good; then it is tried in vain, and again. */
	return true;
}

static noinline bool hms_turn_queue(struct hms_turn *turn, struct vm_fault *vmf)
{
	struct folio *folio = page_folio(vmf->page);

	if (folio_test_locked(folio)) {
		hms_turn_wait(turn, vmf, folio);
		return false;
	}
	if (!hms_claim_try(&hms_turn_claims, turn->pfn)) {
		hms_turn_wait(turn, vmf, NULL);
		return false;
	}
	turn->claimed = true;
	if (hms_turn_wait_alone(folio))
		return true;
	hms_turn_end(turn);
	hms_turn_wait(turn, vmf, folio);
	return false;
}

/**
 * hms_turn_take - is it this thread's turn to bring a page home?
 * @turn: filled in
 * @vmf: the fault
 *
 * Context: mmap_lock held for read. May sleep.
 * Return: true, and hms_turn_end() ends it; false when another thread has done it, or tried to:
 * then the fault is over, and vmf->page another page.
 */
bool hms_turn_take(struct hms_turn *turn, struct vm_fault *vmf)
{
	struct folio *folio = page_folio(vmf->page);

	turn->claimed = false;
	if (folio_test_locked(folio)) {
		/* The lock may be core's own, for this fault. */
		if (!READ_ONCE(hms_turn_unlocked))
			return true;
	} else {
		if (!READ_ONCE(hms_turn_unlocked))
			WRITE_ONCE(hms_turn_unlocked, true);
		if (hms_turn_is_alone(folio))
			return true;
	}
	turn->pfn = page_to_pfn(vmf->page);
	return hms_turn_queue(turn, vmf);
}

/**
 * hms_turn_stop - wait for threads whose page is gone, and that are on their way out of here
 *
 * Context: may sleep. No device has pages.
 */
void hms_turn_stop(void)
{
	if (READ_ONCE(hms_turn_unlocked))
		synchronize_rcu_tasks();
}

/**
 * hms_turn_end - another thread may try
 * @turn: from hms_turn_take()
 */
void hms_turn_end(const struct hms_turn *turn)
{
	if (turn->claimed)
		hms_claim_drop(&hms_turn_claims, turn->pfn);
}
