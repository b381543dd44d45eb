// SPDX-License-Identifier: GPL-2.0
/* hmsctl select: which targets does a text mean? */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "hmsctl.h"
#include "objects.h"

static int select_targets(const struct verb *verb, struct hms *hms, const char *text,
			  const struct listing *listing, bool uids)
{
	struct hms_uid_list *list;
	int ret;

	ret = hms_select(hms, text, &list);
	if (ret)
		return fail_hms(verb, hms, ret);
	if (uids) {
		for (size_t i = 0; i < list->n; i++)
			printf("%s%" PRIu32, i ? "," : "", list->uids[i]);
		putchar('\n');
	} else {
		ret = print_uids(listing, hms, list);
	}
	free(list);
	return ret;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	static const struct option options[] = {
		{ "uids",	no_argument,		NULL, 'u' },
		{ "json",	no_argument,		NULL, 'J' },
		{ "from",	required_argument,	NULL, 'f' },
		{ }
	};
	struct listing listing = { 0 };
	const char *from = NULL;
	bool uids = false;
	struct hms *hms;
	int option, ret;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "uJf:", options, NULL)) != -1) {
		switch (option) {
		case 'u':
			uids = true;
			break;
		case 'J':
			listing.json = true;
			break;
		case 'f':
			from = optarg;
			break;
		default:
			return fail_usage(verb, "bad option, or one without its value: %s",
					  argv[optind - 1]);
		}
	}
	if (argc - optind != 1)
		return fail_usage(verb, "one text, please");
	ret = open_map(from, &hms);
	if (ret)
		return ret;
	ret = select_targets(verb, hms, argv[optind], &listing, uids);
	hms_close(hms);
	return ret;
}

const struct verb verb_select = {
	.name = "select",
	.summary = "which targets a text means",
	.usage = "TEXT [options]\n"
		 "\n"
		 "TEXT has words with commas between them. Targets: a uid, a name, all,\n"
		 "best:WEIGHTS@INITIATOR, all:WEIGHTS@INITIATOR (best first); WEIGHTS are bandwidth,\n"
		 "latency, capacity, with *N and + between them. Conditions for all of them:\n"
		 "kind=KIND, size>=SIZE, free>=SIZE, node=N, name=PATTERN, version=N, and\n"
		 "properties. !WORD is the opposite. Quote it for the shell. hms(7) has more.\n"
		 "\n"
		 "  -u, --uids       uids alone, with commas between them\n"
		 "  -J, --json       JSON, as \"hmsctl list\" has it\n"
		 "  -f, --from FILE  the map in a file, not this machine's\n",
	.run = run,
};
