// SPDX-License-Identifier: GPL-2.0
/*
 * Pages and swap: what is swapped out comes in and moves; what is in the swap cache, or still being
 * written there, loses no byte. zram ends each write at once, and what comes from it may pass by
 * the swap cache; a slow disk does neither.
 */

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "hms_fixture.h"
#include "module.h"

#define NPAGES		64
#define LENGTH		(NPAGES * PAGE)
#define SWAP_SIZE	16777216
#define SLOW_NSEC	2000000000LL	/* for each write */

/* Of /proc/kpageflags. */
#define WRITEBACK	8
#define SWAPCACHE	13

FIXTURE(swap)
{
	struct env e;
	const char *disk;	/* swap is on it */
};

typedef FIXTURE_DATA(swap) swap_t;

FIXTURE_SETUP(swap)
{
	ASSERT_STREQ("", env_open(&self->e));
	/* What was new on another CPU may be in a batch of that one, unseen by reclaim. */
	ASSERT_EQ(0, run_on(0));
}

/* As it was, whatever the test has left, and without disks where they are modules. */
FIXTURE_TEARDOWN_PARENT(swap)
{
	EXPECT_USED_AS_BEFORE(&self->e);
	if (self->disk)
		EXPECT_EQ(0, swapoff(self->disk));
	text_write("/sys/block/zram0/reset", "1");
	module_unload("zram");
	module_unload("zsmalloc");
	if (module_is_loaded("null_blk"))
		EXPECT_EQ(0, module_unload_wait("null_blk"));
}

static const char *swap_on(swap_t *s, const char *disk)
{
	static char page[PAGE] __attribute__((aligned(8)));
	__u32 *header = (__u32 *)(page + 1024);	/* version, last page, bad pages */
	ssize_t n;
	int fd;

	fd = open(disk, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return "it is not in /dev";
	header[0] = 1;
	header[1] = SWAP_SIZE / PAGE - 1;
	memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
	n = write(fd, page, PAGE);
	close(fd);
	if (n != (ssize_t)PAGE)
		return "it can't be written";
	if (swapon(disk, 0))
		return "swapon failed";
	s->disk = disk;
	return "";
}

/* A disk in memory. */
static const char *zram_on(swap_t *s)
{
	if (access("/dev/zram0", F_OK) && module_probe("zram", ""))
		return "the kernel has no CONFIG_ZRAM";
	text_write("/sys/block/zram0/reset", "1");
	if (text_write("/sys/block/zram0/disksize", "16777216"))
		return "zram0 takes no size";
	return swap_on(s, "/dev/zram0");
}

/* One that takes so long for all that it is asked. */
static const char *slow_on(swap_t *s, long long nsec)
{
	char parameters[96];

	snprintf(parameters, sizeof(parameters),
		 "nr_devices=1 gb=1 memory_backed=1 irqmode=2 completion_nsec=%lld", nsec);
	if (module_is_loaded("null_blk") || module_probe("null_blk", parameters))
		return "the kernel has no CONFIG_BLK_DEV_NULL_BLK as a module";
	return swap_on(s, "/dev/nullb0");
}

#define NEED_DISK(without, on)							\
	do {									\
		const char *why_ = on;						\
										\
		if (*why_)							\
			SKIP(return, without ": %s", why_);			\
	} while (0)

static long long now_nsec(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* What /proc/self/pagemap says of a page. */
static __u64 page_entry(const void *p)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	__u64 entry = 0;

	if (pread(fd, &entry, 8, (uintptr_t)p / PAGE * 8) != 8)
		entry = 0;
	close(fd);
	return entry;
}

static bool is_swapped(const void *p)
{
	return page_entry(p) >> 62 & 1;
}

/* How many pages of a range are swapped out. */
static long swapped_out(const char *p, size_t length)
{
	long n = 0;

	for (size_t at = 0; at < length; at += PAGE)
		n += is_swapped(p + at);
	return n;
}

/* How many are there, and have a flag of /proc/kpageflags. */
static long flagged(const char *p, size_t length, int flag)
{
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	__u64 entry, flags;
	long n = 0;

	for (size_t at = 0; at < length; at += PAGE) {
		entry = page_entry(p + at);
		if (entry >> 63 && pread(fd, &flags, 8, (entry & ((1ULL << 55) - 1)) * 8) == 8)
			n += flags >> flag & 1;
	}
	close(fd);
	return n;
}

/* All of it, however often reclaim has to be asked: it leaves what somebody holds for a moment. */
static bool swap_out(char *p, size_t length)
{
	for (int i = 0; i < 100; i++) {
		if (madvise(p, length, MADV_PAGEOUT))
			return false;
		if (swapped_out(p, length) == (long)(length / PAGE))
			return true;
		usleep(1000);
	}
	return false;
}

/* To a device only newer kernels move what is in the swap cache: they take it out first. */
static bool core_frees_swap(void)
{
	return kernel_is_since(6, 5);
}

/* A node and, if there is one, a device. */
#define TARGETS									\
	{ self->e.node[self->e.nnodes - 1],					\
	  self->e.nsims ? self->e.sim[0] : self->e.node[0] }

/* What was on node 0 has moved to @uid, as a request says, and was copied for that. */
#define EXPECT_MOVED(r, p, length, uid)						\
	do {									\
		EXPECT_COUNTS(r);						\
		EXPECT_STREQ("", skips_text(&(r)->h));				\
		EXPECT_EQ((uid) == self->e.node[0] ? 0 : (length) / PAGE, (r)->h.moved); \
		EXPECT_EQ((r)->h.moved * PAGE, (r)->h.bytes_copied);		\
		EXPECT_EQ((long)((length) / PAGE), pages_on(self->e.fd, p, length, uid)); \
	} while (0)

/* What is swapped out is no hole, and comes in to be moved. */
HMS_TEST(swap, moves)
{
	const __u32 to[] = TARGETS;
	struct request r;

	NEED_DISK("no swap", zram_on(self));
	for (int k = 0; k < 4; k++) {
		char *p = area(LENGTH);

		ASSERT_NE(NULL, p);
		fill(p, LENGTH, 20 + k);
		ASSERT_TRUE(swap_out(p, LENGTH));
		EXPECT_EQ(0, (k < 2 ? migrate : populate)(self->e.fd, p, LENGTH, to[k % 2], &r));
		EXPECT_MOVED(&r, p, LENGTH, to[k % 2]);
		EXPECT_EQ(0, r.h.populated);
		EXPECT_PATTERN(p, LENGTH, 20 + k);
		EXPECT_EQ(0, munmap(p, LENGTH));
	}
}

/* Two pages only: bringing them back leaves the others where they have been moved. */
HMS_TEST(swap, moves_among_others)
{
	const __u32 to[] = TARGETS;
	struct request r;

	NEED_DISK("no swap", zram_on(self));
	for (int k = 0; k < 2; k++) {
		char *p = area(LENGTH);

		ASSERT_NE(NULL, p);
		fill(p, LENGTH, 29);
		ASSERT_TRUE(swap_out(p, PAGE));
		ASSERT_TRUE(swap_out(p + 9 * PAGE, PAGE));
		ASSERT_EQ(2, swapped_out(p, LENGTH));
		EXPECT_EQ(0, migrate(self->e.fd, p, LENGTH, to[k], &r));
		EXPECT_MOVED(&r, p, LENGTH, to[k]);
		EXPECT_PATTERN(p, LENGTH, 29);
		EXPECT_EQ(0, munmap(p, LENGTH));
	}
}

/* What was written of a private mapping of a file is the process's own, swapped out too. */
HMS_TEST(swap, private_file)
{
	const __u32 to[] = TARGETS;
	struct request r;

	NEED_DISK("no swap", zram_on(self));
	for (int k = 0; k < 4; k++) {
		int fd = memfd_create("swap", MFD_CLOEXEC);
		char *p;

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, ftruncate(fd, 2 * LENGTH));
		p = mmap(NULL, 2 * LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
		ASSERT_NE(MAP_FAILED, p);
		fill(p, LENGTH, 60 + k);
		ASSERT_TRUE(swap_out(p, LENGTH));
		EXPECT_EQ(0, (k < 2 ? migrate : move_all_or_nothing)(self->e.fd, p, 2 * LENGTH,
								     to[k % 2], &r));
		EXPECT_COUNTS(&r);
		/* What was not touched is no page, and nothing that all would want. */
		EXPECT_EQ(NPAGES, r.h.skipped[HMS_SKIP_ABSENT]);
		EXPECT_EQ(NPAGES, r.h.moved + r.h.present);
		EXPECT_EQ(NPAGES, pages_on(self->e.fd, p, LENGTH, to[k % 2]));
		EXPECT_PATTERN(p, LENGTH, 60 + k);
		EXPECT_EQ(0, munmap(p, 2 * LENGTH));
		close(fd);
	}
}

/* Of shmem the page tables do not say what is swapped out: no page is here until it is touched. */
HMS_TEST(swap, shmem)
{
	char *p = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct request r;
	bool here = true;

	ASSERT_NE(MAP_FAILED, p);
	NEED_DISK("no swap", zram_on(self));
	fill(p, LENGTH, 70);
	for (int i = 0; i < 100 && here; i++) {
		ASSERT_EQ(0, madvise(p, LENGTH, MADV_PAGEOUT));
		here = false;
		for (size_t at = 0; at < LENGTH; at += PAGE)
			here |= page_entry(p + at) >> 63;
	}
	ASSERT_FALSE(here);
	for (int k = 0; k < 2; k++) {
		EXPECT_EQ(0, (k ? move_all_or_nothing : migrate)(self->e.fd, p, LENGTH,
								 self->e.node[0], &r));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(NPAGES, r.h.skipped[HMS_SKIP_ABSENT]);
	}
	EXPECT_PATTERN(p, LENGTH, 70);
	EXPECT_EQ(0, munmap(p, LENGTH));
}

/* What is swapped out is part of all; one page that can't move keeps it where it is. */
HMS_TEST(swap, all_or_nothing)
{
	const __u32 to[] = TARGETS;
	struct request r;

	NEED_DISK("no swap", zram_on(self));
	for (int k = 0; k < 2; k++) {
		struct iovec iov;
		char *p = area(LENGTH);
		int ends[2];

		ASSERT_NE(NULL, p);
		fill(p, LENGTH, 40 + k);
		ASSERT_TRUE(swap_out(p + 7 * PAGE, 20 * PAGE));
		iov.iov_base = p + 40 * PAGE;
		iov.iov_len = PAGE;
		ASSERT_EQ(0, pipe(ends));
		ASSERT_EQ((ssize_t)PAGE, vmsplice(ends[1], &iov, 1, 0));
		if (to[k] != self->e.node[0]) {
			EXPECT_EQ(-EBUSY, move_all_or_nothing(self->e.fd, p, LENGTH, to[k], &r));
			EXPECT_EQ(HMS_WHY_INCOMPLETE, r.h.error_why);
			EXPECT_EQ(1, r.h.skipped[HMS_SKIP_BUSY]);
			EXPECT_EQ(u64_ptr(iov.iov_base), r.h.first_skipped);
			EXPECT_EQ(0, pages_on(self->e.fd, p, LENGTH, to[k]));
			EXPECT_PATTERN(p, LENGTH, 40 + k);
		}
		close(ends[0]);
		close(ends[1]);
		ASSERT_TRUE(swap_out(p + 7 * PAGE, 20 * PAGE));
		EXPECT_EQ(0, move_all_or_nothing(self->e.fd, p, LENGTH, to[k], &r));
		EXPECT_MOVED(&r, p, LENGTH, to[k]);
		EXPECT_PATTERN(p, LENGTH, 40 + k);
		EXPECT_EQ(0, munmap(p, LENGTH));
	}
}

/* As EXPECT_MOVED(), of pages in the swap cache. */
#define EXPECT_MOVED_IF_FREED(r, p, length, uid)				\
	do {									\
		if (!self->e.nsims || (uid) != self->e.sim[0] || core_frees_swap()) { \
			EXPECT_MOVED(r, p, length, uid);			\
		} else {							\
			EXPECT_COUNTS(r);					\
			EXPECT_EQ((length) / PAGE, (r)->h.skipped[HMS_SKIP_BUSY]); \
			EXPECT_EQ((long)((length) / PAGE),			\
				  pages_on(self->e.fd, p, length, self->e.node[0])); \
		}								\
	} while (0)

/* Read again after they were swapped out: what is on the disk is theirs until they are written. */
HMS_TEST(swap, cache)
{
	const __u32 to[] = TARGETS;
	struct request r;

	NEED_DISK("no slow disk", slow_on(self, 1000000));
	for (int k = 0; k < 2; k++) {
		char *p = area(LENGTH);

		ASSERT_NE(NULL, p);
		fill(p, LENGTH, 30 + k);
		ASSERT_TRUE(swap_out(p, LENGTH));
		ASSERT_PATTERN(p, LENGTH, 30 + k);
		/* The test's own time limit ends this if it never happens. */
		while (flagged(p, LENGTH, WRITEBACK))
			usleep(1000);
		ASSERT_EQ(NPAGES, flagged(p, LENGTH, SWAPCACHE));
		EXPECT_EQ(0, migrate(self->e.fd, p, LENGTH, to[k], &r));
		EXPECT_MOVED_IF_FREED(&r, p, LENGTH, to[k]);
		EXPECT_PATTERN(p, LENGTH, 30 + k);
		/* What is written now is not what the disk has. */
		fill(p, LENGTH, 50 + k);
		EXPECT_EQ(0, migrate(self->e.fd, p, LENGTH, self->e.node[0], &r));
		EXPECT_PATTERN(p, LENGTH, 50 + k);
		EXPECT_EQ(0, munmap(p, LENGTH));
	}
}

/*
 * Pages that are still being written are waited for, whether a touch or the request itself brings
 * them back.
 */
HMS_TEST(swap, writeback)
{
	const __u32 to[] = TARGETS;
	struct request r;

	NEED_DISK("no slow disk", slow_on(self, SLOW_NSEC));
	for (int k = 0; k < 4; k++) {
		const size_t length = 8 * PAGE;
		long long begun;
		char *p = area(length);

		ASSERT_NE(NULL, p);
		fill(p, length, 60 + k);
		begun = now_nsec();
		ASSERT_TRUE(swap_out(p, length));
		if (k < 2) {
			ASSERT_PATTERN(p, length, 60 + k);
			ASSERT_EQ(8, flagged(p, length, WRITEBACK));
		}
		ASSERT_GT(SLOW_NSEC, now_nsec() - begun) {
			TH_LOG("the machine is slower than the disk");
		}
		EXPECT_EQ(0, migrate(self->e.fd, p, length, to[k % 2], &r));
		if (to[k % 2] != self->e.node[0])
			EXPECT_LE(SLOW_NSEC, now_nsec() - begun);
		EXPECT_MOVED_IF_FREED(&r, p, length, to[k % 2]);
		EXPECT_PATTERN(p, length, 60 + k);
		EXPECT_EQ(0, munmap(p, length));
	}
}

TEST_HARNESS_MAIN
