// SPDX-License-Identifier: LGPL-2.1-or-later
/* Numbers with units: sizes by 1024, bandwidths and latencies by 1000. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "units.h"

/* A unit, in parts of the smallest one. */
struct unit {
	const char *name;
	uint64_t parts;
};

/* The first is the one of a plain number. The rest from small to large. */
static const struct unit bandwidths[] = {
	{ "", 1000 }, { "KB/s", 1 }, { "MB/s", 1000 }, { "GB/s", 1000000 }, { "TB/s", 1000000000 },
};

static const struct unit latencies[] = {
	{ "", 1 }, { "ns", 1 }, { "us", 1000 },
};

static const char size_units[] = "KMGT";

/* The digits that @text begins with; NULL, or why there is no such number. */
static const char *parse_digits(const char *text, uint64_t *number, const char **end)
{
	char *after;

	if (!isdigit((unsigned char)*text))
		return "not a number";
	errno = 0;
	*number = strtoull(text, &after, 10);
	*end = after;
	return errno ? "too large" : NULL;
}

const char *hms_parse_number(const char *text, uint64_t max, uint64_t *number)
{
	const char *end, *why = parse_digits(text, number, &end);

	if (why)
		return why;
	if (*end)
		return "not a number";
	return *number > max ? "too large" : NULL;
}

const char *hms_parse_size(const char *text, uint64_t *bytes)
{
	const char *end, *unit, *why = parse_digits(text, bytes, &end);

	if (why)
		return why;
	if (*end) {
		unit = strchr(size_units, toupper((unsigned char)*end));
		if (!unit || end[1])
			return "not in bytes, K, M, G or T";
		if (__builtin_mul_overflow(*bytes, 1ULL << 10 * (unit - size_units + 1), bytes))
			return "too large";
	}
	/* The greatest number stands for one that is not known. */
	return *bytes == HMS_BYTES_UNKNOWN ? "too large" : NULL;
}

/* "1.5TB/s": a number with one of @units; @whole parts make up one of what is stored. */
static const char *parse_value(const char *text, const struct unit *units, size_t nunits,
			       uint64_t whole, const char *no_unit, uint32_t *value)
{
	uint64_t number, divisor = whole;
	const char *end, *why;
	size_t i = 0;

	why = parse_digits(text, &number, &end);
	if (why)
		return why;
	if (*end == '.') {
		if (!isdigit((unsigned char)*++end))
			return "not a number";
		for (; isdigit((unsigned char)*end); end++)
			if (__builtin_mul_overflow(number, 10, &number) ||
			    __builtin_add_overflow(number, *end - '0', &number) ||
			    __builtin_mul_overflow(divisor, 10, &divisor))
				return "too many digits";
	}
	while (i < nunits && strcmp(end, units[i].name))
		i++;
	if (i == nunits)
		return no_unit;
	if (__builtin_mul_overflow(number, units[i].parts, &number) ||
	    number / divisor > UINT32_MAX)
		return "too large";
	if (!number)
		return "zero; what is not known is \"unknown\"";
	if (number % divisor)
		return "not a whole number of MB/s or ns";
	*value = number / divisor;
	return NULL;
}

const char *hms_parse_bandwidth(const char *text, uint32_t *value)
{
	return parse_value(text, bandwidths, COUNT(bandwidths), 1000,
			   "not in MB/s, KB/s, GB/s or TB/s", value);
}

const char *hms_parse_latency(const char *text, uint32_t *value)
{
	return parse_value(text, latencies, COUNT(latencies), 1, "not in ns or us", value);
}

const char *hms_format_size(uint64_t bytes, char *text)
{
	size_t unit = 0;

	while (bytes && unit < strlen(size_units) && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	snprintf(text, UNITS_TEXT, "%" PRIu64 "%.*s", bytes, !!unit,
		 unit ? &size_units[unit - 1] : "");
	return text;
}

/* In the largest unit that leaves a whole number. */
static const char *format_value(uint64_t parts, const struct unit *units, size_t nunits, char *text)
{
	size_t i = nunits - 1;

	while (parts % units[i].parts)
		i--;
	snprintf(text, UNITS_TEXT, "%" PRIu64 "%s", parts / units[i].parts, units[i].name);
	return text;
}

const char *hms_format_bandwidth(uint32_t value, char *text)
{
	return format_value(value * 1000ULL, bandwidths, COUNT(bandwidths), text);
}

const char *hms_format_latency(uint32_t value, char *text)
{
	return format_value(value, latencies, COUNT(latencies), text);
}
