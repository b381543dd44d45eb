/* SPDX-License-Identifier: GPL-2.0 */
/* The memory of another process: its mappings, and where their pages are. */
#ifndef HMSCTL_PROCESS_H
#define HMSCTL_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "hmsctl.h"

/**
 * struct process - a process that is looked at
 * @verb: for what goes wrong
 * @pid: its id
 * @folder: descriptor of /proc/PID: stays its own, whoever gets the pid next
 * @hms: acts on its memory; with @no_descriptor it only tells of objects
 * @no_descriptor: it has no descriptor of its own: HMS can't be asked
 * @first: first address that is asked about
 * @end: behind the last one
 */
struct process {
	const struct verb *verb;
	pid_t pid;
	int folder;
	struct hms *hms;
	bool no_descriptor;
	uint64_t first;
	uint64_t end;
};

/* Bytes of memory by where they are. */
struct place {
	uint32_t uid;
	uint64_t bytes;
};

struct places {
	uint64_t absent;
	uint64_t unknown;
	size_t n;
	struct place *targets;	/* by uid */
};

struct mapping {
	uint64_t start;
	uint64_t end;
	char perms[5];
	char *name;		/* "" without */
	struct places places;
};

/* Mappings, ascending. */
struct mappings {
	size_t n;
	struct mapping *list;
};

/*
 * Take "PID [RANGE]", @argc of them, and do @work on the process. Returns an exit code, with a
 * message unless it is EXIT_OK.
 */
int process_with(const struct verb *verb, int argc, char **argv,
		 int (*work)(const struct process *process, const void *data), const void *data);

/* Say why it failed; returns an exit code. */
int fail_process(const struct process *process, const char *why);

/* Its mappings, cut to the range, without places; the same. */
int process_mappings(const struct process *process, struct mappings *mappings);
void mappings_free(struct mappings *mappings);

/* Where the pages of a mapping are; the same. */
int process_locate(const struct process *process, struct mapping *mapping);

void places_add(struct places *places, enum hms_residency state, uint32_t uid, uint64_t bytes);

/* The same as process_locate(), for a process without a descriptor. 0 or -errno. */
int pagemap_locate(const struct process *process, struct mapping *mapping);

#endif /* HMSCTL_PROCESS_H */
