// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/hms: open files, and the way of a request from user memory to the part that serves it and
 * back.
 */

#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/hms.h>

#include "binding.h"
#include "file.h"
#include "info.h"
#include "query.h"
#include "request.h"
#include "stats.h"
#include "user.h"

/**
 * hms_file_enter - begin to work on the address space of a descriptor
 * @file: the descriptor
 * @flags: HMS_REMOTE allows to come from another address space
 *
 * Return: the binding, until hms_file_leave(), or an ERR_PTR(): -EBADF, -ESRCH, -ENOMEM, -EINTR.
 */
struct hms_binding *hms_file_enter(struct hms_file *file, u32 flags)
{
	struct hms_binding *binding;

	if (current->mm != file->mm && !(flags & HMS_REMOTE))
		return ERR_PTR(-EBADF);
	if (!mmget_not_zero(file->mm))
		return ERR_PTR(-ESRCH);
	binding = READ_ONCE(file->binding);
	if (binding)
		return binding;
	binding = hms_binding_get(file->mm);
	if (IS_ERR(binding)) {
		mmput_async(file->mm);
	} else if (cmpxchg(&file->binding, NULL, binding)) {
		/* Another thread was first; it is the same one, as that holds it. */
		hms_binding_put(binding);
	}
	return binding;
}

/**
 * hms_file_leave - end hms_file_enter()
 * @file: the descriptor
 *
 * If the process has exited meanwhile, its memory is not torn down in the middle of the caller.
 */
void hms_file_leave(struct hms_file *file)
{
	mmput_async(file->mm);
}

static int hms_open(struct inode *inode, struct file *filp)
{
	struct hms_file *file;

	if (!current->mm)
		return -EINVAL;
	file = kzalloc(sizeof(*file), GFP_KERNEL_ACCOUNT);
	if (!file)
		return -ENOMEM;
	mmgrab(current->mm);
	file->mm = current->mm;
	filp->private_data = file;
	return nonseekable_open(inode, filp);
}

static int hms_release(struct inode *inode, struct file *filp)
{
	struct hms_file *file = filp->private_data;

	if (file->binding)
		hms_binding_put(file->binding);
	mmdrop(file->mm);
	kfree(file);
	return 0;
}

union hms_argument {
	struct hms_info info;
	struct hms_hbind hbind;
	struct hms_query query;
};

static long hms_ioctl(struct file *filp, unsigned int cmd, unsigned long address)
{
	struct hms_file *file = filp->private_data;
	void __user *user = (void __user *)address;
	union hms_argument arg;
	size_t known;
	int ret;

	switch (cmd) {
	case HMS_INFO:
		known = sizeof(arg.info);
		break;
	case HMS_HBIND:
		known = sizeof(arg.hbind);
		break;
	case HMS_QUERY:
		known = sizeof(arg.query);
		break;
	default:
		return -ENOTTY;
	}

	ret = hms_user_begin(user, &arg, known);
	if (ret)
		return ret;

	switch (cmd) {
	case HMS_INFO:
		ret = hms_info(&arg.info);
		break;
	case HMS_HBIND:
		ret = hms_hbind(file, &arg.hbind);
		break;
	case HMS_QUERY:
		ret = hms_query(file, &arg.query);
		break;
	}
	if (copy_to_user(user, &arg, known))
		return -EFAULT;
	return ret;
}

static const struct file_operations hms_fops = {
	.owner = THIS_MODULE,
	.open = hms_open,
	.release = hms_release,
	.unlocked_ioctl = hms_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static const struct attribute_group *hms_misc_groups[] = {
	&hms_stats_group,
	NULL
};

static struct miscdevice hms_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "hms",
	.mode = 0660,
	.fops = &hms_fops,
	.groups = hms_misc_groups,
};

int hms_file_start(void)
{
	return misc_register(&hms_misc);
}

void hms_file_stop(void)
{
	misc_deregister(&hms_misc);
}
