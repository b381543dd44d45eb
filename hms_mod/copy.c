// SPDX-License-Identifier: GPL-2.0
/*
 * Copying with the CPU, for drivers of memory that the kernel has mapped: what CPUs can load from,
 * and private memory whose driver gave &hms_target_desc.memory.
 */

#include <linux/highmem.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/module.h>

#include "devmem.h"
#include "target.h"

/**
 * hms_map_page - where the kernel reaches a page
 * @page: main memory, memory of a device that CPUs load from, or of a target with
 *	&hms_target_desc.memory
 *
 * Context: any; until hms_unmap_page() nothing may sleep. The last that was mapped is the first to
 * be unmapped.
 * Return: the address.
 */
void *hms_map_page(struct page *page)
{
	struct hms_target *target;

	if (!is_device_private_page(page))
		return kmap_local_page(page);
	target = hms_devmem_target(page);
	return target->memory + (hms_devmem_index(target->mem, page) << PAGE_SHIFT);
}
EXPORT_SYMBOL_GPL(hms_map_page);

/**
 * hms_unmap_page - end hms_map_page()
 * @page: the page
 * @address: from there
 */
void hms_unmap_page(struct page *page, void *address)
{
	if (IS_ENABLED(CONFIG_HIGHMEM) && !is_device_private_page(page))
		kunmap_local(address);
}
EXPORT_SYMBOL_GPL(hms_unmap_page);

/**
 * struct hms_cursor - goes through pages of a batch, which mostly lie behind each other
 * @page: the last one of a device
 * @address: where that is
 * @left: pages behind it in the same memory
 */
struct hms_cursor {
	struct page *page;
	void *address;
	unsigned long left;
};

/* As hms_map_page(), but sooner for the next page of a device. */
static __always_inline void *hms_cursor_map(struct hms_cursor *cursor, struct page *page)
{
	struct hms_target *target;
	unsigned long index;

	if (cursor->left && page == cursor->page + 1) {
		cursor->page++;
		cursor->address += PAGE_SIZE;
		cursor->left--;
		return cursor->address;
	}
	cursor->left = 0;
	if (!is_device_private_page(page))
		return kmap_local_page(page);
	target = hms_devmem_target_at(page, &index, &cursor->left);
	cursor->page = page;
	cursor->address = target->memory + (index << PAGE_SHIFT);
	return cursor->address;
}

/**
 * hms_copy_with_cpu - what a driver has as &hms_target_ops.copy when its device can't copy itself
 * @target: any
 * @pages: as there; the private ones of targets with &hms_target_desc.memory, all peers too
 * @n: how many
 *
 * Return: 0.
 */
int hms_copy_with_cpu(struct hms_target *target, const struct hms_copy *pages, unsigned int n)
{
	struct hms_cursor to = { .left = 0 }, from = { .left = 0 };
	unsigned int i;
	void *dst, *src;

	for (i = 0; i < n; i++) {
		dst = hms_cursor_map(&to, pages[i].dst);
		if (pages[i].src) {
			src = hms_cursor_map(&from, pages[i].src);
			copy_page(dst, src);
			hms_unmap_page(pages[i].src, src);
		} else {
			clear_page(dst);
		}
		hms_unmap_page(pages[i].dst, dst);
	}
	return 0;
}
EXPORT_SYMBOL_GPL(hms_copy_with_cpu);
