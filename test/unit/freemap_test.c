// SPDX-License-Identifier: GPL-2.0
/* Free pages of a device, against an array with a byte for each. */
#include "kernel.h"

#include "kselftest_harness.h"
#include "freemap.h"

#define NPAGES	(5 * HMS_BLOCK_PAGES + 37)

FIXTURE(freemap)
{
	struct hms_freemap map;
	unsigned char used[NPAGES];	/* by a large page: 2 */
	unsigned long nused;
};

FIXTURE_SETUP(freemap)
{
	ASSERT_EQ(0, hms_freemap_init(&self->map, NPAGES));
	memset(self->used, 0, sizeof(self->used));
	self->nused = 0;
}

FIXTURE_TEARDOWN(freemap)
{
	hms_freemap_destroy(&self->map);
}

typedef FIXTURE_DATA(freemap) freemap_t;

static bool block_is(const freemap_t *s, unsigned long first, unsigned char used)
{
	for (unsigned long i = 0; i < HMS_BLOCK_PAGES; i++) {
		if (s->used[first + i] != used)
			return false;
	}
	return true;
}

static unsigned long whole_blocks(const freemap_t *s)
{
	unsigned long n = 0;

	for (unsigned long b = 0; b < NPAGES / HMS_BLOCK_PAGES; b++)
		n += block_is(s, b * HMS_BLOCK_PAGES, 0);
	return n;
}

/* Returns "" or what is wrong. */
static const char *take(freemap_t *s, unsigned long max)
{
	unsigned long whole = whole_blocks(s), index, n;
	bool in_broken = NPAGES - s->nused > whole * HMS_BLOCK_PAGES;

	n = hms_freemap_take(&s->map, max, &index);
	if (!n)
		return s->nused == NPAGES ? "" : "there was a page";
	if (n > max || index + n > NPAGES)
		return "too many";
	for (unsigned long i = index; i < index + n; i++) {
		if (s->used[i])
			return "not a free page";
		s->used[i] = 1;
	}
	s->nused += n;
	return in_broken && whole_blocks(s) != whole ? "it broke a block without need" : "";
}

static const char *take_block(freemap_t *s)
{
	unsigned long index;

	if (!hms_freemap_take_block(&s->map, &index))
		return whole_blocks(s) ? "there was a block" : "";
	if (index % HMS_BLOCK_PAGES || index + HMS_BLOCK_PAGES > NPAGES || !block_is(s, index, 0))
		return "not a free block";
	memset(s->used + index, 2, HMS_BLOCK_PAGES);
	s->nused += HMS_BLOCK_PAGES;
	return "";
}

static void give(freemap_t *s, unsigned long index, unsigned long n)
{
	hms_freemap_give(&s->map, index, n);
	memset(s->used + index, 0, n);
	s->nused -= n;
}

TEST_F(freemap, all_of_it)
{
	for (int i = 0; i < NPAGES; i++)
		ASSERT_STREQ("", take(self, 1));
	EXPECT_EQ(0, self->map.nfree);
	EXPECT_STREQ("", take(self, 1));
	EXPECT_STREQ("", take_block(self));
	for (int i = 0; i < NPAGES; i++)
		give(self, i, 1);
	/* Page by page they have become blocks again; the short one at the end has not. */
	for (unsigned long i = 0; i < NPAGES / HMS_BLOCK_PAGES; i++)
		ASSERT_STREQ("", take_block(self));
	EXPECT_EQ(NPAGES % HMS_BLOCK_PAGES, self->map.nfree);
	EXPECT_STREQ("", take_block(self));
}

/* Less than a block: no large page, ever. */
TEST_F(freemap, small)
{
	struct hms_freemap map;
	unsigned long index;

	ASSERT_EQ(0, hms_freemap_init(&map, 3));
	EXPECT_FALSE(hms_freemap_take_block(&map, &index));
	EXPECT_EQ(2, hms_freemap_take(&map, 2, &index));
	EXPECT_EQ(1, hms_freemap_take(&map, 2, &index));
	EXPECT_EQ(0, hms_freemap_take(&map, 2, &index));
	hms_freemap_destroy(&map);
}

/* A large page is given back in pieces when core has split it. */
TEST_F(freemap, random)
{
	srandom(1);
	for (int step = 0; step < 200000; step++) {
		unsigned long index = random() % NPAGES, block = index - index % HMS_BLOCK_PAGES;

		switch (random() % 8) {
		case 0:
			ASSERT_STREQ("", take_block(self));
			break;
		case 1:
			if (block + HMS_BLOCK_PAGES <= NPAGES && block_is(self, block, 2))
				give(self, block, HMS_BLOCK_PAGES);
			break;
		case 2 ... 4:
			ASSERT_STREQ("", take(self, 1 + random() % 20));
			break;
		default:
			for (int i = 0; i < 10 && index < NPAGES && self->used[index]; i++, index++)
				give(self, index, 1);
			break;
		}
		ASSERT_EQ(NPAGES - self->nused, self->map.nfree);
	}
}

TEST_F(freemap, no_memory)
{
	struct hms_freemap map;
	long before = unit_allocated;

	for (int n = 1; n <= 4; n++) {
		unit_fail_at = n;
		EXPECT_EQ(-ENOMEM, hms_freemap_init(&map, NPAGES));
		EXPECT_EQ(before, unit_allocated);
	}
	unit_fail_at = 0;
}

TEST_HARNESS_MAIN
