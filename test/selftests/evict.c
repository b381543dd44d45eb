// SPDX-License-Identifier: GPL-2.0
/*
 * Eviction: who leaves a full device, in which order, and where to; no byte lost.
 *
 * Most of the device is filled with what is bound there and stays, so that a few pages are all the
 * room that the others have.
 */

#include <fcntl.h>
#include <linux/mempolicy.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hms_fixture.h"

HMS_FIXTURE(evict)

#define ROOM	64UL	/* pages */
#define ANY	99	/* no policy */
#define DEFAULT	HMS_PRIORITY_DEFAULT
#define FIRST	1	/* accelerator 0 */
#define SECOND	2

/* Leave room for so many pages on accelerator 0. */
#define LEAVE(pages)								\
	do {									\
		size_t length_;							\
										\
		ASSERT_NE(NULL, fill_target(&self->e, 0, (pages) * PAGE, &length_)); \
	} while (0)

/* Ask for pages to be on accelerator 0, with a policy of that and perhaps others. */
static struct request *ask(FIXTURE_DATA(evict) *self, struct request *r, char *p, size_t pages,
			   __u32 mode, __u32 priority, __u32 other)
{
	request_init(r, p, pages * PAGE);
	request_target(r, self->e.sim[0]);
	if (other)
		request_target(r, other);
	if (mode != ANY) {
		request_modifier(r, HMS_MOD_MODE, mode);
		request_modifier(r, HMS_MOD_PRIORITY, priority);
	}
	return request_modifier(r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
}

/* Memory that one page table page maps, where a request works on all of it at once. */
static char *block(size_t pages)
{
	uintptr_t p = (uintptr_t)area(2 * pages * PAGE), end = p + pages * PAGE - 1;

	if (p && p / (512 * PAGE) != end / (512 * PAGE))
		p = end / (512 * PAGE) * (512 * PAGE);
	return (char *)p;
}

/* Have so many pages, filled; those that are on accelerator 0 then. */
static char *come(FIXTURE_DATA(evict) *self, size_t pages, __u32 mode, __u32 priority, __u64 seed)
{
	char *p = pages <= 512 ? block(pages) : area(pages * PAGE);
	struct request r;

	if (!p)
		return NULL;
	fill(p, pages * PAGE, seed);
	return request_send(ask(self, &r, p, pages, mode, priority, 0), self->e.fd) ? NULL : p;
}

static long here(FIXTURE_DATA(evict) *self, const char *p, size_t pages)
{
	return pages_on(self->e.fd, p, pages * PAGE, self->e.sim[0]);
}

/* In main memory, on whatever node. */
static long home(FIXTURE_DATA(evict) *self, const char *p, size_t pages)
{
	long n = 0;

	for (int node = 0; node < self->e.nnodes; node++)
		n += pages_on(self->e.fd, p, pages * PAGE, self->e.node[node]);
	return n;
}

/* Those that were placed the longest ago leave, and no more than there is need for. */
HMS_TEST(evict, oldest_first)
{
	struct hms_process_stats before, stats;
	long long target, module;
	char *old, *young, *p;

	NEED_SIMS(1);
	LEAVE(ROOM);
	old = come(self, ROOM / 2, ANY, 0, 1);
	young = come(self, ROOM / 2, ANY, 0, 2);
	ASSERT_NE(NULL, old);
	ASSERT_NE(NULL, young);
	ASSERT_EQ(ROOM / 2, here(self, old, ROOM / 2));
	ASSERT_EQ(ROOM / 2, here(self, young, ROOM / 2));
	target = target_stat(self->e.sim[0], "evicted");
	module = stat_read("evicted");
	ASSERT_EQ(0, stats_read(self->e.fd, &before));

	p = come(self, 10, ANY, 0, 3);
	ASSERT_NE(NULL, p);
	EXPECT_EQ(10, here(self, p, 10));
	EXPECT_EQ(ROOM / 2 - 10, here(self, old, ROOM / 2));
	EXPECT_EQ(10, home(self, old, 10));
	EXPECT_EQ(ROOM / 2, here(self, young, ROOM / 2));
	EXPECT_EQ(target_capacity(self->e.sim[0]), target_used(self->e.sim[0]));
	EXPECT_EQ(target + 10, target_stat(self->e.sim[0], "evicted"));
	EXPECT_EQ(module + 10, stat_read("evicted"));
	ASSERT_EQ(0, stats_read(self->e.fd, &stats));
	EXPECT_EQ(before.evicted + 10, stats.evicted);
	EXPECT_EQ(before.evacuated, stats.evacuated);

	EXPECT_PATTERN(old, ROOM / 2 * PAGE, 1);
	EXPECT_PATTERN(young, ROOM / 2 * PAGE, 2);
	EXPECT_PATTERN(p, 10 * PAGE, 3);
}

/* What the device faults on, and what is asked for there again, is as good as placed then. */
HMS_TEST(evict, what_is_used_stays)
{
	char *read, *asked, *idle, *p;
	struct hms_sim_op op;
	struct request r;

	NEED_SIMS(1);
	LEAVE(ROOM);
	read = come(self, 20, ANY, 0, 1);
	asked = come(self, 20, ANY, 0, 2);
	idle = come(self, ROOM - 40, ANY, 0, 3);
	ASSERT_NE(NULL, read);
	ASSERT_NE(NULL, asked);
	ASSERT_NE(NULL, idle);
	ASSERT_EQ(0, sim_op(self->e.sim_fd[0], HMS_SIM_SUM, read, 20 * PAGE, NULL, 0, &op));
	EXPECT_EQ(20, op.local);
	ASSERT_EQ(0, migrate(self->e.fd, asked, 20 * PAGE, self->e.sim[0], &r));
	EXPECT_EQ(20, r.h.present);

	p = come(self, ROOM - 40 + 5, ANY, 0, 4);
	ASSERT_NE(NULL, p);
	EXPECT_EQ((long)ROOM - 40 + 5, here(self, p, ROOM - 40 + 5));
	EXPECT_EQ(0, here(self, idle, ROOM - 40));
	EXPECT_EQ(15, here(self, read, 20));
	EXPECT_EQ(20, here(self, asked, 20));
	EXPECT_PATTERN(read, 20 * PAGE, 1);
	EXPECT_PATTERN(asked, 20 * PAGE, 2);
	EXPECT_PATTERN(idle, (ROOM - 40) * PAGE, 3);
	EXPECT_PATTERN(p, (ROOM - 40 + 5) * PAGE, 4);
}

/* What a device uses again it does not fault on: what it tells of stays, the rest leaves. */
HMS_TEST(evict, what_is_told_of_stays)
{
	struct hms_sim_op op = { .size = sizeof(op), .length = 20 * PAGE };
	char *told, *used, *idle, *p;

	NEED_SIMS(1);
	LEAVE(ROOM);
	told = come(self, 20, ANY, 0, 1);
	used = come(self, 20, ANY, 0, 2);
	ASSERT_NE(NULL, told);
	ASSERT_NE(NULL, used);
	/* The first use of all is a fault. */
	ASSERT_EQ(0, sim_op(self->e.sim_fd[0], HMS_SIM_SUM, told, 20 * PAGE, NULL, 0, NULL));
	ASSERT_EQ(0, sim_op(self->e.sim_fd[0], HMS_SIM_SUM, used, 20 * PAGE, NULL, 0, NULL));
	idle = come(self, ROOM - 40, ANY, 0, 3);
	ASSERT_NE(NULL, idle);
	for (int k = 0; k < 2; k++) {
		op.flags = k ? 0 : HMS_SIM_TELL;
		op.address = u64_ptr(k ? used : told);
		ASSERT_EQ(0, call(self->e.sim_fd[0], HMS_SIM_SUM, &op));
		EXPECT_EQ(20, op.local);
		EXPECT_EQ(0, op.faults);
	}

	p = come(self, 20 + 5, ANY, 0, 4);
	ASSERT_NE(NULL, p);
	EXPECT_EQ(25, here(self, p, 25));
	EXPECT_EQ(20, here(self, told, 20));
	EXPECT_EQ(0, here(self, used, 20));
	EXPECT_EQ((long)ROOM - 45, here(self, idle, ROOM - 40));
	EXPECT_PATTERN(told, 20 * PAGE, 1);
	EXPECT_PATTERN(used, 20 * PAGE, 2);
	EXPECT_PATTERN(idle, (ROOM - 40) * PAGE, 3);
	EXPECT_PATTERN(p, 25 * PAGE, 4);
}

/* Of a lower priority first, however young; nothing of a higher one leaves. */
HMS_TEST(evict, by_priority)
{
	char *high, *middle, *low, *p;
	struct policy policy;
	struct request r;

	NEED_SIMS(1);
	LEAVE(ROOM);
	high = come(self, 20, HMS_MODE_PREFERRED, 6, 1);
	middle = come(self, 20, HMS_MODE_PREFERRED, 4, 2);
	low = come(self, ROOM - 40, HMS_MODE_PREFERRED, 1, 3);
	ASSERT_NE(NULL, high);
	ASSERT_NE(NULL, middle);
	ASSERT_NE(NULL, low);
	ASSERT_EQ(1, policies_read(self->e.fd, HMS_QUERY_POLICY, high, PAGE, &policy, 1));
	EXPECT_EQ(6, policy.priority);

	/* For less than all of them. */
	p = come(self, 10, HMS_MODE_PREFERRED, 0, 4);
	ASSERT_NE(NULL, p);
	EXPECT_EQ(0, here(self, p, 10));
	EXPECT_EQ((long)ROOM - 40, here(self, low, ROOM - 40));
	/* For one in the middle as much as is below, and of its own kind the rest. */
	ASSERT_EQ(0, request_send(ask(self, &r, p, 10, HMS_MODE_PREFERRED, 2, 0), self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(10, r.h.moved);
	EXPECT_EQ((long)ROOM - 50, here(self, low, ROOM - 40));
	EXPECT_EQ(20, here(self, middle, 20));
	EXPECT_EQ(20, here(self, high, 20));
	/* Without a policy it is that of who asks for none: higher than 2, lower than 4. */
	ASSERT_EQ(0, policy_clear(self->e.fd, low, (ROOM - 40) * PAGE));
	ASSERT_EQ(0, request_send(ask(self, &r, low, ROOM - 40, ANY, 0, 0), self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(10, r.h.moved);
	EXPECT_EQ(0, here(self, p, 10));
	EXPECT_EQ(20, here(self, middle, 20));
	EXPECT_EQ(20, here(self, high, 20));
	EXPECT_PATTERN(high, 20 * PAGE, 1);
	EXPECT_PATTERN(middle, 20 * PAGE, 2);
	EXPECT_PATTERN(low, (ROOM - 40) * PAGE, 3);
	EXPECT_PATTERN(p, 10 * PAGE, 4);
}

/* A priority that was raised counts at once. */
HMS_TEST(evict, raised)
{
	char *p, *q;
	struct request r;

	NEED_SIMS(1);
	LEAVE(ROOM);
	p = come(self, ROOM, HMS_MODE_PREFERRED, DEFAULT, 1);
	ASSERT_NE(NULL, p);
	request_init(&r, p, ROOM * PAGE);
	request_target(&r, self->e.sim[0]);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_PREFERRED);
	request_modifier(&r, HMS_MOD_PRIORITY, 5);
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	q = come(self, 10, HMS_MODE_PREFERRED, DEFAULT, 2);
	ASSERT_NE(NULL, q);
	EXPECT_EQ((long)ROOM, here(self, p, ROOM));
	EXPECT_EQ(0, here(self, q, 10));
	/* A lower one when it is asked for there again. */
	ASSERT_EQ(0, request_send(ask(self, &r, p, ROOM, HMS_MODE_PREFERRED, 1, 0), self->e.fd));
	EXPECT_EQ(ROOM, r.h.present);
	ASSERT_EQ(0, request_send(ask(self, &r, q, 10, HMS_MODE_PREFERRED, 2, 0), self->e.fd));
	EXPECT_EQ(10, r.h.moved);
	EXPECT_EQ((long)ROOM - 10, here(self, p, ROOM));
	EXPECT_PATTERN(p, ROOM * PAGE, 1);
	EXPECT_PATTERN(q, 10 * PAGE, 2);
}

/* Where a policy has no other place, its pages stay; and leave when it has gone. */
HMS_TEST(evict, bound)
{
	char *p, *q;
	struct request r;

	NEED_SIMS(1);
	LEAVE(ROOM);
	p = come(self, ROOM, HMS_MODE_BIND, 0, 1);
	q = area(10 * PAGE);
	ASSERT_NE(NULL, p);
	ASSERT_NE(NULL, q);
	fill(q, 10 * PAGE, 2);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, request_send(ask(self, &r, q, 10, HMS_MODE_BIND, 7, 0), self->e.fd));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(10, r.h.skipped[HMS_SKIP_NOMEM]);
		EXPECT_EQ((long)ROOM, here(self, p, ROOM));
	}
	ASSERT_EQ(0, policy_clear(self->e.fd, p, ROOM * PAGE));
	/* A request asks some of what is bound on the device, in turns; there are not so many. */
	for (int i = 0; i < 100 && here(self, q, 10) < 10; i++)
		ASSERT_EQ(0, request_send(ask(self, &r, q, 10, HMS_MODE_BIND, 7, 0), self->e.fd));
	EXPECT_EQ(10, here(self, q, 10));
	EXPECT_EQ((long)ROOM - 10, here(self, p, ROOM));
	EXPECT_PATTERN(p, ROOM * PAGE, 1);
	EXPECT_PATTERN(q, 10 * PAGE, 2);
}

/* To where the list goes on: another device, a node; also of a policy that is strict. */
HMS_TEST(evict, next_target)
{
	const __u32 last = self->e.node[self->e.nnodes - 1];
	char *bound = area(20 * PAGE), *soft = area(20 * PAGE), *p;
	struct request r;

	NEED_SIMS(2);
	NEED_NODES(2);
	ASSERT_NE(NULL, bound);
	ASSERT_NE(NULL, soft);
	LEAVE(40);
	fill(bound, 20 * PAGE, 1);
	fill(soft, 20 * PAGE, 2);
	ASSERT_EQ(0, request_send(ask(self, &r, bound, 20, HMS_MODE_BIND, 0, self->e.sim[1]),
				  self->e.fd));
	ASSERT_EQ(0, request_send(ask(self, &r, soft, 20, HMS_MODE_PREFERRED, 1, last),
				  self->e.fd));
	ASSERT_EQ(20, here(self, bound, 20));
	ASSERT_EQ(20, here(self, soft, 20));
	p = come(self, 30, ANY, 0, 3);
	ASSERT_NE(NULL, p);
	EXPECT_EQ(30, here(self, p, 30));
	EXPECT_EQ(20, pages_on(self->e.fd, bound, 20 * PAGE, self->e.sim[1]));
	EXPECT_EQ(10, pages_on(self->e.fd, soft, 20 * PAGE, last));
	EXPECT_EQ(10, here(self, soft, 20));
	EXPECT_PATTERN(bound, 20 * PAGE, 1);
	EXPECT_PATTERN(soft, 20 * PAGE, 2);
	EXPECT_PATTERN(p, 30 * PAGE, 3);
}

/* The second device makes room for all that the first has none for, not for the first alone. */
HMS_TEST(evict, second_device)
{
	enum { N = 600, OLD = 700 };
	char *old = area(OLD * PAGE), *p = area(N * PAGE);
	struct request r;
	size_t length;

	NEED_SIMS(2);
	ASSERT_NE(NULL, old);
	ASSERT_NE(NULL, p);
	LEAVE(0);
	ASSERT_NE(NULL, fill_target(&self->e, 1, OLD * PAGE, &length));
	fill(old, OLD * PAGE, 1);
	fill(p, N * PAGE, 2);
	ASSERT_EQ(0, migrate(self->e.fd, old, OLD * PAGE, self->e.sim[1], &r));
	ASSERT_EQ(OLD, r.h.moved);
	ASSERT_EQ(0, request_send(ask(self, &r, p, N, HMS_MODE_BIND, DEFAULT, self->e.sim[1]),
				  self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(N, r.counts[1].moved);
	EXPECT_EQ(OLD - N, pages_on(self->e.fd, old, OLD * PAGE, self->e.sim[1]));
	EXPECT_PATTERN(old, OLD * PAGE, 1);
	EXPECT_PATTERN(p, N * PAGE, 2);
}

/* A request makes no room for itself: what does not fit goes where its list goes on. */
HMS_TEST(evict, not_itself)
{
	const __u32 last = self->e.node[self->e.nnodes - 1];
	char *p = area(3 * ROOM * PAGE);
	struct request r;
	long long evicted;

	NEED_SIMS(1);
	NEED_NODES(2);
	ASSERT_NE(NULL, p);
	LEAVE(ROOM);
	fill(p, 3 * ROOM * PAGE, 1);
	evicted = stat_read("evicted");
	ASSERT_EQ(0, request_send(ask(self, &r, p, 3 * ROOM, HMS_MODE_BIND, DEFAULT, last),
				  self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(ROOM, r.counts[0].moved);
	EXPECT_EQ(2 * ROOM, r.counts[1].moved + r.counts[1].present);
	/* Nor does what is there already make room for the rest of a range. */
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	EXPECT_EQ(ROOM, r.counts[0].present);
	EXPECT_EQ(0, r.h.moved);
	EXPECT_EQ(evicted, stat_read("evicted"));
	EXPECT_PATTERN(p, 3 * ROOM * PAGE, 1);
}

/* All or nothing, and holes, have room made for them too. */
HMS_TEST(evict, for_all)
{
	char *old, *p = area(40 * PAGE), *hole = area(20 * PAGE);
	struct request r;

	NEED_SIMS(1);
	ASSERT_NE(NULL, p);
	ASSERT_NE(NULL, hole);
	LEAVE(ROOM);
	old = come(self, ROOM, ANY, 0, 1);
	ASSERT_NE(NULL, old);
	fill(p, 40 * PAGE, 2);
	ask(self, &r, p, 40, HMS_MODE_BIND, DEFAULT, 0);
	request_modifier(&r, HMS_MOD_ALL_OR_NOTHING, 1);
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	EXPECT_EQ(40, r.h.moved);
	ASSERT_EQ(0, populate(self->e.fd, hole, 20 * PAGE, self->e.sim[0], &r));
	EXPECT_EQ(20, r.h.populated);
	EXPECT_EQ((long)ROOM - 60, here(self, old, ROOM));
	EXPECT_PATTERN(old, ROOM * PAGE, 1);
	EXPECT_PATTERN(p, 40 * PAGE, 2);
	EXPECT_ZERO(hole, 20 * PAGE);
}

/* So does a device that faults on a range with a policy. */
HMS_TEST(evict, for_a_fault)
{
	char *old, *p = area(10 * PAGE);
	struct hms_sim_op op;
	struct policy policy;

	NEED_SIMS(1);
	ASSERT_NE(NULL, p);
	LEAVE(ROOM);
	old = come(self, ROOM, ANY, 0, 1);
	ASSERT_NE(NULL, old);
	fill(p, 10 * PAGE, 2);
	ASSERT_EQ(0, policy_set(self->e.fd, p, 10 * PAGE, HMS_MODE_BIND, 1, self->e.sim));
	ASSERT_EQ(1, policies_read(self->e.fd, HMS_QUERY_POLICY, p, PAGE, &policy, 1));
	EXPECT_EQ(DEFAULT, policy.priority);
	ASSERT_EQ(0, sim_op(self->e.sim_fd[0], HMS_SIM_SUM, p, 10 * PAGE, NULL, 0, &op));
	EXPECT_EQ(10, here(self, p, 10));
	EXPECT_EQ((long)ROOM - 10, here(self, old, ROOM));
	EXPECT_PATTERN(old, ROOM * PAGE, 1);
	EXPECT_PATTERN(p, 10 * PAGE, 2);
}

static int parameter(const char *name, const char *value)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/hms/parameters/%s", name);
	return text_write(path, value);
}

/* What comes back at once stays for a while. */
HMS_TEST(evict, thrashing)
{
	char *p, *q;
	struct request r;

	NEED_SIMS(1);
	LEAVE(ROOM);
	/* However slow the machine is. */
	ASSERT_EQ(0, parameter("bounce_ms", "1000000"));
	ASSERT_EQ(0, parameter("hold_ms", "1000000"));
	p = come(self, ROOM, ANY, 0, 1);
	q = come(self, ROOM, ANY, 0, 2);
	ASSERT_NE(NULL, p);
	ASSERT_NE(NULL, q);
	EXPECT_EQ(0, here(self, p, ROOM));
	EXPECT_EQ((long)ROOM, here(self, q, ROOM));
	/* It is back, and stays. */
	ASSERT_EQ(0, request_send(ask(self, &r, p, ROOM, ANY, 0, 0), self->e.fd));
	EXPECT_EQ(ROOM, r.h.moved);
	ASSERT_EQ(0, request_send(ask(self, &r, q, ROOM, ANY, 0, 0), self->e.fd));
	EXPECT_EQ(ROOM, r.h.skipped[HMS_SKIP_NOMEM]);
	EXPECT_EQ((long)ROOM, here(self, p, ROOM));
	/* For no longer than it is told; what left is another matter. */
	ASSERT_EQ(0, migrate(self->e.fd, p, ROOM * PAGE, self->e.node[0], &r));
	ASSERT_EQ(0, parameter("hold_ms", "0"));
	ASSERT_EQ(0, request_send(ask(self, &r, p, ROOM, ANY, 0, 0), self->e.fd));
	EXPECT_EQ(ROOM, r.h.moved);
	ASSERT_EQ(0, request_send(ask(self, &r, q, ROOM, ANY, 0, 0), self->e.fd));
	EXPECT_EQ(ROOM, r.h.moved);
	ASSERT_EQ(0, parameter("bounce_ms", "1000"));
	ASSERT_EQ(0, parameter("hold_ms", "250"));
	EXPECT_PATTERN(p, ROOM * PAGE, 1);
	EXPECT_PATTERN(q, ROOM * PAGE, 2);
}

/* Pages that processes share leave as well, for who has them still, and at whatever address. */
HMS_TEST(evict, shared_by_fork)
{
	char *child_only, *both, *moved = area(ROOM / 2 * PAGE), *q;
	struct peer peer;

	NEED_SIMS(1);
	LEAVE(ROOM);
	child_only = come(self, ROOM / 2, ANY, 0, 1);
	both = come(self, ROOM / 2, ANY, 0, 2);
	ASSERT_NE(NULL, child_only);
	ASSERT_NE(NULL, both);
	ASSERT_NE(NULL, moved);
	ASSERT_EQ(moved, mremap(child_only, ROOM / 2 * PAGE, ROOM / 2 * PAGE,
				MREMAP_MAYMOVE | MREMAP_FIXED, moved));
	ASSERT_LE(0, peer_fork(&peer));
	if (!peer.pid) {
		tell(&peer);
		hear(&peer);
		_exit(verify(moved, ROOM / 2 * PAGE, 1) >= 0 ||
		      verify(both, ROOM / 2 * PAGE, 2) >= 0);
	}
	ASSERT_EQ(0, hear(&peer));
	ASSERT_EQ(0, munmap(moved, ROOM / 2 * PAGE));
	q = come(self, ROOM, ANY, 0, 3);
	ASSERT_NE(NULL, q);
	EXPECT_EQ((long)ROOM, here(self, q, ROOM));
	EXPECT_EQ(0, here(self, both, ROOM / 2));
	tell(&peer);
	EXPECT_EQ(0, peer_wait(&peer));
	EXPECT_PATTERN(both, ROOM / 2 * PAGE, 2);
	EXPECT_PATTERN(q, ROOM * PAGE, 3);
}

/* A child's page is at the address of another one of its parent: that is not asked for it. */
HMS_TEST(evict, copied_after_fork)
{
	char *p = area(ROOM / 2 * PAGE), *q;
	struct peer peer;

	NEED_SIMS(1);
	ASSERT_NE(NULL, p);
	LEAVE(ROOM);
	fill(p, ROOM / 2 * PAGE, 1);
	ASSERT_LE(0, peer_fork(&peer));
	if (!peer.pid) {
		struct env e;

		hear(&peer);
		if (*env_open(&e) || migrate(e.fd, p, ROOM / 2 * PAGE, e.sim[0], NULL) ||
		    pages_on(e.fd, p, ROOM / 2 * PAGE, e.sim[0]) != ROOM / 2)
			_exit(2);
		tell(&peer);
		hear(&peer);
		if (pages_on(e.fd, p, ROOM / 2 * PAGE, e.sim[0]))
			_exit(3);
		_exit(verify(p, ROOM / 2 * PAGE, 1) >= 0 ? 4 : 0);
	}
	/* These are copies; what was there is the child's alone. */
	fill(p, ROOM / 2 * PAGE, 2);
	tell(&peer);
	ASSERT_EQ(0, hear(&peer));
	ASSERT_EQ(0, migrate(self->e.fd, p, ROOM / 2 * PAGE, self->e.sim[0], NULL));
	ASSERT_EQ((long)ROOM / 2, here(self, p, ROOM / 2));
	q = come(self, ROOM, ANY, 0, 3);
	ASSERT_NE(NULL, q);
	EXPECT_EQ((long)ROOM, here(self, q, ROOM));
	EXPECT_EQ(0, here(self, p, ROOM / 2));
	tell(&peer);
	EXPECT_EQ(0, peer_wait(&peer));
	EXPECT_PATTERN(p, ROOM / 2 * PAGE, 2);
	EXPECT_PATTERN(q, ROOM * PAGE, 3);
}

/* Pages that HMS can keep as they are without their mapping. Linux 6.8 has UFFDIO_MOVE. */
#define NEED_KEPT								\
	do {									\
		if (!self->e.private && kernel_is_since(6, 8))			\
			SKIP(return, "UFFDIO_MOVE may take coherent pages");	\
	} while (0)

static void pause_copies(unsigned int accelerators)
{
	char text[12];

	snprintf(text, sizeof(text), "%u", accelerators);
	text_write(SIM_PARAMETERS "pause", text);
}

/* Until so many copies wait. The test's own time limit ends this, as it does the next one. */
static void wait_for_copies(long n)
{
	while (number_read(SIM_PARAMETERS "pausing") != n)
		usleep(1000);
}

/* Until a child is in lock_out(), and its copy waits, as @copies do then. */
static void wait_until_busy(struct peer *child, long copies)
{
	wait_for_copies(copies);
	tell(child);
	wait_until_stuck(child->pid);
}

/*
 * In a child whose copies to accelerator 1 wait: have mmap_lock taken for @q, a page, and wait for
 * it behind that, as soon as the parent says so. Returns when others can have it again.
 */
static int lock_out(struct env *e, struct peer *peer, char *q)
{
	struct request r;
	long long job = request_submit(request_move(&r, q, PAGE, e->sim[1]), e->fd, HMS_NO_EVENTFD);

	if (job < 0 || hear(peer))
		return -1;
	if (mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
		return -1;
	return job_end(e->fd, job, &r);
}

/* 10 pages are to come to accelerator 0 while @copies_ wait, and @n_ do; nobody is busy then. */
#define COME_MEANWHILE(mode_, copies_, n_, child)				\
	do {									\
		char *young_ = come(self, 10, mode_, DEFAULT, 5);		\
										\
		ASSERT_NE(NULL, young_);					\
		EXPECT_EQ(n_, here(self, young_, 10));				\
		/* It was so all the time. */					\
		EXPECT_EQ(copies_, number_read(SIM_PARAMETERS "pausing"));	\
		pause_copies(0);						\
		EXPECT_EQ(0, peer_wait(child));					\
		EXPECT_PATTERN(young_, 10 * PAGE, 5);				\
	} while (0)

/* Nobody waits for a process that is busy with its mappings: its pages leave all the same. */
HMS_TEST(evict, busy)
{
	const __u32 last = self->e.node[self->e.nnodes - 1];
	char *p = area(ROOM * PAGE), *q = area(PAGE);
	struct hms_process_stats stats;
	struct hms_notice n[8];
	struct request r;
	struct peer peer;

	NEED_SIMS(2);
	NEED_KEPT;
	NEED_NODES(2);
	ASSERT_NE(NULL, p);
	ASSERT_NE(NULL, q);
	LEAVE(ROOM);
	pause_copies(SECOND);
	ASSERT_LE(0, peer_fork(&peer));
	if (!peer.pid) {
		struct env e;

		fill(p, ROOM * PAGE, 1);
		fill(q, PAGE, 2);
		if (*env_open(&e) ||
		    request_send(ask(self, &r, p, ROOM, HMS_MODE_PREFERRED, DEFAULT, last), e.fd) ||
		    r.h.moved != ROOM || fcntl(e.fd, F_SETFL, O_NONBLOCK))
			_exit(2);
		while (read(e.fd, n, sizeof(n)) > 0)
			;
		tell(&peer);
		if (lock_out(&e, &peer, q))
			_exit(3);
		/* It is told, and they are where its policy goes on. */
		if (read(e.fd, n, sizeof(n)) < (ssize_t)sizeof(n[0]) ||
		    n[0].kind != HMS_NOTICE_EVICTED || n[0].start != u64_ptr(p) ||
		    n[0].length != 10 * PAGE || n[0].moved != 10)
			_exit(4);
		if (stats_read(e.fd, &stats) || stats.evicted != 10)
			_exit(5);
		if (pages_on(e.fd, p, ROOM * PAGE, last) != 10 ||
		    pages_on(e.fd, p, ROOM * PAGE, e.sim[0]) != ROOM - 10)
			_exit(6);
		_exit(verify(p, ROOM * PAGE, 1) >= 0 || verify(q, PAGE, 2) >= 0 ? 7 : 0);
	}
	ASSERT_EQ(0, hear(&peer));
	wait_until_busy(&peer, 1);
	COME_MEANWHILE(ANY, 1, 10, &peer);
}

/* But not those that are of a higher priority by now, nor those that a mempolicy places. */
HMS_TEST(evict, busy_and_kept)
{
	char *raised = area(ROOM / 2 * PAGE), *placed = area(ROOM / 2 * PAGE), *q = area(PAGE);
	const unsigned long nodes = 1;
	struct request r;
	struct peer peer;

	NEED_SIMS(2);
	ASSERT_NE(NULL, raised);
	ASSERT_NE(NULL, placed);
	ASSERT_NE(NULL, q);
	LEAVE(ROOM);
	pause_copies(SECOND);
	ASSERT_LE(0, peer_fork(&peer));
	if (!peer.pid) {
		struct env e;

		fill(raised, ROOM / 2 * PAGE, 1);
		fill(placed, ROOM / 2 * PAGE, 2);
		fill(q, PAGE, 3);
		if (*env_open(&e) ||
		    syscall(SYS_mbind, placed, ROOM / 2 * PAGE, (long)MPOL_BIND, &nodes, 64L, 0L) ||
		    migrate(e.fd, raised, ROOM / 2 * PAGE, e.sim[0], NULL) ||
		    migrate(e.fd, placed, ROOM / 2 * PAGE, e.sim[0], NULL))
			_exit(2);
		request_init(&r, raised, ROOM / 2 * PAGE);
		request_target(&r, e.sim[0]);
		request_modifier(&r, HMS_MOD_MODE, HMS_MODE_PREFERRED);
		request_modifier(&r, HMS_MOD_PRIORITY, 5);
		if (request_send(&r, e.fd))
			_exit(3);
		tell(&peer);
		if (lock_out(&e, &peer, q))
			_exit(4);
		_exit(verify(raised, ROOM / 2 * PAGE, 1) >= 0 ||
		      verify(placed, ROOM / 2 * PAGE, 2) >= 0 ? 5 : 0);
	}
	ASSERT_EQ(0, hear(&peer));
	wait_until_busy(&peer, 1);
	COME_MEANWHILE(HMS_MODE_PREFERRED, 1, 0, &peer);
}

/* Of pages that several share, and that are all busy: as the policy that they came under says. */
HMS_TEST(evict, busy_and_shared)
{
	const __u32 last = self->e.node[self->e.nnodes - 1];
	char *p = area(ROOM * PAGE), *q = area(PAGE);
	struct peer parent, child;
	struct request r;
	pid_t pid;

	NEED_SIMS(2);
	NEED_KEPT;
	NEED_NODES(2);
	ASSERT_NE(NULL, p);
	ASSERT_NE(NULL, q);
	LEAVE(ROOM);
	pause_copies(SECOND);
	ASSERT_LE(0, peer_fork(&parent));
	if (!parent.pid) {
		struct env e;

		fill(p, ROOM * PAGE, 1);
		if (*env_open(&e) ||
		    request_send(ask(self, &r, p, ROOM, HMS_MODE_BIND, DEFAULT, last), e.fd) ||
		    r.h.moved != ROOM || peer_fork(&child) < 0)
			_exit(2);
		if (!child.pid) {
			struct env mine;

			fill(q, PAGE, 3);
			if (*env_open(&mine))
				_exit(2);
			tell(&child);
			_exit(lock_out(&mine, &child, q) || verify(p, ROOM * PAGE, 1) >= 0 ||
			      verify(q, PAGE, 3) >= 0);
		}
		fill(q, PAGE, 2);
		if (hear(&child) || write(parent.out, &child.pid, sizeof(pid)) != sizeof(pid))
			_exit(3);
		wait_until_busy(&child, 1);
		if (lock_out(&e, &parent, q) || peer_wait(&child))
			_exit(4);
		if (pages_on(e.fd, p, ROOM * PAGE, last) != 10)
			_exit(5);
		_exit(verify(p, ROOM * PAGE, 1) >= 0 || verify(q, PAGE, 2) >= 0 ? 6 : 0);
	}
	ASSERT_EQ((ssize_t)sizeof(pid), read(parent.in, &pid, sizeof(pid)));
	wait_until_busy(&parent, 2);
	wait_until_stuck(pid);
	COME_MEANWHILE(ANY, 2, 10, &parent);
}

/* Who had them unmaps them, or exits, while they are on their way out: what core needs stays. */
HMS_TEST(evict, gone_meanwhile)
{
	char *p = area(ROOM * PAGE), *q = area(PAGE), *young = block(ROOM);
	struct request r;
	struct peer peer;
	long long job;

	NEED_SIMS(2);
	NEED_KEPT;
	ASSERT_NE(NULL, p);
	ASSERT_NE(NULL, q);
	ASSERT_NE(NULL, young);
	LEAVE(ROOM);
	fill(young, ROOM * PAGE, 3);
	for (int unmaps = 0; unmaps < 2; unmaps++) {
		pause_copies(SECOND);
		ASSERT_LE(0, peer_fork(&peer));
		if (!peer.pid) {
			struct env e;

			/* A mapping that is its own from the beginning. */
			if (mmap(p, ROOM * PAGE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != p)
				_exit(2);
			fill(p, ROOM * PAGE, 1);
			fill(q, PAGE, 2);
			if (*env_open(&e) || migrate(e.fd, p, ROOM * PAGE, e.sim[0], &r) ||
			    r.h.moved != ROOM)
				_exit(3);
			tell(&peer);
			if (lock_out(&e, &peer, q) || verify(q, PAGE, 2) >= 0)
				_exit(4);
			if (unmaps && munmap(p, ROOM * PAGE))
				_exit(5);
			tell(&peer);
			hear(&peer);
			_exit(0);
		}
		ASSERT_EQ(0, hear(&peer));
		wait_until_busy(&peer, 1);
		pause_copies(FIRST | SECOND);
		ask(self, &r, young, ROOM, ANY, 0, 0);
		job = request_submit(&r, self->e.fd, HMS_NO_EVENTFD);
		ASSERT_LT(0, job);
		wait_for_copies(2);
		pause_copies(FIRST);
		ASSERT_EQ(0, hear(&peer));
		tell(&peer);
		EXPECT_EQ(0, peer_wait(&peer));
		EXPECT_EQ(1, number_read(SIM_PARAMETERS "pausing"));
		pause_copies(0);
		ASSERT_EQ(0, job_end(self->e.fd, job, &r));
		EXPECT_EQ(ROOM, r.h.moved);
		EXPECT_PATTERN(young, ROOM * PAGE, 3);
		ASSERT_EQ(0, migrate(self->e.fd, young, ROOM * PAGE, self->e.node[0], NULL));
	}
}

/* The process hears of it. */
HMS_TEST(evict, notice)
{
	struct hms_notice n[8];
	ssize_t got;
	char *p, *q;

	NEED_SIMS(1);
	LEAVE(ROOM);
	p = come(self, ROOM, ANY, 0, 1);
	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, fcntl(self->e.fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-1, read(self->e.fd, n, sizeof(n)));
	q = come(self, 10, ANY, 0, 2);
	ASSERT_NE(NULL, q);
	got = read(self->e.fd, n, sizeof(n)) / (ssize_t)sizeof(n[0]);
	ASSERT_LE(2, got);
	EXPECT_EQ(HMS_NOTICE_EVICTED, n[0].kind);
	EXPECT_EQ(self->e.sim[0], n[0].target);
	EXPECT_EQ(u64_ptr(p), n[0].start);
	EXPECT_EQ(10, n[0].pages);
	EXPECT_EQ(10, n[0].moved);
	EXPECT_EQ(10 * PAGE, n[0].length);
	EXPECT_EQ(HMS_NOTICE_REQUEST, n[got - 1].kind);
	EXPECT_EQ(10, n[got - 1].moved);
	EXPECT_PATTERN(p, ROOM * PAGE, 1);
	EXPECT_PATTERN(q, 10 * PAGE, 2);
}

static int reserve(int fd, __u64 length, __u64 *kept)
{
	struct hms_sim_reserve r = { .size = sizeof(r), .length = length };
	int ret = call(fd, HMS_SIM_RESERVE, &r);

	*kept = r.kept;
	return ret;
}

/* The driver takes memory for itself: all leave for that, whatever their policy is. */
HMS_TEST(evict, taken_by_the_driver)
{
	long long capacity = target_capacity(self->e.sim[0]);
	char *bound, *p;
	struct request r;
	__u64 kept;

	NEED_SIMS(1);
	bound = come(self, ROOM, HMS_MODE_BIND, 7, 1);
	p = come(self, ROOM, ANY, 0, 2);
	ASSERT_NE(NULL, bound);
	ASSERT_NE(NULL, p);
	/* What is free first. */
	ASSERT_EQ(0, reserve(self->e.sim_fd[0], capacity - 2 * ROOM * PAGE, &kept));
	EXPECT_EQ(capacity - 2 * ROOM * PAGE, kept);
	EXPECT_EQ((long)ROOM, here(self, bound, ROOM));
	EXPECT_EQ((long)ROOM, here(self, p, ROOM));
	ASSERT_EQ(0, reserve(self->e.sim_fd[0], capacity - ROOM * PAGE, &kept));
	EXPECT_EQ(capacity - ROOM * PAGE, kept);
	EXPECT_EQ((long)ROOM, here(self, bound, ROOM));
	EXPECT_EQ(0, here(self, p, ROOM));
	ASSERT_EQ(0, reserve(self->e.sim_fd[0], capacity, &kept));
	EXPECT_EQ(capacity, kept);
	EXPECT_EQ(0, here(self, bound, ROOM));
	EXPECT_EQ(0, target_used(self->e.sim[0]));
	ASSERT_EQ(0, migrate(self->e.fd, p, ROOM * PAGE, self->e.sim[0], &r));
	EXPECT_EQ(ROOM, r.h.skipped[HMS_SKIP_NOMEM]);
	ASSERT_EQ(0, reserve(self->e.sim_fd[0], 0, &kept));
	EXPECT_EQ(0, kept);
	ASSERT_EQ(0, migrate(self->e.fd, p, ROOM * PAGE, self->e.sim[0], &r));
	EXPECT_EQ(ROOM, r.h.moved);
	EXPECT_PATTERN(bound, ROOM * PAGE, 1);
	EXPECT_PATTERN(p, ROOM * PAGE, 2);
}

/* It gets less than it wants while some of it is pinned, and the rest when that is over. */
HMS_TEST(evict, taken_but_for_pins)
{
	long long capacity = target_capacity(self->e.sim[0]);
	struct iovec iov = { .iov_len = 4 * PAGE };
	int ends[2];
	__u64 kept;
	char *p;

	NEED_SIMS(1);
	if (self->e.private)
		SKIP(return, "what CPUs pin of private memory comes home");
	p = come(self, ROOM, ANY, 0, 2);
	ASSERT_NE(NULL, p);
	iov.iov_base = p + 5 * PAGE;
	ASSERT_EQ(0, pipe(ends));
	ASSERT_EQ((ssize_t)iov.iov_len, vmsplice(ends[1], &iov, 1, 0));
	ASSERT_EQ(0, reserve(self->e.sim_fd[0], capacity, &kept));
	EXPECT_EQ(capacity - 4 * PAGE, kept);
	EXPECT_EQ(4, here(self, p, ROOM));
	EXPECT_PATTERN(p, ROOM * PAGE, 2);
	close(ends[0]);
	close(ends[1]);
	ASSERT_EQ(0, reserve(self->e.sim_fd[0], capacity, &kept));
	EXPECT_EQ(capacity, kept);
	EXPECT_EQ(0, here(self, p, ROOM));
	ASSERT_EQ(0, reserve(self->e.sim_fd[0], 0, &kept));
	EXPECT_PATTERN(p, ROOM * PAGE, 2);
}

/* Bad input, and no right to it. */
HMS_TEST(evict, refused)
{
	char *p = area(PAGE);
	struct request r;
	__u64 kept, more;

	ASSERT_NE(NULL, p);
	request_init(&r, p, PAGE);
	request_target(&r, self->e.node[0]);
	request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	request_modifier(&r, HMS_MOD_PRIORITY, 1);
	EXPECT_EQ(-EINVAL, request_send(&r, self->e.fd));
	EXPECT_EQ(HMS_WHY_COMBINATION, r.h.error_why);
	EXPECT_EQ(1, r.h.error_index);
	request_init(&r, p, PAGE);
	request_modifier(&r, HMS_MOD_PRIORITY, 1);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_DEFAULT);
	EXPECT_EQ(-EINVAL, request_send(&r, self->e.fd));
	EXPECT_EQ(HMS_WHY_COMBINATION, r.h.error_why);
	EXPECT_EQ(0, r.h.error_index);
	request_init(&r, p, PAGE);
	request_target(&r, self->e.node[0]);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_BIND);
	request_modifier(&r, HMS_MOD_PRIORITY, HMS_PRIORITY_MAX + 1);
	EXPECT_EQ(-EINVAL, request_send(&r, self->e.fd));
	EXPECT_EQ(HMS_WHY_VALUE, r.h.error_why);
	r.modifiers[1].value = DEFAULT + 1;
	EXPECT_EQ(0, request_send(&r, self->e.fd));
	if (self->e.nsims) {
		EXPECT_EQ(-EINVAL, reserve(self->e.sim_fd[0], PAGE + 1, &kept));
		more = target_capacity(self->e.sim[0]) + PAGE;
		EXPECT_EQ(-EINVAL, reserve(self->e.sim_fd[0], more, &kept));
	}

	ASSERT_EQ(0, setresuid(1000, 1000, 1000));
	EXPECT_EQ(-EPERM, request_send(&r, self->e.fd));
	EXPECT_EQ(HMS_WHY_PERMISSION, r.h.error_why);
	EXPECT_EQ(1, r.h.error_index);
	r.modifiers[1].value = DEFAULT;
	EXPECT_EQ(0, request_send(&r, self->e.fd));
	if (self->e.nsims)
		EXPECT_EQ(-EPERM, reserve(self->e.sim_fd[0], PAGE, &kept));
}

/* Large pages leave in one piece where core can do that, and bring no one to grief where not. */
HMS_TEST(evict, large)
{
	char *p = area_huge(MiB(4)), *few, *q;
	struct request r;

	NEED_SIMS(1);
	ASSERT_NE(NULL, p);
	LEAVE(MiB(4) / PAGE);
	fill(p, MiB(4), 1);
	ASSERT_EQ(0, migrate(self->e.fd, p, MiB(4), self->e.sim[0], &r));
	ASSERT_EQ(MiB(4) / PAGE, r.h.moved);
	few = come(self, 10, ANY, 0, 2);
	ASSERT_NE(NULL, few);
	EXPECT_EQ(10, here(self, few, 10));
	EXPECT_GE((long)(MiB(4) / PAGE) - 10, here(self, p, MiB(4) / PAGE));
	EXPECT_LE((long)(MiB(2) / PAGE), here(self, p, MiB(4) / PAGE));
	/* One whose first pages are not mapped any more leaves page by page. */
	ASSERT_EQ(0, munmap(p + MiB(2), 2 * PAGE));
	q = come(self, MiB(4) / PAGE, ANY, 0, 3);
	ASSERT_NE(NULL, q);
	EXPECT_EQ((long)(MiB(4) / PAGE), here(self, q, MiB(4) / PAGE));
	EXPECT_EQ(0, here(self, p, MiB(2) / PAGE));
	EXPECT_EQ(0, here(self, p + MiB(2) + 2 * PAGE, MiB(2) / PAGE - 2));
	EXPECT_PATTERN(q, MiB(4), 3);
	EXPECT_PATTERN(p, MiB(2), 1);
	EXPECT_PATTERN_PART(p, MiB(2) + 2 * PAGE, MiB(2) - 2 * PAGE, 1);
	EXPECT_PATTERN(few, 10 * PAGE, 2);
}

/* Processes that have more than there is room for, together, for as long as it takes. */
HMS_TEST(evict, many_at_once)
{
	enum { CHILDREN = 4, ROUNDS = 30 };
	pid_t children[CHILDREN];

	NEED_SIMS(1);
	LEAVE(2 * ROOM);
	for (int c = 0; c < CHILDREN; c++) {
		children[c] = fork();
		if (children[c])
			continue;
		__u64 random = c + 1;
		char *p = area(ROOM * PAGE);
		struct env e;

		if (!p || *env_open(&e))
			_exit(2);
		fill(p, ROOM * PAGE, c);
		for (int round = 0; round < ROUNDS; round++) {
			size_t first = random_next(&random) % ROOM;
			size_t n = 1 + random_next(&random) % (ROOM - first);
			struct hms_sim_op op;
			struct request r;

			if (migrate(e.fd, p + first * PAGE, n * PAGE, e.sim[0], &r) ||
			    r.h.moved + r.h.present + r.h.skipped[HMS_SKIP_NOMEM] +
			    r.h.skipped[HMS_SKIP_BUSY] != n)
				_exit(3);
			if (sim_op(e.sim_fd[0], HMS_SIM_SUM, p, ROOM * PAGE, NULL, 0, &op))
				_exit(4);
			if (round % 4 == 0 && verify(p, ROOM * PAGE, c) >= 0)
				_exit(5);
		}
		_exit(verify(p, ROOM * PAGE, c) >= 0 ? 6 : 0);
	}
	for (int c = 0; c < CHILDREN; c++)
		EXPECT_EQ(0, status_of(children[c]));
}

TEST_HARNESS_MAIN
