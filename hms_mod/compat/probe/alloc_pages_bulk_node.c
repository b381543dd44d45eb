// SPDX-License-Identifier: GPL-2.0
/* alloc_pages_bulk_node(): the bulk allocator lost "_array" from its name */
#include <linux/gfp.h>

unsigned long probe(struct page **pages);
unsigned long probe(struct page **pages)
{
	return alloc_pages_bulk_node(GFP_KERNEL, 0, 1, pages);
}
