// SPDX-License-Identifier: GPL-2.0
/* What pictures of a map have in common: its places, and words for objects. */
#include <stdlib.h>
#include <string.h>

#include "draw.h"
#include "hmsctl.h"

size_t picture_find(const struct picture *p, uint32_t uid)
{
	for (enum hms_type type = HMS_TARGET; type <= HMS_BRIDGE; type++) {
		size_t low = 0, high = p->n;

		while (low < high) {
			size_t middle = low + (high - low) / 2;
			const struct hms_object *o = p->objects[middle];

			if (o->type == type && o->uid == uid)
				return middle;
			if (o->type < type || (o->type == type && o->uid < uid))
				low = middle + 1;
			else
				high = middle;
		}
	}
	return SIZE_MAX;
}

/* The object that stands for the place of another, on the way to a shorter one. */
static size_t first_of(size_t *places, size_t i)
{
	while (places[i] != i) {
		places[i] = places[places[i]];
		i = places[i];
	}
	return i;
}

static void find_places(struct picture *p, size_t *numbers)
{
	for (size_t i = 0; i < p->n; i++)
		p->places[i] = i;
	for (size_t i = 0; i < p->n; i++) {
		const struct hms_object *link = p->objects[i];

		for (size_t j = 0; link->type == HMS_LINK && j < link->nlinks; j++) {
			size_t end = picture_find(p, link->links[j]);

			if (end != SIZE_MAX && p->objects[end]->type != HMS_BRIDGE)
				p->places[first_of(p->places, end)] = first_of(p->places, i);
		}
	}
	for (size_t i = 0; i < p->n; i++)
		numbers[i] = SIZE_MAX;
	for (size_t i = 0; i < p->n; i++) {
		size_t first = first_of(p->places, i);

		if (p->objects[i]->type != HMS_BRIDGE && numbers[first] == SIZE_MAX)
			numbers[first] = p->nplaces++;
	}
	for (size_t i = 0; i < p->n; i++)
		p->places[i] = first_of(p->places, i);
	for (size_t i = 0; i < p->n; i++)
		p->places[i] = numbers[p->places[i]];
}

bool picture_open(struct picture *p, struct hms *hms, const char *title)
{
	const struct hms_object *object;
	size_t n = 0, *numbers;

	*p = (struct picture){ .hms = hms, .title = title };
	for (enum hms_type type = HMS_TARGET; type <= HMS_BRIDGE; type++)
		hms_for_each(hms, type, object)
			n++;
	p->objects = calloc(n + 1, sizeof(*p->objects));
	p->places = calloc(n + 1, sizeof(*p->places));
	numbers = calloc(n + 1, sizeof(*numbers));
	if (p->objects && p->places && numbers) {
		for (enum hms_type type = HMS_TARGET; type <= HMS_BRIDGE; type++)
			hms_for_each(hms, type, object)
				p->objects[p->n++] = object;
		find_places(p, numbers);
		free(numbers);
		return true;
	}
	free(numbers);
	picture_close(p);
	return false;
}

void picture_close(struct picture *p)
{
	free(p->objects);
	free(p->places);
}

size_t picture_count(const struct picture *p, size_t place, enum hms_type type)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += p->places[i] == place && p->objects[i]->type == type;
	return n;
}

const struct hms_object *picture_way_back(const struct picture *p, const struct hms_object *bridge)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct hms_object *o = p->objects[i];

		if (o->type == HMS_BRIDGE && o->from == bridge->to && o->to == bridge->from &&
		    !memcmp(o->values, bridge->values, sizeof(o->values)) &&
		    o->ninitiators == bridge->ninitiators &&
		    (!o->ninitiators || !memcmp(o->initiators, bridge->initiators,
						o->ninitiators * sizeof(*o->initiators))))
			return o;
	}
	return NULL;
}

static char *add_pair(char *end, const struct hms_value *values, enum hms_attribute read)
{
	const struct hms_value *r = &values[read], *w = &values[read + 1];
	char text[24];

	if (hms_value_known(r))
		end = stpcpy(end, human_value(read, r->value, text));
	if (hms_value_known(w) && (!hms_value_known(r) || r->value != w->value))
		end = stpcpy(stpcpy(end, "/"), human_value(read, w->value, text));
	return end;
}

const char *draw_values(const struct hms_value *values, const char *between, char *text)
{
	char *end = text, *latency;

	*end = 0;
	end = add_pair(end, values, HMS_READ_BANDWIDTH);
	latency = end == text ? end : stpcpy(end, between);
	if (add_pair(latency, values, HMS_READ_LATENCY) == latency)
		*end = 0;
	return text;
}

const char *draw_memory(const struct hms_object *target, const char *between, char *text)
{
	char size[24], *end = text;

	if (target->capacity != HMS_BYTES_UNKNOWN)
		end = stpcpy(stpcpy(end, human_size(target->capacity, size)), between);
	end = stpcpy(end, hms_kind_text(target->kind));
	if (target->nid >= 0)
		sprintf(end, " %d", target->nid);
	return text;
}

const char *draw_initiator(const struct hms_object *initiator, char *text)
{
	if (initiator->kind == HMS_KIND_CPU && initiator->nid >= 0)
		snprintf(text, 96, "CPUs of node %d", initiator->nid);
	else
		snprintf(text, 96, "%s", hms_kind_text(initiator->kind));
	return text;
}
