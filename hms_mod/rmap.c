// SPDX-License-Identifier: GPL-2.0
/*
 * From a page of a device to the address spaces that map it, as core's rmap knows them: it exports
 * no way to ask, but its structures are public, and so is the lock that holds them still.
 */

#include <linux/interval_tree_generic.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/rmap.h>
#include <linux/sched/mm.h>

#include "compat/compat.h"
#include "rmap.h"

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
	struct folio *folio = page_folio(page);
	unsigned long first, last, start;
	struct anon_vma *anon_vma, *root;
	struct mm_struct *mm = NULL;
	struct anon_vma_chain *avc;

	rcu_read_lock();
	/* Free, or on its way: who moves it is not to find a reference too many. */
	if (folio_test_locked(folio) || !folio_try_get(folio))
		goto unlock;
	root = page_folio(page) == folio ? hms_rmap_lock(folio, &anon_vma) : NULL;
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
