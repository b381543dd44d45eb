/* SPDX-License-Identifier: GPL-2.0 */
/* Objects as a table or as JSON. */
#ifndef HMSCTL_OBJECTS_H
#define HMSCTL_OBJECTS_H

#include <hms/hms.h>

struct json_object;

enum column {
	COL_UID, COL_VERSION, COL_TYPE, COL_NAME, COL_KIND, COL_NODE, COL_CAPACITY, COL_USED,
	COL_PROPERTIES, COL_LINKS, COL_GENERATION, COL_READ_BW, COL_WRITE_BW, COL_READ_LAT,
	COL_WRITE_LAT, COL_FROM, COL_TO, NR_COLUMNS,
};

/* @ncolumns 0: all in JSON, else those that say most of a target. */
struct listing {
	unsigned int columns[NR_COLUMNS];	/* enum column */
	size_t ncolumns;
	bool bytes;
	bool no_headings;
	bool json;
};

/* "uid,NAME"; false when one is unknown, or there are too many. */
bool parse_columns(char *text, struct listing *listing);

/* Returns an exit code. */
int print_objects(const struct listing *listing, const struct hms_object *const *objects, size_t n);

/* The same, of uids that a question was answered with. */
int print_uids(const struct listing *listing, struct hms *hms, const struct hms_uid_list *list);

/* Add values by the names of the columns, and where they come from, to an object of JSON. */
void add_values(struct json_object *to, const struct hms_value *values);

#endif /* HMSCTL_OBJECTS_H */
