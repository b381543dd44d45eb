// SPDX-License-Identifier: GPL-2.0
/* page_pgmap(): the pgmap of a page is in its folio; core locks the page of a device fault */
#include <linux/memremap.h>
#include <linux/mmzone.h>

struct dev_pagemap *probe(const struct page *page);
struct dev_pagemap *probe(const struct page *page)
{
	return page_pgmap(page);
}
