// SPDX-License-Identifier: GPL-2.0
/*
 * Bad input on HMS_HBIND and HMS_QUERY. Every refused call must name what is at fault and leave no
 * trace: policies, residency and contents are as before.
 */

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "hms_fixture.h"

#define NPAGES		16
#define KERNEL		0xffff888000000000ULL
#define FIELD(f)	HMS_ERROR_FIELD, offsetof(struct hms_hbind, f)
#define MODIFIER(i)	HMS_ERROR_MODIFIER, i
#define TARGET(i)	HMS_ERROR_TARGET, i
#define RANGE		WHERE_RANGE, ANY
#define ANY		0xffffffffU
#define WHERE_RANGE	0xfffffffeU	/* HMS_ERROR_RANGE, or the field start or length */

FIXTURE(input)
{
	struct env e;
	char *p;		/* 4 pages on node 0, on sim 0, on node 1, and 4 holes */
	struct state before;
	__u64 instance;
};

FIXTURE_SETUP(input)
{
	struct env *e = &self->e;
	struct hms_info info = { .size = sizeof(info), .version = 1 };
	char *p;

	ASSERT_STREQ("", env_open(e));
	ASSERT_EQ(0, call(e->fd, HMS_INFO, &info));
	self->instance = info.instance;
	self->p = p = area(NPAGES * PAGE);
	ASSERT_NE(NULL, p);
	fill(p, 12 * PAGE, 5);
	ASSERT_EQ(0, migrate(e->fd, p, 8 * PAGE, e->node[0], NULL));
	if (e->nsims)
		ASSERT_EQ(0, migrate(e->fd, p + 4 * PAGE, 4 * PAGE, e->sim[0], NULL));
	ASSERT_EQ(0, migrate(e->fd, p + 8 * PAGE, 4 * PAGE, e->node[e->nnodes > 1], NULL));
	ASSERT_EQ(0, policy_set(e->fd, p + 2 * PAGE, 8 * PAGE, HMS_MODE_PREFERRED, 1, e->node));
	ASSERT_EQ(0, state_read(&self->before, e->fd, p, NPAGES * PAGE));
	ASSERT_EQ(1, self->before.npolicies);
	ASSERT_EQ(4, pages_on(e->fd, p, 4 * PAGE, e->node[0]));
	if (e->nsims)
		ASSERT_EQ(4, pages_on(e->fd, p, NPAGES * PAGE, e->sim[0]));
	ASSERT_EQ(4, pages_on(e->fd, p, NPAGES * PAGE, ON_NOTHING));
}

FIXTURE_TEARDOWN_PARENT(input)
{
	EXPECT_USED_AS_BEFORE(&self->e);
}

static const char *changed(FIXTURE_DATA(input) *self)
{
	static struct state now;

	if (state_read(&now, self->e.fd, self->p, NPAGES * PAGE))
		return "the state can't be read";
	return state_differs(&self->before, &now);
}

/* A request that is right, and asks for what is already so: the policy of pages 2 to 9. */
static struct request *good(struct request *r, FIXTURE_DATA(input) *self)
{
	request_init(r, self->p + 2 * PAGE, 8 * PAGE);
	request_target(r, self->e.node[0]);
	request_modifier(r, HMS_MOD_MODE, HMS_MODE_PREFERRED);
	return r;
}

static bool where_is(const struct hms_hbind *h, __u32 where, __u32 index)
{
	if (where == ANY)
		return true;
	if (where == WHERE_RANGE)
		return h->error_where == HMS_ERROR_RANGE ||
		       (h->error_where == HMS_ERROR_FIELD &&
			(h->error_index == offsetof(struct hms_hbind, start) ||
			 h->error_index == offsetof(struct hms_hbind, length)));
	return h->error_where == where && (index == ANY || h->error_index == index);
}

/* WHERE is a pair: FIELD(), MODIFIER(), TARGET(), RANGE. */
#define REFUSED(r, error, why, ...)						\
	do {									\
		EXPECT_EQ(-(error), request_send(r, self->e.fd));		\
		EXPECT_TRUE(where_is(&(r)->h, __VA_ARGS__)) {			\
			TH_LOG("where %u, index %u", (r)->h.error_where,	\
			       (r)->h.error_index);				\
		}								\
		EXPECT_EQ(why, (r)->h.error_why);				\
		EXPECT_STREQ("", changed(self));				\
	} while (0)

#define ACCEPTED(r)								\
	do {									\
		EXPECT_EQ(0, request_send(r, self->e.fd)) {			\
			TH_LOG("where %u, index %u, why %u", (r)->h.error_where,	\
			       (r)->h.error_index, (r)->h.error_why);		\
		}								\
		EXPECT_EQ(HMS_ERROR_NONE, (r)->h.error_where);			\
		EXPECT_EQ(HMS_WHY_NONE, (r)->h.error_why);			\
		EXPECT_STREQ("", changed(self));				\
	} while (0)

/* Last of all: reading it brings the pages home. */
#define CONTENTS_INTACT()							\
	do {									\
		EXPECT_STREQ("", changed(self));				\
		EXPECT_PATTERN(self->p, 12 * PAGE, 5);				\
		EXPECT_ZERO(self->p + 12 * PAGE, 4 * PAGE);			\
	} while (0)

HMS_TEST(input, hbind_size)
{
	struct {
		struct request r;
		__u8 room[PAGE];
	} big = { 0 };
	struct {
		struct hms_hbind h;
		__u8 tail[PAGE];
	} *wide = calloc(2, sizeof(*wide));

	ASSERT_NE(NULL, wide);
	good(&big.r, self);
	for (__u32 size = 0; size < offsetof(struct hms_hbind, lazy); size++) {
		big.r.h.size = size;
		ASSERT_EQ(-EINVAL, call(self->e.fd, HMS_HBIND, &big.r.h)) {
			TH_LOG("size %u", size);
		}
	}
	EXPECT_STREQ("", changed(self));
	/* From when the struct was shorter: what it lacks is zero, and is not written either. */
	big.r.h.size = offsetof(struct hms_hbind, lazy);
	big.r.h.lazy = 1234;
	EXPECT_EQ(0, call(self->e.fd, HMS_HBIND, &big.r.h));
	EXPECT_EQ(1234, big.r.h.lazy);

	for (__u32 tail = 1; tail <= PAGE - sizeof(wide->h); tail += 37) {
		good(&big.r, self);
		wide->h = big.r.h;
		memset(wide->tail, 0, sizeof(wide->tail));
		wide->h.size = sizeof(wide->h) + tail;
		EXPECT_EQ(0, call(self->e.fd, HMS_HBIND, wide));
		wide->tail[tail - 1] = 1;
		EXPECT_EQ(-E2BIG, call(self->e.fd, HMS_HBIND, wide));
	}
	wide->h = big.r.h;
	memset(wide->tail, 0, sizeof(wide->tail));
	wide->h.size = PAGE;
	EXPECT_EQ(0, call(self->e.fd, HMS_HBIND, wide));
	for (__u32 size = PAGE + 1; size; size = size * 2 + 1) {
		wide->h.size = size;
		EXPECT_EQ(-E2BIG, call(self->e.fd, HMS_HBIND, wide));
		if (size == 0xffffffff)
			break;
	}
	CONTENTS_INTACT();
}

HMS_TEST(input, hbind_struct_on_an_edge)
{
	char *m = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct request r;
	struct hms_hbind *edge;

	ASSERT_NE(MAP_FAILED, m);
	ASSERT_EQ(0, munmap(m + PAGE, PAGE));
	good(&r, self);
	edge = (struct hms_hbind *)(m + PAGE - sizeof(*edge));
	*edge = r.h;
	EXPECT_EQ(0, call(self->e.fd, HMS_HBIND, edge));

	/* One that would change something, cut off at each field. */
	r.h.start = u64_ptr(self->p);
	r.h.length = NPAGES * PAGE;
	for (size_t there = 0; there < sizeof(*edge); there += 8) {
		memcpy(m + PAGE - there, &r.h, there);
		EXPECT_EQ(-EFAULT, call(self->e.fd, HMS_HBIND, m + PAGE - there));
	}
	EXPECT_EQ(-EFAULT, call(self->e.fd, HMS_HBIND, NULL));
	EXPECT_EQ(-EFAULT, call(self->e.fd, HMS_HBIND, (void *)KERNEL));
	EXPECT_EQ(-EFAULT, call(self->e.fd, HMS_HBIND, (void *)-8UL));

	/* A size that reaches beyond the mapping, with all that the module knows before it. */
	edge->size += 8;
	EXPECT_EQ(-EFAULT, call(self->e.fd, HMS_HBIND, edge));
	EXPECT_STREQ("", changed(self));

	/* Results that can't be written: the call fails, so nothing may have happened. */
	*edge = r.h;
	ASSERT_EQ(0, mprotect(m, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, call(self->e.fd, HMS_HBIND, edge));
	CONTENTS_INTACT();
}

HMS_TEST(input, hbind_version)
{
	static const __u32 fine[] = { 1, 2, 3, 0x80000000, 0xffffffff };
	struct request r;

	good(&r, self)->h.version = 0;
	REFUSED(&r, EINVAL, HMS_WHY_VERSION, FIELD(version));
	for (size_t i = 0; i < ARRAY_SIZE(fine); i++) {
		good(&r, self)->h.version = fine[i];
		ACCEPTED(&r);
	}
	CONTENTS_INTACT();
}

/* A program that knows version 1 can't be handed memory of version 2. */
HMS_TEST(input, hbind_v2_target_for_v1_caller)
{
	struct request r;

	NEED_PRIVATE(1);
	request_init(&r, self->p, 4 * PAGE)->h.version = 1;
	request_target(&r, self->e.node[0]);
	request_target(&r, self->e.sim[0]);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_BIND);
	REFUSED(&r, EINVAL, HMS_WHY_VERSION, TARGET(1));
	r.modifiers[0].key = HMS_MOD_MIGRATE;
	r.modifiers[0].value = HMS_MIGRATE_NOW;
	REFUSED(&r, EINVAL, HMS_WHY_VERSION, TARGET(1));
	CONTENTS_INTACT();
}

HMS_TEST(input, hbind_flags)
{
	struct request r;

	for (int bit = 0; bit < 32; bit++) {
		good(&r, self)->h.flags = 1U << bit;
		if (r.h.flags == HMS_REMOTE)
			ACCEPTED(&r);
		else if (r.h.flags == HMS_WHOLE)
			REFUSED(&r, EINVAL, HMS_WHY_VALUE, FIELD(start));
		else
			REFUSED(&r, EINVAL, HMS_WHY_FLAG, FIELD(flags));
	}
	r.h.flags = 0xffffffff;
	REFUSED(&r, EINVAL, HMS_WHY_FLAG, FIELD(flags));
	CONTENTS_INTACT();
}

HMS_TEST(input, hbind_instance)
{
	const __u64 wrong[] = { 1, ~0ULL, self->instance + 1, self->instance ^ 1ULL << 63 };
	struct request r;

	good(&r, self)->h.instance = self->instance;
	ACCEPTED(&r);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		if (!wrong[i] || wrong[i] == self->instance)
			continue;
		good(&r, self)->h.instance = wrong[i];
		REFUSED(&r, ESTALE, HMS_WHY_INSTANCE, FIELD(instance));
	}
	CONTENTS_INTACT();
}

HMS_TEST(input, hbind_range)
{
	static const __u32 crooked[] = { 1, 8, 2048, 4095 };
	static const struct {
		__u64 start, length;
	} beyond[] = {
		{ KERNEL, PAGE },
		{ 0xffffffff81000000ULL, PAGE },
		{ 0xffffffffff600000ULL, PAGE }, /* [vsyscall] */
		{ 0x8000000000000000ULL, PAGE },
		{ 0x0100000000000000ULL, PAGE }, /* not canonical, with 5 levels either */
		{ -PAGE, PAGE }, /* the end is 0 */
		{ -PAGE, 2 * PAGE }, /* the end wraps */
		{ PAGE, -PAGE },
		{ 2 * PAGE, -PAGE }, /* wraps to PAGE */
		{ 0, -PAGE },
		{ 0x8000000000000000ULL, 0x8000000000000000ULL },
	};
	const struct request clean = *good(&(struct request){ 0 }, self);
	struct request r;

	for (int migrating = 0; migrating < 2; migrating++) {
		for (size_t i = 0; i < ARRAY_SIZE(crooked); i++) {
			good(&r, self)->h.start += crooked[i];
			r.modifiers[0].key = migrating ? HMS_MOD_MIGRATE : HMS_MOD_MODE;
			r.modifiers[0].value = 1;
			REFUSED(&r, EINVAL, HMS_WHY_UNALIGNED, RANGE);
			r.h.start = clean.h.start;
			r.h.length += crooked[i];
			REFUSED(&r, EINVAL, HMS_WHY_UNALIGNED, RANGE);
			r.h.length = crooked[i];
			REFUSED(&r, EINVAL, HMS_WHY_UNALIGNED, RANGE);
		}
		r.h.length = 0;
		REFUSED(&r, EINVAL, HMS_WHY_EMPTY, RANGE);
		for (size_t i = 0; i < ARRAY_SIZE(beyond); i++) {
			r.h.start = beyond[i].start;
			r.h.length = beyond[i].length;
			REFUSED(&r, EINVAL, HMS_WHY_OVERFLOW, RANGE);
		}
		/* From a good start, over the end of the address space. */
		r.h.start = clean.h.start;
		r.h.length = -clean.h.start;
		REFUSED(&r, EINVAL, HMS_WHY_OVERFLOW, RANGE);
		r.h.length = -clean.h.start + PAGE;
		REFUSED(&r, EINVAL, HMS_WHY_OVERFLOW, RANGE);
	}
	CONTENTS_INTACT();
}

HMS_TEST(input, hbind_unmapped)
{
	static const struct {
		__u32 key, value;
	} what[] = {
		{ HMS_MOD_MODE, HMS_MODE_BIND },
		{ HMS_MOD_MIGRATE, HMS_MIGRATE_NOW },
		{ HMS_MOD_POPULATE, 1 },
	};
	struct state before, after;
	struct request r;
	char *p = area(9 * PAGE);

	/* pattern, a hole of two, pattern; beyond the end another hole */
	ASSERT_NE(NULL, p);
	fill(p, 8 * PAGE, 2);
	ASSERT_EQ(0, migrate(self->e.fd, p, 8 * PAGE, self->e.node[0], NULL));
	ASSERT_EQ(0, munmap(p + 3 * PAGE, 2 * PAGE));
	ASSERT_EQ(0, munmap(p + 8 * PAGE, PAGE));
	ASSERT_EQ(0, state_read(&before, self->e.fd, p, 8 * PAGE));

	for (size_t i = 0; i < ARRAY_SIZE(what); i++) {
		for (int from = 0; from < 9; from++) {
			for (int to = from + 1; to <= 9; to++) {
				if (to <= 3 || (from >= 5 && to <= 8))
					continue;
				request_init(&r, p + from * PAGE, (to - from) * PAGE);
				request_target(&r, self->e.node[self->e.nnodes > 1]);
				request_modifier(&r, what[i].key, what[i].value);
				REFUSED(&r, EFAULT, HMS_WHY_UNMAPPED, RANGE);
			}
		}
	}
	request_init(&r, NULL, PAGE);
	request_target(&r, self->e.node[0]);
	request_modifier(&r, HMS_MOD_POPULATE, 1);
	REFUSED(&r, EFAULT, HMS_WHY_UNMAPPED, RANGE);
	r.h.length = 0x7ffffffff000ULL;
	REFUSED(&r, EFAULT, HMS_WHY_UNMAPPED, RANGE);

	ASSERT_EQ(0, state_read(&after, self->e.fd, p, 8 * PAGE));
	EXPECT_STREQ("", state_differs(&before, &after));
	EXPECT_PATTERN(p, 3 * PAGE, 2);
	EXPECT_PATTERN_PART(p, 5 * PAGE, 3 * PAGE, 2);
	CONTENTS_INTACT();
}

HMS_TEST(input, hbind_counts)
{
	static const __u32 many[] = { 0x10000, 0x40000000, 0x40000001, 0x80000000, 0xffffffff };
	struct request r;

	good(&r, self)->h.ntargets = HMS_MAX_TARGETS + 1;
	REFUSED(&r, EINVAL, HMS_WHY_COUNT, FIELD(ntargets));
	good(&r, self)->h.nmodifiers = HMS_MAX_MODIFIERS + 1;
	REFUSED(&r, EINVAL, HMS_WHY_COUNT, FIELD(nmodifiers));
	for (size_t i = 0; i < ARRAY_SIZE(many); i++) {
		good(&r, self)->h.ntargets = many[i];
		REFUSED(&r, EINVAL, HMS_WHY_COUNT, FIELD(ntargets));
		good(&r, self)->h.nmodifiers = many[i];
		REFUSED(&r, EINVAL, HMS_WHY_COUNT, FIELD(nmodifiers));
	}

	/* Nothing to do. */
	good(&r, self)->h.nmodifiers = 0;
	EXPECT_EQ(-EINVAL, request_send(&r, self->e.fd));
	EXPECT_TRUE(r.h.error_why == HMS_WHY_EMPTY || r.h.error_why == HMS_WHY_COUNT);
	EXPECT_STREQ("", changed(self));
	good(&r, self)->modifiers[0].key = HMS_MOD_MIGRATE;
	r.modifiers[0].value = HMS_MIGRATE_NONE;
	REFUSED(&r, EINVAL, HMS_WHY_EMPTY, ANY, ANY);

	/* No target where one is needed. */
	good(&r, self)->h.ntargets = 0;
	r.modifiers[0].value = HMS_MODE_BIND;
	REFUSED(&r, EINVAL, HMS_WHY_COUNT, FIELD(ntargets));
	r.modifiers[0].value = HMS_MODE_PREFERRED;
	REFUSED(&r, EINVAL, HMS_WHY_COUNT, FIELD(ntargets));
	r.modifiers[0].key = HMS_MOD_MIGRATE;
	r.modifiers[0].value = HMS_MIGRATE_NOW;
	REFUSED(&r, EINVAL, HMS_WHY_COUNT, FIELD(ntargets));
	r.modifiers[0].key = HMS_MOD_POPULATE;
	r.modifiers[0].value = 1;
	REFUSED(&r, EINVAL, HMS_WHY_COUNT, FIELD(ntargets));

	/* A target where none may be. */
	good(&r, self)->modifiers[0].value = HMS_MODE_DEFAULT;
	EXPECT_EQ(-EINVAL, request_send(&r, self->e.fd));
	EXPECT_STREQ("", changed(self));

	/* As many targets as may be: all the others are unknown, so the first of these is named. */
	good(&r, self);
	while (r.h.ntargets < HMS_MAX_TARGETS)
		request_target(&r, 0xfffff000 + r.h.ntargets);
	REFUSED(&r, ENOENT, HMS_WHY_UNKNOWN, TARGET(1));
	CONTENTS_INTACT();
}

HMS_TEST(input, hbind_pointers)
{
	char *m = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct request r;

	ASSERT_NE(MAP_FAILED, m);
	ASSERT_EQ(0, munmap(m + PAGE, PAGE));
	ASSERT_EQ(0, mprotect(m + 2 * PAGE, PAGE, PROT_READ));
	{
		const __u64 bad[] = {
			0, 8, u64_ptr(m + PAGE), u64_ptr(m + PAGE - 2), KERNEL, -4ULL
		};

		for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
			good(&r, self)->h.targets = bad[i];
			REFUSED(&r, EFAULT, HMS_WHY_POINTER, FIELD(targets));
			good(&r, self)->h.modifiers = bad[i];
			REFUSED(&r, EFAULT, HMS_WHY_POINTER, FIELD(modifiers));
			if (!bad[i])
				continue;
			/* Asks for a change, which must not happen. */
			request_init(&r, self->p, 12 * PAGE)->h.target_counts = bad[i];
			request_target(&r, self->e.node[0]);
			request_modifier(&r, HMS_MOD_MODE, HMS_MODE_BIND);
			request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
			REFUSED(&r, EFAULT, HMS_WHY_POINTER, FIELD(target_counts));
		}
	}
	/* Readable, but not writable. */
	request_init(&r, self->p, 12 * PAGE)->h.target_counts = u64_ptr(m + 2 * PAGE);
	request_target(&r, self->e.node[0]);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_BIND);
	request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	REFUSED(&r, EFAULT, HMS_WHY_POINTER, FIELD(target_counts));

	/* Counts are optional. */
	good(&r, self)->h.target_counts = 0;
	ACCEPTED(&r);
	/* The last entry ends with the mapping. */
	good(&r, self);
	memcpy(m + PAGE - sizeof(__u32), r.targets, sizeof(__u32));
	memcpy(m + PAGE - 64 - sizeof(r.modifiers[0]), r.modifiers, sizeof(r.modifiers[0]));
	r.h.targets = u64_ptr(m + PAGE - sizeof(__u32));
	r.h.modifiers = u64_ptr(m + PAGE - 64 - sizeof(r.modifiers[0]));
	ACCEPTED(&r);
	CONTENTS_INTACT();
}

HMS_TEST(input, hbind_unknown_keys)
{
	static const __u32 unknown[] = { 0, HMS_MOD_ASYNC + 1, 31, 32, 64, 0x80000001, 0xffffffff };
	struct request r;

	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		good(&r, self)->modifiers[0].key = unknown[i];
		REFUSED(&r, EINVAL, HMS_WHY_UNKNOWN, MODIFIER(0));
		request_modifier(good(&r, self), unknown[i], 1);
		REFUSED(&r, EINVAL, HMS_WHY_UNKNOWN, MODIFIER(1));
	}
	for (int bit = 0; bit < 32; bit++) {
		good(&r, self)->modifiers[0].flags = 1U << bit;
		REFUSED(&r, EINVAL, HMS_WHY_FLAG, MODIFIER(0));
	}
	CONTENTS_INTACT();
}

HMS_TEST(input, hbind_duplicate_keys)
{
	struct request r;

	request_modifier(good(&r, self), HMS_MOD_MODE, HMS_MODE_PREFERRED);
	REFUSED(&r, EINVAL, HMS_WHY_DUPLICATE, MODIFIER(1));
	good(&r, self);
	request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NONE);
	request_modifier(&r, HMS_MOD_POPULATE, 1);
	request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	REFUSED(&r, EINVAL, HMS_WHY_DUPLICATE, MODIFIER(3));
	good(&r, self);
	while (r.h.nmodifiers < HMS_MAX_MODIFIERS)
		request_modifier(&r, HMS_MOD_MODE, HMS_MODE_PREFERRED);
	REFUSED(&r, EINVAL, HMS_WHY_DUPLICATE, MODIFIER(1));
	CONTENTS_INTACT();
}

HMS_TEST(input, hbind_values)
{
	static const struct {
		__u32 key;
		__u64 value;
	} bad[] = {
		{ HMS_MOD_MODE, HMS_MODE_WEIGHTED + 1 },
		{ HMS_MOD_MODE, 1ULL << 32 },			/* not cut to 32 bits */
		{ HMS_MOD_MODE, (1ULL << 32) + HMS_MODE_BIND },
		{ HMS_MOD_MODE, ~0ULL },
		{ HMS_MOD_MIGRATE, HMS_MIGRATE_NOW + 1 },
		{ HMS_MOD_MIGRATE, (1ULL << 32) + HMS_MIGRATE_NOW },
		{ HMS_MOD_MIGRATE, ~0ULL },
		{ HMS_MOD_POPULATE, 2 },
		{ HMS_MOD_POPULATE, (1ULL << 32) + 1 },
		{ HMS_MOD_POPULATE, ~0ULL },
		{ HMS_MOD_INHERIT, 2 },
		{ HMS_MOD_INHERIT, (1ULL << 32) + 1 },
	};
	struct request r;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		request_init(&r, self->p, 12 * PAGE);
		request_target(&r, self->e.node[0]);
		request_modifier(&r, bad[i].key, bad[i].value);
		REFUSED(&r, EINVAL, HMS_WHY_VALUE, MODIFIER(0));
	}
	request_init(&r, self->p, 12 * PAGE);
	request_target(&r, self->e.node[0]);
	request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	request_modifier(&r, HMS_MOD_ALL_OR_NOTHING, 2);
	REFUSED(&r, EINVAL, HMS_WHY_VALUE, MODIFIER(1));
	CONTENTS_INTACT();
}

HMS_TEST(input, hbind_combinations)
{
	struct request r;
	char *big;

	request_init(&r, self->p, 12 * PAGE);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_DEFAULT);
	request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	REFUSED(&r, EINVAL, HMS_WHY_COMBINATION, HMS_ERROR_MODIFIER, ANY);
	request_init(&r, self->p, 12 * PAGE);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_DEFAULT);
	request_modifier(&r, HMS_MOD_POPULATE, 1);
	REFUSED(&r, EINVAL, HMS_WHY_COMBINATION, HMS_ERROR_MODIFIER, ANY);

	request_init(&r, self->p, 12 * PAGE);
	request_target(&r, self->e.node[0]);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_BIND);
	request_modifier(&r, HMS_MOD_ALL_OR_NOTHING, 1);
	REFUSED(&r, EINVAL, HMS_WHY_COMBINATION, MODIFIER(1));

	/* There must be a policy to inherit. */
	if (!*feature_missing("fork-inherit")) {
		request_init(&r, self->p, 12 * PAGE);
		request_modifier(&r, HMS_MOD_MODE, HMS_MODE_DEFAULT);
		request_modifier(&r, HMS_MOD_INHERIT, 1);
		REFUSED(&r, EINVAL, HMS_WHY_COMBINATION, MODIFIER(1));
		request_init(&r, self->p, 12 * PAGE);
		request_target(&r, self->e.node[0]);
		request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
		request_modifier(&r, HMS_MOD_INHERIT, 1);
		REFUSED(&r, EINVAL, HMS_WHY_COMBINATION, MODIFIER(1));
	} else {
		good(&r, self);
		request_modifier(&r, HMS_MOD_INHERIT, 1);
		REFUSED(&r, EOPNOTSUPP, HMS_WHY_UNSUPPORTED, MODIFIER(r.h.nmodifiers - 1));
	}

	big = mmap(NULL, HMS_ALL_OR_NOTHING_MAX + PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ASSERT_NE(MAP_FAILED, big);
	request_init(&r, big, HMS_ALL_OR_NOTHING_MAX + PAGE);
	request_target(&r, self->e.node[0]);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_BIND);
	request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	request_modifier(&r, HMS_MOD_ALL_OR_NOTHING, 1);
	REFUSED(&r, EOPNOTSUPP, HMS_WHY_TOO_LARGE, ANY, ANY);
	{
		struct policy p[2];

		EXPECT_EQ(0, policies_read(self->e.fd, HMS_QUERY_POLICY, big, MiB(64), p, 2));
	}
	CONTENTS_INTACT();
}

HMS_TEST(input, hbind_targets)
{
	struct request r;
	__u32 uid;

	for (int migrating = 0; migrating < 2; migrating++) {
		const __u32 unknown[] = { 0, object_greatest() + 1000, 0x7fffffff, 0xffffffff };

		for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
			request_init(&r, self->p, 12 * PAGE);
			request_target(&r, self->e.node[0]);
			request_target(&r, unknown[i]);
			request_modifier(&r, migrating ? HMS_MOD_MIGRATE : HMS_MOD_MODE, 1);
			REFUSED(&r, ENOENT, HMS_WHY_UNKNOWN, TARGET(1));
			r.targets[0] = unknown[i];
			r.h.ntargets = 1;
			REFUSED(&r, ENOENT, HMS_WHY_UNKNOWN, TARGET(0));
		}
		r.targets[0] = uid = object_of_type("link");
		if (uid)
			REFUSED(&r, EINVAL, HMS_WHY_NOT_A_TARGET, TARGET(0));
		r.targets[0] = uid = object_of_type("initiator");
		ASSERT_NE(0, uid);
		REFUSED(&r, EINVAL, HMS_WHY_NOT_A_TARGET, TARGET(0));
		r.targets[0] = r.targets[1] = self->e.node[0];
		r.h.ntargets = 2;
		REFUSED(&r, EINVAL, HMS_WHY_DUPLICATE, TARGET(1));
		if (self->e.nnodes > 1) {
			r.targets[1] = self->e.node[1];
			r.targets[2] = self->e.node[0];
			r.h.ntargets = 3;
			REFUSED(&r, EINVAL, HMS_WHY_DUPLICATE, TARGET(2));
		}
	}
	CONTENTS_INTACT();
}

/* With many faults in one request, the first in the order of the contract is reported. */
HMS_TEST(input, hbind_order)
{
	struct request r, wrong;
	char *hole = area(PAGE);

	ASSERT_NE(NULL, hole);
	ASSERT_EQ(0, munmap(hole, PAGE));
	request_init(&wrong, self->p + 1, 12 * PAGE);
	wrong.h.version = 0;
	wrong.h.flags = 1U << 31;
	wrong.h.instance = self->instance + 1;
	wrong.h.ntargets = HMS_MAX_TARGETS + 1;
	wrong.targets[0] = 0;
	request_modifier(&wrong, 0xffff, 0);

	r = wrong;
	REFUSED(&r, EINVAL, HMS_WHY_VERSION, FIELD(version));
	wrong.h.version = 2;
	r = wrong;
	REFUSED(&r, EINVAL, HMS_WHY_FLAG, FIELD(flags));
	wrong.h.flags = 0;
	r = wrong;
	REFUSED(&r, ESTALE, HMS_WHY_INSTANCE, FIELD(instance));
	wrong.h.instance = self->instance;
	r = wrong;
	REFUSED(&r, EINVAL, HMS_WHY_UNALIGNED, RANGE);
	wrong.h.start = u64_ptr(hole);
	r = wrong;
	r.h.targets = u64_ptr(r.targets);
	r.h.modifiers = u64_ptr(r.modifiers);
	REFUSED(&r, EINVAL, HMS_WHY_COUNT, FIELD(ntargets));
	wrong.h.ntargets = 1;
	wrong.h.length = PAGE;
	r = wrong;
	r.h.targets = u64_ptr(r.targets);
	r.h.modifiers = u64_ptr(r.modifiers);
	REFUSED(&r, EINVAL, HMS_WHY_UNKNOWN, MODIFIER(0));
	r.modifiers[0].key = HMS_MOD_MODE;
	r.modifiers[0].value = HMS_MODE_BIND;
	REFUSED(&r, ENOENT, HMS_WHY_UNKNOWN, TARGET(0));
	r.targets[0] = self->e.node[0];
	REFUSED(&r, EFAULT, HMS_WHY_UNMAPPED, RANGE);
	CONTENTS_INTACT();
}

/* A later fault in a request that also changes something: nothing of it happens. */
HMS_TEST(input, hbind_changes_nothing_half)
{
	char *torn = area(4 * PAGE);
	struct policy seen;
	struct request r;

	ASSERT_NE(NULL, torn);
	ASSERT_EQ(0, munmap(torn + 2 * PAGE, PAGE));
	for (int last = 0; last < 3; last++) {
		request_init(&r, self->p, NPAGES * PAGE);
		request_target(&r, self->e.node[self->e.nnodes - 1]);
		request_modifier(&r, HMS_MOD_MODE, HMS_MODE_BIND);
		request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
		request_modifier(&r, HMS_MOD_POPULATE, 1);
		if (last == 0) {
			request_modifier(&r, HMS_MOD_ASYNC + 1, 1);
			REFUSED(&r, EINVAL, HMS_WHY_UNKNOWN, MODIFIER(3));
		} else if (last == 1) {
			request_target(&r, 0xfffffff0);
			REFUSED(&r, ENOENT, HMS_WHY_UNKNOWN, TARGET(1));
		} else {
			r.h.start = u64_ptr(torn);
			r.h.length = 4 * PAGE;
			REFUSED(&r, EFAULT, HMS_WHY_UNMAPPED, RANGE);
		}
	}
	EXPECT_EQ(0, policies_read(self->e.fd, HMS_QUERY_POLICY, torn, 4 * PAGE, &seen, 1));
	EXPECT_EQ(4, pages_on(self->e.fd, torn, 4 * PAGE, ON_NOTHING));
	CONTENTS_INTACT();
}

/*
 * A descriptor that came over fork does not act on the parent by accident, but does so on
 * purpose.
 */
HMS_TEST(input, after_fork)
{
	struct hms_query q;
	struct request r;
	struct peer peer;
	pid_t pid;

	pid = peer_fork(&peer);
	ASSERT_GE(pid, 0);
	if (!pid) {
		struct state now;
		struct policy p[4];
		int fd;

		EXPECT_EQ(-EBADF, request_send(good(&r, self), self->e.fd));
		EXPECT_EQ(-EBADF, migrate(self->e.fd, self->p, 4 * PAGE, self->e.node[0], NULL));
		query_init(&q, HMS_QUERY_POLICY, self->p, NPAGES * PAGE);
		EXPECT_EQ(-EBADF, call(self->e.fd, HMS_QUERY, &q));
		EXPECT_EQ(-EBADF, state_read(&now, self->e.fd, self->p, PAGE));

		/* With HMS_REMOTE it does, also where the child has no mapping. */
		ASSERT_EQ(0, munmap(self->p, NPAGES * PAGE));
		query_init(&q, HMS_QUERY_POLICY, self->p, NPAGES * PAGE);
		q.flags = HMS_REMOTE;
		EXPECT_EQ(-ENOSPC, call(self->e.fd, HMS_QUERY, &q));
		EXPECT_EQ(1, q.nentries);
		request_init(&r, self->p, 4 * PAGE)->h.flags = HMS_REMOTE;
		request_target(&r, self->e.node[self->e.nnodes - 1]);
		request_modifier(&r, HMS_MOD_MODE, HMS_MODE_BIND);
		request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
		EXPECT_EQ(0, request_send(&r, self->e.fd));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(0, r.h.skipped[HMS_SKIP_ABSENT]);

		/* Its own descriptor is about its own memory. */
		fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
		ASSERT_LE(0, fd);
		EXPECT_EQ(0, policies_read(fd, HMS_QUERY_POLICY, self->p, NPAGES * PAGE, p, 4));
		_exit(0);
	}
	EXPECT_EQ(0, peer_wait(&peer));
	{
		struct policy p[4];

		ASSERT_EQ(2, policies_read(self->e.fd, HMS_QUERY_POLICY, self->p, NPAGES * PAGE, p,
					   4));
		EXPECT_TRUE(policy_is(&p[0], self->p, 4 * PAGE, HMS_MODE_BIND, 1,
				      &self->e.node[self->e.nnodes - 1]));
	}
	EXPECT_PATTERN(self->p, 12 * PAGE, 5);
	EXPECT_ZERO(self->p + 12 * PAGE, 4 * PAGE);
}

static int fd_send(int via, int fd)
{
	char space[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space,
			    .msg_controllen = sizeof(space) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	return sendmsg(via, &m, 0) == 1 ? 0 : -errno;
}

static int fd_receive(int via)
{
	char space[CMSG_SPACE(sizeof(int))] = { 0 }, byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space,
			    .msg_controllen = sizeof(space) };
	struct cmsghdr *c;
	int fd;

	if (recvmsg(via, &m, MSG_CMSG_CLOEXEC) != 1)
		return -EIO;
	c = CMSG_FIRSTHDR(&m);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return -EIO;
	memcpy(&fd, CMSG_DATA(c), sizeof(int));
	return fd;
}

/* A descriptor whose opener is gone. */
HMS_TEST(input, opener_gone)
{
	struct request r;
	struct hms_query q;
	int pair[2], fd, status;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		char *p = area(4 * PAGE);

		fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
		fill(p, 4 * PAGE, 1);
		policy_set(fd, p, 4 * PAGE, HMS_MODE_BIND, 1, self->e.node);
		_exit(fd_send(pair[1], fd) ? 1 : 0);
	}
	fd = fd_receive(pair[0]);
	ASSERT_LE(0, fd);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);

	EXPECT_EQ(-EBADF, request_send(good(&r, self), fd));
	good(&r, self)->h.flags = HMS_REMOTE;
	EXPECT_EQ(-ESRCH, request_send(&r, fd));
	r.modifiers[0].key = HMS_MOD_MIGRATE;
	r.modifiers[0].value = HMS_MIGRATE_NOW;
	EXPECT_EQ(-ESRCH, request_send(&r, fd));
	query_init(&q, HMS_QUERY_POLICY, self->p, NPAGES * PAGE);
	EXPECT_EQ(-EBADF, call(fd, HMS_QUERY, &q));
	q.flags = HMS_REMOTE;
	EXPECT_EQ(-ESRCH, call(fd, HMS_QUERY, &q));
	q.what = HMS_QUERY_RESIDENCY;
	q.entry_size = sizeof(struct hms_residency_entry);
	EXPECT_EQ(-ESRCH, call(fd, HMS_QUERY, &q));
	CONTENTS_INTACT();
}

/* HMS_QUERY. */

static int query(FIXTURE_DATA(input) *self, struct hms_query *q)
{
	return call(self->e.fd, HMS_QUERY, q);
}

HMS_TEST(input, query_fields)
{
	static const __u32 whats[] = { 0, HMS_QUERY_STATS + 1, 0x80000001, 0xffffffff };
	struct hms_query q;

	for (__u32 what = HMS_QUERY_POLICY; what <= HMS_QUERY_RESIDENCY; what++) {
		struct hms_policy_entry e[64];
		__u32 uids[64];
		struct hms_query fine;

		query_init(&fine, what, self->p, NPAGES * PAGE);
		fine.entries = u64_ptr(e);
		fine.nentries = what == HMS_QUERY_RESIDENCY ? NPAGES : 64;
		fine.uids = u64_ptr(uids);
		fine.nuids = 64;
		q = fine;
		EXPECT_EQ(0, query(self, &q));

		q = fine;
		q.version = 0;
		EXPECT_EQ(-EINVAL, query(self, &q));
		q = fine;
		q.version = 0xffffffff;
		EXPECT_EQ(0, query(self, &q));
		for (int bit = 0; bit < 32; bit++) {
			q = fine;
			q.flags = 1U << bit;
			EXPECT_EQ(q.flags == HMS_REMOTE ? 0 : -EINVAL, query(self, &q));
		}
		q = fine;
		q.pid = getpid();
		EXPECT_EQ(0, query(self, &q));
		q = fine;
		q.pid = getppid();
		EXPECT_EQ(-EBADF, query(self, &q));
		q = fine;
		q.pid = 0x7fffffff;
		EXPECT_EQ(-EBADF, query(self, &q));
		q = fine;
		q.pid = 1U << 31;
		EXPECT_EQ(-EINVAL, query(self, &q));
		q = fine;
		q.instance = self->instance;
		EXPECT_EQ(0, query(self, &q));
		q = fine;
		q.instance = self->instance + 1;
		EXPECT_EQ(-ESTALE, query(self, &q));

		q = fine;
		q.start++;
		EXPECT_EQ(-EINVAL, query(self, &q));
		q = fine;
		q.length--;
		EXPECT_EQ(-EINVAL, query(self, &q));
		q = fine;
		q.length = 0;
		EXPECT_EQ(-EINVAL, query(self, &q));
		q = fine;
		q.length = -q.start;
		EXPECT_EQ(-EINVAL, query(self, &q));
		q = fine;
		q.length = -PAGE;
		EXPECT_EQ(-EINVAL, query(self, &q));
		q = fine;
		q.start = KERNEL;
		EXPECT_EQ(-EINVAL, query(self, &q));
		q.start = -PAGE;
		EXPECT_EQ(-EINVAL, query(self, &q));
		q.start = 0x8000000000000000ULL;
		EXPECT_EQ(-EINVAL, query(self, &q));
	}
	for (size_t i = 0; i < ARRAY_SIZE(whats); i++) {
		query_init(&q, whats[i], self->p, NPAGES * PAGE);
		EXPECT_EQ(-EINVAL, query(self, &q));
	}
	CONTENTS_INTACT();
}

/* The first thread has ended, and /proc still calls its process by its name. */
static void *ask_of_own_process(void *arg)
{
	const struct timespec tick = { .tv_nsec = 10000000 };
	struct hms_process_stats stats;
	char path[64], text[512];
	struct hms_query q;
	int fd = *(int *)arg;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", getpid());
	do {
		nanosleep(&tick, NULL);
		if (text_read(path, text, sizeof(text)))
			_exit(2);
	} while (!strstr(text, ") Z "));
	query_init(&q, HMS_QUERY_STATS, NULL, 0);
	q.entries = u64_ptr(&stats);
	q.nentries = 1;
	q.pid = getpid();
	_exit(call(fd, HMS_QUERY, &q) ? 3 : 0);
}

HMS_TEST(input, query_pid_without_first_thread)
{
	int status = -1;
	pid_t pid = fork();

	ASSERT_GE(pid, 0);
	if (!pid) {
		static int fd;
		pthread_t thread;

		fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
		if (fd < 0 || pthread_create(&thread, NULL, ask_of_own_process, &fd))
			_exit(1);
		/* Of the thread alone. */
		syscall(SYS_exit, 0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	CONTENTS_INTACT();
}

/* Statistics are of all of the address space: no range, and nothing but one entry. */
HMS_TEST(input, query_stats)
{
	struct hms_process_stats stats[2], sent;
	struct hms_query q;

	memset(&sent, 0xa5, sizeof(sent));
	for (__u32 size = 1; size <= sizeof(stats); size++) {
		memset(stats, 0xa5, sizeof(stats));
		query_init(&q, HMS_QUERY_STATS, NULL, 0);
		q.entries = u64_ptr(stats);
		q.nentries = 1;
		q.entry_size = size;
		ASSERT_EQ(0, query(self, &q));
		EXPECT_EQ(1, q.nentries);
		EXPECT_EQ(sizeof(stats[0]), q.entry_size);
		EXPECT_EQ(0, q.nuids);
		/* What is behind is zeros up to the size of an entry, and then as it was. */
		if (size > sizeof(stats[0]))
			EXPECT_ZERO(&stats[1], (size - sizeof(stats[0])) / 8 * 8);
		if (size <= sizeof(stats[0]))
			EXPECT_EQ(0, memcmp(&stats[1], &sent, sizeof(sent)));
	}
	EXPECT_EQ(1, stats[0].ranges);
	query_init(&q, HMS_QUERY_STATS, NULL, 0);
	EXPECT_EQ(-ENOSPC, query(self, &q));
	EXPECT_EQ(1, q.nentries);
	query_init(&q, HMS_QUERY_STATS, self->p, 0);
	EXPECT_EQ(-EINVAL, query(self, &q));
	query_init(&q, HMS_QUERY_STATS, NULL, PAGE);
	EXPECT_EQ(-EINVAL, query(self, &q));
	query_init(&q, HMS_QUERY_STATS, self->p, PAGE);
	EXPECT_EQ(-EINVAL, query(self, &q));
	query_init(&q, HMS_QUERY_STATS, NULL, 0);
	q.pid = getppid();
	EXPECT_EQ(-EBADF, query(self, &q));
	query_init(&q, HMS_QUERY_STATS, NULL, 0);
	q.entries = 8;
	q.nentries = 1;
	EXPECT_EQ(-EFAULT, query(self, &q));
	CONTENTS_INTACT();
}

HMS_TEST(input, query_size)
{
	struct {
		struct hms_query q;
		__u8 tail[PAGE];
	} big = { 0 };
	char *m = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct hms_query *edge;
	/* pages 12 to 15 have no policy: an answer without entries succeeds without room */
	char *none = self->p + 12 * PAGE;

	for (__u32 size = 0; size < sizeof(big.q); size++) {
		query_init(&big.q, HMS_QUERY_POLICY, none, PAGE);
		big.q.size = size;
		ASSERT_EQ(size < HMS_QUERY_SIZE_1 ? -EINVAL : 0, query(self, &big.q));
	}
	for (__u32 tail = 1; tail <= PAGE - sizeof(big.q); tail += 41) {
		query_init(&big.q, HMS_QUERY_POLICY, none, PAGE);
		big.q.size += tail;
		EXPECT_EQ(0, query(self, &big.q));
		query_init(&big.q, HMS_QUERY_POLICY, none, PAGE);
		big.q.size += tail;
		big.tail[tail - 1] = 0x80;
		EXPECT_EQ(-E2BIG, query(self, &big.q));
		big.tail[tail - 1] = 0;
	}
	query_init(&big.q, HMS_QUERY_POLICY, none, PAGE);
	big.q.size = PAGE + 1;
	EXPECT_EQ(-E2BIG, query(self, &big.q));
	big.q.size = 0xffffffff;
	EXPECT_EQ(-E2BIG, query(self, &big.q));

	ASSERT_NE(MAP_FAILED, m);
	ASSERT_EQ(0, munmap(m + PAGE, PAGE));
	edge = (struct hms_query *)(m + PAGE - sizeof(*edge));
	query_init(edge, HMS_QUERY_POLICY, none, PAGE);
	EXPECT_EQ(0, query(self, edge));
	query_init(&big.q, HMS_QUERY_POLICY, none, PAGE);
	for (size_t there = 0; there < sizeof(*edge); there += 8) {
		memcpy(m + PAGE - there, &big.q, there);
		EXPECT_EQ(-EFAULT, query(self, (void *)(m + PAGE - there)));
	}
	query_init(edge, HMS_QUERY_POLICY, none, PAGE);
	ASSERT_EQ(0, mprotect(m, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, query(self, edge));
	EXPECT_EQ(-EFAULT, query(self, NULL));
	CONTENTS_INTACT();
}

HMS_TEST(input, query_pointers)
{
	char *m = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct hms_policy_entry e[8];
	__u32 uids[8];
	struct hms_query q;

	ASSERT_NE(MAP_FAILED, m);
	ASSERT_EQ(0, munmap(m + PAGE, PAGE));
	ASSERT_EQ(0, mprotect(m + 2 * PAGE, PAGE, PROT_READ));
	{
		const __u64 bad[] = { 8,
				      u64_ptr(m + PAGE),
				      u64_ptr(m + PAGE - 4),
				      u64_ptr(m + 2 * PAGE),
				      KERNEL,
				      -4ULL };

		for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
			query_init(&q, HMS_QUERY_POLICY, self->p, NPAGES * PAGE);
			q.entries = bad[i];
			q.nentries = 8;
			q.uids = u64_ptr(uids);
			q.nuids = 8;
			EXPECT_EQ(-EFAULT, query(self, &q)) {
				TH_LOG("entries %llx", bad[i]);
			}
			if (bad[i] != u64_ptr(m + PAGE - 4)) {	/* the one uid fits there */
				query_init(&q, HMS_QUERY_POLICY, self->p, NPAGES * PAGE);
				q.entries = u64_ptr(e);
				q.nentries = 8;
				q.uids = bad[i];
				q.nuids = 8;
				EXPECT_EQ(-EFAULT, query(self, &q)) {
					TH_LOG("uids %llx", bad[i]);
				}
			}
			query_init(&q, HMS_QUERY_RESIDENCY, self->p, NPAGES * PAGE);
			q.entries = bad[i];
			q.nentries = NPAGES;
			EXPECT_EQ(-EFAULT, query(self, &q));
		}
	}
	CONTENTS_INTACT();
}

/* Sizes of an entry from 0 to absurd never write beyond what the caller gave. */
HMS_TEST(input, query_entry_size)
{
	static const __u32 sizes[] = { 0, 1, 3, 4, 7, 8, 24, 31, 39, 40, 41, 64, 4096, 0x7fffffff,
				       0x80000000, 0xffffffff };
	struct hms_query q;
	char *m, *end;

	m = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, m);
	ASSERT_EQ(0, munmap(m + 32 * PAGE, 32 * PAGE));
	end = m + 32 * PAGE;
	for (__u32 what = HMS_QUERY_POLICY; what <= HMS_QUERY_RESIDENCY; what++) {
		__u32 full, n;

		query_init(&q, what, self->p, NPAGES * PAGE);
		EXPECT_EQ(what == HMS_QUERY_COMMON ? 0 : -ENOSPC, query(self, &q));
		full = q.entry_size;
		n = q.nentries;
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			size_t bytes = (size_t)n * sizes[i];
			bool fits = bytes <= 31 * PAGE;
			__u32 uids[8];
			int ret;

			memset(m, 0xa5, 32 * PAGE);
			query_init(&q, what, self->p, NPAGES * PAGE);
			q.entries = u64_ptr(fits ? end - bytes : m);
			q.nentries = n;
			q.entry_size = sizes[i];
			q.uids = u64_ptr(uids);
			q.nuids = 8;
			ret = query(self, &q);
			/* Nothing before the buffer is touched; behind it is no memory. */
			for (char *c = m; fits && c < end - bytes; c++)
				ASSERT_EQ((char)0xa5, *c);
			if (!n) {
				EXPECT_TRUE(!ret || ret == -EINVAL);
			} else if (fits && sizes[i] >= 8) {
				EXPECT_EQ(0, ret) {
					TH_LOG("what %u, size %u", what, sizes[i]);
				}
				EXPECT_EQ(full, q.entry_size);
				EXPECT_EQ(n, q.nentries);
				/* Beyond what the module knows: zeros. */
				for (__u32 k = full; k < sizes[i]; k++)
					ASSERT_EQ(0, *(end - bytes + k));
			} else if (!fits) {
				EXPECT_NE(0, ret);
			} else {
				EXPECT_TRUE(!ret || ret == -EINVAL);
			}
		}
	}
	CONTENTS_INTACT();
}

/* Mappings that can't move: each has a defined answer, and keeps its bytes. */

static const char *migrate_both_ways(FIXTURE_DATA(input) * self, void *p, size_t length,
				     struct request *r)
{
	const __u32 to[] = { self->e.node[self->e.nnodes - 1], self->e.nsims ? self->e.sim[0] :
							       self->e.node[0] };

	for (int k = 0; k < 2; k++) {
		if (migrate(self->e.fd, p, length, to[k], r))
			return "migrate failed";
		if (*counts_wrong(r))
			return counts_wrong(r);
		if (populate(self->e.fd, p, length, to[k], r))
			return "populate failed";
		if (*counts_wrong(r))
			return counts_wrong(r);
	}
	return "";
}

HMS_TEST(input, mapping_vvar)
{
	unsigned long start, end;
	struct request r;
	__u32 where[64];
	size_t n;

	if (mapping_find("[vvar]", &start, &end))
		SKIP(return, "this process has no [vvar]");
	n = (end - start) / PAGE;
	ASSERT_LE(n, 64);
	EXPECT_STREQ("", migrate_both_ways(self, (void *)start, end - start, &r));
	EXPECT_EQ(n, r.h.skipped[HMS_SKIP_SPECIAL]);
	EXPECT_EQ(0, residency_read(self->e.fd, (void *)start, end - start, where));
	for (size_t i = 0; i < n; i++)
		EXPECT_TRUE(where[i] == ON_UNKNOWN || where[i] == ON_NOTHING);
	EXPECT_EQ(0, policy_set(self->e.fd, (void *)start, end - start, HMS_MODE_BIND, 1,
				self->e.node));
	EXPECT_EQ(0, policy_clear(self->e.fd, (void *)start, end - start));
	CONTENTS_INTACT();
}

HMS_TEST(input, mapping_hugetlb)
{
	long long had = number_read("/proc/sys/vm/nr_hugepages");
	struct request r;
	char *p;

	if (had < 0)
		SKIP(return, "the kernel has no hugetlb");
	if (!had)
		text_write("/proc/sys/vm/nr_hugepages", "1");
	p = mmap(NULL, MiB(2), PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (p == MAP_FAILED) {
		if (!had)
			text_write("/proc/sys/vm/nr_hugepages", "0");
		SKIP(return, "no huge page to be had");
	}
	fill(p, MiB(2), 7);
	EXPECT_STREQ("", migrate_both_ways(self, p, MiB(2), &r));
	EXPECT_EQ(512, r.h.skipped[HMS_SKIP_SPECIAL]);
	EXPECT_EQ(512, r.h.pages);
	/* A part of it. */
	EXPECT_EQ(0, migrate(self->e.fd, p + 3 * PAGE, 5 * PAGE, self->e.node[0], &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(5, r.h.skipped[HMS_SKIP_SPECIAL]);
	EXPECT_PATTERN(p, MiB(2), 7);
	EXPECT_EQ(0, munmap(p, MiB(2)));
	if (!had)
		text_write("/proc/sys/vm/nr_hugepages", "0");
	CONTENTS_INTACT();
}

/* Memory that the owner can't read moves like any other; it is never changed. */
HMS_TEST(input, mapping_prot_none)
{
	struct request r;
	char *p = area(8 * PAGE);

	ASSERT_NE(NULL, p);
	fill(p, 4 * PAGE, 8);
	ASSERT_EQ(0, mprotect(p, 8 * PAGE, PROT_NONE));
	EXPECT_EQ(0, migrate(self->e.fd, p, 8 * PAGE, self->e.node[self->e.nnodes - 1], &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(4, r.h.moved + r.h.present);
	EXPECT_EQ(4, r.h.skipped[HMS_SKIP_ABSENT]);
	EXPECT_EQ(4, pages_on(self->e.fd, p, 8 * PAGE, self->e.node[self->e.nnodes - 1]));
	EXPECT_STREQ("", migrate_both_ways(self, p, 8 * PAGE, &r));
	ASSERT_EQ(0, mprotect(p, 8 * PAGE, PROT_READ | PROT_WRITE));
	EXPECT_PATTERN(p, 4 * PAGE, 8);
	EXPECT_ZERO(p + 4 * PAGE, 4 * PAGE);
	CONTENTS_INTACT();
}

/* Pages that are not in the kernel's direct map must not be copied by it. */
HMS_TEST(input, mapping_secretmem)
{
#ifdef SYS_memfd_secret
	int fd = syscall(SYS_memfd_secret, 0);
	struct request r;
	char *p;

	if (fd < 0)
		SKIP(return, "no memfd_secret(2): CONFIG_SECRETMEM is off, or not enabled");
	ASSERT_EQ(0, ftruncate(fd, 4 * PAGE));
	p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, p);
	fill(p, 4 * PAGE, 9);
	EXPECT_STREQ("", migrate_both_ways(self, p, 4 * PAGE, &r));
	EXPECT_EQ(0, r.h.moved);
	EXPECT_EQ(4, skipped_sum(&r.h));
	EXPECT_PATTERN(p, 4 * PAGE, 9);
	CONTENTS_INTACT();
#else
	SKIP(return, "built without memfd_secret");
#endif
}

/* A file that only can be read: file pages stay. */
HMS_TEST(input, mapping_program_text)
{
	unsigned long start = (unsigned long)changed & -PAGE;
	unsigned char before[PAGE];
	struct request r;

	memcpy(before, (void *)start, PAGE);
	EXPECT_STREQ("", migrate_both_ways(self, (void *)start, PAGE, &r));
	EXPECT_EQ(0, memcmp(before, (void *)start, PAGE));
	CONTENTS_INTACT();
}

TEST_HARNESS_MAIN
