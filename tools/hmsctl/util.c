// SPDX-License-Identifier: GPL-2.0
/* Messages, numbers in and out. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

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

int open_map(const char *from, struct hms **hms)
{
	char why[256];
	int ret;

	ret = from ? hms_open_file(hms, from, 0, why, sizeof(why)) : hms_open_topology(hms);
	if (!ret)
		return EXIT_OK;
	return from ? fail(from, "%s", why) : fail_open(ret);
}

int fail_hms(const struct verb *verb, const struct hms *hms, int error)
{
	const char *why = hms_last_error(hms);
	size_t length = strlen(verb->name);

	/* The call is often what the verb is called. */
	if (!strncmp(why, verb->name, length) && !strncmp(why + length, ": ", 2))
		why += length + 2;
	fail(verb->name, "%s", why);
	return error == -EINVAL ? EXIT_USAGE : EXIT_FAIL;
}

int find_object(const struct verb *verb, struct hms *hms, enum hms_type type, const char *name,
		const struct hms_object **object)
{
	int ret = hms_find_name(hms, type, name, object);

	return ret ? fail_hms(verb, hms, ret) : EXIT_OK;
}

void print_json_text(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
						    JSON_C_TO_STRING_SPACED |
						    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

void add_number(struct json_object *to, const char *key, uint64_t number)
{
	json_object_object_add(to, key, json_object_new_uint64(number));
}

struct json_object *object_name(struct hms *hms, uint32_t uid)
{
	const struct hms_object *object;

	if (hms_find_uid(hms, uid, &object) || !object->name[0])
		return NULL;
	return json_object_new_string(object->name);
}

bool parse_numbers(const char *text, uint32_t *numbers, unsigned int *n)
{
	unsigned long long number;
	char *end;

	for (*n = 0; *n < HMS_MAX_TARGETS; text = end + 1) {
		if (!isdigit((unsigned char)*text))
			return false;
		errno = 0;
		number = strtoull(text, &end, 10);
		if (errno || number > UINT32_MAX || (*end && *end != ','))
			return false;
		numbers[(*n)++] = number;
		if (!*end)
			return true;
	}
	return false;
}

int parse_targets(const struct verb *verb, struct hms *hms, const char *text, uint32_t *uids,
		  unsigned int *n)
{
	struct hms_uid_list *list;
	int ret;

	if (parse_numbers(text, uids, n))
		return EXIT_OK;
	ret = hms_select(hms, text, &list);
	if (ret)
		return fail_hms(verb, hms, ret);
	if (list->n <= HMS_MAX_TARGETS) {
		*n = list->n;
		memcpy(uids, list->uids, list->n * sizeof(*uids));
	} else {
		ret = fail(verb->name, "%zu targets: a request takes %u", list->n, HMS_MAX_TARGETS);
	}
	free(list);
	return ret;
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
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

void print_size(FILE *f, bool plain, uint64_t bytes)
{
	char human[24];

	if (plain)
		fprintf(f, "%" PRIu64, bytes);
	else
		fputs(human_size(bytes, human), f);
}

const char *human_value(enum hms_attribute attribute, uint32_t value, char *text)
{
	static const char *const rates[] = { "MB/s", "GB/s", "TB/s" };
	static const char *const times[] = { "ns", "us", "ms" };
	double n = value;
	int unit = 0;

	while (n >= 1000 && unit < 2) {
		n /= 1000;
		unit++;
	}
	snprintf(text, 24, "%.4g%s", n, (attribute < HMS_READ_LATENCY ? rates : times)[unit]);
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
