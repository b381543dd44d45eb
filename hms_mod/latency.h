/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_LATENCY_H
#define _HMS_LATENCY_H

#include <linux/jump_label.h>
#include <linux/timekeeping.h>

#include "stats.h"

/* What a pass spends time on. Of collecting and committing only core's part is timed, not ours. */
enum hms_phase {
	HMS_PHASE_COLLECT,
	HMS_PHASE_COPY,
	HMS_PHASE_COMMIT,
	HMS_PHASE_UNMAPPED,	/* from the beginning of the first to the end of the last */
	HMS_PHASE_NR,
};

/**
 * struct hms_times - when a pass did what
 * @collect: when it began to collect, 0 while nobody counts; then the rest says nothing
 * @copy: when it began to copy
 * @took: what each phase took, 0 for one that did not take place
 */
struct hms_times {
	u64 collect;
	u64 copy;
	u64 took[HMS_PHASE_NR];
};

DECLARE_STATIC_KEY_FALSE(hms_latency_counts);

/* When it is, or 0: a pass that moves one page would feel it if the clock were always read. */
static inline u64 hms_latency_now(void)
{
	return static_branch_unlikely(&hms_latency_counts) ? ktime_get_ns() : 0;
}

static inline void hms_times_begin(struct hms_times *times)
{
	times->collect = 0;
	if (static_branch_unlikely(&hms_latency_counts))
		*times = (struct hms_times) { .collect = ktime_get_ns() };
}

/* Of several runs the first begins, so that the clock is not read for each. */
static inline void hms_times_copy(struct hms_times *times)
{
	if (static_branch_unlikely(&hms_latency_counts) && !times->copy)
		times->copy = ktime_get_ns();
}

/* Some of a phase, perhaps all of it, is over; it began at @began, or has not taken place. */
static inline void hms_times_add(struct hms_times *times, enum hms_phase phase, u64 began)
{
	if (static_branch_unlikely(&hms_latency_counts) && began)
		times->took[phase] += ktime_get_ns() - began;
}

int hms_latency_start(void);
void hms_latency_stop(void);
void hms_latency_count(const struct hms_times *times, enum hms_target_stat why, u64 pages);

/**
 * hms_latency_add - count a pass, if somebody counts
 * @times: when it did what
 * @why: which kind it is
 * @pages: how many moved
 */
static inline void hms_latency_add(const struct hms_times *times, enum hms_target_stat why,
				   u64 pages)
{
	if (static_branch_unlikely(&hms_latency_counts))
		hms_latency_count(times, why, pages);
}

#endif /* _HMS_LATENCY_H */
