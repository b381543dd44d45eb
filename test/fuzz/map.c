// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes as a map in a file. A bad one is refused in a line that says where; a good one is the
 * same map after hms_save(), and the questions about it agree with each other.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "map.h"
#include "maps.h"
#include "objects.h"

/* Questions are about so many initiators and targets, on maps with so many links and bridges. */
#define ENDS	3
#define STEPS	40

#define UNKNOWN	UINT64_MAX

/* As hms_open_file(), in memory that ends where the text does. NULL: @error says why. */
static struct hms *read_map(const void *text, size_t size, uint32_t version, char *error)
{
	char *copy = malloc(size + 1);
	struct hms *hms;

	if (size)
		memcpy(copy, text, size);
	assert(!hms_handle_new(&hms, -1));
	hms->from_file = true;
	error[0] = 0;
	if (map_read(hms, copy, size, version, error, MAPS_ERROR)) {
		hms_close(hms);
		hms = NULL;
	}
	free(copy);
	return hms;
}

/* "line 7: ...", of a line that is there, or the one behind the last. */
static void check_error(const char *error, const uint8_t *data, size_t size)
{
	unsigned long line, lines = size && data[size - 1] != '\n';
	int length = 0;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	assert(sscanf(error, "line %lu: %n", &line, &length) == 1 && length);
	assert(line && line <= lines + 1);
	check_text(error + length);
}

/* What an object says of others, they say of it. */
static void check_ends(const struct hms *hms, const struct hms_object *object)
{
	for (size_t i = 0; i < object->nlinks; i++) {
		const struct hms_object *other = hms_object_known(hms, object->links[i]);

		assert(other && other != object);
		assert(!i || object->links[i - 1] < object->links[i]);
		if (object->type == HMS_TARGET || object->type == HMS_INITIATOR)
			assert(other->type == HMS_LINK);
		if (object->type == HMS_BRIDGE)
			continue;
		assert(has_uid(other->links, other->nlinks, object->uid));
	}
	if (object->type != HMS_BRIDGE)
		return;
	assert(object->from != object->to);
	assert(has_uid(object->links, object->nlinks, object->from));
	assert(has_uid(object->links, object->nlinks, object->to));
	assert(object->nlinks == object->ninitiators + 2);
	for (size_t i = 0; i < object->ninitiators; i++)
		assert(has_uid(object->links, object->nlinks, object->initiators[i]));
}

static void check_map(const struct hms *hms, uint32_t version)
{
	for (size_t i = 0; i < hms->nobjects; i++) {
		const struct hms_object *object = hms->objects[i];

		check_object(object);
		assert(object->uid && (!i || hms->objects[i - 1]->uid < object->uid));
		assert(object->version && object->version <= version);
		assert(object->type <= HMS_BRIDGE);
		assert(object->name[0] && !object->name[strspn(object->name, MAP_NAME_CHARACTERS)]);
		check_ends(hms, object);
	}
}

/* ---- what is read of what was saved ---- */

static void check_round_trip(struct hms *hms, uint32_t version)
{
	char error[MAPS_ERROR], *text, *again;
	struct hms *copy;

	assert(!hms_save(hms, &text));
	copy = read_map(text, strlen(text), version, error);
	if (!copy) {
		fprintf(stderr, "what was saved is refused: %s\n%s", error, text);
		abort();
	}
	assert(maps_same(hms, copy));
	assert(!hms_save(copy, &again));
	assert(!strcmp(text, again));
	free(text);
	free(again);
	hms_close(copy);
}

/* ---- questions ---- */

/* What counts of a way; less is better. */
struct figures {
	uint64_t bandwidth;	/* of reading and writing the lesser, from the greatest one down */
	uint64_t latency;	/* the greater */
	uint64_t links;
};

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_figures(const struct figures *a, const struct figures *b)
{
	int ret = compare(a->bandwidth, b->bandwidth);

	if (!ret)
		ret = compare(a->latency, b->latency);
	return ret ? ret : compare(a->links, b->links);
}

/* The worst of the steps so far, and of another one; unknown when that of any is. */
static void add_step(struct hms_value *worst, const struct hms_object *step)
{
	for (enum hms_attribute a = 0; a < HMS_ATTRIBUTES; a++) {
		uint32_t value = step->values[a].value;
		bool more = value > worst[a].value;

		if (step->values[a].source == HMS_SOURCE_UNKNOWN)
			value = 0;
		if (!value || (worst[a].value && more == (a >= HMS_READ_LATENCY)))
			worst[a].value = value;
	}
}

static struct figures figures_of(const struct hms_value *v, size_t nsteps)
{
	uint32_t read = v[HMS_READ_BANDWIDTH].value, write = v[HMS_WRITE_BANDWIDTH].value;
	struct figures f = { UNKNOWN, UNKNOWN, nsteps };

	if (read && write)
		f.bandwidth = UINT32_MAX - (read < write ? read : write);
	read = v[HMS_READ_LATENCY].value;
	write = v[HMS_WRITE_LATENCY].value;
	if (read && write)
		f.latency = read > write ? read : write;
	return f;
}

/* It leads from the initiator over bridges that it may cross to the target, and no link twice. */
static struct figures check_path(const struct hms *hms, const struct hms_path *path,
				 const struct hms_object *initiator,
				 const struct hms_object *target)
{
	struct hms_value worst[HMS_ATTRIBUTES];
	const uint32_t *steps = path->steps;
	size_t last = path->nsteps - 1;

	assert(path->nsteps % 2);
	assert(has_uid(initiator->links, initiator->nlinks, steps[0]));
	assert(has_uid(target->links, target->nlinks, steps[last]));
	memcpy(worst, hms_object_known(hms, steps[0])->values, sizeof(worst));
	for (size_t i = 0; i < path->nsteps; i++) {
		const struct hms_object *step = hms_object_known(hms, steps[i]);

		assert(step && step->type == (i % 2 ? HMS_BRIDGE : HMS_LINK));
		assert(!has_uid(steps, i, steps[i]));
		add_step(worst, step);
		if (step->type == HMS_LINK)
			continue;
		assert(step->from == steps[i - 1] && step->to == steps[i + 1]);
		assert(!step->ninitiators ||
		       has_uid(step->initiators, step->ninitiators, initiator->uid));
	}
	for (enum hms_attribute a = 0; a < HMS_ATTRIBUTES; a++)
		assert(path->values[a].value == worst[a].value);
	return figures_of(worst, path->nsteps);
}

/* Is there a way? Then @best has the best figures that any way has, each by itself. */
static bool check_paths(struct hms *hms, const struct hms_object *initiator,
			const struct hms_object *target, struct figures *best, bool *all)
{
	struct figures before = { 0 };
	struct hms_path_list *list;
	bool any;

	*best = (struct figures){ UNKNOWN, UNKNOWN, UNKNOWN };
	assert(!hms_paths(hms, initiator->uid, target->uid, &list));
	assert(list->n <= HMS_MAX_PATHS && (!list->truncated || list->n == HMS_MAX_PATHS));
	for (size_t i = 0; i < list->n; i++) {
		const struct hms_path *path = &list->paths[i];
		struct figures f = check_path(hms, path, initiator, target);

		assert(compare_figures(&before, &f) <= 0);
		/* Among equals the same one twice would stand together. */
		assert(!i || path[-1].nsteps != path->nsteps ||
		       memcmp(path[-1].steps, path->steps, path->nsteps * sizeof(*path->steps)));
		before = f;
		if (f.bandwidth < best->bandwidth)
			best->bandwidth = f.bandwidth;
		if (f.latency < best->latency)
			best->latency = f.latency;
	}
	any = list->n;
	*all = !list->truncated;
	free(list);
	return any;
}

/* The first few objects of a type. */
static size_t first_of(struct hms *hms, enum hms_type type, const struct hms_object **objects)
{
	const struct hms_object *object;
	size_t n = 0;

	hms_for_each(hms, type, object)
		if (n < ENDS)
			objects[n++] = object;
	return n;
}

/* The targets like @target that an initiator reaches, by what counts. */
static struct hms_uid_list *best_targets(struct hms *hms, const struct hms_object *initiator,
					 const struct hms_object *target, uint32_t bandwidth,
					 uint32_t latency)
{
	const struct hms_wish wish = {
		.kind = target->kind,
		.require = target->properties & HMS_PROP_DESCRIBED,
		.bandwidth = bandwidth,
		.latency = latency,
	};
	struct hms_uid_list *list;

	assert(!hms_best_targets(hms, initiator->uid, &wish, &list));
	return list;
}

static size_t place(const struct hms_uid_list *list, uint32_t uid)
{
	size_t i = 0;

	while (i < list->n && list->uids[i] != uid)
		i++;
	return i;
}

/* Two that are on a list stand there by their figures, and then by uid. */
static void check_order(const struct hms_uid_list *list, uint32_t a, uint32_t b, int order)
{
	if (!order)
		order = compare(a, b);
	assert((place(list, a) < place(list, b)) == (order < 0));
}

/* All ways, the best targets and who is near: each is found in another way. */
static void check_questions(struct hms *hms)
{
	const struct hms_object *initiators[ENDS], *targets[ENDS];
	size_t ninitiators = first_of(hms, HMS_INITIATOR, initiators);
	size_t ntargets = first_of(hms, HMS_TARGET, targets);
	struct figures best[ENDS][ENDS];
	bool any[ENDS][ENDS], all[ENDS][ENDS];

	for (size_t i = 0; i < ninitiators; i++)
		for (size_t t = 0; t < ntargets; t++)
			any[i][t] = check_paths(hms, initiators[i], targets[t], &best[i][t],
						&all[i][t]);
	for (size_t t = 0; t < ntargets; t++) {
		struct hms_uid_list *near;

		assert(!hms_near(hms, targets[t]->uid, &near));
		for (size_t i = 0; i < ninitiators; i++) {
			assert(any[i][t] == has_uid(near->uids, near->n, initiators[i]->uid));
			for (size_t j = 0; any[i][t] && all[i][t] && j < i; j++) {
				int order = compare(best[j][t].latency, best[i][t].latency);

				if (!order)
					order = compare(best[j][t].bandwidth, best[i][t].bandwidth);
				if (any[j][t] && all[j][t])
					check_order(near, initiators[j]->uid, initiators[i]->uid,
						    order);
			}
		}
		free(near);
	}
	for (size_t i = 0; i < ninitiators; i++) {
		for (size_t t = 0; t < ntargets; t++) {
			struct hms_uid_list *wide, *fast;

			wide = best_targets(hms, initiators[i], targets[t], 1, 0);
			fast = best_targets(hms, initiators[i], targets[t], 0, 1);
			assert(wide->n == fast->n);
			assert(any[i][t] == has_uid(wide->uids, wide->n, targets[t]->uid));
			assert(any[i][t] == has_uid(fast->uids, fast->n, targets[t]->uid));
			for (size_t u = 0; any[i][t] && all[i][t] && u < t; u++) {
				if (!any[i][u] || !all[i][u] ||
				    !has_uid(wide->uids, wide->n, targets[u]->uid))
					continue;
				check_order(wide, targets[u]->uid, targets[t]->uid,
					    compare(best[i][u].bandwidth, best[i][t].bandwidth));
				check_order(fast, targets[u]->uid, targets[t]->uid,
					    compare(best[i][u].latency, best[i][t].latency));
			}
			free(wide);
			free(fast);
		}
	}
}

static size_t steps(const struct hms *hms)
{
	size_t n = 0;

	for (size_t i = 0; i < hms->nobjects; i++)
		n += hms->objects[i]->type == HMS_LINK || hms->objects[i]->type == HMS_BRIDGE;
	return n;
}

static void check(const uint8_t *data, size_t size, uint32_t version)
{
	char error[MAPS_ERROR];
	struct hms *hms = read_map(data, size, version, error);

	if (!hms) {
		check_error(error, data, size);
		return;
	}
	assert(!error[0]);
	check_map(hms, version);
	check_round_trip(hms, version);
	if (steps(hms) <= STEPS)
		check_questions(hms);
	hms_close(hms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check(data, size, HMS_VERSION_ORDINARY);
	check(data, size, HMS_VERSION_DEVICE);
	check(data, size, UINT32_MAX);
	return 0;
}
