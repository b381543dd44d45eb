// SPDX-License-Identifier: GPL-2.0
/* folio_likely_mapped_shared(): its first name */
#include <linux/mm.h>

bool probe(struct folio *folio);
bool probe(struct folio *folio)
{
	return folio_likely_mapped_shared(folio);
}
