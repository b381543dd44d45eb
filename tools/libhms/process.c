// SPDX-License-Identifier: LGPL-2.1-or-later
/* A handle on another process: a descriptor of its own, taken with pidfd_getfd(2). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "internal.h"

/* Of a process that has not ended its pid is not another's. */
static bool has_ended(int pidfd)
{
	struct pollfd end = { .fd = pidfd, .events = POLLIN };

	return poll(&end, 1, 0) == 1;
}

static int open_pidfd(pid_t pid)
{
	int fd;

	if (pid <= 0)
		return -EINVAL;
	fd = syscall(SYS_pidfd_open, pid, 0);
	/* EINVAL, newer ENOENT: it is a thread's. */
	if (fd < 0)
		return errno == EINVAL || errno == ENOENT ? -ESRCH : -errno;
	if (!has_ended(fd))
		return fd;
	close(fd);
	return -ESRCH;
}

static int open_table(pid_t pid, int pidfd, DIR **table)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	*table = opendir(path);
	if (*table)
		return 0;
	if (errno == EACCES || errno == EPERM)
		return -EPERM;
	/* The processes of others may be hidden: see hidepid in proc(5). */
	if (errno == ENOENT)
		return has_ended(pidfd) ? -ESRCH : -EPERM;
	return -errno;
}

static bool is_device(const struct statx *file, dev_t device)
{
	return S_ISCHR(file->stx_mode) &&
	       makedev(file->stx_rdev_major, file->stx_rdev_minor) == device;
}

/* Is it a descriptor of the device? Nothing of the process is opened, or waited for, to tell. */
static bool leads_to(int folder, const char *name, int flags, dev_t device)
{
	struct statx file;

	return !statx(folder, name, flags | AT_STATX_DONT_SYNC, STATX_TYPE, &file) &&
	       is_device(&file, device);
}

/* Does the descriptor stand for the memory of this process? It may have come from another one. */
static int is_of(struct hms *hms, pid_t pid)
{
	struct hms_query q = {
		.size = sizeof(q),
		.version = HMS_VERSION_DEVICE,
		.what = HMS_QUERY_STATS,
		.flags = HMS_REMOTE,
		.pid = pid,
	};
	int error = hms_request_raw(hms, HMS_QUERY, &q);

	/* Without room for the answer. */
	return error == ENOSPC ? 0 : -error;
}

/* Take a descriptor; -ENOENT when it is not one of the process's own memory. */
static int take(struct hms **hms, int pidfd, pid_t pid, int number, dev_t device)
{
	int fd, ret;

	fd = syscall(SYS_pidfd_getfd, pidfd, number, 0);
	if (fd < 0)
		return errno == EBADF ? -ENOENT : -errno;
	/* It may be another by now. */
	if (!leads_to(fd, "", AT_EMPTY_PATH, device)) {
		close(fd);
		return -ENOENT;
	}
	ret = hms_handle_new(hms, fd);
	if (ret) {
		close(fd);
		return ret;
	}
	(*hms)->flags = HMS_REMOTE;
	ret = is_of(*hms, pid);
	if (!ret)
		return 0;
	hms_close(*hms);
	*hms = NULL;
	return ret == -EBADF || ret == -ESRCH ? -ENOENT : ret;
}

static int search(struct hms **hms, int pidfd, pid_t pid, DIR *table, dev_t device)
{
	struct dirent *entry;
	int ret = -ENOENT;

	while (ret == -ENOENT && (entry = readdir(table))) {
		if (entry->d_name[0] != '.' &&
		    leads_to(dirfd(table), entry->d_name, 0, device))
			ret = take(hms, pidfd, pid, atoi(entry->d_name), device);
	}
	return ret;
}

int hms_open_process(struct hms **hms, pid_t pid)
{
	struct stat device;
	int pidfd, ret;
	DIR *table;

	*hms = NULL;
	if (stat(HMS_DEVICE, &device))
		return -ENODEV;
	pidfd = open_pidfd(pid);
	if (pidfd < 0)
		return pidfd;
	ret = open_table(pid, pidfd, &table);
	if (!ret) {
		ret = search(hms, pidfd, pid, table, device.st_rdev);
		closedir(table);
	}
	if (has_ended(pidfd)) {
		hms_close(*hms);
		*hms = NULL;
		ret = -ESRCH;
	}
	close(pidfd);
	return ret;
}

const char *hms_open_process_text(int error)
{
	switch (-error) {
	case ESRCH:
		return "no such process";
	case EPERM:
		return "no permission: it takes the right to trace the process, see ptrace(2)";
	case ENOENT:
		return "it has no open descriptor of " HMS_DEVICE " of its own";
	case ENODEV:
		return hms_open_text(error);
	case EINVAL:
		return "not the id of a process, or the module is older than this library";
	default:
		return strerror(-error);
	}
}
