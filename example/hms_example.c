// SPDX-License-Identifier: GPL-2.0
/*
 * An example of a driver for HMS, to begin one of your own with: doc/driver.md walks through it.
 *
 * The device is made up: its memory is main memory that only this file touches, and all that it can
 * do is read and write the memory of a process, where that is now. A program opens /dev/hms_example
 * and reads or writes it: the position is an address of its own.
 */

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/vmalloc.h>
#include <linux/xarray.h>

#include <hms/driver.h>

static unsigned int size_mb = 16;
module_param(size_mb, uint, 0444);
MODULE_PARM_DESC(size_mb, "memory of the device, in MiB");

static void *example_memory;
static struct hms_target *example_target;
static struct hms_initiator *example_initiator;
static struct hms_link *example_link;

/* 1. The memory: how pages are copied. */

/* A device would be told what to copy, and waited for: this may sleep. */
static int example_copy(struct hms_target *target, const struct hms_copy *pages, unsigned int n)
{
	void *dst, *src;
	unsigned int i;

	for (i = 0; i < n; i++) {
		dst = hms_map_page(pages[i].dst);
		if (pages[i].src) {
			src = hms_map_page(pages[i].src);
			memcpy(dst, src, PAGE_SIZE);
			hms_unmap_page(pages[i].src, src);
		} else {
			memset(dst, 0, PAGE_SIZE);
		}
		hms_unmap_page(pages[i].dst, dst);
	}
	return 0;
}

static const struct hms_target_ops example_target_ops = {
	.copy = example_copy,
};

/* 2. The page table of the device, one for each process that uses it. */

/**
 * struct example_context - a process on the device
 * @mirror: follows its page table
 * @table: page table: by page number a page, tagged when the device may write it; protected by the
 *	lock of the mirror
 */
struct example_context {
	struct hms_mirror mirror;
	struct xarray table;
};

static int example_enter(struct hms_mirror *mirror, unsigned long address, struct page *page,
			 bool writable)
{
	struct example_context *context = container_of(mirror, struct example_context, mirror);

	/* One that may be written stays so. */
	if (xa_load(&context->table, address >> PAGE_SHIFT) == xa_tag_pointer(page, 1))
		return 0;
	return xa_err(xa_store(&context->table, address >> PAGE_SHIFT,
			       xa_tag_pointer(page, writable), GFP_NOWAIT | __GFP_NOWARN));
}

/* A device would also be made to forget what it has in its TLB, and be waited for. */
static void example_forget(struct hms_mirror *mirror, unsigned long start, unsigned long end)
{
	struct example_context *context = container_of(mirror, struct example_context, mirror);
	unsigned long number;
	void *entry;

	xa_for_each_range(&context->table, number, entry, start >> PAGE_SHIFT,
			  (end - 1) >> PAGE_SHIFT)
		xa_erase(&context->table, number);
}

static const struct hms_mirror_ops example_mirror_ops = {
	.map = example_enter,
	.unmap = example_forget,
};

/* 3. The device at work: it looks into its page table, and faults where there is nothing. */

static int example_access(struct example_context *context, unsigned long address, bool write,
			  void *buffer, size_t length)
{
	struct page *page;
	void *entry, *at;
	int ret = 0;

	while (!ret) {
		spin_lock(&context->mirror.lock);
		entry = xa_load(&context->table, address >> PAGE_SHIFT);
		if (entry && (!write || xa_pointer_tag(entry))) {
			/* As long as it is in the table the page is mapped. */
			page = xa_untag_pointer(entry);
			at = hms_map_page(page);
			if (write)
				memcpy(at + offset_in_page(address), buffer, length);
			else
				memcpy(buffer, at + offset_in_page(address), length);
			hms_unmap_page(page, at);
			spin_unlock(&context->mirror.lock);
			return 0;
		}
		spin_unlock(&context->mirror.lock);
		/* What it enters may be taken back before it is used: look again. */
		ret = hms_mirror_fault(&context->mirror, address, write);
	}
	return ret;
}

/* 4. What programs see. */

static int example_open(struct inode *inode, struct file *filp)
{
	struct example_context *context = kzalloc(sizeof(*context), GFP_KERNEL_ACCOUNT);

	if (!context)
		return -ENOMEM;
	xa_init(&context->table);
	hms_mirror_add(&context->mirror, current->mm, example_target, &example_mirror_ops);
	filp->private_data = context;
	return 0;
}

static int example_release(struct inode *inode, struct file *filp)
{
	struct example_context *context = filp->private_data;

	hms_mirror_remove(&context->mirror);
	xa_destroy(&context->table);
	kfree(context);
	return 0;
}

/* Page by page, and through a buffer: user memory is not touched while the device holds a page. */
static ssize_t example_io(struct kiocb *iocb, struct iov_iter *user)
{
	struct example_context *context = iocb->ki_filp->private_data;
	bool write = iov_iter_rw(user) == WRITE;
	loff_t start = iocb->ki_pos;
	void *buffer;
	ssize_t ret = 0, n;

	/* A child that has inherited the descriptor has other memory; this one has users. */
	if (current->mm != context->mirror.mm)
		return -EBADF;
	buffer = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;
	while (iov_iter_count(user) && !ret) {
		n = min(iov_iter_count(user), PAGE_SIZE - offset_in_page(iocb->ki_pos));
		if (write && !copy_from_iter_full(buffer, n, user))
			ret = -EFAULT;
		if (!ret)
			ret = example_access(context, iocb->ki_pos, write, buffer, n);
		if (!ret && !write && copy_to_iter(buffer, n, user) != n)
			ret = -EFAULT;
		if (!ret)
			iocb->ki_pos += n;
	}
	kfree(buffer);
	return iocb->ki_pos - start ?: ret;
}

static const struct file_operations example_fops = {
	.owner = THIS_MODULE,
	.open = example_open,
	.release = example_release,
	.read_iter = example_io,
	.write_iter = example_io,
	.llseek = default_llseek,
};

static struct miscdevice example_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "hms_example",
	.mode = 0660,
	.fops = &example_fops,
};

/* 5. Into the map, and out of it. */

static int example_connect(void)
{
	/* What a data sheet says: MB/s and ns. */
	static const struct hms_value values[HMS_ATTRIBUTES] = {
		[HMS_READ_BANDWIDTH]	= { 400000, HMS_SOURCE_DRIVER },
		[HMS_WRITE_BANDWIDTH]	= { 400000, HMS_SOURCE_DRIVER },
		[HMS_READ_LATENCY]	= { 300, HMS_SOURCE_DRIVER },
		[HMS_WRITE_LATENCY]	= { 300, HMS_SOURCE_DRIVER },
	};

	hms_link_set(example_link, values);
	return hms_link_add_target(example_link, example_target) ?:
	       hms_link_add_initiator(example_link, example_initiator);
}

static void example_unregister(void)
{
	hms_link_unregister(example_link);
	hms_initiator_unregister(example_initiator);
	/* What programs have in the device comes home before its memory goes. */
	hms_target_unregister(example_target);
	vfree(example_memory);
}

static int __init example_init(void)
{
	struct hms_target_desc desc = {
		.name = "hms_example",
		.ops = &example_target_ops,
		.size = (u64)size_mb << 20,
	};
	int ret;

	example_memory = vzalloc(desc.size);
	if (!example_memory)
		return -ENOMEM;
	desc.memory = example_memory;
	example_target = hms_target_register(&desc);
	example_initiator = hms_initiator_register("hms_example", NULL);
	example_link = hms_link_register("hms_example", NULL);
	ret = PTR_ERR_OR_ZERO(example_target) ?: PTR_ERR_OR_ZERO(example_initiator) ?:
	      PTR_ERR_OR_ZERO(example_link) ?: example_connect() ?: misc_register(&example_misc);
	if (ret)
		example_unregister();
	return ret;
}

/* No descriptor is open. */
static void __exit example_exit(void)
{
	misc_deregister(&example_misc);
	example_unregister();
}

module_init(example_init);
module_exit(example_exit);

MODULE_DESCRIPTION("An example of a driver for HMS");
MODULE_LICENSE("GPL");
