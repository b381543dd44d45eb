// SPDX-License-Identifier: GPL-2.0
/*
 * A context: a program on an accelerator. Its page table is filled through the mirror, one device
 * fault at a time; the accelerator reaches memory through it and in no other way.
 */

#include <linux/err.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "sim.h"

static struct hms_sim_context *hms_sim_of_mirror(struct hms_mirror *mirror)
{
	return container_of(mirror, struct hms_sim_context, mirror);
}

static int hms_sim_map(struct hms_mirror *mirror, unsigned long address, struct page *page,
		       bool writable)
{
	struct hms_sim_context *context = hms_sim_of_mirror(mirror);
	unsigned long index = address >> PAGE_SHIFT;

	if (xa_load(&context->page_table, index) == xa_tag_pointer(page, 1))
		return 0;
	return xa_err(xa_store(&context->page_table, index, xa_tag_pointer(page, writable),
			       GFP_NOWAIT | __GFP_NOWARN));
}

static void hms_sim_unmap(struct hms_mirror *mirror, unsigned long start, unsigned long end)
{
	struct hms_sim_context *context = hms_sim_of_mirror(mirror);
	unsigned long index;
	void *entry;

	xa_for_each_range(&context->page_table, index, entry, start >> PAGE_SHIFT,
			  (end - 1) >> PAGE_SHIFT)
		xa_erase(&context->page_table, index);
}

static const struct hms_mirror_ops hms_sim_mirror_ops = {
	.map = hms_sim_map,
	.unmap = hms_sim_unmap,
};

/**
 * hms_sim_access - the accelerator touches memory of a program
 * @context: the program
 * @address: in its address space
 * @write: to write
 * @tell: if the page is its own, the core is to know that it is in use
 * @access: does it; @memory is where @address is, to the end of that page at most. Must not sleep.
 * @data: for @access
 * @stats: counted up
 *
 * Return: 0, or why not, see hms_mirror_fault().
 */
int hms_sim_access(struct hms_sim_context *context, unsigned long address, bool write, bool tell,
		   void (*access)(void *memory, void *data), void *data,
		   struct hms_sim_stats *stats)
{
	struct hms_mirror *mirror = &context->mirror;
	int ret = 0;

	while (!ret) {
		void *entry, *memory;
		struct page *page;

		spin_lock(&mirror->lock);
		entry = xa_load(&context->page_table, address >> PAGE_SHIFT);
		if (entry && (!write || xa_pointer_tag(entry))) {
			/* An entry is there as long as the page is mapped: no reference needed. */
			page = xa_untag_pointer(entry);
			memory = hms_map_page(page);
			access(memory + offset_in_page(address), data);
			hms_unmap_page(page, memory);
			if (hms_target_of_page(page) == context->sim->target) {
				stats->local++;
				if (tell)
					hms_target_accessed(page);
			} else {
				stats->remote++;
			}
			spin_unlock(&mirror->lock);
			return 0;
		}
		spin_unlock(&mirror->lock);
		stats->faults++;
		ret = hms_mirror_fault(mirror, address, write);
	}
	return ret;
}

/**
 * hms_sim_context_new - let a program use an accelerator
 * @sim: the accelerator
 *
 * Return: the context of current's address space, or an ERR_PTR().
 */
struct hms_sim_context *hms_sim_context_new(struct hms_sim *sim)
{
	struct hms_sim_context *context;

	if (!current->mm)
		return ERR_PTR(-EINVAL);
	context = kzalloc(sizeof(*context), GFP_KERNEL_ACCOUNT);
	if (!context)
		return ERR_PTR(-ENOMEM);
	context->sim = sim;
	xa_init(&context->page_table);
	hms_mirror_add(&context->mirror, current->mm, sim->target, &hms_sim_mirror_ops);
	return context;
}

/**
 * hms_sim_context_free - end hms_sim_context_new()
 * @context: the context
 */
void hms_sim_context_free(struct hms_sim_context *context)
{
	hms_mirror_remove(&context->mirror);
	xa_destroy(&context->page_table);
	kfree(context);
}
