// SPDX-License-Identifier: GPL-2.0
#include <libkmod.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "machine.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool loaded_module(char *version, size_t size)
{
	FILE *f;

	if (access("/sys/module/hms", F_OK)) {
		snprintf(version, size, "not loaded");
		return false;
	}
	snprintf(version, size, "unknown version");
	f = fopen("/sys/module/hms/version", "re");
	if (f) {
		if (fgets(version, size, f))
			version[strcspn(version, "\n")] = 0;
		fclose(f);
	}
	return true;
}

bool installed_module(char *version, size_t size)
{
	struct kmod_list *info = NULL, *item;
	struct kmod_module *module = NULL;
	struct kmod_ctx *ctx;
	bool found;

	ctx = kmod_new(NULL, NULL);
	found = ctx && !kmod_module_new_from_name(ctx, "hms", &module) &&
		kmod_module_get_path(module);
	snprintf(version, size, "%s", found ? "unknown version" : "none");
	if (found && kmod_module_get_info(module, &info) > 0) {
		kmod_list_foreach(item, info) {
			if (!strcmp(kmod_module_info_get_key(item), "version"))
				snprintf(version, size, "%s", kmod_module_info_get_value(item));
		}
		kmod_module_info_free_list(info);
	}
	if (module)
		kmod_module_unref(module);
	if (ctx)
		kmod_unref(ctx);
	return found;
}

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
