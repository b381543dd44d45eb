/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The links and bridges of a map as a graph, for questions about ways.
 *
 * A way is as good as its worst step. To look for the best one, bandwidths and latencies become
 * costs, of which less is better: that of a way is the greatest of its steps.
 */
#ifndef LIBHMS_GRAPH_H
#define LIBHMS_GRAPH_H

#include <hms/hms.h>

#pragma GCC visibility push(hidden)

enum measure {
	MEASURE_BANDWIDTH,	/* of reading and writing the lesser */
	MEASURE_LATENCY,	/* of reading and writing the greater */
	MEASURES,
};

#define COST_UNKNOWN	(1ULL << 32)	/* worse than all that is known */
#define COST_NO_WAY	UINT64_MAX

/* A bridge between two links that are there, which go by their numbers. */
struct crossing {
	const struct hms_object *bridge;
	size_t from;
	size_t to;
	uint64_t cost[MEASURES];
};

struct graph {
	size_t nlinks;
	const struct hms_object **links;	/* by uid */
	uint64_t (*cost)[MEASURES];		/* of each */
	size_t ncrossings;
	struct crossing *crossings;
	/* Numbers of those that lead from link i: out[out_first[i]] up to out[out_first[i + 1]]. */
	size_t *out_first, *out;
	size_t *in_first, *in;			/* and to it */
};

/* 0 or -ENOMEM; graph_free() is safe in any case. */
int graph_build(struct graph *graph, const struct hms *hms);
void graph_free(struct graph *graph);

/* Number of the link with this uid, or SIZE_MAX. */
size_t graph_link(const struct graph *graph, uint32_t uid);

/* May this initiator cross the bridge? 0 is one that no bridge names. */
bool graph_may_cross(const struct crossing *crossing, uint32_t initiator);

/**
 * graph_search() - costs of the best ways from or to some links, to or from all others
 * @graph: the graph
 * @by: costs of what
 * @back: ways to those links
 * @initiator: who goes there
 * @cost: by number of link, of the way to its end; COST_NO_WAY where none is known. Those that are
 *	known stay unless there is a better way.
 * @seeds: links to start from, with a cost
 * @nseeds: how many
 *
 * Return: 0 or -ENOMEM.
 */
int graph_search(const struct graph *graph, enum measure by, bool back, uint32_t initiator,
		 uint64_t *cost, const size_t *seeds, size_t nseeds);

/**
 * graph_search_from() - costs of the best ways that begin, or end, at an initiator or target
 * @graph: the graph
 * @by: costs of what
 * @back: ways that end there
 * @initiator: who goes there
 * @end: the initiator or target
 * @cost: room for all links, as above
 *
 * Return: 0 or -ENOMEM.
 */
int graph_search_from(const struct graph *graph, enum measure by, bool back,
		      uint32_t initiator, const struct hms_object *end, uint64_t *cost);

/* The least cost of the links of an initiator or target. */
uint64_t graph_best(const struct graph *graph, const struct hms_object *end, const uint64_t *cost);

/* Close the links and crossings that cost more than @most: then no way goes there. */
void graph_close(struct graph *graph, enum measure by, uint64_t most);

/* The number that a cost stands for; 0 when it is not known. */
static inline uint32_t measure_value(enum measure by, uint64_t cost)
{
	if (cost >= COST_UNKNOWN)
		return 0;
	return by == MEASURE_BANDWIDTH ? COST_UNKNOWN - cost : cost;
}

#pragma GCC visibility pop

#endif /* LIBHMS_GRAPH_H */
