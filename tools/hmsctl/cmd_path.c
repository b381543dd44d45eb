// SPDX-License-Identifier: GPL-2.0
/* hmsctl path: the ways from an initiator to a target. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "objects.h"
#include "options.h"

struct question {
	const char *initiator;
	const char *target;
	bool all;
	bool json;
};

/* One figure where reading and writing are the same, else both. */
static void print_pair(const struct hms_value *values, enum hms_attribute read)
{
	const struct hms_value *r = &values[read], *w = &values[read + 1];
	char text[24];

	if (hms_value_known(r) && hms_value_known(w) && r->value != w->value) {
		printf("%s read, ", human_value(read, r->value, text));
		printf("%s written", human_value(read, w->value, text));
	} else if (hms_value_known(r) && hms_value_known(w)) {
		fputs(human_value(read, r->value, text), stdout);
	} else if (hms_value_known(r)) {
		printf("%s read", human_value(read, r->value, text));
	} else if (hms_value_known(w)) {
		printf("%s written", human_value(read, w->value, text));
	} else {
		fputs(read < HMS_READ_LATENCY ? "bandwidth unknown" : "latency unknown", stdout);
	}
}

static void print_values(const struct hms_value *values)
{
	print_pair(values, HMS_READ_BANDWIDTH);
	fputs("; ", stdout);
	print_pair(values, HMS_READ_LATENCY);
	putchar('\n');
}

static void print_path(struct hms *hms, const struct hms_path *path)
{
	const struct hms_object *step;
	char label[24];

	print_values(path->values);
	for (size_t i = 0; i < path->nsteps; i++) {
		if (hms_find_uid(hms, path->steps[i], &step))
			continue;
		printf("  %-6s %-16s ", hms_type_text(step->type),
		       object_label(hms, step->uid, label));
		print_values(step->values);
	}
}

static int print_paths(const struct question *q, struct hms *hms, const struct hms_path_list *list)
{
	if (!list->n)
		return fail("path", "%s can't reach %s", q->initiator, q->target);
	if (q->all)
		printf("%s to %s: %s%zu way%s\n", q->initiator, q->target,
		       list->truncated ? "more than " : "", list->n, list->n == 1 ? "" : "s");
	else
		printf("%s to %s: the best way\n", q->initiator, q->target);
	for (size_t i = 0; i < list->n; i++)
		print_path(hms, &list->paths[i]);
	return EXIT_OK;
}

static int print_json(const struct hms_path_list *list)
{
	struct json_object *top = json_object_new_object(), *paths = json_object_new_array();

	json_object_object_add(top, "truncated", json_object_new_boolean(list->truncated));
	json_object_object_add(top, "paths", paths);
	for (size_t i = 0; i < list->n; i++) {
		struct json_object *path = json_object_new_object();
		struct json_object *steps = json_object_new_array();

		add_values(path, list->paths[i].values);
		for (size_t s = 0; s < list->paths[i].nsteps; s++)
			json_object_array_add(steps,
					      json_object_new_int64(list->paths[i].steps[s]));
		json_object_object_add(path, "steps", steps);
		json_object_array_add(paths, path);
	}
	print_json_text(top);
	return EXIT_OK;
}

static int answer(const struct verb *verb, struct hms *hms, const struct question *q)
{
	const struct hms_object *initiator, *target;
	struct hms_path_list *all = NULL, one = { 0 };
	struct hms_path *best = NULL;
	int ret;

	ret = find_object(verb, hms, HMS_INITIATOR, q->initiator, &initiator);
	if (!ret)
		ret = find_object(verb, hms, HMS_TARGET, q->target, &target);
	if (ret)
		return ret;
	ret = q->all ? hms_paths(hms, initiator->uid, target->uid, &all) :
		       hms_best_path(hms, initiator->uid, target->uid, &best);
	if (ret)
		return fail_hms(verb, hms, ret);
	if (best)
		one = (struct hms_path_list){ .n = 1, .paths = best };
	ret = q->json ? print_json(all ?: &one) : print_paths(q, hms, all ?: &one);
	free(all);
	free(best);
	return ret;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct question q = { 0 };
	const char *from = NULL;
	const struct opt opts[] = {
		{ 'a', "all",  NULL,	  &q.all },
		{ 'J', "json", NULL,	  &q.json },
		{ 'f', "from", take_text, &from },
		{ }
	};
	struct hms *hms;
	int ret;

	ret = parse_options(verb, argc, argv, opts, 2, 2);
	if (ret)
		return ret;
	q.initiator = argv[optind];
	q.target = argv[optind + 1];
	ret = open_map(from, &hms);
	if (ret)
		return ret;
	ret = answer(verb, hms, &q);
	hms_close(hms);
	return ret;
}

const struct verb verb_path = {
	.name = "path",
	.summary = "the best way from an initiator to a target, or all",
	.usage = "INITIATOR TARGET [options]\n"
		 "\n"
		 "INITIATOR is a uid, a name, cpuN for the CPUs of node N, or here; TARGET a uid or a\n"
		 "name. Prints what the way carries and, step by step, what each link and bridge of it\n"
		 "does. The best has most bandwidth, then least latency, then fewest steps.\n"
		 "\n"
		 "  -a, --all        all ways, the best first\n"
		 "  -J, --json       JSON: the steps by uid\n"
		 "  -f, --from FILE  the map in a file, not this machine's\n",
	.run = run,
};
