// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation of each request fails once. After every failure: an error that says so or a
 * success with counts, contents intact, and a policy that is the old one or the new one, never
 * half of it.
 */

#include <fcntl.h>
#include <sys/syscall.h>

#include "failnth.h"
#include "hms_fixture.h"

#define NPAGES	8
#define MAX_NTH	5000

FIXTURE(fault)
{
	struct env e;
	int nth;		/* fail-nth of this thread */
	char *p;
	struct request r;
	struct state before;
	int fd;
	__u32 to;		/* what is far from node 0 */
	__u32 initiator;	/* the CPUs of node 0 */
};

FIXTURE_SETUP(fault)
{
	const char *why = failnth_open(&self->nth);

	if (*why)
		SKIP(return, "%s", why);
	ASSERT_STREQ("", env_open(&self->e));
	self->to = self->e.nsims ? self->e.sim[0] : self->e.node[self->e.nnodes - 1];
	self->p = area(NPAGES * PAGE);
	ASSERT_NE(NULL, self->p);
	fill(self->p, NPAGES * PAGE, 1);
}

FIXTURE_TEARDOWN_PARENT(fault)
{
	EXPECT_USED_AS_BEFORE(&self->e);
}

typedef FIXTURE_DATA(fault) fault_t;

/*
 * One kind of request. prepare() and check() run without failures; check() says what is wrong,
 * or "".
 */
struct action {
	const char *(*prepare)(fault_t *s);
	int (*act)(fault_t *s);
	const char *(*check)(fault_t *s, int ret);
	int stride;		/* 0 or 1: every failure; more: one of so many */
};

/* Fail the first allocation, then the second ... until there are no more. */
static const char *fail_each(fault_t *s, const struct action *a)
{
	static char text[256];
	const char *why;
	int ret, left, n;

	for (n = 1; n < MAX_NTH; n += a->stride ?: 1) {
		why = a->prepare(s);
		if (*why) {
			snprintf(text, sizeof(text), "before failure %d: %s", n, why);
			return text;
		}
		if (failnth_arm(s->nth, n))
			return "fail-nth can't be written";
		ret = a->act(s);
		left = failnth_disarm(s->nth);
		if (left < 0)
			return "fail-nth can't be read";
		why = a->check(s, ret);
		if (*why) {
			snprintf(text, sizeof(text), "after failure %d, returned %d: %s", n, ret,
				 why);
			return text;
		}
		if (left)
			break;		/* not reached: this was a run without a failure */
	}
	if (n >= MAX_NTH)
		return "the request never completes";
	if (ret) {
		snprintf(text, sizeof(text), "without a failure it returned %d", ret);
		return text;
	}
	printf("# %d allocations\n", n - 1);
	return n > 1 ? "" : "no allocation was made to fail";
}

static const char *nothing(fault_t *s)
{
	return "";
}

static bool no_memory(int ret)
{
	return !ret || ret == -ENOMEM;
}

static const char *contents(fault_t *s)
{
	return verify(s->p, NPAGES * PAGE, 1) < 0 ? "" : "contents";
}

/* open */

static int act_open(fault_t *s)
{
	s->fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
	return s->fd < 0 ? -errno : 0;
}

static const char *check_open(fault_t *s, int ret)
{
	struct policy p[1];

	if (!ret) {
		if (policies_read(s->fd, HMS_QUERY_POLICY, s->p, PAGE, p, 1))
			return "the descriptor does not work";
		close(s->fd);
	}
	return no_memory(ret) || ret == -ENFILE ? "" : "error";
}

HMS_TEST(fault, open)
{
	EXPECT_STREQ("", fail_each(self, &(struct action){ nothing, act_open, check_open, 1 }));
}

/* The first open of a process makes what HMS knows about it. */
static int act_first_open(fault_t *s)
{
	int ret = act_open(s);

	if (!ret && policy_set(s->fd, s->p, PAGE, HMS_MODE_BIND, 1, s->e.node))
		ret = -ENOMEM;
	return ret;
}

HMS_TEST(fault, first_open)
{
	int failed = 0;

	/* Each failure in a new address space: after 60 of them there is nothing new. */
	for (int n = 1; n <= 60; n++) {
		int status;
		pid_t pid = fork();

		ASSERT_GE(pid, 0);
		if (!pid) {
			struct policy p[1];
			int nth, ret;

			if (*failnth_open(&nth) || failnth_arm(nth, n))
				_exit(1);
			ret = act_first_open(self);
			if (failnth_disarm(nth) < 0)
				_exit(2);
			if (!no_memory(ret) && ret != -ENFILE)
				_exit(3);
			/* It works now, whatever failed. */
			self->fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
			if (self->fd < 0 ||
			    policy_set(self->fd, self->p, PAGE, HMS_MODE_BIND, 1, self->e.node) ||
			    policies_read(self->fd, HMS_QUERY_POLICY, self->p, PAGE, p, 1) != 1)
				_exit(4);
			_exit(ret ? 100 : 0);
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_TRUE(WIFEXITED(status));
		failed += WEXITSTATUS(status) == 100;
		EXPECT_TRUE(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 100) {
			TH_LOG("failure %d: exit status %d", n, WEXITSTATUS(status));
		}
	}
	EXPECT_GE(failed, 1);
}

/* info */

static int act_info(fault_t *s)
{
	static struct hms_key_info keys[32];
	static struct hms_feature_info features[32];
	struct hms_info i = { .size = sizeof(i), .version = 1, .keys = u64_ptr(keys), .nkeys = 32,
			      .key_size = sizeof(keys[0]), .features = u64_ptr(features),
			      .nfeatures = 32, .feature_size = sizeof(features[0]) };

	return call(s->e.fd, HMS_INFO, &i);
}

static const char *check_error(fault_t *s, int ret)
{
	return no_memory(ret) ? "" : "error";
}

HMS_TEST(fault, info)
{
	const char *why = fail_each(self, &(struct action){ nothing, act_info, check_error, 1 });

	/* It may do without any allocation. */
	EXPECT_TRUE(!*why || !strcmp(why, "no allocation was made to fail")) {
		TH_LOG("%s", why);
	}
}

/* A policy is set over the middle of another: it is there, or everything is as it was. */

static const char *prepare_policy(fault_t *s)
{
	__u32 both[2] = { s->e.node[0], s->to };

	if (policy_clear(s->e.fd, s->p, NPAGES * PAGE) ||
	    policy_set(s->e.fd, s->p, NPAGES * PAGE, HMS_MODE_PREFERRED, 2, both) ||
	    state_read(&s->before, s->e.fd, s->p, NPAGES * PAGE))
		return "can't set up";
	return s->before.npolicies == 1 ? "" : "not one policy";
}

static int act_policy(fault_t *s)
{
	return policy_set(s->e.fd, s->p + 2 * PAGE, 3 * PAGE, HMS_MODE_BIND, 1, &s->to);
}

static const char *old_or_new(fault_t *s, int ret, int new_count)
{
	struct policy p[8];
	struct state now;

	if (ret) {
		if (state_read(&now, s->e.fd, s->p, NPAGES * PAGE))
			return "the state can't be read";
		return state_differs(&s->before, &now);
	}
	return policies_read(s->e.fd, HMS_QUERY_POLICY, s->p, NPAGES * PAGE, p, 8) == new_count ?
	       "" : "not the new policies";
}

static const char *check_policy(fault_t *s, int ret)
{
	const char *why = old_or_new(s, ret, 3);
	struct policy p[8];

	if (*why)
		return why;
	if (!ret && (policies_read(s->e.fd, HMS_QUERY_POLICY, s->p, NPAGES * PAGE, p, 8) != 3 ||
		     !policy_is(&p[1], s->p + 2 * PAGE, 3 * PAGE, HMS_MODE_BIND, 1, &s->to)))
		return "the new policy is wrong";
	return no_memory(ret) ? "" : "error";
}

HMS_TEST(fault, policy)
{
	EXPECT_STREQ("", fail_each(self, &(struct action){ prepare_policy, act_policy, check_policy,
							   1 }));
}

static int act_clear(fault_t *s)
{
	return policy_clear(s->e.fd, s->p + 2 * PAGE, 3 * PAGE);
}

static const char *check_clear(fault_t *s, int ret)
{
	const char *why = old_or_new(s, ret, 2);

	return *why ? why : no_memory(ret) ? "" : "error";
}

HMS_TEST(fault, clear)
{
	EXPECT_STREQ("", fail_each(self,
				   &(struct action){ prepare_policy, act_clear, check_clear, 1 }));
}

/* munmap(2) out of the middle of a policy: what can't be kept is counted as lost. */

static __u64 lost(fault_t *s)
{
	struct hms_query q;

	query_init(&q, HMS_QUERY_POLICY, s->p + 100 * NPAGES * PAGE, PAGE);
	call(s->e.fd, HMS_QUERY, &q);
	return q.lost;
}

static const char *prepare_munmap(fault_t *s)
{
	if (mmap(s->p, NPAGES * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != s->p)
		return "mmap";
	return prepare_policy(s);
}

static int act_munmap(fault_t *s)
{
	return munmap(s->p + 3 * PAGE, 2 * PAGE) ? -errno : 0;
}

static const char *check_munmap(fault_t *s, int ret)
{
	__u64 more = lost(s) - s->before.lost;
	struct policy p[4];
	int n = policies_read(s->e.fd, HMS_QUERY_POLICY, s->p, NPAGES * PAGE, p, 4);

	if (!no_memory(ret))
		return "error";
	if (ret)
		return n == 1 && !more ? "" : "a munmap that failed took a policy";
	if (n < 1 || p[0].end != u64_ptr(s->p + 3 * PAGE))
		return "the part below the hole is wrong";
	if (n == 2)
		return p[1].start == u64_ptr(s->p + 5 * PAGE) && !more ? "" :
									 "the part above is wrong";
	return n == 1 && more == 1 ? "" : "the part above went without being counted";
}

HMS_TEST(fault, munmap)
{
	EXPECT_STREQ("", fail_each(self, &(struct action){ prepare_munmap, act_munmap, check_munmap,
							   1 }));
}

/* mremap(2) out of the middle of a policy: what is not carried is counted as lost. */

static char *elsewhere(void)
{
	static char *where;

	if (!where)
		where = area(NPAGES * PAGE);
	return where;
}

/* Nothing is there, and nobody else gets it. */
static const char *prepare_mremap(fault_t *s)
{
	if (mmap(elsewhere(), NPAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		 -1, 0) != elsewhere())
		return "mmap";
	return prepare_munmap(s);
}

static int act_mremap(fault_t *s)
{
	return mremap(s->p + 3 * PAGE, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		      elsewhere()) == MAP_FAILED ? -errno : 0;
}

static const char *check_mremap(fault_t *s, int ret)
{
	__u64 more = lost(s) - s->before.lost;
	struct policy p[4], moved[4];
	unsigned char resident[2];
	int n = policies_read(s->e.fd, HMS_QUERY_POLICY, s->p, NPAGES * PAGE, p, 4);
	int there = policies_read(s->e.fd, HMS_QUERY_POLICY, elsewhere(), NPAGES * PAGE, moved, 4);

	if (!no_memory(ret))
		return "error";
	if (ret)
		return n == 1 && !there && !more ? "" : "an mremap that failed took a policy";
	/* Core had no memory to unmap what is empty now: the mapping stays, and its policy. */
	if (!mincore(s->p + 3 * PAGE, 2 * PAGE, resident))
		return n == 1 && !there && !more ? "" : "what stays mapped is wrong";
	if (n < 1 || p[0].end != u64_ptr(s->p + 3 * PAGE))
		return "the part below the hole is wrong";
	/* The range has its spare: what stays is never lost. */
	if (n != 2 || p[1].start != u64_ptr(s->p + 5 * PAGE))
		return "the part above is wrong";
	if (there && (moved[0].start != u64_ptr(elsewhere()) ||
		      moved[0].end != u64_ptr(elsewhere() + 2 * PAGE)))
		return "what moved is wrong";
	return there + more == 1 ? "" : "what moved went without being counted";
}

HMS_TEST(fault, mremap)
{
	EXPECT_STREQ("", fail_each(self, &(struct action){ prepare_mremap, act_mremap, check_mremap,
							   1 }));
}

/* migrate, there and back */

static const char *prepare_home(fault_t *s)
{
	if (*contents(s))
		return "contents";
	if (migrate(s->e.fd, s->p, NPAGES * PAGE, s->e.node[0], NULL))
		return "can't bring home";
	return policy_clear(s->e.fd, s->p, NPAGES * PAGE) ? "can't clear" : "";
}

static int act_migrate(fault_t *s)
{
	return migrate(s->e.fd, s->p, NPAGES * PAGE, s->to, &s->r);
}

static const char *check_migrate(fault_t *s, int ret)
{
	if (!no_memory(ret))
		return "error";
	if (!ret && *counts_wrong(&s->r))
		return counts_wrong(&s->r);
	if (!ret && pages_on(s->e.fd, s->p, NPAGES * PAGE, s->to) !=
		    (long)(s->r.h.moved + s->r.h.present))
		return "not where the counts say";
	return contents(s);
}

HMS_TEST(fault, migrate)
{
	EXPECT_STREQ("", fail_each(self, &(struct action){ prepare_home, act_migrate, check_migrate,
							   1 }));
}

static const char *prepare_away(fault_t *s)
{
	if (*contents(s))
		return "contents";
	if (migrate(s->e.fd, s->p, NPAGES * PAGE, s->to, NULL))
		return "can't move away";
	return "";
}

static int act_migrate_home(fault_t *s)
{
	return migrate(s->e.fd, s->p, NPAGES * PAGE, s->e.node[0], &s->r);
}

static const char *check_migrate_home(fault_t *s, int ret)
{
	if (!no_memory(ret))
		return "error";
	if (!ret && *counts_wrong(&s->r))
		return counts_wrong(&s->r);
	return contents(s);
}

HMS_TEST(fault, migrate_home)
{
	EXPECT_STREQ("", fail_each(self, &(struct action){ prepare_away, act_migrate_home,
							   check_migrate_home, 1 }));
}

/* Policy and migration in one request. */

static int act_both(fault_t *s)
{
	request_init(&s->r, s->p, NPAGES * PAGE);
	request_target(&s->r, s->to);
	request_modifier(&s->r, HMS_MOD_MODE, HMS_MODE_BIND);
	request_modifier(&s->r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	return request_send(&s->r, s->e.fd);
}

static const char *check_both(fault_t *s, int ret)
{
	struct policy p[2];
	int n = policies_read(s->e.fd, HMS_QUERY_POLICY, s->p, NPAGES * PAGE, p, 2);

	if (ret && n)
		return "the call failed, but left its policy";
	if (ret && pages_on(s->e.fd, s->p, NPAGES * PAGE, s->to))
		return "the call failed, but moved pages";
	if (!ret && (n != 1 || !policy_is(&p[0], s->p, NPAGES * PAGE, HMS_MODE_BIND, 1, &s->to)))
		return "the call succeeded without its policy";
	return check_migrate(s, ret);
}

HMS_TEST(fault, policy_and_migrate)
{
	EXPECT_STREQ("",
		     fail_each(self, &(struct action){ prepare_home, act_both, check_both, 1 }));
}

/* The same, not waited for: what fails does so in the call, the descriptor's thread included. */

static const char *prepare_job(fault_t *s)
{
	close(s->fd);
	s->fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
	return s->fd < 0 ? "open" : prepare_home(s);
}

static int act_job(fault_t *s)
{
	long long job;

	request_target(request_init(&s->r, s->p, NPAGES * PAGE), s->to);
	request_modifier(&s->r, HMS_MOD_MODE, HMS_MODE_BIND);
	request_modifier(&s->r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	job = request_submit(&s->r, s->fd, HMS_NO_EVENTFD);
	return job < 0 ? job : 0;
}

static const char *check_job(fault_t *s, int ret)
{
	int ended = job_end(s->fd, 0, &s->r);

	if (ret ? ended != -ENOENT : ended)
		return ret ? "the call failed, but left a job" : "its job failed";
	return check_both(s, ret);
}

HMS_TEST(fault, job)
{
	self->fd = -1;
	EXPECT_STREQ("", fail_each(self, &(struct action){ prepare_job, act_job, check_job, 1 }));
}

/* A wait without memory says so, and forgets nothing. */

static int act_wait(fault_t *s)
{
	return job_end(s->fd, s->r.h.job, NULL);
}

static const char *prepare_wait(fault_t *s)
{
	return *prepare_job(s) || act_job(s) ? "no job" : "";
}

static const char *check_wait(fault_t *s, int ret)
{
	return no_memory(ret) && (!ret || !act_wait(s)) ? contents(s) : "error";
}

HMS_TEST(fault, wait)
{
	self->fd = -1;
	EXPECT_STREQ("", fail_each(self, &(struct action){ prepare_wait, act_wait, check_wait,
							   1 }));
}

/* Page by page, by weight, to targets that something must reach: with all or nothing, too. */

static __u32 cpus(void)
{
	struct object *o;
	int n = map_read(&o);
	__u32 uid = 0;

	for (int i = 0; i < n; i++)
		if (!strcmp(o[i].kind, "cpu") && o[i].nid == 0)
			uid = o[i].uid;
	free(o);
	return uid;
}

static const char *prepare_weighted(fault_t *s)
{
	s->initiator = cpus();
	return s->initiator ? prepare_home(s) : "no initiator";
}

static int act_weighted(fault_t *s)
{
	static const __u32 weights[2] = { 1, 3 };

	request_init(&s->r, s->p, NPAGES * PAGE);
	request_target(&s->r, s->e.node[0]);
	request_target(&s->r, s->e.node[1]);
	request_modifier(&s->r, HMS_MOD_MODE, HMS_MODE_WEIGHTED);
	request_modifier(&s->r, HMS_MOD_WEIGHT, u64_ptr(weights));
	request_modifier(&s->r, HMS_MOD_INITIATOR, s->initiator);
	request_modifier(&s->r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	request_modifier(&s->r, HMS_MOD_ALL_OR_NOTHING, 1);
	return request_send(&s->r, s->e.fd);
}

static const char *check_weighted(fault_t *s, int ret)
{
	struct policy p[2];
	int n = policies_read(s->e.fd, HMS_QUERY_POLICY, s->p, NPAGES * PAGE, p, 2);
	long far = pages_on(s->e.fd, s->p, NPAGES * PAGE, s->e.node[1]);

	if (ret && (n || far))
		return "the call failed, but did something";
	if (!ret && (n != 1 || !policy_is(&p[0], s->p, NPAGES * PAGE, HMS_MODE_WEIGHTED, 2,
					  s->e.node)))
		return "the call succeeded without its policy";
	if (!ret && *counts_wrong(&s->r))
		return counts_wrong(&s->r);
	if (!ret && far != (long)(s->r.counts[1].moved + s->r.counts[1].present))
		return "not where the counts say";
	if (!no_memory(ret) && ret != -EBUSY)
		return "error";
	return contents(s);
}

HMS_TEST(fault, weighted)
{
	NEED_NODES(2);
	EXPECT_STREQ("", fail_each(self, &(struct action){ prepare_weighted, act_weighted,
							   check_weighted, 1 }));
}

static int act_all_or_nothing(fault_t *s)
{
	request_init(&s->r, s->p, NPAGES * PAGE);
	request_target(&s->r, s->to);
	request_modifier(&s->r, HMS_MOD_MODE, HMS_MODE_BIND);
	request_modifier(&s->r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	request_modifier(&s->r, HMS_MOD_ALL_OR_NOTHING, 1);
	return request_send(&s->r, s->e.fd);
}

static const char *check_all_or_nothing(fault_t *s, int ret)
{
	return check_both(s, ret == -EBUSY ? -ENOMEM : ret);
}

HMS_TEST(fault, all_or_nothing)
{
	EXPECT_STREQ("", fail_each(self, &(struct action){ prepare_home, act_all_or_nothing,
							   check_all_or_nothing, 1 }));
}

/* populate */

static const char *prepare_hole(fault_t *s)
{
	return madvise(s->p, NPAGES * PAGE, MADV_DONTNEED) ? "madvise" : "";
}

static int act_populate(fault_t *s)
{
	return populate(s->e.fd, s->p, NPAGES * PAGE, s->to, &s->r);
}

static int act_populate_node(fault_t *s)
{
	return populate(s->e.fd, s->p, NPAGES * PAGE, s->e.node[0], &s->r);
}

static const char *check_populate(fault_t *s, int ret)
{
	if (!no_memory(ret))
		return "error";
	if (!ret && *counts_wrong(&s->r))
		return counts_wrong(&s->r);
	if (!ret && pages_on(s->e.fd, s->p, NPAGES * PAGE, ON_NOTHING) !=
		    (long)skipped_sum(&s->r.h))
		return "not where the counts say";
	return verify_zero(s->p, NPAGES * PAGE) < 0 ? "" : "contents";
}

HMS_TEST(fault, populate)
{
	EXPECT_STREQ("", fail_each(self, &(struct action){ prepare_hole, act_populate,
							   check_populate, 1 }));
	EXPECT_STREQ("", fail_each(self, &(struct action){ prepare_hole, act_populate_node,
							   check_populate, 1 }));
}

/* lazy, and the first touch */

static int act_lazy(fault_t *s)
{
	request_target(request_init(&s->r, s->p, NPAGES * PAGE), s->e.node[s->e.nnodes - 1]);
	request_modifier(&s->r, HMS_MOD_MODE, HMS_MODE_PREFERRED);
	request_modifier(&s->r, HMS_MOD_LAZY, 1);
	return request_send(&s->r, s->e.fd);
}

static const char *check_lazy(fault_t *s, int ret)
{
	if (!no_memory(ret))
		return "error";
	if (!ret && *counts_wrong(&s->r))
		return counts_wrong(&s->r);
	if (pages_on(s->e.fd, s->p, NPAGES * PAGE, ON_NOTHING) != NPAGES)
		return "a page before the touch";
	return verify_zero(s->p, NPAGES * PAGE) < 0 ? "" : "contents";
}

static const char *prepare_waiting(fault_t *s)
{
	const char *why = prepare_hole(s);

	if (!*why && (act_lazy(s) || s->r.h.lazy != NPAGES))
		why = "lazy";
	return why;
}

static int act_touch(fault_t *s)
{
	for (int i = 0; i < NPAGES; i++)
		(void)*(volatile char *)(s->p + i * PAGE);
	return 0;
}

static const char *check_first_touch(fault_t *s, int ret)
{
	if (pages_on(s->e.fd, s->p, NPAGES * PAGE, ON_NOTHING))
		return "touched, and no page";
	return verify_zero(s->p, NPAGES * PAGE) < 0 ? "" : "contents";
}

HMS_TEST(fault, lazy)
{
	if (*feature_missing("lazy"))
		SKIP(return, "%s", feature_missing("lazy"));
	EXPECT_STREQ("",
		     fail_each(self, &(struct action){ prepare_hole, act_lazy, check_lazy, 1 }));
	EXPECT_STREQ("", fail_each(self, &(struct action){ prepare_waiting, act_touch,
							   check_first_touch, 1 }));
	EXPECT_STREQ("", fail_each(self, &(struct action){ prepare_waiting, act_populate,
							   check_populate, 1 }));
}

/* query */

static int act_query(fault_t *s)
{
	static __u32 where[NPAGES];
	struct policy p[4];
	int ret = policies_read(s->e.fd, HMS_QUERY_POLICY, s->p, NPAGES * PAGE, p, 4);

	return ret < 0 ? ret : residency_read(s->e.fd, s->p, NPAGES * PAGE, where);
}

static const char *check_query(fault_t *s, int ret)
{
	struct state now;

	if (state_read(&now, s->e.fd, s->p, NPAGES * PAGE) || *state_differs(&s->before, &now))
		return "asking changed something";
	return no_memory(ret) ? "" : "error";
}

HMS_TEST(fault, query)
{
	EXPECT_STREQ("", fail_each(self,
				   &(struct action){ prepare_policy, act_query, check_query, 1 }));
}

/* A CPU touches device memory: no failure is seen, and no byte is lost. */

static const char *check_touch(fault_t *s, int ret)
{
	if (pages_on(s->e.fd, s->p, NPAGES * PAGE, s->e.sim[0]))
		return "touched, and still on the device";
	return contents(s);
}

HMS_TEST(fault, touch)
{
	NEED_PRIVATE(1);
	EXPECT_STREQ("",
		     fail_each(self, &(struct action){ prepare_away, act_touch, check_touch, 1 }));
}

/* fork and munmap with device pages */

static int act_fork(fault_t *s)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid)
		_exit(0);
	if (waitpid(pid, &status, 0) != pid || status)
		return -ECHILD;
	return 0;
}

static const char *check_fork(fault_t *s, int ret)
{
	if (!no_memory(ret) && ret != -EAGAIN)
		return "error";
	return contents(s);
}

HMS_TEST(fault, fork)
{
	/* Most of what fork allocates has nothing to do with pages, and there is much of it. */
	EXPECT_STREQ("",
		     fail_each(self, &(struct action){ prepare_away, act_fork, check_fork, 7 }));
}

/*
 * A fork with policies to inherit, and the module without memory here or there: the child has all
 * of them, or some, and of those that it has not it is told, or the statistics are.
 */
HMS_TEST(fault, fork_inherits)
{
	enum { N = 8, FORKS = 120 };
	long long before, counted = 0;
	int whole = 0;

	if (*feature_missing("fork-inherit"))
		SKIP(return, "%s", feature_missing("fork-inherit"));
	for (int i = 0; i < N; i += 2)
		ASSERT_EQ(0, policy_set_inherited(self->e.fd, self->p + i * PAGE, PAGE,
						  HMS_MODE_BIND, 1, self->e.node));
	ASSERT_STREQ("", failnth_modules_only(NULL));
	for (int i = 0; i < FORKS; i++) {
		int status;
		pid_t pid;

		before = stat_read("policy_lost");
		/* First each allocation of the parent, then some of both. */
		ASSERT_TRUE(i < 20 ? !failnth_arm(self->nth, i + 1) : failnth_random(i % 60));
		pid = fork();
		if (!pid) {
			struct policy p[N];
			struct hms_query q;
			int fd, n;

			failnth_random(0);
			fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
			n = policies_read(fd, HMS_QUERY_POLICY, self->p, N * PAGE, p, N);
			query_init(&q, HMS_QUERY_POLICY, self->p, PAGE);
			call(fd, HMS_QUERY, &q);
			if (n < 0 || n > N / 2 || q.lost > N / 2)
				_exit(100);
			_exit(n << 3 | q.lost);
		}
		ASSERT_TRUE(i < 20 ? failnth_disarm(self->nth) >= 0 : failnth_random(0));
		ASSERT_GE(pid, 0);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_TRUE(WIFEXITED(status));
		status = WEXITSTATUS(status);
		ASSERT_GT(100, status);
		whole += status >> 3 == N / 2;
		counted += stat_read("policy_lost") - before;
		/* All that is missing is in the statistics, and what the child knows is true. */
		EXPECT_EQ(N / 2 - (status >> 3), stat_read("policy_lost") - before);
		EXPECT_TRUE(!(status & 7) || (status & 7) == N / 2 - (status >> 3)) {
			TH_LOG("fork %d: has %d, lost %d", i, status >> 3, status & 7);
		}
	}
	EXPECT_LT(0, whole);
	EXPECT_LT(0, counted);
	EXPECT_STREQ("", failnth_open(&self->nth));
}

/* The device's operations. */

static int act_sim_open(fault_t *s)
{
	s->fd = sim_open(0);
	return s->fd < 0 ? s->fd : 0;
}

static const char *check_sim_open(fault_t *s, int ret)
{
	__u64 word;

	if (!ret) {
		if (sim_read(s->fd, s->p, &word, 8) || word != *(__u64 *)s->p)
			return "the descriptor does not work";
		close(s->fd);
	}
	return no_memory(ret) || ret == -ENFILE ? contents(s) : "error";
}

HMS_TEST(fault, sim_open)
{
	NEED_SIMS(1);
	EXPECT_STREQ("", fail_each(self, &(struct action){ prepare_home, act_sim_open,
							   check_sim_open, 1 }));
}

static char buffer[NPAGES * PAGE] __attribute__((aligned(8)));

static int act_sim_read(fault_t *s)
{
	return sim_read(s->e.sim_fd[0], s->p, buffer, sizeof(buffer));
}

static const char *check_sim_read(fault_t *s, int ret)
{
	if (!no_memory(ret) && ret != -EFAULT)
		return "error";
	if (!ret && verify(buffer, sizeof(buffer), 1) >= 0)
		return "wrong bytes read";
	return contents(s);
}

HMS_TEST(fault, sim_read)
{
	NEED_SIMS(1);
	fill(buffer, sizeof(buffer), 1);
	/* A new mirror each time would need an open; moving empties the entries as well. */
	EXPECT_STREQ("", fail_each(self, &(struct action){ prepare_away, act_sim_read,
							   check_sim_read, 1 }));
}

/* The policy asks for the device; the access may fail, the bytes may not. */
HMS_TEST(fault, sim_read_by_policy)
{
	NEED_SIMS(1);
	fill(buffer, sizeof(buffer), 1);
	for (__u32 mode = HMS_MODE_BIND; mode <= HMS_MODE_PREFERRED; mode++) {
		ASSERT_EQ(0, policy_set(self->e.fd, self->p, NPAGES * PAGE, mode, 1, self->e.sim));
		EXPECT_STREQ("", fail_each(self, &(struct action){ prepare_home, act_sim_read,
								   check_sim_read, 1 }));
	}
}

/* A full device: others make room, or there is none. */

static char *rival;

static const char *prepare_full(fault_t *s)
{
	const char *why = prepare_home(s);

	if (*why)
		return why;
	if (verify(rival, NPAGES * PAGE, 2) >= 0)
		return "contents of the others";
	if (migrate(s->e.fd, rival, NPAGES * PAGE, s->e.sim[0], NULL) ||
	    pages_on(s->e.fd, rival, NPAGES * PAGE, s->e.sim[0]) != NPAGES)
		return "can't fill the device";
	return "";
}

static int act_evict(fault_t *s)
{
	return migrate(s->e.fd, s->p, NPAGES * PAGE, s->e.sim[0], &s->r);
}

static const char *check_evict(fault_t *s, int ret)
{
	if (!no_memory(ret))
		return "error";
	if (!ret && *counts_wrong(&s->r))
		return counts_wrong(&s->r);
	if (pages_on(s->e.fd, s->p, NPAGES * PAGE, s->e.sim[0]) +
	    pages_on(s->e.fd, rival, NPAGES * PAGE, s->e.sim[0]) > NPAGES)
		return "more than there is";
	return "";
}

HMS_TEST(fault, evict)
{
	size_t length;

	NEED_SIMS(1);
	rival = area(NPAGES * PAGE);
	ASSERT_NE(NULL, rival);
	fill(rival, NPAGES * PAGE, 2);
	ASSERT_NE(NULL, fill_target(&self->e, 0, NPAGES * PAGE, &length));
	/* Nothing stays for having been there just before. */
	ASSERT_EQ(0, text_write("/sys/module/hms/parameters/hold_ms", "0"));
	EXPECT_STREQ("", fail_each(self, &(struct action){ prepare_full, act_evict, check_evict,
							   1 }));
	ASSERT_EQ(0, text_write("/sys/module/hms/parameters/hold_ms", "250"));
	EXPECT_STREQ("", contents(self));
	EXPECT_PATTERN(rival, NPAGES * PAGE, 2);
}

static int act_sim_write(fault_t *s)
{
	return sim_write(s->e.sim_fd[0], s->p, buffer, sizeof(buffer));
}

/* What was written, and what was not yet, are both the same pattern. */
static const char *check_sim_write(fault_t *s, int ret)
{
	if (!no_memory(ret) && ret != -EFAULT)
		return "error";
	return contents(s);
}

HMS_TEST(fault, sim_write)
{
	NEED_SIMS(1);
	fill(buffer, sizeof(buffer), 1);
	EXPECT_STREQ("", fail_each(self, &(struct action){ prepare_home, act_sim_write,
							   check_sim_write, 1 }));
}

TEST_HARNESS_MAIN
