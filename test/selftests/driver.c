// SPDX-License-Identifier: GPL-2.0
/* The driver of example/, which is built against the headers and symbols of HMS alone. */

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hms_fixture.h"
#include "maptest.h"
#include "module.h"

#define EXAMPLE_MODULE	"/lib/modules/hms/hms_example.ko"
#define EXAMPLE		"/dev/hms_example"
#define NPAGES		600

FIXTURE(driver)
{
	struct env e;
	__u32 to;		/* its memory */
	int fd;			/* it, at work on our memory */
	char *p;
};

static int unload(void)
{
	return module_is_loaded("hms_example") ? module_unload_wait("hms_example") : 0;
}

FIXTURE_SETUP(driver)
{
	struct object o;

	if (access(EXAMPLE_MODULE, R_OK))
		SKIP(return, "no " EXAMPLE_MODULE);
	if (*feature_missing("device-private"))
		SKIP(return, "%s", feature_missing("device-private"));
	ASSERT_STREQ("", env_open(&self->e));
	ASSERT_EQ(0, unload());
	ASSERT_EQ(0, module_load(EXAMPLE_MODULE, "size_mb=4"));
	ASSERT_TRUE(map_find("target", "hms_example", &o));
	self->to = o.uid;
	self->fd = open(EXAMPLE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->p = area(NPAGES * PAGE);
	ASSERT_NE(NULL, self->p);
	fill(self->p, NPAGES * PAGE, 1);
}

FIXTURE_TEARDOWN_PARENT(driver)
{
	EXPECT_EQ(0, unload());
}

/* Moved there, read and written there by the device, and home again at a touch. */
HMS_TEST(driver, moves)
{
	static char copy[NPAGES * PAGE];
	struct request r;
	__u64 word = 42;

	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->to, &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(NPAGES, r.h.moved);
	ASSERT_EQ(NPAGES * PAGE, pread(self->fd, copy, sizeof(copy), (uintptr_t)self->p));
	EXPECT_PATTERN(copy, NPAGES * PAGE, 1);
	EXPECT_EQ(NPAGES, pages_on(self->e.fd, self->p, NPAGES * PAGE, self->to));
	/* It writes to its own memory, across two pages, and nothing moves for it. */
	ASSERT_EQ(sizeof(word), pwrite(self->fd, &word, sizeof(word),
				       (uintptr_t)self->p + PAGE - 4));
	EXPECT_EQ(NPAGES, pages_on(self->e.fd, self->p, NPAGES * PAGE, self->to));
	memcpy(copy + PAGE - 4, &word, sizeof(word));
	EXPECT_EQ(0, memcmp(copy, self->p, sizeof(copy)));
	/* One that is home again it writes there, and finds what the CPU has written. */
	fill(self->p, NPAGES * PAGE, 2);
	ASSERT_EQ(NPAGES * PAGE, pread(self->fd, copy, sizeof(copy), (uintptr_t)self->p));
	EXPECT_PATTERN(copy, NPAGES * PAGE, 2);
	ASSERT_EQ(sizeof(word), pwrite(self->fd, &word, sizeof(word), (uintptr_t)self->p));
	memcpy(&word, self->p, sizeof(word));
	EXPECT_EQ(42, word);
}

/* What has no memory it can't reach; nor what is another's. */
HMS_TEST(driver, refused)
{
	char *none = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), byte = 0;
	pid_t pid;

	EXPECT_EQ(-1, pread(self->fd, &byte, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, pread(self->fd, none, 1, (uintptr_t)self->p));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_EQ(0, mprotect(self->p, PAGE, PROT_READ));
	EXPECT_EQ(-1, pwrite(self->fd, &byte, 1, (uintptr_t)self->p));
	EXPECT_EQ(EPERM, errno);
	pid = fork();
	if (!pid)
		_exit(pread(self->fd, &byte, 1, (uintptr_t)self->p) != -1 || errno != EBADF);
	EXPECT_EQ(0, status_of(pid));
}

/* With everything in it unloaded: not while a program has it open. */
HMS_TEST(driver, unloads)
{
	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->to, NULL));
	EXPECT_EQ(-EAGAIN, module_unload("hms_example"));
	ASSERT_EQ(0, close(self->fd));
	ASSERT_EQ(0, unload());
	EXPECT_EQ(0, pages_on(self->e.fd, self->p, NPAGES * PAGE, self->to));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

TEST_HARNESS_MAIN
