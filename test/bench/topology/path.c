// SPDX-License-Identifier: GPL-2.0
/* Questions about a map that has been read: the best target, the best way to it, and all ways. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/hms_sim.h>

#include "topology.h"

#define RUNS	3
#define LIMIT	5000000		/* 5 ms */

static const struct shape {
	const char *name;
	void (*make)(size_t objects);
	size_t objects;
} shapes[] = {
	{ "tree", machine_tree, 1000 },
	{ "square", machine_mesh, 1000 },
	{ "square", machine_mesh, HMS_SIM_MAX_OBJECTS },
	{ "dense", machine_dense, HMS_SIM_MAX_OBJECTS },
};

#define SHAPES	(sizeof(shapes) / sizeof(shapes[0]))

/* What the questions that the bound is about cost. */
struct costs {
	size_t objects;
	uint64_t target;
	uint64_t path;
};

static const struct hms_object *find(struct hms *hms, enum hms_type type, enum hms_kind kind,
				     bool last)
{
	const struct hms_object *object, *found = NULL;

	/* Of what is described, as the rest is no machine of thousands of objects. */
	hms_for_each(hms, type, object)
		if (object->kind == kind && (type != HMS_TARGET ||
					     object->properties & HMS_PROP_DESCRIBED) &&
		    object->nid < 0 && (last || !found))
			found = object;
	if (!found)
		die("nothing to ask about");
	return found;
}

static void print_answer(const char *shape, size_t objects, const char *question,
			 const char *answer, uint64_t cost)
{
	printf("   | %-6s | %7zu | %-18s | %-22s | %9" PRIu64 " |\n", shape, objects, question,
	       answer, cost);
}

static uint64_t ask_targets(const char *shape, size_t objects, struct hms *hms, uint32_t from)
{
	struct hms_wish wish = { .bandwidth = 1, .latency = 1, .require = HMS_PROP_DESCRIBED };
	struct hms_uid_list *list = NULL;
	char answer[32];
	uint64_t cost;

	cost = least_of(RUNS, free(list);
			check(hms_best_targets(hms, from, &wish, &list), hms));
	if (!list->n)
		die("uid %u reaches nothing", from);
	snprintf(answer, sizeof(answer), "%4zu targets", list->n);
	print_answer(shape, objects, "hms_best_targets()", answer, cost);
	free(list);
	return cost;
}

static uint64_t ask_path(const char *shape, size_t objects, struct hms *hms, uint32_t from,
			 uint32_t to, struct hms_path **path)
{
	char answer[32];
	uint64_t cost;

	*path = NULL;
	cost = least_of(RUNS, free(*path); check(hms_best_path(hms, from, to, path), hms));
	if (!*path)
		die("no way from uid %u to uid %u", from, to);
	snprintf(answer, sizeof(answer), "%4zu steps", (*path)->nsteps);
	print_answer(shape, objects, "hms_best_path()", answer, cost);
	return cost;
}

/* What it takes to list them is not bound: there may be no end of them. */
static void ask_paths(const char *shape, size_t objects, struct hms *hms, uint32_t from,
		      uint32_t to, const struct hms_path *best)
{
	struct hms_path_list *list;
	char answer[32];
	uint64_t cost;

	cost = least_of(1, check(hms_paths(hms, from, to, &list), hms));
	snprintf(answer, sizeof(answer), "%4zu paths%s", list->n,
		 list->truncated ? ", and more" : "");
	print_answer(shape, objects, "hms_paths()", answer, cost);
	if (!list->n || list->paths[0].nsteps != best->nsteps ||
	    memcmp(list->paths[0].steps, best->steps, best->nsteps * sizeof(*best->steps)))
		die("hms_paths() has another best path");
	free(list);
}

static struct costs ask(const char *shape)
{
	const struct hms_object *from, *to;
	struct hms_path *path;
	struct costs costs;
	struct hms *hms;

	if (hms_open_topology(&hms))
		die("can't read the map");
	costs.objects = map_objects();
	/* Far from each other. */
	from = find(hms, HMS_INITIATOR, HMS_KIND_CPU, false);
	to = find(hms, HMS_TARGET, HMS_KIND_DEVICE_PRIVATE, true);
	costs.target = ask_targets(shape, costs.objects, hms, from->uid);
	costs.path = ask_path(shape, costs.objects, hms, from->uid, to->uid, &path);
	ask_paths(shape, costs.objects, hms, from->uid, to->uid, path);
	free(path);
	hms_close(hms);
	return costs;
}

static void bound_cost(const char *what, const char *shape, size_t objects, uint64_t cost)
{
	bound(cost <= LIMIT, "%s, %s, %zu objects: %.2f ms, at most %.0f", what, shape, objects,
	      cost / 1e6, LIMIT / 1e6);
}

void bench_path(void)
{
	struct costs costs[SHAPES];

	heading("Asking a map that has been read");
	printf("   | shape  | objects | %-18s | %-22s | %9s |\n", "question",
	       "answer", "");
	for (size_t i = 0; i < SHAPES; i++) {
		machine_clear();
		shapes[i].make(shapes[i].objects);
		costs[i] = ask(shapes[i].name);
	}
	machine_clear();
	for (size_t i = 0; i < SHAPES; i++) {
		bound_cost("the best target", shapes[i].name, costs[i].objects, costs[i].target);
		bound_cost("the best path", shapes[i].name, costs[i].objects, costs[i].path);
	}
}
