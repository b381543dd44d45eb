// SPDX-License-Identifier: GPL-2.0
/*
 * Statistics: what is used, and what happened behind the callers' backs. In sysfs below the misc
 * device, one number a file, counted since the module was loaded.
 */

#include <linux/atomic.h>
#include <linux/device.h>

#include "stats.h"

static atomic64_t hms_stats[HMS_STAT_NR];

/**
 * hms_stat_add - count
 * @stat: what
 * @n: how many
 *
 * Context: any.
 */
void hms_stat_add(enum hms_stat stat, u64 n)
{
	if (n)
		atomic64_add(n, &hms_stats[stat]);
}

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
/* CPU touches of device pages, the pages they brought home, those not where policy wanted them. */
HMS_STAT_FILE(home_faults, HMS_STAT_HOME_FAULTS);
HMS_STAT_FILE(home, HMS_STAT_HOME);
HMS_STAT_FILE(home_elsewhere, HMS_STAT_HOME_ELSEWHERE);
/* Pages brought home because their device went. */
HMS_STAT_FILE(evacuated, HMS_STAT_EVACUATED);
/* Policy ranges that could not be kept, inherited or carried. */
HMS_STAT_FILE(policy_lost, HMS_STAT_POLICY_LOST);

static struct attribute *hms_stats_attrs[] = {
	&dev_attr_policy_calls.attr,
	&dev_attr_migrate_calls.attr,
	&dev_attr_both_calls.attr,
	&dev_attr_home_faults.attr,
	&dev_attr_home.attr,
	&dev_attr_home_elsewhere.attr,
	&dev_attr_evacuated.attr,
	&dev_attr_policy_lost.attr,
	NULL
};

const struct attribute_group hms_stats_group = {
	.name = "stats",
	.attrs = hms_stats_attrs,
};
