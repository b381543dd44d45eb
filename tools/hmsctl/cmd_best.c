// SPDX-License-Identifier: GPL-2.0
/* hmsctl best: the best targets for an initiator. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "hmsctl.h"
#include "objects.h"

static bool parse_weight(const char *text, uint32_t *weight)
{
	uint64_t n;

	if (!parse_size(text, &n) || n > UINT32_MAX)
		return false;
	*weight = n;
	return true;
}

static bool parse_kind(const char *text, enum hms_kind *kind)
{
	for (*kind = HMS_KIND_OTHER; *kind <= HMS_KIND_DEVICE; (*kind)++)
		if (*kind != HMS_KIND_CPU && !strcmp(text, hms_kind_text(*kind)))
			return true;
	return false;
}

/* "coherent,persistent" */
static bool parse_properties(char *text, uint32_t *properties)
{
	char *word, *rest;

	for (word = strtok_r(text, ",+", &rest); word; word = strtok_r(NULL, ",+", &rest)) {
		uint32_t bit = 1;

		/* For bits that have no name the library has a word, too. */
		while (bit && (strcmp(word, hms_property_text(bit)) || !strcmp(word, "unknown")))
			bit <<= 1;
		if (!bit)
			return false;
		*properties |= bit;
	}
	return true;
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
	static const struct option options[] = {
		{ "bandwidth",	required_argument,	NULL, 'b' },
		{ "latency",	required_argument,	NULL, 'l' },
		{ "capacity",	required_argument,	NULL, 'c' },
		{ "kind",	required_argument,	NULL, 'k' },
		{ "require",	required_argument,	NULL, 'r' },
		{ "refuse",	required_argument,	NULL, 'x' },
		{ "size",	required_argument,	NULL, 's' },
		{ "free",	required_argument,	NULL, 'F' },
		{ "json",	no_argument,		NULL, 'J' },
		{ "from",	required_argument,	NULL, 'f' },
		{ }
	};
	struct listing listing = { 0 };
	struct hms_wish wish = { 0 };
	const char *from = NULL;
	bool good = true;
	struct hms *hms;
	int option, ret;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "b:l:c:k:r:x:s:F:Jf:", options, NULL)) != -1) {
		switch (option) {
		case 'b':
			good = parse_weight(optarg, &wish.bandwidth);
			break;
		case 'l':
			good = parse_weight(optarg, &wish.latency);
			break;
		case 'c':
			good = parse_weight(optarg, &wish.capacity);
			break;
		case 'k':
			good = parse_kind(optarg, &wish.kind);
			break;
		case 'r':
			good = parse_properties(optarg, &wish.require);
			break;
		case 'x':
			good = parse_properties(optarg, &wish.refuse);
			break;
		case 's':
			good = parse_size(optarg, &wish.min_capacity);
			break;
		case 'F':
			good = parse_size(optarg, &wish.min_free);
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
		if (!good)
			return fail_usage(verb, "bad value \"%s\"", optarg);
	}
	if (argc - optind != 1)
		return fail_usage(verb, "one initiator, please");
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
