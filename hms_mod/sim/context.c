// SPDX-License-Identifier: GPL-2.0
/*
 * A context: a program on an accelerator. Its page table is filled through the mirror, one device
 * fault at a time; the accelerator reaches memory through it and in no other way.
 */

#include <linux/fs.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "../user.h"
#include "sim.h"

static struct hms_sim_context *hms_sim_of_mirror(struct hms_mirror *mirror)
{
	return container_of(mirror, struct hms_sim_context, mirror);
}

static int hms_sim_map(struct hms_mirror *mirror, unsigned long address, struct page *page,
		       bool writable)
{
	struct hms_sim_context *context = hms_sim_of_mirror(mirror);

	return xa_err(xa_store(&context->page_table, address >> PAGE_SHIFT,
			       xa_tag_pointer(page, writable), GFP_NOWAIT | __GFP_NOWARN));
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
 * @access: does it; @memory is where @address is, to the end of that page at most. Must not sleep.
 * @data: for @access
 * @stats: counted up
 *
 * Return: 0, or why not, see hms_mirror_fault().
 */
int hms_sim_access(struct hms_sim_context *context, unsigned long address, bool write,
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
			memory = hms_sim_map_page(page);
			access(memory + offset_in_page(address), data);
			hms_sim_unmap_page(page, memory);
			if (is_device_private_page(page))
				stats->local++;
			else
				stats->remote++;
			spin_unlock(&mirror->lock);
			return 0;
		}
		spin_unlock(&mirror->lock);
		stats->faults++;
		ret = hms_mirror_fault(mirror, address, write);
	}
	return ret;
}

static int hms_sim_open(struct inode *inode, struct file *filp)
{
	struct hms_sim *sim = container_of(filp->private_data, struct hms_sim, misc);
	struct hms_sim_context *context;
	int ret;

	if (!current->mm)
		return -EINVAL;
	context = kzalloc(sizeof(*context), GFP_KERNEL_ACCOUNT);
	if (!context)
		return -ENOMEM;
	context->sim = sim;
	context->mm = current->mm;
	xa_init(&context->page_table);
	ret = hms_mirror_add(&context->mirror, context->mm, sim->target, &hms_sim_mirror_ops);
	if (ret) {
		kfree(context);
		return ret;
	}
	mmgrab(context->mm);
	filp->private_data = context;
	return nonseekable_open(inode, filp);
}

static int hms_sim_release(struct inode *inode, struct file *filp)
{
	struct hms_sim_context *context = filp->private_data;

	hms_mirror_remove(&context->mirror);
	xa_destroy(&context->page_table);
	mmdrop(context->mm);
	kfree(context);
	return 0;
}

static long hms_sim_ioctl(struct file *filp, unsigned int cmd, unsigned long address)
{
	struct hms_sim_context *context = filp->private_data;
	void __user *user = (void __user *)address;
	union {
		struct hms_sim_info info;
		struct hms_sim_op op;
		struct hms_sim_walk walk;
	} arg;
	size_t known;
	int ret;

	switch (cmd) {
	case HMS_SIM_INFO:
		known = sizeof(arg.info);
		break;
	case HMS_SIM_READ:
	case HMS_SIM_WRITE:
	case HMS_SIM_FILL:
	case HMS_SIM_SUM:
	case HMS_SIM_ADD:
		known = sizeof(arg.op);
		break;
	case HMS_SIM_WALK:
		known = sizeof(arg.walk);
		break;
	default:
		return -ENOTTY;
	}
	if (current->mm != context->mm)
		return -EBADF;
	ret = hms_user_begin(user, &arg, known);
	if (ret)
		return ret;

	switch (cmd) {
	case HMS_SIM_INFO:
		ret = hms_sim_info(context, &arg.info);
		break;
	case HMS_SIM_WALK:
		ret = hms_sim_walk(context, &arg.walk);
		break;
	default:
		ret = hms_sim_op(context, cmd, &arg.op);
		break;
	}
	if (copy_to_user(user, &arg, known))
		return -EFAULT;
	return ret;
}

const struct file_operations hms_sim_fops = {
	.owner = THIS_MODULE,
	.open = hms_sim_open,
	.release = hms_sim_release,
	.unlocked_ioctl = hms_sim_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};
