// SPDX-License-Identifier: GPL-2.0
/* zone_device_folio_init(folio, pgmap, order): a device page is told its pgmap */
#include <linux/memremap.h>

void probe(struct folio *folio, struct dev_pagemap *pgmap);
void probe(struct folio *folio, struct dev_pagemap *pgmap)
{
	zone_device_folio_init(folio, pgmap, 0);
}
