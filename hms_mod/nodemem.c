// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of nodes, as destinations: many single pages at a time.
 *
 * They are cut out of small blocks, as long as the node has some at hand: what the allocator does
 * for each time that it is asked is done once a block, and a device finds pages side by side.
 */

#include <linux/bits.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "compat/compat.h"
#include "nodemem.h"

/* The largest that the allocator keeps a list of for each CPU. */
#define HMS_NODEMEM_ORDER	PAGE_ALLOC_COSTLY_ORDER
#define HMS_NODEMEM_BLOCK	BIT(HMS_NODEMEM_ORDER)

/* Blocks are not worth any effort, nor another node, nor what is kept for who can't wait. */
static unsigned int hms_nodemem_cut(int nid, gfp_t gfp, struct page **pages, unsigned int n)
{
	struct page *block;
	unsigned int got = 0, i;

	gfp = (gfp & ~__GFP_RECLAIM) | __GFP_THISNODE | __GFP_NOMEMALLOC | __GFP_NOWARN;
	while (n - got >= HMS_NODEMEM_BLOCK) {
		block = alloc_pages_node(nid, gfp, HMS_NODEMEM_ORDER);
		if (!block)
			break;
		split_page(block, HMS_NODEMEM_ORDER);
		for (i = 0; i < HMS_NODEMEM_BLOCK; i++)
			pages[got++] = block + i;
	}
	return got;
}

/**
 * hms_nodemem_alloc - allocate pages together
 * @nid: the node
 * @gfp: how, with __GFP_THISNODE or without
 * @pages: receives them, each with one reference, and not locked
 * @n: how many
 *
 * Context: by @gfp.
 * Return: how many there were. That it is fewer does not mean that there is no more: reclaim is not
 * tried for many at a time.
 */
unsigned int hms_nodemem_alloc(int nid, gfp_t gfp, struct page **pages, unsigned int n)
{
	unsigned int got = hms_nodemem_cut(nid, gfp, pages, n);

	if (n - got < 2)
		return got;
	memset(&pages[got], 0, (n - got) * sizeof(*pages));
	return got + alloc_pages_bulk_node(gfp, nid, n - got, &pages[got]);
}
