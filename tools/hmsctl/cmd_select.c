// SPDX-License-Identifier: GPL-2.0
/* hmsctl select: which targets does a text mean? */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "objects.h"
#include "options.h"

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
	struct listing listing = { 0 };
	const char *from = NULL;
	bool uids = false;
	const struct opt opts[] = {
		{ 'u', "uids", NULL,	  &uids },
		{ 'J', "json", NULL,	  &listing.json },
		{ 'f', "from", take_text, &from },
		{ }
	};
	struct hms *hms;
	int ret;

	ret = parse_options(verb, argc, argv, opts, 1, 1);
	if (ret)
		return ret;
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
