// SPDX-License-Identifier: GPL-2.0
/*
 * History: which objects went lately, so that who has read the map once can ask for what is new.
 * What is still there tells its own generation. All of it is under hms_map_lock.
 */

#include "history.h"
#include "object.h"

#define HMS_HISTORY	1024

/* By generation; entry N of all that ever went is at N modulo its size. */
static struct hms_removed hms_history[HMS_HISTORY];
static u64 hms_history_count;

/* Generation of the latest one that is no longer in it. */
static u64 hms_history_lost;

/**
 * hms_history_add - remember an object that goes
 * @obj: the object, with the generation of that
 */
void hms_history_add(const struct hms_object *obj)
{
	struct hms_removed *removed = &hms_history[hms_history_count++ % HMS_HISTORY];

	hms_history_lost = removed->generation;
	*removed = (struct hms_removed) {
		.generation = obj->generation,
		.uid = obj->uid,
		.version = obj->version,
		.type = obj->class->type,
	};
}

/**
 * hms_history_reaches - is all known that went after a generation
 * @since: the generation
 */
bool hms_history_reaches(u64 since)
{
	return since >= hms_history_lost && since <= hms_generation;
}

/**
 * hms_history_next - what went after a generation
 * @generation: the generation
 *
 * Return: the first of them, or NULL.
 */
const struct hms_removed *hms_history_next(u64 generation)
{
	u64 first = hms_history_count > HMS_HISTORY ? hms_history_count - HMS_HISTORY : 0;
	u64 after = hms_history_count;

	while (first < after) {
		u64 middle = first + (after - first) / 2;

		if (hms_history[middle % HMS_HISTORY].generation > generation)
			after = middle;
		else
			first = middle + 1;
	}
	return first < hms_history_count ? &hms_history[first % HMS_HISTORY] : NULL;
}
