// SPDX-License-Identifier: GPL-2.0
/* hmsctl migrate: move a range of its own, and look whether every byte arrived. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "options.h"
#include "range.h"

struct migration {
	uint64_t size;
	const char *to;
	unsigned int flags;
};

static void print_result(struct hms *hms, const struct hms_result *result)
{
	char human[24], label[24];

	printf("pages %" PRIu64 ": moved %" PRIu64 ", present %" PRIu64 ", populated %" PRIu64
	       ", skipped %" PRIu64 "; copied %s\n", result->pages, result->moved, result->present,
	       result->populated, hms_result_skipped(result),
	       human_size(result->bytes_copied, human));
	for (uint64_t i = 0; i < result->ntargets; i++) {
		const struct hms_target_count *t = &result->targets[i];

		printf("  to %-13s moved %" PRIu64 ", present %" PRIu64 ", populated %" PRIu64 "\n",
		       object_label(hms, t->uid, label), (uint64_t)t->moved, (uint64_t)t->present,
		       (uint64_t)t->populated);
	}
	for (unsigned int i = 0; i < HMS_SKIP_SLOTS; i++)
		if (result->skipped[i])
			printf("  skipped %" PRIu64 ": %s\n", result->skipped[i], hms_skip_text(i));
}

static int migrate(struct hms *hms, struct range *range, const void *data)
{
	const struct migration *m = data;
	uint32_t targets[HMS_MAX_TARGETS];
	struct hms_result result;
	unsigned int ntargets;
	size_t differs;
	int ret;

	ret = parse_targets(&verb_migrate, hms, m->to, targets, &ntargets);
	if (ret)
		return ret;
	/* With --populate the other half is left for it to allocate. */
	range_fill(range, m->flags & HMS_POPULATE ? range->length / 2 : range->length);
	ret = hms_migrate(hms, range->words, range->length, targets, ntargets, m->flags, &result);
	if (ret)
		return fail("migrate", "%s", hms_last_error(hms));
	print_result(hms, &result);
	printf("now on\n");
	if (range_print_residency(hms, range))
		return fail("migrate", "%s", hms_last_error(hms));
	/* Touching a page whose contents are lost ends in SIGBUS. */
	fflush(stdout);
	differs = range_verify(range);
	if (differs < range->length)
		return fail("migrate", "contents differ at byte %zu after the move", differs);
	printf("all %zu bytes read back right; now on\n", range->length);
	if (range_print_residency(hms, range))
		return fail("migrate", "%s", hms_last_error(hms));
	return hms_result_skipped(&result) ? EXIT_PARTIAL : EXIT_OK;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct migration m = { .size = 16 << 20 };
	bool populate = false, all_or_nothing = false;
	const struct opt opts[] = {
		{ 's', "size",		 take_size, &m.size },
		{ 't', "to",		 take_text, &m.to },
		{ 'p', "populate",	 NULL,	    &populate },
		{ 'a', "all-or-nothing", NULL,	    &all_or_nothing },
		{ }
	};
	int ret;

	ret = parse_options(verb, argc, argv, opts, 0, 0);
	if (ret)
		return ret;
	if (!m.to)
		return fail_usage(verb, "where to? --to TARGETS, from \"hmsctl list\"");
	m.flags = (populate ? HMS_POPULATE : 0) | (all_or_nothing ? HMS_ALL_OR_NOTHING : 0);
	return range_with(verb->name, m.size, migrate, &m);
}

const struct verb verb_migrate = {
	.name = "migrate",
	.summary = "try a migration on memory of hmsctl's own",
	.usage = "--to TARGETS [options]\n"
		 "\n"
		 "Allocates memory, fills it, moves it, prints what was done and where the pages\n"
		 "are, then reads every byte and prints where the pages are after that.\n"
		 "Exit code 3 when pages were skipped.\n"
		 "\n"
		 "  -t, --to TARGETS      targets, most wanted first: uids, names, or any other text\n"
		 "                        that \"hmsctl select\" takes\n"
		 "  -s, --size SIZE       how much, with K, M, G or T (default 16M)\n"
		 "  -p, --populate        fill one half only, and have the other allocated there\n"
		 "  -a, --all-or-nothing  every page or none, at most 64M\n",
	.run = run,
};
