// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../libhms/internal.h"
#include "../libhms/units.h"
#include "process.h"

static bool parse_hex(const char *text, char **end, uint64_t *number)
{
	errno = 0;
	*number = strtoull(text, end, 16);
	return !errno && *end != text && *text != '-' && *text != '+';
}

/* "7f00-8f00", as /proc/PID/maps has it, or "7f00+4M". Returns NULL, or why it is none. */
static const char *parse_range(const char *text, struct process *process)
{
	uint64_t page = sysconf(_SC_PAGESIZE), size;
	char *rest;

	if (!parse_hex(text, &rest, &process->first) || (*rest != '-' && *rest != '+'))
		return "not START-END or START+SIZE, with addresses in hex";
	if (*rest == '+') {
		if (hms_parse_size(rest + 1, &size))
			return "not a size behind the +";
		if (__builtin_add_overflow(process->first, size, &process->end))
			return "reaches beyond all addresses";
	} else if (!parse_hex(rest + 1, &rest, &process->end) || *rest) {
		return "not an address behind the -";
	}
	if (process->first % page || process->end % page)
		return "not whole pages";
	return process->first < process->end ? NULL : "empty";
}

static int parse_arguments(int argc, char **argv, struct process *process)
{
	const char *why;
	uint64_t pid;

	if (hms_parse_number(argv[0], INT_MAX, &pid) || !pid)
		return fail_usage(process->verb, "%s: not the id of a process", argv[0]);
	process->pid = pid;
	/* What the upper half has is not the process's. */
	process->end = INT64_MAX;
	why = argc > 1 ? parse_range(argv[1], process) : NULL;
	return why ? fail_usage(process->verb, "%s: %s", argv[1], why) : EXIT_OK;
}

int fail_process(const struct process *process, const char *why)
{
	char who[32];

	snprintf(who, sizeof(who), "%s %d", process->verb->name, process->pid);
	return fail(who, "%s", why);
}

static int open_hms(struct process *process)
{
	int ret = hms_open_process(&process->hms, process->pid);

	process->no_descriptor = ret == -ENOENT;
	if (process->no_descriptor) {
		ret = hms_open_topology(&process->hms);
		return ret ? fail_open(ret) : EXIT_OK;
	}
	return ret ? fail_process(process, hms_open_process_text(ret)) : EXIT_OK;
}

static int process_open(const struct verb *verb, int argc, char **argv, struct process *process)
{
	char path[32];
	int ret;

	*process = (struct process){ .verb = verb };
	ret = parse_arguments(argc, argv, process);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "/proc/%d", process->pid);
	process->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (process->folder < 0)
		return fail_process(process, hms_open_process_text(errno == ENOENT ? -ESRCH :
									     -errno));
	ret = open_hms(process);
	/* As long as it is there, nobody else has its pid. */
	if (!ret && faccessat(process->folder, "maps", F_OK, 0)) {
		hms_close(process->hms);
		ret = fail_process(process, hms_open_process_text(-ESRCH));
	}
	if (ret)
		close(process->folder);
	return ret;
}

int process_with(const struct verb *verb, int argc, char **argv,
		 int (*work)(const struct process *process, const void *data), const void *data)
{
	struct process process;
	int ret;

	ret = process_open(verb, argc, argv, &process);
	if (ret)
		return ret;
	ret = work(&process, data);
	hms_close(process.hms);
	close(process.folder);
	return ret;
}

/* An error of reading what /proc has of it. */
static int fail_proc(const struct process *process, int error)
{
	if (error == -EACCES)
		error = -EPERM;
	return fail_process(process, hms_open_process_text(error == -ENOENT ? -ESRCH : error));
}

/* "start-end perms offset device inode   name"; false for what is not the process's own. */
static bool parse_mapping(const struct process *process, char *line, struct mapping *mapping)
{
	int name = 0;

	*mapping = (struct mapping){ };
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*s %*s %*s %n", &mapping->start,
		   &mapping->end, mapping->perms, &name) != 3)
		return false;
	if (mapping->start < process->first)
		mapping->start = process->first;
	if (mapping->end > process->end)
		mapping->end = process->end;
	if (mapping->start >= mapping->end)
		return false;
	line[strcspn(line, "\n")] = 0;
	mapping->name = strdup(name ? line + name : "");
	if (!mapping->name)
		abort();
	hms_error_tame(mapping->name);
	return true;
}

static FILE *open_maps(const struct process *process)
{
	int fd = openat(process->folder, "maps", O_RDONLY | O_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");

	if (!f && fd >= 0)
		close(fd);
	return f;
}

int process_mappings(const struct process *process, struct mappings *mappings)
{
	FILE *f = open_maps(process);
	bool any = false, bad;
	char *line = NULL;
	size_t size = 0;

	*mappings = (struct mappings){ };
	if (!f && errno != ESRCH)
		return fail_proc(process, -errno);
	while (f && getline(&line, &size, f) > 0) {
		struct mapping mapping;

		any = true;
		if (!parse_mapping(process, line, &mapping))
			continue;
		if (!(mappings->n & (mappings->n - 1)))
			mappings->list = reallocarray(mappings->list, 2 * mappings->n + 1,
						      sizeof(mapping));
		if (!mappings->list)
			abort();
		mappings->list[mappings->n++] = mapping;
	}
	free(line);
	bad = f && ferror(f);
	if (f)
		fclose(f);
	if (bad || !any) {
		mappings_free(mappings);
		return fail_process(process, bad ? "its mappings can't be read" :
				    "it has no memory of its own: a kernel thread, or it has ended");
	}
	return EXIT_OK;
}

void mappings_free(struct mappings *mappings)
{
	for (size_t i = 0; i < mappings->n; i++) {
		free(mappings->list[i].name);
		free(mappings->list[i].places.targets);
	}
	free(mappings->list);
	*mappings = (struct mappings){ };
}

void places_add(struct places *places, enum hms_residency state, uint32_t uid, uint64_t bytes)
{
	size_t i = 0;

	if (state != HMS_RESIDENT) {
		*(state == HMS_ABSENT ? &places->absent : &places->unknown) += bytes;
		return;
	}
	while (i < places->n && places->targets[i].uid < uid)
		i++;
	if (i == places->n || places->targets[i].uid != uid) {
		places->targets = reallocarray(places->targets, places->n + 1,
					       sizeof(*places->targets));
		if (!places->targets)
			abort();
		memmove(&places->targets[i + 1], &places->targets[i],
			(places->n++ - i) * sizeof(*places->targets));
		places->targets[i] = (struct place){ .uid = uid };
	}
	places->targets[i].bytes += bytes;
}

static int hms_locate(const struct process *process, struct mapping *mapping)
{
	struct hms_run_list *list;
	int ret;

	ret = hms_query_residency(process->hms, (void *)(uintptr_t)mapping->start,
				  mapping->end - mapping->start, 0, &list);
	if (ret)
		return ret;
	for (size_t i = 0; i < list->n; i++)
		places_add(&mapping->places, list->runs[i].state, list->runs[i].uid,
			   list->runs[i].length);
	free(list);
	return 0;
}

int process_locate(const struct process *process, struct mapping *mapping)
{
	int ret;

	if (process->no_descriptor) {
		ret = pagemap_locate(process, mapping);
		return ret ? fail_proc(process, ret) : EXIT_OK;
	}
	ret = hms_locate(process, mapping);
	return ret ? fail_process(process, hms_last_error(process->hms)) : EXIT_OK;
}
