// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reading the map. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "socket.h"

/* A map that changes each time it is read is read so often. */
#define TRIES	100

struct reading {
	struct hms fresh;
	size_t room;
	uint64_t instance;
	uint64_t generation;
};

static int on_object(void *data, struct genlmsghdr *header, struct nlattr **attrs)
{
	struct reading *reading = data;
	struct hms *fresh = &reading->fresh;
	struct object *object;
	int error;

	if (fresh->nobjects == reading->room) {
		size_t room = reading->room ? 2 * reading->room : 64;
		struct hms_object **grown = reallocarray(fresh->objects, room, sizeof(*grown));

		if (!grown)
			return ENOMEM;
		fresh->objects = grown;
		reading->room = room;
	}
	error = hms_message_object(header, attrs, &object);
	if (error)
		return error;
	reading->instance = hms_message_u64(attrs[HMS_A_INSTANCE], reading->instance);
	reading->generation = hms_message_u64(attrs[HMS_A_GENERATION], reading->generation);
	fresh->objects[fresh->nobjects++] = &object->public;
	return 0;
}

/* Connections to objects that are left out are left out as well. */
static void drop_unknown(struct hms *hms)
{
	for (size_t i = 0; i < hms->nobjects; i++) {
		struct object *object = (struct object *)hms->objects[i];
		size_t n = 0;

		for (size_t k = 0; k < object->public.nlinks; k++)
			if (hms_object_known(hms, object->links[k]))
				object->links[n++] = object->links[k];
		object->public.nlinks = n;
	}
}

static int scan_try(struct hms *hms, struct reading *reading)
{
	int error;

	if (!hms->socket) {
		error = hms_socket_open(&hms->socket);
		if (error)
			return error;
	}
	hms->socket->message = on_object;
	hms->socket->data = reading;
	error = hms_socket_dump(hms->socket, hms->version, 0, 0);
	/* After an error there may be more of the answer to come, which nobody wants. */
	if (error) {
		hms_objects_free(&reading->fresh);
		hms_socket_close(hms->socket);
		hms->socket = NULL;
	}
	return error;
}

int hms_scan(struct hms *hms)
{
	struct reading reading;
	int error = EINTR;

	hms_error_clear(hms);
	if (hms->from_file)
		return 0;
	for (int i = 0; i < TRIES && error == EINTR; i++) {
		reading = (struct reading) { .fresh.fd = -1 };
		error = scan_try(hms, &reading);
	}
	if (error == ENOENT)
		return hms_error_set(hms, "scan", error, "no generic netlink family "
				     HMS_GENL_NAME ": the module is not loaded");
	if (error == EINTR)
		return hms_error_set(hms, "scan", EAGAIN, "the map does not keep still");
	if (error)
		return hms_error_set(hms, "scan", error, NULL);
	hms_objects_free(hms);
	hms->objects = reading.fresh.objects;
	hms->nobjects = reading.fresh.nobjects;
	hms->instance = reading.instance;
	hms->generation = reading.generation;
	hms->scanned = true;
	if (hms->nobjects)
		qsort(hms->objects, hms->nobjects, sizeof(*hms->objects), hms_compare_object);
	drop_unknown(hms);
	return 0;
}

int hms_set_version(struct hms *hms, uint32_t version)
{
	hms_error_clear(hms);
	if (!version)
		return hms_error_set(hms, "set version", EINVAL, "there is no version 0");
	if (hms->from_file)
		return hms_error_set(hms, "set version", EBADF, "a file is read when it is opened");
	hms->version = version;
	hms_objects_free(hms);
	return 0;
}

int hms_generation(struct hms *hms, uint64_t *instance, uint64_t *generation)
{
	int ret = hms_scan_once(hms);

	if (ret)
		return ret;
	*instance = hms->instance;
	*generation = hms->generation;
	return 0;
}
