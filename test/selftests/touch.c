// SPDX-License-Identifier: GPL-2.0
/*
 * What happens to device memory when somebody but HMS_HBIND acts on it: CPUs, fork, exit, the
 * kernel's own readers and writers. To all of them it is memory like any other.
 */

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "hms_fixture.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

HMS_FIXTURE(touch)

/* Memory with a pattern, on device @sim. */
static char *on_device(FIXTURE_DATA(touch) *self, size_t length, __u64 seed, int sim)
{
	struct request r;
	char *p = area(length);

	if (!p)
		return NULL;
	fill(p, length, seed);
	if (migrate(self->e.fd, p, length, self->e.sim[sim], &r) || r.h.moved != length / PAGE)
		return NULL;
	return p;
}

#define ON_DEVICE(p, length)	pages_on(self->e.fd, p, length, self->e.sim[0])

HMS_TEST(touch, read_and_write)
{
	char *p;

	NEED_PRIVATE(1);
	p = on_device(self, 64 * PAGE, 1, 0);
	ASSERT_NE(NULL, p);
	EXPECT_PATTERN(p, 64 * PAGE, 1);
	EXPECT_EQ(0, ON_DEVICE(p, 64 * PAGE));
	EXPECT_EQ(self->e.used[0], target_used(self->e.sim[0]));

	/* A write of one byte keeps the others. */
	ASSERT_EQ(0, munmap(p, 64 * PAGE));
	p = on_device(self, 64 * PAGE, 2, 0);
	ASSERT_NE(NULL, p);
	for (int i = 0; i < 64; i++)
		p[i * PAGE + i] ^= 0x55;
	for (int i = 0; i < 64; i++)
		p[i * PAGE + i] ^= 0x55;
	EXPECT_PATTERN(p, 64 * PAGE, 2);
}

/* In order, a fault brings several pages; each page comes once, and none is left behind. */
HMS_TEST(touch, sequential)
{
	const size_t npages = 1024;
	long long home, faults;
	char *p;

	NEED_PRIVATE(1);
	p = on_device(self, npages * PAGE, 3, 0);
	ASSERT_NE(NULL, p);
	home = stat_read("home");
	faults = stat_read("home_faults");
	ASSERT_PATTERN(p, npages * PAGE, 3);
	home = stat_read("home") - home;
	faults = stat_read("home_faults") - faults;
	EXPECT_EQ((long long)npages, home);
	EXPECT_GE(faults, 1);
	EXPECT_LE(faults, (long long)npages / 4);
	EXPECT_EQ(self->e.used[0], target_used(self->e.sim[0]));
}

/* At random, what was not touched stays on the device. */
HMS_TEST(touch, random)
{
	const int npages = 2048, step = 16, ntouched = npages / step;
	int order[2048 / 16];
	volatile char *p;
	long long home;
	__u64 random = 7;
	long left;

	NEED_PRIVATE(1);
	p = on_device(self, npages * PAGE, 4, 0);
	ASSERT_NE(NULL, p);
	for (int i = 0; i < ntouched; i++) {
		int k = random_next(&random) % (i + 1);

		order[i] = order[k];
		order[k] = i;
	}
	home = stat_read("home");
	for (int i = 0; i < ntouched; i++)
		(void)p[order[i] * step * PAGE];
	home = stat_read("home") - home;
	EXPECT_GE(home, ntouched);
	EXPECT_LE(home, 2 * ntouched);
	left = ON_DEVICE((char *)p, npages * PAGE);
	EXPECT_EQ(npages - home, left);
	for (int i = 0; i < ntouched; i++)
		EXPECT_EQ(0, ON_DEVICE((char *)p + order[i] * step * PAGE, PAGE));
	EXPECT_PATTERN((char *)p, npages * PAGE, 4);
}

/* One page touched is not many pages moved. */
HMS_TEST(touch, one_page)
{
	volatile char *p;
	long long faults, home;

	NEED_PRIVATE(1);
	p = on_device(self, 512 * PAGE, 5, 0);
	ASSERT_NE(NULL, p);
	faults = stat_read("home_faults");
	home = stat_read("home");
	(void)p[200 * PAGE];
	EXPECT_EQ(1, stat_read("home_faults") - faults);
	EXPECT_GE(stat_read("home") - home, 1);
	EXPECT_LE(stat_read("home") - home, 16);
	EXPECT_EQ(0, ON_DEVICE((char *)p + 200 * PAGE, PAGE));
	EXPECT_PATTERN((char *)p, 512 * PAGE, 5);
}

/* A page comes home to the first node of its policy. */
HMS_TEST(touch, home_is_where_the_policy_says)
{
	__u32 list[2];
	char *p;

	NEED_PRIVATE(1);
	NEED_NODES(2);
	for (int node = 0; node < self->e.nnodes; node++) {
		long long elsewhere = stat_read("home_elsewhere");

		p = on_device(self, 64 * PAGE, 6, 0);
		ASSERT_NE(NULL, p);
		list[0] = self->e.sim[0];
		list[1] = self->e.node[node];
		ASSERT_EQ(0, policy_set(self->e.fd, p, 64 * PAGE, HMS_MODE_PREFERRED, 2, list));
		EXPECT_PATTERN(p, 64 * PAGE, 6);
		EXPECT_EQ(64, pages_on(self->e.fd, p, 64 * PAGE, self->e.node[node]) +
			      stat_read("home_elsewhere") - elsewhere);
		EXPECT_GE(pages_on(self->e.fd, p, 64 * PAGE, self->e.node[node]), 32);
		EXPECT_EQ(0, munmap(p, 64 * PAGE));
	}
	/* A policy of devices only never makes a CPU fault fail. */
	p = on_device(self, 64 * PAGE, 7, 0);
	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, policy_set(self->e.fd, p, 64 * PAGE, HMS_MODE_BIND, 1, self->e.sim));
	EXPECT_PATTERN(p, 64 * PAGE, 7);
	EXPECT_EQ(0, ON_DEVICE(p, 64 * PAGE));
}

struct reader {
	const char *p;
	size_t length;
	pthread_barrier_t *barrier;
	bool backwards;
	long wrong;
};

static void *read_all(void *arg)
{
	struct reader *r = arg;

	pthread_barrier_wait(r->barrier);
	r->wrong = -1;
	for (size_t at = 0; r->backwards && at < r->length; at += PAGE)
		(void)*(volatile char *)(r->p + r->length - PAGE - at);
	r->wrong = verify(r->p, r->length, 8);
	return NULL;
}

/*
 * Many threads on the same pages: each page comes home once, and is asked for once at most, but for
 * the moment before anybody has it. Who does not look whether somebody is at it asks 16 times, or
 * for as long as a CPU that has begun is held up.
 */
HMS_TEST(touch, threads)
{
	enum { N = 8 };
	const size_t length = 512 * PAGE;
	pthread_barrier_t barrier;
	struct reader r[N];
	long long home, faults, waited;
	pthread_t t[N];
	char *p;

	NEED_PRIVATE(1);
	for (int round = 0; round < 4; round++) {
		p = on_device(self, length, 8, 0);
		ASSERT_NE(NULL, p);
		home = stat_read("home");
		faults = stat_read("home_faults");
		waited = stat_read("home_waited");
		ASSERT_EQ(0, pthread_barrier_init(&barrier, NULL, N));
		for (int i = 0; i < N; i++) {
			r[i] = (struct reader){ p, length, &barrier, i % 2, 0 };
			ASSERT_EQ(0, pthread_create(&t[i], NULL, read_all, &r[i]));
		}
		for (int i = 0; i < N; i++) {
			ASSERT_EQ(0, pthread_join(t[i], NULL));
			EXPECT_EQ(-1, r[i].wrong);
		}
		EXPECT_EQ(512, stat_read("home") - home);
		faults = stat_read("home_faults") - faults;
		waited = stat_read("home_waited") - waited;
		EXPECT_LE(faults + waited, 2 * 512) {
			TH_LOG("%lld tried to bring pages home, %lld let another do it", faults,
			       waited);
		}
		EXPECT_EQ(self->e.used[0], target_used(self->e.sim[0]));
		ASSERT_EQ(0, munmap(p, length));
	}
}

/* After fork, parent and child share the device pages; what one writes the other does not see. */
HMS_TEST(touch, fork_copy_on_write)
{
	struct peer peer;
	pid_t pid;
	char *p;

	NEED_SIMS(1);
	p = on_device(self, 64 * PAGE, 9, 0);
	ASSERT_NE(NULL, p);
	pid = peer_fork(&peer);
	ASSERT_GE(pid, 0);
	if (!pid) {
		/* the first quarter is the child's to write, the second the parent's */
		fill(p, 16 * PAGE, 10);
		tell(&peer);
		EXPECT_EQ(0, hear(&peer));
		EXPECT_PATTERN(p, 16 * PAGE, 10);
		fill(p + 48 * PAGE, 16 * PAGE, 11);
		{
			char *whole = area(64 * PAGE);

			fill(whole, 64 * PAGE, 9);
			EXPECT_EQ(0, memcmp(whole + 16 * PAGE, p + 16 * PAGE, 32 * PAGE));
		}
		_exit(0);
	}
	ASSERT_EQ(0, hear(&peer));
	EXPECT_PATTERN(p, 16 * PAGE, 9);
	memset(p + 16 * PAGE, 0x77, 16 * PAGE);
	tell(&peer);
	EXPECT_EQ(0, peer_wait(&peer));
	for (size_t i = 0; i < 16 * PAGE; i++)
		ASSERT_EQ(0x77, p[16 * PAGE + i]);
	{
		char *whole = area(64 * PAGE);

		fill(whole, 64 * PAGE, 9);
		EXPECT_EQ(0, memcmp(whole, p, 16 * PAGE));
		EXPECT_EQ(0, memcmp(whole + 32 * PAGE, p + 32 * PAGE, 32 * PAGE));
	}
}

/* The child may outlive the parent's mapping, and go without touching. */
HMS_TEST(touch, fork_and_go)
{
	struct peer peer[3];
	char *p;

	NEED_SIMS(1);
	p = on_device(self, 64 * PAGE, 12, 0);
	ASSERT_NE(NULL, p);
	for (int i = 0; i < 3; i++) {
		pid_t pid = peer_fork(&peer[i]);

		ASSERT_GE(pid, 0);
		if (!pid) {
			hear(&peer[i]);
			if (i)
				EXPECT_PATTERN(p, 64 * PAGE, 12);
			_exit(0);
		}
	}
	ASSERT_EQ(0, munmap(p, 64 * PAGE));
	EXPECT_EQ(self->e.used[0] + 64 * (long long)PAGE, target_used(self->e.sim[0]));
	for (int i = 0; i < 3; i++) {
		tell(&peer[i]);
		EXPECT_EQ(0, peer_wait(&peer[i]));
	}
	EXPECT_TRUE(used_becomes(self->e.sim[0], self->e.used[0]));
}

/*
 * Another process reads and writes the memory: by ptrace(2), and by process_vm_readv(2) and its
 * twin.
 */
HMS_TEST(touch, from_another_process)
{
	static char bytes[16 * PAGE] __attribute__((aligned(8)));
	struct iovec local = { bytes, sizeof(bytes) }, remote;
	struct peer peer;
	int status;
	pid_t pid;
	char *p;

	NEED_SIMS(1);
	/* Mapped before the fork, so that both know the address; filled by the child. */
	p = area(32 * PAGE);
	ASSERT_NE(NULL, p);
	pid = peer_fork(&peer);
	ASSERT_GE(pid, 0);
	if (!pid) {
		int fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);

		fill(p, 32 * PAGE, 13);
		EXPECT_EQ(0, migrate(fd, p, 32 * PAGE, self->e.sim[0], NULL));
		EXPECT_EQ(32, pages_on(fd, p, 32 * PAGE, self->e.sim[0]));
		tell(&peer);
		EXPECT_EQ(0, hear(&peer));
		EXPECT_PATTERN(p, 16 * PAGE, 14);
		EXPECT_PATTERN_PART(p, 16 * PAGE, 4 * PAGE, 13);
		EXPECT_EQ(0x1122334455667788, *(long *)(p + 20 * PAGE));
		EXPECT_PATTERN_PART(p, 20 * PAGE + 8, 12 * PAGE - 8, 13);
		_exit(0);
	}
	ASSERT_EQ(0, hear(&peer));
	remote.iov_base = p;
	remote.iov_len = sizeof(bytes);
	ASSERT_EQ((ssize_t)sizeof(bytes), process_vm_readv(pid, &local, 1, &remote, 1, 0));
	EXPECT_PATTERN(bytes, sizeof(bytes), 13);
	fill(bytes, sizeof(bytes), 14);
	ASSERT_EQ((ssize_t)sizeof(bytes), process_vm_writev(pid, &local, 1, &remote, 1, 0));

	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, pid, NULL, NULL));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, pid, NULL, NULL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	{
		char *whole = area(32 * PAGE);
		long word;

		fill(whole, 32 * PAGE, 13);
		errno = 0;
		word = ptrace(PTRACE_PEEKDATA, pid, p + 20 * PAGE, NULL);
		EXPECT_EQ(0, errno);
		EXPECT_EQ(*(long *)(whole + 20 * PAGE), word);
	}
	EXPECT_EQ(0, ptrace(PTRACE_POKEDATA, pid, p + 20 * PAGE, (void *)0x1122334455667788));
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, pid, NULL, NULL));
	tell(&peer);
	EXPECT_EQ(0, peer_wait(&peer));
}

/* System calls read from and write to buffers that are on the device. */
HMS_TEST(touch, as_a_buffer)
{
	static char bytes[8 * PAGE] __attribute__((aligned(8)));
	int pipefd[2];
	char *p;

	NEED_PRIVATE(1);
	ASSERT_EQ(0, pipe(pipefd));
	p = on_device(self, 8 * PAGE, 15, 0);
	ASSERT_NE(NULL, p);
	ASSERT_EQ((ssize_t)sizeof(bytes), write(pipefd[1], p, sizeof(bytes)));
	ASSERT_EQ((ssize_t)sizeof(bytes), read(pipefd[0], bytes, sizeof(bytes)));
	EXPECT_PATTERN(bytes, sizeof(bytes), 15);

	ASSERT_EQ(0, migrate(self->e.fd, p, 8 * PAGE, self->e.sim[0], NULL));
	fill(bytes, sizeof(bytes), 16);
	ASSERT_EQ((ssize_t)sizeof(bytes), write(pipefd[1], bytes, sizeof(bytes)));
	ASSERT_EQ((ssize_t)sizeof(bytes), read(pipefd[0], p, sizeof(bytes)));
	EXPECT_PATTERN(p, sizeof(bytes), 16);

	/* Pinned by the kernel for a while: it comes home first. */
	{
		struct iovec iov = { p, 4 * PAGE };

		ASSERT_EQ(0, migrate(self->e.fd, p, 8 * PAGE, self->e.sim[0], NULL));
		ASSERT_EQ((ssize_t)iov.iov_len, vmsplice(pipefd[1], &iov, 1, 0));
		EXPECT_EQ(0, ON_DEVICE(p, 4 * PAGE));
		ASSERT_EQ((ssize_t)iov.iov_len, read(pipefd[0], bytes, iov.iov_len));
		EXPECT_PATTERN(bytes, iov.iov_len, 16);
	}
	EXPECT_PATTERN(p, sizeof(bytes), 16);
}

HMS_TEST(touch, mprotect)
{
	int status;
	pid_t pid;
	char *p;

	NEED_SIMS(1);
	p = on_device(self, 8 * PAGE, 17, 0);
	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, mprotect(p, 8 * PAGE, PROT_READ));
	EXPECT_EQ(8, ON_DEVICE(p, 8 * PAGE));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		*(volatile char *)(p + PAGE) = 1;
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	EXPECT_PATTERN(p, 8 * PAGE, 17);
	ASSERT_EQ(0, migrate(self->e.fd, p, 8 * PAGE, self->e.sim[0], NULL));
	ASSERT_EQ(0, mprotect(p, 8 * PAGE, PROT_NONE));
	ASSERT_EQ(0, mprotect(p, 8 * PAGE, PROT_READ | PROT_WRITE));
	fill(p, 4 * PAGE, 17);
	EXPECT_PATTERN(p, 8 * PAGE, 17);
}

HMS_TEST(touch, munmap)
{
	char *p, *copy = area(64 * PAGE);

	NEED_SIMS(1);
	p = on_device(self, 64 * PAGE, 18, 0);
	ASSERT_NE(NULL, p);
	EXPECT_EQ(self->e.used[0] + 64 * (long long)PAGE, target_used(self->e.sim[0]));
	ASSERT_EQ(0, munmap(p + 10 * PAGE, 10 * PAGE));
	EXPECT_EQ(self->e.used[0] + 54 * (long long)PAGE, target_used(self->e.sim[0]));
	ASSERT_NE(NULL, copy);
	/* As the device sees it: this goes from there. */
	ASSERT_EQ(0, sim_read(self->e.sim_fd[0], p + 20 * PAGE, copy + 20 * PAGE, 44 * PAGE));
	EXPECT_PATTERN_PART(copy, 20 * PAGE, 44 * PAGE, 18);
	EXPECT_PATTERN(p, 10 * PAGE, 18);
	ASSERT_EQ(0, munmap(p, 64 * PAGE));
	EXPECT_EQ(self->e.used[0], target_used(self->e.sim[0]));
}

HMS_TEST(touch, madvise)
{
	char *p;

	NEED_SIMS(1);
	p = on_device(self, 64 * PAGE, 19, 0);
	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, madvise(p + 32 * PAGE, 32 * PAGE, MADV_DONTNEED));
	EXPECT_EQ(self->e.used[0] + 32 * (long long)PAGE, target_used(self->e.sim[0]));
	EXPECT_EQ(32, ON_DEVICE(p, 64 * PAGE));
	EXPECT_ZERO(p + 32 * PAGE, 32 * PAGE);
	/* Hints change nothing that can be read, whether they are taken or not. */
	madvise(p, 32 * PAGE, MADV_COLD);
	madvise(p, 32 * PAGE, MADV_PAGEOUT);
	madvise(p, 32 * PAGE, MADV_WILLNEED);
	madvise(p, 32 * PAGE, MADV_MERGEABLE);
	madvise(p, 32 * PAGE, MADV_UNMERGEABLE);
	EXPECT_PATTERN(p, 32 * PAGE, 19);
}

/* Huge pages are made of device pages without losing any. */
HMS_TEST(touch, collapse)
{
	struct request r;
	char *p;

	NEED_SIMS(1);
	p = area_huge(MiB(2));
	ASSERT_NE(NULL, p);
	fill(p, MiB(2), 20);
	ASSERT_EQ(0, migrate(self->e.fd, p, MiB(2), self->e.sim[0], &r));
	ASSERT_EQ(512, r.h.moved);
	/* some at home, some not */
	ASSERT_EQ(0, migrate(self->e.fd, p, 100 * PAGE, self->e.node[0], NULL));
	madvise(p, MiB(2), MADV_COLLAPSE);
	EXPECT_PATTERN(p, MiB(2), 20);
}

/* The bytes go with mremap(2), and stay where they are. */
HMS_TEST(touch, mremap)
{
	char *p, *q, *to;

	NEED_SIMS(1);
	p = on_device(self, 32 * PAGE, 21, 0);
	ASSERT_NE(NULL, p);
	to = area(64 * PAGE);
	ASSERT_NE(NULL, to);
	q = mremap(p, 32 * PAGE, 32 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + 16 * PAGE);
	ASSERT_EQ(to + 16 * PAGE, q);
	EXPECT_EQ(32, ON_DEVICE(q, 32 * PAGE));
	EXPECT_EQ(self->e.used[0] + 32 * (long long)PAGE, target_used(self->e.sim[0]));
	q = mremap(q, 32 * PAGE, 20 * PAGE, 0);		/* shrink */
	ASSERT_EQ(to + 16 * PAGE, q);
	EXPECT_EQ(self->e.used[0] + 20 * (long long)PAGE, target_used(self->e.sim[0]));
	EXPECT_PATTERN(q, 20 * PAGE, 21);
}

/*
 * A device that does not give a page back: SIGBUS for who touches it, and the page is still
 * whole.
 */
HMS_TEST(touch, copy_fails)
{
	const char *fail = "/sys/module/hms_sim/parameters/fail_copy";
	char *p;

	NEED_PRIVATE(1);
	p = on_device(self, 4 * PAGE, 44, 0);
	ASSERT_NE(NULL, p);
	for (int write = 0; write < 2; write++) {
		int status;
		pid_t pid;

		ASSERT_EQ(0, text_write(fail, "1"));
		pid = fork();
		ASSERT_GE(pid, 0);
		if (!pid) {
			signal(SIGBUS, SIG_DFL);
			if (write)
				*(volatile char *)p = 1;
			else
				(void)*(volatile char *)p;
			_exit(0);
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
		EXPECT_EQ(0, number_read(fail));
	}
	EXPECT_EQ(4, ON_DEVICE(p, 4 * PAGE));
	EXPECT_PATTERN(p, 4 * PAGE, 44);
}

/* How a process ends makes no difference: the device gets all of its pages back. */
HMS_TEST(touch, ends)
{
	NEED_SIMS(1);
	for (int how = 0; how < 5; how++) {
		struct peer peer;
		pid_t pid = peer_fork(&peer);

		ASSERT_GE(pid, 0);
		if (!pid) {
			struct env e;
			char *p;

			ASSERT_STREQ("", env_open(&e));
			p = area(128 * PAGE);
			fill(p, 128 * PAGE, 22);
			EXPECT_EQ(0, migrate(e.fd, p, 128 * PAGE, e.sim[0], NULL));
			EXPECT_EQ(0, policy_set(e.fd, p, 128 * PAGE, HMS_MODE_BIND, 1, e.sim));
			if (how == 4)
				close(e.fd);
			tell(&peer);
			if (how == 0)
				_exit(0);
			if (how == 1)
				raise(SIGKILL);
			if (how == 2) {
				execl("/proc/self/exe", "touch", "--nothing", NULL);
				_exit(1);
			}
			hear(&peer);
			_exit(0);
		}
		ASSERT_EQ(0, hear(&peer));
		if (how >= 3) {
			EXPECT_EQ(self->e.used[0] + 128 * (long long)PAGE,
				  target_used(self->e.sim[0]));
			peer_kill(&peer);
		} else {
			int status = peer_wait(&peer);

			EXPECT_EQ(how == 1 ? SIGKILL : 0, status);
		}
		EXPECT_TRUE(used_becomes(self->e.sim[0], self->e.used[0]));
	}
}

/* /proc and mincore(2) may look at device pages as they like. */
HMS_TEST(touch, looked_at)
{
	static const char * const files[] = {
		"/proc/self/smaps", "/proc/self/numa_maps", "/proc/self/pagemap",
	};
	static char text[65536];
	unsigned char vec[32];
	char *p;

	NEED_SIMS(1);
	p = on_device(self, 32 * PAGE, 23, 0);
	ASSERT_NE(NULL, p);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		int fd = open(files[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			continue;
		if (i == 2)
			lseek(fd, (uintptr_t)p / PAGE * 8, SEEK_SET);
		EXPECT_GT(read(fd, text, i == 2 ? 32 * 8 : sizeof(text)), 0);
		close(fd);
	}
	EXPECT_EQ(0, mincore(p, 32 * PAGE, vec));
	EXPECT_EQ(32, ON_DEVICE(p, 32 * PAGE));
	EXPECT_PATTERN(p, 32 * PAGE, 23);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--nothing"))
		return 0;
	return test_harness_run(argc, argv);
}
