// SPDX-License-Identifier: GPL-2.0
/* hmsctl near: who is near a target? */
#include <stdlib.h>

#include "objects.h"
#include "options.h"

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
	/* What there is to say of an initiator. */
	struct listing listing = {
		.columns = { COL_UID, COL_NAME, COL_KIND, COL_NODE },
	};
	const char *from = NULL;
	const struct opt opts[] = {
		{ 'J', "json", NULL,	  &listing.json },
		{ 'f', "from", take_text, &from },
		{ }
	};
	struct hms *hms;
	int ret;

	ret = parse_options(verb, argc, argv, opts, 1, 1);
	if (ret)
		return ret;
	listing.ncolumns = listing.json ? 0 : 4;
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
