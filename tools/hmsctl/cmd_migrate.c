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
	const char *initiator;
	int mode;			/* -1: no policy */
	bool populate;
	bool all_or_nothing;
	unsigned int nweights;
	uint32_t weights[HMS_MAX_TARGETS];
};

/* The request for it, with what it points to. */
struct call {
	struct hms_request request;
	struct hms_modifier modifiers[6];
	uint32_t targets[HMS_MAX_TARGETS];
	uint32_t weights[HMS_MAX_TARGETS];
	unsigned int ntargets;
	uint32_t initiator;		/* uid, or 0 */
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

static void add(struct call *call, uint32_t key, uint64_t value)
{
	call->modifiers[call->request.nmodifiers++] =
		(struct hms_modifier) { .key = key, .value = value };
}

/* Those that were given, or by bandwidth. Returns an exit code. */
static int find_weights(struct hms *hms, const struct migration *m, struct call *call)
{
	int ret;

	memcpy(call->weights, m->weights, sizeof(call->weights));
	if (m->nweights && m->nweights != call->ntargets)
		return fail_usage(&verb_migrate, "%u weights for %u targets", m->nweights,
				  call->ntargets);
	if (m->nweights)
		return EXIT_OK;
	ret = hms_weights(hms, call->initiator, call->targets, call->ntargets, call->weights);
	if (ret)
		return fail_hms(&verb_migrate, hms, ret);
	printf("weights by bandwidth: ");
	for (unsigned int i = 0; i < call->ntargets; i++)
		printf("%s%u", i ? "," : "", call->weights[i]);
	putchar('\n');
	return EXIT_OK;
}

/* What the options name. Returns an exit code. */
static int prepare(struct hms *hms, const struct migration *m, struct call *call)
{
	const struct hms_object *initiator;
	int ret;

	ret = parse_targets(&verb_migrate, hms, m->to, call->targets, &call->ntargets);
	if (!ret && m->initiator) {
		ret = find_object(&verb_migrate, hms, HMS_INITIATOR, m->initiator, &initiator);
		call->initiator = ret ? 0 : initiator->uid;
	}
	if (!ret && m->mode == HMS_MODE_WEIGHTED)
		ret = find_weights(hms, m, call);
	return ret;
}

static void fill_request(struct call *call, const struct migration *m, const struct range *range)
{
	call->request = (struct hms_request) {
		.start = (uintptr_t)range->words,
		.length = range->length,
		.targets = call->targets,
		.ntargets = call->ntargets,
		.modifiers = call->modifiers,
	};
	add(call, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	if (m->mode >= 0)
		add(call, HMS_MOD_MODE, m->mode);
	if (m->mode == HMS_MODE_WEIGHTED)
		add(call, HMS_MOD_WEIGHT, (uintptr_t)call->weights);
	if (call->initiator)
		add(call, HMS_MOD_INITIATOR, call->initiator);
	if (m->populate)
		add(call, HMS_MOD_POPULATE, 1);
	if (m->all_or_nothing)
		add(call, HMS_MOD_ALL_OR_NOTHING, 1);
}

static int migrate(struct hms *hms, struct range *range, const void *data)
{
	const struct migration *m = data;
	struct hms_result result;
	struct call call = { };
	size_t differs;
	int ret;

	ret = prepare(hms, m, &call);
	if (ret)
		return ret;
	fill_request(&call, m, range);
	/* With --populate the other half is left for it to allocate. */
	range_fill(range, m->populate ? range->length / 2 : range->length);
	ret = hms_hbind(hms, &call.request, &result);
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

static const char *take_weights(char *text, void *to)
{
	struct migration *m = to;

	return parse_numbers(text, m->weights, &m->nweights) ? NULL :
	       "not numbers with commas between them";
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct migration m = { .size = 16 << 20, .mode = -1 };
	const struct opt opts[] = {
		{ 's', "size",		 take_size,    &m.size },
		{ 't', "to",		 take_text,    &m.to },
		{ 'm', "mode",		 take_mode,    &m.mode },
		{ 'w', "weights",	 take_weights, &m },
		{ 'i', "initiator",	 take_text,    &m.initiator },
		{ 'p', "populate",	 NULL,	       &m.populate },
		{ 'a', "all-or-nothing", NULL,	       &m.all_or_nothing },
		{ }
	};
	int ret;

	ret = parse_options(verb, argc, argv, opts, 0, 0);
	if (ret)
		return ret;
	if (!m.to)
		return fail_usage(verb, "where to? --to TARGETS, from \"hmsctl list\"");
	if (m.nweights && m.mode < 0)
		m.mode = HMS_MODE_WEIGHTED;
	if (m.nweights && m.mode != HMS_MODE_WEIGHTED)
		return fail_usage(verb, "mode %s has no weights", hms_mode_text(m.mode));
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
		 "  -m, --mode MODE       set a policy, too: bind, preferred, interleave or weighted;\n"
		 "                        the last two go page by page\n"
		 "  -w, --weights N,N...  a weight for each target, 1 to 255, for weighted (by the\n"
		 "                        bandwidth from INITIATOR, or else from here)\n"
		 "  -i, --initiator INITIATOR\n"
		 "                        it must reach all of them: a uid, a name, cpuN or here\n"
		 "  -s, --size SIZE       how much, with K, M, G or T (default 16M)\n"
		 "  -p, --populate        fill one half only, and have the other allocated there\n"
		 "  -a, --all-or-nothing  every page or none, at most 64M\n",
	.run = run,
};
