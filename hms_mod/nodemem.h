/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_NODEMEM_H
#define _HMS_NODEMEM_H

#include <linux/mm.h>

unsigned int hms_nodemem_alloc(int nid, gfp_t gfp, struct page **pages, unsigned int n);

/* What was allocated, as a destination: its first page, locked; or NULL. Nobody else knows it. */
static inline struct page *hms_locked_page(struct folio *folio)
{
	if (!folio)
		return NULL;
	__folio_set_locked(folio);
	return folio_page(folio, 0);
}

#endif /* _HMS_NODEMEM_H */
