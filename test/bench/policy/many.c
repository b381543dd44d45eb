// SPDX-License-Identifier: GPL-2.0
/*
 * Very many ranges in one address space: what setting one and looking one up costs, the memory that
 * they take, and what it takes to be rid of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "policy.h"

#define ROUNDS		5
#define SAMPLES		200
#define RANGE		(4 * PAGE)	/* may be cut in the middle, so each has its spare node */
#define MAX_BYTES	160
#define MAX_END		1000000000	/* a second */
#define NOISE		100		/* figures repeat but for this part of them */

#define MAX_RANGES	"/sys/module/hms/parameters/max_ranges"
#define MODULE_USERS	"/sys/module/hms/refcnt"
#define CGROUP		"/sys/fs/cgroup/policy"

/* What the process with the ranges tells; all but @began are costs, or bytes. */
struct figures {
	uint64_t made;		/* all of them */
	uint64_t set;		/* one */
	uint64_t found;		/* one */
	uint64_t bytes;		/* all of them */
	uint64_t unmapped;	/* all of them */
	uint64_t began;		/* to exit */
	uint64_t ended;		/* exit */
};

static void write_text(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die("%s: %s", file, strerror(errno));
	close(fd);
}

static uint64_t read_number(const char *file)
{
	FILE *from = fopen(file, "re");
	uint64_t number;

	if (!from || fscanf(from, "%" SCNu64, &number) != 1)
		die("can't read %s", file);
	fclose(from);
	return number;
}

/* What the kernel has charged this process for, of memory of its own. */
static uint64_t kernel_memory(void)
{
	FILE *from = fopen(CGROUP "/memory.stat", "re");
	uint64_t bytes = 0;
	char line[128];

	while (from && fgets(line, sizeof(line), from))
		if (sscanf(line, "slab_unreclaimable %" SCNu64, &bytes) == 1)
			break;
	if (!from)
		die(CGROUP "/memory.stat: %s", strerror(errno));
	fclose(from);
	return bytes;
}

/* Neighbours have different policies, so that none becomes one with another. */
static void make(char *p, size_t n)
{
	set_hms(p, n * RANGE, 0);
	for (size_t i = 1; i < n; i += 2)
		set_hms(p + i * RANGE, RANGE, 1);
}

static size_t any(size_t n)
{
	static uint64_t state;

	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state >> 33) % n;
}

/* To a third policy, which the neighbours do not have, and back. */
static void set_some(char *p, size_t n)
{
	for (int i = 0; i < SAMPLES / 2; i++) {
		size_t one = any(n);

		set_hms(p + one * RANGE, RANGE, 2);
		set_hms(p + one * RANGE, RANGE, one % 2);
	}
}

static void look_up(char *p, uint32_t uid)
{
	struct hms_policy_entry entry;
	uint32_t found = 0;
	struct hms_query query = {
		.size = sizeof(query),
		.version = HMS_VERSION_DEVICE,
		.start = (uintptr_t)p,
		.length = PAGE,
		.what = HMS_QUERY_POLICY,
		.entries = (uintptr_t)&entry,
		.nentries = 1,
		.entry_size = sizeof(entry),
		.uids = (uintptr_t)&found,
		.nuids = 1,
	};

	if (ioctl(hms_fd(handle()), HMS_QUERY, &query))
		die("HMS_QUERY: %s", strerror(errno));
	if (query.nentries != 1 || found != uid)
		die("a range has lost its policy");
}

static void look_up_some(char *p, size_t n, const uint32_t *uids)
{
	for (int i = 0; i < SAMPLES; i++) {
		size_t one = any(n);

		look_up(p + one * RANGE, uids[one % 2]);
	}
}

/* The process that has them; its last act is to tell. */
static void be_many(size_t n, int to)
{
	struct figures f;
	uint32_t uids[2];
	uint64_t before;
	char *p;

	write_text(CGROUP "/cgroup.procs", "0");
	handle_forget();
	for (int node = 0; node < 2; node++)
		uids[node] = node_uid(node);
	p = range_map(n * RANGE);
	set_hms(p, PAGE, 0);
	before = kernel_memory();
	f.made = least_of(1, make(p, n));
	f.bytes = kernel_memory() - before;
	f.set = least_of(ROUNDS, set_some(p, n)) / SAMPLES;
	f.found = least_of(ROUNDS, look_up_some(p, n, uids)) / SAMPLES;
	f.unmapped = least_of(1, range_unmap(p, n * RANGE));
	p = range_map(n * RANGE);
	make(p, n);
	f.began = now();
	if (write(to, &f, sizeof(f)) != sizeof(f))
		die("can't tell: %s", strerror(errno));
	_exit(0);
}

/* Exit has ended when the process is gone and nothing of its ranges is left. */
static struct figures measure(size_t n)
{
	uint64_t users = read_number(MODULE_USERS);
	struct figures f;
	int ends[2];
	pid_t pid;

	if (mkdir(CGROUP, 0755) || pipe2(ends, O_CLOEXEC))
		die(CGROUP ": %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (!pid)
		be_many(n, ends[1]);
	close(ends[1]);
	if (read(ends[0], &f, sizeof(f)) != sizeof(f))
		die("the process with %zu ranges has failed", n);
	close(ends[0]);
	waitpid(pid, NULL, 0);
	while (read_number(MODULE_USERS) != users)
		usleep(100);
	f.ended = now() - f.began;
	if (rmdir(CGROUP))
		die(CGROUP ": %s", strerror(errno));
	return f;
}

/* What grows like log n grows by the same with each tenfold; worse does by ever more. */
static void bound_log(const char *what, const uint64_t *costs, const size_t *sizes, int last)
{
	double early = (double)costs[1] - costs[0], late = (double)costs[last] - costs[last - 1];
	double least = (double)costs[0] / NOISE;

	if (early < least)
		early = least;
	bound(late <= 2 * early,
	      "%s, like log n at most: tenfold adds %.0f from %zu on, %.0f from %zu on", what,
	      (double)costs[1] - costs[0], sizes[0], late, sizes[last - 1]);
	bound(costs[last] <= 2 * costs[0], "%s among %zu costs %.2f times what it does among %zu",
	      what, sizes[last], (double)costs[last] / costs[0], sizes[0]);
}

static void bound_end(const char *what, size_t n, uint64_t cost)
{
	bound(cost <= MAX_END, "%s of %zu ranges: %.3f s, at most %.0f", what, n, cost / 1e9,
	      MAX_END / 1e9);
}

void bench_many(void)
{
	static const size_t sizes[] = { 100, 1000, 10000, 100000, 1000000 };
	enum { N = sizeof(sizes) / sizeof(sizes[0]), PROMISED = 3 };
	uint64_t set[N], found[N];
	struct figures f[N];
	char allowed[32];

	snprintf(allowed, sizeof(allowed), "%" PRIu64, read_number(MAX_RANGES));
	heading("Many ranges in one address space");
	printf("   |  ranges | set one | look up | bytes each | munmap, each | exit, each |\n");
	for (int i = 0; i < N; i++) {
		if (sizes[i] > strtoull(allowed, NULL, 10))
			write_text(MAX_RANGES, "1048576");
		f[i] = measure(sizes[i]);
		set[i] = f[i].set;
		found[i] = f[i].found;
		printf("   | %7zu | %7" PRIu64 " | %7" PRIu64 " | %10.1f | %12" PRIu64
		       " | %10" PRIu64 " |\n", sizes[i], set[i], found[i],
		       (double)f[i].bytes / sizes[i], f[i].unmapped / sizes[i],
		       f[i].ended / sizes[i]);
	}
	write_text(MAX_RANGES, allowed);
	bound_log("setting one", set, sizes, N - 1);
	bound_log("looking one up", found, sizes, N - 1);
	bound((double)f[PROMISED].bytes / sizes[PROMISED] <= MAX_BYTES,
	      "%.1f bytes a range among %zu, at most %d",
	      (double)f[PROMISED].bytes / sizes[PROMISED], sizes[PROMISED], MAX_BYTES);
	for (int i = PROMISED; i < N; i++) {
		bound_end("munmap", sizes[i], f[i].unmapped);
		bound_end("exit", sizes[i], f[i].ended);
	}
}
