/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the benchmark of moving share. */
#ifndef MIGRATE_H
#define MIGRATE_H

#include "moves.h"

#define SIZE	MiB(16)
#define NPAGES	(SIZE / PAGE)
#define SPARSE	16UL		/* one page of so many */

/* ---- steps.c: something to do with SIZE of memory ---- */

typedef void step_fn(char *p);

step_fn nothing;
step_fn hms_to_device, hms_policy_to_device, hms_to_other_device, hms_home;
step_fn hms_there, hms_one_there, hms_set_policy, hms_set_another_policy;
step_fn peer_to_device, peer_to_other_device, peer_home;
step_fn mbind_there, move_pages_there, move_one_page_there;
step_fn touch_all, touch_sparse;

/* ---- cost.c: instructions a page ---- */

/* Of it in core (migrate_vma_setup(), _pages(), _finalize()), in copying or clearing; ours. */
struct cost {
	double total;
	double core;
	double copy;
	double rest;
	uint64_t unmapped;	/* at most, not a page but a pass */
};

/* What @act does, after @prepare, to fresh memory with an advice. */
struct cost cost(int advice, step_fn *prepare, step_fn *act, unsigned long npages);

/* The total, in a process of its own: others do not hear there of what HMS has moved before. */
double cost_apart(int advice, step_fn *prepare, step_fn *act, unsigned long npages);

/* ---- table.c ---- */

struct row {
	const char *what;
	step_fn *before;
	step_fn *act;
	const char *peer;
	step_fn *peer_before;
	step_fn *peer_act;
	unsigned long npages;
	double bar;		/* at most so much of the peer's, 0 for none */
	bool device;		/* needs them */
	unsigned int bar_on;	/* kernels where that is promised, ON_* */
	unsigned int ours_on;	/* the same of what is ours alone */
};

/* Of a row that could not be measured here, all 0. */
struct result {
	struct cost ours;
	double theirs;
};

/* Measures and prints the rows. */
void table_print(const struct row *rows, size_t n, int advice, struct result *results);

/* Says for how long pages stay unmapped. */
void table_unmapped(const struct row *rows, size_t n, const struct result *results);

/* Says which of their bars are reached. */
void table_judge(const struct row *rows, size_t n, const struct result *results);

/* ---- the parts ---- */

void bench_small(void);
void bench_large(void);

/* Only one step, by name. */
void profile(const char *name);

#endif /* MIGRATE_H */
