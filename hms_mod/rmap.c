// SPDX-License-Identifier: GPL-2.0
/*
 * From a page of a device to the address spaces that map it, as core's rmap knows them: it exports
 * no way to ask, but its structures are public, and so is the lock that holds them still.
 *
 * And a hold of pages for as long as core moves them without mmap_lock. It finds what maps them by
 * their anon_vma, after the move as before it; but meanwhile no page table has a reference to them,
 * and all that mapped them may go, and the anon_vma with it. migrate_pages() has a reference of its
 * own to that, migrate_device_range() has none.
 */

#include <linux/interval_tree_generic.h>
#include <linux/mempolicy.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/rmap.h>
#include <linux/rwsem.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "compat/compat.h"
#include "rmap.h"

/* Mappings that are looked at for pages, with their rmap lock held. */
#define HMS_RMAP_LOOKS	64

static inline unsigned long hms_avc_start(struct anon_vma_chain *avc)
{
	return hms_vma_anon_pgoff(avc->vma);
}

static inline unsigned long hms_avc_last(struct anon_vma_chain *avc)
{
	return hms_vma_anon_pgoff(avc->vma) + vma_pages(avc->vma) - 1;
}

/* To look into the tree that core keeps; what would change it is not used. */
INTERVAL_TREE_DEFINE(struct anon_vma_chain, rb, unsigned long, rb_subtree_last, hms_avc_start,
		     hms_avc_last, static inline __maybe_unused, hms_avc)

/*
 * The root of the anon_vma of a page, locked for reading, and the anon_vma; or NULL. Under RCU,
 * with a reference to the folio. As in core, that it is still mapped when the lock is had says that
 * it is the right one.
 */
static struct anon_vma *hms_rmap_lock(struct folio *folio, struct anon_vma **anon_vma)
{
	unsigned long mapping = (unsigned long)READ_ONCE(folio->mapping);
	struct anon_vma *root;

	if ((mapping & FOLIO_MAPPING_FLAGS) != FOLIO_MAPPING_ANON || !folio_mapped(folio))
		return NULL;
	*anon_vma = (struct anon_vma *)(mapping - FOLIO_MAPPING_ANON);
	root = READ_ONCE((*anon_vma)->root);
	if (!down_read_trylock(&root->rwsem))
		return NULL;
	if (folio_mapped(folio) && READ_ONCE((*anon_vma)->root) == root &&
	    (unsigned long)READ_ONCE(folio->mapping) == mapping)
		return root;
	up_read(&root->rwsem);
	return NULL;
}

/*
 * The folio of a page that nobody moves, with a reference, or NULL. Who moves it has it locked, and
 * is not to find a reference too many.
 */
static struct folio *hms_rmap_get(struct page *page)
{
	struct folio *folio = page_folio(page);

	if (folio_test_locked(folio) || !folio_try_get(folio))
		return NULL;
	if (page_folio(page) == folio)
		return folio;
	folio_put(folio);
	return NULL;
}

/**
 * hms_rmap_mapper - an address space that may map a page
 * @page: of a device that does not go; the first of its folio
 * @nth: which of them, from 0 on
 * @held: an address space that the caller has a hold of, or NULL
 * @address: where, or where what it maps of a large page begins
 *
 * Context: does not sleep; folio locks may be held.
 * Return: the address space, with a reference to its users unless it is @held; or NULL: there is
 * none, or core is busy with it. It is a hint.
 */
struct mm_struct *hms_rmap_mapper(struct page *page, unsigned int nth, struct mm_struct *held,
				  unsigned long *address)
{
	unsigned long first, last, start;
	struct anon_vma *anon_vma, *root;
	struct mm_struct *mm = NULL;
	struct anon_vma_chain *avc;
	struct folio *folio;

	rcu_read_lock();
	folio = hms_rmap_get(page);
	if (!folio)
		goto unlock;
	root = hms_rmap_lock(folio, &anon_vma);
	if (!root)
		goto put;
	first = folio->index;
	last = first + folio_nr_pages(folio) - 1;
	for (avc = hms_avc_iter_first(&anon_vma->rb_root, first, last); avc && nth; nth--)
		avc = hms_avc_iter_next(avc, first, last);
	if (avc) {
		mm = avc->vma->vm_mm;
		start = hms_vma_anon_pgoff(avc->vma);
		*address = avc->vma->vm_start + ((max(first, start) - start) << PAGE_SHIFT);
		if (mm != held && !mmget_not_zero(mm))
			mm = NULL;
	}
	up_read(&root->rwsem);
put:
	folio_put(folio);
unlock:
	rcu_read_unlock();
	return mm;
}

/*
 * As hms_rmap_get(), if it can be held. From then on it is no more freed, and no write to it takes
 * it for the writer's alone, which would change its anon_vma: whoever was about to has it locked.
 */
static struct folio *hms_rmap_get_to_hold(struct page *page)
{
	struct folio *folio = hms_rmap_get(page);

	if (!folio)
		return NULL;
	/* In one piece a large page moves under mmap_lock only, see hms_devmem_revive(). */
	if (!folio_test_locked(folio) && !folio_test_large(folio) &&
	    !(folio_is_device_coherent(folio) && hms_core_moves_anon_vma()))
		return folio;
	folio_put(folio);
	return NULL;
}

/* How many pages from the first on, at most @n, are one after the other in the same anon_vma? */
static unsigned long hms_rmap_get_more(struct page *page, unsigned long n)
{
	const struct folio *first = page_folio(page);
	unsigned long i;

	for (i = 1; i < n; i++) {
		struct folio *folio = hms_rmap_get_to_hold(page + i);

		if (!folio)
			break;
		if (folio->mapping != first->mapping || folio->index != first->index + i ||
		    !folio_mapped(folio)) {
			folio_put(folio);
			break;
		}
	}
	return i;
}

/*
 * What is to be known of the mappings of the first page. Returns how many pages, at most @n, the
 * same ones map; 0 when there are too many to look at. The root of the anon_vma is locked.
 */
static unsigned long hms_rmap_look(struct anon_vma *anon_vma, unsigned long first, unsigned long n,
				   struct hms_rmap_hold *hold)
{
	unsigned long last = first + n - 1;
	unsigned int looks = 0, nmappings = 0;
	struct vm_area_struct *vma;
	struct anon_vma_chain *avc;

	for (avc = hms_avc_iter_first(&anon_vma->rb_root, first, last); avc;
	     avc = hms_avc_iter_next(avc, first, last)) {
		if (++looks > HMS_RMAP_LOOKS)
			return 0;
		vma = avc->vma;
		if (hms_avc_start(avc) > first) {
			last = min(last, hms_avc_start(avc) - 1);
			continue;
		}
		last = min(last, hms_avc_last(avc));
		/* They may change at any moment, as if it were just after the move. */
		hold->has_mempolicy |= !!vma_policy(vma);
		hold->is_mlocked |= !!(READ_ONCE(vma->vm_flags) & VM_LOCKED);
		hold->mm = vma->vm_mm;
		hold->start = vma->vm_start + ((first - hms_avc_start(avc)) << PAGE_SHIFT);
		nmappings++;
	}
	if (nmappings != 1) {
		hold->mm = NULL;
		hold->start = first << PAGE_SHIFT;
	}
	return last - first + 1;
}

/* Hold what can be, from a folio on that the caller has a reference to. Under RCU. */
static void hms_rmap_hold_some(struct folio *folio, unsigned long n, struct hms_rmap_hold *hold)
{
	struct anon_vma *anon_vma, *root = hms_rmap_lock(folio, &anon_vma);

	if (!root)
		return;
	n = hms_rmap_look(anon_vma, folio->index, n, hold);
	if (n) {
		hold->npages = hms_rmap_get_more(hold->page, n);
		/* It is mapped, so there are others. */
		atomic_inc(&anon_vma->refcount);
		hold->anon_vma = anon_vma;
		if (hold->mm)
			mmgrab(hold->mm);
	}
	up_read(&root->rwsem);
}

/**
 * hms_rmap_hold - keep pages, and what core finds their mappings by
 * @page: of a device that does not go; the first page of a folio
 * @n: at most so many from there on
 * @hold: filled in
 *
 * Whoever else moves them meanwhile finds a reference too many, so hms_rmap_let_pages_go() is to
 * come soon.
 *
 * Context: does not sleep; folio locks may be held.
 * Return: false when the first one is large, free, or on its way, or of coherent memory on a kernel
 * where its anon_vma may change all the same, or core is busy with its mappings, or there are too
 * many of these; nothing is held then.
 */
bool hms_rmap_hold(struct page *page, unsigned long n, struct hms_rmap_hold *hold)
{
	struct folio *folio;

	*hold = (struct hms_rmap_hold) { .page = page };
	rcu_read_lock();
	folio = hms_rmap_get_to_hold(page);
	if (folio)
		hms_rmap_hold_some(folio, n, hold);
	if (folio && !hold->npages)
		folio_put(folio);
	rcu_read_unlock();
	return hold->npages;
}

/**
 * hms_rmap_let_pages_go - give back the references to the pages alone
 * @hold: from hms_rmap_hold(); core has collected them
 */
void hms_rmap_let_pages_go(struct hms_rmap_hold *hold)
{
	for (; hold->npages; hold->npages--)
		put_page(hold->page + hold->npages - 1);
}

/*
 * As anon_vma_free(), which is not exported: who has locked it before the last reference went may
 * have it locked still.
 */
static void hms_anon_vma_free(struct anon_vma *anon_vma)
{
	if (rwsem_is_locked(&anon_vma->root->rwsem)) {
		down_write(&anon_vma->root->rwsem);
		up_write(&anon_vma->root->rwsem);
	}
	/* Into the cache that it is from. */
	kfree(anon_vma);
}

/* As put_anon_vma(). */
static void hms_anon_vma_put(struct anon_vma *anon_vma)
{
	struct anon_vma *root = anon_vma->root;

	if (!atomic_dec_and_test(&anon_vma->refcount))
		return;
	hms_anon_vma_free(anon_vma);
	if (root != anon_vma && atomic_dec_and_test(&root->refcount))
		hms_anon_vma_free(root);
}

/**
 * hms_rmap_let_go - give back all that is held still
 * @hold: from hms_rmap_hold(); core has moved the pages, or nothing is to be done with them
 *
 * Context: may sleep.
 */
void hms_rmap_let_go(struct hms_rmap_hold *hold)
{
	hms_rmap_let_pages_go(hold);
	hms_anon_vma_put(hold->anon_vma);
	if (hold->mm)
		mmdrop(hold->mm);
}
