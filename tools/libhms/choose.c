// SPDX-License-Identifier: LGPL-2.1-or-later
/* The best targets for an initiator, and the initiators near a target. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "choose.h"
#include "graph.h"
#include "internal.h"

/* An object with what decides about its place. */
struct candidate {
	const struct hms_object *object;
	uint64_t cost[MEASURES];
	double score;
};

uint64_t choose_free(const struct hms_object *target)
{
	if (target->capacity == HMS_BYTES_UNKNOWN || target->used == HMS_BYTES_UNKNOWN)
		return target->capacity;
	return target->used < target->capacity ? target->capacity - target->used : 0;
}

int choose_list(const struct hms_object **objects, size_t n, struct hms_uid_list **list)
{
	uint32_t *uids;

	*list = malloc(sizeof(**list) + n * sizeof(*uids));
	if (!*list)
		return -ENOMEM;
	uids = (uint32_t *)(*list + 1);
	for (size_t i = 0; i < n; i++)
		uids[i] = objects[i]->uid;
	**list = (struct hms_uid_list){ .n = n, .uids = uids };
	return 0;
}

/* What can count. */
enum figure { BANDWIDTH, LATENCY, FREE, FIGURES };

/* So that more is better; 0: not known. */
static double figure(const struct candidate *c, enum figure figure)
{
	uint64_t bytes = choose_free(c->object);
	uint32_t value;

	switch (figure) {
	case BANDWIDTH:
		return measure_value(MEASURE_BANDWIDTH, c->cost[MEASURE_BANDWIDTH]);
	case LATENCY:
		value = measure_value(MEASURE_LATENCY, c->cost[MEASURE_LATENCY]);
		return value ? 1.0 / value : 0;
	default:
		return bytes == HMS_BYTES_UNKNOWN ? 0 : bytes;
	}
}

/* Each figure relative to the best one, by weight. */
static void score(struct candidate *candidates, size_t n, const struct hms_wish *wish)
{
	const double weights[FIGURES] = {
		[BANDWIDTH]	= wish->bandwidth,
		[LATENCY]	= wish->latency,
		[FREE]		= wish->capacity,
	};

	for (enum figure f = 0; f < FIGURES; f++) {
		double best = 0;

		for (size_t i = 0; i < n; i++)
			if (figure(&candidates[i], f) > best)
				best = figure(&candidates[i], f);
		for (size_t i = 0; i < n && best; i++)
			candidates[i].score += weights[f] * (figure(&candidates[i], f) / best);
	}
}

static int compare_score(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return hms_compare_uid(&x->object->uid, &y->object->uid);
}

/* Costs of the best ways from @initiator to all candidates. */
static int measure_ways(const struct hms *hms, const struct hms_object *initiator,
			struct candidate *candidates, size_t n)
{
	uint64_t *cost = NULL;
	struct graph graph;
	int ret;

	ret = graph_build(&graph, hms);
	if (!ret) {
		cost = calloc(graph.nlinks + 1, sizeof(*cost));
		ret = cost ? 0 : -ENOMEM;
	}
	for (enum measure m = 0; m < MEASURES && !ret; m++) {
		ret = graph_search_from(&graph, m, false, initiator->uid, initiator, cost);
		for (size_t i = 0; i < n && !ret; i++)
			candidates[i].cost[m] = graph_best(&graph, candidates[i].object, cost);
	}
	free(cost);
	graph_free(&graph);
	return ret;
}

int choose_rank(const struct hms *hms, const struct hms_object *initiator,
		const struct hms_wish *wish, const struct hms_object **targets, size_t *n)
{
	struct candidate *candidates = calloc(*n + 1, sizeof(*candidates));
	size_t kept = 0;
	int ret = 0;

	if (!candidates)
		return -ENOMEM;
	for (size_t i = 0; i < *n; i++)
		candidates[i] = (struct candidate){ targets[i], { COST_UNKNOWN, COST_UNKNOWN }, 0 };
	if (initiator)
		ret = measure_ways(hms, initiator, candidates, *n);
	if (!ret) {
		for (size_t i = 0; i < *n; i++)
			if (candidates[i].cost[MEASURE_LATENCY] != COST_NO_WAY)
				candidates[kept++] = candidates[i];
		score(candidates, kept, wish);
		qsort(candidates, kept, sizeof(*candidates), compare_score);
		for (size_t i = 0; i < kept; i++)
			targets[i] = candidates[i].object;
		*n = kept;
	}
	free(candidates);
	return ret;
}

static bool fits(const struct hms_object *o, const struct hms_wish *wish)
{
	uint64_t bytes = choose_free(o);

	switch (wish->kind) {
	case HMS_KIND_NONE:
		if (o->kind != HMS_KIND_NODE)
			return false;
		break;
	case HMS_KIND_DEVICE:
		if (o->kind != HMS_KIND_DEVICE_PRIVATE && o->kind != HMS_KIND_DEVICE_COHERENT)
			return false;
		break;
	default:
		if (o->kind != wish->kind)
			return false;
	}
	if (o->properties & HMS_PROP_DESCRIBED & ~wish->require)
		return false;
	if ((o->properties & wish->require) != wish->require || o->properties & wish->refuse)
		return false;
	if (wish->min_capacity &&
	    (o->capacity == HMS_BYTES_UNKNOWN || o->capacity < wish->min_capacity))
		return false;
	return !wish->min_free || (bytes != HMS_BYTES_UNKNOWN && bytes >= wish->min_free);
}

static int check_wish(struct hms *hms, const struct hms_wish *wish)
{
	for (size_t i = 0; i < COUNT(wish->reserved); i++)
		if (wish->reserved[i])
			return hms_error_set(hms, "best targets", EINVAL,
					     "a reserved field is not zero");
	if (!wish->bandwidth && !wish->latency && !wish->capacity)
		return hms_error_set(hms, "best targets", EINVAL, "no weight: what is to count?");
	if (wish->kind == HMS_KIND_CPU || wish->kind > HMS_KIND_DEVICE)
		return hms_error_set(hms, "best targets", EINVAL, "no target is of that kind");
	return 0;
}

static int no_memory(struct hms *hms, const char *call)
{
	return hms_error_set(hms, call, ENOMEM, NULL);
}

int hms_best_targets(struct hms *hms, uint32_t initiator, const struct hms_wish *wish,
		     struct hms_uid_list **list)
{
	const struct hms_object *from, **targets;
	size_t n = 0;
	int ret;

	*list = NULL;
	ret = hms_scan_once(hms);
	if (!ret)
		ret = check_wish(hms, wish);
	if (ret)
		return ret;
	from = hms_object_of_type(hms, "best targets", HMS_INITIATOR, initiator);
	if (!from)
		return -ENOENT;
	targets = calloc(hms->nobjects + 1, sizeof(*targets));
	if (!targets)
		return no_memory(hms, "best targets");
	for (size_t i = 0; i < hms->nobjects; i++)
		if (hms->objects[i]->type == HMS_TARGET && fits(hms->objects[i], wish))
			targets[n++] = hms->objects[i];
	ret = choose_rank(hms, from, wish, targets, &n);
	if (!ret)
		ret = choose_list(targets, n, list);
	free(targets);
	return ret ? no_memory(hms, "best targets") : 0;
}

/* ---- the initiators near a target ---- */

static int compare_near(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->cost[MEASURE_LATENCY] != y->cost[MEASURE_LATENCY])
		return x->cost[MEASURE_LATENCY] < y->cost[MEASURE_LATENCY] ? -1 : 1;
	if (x->cost[MEASURE_BANDWIDTH] != y->cost[MEASURE_BANDWIDTH])
		return x->cost[MEASURE_BANDWIDTH] < y->cost[MEASURE_BANDWIDTH] ? -1 : 1;
	return hms_compare_uid(&x->object->uid, &y->object->uid);
}

/* A bridge that only some may cross, once for each of them. */
struct pass {
	uint32_t initiator;
	size_t crossing;
};

static int compare_pass(const void *a, const void *b)
{
	const struct pass *x = a, *y = b;

	return hms_compare_uid(&x->initiator, &y->initiator);
}

/* All of them, by initiator. */
static int list_passes(const struct graph *g, struct pass **passes, size_t *npasses)
{
	size_t n = 0;

	for (size_t i = 0; i < g->ncrossings; i++)
		n += g->crossings[i].bridge->ninitiators;
	*passes = calloc(n + 1, sizeof(**passes));
	if (!*passes)
		return -ENOMEM;
	n = 0;
	for (size_t i = 0; i < g->ncrossings; i++) {
		const struct hms_object *bridge = g->crossings[i].bridge;

		for (size_t j = 0; j < bridge->ninitiators; j++)
			(*passes)[n++] = (struct pass){ bridge->initiators[j], i };
	}
	qsort(*passes, n, sizeof(**passes), compare_pass);
	*npasses = n;
	return 0;
}

/* Does this pass lead to where the target is, and so may make a way better? */
static bool add_seed(const struct graph *g, const struct pass *pass, const uint64_t *cost,
		     size_t *seeds, size_t n)
{
	seeds[n] = g->crossings[pass->crossing].to;
	return cost[seeds[n]] != COST_NO_WAY;
}

/*
 * Costs of the ways of all initiators to @target. One search is for all of them; from its result,
 * those who have passes go on where these lead to.
 */
static int measure_near(const struct graph *g, enum measure by,
			const struct hms_object *target, struct candidate *candidates, size_t n,
			const struct pass *passes, size_t npasses)
{
	uint64_t *open = calloc(g->nlinks + 1, sizeof(*open));
	uint64_t *cost = calloc(g->nlinks + 1, sizeof(*cost));
	size_t *seeds = calloc(g->ncrossings + 1, sizeof(*seeds)), p = 0;
	int ret = -ENOMEM;

	if (open && cost && seeds)
		ret = graph_search_from(g, by, true, 0, target, open);
	/* Candidates and passes are both by uid. */
	for (size_t i = 0; i < n && !ret; i++) {
		uint32_t uid = candidates[i].object->uid;
		size_t nseeds = 0;

		while (p < npasses && passes[p].initiator < uid)
			p++;
		if (p == npasses || passes[p].initiator != uid) {
			candidates[i].cost[by] = graph_best(g, candidates[i].object, open);
			continue;
		}
		memcpy(cost, open, g->nlinks * sizeof(*cost));
		/* Links without a way so far are come to from the others, as it goes on. */
		for (; p < npasses && passes[p].initiator == uid; p++)
			nseeds += add_seed(g, &passes[p], cost, seeds, nseeds);
		ret = graph_search(g, by, true, uid, cost, seeds, nseeds);
		candidates[i].cost[by] = graph_best(g, candidates[i].object, cost);
	}
	free(open);
	free(cost);
	free(seeds);
	return ret;
}

static int near(const struct hms *hms, const struct hms_object *target,
		struct candidate *candidates, size_t *n)
{
	struct pass *passes = NULL;
	size_t npasses, kept = 0;
	struct graph graph;
	int ret;

	ret = graph_build(&graph, hms);
	if (!ret)
		ret = list_passes(&graph, &passes, &npasses);
	for (enum measure m = 0; m < MEASURES && !ret; m++)
		ret = measure_near(&graph, m, target, candidates, *n, passes, npasses);
	free(passes);
	graph_free(&graph);
	if (ret)
		return ret;
	for (size_t i = 0; i < *n; i++)
		if (candidates[i].cost[MEASURE_LATENCY] != COST_NO_WAY)
			candidates[kept++] = candidates[i];
	*n = kept;
	qsort(candidates, kept, sizeof(*candidates), compare_near);
	return 0;
}

int hms_near(struct hms *hms, uint32_t target, struct hms_uid_list **list)
{
	const struct hms_object *to, **objects;
	struct candidate *candidates;
	size_t n = 0;
	int ret;

	*list = NULL;
	ret = hms_scan_once(hms);
	if (ret)
		return ret;
	to = hms_object_of_type(hms, "near", HMS_TARGET, target);
	if (!to)
		return -ENOENT;
	candidates = calloc(hms->nobjects + 1, sizeof(*candidates));
	objects = calloc(hms->nobjects + 1, sizeof(*objects));
	ret = candidates && objects ? 0 : -ENOMEM;
	for (size_t i = 0; i < hms->nobjects && !ret; i++)
		if (hms->objects[i]->type == HMS_INITIATOR)
			candidates[n++].object = hms->objects[i];
	if (!ret)
		ret = near(hms, to, candidates, &n);
	if (!ret) {
		for (size_t i = 0; i < n; i++)
			objects[i] = candidates[i].object;
		ret = choose_list(objects, n, list);
	}
	free(candidates);
	free(objects);
	return ret ? no_memory(hms, "near") : 0;
}
