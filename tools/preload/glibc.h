/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* glibc's own allocator, by the names that it exports beside those that a program may replace. */
#ifndef PRELOAD_GLIBC_H
#define PRELOAD_GLIBC_H

#include <stddef.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *p);

#endif /* PRELOAD_GLIBC_H */
