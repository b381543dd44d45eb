/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the benchmark of policies share. */
#ifndef POLICY_H
#define POLICY_H

#include "range.h"

/* ---- the parts, each with a heading and its bounds ---- */

void bench_set(void);
void bench_many(void);
void bench_touch(void);
void bench_bystander(const char *without, const char *with);

/* What a process that never opens /dev/hms pays, into a file for bench_bystander(). */
void bystander_measure(const char *file);

#endif /* POLICY_H */
