// SPDX-License-Identifier: GPL-2.0
/* hmsctl near: who is near a target? */
#include <getopt.h>
#include <stdlib.h>

#include "hmsctl.h"
#include "objects.h"

static int near(const struct verb *verb, struct hms *hms, const char *target,
		const struct listing *listing)
{
	const struct hms_object *object;
	struct hms_uid_list *list;
	int ret;

	ret = find_object(verb, hms, HMS_TARGET, target, &object);
	if (ret)
		return ret;
	ret = hms_near(hms, object->uid, &list);
	if (ret)
		return fail_hms(verb, hms, ret);
	ret = list->n || listing->json ? print_uids(listing, hms, list) :
	      fail(verb->name, "no initiator reaches %s", target);
	free(list);
	return ret;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	static const struct option options[] = {
		{ "json",	no_argument,		NULL, 'J' },
		{ "from",	required_argument,	NULL, 'f' },
		{ }
	};
	struct listing listing = { 0 };
	const char *from = NULL;
	struct hms *hms;
	int option, ret;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "Jf:", options, NULL)) != -1) {
		switch (option) {
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
		return fail_usage(verb, "one target, please");
	if (!listing.json) {
		/* What there is to say of an initiator. */
		listing.columns[0] = COL_UID;
		listing.columns[1] = COL_NAME;
		listing.columns[2] = COL_KIND;
		listing.columns[3] = COL_NODE;
		listing.ncolumns = 4;
	}
	ret = open_map(from, &hms);
	if (ret)
		return ret;
	ret = near(verb, hms, argv[optind], &listing);
	hms_close(hms);
	return ret;
}

const struct verb verb_near = {
	.name = "near",
	.summary = "the initiators that reach a target, the nearest first",
	.usage = "TARGET [options]\n"
		 "\n"
		 "TARGET is a uid or a name. By least latency, then most bandwidth.\n"
		 "\n"
		 "  -J, --json       JSON, as \"hmsctl list\" has it\n"
		 "  -f, --from FILE  the map in a file, not this machine's\n",
	.run = run,
};
