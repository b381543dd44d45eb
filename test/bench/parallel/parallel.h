/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the benchmark of moving at once share. */
#ifndef PARALLEL_H
#define PARALLEL_H

#include "moves.h"

#define SIZE	MiB(8)
#define NPAGES	(SIZE / PAGE)
#define REPEATS	5

/* ---- ways.c: there and back ---- */

struct way {
	const char *name;
	void (*there)(char *p, size_t length);
	void (*back)(char *p, size_t length);
	bool device;		/* needs emulated devices, of both */
	bool ours;
};

extern const struct way ways[];
extern const int nways;

/* Can it be done here? */
bool way_is_open(const struct way *way);

/* ---- workers.c ---- */

enum together { PROCESSES, THREADS };

/*
 * So many of them, each on a CPU of its own and with memory of its own: what they do in a second,
 * all together. Without a way each runs a loop that uses no memory.
 */
double workers_run(int n, enum together how, const struct way *way);

/* ---- the parts ---- */

void bench_shootdowns(void);
void bench_at_once(void);
/* @later: devices copy by themselves, and it is only that which is of interest. */
void bench_unmapped(bool later);

#endif /* PARALLEL_H */
