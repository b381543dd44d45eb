// SPDX-License-Identifier: GPL-2.0
/* Telling sequential access from random. */
#include "kernel.h"

#include "kselftest_harness.h"
#include "stream.h"

FIXTURE(stream)
{
	struct hms_streams *streams;
};

FIXTURE_SETUP(stream)
{
	self->streams = calloc(1, sizeof(*self->streams));
	ASSERT_NE(NULL, self->streams);
}

FIXTURE_TEARDOWN(stream)
{
	free(self->streams);
}

/* One page, two, four ... and no more than the most; all of a range in few touches. */
TEST_F(stream, sequential)
{
	unsigned long page = 1000, touches = 0;

	for (unsigned int run = 1; page < 1000 + 4096; touches++) {
		ASSERT_EQ(run, hms_stream_touch(self->streams, 7, page));
		page += run;
		run = run * 2 > HMS_STREAM_MAX ? HMS_STREAM_MAX : run * 2;
	}
	EXPECT_GE(4096 / HMS_STREAM_MAX + __builtin_ctz(HMS_STREAM_MAX), touches);
}

/* Pages that nobody asked for are never brought: not on random access, nor on a stride. */
TEST_F(stream, random_and_strided)
{
	for (unsigned long i = 0; i < 1000; i++)
		ASSERT_EQ(1, hms_stream_touch(self->streams, 7, i * 7919 % 100003 * 3));
	for (unsigned long i = 0; i < 1000; i++)
		ASSERT_EQ(1, hms_stream_touch(self->streams, 7, 2 * i));
	for (unsigned long i = 1000; i--; )
		ASSERT_EQ(1, hms_stream_touch(self->streams, 7, i));
}

/* Two arrays read side by side are two streams. */
TEST_F(stream, two_at_once)
{
	unsigned long a = 0, b = 1 << 20, last = 0;

	for (int i = 0; i < 12; i++) {
		a += hms_stream_touch(self->streams, 7, a);
		last = hms_stream_touch(self->streams, 7, b);
		b += last;
	}
	EXPECT_EQ(HMS_STREAM_MAX, last);
}

/* What one thread reads along says nothing about another that jumps in. */
TEST_F(stream, threads)
{
	unsigned long page = 0;

	for (int i = 0; i < 5; i++)
		page += hms_stream_touch(self->streams, 7, page);
	EXPECT_EQ(1, hms_stream_touch(self->streams, 8, page));
	EXPECT_EQ(32, hms_stream_touch(self->streams, 7, page));
}

/* More threads than there is room for: forgotten streams start again small, never wrong. */
TEST_F(stream, many_threads)
{
	for (unsigned long who = 1; who < 5000; who++) {
		unsigned int n = hms_stream_touch(self->streams, who * 0x1000, who);

		ASSERT_LE(1, n);
		ASSERT_GE(HMS_STREAM_MAX, n);
	}
}

TEST_HARNESS_MAIN
