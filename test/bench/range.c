// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/mempolicy.h>

#include "range.h"

/* A thread has its own: one waits for nobody in the library. */
static _Thread_local struct hms *opened;

/* Addresses are the same in every run, so page tables are; and one CPU, so that waking is. */
void hold_still(char **argv)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		die("sched_setaffinity: %s", strerror(errno));
	if (personality(0xffffffff) & ADDR_NO_RANDOMIZE)
		return;
	if (personality(ADDR_NO_RANDOMIZE) < 0)
		die("personality: %s", strerror(errno));
	execv("/proc/self/exe", argv);
	die("/proc/self/exe: %s", strerror(errno));
}

struct hms *handle(void)
{
	int ret;

	if (opened)
		return opened;
	ret = hms_open(&opened);
	if (ret)
		die("%s", hms_open_text(ret));
	return opened;
}

void handle_forget(void)
{
	hms_close(opened);
	opened = NULL;
}

uint32_t node_uid(int node)
{
	const struct hms_object *target;

	hms_for_each(handle(), HMS_TARGET, target)
		if (target->kind == HMS_KIND_NODE && target->nid == node)
			return target->uid;
	die("no node %d", node);
}

uint32_t device_uid(int nth)
{
	const struct hms_object *target;

	hms_for_each(handle(), HMS_TARGET, target)
		if (target->kind != HMS_KIND_NODE && !nth--)
			return target->uid;
	return 0;
}

void set_mbind(const char *start, size_t length, int node)
{
	unsigned long mask = 0;
	int mode = MPOL_DEFAULT;

	if (node != NO_NODE) {
		mode = MPOL_BIND;
		mask = 1UL << node;
	}
	if (syscall(SYS_mbind, start, length, mode, &mask, 8 * sizeof(mask), 0))
		die("mbind: %s", strerror(errno));
}

/* What the module does, without the mempolicy that the library sets too. */
void set_hms(const char *start, size_t length, int node)
{
	static uint32_t uids[MAX_NODES];
	struct hms_modifier mode = { .key = HMS_MOD_MODE, .value = HMS_MODE_DEFAULT };
	struct hms_request request = {
		.start = (uintptr_t)start,
		.length = length,
		.modifiers = &mode,
		.nmodifiers = 1,
		.flags = HMS_NO_MBIND,
	};

	if (node != NO_NODE) {
		if (!uids[node])
			uids[node] = node_uid(node);
		mode.value = HMS_MODE_BIND;
		request.targets = &uids[node];
		request.ntargets = 1;
	}
	if (hms_hbind(handle(), &request, NULL))
		die("%s", hms_last_error(handle()));
}

/* The guards have other rights, so that the kernel does not merge the mapping with another. */
char *range_map(size_t length)
{
	size_t whole = length + 2 * HUGE_PAGE;
	char *p, *start;

	p = mmap(NULL, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		die("%zu bytes: %s", whole, strerror(errno));
	start = (char *)(((uintptr_t)p + 2 * HUGE_PAGE - 1) & -HUGE_PAGE);
	if (mprotect(start, length, PROT_READ | PROT_WRITE))
		die("mprotect: %s", strerror(errno));
	if (munmap(p, start - p - PAGE) ||
	    munmap(start + length + PAGE, p + whole - start - length - PAGE))
		die("munmap: %s", strerror(errno));
	return start;
}

void range_unmap(char *start, size_t length)
{
	if (munmap(start - PAGE, length + 2 * PAGE))
		die("munmap: %s", strerror(errno));
}

void range_touch(char *start, size_t length)
{
	for (size_t i = 0; i < length; i += PAGE)
		*(volatile char *)(start + i) = 1;
}
