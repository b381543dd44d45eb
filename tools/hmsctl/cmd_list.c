// SPDX-License-Identifier: GPL-2.0
/* hmsctl list: the objects as a table or as JSON. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "hmsctl.h"
#include "objects.h"

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
		unsigned int type = HMS_TARGET;
		size_t length = strlen(word);

		if (length && word[length - 1] == 's')
			length--;
		if (!strcmp(word, "all")) {
			*types = ~0U;
			continue;
		}
		while (type <= HMS_BRIDGE && (strlen(hms_type_text(type)) != length ||
					      strncmp(word, hms_type_text(type), length)))
			type++;
		if (type > HMS_BRIDGE)
			return false;
		*types |= 1U << type;
	}
	return *types;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	static const struct option options[] = {
		{ "json",	no_argument,		NULL, 'J' },
		{ "bytes",	no_argument,		NULL, 'b' },
		{ "noheadings",	no_argument,		NULL, 'n' },
		{ "output",	required_argument,	NULL, 'o' },
		{ "from",	required_argument,	NULL, 'f' },
		{ }
	};
	unsigned int types = 1U << HMS_TARGET;
	struct listing listing = { 0 };
	const char *from = NULL;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "Jbno:f:", options, NULL)) != -1) {
		switch (option) {
		case 'J':
			listing.json = true;
			break;
		case 'b':
			listing.bytes = true;
			break;
		case 'n':
			listing.no_headings = true;
			break;
		case 'o':
			if (!parse_columns(optarg, &listing))
				return fail_usage(verb, "unknown column, or too many");
			break;
		case 'f':
			from = optarg;
			break;
		default:
			return fail_usage(verb, "bad option, or one without its value: %s",
					  argv[optind - 1]);
		}
	}
	if (argc - optind > 1)
		return fail_usage(verb, "one list of types, with commas");
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
