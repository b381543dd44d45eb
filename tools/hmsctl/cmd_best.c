// SPDX-License-Identifier: GPL-2.0
/* hmsctl best: the best targets for an initiator. */
#include <stdlib.h>
#include <string.h>

#include "../libhms/units.h"
#include "objects.h"
#include "options.h"

static const char *take_weight(char *text, void *to)
{
	const char *why;
	uint64_t weight;

	why = hms_parse_number(text, UINT32_MAX, &weight);
	if (!why)
		*(uint32_t *)to = weight;
	return why;
}

static const char *take_kind(char *text, void *to)
{
	int kind = hms_kind_parse(text);

	if (kind <= HMS_KIND_NONE)
		return "not a kind of target";
	*(enum hms_kind *)to = kind;
	return NULL;
}

/* "coherent,persistent" */
static const char *take_properties(char *text, void *to)
{
	char *word, *rest;

	for (word = strtok_r(text, ",+", &rest); word; word = strtok_r(NULL, ",+", &rest)) {
		uint32_t property = hms_property_parse(word);

		if (!property)
			return "not properties with commas between them";
		*(uint32_t *)to |= property;
	}
	return NULL;
}

static int best(const struct verb *verb, struct hms *hms, const char *initiator,
		const struct hms_wish *wish, const struct listing *listing)
{
	const struct hms_object *object;
	struct hms_uid_list *list;
	int ret;

	ret = find_object(verb, hms, HMS_INITIATOR, initiator, &object);
	if (ret)
		return ret;
	ret = hms_best_targets(hms, object->uid, wish, &list);
	if (ret)
		return fail_hms(verb, hms, ret);
	ret = list->n || listing->json ? print_uids(listing, hms, list) :
	      fail(verb->name, "%s reaches no target that fits", initiator);
	free(list);
	return ret;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct listing listing = { 0 };
	struct hms_wish wish = { 0 };
	const char *from = NULL;
	const struct opt opts[] = {
		{ 'b', "bandwidth", take_weight,     &wish.bandwidth },
		{ 'l', "latency",   take_weight,     &wish.latency },
		{ 'c', "capacity",  take_weight,     &wish.capacity },
		{ 'k', "kind",	    take_kind,	     &wish.kind },
		{ 'r', "require",   take_properties, &wish.require },
		{ 'x', "refuse",    take_properties, &wish.refuse },
		{ 's', "size",	    take_size,	     &wish.min_capacity },
		{ 'F', "free",	    take_size,	     &wish.min_free },
		{ 'J', "json",	    NULL,	     &listing.json },
		{ 'f', "from",	    take_text,	     &from },
		{ }
	};
	struct hms *hms;
	int ret;

	ret = parse_options(verb, argc, argv, opts, 1, 1);
	if (ret)
		return ret;
	if (!wish.bandwidth && !wish.latency && !wish.capacity)
		wish.bandwidth = 1;
	ret = open_map(from, &hms);
	if (ret)
		return ret;
	ret = best(verb, hms, argv[optind], &wish, &listing);
	hms_close(hms);
	return ret;
}

const struct verb verb_best = {
	.name = "best",
	.summary = "the targets that an initiator reaches, the best first",
	.usage = "INITIATOR [options]\n"
		 "\n"
		 "INITIATOR is a uid, a name, cpuN for the CPUs of node N, or here.\n"
		 "\n"
		 "  -b, --bandwidth N    weight of the bandwidth of the best way (1 when no weight is\n"
		 "                       given)\n"
		 "  -l, --latency N      weight of its latency\n"
		 "  -c, --capacity N     weight of the bytes that are free\n"
		 "  -k, --kind KIND      node (unless told otherwise), device, device-private,\n"
		 "                       device-coherent, other\n"
		 "  -r, --require PROPS  properties that it must have, with commas between them\n"
		 "  -x, --refuse PROPS   properties that it must not have\n"
		 "  -s, --size SIZE      at least this large\n"
		 "  -F, --free SIZE      at least as much of it free\n"
		 "  -J, --json           JSON, as \"hmsctl list\" has it\n"
		 "  -f, --from FILE      the map in a file, not this machine's\n",
	.run = run,
};
