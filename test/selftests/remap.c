// SPDX-License-Identifier: GPL-2.0
/* hms_mremap(): memory that is remapped keeps its policies, in every shape of mremap(2). */

#include <hms/hms.h>

#include "hms_fixture.h"

#define NPAGES	16
#define ROOM	64

FIXTURE(remap)
{
	struct env e;
	struct hms *hms;
	char *p;		/* NPAGES of memory, at the beginning of room for ROOM of them */
	char *free;		/* as much room elsewhere, with nothing in it */
};

/* Addresses that nobody else takes meanwhile, as long as there is no other thread. */
static char *room(void)
{
	char *p = mmap(NULL, ROOM * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p != MAP_FAILED && !munmap(p, ROOM * PAGE) ? p : NULL;
}

FIXTURE_SETUP(remap)
{
	ASSERT_STREQ("", env_open(&self->e));
	ASSERT_EQ(0, hms_open(&self->hms));
	self->p = area(ROOM * PAGE);
	ASSERT_NE(NULL, self->p);
	ASSERT_EQ(0, munmap(self->p + NPAGES * PAGE, (ROOM - NPAGES) * PAGE));
	self->free = room();
	ASSERT_NE(NULL, self->free);
	fill(self->p, NPAGES * PAGE, 1);
}

FIXTURE_TEARDOWN_PARENT(remap)
{
	EXPECT_USED_AS_BEFORE(&self->e);
}

typedef FIXTURE_DATA(remap) remap_t;

static int bind_to(remap_t *self, char *p, int from, int to)
{
	return hms_policy(self->hms, p + from * PAGE, (to - from) * PAGE, HMS_MODE_BIND,
			  self->e.node, 1, 0);
}

static int prefer(remap_t *self, char *p, int from, int to)
{
	return hms_policy(self->hms, p + from * PAGE, (to - from) * PAGE, HMS_MODE_PREFERRED,
			  self->e.node, 1, 0);
}

/* "b0-4 p4-8": policies of as much room as there is at most, in pages. */
static const char *map_of(remap_t *self, char *p)
{
	static char text[2][256];
	static int turn;
	struct hms_policy_list *list;
	char *t = text[turn ^= 1];
	int at = 0;

	*t = 0;
	if (hms_query_policy(self->hms, p, ROOM * PAGE, 0, &list))
		return hms_last_error(self->hms);
	for (size_t i = 0; i < list->n; i++)
		at += snprintf(t + at, sizeof(text[0]) - at, "%s%c%lld-%lld", i ? " " : "",
			       list->ranges[i].mode == HMS_MODE_BIND ? 'b' : 'p',
			       (long long)((list->ranges[i].start - u64_ptr(p)) / PAGE),
			       (long long)((list->ranges[i].start + list->ranges[i].length -
					    u64_ptr(p)) / PAGE));
	free(list);
	return t;
}

static int remap(remap_t *self, int from, int old, int new, int flags, char *where, char **moved)
{
	void *at;
	int ret = hms_mremap(self->hms, self->p + from * PAGE, old * PAGE, new * PAGE, flags, where,
			     &at);

	*moved = at;
	return ret;
}

HMS_TEST(remap, moves)
{
	char *q;

	ASSERT_EQ(0, bind_to(self, self->p, 0, 4));
	ASSERT_EQ(0, prefer(self, self->p, 6, 16));
	ASSERT_EQ(0, remap(self, 0, 16, 16, MREMAP_MAYMOVE | MREMAP_FIXED, self->free, &q));
	ASSERT_EQ(self->free, q);
	EXPECT_STREQ("b0-4 p6-16", map_of(self, q));
	EXPECT_STREQ("", map_of(self, self->p));
	EXPECT_STREQ("", hms_last_error(self->hms));
	EXPECT_PATTERN(q, NPAGES * PAGE, 1);
}

HMS_TEST(remap, moves_a_part)
{
	char *q;

	ASSERT_EQ(0, bind_to(self, self->p, 0, 8));
	ASSERT_EQ(0, prefer(self, self->p, 8, 16));
	ASSERT_EQ(0, remap(self, 6, 4, 4, MREMAP_MAYMOVE | MREMAP_FIXED, self->free, &q));
	EXPECT_STREQ("b0-2 p2-4", map_of(self, q));
	EXPECT_STREQ("b0-6 p10-16", map_of(self, self->p));
}

HMS_TEST(remap, inherited)
{
	struct hms_policy_list *list;
	char *q;

	if (*feature_missing("fork-inherit"))
		SKIP(return, "%s", feature_missing("fork-inherit"));
	ASSERT_EQ(0, hms_policy(self->hms, self->p, 16 * PAGE, HMS_MODE_BIND, self->e.node, 1,
				HMS_INHERIT));
	ASSERT_EQ(0, remap(self, 0, 16, 16, MREMAP_MAYMOVE | MREMAP_FIXED, self->free, &q));
	ASSERT_EQ(0, hms_query_policy(self->hms, q, 16 * PAGE, 0, &list));
	ASSERT_EQ(1, list->n);
	EXPECT_EQ(HMS_POLICY_INHERIT, list->ranges[0].flags);
	free(list);
}

HMS_TEST(remap, shrinks)
{
	char *q;

	ASSERT_EQ(0, bind_to(self, self->p, 0, 8));
	ASSERT_EQ(0, prefer(self, self->p, 8, 16));
	ASSERT_EQ(0, remap(self, 0, 16, 10, 0, NULL, &q));
	ASSERT_EQ(self->p, q);
	EXPECT_STREQ("b0-8 p8-10", map_of(self, q));
	ASSERT_EQ(0, remap(self, 0, 10, 5, MREMAP_MAYMOVE | MREMAP_FIXED, self->free, &q));
	EXPECT_STREQ("b0-5", map_of(self, q));
	EXPECT_STREQ("", map_of(self, self->p));
	EXPECT_PATTERN(q, 5 * PAGE, 1);
}

/* What is added goes on with the policy of all, if there is one. */
HMS_TEST(remap, grows)
{
	char *q;

	ASSERT_EQ(0, bind_to(self, self->p, 0, 16));
	ASSERT_EQ(0, remap(self, 0, 16, 20, 0, NULL, &q));
	ASSERT_EQ(self->p, q);
	EXPECT_STREQ("b0-20", map_of(self, q));
	ASSERT_EQ(0, remap(self, 0, 20, 32, MREMAP_MAYMOVE | MREMAP_FIXED, self->free, &q));
	ASSERT_EQ(self->free, q);
	EXPECT_STREQ("b0-32", map_of(self, q));
	EXPECT_STREQ("", map_of(self, self->p));
	EXPECT_PATTERN(q, NPAGES * PAGE, 1);
}

HMS_TEST(remap, grows_without)
{
	char *q;

	ASSERT_EQ(0, bind_to(self, self->p, 0, 8));
	ASSERT_EQ(0, prefer(self, self->p, 8, 16));
	ASSERT_EQ(0, remap(self, 0, 16, 20, 0, NULL, &q));
	EXPECT_STREQ("b0-8 p8-16", map_of(self, q));
	ASSERT_EQ(0, hms_clear(self->hms, self->p, 8 * PAGE, 0));
	ASSERT_EQ(0, remap(self, 0, 20, 32, MREMAP_MAYMOVE | MREMAP_FIXED, self->free, &q));
	EXPECT_STREQ("p8-16", map_of(self, q));
}

HMS_TEST(remap, dont_unmap)
{
	char *q;

	ASSERT_EQ(0, bind_to(self, self->p, 2, 8));
	ASSERT_EQ(0, remap(self, 0, 16, 16, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
			   self->free, &q));
	EXPECT_STREQ("b2-8", map_of(self, q));
	EXPECT_STREQ("b2-8", map_of(self, self->p));
	EXPECT_PATTERN(q, NPAGES * PAGE, 1);
	EXPECT_ZERO(self->p, NPAGES * PAGE);
}

/* The new memory is not the one that was there. */
HMS_TEST(remap, over_another)
{
	char *other = area(32 * PAGE), *q;

	ASSERT_NE(NULL, other);
	ASSERT_EQ(0, prefer(self, other, 0, 32));
	ASSERT_EQ(0, bind_to(self, self->p, 4, 8));
	ASSERT_EQ(0, remap(self, 0, 16, 16, MREMAP_MAYMOVE | MREMAP_FIXED, other + 8 * PAGE, &q));
	EXPECT_STREQ("p0-8 b12-16 p24-32", map_of(self, other));
}

HMS_TEST(remap, shared_twice)
{
	char *shared = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
			    0);
	void *again;

	ASSERT_NE(MAP_FAILED, shared);
	ASSERT_EQ(0, bind_to(self, shared, 0, 4));
	ASSERT_EQ(0, hms_mremap(self->hms, shared, 0, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
				self->free, &again));
	EXPECT_STREQ("", map_of(self, again));
	EXPECT_STREQ("b0-4", map_of(self, shared));
}

/* What fails leaves the memory and its policies where they were. */
HMS_TEST(remap, failures)
{
	char *q;

	ASSERT_EQ(0, bind_to(self, self->p, 0, 4));
	ASSERT_EQ(0, prefer(self, self->p, 4, 16));
	EXPECT_EQ(-EINVAL, remap(self, 0, 16, 16, ~0, NULL, &q));
	EXPECT_EQ(MAP_FAILED, q);
	EXPECT_STREQ("mremap: Invalid argument", hms_last_error(self->hms));
	EXPECT_EQ(-EINVAL, remap(self, 0, 16, 0, MREMAP_MAYMOVE, NULL, &q));
	EXPECT_EQ(-EINVAL, remap(self, 0, 16, 16, MREMAP_FIXED, self->free, &q));
	/* Onto itself. */
	EXPECT_EQ(-EINVAL, remap(self, 0, 16, 16, MREMAP_MAYMOVE | MREMAP_FIXED,
				 self->p + 4 * PAGE, &q));
	/* No room behind it. */
	ASSERT_EQ(self->p + 16 * PAGE, mmap(self->p + 16 * PAGE, PAGE, PROT_NONE,
					    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	EXPECT_EQ(-ENOMEM, remap(self, 0, 16, 20, 0, NULL, &q));
	EXPECT_EQ(MAP_FAILED, q);
	EXPECT_STREQ("b0-4 p4-16", map_of(self, self->p));
	EXPECT_EQ(-EFAULT, remap(self, 20, 4, 8, MREMAP_MAYMOVE, NULL, &q));
	EXPECT_EQ(-EINVAL, hms_mremap(self->hms, self->p + 1, PAGE, PAGE, MREMAP_MAYMOVE, NULL,
				      (void **)&q));
	EXPECT_STREQ("b0-4 p4-16", map_of(self, self->p));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* A handle of the parent's does not do it, and nothing is remapped. */
HMS_TEST(remap, handle_of_another)
{
	int status;
	pid_t pid;

	ASSERT_EQ(0, bind_to(self, self->p, 0, 4));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		char *q;

		if (remap(self, 0, 16, 16, MREMAP_MAYMOVE | MREMAP_FIXED, self->free, &q) !=
			    -EBADF || q != MAP_FAILED)
			_exit(1);
		_exit(verify(self->p, NPAGES * PAGE, 1) >= 0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_STREQ("b0-4", map_of(self, self->p));
}

TEST_HARNESS_MAIN
