/* SPDX-License-Identifier: GPL-2.0 */
/* How far something has come, on standard error. */
#ifndef HMSCTL_PROGRESS_H
#define HMSCTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct progress - how far something has come
 * @total: all there is to do
 * @shown: it is shown: there is a terminal, or it is wanted anyway
 * @lines: each time on a line of its own
 * @began: when, by now_ns()
 */
struct progress {
	uint64_t total;
	bool shown;
	bool lines;
	uint64_t began;
};

/* @always: also where there is no terminal */
void progress_begin(struct progress *progress, uint64_t total, bool always);

/* @done of the total; @bytes were moved for it */
void progress_show(const struct progress *progress, uint64_t done, uint64_t bytes);

void progress_end(const struct progress *progress);

#endif /* HMSCTL_PROGRESS_H */
