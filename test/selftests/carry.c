// SPDX-License-Identifier: GPL-2.0
/* What a child inherits at fork: what was asked for, as it was then, and where it has memory. */

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>

#include "hms_fixture.h"

#define NPAGES	16

FIXTURE(carry)
{
	struct env e;
	char *p;
};

FIXTURE_SETUP(carry)
{
	const char *missing = feature_missing("fork-inherit");

	if (*missing)
		SKIP(return, "%s", missing);
	ASSERT_STREQ("", env_open(&self->e));
	self->p = area(NPAGES * PAGE);
	ASSERT_NE(NULL, self->p);
}

FIXTURE_TEARDOWN_PARENT(carry)
{
	EXPECT_USED_AS_BEFORE(&self->e);
}

typedef FIXTURE_DATA(carry) carry_t;

/* A policy that is inherited, and one that is not. */
static int heir(carry_t *self, int from, int to)
{
	return policy_set_inherited(self->e.fd, self->p + from * PAGE, (to - from) * PAGE,
				    HMS_MODE_BIND, 1, self->e.node);
}

static int plain(carry_t *self, int from, int to)
{
	return policy_set(self->e.fd, self->p + from * PAGE, (to - from) * PAGE,
			  HMS_MODE_PREFERRED, 1, self->e.node);
}

static int clear(carry_t *self, int from, int to)
{
	return policy_clear(self->e.fd, self->p + from * PAGE, (to - from) * PAGE);
}

#define TEXT	256

/* The policies of the area: "B0-4 p4-8", in pages; B: bind, P: preferred, small: not inherited. */
static const char *map_of(carry_t *self, int fd, char *text)
{
	struct policy p[MAX_POLICIES];
	int n = policies_read(fd, HMS_QUERY_POLICY, self->p, NPAGES * PAGE, p, MAX_POLICIES);
	int at = 0;

	text[0] = 0;
	if (n < 0)
		snprintf(text, TEXT, "error %d", n);
	for (int i = 0; i < n; i++) {
		char mode = p[i].mode == HMS_MODE_BIND ? 'b' : 'p';

		if (p[i].n != 1 || p[i].uid[0] != self->e.node[0])
			mode = '?';
		at += snprintf(text + at, TEXT - at, "%s%c%lld-%lld", i ? " " : "",
			       p[i].flags & HMS_POLICY_INHERIT ? mode - 32 : mode,
			       (p[i].start - u64_ptr(self->p)) / PAGE,
			       (p[i].end - u64_ptr(self->p)) / PAGE);
	}
	return text;
}

static const char *own_map(carry_t *self)
{
	static char text[TEXT];

	return map_of(self, self->e.fd, text);
}

static __u64 lost(int fd)
{
	struct hms_query q;

	query_init(&q, HMS_QUERY_POLICY, (void *)(uintptr_t)PAGE, PAGE);
	return call(fd, HMS_QUERY, &q) ? ~0ULL : q.lost;
}

/* Where a child says what it found: shared with it. */
struct report {
	int done;
	__u64 lost;
	char text[TEXT];
};

static struct report *reports_new(int n)
{
	struct report *r = mmap(NULL, n * sizeof(*r), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return r == MAP_FAILED ? NULL : r;
}

static void report(carry_t *self, struct report *r)
{
	int fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);

	map_of(self, fd, r->text);
	r->lost = lost(fd);
	close(fd);
	__atomic_store_n(&r->done, 1, __ATOMIC_SEQ_CST);
}

/* A child that says what it has, and goes. */
static pid_t reporter(carry_t *self, struct report *r)
{
	pid_t pid = fork();

	if (!pid) {
		report(self, r);
		_exit(0);
	}
	return pid;
}

HMS_TEST(carry, query_says_so)
{
	struct policy p[2];

	ASSERT_EQ(0, heir(self, 0, 4));
	ASSERT_EQ(0, plain(self, 4, 8));
	EXPECT_STREQ("B0-4 p4-8", own_map(self));
	/* In common is what all have. */
	ASSERT_EQ(1, policies_read(self->e.fd, HMS_QUERY_COMMON, self->p, 4 * PAGE, p, 2));
	EXPECT_EQ(HMS_POLICY_INHERIT, p[0].flags);
	ASSERT_EQ(1, policies_read(self->e.fd, HMS_QUERY_COMMON, self->p, 8 * PAGE, p, 2));
	EXPECT_EQ(0, p[0].flags);
	/* They differ in nothing else, and are two. */
	ASSERT_EQ(0, policy_set(self->e.fd, self->p, 2 * PAGE, HMS_MODE_BIND, 1, self->e.node));
	EXPECT_STREQ("b0-2 B2-4 p4-8", own_map(self));
	ASSERT_EQ(0, heir(self, 0, 2));
	EXPECT_STREQ("B0-4 p4-8", own_map(self));
}

HMS_TEST(carry, fork_inherits)
{
	struct report *r = reports_new(1);

	ASSERT_NE(NULL, r);
	ASSERT_EQ(0, heir(self, 0, 4));
	ASSERT_EQ(0, plain(self, 4, 8));
	ASSERT_EQ(0, heir(self, 10, 16));
	EXPECT_EQ(0, status_of(reporter(self, r)));
	EXPECT_STREQ("B0-4 B10-16", r->text);
	EXPECT_EQ(0, r->lost);
	EXPECT_STREQ("B0-4 p4-8 B10-16", own_map(self));
	/* What is not inherited any more. */
	ASSERT_EQ(0, plain(self, 0, 4));
	ASSERT_EQ(0, clear(self, 12, 16));
	EXPECT_EQ(0, status_of(reporter(self, r)));
	EXPECT_STREQ("B10-12", r->text);
}

/* Each goes its own way. */
HMS_TEST(carry, apart)
{
	struct peer peer;
	char text[TEXT];
	pid_t pid;

	ASSERT_EQ(0, heir(self, 0, 16));
	pid = peer_fork(&peer);
	ASSERT_GE(pid, 0);
	if (!pid) {
		carry_t child = *self;	/* self is shared with the parent */

		child.e.fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
		ASSERT_LE(0, child.e.fd);
		EXPECT_EQ(0, munmap(child.p + 12 * PAGE, 4 * PAGE));
		EXPECT_EQ(0, plain(&child, 4, 8));
		EXPECT_STREQ("B0-4 p4-8 B8-12", map_of(&child, child.e.fd, text));
		EXPECT_EQ(0, tell(&peer));
		EXPECT_EQ(0, hear(&peer));
		EXPECT_STREQ("B0-4 p4-8 B8-12", map_of(&child, child.e.fd, text));
		_exit(0);
	}
	ASSERT_EQ(0, hear(&peer));
	EXPECT_STREQ("B0-16", own_map(self));
	EXPECT_EQ(0, clear(self, 0, 2));
	EXPECT_EQ(0, munmap(self->p + 4 * PAGE, 6 * PAGE));
	tell(&peer);
	EXPECT_EQ(0, peer_wait(&peer));
	EXPECT_STREQ("B2-4 B10-16", own_map(self));
}

/* The child has what there was at fork(2), however soon the parent changes it. */
HMS_TEST(carry, as_of_fork)
{
	enum { N = 60 };
	struct report *r = reports_new(N);
	pid_t pid[N];

	ASSERT_NE(NULL, r);
	for (int i = 0; i < N; i++) {
		ASSERT_EQ(0, heir(self, 0, 8));
		ASSERT_EQ(0, heir(self, 9, 16));
		pid[i] = reporter(self, &r[i]);
		switch (i % 3) {
		case 0:
			ASSERT_EQ(0, clear(self, 0, 16));
			break;
		case 1:
			ASSERT_EQ(self->p, mmap(self->p, NPAGES * PAGE, PROT_READ | PROT_WRITE,
						MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
			break;
		case 2:
			ASSERT_EQ(0, heir(self, 8, 9));
			ASSERT_EQ(0, clear(self, 8, 9));
			break;
		}
	}
	for (int i = 0; i < N; i++) {
		EXPECT_EQ(0, status_of(pid[i]));
		EXPECT_STREQ("B0-8 B9-16", r[i].text) {
			TH_LOG("child %d", i);
		}
	}
}

HMS_TEST(carry, grandchild)
{
	struct report *r = reports_new(2);
	pid_t pid;

	ASSERT_NE(NULL, r);
	ASSERT_EQ(0, heir(self, 0, 8));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		/* One without a descriptor in between; and what it changes is inherited in turn. */
		status_of(reporter(self, &r[0]));
		munmap(self->p + 2 * PAGE, PAGE);
		_exit(status_of(reporter(self, &r[1])));
	}
	EXPECT_EQ(0, status_of(pid));
	EXPECT_STREQ("B0-8", r[0].text);
	EXPECT_STREQ("B0-2 B3-8", r[1].text);
}

/* They share the address space, so there is nothing to inherit. */
HMS_TEST(carry, vfork)
{
	volatile int ret = -1;
	pid_t pid;

	ASSERT_EQ(0, heir(self, 0, 8));
	pid = vfork();
	if (!pid) {
		ret = plain(self, 8, 12);
		_exit(0);
	}
	ASSERT_GE(pid, 0);
	EXPECT_EQ(0, status_of(pid));
	EXPECT_EQ(0, ret);
	EXPECT_STREQ("B0-8 p8-12", own_map(self));
}

/* MADV_DONTFORK: not there, no policy. MADV_WIPEONFORK: new pages, the same policy. */
HMS_TEST(carry, advised_mappings)
{
	struct report *r = reports_new(1);
	pid_t pid;

	ASSERT_NE(NULL, r);
	fill(self->p, NPAGES * PAGE, 1);
	ASSERT_EQ(0, heir(self, 0, 16));
	ASSERT_EQ(0, madvise(self->p + 4 * PAGE, 2 * PAGE, MADV_DONTFORK));
	ASSERT_EQ(0, madvise(self->p + 8 * PAGE, 2 * PAGE, MADV_WIPEONFORK));
	ASSERT_EQ(0, madvise(self->p + 15 * PAGE, PAGE, MADV_DONTFORK));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		report(self, r);
		_exit(verify_zero(self->p + 8 * PAGE, 2 * PAGE) >= 0);
	}
	EXPECT_EQ(0, status_of(pid));
	EXPECT_STREQ("B0-4 B6-15", r->text);
	EXPECT_EQ(0, r->lost);
	EXPECT_STREQ("B0-16", own_map(self));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* More than fit into any buffer; none is lost. */
HMS_TEST(carry, many)
{
	enum { N = 20000 };
	char *p = area(2 * N * PAGE);
	struct hms_query q;
	pid_t pid;

	ASSERT_NE(NULL, p);
	for (int i = 0; i < N; i++)
		ASSERT_EQ(0, policy_set_inherited(self->e.fd, p + 2 * i * PAGE, PAGE,
						  HMS_MODE_BIND, 1, self->e.node));
	/* Many in a row that are not. */
	for (int i = 0; i < 1000; i++)
		ASSERT_EQ(0, policy_set(self->e.fd, p + 2 * (i + 5000) * PAGE, PAGE,
					HMS_MODE_BIND, 1, self->e.node));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		int fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);

		query_init(&q, HMS_QUERY_POLICY, p, 2 * N * PAGE);
		if (call(fd, HMS_QUERY, &q) != -ENOSPC)
			_exit(1);
		_exit(q.nentries != N - 1000 || q.lost ? 2 : 0);
	}
	EXPECT_EQ(0, status_of(pid));
	query_init(&q, HMS_QUERY_POLICY, p, 2 * N * PAGE);
	EXPECT_EQ(-ENOSPC, call(self->e.fd, HMS_QUERY, &q));
	EXPECT_EQ(N, q.nentries);
}

/* A process in between that is gone, or killed, before its child has run. */
HMS_TEST(carry, parent_goes_first)
{
	enum { N = 40 };
	struct report *r = reports_new(N);

	ASSERT_NE(NULL, r);
	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	ASSERT_EQ(0, heir(self, 0, 8));
	ASSERT_EQ(0, heir(self, 9, 16));
	for (int i = 0; i < N; i++) {
		pid_t pid = fork();

		ASSERT_GE(pid, 0);
		if (!pid) {
			if (!fork()) {
				report(self, &r[i]);
				_exit(0);
			}
			if (i % 2)
				raise(SIGKILL);
			_exit(0);
		}
	}
	for (int i = 0; i < 2 * N; i++)
		status_of(-1);
	for (int i = 0; i < N; i++) {
		EXPECT_STREQ("B0-8 B9-16", r[i].text) {
			TH_LOG("child %d", i);
		}
		EXPECT_EQ(0, r[i].lost);
	}
}

/* A child that is killed before it runs, or soon after. */
HMS_TEST(carry, killed_at_once)
{
	ASSERT_EQ(0, heir(self, 0, 16));
	for (int i = 0; i < 100; i++) {
		pid_t pid = fork();

		ASSERT_GE(pid, 0);
		if (!pid) {
			for (;;)
				pause();
		}
		if (i % 2)
			sched_yield();
		ASSERT_EQ(0, kill(pid, SIGKILL));
		EXPECT_EQ(SIGKILL, status_of(pid));
	}
	EXPECT_STREQ("B0-16", own_map(self));
	EXPECT_EQ(0, lost(self->e.fd));
}

/*
 * Under a debugger a child is born with a stop pending, and may run before its parent goes on, or
 * long after. A process that is stopped at its fork must not hold up the child.
 */
static int tracee(carry_t *self, struct report *r)
{
	carry_t own = *self;	/* self is shared with the parent */
	pid_t child;

	own.e.fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	child = reporter(&own, r);
	return child < 0 || clear(&own, 0, 16) || status_of(child);
}

static int traced_fork(carry_t *self, struct report *r, bool hold_parent)
{
	pid_t parent = fork(), stopped;
	int status, alive = 2;

	if (!parent)
		_exit(tracee(self, r));
	if (waitpid(parent, &status, 0) != parent || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, parent, NULL, PTRACE_O_TRACEFORK | PTRACE_O_EXITKILL) ||
	    ptrace(PTRACE_CONT, parent, NULL, NULL))
		return -1;
	while (alive) {
		stopped = waitpid(-1, &status, __WALL);
		if (stopped < 0)
			return -errno;
		if (WIFSTOPPED(status)) {
			int signal = WSTOPSIG(status);

			/* It stays where it is until its child is through with everything. */
			if (hold_parent && alive == 2 && stopped == parent)
				continue;
			if (ptrace(PTRACE_CONT, stopped, NULL, signal == SIGCHLD ? signal : 0))
				return -2;
			continue;
		}
		alive--;
		if (status)
			return -3;
		/* If it is not there yet, it will not be held. */
		if (hold_parent && stopped != parent)
			ptrace(PTRACE_CONT, parent, NULL, NULL);
	}
	return __atomic_load_n(&r->done, __ATOMIC_SEQ_CST) ? 0 : -4;
}

HMS_TEST(carry, traced)
{
	struct report *r = reports_new(20);

	ASSERT_NE(NULL, r);
	ASSERT_EQ(0, heir(self, 0, 16));
	for (int i = 0; i < 20; i++) {
		EXPECT_EQ(0, traced_fork(self, &r[i], i % 2));
		EXPECT_STREQ("B0-16", r[i].text) {
			TH_LOG("round %d", i);
		}
	}
}

/* Signals for the whole process group, which arrive in the middle of forks. */
static volatile sig_atomic_t signalled;

static void on_signal(int signal)
{
	signalled = getpid();
}

HMS_TEST(carry, signal_pending)
{
	enum { N = 150 };
	struct report *r = reports_new(N);
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct peer storm;
	int at_once = 0;
	pid_t pid;

	ASSERT_NE(NULL, r);
	ASSERT_EQ(0, setpgid(0, 0));
	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_EQ(0, heir(self, 0, 16));
	pid = peer_fork(&storm);
	ASSERT_GE(pid, 0);
	if (!pid) {
		signal(SIGUSR1, SIG_IGN);
		tell(&storm);
		for (;;) {
			kill(0, SIGUSR1);
			usleep(200);
		}
	}
	ASSERT_EQ(0, hear(&storm));
	for (int i = 0; i < N; i++) {
		do
			pid = fork();
		while (pid < 0 && errno == EINTR);
		ASSERT_GE(pid, 0);
		if (!pid) {
			r[i].done = signalled == getpid();
			signal(SIGUSR1, SIG_IGN);
			map_of(self, open(DEV_HMS, O_RDWR | O_CLOEXEC), r[i].text);
			_exit(0);
		}
		EXPECT_EQ(0, status_of(pid));
		EXPECT_STREQ("B0-16", r[i].text) {
			TH_LOG("child %d", i);
		}
		at_once += r[i].done;
	}
	EXPECT_EQ(SIGKILL, peer_kill(&storm));
	/* How many depends on the machine; that there are some is the point. */
	EXPECT_LT(0, at_once);
}

/* Other threads change what they have while one forks: what none of them touches is inherited. */
struct busy {
	carry_t *self;
	char *p;
	int id;
	int failed;
	bool *stop;
};

static void *busy_run(void *arg)
{
	struct busy *b = arg;
	__u64 random = b->id;

	while (!__atomic_load_n(b->stop, __ATOMIC_SEQ_CST)) {
		int from = random_next(&random) % 8, n = 1 + random_next(&random) % 8;
		char *at = b->p + from * PAGE;

		switch (random_next(&random) % 4) {
		case 0:
		case 1:
			b->failed += policy_set_inherited(b->self->e.fd, at, n * PAGE,
							  HMS_MODE_PREFERRED, 1,
							  b->self->e.node) != 0;
			break;
		case 2:
			b->failed += policy_clear(b->self->e.fd, at, n * PAGE) != 0;
			break;
		case 3:
			b->failed += mmap(at, n * PAGE, PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != at;
			break;
		}
	}
	return NULL;
}

HMS_TEST(carry, threads)
{
	enum { N = 3, FORKS = 60 };
	struct report *r = reports_new(FORKS);
	struct busy b[N];
	pthread_t t[N];
	bool stop = false;
	struct policy own[MAX_POLICIES];
	pid_t pid;

	ASSERT_NE(NULL, r);
	ASSERT_EQ(0, heir(self, 0, 7));
	ASSERT_EQ(0, heir(self, 8, 16));
	for (int i = 0; i < N; i++) {
		b[i] = (struct busy){ self, area(16 * PAGE), i + 1, 0, &stop };
		ASSERT_NE(NULL, b[i].p);
		ASSERT_EQ(0, pthread_create(&t[i], NULL, busy_run, &b[i]));
	}
	for (int i = 0; i < FORKS; i++) {
		pid = fork();
		ASSERT_GE(pid, 0);
		if (!pid) {
			int fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);

			report(self, &r[i]);
			/* Of what they change, some state: ranges in order, in the area. */
			for (int k = 0; k < N; k++)
				if (policies_read(fd, HMS_QUERY_POLICY, b[k].p, 16 * PAGE, own,
						  MAX_POLICIES) < 0)
					_exit(3);
			_exit(0);
		}
		EXPECT_EQ(0, status_of(pid));
		EXPECT_STREQ("B0-7 B8-16", r[i].text);
	}
	__atomic_store_n(&stop, true, __ATOMIC_SEQ_CST);
	for (int i = 0; i < N; i++) {
		ASSERT_EQ(0, pthread_join(t[i], NULL));
		EXPECT_EQ(0, b[i].failed);
	}
}

/* Threads that all fork, unmap and set, with children that do the same. */
static void *forker_run(void *arg)
{
	struct busy *b = arg;

	for (int i = 0; i < 30; i++) {
		pid_t pid;

		b->failed += policy_set_inherited(b->self->e.fd, b->p, 8 * PAGE, HMS_MODE_BIND, 1,
						  b->self->e.node) != 0;
		pid = fork();
		if (!pid) {
			struct policy own[4];
			int fd = open(DEV_HMS, O_RDWR | O_CLOEXEC), n;

			n = policies_read(fd, HMS_QUERY_POLICY, b->p, 8 * PAGE, own, 4);
			if (n != 1 || own[0].end - own[0].start != 8 * PAGE)
				_exit(1);
			munmap(b->p + i % 8 * PAGE, PAGE);
			if (i % 4 == 3 && !fork())
				_exit(0);
			if (i % 4 == 1)
				raise(SIGKILL);
			_exit(0);
		}
		munmap(b->p + i % 8 * PAGE, PAGE);
		if (mmap(b->p, 8 * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != b->p)
			b->failed++;
		b->failed += status_of(pid) != (i % 4 == 1 ? SIGKILL : 0);
	}
	return NULL;
}

HMS_TEST(carry, forking_threads)
{
	enum { N = 4 };
	struct busy b[N];
	pthread_t t[N];

	for (int i = 0; i < N; i++) {
		b[i] = (struct busy){ self, area(8 * PAGE), i, 0, NULL };
		ASSERT_NE(NULL, b[i].p);
		ASSERT_EQ(0, pthread_create(&t[i], NULL, forker_run, &b[i]));
	}
	for (int i = 0; i < N; i++) {
		ASSERT_EQ(0, pthread_join(t[i], NULL));
		EXPECT_EQ(0, b[i].failed);
	}
}

/* The second life of this program: exit status 0 when it has no policy from the first. */
static int after_exec(char *p)
{
	int fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
	struct policy seen[4];

	if (fd < 0)
		return 10;
	if (mmap(p, NPAGES * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != p)
		return 11;
	return policies_read(fd, HMS_QUERY_POLICY, p, NPAGES * PAGE, seen, 4) ? 12 : 0;
}

/* Inherited policy ends with execve(2) as any. */
HMS_TEST(carry, exec_drops)
{
	char address[32];
	int status;
	pid_t pid;

	ASSERT_EQ(0, heir(self, 0, 16));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		snprintf(address, sizeof(address), "%p", self->p);
		execl("/proc/self/exe", "carry", "--after-exec", address, NULL);
		_exit(21);
	}
	status = status_of(pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 11)
		SKIP(return, "the new image lies where the old had its memory");
	EXPECT_EQ(0, status);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--after-exec"))
		return after_exec((char *)strtoul(argv[2], NULL, 0));
	return test_harness_run(argc, argv);
}
