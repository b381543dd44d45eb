// SPDX-License-Identifier: GPL-2.0
/* What a person is told while something takes time. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "kselftest_harness.h"
#include "../../tools/hmsctl/hmsctl.h"
#include "../../tools/hmsctl/progress.h"

static uint64_t clock_ns;

/* What it takes from the rest of hmsctl. */
uint64_t now_ns(void)
{
	return clock_ns;
}

const char *human_size(uint64_t bytes, char *text)
{
	snprintf(text, 24, "<%" PRIu64 ">", bytes);
	return text;
}

FIXTURE(progress)
{
	struct progress progress;
	char *text;
	size_t size;
};

FIXTURE_SETUP(progress)
{
	clock_ns = 5000000000;
	progress_begin(&self->progress, 1000, true);
	ASSERT_TRUE(self->progress.shown);
	self->progress.lines = true;
}

FIXTURE_TEARDOWN(progress)
{
	free(self->text);
}

/* What is said when so much of 1000 is done, so many ms after it has begun. */
static const char *said(FIXTURE_DATA(progress) *self, uint64_t done, uint64_t bytes, uint64_t ms)
{
	FILE *before = stderr;

	free(self->text);
	clock_ns = 5000000000 + ms * 1000000;
	stderr = open_memstream(&self->text, &self->size);
	progress_show(&self->progress, done, bytes);
	fclose(stderr);
	stderr = before;
	return self->text;
}

TEST_F(progress, rate_and_time_left)
{
	EXPECT_STREQ(" 25% [######..................] <8000> moved, <4000>/s, 6s left\n",
		     said(self, 250, 8000, 2000));
	/* What was there already is done, too, but was not moved. */
	EXPECT_STREQ(" 50% [############............] <8000> moved, <2000>/s, 4s left\n",
		     said(self, 500, 8000, 4000));
	EXPECT_STREQ(" 90% [######################..] <9000> moved, <90000>/s, 0s left\n",
		     said(self, 900, 9000, 100));
}

/* Nothing is divided by nothing, nor told of too short a time. */
TEST_F(progress, not_yet_and_no_more)
{
	EXPECT_STREQ("  0% [........................] <0> moved\n", said(self, 0, 0, 0));
	EXPECT_STREQ(" 50% [############............] <8000> moved\n",
		     said(self, 500, 8000, 99));
	EXPECT_STREQ("  0% [........................] <0> moved, <0>/s\n",
		     said(self, 0, 0, 1000));
	EXPECT_STREQ("100% [########################] <8000> moved, <4000>/s\n",
		     said(self, 1000, 8000, 2000));
	self->progress.total = 0;
	EXPECT_STREQ("100% [########################] <0> moved, <0>/s\n",
		     said(self, 0, 0, 2000));
}

/* On a terminal each takes the place of the one before; where it is not shown, nothing is said. */
TEST_F(progress, terminal)
{
	self->progress.lines = false;
	EXPECT_STREQ("\r\033[K 50% [############............] <8000> moved, <8000>/s, 1s left",
		     said(self, 500, 8000, 1000));
	self->progress.shown = false;
	EXPECT_STREQ("", said(self, 500, 8000, 1000));
}

TEST_HARNESS_MAIN
