/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the library share; none of it is exported. */
#ifndef LIBHMS_INTERNAL_H
#define LIBHMS_INTERNAL_H

#include <hms/hms.h>

#pragma GCC visibility push(hidden)

#define HMS_DEVICE	"/dev/hms"
#define HMS_OBJECTS	"/sys/bus/hms/devices"

struct hms {
	int fd;				/* -1: topology only */
	bool scanned;
	size_t nobjects;
	struct hms_object **objects;	/* by uid */
	struct hms_module *module;	/* NULL until asked for */
	char error[320];
};

/* Forget the error of the call before. */
void hms_error_clear(struct hms *hms);

/* Store why @call failed; returns -@error. errno's own words are used when @fmt is NULL. */
int hms_error_set(struct hms *hms, const char *call, int error, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The same for a failed HMS_HBIND, from its error fields. */
int hms_error_hbind(struct hms *hms, const struct hms_hbind *hbind, int error);

/* ioctl() on the handle; returns 0 or a positive errno. */
int hms_request_raw(struct hms *hms, unsigned long request, void *argument);

void hms_objects_free(struct hms *hms);

/* The object with @uid if the objects have been read and it is there, without reading them. */
const struct hms_object *hms_object_known(const struct hms *hms, uint32_t uid);

static inline uint64_t hms_pointer(const void *p)
{
	return (uintptr_t)p;
}

#pragma GCC visibility pop

#endif /* LIBHMS_INTERNAL_H */
