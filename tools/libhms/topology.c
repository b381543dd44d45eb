// SPDX-License-Identifier: LGPL-2.1-or-later
/* The objects of a handle. */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"

void hms_object_free(struct hms_object *public)
{
	struct object *object = (struct object *)public;

	free(object->links);
	free(object->initiators);
	free(object->caches);
	free(object);
}

void hms_objects_free(struct hms *hms)
{
	for (size_t i = 0; i < hms->nobjects; i++)
		hms_object_free(hms->objects[i]);
	free(hms->objects);
	hms->objects = NULL;
	hms->nobjects = 0;
	hms->scanned = false;
}

int hms_compare_uid(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

int hms_compare_object(const void *a, const void *b)
{
	const struct hms_object *const *x = a, *const *y = b;

	return hms_compare_uid(&(*x)->uid, &(*y)->uid);
}

int hms_scan_once(struct hms *hms)
{
	hms_error_clear(hms);
	return hms->scanned ? 0 : hms_scan(hms);
}

/*
 * Index of the first object whose uid is not below @uid. Not bsearch(): the graph asks twice for
 * each bridge, and a call for each comparison would take most of its time.
 */
static size_t first_from(const struct hms_object *const *objects, size_t n, uint64_t uid)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (objects[middle]->uid < uid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t hms_objects_index(const struct hms_object *const *objects, size_t n, uint32_t uid)
{
	size_t i = first_from(objects, n, uid);

	return i < n && objects[i]->uid == uid ? i : SIZE_MAX;
}

static const struct hms_object *const *objects_of(const struct hms *hms)
{
	return (const struct hms_object *const *)hms->objects;
}

size_t hms_object_index(const struct hms *hms, uint32_t uid)
{
	return hms_objects_index(objects_of(hms), hms->nobjects, uid);
}

const struct hms_object *hms_object_known(const struct hms *hms, uint32_t uid)
{
	size_t i = hms_object_index(hms, uid);

	return i == SIZE_MAX ? NULL : hms->objects[i];
}

const struct hms_object *hms_object_of_type(struct hms *hms, const char *call, enum hms_type type,
					    uint32_t uid)
{
	const struct hms_object *object = hms_object_known(hms, uid);

	if (object && object->type == type)
		return object;
	hms_error_set(hms, call, ENOENT, "no %s with uid %u", hms_type_text(type), uid);
	return NULL;
}

const struct hms_object *hms_object_next(struct hms *hms, enum hms_type type,
					 const struct hms_object *previous)
{
	uint64_t from = previous ? previous->uid + 1ULL : 0;

	if (hms_scan_once(hms))
		return NULL;
	for (size_t i = first_from(objects_of(hms), hms->nobjects, from); i < hms->nobjects; i++)
		if (hms->objects[i]->type == type)
			return hms->objects[i];
	return NULL;
}

int hms_find_target(struct hms *hms, enum hms_kind kind, unsigned int nth,
		    const struct hms_object **target)
{
	const struct hms_object *object;
	int ret = hms_scan_once(hms);

	*target = NULL;
	if (ret)
		return ret;
	hms_for_each(hms, HMS_TARGET, object) {
		if (object->kind != kind || nth--)
			continue;
		*target = object;
		return 0;
	}
	return hms_error_set(hms, "find target", ENOENT, "not that many targets of kind %s",
			     hms_kind_text(kind));
}

int hms_find_uid(struct hms *hms, uint32_t uid, const struct hms_object **object)
{
	int ret = hms_scan_once(hms);

	*object = NULL;
	if (ret)
		return ret;
	*object = hms_object_known(hms, uid);
	if (!*object)
		return hms_error_set(hms, "find uid", ENOENT, "no object with uid %u", uid);
	return 0;
}
