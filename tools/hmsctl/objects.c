// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <json-c/json.h>

#include "hmsctl.h"
#include "objects.h"

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
	[COL_GENERATION]	= { "GENERATION", true },
	[COL_READ_BW]		= { "READ-BW", true },
	[COL_WRITE_BW]		= { "WRITE-BW", true },
	[COL_READ_LAT]		= { "READ-LAT", true },
	[COL_WRITE_LAT]		= { "WRITE-LAT", true },
	[COL_FROM]		= { "FROM", true },
	[COL_TO]		= { "TO", true },
};

static const enum column default_columns[] = {
	COL_UID, COL_TYPE, COL_NAME, COL_KIND, COL_NODE, COL_CAPACITY, COL_USED, COL_PROPERTIES,
};

static bool is_value(enum column column)
{
	return column >= COL_READ_BW && column <= COL_WRITE_LAT;
}

/* The value of a column, NULL where the object has none or it is not known. */
static struct json_object *value(const struct hms_object *o, enum column column)
{
	const struct hms_value *v;
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
		return o->capacity != HMS_BYTES_UNKNOWN ? json_object_new_uint64(o->capacity) :
							  NULL;
	case COL_USED:
		return o->used != HMS_BYTES_UNKNOWN ? json_object_new_uint64(o->used) : NULL;
	case COL_PROPERTIES:
		array = json_object_new_array();
		for (uint32_t bit = 1; bit; bit <<= 1)
			if (o->properties & bit)
				json_object_array_add(array,
					json_object_new_string(hms_property_text(bit)));
		return array;
	case COL_GENERATION:
		return o->generation ? json_object_new_uint64(o->generation) : NULL;
	case COL_READ_BW:
	case COL_WRITE_BW:
	case COL_READ_LAT:
	case COL_WRITE_LAT:
		v = &o->values[column - COL_READ_BW];
		return hms_value_known(v) ? json_object_new_int64(v->value) : NULL;
	case COL_FROM:
		return o->from ? json_object_new_int64(o->from) : NULL;
	case COL_TO:
		return o->to ? json_object_new_int64(o->to) : NULL;
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
		fputs(human_size(json_object_get_uint64(v), human), f);
	} else if (is_value(column) && !listing->bytes) {
		const struct hms_value *value = &o->values[column - COL_READ_BW];

		fprintf(f, "%s:%s", human_value(column - COL_READ_BW, value->value, human),
			hms_source_text(value->source));
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

static int print_table(const struct listing *listing, const struct hms_object *const *objects,
		       size_t n)
{
	char *headings[NR_COLUMNS], *(*rows)[NR_COLUMNS];
	size_t widths[NR_COLUMNS];

	rows = calloc(n + 1, sizeof(*rows));
	if (!rows)
		return fail("objects", "%s", strerror(ENOMEM));
	for (size_t c = 0; c < listing->ncolumns; c++) {
		headings[c] = (char *)columns[listing->columns[c]].name;
		widths[c] = listing->no_headings ? 0 : strlen(headings[c]);
		for (size_t i = 0; i < n; i++) {
			size_t width;

			rows[i][c] = cell(listing, objects[i], listing->columns[c]);
			width = strlen(rows[i][c]);
			if (width > widths[c])
				widths[c] = width;
		}
	}
	if (!listing->no_headings)
		print_row(listing, headings, widths);
	for (size_t i = 0; i < n; i++) {
		print_row(listing, rows[i], widths);
		for (size_t c = 0; c < listing->ncolumns; c++)
			free(rows[i][c]);
	}
	free(rows);
	return EXIT_OK;
}

/* Keys are the names of the columns in small letters. */
static void add_key(struct json_object *to, enum column column, const char *suffix,
		    struct json_object *value)
{
	char key[32];

	snprintf(key, sizeof(key), "%s%s", columns[column].name, suffix);
	for (size_t k = 0; key[k]; k++)
		key[k] = tolower((unsigned char)key[k]);
	json_object_object_add(to, key, value);
}

static void add_source(struct json_object *to, enum column column, const struct hms_value *value)
{
	add_key(to, column, "-source", hms_value_known(value) ?
		json_object_new_string(hms_source_text(value->source)) : NULL);
}

void add_values(struct json_object *to, const struct hms_value *values)
{
	for (enum column c = COL_READ_BW; c <= COL_WRITE_LAT; c++) {
		const struct hms_value *value = &values[c - COL_READ_BW];

		add_key(to, c, "",
			hms_value_known(value) ? json_object_new_int64(value->value) : NULL);
		add_source(to, c, value);
	}
}

static int print_json(const struct listing *listing, const struct hms_object *const *objects,
		      size_t n)
{
	struct json_object *top = json_object_new_object(), *array = json_object_new_array();

	json_object_object_add(top, "objects", array);
	for (size_t i = 0; i < n; i++) {
		struct json_object *row = json_object_new_object();

		for (size_t c = 0; c < listing->ncolumns; c++) {
			enum column column = listing->columns[c];

			add_key(row, column, "", value(objects[i], column));
			if (is_value(column))
				add_source(row, column, &objects[i]->values[column - COL_READ_BW]);
		}
		json_object_array_add(array, row);
	}
	print_json_text(top);
	return EXIT_OK;
}

bool parse_columns(char *text, struct listing *listing)
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

int print_objects(const struct listing *listing, const struct hms_object *const *objects, size_t n)
{
	struct listing all = *listing;

	if (!all.ncolumns && all.json) {
		/* Programs choose for themselves: they get all. */
		for (unsigned int c = 0; c < NR_COLUMNS; c++)
			all.columns[all.ncolumns++] = c;
	} else if (!all.ncolumns) {
		memcpy(all.columns, default_columns, sizeof(default_columns));
		all.ncolumns = sizeof(default_columns) / sizeof(default_columns[0]);
	}
	return all.json ? print_json(&all, objects, n) : print_table(&all, objects, n);
}

int print_uids(const struct listing *listing, struct hms *hms, const struct hms_uid_list *list)
{
	const struct hms_object **objects = calloc(list->n + 1, sizeof(*objects));
	int ret;

	if (!objects)
		return fail("objects", "%s", strerror(ENOMEM));
	for (size_t i = 0; i < list->n; i++)
		hms_find_uid(hms, list->uids[i], &objects[i]);
	ret = print_objects(listing, objects, list->n);
	free(objects);
	return ret;
}
