// SPDX-License-Identifier: GPL-2.0
/* hmsctl query: set a policy on a range of its own and ask for it again. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "range.h"

struct question {
	uint64_t size;
	int mode;
	int priority;
	const char *to;
	bool migrate;
	bool inherit;
};

static void print_policy(struct hms *hms, const struct hms_policy_range *policy,
			 const uint32_t *weights)
{
	char human[24], label[24];

	printf("  0x%" PRIx64 "  %8s  %s", policy->start, human_size(policy->length, human),
	       hms_mode_text(policy->mode));
	for (size_t i = 0; i < policy->ntargets; i++) {
		printf("%s%s", i ? "," : " ", object_label(hms, policy->targets[i], label));
		if (weights[i])
			printf("*%u", weights[i]);
	}
	if (policy->flags & HMS_POLICY_INHERIT)
		printf(", inherited");
	if (policy->priority != HMS_PRIORITY_DEFAULT)
		printf(", priority %u", policy->priority);
	if (policy->gone)
		printf(" (%u gone)", policy->gone);
	putchar('\n');
}

typedef int query_fn(struct hms *hms, const void *address, size_t length, unsigned int flags,
		     struct hms_policy_list **list);

static int print_policies(struct hms *hms, const char *heading, const struct range *range,
			  query_fn *query)
{
	struct hms_policy_list *list;

	if (query(hms, range->words, range->length, 0, &list))
		return fail("query", "%s", hms_last_error(hms));
	printf("%s\n", heading);
	for (size_t i = 0; i < list->n; i++)
		print_policy(hms, &list->ranges[i], list->weights[i]);
	if (!list->n)
		printf("  none\n");
	if (list->lost)
		printf("  lost: %" PRIu64 "\n", list->lost);
	free(list);
	return EXIT_OK;
}

static int ask(struct hms *hms, struct range *range, const void *data)
{
	const struct question *q = data;
	uint32_t targets[HMS_MAX_TARGETS];
	unsigned int ntargets = 0, flags = q->inherit ? HMS_INHERIT : 0;
	struct hms_result result = { 0 };
	uint64_t never_touched;
	int ret = EXIT_OK;

	if (q->to)
		ret = parse_targets(&verb_query, hms, q->to, targets, &ntargets);
	if (ret)
		return ret;
	if (q->priority >= 0)
		flags |= HMS_WITH_PRIORITY(q->priority);

	range_fill(range, range->length / 2);
	if (q->migrate)
		ret = hms_bind(hms, range->words, range->length, q->mode, targets, ntargets,
			       flags, &result);
	else
		ret = hms_policy(hms, range->words, range->length, q->mode, targets,
				 ntargets, flags);
	if (ret)
		return fail("query", "%s", hms_last_error(hms));
	printf("first touch %s\n", hms_first_touch_text(hms_first_touch(hms)));
	if (print_policies(hms, "policies of the range", range, hms_query_policy) ||
	    print_policies(hms, "common to all of it", range, hms_query_common))
		return EXIT_FAIL;
	printf("where it is\n");
	if (range_print_residency(hms, range))
		return fail("query", "%s", hms_last_error(hms));
	never_touched = result.skipped[HMS_SKIP_ABSENT];
	return hms_result_skipped(&result) > never_touched ? EXIT_PARTIAL : EXIT_OK;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct question q = { .size = 16 << 20, .mode = -1, .priority = -1 };
	const struct opt opts[] = {
		{ 's', "size",	  take_size, &q.size },
		{ 'm', "mode",	  take_mode, &q.mode },
		{ 't', "to",	  take_text, &q.to },
		{ 'M', "migrate", NULL,	     &q.migrate },
		{ 'i', "inherit", NULL,	     &q.inherit },
		{ 'p', "priority", take_priority, &q.priority },
		{ }
	};
	int ret;

	ret = parse_options(verb, argc, argv, opts, 0, 0);
	if (ret)
		return ret;
	if (q.mode < 0)
		q.mode = q.to ? HMS_MODE_PREFERRED : HMS_MODE_DEFAULT;
	return range_with(verb->name, q.size, ask, &q);
}

const struct verb verb_query = {
	.name = "query",
	.summary = "try a policy on memory of hmsctl's own",
	.usage = "[options]\n"
		 "\n"
		 "Allocates memory, writes to its first half, sets the policy, then prints the\n"
		 "policies of the range, what is common to all of it, and where its pages are.\n"
		 "\n"
		 "  -m, --mode MODE   default, bind, preferred, interleave or weighted: then by the\n"
		 "                    bandwidth from here (preferred with --to, else default)\n"
		 "  -t, --to TARGETS  targets of the policy, most wanted first: uids, names, or any\n"
		 "                    other text that \"hmsctl select\" takes\n"
		 "  -M, --migrate     move the pages too\n"
		 "  -i, --inherit     have a child get the policy at fork\n"
		 "  -p, --priority N  0 to 7: pages of a lower one leave a full device first\n"
		 "                    (3 unless given; more takes CAP_SYS_NICE)\n"
		 "  -s, --size SIZE   how much, with K, M, G or T (default 16M)\n",
	.run = run,
};
