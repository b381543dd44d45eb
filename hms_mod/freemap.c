// SPDX-License-Identifier: GPL-2.0
/*
 * Free pages of a device, one at a time or as large pages. Pure logic, also built in user space;
 * the caller serialises.
 *
 * Single pages come out of blocks that are broken already, as long as there are any, so that whole
 * ones last; and a block whose pages have all come back is whole again by that.
 *
 * Pages that lie together mostly come back one by one, and are entered together.
 */

#ifdef __KERNEL__
#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/slab.h>
#else
#include "kernel.h"
#endif

#include "freemap.h"

/**
 * hms_freemap_init - begin with all pages free
 * @map: filled in
 * @npages: how many pages, at least one
 *
 * Return: 0 or -ENOMEM.
 */
int hms_freemap_init(struct hms_freemap *map, unsigned long npages)
{
	*map = (struct hms_freemap) {
		.npages = npages,
		.nblocks = DIV_ROUND_UP(npages, HMS_BLOCK_PAGES),
	};
	map->pages = kvcalloc(BITS_TO_LONGS(npages), sizeof(long), GFP_KERNEL);
	map->some = kvcalloc(BITS_TO_LONGS(map->nblocks), sizeof(long), GFP_KERNEL);
	map->whole = kvcalloc(BITS_TO_LONGS(map->nblocks), sizeof(long), GFP_KERNEL);
	map->counts = kvcalloc(map->nblocks, sizeof(*map->counts), GFP_KERNEL);
	if (!map->pages || !map->some || !map->whole || !map->counts) {
		hms_freemap_destroy(map);
		return -ENOMEM;
	}
	hms_freemap_give(map, 0, npages);
	return 0;
}

void hms_freemap_destroy(struct hms_freemap *map)
{
	kvfree(map->counts);
	kvfree(map->whole);
	kvfree(map->some);
	kvfree(map->pages);
}

/* Some of its pages are free, but not all. */
static bool hms_is_broken(unsigned int count)
{
	return count && count < HMS_BLOCK_PAGES;
}

/* @n pages of block @b are free from now on. */
static void hms_freemap_count(struct hms_freemap *map, unsigned long b, unsigned int n)
{
	unsigned int before = map->counts[b];

	map->counts[b] = n;
	if (hms_is_broken(n) && hms_is_broken(before))
		return;
	if (n == HMS_BLOCK_PAGES)
		__set_bit(b, map->whole);
	else
		__clear_bit(b, map->whole);
	if (hms_is_broken(n))
		__set_bit(b, map->some);
	else
		__clear_bit(b, map->some);
}

/* Enter what came back last. */
static void hms_freemap_enter(struct hms_freemap *map)
{
	unsigned long index = map->late, npages = map->nlate, b, n;

	for (; npages; index += n, npages -= n) {
		b = index / HMS_BLOCK_PAGES;
		n = min(npages, (b + 1) * HMS_BLOCK_PAGES - index);
		bitmap_set(map->pages, index, n);
		hms_freemap_count(map, b, map->counts[b] + n);
	}
	map->nlate = 0;
}

/* In one store: some read it without a lock. */
static void hms_freemap_add(struct hms_freemap *map, long npages)
{
	WRITE_ONCE(map->nfree, map->nfree + npages);
}

/**
 * hms_freemap_take - take pages that lie together
 * @map: the free pages
 * @max: at most so many
 * @index: receives the first
 *
 * Return: how many, 0 when there is none.
 */
unsigned long hms_freemap_take(struct hms_freemap *map, unsigned long max, unsigned long *index)
{
	unsigned long b = map->current_block, n;

	hms_freemap_enter(map);
	if (!test_bit(b, map->some)) {
		b = find_first_bit(map->some, map->nblocks);
		if (b == map->nblocks)
			b = find_first_bit(map->whole, map->nblocks);
		if (b == map->nblocks)
			return 0;
		map->current_block = b;
	}
	*index = find_next_bit(map->pages, map->npages, b * HMS_BLOCK_PAGES);
	max = min3(*index + max, (b + 1) * HMS_BLOCK_PAGES, map->npages);
	n = find_next_zero_bit(map->pages, max, *index) - *index;
	bitmap_clear(map->pages, *index, n);
	hms_freemap_count(map, b, map->counts[b] - n);
	hms_freemap_add(map, -n);
	return n;
}

/**
 * hms_freemap_take_block - take HMS_BLOCK_PAGES that make a large page
 * @map: the free pages
 * @index: receives the first
 *
 * Return: false when no block is whole.
 */
bool hms_freemap_take_block(struct hms_freemap *map, unsigned long *index)
{
	unsigned long b;

	hms_freemap_enter(map);
	b = find_first_bit(map->whole, map->nblocks);
	if (b == map->nblocks)
		return false;
	*index = b * HMS_BLOCK_PAGES;
	bitmap_clear(map->pages, *index, HMS_BLOCK_PAGES);
	hms_freemap_count(map, b, 0);
	hms_freemap_add(map, -HMS_BLOCK_PAGES);
	return true;
}

/**
 * hms_freemap_remove - take a page for good
 * @map: the free pages
 * @index: the page
 *
 * Return: false when it is not free; then nothing is done.
 */
bool hms_freemap_remove(struct hms_freemap *map, unsigned long index)
{
	unsigned long b = index / HMS_BLOCK_PAGES;

	hms_freemap_enter(map);
	if (!test_bit(index, map->pages))
		return false;
	bitmap_clear(map->pages, index, 1);
	hms_freemap_count(map, b, map->counts[b] - 1);
	hms_freemap_add(map, -1);
	return true;
}

/**
 * hms_freemap_give - give pages back, however they were taken
 * @map: the free pages
 * @index: the first
 * @npages: how many
 */
void hms_freemap_give(struct hms_freemap *map, unsigned long index, unsigned long npages)
{
	hms_freemap_add(map, npages);
	if (index != map->late + map->nlate) {
		hms_freemap_enter(map);
		map->late = index;
	}
	map->nlate += npages;
}
