// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hms_test.h"
#include "module.h"

int module_load(const char *file, const char *parameters)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, parameters, 0) ? -errno : 0;
	close(fd);
	return ret;
}

/* One of the kernel's own, with what it needs. */
int module_probe(const char *name)
{
	char *argv[4] = { "modprobe", "-q", (char *)name };
	int status;
	pid_t pid;

	if (posix_spawn(&pid, "/sbin/modprobe", NULL, NULL, argv, environ) ||
	    waitpid(pid, &status, 0) != pid)
		return -ECHILD;
	return status ? -ENOENT : 0;
}

int module_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

/* The last user is gone, or about to go: a process that ended drops its references in a worker. */
int module_unload_wait(const char *name)
{
	const struct timespec tick = { .tv_nsec = 10000000 };
	int ret = -EAGAIN;

	for (int i = 0; i < 1000 && ret == -EAGAIN; i++) {
		ret = module_unload(name);
		if (ret == -EAGAIN)
			nanosleep(&tick, NULL);
	}
	return ret;
}

bool module_is_loaded(const char *name)
{
	char path[64], state[16];

	snprintf(path, sizeof(path), "/sys/module/%s/initstate", name);
	return !text_read(path, state, sizeof(state)) && !strcmp(state, "live");
}

/* Both, but for accelerators on a kernel that can't have any. */
int modules_load_all(void)
{
	int ret = module_is_loaded("hms") ? 0 : module_load(HMS_MODULE, "");

	if (!ret && !module_is_loaded("hms_sim"))
		ret = module_load(SIM_MODULE, "count=2");
	return ret == -EOPNOTSUPP ? 0 : ret;
}
