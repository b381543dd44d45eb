// SPDX-License-Identifier: GPL-2.0
/* Messages, numbers in and out. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hmsctl.h"

static void message(const char *what, const char *fmt, va_list args)
{
	fflush(stdout);
	fprintf(stderr, "hmsctl: %s: ", what);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
}

int fail(const char *what, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	message(what, fmt, args);
	va_end(args);
	return EXIT_FAIL;
}

int fail_open(int error)
{
	fflush(stdout);
	fprintf(stderr, "hmsctl: %s\n", hms_open_text(error));
	return EXIT_FAIL;
}

int fail_usage(const struct verb *verb, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	message(verb->name, fmt, args);
	va_end(args);
	fprintf(stderr, "see \"hmsctl help %s\"\n", verb->name);
	return EXIT_USAGE;
}

bool parse_size(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMGT";
	uint64_t n, factor;
	const char *unit;
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno)
		return false;
	if (*end) {
		unit = strchr(units, toupper((unsigned char)*end));
		if (!unit || end[1])
			return false;
		factor = 1ULL << 10 * (unit - units + 1);
		if (__builtin_mul_overflow(n, factor, &n))
			return false;
	}
	*bytes = n;
	return true;
}

bool parse_uids(const char *text, uint32_t *uids, unsigned int *n)
{
	unsigned long long uid;
	char *end;

	for (*n = 0; *n < HMS_MAX_TARGETS; text = end + 1) {
		if (!isdigit((unsigned char)*text))
			return false;
		errno = 0;
		uid = strtoull(text, &end, 10);
		if (errno || uid > UINT32_MAX || (*end && *end != ','))
			return false;
		uids[(*n)++] = uid;
		if (!*end)
			return true;
	}
	return false;
}

const char *human_size(uint64_t bytes, char *text)
{
	static const char units[] = "BKMGTPE";
	double n = bytes;
	int unit = 0;

	while (n >= 1024) {
		n /= 1024;
		unit++;
	}
	if (n == (uint64_t)n)
		snprintf(text, 24, "%" PRIu64 "%c", (uint64_t)n, units[unit]);
	else
		snprintf(text, 24, "%.1f%c", n, units[unit]);
	return text;
}

const char *object_label(struct hms *hms, uint32_t uid, char *text)
{
	const struct hms_object *object;

	if (!hms_find_uid(hms, uid, &object) && object->name[0])
		snprintf(text, 24, "%s", object->name);
	else
		snprintf(text, 24, "uid %u", uid);
	return text;
}
