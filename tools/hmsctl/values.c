// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../libhms/units.h"
#include "hmsctl.h"
#include "values.h"

#define OBJECTS	"/sys/bus/hms/devices"

int value_object(struct hms *hms, const char *name, const struct hms_object **object)
{
	int ret = hms_find_name(hms, HMS_LINK, name, object);

	return ret == -ENOENT ? hms_find_name(hms, HMS_BRIDGE, name, object) : ret;
}

int value_push(const struct hms_object *object, enum hms_attribute attribute, uint32_t value,
	       enum hms_source source)
{
	char path[128], text[32];
	int fd, n, ret;

	snprintf(path, sizeof(path), OBJECTS "/v%u-%u-%s/%s", object->version, object->uid,
		 hms_type_text(object->type), hms_attribute_text(attribute));
	if (value)
		n = snprintf(text, sizeof(text), "%u %s\n", value, hms_source_text(source));
	else
		n = snprintf(text, sizeof(text), "reset\n");
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write(fd, text, n) == n ? 0 : -errno;
	close(fd);
	return ret;
}

/* One line of the file; NULL for @object when this machine has none of that name. */
struct line {
	const struct hms_object *object;
	enum hms_attribute attribute;
	enum hms_source source;
	uint32_t value;
};

static bool parse_line(struct hms *hms, char *text, struct line *line)
{
	char words[3][32], number[16];
	int type, attribute, source, name = 0;
	uint64_t value;

	if (sscanf(text, "%31s %31s %31s %15s %n", words[0], words[1], words[2], number,
		   &name) != 4 ||
	    !name || !text[name] || hms_parse_number(number, UINT32_MAX, &value) || !value)
		return false;
	type = hms_type_parse(words[0]);
	attribute = hms_attribute_parse(words[1]);
	source = hms_source_parse(words[2]);
	if ((type != HMS_LINK && type != HMS_BRIDGE) || attribute < 0 ||
	    (source != HMS_SOURCE_USER && source != HMS_SOURCE_MEASURED))
		return false;
	*line = (struct line) { .attribute = attribute, .source = source, .value = value };
	hms_find_name(hms, type, text + name, &line->object);
	return true;
}

static bool was_pushed(const struct hms_value *value)
{
	return value->source == HMS_SOURCE_USER || value->source == HMS_SOURCE_MEASURED;
}

static int write_values(struct hms *hms, FILE *f)
{
	const struct hms_object *object;
	int n = 0;

	fputs("# Values of links and bridges, by hmsctl set --save. MB/s and ns.\n", f);
	for (int type = HMS_LINK; type <= HMS_BRIDGE; type++)
		hms_for_each(hms, type, object)
			for (int i = 0; i < HMS_ATTRIBUTES; i++) {
				const struct hms_value *value = &object->values[i];

				if (!was_pushed(value))
					continue;
				fprintf(f, "%s %s %s %u %s\n", hms_type_text(type),
					hms_attribute_text(i), hms_source_text(value->source),
					value->value, object->name);
				n++;
			}
	return n;
}

/* What is kept of objects that are not there now, as those of a device without its driver. */
static int copy_absent(struct hms *hms, const char *file, FILE *to)
{
	FILE *f = fopen(file, "re");
	struct line line;
	char text[512];
	int n = 0;

	while (f && fgets(text, sizeof(text), f)) {
		text[strcspn(text, "\n")] = 0;
		if (*text == '#' || !parse_line(hms, text, &line) || line.object)
			continue;
		fprintf(to, "%s\n", text);
		n++;
	}
	if (f)
		fclose(f);
	return n;
}

int values_save(struct hms *hms, const char *file)
{
	char fresh[4096], *slash;
	int n = 0, error = 0;
	FILE *f;

	/* The folder of the usual place may not be there yet. */
	if (snprintf(fresh, sizeof(fresh), "%s", file) >= (int)sizeof(fresh) - 8)
		return -ENAMETOOLONG;
	slash = strrchr(fresh, '/');
	if (slash && slash != fresh) {
		*slash = 0;
		mkdir(fresh, 0755);
	}
	snprintf(fresh, sizeof(fresh), "%s.new", file);
	f = fopen(fresh, "we");
	if (!f)
		return -errno;
	n = write_values(hms, f) + copy_absent(hms, file, f);
	if (fflush(f) || fsync(fileno(f)))
		error = errno;
	if (fclose(f) && !error)
		error = errno;
	if (!error && rename(fresh, file))
		error = errno;
	if (error)
		unlink(fresh);
	return error ? -error : n;
}

static int read_values(struct hms *hms, FILE *f, struct line **lines, char *why, size_t size)
{
	char text[512];
	int n = 0, number = 0;

	while (fgets(text, sizeof(text), f)) {
		number++;
		text[strcspn(text, "\n")] = 0;
		if (!*text || *text == '#')
			continue;
		*lines = reallocarray(*lines, n + 1, sizeof(**lines));
		if (!*lines)
			abort();
		if (!parse_line(hms, text, &(*lines)[n++])) {
			snprintf(why, size, "line %d is not TYPE ATTRIBUTE SOURCE NUMBER NAME",
				 number);
			return -EINVAL;
		}
	}
	return n;
}

int values_restore(struct hms *hms, const char *file, char *why, size_t size)
{
	FILE *f = fopen(file, "re");
	struct line *lines = NULL;
	int n, done = 0;

	if (!f) {
		snprintf(why, size, "%s", strerror(errno));
		return -errno;
	}
	n = read_values(hms, f, &lines, why, size);
	fclose(f);
	for (int i = 0; i < n; i++) {
		int ret;

		if (!lines[i].object)
			continue;
		ret = value_push(lines[i].object, lines[i].attribute, lines[i].value,
				 lines[i].source);
		if (ret) {
			snprintf(why, size, "%s: %s", lines[i].object->name, strerror(-ret));
			n = ret;
			break;
		}
		done++;
	}
	free(lines);
	return n < 0 ? n : done;
}
