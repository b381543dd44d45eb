// SPDX-License-Identifier: GPL-2.0
/*
 * Other processes, looked at: hmsctl where, hmsctl policy, and hms_open_process() of libhms below
 * them.
 */

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <json-c/json.h>

#include <hms/hms.h>

#include "command.h"
#include "hms_fixture.h"

#define NOBODY		65534
#define NPAGES		64

/* Pages of the subject's area: on each of these, and the rest was never touched. */
#define ON_NODE0	32
#define ON_NODE1	16
#define ON_SIM		8

FIXTURE(where)
{
	struct env e;
	char *p;		/* before the fork, so that both know it */
	char pid[16];
	char range[64];
};

/* The subject. The fixture is memory that all processes of the test share. */
static struct peer peer;

FIXTURE_SETUP(where)
{
	ASSERT_STREQ("", env_open(&self->e));
	self->p = area(NPAGES * PAGE);
	ASSERT_NE(NULL, self->p);
	snprintf(self->range, sizeof(self->range), "%lx+256K", (unsigned long)self->p);
}

FIXTURE_TEARDOWN_PARENT(where)
{
	EXPECT_USED_AS_BEFORE(&self->e);
}

static int node1(const FIXTURE_DATA(where) *self)
{
	return self->e.nnodes > 1 ? ON_NODE1 : 0;
}

static int on_sim(const FIXTURE_DATA(where) *self)
{
	return self->e.nsims ? ON_SIM : 0;
}

/* The pages of the subject's area where they are to be, by its own descriptor. */
static int place(const FIXTURE_DATA(where) *self, int fd)
{
	char *p = self->p;
	int ret;

	ret = populate(fd, p, ON_NODE0 * PAGE, self->e.node[0], NULL);
	p += ON_NODE0 * PAGE;
	if (!ret && node1(self))
		ret = populate(fd, p, ON_NODE1 * PAGE, self->e.node[1], NULL);
	p += node1(self) * PAGE;
	/* What is on nodes; the device's are zeros. */
	if (!ret)
		fill(self->p, p - self->p, 1);
	if (!ret && on_sim(self))
		ret = populate(fd, p, ON_SIM * PAGE, self->e.sim[0], NULL);
	return ret;
}

/* Its bytes, wherever they are by now. */
static bool bytes_are_right(const FIXTURE_DATA(where) *self)
{
	size_t filled = (ON_NODE0 + node1(self)) * PAGE;

	return verify(self->p, filled, 1) < 0 &&
	       verify_zero(self->p + filled, NPAGES * PAGE - filled) < 0;
}

static int placed(const FIXTURE_DATA(where) *self)
{
	return ON_NODE0 + node1(self) + on_sim(self);
}

#define ELSEWHERE	2	/* exit status: its pages are not where they were */

/*
 * A child whose memory is placed. Its own descriptor has a greater number than those that it got
 * from us, and stays open if @open. It says when it is ready, waits for a word, and ends: with 0
 * when its bytes are right and its pages where they were, with ELSEWHERE when they are elsewhere.
 */
static bool subject(FIXTURE_DATA(where) *self, bool stay_open,
		    void (*prepare)(const FIXTURE_DATA(where) *self, int fd))
{
	if (peer_fork(&peer)) {
		snprintf(self->pid, sizeof(self->pid), "%d", peer.pid);
		return peer.pid > 0 && !hear(&peer);
	}
	{
		int fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);

		if (place(self, fd))
			_exit(1);
		if (prepare)
			prepare(self, fd);
		if (!stay_open)
			close(fd);
		tell(&peer);
		hear(&peer);
		if (!stay_open)
			fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
		bool there = !self->e.nsims || pages_on(fd, self->p, NPAGES * PAGE,
							self->e.sim[0]) == on_sim(self);

		if (!bytes_are_right(self))
			_exit(5);
		_exit(there ? 0 : ELSEWHERE);
	}
}

#define EXPECT_SUBJECT(status)							\
	do {									\
		EXPECT_EQ(0, tell(&peer));					\
		EXPECT_EQ(status, peer_wait(&peer));				\
	} while (0)

/* Looking did not bring its pages home. */
#define EXPECT_SUBJECT_INTACT()	EXPECT_SUBJECT(0)
/* It is intact, but was moved. */
#define EXPECT_SUBJECT_MOVED()	EXPECT_SUBJECT(self->e.nsims ? ELSEWHERE << 8 : 0)

/* The output of the last command; a line on stderr may be before it. */
static struct json_object *output_json(void)
{
	const char *begin = strchr(command_output, '{');

	return begin ? json_tokener_parse(begin) : NULL;
}

static struct json_object *get(struct json_object *from, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(from, key, &value);
	return value;
}

static long long number(struct json_object *from, const char *key)
{
	struct json_object *value = get(from, key);

	return json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : -1;
}

/* Bytes on a target. */
static long long bytes_on(struct json_object *places, __u32 uid)
{
	struct json_object *array = get(places, "targets");

	for (size_t i = 0; i < json_object_array_length(array); i++) {
		struct json_object *target = json_object_array_get_idx(array, i);

		if (number(target, "uid") == uid)
			return number(target, "size");
	}
	return 0;
}

/* What all parts of a row add up to. */
static long long places_sum(struct json_object *places)
{
	struct json_object *array = get(places, "targets");
	long long sum = number(places, "absent") + number(places, "unknown");

	for (size_t i = 0; i < json_object_array_length(array); i++)
		sum += number(json_object_array_get_idx(array, i), "size");
	return sum;
}

/* Every mapping adds up to its size, and all of them to the total; that, or -1. */
static long long sums(struct json_object *top)
{
	struct json_object *array = get(top, "mappings");
	long long sum = 0;

	for (size_t i = 0; i < json_object_array_length(array); i++) {
		struct json_object *row = json_object_array_get_idx(array, i);

		if (places_sum(row) != number(row, "size") ||
		    number(row, "end") - number(row, "start") != number(row, "size"))
			return -1;
		sum += number(row, "size");
	}
	return places_sum(get(top, "total")) == sum ? sum : -1;
}

HMS_TEST(where, by_target)
{
	struct json_object *top, *total;

	ASSERT_TRUE(subject(self, true, NULL));
	ASSERT_EQ(0, hmsctl("where", self->pid, self->range, "--json"));
	top = output_json();
	ASSERT_NE(NULL, top);
	EXPECT_EQ(peer.pid, number(top, "pid"));
	EXPECT_STREQ("hms", json_object_get_string(get(top, "source")));
	EXPECT_EQ(NULL, get(top, "note"));
	EXPECT_EQ(PAGE, number(top, "page-size"));
	EXPECT_EQ(NPAGES * PAGE, sums(top));
	total = get(top, "total");
	EXPECT_EQ(ON_NODE0 * PAGE, bytes_on(total, self->e.node[0]));
	EXPECT_EQ(node1(self) * PAGE, bytes_on(total, self->e.node[1]));
	EXPECT_EQ(on_sim(self) * PAGE, bytes_on(total, self->e.sim[0]));
	EXPECT_EQ((NPAGES - placed(self)) * PAGE, number(total, "absent"));
	EXPECT_EQ(0, number(total, "unknown"));
	json_object_put(top);

	/* All of the process. */
	ASSERT_EQ(0, hmsctl("where", self->pid, "-J"));
	top = output_json();
	ASSERT_NE(NULL, top);
	EXPECT_LT(NPAGES * PAGE, sums(top));
	EXPECT_EQ(on_sim(self) * PAGE, bytes_on(get(top, "total"), self->e.sim[0]));
	json_object_put(top);
	EXPECT_SUBJECT_INTACT();
}

HMS_TEST(where, table)
{
	char range[64];

	ASSERT_TRUE(subject(self, true, NULL));
	ASSERT_EQ(0, hmsctl("where", self->pid, self->range));
	EXPECT_SAYS("START");
	EXPECT_SAYS("rw-p   256K");
	EXPECT_SAYS("node0:128K");
	EXPECT_SAYS("\nTARGET");
	if (node1(self))
		EXPECT_SAYS(",node1:64K");
	if (on_sim(self))
		EXPECT_SAYS(",hms_sim0:32K");
	ASSERT_EQ(0, hmsctl("where", self->pid, self->range, "-bno", "targets,SIZE"));
	EXPECT_EQ(0, strncmp(command_output, "node0:131072", 12));
	EXPECT_EQ(NULL, strstr(command_output, "absent"));
	ASSERT_EQ(0, hmsctl("where", self->pid, self->range, "--summary", "--noheadings"));
	EXPECT_EQ(0, strncmp(command_output, "node0", 5));
	EXPECT_EQ(NULL, strstr(command_output, "rw-p"));
	/* Two pages of it, as /proc/PID/maps writes a range. */
	snprintf(range, sizeof(range), "%lx-%lx", (unsigned long)self->p,
		 (unsigned long)self->p + 2 * PAGE);
	ASSERT_EQ(0, hmsctl("where", self->pid, range, "-no", "size,absent,unknown,targets"));
	EXPECT_STREQ("8K  0B  0B  node0:8K\n", command_output);
	/* Nothing is there. */
	ASSERT_EQ(0, hmsctl("where", self->pid, "1000+4K", "-no", "start"));
	EXPECT_STREQ("", command_output);
	ASSERT_EQ(0, hmsctl("where", self->pid));
	EXPECT_SAYS("[stack]");
	EXPECT_SUBJECT_INTACT();
}

/* Nodes are told, devices are not; and that is said. */
HMS_TEST(where, without_a_descriptor)
{
	struct json_object *top, *total;

	NEED_NODES(1);
	ASSERT_TRUE(subject(self, false, NULL));
	ASSERT_EQ(0, hmsctl("where", self->pid, self->range, "--json"));
	EXPECT_SAYS("it has no open descriptor of /dev/hms of its own");
	top = output_json();
	ASSERT_NE(NULL, top);
	EXPECT_STREQ("pagemap", json_object_get_string(get(top, "source")));
	EXPECT_NE(NULL, get(top, "note"));
	EXPECT_EQ(NPAGES * PAGE, sums(top));
	total = get(top, "total");
	EXPECT_EQ(ON_NODE0 * PAGE, bytes_on(total, self->e.node[0]));
	EXPECT_EQ(node1(self) * PAGE, bytes_on(total, self->e.node[1]));
	EXPECT_EQ(on_sim(self) * PAGE, number(total, "unknown"));
	EXPECT_EQ((NPAGES - placed(self)) * PAGE, number(total, "absent"));
	json_object_put(top);
	ASSERT_EQ(0, hmsctl("where", self->pid, "--json"));
	top = output_json();
	ASSERT_NE(NULL, top);
	EXPECT_LT(NPAGES * PAGE, sums(top));
	json_object_put(top);

	EXPECT_EQ(1, hmsctl("policy", self->pid));
	EXPECT_SAYS("its policies can't be read");
	EXPECT_EQ(1, hmsctl("policy", self->pid, "--json"));
	EXPECT_SUBJECT_INTACT();
}

/* A descriptor kept over execve(2) is of memory that is gone. */
HMS_TEST(where, after_exec)
{
	char byte;

	if (!peer_fork(&peer)) {
		int fd = open(DEV_HMS, O_RDWR);

		if (fd < 0)
			_exit(1);
		/* It listens for events that do not come. */
		execl("/bin/hmsctl", "hmsctl", "monitor", NULL);
		_exit(1);
	}
	ASSERT_GT(peer.pid, 0);
	/* The other end is closed on exec. */
	ASSERT_EQ(0, read(peer.in, &byte, 1));
	snprintf(self->pid, sizeof(self->pid), "%d", peer.pid);
	EXPECT_EQ(0, hmsctl("where", self->pid, "--summary"));
	EXPECT_SAYS("it has no open descriptor of /dev/hms of its own");
	EXPECT_EQ(1, hmsctl("policy", self->pid));
	EXPECT_EQ(SIGKILL, peer_kill(&peer));
}

static void set_policies(const FIXTURE_DATA(where) *self, int fd)
{
	__u32 list[2] = { self->e.nsims ? self->e.sim[0] : self->e.node[0], self->e.node[0] };
	struct request r;

	if (policy_set(fd, self->p, 4 * PAGE, HMS_MODE_BIND, 1, &self->e.node[0]) ||
	    policy_set(fd, self->p + 8 * PAGE, 8 * PAGE, HMS_MODE_PREFERRED,
		       self->e.nsims ? 2 : 1, list))
		_exit(3);
	if (!self->e.nsims)
		return;
	/* Two pages go there and one comes back. */
	if (migrate(fd, self->p, 2 * PAGE, self->e.sim[0], &r) || r.h.moved != 2 ||
	    migrate(fd, self->p, PAGE, self->e.node[0], &r) || r.h.moved != 1 ||
	    migrate(fd, self->p + PAGE, PAGE, self->e.node[0], &r) || r.h.moved != 1)
		_exit(4);
}

static void set_whole(const FIXTURE_DATA(where) *self, int fd)
{
	struct request r;

	request_init(&r, NULL, 0);
	r.h.flags = HMS_WHOLE;
	request_target(&r, self->e.node[0]);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_PREFERRED);
	request_modifier(&r, HMS_MOD_PRIORITY, 5);
	if (request_send(&r, fd))
		_exit(3);
}

HMS_TEST(where, whole_policy)
{
	struct json_object *top, *row;

	ASSERT_TRUE(subject(self, true, set_whole));
	ASSERT_EQ(0, hmsctl("policy", self->pid, "--json"));
	top = output_json();
	ASSERT_NE(NULL, top);
	EXPECT_EQ(0, json_object_array_length(get(top, "policies")));
	row = get(top, "whole");
	EXPECT_STREQ("preferred", json_object_get_string(get(row, "mode")));
	EXPECT_EQ(5, number(row, "priority"));
	EXPECT_EQ(self->e.node[0],
		  number(json_object_array_get_idx(get(row, "targets"), 0), "uid"));
	EXPECT_EQ(0, number(get(top, "stats"), "ranges"));
	json_object_put(top);
	ASSERT_EQ(0, hmsctl("policy", self->pid, "-no", "start,end,mode,targets"));
	EXPECT_STREQ("all else  -  preferred,priority=5  node0\n", command_output);
	EXPECT_SUBJECT_INTACT();
}

HMS_TEST(where, policies)
{
	struct json_object *top, *array, *row, *stats, *target;
	char range[64];

	ASSERT_TRUE(subject(self, true, set_policies));
	ASSERT_EQ(0, hmsctl("policy", self->pid, "--json"));
	top = output_json();
	ASSERT_NE(NULL, top);
	array = get(top, "policies");
	ASSERT_EQ(2, json_object_array_length(array));
	EXPECT_EQ(json_type_null, json_object_get_type(get(top, "whole")));
	row = json_object_array_get_idx(array, 0);
	EXPECT_EQ((long)self->p, number(row, "start"));
	EXPECT_EQ(4 * PAGE, number(row, "size"));
	EXPECT_STREQ("bind", json_object_get_string(get(row, "mode")));
	EXPECT_EQ(0, number(row, "gone"));
	EXPECT_EQ(HMS_PRIORITY_DEFAULT, number(row, "priority"));
	ASSERT_EQ(1, json_object_array_length(get(row, "targets")));
	target = json_object_array_get_idx(get(row, "targets"), 0);
	EXPECT_EQ(self->e.node[0], number(target, "uid"));
	EXPECT_STREQ("node0", json_object_get_string(get(target, "name")));
	EXPECT_FALSE(json_object_get_boolean(get(target, "gone")));
	row = json_object_array_get_idx(array, 1);
	EXPECT_STREQ("preferred", json_object_get_string(get(row, "mode")));
	EXPECT_EQ(self->e.nsims ? 2 : 1, json_object_array_length(get(row, "targets")));
	stats = get(top, "stats");
	EXPECT_EQ(2, number(stats, "ranges"));
	EXPECT_EQ(0, number(stats, "lost"));
	EXPECT_EQ(self->e.nsims ? 4 : 0, number(stats, "moved"));
	EXPECT_EQ(placed(self), number(stats, "populated"));
	EXPECT_EQ(0, number(stats, "home"));
	EXPECT_EQ(0, number(stats, "evacuated"));
	EXPECT_EQ(0, number(stats, "evicted"));
	json_object_put(top);

	ASSERT_EQ(0, hmsctl("policy", self->pid));
	EXPECT_SAYS("MODE");
	EXPECT_SAYS("bind       node0");
	EXPECT_SAYS("ranges: 2 of the process, 0 lost");
	if (self->e.nsims)
		EXPECT_SAYS("preferred  hms_sim0,node0");
	/* Cut to a range, in the columns that are asked for. */
	snprintf(range, sizeof(range), "%lx+8K", (unsigned long)self->p + 3 * PAGE);
	ASSERT_EQ(0, hmsctl("policy", self->pid, range, "-bno", "size,mode,gone"));
	EXPECT_STREQ("4096  bind  0\n", command_output);
	EXPECT_EQ(1, hmsctl("policy", self->pid, "1000+4K"));
	EXPECT_SAYS("no memory there");
	EXPECT_SUBJECT_INTACT();
}

static void set_weights(const FIXTURE_DATA(where) *self, int fd)
{
	static const __u32 weights[2] = { 3, 1 };
	struct request r;

	request_init(&r, self->p, 4 * PAGE);
	request_target(&r, self->e.node[0]);
	request_target(&r, self->e.node[self->e.nnodes - 1]);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_WEIGHTED);
	request_modifier(&r, HMS_MOD_WEIGHT, u64_ptr(weights));
	request_modifier(&r, HMS_MOD_INHERIT, !*feature_missing("fork-inherit"));
	if (request_send(&r, fd))
		_exit(3);
}

HMS_TEST(where, weights_and_heirs)
{
	bool inherits = !*feature_missing("fork-inherit");
	struct json_object *top, *row;

	NEED_NODES(2);
	ASSERT_TRUE(subject(self, true, set_weights));
	ASSERT_EQ(0, hmsctl("policy", self->pid, "--json"));
	top = output_json();
	ASSERT_NE(NULL, top);
	row = json_object_array_get_idx(get(top, "policies"), 0);
	EXPECT_EQ(inherits, json_object_get_boolean(get(row, "inherit")));
	EXPECT_EQ(3, number(json_object_array_get_idx(get(row, "targets"), 0), "weight"));
	EXPECT_EQ(1, number(json_object_array_get_idx(get(row, "targets"), 1), "weight"));
	json_object_put(top);
	ASSERT_EQ(0, hmsctl("policy", self->pid));
	EXPECT_SAYS("node0*3,");
	if (inherits)
		EXPECT_SAYS("weighted,inherit");
	EXPECT_SUBJECT_INTACT();
}

/* Both verbs find the same wrong with a process. */
static int both(const char *pid)
{
	int where = hmsctl("where", pid), policy = hmsctl("policy", pid);

	return where == policy ? where : -1;
}

HMS_TEST(where, gone)
{
	struct hms *hms;
	siginfo_t info;
	int status;
	pid_t pid;

	pid = fork();
	if (!pid)
		_exit(0);
	ASSERT_GT(pid, 0);
	/* A zombie: its memory is gone. */
	ASSERT_EQ(0, waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	snprintf(self->pid, sizeof(self->pid), "%d", pid);
	EXPECT_EQ(1, both(self->pid));
	EXPECT_SAYS("no such process");
	EXPECT_EQ(-ESRCH, hms_open_process(&hms, pid));
	EXPECT_EQ(NULL, hms);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(1, both(self->pid));
	EXPECT_SAYS("no such process");
	EXPECT_EQ(-ESRCH, hms_open_process(&hms, pid));
}

HMS_TEST(where, kernel_thread)
{
	struct hms *hms;

	EXPECT_EQ(1, both("2"));
	EXPECT_EQ(1, hmsctl("where", "2"));
	EXPECT_SAYS("no memory of its own");
	EXPECT_EQ(-ENOENT, hms_open_process(&hms, 2));
}

HMS_TEST(where, pid_1)
{
	EXPECT_EQ(0, hmsctl("where", "1", "--summary"));
	/* Without NUMA nobody tells a node from a device. */
	EXPECT_SAYS(*feature_missing("node-migration") ? "unknown" : "node0");
	EXPECT_EQ(1, hmsctl("policy", "1"));
}

static void *wait_for_the_end(void *pipe)
{
	int *ends = pipe;
	pid_t tid = gettid();
	char byte;

	if (write(ends[3], &tid, sizeof(tid)) == sizeof(tid))
		(void)!read(ends[0], &byte, 1);
	return NULL;
}

/* A thread is no process. */
HMS_TEST(where, thread)
{
	pthread_t thread;
	struct hms *hms;
	int ends[4];
	pid_t tid;

	ASSERT_EQ(0, pipe(ends));
	ASSERT_EQ(0, pipe(ends + 2));
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_the_end, ends));
	ASSERT_EQ(sizeof(tid), read(ends[2], &tid, sizeof(tid)));
	EXPECT_EQ(-ESRCH, hms_open_process(&hms, tid));
	EXPECT_EQ(0, hms_open_process(&hms, getpid()));
	hms_close(hms);
	close(ends[1]);
	EXPECT_EQ(0, pthread_join(thread, NULL));
}

/* As somebody who may not trace it, by both ways; 0, or what went wrong. */
static int look_as_nobody(const FIXTURE_DATA(where) *self)
{
	struct hms *hms;

	if (setgid(NOBODY) || setuid(NOBODY))
		return 2;
	if (hms_open_process(&hms, peer.pid) != -EPERM)
		return 3;
	if (both(self->pid) != 1 || !strstr(command_output, "no permission"))
		return 4;
	if (hms_open_process(&hms, 1) != -EPERM)
		return 5;
	return both("1") == 1 && strstr(command_output, "no permission") ? 0 : 6;
}

HMS_TEST(where, no_permission)
{
	int status;
	pid_t pid;

	ASSERT_TRUE(subject(self, true, NULL));
	pid = fork();
	if (!pid)
		_exit(look_as_nobody(self));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_SUBJECT_INTACT();
}

HMS_TEST(where, usage)
{
	static const char *const ranges[] = {
		"", "-", "1000", "1000-", "-2000", "g-h", "1000-1000", "2000-1000", "1001-2000",
		"1000-2001", "1000+", "1000+1", "1000+0", "1000+x", "1000-2000x", "1000+-4K",
		"fffffffffffff000+8K", "10000000000000000-20000000000000000",
	};
	static const char *const pids[] = { "", "0", "-1", "self", "2147483648", "1x" };
	struct hms *hms;

	snprintf(self->pid, sizeof(self->pid), "%d", getpid());
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		EXPECT_EQ(2, hmsctl("where", self->pid, ranges[i])) {
			TH_LOG("range '%s': %s", ranges[i], command_output);
		}
	}
	/* "--": one of them looks like an option. */
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		EXPECT_EQ(2, hmsctl("where", "--", pids[i])) {
			TH_LOG("pid '%s': %s", pids[i], command_output);
		}
	}
	EXPECT_EQ(2, both(""));
	EXPECT_EQ(2, hmsctl("where"));
	EXPECT_EQ(2, hmsctl("policy"));
	EXPECT_EQ(2, hmsctl("where", self->pid, "-o", "colour"));
	EXPECT_EQ(2, hmsctl("policy", self->pid, "-o", "absent"));
	EXPECT_EQ(2, hmsctl("where", self->pid, "-s", "-o", "size"));
	EXPECT_EQ(2, hmsctl("where", self->pid, "1000+4K", "more"));
	EXPECT_EQ(-EINVAL, hms_open_process(&hms, 0));
	EXPECT_EQ(-EINVAL, hms_open_process(&hms, -1));
}

/* Its memory is moved by who may trace it. */
HMS_TEST(where, migrate)
{
	char some[64];

	ASSERT_TRUE(subject(self, true, NULL));
	ASSERT_EQ(0, hmsctl("migrate", "--pid", self->pid, self->range, "--to", "node0", "-b"));
	EXPECT_SAYS("100% [########################]");
	snprintf(some, sizeof(some), "to node0         moved %d, present %d, populated 0",
		 node1(self) + on_sim(self), ON_NODE0);
	EXPECT_SAYS(some);
	snprintf(some, sizeof(some), "skipped %d: no page there", NPAGES - placed(self));
	EXPECT_SAYS(some);
	if (on_sim(self)) {
		snprintf(some, sizeof(some), "%lx+32K",
			 (unsigned long)self->p + (ON_NODE0 + node1(self)) * PAGE);
		EXPECT_EQ(0, hmsctl("migrate", "-P", self->pid, some, "--all-or-nothing", "--mode",
				    "bind", "--to", "hms_sim0"));
		EXPECT_SAYS("moved 8, present 0, populated 0, skipped 0");
		EXPECT_EQ(0, hmsctl("policy", self->pid, "-no", "mode,targets"));
		EXPECT_STREQ("bind  hms_sim0\n", command_output);
	}
	/* All that is no file's: its stack, too. */
	EXPECT_EQ(2, hmsctl("migrate", "--pid", self->pid, "--to", "node0", "--all-or-nothing"));
	EXPECT_SAYS("of a RANGE of one mapping");
	EXPECT_EQ(2, hmsctl("migrate", "--pid", self->pid, "--to", "node0", "--size", "1M"));
	EXPECT_EQ(2, hmsctl("migrate", self->range, "--to", "node0"));
	EXPECT_EQ(2, hmsctl("migrate", "--progress", "--to", "node0"));
	EXPECT_EQ(1, hmsctl("migrate", "--pid", self->pid, "1000+4K", "--to", "node0"));
	EXPECT_SAYS("no memory of its own to move");
	EXPECT_EQ(1, hmsctl("migrate", "--pid", self->pid, "--to", "4000000000"));
	EXPECT_SUBJECT_INTACT();
}

HMS_TEST(where, migrate_all)
{
	ASSERT_TRUE(subject(self, true, NULL));
	/* What it shares with who forked it is moved by root; the stack may be busy. */
	ASSERT_GE(3, hmsctl("migrate", "--pid", self->pid, "--to", "node0"));
	EXPECT_SAYS("to node0");
	EXPECT_EQ(NULL, strstr(command_output, "%"));
	EXPECT_EQ(0, hmsctl("where", self->pid, self->range, "--summary", "--noheadings"));
	EXPECT_EQ(0, strncmp(command_output, "node0", 5));
	EXPECT_EQ(NULL, strstr(command_output, "hms_sim"));
	EXPECT_SUBJECT_MOVED();
}

HMS_TEST(where, migrate_without_a_descriptor)
{
	ASSERT_TRUE(subject(self, false, NULL));
	EXPECT_EQ(1, hmsctl("migrate", "--pid", self->pid, self->range, "--to", "node0"));
	EXPECT_SAYS("no open descriptor of /dev/hms");
	EXPECT_SUBJECT_INTACT();
}

/* So much of nothing that nobody sees the end of it; ended, it says how far it has come. */
HMS_TEST(where, migrate_interrupted)
{
	char *endless = area(ENDLESS);
	char range[64], line[256];
	FILE *errors;
	int output;
	pid_t pid;

	ASSERT_NE(NULL, endless);
	ASSERT_TRUE(subject(self, true, NULL));
	snprintf(range, sizeof(range), "%lx-%llx", (unsigned long)endless,
		 (unsigned long)endless + ENDLESS);
	pid = command_start(COMMAND_STDERR, &output, "/bin/hmsctl", "migrate", "-b", "--to",
			    "node0", "--pid", self->pid, range, NULL);
	ASSERT_LT(0, pid);
	errors = fdopen(output, "r");
	for (int i = 0; i < 2; i++) {
		ASSERT_NE(NULL, fgets(line, sizeof(line), errors));
		EXPECT_EQ(0, strncmp(line, "  0% [", 6));
	}
	EXPECT_EQ(0, kill(pid, SIGINT));
	while (fgets(line, sizeof(line), errors) && strncmp(line, "  0%", 4) == 0)
		;
	EXPECT_STREQ("hmsctl: migrate: interrupted\n", line);
	EXPECT_EQ(1, WEXITSTATUS(status_of(pid)));
	fclose(errors);
	EXPECT_SUBJECT_INTACT();
}

/* The library acts on the other process, and on nobody else. */
HMS_TEST(where, remote)
{
	struct hms_process_stats stats;
	struct hms_result result;
	struct hms *hms;

	NEED_SIMS(1);
	ASSERT_TRUE(subject(self, true, NULL));
	ASSERT_EQ(0, hms_open_process(&hms, peer.pid));
	ASSERT_EQ(0, hms_query_stats(hms, 0, &stats, sizeof(stats)));
	EXPECT_EQ(0, stats.ranges);
	ASSERT_EQ(0, hms_bind(hms, self->p, NPAGES * PAGE, HMS_MODE_PREFERRED, &self->e.sim[0], 1,
			      0, &result));
	ASSERT_EQ(0, hms_query_stats(hms, 0, &stats, sizeof(stats)));
	EXPECT_EQ(1, stats.ranges);
	EXPECT_EQ(ON_NODE0 + node1(self), result.moved);
	EXPECT_EQ(result.moved, stats.moved);
	EXPECT_EQ(NPAGES, pages_on(self->e.fd, self->p, NPAGES * PAGE, ON_NOTHING));
	EXPECT_SUBJECT_MOVED();
	EXPECT_EQ(-ESRCH, hms_query_stats(hms, 0, &stats, sizeof(stats)));
	EXPECT_STRNE("", hms_last_error(hms));
	hms_close(hms);
}

TEST_HARNESS_MAIN
