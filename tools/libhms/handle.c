// SPDX-License-Identifier: LGPL-2.1-or-later
/* Opening and closing a handle. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "internal.h"
#include "socket.h"

int hms_handle_new(struct hms **hms, int fd)
{
	*hms = calloc(1, sizeof(**hms));
	if (!*hms)
		return -ENOMEM;
	(*hms)->fd = fd;
	(*hms)->maps = -1;
	(*hms)->version = HMS_VERSION_DEVICE;
	return 0;
}

int hms_open(struct hms **hms)
{
	int fd, ret;

	*hms = NULL;
	fd = open(HMS_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = hms_handle_new(hms, fd);
	if (ret)
		close(fd);
	return ret;
}

int hms_open_topology(struct hms **hms)
{
	int ret;

	ret = hms_handle_new(hms, -1);
	if (ret)
		return ret;
	ret = hms_scan(*hms);
	if (ret) {
		hms_close(*hms);
		*hms = NULL;
	}
	return ret;
}

void hms_close(struct hms *hms)
{
	if (!hms)
		return;
	if (hms->fd >= 0)
		close(hms->fd);
	if (hms->maps >= 0)
		close(hms->maps);
	hms_socket_close(hms->socket);
	hms_objects_free(hms);
	free(hms->module);
	free(hms);
}

int hms_fd(const struct hms *hms)
{
	return hms->fd;
}

const char *hms_library_version(void)
{
	return HMS_TOOLS_VERSION;
}

int hms_request_raw(struct hms *hms, unsigned long request, void *argument)
{
	if (ioctl(hms->fd, request, argument) == 0)
		return 0;
	return errno;
}
