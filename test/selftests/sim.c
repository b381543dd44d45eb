// SPDX-License-Identifier: GPL-2.0
/*
 * The accelerators' own operations: a device sees the same bytes at the same addresses as the CPU,
 * wherever they are, and never more than the process may.
 */

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <linux/mempolicy.h>

#include "hms_fixture.h"

#define NPAGES	32
#define KERNEL	0xffff888000000000ULL

FIXTURE(device)
{
	struct env e;
};

FIXTURE_SETUP(device)
{
	ASSERT_STREQ("", env_open(&self->e));
	if (!self->e.nsims)
		SKIP(return, "needs an emulated accelerator");
}

FIXTURE_TEARDOWN_PARENT(device)
{
	EXPECT_USED_AS_BEFORE(&self->e);
}

/* Where memory can be, seen from accelerator 0. */
enum place { ON_OWN, ON_OTHER, ON_FIRST_NODE, ON_LAST_NODE, NPLACES };

static __u32 place_uid(const struct env *e, enum place place)
{
	switch (place) {
	case ON_OWN:
		return e->sim[0];
	case ON_OTHER:
		return e->nsims > 1 ? e->sim[1] : e->node[0];
	case ON_FIRST_NODE:
		return e->node[0];
	default:
		return e->node[e->nnodes - 1];
	}
}

static char *placed(FIXTURE_DATA(device) *self, size_t length, __u64 seed, enum place place)
{
	char *p = area(length);

	if (!p)
		return NULL;
	fill(p, length, seed);
	if (migrate(self->e.fd, p, length, place_uid(&self->e, place), NULL))
		return NULL;
	return p;
}

HMS_TEST(device, read)
{
	static char bytes[NPAGES * PAGE] __attribute__((aligned(8)));

	for (enum place place = 0; place < NPLACES; place++) {
		char *p = placed(self, NPAGES * PAGE, 1, place);
		struct hms_sim_op op;

		ASSERT_NE(NULL, p);
		memset(bytes, 0, sizeof(bytes));
		ASSERT_EQ(0,
			  sim_op(self->e.sim_fd[0], HMS_SIM_READ, p, sizeof(bytes), bytes, 0, &op));
		EXPECT_PATTERN(bytes, sizeof(bytes), 1);
		EXPECT_EQ(sizeof(bytes), op.done);
		EXPECT_EQ(NPAGES, op.local + op.remote);
		EXPECT_EQ(place == ON_OWN ? NPAGES : 0, op.local);
		/* Reading its own memory does not move it, and leaves main memory where it is. */
		if (place == ON_OWN || place >= ON_FIRST_NODE)
			EXPECT_EQ(NPAGES, pages_on(self->e.fd, p, NPAGES * PAGE,
						   place_uid(&self->e, place)));
		/* Crooked addresses and lengths, over page edges. */
		for (size_t at = 1; at < 3 * PAGE; at += 1021) {
			ASSERT_EQ(0, sim_read(self->e.sim_fd[0], p + at, bytes, 2 * PAGE + 13));
			EXPECT_EQ(0, memcmp(bytes, p + at, 2 * PAGE + 13));
		}
		EXPECT_PATTERN(p, NPAGES * PAGE, 1);
		EXPECT_EQ(0, munmap(p, NPAGES * PAGE));
	}
}

HMS_TEST(device, write)
{
	static char bytes[NPAGES * PAGE] __attribute__((aligned(8)));

	for (enum place place = 0; place < NPLACES; place++) {
		char *p = placed(self, NPAGES * PAGE, 2, place);
		struct hms_sim_op op;

		ASSERT_NE(NULL, p);
		fill(bytes, sizeof(bytes), 3);
		ASSERT_EQ(0, sim_op(self->e.sim_fd[0], HMS_SIM_WRITE, p, sizeof(bytes), bytes, 0,
				    &op));
		EXPECT_EQ(sizeof(bytes), op.done);
		EXPECT_EQ(place == ON_OWN ? NPAGES : 0, op.local);
		EXPECT_PATTERN(p, sizeof(bytes), 3);
		/* A few bytes over an edge, with the neighbours kept. */
		ASSERT_EQ(0,
			  migrate(self->e.fd, p, NPAGES * PAGE, place_uid(&self->e, place), NULL));
		memcpy(bytes + 5 * PAGE - 3, "edging", 6);
		ASSERT_EQ(0, sim_write(self->e.sim_fd[0], p + 5 * PAGE - 3, "edging", 6));
		EXPECT_EQ(0, memcmp(bytes, p, sizeof(bytes)));
		EXPECT_EQ(0, munmap(p, NPAGES * PAGE));
	}
}

HMS_TEST(device, fill_sum_add)
{
	for (enum place place = 0; place < NPLACES; place++) {
		char *p = placed(self, NPAGES * PAGE, 4, place);
		__u64 sum = 0, *word = (__u64 *)(p + 3 * PAGE + 8);
		struct hms_sim_op op;

		ASSERT_NE(NULL, p);
		ASSERT_EQ(0,
			  sim_op(self->e.sim_fd[0], HMS_SIM_SUM, p, NPAGES * PAGE, NULL, 0, &op));
		for (size_t i = 0; i < NPAGES * PAGE / 8; i++)
			sum += ((__u64 *)p)[i];
		EXPECT_EQ(sum, op.value);

		ASSERT_EQ(0,
			  migrate(self->e.fd, p, NPAGES * PAGE, place_uid(&self->e, place), NULL));
		ASSERT_EQ(0,
			  sim_op(self->e.sim_fd[0], HMS_SIM_FILL, p + 8, 4 * PAGE, NULL, 77, &op));
		EXPECT_EQ(4 * PAGE, op.done);
		ASSERT_EQ(0, sim_op(self->e.sim_fd[0], HMS_SIM_ADD, word, 8, NULL, 5, &op));
		EXPECT_EQ(77, op.value);
		ASSERT_EQ(0, sim_op(self->e.sim_fd[0], HMS_SIM_ADD, word, 8, NULL, -1ULL, &op));
		EXPECT_EQ(82, op.value);
		EXPECT_EQ(81, *word);
		*word = 77;
		for (size_t i = 1; i <= 4 * PAGE / 8; i++)
			ASSERT_EQ(77, ((__u64 *)p)[i]);
		/* The word before and the one behind. */
		{
			char *whole = area(NPAGES * PAGE);

			fill(whole, NPAGES * PAGE, 4);
			EXPECT_EQ(0, memcmp(whole, p, 8));
			EXPECT_EQ(0, memcmp(whole + 4 * PAGE + 8, p + 4 * PAGE + 8,
					    (NPAGES - 4) * PAGE - 8));
			munmap(whole, NPAGES * PAGE);
		}
		EXPECT_EQ(0, munmap(p, NPAGES * PAGE));
	}
}

/* Memory that was never touched: zeros to read, memory to write. */
HMS_TEST(device, holes)
{
	static char bytes[NPAGES * PAGE] __attribute__((aligned(8)));
	char *p = area(NPAGES * PAGE);
	struct hms_sim_op op;

	ASSERT_NE(NULL, p);
	memset(bytes, 0x5a, sizeof(bytes));
	ASSERT_EQ(0, sim_read(self->e.sim_fd[0], p, bytes, 8 * PAGE));
	EXPECT_ZERO(bytes, 8 * PAGE);
	fill(bytes, sizeof(bytes), 5);
	ASSERT_EQ(0, sim_op(self->e.sim_fd[0], HMS_SIM_WRITE, p, sizeof(bytes), bytes, 0, &op));
	EXPECT_GE(op.faults, 1);
	EXPECT_PATTERN(p, sizeof(bytes), 5);
	/* The zero page that reading found was not written to. */
	{
		char *other = area(PAGE);

		EXPECT_ZERO(other, PAGE);
	}
	/* Dropped by the CPU, it is gone for the device too. */
	ASSERT_EQ(0, madvise(p, 4 * PAGE, MADV_DONTNEED));
	ASSERT_EQ(0, sim_read(self->e.sim_fd[0], p, bytes, 4 * PAGE));
	EXPECT_ZERO(bytes, 4 * PAGE);
}

/* A device faults on a range with a policy: the page is allocated where the policy says. */
HMS_TEST(device, hole_with_policy)
{
	static char bytes[NPAGES * PAGE] __attribute__((aligned(8)));
	char *p = area(NPAGES * PAGE);

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, policy_set(self->e.fd, p, NPAGES * PAGE, HMS_MODE_PREFERRED, 1, self->e.sim));
	fill(bytes, sizeof(bytes), 6);
	/* One page of many: no other is allocated. */
	ASSERT_EQ(0, sim_write(self->e.sim_fd[0], p + 8 * PAGE, bytes + 8 * PAGE, PAGE));
	EXPECT_EQ(1, pages_on(self->e.fd, p, sizeof(bytes), self->e.sim[0]));
	EXPECT_EQ(NPAGES - 1, pages_on(self->e.fd, p, sizeof(bytes), ON_NOTHING));
	ASSERT_EQ(0, sim_write(self->e.sim_fd[0], p, bytes, sizeof(bytes)));
	EXPECT_EQ(NPAGES, pages_on(self->e.fd, p, sizeof(bytes), self->e.sim[0]));
	EXPECT_PATTERN(p, sizeof(bytes), 6);
}

/* Touched here and there: what is touched goes to the device, and nothing else. */
HMS_TEST(device, moved_by_policy)
{
	static const __u32 modes[] = { HMS_MODE_BIND, HMS_MODE_PREFERRED };
	__u32 last = self->e.node[self->e.nnodes - 1];

	for (size_t m = 0; m < ARRAY_SIZE(modes); m++) {
		long long placed_before = stat_read("fault_placed");
		char *p = placed(self, NPAGES * PAGE, 1, ON_LAST_NODE);
		__u32 uids[2] = { self->e.sim[0], last };
		char bytes[16];

		ASSERT_NE(NULL, p);
		ASSERT_EQ(0, policy_set(self->e.fd, p, NPAGES * PAGE, modes[m], 2, uids));
		for (size_t i = 0; i < NPAGES; i += 5) {
			ASSERT_EQ(0, sim_read(self->e.sim_fd[0], p + i * PAGE, bytes, 16));
			EXPECT_EQ(i / 5 + 1,
				  pages_on(self->e.fd, p, NPAGES * PAGE, self->e.sim[0]));
		}
		EXPECT_EQ((NPAGES + 4) / 5, stat_read("fault_placed") - placed_before);
		/* That it is there already costs nothing, nor does a second look. */
		ASSERT_EQ(0, sim_read(self->e.sim_fd[0], p, bytes, 16));
		EXPECT_EQ((NPAGES + 4) / 5, stat_read("fault_placed") - placed_before);
		EXPECT_PATTERN(p, NPAGES * PAGE, 1);
		EXPECT_EQ(0, munmap(p, NPAGES * PAGE));
	}
}

/* A device that goes from page to page is ahead of its faults. */
HMS_TEST(device, stream_by_policy)
{
	const size_t npages = 256;
	char *p = placed(self, npages * PAGE, 1, ON_LAST_NODE);
	struct hms_sim_op op;

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, policy_set(self->e.fd, p, npages * PAGE, HMS_MODE_BIND, 1, self->e.sim));
	ASSERT_EQ(0, sim_op(self->e.sim_fd[0], HMS_SIM_SUM, p, npages * PAGE, NULL, 0, &op));
	EXPECT_LT(op.faults, npages / 8);
	EXPECT_EQ(npages, op.local + op.remote);
	EXPECT_GT(op.local, npages * 3 / 4);
	/* Not beyond the policy, nor beyond the mapping. */
	EXPECT_EQ(npages, pages_on(self->e.fd, p, npages * PAGE, self->e.sim[0]));
	EXPECT_EQ(self->e.used[0] + (long long)(npages * PAGE), target_used(self->e.sim[0]));
	EXPECT_PATTERN(p, npages * PAGE, 1);
}

/* The first target that this very device can use. */
HMS_TEST(device, policy_names_another_device)
{
	char *p = placed(self, 4 * PAGE, 1, ON_LAST_NODE);
	__u32 uids[2] = { self->e.sim[1], self->e.sim[0] };
	char bytes[16];

	NEED_PRIVATE(2);
	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, policy_set(self->e.fd, p, 4 * PAGE, HMS_MODE_BIND, 2, uids));
	ASSERT_EQ(0, sim_read(self->e.sim_fd[0], p, bytes, 16));
	EXPECT_EQ(1, pages_on(self->e.fd, p, 4 * PAGE, self->e.sim[0]));
	ASSERT_EQ(0, sim_read(self->e.sim_fd[1], p, bytes, 16));
	EXPECT_EQ(1, pages_on(self->e.fd, p, 4 * PAGE, self->e.sim[1]));
	/* Nothing that it can use is named: it goes to where the page is, or where any may be. */
	ASSERT_EQ(0, policy_set(self->e.fd, p, 4 * PAGE, HMS_MODE_BIND, 1, &self->e.sim[1]));
	ASSERT_EQ(0, sim_read(self->e.sim_fd[0], p + PAGE, bytes, 16));
	EXPECT_EQ(0, pages_on(self->e.fd, p, 4 * PAGE, self->e.sim[0]));
	EXPECT_PATTERN(p, 4 * PAGE, 1);
}

/* With no room, bind fails for a device, and preferred does not. */
HMS_TEST(device, policy_without_room)
{
	char *p = placed(self, 4 * PAGE, 1, ON_LAST_NODE);
	char bytes[16] = "";
	size_t rest;
	char *all;

	ASSERT_NE(NULL, p);
	all = fill_target(&self->e, 0, 0, &rest);
	ASSERT_NE(NULL, all);

	ASSERT_EQ(0, policy_set(self->e.fd, p, 4 * PAGE, HMS_MODE_BIND, 1, self->e.sim));
	EXPECT_EQ(-ENOMEM, sim_read(self->e.sim_fd[0], p, bytes, 16));
	EXPECT_EQ(-ENOMEM, sim_write(self->e.sim_fd[0], p, bytes, 16));
	ASSERT_EQ(0, policy_set(self->e.fd, p, 4 * PAGE, HMS_MODE_PREFERRED, 1, self->e.sim));
	EXPECT_EQ(0, sim_read(self->e.sim_fd[0], p, bytes, 16));
	EXPECT_PATTERN(p, 4 * PAGE, 1);
	/* Room again. */
	ASSERT_EQ(0, munmap(all, 8 * PAGE));
	ASSERT_EQ(0, policy_set(self->e.fd, p, 4 * PAGE, HMS_MODE_BIND, 1, self->e.sim));
	ASSERT_EQ(0, madvise(p, PAGE, MADV_DONTNEED));
	EXPECT_EQ(0, sim_read(self->e.sim_fd[0], p, bytes, 16));
	EXPECT_EQ(1, pages_on(self->e.fd, p, 4 * PAGE, self->e.sim[0]));
	EXPECT_ZERO(p, PAGE);
}

/* Policy moves nothing that is not this process's alone, nor what the device may not have. */
HMS_TEST(device, policy_asks_for_too_much)
{
	char *p = placed(self, 4 * PAGE, 1, ON_LAST_NODE);
	struct peer peer;
	char bytes[16];

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, policy_set(self->e.fd, p, 4 * PAGE, HMS_MODE_BIND, 1, self->e.sim));
	ASSERT_GE(peer_fork(&peer), 0);
	if (!peer.pid) {
		hear(&peer);
		_exit(verify(p, 4 * PAGE, 1) != -1);
	}
	ASSERT_EQ(0, sim_read(self->e.sim_fd[0], p, bytes, 16));
	EXPECT_EQ(0, pages_on(self->e.fd, p, 4 * PAGE, self->e.sim[0]));
	ASSERT_EQ(0, tell(&peer));
	ASSERT_EQ(0, peer_wait(&peer));

	ASSERT_EQ(0, mlock(p, 4 * PAGE));
	ASSERT_EQ(0, sim_read(self->e.sim_fd[0], p, bytes, 16));
	EXPECT_EQ(0, pages_on(self->e.fd, p, 4 * PAGE, self->e.sim[0]));
	ASSERT_EQ(0, munlock(p, 4 * PAGE));
	EXPECT_PATTERN(p, 4 * PAGE, 1);

	/* For what it may not do it gets no page either. */
	ASSERT_EQ(0, madvise(p, 4 * PAGE, MADV_DONTNEED));
	ASSERT_EQ(0, mprotect(p, 4 * PAGE, PROT_READ));
	EXPECT_EQ(-EPERM, sim_write(self->e.sim_fd[0], p, bytes, 16));
	EXPECT_EQ(4, pages_on(self->e.fd, p, 4 * PAGE, ON_NOTHING));
	ASSERT_EQ(0, mprotect(p, 4 * PAGE, PROT_NONE));
	EXPECT_EQ(-EFAULT, sim_read(self->e.sim_fd[0], p, bytes, 16));
	ASSERT_EQ(0, mprotect(p, 4 * PAGE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(4, pages_on(self->e.fd, p, 4 * PAGE, ON_NOTHING));
}

HMS_TEST(device, read_only)
{
	for (enum place place = 0; place < NPLACES; place++) {
		char *p = placed(self, 8 * PAGE, 7, place);
		char bytes[16] = "xxxxxxxxxxxxxxx";
		struct hms_sim_op op;

		ASSERT_NE(NULL, p);
		/* The device may have a writable entry from before; it must lose it. */
		ASSERT_EQ(0, sim_op(self->e.sim_fd[0], HMS_SIM_ADD, p, 8, NULL, 0, NULL));
		ASSERT_EQ(0, mprotect(p, 8 * PAGE, PROT_READ));
		EXPECT_EQ(-EPERM, sim_op(self->e.sim_fd[0], HMS_SIM_WRITE, p, 16, bytes, 0, &op));
		EXPECT_EQ(0, op.done);
		EXPECT_EQ(-EPERM, sim_op(self->e.sim_fd[0], HMS_SIM_FILL, p, PAGE, NULL, 1, NULL));
		EXPECT_EQ(-EPERM, sim_op(self->e.sim_fd[0], HMS_SIM_ADD, p, 8, NULL, 1, NULL));
		ASSERT_EQ(0, sim_read(self->e.sim_fd[0], p + 16, bytes, 16));
		EXPECT_EQ(0, memcmp(bytes, p + 16, 16));
		EXPECT_PATTERN(p, 8 * PAGE, 7);
		/* Half of it writable: the device stops where it ends, and says so. */
		ASSERT_EQ(0, mprotect(p, 4 * PAGE, PROT_READ | PROT_WRITE));
		EXPECT_EQ(-EPERM,
			  sim_op(self->e.sim_fd[0], HMS_SIM_FILL, p, 8 * PAGE, NULL, 9, &op));
		EXPECT_EQ(4 * PAGE, op.done);
		EXPECT_EQ(9, *(__u64 *)(p + 4 * PAGE - 8));
		EXPECT_NE(9, *(__u64 *)(p + 4 * PAGE));
		EXPECT_EQ(0, munmap(p, 8 * PAGE));
	}
}

HMS_TEST(device, no_memory_there)
{
	char *p = placed(self, 8 * PAGE, 8, ON_OWN), bytes[16];
	struct hms_sim_op op;

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, sim_read(self->e.sim_fd[0], p + 6 * PAGE, bytes, 16));
	ASSERT_EQ(0, mprotect(p + 4 * PAGE, 2 * PAGE, PROT_NONE));
	ASSERT_EQ(0, munmap(p + 6 * PAGE, 2 * PAGE));
	for (int page = 4; page < 8; page++) {
		EXPECT_EQ(-EFAULT, sim_op(self->e.sim_fd[0], HMS_SIM_READ, p + page * PAGE, 16,
					  bytes, 0, &op));
		EXPECT_EQ(0, op.done);
		EXPECT_EQ(-EFAULT, sim_op(self->e.sim_fd[0], HMS_SIM_SUM, p + page * PAGE, 16, NULL,
					  0, NULL));
		/* No access is not the same as no writing, but either refusal will do. */
		EXPECT_NE(0, sim_op(self->e.sim_fd[0], HMS_SIM_WRITE, p + page * PAGE, 16, bytes, 0,
				    NULL));
		EXPECT_NE(0, sim_op(self->e.sim_fd[0], HMS_SIM_ADD, p + page * PAGE, 8, NULL, 1,
				    NULL));
	}
	EXPECT_EQ(-EFAULT, sim_op(self->e.sim_fd[0], HMS_SIM_FILL, p, 8 * PAGE, NULL, 3, &op));
	EXPECT_EQ(4 * PAGE, op.done);
	EXPECT_EQ(-EFAULT, sim_op(self->e.sim_fd[0], HMS_SIM_READ, NULL, 16, bytes, 0, NULL));
	EXPECT_NE(0, sim_op(self->e.sim_fd[0], HMS_SIM_READ, (void *)KERNEL, 16, bytes, 0, NULL));
	EXPECT_NE(0, sim_op(self->e.sim_fd[0], HMS_SIM_WRITE, (void *)KERNEL, 16, bytes, 0, NULL));
	EXPECT_NE(0, sim_op(self->e.sim_fd[0], HMS_SIM_READ, (void *)-16UL, 16, bytes, 0, NULL));
	EXPECT_NE(0, sim_op(self->e.sim_fd[0], HMS_SIM_READ, (void *)-16UL, 32, bytes, 0, NULL));
	/* What is still there of it. */
	for (size_t i = 0; i < 4 * PAGE / 8; i++)
		ASSERT_EQ(3, ((__u64 *)p)[i]);
	ASSERT_EQ(0, mprotect(p + 4 * PAGE, 2 * PAGE, PROT_READ));
	EXPECT_PATTERN_PART(p, 4 * PAGE, 2 * PAGE, 8);
}

/* Stale entries of the device's page table are never used. */
HMS_TEST(device, follows_the_cpu)
{
	char *p = area(8 * PAGE), bytes[8 * PAGE] __attribute__((aligned(8)));

	ASSERT_NE(NULL, p);
	for (int i = 0; i < 20; i++) {
		fill(p, 8 * PAGE, i);
		ASSERT_EQ(0, sim_read(self->e.sim_fd[0], p, bytes, PAGE));
		EXPECT_PATTERN(bytes, PAGE, i);
		ASSERT_EQ(0,
			  migrate(self->e.fd, p, 8 * PAGE, place_uid(&self->e, i % NPLACES), NULL));
		ASSERT_EQ(0, sim_read(self->e.sim_fd[0], p, bytes, sizeof(bytes)));
		EXPECT_PATTERN(bytes, sizeof(bytes), i);
		/* New memory at the old address. */
		if (i % 5 == 4) {
			ASSERT_EQ(p, mmap(p, 8 * PAGE, PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
			ASSERT_EQ(0, sim_read(self->e.sim_fd[0], p, bytes, PAGE));
			EXPECT_ZERO(bytes, PAGE);
		}
	}
}

/* The two accelerators and the CPU add to one word, while it is moved around. */
struct adder {
	struct env *e;
	__u64 *word;
	int n;
	int failed;
	volatile bool *stop;
};

static void *add_by_device(void *arg)
{
	struct adder *a = arg;

	for (int i = 0; i < a->n; i++) {
		int ret = sim_op(a->e->sim_fd[i % a->e->nsims], HMS_SIM_ADD, a->word, 8, NULL, 1,
				 NULL);

		a->failed += ret != 0;
	}
	return NULL;
}

static void *add_by_cpu(void *arg)
{
	struct adder *a = arg;

	for (int i = 0; i < a->n; i++)
		__atomic_fetch_add(a->word, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void *move_around(void *arg)
{
	struct adder *a = arg;
	char *page = (char *)((uintptr_t)a->word & -PAGE);

	for (int i = 0; !__atomic_load_n(a->stop, __ATOMIC_SEQ_CST); i++)
		a->failed += migrate(a->e->fd, page, PAGE, place_uid(a->e, i % NPLACES), NULL) != 0;
	return NULL;
}

HMS_TEST(device, add_while_moving)
{
	volatile bool stop = false;
	char *p = area(2 * PAGE);
	struct adder a[3] = {
		{ &self->e, (__u64 *)(p + PAGE + 64), 600, 0, &stop },
		{ &self->e, (__u64 *)(p + PAGE + 64), 20000, 0, &stop },
		{ &self->e, (__u64 *)(p + PAGE + 64), 0, 0, &stop },
	};
	void *(*work[3])(void *) = { add_by_device, add_by_cpu, move_around };
	pthread_t t[3];

	ASSERT_NE(NULL, p);
	for (int i = 2; i >= 0; i--)
		ASSERT_EQ(0, pthread_create(&t[i], NULL, work[i], &a[i]));
	for (int i = 0; i < 3; i++) {
		if (i == 2)
			__atomic_store_n(&stop, true, __ATOMIC_SEQ_CST);
		ASSERT_EQ(0, pthread_join(t[i], NULL));
		EXPECT_EQ(0, a[i].failed);
	}
	EXPECT_EQ(600 + 20000, *a[0].word);
	*a[0].word = 0;
	EXPECT_ZERO(p, 2 * PAGE);
}

/* Linked structures: what no pointer had to be rewritten for. */

struct node {
	__u64 value;
	struct node *left, *right;
	__u64 pad[61];		/* 512 bytes: 8 to a page */
};

static void walk_init(struct hms_sim_walk *w, const void *root, int nlinks)
{
	memset(w, 0, sizeof(*w));
	w->size = sizeof(*w);
	w->root = u64_ptr(root);
	w->max_nodes = 100000;
	w->node_size = sizeof(struct node);
	w->value_offset = offsetof(struct node, value);
	w->nlinks = nlinks;
	w->link_offset[0] = offsetof(struct node, left);
	w->link_offset[1] = offsetof(struct node, right);
}

/* A tree over @n nodes in an order that has nothing to do with their addresses. */
static struct node *tree_build(struct node *nodes, int n, __u64 *sum)
{
	struct node *by_rank[1024];
	__u64 random = 3;

	*sum = 0;
	for (int i = 0; i < n; i++) {
		int k = random_next(&random) % (i + 1);

		by_rank[i] = by_rank[k];
		by_rank[k] = &nodes[i];
	}
	for (int i = 0; i < n; i++) {
		by_rank[i]->value = 1000003ULL * i + 17;
		*sum += by_rank[i]->value;
		by_rank[i]->left = 2 * i + 1 < n ? by_rank[2 * i + 1] : NULL;
		by_rank[i]->right = 2 * i + 2 < n ? by_rank[2 * i + 2] : NULL;
	}
	return by_rank[0];
}

static __u64 tree_sum(const struct node *n)
{
	return n ? n->value + tree_sum(n->left) + tree_sum(n->right) : 0;
}

/* As it is now. */
static void *copy_of(const void *p, size_t length)
{
	return memcpy(area(length), p, length);
}

HMS_TEST(device, walk_tree)
{
	enum { N = 777 };
	const size_t length = 98 * PAGE;
	struct node *nodes = area(length), *copy, *root;
	struct hms_sim_walk w;
	__u64 sum;

	ASSERT_NE(NULL, nodes);
	root = tree_build(nodes, N, &sum);
	copy = copy_of(nodes, length);
	for (enum place place = 0; place < NPLACES; place++) {
		ASSERT_EQ(0, migrate(self->e.fd, nodes, length, place_uid(&self->e, place), NULL));
		walk_init(&w, root, 2);
		ASSERT_EQ(0, call(self->e.sim_fd[0], HMS_SIM_WALK, &w));
		EXPECT_EQ(sum, w.sum);
		EXPECT_EQ(N, w.nodes);
		EXPECT_EQ(N, w.local + w.remote);
		EXPECT_EQ(place == ON_OWN ? N : 0, w.local);
		EXPECT_EQ(sum, tree_sum(root));
		EXPECT_EQ(0, memcmp(copy, nodes, length));
	}
	/* Half here, half there, with the CPU changing a value in between. */
	ASSERT_EQ(0, migrate(self->e.fd, nodes, length / 2, self->e.sim[0], NULL));
	nodes[5].value += 7;
	walk_init(&w, root, 2);
	ASSERT_EQ(0, call(self->e.sim_fd[0], HMS_SIM_WALK, &w));
	EXPECT_EQ(sum + 7, w.sum);
	EXPECT_NE(0, w.local);
	EXPECT_NE(0, w.remote);
	copy[5].value += 7;
	EXPECT_EQ(0, memcmp(copy, nodes, length));
}

HMS_TEST(device, walk_list)
{
	enum { N = 256 };
	const size_t length = N / 8 * PAGE;
	struct node *nodes = area(length), *copy;
	struct hms_sim_walk w;

	ASSERT_NE(NULL, nodes);
	for (int i = 0; i < N; i++)
		nodes[i].value = i;
	/* The chain 0, 37, 74 ...: its i-th node is at 37 i mod N. */
	for (int i = 0; i < N; i++)
		nodes[i * 37 % N].left = i + 1 < N ? &nodes[(i + 1) * 37 % N] : NULL;
	copy = copy_of(nodes, length);
	ASSERT_EQ(0, migrate(self->e.fd, nodes, length, self->e.sim[0], NULL));
	walk_init(&w, nodes, 1);
	ASSERT_EQ(0, call(self->e.sim_fd[0], HMS_SIM_WALK, &w));
	EXPECT_EQ(N, w.nodes);
	EXPECT_EQ(N * (N - 1) / 2, w.sum);

	/* An empty one. */
	walk_init(&w, NULL, 1);
	ASSERT_EQ(0, call(self->e.sim_fd[0], HMS_SIM_WALK, &w));
	EXPECT_EQ(0, w.nodes);
	EXPECT_EQ(0, w.sum);

	/* Exactly as many nodes as allowed, and one less. */
	walk_init(&w, nodes, 1);
	w.max_nodes = N;
	EXPECT_EQ(0, call(self->e.sim_fd[0], HMS_SIM_WALK, &w));
	walk_init(&w, nodes, 1);
	w.max_nodes = N - 1;
	EXPECT_EQ(-ELOOP, call(self->e.sim_fd[0], HMS_SIM_WALK, &w));

	/* A cycle ends. */
	nodes[(N - 1) * 37 % N].left = nodes;
	walk_init(&w, nodes, 1);
	EXPECT_EQ(-ELOOP, call(self->e.sim_fd[0], HMS_SIM_WALK, &w));
	/* A pointer into nowhere. */
	nodes[37].left = (struct node *)8;
	walk_init(&w, nodes, 1);
	EXPECT_EQ(-EFAULT, call(self->e.sim_fd[0], HMS_SIM_WALK, &w));
	nodes[37].left = (struct node *)KERNEL;
	walk_init(&w, nodes, 1);
	EXPECT_NE(0, call(self->e.sim_fd[0], HMS_SIM_WALK, &w));
	copy[(N - 1) * 37 % N].left = nodes;
	copy[37].left = (struct node *)KERNEL;
	EXPECT_EQ(0, memcmp(copy, nodes, length));
}

/* A node may lie over the edge of two pages. */
HMS_TEST(device, walk_over_edges)
{
	char *p = area(4 * PAGE), *copy;
	struct node *a = (struct node *)(p + PAGE - 12), *b = (struct node *)(p + 2 * PAGE - 4);
	struct hms_sim_walk w;
	struct node n = { .value = 0x1122334455667788ULL, .left = b };

	ASSERT_NE(NULL, p);
	fill(p, 4 * PAGE, 8);
	memcpy(a, &n, sizeof(n));
	n.left = NULL;
	memcpy(b, &n, sizeof(n));
	copy = copy_of(p, 4 * PAGE);
	ASSERT_EQ(0, migrate(self->e.fd, p, 2 * PAGE, self->e.sim[0], NULL));
	walk_init(&w, a, 1);
	ASSERT_EQ(0, call(self->e.sim_fd[0], HMS_SIM_WALK, &w));
	EXPECT_EQ(2, w.nodes);
	EXPECT_EQ(2 * 0x1122334455667788ULL, w.sum);
	EXPECT_EQ(0, memcmp(copy, p, 4 * PAGE));
}

/* After fork the device writes for the process that opened it; the child sees the old bytes. */
HMS_TEST(device, copy_on_write)
{
	static char bytes[16 * PAGE] __attribute__((aligned(8)));

	for (enum place place = 0; place < NPLACES; place++) {
		char *p = placed(self, 16 * PAGE, 9, place);
		struct peer peer;
		pid_t pid;

		ASSERT_NE(NULL, p);
		ASSERT_EQ(0, sim_read(self->e.sim_fd[0], p, bytes, sizeof(bytes)));
		pid = peer_fork(&peer);
		ASSERT_GE(pid, 0);
		if (!pid) {
			struct hms_sim_info info;

			EXPECT_EQ(0, hear(&peer));
			EXPECT_PATTERN(p, 16 * PAGE, 9);
			/* The descriptor is the parent's. */
			EXPECT_EQ(-EBADF, sim_read(self->e.sim_fd[0], p, bytes, 8));
			EXPECT_EQ(-EBADF, sim_write(self->e.sim_fd[0], p, bytes, 8));
			EXPECT_EQ(-EBADF,
				  sim_op(self->e.sim_fd[0], HMS_SIM_ADD, p, 8, NULL, 1, NULL));
			EXPECT_EQ(-EBADF, sim_info(self->e.sim_fd[0], &info));
			_exit(0);
		}
		fill(bytes, sizeof(bytes), 10);
		EXPECT_EQ(0, sim_write(self->e.sim_fd[0], p, bytes, sizeof(bytes)));
		tell(&peer);
		EXPECT_EQ(0, peer_wait(&peer));
		EXPECT_PATTERN(p, 16 * PAGE, 10);
		EXPECT_EQ(0, munmap(p, 16 * PAGE));
	}
}

/* Shared memory is shared with the device as well. */
HMS_TEST(device, shared_mapping)
{
	static char bytes[4 * PAGE] __attribute__((aligned(8)));
	char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct peer peer;
	pid_t pid;

	ASSERT_NE(MAP_FAILED, p);
	pid = peer_fork(&peer);
	ASSERT_GE(pid, 0);
	if (!pid) {
		EXPECT_EQ(0, hear(&peer));
		EXPECT_PATTERN(p, 4 * PAGE, 11);
		_exit(0);
	}
	fill(bytes, sizeof(bytes), 11);
	EXPECT_EQ(0, sim_write(self->e.sim_fd[0], p, bytes, sizeof(bytes)));
	tell(&peer);
	EXPECT_EQ(0, peer_wait(&peer));
	EXPECT_PATTERN(p, 4 * PAGE, 11);
}

/* The device's buffer is memory of the process as well, and may be on the device. */
HMS_TEST(device, buffer_on_the_device)
{
	char *p = placed(self, 8 * PAGE, 12, ON_OWN), *q = placed(self, 8 * PAGE, 13, ON_OWN);

	ASSERT_NE(NULL, p);
	ASSERT_NE(NULL, q);
	ASSERT_EQ(0, sim_read(self->e.sim_fd[0], p, q, 8 * PAGE));
	EXPECT_PATTERN(q, 8 * PAGE, 12);
	EXPECT_PATTERN(p, 8 * PAGE, 12);
}

/* Bad input. */

HMS_TEST(device, bad_op)
{
	static const unsigned long requests[] = {
		HMS_SIM_READ, HMS_SIM_WRITE, HMS_SIM_FILL, HMS_SIM_SUM, HMS_SIM_ADD,
	};
	char *p = placed(self, 4 * PAGE, 14, ON_OWN), *edge;
	static char bytes[4 * PAGE];
	struct {
		struct hms_sim_op op;
		__u8 tail[PAGE];
	} big;
	int fd = self->e.sim_fd[0];

	ASSERT_NE(NULL, p);
	edge = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, edge);
	ASSERT_EQ(0, munmap(edge + PAGE, PAGE));
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		unsigned long n = requests[i];
		struct hms_sim_op fine = { .size = sizeof(fine), .address = u64_ptr(p), .length = 8,
					   .buffer = u64_ptr(bytes) };

		memset(&big, 0, sizeof(big));
		for (__u32 size = 0; size < sizeof(fine); size++) {
			big.op = fine;
			big.op.size = size;
			ASSERT_EQ(-EINVAL, call(fd, n, &big));
		}
		big.op = fine;
		big.op.size = sizeof(fine) + 16;
		big.tail[15] = 1;
		EXPECT_EQ(-E2BIG, call(fd, n, &big));
		big.op.size = PAGE + 8;
		EXPECT_EQ(-E2BIG, call(fd, n, &big));
		big.op.size = 0xffffffff;
		EXPECT_EQ(-E2BIG, call(fd, n, &big));
		for (int bit = 1; bit < 32; bit++) {
			big.op = fine;
			big.op.flags = HMS_SIM_TELL | 1U << bit;
			EXPECT_EQ(-EINVAL, call(fd, n, &big));
		}
		EXPECT_EQ(-EFAULT, call(fd, n, NULL));
		EXPECT_EQ(-EFAULT, call(fd, n, (void *)KERNEL));
		for (size_t there = 0; there < sizeof(fine); there += 8) {
			memcpy(edge + PAGE - there, &fine, there);
			EXPECT_EQ(-EFAULT, call(fd, n, edge + PAGE - there));
		}
		if (n == HMS_SIM_FILL || n == HMS_SIM_SUM || n == HMS_SIM_ADD) {
			for (int crooked = 1; crooked < 8; crooked++) {
				big.op = fine;
				big.op.address += crooked;
				EXPECT_EQ(-EINVAL, call(fd, n, &big));
				if (n == HMS_SIM_ADD)
					continue;
				big.op = fine;
				big.op.length = 8 + crooked;
				EXPECT_EQ(-EINVAL, call(fd, n, &big));
			}
		}
		if (n == HMS_SIM_READ || n == HMS_SIM_SUM) {
			/* The end wraps, or is beyond the address space. */
			big.op = fine;
			big.op.length = -8ULL;
			EXPECT_NE(0, call(fd, n, &big));
			big.op = fine;
			big.op.length = -fine.address;
			EXPECT_NE(0, call(fd, n, &big));
		}
	}
	EXPECT_PATTERN(p, 4 * PAGE, 14);
}

HMS_TEST(device, bad_buffer)
{
	char *p = placed(self, 4 * PAGE, 15, ON_OWN), *edge;
	int fd = self->e.sim_fd[0];

	ASSERT_NE(NULL, p);
	edge = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, edge);
	ASSERT_EQ(0, munmap(edge + PAGE, PAGE));
	for (int reading = 0; reading < 2; reading++) {
		unsigned long n = reading ? HMS_SIM_READ : HMS_SIM_WRITE;

		EXPECT_EQ(-EFAULT, sim_op(fd, n, p, 64, NULL, 0, NULL));
		EXPECT_EQ(-EFAULT, sim_op(fd, n, p, 64, (void *)KERNEL, 0, NULL));
		EXPECT_EQ(-EFAULT, sim_op(fd, n, p, 64, edge + PAGE, 0, NULL));
		/* The buffer ends before the length does. */
		EXPECT_EQ(-EFAULT, sim_op(fd, n, p, 64, edge + PAGE - 32, 0, NULL));
	}
	/* What the length did not cover is as it was. */
	{
		char *whole = area(4 * PAGE);

		fill(whole, 4 * PAGE, 15);
		EXPECT_EQ(0, memcmp(whole + 64, p + 64, 4 * PAGE - 64));
	}
}

HMS_TEST(device, bad_walk)
{
	struct node *nodes = area(PAGE);
	int fd = self->e.sim_fd[0];
	struct {
		struct hms_sim_walk w;
		__u8 tail[PAGE];
	} big;

#define BAD(change)								\
	do {									\
		walk_init(&big.w, nodes, 2);					\
		change;								\
		EXPECT_EQ(-EINVAL, call(fd, HMS_SIM_WALK, &big));		\
	} while (0)

	ASSERT_NE(NULL, nodes);
	memset(&big, 0, sizeof(big));
	for (__u32 size = 0; size < sizeof(big.w); size++)
		BAD(big.w.size = size);
	for (int bit = 0; bit < 32; bit++) {
		BAD(big.w.flags = 1U << bit);
		BAD(big.w.reserved = 1U << bit);
	}
	BAD(big.w.node_size = 0);
	BAD(big.w.node_size = 4097);
	BAD(big.w.node_size = 0xffffffff);
	BAD(big.w.nlinks = 0);
	BAD(big.w.nlinks = HMS_SIM_MAX_LINKS + 1);
	BAD(big.w.nlinks = 0xffffffff);
	BAD(big.w.value_offset = sizeof(struct node) - 7);
	BAD(big.w.value_offset = sizeof(struct node));
	BAD(big.w.value_offset = 0xffffffff);
	BAD(big.w.value_offset = 0xfffffff8);
	BAD(big.w.link_offset[1] = sizeof(struct node) - 7);
	BAD(big.w.link_offset[0] = 0xfffffff8);
	BAD(big.w.link_offset[0] = 0xffffffff);
#undef BAD
	walk_init(&big.w, nodes, 2);
	big.w.size = sizeof(big.w) + 8;
	big.tail[0] = 1;
	EXPECT_EQ(-E2BIG, call(fd, HMS_SIM_WALK, &big));
	big.w.size = PAGE + 8;
	EXPECT_EQ(-E2BIG, call(fd, HMS_SIM_WALK, &big));
	EXPECT_EQ(-EFAULT, call(fd, HMS_SIM_WALK, NULL));
	walk_init(&big.w, (void *)KERNEL, 2);
	EXPECT_NE(0, call(fd, HMS_SIM_WALK, &big));
	walk_init(&big.w, nodes, 2);
	big.w.max_nodes = 0;
	EXPECT_NE(0, call(fd, HMS_SIM_WALK, &big));
	/* And the same, right. */
	walk_init(&big.w, nodes, 2);
	EXPECT_EQ(0, call(fd, HMS_SIM_WALK, &big));
	EXPECT_EQ(1, big.w.nodes);
}

HMS_TEST(device, bad_info)
{
	struct hms_sim_info i = { 0 };
	int fd = self->e.sim_fd[0];

	for (__u32 size = 0; size < sizeof(i); size++) {
		i.size = size;
		ASSERT_EQ(-EINVAL, call(fd, HMS_SIM_INFO, &i));
	}
	i.size = sizeof(i);
	i.flags = 1;
	EXPECT_EQ(-EINVAL, call(fd, HMS_SIM_INFO, &i));
	EXPECT_EQ(-EFAULT, call(fd, HMS_SIM_INFO, NULL));
	EXPECT_EQ(-ENOTTY, call(fd, _IO(HMS_SIM_IOCTL_BASE, 0xd7), &i));
	EXPECT_EQ(-ENOTTY, call(fd, HMS_HBIND, &i));
	EXPECT_EQ(-ENOTTY, call(self->e.fd, HMS_SIM_INFO, &i));
}

/* A context may go while the process lives, and another take its place. */
HMS_TEST(device, many_contexts)
{
	char *p = placed(self, 8 * PAGE, 16, ON_OWN), bytes[PAGE] __attribute__((aligned(8)));

	ASSERT_NE(NULL, p);
	for (int i = 0; i < 20; i++) {
		int fd = sim_open(0);

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, sim_read(fd, p, bytes, PAGE));
		EXPECT_PATTERN(bytes, PAGE, 16);
		EXPECT_EQ(0, close(fd));
	}
	EXPECT_EQ(8, pages_on(self->e.fd, p, 8 * PAGE, self->e.sim[0]));
	EXPECT_PATTERN(p, 8 * PAGE, 16);
}

/* By move_pages(2), which takes pages out of the page table without mmap_lock. */
static void *moving(void *data)
{
	volatile bool *stop = data;
	int nodes[NPAGES], status[NPAGES];
	char *p = area(NPAGES * PAGE);
	void *pages[NPAGES];

	fill(p, NPAGES * PAGE, 1);
	for (int i = 0; i < NPAGES; i++)
		pages[i] = p + i * PAGE;
	for (int to = 0; !*stop; to = !to) {
		for (int i = 0; i < NPAGES; i++)
			nodes[i] = to;
		syscall(SYS_move_pages, 0, (long)NPAGES, pages, nodes, status, MPOL_MF_MOVE);
	}
	return verify(p, NPAGES * PAGE, 1) < 0 ? NULL : p;
}

/*
 * The module begins to follow an address space with the first policy. While a device is being told
 * that pages go, core puts that off; the policy must wait for it, or nobody takes it away.
 */
HMS_TEST(device, first_policy_while_moving)
{
	struct hms_process_stats stats;
	volatile bool stop = false;
	pthread_t threads[8];

	NEED_NODES(2);
	/* As long as a descriptor has used it, it goes on. */
	close(self->e.fd);
	/* Many, so that there is always one that was interrupted in the middle. */
	for (int i = 0; i < 8; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, moving, (void *)&stop));
	for (int i = 0; i < 500; i++) {
		int fd = open("/dev/hms", O_RDWR | O_CLOEXEC);
		char *p = area(PAGE);

		EXPECT_EQ(0, policy_set(fd, p, PAGE, HMS_MODE_BIND, 1, self->e.node));
		EXPECT_EQ(0, munmap(p, PAGE));
		EXPECT_EQ(0, stats_read(fd, &stats));
		EXPECT_EQ(0, stats.ranges);
		close(fd);
	}
	stop = true;
	for (int i = 0; i < 8; i++) {
		void *wrong;

		ASSERT_EQ(0, pthread_join(threads[i], &wrong));
		EXPECT_EQ(NULL, wrong);
	}
}

struct mapper {
	char *at;
	volatile bool stop;
	volatile unsigned long rounds;
};

static void *mapping(void *data)
{
	struct mapper *m = data;

	while (!m->stop) {
		char *p = mmap(m->at, MiB(1), PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

		if (p != m->at)
			break;
		memset(p, 1, MiB(1));
		munmap(p, MiB(1));
		m->rounds++;
	}
	return NULL;
}

/* What another thread maps and unmaps far away keeps no device fault from its end. */
HMS_TEST(device, others_map)
{
	char *p = area(PAGE), *room = mmap(NULL, MiB(256), PROT_NONE,
					   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct mapper m = { .at = room + MiB(128) };
	long long before;
	pthread_t thread;
	unsigned long rounds;
	char byte;

	ASSERT_NE(NULL, p);
	ASSERT_NE(MAP_FAILED, room);
	*p = 'x';
	ASSERT_EQ(0, pthread_create(&thread, NULL, mapping, &m));
	while (!m.rounds)
		sched_yield();
	before = stat_read("fault_retried");
	rounds = m.rounds;
	for (int i = 0; i < 200 || m.rounds - rounds < 10; i++) {
		/* What the accelerator had of it is taken back. */
		ASSERT_EQ(0, mprotect(p, PAGE, i % 2 ? PROT_READ | PROT_WRITE : PROT_READ));
		ASSERT_EQ(0, sim_read(self->e.sim_fd[0], p, &byte, 1));
		ASSERT_EQ('x', byte);
	}
	EXPECT_EQ(before, stat_read("fault_retried"));
	m.stop = true;
	pthread_join(thread, NULL);
	ASSERT_EQ(0, munmap(room, MiB(256)));
}

/*
 * MADV_FREE leaves pages writable and clean, to be dropped by reclaim unless they are written
 * again. A device's write is a write: to the page in RAM, and to one that was moved to the device
 * meanwhile.
 */
HMS_TEST(device, written_after_madv_free)
{
	static const char group[] = "/sys/fs/cgroup/hms-madv-free";
	const size_t length = 64 * PAGE;
	char path[128], pid[16];
	char *p, *copy;

	NEED_SIMS(1);
	if (access("/sys/fs/cgroup/cgroup.controllers", R_OK))
		SKIP(return, "the kernel has no CONFIG_MEMCG");
	for (int moved = 0; moved < 2; moved++) {
		mkdir(group, 0755);
		snprintf(path, sizeof(path), "%s/cgroup.procs", group);
		snprintf(pid, sizeof(pid), "%d", getpid());
		ASSERT_EQ(0, text_write(path, pid));
		p = area(length);
		copy = area(length);
		fill(p, length, 60);
		fill(copy, length, 61 + moved);
		ASSERT_EQ(0, madvise(p, length, MADV_FREE));
		if (moved)
			ASSERT_EQ(0, migrate(self->e.fd, p, length, self->e.sim[0], NULL));
		ASSERT_EQ(0, sim_write(self->e.sim_fd[0], p, copy, length));
		if (moved)
			ASSERT_EQ(0, migrate(self->e.fd, p, length, self->e.node[0], NULL));
		/* Whether it finds enough to reclaim does not matter. */
		snprintf(path, sizeof(path), "%s/memory.reclaim", group);
		text_write(path, "8M");
		EXPECT_PATTERN(p, length, 61 + moved);
		ASSERT_EQ(0, text_write("/sys/fs/cgroup/cgroup.procs", pid));
		rmdir(group);
	}
}

TEST_HARNESS_MAIN
