// SPDX-License-Identifier: GPL-2.0
/* What else moves pages: mbind(2), move_pages(2), and the kernel's own test of device memory. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/mempolicy.h>

#include "../test_hmm.h"
#include "moves.h"

void mbind_move(char *start, size_t length, int node)
{
	unsigned long mask = 1UL << node;

	if (syscall(SYS_mbind, start, length, MPOL_BIND, &mask, 8 * sizeof(mask),
		    MPOL_MF_MOVE | MPOL_MF_STRICT))
		die("mbind: %s", strerror(errno));
}

void move_pages_to(char *start, size_t length, int node)
{
	static _Thread_local void *pages[MiB(16) / PAGE];
	static _Thread_local int nodes[MiB(16) / PAGE], status[MiB(16) / PAGE];
	unsigned long n = length / PAGE;

	for (unsigned long i = 0; i < n; i++) {
		pages[i] = start + i * PAGE;
		nodes[i] = node;
	}
	if (syscall(SYS_move_pages, 0, n, pages, nodes, status, MPOL_MF_MOVE))
		die("move_pages: %s", strerror(errno));
	for (unsigned long i = 0; i < n; i++)
		if (status[i] != node)
			die("move_pages: page %lu has status %d", i, status[i]);
}

static int test_hmm_open(int device)
{
	static int fds[2] = { -1, -1 };
	static pid_t owner;
	char path[32];

	/* A descriptor is of who opened it. */
	if (owner != getpid()) {
		owner = getpid();
		fds[0] = -1;
		fds[1] = -1;
	}
	if (fds[device] < 0) {
		snprintf(path, sizeof(path), "/dev/hmm_dmirror%d", device);
		fds[device] = open(path, O_RDWR | O_CLOEXEC);
	}
	return fds[device];
}

bool test_hmm_is_there(void)
{
	/* Not opened: it would hear of all that moves from then on. */
	return !access("/dev/hmm_dmirror0", F_OK) && !access("/dev/hmm_dmirror1", F_OK);
}

static bool test_hmm_move(unsigned long number, char *start, size_t length, int device)
{
	/* It reads back what it has moved, one page at a time, for a program to compare. */
	static _Thread_local char *buffer;
	struct test_hmm arg = {
		.address = (uintptr_t)start,
		.npages = length / PAGE,
	};

	if (!buffer)
		buffer = malloc(MiB(16));
	arg.buffer = (uintptr_t)buffer;
	/* On its way home a large page may count as one. */
	return !ioctl(test_hmm_open(device), number, &arg) &&
	       (arg.copied == length / PAGE || arg.copied == length / HUGE_PAGE);
}

bool test_hmm_to_device(char *start, size_t length, int device)
{
	return test_hmm_move(TEST_HMM_TO_DEVICE, start, length, device);
}

bool test_hmm_to_memory(char *start, size_t length, int device)
{
	return test_hmm_move(TEST_HMM_TO_MEMORY, start, length, device);
}
