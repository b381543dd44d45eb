// SPDX-License-Identifier: GPL-2.0
/* hmsctl run: a command with its memory on nodes, or on devices by the library that it preloads. */

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "command.h"
#include "filter.h"
#include "hms_fixture.h"

#define SELF	"/proc/self/exe"
#define COPY	"/tmp/run-copy"
#define STATIC	"/tmp/run-static"

HMS_FIXTURE(run)

static const char *number_text(unsigned int n)
{
	static char text[4][16];
	static int next;
	char *t = text[next++ % 4];

	snprintf(t, sizeof(text[0]), "%u", n);
	return t;
}

/* What the command does: exit status 0, or the line that says what is wrong. */
#define CHECK(what)	do { if (!(what)) return __LINE__ % 120 + 3; } while (0)

/* All memory that it touches comes from one node. */
static int touch(int nid)
{
	char *small = malloc(100), *large = malloc(MiB(1)), *mapped = area(MiB(1));

	CHECK(small && large && mapped);
	memset(small, 1, 100);
	memset(large, 1, MiB(1));
	memset(mapped, 1, MiB(1));
	CHECK(page_node(small) == nid);
	CHECK(page_node(large) == nid);
	CHECK(page_node(mapped + PAGE) == nid);
	return 0;
}

static void *churn(void *data)
{
	__u64 random = (uintptr_t)data;
	char *p[8] = { NULL };
	size_t size[8] = { 0 };

	for (int i = 0; i < 60; i++) {
		int n = random_next(&random) % 8;

		if (p[n] && verify(p[n], size[n], n) >= 0)
			return data;
		size[n] = 8 + random_next(&random) % (512 * 1024) / 8 * 8;
		p[n] = realloc(p[n], size[n]);
		if (!p[n])
			return data;
		fill(p[n], size[n], n);
	}
	for (int n = 0; n < 8; n++)
		free(p[n]);
	return NULL;
}

/* Large allocations are on the target, come home whole, and go back when they are freed. */
/* What is allocated, and all else. */
static int has_priority(unsigned int priority)
{
	int fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
	char *p = malloc(MiB(1));
	struct policy policy;

	CHECK(fd >= 0 && p);
	CHECK(policies_read(fd, HMS_QUERY_WHOLE, NULL, 0, &policy, 1) == 1);
	CHECK(policy.priority == priority);
	CHECK(policies_read(fd, HMS_QUERY_POLICY, p, MiB(1), &policy, 1) == 1);
	CHECK(policy.priority == priority);
	return 0;
}

static int allocate(__u32 uid)
{
	int fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
	/* The compiler is not to know. */
	volatile size_t huge = SIZE_MAX;
	uintptr_t was;
	char *p, *q;
	void *bad;
	pthread_t thread[4];
	struct policy whole;
	struct peer child;

	CHECK(fd >= 0);
	/* What the library does not allocate. */
	CHECK(policies_read(fd, HMS_QUERY_WHOLE, NULL, 0, &whole, 1) == 1);
	CHECK(whole.n == 1 && whole.uid[0] == uid);
	p = malloc(MiB(1));
	CHECK(p && pages_on(fd, p, MiB(1), uid) == MiB(1) / PAGE);
	CHECK(verify_zero(p, MiB(1)) == -1);
	fill(p, MiB(1), 1);
	CHECK(verify(p, MiB(1), 1) == -1);
	CHECK(malloc_usable_size(p) == MiB(1));
	/* It grows, shrinks, becomes glibc's and a region again. */
	p = realloc(p, MiB(2));
	CHECK(p && pages_on(fd, p + MiB(1), MiB(1), uid) == MiB(1) / PAGE);
	CHECK(verify(p, MiB(1), 1) == -1);
	was = (uintptr_t)p;
	p = realloc(p, MiB(2) - 1);
	CHECK((uintptr_t)p == was);
	p = realloc(p, PAGE);
	CHECK(p && verify(p, PAGE, 1) == -1 && malloc_usable_size(p) < 2 * PAGE);
	p = reallocarray(p, 512, 1024);
	CHECK(p && verify(p, PAGE, 1) == -1 && malloc_usable_size(p) == 512 * 1024);
	CHECK(!realloc(p, 0));
	q = calloc(1024, 1024);
	CHECK(q && pages_on(fd, q, MiB(1), uid) == MiB(1) / PAGE);
	CHECK(verify_zero(q, MiB(1)) == -1);
	free(q);
	CHECK(!posix_memalign((void **)&q, MiB(2), MiB(1)) && !((uintptr_t)q % MiB(2)));
	CHECK(pages_on(fd, q, MiB(1), uid) == MiB(1) / PAGE);
	free(q);
	q = aligned_alloc(64, 256 * 1024);
	CHECK(q && pages_on(fd, q, 256 * 1024, uid) == 64);
	free(q);
	q = valloc(256 * 1024);
	p = pvalloc(256 * 1024 - 1);
	CHECK(p && q && malloc_usable_size(p) == 256 * 1024);
	free(q);
	free(p);
	/* As glibc says it. */
	CHECK(posix_memalign(&bad, 3, MiB(1)) == EINVAL);
	CHECK(!calloc(huge / 2, 3) && errno == ENOMEM);
	CHECK(!reallocarray(NULL, huge / 2, 3) && errno == ENOMEM);
	CHECK(!malloc(huge - MiB(1)) && errno == ENOMEM);
	q = memalign(48, MiB(1));
	CHECK(q && !((uintptr_t)q % 64));
	free(q);
	q = memalign(0, MiB(1));
	CHECK(q);
	free(q);
	CHECK(!pvalloc(huge) && errno == ENOMEM);
	for (long i = 0; i < 4; i++)
		CHECK(!pthread_create(&thread[i], NULL, churn, (void *)(i + 1)));
	/* In a child as well, while threads allocate. */
	if (!peer_fork(&child)) {
		fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
		p = malloc(MiB(1));
		_exit(!(p && pages_on(fd, p, MiB(1), uid) == MiB(1) / PAGE));
	}
	CHECK(!peer_wait(&child));
	for (int i = 0; i < 4; i++) {
		CHECK(!pthread_join(thread[i], &bad));
		CHECK(!bad);
	}
	return 0;
}

/* More than the device has: only mode bind fails. */
static int too_much(bool bind)
{
	void *p = malloc(MiB(80));

	CHECK(!p == bind && (p || errno == ENOMEM));
	p = malloc(MiB(1));
	CHECK(p);
	return 0;
}

static int copy_self(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
	int from = open(SELF, O_RDONLY | O_CLOEXEC), to, ret = -1;
	struct stat st;

	unlink(path);
	to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	if (!fstat(from, &st) && sendfile(to, from, NULL, st.st_size) == st.st_size &&
	    !fchown(to, uid, gid) && !fchmod(to, mode))
		ret = 0;
	close(from);
	close(to);
	return ret;
}

/* This program, as if it asked for no dynamic linker. It is never run. */
static int make_static(void)
{
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr;
	int fd, ret = -1;

	if (copy_self(STATIC, 0755, 0, 0))
		return -1;
	fd = open(STATIC, O_RDWR | O_CLOEXEC);
	if (pread(fd, &ehdr, sizeof(ehdr), 0) != sizeof(ehdr))
		goto close;
	for (int i = 0; i < ehdr.e_phnum; i++) {
		off_t at = ehdr.e_phoff + i * sizeof(phdr);

		if (pread(fd, &phdr, sizeof(phdr), at) != sizeof(phdr))
			goto close;
		if (phdr.p_type != PT_INTERP)
			continue;
		phdr.p_type = PT_NULL;
		if (pwrite(fd, &phdr, sizeof(phdr), at) == sizeof(phdr))
			ret = 0;
	}
close:
	close(fd);
	return ret;
}

static int script(const char *text)
{
	unlink(COPY);
	close(open(COPY, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755));
	return text_write(COPY, text);
}

HMS_TEST(run, nodes)
{
	static const char *const modes[] = { "bind", "preferred" };

	NEED_NODES(2);
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(0, hmsctl("run", "--target", number_text(self->e.node[i / 2]), "--mode",
				    modes[i % 2], "--", "/test/run", "--touch",
				    number_text(i / 2))) {
			TH_LOG("%s %s", modes[i % 2], command_output);
		}
	}
	EXPECT_EQ(0, hmsctl("run", "-t", "node0,node1", "-m", "interleave", "/test/run", "--exit",
			    "0"));
	/* No device, no library: any program. */
	EXPECT_EQ(0, hmsctl("run", "-t", "node1", "--", "/bin/hmsctl", "run", "--help"));
	EXPECT_SAYS("usage: hmsctl run");
	EXPECT_EQ(0, hmsctl("run", "-t", "node1", "/bin/hmsctl", "list", "-h"));
	EXPECT_SAYS("usage: hmsctl list");
	EXPECT_EQ(2, hmsctl("run", "-t", "node1", "-p", "1", "/test/run", "--exit", "0"));
	EXPECT_SAYS("nothing leaves a node");
	ASSERT_EQ(0, filter_syscall(SYS_set_mempolicy, EPERM));
	EXPECT_EQ(1, hmsctl("run", "-t", "node1", "/test/run", "--exit", "0"));
	EXPECT_SAYS("may not set a mempolicy");
	ASSERT_EQ(0, filter_syscall(SYS_set_mempolicy, EINVAL));
	EXPECT_EQ(1, hmsctl("run", "-t", "node1", "/test/run", "--exit", "0"));
	EXPECT_SAYS("cpuset");
	ASSERT_EQ(0, filter_syscall(SYS_set_mempolicy, ENOSYS));
	EXPECT_EQ(1, hmsctl("run", "-t", "node1", "/test/run", "--exit", "0"));
	EXPECT_SAYS("no mempolicy");
}

HMS_TEST(run, exit_status)
{
	const char *target;

	NEED_SIMS(1);
	target = number_text(self->e.sim[0]);
	EXPECT_EQ(42, hmsctl("run", "-t", target, "/test/run", "--exit", "42"));
	EXPECT_EQ(127, hmsctl("run", "-t", target, "/no/such/command"));
	EXPECT_SAYS("/no/such/command: No such file");
	EXPECT_EQ(127, hmsctl("run", "-t", target, "no-such-command"));
	EXPECT_EQ(126, hmsctl("run", "-t", target, "/test"));
	EXPECT_EQ(2, hmsctl("run", "/test/run", "--exit", "0"));
	EXPECT_EQ(2, hmsctl("run", "-t", target));
	EXPECT_EQ(2, hmsctl("run", "-t", target, "-m", "weighted", "/test/run", "--exit", "0"));
	EXPECT_EQ(2, hmsctl("run", "-t", target, "-m", "fast", "/test/run", "--exit", "0"));
	EXPECT_EQ(1, hmsctl("run", "-t", "4000000000", "/test/run", "--exit", "0"));
	EXPECT_SAYS("no target 4000000000");
	EXPECT_EQ(1, hmsctl("run", "-t", "no-such-target", "/test/run", "--exit", "0"));
}

HMS_TEST(run, devices)
{
	const char *target;

	NEED_PRIVATE(1);
	target = number_text(self->e.sim[0]);
	EXPECT_EQ(0, hmsctl("run", "-t", target, "/test/run", "--allocate", target)) {
		TH_LOG("%s", command_output);
	}
	EXPECT_EQ(0, hmsctl("run", "-t", target, "-m", "bind", "--", "/test/run", "--allocate",
			    target));
	EXPECT_EQ(0, hmsctl("run", "-t", target, "/test/run", "--priority", "3"));
	EXPECT_EQ(0, hmsctl("run", "-t", target, "-p", "1", "/test/run", "--priority", "1")) {
		TH_LOG("%s", command_output);
	}
	EXPECT_EQ(0, hmsctl("run", "-t", target, "/test/run", "--too-much", "0"));
	EXPECT_EQ(0, hmsctl("run", "-t", target, "-m", "bind", "/test/run", "--too-much", "1"));
}

HMS_TEST(run, a_library_that_is_there_stays)
{
	NEED_SIMS(1);
	setenv("LD_PRELOAD", "libc.so.6", 1);
	EXPECT_EQ(0, hmsctl("run", "-t", number_text(self->e.sim[0]), "/test/run", "--preload"));
	EXPECT_STREQ("/bin/libhms-preload.so:libc.so.6\n", command_output);
}

/* The other library allocates before the allocator is locked and after that, as with glibc's. */
static int fork_with_handlers(void)
{
	const int *calls = dlsym(RTLD_DEFAULT, "atfork_calls");
	pid_t pid;
	int status;

	CHECK(calls);
	pid = fork();
	if (!pid)
		_exit(*calls != 2);
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && !status);
	CHECK(*calls == 2);
	return 0;
}

HMS_TEST(run, handlers_of_fork)
{
	NEED_PRIVATE(1);
	setenv("LD_PRELOAD", "/test/atfork.so", 1);
	EXPECT_EQ(0, hmsctl("run", "-t", number_text(self->e.sim[0]), "/test/run", "--fork")) {
		TH_LOG("%s", command_output);
	}
}

HMS_TEST(run, programs_that_take_no_library)
{
	const char *target;

	NEED_SIMS(1);
	target = number_text(self->e.sim[0]);
	ASSERT_EQ(0, make_static());
	EXPECT_EQ(1, hmsctl("run", "-t", target, STATIC));
	EXPECT_SAYS(STATIC " can't have memory on devices: it is linked statically");
	EXPECT_EQ(1, hmsctl("run", "-t", target, "/test/caller32"));
	EXPECT_SAYS("its word size is not that of hmsctl");
	ASSERT_EQ(0, copy_self(COPY, 04755, 1, 0));
	EXPECT_EQ(1, hmsctl("run", "-t", target, COPY, "--exit", "0"));
	EXPECT_SAYS("it is setuid");
	ASSERT_EQ(0, copy_self(COPY, 02755, 0, 1));
	EXPECT_EQ(1, hmsctl("run", "-t", target, COPY, "--exit", "0"));
	EXPECT_SAYS("it is setgid");
	/* One's own rights are no more. */
	ASSERT_EQ(0, copy_self(COPY, 06755, 0, 0));
	EXPECT_EQ(7, hmsctl("run", "-t", target, COPY, "--exit", "7"));
	ASSERT_EQ(0, copy_self(COPY, 0644, 0, 0));
	EXPECT_EQ(126, hmsctl("run", "-t", target, COPY, "--exit", "0"));
	/* Of scripts, what runs them counts. */
	ASSERT_EQ(0, script("#! /test/run --script\n"));
	EXPECT_EQ(0, hmsctl("run", "-t", target, COPY));
	ASSERT_EQ(0, script("#!" STATIC "\n"));
	EXPECT_EQ(1, hmsctl("run", "-t", target, COPY));
	EXPECT_SAYS("it is linked statically");
	ASSERT_EQ(0, script("#!/no/such/interpreter\n"));
	EXPECT_EQ(1, hmsctl("run", "-t", target, COPY));
	EXPECT_SAYS("its interpreter can't be read");
	ASSERT_EQ(0, script("#!" COPY "\n"));
	EXPECT_EQ(1, hmsctl("run", "-t", target, COPY));
	EXPECT_SAYS("a script of a script");
	ASSERT_EQ(0, script("neither\n"));
	EXPECT_EQ(1, hmsctl("run", "-t", target, COPY));
	EXPECT_SAYS("neither an ELF file nor a script");
	unlink(COPY);
	unlink(STATIC);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "--script"))
		return 0;
	if (!strcmp(what, "--fork"))
		return fork_with_handlers();
	if (!strcmp(what, "--preload"))
		return puts(getenv("LD_PRELOAD")) < 0;
	if (argc == 3 && !strcmp(what, "--exit"))
		return atoi(argv[2]);
	if (argc == 3 && !strcmp(what, "--touch"))
		return touch(atoi(argv[2]));
	if (argc == 3 && !strcmp(what, "--allocate"))
		return allocate(strtoul(argv[2], NULL, 10));
	if (argc == 3 && !strcmp(what, "--priority"))
		return has_priority(atoi(argv[2]));
	if (argc == 3 && !strcmp(what, "--too-much"))
		return too_much(atoi(argv[2]));
	return test_harness_run(argc, argv);
}
