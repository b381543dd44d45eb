// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "init.h"

/* The whole file, with a NUL behind it. Files of procfs and sysfs have no size to ask for. */
char *file_read(const char *path, size_t *len)
{
	size_t used = 0, room = 0;
	char *text = NULL;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	do {
		if (room - used < 4096) {
			char *bigger = realloc(text, room = 2 * room + 8192);

			if (!bigger) {
				n = -1;
				break;
			}
			text = bigger;
		}
		n = read(fd, text + used, room - used - 1);
		if (n > 0)
			used += n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	close(fd);
	if (n < 0) {
		free(text);
		return NULL;
	}
	text[used] = '\0';
	if (len)
		*len = used;
	return text;
}

bool file_write(const char *path, const char *text)
{
	ssize_t n = -1;
	int fd;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = write(fd, text, strlen(text));
		close(fd);
	}
	return n == (ssize_t)strlen(text);
}

/* The number behind @name in a file of lines "name number"; for NULL the only one; or @absent. */
long long file_number(const char *path, const char *name, long long absent)
{
	char *text = file_read(path, NULL), *at = text;
	size_t len = name ? strlen(name) : 0;
	long long value = absent;

	while (at && name && (strncmp(at, name, len) || at[len] != ' ')) {
		at = strchr(at, '\n');
		if (at)
			at++;
	}
	if (at)
		value = atoll(at + len);
	free(text);
	return value;
}
