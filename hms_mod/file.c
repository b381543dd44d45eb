// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/hms: open files, and the way of a request from user memory to the part that serves it and
 * back.
 */

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/hms.h>

#include "file.h"
#include "hbind.h"
#include "inbox.h"
#include "info.h"
#include "opener.h"
#include "query.h"
#include "stats.h"
#include "user.h"
#include "wait.h"

static int hms_open(struct inode *inode, struct file *filp)
{
	struct hms_opener *opener = hms_opener_new();

	if (IS_ERR(opener))
		return PTR_ERR(opener);
	filp->private_data = opener;
	return nonseekable_open(inode, filp);
}

static int hms_release(struct inode *inode, struct file *filp)
{
	hms_opener_free(filp->private_data);
	return 0;
}

static_assert(sizeof(struct hms_info) == HMS_INFO_SIZE_1);
static_assert(offsetofend(struct hms_hbind, skipped) == HMS_HBIND_SIZE_1);
static_assert(offsetofend(struct hms_query, lost) == HMS_QUERY_SIZE_1);
static_assert(sizeof(struct hms_wait) == HMS_WAIT_SIZE_1);

union hms_argument {
	struct hms_info info;
	struct hms_hbind hbind;
	struct hms_query query;
	struct hms_wait wait;
};

static long hms_ioctl(struct file *filp, unsigned int cmd, unsigned long address)
{
	struct hms_opener *opener = filp->private_data;
	void __user *user = (void __user *)address;
	/* hms_user_begin() fills in as much of it as @cmd has. */
	union hms_argument arg __uninitialized;
	size_t known, least;
	int ret;

	switch (cmd) {
	case HMS_INFO:
		known = sizeof(arg.info);
		least = HMS_INFO_SIZE_1;
		break;
	case HMS_HBIND:
		known = sizeof(arg.hbind);
		least = HMS_HBIND_SIZE_1;
		break;
	case HMS_QUERY:
		known = sizeof(arg.query);
		least = HMS_QUERY_SIZE_1;
		break;
	case HMS_WAIT:
		known = sizeof(arg.wait);
		least = HMS_WAIT_SIZE_1;
		break;
	default:
		return -ENOTTY;
	}

	ret = hms_user_begin(user, &arg, least, known);
	if (ret)
		return ret;

	switch (cmd) {
	case HMS_INFO:
		ret = hms_info(&arg.info);
		break;
	case HMS_HBIND:
		ret = hms_hbind(opener, &arg.hbind);
		break;
	case HMS_QUERY:
		ret = hms_query(opener, &arg.query);
		break;
	case HMS_WAIT:
		ret = hms_wait(opener, &arg.wait);
		break;
	}
	ret = hms_user_end(user, &arg, known) ?: ret;
	if (!ret && cmd == HMS_WAIT)
		hms_wait_end(opener, &arg.wait);
	return ret;
}

static ssize_t hms_read(struct file *filp, char __user *to, size_t size, loff_t *pos)
{
	return hms_inbox_read(filp->private_data, to, size, filp->f_flags & O_NONBLOCK);
}

static __poll_t hms_poll(struct file *filp, poll_table *wait)
{
	return hms_inbox_poll(filp->private_data, filp, wait);
}

static const struct file_operations hms_fops = {
	.owner = THIS_MODULE,
	.open = hms_open,
	.read = hms_read,
	.poll = hms_poll,
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
