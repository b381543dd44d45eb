/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_FREEMAP_H
#define _HMS_FREEMAP_H

#include <linux/types.h>

/* Pages that make a large one; blocks begin at multiples of it. */
#define HMS_BLOCK_PAGES	512UL

/**
 * struct hms_freemap - which pages of a device are free
 * @npages: how many there are
 * @nfree: how many of them are free
 * @nblocks: of HMS_BLOCK_PAGES each; the last may be shorter, and is never given as a whole
 * @pages: a bit for each page: it is free
 * @some: a bit for each block: some of its pages are free, but not all
 * @whole: a bit for each block: all of its HMS_BLOCK_PAGES are free
 * @counts: free pages of each block
 * @current_block: where the last page was taken
 * @late: the first of the pages that came back last, which the rest of this does not know yet
 * @nlate: how many these are, one behind the other
 */
struct hms_freemap {
	unsigned long npages;
	unsigned long nfree;
	unsigned long nblocks;
	unsigned long *pages;
	unsigned long *some;
	unsigned long *whole;
	u16 *counts;
	unsigned long current_block;
	unsigned long late;
	unsigned long nlate;
};

int hms_freemap_init(struct hms_freemap *map, unsigned long npages);
void hms_freemap_destroy(struct hms_freemap *map);
unsigned long hms_freemap_take(struct hms_freemap *map, unsigned long max, unsigned long *index);
bool hms_freemap_take_block(struct hms_freemap *map, unsigned long *index);
bool hms_freemap_remove(struct hms_freemap *map, unsigned long index);
void hms_freemap_give(struct hms_freemap *map, unsigned long index, unsigned long npages);

#endif /* _HMS_FREEMAP_H */
