// SPDX-License-Identifier: GPL-2.0
/*
 * doc/ABI/sysfs-bus-hms, which is /hms/abi here: what the modules show in sysfs is documented, and
 * what is documented is there.
 */

#include <dirent.h>
#include <fnmatch.h>

#include "hms_fixture.h"
#include "maptest.h"
#include "module.h"

#define PAGE_FILE	"/hms/abi"
#define MACHINE		"/hms/machine"
#define MAX_WHATS	256

/* A line that begins with What: as a pattern, and whether something fits it. */
struct what {
	char path[160];
	bool seen;
};

FIXTURE(abi)
{
	struct env e;
	int fd;				/* of what describes machines; -1: nothing does */
	struct machine *machine;
	int nwhats;
	struct what whats[MAX_WHATS];
	int undocumented;
};

/* "/sys/x/v<version>-<uid>-link": words in <> are anything. */
static void what_parse(struct what *what, const char *line)
{
	size_t n = 0;

	line += strspn(line, "\t ");
	for (; *line && *line != '\n' && n < sizeof(what->path) - 1; line++) {
		if (*line == '<') {
			line += strcspn(line, ">");
			what->path[n++] = '*';
		} else {
			what->path[n++] = *line;
		}
	}
	what->path[n] = 0;
}

static int whats_read(struct what *whats)
{
	FILE *f = fopen(PAGE_FILE, "re");
	char line[512];
	int n = 0;

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "What:", 5))
			continue;
		if (n == MAX_WHATS)
			break;
		what_parse(&whats[n++], line + 5);
	}
	fclose(f);
	return n;
}

/* What every device, module and bus has. */
static bool is_of_the_core(const char *name)
{
	static const char *const names[] = {
		".", "..", "uevent", "power", "subsystem", "dev", "module",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static void see(FIXTURE_DATA(abi) *self, const char *path)
{
	bool known = false;

	for (int i = 0; i < self->nwhats; i++) {
		struct what *what = &self->whats[i];

		if (!fnmatch(what->path, path, FNM_PATHNAME)) {
			what->seen = true;
			known = true;
		}
	}
	if (known)
		return;
	self->undocumented++;
	printf("# not documented: %s\n", path);
}

/* All below a folder; symlinks are seen, not followed. @except: what begins so is not looked at. */
static void see_below(FIXTURE_DATA(abi) *self, const char *folder, const char *except)
{
	DIR *dir = opendir(folder);
	struct dirent *d;
	char path[512];

	if (!dir)
		return;
	while ((d = readdir(dir))) {
		if (is_of_the_core(d->d_name) ||
		    (except && !strncmp(d->d_name, except, strlen(except))))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, d->d_name);
		see(self, path);
		if (d->d_type == DT_DIR)
			see_below(self, path, NULL);
	}
	closedir(dir);
}

static void see_all(FIXTURE_DATA(abi) *self)
{
	struct object *objects;
	int n = map_read(&objects);

	for (int i = 0; i < n; i++) {
		see(self, objects[i].path);
		see_below(self, objects[i].path, NULL);
	}
	free(objects);
	/* Objects without a parent of their own are in there too. */
	see_below(self, SYS_MAP, "v");
	see_below(self, "/sys/devices/hms_sim", "v");
	see_below(self, "/sys/class/misc/hms", NULL);
	see_below(self, "/sys/class/misc/hms_sim", NULL);
	see_below(self, "/sys/module/hms/parameters", NULL);
	see_below(self, "/sys/module/hms_sim/parameters", NULL);
	see_below(self, "/sys/module/hms_pcimem/parameters", NULL);
}

FIXTURE_SETUP(abi)
{
	ASSERT_STREQ("", env_open(&self->e));
	self->nwhats = whats_read(self->whats);
	ASSERT_GT(self->nwhats, 0);
	ASSERT_LT(self->nwhats, MAX_WHATS);
	self->fd = described_open();
	/* Bridges, and memory of a later version. */
	if (self->fd >= 0) {
		ASSERT_EQ(0, described_clear());
		self->machine = machine_small();
		ASSERT_EQ(0, machine_build(self->machine, self->fd));
	}
	/* It takes no device by itself. */
	ASSERT_EQ(0, module_load(PCIMEM_MODULE, ""));
	see_all(self);
}

FIXTURE_TEARDOWN_PARENT(abi)
{
	if (self->fd >= 0)
		EXPECT_EQ(0, described_clear());
	EXPECT_EQ(0, module_unload("hms_pcimem"));
}

HMS_TEST(abi, what_exists_is_documented)
{
	EXPECT_EQ(0, self->undocumented);
}

/* The firmware of this machine tells of caches. */
static bool has_caches(void)
{
	char text[4096];

	return !text_read(MACHINE, text, sizeof(text)) && strstr(text, "\ncache ");
}

HMS_TEST(abi, what_is_documented_exists)
{
	bool coherent = self->e.nsims && !self->e.private, caches = has_caches();

	for (int i = 0; i < self->nwhats; i++) {
		const struct what *what = &self->whats[i];

		if (what->seen || (!coherent && strstr(what->path, "/offline")) ||
		    (!coherent && strstr(what->path, "/pinned")) ||
		    (!self->e.nsims && strstr(what->path, "/user_limit")) ||
		    (!caches && strstr(what->path, "/cache")))
			continue;
		/* Without it there are no bridges, and no memory of a later version. */
		if (self->fd < 0 && (strstr(what->path, "bridge") ||
				     strstr(what->path, "cpu_access") ||
				     strstr(what->path, "hms_sim")))
			continue;
		EXPECT_TRUE(what->seen) {
			TH_LOG("there is no %s", what->path);
		}
	}
}

TEST_HARNESS_MAIN
