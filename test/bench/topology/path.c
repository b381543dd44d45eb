// SPDX-License-Identifier: GPL-2.0
/* Questions about a map that has been read: the best target, and the best way to it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "topology.h"

#define RUNS	3
#define SIZE	1000
#define LIMIT	5000000		/* 5 ms */

static const struct hms_object *find(struct hms *hms, enum hms_type type, enum hms_kind kind,
				     bool last)
{
	const struct hms_object *object, *found = NULL;

	/* Of what is described, as the rest is no machine of 1,000 objects. */
	hms_for_each(hms, type, object)
		if (object->kind == kind && (type != HMS_TARGET ||
					     object->properties & HMS_PROP_DESCRIBED) &&
		    object->nid < 0 && (last || !found))
			found = object;
	if (!found)
		die("nothing to ask about");
	return found;
}

/* What a question costs, and whether the bound is about it. */
struct answer {
	const char *what;
	const char *shape;
	uint64_t cost;
	bool bound;
};

static void ask(const char *shape, struct answer *best, struct answer *path)
{
	struct hms_wish wish = { .bandwidth = 1, .latency = 1, .require = HMS_PROP_DESCRIBED };
	const struct hms_object *from, *to;
	struct hms_path_list *paths = NULL;
	struct hms_uid_list *targets = NULL;
	struct hms *hms;
	size_t n;

	if (hms_open_topology(&hms))
		die("can't read the map");
	n = map_objects();
	/* Far from each other. */
	from = find(hms, HMS_INITIATOR, HMS_KIND_CPU, false);
	to = find(hms, HMS_TARGET, HMS_KIND_DEVICE_PRIVATE, true);
	*best = (struct answer){ .what = "the best target", .shape = shape, .bound = true };
	best->cost = least_of(RUNS, free(targets);
			      check(hms_best_targets(hms, from->uid, &wish, &targets), hms));
	*path = (struct answer){ .what = "the best path", .shape = shape };
	path->cost = least_of(RUNS, free(paths);
			      check(hms_paths(hms, from->uid, to->uid, &paths), hms));
	if (!targets->n || !paths->n)
		die("no way from uid %u to uid %u", from->uid, to->uid);
	/* Where there is no end of ways a thousand are listed, and that is another question. */
	path->bound = !paths->truncated;
	printf("   | %-6s | %7zu | hms_best_targets() | %4zu targets           | %9" PRIu64 " |\n",
	       shape, n, targets->n, best->cost);
	printf("   | %-6s | %7zu | hms_paths()        | %4zu paths%-12s | %9" PRIu64 " |\n", shape,
	       n, paths->n, paths->truncated ? ", and more" : "", path->cost);
	free(targets);
	free(paths);
	hms_close(hms);
}

void bench_path(void)
{
	struct answer answers[4];

	heading("Asking a map that has been read");
	printf("   | shape  | objects | %-18s | %-22s | %9s |\n", "question",
	       "answer", "");
	machine_clear();
	machine_tree(SIZE);
	ask("tree", &answers[0], &answers[1]);
	machine_clear();
	machine_mesh(SIZE);
	ask("square", &answers[2], &answers[3]);
	machine_clear();
	for (int i = 0; i < 4; i++)
		if (answers[i].bound)
			bound(answers[i].cost <= LIMIT, "%s, %s: %.2f ms, at most %.0f",
			      answers[i].what, answers[i].shape, answers[i].cost / 1e6,
			      LIMIT / 1e6);
}
