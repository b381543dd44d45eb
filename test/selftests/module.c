// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
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
int module_probe(const char *name, const char *parameters)
{
	char *argv[16] = { "modprobe", "-q", (char *)name }, text[128];
	int status;
	pid_t pid;

	snprintf(text, sizeof(text), "%s", parameters);
	for (int i = 3; i < 15 && (argv[i] = strtok(i == 3 ? text : NULL, " ")); i++)
		;

	if (posix_spawn(&pid, "/sbin/modprobe", NULL, NULL, argv, environ) ||
	    waitpid(pid, &status, 0) != pid)
		return -ECHILD;
	return status ? -ENOENT : 0;
}

int module_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

static int until_unused(int (*unload)(const char *name), const char *name)
{
	const struct timespec tick = { .tv_nsec = 10000000 };
	int ret = -EAGAIN;

	for (int i = 0; i < 1000 && ret == -EAGAIN; i++) {
		ret = unload(name);
		if (ret == -EAGAIN)
			nanosleep(&tick, NULL);
	}
	return ret;
}

/* The last user is gone, or about to go: a process that ended drops its references in a worker. */
int module_unload_wait(const char *name)
{
	return until_unused(module_unload, name);
}

bool module_is_loaded(const char *name)
{
	char path[64], state[16];

	snprintf(path, sizeof(path), "/sys/module/%s/initstate", name);
	return !text_read(path, state, sizeof(state)) && !strcmp(state, "live");
}

/*
 * The accelerators, with so many MiB each and what else is to be said of them: private memory where
 * the kernel has that and nobody wants the other, else the memory of the PCI device, if there is
 * one. Returns 0 also where neither is.
 */
int sim_load_as(int mb, bool coherent, const char *more)
{
	const char *bar = getenv("HMS_BAR");
	char parameters[96];

	if (!coherent && !*feature_missing("device-private"))
		snprintf(parameters, sizeof(parameters), "size_mb=%d %s", mb, more);
	else if (bar)
		snprintf(parameters, sizeof(parameters), "range=%s size_mb=%d %s", bar, mb, more);
	else
		return 0;
	return module_load(SIM_MODULE, parameters);
}

int sim_load(void)
{
	return sim_load_as(*feature_missing("device-private") ? 32 : 64, false, "");
}

static int offline_and_unload(const char *name)
{
	glob_t found;

	if (!glob(SYS_DEVICES "/*/offline", 0, NULL, &found)) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			text_write(found.gl_pathv[i], "1");
		globfree(&found);
	}
	return module_unload(name);
}

/* They go, if there are any. Coherent memory that is online holds its driver. */
int sim_unload(void)
{
	return module_is_loaded("hms_sim") ? offline_and_unload("hms_sim") : 0;
}

int sim_unload_wait(void)
{
	return module_is_loaded("hms_sim") ? until_unused(offline_and_unload, "hms_sim") : 0;
}

/* Both. */
int modules_load_all(void)
{
	int ret = module_is_loaded("hms") ? 0 : module_load(HMS_MODULE, "");

	if (!ret && !module_is_loaded("hms_sim"))
		ret = sim_load();
	return ret;
}
