// SPDX-License-Identifier: GPL-2.0
/* hmsctl list: the objects as a table or as JSON. */
#include <stdlib.h>
#include <string.h>

#include "objects.h"
#include "options.h"

static int list(const struct listing *listing, unsigned int types, const char *from)
{
	const struct hms_object *object, **objects = NULL;
	struct hms *hms;
	size_t n = 0;
	int ret;

	ret = open_map(from, &hms);
	if (ret)
		return ret;
	for (int type = HMS_TARGET; type <= HMS_BRIDGE; type++) {
		if (!(types & 1U << type))
			continue;
		hms_for_each(hms, type, object) {
			objects = reallocarray(objects, n + 1, sizeof(*objects));
			if (!objects)
				abort();
			objects[n++] = object;
		}
	}
	ret = print_objects(listing, objects, n);
	free(objects);
	hms_close(hms);
	return ret;
}

static bool parse_types(char *text, unsigned int *types)
{
	char *word, *rest;

	*types = 0;
	for (word = strtok_r(text, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		size_t length = strlen(word);
		int type;

		if (!strcmp(word, "all")) {
			*types = ~0U;
			continue;
		}
		if (word[length - 1] == 's')
			word[length - 1] = 0;
		type = hms_type_parse(word);
		if (type < 0)
			return false;
		*types |= 1U << type;
	}
	return *types;
}

static const char *take_columns(char *text, void *to)
{
	return parse_columns(text, to) ? NULL : "unknown column, or too many";
}

static int run(const struct verb *verb, int argc, char **argv)
{
	unsigned int types = 1U << HMS_TARGET;
	struct listing listing = { 0 };
	const char *from = NULL;
	const struct opt opts[] = {
		{ 'J', "json",	     NULL,	   &listing.json },
		{ 'b', "bytes",	     NULL,	   &listing.bytes },
		{ 'n', "noheadings", NULL,	   &listing.no_headings },
		{ 'o', "output",     take_columns, &listing },
		{ 'f', "from",	     take_text,	   &from },
		{ }
	};
	int ret;

	ret = parse_options(verb, argc, argv, opts, 0, 1);
	if (ret)
		return ret;
	if (optind < argc && !parse_types(argv[optind], &types))
		return fail_usage(verb, "unknown type of object");
	return list(&listing, types, from);
}

const struct verb verb_list = {
	.name = "list",
	.summary = "the memory targets of this machine, and what connects them",
	.usage = "[TYPE[,TYPE...]] [options]\n"
		 "\n"
		 "TYPE is target (the default), initiator, link, bridge or all.\n"
		 "\n"
		 "  -J, --json          JSON: all columns, plain numbers\n"
		 "  -b, --bytes         plain numbers: bytes, MB/s, ns\n"
		 "  -n, --noheadings    no line of headings\n"
		 "  -o, --output COLS   columns, with commas: UID VERSION TYPE NAME KIND NODE\n"
		 "                      CAPACITY USED PROPERTIES LINKS GENERATION READ-BW\n"
		 "                      WRITE-BW READ-LAT WRITE-LAT FROM TO\n"
		 "  -f, --from FILE     the map in a file, not this machine's\n",
	.run = run,
};
