// SPDX-License-Identifier: GPL-2.0
/* hmsctl list: the objects as a table or as JSON. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <json-c/json.h>

#include "hmsctl.h"

enum column {
	COL_UID, COL_VERSION, COL_TYPE, COL_NAME, COL_KIND, COL_NODE, COL_CAPACITY, COL_USED,
	COL_PROPERTIES, COL_LINKS, NR_COLUMNS,
};

/* The keys of the JSON output are these names in small letters: they stay. */
static const struct {
	const char *name;
	bool right;
} columns[NR_COLUMNS] = {
	[COL_UID]		= { "UID", true },
	[COL_VERSION]		= { "VERSION", true },
	[COL_TYPE]		= { "TYPE", false },
	[COL_NAME]		= { "NAME", false },
	[COL_KIND]		= { "KIND", false },
	[COL_NODE]		= { "NODE", true },
	[COL_CAPACITY]		= { "CAPACITY", true },
	[COL_USED]		= { "USED", true },
	[COL_PROPERTIES]	= { "PROPERTIES", false },
	[COL_LINKS]		= { "LINKS", false },
};

static const enum column default_columns[] = {
	COL_UID, COL_TYPE, COL_NAME, COL_KIND, COL_NODE, COL_CAPACITY, COL_USED, COL_PROPERTIES,
};

struct listing {
	unsigned int types;		/* bits 1 << enum hms_type */
	enum column columns[NR_COLUMNS];
	size_t ncolumns;
	bool bytes;
	bool headings;
	bool json;
};

/* The value of a column, NULL where the object has none or it is not known. */
static struct json_object *value(const struct hms_object *o, enum column column)
{
	struct json_object *array;

	switch (column) {
	case COL_UID:
		return json_object_new_int64(o->uid);
	case COL_VERSION:
		return json_object_new_int64(o->version);
	case COL_TYPE:
		return json_object_new_string(hms_type_text(o->type));
	case COL_NAME:
		return o->name[0] ? json_object_new_string(o->name) : NULL;
	case COL_KIND:
		return o->kind ? json_object_new_string(hms_kind_text(o->kind)) : NULL;
	case COL_NODE:
		return o->nid >= 0 ? json_object_new_int(o->nid) : NULL;
	case COL_CAPACITY:
		return o->capacity != HMS_BYTES_UNKNOWN ? json_object_new_int64(o->capacity) : NULL;
	case COL_USED:
		return o->used != HMS_BYTES_UNKNOWN ? json_object_new_int64(o->used) : NULL;
	case COL_PROPERTIES:
		array = json_object_new_array();
		for (uint32_t bit = 1; bit; bit <<= 1)
			if (o->properties & bit)
				json_object_array_add(array,
					json_object_new_string(hms_property_text(bit)));
		return array;
	case COL_LINKS:
		array = json_object_new_array();
		for (size_t i = 0; i < o->nlinks; i++)
			json_object_array_add(array, json_object_new_int64(o->links[i]));
		return array;
	default:
		return NULL;
	}
}

/* The same value as a cell of the table. */
static char *cell(const struct listing *listing, const struct hms_object *o, enum column column)
{
	struct json_object *v = value(o, column);
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	char human[24];

	if (!f)
		abort();
	if (!v) {
		fputc('-', f);
	} else if (json_object_is_type(v, json_type_array)) {
		size_t n = json_object_array_length(v);

		for (size_t i = 0; i < n; i++)
			fprintf(f, "%s%s", i ? "," : "",
				json_object_get_string(json_object_array_get_idx(v, i)));
		if (!n)
			fputc('-', f);
	} else if ((column == COL_CAPACITY || column == COL_USED) && !listing->bytes) {
		fputs(human_size(json_object_get_int64(v), human), f);
	} else {
		fputs(json_object_get_string(v), f);
	}
	json_object_put(v);
	fclose(f);
	return text;
}

static void print_row(const struct listing *listing, char **cells, const size_t *widths)
{
	for (size_t c = 0; c < listing->ncolumns; c++) {
		bool last = c + 1 == listing->ncolumns;
		int width = columns[listing->columns[c]].right ? (int)widths[c] :
			    last ? 0 : -(int)widths[c];

		printf("%*s%s", width, cells[c], last ? "\n" : "  ");
	}
}

static int print_table(const struct listing *listing, const struct hms_object **objects, size_t n)
{
	char *headings[NR_COLUMNS], *(*rows)[NR_COLUMNS];
	size_t widths[NR_COLUMNS];

	rows = calloc(n + 1, sizeof(*rows));
	if (!rows)
		return fail("list", "%s", strerror(ENOMEM));
	for (size_t c = 0; c < listing->ncolumns; c++) {
		headings[c] = (char *)columns[listing->columns[c]].name;
		widths[c] = listing->headings ? strlen(headings[c]) : 0;
		for (size_t i = 0; i < n; i++) {
			size_t width;

			rows[i][c] = cell(listing, objects[i], listing->columns[c]);
			width = strlen(rows[i][c]);
			if (width > widths[c])
				widths[c] = width;
		}
	}
	if (listing->headings)
		print_row(listing, headings, widths);
	for (size_t i = 0; i < n; i++) {
		print_row(listing, rows[i], widths);
		for (size_t c = 0; c < listing->ncolumns; c++)
			free(rows[i][c]);
	}
	free(rows);
	return EXIT_OK;
}

static int print_json(const struct listing *listing, const struct hms_object **objects, size_t n)
{
	struct json_object *top = json_object_new_object(), *array = json_object_new_array();

	json_object_object_add(top, "objects", array);
	for (size_t i = 0; i < n; i++) {
		struct json_object *row = json_object_new_object();

		for (size_t c = 0; c < listing->ncolumns; c++) {
			char key[16] = "";
			const char *name = columns[listing->columns[c]].name;

			for (size_t k = 0; name[k]; k++)
				key[k] = name[k] | 0x20;
			json_object_object_add(row, key, value(objects[i], listing->columns[c]));
		}
		json_object_array_add(array, row);
	}
	puts(json_object_to_json_string_ext(top, JSON_C_TO_STRING_PRETTY |
						 JSON_C_TO_STRING_SPACED |
						 JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(top);
	return EXIT_OK;
}

static int list(const struct listing *listing)
{
	const struct hms_object *object, **objects = NULL;
	struct hms *hms;
	size_t n = 0;
	int ret;

	ret = hms_open_topology(&hms);
	if (ret)
		return fail_open(ret);
	for (int type = HMS_TARGET; type <= HMS_BRIDGE; type++) {
		if (!(listing->types & 1U << type))
			continue;
		hms_for_each(hms, type, object) {
			objects = reallocarray(objects, n + 1, sizeof(*objects));
			if (!objects)
				abort();
			objects[n++] = object;
		}
	}
	ret = listing->json ? print_json(listing, objects, n) : print_table(listing, objects, n);
	free(objects);
	hms_close(hms);
	return ret;
}

static bool parse_types(char *text, unsigned int *types)
{
	char *word, *rest;

	*types = 0;
	for (word = strtok_r(text, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		unsigned int type = HMS_TARGET;
		size_t length = strlen(word);

		if (length && word[length - 1] == 's')
			length--;
		if (!strcmp(word, "all")) {
			*types = ~0U;
			continue;
		}
		while (type <= HMS_BRIDGE && (strlen(hms_type_text(type)) != length ||
					      strncmp(word, hms_type_text(type), length)))
			type++;
		if (type > HMS_BRIDGE)
			return false;
		*types |= 1U << type;
	}
	return *types;
}

static bool parse_columns(char *text, struct listing *listing)
{
	char *word, *rest;

	listing->ncolumns = 0;
	for (word = strtok_r(text, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		unsigned int column = 0;

		while (column < NR_COLUMNS && strcasecmp(word, columns[column].name))
			column++;
		if (column == NR_COLUMNS || listing->ncolumns == NR_COLUMNS)
			return false;
		listing->columns[listing->ncolumns++] = column;
	}
	return listing->ncolumns;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	static const struct option options[] = {
		{ "json",	no_argument,		NULL, 'J' },
		{ "bytes",	no_argument,		NULL, 'b' },
		{ "noheadings",	no_argument,		NULL, 'n' },
		{ "output",	required_argument,	NULL, 'o' },
		{ }
	};
	struct listing listing = { .types = 1U << HMS_TARGET, .headings = true };
	bool chosen = false;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "Jbno:", options, NULL)) != -1) {
		switch (option) {
		case 'J':
			listing.json = true;
			break;
		case 'b':
			listing.bytes = true;
			break;
		case 'n':
			listing.headings = false;
			break;
		case 'o':
			if (!parse_columns(optarg, &listing))
				return fail_usage(verb, "unknown column, or too many");
			chosen = true;
			break;
		default:
			return fail_usage(verb, "bad option, or one without its value: %s",
					  argv[optind - 1]);
		}
	}
	if (argc - optind > 1)
		return fail_usage(verb, "one list of types, with commas");
	if (optind < argc && !parse_types(argv[optind], &listing.types))
		return fail_usage(verb, "unknown type of object");
	if (!chosen && listing.json) {
		/* Programs choose for themselves: they get all. */
		for (unsigned int c = 0; c < NR_COLUMNS; c++)
			listing.columns[c] = c;
		listing.ncolumns = NR_COLUMNS;
	} else if (!chosen) {
		memcpy(listing.columns, default_columns, sizeof(default_columns));
		listing.ncolumns = sizeof(default_columns) / sizeof(default_columns[0]);
	}
	return list(&listing);
}

const struct verb verb_list = {
	.name = "list",
	.summary = "the memory targets of this machine, and what connects them",
	.usage = "[TYPE[,TYPE...]] [options]\n"
		 "\n"
		 "TYPE is target (the default), initiator, link, bridge or all.\n"
		 "\n"
		 "  -J, --json          JSON: all columns, sizes in bytes\n"
		 "  -b, --bytes         sizes in bytes\n"
		 "  -n, --noheadings    no line of headings\n"
		 "  -o, --output COLS   columns, with commas: UID VERSION TYPE NAME KIND NODE\n"
		 "                      CAPACITY USED PROPERTIES LINKS\n",
	.run = run,
};
