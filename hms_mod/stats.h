/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_STATS_H
#define _HMS_STATS_H

#include <linux/atomic.h>
#include <linux/types.h>

struct hms_target;

/* What is counted; the names are those of the files in sysfs, and explained in stats.c. */
enum hms_stat {
	HMS_STAT_POLICY_CALLS,
	HMS_STAT_MIGRATE_CALLS,
	HMS_STAT_BOTH_CALLS,
	HMS_STAT_HOME_FAULTS,
	HMS_STAT_HOME_WAITED,
	HMS_STAT_HOME,
	HMS_STAT_HOME_ELSEWHERE,
	HMS_STAT_FAULT_PLACED,
	HMS_STAT_FAULT_RETRIED,
	HMS_STAT_LAZY,
	HMS_STAT_LAZY_TOUCHED,
	HMS_STAT_EVACUATED,
	HMS_STAT_EVICTED,
	HMS_STAT_LOST,
	HMS_STAT_LOST_TOUCHED,
	HMS_STAT_POLICY_LOST,
	HMS_STAT_NR,
};

/* The same of a target. Each way of leaving it is one of its own. */
enum hms_target_stat {
	HMS_TARGET_MOVED_IN,
	HMS_TARGET_MOVED_OUT,
	HMS_TARGET_POPULATED,
	HMS_TARGET_HOME,
	HMS_TARGET_EVACUATED,
	HMS_TARGET_EVICTED,
	HMS_TARGET_STAT_NR,
};

extern atomic64_t hms_stats[HMS_STAT_NR];

/**
 * hms_stat_add - count
 * @stat: what
 * @n: how many
 *
 * Context: any.
 */
static inline void hms_stat_add(enum hms_stat stat, u64 n)
{
	if (n)
		atomic64_add(n, &hms_stats[stat]);
}

void hms_target_stat_add(struct hms_target *target, enum hms_target_stat stat, u64 n);

extern const struct attribute_group hms_stats_group;
extern const struct attribute_group hms_target_stats_group;

#endif /* _HMS_STATS_H */
