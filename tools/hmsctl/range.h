/* SPDX-License-Identifier: GPL-2.0 */
/* The range of memory of its own that hmsctl migrate and query work on. */
#ifndef HMSCTL_RANGE_H
#define HMSCTL_RANGE_H

#include <stddef.h>
#include <stdint.h>

#include <hms/hms.h>

struct range {
	uint64_t *words;
	size_t length;		/* bytes, whole pages */
	size_t filled;		/* bytes of it that hold the pattern; the rest was never touched */
};

/* Do @work on a fresh range of @size bytes, rounded up to pages. Returns an exit code. */
int range_with(const char *verb, uint64_t size,
	       int (*work)(struct hms *hms, struct range *range, const void *data),
	       const void *data);

/* Write the pattern to the first @length bytes. */
void range_fill(struct range *range, size_t length);

/*
 * Read every word, where it is now: pages that the CPU can't load from come home. Returns the
 * offset of the first one that differs, @length when none does.
 */
size_t range_verify(const struct range *range);

/* A line for each target that has pages of it, and one for those that are nowhere. 0 or -errno. */
int range_print_residency(struct hms *hms, const struct range *range);

#endif /* HMSCTL_RANGE_H */
