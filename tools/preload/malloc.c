// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libhms-preload.so: large allocations of a program go to the targets that hmsctl run was told. The
 * others are glibc's, as are those from before this library is ready; by names of glibc that
 * need no looking up, which would allocate.
 */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "glibc.h"
#include "place.h"
#include "preload.h"
#include "region.h"

#define PUBLIC	__attribute__((visibility("default")))

/*
 * The first of all (-z initfirst), before even libc knows the environment: so at fork(2) the lock
 * of the regions is taken after all that other libraries take, which may call malloc() meanwhile.
 */
__attribute__((constructor)) static void begin(int argc, char **argv, char **environment)
{
	(void)argc;
	(void)argv;
	region_init();
	place_init(environment);
}

static bool is_large(size_t size)
{
	return size >= PRELOAD_THRESHOLD && place_wanted();
}

PUBLIC void *malloc(size_t size)
{
	return is_large(size) ? region_new(size, 0) : __libc_malloc(size);
}

PUBLIC void *calloc(size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return is_large(bytes) ? region_new(bytes, 0) : __libc_calloc(n, size);
}

PUBLIC void free(void *p)
{
	int kept = errno;

	if (!region_free(p))
		__libc_free(p);
	errno = kept;
}

/* From glibc to a region, the other way, or between regions. */
static void *move(void *p, size_t old, size_t size)
{
	void *fresh = malloc(size);

	if (!fresh)
		return NULL;
	memcpy(fresh, p, old < size ? old : size);
	free(p);
	return fresh;
}

PUBLIC void *realloc(void *p, size_t size)
{
	size_t old = region_size(p);
	void *fresh;

	if (!p)
		return malloc(size);
	if (!old && !is_large(size))
		return __libc_realloc(p, size);
	if (!size) {
		free(p);
		return NULL;
	}
	/* It stays where it is as long as most of it is of use. */
	if (old >= size && old / 2 <= size)
		return p;
	if (old && old < size) {
		fresh = region_grow(p, size);
		if (fresh)
			return fresh;
	}
	return move(p, old ? old : malloc_usable_size(p), size);
}

PUBLIC void *reallocarray(void *p, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(p, bytes);
}

static bool is_power_of_two(size_t n)
{
	return n && !(n & (n - 1));
}

PUBLIC void *memalign(size_t alignment, size_t size)
{
	size_t power = 1;

	if (!is_large(size))
		return __libc_memalign(alignment, size);
	/* As glibc does: the next power of two. */
	while (power < alignment && power)
		power *= 2;
	if (!power) {
		errno = EINVAL;
		return NULL;
	}
	return region_new(size, power);
}

PUBLIC void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

PUBLIC int posix_memalign(void **to, size_t alignment, size_t size)
{
	int kept = errno;
	void *p;

	if (!is_power_of_two(alignment) || alignment % sizeof(void *))
		return EINVAL;
	p = memalign(alignment, size);
	errno = kept;
	if (!p)
		return ENOMEM;
	*to = p;
	return 0;
}

PUBLIC void *valloc(size_t size)
{
	return memalign(sysconf(_SC_PAGESIZE), size);
}

PUBLIC void *pvalloc(size_t size)
{
	size_t page = sysconf(_SC_PAGESIZE);

	if (__builtin_add_overflow(size, page - 1, &size)) {
		errno = ENOMEM;
		return NULL;
	}
	return memalign(page, size & -page);
}

PUBLIC size_t malloc_usable_size(void *p)
{
	static size_t (*of_glibc)(void *p);
	size_t size = region_size(p);

	if (size || !p)
		return size;
	/* The next one may be of an allocator of the program, which knows no such block. */
	if (!of_glibc)
		of_glibc = (size_t (*)(void *))dlsym(dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD),
						     "malloc_usable_size");
	return of_glibc(p);
}
