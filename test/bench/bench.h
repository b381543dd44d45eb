/* SPDX-License-Identifier: GPL-2.0 */
/* What the benchmarks share: the clock, tables, bounds. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stdint.h>

_Noreturn void die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Guest instructions since some point: nanoseconds of the guest's clock under -icount shift=0. */
uint64_t now(void);

/* Says what is measured and what is not; dies where the clock does not count instructions. */
void bench_start(const char *what);

/* The same of what is measured in time, by a clock like any other. */
void bench_start_timed(const char *what);

/* The exit code: 1 when a bound is broken. */
int bench_end(void);

/* A title for what follows, numbered. */
void heading(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A promise, said with what was measured; one that does not hold makes the benchmark fail. */
void bound(bool holds, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same of what is aimed at and not promised yet: it is said, and that is all. */
void aim(bool holds, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Kernels on which a bar is reached. */
#define ON_6_12	(1U << 0)
#define ON_7	(1U << 1)

/* A bound() on some kernels; others aim() at it. */
void bar(unsigned int on, bool holds, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * The least of several runs of a piece of code: what comes between, such as timer interrupts, only
 * ever adds.
 */
#define least_of(runs, ...) ({						\
	uint64_t least_ = UINT64_MAX;					\
	for (int run_ = 0; run_ < (runs); run_++) {			\
		uint64_t start_ = now(), took_;				\
		__VA_ARGS__;						\
		took_ = now() - start_;					\
		if (took_ < least_)					\
			least_ = took_;					\
	}								\
	least_;								\
})

#endif /* BENCH_H */
