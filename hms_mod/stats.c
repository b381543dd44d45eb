// SPDX-License-Identifier: GPL-2.0
/*
 * Statistics: what is used, and what happened behind the callers' backs. In sysfs, one number a
 * file: below the misc device, counted since the module was loaded, and below each target that
 * holds pages, counted since that came. Those of a process are in its binding.
 */

#include <linux/atomic.h>
#include <linux/device.h>

#include "stats.h"
#include "target.h"

atomic64_t hms_stats[HMS_STAT_NR];

#define HMS_STAT_FILE(file, stat)							\
static ssize_t file##_show(struct device *dev, struct device_attribute *attr, char *buf)	\
{											\
	return sysfs_emit(buf, "%lld\n", atomic64_read(&hms_stats[stat]));		\
}											\
static DEVICE_ATTR_RO(file)

/* Successful requests that set a policy only, moved or populated only, did both. */
HMS_STAT_FILE(policy_calls, HMS_STAT_POLICY_CALLS);
HMS_STAT_FILE(migrate_calls, HMS_STAT_MIGRATE_CALLS);
HMS_STAT_FILE(both_calls, HMS_STAT_BOTH_CALLS);
/*
 * CPU touches of device pages, those that waited for another, the pages they brought home, those
 * not where policy wanted them.
 */
HMS_STAT_FILE(home_faults, HMS_STAT_HOME_FAULTS);
HMS_STAT_FILE(home_waited, HMS_STAT_HOME_WAITED);
HMS_STAT_FILE(home, HMS_STAT_HOME);
HMS_STAT_FILE(home_elsewhere, HMS_STAT_HOME_ELSEWHERE);
/* Pages moved or allocated because a device touched them and a policy says where. */
HMS_STAT_FILE(fault_placed, HMS_STAT_FAULT_PLACED);
/* Device faults that began again, as what they had read of the page table has changed. */
HMS_STAT_FILE(fault_retried, HMS_STAT_FAULT_RETRIED);
/* Placeholders put into holes, and those that pages took the place of when they were touched. */
HMS_STAT_FILE(lazy, HMS_STAT_LAZY);
HMS_STAT_FILE(lazy_touched, HMS_STAT_LAZY_TOUCHED);
/* Pages brought home because their device went. */
HMS_STAT_FILE(evacuated, HMS_STAT_EVACUATED);
/* Pages that left a full device. */
HMS_STAT_FILE(evicted, HMS_STAT_EVICTED);
/* Pages lost with the memory of a device that failed or went, and touches of them. */
HMS_STAT_FILE(lost, HMS_STAT_LOST);
HMS_STAT_FILE(lost_touched, HMS_STAT_LOST_TOUCHED);
/* Policy ranges that could not be kept, inherited or carried. */
HMS_STAT_FILE(policy_lost, HMS_STAT_POLICY_LOST);

static struct attribute *hms_stats_attrs[] = {
	&dev_attr_policy_calls.attr,
	&dev_attr_migrate_calls.attr,
	&dev_attr_both_calls.attr,
	&dev_attr_home_faults.attr,
	&dev_attr_home_waited.attr,
	&dev_attr_home.attr,
	&dev_attr_home_elsewhere.attr,
	&dev_attr_fault_placed.attr,
	&dev_attr_fault_retried.attr,
	&dev_attr_lazy.attr,
	&dev_attr_lazy_touched.attr,
	&dev_attr_evacuated.attr,
	&dev_attr_evicted.attr,
	&dev_attr_lost.attr,
	&dev_attr_lost_touched.attr,
	&dev_attr_policy_lost.attr,
	NULL
};

const struct attribute_group hms_stats_group = {
	.name = "stats",
	.attrs = hms_stats_attrs,
};

/**
 * hms_target_stat_add - count pages of a target
 * @target: the target
 * @stat: what
 * @n: how many
 *
 * Context: any.
 */
void hms_target_stat_add(struct hms_target *target, enum hms_target_stat stat, u64 n)
{
	atomic64_add(n, &target->stats[stat]);
}

#define HMS_TARGET_FILE(file, stat)							\
static ssize_t target_##file##_show(struct device *dev, struct device_attribute *attr,	\
				    char *buf)						\
{											\
	struct hms_target *target = container_of(dev, struct hms_target, obj.dev);	\
											\
	return sysfs_emit(buf, "%lld\n", atomic64_read(&target->stats[stat]));		\
}											\
static struct device_attribute hms_target_##file = __ATTR(file, 0444, target_##file##_show, NULL)

/* Pages that came from another target, or into being there. */
HMS_TARGET_FILE(moved_in, HMS_TARGET_MOVED_IN);
HMS_TARGET_FILE(populated, HMS_TARGET_POPULATED);
/* Pages that left: by a request, because of a touch, the target went, or others needed the room. */
HMS_TARGET_FILE(moved_out, HMS_TARGET_MOVED_OUT);
HMS_TARGET_FILE(home, HMS_TARGET_HOME);
HMS_TARGET_FILE(evacuated, HMS_TARGET_EVACUATED);
HMS_TARGET_FILE(evicted, HMS_TARGET_EVICTED);

static struct attribute *hms_target_stats_attrs[] = {
	&hms_target_moved_in.attr,
	&hms_target_moved_out.attr,
	&hms_target_populated.attr,
	&hms_target_home.attr,
	&hms_target_evacuated.attr,
	&hms_target_evicted.attr,
	NULL
};

const struct attribute_group hms_target_stats_group = {
	.name = "stats",
	.attrs = hms_target_stats_attrs,
};
