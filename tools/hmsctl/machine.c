// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool loaded_module(char *version, size_t size)
{
	FILE *f;

	if (access("/sys/module/hms", F_OK))
		return false;
	snprintf(version, size, "unknown version");
	f = fopen("/sys/module/hms/version", "re");
	if (f) {
		if (fgets(version, size, f))
			version[strcspn(version, "\n")] = 0;
		fclose(f);
	}
	return true;
}

bool installed_module(void)
{
	char path[256], line[4096];
	struct utsname name;
	bool found = false;
	FILE *f;

	uname(&name);
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep", name.release);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f)) {
		line[strcspn(line, ":")] = 0;
		found = strstr(line, "/hms.ko");
	}
	fclose(f);
	return found;
}

/* The version of the module that modprobe would load. */
bool installed_version(char *version, size_t size)
{
	char *argv[5] = { "modinfo", "-F", "version", "hms" };
	posix_spawn_file_actions_t actions;
	int pipes[2], status;
	size_t used = 0;
	bool found;
	ssize_t n;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC))
		return false;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipes[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	found = !posix_spawn(&pid, "/sbin/modinfo", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(pipes[1]);
	while (found && used < size - 1) {
		n = read(pipes[0], version + used, size - 1 - used);
		if (n <= 0)
			break;
		used += n;
	}
	close(pipes[0]);
	version[used] = 0;
	version[strcspn(version, "\n")] = 0;
	return found && waitpid(pid, &status, 0) == pid && !status && version[0];
}

/* By its configuration, its command line or secure boot. */
bool only_signed_modules(void)
{
	FILE *f = fopen("/sys/module/module/parameters/sig_enforce", "re");
	bool only = f && fgetc(f) == 'Y';

	if (f)
		fclose(f);
	return only;
}

static const struct {
	const char *name;
	const char *without;
} config_options[] = {
	{ "CONFIG_MMU_NOTIFIER",	"the module can't be built" },
	{ "CONFIG_MIGRATION",		"no pages can be moved" },
	{ "CONFIG_DEVICE_MIGRATION",	"no pages can be moved through migrate_vma" },
	{ "CONFIG_NUMA",		"one node only" },
	{ "CONFIG_ZONE_DEVICE",		"no device memory" },
	{ "CONFIG_DEVICE_PRIVATE",	"no device memory that the CPU can't load from" },
	{ "CONFIG_HMM_MIRROR",		"no device access to ordinary memory" },
};

#define NR_OPTIONS COUNT(config_options)

/* Sets a bit of the result for each option that is y or m. */
static unsigned int read_config(FILE *f)
{
	unsigned int set = 0;
	char line[4096];

	while (fgets(line, sizeof(line), f)) {
		for (size_t i = 0; i < NR_OPTIONS; i++) {
			size_t length = strlen(config_options[i].name);

			if (!strncmp(line, config_options[i].name, length) &&
			    line[length] == '=' && strchr("ym", line[length + 1]))
				set |= 1U << i;
		}
	}
	return set;
}

static FILE *open_config(char *path, size_t size, bool *pipe)
{
	struct utsname name;
	FILE *f;

	*pipe = false;
	uname(&name);
	snprintf(path, size, "/boot/config-%s", name.release);
	f = fopen(path, "re");
	if (f)
		return f;
	snprintf(path, size, "/lib/modules/%s/config", name.release);
	f = fopen(path, "re");
	if (f)
		return f;
	snprintf(path, size, "/proc/config.gz");
	if (access(path, R_OK))
		return NULL;
	*pipe = true;
	return popen("exec gzip -dc /proc/config.gz 2>/dev/null", "re");
}

void print_kernel_config(void)
{
	unsigned int set;
	char path[256];
	bool pipe;
	FILE *f;

	f = open_config(path, sizeof(path), &pipe);
	if (!f) {
		printf("  unknown: no configuration in /boot, /lib/modules or /proc/config.gz\n");
		return;
	}
	set = read_config(f);
	if ((pipe ? pclose(f) : fclose(f)) != 0) {
		printf("  unknown: %s can't be read\n", path);
		return;
	}
	for (size_t i = 0; i < NR_OPTIONS; i++) {
		bool on = set & 1U << i;

		printf("  %-24s %s%s\n", config_options[i].name, on ? "set" : "not set: ",
		       on ? "" : config_options[i].without);
	}
	printf("  (%s)\n", path);
}
