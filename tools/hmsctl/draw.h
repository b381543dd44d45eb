/* SPDX-License-Identifier: GPL-2.0 */
/* Pictures of a map. */
#ifndef HMSCTL_DRAW_H
#define HMSCTL_DRAW_H

#include <stdio.h>

#include <hms/hms.h>

/*
 * A map with its places: what links connect is in one place, bridges lead from place to place. Of a
 * link that connects nothing the place is the link alone.
 */
struct picture {
	struct hms *hms;
	const char *title;
	size_t n;
	const struct hms_object **objects;	/* by type, then uid */
	size_t *places;				/* of each; SIZE_MAX for bridges */
	size_t nplaces;				/* numbered by their first object */
};

/* Reads the map; false when there is no memory, or hms_last_error() says why. */
bool picture_open(struct picture *picture, struct hms *hms, const char *title);
void picture_close(struct picture *picture);

/* Index of the object with this uid, SIZE_MAX when there is none. */
size_t picture_find(const struct picture *picture, uint32_t uid);

/* How many objects of this type are in a place. */
size_t picture_count(const struct picture *picture, size_t place, enum hms_type type);

/* The bridge that leads back, and is the same for the same initiators; NULL: there is none. */
const struct hms_object *picture_way_back(const struct picture *picture,
					  const struct hms_object *bridge);

/* "90GB/s 80ns", with both figures where reading and writing differ; @text has room for 96. */
const char *draw_values(const struct hms_value *values, const char *between, char *text);

/* "64G", @between, "node 0"; the same. */
const char *draw_memory(const struct hms_object *target, const char *between, char *text);

/* "CPUs of node 0", "device"; the same. */
const char *draw_initiator(const struct hms_object *initiator, char *text);

/* With the characters of Unicode for boxes, or with those of ASCII. */
void draw_tree(const struct picture *picture, FILE *to, bool unicode);

/* For graphviz. */
void draw_dot(const struct picture *picture, FILE *to);

/* For hwloc, version 2. */
void draw_xml(const struct picture *picture, FILE *to);

#endif /* HMSCTL_DRAW_H */
