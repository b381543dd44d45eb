/* SPDX-License-Identifier: GPL-2.0 */
/* What benchmarks of memory share: a handle, ranges, and what sets their policy. */
#ifndef RANGE_H
#define RANGE_H

#include <stddef.h>
#include <stdint.h>

#include <hms/hms.h>

#include "bench.h"

#define PAGE		4096UL
#define MiB(n)		((size_t)(n) << 20)
#define HUGE_PAGE	MiB(2)

#define NO_NODE		(-1)	/* no policy */
#define MAX_NODES	4

/* Runs this program anew with addresses that are the same in every run, on one CPU. */
void hold_still(char **argv);

/* Sets a policy of one node, or clears it. Dies when that fails. */
typedef void set_fn(const char *start, size_t length, int node);

set_fn set_mbind;	/* mbind(2), MPOL_BIND */
set_fn set_hms;		/* hms_hbind(), HMS_MODE_BIND */

/* The handle of this thread, opened when it is asked for first. */
struct hms *handle(void);

/* After fork(2): the next who asks opens one of its own. */
void handle_forget(void);

/* uid of a node. */
uint32_t node_uid(int node);

/* uid of the @nth target that is device memory, or 0. */
uint32_t device_uid(int nth);

/* Untouched anonymous memory without neighbours, aligned to a huge page. */
char *range_map(size_t length);
void range_unmap(char *start, size_t length);

/* A byte in each page. */
void range_touch(char *start, size_t length);

#endif /* RANGE_H */
