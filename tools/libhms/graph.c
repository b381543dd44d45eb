// SPDX-License-Identifier: LGPL-2.1-or-later
/* The graph of links and bridges, and the best ways through it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "graph.h"
#include "internal.h"

/* The worse one of reading and writing counts: it has to be known of both. */
static void measure_costs(const struct hms_object *step, uint64_t *cost)
{
	const struct hms_value *v = step->values;
	uint32_t read, write;

	cost[MEASURE_BANDWIDTH] = COST_UNKNOWN;
	if (hms_value_known(&v[HMS_READ_BANDWIDTH]) && hms_value_known(&v[HMS_WRITE_BANDWIDTH])) {
		read = v[HMS_READ_BANDWIDTH].value;
		write = v[HMS_WRITE_BANDWIDTH].value;
		cost[MEASURE_BANDWIDTH] -= read < write ? read : write;
	}
	cost[MEASURE_LATENCY] = COST_UNKNOWN;
	if (hms_value_known(&v[HMS_READ_LATENCY]) && hms_value_known(&v[HMS_WRITE_LATENCY])) {
		read = v[HMS_READ_LATENCY].value;
		write = v[HMS_WRITE_LATENCY].value;
		cost[MEASURE_LATENCY] = read > write ? read : write;
	}
}

size_t graph_link(const struct graph *g, uint32_t uid)
{
	return hms_objects_index(g->links, g->nlinks, uid);
}

bool graph_may_cross(const struct crossing *crossing, uint32_t initiator)
{
	const struct hms_object *bridge = crossing->bridge;

	return !bridge->ninitiators ||
	       bsearch(&initiator, bridge->initiators, bridge->ninitiators,
		       sizeof(*bridge->initiators), hms_compare_uid);
}

/* Sort the numbers of crossings by the link at one of their ends. */
static void index_ends(const struct graph *g, bool to, size_t *first, size_t *numbers)
{
	for (size_t i = 0; i < g->ncrossings; i++)
		first[(to ? g->crossings[i].to : g->crossings[i].from) + 1]++;
	for (size_t i = 0; i < g->nlinks; i++)
		first[i + 1] += first[i];
	/* first[link] is where the next one goes, and so in the end where those after it begin. */
	for (size_t i = 0; i < g->ncrossings; i++)
		numbers[first[to ? g->crossings[i].to : g->crossings[i].from]++] = i;
	memmove(first + 1, first, g->nlinks * sizeof(*first));
	first[0] = 0;
}

int graph_build(struct graph *g, const struct hms *hms)
{
	size_t n = hms->nobjects;

	*g = (struct graph){
		.links = calloc(n + 1, sizeof(*g->links)),
		.cost = calloc(n + 1, sizeof(*g->cost)),
		.crossings = calloc(n + 1, sizeof(*g->crossings)),
		.out_first = calloc(n + 2, sizeof(*g->out_first)),
		.out = calloc(n + 1, sizeof(*g->out)),
		.in_first = calloc(n + 2, sizeof(*g->in_first)),
		.in = calloc(n + 1, sizeof(*g->in)),
	};
	if (!g->links || !g->cost || !g->crossings || !g->out_first || !g->out || !g->in_first ||
	    !g->in)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (hms->objects[i]->type != HMS_LINK)
			continue;
		measure_costs(hms->objects[i], g->cost[g->nlinks]);
		g->links[g->nlinks++] = hms->objects[i];
	}
	for (size_t i = 0; i < n; i++) {
		const struct hms_object *bridge = hms->objects[i];
		struct crossing *crossing = &g->crossings[g->ncrossings];

		if (bridge->type != HMS_BRIDGE)
			continue;
		crossing->bridge = bridge;
		crossing->from = graph_link(g, bridge->from);
		crossing->to = graph_link(g, bridge->to);
		measure_costs(bridge, crossing->cost);
		/* Its links may have gone. */
		if (crossing->from != SIZE_MAX && crossing->to != SIZE_MAX)
			g->ncrossings++;
	}
	index_ends(g, false, g->out_first, g->out);
	index_ends(g, true, g->in_first, g->in);
	return 0;
}

void graph_free(struct graph *g)
{
	free(g->links);
	free(g->cost);
	free(g->crossings);
	free(g->out_first);
	free(g->out);
	free(g->in_first);
	free(g->in);
}

/* ---- the links to look at next, the one with the least cost on top ---- */

struct waiting {
	uint64_t cost;
	size_t link;
};

struct heap {
	size_t n;
	struct waiting *items;
};

static void heap_push(struct heap *heap, uint64_t cost, size_t link)
{
	size_t i = heap->n++;

	while (i && heap->items[(i - 1) / 2].cost > cost) {
		heap->items[i] = heap->items[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	heap->items[i] = (struct waiting){ cost, link };
}

static struct waiting heap_pop(struct heap *heap)
{
	struct waiting top = heap->items[0], last = heap->items[--heap->n];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < heap->n) {
		if (child + 1 < heap->n && heap->items[child + 1].cost < heap->items[child].cost)
			child++;
		if (heap->items[child].cost >= last.cost)
			break;
		heap->items[i] = heap->items[child];
		i = child;
	}
	heap->items[i] = last;
	return top;
}

static uint64_t worst(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

int graph_search(const struct graph *g, enum measure by, bool back, uint32_t initiator,
		 uint64_t *cost, const size_t *seeds, size_t nseeds)
{
	const size_t *first = back ? g->in_first : g->out_first, *numbers = back ? g->in : g->out;
	struct heap heap = { 0 };

	/* A crossing makes a link wait at most once: when the link before it is looked at. */
	heap.items = calloc(nseeds + g->ncrossings + 1, sizeof(*heap.items));
	if (!heap.items)
		return -ENOMEM;
	for (size_t i = 0; i < nseeds; i++)
		heap_push(&heap, cost[seeds[i]], seeds[i]);
	while (heap.n) {
		struct waiting top = heap_pop(&heap);

		/* It waited again since, for less. */
		if (top.cost > cost[top.link])
			continue;
		for (size_t i = first[top.link]; i < first[top.link + 1]; i++) {
			const struct crossing *crossing = &g->crossings[numbers[i]];
			size_t next = back ? crossing->from : crossing->to;
			uint64_t way;

			way = worst(worst(top.cost, crossing->cost[by]),
				    g->cost[next][by]);
			if (way >= cost[next] || !graph_may_cross(crossing, initiator))
				continue;
			cost[next] = way;
			heap_push(&heap, way, next);
		}
	}
	free(heap.items);
	return 0;
}

int graph_search_from(const struct graph *g, enum measure by, bool back, uint32_t initiator,
		      const struct hms_object *end, uint64_t *cost)
{
	size_t *seeds = calloc(end->nlinks + 1, sizeof(*seeds)), n = 0;
	int ret;

	if (!seeds)
		return -ENOMEM;
	for (size_t i = 0; i < g->nlinks; i++)
		cost[i] = COST_NO_WAY;
	for (size_t i = 0; i < end->nlinks; i++) {
		size_t link = graph_link(g, end->links[i]);

		if (link == SIZE_MAX)
			continue;
		cost[link] = g->cost[link][by];
		seeds[n++] = link;
	}
	ret = graph_search(g, by, back, initiator, cost, seeds, n);
	free(seeds);
	return ret;
}

uint64_t graph_best(const struct graph *g, const struct hms_object *end, const uint64_t *cost)
{
	uint64_t best = COST_NO_WAY;

	for (size_t i = 0; i < end->nlinks; i++) {
		size_t link = graph_link(g, end->links[i]);

		if (link != SIZE_MAX && cost[link] < best)
			best = cost[link];
	}
	return best;
}

static void close_worse(uint64_t *cost, enum measure by, uint64_t most)
{
	if (cost[by] <= most)
		return;
	for (enum measure m = 0; m < MEASURES; m++)
		cost[m] = COST_NO_WAY;
}

void graph_close(struct graph *g, enum measure by, uint64_t most)
{
	for (size_t i = 0; i < g->nlinks; i++)
		close_worse(g->cost[i], by, most);
	for (size_t i = 0; i < g->ncrossings; i++)
		close_worse(g->crossings[i].cost, by, most);
}
