/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the benchmark of moving share. */
#ifndef MIGRATE_H
#define MIGRATE_H

#include "range.h"

#define HERE	0	/* node where memory is at first */
#define THERE	2	/* another one */

/* ---- peers.c: the same by others; all die when not every page has moved ---- */

/* With MPOL_MF_MOVE. */
void mbind_move(char *start, size_t length, int node);
void move_pages_to(char *start, size_t length, int node);

/* Is the kernel's own emulated device there? */
bool test_hmm_is_there(void);
void test_hmm_to_device(char *start, size_t length, int device);
void test_hmm_to_memory(char *start, size_t length, int device);

/* ---- the parts ---- */

void bench_small(void);
void bench_large(void);

/* Fresh memory on HERE, with advice for madvise(2); range_unmap() ends it. */
char *memory_here(size_t length, int advice);

/* By HMS, all of it. */
void hms_move(char *start, size_t length, uint32_t uid);

#endif /* MIGRATE_H */
