/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Allocations with a mapping of their own. Safe in any thread, and over fork(). */
#ifndef PRELOAD_REGION_H
#define PRELOAD_REGION_H

#include <stdbool.h>
#include <stddef.h>

void region_init(void);

/* Zeroed memory on the targets; NULL and errno ENOMEM when there is none. */
void *region_new(size_t size, size_t alignment);

/* Bytes from @p to the end of its region, 0 when it is none. */
size_t region_size(void *p);

/* With so many bytes, perhaps elsewhere; NULL: it can't be had so, and is as it was. */
void *region_grow(void *p, size_t size);

/* False when it is none. */
bool region_free(void *p);

#endif /* PRELOAD_REGION_H */
