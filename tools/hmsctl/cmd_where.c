// SPDX-License-Identifier: GPL-2.0
/* hmsctl where: the memory of a process, by target. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "options.h"
#include "process.h"
#include "table.h"

#define NOT_HMS									\
	"it has no open descriptor of /dev/hms of its own, so this is from pagemap and " \
	"move_pages(2): memory on a device shows as unknown, as what is swapped out does, and " \
	"nothing of it can be changed"

enum {
	COL_START, COL_END, COL_PERMS, COL_SIZE, COL_ABSENT, COL_UNKNOWN, COL_TARGETS, COL_MAPPING,
	NR_COLUMNS,
};

static const struct heading columns[NR_COLUMNS] = {
	[COL_START]	= { "START", true },
	[COL_END]	= { "END", true },
	[COL_PERMS]	= { "PERMS", false },
	[COL_SIZE]	= { "SIZE", true },
	[COL_ABSENT]	= { "ABSENT", true },
	[COL_UNKNOWN]	= { "UNKNOWN", true },
	[COL_TARGETS]	= { "TARGETS", false },
	[COL_MAPPING]	= { "MAPPING", false },
};

static const struct heading sums[] = {
	{ "TARGET", false }, { "UID", true }, { "SIZE", true }, { "PAGES", true },
};

#define NR_SUMS	(sizeof(sums) / sizeof(sums[0]))

struct wanted {
	unsigned int columns[NR_COLUMNS];
	size_t ncolumns;		/* 0: all, and the summary */
	bool bytes;
	bool no_headings;
	bool json;
	bool summary;
};

static void print_targets(FILE *f, const struct wanted *wanted, struct hms *hms,
			  const struct places *places)
{
	char label[24];

	for (size_t i = 0; i < places->n; i++) {
		fprintf(f, "%s%s:", i ? "," : "",
			object_label(hms, places->targets[i].uid, label));
		print_size(f, wanted->bytes, places->targets[i].bytes);
	}
	if (!places->n)
		fputc('-', f);
}

static char *mapping_cell(const struct wanted *wanted, struct hms *hms,
			  const struct mapping *mapping, unsigned int column)
{
	struct cell cell;
	FILE *f = cell_begin(&cell);

	switch (column) {
	case COL_START:
		fprintf(f, "%" PRIx64, mapping->start);
		break;
	case COL_END:
		fprintf(f, "%" PRIx64, mapping->end);
		break;
	case COL_PERMS:
		fputs(mapping->perms, f);
		break;
	case COL_SIZE:
		print_size(f, wanted->bytes, mapping->end - mapping->start);
		break;
	case COL_ABSENT:
		print_size(f, wanted->bytes, mapping->places.absent);
		break;
	case COL_UNKNOWN:
		print_size(f, wanted->bytes, mapping->places.unknown);
		break;
	case COL_TARGETS:
		print_targets(f, wanted, hms, &mapping->places);
		break;
	case COL_MAPPING:
		fputs(mapping->name[0] ? mapping->name : "-", f);
		break;
	}
	return cell_end(&cell);
}

static void print_mappings(const struct wanted *wanted, struct hms *hms,
			   const struct mappings *mappings)
{
	static const unsigned int all[NR_COLUMNS] = {
		COL_START, COL_END, COL_PERMS, COL_SIZE, COL_ABSENT, COL_UNKNOWN, COL_TARGETS,
		COL_MAPPING,
	};
	const unsigned int *chosen = wanted->ncolumns ? wanted->columns : all;
	size_t ncolumns = wanted->ncolumns ?: NR_COLUMNS, used = 0;
	char **cells = calloc(mappings->n * ncolumns + 1, sizeof(*cells));

	if (!cells)
		abort();
	for (size_t i = 0; i < mappings->n; i++)
		for (size_t c = 0; c < ncolumns; c++)
			cells[used++] = mapping_cell(wanted, hms, &mappings->list[i], chosen[c]);
	print_table(columns, chosen, ncolumns, wanted->no_headings, cells, mappings->n);
	free(cells);
}

static void sum_row(const struct wanted *wanted, char **cells, const char *label, uint32_t uid,
		    uint64_t bytes)
{
	struct cell cell;

	fputs(label, cell_begin(&cell));
	cells[0] = cell_end(&cell);
	if (uid)
		fprintf(cell_begin(&cell), "%u", uid);
	else
		fputc('-', cell_begin(&cell));
	cells[1] = cell_end(&cell);
	print_size(cell_begin(&cell), wanted->bytes, bytes);
	cells[2] = cell_end(&cell);
	fprintf(cell_begin(&cell), "%" PRIu64, bytes / sysconf(_SC_PAGESIZE));
	cells[3] = cell_end(&cell);
}

static void print_summary(const struct wanted *wanted, struct hms *hms, const struct places *total)
{
	static const unsigned int all[NR_SUMS] = { 0, 1, 2, 3 };
	char **cells = calloc((total->n + 2) * NR_SUMS, sizeof(*cells)), label[24];
	size_t row = 0;

	if (!cells)
		abort();
	for (; row < total->n; row++)
		sum_row(wanted, &cells[row * NR_SUMS],
			object_label(hms, total->targets[row].uid, label),
			total->targets[row].uid, total->targets[row].bytes);
	sum_row(wanted, &cells[row++ * NR_SUMS], "absent", 0, total->absent);
	sum_row(wanted, &cells[row++ * NR_SUMS], "unknown", 0, total->unknown);
	print_table(sums, all, NR_SUMS, wanted->no_headings, cells, row);
	free(cells);
}

static void add_places(struct json_object *to, struct hms *hms, const struct places *places)
{
	struct json_object *array = json_object_new_array();

	add_number(to, "absent", places->absent);
	add_number(to, "unknown", places->unknown);
	for (size_t i = 0; i < places->n; i++) {
		struct json_object *target = json_object_new_object();

		add_number(target, "uid", places->targets[i].uid);
		json_object_object_add(target, "name",
				       object_name(hms, places->targets[i].uid));
		add_number(target, "size", places->targets[i].bytes);
		json_object_array_add(array, target);
	}
	json_object_object_add(to, "targets", array);
}

static struct json_object *mapping_json(struct hms *hms, const struct mapping *mapping)
{
	struct json_object *row = json_object_new_object();

	add_number(row, "start", mapping->start);
	add_number(row, "end", mapping->end);
	json_object_object_add(row, "perms", json_object_new_string(mapping->perms));
	add_number(row, "size", mapping->end - mapping->start);
	add_places(row, hms, &mapping->places);
	json_object_object_add(row, "mapping",
			       mapping->name[0] ? json_object_new_string(mapping->name) : NULL);
	return row;
}

static void print_json(const struct wanted *wanted, const struct process *process,
		       const struct mappings *mappings, const struct places *total)
{
	struct json_object *top = json_object_new_object(), *sum = json_object_new_object();
	struct json_object *array = json_object_new_array();

	add_number(top, "pid", process->pid);
	json_object_object_add(top, "source",
			       json_object_new_string(process->no_descriptor ? "pagemap" : "hms"));
	json_object_object_add(top, "note",
			       process->no_descriptor ? json_object_new_string(NOT_HMS) : NULL);
	add_number(top, "page-size", sysconf(_SC_PAGESIZE));
	for (size_t i = 0; i < mappings->n; i++)
		json_object_array_add(array, mapping_json(process->hms, &mappings->list[i]));
	if (wanted->summary)
		json_object_put(array);
	else
		json_object_object_add(top, "mappings", array);
	add_places(sum, process->hms, total);
	json_object_object_add(top, "total", sum);
	print_json_text(top);
}

static void print_all(const struct wanted *wanted, const struct process *process,
		      const struct mappings *mappings, const struct places *total)
{
	if (wanted->json) {
		print_json(wanted, process, mappings, total);
		return;
	}
	if (!wanted->summary)
		print_mappings(wanted, process->hms, mappings);
	if (!wanted->summary && !wanted->ncolumns)
		putchar('\n');
	if (wanted->summary || !wanted->ncolumns)
		print_summary(wanted, process->hms, total);
}

static void add_all(struct places *total, const struct places *places)
{
	places_add(total, HMS_ABSENT, 0, places->absent);
	places_add(total, HMS_UNKNOWN, 0, places->unknown);
	for (size_t i = 0; i < places->n; i++)
		places_add(total, HMS_RESIDENT, places->targets[i].uid, places->targets[i].bytes);
}

static int where(const struct process *process, const void *data)
{
	struct places total = { };
	struct mappings mappings;
	int ret;

	ret = process_mappings(process, &mappings);
	for (size_t i = 0; i < mappings.n && !ret; i++) {
		ret = process_locate(process, &mappings.list[i]);
		add_all(&total, &mappings.list[i].places);
	}
	if (!ret && process->no_descriptor)
		fail_process(process, NOT_HMS);
	if (!ret)
		print_all(data, process, &mappings, &total);
	free(total.targets);
	mappings_free(&mappings);
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
		{ 's', "summary",    NULL,	   &wanted.summary },
		{ }
	};
	int ret;

	ret = parse_options(verb, argc, argv, opts, 1, 2);
	if (ret)
		return ret;
	if (wanted.summary && wanted.ncolumns)
		return fail_usage(verb, "--summary has columns of its own");
	return process_with(verb, argc - optind, argv + optind, where, &wanted);
}

const struct verb verb_where = {
	.name = "where",
	.summary = "the memory of a process, by target",
	.usage = "PID [RANGE] [options]\n"
		 "\n"
		 "RANGE is START-END, as in /proc/PID/maps, or START+SIZE; START and END are in\n"
		 "hex, and whole pages.\n"
		 "\n"
		 "  -J, --json          JSON: all columns, plain numbers\n"
		 "  -b, --bytes         plain numbers: bytes\n"
		 "  -n, --noheadings    no lines of headings\n"
		 "  -o, --output COLS   these columns, with commas, and no summary: START END PERMS\n"
		 "                      SIZE ABSENT UNKNOWN TARGETS MAPPING\n"
		 "  -s, --summary       the summary alone\n",
	.run = run,
};
