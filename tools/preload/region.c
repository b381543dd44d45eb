// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Allocations with a mapping of their own, in a hash table by address. A region begins at a page,
 * so that other pointers, of which nearly none does, cost no look at the table.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "place.h"
#include "region.h"

struct region {
	uintptr_t start;		/* 0: an empty slot */
	size_t length;
};

#define FIRST_SLOTS	1024		/* a power of two */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct region *slots;		/* the rest is under the lock */
static size_t nslots;
static size_t used;

static size_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

static void *map(size_t length)
{
	void *p = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static size_t slot_of(uintptr_t start)
{
	return (start / page_size() * 0x9e3779b97f4a7c15ULL >> 32) & (nslots - 1);
}

/* The slot of a region, or the empty one where it would go. Slots are never all in use. */
static struct region *find(uintptr_t start)
{
	size_t i = slot_of(start);

	while (slots[i].start && slots[i].start != start)
		i = (i + 1) & (nslots - 1);
	return &slots[i];
}

/* At most half of the slots are in use. */
static bool make_room(void)
{
	size_t n = nslots ? 2 * nslots : FIRST_SLOTS, old_n = nslots;
	struct region *old = slots, *more;

	if (2 * (used + 1) <= nslots)
		return true;
	more = map(n * sizeof(*more));
	if (!more)
		return false;
	slots = more;
	nslots = n;
	for (size_t i = 0; i < old_n; i++)
		if (old[i].start)
			*find(old[i].start) = old[i];
	if (old)
		munmap(old, old_n * sizeof(*old));
	return true;
}

/* What was behind it because its slot was in use moves up. */
static void drop(struct region *region)
{
	size_t hole = region - slots, i = hole;

	used--;
	for (;;) {
		i = (i + 1) & (nslots - 1);
		if (!slots[i].start)
			break;
		if (((i - slot_of(slots[i].start)) & (nslots - 1)) >= ((i - hole) & (nslots - 1))) {
			slots[hole] = slots[i];
			hole = i;
		}
	}
	slots[hole].start = 0;
}

static void insert(uintptr_t start, size_t length)
{
	*find(start) = (struct region){ start, length };
	used++;
}

/* The region that begins there, or NULL. */
static struct region *lookup(void *p)
{
	struct region *region = nslots ? find((uintptr_t)p) : NULL;

	return region && region->start ? region : NULL;
}

static bool add(uintptr_t start, size_t length)
{
	bool ok;

	pthread_mutex_lock(&lock);
	ok = make_room();
	if (ok)
		insert(start, length);
	pthread_mutex_unlock(&lock);
	return ok;
}

void *region_new(size_t size, size_t alignment)
{
	size_t page = page_size(), length, extra, head;
	char *p;

	extra = alignment > page ? alignment - page : 0;
	if (__builtin_add_overflow(size, page - 1, &length) ||
	    __builtin_add_overflow(length & -page, extra, &extra))
		goto none;
	length &= -page;
	p = map(extra);
	if (!p)
		goto none;
	/* Cut off what is there for the alignment alone. */
	head = alignment > page ? -(uintptr_t)p & (alignment - 1) : 0;
	if (head)
		munmap(p, head);
	p += head;
	extra -= head;
	if (extra > length)
		munmap(p + length, extra - length);
	if (place(p, length) && add((uintptr_t)p, length))
		return p;
	munmap(p, length);
none:
	errno = ENOMEM;
	return NULL;
}

void *region_grow(void *p, size_t size)
{
	size_t page = page_size(), length;
	struct region *region;
	char *q = MAP_FAILED;

	if (place_is_strict() || __builtin_add_overflow(size, page - 1, &length))
		return NULL;
	length &= -page;
	/*
	 * Its old address may be somebody else's as soon as it has moved; who adds that waits for
	 * the lock. There is a slot for the new one: that of the old.
	 */
	pthread_mutex_lock(&lock);
	region = lookup(p);
	if (region)
		q = mremap(p, region->length, length, MREMAP_MAYMOVE);
	if (q != MAP_FAILED) {
		drop(region);
		insert((uintptr_t)q, length);
	}
	pthread_mutex_unlock(&lock);
	if (q == MAP_FAILED)
		return NULL;
	/* Not every kernel carries the policy. */
	place(q, length);
	return q;
}

size_t region_size(void *p)
{
	struct region *region;
	size_t length = 0;

	if (!p || (uintptr_t)p % page_size())
		return 0;
	pthread_mutex_lock(&lock);
	region = lookup(p);
	if (region)
		length = region->length;
	pthread_mutex_unlock(&lock);
	return length;
}

bool region_free(void *p)
{
	struct region *region;
	size_t length = 0;

	if (!p || (uintptr_t)p % page_size())
		return false;
	pthread_mutex_lock(&lock);
	region = lookup(p);
	if (region) {
		length = region->length;
		drop(region);
	}
	pthread_mutex_unlock(&lock);
	/* Only then can the address be somebody else's. */
	if (length)
		munmap(p, length);
	return length;
}

static void hold(void)
{
	pthread_mutex_lock(&lock);
}

static void release(void)
{
	pthread_mutex_unlock(&lock);
}

void region_init(void)
{
	pthread_atfork(hold, release, release);
}
