// SPDX-License-Identifier: GPL-2.0
/* Telling what comes back right after its eviction. */
#include "kernel.h"

#include "bounce.h"
#include "kselftest_harness.h"

FIXTURE(bounce)
{
	struct hms_bounces *bounces;
};

FIXTURE_SETUP(bounce)
{
	self->bounces = calloc(1, sizeof(*self->bounces));
	ASSERT_NE(NULL, self->bounces);
}

FIXTURE_TEARDOWN(bounce)
{
	free(self->bounces);
}

/* Nothing was evicted, whatever the clock says. */
TEST_F(bounce, nothing_yet)
{
	for (unsigned long page = 0; page < 10000; page++)
		ASSERT_FALSE(hms_bounce_any(self->bounces, 200, 100) ||
			     hms_bounce_is_back(self->bounces, page % 7, page, page % 3, 100));
}

/* For as long as patience lasts, and for no one else. The clock may go past its end. */
TEST_F(bounce, back_in_time)
{
	for (u32 when = U32_MAX - 20; when != 20; when++) {
		hms_bounce_left(self->bounces, 7, 1000, when);
		EXPECT_TRUE(hms_bounce_is_back(self->bounces, 7, 1000, when, 10));
		EXPECT_TRUE(hms_bounce_is_back(self->bounces, 7, 1000, when + 9, 10));
		EXPECT_FALSE(hms_bounce_is_back(self->bounces, 7, 1000, when + 10, 10));
		EXPECT_FALSE(hms_bounce_is_back(self->bounces, 7, 1001, when, 10));
		EXPECT_FALSE(hms_bounce_is_back(self->bounces, 8, 1000, when, 10));
		EXPECT_FALSE(hms_bounce_is_back(self->bounces, 1000, 7, when, 10));
	}
}

/* Of as many as there are slots, most are remembered, and none is taken for another. */
TEST_F(bounce, many)
{
	unsigned int known = 0;

	for (unsigned long page = 0; page < HMS_BOUNCE_SLOTS; page++)
		hms_bounce_left(self->bounces, 7, page, 1);
	for (unsigned long page = 0; page < HMS_BOUNCE_SLOTS; page++)
		known += hms_bounce_is_back(self->bounces, 7, page, 2, 10);
	EXPECT_LT(HMS_BOUNCE_SLOTS / 2, known);
	for (unsigned long page = HMS_BOUNCE_SLOTS; page < 2 * HMS_BOUNCE_SLOTS; page++)
		EXPECT_FALSE(hms_bounce_is_back(self->bounces, 7, page, 2, 10));
}

TEST_HARNESS_MAIN
