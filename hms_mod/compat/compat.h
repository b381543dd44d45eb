/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only place that knows kernel versions. The module is written for the newest kernel; each entry
 * here names what changed and gives the new form to older kernels.
 */
#ifndef _HMS_COMPAT_H
#define _HMS_COMPAT_H

#include <linux/gfp.h>
#include <linux/memremap.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/version.h>

/* Device pages are freed as folios, and initialised with their pgmap and order. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
#define HMS_DEV_PAGEMAP_FREE(fn)	.folio_free = hms_compat_##fn
#define HMS_DEFINE_PAGE_FREE(fn) \
	static void hms_compat_##fn(struct folio *folio) { fn(folio_page(folio, 0)); }

static inline void hms_zone_device_page_init(struct page *page, struct dev_pagemap *pgmap)
{
	zone_device_page_init(page, pgmap, 0);
}
#else
#define HMS_DEV_PAGEMAP_FREE(fn)	.page_free = fn
#define HMS_DEFINE_PAGE_FREE(fn)

static inline void hms_zone_device_page_init(struct page *page, struct dev_pagemap *pgmap)
{
	zone_device_page_init(page);
}
#endif

/* page->pgmap moved into the folio. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
static inline struct dev_pagemap *page_pgmap(const struct page *page)
{
	return page->pgmap;
}
#endif

/* The bulk allocator lost "_array" from its name. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
#define alloc_pages_bulk_node(gfp, nid, nr, pages) alloc_pages_bulk_array_node(gfp, nid, nr, pages)
#endif

/* folio_likely_mapped_shared() got a better name; before it, base pages had a mapcount each. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
static inline bool folio_maybe_mapped_shared(struct folio *folio)
{
	return page_mapcount(folio_page(folio, 0)) > 1;
}
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
#define folio_maybe_mapped_shared(folio) folio_likely_mapped_shared(folio)
#endif

/* Core locks the page before it calls migrate_to_ram, so that faults on one page queue up there. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
#define HMS_CORE_LOCKS_FAULT_PAGE	1
#else
#define HMS_CORE_LOCKS_FAULT_PAGE	0
#endif

#endif /* _HMS_COMPAT_H */
