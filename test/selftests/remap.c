// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that is remapped keeps its policies, in every shape of mremap(2): by itself, and with
 * hms_mremap(), which also has what grows go on with them.
 */

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <linux/userfaultfd.h>

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

/*
 * HMS_INHERIT or not. Without a mempolicy, which would make mappings of the pieces, and mremap(2)
 * takes only one.
 */
static unsigned int how = HMS_NO_MBIND;

static int bind_to(remap_t *self, char *p, int from, int to)
{
	return hms_policy(self->hms, p + from * PAGE, (to - from) * PAGE, HMS_MODE_BIND,
			  self->e.node, 1, how);
}

static int prefer(remap_t *self, char *p, int from, int to)
{
	return hms_policy(self->hms, p + from * PAGE, (to - from) * PAGE, HMS_MODE_PREFERRED,
			  self->e.node, 1, how);
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
				HMS_INHERIT | HMS_NO_MBIND));
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

/* The same by mremap(2) alone. */

static char *raw(remap_t *self, int from, int old, int new, int flags, char *where)
{
	return mremap(self->p + from * PAGE, old * PAGE, new * PAGE, flags, where);
}

#define TO	(MREMAP_MAYMOVE | MREMAP_FIXED)

static __u64 lost(int fd)
{
	struct hms_query q;

	query_init(&q, HMS_QUERY_POLICY, (void *)(uintptr_t)PAGE, PAGE);
	return call(fd, HMS_QUERY, &q) ? ~0ULL : q.lost;
}

#define EXPECT_NONE_LOST() EXPECT_EQ(0, lost(self->e.fd))

HMS_TEST(remap, plain_moves)
{
	ASSERT_EQ(0, bind_to(self, self->p, 0, 4));
	ASSERT_EQ(0, prefer(self, self->p, 6, 16));
	ASSERT_EQ(self->free, raw(self, 0, 16, 16, TO, self->free));
	EXPECT_STREQ("b0-4 p6-16", map_of(self, self->free));
	EXPECT_STREQ("", map_of(self, self->p));
	/* And back, in two parts, through the middle of one. */
	ASSERT_EQ(self->p, mremap(self->free, 9 * PAGE, 9 * PAGE, TO, self->p));
	EXPECT_STREQ("b0-4 p6-9", map_of(self, self->p));
	EXPECT_STREQ("p9-16", map_of(self, self->free));
	ASSERT_EQ(self->p + 9 * PAGE,
		  mremap(self->free + 9 * PAGE, 7 * PAGE, 7 * PAGE, TO, self->p + 9 * PAGE));
	EXPECT_STREQ("b0-4 p6-16", map_of(self, self->p));
	EXPECT_STREQ("", map_of(self, self->free));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
	EXPECT_NONE_LOST();
}

/* Out of the middle of one policy; it is whole again when the memory is back. */
HMS_TEST(remap, plain_part)
{
	ASSERT_EQ(0, bind_to(self, self->p, 0, 16));
	ASSERT_EQ(self->free, raw(self, 6, 4, 4, TO, self->free));
	EXPECT_STREQ("b0-6 b10-16", map_of(self, self->p));
	EXPECT_STREQ("b0-4", map_of(self, self->free));
	ASSERT_EQ(self->p + 6 * PAGE,
		  mremap(self->free, 4 * PAGE, 4 * PAGE, TO, self->p + 6 * PAGE));
	EXPECT_STREQ("b0-16", map_of(self, self->p));
	EXPECT_STREQ("", map_of(self, self->free));
	EXPECT_NONE_LOST();
}

HMS_TEST(remap, plain_shrinks)
{
	ASSERT_EQ(0, bind_to(self, self->p, 0, 8));
	ASSERT_EQ(0, prefer(self, self->p, 8, 16));
	ASSERT_EQ(self->p, raw(self, 0, 16, 10, 0, NULL));
	EXPECT_STREQ("b0-8 p8-10", map_of(self, self->p));
	ASSERT_EQ(self->free, raw(self, 0, 10, 5, TO, self->free));
	EXPECT_STREQ("b0-5", map_of(self, self->free));
	EXPECT_STREQ("", map_of(self, self->p));
	/* What went is no loss. */
	EXPECT_NONE_LOST();
}

/* What grows is new. */
HMS_TEST(remap, plain_grows)
{
	char *q;

	ASSERT_EQ(0, bind_to(self, self->p, 0, 16));
	ASSERT_EQ(self->p, raw(self, 0, 16, 20, 0, NULL));
	EXPECT_STREQ("b0-16", map_of(self, self->p));
	ASSERT_EQ(self->free, raw(self, 0, 20, 32, TO, self->free));
	EXPECT_STREQ("b0-16", map_of(self, self->free));
	/* To where the kernel likes. */
	q = mremap(self->free, 32 * PAGE, ROOM * PAGE, MREMAP_MAYMOVE);
	ASSERT_NE(MAP_FAILED, q);
	EXPECT_STREQ("b0-16", map_of(self, q));
	EXPECT_PATTERN(q, NPAGES * PAGE, 1);
	EXPECT_NONE_LOST();
}

HMS_TEST(remap, plain_dont_unmap)
{
	ASSERT_EQ(0, bind_to(self, self->p, 2, 8));
	ASSERT_EQ(0, prefer(self, self->p, 10, 11));
	ASSERT_EQ(self->free, raw(self, 0, 16, 16, TO | MREMAP_DONTUNMAP, self->free));
	EXPECT_STREQ("b2-8 p10-11", map_of(self, self->free));
	EXPECT_STREQ("b2-8 p10-11", map_of(self, self->p));
	EXPECT_NONE_LOST();
}

/* A copy takes no more ranges than there may be; what there was is moved all the same. */
HMS_TEST(remap, plain_full)
{
	const char *limit = "/sys/module/hms/parameters/max_ranges";
	char before[32];

	ASSERT_EQ(0, text_read(limit, before, sizeof(before)));
	ASSERT_EQ(0, bind_to(self, self->p, 2, 8));
	ASSERT_EQ(0, prefer(self, self->p, 10, 11));
	ASSERT_EQ(0, text_write(limit, "3"));
	EXPECT_EQ(self->free, raw(self, 0, 16, 16, TO | MREMAP_DONTUNMAP, self->free));
	EXPECT_STREQ("b2-8", map_of(self, self->free));
	EXPECT_STREQ("b2-8 p10-11", map_of(self, self->p));
	EXPECT_EQ(1, lost(self->e.fd));
	EXPECT_EQ(0, text_write(limit, "2"));
	ASSERT_EQ(0, hms_clear(self->hms, self->free, 16 * PAGE, 0));
	EXPECT_EQ(self->free, raw(self, 0, 16, 16, TO, self->free));
	EXPECT_STREQ("b2-8 p10-11", map_of(self, self->free));
	EXPECT_EQ(1, lost(self->e.fd));
	EXPECT_EQ(0, text_write(limit, before));
}

HMS_TEST(remap, plain_over_another)
{
	char *other = area(32 * PAGE);

	ASSERT_NE(NULL, other);
	ASSERT_EQ(0, prefer(self, other, 0, 32));
	ASSERT_EQ(0, bind_to(self, self->p, 4, 8));
	ASSERT_EQ(other + 8 * PAGE, raw(self, 0, 16, 16, TO, other + 8 * PAGE));
	EXPECT_STREQ("p0-8 b12-16 p24-32", map_of(self, other));
	EXPECT_NONE_LOST();
}

HMS_TEST(remap, plain_failures)
{
	ASSERT_EQ(0, bind_to(self, self->p, 0, 4));
	ASSERT_EQ(0, prefer(self, self->p, 4, 16));
	EXPECT_EQ(MAP_FAILED, raw(self, 0, 16, 16, TO, self->p + 4 * PAGE));
	EXPECT_EQ(MAP_FAILED, raw(self, 20, 4, 8, MREMAP_MAYMOVE, NULL));
	EXPECT_EQ(MAP_FAILED, raw(self, 0, 16, 0, MREMAP_MAYMOVE, NULL));
	EXPECT_STREQ("b0-4 p4-16", map_of(self, self->p));
	EXPECT_NONE_LOST();
}

/* A thousand at once; a process that shares the address space is as good as a thread. */
HMS_TEST(remap, plain_many)
{
	enum { N = 1000 };
	char *p = area(2 * N * PAGE), *q = area(2 * N * PAGE), *volatile moved = NULL;
	struct hms_query query;
	int status;
	pid_t pid;

	ASSERT_NE(NULL, p);
	ASSERT_NE(NULL, q);
	for (int i = 0; i < N; i++)
		ASSERT_EQ(0, bind_to(self, p, 2 * i, 2 * i + 1));
	pid = vfork();
	if (!pid) {
		moved = mremap(p, 2 * N * PAGE, 2 * N * PAGE, TO, q);
		_exit(0);
	}
	ASSERT_GE(pid, 0);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(q, moved);
	query_init(&query, HMS_QUERY_POLICY, q, 2 * N * PAGE);
	EXPECT_EQ(-ENOSPC, call(self->e.fd, HMS_QUERY, &query));
	EXPECT_EQ(N, query.nentries);
	query_init(&query, HMS_QUERY_POLICY, p, 2 * N * PAGE);
	EXPECT_EQ(0, call(self->e.fd, HMS_QUERY, &query));
	EXPECT_EQ(0, query.nentries);
	EXPECT_NONE_LOST();
}

/*
 * What happens between mremap(2) and the return from it. A thread waits there for who reads the
 * events of a userfaultfd, and the mappings are what they will be.
 */
struct held {
	pthread_t thread;
	remap_t *self;
	int fd;			/* the userfaultfd */
	char *volatile moved;
};

static void *held_run(void *arg)
{
	struct held *held = arg;

	held->moved = raw(held->self, 0, 16, 16, TO, held->self->free);
	return NULL;
}

/* "", or why not. */
static const char *held_begin(remap_t *self, struct held *held)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_EVENT_REMAP };
	struct uffdio_register range = {
		.range = { .start = u64_ptr(self->p), .len = 16 * PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct pollfd event = { .events = POLLIN };

	held->self = self;
	held->fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (held->fd < 0 || ioctl(held->fd, UFFDIO_API, &api) ||
	    ioctl(held->fd, UFFDIO_REGISTER, &range))
		return "no userfaultfd";
	if (bind_to(self, self->p, 0, 8) || prefer(self, self->p, 8, 16))
		return "no policies";
	if (pthread_create(&held->thread, NULL, held_run, held))
		return "no thread";
	event.fd = held->fd;
	return poll(&event, 1, -1) == 1 ? "" : "no event";
}

static bool held_end(struct held *held)
{
	struct uffd_msg message;
	bool ok = read(held->fd, &message, sizeof(message)) == sizeof(message) &&
		  message.event == UFFD_EVENT_REMAP;

	ok = !pthread_join(held->thread, NULL) && ok && held->moved == held->self->free;
	close(held->fd);
	return ok;
}

static bool held_possible(void)
{
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || errno != ENOSYS;
}

#define HELD(...)								\
	do {									\
		struct held held;						\
										\
		if (!held_possible())						\
			SKIP(return, "CONFIG_USERFAULTFD is off in this kernel"); \
		ASSERT_STREQ("", held_begin(self, &held));			\
		__VA_ARGS__							\
		EXPECT_TRUE(held_end(&held));					\
	} while (0)

HMS_TEST(remap, held)
{
	HELD(
		/* They are neither here nor there. */
		EXPECT_STREQ("", map_of(self, self->p));
		EXPECT_STREQ("", map_of(self, self->free));
	);
	EXPECT_STREQ("b0-8 p8-16", map_of(self, self->free));
	EXPECT_NONE_LOST();
}

HMS_TEST(remap, set_meanwhile)
{
	HELD(
		ASSERT_EQ(0, prefer(self, self->free, 2, 4));
		ASSERT_EQ(0, hms_clear(self->hms, self->free + 6 * PAGE, PAGE, 0));
	);
	EXPECT_STREQ("b0-2 p2-4 b4-6 b7-8 p8-16", map_of(self, self->free));
	EXPECT_EQ(1, lost(self->e.fd));
}

HMS_TEST(remap, unmapped_meanwhile)
{
	HELD(
		ASSERT_EQ(0, munmap(self->free + 2 * PAGE, 2 * PAGE));
		/* There is a mapping, but it is another one. */
		ASSERT_EQ(self->free + 10 * PAGE,
			  mmap(self->free + 10 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	);
	EXPECT_STREQ("b0-2 b4-8 p8-10 p12-16", map_of(self, self->free));
	EXPECT_EQ(2, lost(self->e.fd));
}

/* More than are told apart: what is between them goes too, and nothing that is elsewhere. */
HMS_TEST(remap, much_meanwhile)
{
	char *other = area(32 * PAGE);

	ASSERT_NE(NULL, other);
	HELD(
		for (int i = 0; i < 12; i++)
			ASSERT_EQ(0, prefer(self, other, 2 * i, 2 * i + 1));
		ASSERT_EQ(0, munmap(self->free + 15 * PAGE, PAGE));
	);
	EXPECT_EQ(0, strncmp("p0-1 p2-3 p4-5", map_of(self, other), 14));
	EXPECT_LE(1, lost(self->e.fd));
	/* Of the new place nothing is left that should not be. */
	EXPECT_EQ(NULL, strstr(map_of(self, self->free), "16"));
}

/* A child of another thread has the memory, but not what is neither here nor there. */
HMS_TEST(remap, fork_meanwhile)
{
	int status = -1;
	pid_t pid;

	if (*feature_missing("fork-inherit"))
		SKIP(return, "%s", feature_missing("fork-inherit"));
	HELD(
		/* Not these; they are not inherited. */
		EXPECT_STREQ("", map_of(self, self->free));
		ASSERT_EQ(0, hms_policy(self->hms, self->free, PAGE, HMS_MODE_BIND, self->e.node,
					1, HMS_INHERIT | HMS_NO_MBIND));
	);
	EXPECT_STREQ("b0-1 b1-8 p8-16", map_of(self, self->free));
	ASSERT_EQ(self->p, mremap(self->free, 16 * PAGE, 16 * PAGE, TO, self->p));
	ASSERT_EQ(0, hms_clear(self->hms, self->p, 16 * PAGE, 0));
	how |= HMS_INHERIT;
	HELD(
		pid = fork();
		ASSERT_GE(pid, 0);
		if (!pid) {
			int fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
			struct policy seen[4];

			if (policies_read(fd, HMS_QUERY_POLICY, self->free, 16 * PAGE, seen, 4))
				_exit(1);
			_exit(lost(fd) != 2);
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
	);
	EXPECT_EQ(0, status);
	EXPECT_STREQ("b0-8 p8-16", map_of(self, self->free));
}

/* The references to the module: as many as that, or what there are after a while. */
static long long references(long long want)
{
	const struct timespec tick = { .tv_nsec = 10000000 };
	long long n;

	for (int i = 0; i < 1000; i++) {
		n = number_read("/sys/module/hms/refcnt");
		if (n == want)
			break;
		nanosleep(&tick, NULL);
	}
	return n;
}

/* One for what is on its way, when there is no policy else that would hold it; so it can't go. */
HMS_TEST(remap, holds_the_module)
{
	long long before = number_read("/sys/module/hms/refcnt");

	ASSERT_LE(1, before);
	HELD(
		EXPECT_STREQ("", map_of(self, self->p));
		EXPECT_EQ(before + 1, references(before + 1));
	);
	EXPECT_EQ(before + 1, references(before + 1));
	ASSERT_EQ(0, hms_clear(self->hms, self->free, 16 * PAGE, 0));
	EXPECT_EQ(before, references(before));
}

/* Old addresses that somebody else has by now. */
HMS_TEST(remap, old_place_is_taken)
{
	HELD(
		ASSERT_EQ(self->p, mmap(self->p, 16 * PAGE, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
		ASSERT_EQ(0, prefer(self, self->p, 0, 3));
	);
	EXPECT_STREQ("b0-8 p8-16", map_of(self, self->free));
	EXPECT_STREQ("p0-3", map_of(self, self->p));
	EXPECT_NONE_LOST();
}

/*
 * A debugger sees nothing of it: at the end of the call all is done. What it makes of the result
 * then is for the program alone.
 */
static int traced_run(void *arg)
{
	remap_t *self = arg;

	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	kill(getpid(), SIGSTOP);
	raw(self, 0, 16, 16, TO, self->free);
	_exit(0);
}

/* A process that shares the address space, at the end of its mremap(2). */
static pid_t traced_begin(remap_t *self)
{
	static char stack[65536] __attribute__((aligned(16)));
	struct user_regs_struct regs;
	pid_t pid = clone(traced_run, stack + sizeof(stack), CLONE_VM | SIGCHLD, self);
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return -1;
	/* Into the call, and to the end of it. */
	for (int stop = 0; stop < 2; stop++) {
		do {
			if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) ||
			    waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
			    ptrace(PTRACE_GETREGS, pid, NULL, &regs))
				return -1;
		} while (regs.orig_rax != SYS_mremap);
	}
	return regs.rax == u64_ptr(self->free) ? pid : -1;
}

HMS_TEST(remap, traced)
{
	static const unsigned long results[] = { 0, 1, PAGE, -PAGE, 1UL << 63, -14, -1 };
	int status;

	ASSERT_EQ(0, bind_to(self, self->p, 0, 16));
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
		pid_t pid = traced_begin(self);

		ASSERT_GT(pid, 0);
		ASSERT_EQ(0, ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rax),
				    results[i]));
		/* Its address space lives on here, also when it is killed there. */
		ASSERT_EQ(0, i % 2 ? kill(pid, SIGKILL) : ptrace(PTRACE_CONT, pid, NULL, NULL));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_EQ(i % 2 ? SIGKILL : 0, status);
		EXPECT_STREQ("b0-16", map_of(self, self->free));
		ASSERT_EQ(self->p, mremap(self->free, 16 * PAGE, 16 * PAGE, TO, self->p));
		EXPECT_STREQ("b0-16", map_of(self, self->p));
	}
	EXPECT_NONE_LOST();
}

/* Threads that remap what is theirs, while others change what is theirs. */
struct mover {
	remap_t *self;
	char *p[2];
	int id;
	int failed;
	bool *stop;
};

static void *mover_run(void *arg)
{
	struct mover *m = arg;
	remap_t *self = m->self;
	struct policy seen[4];

	for (int i = 0; i < 150; i++) {
		int from = i % 2, n;

		if (i % 10 == 0)
			m->failed += policy_set(self->e.fd, m->p[from] + 2 * PAGE, 10 * PAGE,
						HMS_MODE_BIND, 1, self->e.node) != 0;
		m->failed += mremap(m->p[from], 16 * PAGE, 16 * PAGE, TO, m->p[!from]) !=
			     m->p[!from];
		n = policies_read(self->e.fd, HMS_QUERY_POLICY, m->p[!from], 16 * PAGE, seen, 4);
		m->failed += n != 1 || !policy_is(seen, m->p[!from] + 2 * PAGE, 10 * PAGE,
						  HMS_MODE_BIND, 1, self->e.node);
	}
	return NULL;
}

static void *meddler_run(void *arg)
{
	struct mover *m = arg;
	__u64 random = m->id;

	while (!__atomic_load_n(m->stop, __ATOMIC_SEQ_CST)) {
		int from = random_next(&random) % 8, n = 1 + random_next(&random) % 8;
		char *at = m->p[0] + from * PAGE;

		if (random_next(&random) % 2)
			m->failed += policy_set(m->self->e.fd, at, n * PAGE, HMS_MODE_PREFERRED, 1,
						m->self->e.node) != 0;
		else
			m->failed += mmap(at, n * PAGE, PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != at;
	}
	return NULL;
}

HMS_TEST(remap, threads)
{
	enum { MOVERS = 3, N = 4 };
	struct mover m[N];
	pthread_t t[N];
	bool stop = false;

	for (int i = 0; i < N; i++) {
		m[i] = (struct mover){ self, { area(16 * PAGE), area(16 * PAGE) }, i, 0, &stop };
		ASSERT_NE(NULL, m[i].p[0]);
		ASSERT_NE(NULL, m[i].p[1]);
		ASSERT_EQ(0, pthread_create(&t[i], NULL, i < MOVERS ? mover_run : meddler_run,
					    &m[i]));
	}
	for (int i = 0; i < N; i++) {
		if (i == MOVERS)
			__atomic_store_n(&stop, true, __ATOMIC_SEQ_CST);
		ASSERT_EQ(0, pthread_join(t[i], NULL));
		EXPECT_EQ(0, m[i].failed) {
			TH_LOG("thread %d", i);
		}
	}
}

/* Threads that remap, unmap and set the same memory: what it has is some state of it, no more. */
static void *rival_run(void *arg)
{
	struct mover *m = arg;
	__u64 random = m->id + 7;

	for (int i = 0; i < 300; i++) {
		int from = random_next(&random) % 8, n = 1 + random_next(&random) % 8;
		int which = random_next(&random) % 2;
		char *at = m->p[which] + from * PAGE;
		struct policy seen[40];

		switch (random_next(&random) % 4) {
		case 0:
			mremap(at, n * PAGE, n * PAGE, TO, m->p[!which] + from * PAGE);
			break;
		case 1:
			mmap(at, n * PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
			break;
		case 2:
			policy_set(m->self->e.fd, at, n * PAGE, HMS_MODE_PREFERRED, 1,
				   m->self->e.node);
			break;
		case 3:
			if (policies_read(m->self->e.fd, HMS_QUERY_POLICY, m->p[which], 16 * PAGE,
					  seen, 40) < 0)
				m->failed++;
			break;
		}
	}
	return NULL;
}

HMS_TEST(remap, rivals)
{
	enum { N = 4 };
	char *p = area(16 * PAGE), *q = area(16 * PAGE);
	struct policy seen[40];
	struct mover m[N];
	pthread_t t[N];

	ASSERT_NE(NULL, p);
	ASSERT_NE(NULL, q);
	for (int i = 0; i < N; i++) {
		m[i] = (struct mover){ self, { p, q }, i, 0, NULL };
		ASSERT_EQ(0, pthread_create(&t[i], NULL, rival_run, &m[i]));
	}
	for (int i = 0; i < N; i++) {
		ASSERT_EQ(0, pthread_join(t[i], NULL));
		EXPECT_EQ(0, m[i].failed);
	}
	/* Nothing is left where there is no memory. */
	munmap(p, 16 * PAGE);
	munmap(q, 16 * PAGE);
	EXPECT_EQ(0, policies_read(self->e.fd, HMS_QUERY_POLICY, p, 16 * PAGE, seen, 40));
	EXPECT_EQ(0, policies_read(self->e.fd, HMS_QUERY_POLICY, q, 16 * PAGE, seen, 40));
}

TEST_HARNESS_MAIN
