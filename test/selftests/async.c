// SPDX-License-Identifier: GPL-2.0
/* Requests that are not waited for: jobs, how far they have come, and how they end. */

#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hms_fixture.h"

#define NPAGES		600
#define TICK		20000000ULL	/* ns */
#define JOBS_MAX	"/sys/module/hms/parameters/jobs_max"

FIXTURE(async)
{
	struct env e;
	__u32 to;		/* what is far from node 0 */
	char *p;
	char *endless;
};

typedef FIXTURE_DATA(async) async_t;

FIXTURE_SETUP(async)
{
	ASSERT_STREQ("", env_open(&self->e));
	if (!self->e.nsims)
		NEED_NODES(2);
	self->to = self->e.nsims ? self->e.sim[0] : self->e.node[self->e.nnodes - 1];
	self->p = area(NPAGES * PAGE);
	ASSERT_NE(NULL, self->p);
	fill(self->p, NPAGES * PAGE, 1);
	self->endless = area(ENDLESS);
	ASSERT_NE(NULL, self->endless);
}

FIXTURE_TEARDOWN_PARENT(async)
{
	EXPECT_USED_AS_BEFORE(&self->e);
}

static long long submit_move(int fd, const void *start, size_t length, __u32 to, __u64 event)
{
	struct request r;

	return request_submit(request_move(&r, start, length, to), fd, event);
}

/* What comes after it waits until it is cancelled. */
static long long submit_endless(async_t *self)
{
	return submit_move(self->e.fd, self->endless, ENDLESS, self->to, HMS_NO_EVENTFD);
}

static int cancel(int fd, long long job)
{
	struct hms_wait w;

	return job_look(fd, job, 0, HMS_CANCEL, &w, NULL);
}

static int end_endless(async_t *self, long long job)
{
	return cancel(self->e.fd, job) ?: job_end(self->e.fd, job, NULL);
}

static bool signalled(int event, __u64 times)
{
	struct pollfd p = { .fd = event, .events = POLLIN };
	__u64 n;

	return poll(&p, 1, 60000) == 1 && read(event, &n, sizeof(n)) == sizeof(n) && n == times;
}

/* The eventfd, then what was done, as a call that waits tells it; then it is forgotten. */
HMS_TEST(async, done)
{
	int event = eventfd(0, 0);
	struct hms_wait w;
	struct request r;
	long long job;

	ASSERT_LE(0, event);
	job = request_submit(request_move(&r, self->p, NPAGES * PAGE, self->to), self->e.fd, event);
	ASSERT_LT(0, job);
	/* Nothing is told of it yet, but where it begins. */
	EXPECT_EQ(0, r.h.pages + r.h.moved + r.h.bytes_copied);
	EXPECT_EQ(r.h.start, r.h.next);
	ASSERT_TRUE(signalled(event, 1));
	ASSERT_EQ(0, job_look(self->e.fd, job, 0, 0, &w, &r));
	EXPECT_EQ(HMS_JOB_DONE, w.state);
	EXPECT_EQ(0, w.error);
	EXPECT_EQ(job, w.job);
	EXPECT_EQ(job, r.h.job);
	EXPECT_EQ(1, w.ntargets);
	EXPECT_EQ(sizeof(r.h), w.result_size);
	EXPECT_EQ(sizeof(r.h), r.h.size);
	EXPECT_COUNTS(&r);
	EXPECT_EQ(NPAGES, r.h.pages);
	EXPECT_EQ(NPAGES, r.h.moved);
	EXPECT_EQ(self->to, r.counts[0].uid);
	EXPECT_EQ(NPAGES, r.counts[0].moved);
	EXPECT_EQ(NPAGES * PAGE, r.h.bytes_copied);
	EXPECT_EQ(u64_ptr(self->p) + NPAGES * PAGE, r.h.next);
	EXPECT_EQ(NPAGES, pages_on(self->e.fd, self->p, NPAGES * PAGE, self->to));
	EXPECT_EQ(-ENOENT, job_look(self->e.fd, job, 0, 0, &w, NULL));
	EXPECT_EQ(-ENOENT, job_look(self->e.fd, 0, 0, 0, &w, NULL));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* They count like others, and who listens hears who asked. */
HMS_TEST(async, counted)
{
	long long calls = stat_read("both_calls");
	struct hms_process_stats stats;
	struct hms_notice notice;
	struct request r;
	struct pollfd poller = { .fd = self->e.fd, .events = POLLIN };

	EXPECT_EQ(0, poll(&poller, 1, 0));
	request_move(&r, self->p, NPAGES * PAGE, self->to);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_BIND);
	EXPECT_EQ(0, job_end(self->e.fd, request_submit(&r, self->e.fd, HMS_NO_EVENTFD), &r));
	EXPECT_EQ(NPAGES, r.h.moved);
	EXPECT_EQ(calls + 1, stat_read("both_calls"));
	ASSERT_EQ(0, stats_read(self->e.fd, &stats));
	EXPECT_EQ(NPAGES, stats.moved);
	ASSERT_EQ(sizeof(notice), read(self->e.fd, &notice, sizeof(notice)));
	EXPECT_EQ(getpid(), notice.pid);
	EXPECT_EQ(NPAGES, notice.moved);
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

static void on_signal(int nr)
{
}

/* While it runs it tells how far it is; a time-out and a signal end the waiting, not the job. */
HMS_TEST(async, progress)
{
	struct itimerval often = { { 0, 10000 }, { 0, 10000 } };
	long long job = submit_endless(self);
	struct sigaction nothing = { .sa_handler = on_signal };
	struct hms_wait w;
	struct request r;
	__u64 before = 0;

	ASSERT_LT(0, job);
	for (int i = 0; i < 3; i++) {
		do {
			ASSERT_EQ(0, job_look(self->e.fd, job, TICK, 0, &w, &r));
			ASSERT_NE(HMS_JOB_DONE, w.state);
		} while (w.state != HMS_JOB_RUNNING || r.h.next <= u64_ptr(self->endless) + before);
		EXPECT_EQ(0, w.error);
		EXPECT_COUNTS(&r);
		before = r.h.next - u64_ptr(self->endless);
		EXPECT_EQ(r.h.pages, before / PAGE);
		EXPECT_EQ(r.h.pages, r.h.skipped[HMS_SKIP_ABSENT]);
	}
	ASSERT_EQ(0, sigaction(SIGALRM, &nothing, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &often, NULL));
	EXPECT_EQ(-EINTR, job_look(self->e.fd, job, HMS_WAIT_FOREVER, 0, &w, NULL));
	often = (struct itimerval){ };
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &often, NULL));
	EXPECT_EQ(ECANCELED, end_endless(self, job));
}

/* What is not done when it is cancelled is not begun; what was done stays, and is told. */
HMS_TEST(async, cancel)
{
	long long endless = submit_endless(self), queued, last, done;
	int event = eventfd(0, 0);
	struct hms_wait w;
	struct request r;

	ASSERT_LT(0, endless);
	ASSERT_LE(0, event);
	queued = submit_move(self->e.fd, self->p, 10 * PAGE, self->to, event);
	last = submit_move(self->e.fd, self->p + 10 * PAGE, 10 * PAGE, self->to, HMS_NO_EVENTFD);
	ASSERT_LT(0, queued);
	ASSERT_LT(0, last);
	ASSERT_EQ(0, job_look(self->e.fd, queued, TICK, 0, &w, NULL));
	EXPECT_EQ(HMS_JOB_QUEUED, w.state);
	EXPECT_EQ(0, cancel(self->e.fd, queued));
	EXPECT_EQ(0, cancel(self->e.fd, queued));
	/* It does not wait for its turn. */
	EXPECT_TRUE(signalled(event, 1));
	ASSERT_EQ(ECANCELED, job_end(self->e.fd, queued, &r));
	EXPECT_EQ(0, r.h.pages);
	EXPECT_EQ(u64_ptr(self->p), r.h.next);
	EXPECT_EQ(0, cancel(self->e.fd, endless));
	ASSERT_EQ(ECANCELED, job_end(self->e.fd, endless, &r));
	EXPECT_COUNTS(&r);
	EXPECT_GT(u64_ptr(self->endless) + ENDLESS, r.h.next);
	EXPECT_EQ(0, pages_on(self->e.fd, self->p, 10 * PAGE, self->to));
	EXPECT_EQ(0, job_end(self->e.fd, last, &r));
	EXPECT_EQ(10, r.h.moved);

	/* One that is done is done, and cancelling it does not forget it. */
	done = submit_move(self->e.fd, self->p, PAGE, self->to, event);
	ASSERT_TRUE(signalled(event, 1));
	ASSERT_EQ(0, job_look(self->e.fd, done, 0, HMS_CANCEL, &w, &r));
	EXPECT_EQ(HMS_JOB_DONE, w.state);
	EXPECT_EQ(0, job_end(self->e.fd, done, &r));
	EXPECT_EQ(1, r.h.moved);
	EXPECT_EQ(-ENOENT, cancel(self->e.fd, done));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* In their order; and whoever asks for none in particular gets the first that is done. */
HMS_TEST(async, order)
{
	long long endless = submit_endless(self), job[3];
	struct hms_wait w;

	ASSERT_LT(0, endless);
	for (int i = 0; i < 3; i++)
		job[i] = submit_move(self->e.fd, self->p, NPAGES * PAGE,
				     i == 1 ? self->e.node[0] : self->to, HMS_NO_EVENTFD);
	ASSERT_EQ(0, job_look(self->e.fd, 0, TICK, 0, &w, NULL));
	EXPECT_EQ(endless, w.job);
	EXPECT_NE(HMS_JOB_DONE, w.state);
	EXPECT_EQ(0, cancel(self->e.fd, endless));
	for (int i = -1; i < 3; i++) {
		ASSERT_EQ(0, job_look(self->e.fd, 0, HMS_WAIT_FOREVER, 0, &w, NULL));
		EXPECT_EQ(HMS_JOB_DONE, w.state);
		EXPECT_EQ(i < 0 ? ECANCELED : 0, (int)w.error);
		EXPECT_EQ(i < 0 ? endless : job[i], (long long)w.job);
	}
	EXPECT_EQ(-ENOENT, job_look(self->e.fd, 0, HMS_WAIT_FOREVER, 0, &w, NULL));
	EXPECT_EQ(NPAGES, pages_on(self->e.fd, self->p, NPAGES * PAGE, self->to));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* Another descriptor of the same process does not wait for the first, and knows other jobs. */
HMS_TEST(async, descriptors)
{
	long long endless = submit_endless(self), job;
	int other = open(DEV_HMS, O_RDWR);
	struct hms_wait w;

	ASSERT_LT(0, endless);
	ASSERT_LE(0, other);
	EXPECT_EQ(-ENOENT, job_look(other, endless, 0, 0, &w, NULL));
	EXPECT_EQ(-ENOENT, cancel(other, endless));
	job = submit_move(other, self->p, NPAGES * PAGE, self->to, HMS_NO_EVENTFD);
	ASSERT_LT(0, job);
	EXPECT_EQ(-ENOENT, job_look(self->e.fd, job, 0, 0, &w, NULL));
	EXPECT_EQ(0, job_end(other, job, NULL));
	EXPECT_EQ(ECANCELED, end_endless(self, endless));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* The policy is there when the call returns; what is wrong is said then, and changes nothing. */
HMS_TEST(async, policy_at_once)
{
	long long endless = submit_endless(self), job;
	struct state before, after;
	struct policy policy;
	struct request r;
	char *hole = self->p + 10 * PAGE;

	ASSERT_LT(0, endless);
	request_move(&r, self->p, 10 * PAGE, self->to);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_PREFERRED);
	job = request_submit(&r, self->e.fd, HMS_NO_EVENTFD);
	ASSERT_LT(0, job);
	ASSERT_EQ(1, policies_read(self->e.fd, HMS_QUERY_POLICY, self->p, PAGE, &policy, 1));
	EXPECT_EQ(self->to, policy.uid[0]);
	EXPECT_EQ(0, pages_on(self->e.fd, self->p, 10 * PAGE, self->to));

	ASSERT_EQ(0, munmap(hole, PAGE));
	ASSERT_EQ(0, state_read(&before, self->e.fd, self->p, NPAGES * PAGE));
	request_move(&r, self->p, 20 * PAGE, self->to);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_BIND);
	EXPECT_EQ(-EFAULT, request_submit(&r, self->e.fd, HMS_NO_EVENTFD));
	EXPECT_EQ(HMS_WHY_UNMAPPED, r.h.error_why);
	EXPECT_EQ(0, r.h.job);
	ASSERT_EQ(0, state_read(&after, self->e.fd, self->p, NPAGES * PAGE));
	EXPECT_STREQ("", state_differs(&before, &after));

	/* What goes later is counted. */
	ASSERT_EQ(0, munmap(self->p, PAGE));
	EXPECT_EQ(ECANCELED, end_endless(self, endless));
	EXPECT_EQ(0, job_end(self->e.fd, job, &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(9, r.h.moved);
	EXPECT_EQ(1, r.h.skipped[HMS_SKIP_ABSENT]);
	EXPECT_PATTERN_PART(self->p, PAGE, 9 * PAGE, 1);
}

/* All-or-nothing is so, and its policy is set when it is done. */
HMS_TEST(async, all_or_nothing)
{
	unsigned long vdso, vdso_end;
	struct policy policy;
	struct request r;

	ASSERT_EQ(0, mapping_find("[vdso]", &vdso, &vdso_end));
	request_move(&r, self->p, 10 * PAGE, self->to);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_PREFERRED);
	request_modifier(&r, HMS_MOD_ALL_OR_NOTHING, 1);
	ASSERT_EQ(0, job_end(self->e.fd, request_submit(&r, self->e.fd, HMS_NO_EVENTFD), &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(10, r.h.moved);
	EXPECT_EQ(1, policies_read(self->e.fd, HMS_QUERY_POLICY, self->p, PAGE, &policy, 1));

	/* What is the kernel's does not move. */
	request_move(&r, (void *)vdso, PAGE, self->to);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_PREFERRED);
	request_modifier(&r, HMS_MOD_ALL_OR_NOTHING, 1);
	EXPECT_EQ(EBUSY, job_end(self->e.fd, request_submit(&r, self->e.fd, HMS_NO_EVENTFD), &r));
	EXPECT_EQ(HMS_ERROR_RANGE, r.h.error_where);
	EXPECT_EQ(HMS_WHY_INCOMPLETE, r.h.error_why);
	EXPECT_EQ(0, policies_read(self->e.fd, HMS_QUERY_POLICY, (void *)vdso, PAGE, &policy, 1));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

#define EXPECT_REFUSED(r, ret, where, why)					\
	do {									\
		struct request *r_ = r;						\
										\
		EXPECT_EQ(ret, request_send(request_modifier(r_, HMS_MOD_ASYNC, event), \
					    self->e.fd));			\
		EXPECT_EQ(where, r_->h.error_where);				\
		EXPECT_EQ(why, r_->h.error_why);				\
	} while (0)

/* What can't be a job. */
HMS_TEST(async, refused)
{
	long long event = HMS_NO_EVENTFD;
	struct hms_wait w;
	struct request r;

	request_target(request_init(&r, self->p, PAGE), self->to);
	r.h.target_counts = 0;
	EXPECT_REFUSED(request_modifier(&r, HMS_MOD_MODE, HMS_MODE_BIND), -EINVAL,
		       HMS_ERROR_MODIFIER, HMS_WHY_COMBINATION);
	EXPECT_EQ(1, r.h.error_index);
	EXPECT_REFUSED(request_move(&r, self->p, PAGE, self->to), -EINVAL, HMS_ERROR_FIELD,
		       HMS_WHY_COMBINATION);
	EXPECT_EQ(offsetof(struct hms_hbind, target_counts), r.h.error_index);
	request_move(&r, self->p, PAGE, self->to)->h.target_counts = 0;
	r.h.size = offsetof(struct hms_hbind, job);
	EXPECT_REFUSED(&r, -EINVAL, HMS_ERROR_FIELD, HMS_WHY_VALUE);
	EXPECT_EQ(offsetof(struct hms_hbind, size), r.h.error_index);
	event = self->e.fd;
	EXPECT_REFUSED(request_move(&r, self->p, PAGE, self->to), -EINVAL, HMS_ERROR_MODIFIER,
		       HMS_WHY_NOT_AN_EVENTFD);
	EXPECT_EQ(1, r.h.error_index);
	event = 9999;
	EXPECT_REFUSED(request_move(&r, self->p, PAGE, self->to), -EINVAL, HMS_ERROR_MODIFIER,
		       HMS_WHY_NOT_AN_EVENTFD);
	event = HMS_NO_EVENTFD + 1LL;
	EXPECT_REFUSED(request_move(&r, self->p, PAGE, self->to), -EINVAL, HMS_ERROR_MODIFIER,
		       HMS_WHY_VALUE);
	/* None of them has become one. */
	EXPECT_EQ(-ENOENT, job_look(self->e.fd, 0, 0, 0, &w, NULL));
}

static int wait_with(int fd, struct hms_wait w)
{
	w.size = w.size ?: sizeof(w);
	return call(fd, HMS_WAIT, &w);
}

/* What can't be asked of one; a bad pointer does not forget it. */
HMS_TEST(async, wait_refused)
{
	int event = eventfd(0, 0), fd = self->e.fd;
	char *none = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct hms_hbind small;
	struct request r;
	long long job;

	ASSERT_NE(MAP_FAILED, none);
	job = submit_move(fd, self->p, 10 * PAGE, self->to, event);
	ASSERT_LT(0, job);
	ASSERT_TRUE(signalled(event, 1));
	EXPECT_EQ(-EINVAL, wait_with(fd, (struct hms_wait){ .job = job }));
	EXPECT_EQ(-EINVAL, wait_with(fd, (struct hms_wait){ .version = 1, .job = job,
							     .reserved = 1 }));
	EXPECT_EQ(-EINVAL, wait_with(fd, (struct hms_wait){ .version = 1, .job = job,
							     .flags = HMS_WHOLE }));
	EXPECT_EQ(-EINVAL, wait_with(fd, (struct hms_wait){ .version = 1, .flags = HMS_CANCEL }));
	EXPECT_EQ(-EINVAL, wait_with(fd, (struct hms_wait){ .version = 1, .job = job, .timeout = 1,
							     .flags = HMS_CANCEL }));
	for (int i = 0; i < 2; i++)
		EXPECT_EQ(-EINVAL, wait_with(fd, (struct hms_wait){
			.version = 1, .job = job, .result = u64_ptr(&small),
			.result_size = i ? 4097 : HMS_HBIND_SIZE_1 - 1,
		}));
	EXPECT_EQ(-EINVAL, wait_with(fd, (struct hms_wait){ .size = HMS_WAIT_SIZE_1 - 1,
							     .version = 1, .job = job }));
	EXPECT_EQ(-EFAULT, wait_with(fd, (struct hms_wait){ .version = 1, .job = job,
							     .result = u64_ptr(none),
							     .result_size = sizeof(small) }));
	EXPECT_EQ(-EFAULT, wait_with(fd, (struct hms_wait){ .version = 1, .job = job,
							     .target_counts = u64_ptr(none),
							     .ntargets = 1 }));
	EXPECT_EQ(-EFAULT, call(fd, HMS_WAIT, none));
	EXPECT_EQ(-ENOENT, wait_with(fd, (struct hms_wait){ .version = 1, .job = job + 1 }));
	/* An older program. */
	memset(&small, 0xee, sizeof(small));
	EXPECT_EQ(0, wait_with(fd, (struct hms_wait){ .version = 1, .job = job,
						       .flags = HMS_CANCEL,
						       .result = u64_ptr(&small),
						       .result_size = HMS_HBIND_SIZE_1 }));
	EXPECT_EQ(10, small.moved);
	EXPECT_EQ(0xeeeeeeeeeeeeeeeeULL, small.lazy);
	EXPECT_EQ(0, job_end(fd, job, &r));
	EXPECT_EQ(10, r.h.moved);
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

struct waiter {
	int fd;
	struct hms_wait *w;
	volatile pid_t tid;
	int ret;
};

static void *wait_in_thread(void *data)
{
	struct waiter *waiter = data;

	waiter->tid = gettid();
	waiter->ret = call(waiter->fd, HMS_WAIT, waiter->w);
	return NULL;
}

/* Until it is in ioctl(), and sleeps there. */
static void wait_until_waiting(const struct waiter *waiter)
{
	char path[64], text[128];

	do {
		usleep(1000);
		snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", waiter->tid);
	} while (text_read(path, text, sizeof(text)) || atoi(text) != SYS_ioctl);
}

/* A job is not forgotten when its answer can't be written any more. */
HMS_TEST(async, answer_lost)
{
	struct waiter waiter = { .fd = self->e.fd };
	pthread_t thread;

	waiter.w = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, waiter.w);
	*waiter.w = (struct hms_wait){
		.size = sizeof(*waiter.w), .version = 1, .job = submit_endless(self),
		.timeout = HMS_WAIT_FOREVER,
	};
	ASSERT_LT(0, (long long)waiter.w->job);
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_in_thread, &waiter));
	wait_until_waiting(&waiter);
	ASSERT_EQ(0, mprotect(waiter.w, PAGE, PROT_READ));
	EXPECT_EQ(0, cancel(self->e.fd, waiter.w->job));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(-EFAULT, waiter.ret);
	EXPECT_EQ(ECANCELED, job_end(self->e.fd, waiter.w->job, NULL));
}

/* From another address space only by who says so. */
HMS_TEST(async, remote)
{
	long long job = submit_endless(self);
	struct hms_wait w;
	pid_t pid;

	ASSERT_LT(0, job);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_EQ(-EBADF, job_look(self->e.fd, job, 0, 0, &w, NULL));
		EXPECT_EQ(-EBADF, cancel(self->e.fd, job));
		EXPECT_EQ(0, job_look(self->e.fd, job, 0, HMS_REMOTE, &w, NULL));
		EXPECT_EQ(0, job_look(self->e.fd, job, 0, HMS_REMOTE | HMS_CANCEL, &w, NULL));
		_exit(!__test_passed(_metadata));
	}
	EXPECT_EQ(0, status_of(pid));
	EXPECT_EQ(ECANCELED, job_end(self->e.fd, job, NULL));
}

/* A user has no more of them than it may; they count until they were told to be done. */
HMS_TEST(async, limit)
{
	long long job[3];
	struct policy policy;
	struct request r;
	char before[16];
	pid_t pid;

	ASSERT_EQ(0, text_read(JOBS_MAX, before, sizeof(before)));
	ASSERT_EQ(0, text_write(JOBS_MAX, "3"));
	for (int i = 0; i < 3; i++) {
		job[i] = submit_move(self->e.fd, self->p, PAGE, self->to, HMS_NO_EVENTFD);
		EXPECT_LT(0, job[i]);
	}
	request_move(&r, self->p, PAGE, self->to);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_BIND);
	EXPECT_EQ(-EAGAIN, request_submit(&r, self->e.fd, HMS_NO_EVENTFD));
	EXPECT_EQ(HMS_ERROR_MODIFIER, r.h.error_where);
	EXPECT_EQ(2, r.h.error_index);
	EXPECT_EQ(HMS_WHY_TOO_LARGE, r.h.error_why);
	EXPECT_EQ(0, policies_read(self->e.fd, HMS_QUERY_POLICY, self->p, PAGE, &policy, 1));
	/* Another user has as many. */
	pid = fork();
	if (!pid) {
		int fd = open(DEV_HMS, O_RDWR);

		EXPECT_EQ(0, setresuid(1000, 1000, 1000));
		for (int i = 0; i < 4; i++)
			EXPECT_EQ(i == 3, submit_move(fd, self->p, PAGE, self->to,
						      HMS_NO_EVENTFD) == -EAGAIN);
		_exit(!__test_passed(_metadata));
	}
	EXPECT_EQ(0, status_of(pid));
	EXPECT_EQ(0, job_end(self->e.fd, job[0], NULL));
	job[0] = submit_move(self->e.fd, self->p, PAGE, self->to, HMS_NO_EVENTFD);
	EXPECT_LT(0, job[0]);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(0, job_end(self->e.fd, job[i], NULL));
	EXPECT_EQ(0, text_write(JOBS_MAX, before));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* What a program may do is what it might when it asked. */
HMS_TEST(async, rights)
{
	long long endless = submit_endless(self), job;
	struct request r;
	struct peer peer;
	pid_t pid;

	ASSERT_LT(0, endless);
	pid = peer_fork(&peer);
	ASSERT_LE(0, pid);
	if (!pid) {
		/* Has the pages, too. */
		hear(&peer);
		EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
		_exit(!__test_passed(_metadata));
	}
	job = submit_move(self->e.fd, self->p, 10 * PAGE, self->to, HMS_NO_EVENTFD);
	ASSERT_EQ(0, setresgid(1000, 1000, 1000));
	ASSERT_EQ(0, setresuid(1000, 1000, 1000));
	EXPECT_EQ(ECANCELED, end_endless(self, endless));
	EXPECT_EQ(0, job_end(self->e.fd, job, &r));
	EXPECT_EQ(10, r.h.moved);
	/* The thread could, but who asks may not. */
	job = submit_move(self->e.fd, self->p + 10 * PAGE, 10 * PAGE, self->to, HMS_NO_EVENTFD);
	EXPECT_EQ(0, job_end(self->e.fd, job, &r));
	EXPECT_EQ(10, r.h.skipped[HMS_SKIP_SHARED]);
	tell(&peer);
	EXPECT_EQ(0, peer_wait(&peer));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

#define ROOT	"/sys/fs/cgroup"
#define GROUP	ROOT "/hms-async"

/* So are the nodes that its cpuset has. */
HMS_TEST(async, cpuset)
{
	const size_t length = 10 * PAGE;
	long long endless, inside, outside;
	struct request r;

	NEED_NODES(2);
	if (access(ROOT "/cpuset.mems.effective", F_OK))
		SKIP(return, "this kernel has no cpusets");
	ASSERT_EQ(0, migrate(self->e.fd, self->p, 2 * length, self->e.node[0], NULL));
	ASSERT_EQ(20, pages_on(self->e.fd, self->p, 2 * length, self->e.node[0]));
	text_write(ROOT "/cgroup.subtree_control", "+cpuset");
	ASSERT_EQ(0, mkdir(GROUP, 0755));
	ASSERT_EQ(0, text_write(GROUP "/cpuset.mems", "0"));
	/* Asked out of the group, and done when who asked is in it. */
	endless = submit_endless(self);
	ASSERT_LT(0, endless);
	outside = submit_move(self->e.fd, self->p, length, self->e.node[1], HMS_NO_EVENTFD);
	EXPECT_LT(0, outside);
	EXPECT_EQ(0, text_write(GROUP "/cgroup.procs", "0"));
	EXPECT_EQ(ECANCELED, end_endless(self, endless));
	EXPECT_EQ(0, job_end(self->e.fd, outside, &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(10, r.h.moved);
	/* And the other way round. */
	endless = submit_endless(self);
	EXPECT_LT(0, endless);
	inside = submit_move(self->e.fd, self->p + length, length, self->e.node[1],
			     HMS_NO_EVENTFD);
	EXPECT_LT(0, inside);
	EXPECT_EQ(0, text_write(ROOT "/cgroup.procs", "0"));
	EXPECT_EQ(ECANCELED, end_endless(self, endless));
	EXPECT_EQ(0, job_end(self->e.fd, inside, &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(10, r.h.skipped[HMS_SKIP_UNREACHABLE]);
	EXPECT_EQ(0, rmdir(GROUP));
	text_write(ROOT "/cgroup.subtree_control", "-cpuset");
	EXPECT_EQ(10, pages_on(self->e.fd, self->p, 2 * length, self->e.node[1]));
	ASSERT_EQ(0, migrate(self->e.fd, self->p + length, length, self->e.node[1], &r));
	EXPECT_EQ(10, r.h.moved);
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* Where no target can be had, a preferred policy is content with any memory of the cpuset. */
HMS_TEST(async, cpuset_any)
{
	char *p = area(10 * PAGE);
	struct request r;
	long long job;

	ASSERT_NE(NULL, p);
	NEED_NODES(3);
	if (access(ROOT "/cpuset.mems.effective", F_OK))
		SKIP(return, "this kernel has no cpusets");
	text_write(ROOT "/cgroup.subtree_control", "+cpuset");
	ASSERT_EQ(0, mkdir(GROUP, 0755));
	/* That node has no CPU that a thread could be on. */
	ASSERT_EQ(0, text_write(GROUP "/cpuset.mems", "2"));
	ASSERT_EQ(0, text_write(GROUP "/cgroup.procs", "0"));
	request_move(&r, p, 10 * PAGE, self->e.node[0]);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_PREFERRED);
	request_modifier(&r, HMS_MOD_POPULATE, 1);
	job = request_submit(&r, self->e.fd, HMS_NO_EVENTFD);
	EXPECT_LT(0, job);
	EXPECT_EQ(0, job_end(self->e.fd, job, &r));
	EXPECT_EQ(10, r.h.populated);
	EXPECT_EQ(10, pages_on(self->e.fd, p, 10 * PAGE, self->e.node[2]));
	EXPECT_EQ(0, text_write(ROOT "/cgroup.procs", "0"));
	EXPECT_EQ(0, rmdir(GROUP));
	text_write(ROOT "/cgroup.subtree_control", "-cpuset");
}

/* With the last descriptor they end, running or not, and their eventfds say so. */
HMS_TEST(async, close)
{
	int event = eventfd(0, 0), fd = open(DEV_HMS, O_RDWR);

	ASSERT_LE(0, fd);
	ASSERT_LT(0, submit_move(fd, self->endless, ENDLESS, self->to, event));
	for (int i = 0; i < 3; i++)
		ASSERT_LT(0, submit_move(fd, self->p, PAGE, self->to, event));
	ASSERT_EQ(0, close(fd));
	EXPECT_TRUE(signalled(event, 4));
	EXPECT_EQ(0, pages_on(self->e.fd, self->p, PAGE, self->to));
	/* Before the thread has looked, and after it has done all. */
	for (int i = 0; i < 20; i++) {
		fd = open(DEV_HMS, O_RDWR);
		ASSERT_LT(0, submit_move(fd, self->p, PAGE, self->to, event));
		if (i % 2)
			EXPECT_TRUE(signalled(event, 1));
		ASSERT_EQ(0, close(fd));
		if (!(i % 2))
			EXPECT_TRUE(signalled(event, 1));
	}
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* A process that is killed is gone at once, and so are its jobs. */
HMS_TEST(async, killed)
{
	int event = eventfd(0, 0);
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		int fd = open(DEV_HMS, O_RDWR);

		submit_move(fd, self->p, NPAGES * PAGE, self->to, event);
		submit_move(fd, self->endless, ENDLESS, self->to, event);
		submit_move(fd, self->p, NPAGES * PAGE, self->e.node[0], event);
		signalled(event, 1);
		kill(getpid(), SIGKILL);
	}
	EXPECT_EQ(SIGKILL, status_of(pid));
	EXPECT_TRUE(signalled(event, 2));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* The memory of a process that has gone is not there any more, though its descriptor is. */
HMS_TEST(async, process_gone)
{
	struct hms_wait w;
	int pipes[2], status;
	long long job = 0;
	pid_t pid;

	ASSERT_EQ(0, pipe(pipes));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		int fd = open(DEV_HMS, O_RDWR);

		job = submit_move(fd, self->endless, ENDLESS, self->to,
				  HMS_NO_EVENTFD);
		if (!fork()) {
			/* Until the parent's memory is gone. */
			while (!job_look(fd, job, HMS_WAIT_FOREVER, HMS_REMOTE, &w, NULL) &&
			       w.state != HMS_JOB_DONE)
				;
			EXPECT_EQ(4, write(pipes[1], &w.error, 4));
			_exit(0);
		}
		_exit(0);
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(4, read(pipes[0], &status, 4));
	EXPECT_EQ(ESRCH, status);
}

/* What a process has spent in the kernel, in ticks; -1: it is gone. */
static long kernel_ticks(pid_t pid)
{
	char path[32], text[512], *at;
	long ticks = -1;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (text_read(path, text, sizeof(text)))
		return -1;
	at = strrchr(text, ')');
	if (at && sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %ld", &ticks) != 1)
		return -1;
	return ticks;
}

/* A call from another process ends, too. */
HMS_TEST(async, process_gone_in_a_call)
{
	struct peer peer;
	int pipes[2], ret;
	long before;

	ASSERT_EQ(0, pipe(pipes));
	if (!fork()) {
		int fd = open(DEV_HMS, O_RDWR);

		if (!peer_fork(&peer)) {
			struct request r;

			tell(&peer);
			request_move(&r, self->endless, ENDLESS, self->to);
			r.h.flags = HMS_REMOTE;
			ret = request_send(&r, fd);
			EXPECT_EQ(4, write(pipes[1], &ret, 4));
			_exit(0);
		}
		hear(&peer);
		/* It has done nothing since but to call. */
		before = kernel_ticks(peer.pid);
		while (kernel_ticks(peer.pid) < before + 5)
			usleep(1000);
		_exit(0);
	}
	ASSERT_EQ(4, read(pipes[0], &ret, 4));
	EXPECT_EQ(-ESRCH, ret);
}

/* A job ends with who asked for it, and is nobody else's by accident. */
HMS_TEST(async, asker_gone)
{
	struct hms_wait w;
	struct peer peer;
	long long job;
	pid_t pid;

	pid = peer_fork(&peer);
	ASSERT_LE(0, pid);
	if (!pid) {
		struct request r;

		request_move(&r, self->endless, ENDLESS, self->to);
		r.h.flags = HMS_REMOTE;
		job = request_submit(&r, self->e.fd, HMS_NO_EVENTFD);
		EXPECT_EQ(sizeof(job), write(peer.out, &job, sizeof(job)));
		hear(&peer);
		_exit(0);
	}
	ASSERT_EQ(sizeof(job), read(peer.in, &job, sizeof(job)));
	ASSERT_LT(0, job);
	EXPECT_EQ(-ENOENT, job_look(self->e.fd, 0, 0, 0, &w, NULL));
	EXPECT_EQ(0, job_look(self->e.fd, job, 0, 0, &w, NULL));
	EXPECT_NE(HMS_JOB_DONE, w.state);
	EXPECT_EQ(0, tell(&peer));
	EXPECT_EQ(0, peer_wait(&peer));
	EXPECT_EQ(ESRCH, job_end(self->e.fd, job, NULL));
}

/* Threads of the kernel by this name: each job has one, and no longer than it takes. */
static int threads(void)
{
	char path[64], name[32], text[32];
	glob_t found;
	int n = 0;

	snprintf(name, sizeof(name), "hms/%d", getpid());
	if (glob("/proc/[0-9]*", GLOB_NOSORT, NULL, &found))
		return -1;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		snprintf(path, sizeof(path), "%s/comm", found.gl_pathv[i]);
		n += !text_read(path, text, sizeof(text)) && !strcmp(text, name);
	}
	globfree(&found);
	return n;
}

/* One that has ended is seen in /proc for a moment longer. */
static bool threads_go(void)
{
	for (int i = 0; i < 2000; i++) {
		if (!threads())
			return true;
		usleep(1000);
	}
	return false;
}

HMS_TEST(async, threads)
{
	long long endless = submit_endless(self), job;
	struct request r;

	ASSERT_LT(0, endless);
	job = submit_move(self->e.fd, self->p, PAGE, self->to, HMS_NO_EVENTFD);
	ASSERT_LT(0, job);
	EXPECT_EQ(2, threads());
	EXPECT_EQ(ECANCELED, end_endless(self, endless));
	EXPECT_EQ(0, job_end(self->e.fd, job, NULL));
	EXPECT_TRUE(threads_go());
	/* Nor does one stay behind what is refused. */
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
	ASSERT_EQ(0, munmap(self->p, PAGE));
	EXPECT_EQ(-EFAULT, request_submit(request_move(&r, self->p, PAGE, self->to), self->e.fd,
				  HMS_NO_EVENTFD));
	EXPECT_TRUE(threads_go());
}

/* Placeholders are charged to the user who asked, and given back to it. */
HMS_TEST(async, lazy)
{
	char *p = area(NPAGES * PAGE);
	struct request r;

	if (*feature_missing("lazy"))
		SKIP(return, "%s", feature_missing("lazy"));
	request_move(&r, p, NPAGES * PAGE, self->to);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_PREFERRED);
	request_modifier(&r, HMS_MOD_LAZY, 1);
	ASSERT_EQ(0, job_end(self->e.fd, request_submit(&r, self->e.fd, HMS_NO_EVENTFD), &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(NPAGES, r.h.lazy);
	EXPECT_ZERO(p, NPAGES * PAGE);
}

/* Threads that submit, wait for any, cancel and close, all at once. */
HMS_TEST(async, many_at_once)
{
	enum { CHILDREN = 4, ROUNDS = 100 };
	pid_t children[CHILDREN];

	for (int c = 0; c < CHILDREN; c++) {
		children[c] = fork();
		if (children[c])
			continue;
		__u64 random = c + 1;
		int fd = open(DEV_HMS, O_RDWR);
		struct hms_wait w;
		struct request r;

		fill(self->p, NPAGES * PAGE, c);
		for (int i = 0; i < ROUNDS; i++) {
			size_t first = random_next(&random) % NPAGES;
			size_t n = 1 + random_next(&random) % (NPAGES - first);
			__u32 to = random_next(&random) % 2 ? self->to : self->e.node[0];
			long long job = submit_move(fd, self->p + first * PAGE, n * PAGE, to,
						    HMS_NO_EVENTFD);

			/* All children are one user, and this one may have none. */
			if (job == -EAGAIN) {
				job_look(fd, 0, HMS_WAIT_FOREVER, 0, &w, &r);
				continue;
			}
			EXPECT_LT(0, job);
			switch (random_next(&random) % 8) {
			case 0:
				EXPECT_EQ(0, cancel(fd, job));
				break;
			case 1:
				close(fd);
				fd = open(DEV_HMS, O_RDWR);
				break;
			case 2:
				EXPECT_EQ(0, job_look(fd, 0, HMS_WAIT_FOREVER, 0, &w, &r));
				EXPECT_COUNTS(&r);
				break;
			case 3:
				EXPECT_LE(0, job_end(fd, job, &r));
				break;
			}
			if (i % 10 == 0)
				EXPECT_PATTERN(self->p, NPAGES * PAGE, c);
		}
		while (!job_look(fd, 0, HMS_WAIT_FOREVER, 0, &w, &r))
			;
		EXPECT_PATTERN(self->p, NPAGES * PAGE, c);
		_exit(!__test_passed(_metadata));
	}
	for (int c = 0; c < CHILDREN; c++)
		EXPECT_EQ(0, status_of(children[c]));
}

TEST_HARNESS_MAIN
