/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only place that knows how kernels differ. The module is written for the newest; an entry here
 * gives the new form to kernels that a probe found to lack it. See Makefile.probe.
 */
#ifndef _HMS_COMPAT_H
#define _HMS_COMPAT_H

#include <linux/eventfd.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/hmm.h>
#include <linux/huge_mm.h>
#include <linux/memremap.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/rmap.h>
#include <linux/userfaultfd.h>

#include "compat/probed.h"

#if HMS_HAS_LEAFOPS
#include <linux/leafops.h>
#else
#include <linux/swapops.h>
#endif

#if HMS_HAS_DMEM_CGROUP
#include <linux/cgroup_dmem.h>
#else
struct dmem_cgroup_region;
struct dmem_cgroup_pool_state;

struct dmem_cgroup_init {
	u64 size;
};

static inline struct dmem_cgroup_region *
dmem_cgroup_register_region(const struct dmem_cgroup_init *init, const char *format, ...)
{
	return NULL;
}

static inline void dmem_cgroup_unregister_region(struct dmem_cgroup_region *region)
{
}

static inline int dmem_cgroup_try_charge(struct dmem_cgroup_region *region, u64 size,
					 struct dmem_cgroup_pool_state **pool,
					 struct dmem_cgroup_pool_state **limiter)
{
	*pool = NULL;
	return 0;
}

static inline void dmem_cgroup_uncharge(struct dmem_cgroup_pool_state *pool, u64 size)
{
}
#endif

/* The member of dev_pagemap_ops, what it is given, and the folio that this is. */
#if HMS_HAS_PAGEMAP_FOLIO_FREE
#define HMS_PAGEMAP_FREE	folio_free

#define hms_freed		folio

static inline struct folio *hms_freed_folio(struct hms_freed *freed)
{
	return freed;
}
#else
#define HMS_PAGEMAP_FREE	page_free

#define hms_freed		page

static inline struct folio *hms_freed_folio(struct hms_freed *freed)
{
	return page_folio(freed);
}
#endif

#if !HMS_HAS_ZONE_DEVICE_INIT_PGMAP
static inline void zone_device_folio_init(struct folio *folio, struct dev_pagemap *pgmap,
					  unsigned int order)
{
	zone_device_page_init(&folio->page);
}
#endif

#if !HMS_HAS_SELECT_COMPOUND
#define MIGRATE_VMA_SELECT_COMPOUND	0
#define MIGRATE_PFN_COMPOUND		0UL
#endif

#if !HMS_HAS_EVENTFD_SIGNAL
#define eventfd_signal(ctx)	eventfd_signal(ctx, 1)
#endif

/* Does core move a page that a PMD maps, to and from private memory, in one piece? */
static inline bool hms_core_moves_large(void)
{
	return HMS_HAS_SELECT_COMPOUND && thp_migration_supported();
}

/* Does core forget a reference to a large page that it was to split, and found locked? */
static inline bool hms_core_forgets_locked(void)
{
	return !HMS_HAS_SELECT_COMPOUND;
}

/*
 * Does UFFDIO_MOVE give a page that CPUs have mapped to another anon_vma, whoever has a reference
 * to it? A kernel that has the call shows it to programs.
 */
static inline bool hms_core_moves_anon_vma(void)
{
#ifdef UFFDIO_MOVE
	return true;
#else
	return false;
#endif
}

/* May a large page fill a hole of a mapping, as far as the program has a say in it? */
static inline bool hms_vma_takes_large(struct vm_area_struct *vma)
{
#if HMS_HAS_SELECT_COMPOUND
	return hms_core_moves_large() && vma_is_anonymous(vma) &&
	       !vma_thp_disabled(vma, vma->vm_flags, false);
#else
	return false;
#endif
}

/*
 * Has zap_huge_pmd() of 7.3 removed a mapping of a large page that had none any more, see
 * hms_devmem_revive()? Correct the counts of its node; that of its cgroup is anybody's guess.
 */
#if HMS_HAS_SELECT_COMPOUND
static inline bool hms_undo_zap(struct folio *folio)
{
	long pages = folio_nr_pages(folio);

	if (!folio_test_large(folio) || atomic_read(&folio->_large_mapcount) >= -1)
		return false;
	mod_node_page_state(folio_pgdat(folio), NR_ANON_THPS, pages);
	/* It has counted what was missing by then. */
	if (!IS_ENABLED(CONFIG_NO_PAGE_MAPCOUNT))
		mod_node_page_state(folio_pgdat(folio), NR_ANON_MAPPED,
				    pages - atomic_read(&folio->_nr_pages_mapped));
	atomic_set(&folio->_entire_mapcount, -1);
	atomic_set(&folio->_large_mapcount, -1);
	atomic_set(&folio->_nr_pages_mapped, 0);
	return true;
}

/* Have core count @n mappings more of a large page than there are, or less again. */
static inline void hms_pretend_mapped(struct folio *folio, int n)
{
#ifdef CONFIG_MM_ID
	int count;

	folio_lock_large_mapcount(folio);
	count = atomic_add_return(n, &folio->_large_mapcount);
	/* Core, which compares so when it counts a mapping less, saw more than there were. */
	if (folio->_mm_id_mapcount[0] == count || folio->_mm_id_mapcount[1] == count)
		folio->_mm_ids &= ~FOLIO_MM_IDS_SHARED_BIT;
	folio_unlock_large_mapcount(folio);
#else
	atomic_add(n, &folio->_large_mapcount);
#endif
}
#else
static inline bool hms_undo_zap(struct folio *folio)
{
	return false;
}

static inline void hms_pretend_mapped(struct folio *folio, int n)
{
}
#endif

/* When core splits a large page: what it does not hand on to the pages by itself. */
#if HMS_HAS_SELECT_COMPOUND
static inline void hms_split(struct folio *head, struct folio *tail)
{
	tail->pgmap = head->pgmap;
	tail->page.mapping = head->page.mapping;
	tail->page.zone_device_data = head->page.zone_device_data;
}

#define HMS_PAGEMAP_SPLIT	.folio_split = hms_devmem_split,
#else
static inline void hms_split(struct folio *head, struct folio *tail)
{
}

#define HMS_PAGEMAP_SPLIT
#endif

/* Is the page of an entry of hmm_range_fault() mapped by a PMD? */
static inline bool hms_hmm_is_large(unsigned long entry)
{
	return (entry & HMM_PFN_VALID) && hmm_pfn_to_map_order(entry) == PMD_SHIFT - PAGE_SHIFT;
}

/*
 * hmm_range_fault(), but right about a device page that a PMD maps: of a range that begins in the
 * middle of one, 7.3 returns its first pages. Large pages are aligned both ways, so the address
 * tells which page it is.
 */
static inline int hms_hmm_range_fault(struct hmm_range *range)
{
	const unsigned long tail = (PMD_SIZE >> PAGE_SHIFT) - 1;
	unsigned long end = min(range->end, ALIGN(range->start, PMD_SIZE));
	unsigned long address, *entry;
	int ret = hmm_range_fault(range);

	if (ret || !hms_core_moves_large())
		return ret;
	for (address = range->start; address < end; address += PAGE_SIZE) {
		entry = &range->hmm_pfns[(address - range->start) >> PAGE_SHIFT];
		if (hms_hmm_is_large(*entry))
			*entry = (*entry & ~tail) | ((address >> PAGE_SHIFT) & tail);
	}
	return ret;
}

/*
 * What an entry of a page table that is not present says. Not by the names of the newest kernels:
 * stable ones have some of them already.
 */
#if HMS_HAS_LEAFOPS
#define hms_leaf_of_pte		softleaf_from_pte
#define hms_leaf_of_pmd		softleaf_from_pmd
#define hms_leaf_is_migration	softleaf_is_migration
#define hms_leaf_is_device	softleaf_is_device_private
#define hms_leaf_is_marker	softleaf_is_marker
#define hms_leaf_pfn		softleaf_to_pfn
#else
static inline swp_entry_t hms_leaf_of_pte(pte_t pte)
{
	return is_swap_pte(pte) ? pte_to_swp_entry(pte) : (swp_entry_t) { };
}

static inline swp_entry_t hms_leaf_of_pmd(pmd_t pmd)
{
	return is_swap_pmd(pmd) ? pmd_to_swp_entry(pmd) : (swp_entry_t) { };
}

#define hms_leaf_is_migration	is_migration_entry
#define hms_leaf_is_device	is_device_private_entry
#define hms_leaf_is_marker	is_pte_marker_entry
#define hms_leaf_pfn		swp_offset_pfn
#endif

/* Where a page is by which anonymous mappings of the same ancestor know it. */
#if HMS_HAS_VMA_ANON_PGOFF
static inline unsigned long hms_vma_anon_pgoff(const struct vm_area_struct *vma)
{
	return vma_start_anon_pgoff(vma);
}
#else
static inline unsigned long hms_vma_anon_pgoff(const struct vm_area_struct *vma)
{
	return vma->vm_pgoff;
}
#endif

#ifndef FOLIO_MAPPING_ANON
#define FOLIO_MAPPING_ANON	PAGE_MAPPING_ANON
#define FOLIO_MAPPING_FLAGS	PAGE_MAPPING_FLAGS
#endif

#if !HMS_HAS_PAGE_PGMAP
static inline struct dev_pagemap *page_pgmap(const struct page *page)
{
	return page->pgmap;
}
#endif

#if !HMS_HAS_ALLOC_PAGES_BULK_NODE
#define alloc_pages_bulk_node alloc_pages_bulk_array_node
#endif

#if !HMS_HAS_MAYBE_MAPPED_SHARED
static inline bool folio_maybe_mapped_shared(struct folio *folio)
{
#if HMS_HAS_LIKELY_MAPPED_SHARED
	return folio_likely_mapped_shared(folio);
#else
	long i;

	for (i = 0; i < folio_nr_pages(folio); i++) {
		if (page_mapcount(folio_page(folio, i)) > 1)
			return true;
	}
	return false;
#endif
}
#endif

/* A bus is const, where core does not write to it. */
#if HMS_HAS_CONST_BUS
#define HMS_BUS(...)		__VA_ARGS__
#else
#define HMS_BUS(...)
#endif

#if !HMS_HAS_COPY_MC_HIGHPAGE
static inline int copy_mc_highpage(struct page *to, struct page *from)
{
	/* Address and mapping matter to caches that x86 does not have. */
	return copy_mc_user_highpage(to, from, 0, NULL);
}
#endif

#endif /* _HMS_COMPAT_H */
