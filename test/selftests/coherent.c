// SPDX-License-Identifier: GPL-2.0
/*
 * Coherent device memory: the CPU loads from it and stores to it where it is. The memory is that of
 * a PCI device, which init found; the accelerators are loaded and unloaded here.
 */

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "hms_fixture.h"
#include "module.h"

#define NPAGES	700
#define MIB_A_SIM 16

FIXTURE(coherent)
{
	struct env e;
	char *p;
	bool loaded;
};

static int load(const char *range)
{
	char parameters[128];

	snprintf(parameters, sizeof(parameters), "count=2 size_mb=%d range=%s", MIB_A_SIM, range);
	return module_load(SIM_MODULE, parameters);
}

FIXTURE_SETUP(coherent)
{
	if (!getenv("HMS_BAR"))
		SKIP(return, "no PCI device has memory for it");
	if (*feature_missing("device-coherent"))
		SKIP(return, "%s", feature_missing("device-coherent"));
	ASSERT_EQ(0, load(getenv("HMS_BAR")));
	self->loaded = true;
	ASSERT_STREQ("", env_open(&self->e));
	ASSERT_EQ(2, self->e.nsims);
	self->p = area(NPAGES * PAGE);
	ASSERT_NE(NULL, self->p);
	fill(self->p, NPAGES * PAGE, 1);
}

/* The test's process is gone, and its pages with it. */
FIXTURE_TEARDOWN_PARENT(coherent)
{
	for (int i = 0; i < self->e.nsims; i++) {
		EXPECT_TRUE(used_becomes(self->e.sim[i], 0));
		EXPECT_EQ(0, text_write(target_file(self->e.sim[i], "offline"), "1"));
		close(self->e.sim_fd[i]);
	}
	if (self->loaded)
		EXPECT_EQ(0, module_unload_wait("hms_sim"));
}

HMS_TEST(coherent, what_it_is)
{
	struct object *o;
	int n = map_read(&o), found = 0;

	for (int i = 0; i < n; i++) {
		if (o[i].uid != self->e.sim[0])
			continue;
		found++;
		EXPECT_STREQ("device-coherent", o[i].kind);
		EXPECT_STREQ("target", o[i].type);
	}
	free(o);
	EXPECT_EQ(1, found);
	EXPECT_EQ(MiB(MIB_A_SIM), target_capacity(self->e.sim[0]));
}

/* It is ordinary memory to a program: version 1 may name it. */
HMS_TEST(coherent, version_1)
{
	struct request r;

	request_init(&r, self->p, NPAGES * PAGE)->h.version = HMS_VERSION_ORDINARY;
	request_target(&r, self->e.sim[0]);
	request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(NPAGES, r.h.moved);
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* The CPU's first touch puts a page on the device; a policy also brings its pages to others. */
HMS_TEST(coherent, first_touch)
{
	__u32 uids[2] = { self->e.sim[0], self->e.node[0] };
	struct request r;
	char *p;

	if (*feature_missing("lazy"))
		SKIP(return, "%s", feature_missing("lazy"));
	p = area(NPAGES * PAGE);
	ASSERT_NE(NULL, p);
	request_init(&r, p, NPAGES * PAGE);
	request_target(&r, uids[0]);
	request_target(&r, uids[1]);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_BIND);
	request_modifier(&r, HMS_MOD_LAZY, 1);
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	EXPECT_EQ(NPAGES, r.h.lazy);
	EXPECT_COUNTS(&r);
	EXPECT_ZERO(p, 100 * PAGE);
	EXPECT_EQ(100, pages_on(self->e.fd, p, 100 * PAGE, self->e.sim[0]));
	fill(p + 200 * PAGE, 100 * PAGE, 4);
	EXPECT_EQ(100, pages_on(self->e.fd, p + 200 * PAGE, 100 * PAGE, self->e.sim[0]));
	/* Locked memory is never on a device. */
	ASSERT_EQ(0, mlock(p + 400 * PAGE, 100 * PAGE));
	EXPECT_EQ(100, pages_on(self->e.fd, p + 400 * PAGE, 100 * PAGE, self->e.node[0]));
	ASSERT_EQ(0, munlock(p + 400 * PAGE, 100 * PAGE));
	/* While it takes nothing the next target does. */
	ASSERT_EQ(0, text_write(target_file(self->e.sim[0], "offline"), "1"));
	EXPECT_ZERO(p + 500 * PAGE, 100 * PAGE);
	EXPECT_EQ(100, pages_on(self->e.fd, p + 500 * PAGE, 100 * PAGE, self->e.node[0]));
	EXPECT_PATTERN(p + 200 * PAGE, 100 * PAGE, 4);
	ASSERT_EQ(0, text_write(target_file(self->e.sim[0], "offline"), "0"));
	EXPECT_ZERO(p, 100 * PAGE);
	EXPECT_ZERO(p + 400 * PAGE, 200 * PAGE);
}

/* The CPU and the device work on one memory, and nothing moves for it. */
HMS_TEST(coherent, in_place)
{
	static char bytes[NPAGES * PAGE] __attribute__((aligned(8)));
	struct request r;

	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0], &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(NPAGES, r.h.moved);
	EXPECT_EQ(NPAGES * PAGE, target_used(self->e.sim[0]));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
	fill(self->p, NPAGES * PAGE, 2);
	ASSERT_EQ(0, sim_read(self->e.sim_fd[0], self->p, bytes, sizeof(bytes)));
	EXPECT_PATTERN(bytes, sizeof(bytes), 2);
	fill(bytes, sizeof(bytes), 3);
	ASSERT_EQ(0, sim_write(self->e.sim_fd[0], self->p, bytes, sizeof(bytes)));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 3);
	EXPECT_EQ(NPAGES, pages_on(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0]));
	/* The other one reaches it as well. */
	ASSERT_EQ(0, sim_read(self->e.sim_fd[1], self->p, bytes, sizeof(bytes)));
	EXPECT_PATTERN(bytes, sizeof(bytes), 3);
	EXPECT_EQ(NPAGES, pages_on(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0]));
}

HMS_TEST(coherent, everywhere_and_back)
{
	const __u32 to[] = { self->e.sim[0], self->e.sim[1], self->e.node[self->e.nnodes - 1],
			     self->e.sim[1], self->e.node[0] };
	struct request r;

	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.node[0], NULL));
	for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
		ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, to[i], &r));
		EXPECT_COUNTS(&r);
		EXPECT_STREQ("", skips_text(&r.h));
		EXPECT_EQ(NPAGES, pages_on(self->e.fd, self->p, NPAGES * PAGE, to[i]));
		EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
		fill(self->p, NPAGES * PAGE, 1);
	}
}

HMS_TEST(coherent, holes_and_room)
{
	const size_t room = MiB(MIB_A_SIM);
	char *p = area(room + MiB(1));
	struct request r;

	ASSERT_EQ(0, populate(self->e.fd, p, room + MiB(1), self->e.sim[1], &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(room / PAGE, r.h.populated);
	EXPECT_EQ(MiB(1) / PAGE, r.h.skipped[HMS_SKIP_NOMEM]);
	EXPECT_ZERO(p, room + MiB(1));
	EXPECT_EQ((long)(room / PAGE), pages_on(self->e.fd, p, room + MiB(1), self->e.sim[1]));
}

/* munlock would leave such pages accounted for good. */
HMS_TEST(coherent, mlocked_stays)
{
	struct request r;

	ASSERT_EQ(0, mlock(self->p, 16 * PAGE));
	ASSERT_EQ(0, migrate(self->e.fd, self->p, 16 * PAGE, self->e.sim[0], &r));
	EXPECT_EQ(16, r.h.skipped[HMS_SKIP_SPECIAL]);
	EXPECT_EQ(0, pages_on(self->e.fd, self->p, 16 * PAGE, self->e.sim[0]));
}

HMS_TEST(coherent, copy_on_write)
{
	struct peer peer;
	pid_t pid;

	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0], NULL));
	pid = peer_fork(&peer);
	ASSERT_GE(pid, 0);
	if (!pid) {
		EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
		fill(self->p, NPAGES * PAGE, 2);
		tell(&peer);
		EXPECT_EQ(0, hear(&peer));
		EXPECT_PATTERN(self->p, NPAGES * PAGE, 2);
		_exit(0);
	}
	ASSERT_EQ(0, hear(&peer));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
	fill(self->p, NPAGES * PAGE, 3);
	tell(&peer);
	EXPECT_EQ(0, peer_wait(&peer));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 3);
}

/* What the CPU has pinned keeps the device; let go, it comes home and the module may leave. */
HMS_TEST(coherent, offline)
{
	const char *path = target_file(self->e.sim[0], "offline");
	struct iovec pinned = { .iov_base = self->p, .iov_len = 4 * PAGE };
	char bytes[4 * PAGE];
	struct hms_process_stats before, stats;
	long long evacuated;
	struct request r;
	int pipefd[2];

	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0], NULL));
	ASSERT_EQ(0, pipe(pipefd));
	ASSERT_EQ((ssize_t)sizeof(bytes), vmsplice(pipefd[1], &pinned, 1, 0));
	EXPECT_EQ(-EBUSY, text_write(path, "1"));
	EXPECT_EQ(0, number_read(path));
	EXPECT_GE(target_used(self->e.sim[0]), 4 * PAGE);
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
	/* It is in use again. */
	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0], NULL));
	EXPECT_EQ(NPAGES, pages_on(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0]));

	ASSERT_EQ((ssize_t)sizeof(bytes), read(pipefd[0], bytes, sizeof(bytes)));
	EXPECT_EQ(0, memcmp(bytes, self->p, sizeof(bytes)));
	evacuated = target_stat(self->e.sim[0], "evacuated");
	ASSERT_EQ(0, stats_read(self->e.fd, &before));
	EXPECT_EQ(0, text_write(path, "1"));
	EXPECT_EQ(evacuated + NPAGES, target_stat(self->e.sim[0], "evacuated"));
	ASSERT_EQ(0, stats_read(self->e.fd, &stats));
	EXPECT_EQ(before.evacuated + NPAGES, stats.evacuated);
	EXPECT_EQ(0, stats.home);
	EXPECT_EQ(1, number_read(path));
	EXPECT_EQ(0, target_used(self->e.sim[0]));
	EXPECT_EQ(0, pages_on(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0]));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0], &r));
	EXPECT_EQ(NPAGES, r.h.skipped[HMS_SKIP_UNREACHABLE]);
	EXPECT_EQ(0, text_write(path, "1"));
	EXPECT_EQ(-EINVAL, text_write(path, "perhaps"));
	EXPECT_EQ(0, text_write(path, "0"));
	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0], &r));
	EXPECT_EQ(NPAGES, r.h.moved);
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* Where a policy goes on to what is offline, its pages stay, and those beside them leave still. */
HMS_TEST(coherent, next_is_offline)
{
	const char *path = target_file(self->e.sim[1], "offline");
	char *p = self->p, *young = area(10 * PAGE);
	struct request r;
	size_t length;

	ASSERT_NE(NULL, young);
	ASSERT_NE(NULL, fill_target(&self->e, 0, 20 * PAGE, &length));
	request_init(&r, p, 10 * PAGE);
	request_target(&r, self->e.sim[0]);
	request_target(&r, self->e.sim[1]);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_BIND);
	request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	ASSERT_EQ(0, migrate(self->e.fd, p + 10 * PAGE, 10 * PAGE, self->e.sim[0], &r));
	ASSERT_EQ(10, r.h.moved);
	ASSERT_EQ(20, pages_on(self->e.fd, p, 20 * PAGE, self->e.sim[0]));
	ASSERT_EQ(0, text_write(path, "1"));
	fill(young, 10 * PAGE, 2);
	ASSERT_EQ(0, migrate(self->e.fd, young, 10 * PAGE, self->e.sim[0], &r));
	EXPECT_EQ(10, r.h.moved);
	EXPECT_EQ(10, pages_on(self->e.fd, p, 10 * PAGE, self->e.sim[0]));
	EXPECT_EQ(0, pages_on(self->e.fd, p + 10 * PAGE, 10 * PAGE, self->e.sim[0]));
	EXPECT_EQ(0, text_write(path, "0"));
	EXPECT_PATTERN(p, NPAGES * PAGE, 1);
	EXPECT_PATTERN(young, 10 * PAGE, 2);
}

/* Who listens is told what came home: the range of it, and not what stays. */
HMS_TEST(coherent, offline_is_told)
{
	const char *path = target_file(self->e.sim[0], "offline");
	struct iovec pinned = { .iov_base = self->p + 550 * PAGE, .iov_len = 4 * PAGE };
	char bytes[4 * PAGE];
	struct hms_notice n;
	int pipefd[2];

	ASSERT_EQ(0, fcntl(self->e.fd, F_SETFL, O_NONBLOCK));
	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[1], NULL));
	ASSERT_EQ(0, migrate(self->e.fd, self->p + 10 * PAGE, 90 * PAGE, self->e.sim[0], NULL));
	ASSERT_EQ(0, migrate(self->e.fd, self->p + 500 * PAGE, 100 * PAGE, self->e.sim[0], NULL));
	ASSERT_EQ(0, pipe(pipefd));
	ASSERT_EQ((ssize_t)sizeof(bytes), vmsplice(pipefd[1], &pinned, 1, 0));
	EXPECT_EQ(-1, read(self->e.fd, &n, sizeof(n)));
	EXPECT_EQ(EAGAIN, errno);

	EXPECT_EQ(-EBUSY, text_write(path, "1"));
	ASSERT_EQ(sizeof(n), read(self->e.fd, &n, sizeof(n)));
	EXPECT_EQ(sizeof(n), n.size);
	EXPECT_EQ(HMS_NOTICE_EVACUATED, n.kind);
	EXPECT_EQ(self->e.sim[0], n.target);
	EXPECT_EQ(0, n.pid);
	EXPECT_NE(0, n.instance);
	EXPECT_NE(0, n.generation);
	EXPECT_EQ((uintptr_t)self->p + 10 * PAGE, n.start);
	EXPECT_EQ(590 * PAGE, n.length);
	EXPECT_EQ(186, n.pages);
	EXPECT_EQ(186, n.moved);
	EXPECT_EQ(0, n.populated + n.skipped + n.lost);
	EXPECT_EQ(-1, read(self->e.fd, &n, sizeof(n)));

	ASSERT_EQ((ssize_t)sizeof(bytes), read(pipefd[0], bytes, sizeof(bytes)));
	EXPECT_EQ(0, text_write(path, "1"));
	ASSERT_EQ(sizeof(n), read(self->e.fd, &n, sizeof(n)));
	EXPECT_EQ((uintptr_t)pinned.iov_base, n.start);
	EXPECT_EQ(4 * PAGE, n.length);
	EXPECT_EQ(4, n.moved);
	/* Nothing is there any more. */
	EXPECT_EQ(0, text_write(path, "0"));
	EXPECT_EQ(0, text_write(path, "1"));
	EXPECT_EQ(0, text_write(path, "0"));
	EXPECT_EQ(-1, read(self->e.fd, &n, sizeof(n)));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* What is pinned for long core takes off the device before, by itself; there it then stays. */
HMS_TEST(coherent, pinned_for_long)
{
	long pinned;
	struct request r;
	int fd;

	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0], &r));
	ASSERT_EQ(NPAGES, r.h.moved);
	fd = pin_for_long(self->p, 4 * PAGE);
	if (fd == -ENOSYS)
		SKIP(return, "the kernel has no CONFIG_IO_URING");
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, pages_on(self->e.fd, self->p, 4 * PAGE, self->e.sim[0]));
	EXPECT_EQ(NPAGES - 4, pages_on(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0]));
	EXPECT_TRUE(used_becomes(self->e.sim[0], (NPAGES - 4) * PAGE));
	pinned = 0;
	for (int node = 0; node < self->e.nnodes; node++)
		pinned += pages_on(self->e.fd, self->p, 4 * PAGE, self->e.node[node]);
	EXPECT_EQ(4, pinned);
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);

	/* They may not come back, nor do they hold the device. */
	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0], &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(4, r.h.skipped[HMS_SKIP_BUSY]);
	EXPECT_EQ(NPAGES - 4, r.h.present);
	EXPECT_EQ(0, text_write(target_file(self->e.sim[0], "offline"), "1"));
	EXPECT_EQ(0, text_write(target_file(self->e.sim[0], "offline"), "0"));
	ASSERT_EQ(0, pin_let_go(fd));
	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0], &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(NPAGES, r.h.moved);
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* Its process unmaps it, a pipe keeps it: nobody is asked for it, until the pipe lets go. */
HMS_TEST(coherent, pinned_and_unmapped)
{
	const char *path = target_file(self->e.sim[0], "offline");
	struct iovec pinned = { .iov_base = self->p, .iov_len = 4 * PAGE };
	char bytes[4 * PAGE], kept[4 * PAGE];
	int pipefd[2];

	memcpy(kept, self->p, sizeof(kept));
	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0], NULL));
	ASSERT_EQ(0, pipe(pipefd));
	ASSERT_EQ((ssize_t)sizeof(bytes), vmsplice(pipefd[1], &pinned, 1, 0));
	ASSERT_EQ(0, munmap(self->p, NPAGES * PAGE));
	EXPECT_EQ(-EBUSY, text_write(path, "1"));
	EXPECT_EQ(4 * PAGE, target_used(self->e.sim[0]));
	ASSERT_EQ((ssize_t)sizeof(bytes), read(pipefd[0], bytes, sizeof(bytes)));
	EXPECT_EQ(0, memcmp(bytes, kept, sizeof(bytes)));
	EXPECT_EQ(0, text_write(path, "1"));
	EXPECT_EQ(0, target_used(self->e.sim[0]));
	EXPECT_EQ(0, text_write(path, "0"));
}

/* mlock() of what is there already, a move that fails, and munlock(): accounted as before. */
HMS_TEST(coherent, mlocked_later)
{
	struct iovec pinned = { .iov_base = self->p, .iov_len = 4 * PAGE };
	long long before = mlocked_kib();
	char bytes[4 * PAGE];
	struct request r;
	int pipefd[2];

	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0], NULL));
	ASSERT_EQ(0, mlock(self->p, 4 * PAGE));
	ASSERT_EQ(0, pipe(pipefd));
	ASSERT_EQ((ssize_t)sizeof(bytes), vmsplice(pipefd[1], &pinned, 1, 0));
	ASSERT_EQ(0, migrate(self->e.fd, self->p, 4 * PAGE, self->e.node[0], &r));
	EXPECT_EQ(4, r.h.skipped[HMS_SKIP_BUSY]);
	ASSERT_EQ(0, munlock(self->p, 4 * PAGE));
	ASSERT_EQ((ssize_t)sizeof(bytes), read(pipefd[0], bytes, sizeof(bytes)));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
	ASSERT_EQ(0, munmap(self->p, NPAGES * PAGE));
	EXPECT_TRUE(used_becomes(self->e.sim[0], 0));
	EXPECT_EQ(before, mlocked_kib());
}

/* Nothing can take the place of what is lost on a kernel without private memory. */
#define NEED_POISON()							\
	do {								\
		const char *missing = feature_missing("device-private");	\
									\
		if (*missing)						\
			SKIP(return, "%s", missing);			\
	} while (0)

/* CPUs no longer load from what has failed, and it is not had again; also when it was pinned. */
HMS_TEST(coherent, lost)
{
	struct iovec pinned = { .iov_base = self->p + 20 * PAGE, .iov_len = PAGE };
	long long lost = stat_read("lost"), touched = stat_read("lost_touched");
	char byte[PAGE];
	struct request r;
	__u64 failed;
	int pipefd[2], fd = self->e.sim_fd[0];

	NEED_POISON();
	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0], NULL));
	ASSERT_EQ(0, sim_op(fd, HMS_SIM_SUM, self->p, NPAGES * PAGE, NULL, 0, NULL));
	ASSERT_EQ(0, sim_fail(fd, self->p + 10 * PAGE, 5 * PAGE, &failed));
	EXPECT_EQ(5, failed);
	EXPECT_EQ(lost + 5, stat_read("lost"));
	EXPECT_TRUE(used_becomes(self->e.sim[0], (NPAGES - 5) * PAGE));
	for (size_t i = 0; i < 20; i++)
		EXPECT_EQ(i >= 10 && i < 15, is_lost(self->p + i * PAGE, i == 13));
	EXPECT_EQ(touched + 5, stat_read("lost_touched"));
	EXPECT_EQ(-EFAULT, sim_op(fd, HMS_SIM_SUM, self->p + 11 * PAGE, PAGE, NULL, 0, NULL));
	EXPECT_EQ(NPAGES - 5, pages_on(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0]));

	ASSERT_EQ(0, pipe(pipefd));
	ASSERT_EQ(PAGE, vmsplice(pipefd[1], &pinned, 1, 0));
	ASSERT_EQ(0, sim_op(fd, HMS_SIM_SUM, self->p + 20 * PAGE, PAGE, NULL, 0, NULL));
	EXPECT_EQ(-EBUSY, sim_fail(fd, self->p + 20 * PAGE, PAGE, &failed));
	ASSERT_EQ(PAGE, read(pipefd[0], byte, PAGE));
	/* The next that fails takes it along. */
	ASSERT_EQ(0, sim_op(fd, HMS_SIM_SUM, self->p + 30 * PAGE, PAGE, NULL, 0, NULL));
	ASSERT_EQ(0, sim_fail(fd, self->p + 30 * PAGE, PAGE, &failed));
	EXPECT_TRUE(is_lost(self->p + 20 * PAGE, false));
	EXPECT_TRUE(is_lost(self->p + 30 * PAGE, false));
	EXPECT_EQ(lost + 7, stat_read("lost"));

	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.node[0], &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(NPAGES - 7, r.h.moved);
	EXPECT_EQ(7, r.h.skipped[HMS_SKIP_COPY]);
	for (size_t i = 0; i < NPAGES; i++)
		if ((i < 10 || i >= 15) && i != 20 && i != 30)
			EXPECT_PATTERN_PART(self->p, i * PAGE, PAGE, 1);
	/* What has failed is out of use. */
	ASSERT_EQ(0, munmap(self->p, NPAGES * PAGE));
	self->p = area(MiB(MIB_A_SIM));
	ASSERT_NE(NULL, self->p);
	ASSERT_EQ(0, populate(self->e.fd, self->p, MiB(MIB_A_SIM), self->e.sim[0], &r));
	EXPECT_EQ(MiB(MIB_A_SIM) / PAGE - 7, r.h.populated);
	EXPECT_ZERO(self->p, MiB(MIB_A_SIM));
}

/* The machine finds a page bad: parent and child hear of it, and the device has it no more. */
HMS_TEST(coherent, bad_memory)
{
	char *bad = self->p + 100 * PAGE;
	struct peer child;

	NEED_POISON();
	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0], NULL));
	if (!peer_fork(&child)) {
		hear(&child);
		_exit(is_lost(bad, false) && !is_lost(bad + PAGE, false) ? 0 : 1);
	}
	if (madvise(bad, PAGE, MADV_HWPOISON) && errno == EINVAL)
		SKIP(peer_kill(&child); return, "the kernel has no CONFIG_MEMORY_FAILURE");
	tell(&child);
	EXPECT_EQ(0, peer_wait(&child));
	EXPECT_TRUE(is_lost(bad, true));
	EXPECT_FALSE(is_lost(bad - PAGE, true));
	EXPECT_EQ(NPAGES - 1, pages_on(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0]));
	ASSERT_EQ(0, madvise(bad, PAGE, MADV_DONTNEED));
	EXPECT_ZERO(bad, PAGE);
	EXPECT_PATTERN(self->p, 99 * PAGE, 1);
	/* But for the byte that was written. */
	EXPECT_PATTERN_PART(self->p, 99 * PAGE + 8, PAGE - 8, 1);
	EXPECT_PATTERN_PART(self->p, 101 * PAGE, (NPAGES - 101) * PAGE, 1);
}

/* All of it goes without notice, while its driver is still there. */
HMS_TEST(coherent, gone)
{
	struct request r;

	NEED_POISON();
	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0], NULL));
	ASSERT_EQ(0, text_write("/sys/module/hms_sim/parameters/gone", "0"));
	for (size_t i = 0; i < NPAGES; i++)
		ASSERT_TRUE(is_lost(self->p + i * PAGE, i % 2));
	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.node[0], &r));
	EXPECT_EQ(NPAGES, r.h.skipped[HMS_SKIP_COPY]);
}

/* Online it holds the driver; and what is no memory of its own is refused. */
HMS_TEST(coherent, unload_and_bad_ranges)
{
	const char *bar = getenv("HMS_BAR");
	char odd[32];

	for (int i = 0; i < 2; i++)
		close(self->e.sim_fd[i]);
	EXPECT_EQ(-EAGAIN, module_unload("hms_sim"));
	EXPECT_EQ(0, text_write(target_file(self->e.sim[0], "offline"), "1"));
	EXPECT_EQ(-EAGAIN, module_unload("hms_sim"));
	EXPECT_EQ(0, text_write(target_file(self->e.sim[1], "offline"), "1"));
	ASSERT_EQ(0, module_unload("hms_sim"));

	snprintf(odd, sizeof(odd), "0x%lx", strtoul(bar, NULL, 16) + PAGE);
	EXPECT_EQ(-EINVAL, load(odd));
	/* Main memory. */
	EXPECT_EQ(-EBUSY, load("0x1000000"));
	EXPECT_FALSE(module_is_loaded("hms_sim"));
	/* Nothing of that is left. */
	ASSERT_EQ(0, load(bar));
	for (int i = 0; i < 2; i++) {
		struct hms_sim_info info;
		int fd = sim_open(i);

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, sim_info(fd, &info));
		EXPECT_EQ(0, text_write(target_file(info.target, "offline"), "1"));
		close(fd);
	}
	ASSERT_EQ(0, module_unload_wait("hms_sim"));
	self->e.nsims = 0;
	self->loaded = false;
}

TEST_HARNESS_MAIN
