/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fixture that the test programs share. After each test the parent checks that the accelerators
 * hold what they held before: the test's process is gone by then, and its pages with it.
 */
#ifndef HMS_FIXTURE_H
#define HMS_FIXTURE_H

#include "kselftest_harness.h"
#include "hms_test.h"

/* Seconds; a debug kernel under emulation is slow, a hang is for ever. */
#define HMS_TIMEOUT	240

/* The accelerators hold what they held when @env was opened. */
#define EXPECT_USED_AS_BEFORE(env)						\
	do {									\
		for (int i_ = 0; i_ < (env)->nsims; i_++)			\
			EXPECT_TRUE(used_becomes((env)->sim[i_], (env)->used[i_])); \
	} while (0)

#define HMS_FIXTURE(fixture)							\
	FIXTURE(fixture)							\
	{									\
		struct env e;							\
	};									\
	FIXTURE_SETUP(fixture)							\
	{									\
		ASSERT_STREQ("", env_open(&self->e));				\
	}									\
	FIXTURE_TEARDOWN_PARENT(fixture)					\
	{									\
		EXPECT_USED_AS_BEFORE(&self->e);				\
	}

#define HMS_TEST(fixture, name)	TEST_F_TIMEOUT(fixture, name, HMS_TIMEOUT)

/* Accelerators, whatever their memory is. */
#define NEED_SIMS(n)								\
	do {									\
		if (self->e.nsims < (n))					\
			SKIP(return, "needs %d emulated accelerators", (n));	\
	} while (0)

#define SIM_PARAMETERS	"/sys/module/hms_sim/parameters/"

/* Accelerators that were loaded with a parameter; @why is what they are without. */
#define NEED_SIMS_WITH(n, parameter, why)					\
	do {									\
		char text_[8] = "";						\
										\
		NEED_SIMS(n);							\
		text_read(SIM_PARAMETERS parameter, text_, sizeof(text_));	\
		if (*text_ != 'Y')						\
			SKIP(return, why);					\
	} while (0)

/* Accelerators with memory that the CPU can't load from. */
#define NEED_PRIVATE(n)								\
	do {									\
		const char *lacks = feature_missing("device-private");		\
										\
		NEED_SIMS(n);							\
		if (!self->e.private)						\
			SKIP(return, "%s", *lacks ? lacks :			\
			     "the CPU can load from their memory");		\
	} while (0)

#define NEED_NODES(n)								\
	do {									\
		const char *missing = feature_missing("node-migration");	\
										\
		if (*missing)							\
			SKIP(return, "%s", missing);				\
		if (self->e.nnodes < (n))					\
			SKIP(return, "needs %d NUMA nodes with memory", (n));	\
	} while (0)

/* Every byte as fill() left it. */
#define EXPECT_PATTERN(start, length, seed)	EXPECT_EQ(-1, verify(start, length, seed))
#define EXPECT_PATTERN_PART(start, from, length, seed)				\
	EXPECT_EQ(-1, verify_part(start, from, length, seed))
#define ASSERT_PATTERN(start, length, seed)	ASSERT_EQ(-1, verify(start, length, seed))
#define EXPECT_ZERO(start, length)		EXPECT_EQ(-1, verify_zero(start, length))
#define ASSERT_ZERO(start, length)		ASSERT_EQ(-1, verify_zero(start, length))

/* The sums in the counts of a finished request are right. */
#define EXPECT_COUNTS(r)			EXPECT_STREQ("", counts_wrong(r))
#define ASSERT_COUNTS(r)			ASSERT_STREQ("", counts_wrong(r))

#endif /* HMS_FIXTURE_H */
