// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/hms_simN: open files, and the way of a request to the accelerator.
 */

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "../user.h"
#include "sim.h"

static int hms_sim_open(struct inode *inode, struct file *filp)
{
	struct hms_sim *sim = container_of(filp->private_data, struct hms_sim, misc);
	struct hms_sim_context *context = hms_sim_context_new(sim);

	if (IS_ERR(context))
		return PTR_ERR(context);
	filp->private_data = context;
	return nonseekable_open(inode, filp);
}

static int hms_sim_release(struct inode *inode, struct file *filp)
{
	hms_sim_context_free(filp->private_data);
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
		struct hms_sim_reserve reserve;
		struct hms_sim_fail fail;
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
	case HMS_SIM_RESERVE:
		known = sizeof(arg.reserve);
		break;
	case HMS_SIM_FAIL:
		known = sizeof(arg.fail);
		break;
	default:
		return -ENOTTY;
	}
	if (current->mm != context->mirror.mm)
		return -EBADF;
	ret = hms_user_begin(user, &arg, known, known);
	if (ret)
		return ret;

	switch (cmd) {
	case HMS_SIM_INFO:
		ret = hms_sim_info(context, &arg.info);
		break;
	case HMS_SIM_WALK:
		ret = hms_sim_walk(context, &arg.walk);
		break;
	case HMS_SIM_RESERVE:
		ret = hms_sim_reserve(context, &arg.reserve);
		break;
	case HMS_SIM_FAIL:
		ret = hms_sim_fail(context, &arg.fail);
		break;
	default:
		ret = hms_sim_op(context, cmd, &arg.op);
		break;
	}
	return hms_user_end(user, &arg, known) ?: ret;
}

const struct file_operations hms_sim_fops = {
	.owner = THIS_MODULE,
	.open = hms_sim_open,
	.release = hms_sim_release,
	.unlocked_ioctl = hms_sim_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};
