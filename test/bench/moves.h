/* SPDX-License-Identifier: GPL-2.0 */
/* What benchmarks of moving share: memory to move, and the ways to move it, ours and others'. */
#ifndef MOVES_H
#define MOVES_H

#include "range.h"

#define HERE	0	/* node where memory is at first */
#define THERE	2	/* another one */

/* Fresh memory on HERE, with advice for madvise(2); range_unmap() ends it. */
char *memory_here(size_t length, int advice);

/* All of it, or these die. With flags of hms_migrate(). */
void hms_move(char *start, size_t length, uint32_t uid, unsigned int flags);

/* ---- peers.c ---- */

/* With MPOL_MF_MOVE; these die too. */
void mbind_move(char *start, size_t length, int node);
void move_pages_to(char *start, size_t length, int node);

/*
 * Is the kernel's own emulated device there? False of the others: not all has moved, as happens
 * when two use it at once.
 */
bool test_hmm_is_there(void);
bool test_hmm_to_device(char *start, size_t length, int device);
bool test_hmm_to_memory(char *start, size_t length, int device);

#endif /* MOVES_H */
