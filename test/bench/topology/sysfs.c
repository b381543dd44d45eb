// SPDX-License-Identifier: GPL-2.0
/*
 * The peer: the map by way of sysfs, in as few system calls as it takes. Only files that an object
 * of its type has are opened; what an object is connected to is in the names of its symlinks, but
 * for the ends of a bridge, which are looked up.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "topology.h"

#define DEVICES	"/sys/bus/hms/devices"

static const char *const values[] = {
	"read_bandwidth", "write_bandwidth", "read_latency", "write_latency",
};

static const char *const sources[] = {
	"read_bandwidth_source", "write_bandwidth_source", "read_latency_source",
	"write_latency_source",
};

static const char *const source_texts[] = {
	"unknown", "firmware", "estimated", "measured", "user", "driver",
};

static const char *const properties[] = {
	"cpu-accessible", "coherent", "device-private", "persistent", "described",
};

/* "v<version>-<uid>-<type>"; NULL for another name. */
static const char *parse(const char *name, uint32_t *uid)
{
	char *end;

	if (*name != 'v')
		return NULL;
	strtoul(name + 1, &end, 10);
	if (*end != '-')
		return NULL;
	*uid = strtoul(end + 1, &end, 10);
	return *end == '-' ? end + 1 : NULL;
}

static bool read_line(int dir, const char *file, char *text, size_t size)
{
	int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n - 1] = 0;
	return true;
}

static uint64_t read_number(int dir, const char *file)
{
	char text[32];

	return read_line(dir, file, text, sizeof(text)) ? strtoull(text, NULL, 10) : 0;
}

static uint32_t read_source(int dir, const char *file)
{
	char text[32];

	if (read_line(dir, file, text, sizeof(text)))
		for (size_t i = 0; i < sizeof(source_texts) / sizeof(source_texts[0]); i++)
			if (!strcmp(text, source_texts[i]))
				return i;
	return 0;
}

static uint32_t read_properties(int dir)
{
	char text[256], *word, *rest;
	uint32_t found = 0;

	if (!read_line(dir, "properties", text, sizeof(text)))
		return 0;
	for (word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++)
			if (!strcmp(word, properties[i]))
				found |= 1U << i;
	return found;
}

static uint32_t read_end(int dir, const char *link)
{
	char path[512];
	ssize_t n = readlinkat(dir, link, path, sizeof(path) - 1);
	uint32_t uid = 0;

	if (n > 0) {
		path[n] = 0;
		parse(strrchr(path, '/') ? strrchr(path, '/') + 1 : path, &uid);
	}
	return uid;
}

/* Takes over @fd. */
static void read_edges(int fd, struct hms_object *object, struct map_sum *sum)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	uint32_t uid;

	if (!dir)
		die("%s", strerror(errno));
	while ((entry = readdir(dir)))
		if (entry->d_type == DT_LNK && parse(entry->d_name, &uid))
			object->nlinks++;
	sum->edges += object->nlinks;
	closedir(dir);
}

static void read_object(int devices, const char *entry, const char *type, struct map_sum *sum)
{
	int dir = openat(devices, entry, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct hms_object object = { .nid = -1 };
	char name[64], kind[32];

	if (dir < 0)
		die("%s: %s", entry, strerror(errno));
	read_line(dir, "name", name, sizeof(name));
	if (!strcmp(type, "target") || !strcmp(type, "initiator")) {
		read_line(dir, "kind", kind, sizeof(kind));
		object.nid = read_number(dir, "nid");
	} else {
		for (int i = 0; i < HMS_ATTRIBUTES; i++) {
			object.values[i].value = read_number(dir, values[i]);
			object.values[i].source = read_source(dir, sources[i]);
		}
	}
	if (!strcmp(type, "target")) {
		object.capacity = read_number(dir, "capacity");
		object.used = read_number(dir, "used");
		object.properties = read_properties(dir);
	}
	if (!strcmp(type, "bridge")) {
		object.from = read_end(dir, "from");
		object.to = read_end(dir, "to");
		object.nlinks = !!object.from + !!object.to;
	}
	read_edges(dir, &object, sum);
	sum->objects++;
	sum->numbers += object.capacity + object.properties + object.from + object.to;
	for (int i = 0; i < HMS_ATTRIBUTES; i++)
		sum->numbers += object.values[i].value + object.values[i].source;
}

void sysfs_read(struct map_sum *sum)
{
	DIR *dir = opendir(DEVICES);
	struct dirent *entry;
	const char *type;
	uint32_t uid;

	*sum = (struct map_sum){ 0 };
	if (!dir)
		die(DEVICES ": %s", strerror(errno));
	while ((entry = readdir(dir))) {
		type = parse(entry->d_name, &uid);
		if (type)
			read_object(dirfd(dir), entry->d_name, type, sum);
	}
	closedir(dir);
}
