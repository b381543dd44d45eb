// SPDX-License-Identifier: LGPL-2.1-or-later
/* The objects, from sysfs. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const type_texts[] = {
	[HMS_TARGET]	= "target",
	[HMS_INITIATOR]	= "initiator",
	[HMS_LINK]	= "link",
	[HMS_BRIDGE]	= "bridge",
};

static const char *const kind_texts[] = {
	[HMS_KIND_NONE]			= "none",
	[HMS_KIND_OTHER]		= "other",
	[HMS_KIND_NODE]			= "node",
	[HMS_KIND_DEVICE_PRIVATE]	= "device-private",
	[HMS_KIND_DEVICE_COHERENT]	= "device-coherent",
	[HMS_KIND_CPU]			= "cpu",
	[HMS_KIND_DEVICE]		= "device",
};

static const char *const property_texts[] = {
	"cpu-accessible", "coherent", "device-private", "persistent",
};

const char *hms_type_text(enum hms_type type)
{
	return type < COUNT(type_texts) ? type_texts[type] : "unknown";
}

const char *hms_kind_text(enum hms_kind kind)
{
	return kind < COUNT(kind_texts) ? kind_texts[kind] : "unknown";
}

const char *hms_property_text(uint32_t property)
{
	for (size_t i = 0; i < COUNT(property_texts); i++)
		if (property == 1U << i)
			return property_texts[i];
	return "unknown";
}

/* An object while it is built: what it points to is freed with it. */
struct object {
	struct hms_object public;
	char name[64];
	uint32_t *links;
};

static void object_free(struct hms_object *public)
{
	struct object *object = (struct object *)public;

	free(object->links);
	free(object);
}

void hms_objects_free(struct hms *hms)
{
	for (size_t i = 0; i < hms->nobjects; i++)
		object_free(hms->objects[i]);
	free(hms->objects);
	hms->objects = NULL;
	hms->nobjects = 0;
	hms->scanned = false;
}

/* "v<version>-<uid>-<type>" */
static bool parse_object_name(const char *name, uint32_t *version, uint32_t *uid,
			      enum hms_type *type)
{
	int end = 0;

	if (sscanf(name, "v%u-%u-%n", version, uid, &end) != 2 || !end)
		return false;
	for (size_t i = 0; i < COUNT(type_texts); i++) {
		if (!strcmp(name + end, type_texts[i])) {
			*type = i;
			return true;
		}
	}
	return false;
}

/* One line of a file without its newline; false when it is not there or can't be read. */
static bool read_line(int dir, const char *file, char *text, size_t size)
{
	int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	if (n < 0)
		return false;
	text[n] = 0;
	text[strcspn(text, "\n")] = 0;
	return true;
}

static uint64_t read_number(int dir, const char *file, uint64_t otherwise)
{
	char text[32], *end;
	uint64_t number;

	if (!read_line(dir, file, text, sizeof(text)))
		return otherwise;
	errno = 0;
	number = strtoull(text, &end, 10);
	return errno || end == text || *end ? otherwise : number;
}

static enum hms_kind read_kind(int dir)
{
	char text[32];

	if (!read_line(dir, "kind", text, sizeof(text)))
		return HMS_KIND_NONE;
	for (size_t i = HMS_KIND_NODE; i < COUNT(kind_texts); i++)
		if (!strcmp(text, kind_texts[i]))
			return i;
	return HMS_KIND_OTHER;
}

static uint32_t read_properties(int dir)
{
	char text[256], *word, *rest;
	uint32_t properties = 0;

	if (!read_line(dir, "properties", text, sizeof(text)))
		return 0;
	for (word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		for (size_t i = 0; i < COUNT(property_texts); i++)
			if (!strcmp(word, property_texts[i]))
				properties |= 1U << i;
	return properties;
}

static int compare_uid(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Takes over @fd. */
static int read_links(struct object *object, int fd)
{
	uint32_t version, uid, *grown;
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	enum hms_type type;
	size_t n = 0;

	if (!dir) {
		close(fd);
		return ENOMEM;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_type != DT_LNK ||
		    !parse_object_name(entry->d_name, &version, &uid, &type) ||
		    version > HMS_VERSION_DEVICE)
			continue;
		grown = reallocarray(object->links, n + 1, sizeof(*grown));
		if (!grown) {
			closedir(dir);
			return ENOMEM;
		}
		object->links = grown;
		object->links[n++] = uid;
	}
	closedir(dir);
	if (n)
		qsort(object->links, n, sizeof(*object->links), compare_uid);
	object->public.links = object->links;
	object->public.nlinks = n;
	return 0;
}

/* @result is NULL when the object has gone in the meantime. */
static int read_object(int devices, const char *entry, struct hms_object **result)
{
	struct object *object;
	int dir, error;

	*result = NULL;
	dir = openat(devices, entry, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT ? 0 : errno;
	object = calloc(1, sizeof(*object));
	if (!object) {
		close(dir);
		return ENOMEM;
	}
	parse_object_name(entry, &object->public.version, &object->public.uid,
			  &object->public.type);
	read_line(dir, "name", object->name, sizeof(object->name));
	object->public.name = object->name;
	object->public.kind = read_kind(dir);
	object->public.nid = (int)read_number(dir, "nid", (uint64_t)-1);
	object->public.capacity = read_number(dir, "capacity", HMS_BYTES_UNKNOWN);
	object->public.used = read_number(dir, "used", HMS_BYTES_UNKNOWN);
	object->public.properties = read_properties(dir);
	error = read_links(object, dir);
	if (error) {
		object_free(&object->public);
		return error;
	}
	*result = &object->public;
	return 0;
}

static int compare_object(const void *a, const void *b)
{
	const struct hms_object *const *x = a, *const *y = b;

	return compare_uid(&(*x)->uid, &(*y)->uid);
}

static int scan(struct hms *into)
{
	struct hms_object *object, **grown;
	uint32_t version, uid;
	struct dirent *entry;
	enum hms_type type;
	int error = 0;
	DIR *dir;

	dir = opendir(HMS_OBJECTS);
	if (!dir)
		return errno;
	while (!error && (entry = readdir(dir))) {
		if (!parse_object_name(entry->d_name, &version, &uid, &type) ||
		    version > HMS_VERSION_DEVICE)
			continue;
		error = read_object(dirfd(dir), entry->d_name, &object);
		if (!object)
			continue;
		grown = reallocarray(into->objects, into->nobjects + 1, sizeof(*grown));
		if (!grown) {
			object_free(object);
			error = ENOMEM;
			break;
		}
		into->objects = grown;
		into->objects[into->nobjects++] = object;
	}
	closedir(dir);
	if (into->nobjects)
		qsort(into->objects, into->nobjects, sizeof(*into->objects), compare_object);
	return error;
}

int hms_scan(struct hms *hms)
{
	struct hms fresh = { .fd = -1 };
	int error;

	hms_error_clear(hms);
	error = scan(&fresh);
	if (error) {
		hms_objects_free(&fresh);
		if (error == ENOENT)
			return hms_error_set(hms, "scan", error, "no " HMS_OBJECTS
					     ": the module is not loaded");
		return hms_error_set(hms, "scan", error, HMS_OBJECTS ": %s", strerror(error));
	}
	hms_objects_free(hms);
	hms->objects = fresh.objects;
	hms->nobjects = fresh.nobjects;
	hms->scanned = true;
	return 0;
}

/* Clears the last error, as every call does. */
static int scan_once(struct hms *hms)
{
	hms_error_clear(hms);
	return hms->scanned ? 0 : hms_scan(hms);
}

const struct hms_object *hms_object_known(const struct hms *hms, uint32_t uid)
{
	for (size_t i = 0; i < hms->nobjects; i++)
		if (hms->objects[i]->uid == uid)
			return hms->objects[i];
	return NULL;
}

const struct hms_object *hms_object_next(struct hms *hms, enum hms_type type,
					 const struct hms_object *previous)
{
	if (scan_once(hms))
		return NULL;
	for (size_t i = 0; i < hms->nobjects; i++) {
		const struct hms_object *object = hms->objects[i];

		if (object->type == type && (!previous || object->uid > previous->uid))
			return object;
	}
	return NULL;
}

int hms_find_target(struct hms *hms, enum hms_kind kind, unsigned int nth,
		    const struct hms_object **target)
{
	const struct hms_object *object;
	int ret = scan_once(hms);

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
	int ret = scan_once(hms);

	*object = NULL;
	if (ret)
		return ret;
	*object = hms_object_known(hms, uid);
	if (!*object)
		return hms_error_set(hms, "find uid", ENOENT, "no object with uid %u", uid);
	return 0;
}
