// SPDX-License-Identifier: GPL-2.0
/*
 * hms_sim: emulated accelerators with memory of their own, to try HMS without hardware, to test
 * it, and to show a driver author what a driver is. This file starts and stops them.
 */

#include <linux/err.h>
#include <linux/device.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "sim.h"

static unsigned int count = 2;
module_param(count, uint, 0444);
MODULE_PARM_DESC(count, "accelerators, 1 to 64");

static unsigned int size_mb = 64;
module_param(size_mb, uint, 0444);
MODULE_PARM_DESC(size_mb, "memory of each, in MiB");

static bool peers = true;
module_param(peers, bool, 0444);
MODULE_PARM_DESC(peers, "they copy among each other, not through main memory");

static bool later;
module_param(later, bool, 0444);
MODULE_PARM_DESC(later, "they copy by themselves, and tell when it is done");

static bool own;
module_param(own, bool, 0444);
MODULE_PARM_DESC(own, "they have an allocator of their own, and lend memory when it is wanted");

static ulong range;
module_param(range, ulong, 0444);
MODULE_PARM_DESC(range, "physical address of memory that nobody uses, for all of them: it is coherent");

static struct device *hms_sim_root;
static struct hms_sim *hms_sims;

/* The accelerators are all there; under the lock, as parameters are there before and after. */
static bool hms_sim_up;
static DEFINE_MUTEX(hms_sim_lock);

/* What is there can't be reached any more, until the module goes. */
static int hms_sim_set_gone(const char *value, const struct kernel_param *kp)
{
	unsigned int index;
	int ret;

	ret = kstrtouint(value, 0, &index);
	if (ret)
		return ret;
	mutex_lock(&hms_sim_lock);
	if (hms_sim_up && index < count)
		ret = hms_target_gone(hms_sims[index].target);
	else
		ret = -EINVAL;
	mutex_unlock(&hms_sim_lock);
	return ret;
}

static const struct kernel_param_ops hms_sim_gone_ops = {
	.set = hms_sim_set_gone,
};
module_param_cb(gone, &hms_sim_gone_ops, NULL, 0200);
MODULE_PARM_DESC(gone, "for tests: number of an accelerator that goes without notice");

static void hms_sim_stop(unsigned int n)
{
	while (n)
		hms_sim_device_remove(&hms_sims[--n]);
	root_device_unregister(hms_sim_root);
	kfree(hms_sims);
}

static int __init hms_sim_init(void)
{
	unsigned int i;
	int ret;

	if (!count || count > 64 || !size_mb)
		return -EINVAL;
	hms_sims = kcalloc(count, sizeof(*hms_sims), GFP_KERNEL);
	if (!hms_sims)
		return -ENOMEM;
	hms_sim_root = root_device_register("hms_sim");
	if (IS_ERR(hms_sim_root)) {
		ret = PTR_ERR(hms_sim_root);
		kfree(hms_sims);
		return ret;
	}
	for (i = 0; i < count; i++) {
		hms_sims[i].peers = peers ? hms_sims : NULL;
		hms_sims[i].npeers = peers ? count : 0;
		ret = hms_sim_device_add(&hms_sims[i], i, (u64)size_mb * SZ_1M, hms_sim_root,
					 range ? range + i * (u64)size_mb * SZ_1M : 0, later, own);
		if (ret) {
			pr_err("hms_sim%u: no accelerator: error %d\n", i, ret);
			hms_sim_stop(i);
			return ret;
		}
	}
	ret = hms_sim_described_start(hms_sim_root);
	if (ret) {
		hms_sim_stop(count);
		return ret;
	}
	mutex_lock(&hms_sim_lock);
	hms_sim_up = true;
	mutex_unlock(&hms_sim_lock);
	return 0;
}

static void __exit hms_sim_exit(void)
{
	mutex_lock(&hms_sim_lock);
	hms_sim_up = false;
	mutex_unlock(&hms_sim_lock);
	hms_sim_described_stop();
	hms_sim_stop(count);
}

module_init(hms_sim_init);
module_exit(hms_sim_exit);

MODULE_DESCRIPTION("Emulated accelerators for HMS");
MODULE_LICENSE("GPL");
MODULE_INFO(staging, "Y");
