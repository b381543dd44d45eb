// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * All ways from an initiator to a target, and the best of them.
 *
 * There may be more of them than atoms in the machine. The search goes from link to link, and only
 * where the target can still be reached without a link twice: every step leads to a way at last,
 * so that a thousand ways take no longer than their steps. Where there are more than fit, limits
 * on bandwidth, then latency, then steps are moved until the best ones do.
 *
 * The best one alone takes no such search: see find_best().
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "graph.h"
#include "internal.h"

/* How good a way is; lexicographic, less is better. */
enum { RANK_BANDWIDTH = MEASURE_BANDWIDTH, RANK_LATENCY = MEASURE_LATENCY, RANK_LINKS, RANKS };

struct rank {
	uint64_t by[RANKS];
};

struct way {
	struct rank rank;
	size_t link;		/* the first one */
	size_t *crossings;	/* to the others: by[RANK_LINKS] - 1 */
};

/* Where the search is: a link of the way so far. */
struct place {
	size_t link;
	size_t crossing;	/* that led here */
	size_t next, end;	/* ways on, not taken yet: numbers in @onward */
	struct rank rank;	/* of the way up to here */
};

struct search {
	const struct graph *graph;
	uint32_t initiator;
	const struct hms_object *from, *to;
	bool *ends;		/* by number of link: the target is on it */
	bool *visited;		/* it is on the way so far */
	size_t *distance;	/* links from there to the target; SIZE_MAX: no way */
	size_t *queue;
	struct place *places;	/* the way so far */
	size_t depth;
	size_t *onward;		/* crossings */
	size_t nonward;
	struct way *ways;	/* found */
	size_t nways;
};

static int compare_rank(const struct rank *a, const struct rank *b)
{
	for (int i = 0; i < RANKS; i++)
		if (a->by[i] != b->by[i])
			return a->by[i] < b->by[i] ? -1 : 1;
	return 0;
}

/* The rank of a way with one more step. */
static struct rank add_step(struct rank rank, const uint64_t *cost)
{
	for (enum measure m = 0; m < MEASURES; m++)
		if (cost[m] > rank.by[m])
			rank.by[m] = cost[m];
	return rank;
}

static bool within(const uint64_t *cost, const struct rank *limit)
{
	return cost[MEASURE_BANDWIDTH] <= limit->by[RANK_BANDWIDTH] &&
	       cost[MEASURE_LATENCY] <= limit->by[RANK_LATENCY];
}

/* May the search cross here, between these limits? */
static bool passable(const struct search *s, const struct crossing *crossing,
		     const struct rank *limit)
{
	return within(crossing->cost, limit) && graph_may_cross(crossing, s->initiator);
}

/* How far each link is from the target, without those that the way has passed. */
static void measure_distances(struct search *s, const struct rank *limit)
{
	const struct graph *g = s->graph;
	size_t head = 0, tail = 0;

	for (size_t i = 0; i < g->nlinks; i++) {
		bool end = s->ends[i] && !s->visited[i] && within(g->cost[i], limit);

		s->distance[i] = end ? 1 : SIZE_MAX;
		if (end)
			s->queue[tail++] = i;
	}
	for (; head < tail; head++) {
		size_t link = s->queue[head];

		for (size_t i = g->in_first[link]; i < g->in_first[link + 1]; i++) {
			const struct crossing *crossing = &g->crossings[g->in[i]];
			size_t before = crossing->from;

			if (s->distance[before] != SIZE_MAX || s->visited[before] ||
			    !within(g->cost[before], limit) || !passable(s, crossing, limit))
				continue;
			s->distance[before] = s->distance[link] + 1;
			s->queue[tail++] = before;
		}
	}
}

/* Go on to @link, and look where the way leads from there. */
static void enter(struct search *s, size_t link, size_t crossing, struct rank rank,
		  const struct rank *limit)
{
	const struct graph *g = s->graph;
	struct place *place = &s->places[s->depth++];

	*place = (struct place){ link, crossing, s->nonward, s->nonward, rank };
	s->visited[link] = true;
	measure_distances(s, limit);
	for (size_t i = g->out_first[link]; i < g->out_first[link + 1]; i++) {
		const struct crossing *on = &g->crossings[g->out[i]];
		size_t left = s->distance[on->to];

		if (left != SIZE_MAX && passable(s, on, limit) &&
		    rank.by[RANK_LINKS] + left <= limit->by[RANK_LINKS])
			s->onward[place->end++] = g->out[i];
	}
	s->nonward = place->end;
}

static void leave(struct search *s)
{
	s->visited[s->places[--s->depth].link] = false;
	s->nonward = s->depth ? s->places[s->depth - 1].end : 0;
}

/* The way so far has come to the target. */
static int keep(struct search *s)
{
	struct way *way = &s->ways[s->nways];

	way->crossings = calloc(s->depth, sizeof(*way->crossings));
	if (!way->crossings)
		return -ENOMEM;
	way->rank = s->places[s->depth - 1].rank;
	way->link = s->places[0].link;
	for (size_t i = 1; i < s->depth; i++)
		way->crossings[i - 1] = s->places[i].crossing;
	s->nways++;
	return 0;
}

/* The next link of the search; SIZE_MAX when it has to go back. */
static size_t go_on(struct search *s, const struct rank *limit)
{
	struct place *place = &s->places[s->depth - 1];
	const struct crossing *on;
	struct rank rank;
	size_t crossing;

	if (place->next == place->end)
		return SIZE_MAX;
	crossing = s->onward[place->next++];
	on = &s->graph->crossings[crossing];
	rank = add_step(place->rank, on->cost);
	rank = add_step(rank, s->graph->cost[on->to]);
	rank.by[RANK_LINKS]++;
	enter(s, on->to, crossing, rank, limit);
	return on->to;
}

/*
 * Look for ways within @limit that are not better than @floor, at most @most of them; keep them
 * when @keep_them. How many there are, or -ENOMEM.
 */
static long enumerate(struct search *s, const struct rank *limit, const struct rank *floor,
		      size_t most, bool keep_them)
{
	const struct graph *g = s->graph;
	size_t found = 0;
	int ret = 0;

	for (size_t i = 0; i < s->from->nlinks && !ret && found < most; i++) {
		size_t link = graph_link(g, s->from->links[i]);
		struct rank rank = { { 0 } };

		if (link == SIZE_MAX || !within(g->cost[link], limit))
			continue;
		rank = add_step(rank, g->cost[link]);
		rank.by[RANK_LINKS] = 1;
		enter(s, link, SIZE_MAX, rank, limit);
		while (s->depth) {
			if (link == SIZE_MAX) {
				leave(s);
			} else if (s->ends[link] && found < most &&
				   compare_rank(&s->places[s->depth - 1].rank, floor) >= 0) {
				found++;
				if (keep_them)
					ret = keep(s);
			}
			while (s->depth && (ret || found == most))
				leave(s);
			link = s->depth ? go_on(s, limit) : SIZE_MAX;
		}
	}
	return ret ? ret : (long)found;
}

/* ---- more ways than fit ---- */

static int compare_cost(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* All values that ways can have in this part of their rank, ascending; NULL: no memory. */
static uint64_t *list_values(const struct graph *g, int part, size_t *n)
{
	uint64_t *values = calloc(g->nlinks + g->ncrossings + 1, sizeof(*values));
	size_t all = 0;

	if (!values)
		return NULL;
	for (size_t i = 0; i < g->nlinks; i++)
		values[all++] = part == RANK_LINKS ? i + 1 : g->cost[i][part];
	for (size_t i = 0; part != RANK_LINKS && i < g->ncrossings; i++)
		values[all++] = g->crossings[i].cost[part];
	qsort(values, all, sizeof(*values), compare_cost);
	*n = 0;
	for (size_t i = 0; i < all; i++)
		if (!*n || values[i] != values[*n - 1])
			values[(*n)++] = values[i];
	return values;
}

/*
 * There are too many ways between @floor and @limit. Take as many of them as there are up to a
 * value of this part, so that too many are left at the next value: both become that.
 */
static int tighten(struct search *s, int part, struct rank *limit, struct rank *floor)
{
	size_t low = 0, high, room = HMS_MAX_PATHS - s->nways;
	uint64_t *values = list_values(s->graph, part, &high);
	long found = 0;

	if (!values)
		return -ENOMEM;
	for (high--; low < high && found >= 0; ) {
		size_t middle = low + (high - low) / 2;

		limit->by[part] = values[middle];
		found = enumerate(s, limit, floor, room + 1, false);
		if (found > (long)room)
			high = middle;
		else
			low = middle + 1;
	}
	if (low && found >= 0) {
		limit->by[part] = values[low - 1];
		found = enumerate(s, limit, floor, room, true);
	}
	limit->by[part] = values[low];
	floor->by[part] = values[low];
	free(values);
	return found < 0 ? -ENOMEM : 0;
}

static void drop_ways(struct search *s)
{
	while (s->nways)
		free(s->ways[--s->nways].crossings);
}

static int find_ways(struct search *s, bool *truncated)
{
	struct rank limit = { { UINT64_MAX, UINT64_MAX, UINT64_MAX } }, floor = { { 0 } };
	int ret = 0;

	if (enumerate(s, &limit, &floor, HMS_MAX_PATHS + 1, true) < 0)
		return -ENOMEM;
	*truncated = s->nways > HMS_MAX_PATHS;
	if (!*truncated)
		return 0;
	drop_ways(s);
	for (int part = 0; part < RANKS && !ret; part++)
		ret = tighten(s, part, &limit, &floor);
	/* These are all equal. */
	if (!ret && enumerate(s, &limit, &floor, HMS_MAX_PATHS - s->nways, true) < 0)
		ret = -ENOMEM;
	return ret;
}

/* ---- the list that the caller gets ---- */

static int compare_way(const void *a, const void *b, void *graph)
{
	const struct way *x = a, *y = b;
	const struct graph *g = graph;
	int ret = compare_rank(&x->rank, &y->rank);

	if (!ret)
		ret = (x->link > y->link) - (x->link < y->link);
	/* Equal ranks have equally many links. */
	for (size_t i = 0; i + 1 < x->rank.by[RANK_LINKS] && !ret; i++)
		ret = hms_compare_uid(&g->crossings[x->crossings[i]].bridge->uid,
				      &g->crossings[y->crossings[i]].bridge->uid);
	return ret;
}

/* The worst value so far, with that of another step. */
static void add_values(struct hms_value *values, const struct hms_object *step, bool first)
{
	for (enum hms_attribute a = 0; a < HMS_ATTRIBUTES; a++) {
		struct hms_value v = step->values[a];
		bool more = v.value > values[a].value;

		if (!hms_value_known(&v))
			values[a] = (struct hms_value){ 0 };
		else if (first || (values[a].value && v.value != values[a].value &&
				   more == (a >= HMS_READ_LATENCY)))
			values[a] = v;
	}
}

static void fill_path(const struct graph *g, const struct way *way, struct hms_path *path,
		      uint32_t *steps)
{
	size_t n = 0;

	*path = (struct hms_path){ .steps = steps };
	steps[n++] = g->links[way->link]->uid;
	add_values(path->values, g->links[way->link], true);
	for (size_t i = 0; i + 1 < way->rank.by[RANK_LINKS]; i++) {
		const struct crossing *crossing = &g->crossings[way->crossings[i]];

		steps[n++] = crossing->bridge->uid;
		add_values(path->values, crossing->bridge, false);
		steps[n++] = g->links[crossing->to]->uid;
		add_values(path->values, g->links[crossing->to], false);
	}
	path->nsteps = n;
}

static int make_list(struct search *s, bool truncated, struct hms_path_list **list)
{
	struct hms_path *paths;
	size_t nsteps = 0;
	uint32_t *steps;

	qsort_r(s->ways, s->nways, sizeof(*s->ways), compare_way, (void *)s->graph);
	for (size_t i = 0; i < s->nways; i++)
		nsteps += 2 * s->ways[i].rank.by[RANK_LINKS] - 1;
	*list = malloc(sizeof(**list) + s->nways * sizeof(*paths) + nsteps * sizeof(*steps));
	if (!*list)
		return -ENOMEM;
	paths = (struct hms_path *)(*list + 1);
	steps = (uint32_t *)(paths + s->nways);
	for (size_t i = 0; i < s->nways; i++) {
		fill_path(s->graph, &s->ways[i], &paths[i], steps);
		steps += paths[i].nsteps;
	}
	**list = (struct hms_path_list){ s->nways, paths, truncated };
	return 0;
}

static int search_ways(struct search *s, struct hms_path_list **list)
{
	bool truncated = false;
	int ret = -ENOMEM;

	s->places = calloc(s->graph->nlinks + 1, sizeof(*s->places));
	s->ways = calloc(HMS_MAX_PATHS + 1, sizeof(*s->ways));
	if (s->places && s->ways) {
		ret = find_ways(s, &truncated);
		if (!ret)
			ret = make_list(s, truncated, list);
		drop_ways(s);
	}
	free(s->places);
	free(s->ways);
	return ret;
}

/* ---- the best way alone ---- */

/*
 * What the best way has in @limit, COST_NO_WAY where there is none. All that is worse is closed
 * before the next part is looked at, as a way is only compared by that with its equals so far.
 */
static int find_limit(struct search *s, struct graph *g, struct rank *limit)
{
	uint64_t *cost = calloc(g->nlinks + 1, sizeof(*cost));
	int ret = cost ? 0 : -ENOMEM;

	for (enum measure m = 0; m < MEASURES && !ret; m++) {
		ret = graph_search_from(g, m, false, s->initiator, s->from, cost);
		limit->by[m] = graph_best(g, s->to, cost);
		graph_close(g, m, limit->by[m]);
	}
	free(cost);
	return ret;
}

/* The link of the initiator from where the target is nearest; of several the first. */
static size_t nearest_link(const struct search *s)
{
	size_t nearest = SIZE_MAX;

	for (size_t i = 0; i < s->from->nlinks; i++) {
		size_t link = graph_link(s->graph, s->from->links[i]);

		if (link == SIZE_MAX || s->distance[link] == SIZE_MAX)
			continue;
		if (nearest == SIZE_MAX || s->distance[link] < s->distance[nearest] ||
		    (s->distance[link] == s->distance[nearest] && link < nearest))
			nearest = link;
	}
	return nearest;
}

/* The first crossing from @link that leads nearer to the target: one there does. */
static size_t nearer(const struct search *s, size_t link, const struct rank *limit)
{
	const struct graph *g = s->graph;
	size_t i = g->out_first[link];

	while (s->distance[g->crossings[g->out[i]].to] != s->distance[link] - 1 ||
	       !passable(s, &g->crossings[g->out[i]], limit))
		i++;
	return g->out[i];
}

/*
 * The best way, whose crossings are in @onward; it has no links when there is none.
 *
 * No way is better than @limit by bandwidth, nor by latency among those that have that bandwidth.
 * So all ways within it are equal up to there, and of them the shortest are the best. These are
 * found by the distance of each link, and the first of them as compare_way() has it is the one
 * that takes the first crossing each time. A shortest way passes no link twice.
 */
static int find_best(struct search *s, struct graph *g, struct way *way)
{
	struct rank limit = { { 0 } };
	size_t link;
	int ret;

	*way = (struct way){ .crossings = s->onward };
	ret = find_limit(s, g, &limit);
	if (ret || limit.by[RANK_BANDWIDTH] == COST_NO_WAY)
		return ret;
	measure_distances(s, &limit);
	link = nearest_link(s);
	way->link = link;
	way->rank = limit;
	way->rank.by[RANK_LINKS] = s->distance[link];
	while (s->distance[link] > 1) {
		size_t crossing = nearer(s, link, &limit);

		s->onward[s->nonward++] = crossing;
		link = g->crossings[crossing].to;
	}
	return 0;
}

static int search_best(struct search *s, struct graph *g, struct hms_path **path)
{
	struct way way;
	int ret = find_best(s, g, &way);

	if (ret || !way.rank.by[RANK_LINKS])
		return ret;
	*path = malloc(sizeof(**path) +
		       (2 * way.rank.by[RANK_LINKS] - 1) * sizeof(*(*path)->steps));
	if (!*path)
		return -ENOMEM;
	fill_path(g, &way, *path, (uint32_t *)(*path + 1));
	return 0;
}

/* ---- the calls ---- */

static int start_search(struct search *s, const struct graph *g)
{
	size_t n = g->nlinks;

	s->graph = g;
	s->ends = calloc(n + 1, sizeof(*s->ends));
	s->visited = calloc(n + 1, sizeof(*s->visited));
	s->distance = calloc(n + 1, sizeof(*s->distance));
	s->queue = calloc(n + 1, sizeof(*s->queue));
	s->onward = calloc(g->ncrossings + 1, sizeof(*s->onward));
	if (!s->ends || !s->visited || !s->distance || !s->queue || !s->onward)
		return -ENOMEM;
	for (size_t i = 0; i < s->to->nlinks; i++) {
		size_t link = graph_link(g, s->to->links[i]);

		if (link != SIZE_MAX)
			s->ends[link] = true;
	}
	return 0;
}

static void end_search(struct search *s)
{
	free(s->ends);
	free(s->visited);
	free(s->distance);
	free(s->queue);
	free(s->onward);
}

/* All ways go to @list, or else the best one to @path. */
static int search(struct hms *hms, const char *call, uint32_t initiator, uint32_t target,
		  struct hms_path_list **list, struct hms_path **path)
{
	struct search search = { .initiator = initiator };
	struct graph graph;
	int ret;

	ret = hms_scan_once(hms);
	if (ret)
		return ret;
	search.from = hms_object_of_type(hms, call, HMS_INITIATOR, initiator);
	if (!search.from)
		return -ENOENT;
	search.to = hms_object_of_type(hms, call, HMS_TARGET, target);
	if (!search.to)
		return -ENOENT;
	ret = graph_build(&graph, hms);
	if (!ret)
		ret = start_search(&search, &graph);
	if (!ret)
		ret = list ? search_ways(&search, list) : search_best(&search, &graph, path);
	end_search(&search);
	graph_free(&graph);
	return ret ? hms_error_set(hms, call, ENOMEM, NULL) : 0;
}

int hms_paths(struct hms *hms, uint32_t initiator, uint32_t target, struct hms_path_list **list)
{
	*list = NULL;
	return search(hms, "paths", initiator, target, list, NULL);
}

int hms_best_path(struct hms *hms, uint32_t initiator, uint32_t target, struct hms_path **path)
{
	*path = NULL;
	return search(hms, "best path", initiator, target, NULL, path);
}
