// SPDX-License-Identifier: GPL-2.0
/*
 * hmsctl migrate: move a range of its own, and look whether every byte arrived; or the memory of a
 * process.
 */
#include <stdio.h>

#include "migration.h"
#include "options.h"
#include "process.h"
#include "range.h"

#define DEFAULT_SIZE	(16 << 20)

static int migrate(struct hms *hms, struct range *range, const void *data)
{
	const struct migration *m = data;
	struct hms_result result;
	struct call call = { };
	size_t differs;
	int ret;

	ret = migration_prepare(hms, m, &call);
	if (ret)
		return ret;
	migration_fill(&call, m, (uintptr_t)range->words, range->length);
	/* With --populate the other half is left for it to allocate. */
	range_fill(range, m->populate ? range->length / 2 : range->length);
	ret = hms_hbind(hms, &call.request, &result);
	if (ret)
		return fail("migrate", "%s", hms_last_error(hms));
	migration_print(hms, &result);
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
	return migration_exit(m, &result);
}

static const char *take_weights(char *text, void *to)
{
	struct migration *m = to;

	return parse_numbers(text, m->weights, &m->nweights) ? NULL :
	       "not numbers with commas between them";
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct migration m = { .mode = -1 };
	char *process[2] = { NULL };
	const struct opt opts[] = {
		{ 's', "size",		 take_size,    &m.size },
		{ 't', "to",		 take_text,    &m.to },
		{ 'm', "mode",		 take_mode,    &m.mode },
		{ 'w', "weights",	 take_weights, &m },
		{ 'i', "initiator",	 take_text,    &m.initiator },
		{ 'p', "populate",	 NULL,	       &m.populate },
		{ 'a', "all-or-nothing", NULL,	       &m.all_or_nothing },
		{ 'P', "pid",		 take_text,    &process[0] },
		{ 'b', "progress",	 NULL,	       &m.progress },
		{ }
	};
	int ret;

	ret = parse_options(verb, argc, argv, opts, 0, 1);
	if (ret)
		return ret;
	process[1] = argv[optind];
	if (process[1] && !process[0])
		return fail_usage(verb, "a range of which process? --pid PID");
	if (process[0] && m.size)
		return fail_usage(verb, "of a process a range is moved, not a size");
	if (!process[0] && m.progress)
		return fail_usage(verb, "progress is shown of a process: --pid PID");
	if (!m.to)
		return fail_usage(verb, "where to? --to TARGETS, from \"hmsctl list\"");
	if (m.nweights && m.mode < 0)
		m.mode = HMS_MODE_WEIGHTED;
	if (m.nweights && m.mode != HMS_MODE_WEIGHTED)
		return fail_usage(verb, "mode %s has no weights", hms_mode_text(m.mode));
	if (process[0])
		return process_with(verb, process[1] ? 2 : 1, process, migrate_process, &m);
	return range_with(verb->name, m.size ?: DEFAULT_SIZE, migrate, &m);
}

const struct verb verb_migrate = {
	.name = "migrate",
	.summary = "move the memory of a process, or try it on some of its own",
	.usage = "--to TARGETS [options] [--pid PID [RANGE]]\n"
		 "\n"
		 "Moves the memory of a process that has /dev/hms open: all that is no file's, or\n"
		 "a range. Shows how far it has come; interrupted, it stops there. Without a process\n"
		 "it allocates memory, fills it, moves it, prints what was done and where the pages\n"
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
		 "  -a, --all-or-nothing  every page or none, at most 64M\n"
		 "  -p, --populate        have missing pages allocated there\n"
		 "  -P, --pid PID         of this process; RANGE is START-END or START+SIZE, in hex\n"
		 "  -b, --progress        show it also where standard error is no terminal\n"
		 "  -s, --size SIZE       of its own memory: how much, with K, M, G or T (16M); with\n"
		 "                        -p one half of it is missing\n",
	.run = run,
};
