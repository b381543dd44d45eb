// SPDX-License-Identifier: GPL-2.0
/* hmsctl policy: the policies of a process, and what was done to its memory. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "options.h"
#include "process.h"
#include "table.h"

#define CLOSED									\
	"it has no open descriptor of /dev/hms of its own, so its policies can't be read; it may " \
	"have some all the same"

enum { COL_START, COL_END, COL_SIZE, COL_MODE, COL_TARGETS, COL_UIDS, COL_GONE, NR_COLUMNS };

static const struct heading columns[NR_COLUMNS] = {
	[COL_START]	= { "START", true },
	[COL_END]	= { "END", true },
	[COL_SIZE]	= { "SIZE", true },
	[COL_MODE]	= { "MODE", false },
	[COL_TARGETS]	= { "TARGETS", false },
	[COL_UIDS]	= { "UIDS", false },
	[COL_GONE]	= { "GONE", true },
};

struct wanted {
	unsigned int columns[NR_COLUMNS];
	size_t ncolumns;		/* 0: all, and the statistics */
	bool bytes;
	bool no_headings;
	bool json;
};

static bool is_gone(struct hms *hms, uint32_t uid)
{
	const struct hms_object *object;

	return hms_find_uid(hms, uid, &object);
}

static void print_targets(FILE *f, struct hms *hms, const struct hms_policy_range *range,
			  const uint32_t *weights)
{
	char label[24];

	for (size_t i = 0; i < range->ntargets; i++) {
		fprintf(f, "%s%s", i ? "," : "", object_label(hms, range->targets[i], label));
		if (weights[i])
			fprintf(f, "*%u", weights[i]);
		if (is_gone(hms, range->targets[i]))
			fputs(" (gone)", f);
	}
}

static bool is_inherited(const struct hms_policy_range *range)
{
	return range->flags & HMS_POLICY_INHERIT;
}

/* That of HMS_WHOLE is of no range. */
static bool is_whole(const struct hms_policy_range *range)
{
	return !range->length;
}

static void print_place(FILE *f, const struct wanted *wanted, const struct hms_policy_range *range,
			unsigned int column)
{
	if (is_whole(range))
		fputs(column == COL_START ? "all else" : "-", f);
	else if (column == COL_SIZE)
		print_size(f, wanted->bytes, range->length);
	else
		fprintf(f, "%" PRIx64, range->start + (column == COL_END ? range->length : 0));
}

static char *range_cell(const struct wanted *wanted, struct hms *hms,
			const struct hms_policy_range *range, const uint32_t *weights,
			unsigned int column)
{
	struct cell cell;
	FILE *f = cell_begin(&cell);

	switch (column) {
	case COL_START:
	case COL_END:
	case COL_SIZE:
		print_place(f, wanted, range, column);
		break;
	case COL_MODE:
		fprintf(f, "%s%s", hms_mode_text(range->mode),
			is_inherited(range) ? ",inherit" : "");
		if (range->priority != HMS_PRIORITY_DEFAULT)
			fprintf(f, ",priority=%u", range->priority);
		break;
	case COL_TARGETS:
		print_targets(f, hms, range, weights);
		break;
	case COL_UIDS:
		for (size_t i = 0; i < range->ntargets; i++)
			fprintf(f, "%s%u", i ? "," : "", range->targets[i]);
		break;
	case COL_GONE:
		fprintf(f, "%u", range->gone);
		break;
	}
	return cell_end(&cell);
}

static void print_ranges(const struct wanted *wanted, struct hms *hms,
			 const struct hms_policy_list *list, const struct hms_policy_list *whole)
{
	static const unsigned int all[NR_COLUMNS] = {
		COL_START, COL_END, COL_SIZE, COL_MODE, COL_TARGETS, COL_UIDS, COL_GONE,
	};
	const struct hms_policy_list *const lists[] = { list, whole };
	const unsigned int *chosen = wanted->ncolumns ? wanted->columns : all;
	size_t ncolumns = wanted->ncolumns ?: NR_COLUMNS, used = 0;
	size_t rows = list->n + whole->n;
	char **cells = calloc(rows * ncolumns + 1, sizeof(*cells));

	if (!cells)
		abort();
	for (size_t l = 0; l < 2; l++)
		for (size_t i = 0; i < lists[l]->n; i++)
			for (size_t c = 0; c < ncolumns; c++)
				cells[used++] = range_cell(wanted, hms, &lists[l]->ranges[i],
							   lists[l]->weights[i], chosen[c]);
	print_table(columns, chosen, ncolumns, wanted->no_headings, cells, rows);
	free(cells);
}

static void print_stats(const struct hms_process_stats *stats, uint64_t lost)
{
	printf("\n"
	       "ranges: %" PRIu64 " of the process, %" PRIu64 " lost\n"
	       "pages: %" PRIu64 " moved, %" PRIu64 " populated, %" PRIu64 " came home, %" PRIu64
	       " evacuated; %" PRIu64 " of these elsewhere; %" PRIu64 " evicted\n",
	       (uint64_t)stats->ranges, lost, (uint64_t)stats->moved, (uint64_t)stats->populated,
	       (uint64_t)stats->home, (uint64_t)stats->evacuated,
	       (uint64_t)stats->home_elsewhere, (uint64_t)stats->evicted);
}

static struct json_object *range_json(struct hms *hms, const struct hms_policy_range *range,
				      const uint32_t *weights)
{
	struct json_object *row = json_object_new_object(), *array = json_object_new_array();

	if (!is_whole(range)) {
		add_number(row, "start", range->start);
		add_number(row, "end", range->start + range->length);
		add_number(row, "size", range->length);
	}
	json_object_object_add(row, "mode", json_object_new_string(hms_mode_text(range->mode)));
	json_object_object_add(row, "inherit", json_object_new_boolean(is_inherited(range)));
	add_number(row, "priority", range->priority);
	for (size_t i = 0; i < range->ntargets; i++) {
		struct json_object *target = json_object_new_object();

		add_number(target, "uid", range->targets[i]);
		json_object_object_add(target, "name", object_name(hms, range->targets[i]));
		json_object_object_add(target, "gone",
				       json_object_new_boolean(is_gone(hms, range->targets[i])));
		if (weights[i])
			add_number(target, "weight", weights[i]);
		json_object_array_add(array, target);
	}
	json_object_object_add(row, "targets", array);
	add_number(row, "gone", range->gone);
	return row;
}

static void print_json(const struct process *process, const struct hms_policy_list *list,
		       const struct hms_policy_list *whole, const struct hms_process_stats *stats)
{
	struct json_object *top = json_object_new_object(), *array = json_object_new_array();
	struct json_object *counts = json_object_new_object();

	add_number(top, "pid", process->pid);
	for (size_t i = 0; i < list->n; i++)
		json_object_array_add(array, range_json(process->hms, &list->ranges[i],
							  list->weights[i]));
	json_object_object_add(top, "policies", array);
	json_object_object_add(top, "whole", !whole->n ? NULL :
			       range_json(process->hms, &whole->ranges[0], whole->weights[0]));
	add_number(counts, "ranges", stats->ranges);
	add_number(counts, "lost", list->lost);
	add_number(counts, "moved", stats->moved);
	add_number(counts, "populated", stats->populated);
	add_number(counts, "home", stats->home);
	add_number(counts, "home-elsewhere", stats->home_elsewhere);
	add_number(counts, "evacuated", stats->evacuated);
	add_number(counts, "evicted", stats->evicted);
	json_object_object_add(top, "stats", counts);
	print_json_text(top);
}

static void print_all(const struct wanted *wanted, const struct process *process,
		      const struct hms_policy_list *list, const struct hms_policy_list *whole,
		      const struct hms_process_stats *stats)
{
	if (wanted->json) {
		print_json(process, list, whole, stats);
		return;
	}
	print_ranges(wanted, process->hms, list, whole);
	if (!wanted->ncolumns)
		print_stats(stats, list->lost);
}

/* Policies are where mappings are. */
static int policies(const struct process *process, struct hms_policy_list **list)
{
	struct mappings mappings;
	uint64_t first = 0, length = 0;
	int ret;

	ret = process_mappings(process, &mappings);
	if (ret)
		return ret;
	if (mappings.n) {
		first = mappings.list[0].start;
		length = mappings.list[mappings.n - 1].end - first;
	}
	mappings_free(&mappings);
	if (!length)
		return fail_process(process, "it has no memory there");
	if (hms_query_policy(process->hms, (void *)(uintptr_t)first, length, 0, list))
		return fail_process(process, hms_last_error(process->hms));
	return EXIT_OK;
}

static int policy(const struct process *process, const void *data)
{
	struct hms_policy_list *list, *whole;
	struct hms_process_stats stats;
	int ret;

	if (process->no_descriptor)
		return fail_process(process, CLOSED);
	ret = policies(process, &list);
	if (ret)
		return ret;
	if (hms_query_whole(process->hms, 0, &whole) ||
	    hms_query_stats(process->hms, 0, &stats, sizeof(stats)))
		ret = fail_process(process, hms_last_error(process->hms));
	else
		print_all(data, process, list, whole, &stats);
	free(whole);
	free(list);
	return ret;
}

static const char *take_columns(char *text, void *to)
{
	struct wanted *wanted = to;

	wanted->ncolumns = parse_headings(text, columns, NR_COLUMNS, wanted->columns);
	return wanted->ncolumns ? NULL : "unknown column, or too many";
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct wanted wanted = { };
	const struct opt opts[] = {
		{ 'J', "json",	     NULL,	   &wanted.json },
		{ 'b', "bytes",	     NULL,	   &wanted.bytes },
		{ 'n', "noheadings", NULL,	   &wanted.no_headings },
		{ 'o', "output",     take_columns, &wanted },
		{ }
	};
	int ret = parse_options(verb, argc, argv, opts, 1, 2);

	return ret ? ret : process_with(verb, argc - optind, argv + optind, policy, &wanted);
}

const struct verb verb_policy = {
	.name = "policy",
	.summary = "the policies of a process, and what was done to its memory",
	.usage = "PID [RANGE] [options]\n"
		 "\n"
		 "RANGE is START-END, as in /proc/PID/maps, or START+SIZE; START and END are in\n"
		 "hex, and whole pages.\n"
		 "\n"
		 "  -J, --json          JSON: all columns, plain numbers\n"
		 "  -b, --bytes         plain numbers: bytes\n"
		 "  -n, --noheadings    no line of headings\n"
		 "  -o, --output COLS   these columns, with commas, and no statistics: START END\n"
		 "                      SIZE MODE TARGETS UIDS GONE\n",
	.run = run,
};
