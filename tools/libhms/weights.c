// SPDX-License-Identifier: LGPL-2.1-or-later
/* Weights for page by page placement, by what the ways to the targets carry. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Weights may be off by so much, in thousandths, where that makes them smaller. */
#define CLOSE_ENOUGH	50

struct bandwidths {
	uint64_t of[HMS_MAX_TARGETS];
	unsigned int n;
	uint64_t least;
	uint64_t most;
};

/*
 * As many weights for the least bandwidth as @scale, and for the others in proportion. How far the
 * worst of them is off, in thousandths; UINT64_MAX when one is too great.
 */
static uint64_t weigh(const struct bandwidths *b, uint64_t scale, uint32_t *weights)
{
	uint64_t worst = 0;

	for (unsigned int i = 0; i < b->n; i++) {
		uint64_t exact = b->of[i] * scale, weight = (exact + b->least / 2) / b->least;
		uint64_t rounded = weight * b->least, off;

		if (weight > HMS_MAX_WEIGHT)
			return UINT64_MAX;
		off = (rounded > exact ? rounded - exact : exact - rounded) * 1000 / exact;
		worst = off > worst ? off : worst;
		weights[i] = weight;
	}
	return worst;
}

/* The smallest weights that are close enough, else the closest that there are. */
static void choose_weights(const struct bandwidths *b, uint32_t *weights)
{
	uint64_t off, best = UINT64_MAX;
	uint32_t tried[HMS_MAX_TARGETS];

	for (uint64_t scale = 1; best > CLOSE_ENOUGH; scale++) {
		off = weigh(b, scale, tried);
		if (off == UINT64_MAX)
			break;
		if (off < best) {
			memcpy(weights, tried, b->n * sizeof(*weights));
			best = off;
		}
	}
	/* One carries more than 255 times what another does. */
	for (unsigned int i = 0; i < b->n && best == UINT64_MAX; i++) {
		weights[i] = (b->of[i] * HMS_MAX_WEIGHT + b->most / 2) / b->most;
		weights[i] = weights[i] ? weights[i] : 1;
	}
}

/* What the best way from @from to target @i carries for reading. */
static int measure_target(struct hms *hms, const struct hms_object *from, const uint32_t *targets,
			  unsigned int n, unsigned int i, uint64_t *bandwidth)
{
	struct hms_path *path;
	struct hms_value read;
	char target[128];
	int ret;

	if (!hms_object_of_type(hms, "weights", HMS_TARGET, targets[i]))
		return -ENOENT;
	ret = hms_best_path(hms, from->uid, targets[i], &path);
	if (ret)
		return ret;
	hms_name_target(hms, target, sizeof(target), i, targets, n);
	if (!path)
		return hms_error_set(hms, "weights", ENODATA, "%s: %s", target,
				     hms_why_text(HMS_WHY_UNREACHABLE));
	read = path->values[HMS_READ_BANDWIDTH];
	free(path);
	if (!hms_value_known(&read))
		return hms_error_set(hms, "weights", ENODATA,
				     "%s: not known how fast initiator %u (%s) reads it",
				     target, from->uid, from->name);
	*bandwidth = read.value;
	return 0;
}

int hms_weights(struct hms *hms, uint32_t initiator, const uint32_t *targets,
		unsigned int ntargets, uint32_t *weights)
{
	struct bandwidths b = { .n = ntargets, .least = UINT64_MAX };
	const struct hms_object *from = NULL;
	int ret;

	ret = initiator ? hms_scan_once(hms) : hms_find_name(hms, HMS_INITIATOR, "here", &from);
	if (ret)
		return ret;
	if (initiator)
		from = hms_object_of_type(hms, "weights", HMS_INITIATOR, initiator);
	if (!from)
		return -ENOENT;
	if (!ntargets || ntargets > HMS_MAX_TARGETS)
		return hms_error_set(hms, "weights", EINVAL, "targets: %s",
				     hms_why_text(HMS_WHY_COUNT));
	for (unsigned int i = 0; i < ntargets; i++) {
		ret = measure_target(hms, from, targets, ntargets, i, &b.of[i]);
		if (ret)
			return ret;
		b.least = b.of[i] < b.least ? b.of[i] : b.least;
		b.most = b.of[i] > b.most ? b.of[i] : b.most;
	}
	choose_weights(&b, weights);
	return 0;
}
