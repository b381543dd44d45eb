/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only place that knows kernel versions. The module is written for the newest kernel; each
 * entry here names what changed, and gives the new form to the kernel that is built for: 6.12.
 */
#ifndef _HMS_COMPAT_H
#define _HMS_COMPAT_H

#include <linux/gfp.h>
#include <linux/memremap.h>
#include <linux/mm.h>

/* Device pages are freed as folios, and initialised with their pgmap and order. */
#define HMS_PAGEMAP_FREE	page_free

static inline void hms_zone_device_page_init(struct page *page, struct dev_pagemap *pgmap)
{
	zone_device_page_init(page);
}

/* The pgmap of a page moved into its folio. */
static inline struct dev_pagemap *page_pgmap(const struct page *page)
{
	return page->pgmap;
}

/* The bulk allocator lost "_array" from its name. */
#define alloc_pages_bulk_node alloc_pages_bulk_array_node

/* It got a better name. */
#define folio_maybe_mapped_shared folio_likely_mapped_shared

/* Core began to lock the page before it calls migrate_to_ram: faults on one page queue up there. */
#define HMS_CORE_LOCKS_FAULT_PAGE	false

#endif /* _HMS_COMPAT_H */
