// SPDX-License-Identifier: GPL-2.0
/* What a process hears from its own descriptor. */

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "hms_fixture.h"

HMS_FIXTURE(notice)

#define NPAGES	32
#define ROOM	64

static int ready(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n = poll(&p, 1, 0);

	return n == 1 ? p.revents : n;
}

/* From the first poll on: what moved, how much, who asked; and nothing for policy alone. */
HMS_TEST(notice, own)
{
	char *p = area(NPAGES * PAGE);
	struct hms_notice n[2];
	int fd = self->e.fd;

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, fcntl(fd, F_SETFL, O_NONBLOCK));
	ASSERT_EQ(0, populate(fd, p, PAGE, self->e.node[0], NULL));
	/* That was before anybody asked. */
	EXPECT_EQ(0, ready(fd));
	EXPECT_EQ(-1, read(fd, n, sizeof(n)));
	EXPECT_EQ(EAGAIN, errno);

	ASSERT_EQ(0, populate(fd, p, NPAGES * PAGE, self->e.node[0], NULL));
	EXPECT_EQ(POLLIN, ready(fd));
	EXPECT_EQ(-1, read(fd, n, sizeof(n[0]) - 1));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_EQ(sizeof(n[0]), read(fd, n, sizeof(n)));
	EXPECT_EQ(sizeof(n[0]), n[0].size);
	EXPECT_EQ(getpid(), n[0].pid);
	EXPECT_EQ((uintptr_t)p, n[0].start);
	EXPECT_EQ(NPAGES * PAGE, n[0].length);
	EXPECT_EQ(NPAGES, n[0].pages);
	EXPECT_EQ(NPAGES - 1, n[0].populated);
	EXPECT_EQ(0, n[0].moved + n[0].skipped + n[0].lost);
	EXPECT_EQ(HMS_NOTICE_REQUEST, n[0].kind);
	EXPECT_EQ(0, n[0].target);
	EXPECT_NE(0, n[0].instance);
	EXPECT_NE(0, n[0].generation);
	EXPECT_EQ(0, ready(fd));

	ASSERT_EQ(0, policy_set(fd, p, NPAGES * PAGE, HMS_MODE_PREFERRED, 1, self->e.node));
	EXPECT_EQ(0, ready(fd));
	/* Memory for it that is not there. */
	ASSERT_EQ(0, populate(fd, p, PAGE, self->e.node[0], NULL));
	EXPECT_EQ(-1, syscall(SYS_read, fd, 1, sizeof(n)));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_ZERO(p, NPAGES * PAGE);
}

/* The first process of a pid namespace. */
static int hears_of_itself(__u32 node)
{
	int fd = open(DEV_HMS, O_RDWR | O_NONBLOCK);
	char *p = area(PAGE);
	struct hms_notice n;

	if (fd < 0 || !p || ready(fd) || populate(fd, p, PAGE, node, NULL))
		return 1;
	if (read(fd, &n, sizeof(n)) != sizeof(n))
		return 2;
	return getpid() == 1 && n.pid == 1 && verify_zero(p, PAGE) < 0 ? 0 : 3;
}

/* A reader knows processes by the pids of its own namespace. */
HMS_TEST(notice, pid_namespace)
{
	int status, inner;
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		if (unshare(CLONE_NEWPID))
			_exit(100);
		pid = fork();
		if (!pid)
			_exit(hears_of_itself(self->e.node[0]));
		if (pid < 0 || waitpid(pid, &inner, 0) != pid || !WIFEXITED(inner))
			_exit(4);
		_exit(WEXITSTATUS(inner));
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	if (WEXITSTATUS(status) == 100)
		SKIP(return, "no CONFIG_PID_NS");
	EXPECT_EQ(0, WEXITSTATUS(status));
}

/* Every descriptor of an address space hears, also of a request from elsewhere. */
HMS_TEST(notice, by_another)
{
	int other = open(DEV_HMS, O_RDWR | O_NONBLOCK), status;
	char *p = area(NPAGES * PAGE);
	struct hms_notice n;
	struct request r;
	pid_t pid;

	ASSERT_LE(0, other);
	ASSERT_NE(NULL, p);
	EXPECT_EQ(0, ready(other));
	EXPECT_EQ(0, ready(self->e.fd));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		/* Nor may it read what is not its own. */
		if (read(other, &n, sizeof(n)) != -1 || errno != EBADF || ready(other) != POLLERR)
			_exit(1);
		request_init(&r, p, NPAGES * PAGE);
		request_target(&r, self->e.node[0]);
		request_modifier(&r, HMS_MOD_POPULATE, 1);
		r.h.flags = HMS_REMOTE;
		_exit(request_send(&r, self->e.fd) ? 2 : 0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	ASSERT_EQ(sizeof(n), read(other, &n, sizeof(n)));
	EXPECT_EQ(pid, n.pid);
	EXPECT_EQ(NPAGES, n.populated);
	ASSERT_EQ(sizeof(n), read(self->e.fd, &n, sizeof(n)));
	EXPECT_EQ(pid, n.pid);
	close(other);
	/* One less to tell. */
	ASSERT_EQ(0, populate(self->e.fd, p, PAGE, self->e.node[0], NULL));
	EXPECT_EQ(POLLIN, ready(self->e.fd));
	EXPECT_ZERO(p, NPAGES * PAGE);
}

/* What there is no room for is counted in the next one that there is. */
HMS_TEST(notice, too_many)
{
	struct hms_notice n[ROOM + 1];
	char *p = area(PAGE);

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, fcntl(self->e.fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(0, ready(self->e.fd));
	for (int i = 0; i < ROOM + 5; i++)
		ASSERT_EQ(0, populate(self->e.fd, p, PAGE, self->e.node[0], NULL));
	ASSERT_EQ(ROOM * (ssize_t)sizeof(n[0]), read(self->e.fd, n, sizeof(n)));
	EXPECT_EQ(1, n[0].populated);
	EXPECT_EQ(0, n[ROOM - 1].lost);
	ASSERT_EQ(0, populate(self->e.fd, p, PAGE, self->e.node[0], NULL));
	ASSERT_EQ(sizeof(n[0]), read(self->e.fd, n, sizeof(n)));
	EXPECT_EQ(5, n[0].lost);
	EXPECT_ZERO(p, PAGE);
}

struct reader {
	int fd;
	struct hms_notice notice;
	ssize_t got;
};

static void *reads(void *data)
{
	struct reader *r = data;

	r->got = read(r->fd, &r->notice, sizeof(r->notice));
	return NULL;
}

static void nothing(int signal)
{
}

/* A reader waits; a request wakes it, and so does a signal. */
HMS_TEST(notice, waits)
{
	struct sigaction action = { .sa_handler = nothing };
	struct reader r = { .fd = self->e.fd };
	char *p = area(PAGE);
	pthread_t t;

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	EXPECT_EQ(0, ready(self->e.fd));
	ASSERT_EQ(0, pthread_create(&t, NULL, reads, &r));
	ASSERT_EQ(0, populate(self->e.fd, p, PAGE, self->e.node[0], NULL));
	ASSERT_EQ(0, pthread_join(t, NULL));
	EXPECT_EQ(sizeof(r.notice), r.got);
	EXPECT_EQ(1, r.notice.populated);

	ASSERT_EQ(0, pthread_create(&t, NULL, reads, &r));
	/* It may not be waiting yet. */
	while (pthread_tryjoin_np(t, NULL) == EBUSY) {
		pthread_kill(t, SIGUSR1);
		sched_yield();
	}
	EXPECT_EQ(-1, r.got);
	EXPECT_ZERO(p, PAGE);
}

TEST_HARNESS_MAIN
