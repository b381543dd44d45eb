// SPDX-License-Identifier: GPL-2.0
#include <sanitizer/lsan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "maps.h"

int maps_try(const char *text, size_t length, struct hms **hms, char *error)
{
	int fd = memfd_create("map", MFD_CLOEXEC), ret;
	char path[64];

	if (fd < 0 || write(fd, text, length) != (ssize_t)length)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ret = hms_open_file(hms, path, 0, error, MAPS_ERROR);
	close(fd);
	return ret;
}

struct hms *maps_open(const char *text)
{
	char error[MAPS_ERROR];
	struct hms *hms;

	if (maps_try(text, strlen(text), &hms, error)) {
		fprintf(stderr, "# not a map: %s\n", error);
		abort();
	}
	return hms;
}

const struct hms_object *maps_object(struct hms *hms, enum hms_type type, const char *name)
{
	const struct hms_object *object;

	hms_for_each(hms, type, object)
		if (!strcmp(object->name, name))
			return object;
	return NULL;
}

uint32_t maps_uid(struct hms *hms, enum hms_type type, const char *name)
{
	const struct hms_object *object = maps_object(hms, type, name);

	return object ? object->uid : 0;
}

bool maps_close(struct hms *hms)
{
	hms_close(hms);
	/* Tests end by _exit(), without the check that a program has at its end. */
	return !__lsan_do_recoverable_leak_check();
}

unsigned long maps_random(unsigned long n)
{
	static unsigned long state = 88172645463325252ul;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}
