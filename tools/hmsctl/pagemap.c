// SPDX-License-Identifier: GPL-2.0
/*
 * Where pages are, without HMS: /proc/PID/pagemap tells which are there, move_pages(2) on which
 * node. Neither tells a page of a device from one that is swapped out.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "process.h"

#define PAGES_AT_ONCE	512

/* Bits of an entry, see proc_pid_pagemap(5). */
#define PAGE_PRESENT	(1ULL << 63)
#define PAGE_SWAPPED	(1ULL << 62)

/* The target that is the memory of a node, 0: none. */
static uint32_t node_target(struct hms *hms, int nid)
{
	const struct hms_object *target;

	hms_for_each(hms, HMS_TARGET, target) {
		if (target->kind == HMS_KIND_NODE && target->nid == nid &&
		    !(target->properties & HMS_PROP_DESCRIBED))
			return target->uid;
	}
	return 0;
}

/* @pages are there. */
static int locate_present(const struct process *process, void **pages, size_t n, uint64_t page,
			  struct places *places)
{
	int nodes[PAGES_AT_ONCE];

	if (!n)
		return 0;
	if (syscall(SYS_move_pages, process->pid, n, pages, NULL, nodes, 0) < 0) {
		/* Without NUMA nobody tells the one node from a device that the CPU reaches. */
		if (errno != ENOSYS)
			return -errno;
		places_add(places, HMS_UNKNOWN, 0, n * page);
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		uint32_t uid = nodes[i] < 0 ? 0 : node_target(process->hms, nodes[i]);

		places_add(places, uid ? HMS_RESIDENT : HMS_UNKNOWN, uid, page);
	}
	return 0;
}

static int locate_some(const struct process *process, const uint64_t *entries, size_t n,
		       uint64_t start, uint64_t page, struct places *places)
{
	void *present[PAGES_AT_ONCE];
	size_t npresent = 0;

	for (size_t i = 0; i < n; i++) {
		if (entries[i] & PAGE_PRESENT)
			present[npresent++] = (void *)(uintptr_t)(start + i * page);
		else
			places_add(places, entries[i] & PAGE_SWAPPED ? HMS_UNKNOWN : HMS_ABSENT, 0,
				   page);
	}
	return locate_present(process, present, npresent, page, places);
}

int pagemap_locate(const struct process *process, struct mapping *mapping)
{
	uint64_t page = sysconf(_SC_PAGESIZE), entries[PAGES_AT_ONCE], at = mapping->start;
	int fd = openat(process->folder, "pagemap", O_RDONLY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	while (at < mapping->end && !ret) {
		size_t n = (mapping->end - at) / page;
		ssize_t got;

		if (n > PAGES_AT_ONCE)
			n = PAGES_AT_ONCE;
		got = pread(fd, entries, n * sizeof(*entries), at / page * sizeof(*entries));
		if (got != (ssize_t)(n * sizeof(*entries)))
			ret = got < 0 ? -errno : -ESRCH;
		else
			ret = locate_some(process, entries, n, at, page, &mapping->places);
		at += n * page;
	}
	close(fd);
	return ret;
}
