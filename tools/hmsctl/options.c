// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "../libhms/units.h"
#include "options.h"

#define MAX_OPTS	16

const char *take_text(char *text, void *to)
{
	*(const char **)to = text;
	return NULL;
}

const char *take_number(char *text, void *to)
{
	uint64_t *number = to;

	return hms_parse_number(text, UINT64_MAX, number) ?: *number ? NULL : "zero";
}

const char *take_size(char *text, void *to)
{
	uint64_t *bytes = to;

	return hms_parse_size(text, bytes) ?: *bytes ? NULL : "zero";
}

const char *take_mode(char *text, void *to)
{
	int *mode = to;

	*mode = hms_mode_parse(text);
	return *mode < 0 ? "not a mode" : NULL;
}

const char *take_priority(char *text, void *to)
{
	int *priority = to;

	if (text[0] < '0' || text[0] > '0' + HMS_PRIORITY_MAX || text[1])
		return "not a priority";
	*priority = text[0] - '0';
	return NULL;
}

/*
 * For getopt_long(): "ab:" in @letters, and as many @names and one that ends them. With "+" in
 * front the first argument ends the options: those behind it are of a command.
 */
static void list_options(const struct verb *verb, const struct opt *opts, char *letters,
			 struct option *names)
{
	if (verb->command)
		*letters++ = '+';
	for (; opts->letter; opts++, names++) {
		*names = (struct option) { opts->name, opts->take ? required_argument : no_argument,
					   NULL, opts->letter };
		*letters++ = opts->letter;
		if (opts->take)
			*letters++ = ':';
	}
	*letters = 0;
	*names = (struct option) { };
}

static int take(const struct verb *verb, const struct opt *opt)
{
	const char *why;

	if (!opt->take) {
		*(bool *)opt->to = true;
		return EXIT_OK;
	}
	why = opt->take(optarg, opt->to);
	return why ? fail_usage(verb, "--%s \"%s\": %s", opt->name, optarg, why) : EXIT_OK;
}

int parse_options(const struct verb *verb, int argc, char **argv, const struct opt *opts, int min,
		  int max)
{
	struct option names[MAX_OPTS + 1];
	char letters[2 * MAX_OPTS + 2];
	int letter, ret;

	list_options(verb, opts, letters, names);
	opterr = 0;
	while ((letter = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		const struct opt *opt = opts;

		while (opt->letter && opt->letter != letter)
			opt++;
		if (!opt->letter)
			return fail_usage(verb, "bad option, or one without its value: %s",
					  argv[optind - 1]);
		ret = take(verb, opt);
		if (ret)
			return ret;
	}
	if (argc - optind > max)
		return fail_usage(verb, "unexpected \"%s\"", argv[optind + max]);
	/* What it takes is the first line of its usage. */
	if (argc - optind < min)
		return fail_usage(verb, "it takes %.*s", (int)strcspn(verb->usage, "\n"),
				  verb->usage);
	return EXIT_OK;
}
