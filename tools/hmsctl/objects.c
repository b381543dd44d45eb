// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "hmsctl.h"
#include "objects.h"
#include "table.h"

/* The keys of the JSON output are these names in small letters: they stay. */
static const struct heading columns[NR_COLUMNS] = {
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

static const unsigned int default_columns[] = {
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
	struct cell cell;
	FILE *f = cell_begin(&cell);
	char human[24];

	if (!v) {
		fputc('-', f);
	} else if (json_object_is_type(v, json_type_array)) {
		size_t n = json_object_array_length(v);

		for (size_t i = 0; i < n; i++)
			fprintf(f, "%s%s", i ? "," : "",
				json_object_get_string(json_object_array_get_idx(v, i)));
		if (!n)
			fputc('-', f);
	} else if (column == COL_CAPACITY || column == COL_USED) {
		print_size(f, listing->bytes, json_object_get_uint64(v));
	} else if (is_value(column) && !listing->bytes) {
		const struct hms_value *value = &o->values[column - COL_READ_BW];

		fprintf(f, "%s:%s", human_value(column - COL_READ_BW, value->value, human),
			hms_source_text(value->source));
	} else {
		fputs(json_object_get_string(v), f);
	}
	json_object_put(v);
	return cell_end(&cell);
}

static int print_rows(const struct listing *listing, const struct hms_object *const *objects,
		      size_t n)
{
	char **cells = calloc(n * listing->ncolumns + 1, sizeof(*cells));
	size_t used = 0;

	if (!cells)
		return fail("objects", "%s", strerror(ENOMEM));
	for (size_t i = 0; i < n; i++)
		for (size_t c = 0; c < listing->ncolumns; c++)
			cells[used++] = cell(listing, objects[i], listing->columns[c]);
	print_table(columns, listing->columns, listing->ncolumns, listing->no_headings, cells, n);
	free(cells);
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
	listing->ncolumns = parse_headings(text, columns, NR_COLUMNS, listing->columns);
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
	return all.json ? print_json(&all, objects, n) : print_rows(&all, objects, n);
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
