// SPDX-License-Identifier: LGPL-2.1-or-later
/* Maps in files: opening one. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "map.h"

#define MAP_MAX_BYTES	(64 << 20)	/* a map of 100,000 objects has a tenth of that */

/* All of @f, with room for a NUL behind it. 0 or a positive errno. */
static int read_all(FILE *f, char **text, size_t *length)
{
	size_t room = 0, n = 0;
	char *grown;

	do {
		room = room ? 2 * room : 4096;
		grown = realloc(*text, room + 1);
		if (!grown)
			return ENOMEM;
		*text = grown;
		n += fread(grown + n, 1, room - n, f);
		if (ferror(f))
			return errno;
		if (n > MAP_MAX_BYTES)
			return EFBIG;
	} while (n == room);
	*length = n;
	return 0;
}

static int read_file(const char *path, char **text, size_t *length)
{
	FILE *f;
	int ret;

	if (!strcmp(path, "-"))
		return read_all(stdin, text, length);
	f = fopen(path, "re");
	if (!f)
		return errno;
	ret = read_all(f, text, length);
	fclose(f);
	return ret;
}

int hms_open_file(struct hms **hms, const char *path, uint32_t version, char *error, size_t size)
{
	char unwanted[1], *text = NULL;
	size_t length;
	int ret;

	if (!error || !size) {
		error = unwanted;
		size = sizeof(unwanted);
	}
	error[0] = 0;
	*hms = NULL;
	ret = -read_file(path, &text, &length);
	if (!ret)
		ret = hms_handle_new(hms, -1);
	if (ret) {
		snprintf(error, size, "%s", strerror(-ret));
	} else {
		(*hms)->from_file = true;
		(*hms)->version = version ?: HMS_VERSION_DEVICE;
		ret = map_read(*hms, text, length, (*hms)->version, error, size);
	}
	free(text);
	if (ret) {
		hms_close(*hms);
		*hms = NULL;
	}
	return ret;
}
