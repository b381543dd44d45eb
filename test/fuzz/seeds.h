/* SPDX-License-Identifier: GPL-2.0 */
/* Good inputs for a fuzzer to begin with, each a file in a folder. */
#ifndef TEST_FUZZ_SEEDS_H
#define TEST_FUZZ_SEEDS_H

#include <stddef.h>

/* What NAME_seeds.c has: it writes all of a target's, each with seed(). */
void make_seeds(void);

void seed(const char *name, const void *bytes, size_t size);

#endif /* TEST_FUZZ_SEEDS_H */
