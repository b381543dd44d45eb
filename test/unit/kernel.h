/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the pure parts of hms_mod use of the kernel, for user space. The interval tree and the
 * rbtree are the kernel's own, built from its source.
 */
#ifndef _TEST_UNIT_KERNEL_H
#define _TEST_UNIT_KERNEL_H

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bitmap.h>
#include <linux/compiler.h>
#include <linux/interval_tree.h>
#include <linux/kernel.h>
#include <linux/types.h>

typedef unsigned int unit_gfp_t;
#define gfp_t			unit_gfp_t
#define GFP_KERNEL		1U
#define GFP_NOWAIT		2U
#define __GFP_NOWARN		4U
#define __GFP_ACCOUNT		8U
#define GFP_KERNEL_ACCOUNT	(GFP_KERNEL | __GFP_ACCOUNT)

typedef struct {
	int refs;
} refcount_t;

static inline void refcount_set(refcount_t *r, int n)
{
	r->refs = n;
}

static inline void refcount_add(int n, refcount_t *r)
{
	assert(r->refs > 0);
	r->refs += n;
}

static inline bool refcount_sub_and_test(int n, refcount_t *r)
{
	assert(r->refs >= n);
	r->refs -= n;
	return !r->refs;
}

/* Allocations under way, and a countdown to the one that fails; 0 lets all succeed. */
extern long unit_allocated;
extern long unit_fail_at;

/* Where nothing may sleep; and which of the next allocations fail, a bit each, the lowest first. */
extern bool unit_atomic;
extern unsigned long unit_fail_bits;

void *unit_alloc(size_t size, gfp_t gfp);
void unit_free(void *p);

#define kmalloc(size, gfp)	unit_alloc(size, gfp)
#define kzalloc(size, gfp)	kmalloc(size, gfp)
#define kfree(p)		unit_free(p)
#define kvcalloc(n, size, gfp)	kmalloc((n) * (size), gfp)
#define kvfree(p)		unit_free(p)
#define vcalloc(n, size)	kmalloc((n) * (size), GFP_KERNEL)
#define vfree(p)		unit_free(p)

#define struct_size(p, member, n)	(sizeof(*(p)) + (n) * sizeof((p)->member[0]))

static inline void bitmap_set(unsigned long *map, unsigned int start, unsigned int n)
{
	while (n--)
		__set_bit(start++, map);
}

/* The one of tools/ wants more of its library than the rest together. */
#define bitmap_clear unit_bitmap_clear
static inline void bitmap_clear(unsigned long *map, unsigned int start, unsigned int n)
{
	while (n--)
		__clear_bit(start++, map);
}

#ifndef min3
#define min3(a, b, c)		((a) < (b) ? ((a) < (c) ? (a) : (c)) : (b) < (c) ? (b) : (c))
#endif

#ifndef BIT
#define BIT(n)			(1UL << (n))
#endif

#ifndef U16_MAX
#define U16_MAX			((u16)~0U)
#endif
#ifndef U32_MAX
#define U32_MAX			((u32)~0U)
#endif

/* Without a message, as there. */
#undef static_assert
#define static_assert(right)	_Static_assert(right, #right)

/* What only warns there is a bug all the same. */
#undef WARN_ON_ONCE
#define WARN_ON_ONCE(wrong)	({ bool _wrong = (wrong); assert(!_wrong); _wrong; })

#ifndef clamp
#define clamp(v, lo, hi)	((v) < (lo) ? (lo) : (v) > (hi) ? (hi) : (v))
#endif

/* The same multiplicative hash as the kernel's, of 32 bits at most. */
static inline u32 hash_long(unsigned long v, unsigned int bits)
{
	return v * 0x61c8864680b583ebul >> (64 - bits);
}

#endif
