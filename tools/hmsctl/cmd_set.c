// SPDX-License-Identifier: GPL-2.0
/* hmsctl set: push the bandwidth and latency of links and bridges, and keep them over a reload. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../libhms/units.h"
#include "options.h"
#include "values.h"

#define BANDWIDTHS	(1U << HMS_READ_BANDWIDTH | 1U << HMS_WRITE_BANDWIDTH)
#define LATENCIES	(1U << HMS_READ_LATENCY | 1U << HMS_WRITE_LATENCY)

/* "bandwidth" and "latency" stand for reading and writing. */
static unsigned int attributes_of(const char *name)
{
	int attribute;

	if (!strcmp(name, "bandwidth"))
		return BANDWIDTHS;
	if (!strcmp(name, "latency"))
		return LATENCIES;
	attribute = hms_attribute_parse(name);
	return attribute < 0 ? 0 : 1U << attribute;
}

/* "bandwidth=20000", "bandwidth=20GB/s" or "bandwidth=reset" */
static bool parse_setting(char *text, unsigned int *attributes, uint32_t *value)
{
	char *equals = strchr(text, '=');

	if (!equals)
		return false;
	*equals = 0;
	*attributes = attributes_of(text);
	*equals = '=';
	*value = 0;
	if (!*attributes)
		return false;
	if (!strcmp(equals + 1, "reset"))
		return true;
	return !(*attributes & LATENCIES ? hms_parse_latency(equals + 1, value) :
					   hms_parse_bandwidth(equals + 1, value));
}

static int push(const struct hms_object *object, unsigned int attributes, uint32_t value)
{
	for (int i = 0; i < HMS_ATTRIBUTES; i++) {
		int ret = attributes & 1U << i ? value_push(object, i, value, HMS_SOURCE_USER) : 0;

		if (ret)
			return fail("set", "%s: %s: %s", object->name, hms_attribute_text(i),
				    strerror(-ret));
	}
	return EXIT_OK;
}

/* All are right before the first is pushed. */
static int set(const struct verb *verb, struct hms *hms, char **words, int n)
{
	const struct hms_object *object;
	unsigned int attributes;
	uint32_t value;
	int ret;

	ret = value_object(hms, words[0], &object);
	if (ret == -ENOENT)
		return fail("set", "no link or bridge %s", words[0]);
	if (ret)
		return fail_hms(verb, hms, ret);
	for (int i = 1; i < n; i++)
		if (!parse_setting(words[i], &attributes, &value))
			return fail_usage(verb, "not ATTRIBUTE=NUMBER or ATTRIBUTE=reset: %s",
					  words[i]);
	for (int i = 1; i < n && !ret; i++) {
		parse_setting(words[i], &attributes, &value);
		ret = push(object, attributes, value);
	}
	return ret;
}

static int save(struct hms *hms, const char *file)
{
	int n;

	if (hms_scan(hms))
		return fail("set", "%s", hms_last_error(hms));
	n = values_save(hms, file);
	if (n < 0)
		return fail("set", "%s: %s", file, strerror(-n));
	printf("%d values in %s\n", n, file);
	return EXIT_OK;
}

static int restore(struct hms *hms, const char *file)
{
	char why[256];
	int n;

	n = values_restore(hms, file, why, sizeof(why));
	if (n < 0)
		return fail("set", "%s: %s", file, why);
	printf("%d values from %s\n", n, file);
	return EXIT_OK;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	const char *file = VALUES_FILE;
	bool saves = false, restores = false;
	const struct opt opts[] = {
		{ 's', "save",	  NULL,	     &saves },
		{ 'r', "restore", NULL,	     &restores },
		{ 'f', "file",	  take_text, &file },
		{ }
	};
	struct hms *hms;
	int ret;

	ret = parse_options(verb, argc, argv, opts, 0, ANY_NUMBER_OF_ARGS);
	if (ret)
		return ret;
	if (argc - optind == 1 || (optind == argc && !saves && !restores))
		return fail_usage(verb, "which link, and what?");
	if (restores && (saves || optind < argc))
		return fail_usage(verb, "--restore goes alone");
	ret = hms_open_topology(&hms);
	if (ret)
		return fail_open(ret);
	ret = restores ? restore(hms, file) : EXIT_OK;
	if (optind < argc)
		ret = set(verb, hms, argv + optind, argc - optind);
	if (!ret && saves)
		ret = save(hms, file);
	hms_close(hms);
	return ret;
}

const struct verb verb_set = {
	.name = "set",
	.summary = "push the bandwidth and latency of a link or a bridge",
	.usage = "[LINK ATTRIBUTE=NUMBER...] [options]\n"
		 "\n"
		 "LINK is the uid or name of a link or a bridge. ATTRIBUTE is read_bandwidth,\n"
		 "write_bandwidth, read_latency, write_latency, or bandwidth or latency for both.\n"
		 "NUMBER is in MB/s or ns, or has a unit: 20GB/s, 1us; \"reset\" goes back to what\n"
		 "firmware or driver say.\n"
		 "\n"
		 "  -s, --save          keep all values that were set or measured\n"
		 "  -r, --restore       set what was kept again; udev does when the module is loaded\n"
		 "  -f, --file FILE     keep them there instead of " VALUES_FILE "\n",
	.run = run,
};
