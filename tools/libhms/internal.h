/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the library share; none of it is exported. */
#ifndef LIBHMS_INTERNAL_H
#define LIBHMS_INTERNAL_H

#include <hms/hms.h>

#pragma GCC visibility push(hidden)

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

#define HMS_DEVICE	"/dev/hms"

struct hms {
	int fd;				/* -1: topology only */
	uint32_t flags;			/* that all requests carry */
	bool scanned;
	uint32_t version;		/* highest object version that is wanted */
	uint64_t instance;		/* of the map that was read */
	uint64_t generation;
	struct hms_socket *socket;	/* NULL until something is asked */
	bool from_file;			/* the objects are of hms_open_file(): never read again */
	size_t nobjects;
	struct hms_object **objects;	/* by uid */
	struct hms_module *module;	/* NULL until asked for */
	int maps;			/* /proc/self/maps, or -1 */
	enum hms_first_touch first_touch;	/* of the last request */
	char error[320];
};

#define HMS_NAME_MAX	63

/* An object while it is built: what it points to is freed with it. */
struct object {
	struct hms_object public;
	char name[HMS_NAME_MAX + 1];
	uint32_t *links;
	uint32_t *initiators;
	struct hms_cache *caches;
};

/* A handle without objects; takes over @fd unless it fails. */
int hms_handle_new(struct hms **hms, int fd);

/* Forget the error of the call before. */
void hms_error_clear(struct hms *hms);

/* Replace what would end the line or make a terminal obey: an error has words of others. */
void hms_error_tame(char *text);

/* Store why @call failed; returns -@error. errno's own words are used when @fmt is NULL. */
int hms_error_set(struct hms *hms, const char *call, int error, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The same for a failed HMS_HBIND, from its error fields. */
int hms_error_hbind(struct hms *hms, const struct hms_hbind *hbind, int error);

/* The value that a request has for a key, or NULL. */
static inline const uint64_t *hms_modifier_value(const struct hms_request *request, uint32_t key)
{
	/* More are refused by the module. */
	for (uint32_t i = 0; i < request->nmodifiers && i < HMS_MAX_MODIFIERS; i++)
		if (request->modifiers && request->modifiers[i].key == key)
			return (const uint64_t *)&request->modifiers[i].value;
	return NULL;
}

/* What a request did, but for the counts per target. */
void hms_result_fill(struct hms_result *result, const struct hms_hbind *hbind);

/* "target 1 (uid 5, node1)", of @n that a call was given. */
void hms_name_target(struct hms *hms, char *text, size_t size, uint32_t index,
		     const uint32_t *uids, uint32_t n);

/* ioctl() on the handle; returns 0 or a positive errno. */
int hms_request_raw(struct hms *hms, unsigned long request, void *argument);

void hms_object_free(struct hms_object *public);
void hms_objects_free(struct hms *hms);

/* The node that a target is, or -1; NULL is none. */
static inline int hms_object_node(const struct hms_object *object)
{
	return object && object->type == HMS_TARGET && object->kind == HMS_KIND_NODE ?
		       object->nid : -1;
}

/* Read the objects unless that has been done. Clears the last error, as every call does. */
int hms_scan_once(struct hms *hms);

/* For qsort() and bsearch(): uids, pointers to objects by uid. */
int hms_compare_uid(const void *a, const void *b);
int hms_compare_object(const void *a, const void *b);

/* Where objects in the order of their uids have this one, or SIZE_MAX. */
size_t hms_objects_index(const struct hms_object *const *objects, size_t n, uint32_t uid);

/* The same of hms->objects. */
size_t hms_object_index(const struct hms *hms, uint32_t uid);

/* The object with @uid if the objects have been read and it is there, without reading them. */
const struct hms_object *hms_object_known(const struct hms *hms, uint32_t uid);

/* The same, if it is of this type; else the error of @call is set, for -ENOENT. */
const struct hms_object *hms_object_of_type(struct hms *hms, const char *call, enum hms_type type,
					    uint32_t uid);

static inline uint64_t hms_pointer(const void *p)
{
	return (uintptr_t)p;
}

#pragma GCC visibility pop

#endif /* LIBHMS_INTERNAL_H */
