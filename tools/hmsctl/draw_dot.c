// SPDX-License-Identifier: GPL-2.0
/*
 * A map for graphviz. Places are boxes; memory stands on what connects it, and lines are the wider
 * the more they carry.
 */
#include <inttypes.h>
#include <string.h>

#include "draw.h"
#include "hmsctl.h"

static void draw_text(FILE *to, const char *text)
{
	for (; *text; text++) {
		if (strchr("\"\\", *text))
			fputc('\\', to);
		fputc(*text, to);
	}
}

static const char *color_of(const struct hms_object *o)
{
	if (o->type == HMS_INITIATOR)
		return o->kind == HMS_KIND_CPU ? "#d6e4f0" : "#e7dcf0";
	switch (o->kind) {
	case HMS_KIND_NODE:
		return "#dcebd5";
	case HMS_KIND_DEVICE_PRIVATE:
		return "#f6dccb";
	default:
		return "#faf0c8";
	}
}

/* The wider, the more it carries: by its logarithm. */
static double width_of(const struct hms_value *values)
{
	const struct hms_value *v = &values[HMS_READ_BANDWIDTH];
	uint32_t bandwidth = hms_value_known(v) ? v->value : 0;
	double width = 0.8;

	for (; bandwidth >= 4000; bandwidth /= 4)
		width += 0.4;
	return width;
}

static void draw_node(const struct picture *p, FILE *to, const struct hms_object *o)
{
	char label[24], text[96];

	fprintf(to, "o%" PRIu32 " [label=\"", o->uid);
	draw_text(to, object_label(p->hms, o->uid, label));
	switch (o->type) {
	case HMS_TARGET:
		fprintf(to, "\\n%s\" shape=cylinder fillcolor=\"%s\"", draw_memory(o, "\\n", text),
			color_of(o));
		break;
	case HMS_INITIATOR:
		fprintf(to, "\\n%s\" shape=box style=\"rounded,filled\" fillcolor=\"%s\"",
			draw_initiator(o, text), color_of(o));
		break;
	default:
		draw_values(o->values, "\\n", text);
		fprintf(to, "%s%s\" shape=box height=0.2 margin=\"0.08,0.03\" fillcolor=white",
			text[0] ? "\\n" : "", text);
	}
	fputs("];\n", to);
}

/* "nodes 0, 1", "gpu0": what a place is called by. */
static void draw_label(const struct picture *p, FILE *to, size_t place)
{
	const char *before = NULL;
	char label[24];
	bool nodes = false;

	for (size_t i = 0; i < p->n; i++)
		nodes |= p->places[i] == place && p->objects[i]->type != HMS_LINK &&
			 p->objects[i]->nid >= 0;
	for (size_t i = 0; i < p->n; i++) {
		const struct hms_object *o = p->objects[i];
		bool same = false;

		if (p->places[i] != place || o->type == HMS_LINK)
			continue;
		if (!nodes) {
			/* Who computes there, or what memory it is where nobody does. */
			if (o->type == HMS_TARGET && picture_count(p, place, HMS_INITIATOR))
				continue;
			fputs(before ? before : "", to);
			draw_text(to, object_label(p->hms, o->uid, label));
			before = ", ";
			continue;
		}
		for (size_t j = 0; j < i; j++)
			same |= p->places[j] == place && p->objects[j]->nid == o->nid;
		if (o->nid < 0 || same)
			continue;
		fprintf(to, "%s%d", before ? before : "node ", o->nid);
		before = ", ";
	}
}

static void draw_place(const struct picture *p, FILE *to, size_t place)
{
	bool box = picture_count(p, place, HMS_LINK) && (picture_count(p, place, HMS_TARGET) ||
							 picture_count(p, place, HMS_INITIATOR));

	if (box) {
		fprintf(to, "subgraph cluster_%zu {\nlabel=\"", place);
		draw_label(p, to, place);
		fputs("\";\n", to);
	}
	for (size_t i = 0; i < p->n; i++)
		if (p->places[i] == place)
			draw_node(p, to, p->objects[i]);
	if (box)
		fputs("}\n", to);
}

static void draw_link(const struct picture *p, FILE *to, const struct hms_object *link)
{
	for (size_t i = 0; i < link->nlinks; i++) {
		size_t end = picture_find(p, link->links[i]);

		if (end == SIZE_MAX || p->objects[end]->type == HMS_BRIDGE)
			continue;
		/* Who asks is above the link, memory below. */
		if (p->objects[end]->type == HMS_INITIATOR)
			fprintf(to, "o%" PRIu32 " -> o%" PRIu32, link->links[i], link->uid);
		else
			fprintf(to, "o%" PRIu32 " -> o%" PRIu32, link->uid, link->links[i]);
		fprintf(to, " [dir=none weight=8 penwidth=%.2f];\n", width_of(link->values));
	}
}

/* How far down a link belongs: CPUs, where they meet, devices, where only devices meet. */
enum level { LEVEL_CPUS = 0, LEVEL_CPUS_MEET = 1, LEVEL_DEVICES = 3, LEVEL_DEVICES_MEET = 5 };

static bool has_cpus(const struct picture *p, size_t place)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->places[i] == place && p->objects[i]->kind == HMS_KIND_CPU)
			return true;
	return false;
}

static enum level level_of(const struct picture *p, const struct hms_object *link)
{
	size_t place = p->places[picture_find(p, link->uid)];

	if (has_cpus(p, place))
		return LEVEL_CPUS;
	if (picture_count(p, place, HMS_INITIATOR) || picture_count(p, place, HMS_TARGET))
		return LEVEL_DEVICES;
	for (size_t i = 0; i < p->n; i++) {
		const struct hms_object *bridge = p->objects[i];
		size_t from;

		if (bridge->type != HMS_BRIDGE || bridge->to != link->uid)
			continue;
		from = picture_find(p, bridge->from);
		if (from != SIZE_MAX && has_cpus(p, p->places[from]))
			return LEVEL_CPUS_MEET;
	}
	return LEVEL_DEVICES_MEET;
}

static bool is_meeting(enum level level)
{
	return level == LEVEL_CPUS_MEET || level == LEVEL_DEVICES_MEET;
}

/* A link where others meet says for all of them what they carry. */
static bool says_the_same(const struct picture *p, const struct hms_object *link,
			  const struct hms_object *bridge)
{
	return is_meeting(level_of(p, link)) &&
	       !memcmp(link->values, bridge->values, sizeof(link->values));
}

static void draw_bridge(const struct picture *p, FILE *to, const struct hms_object *bridge)
{
	const struct hms_object *back = picture_way_back(p, bridge), *ends[2];
	size_t from = picture_find(p, bridge->from), onto = picture_find(p, bridge->to);
	enum level levels[2];
	bool up;
	char text[96] = "";

	/* One line for both ways. */
	if (from == SIZE_MAX || onto == SIZE_MAX || (back && back->uid < bridge->uid))
		return;
	ends[0] = p->objects[from];
	ends[1] = p->objects[onto];
	levels[0] = level_of(p, ends[0]);
	levels[1] = level_of(p, ends[1]);
	up = levels[0] > levels[1];
	if (!says_the_same(p, ends[0], bridge) && !says_the_same(p, ends[1], bridge))
		draw_values(bridge->values, "\\n", text);
	/* From above to below, whichever way it leads. */
	fprintf(to, "o%" PRIu32 " -> o%" PRIu32 " [color=\"#3f6792\" penwidth=%.2f",
		ends[up]->uid, ends[!up]->uid, width_of(bridge->values));
	/* dot can't make room for labels between places side by side. */
	if (levels[0] == levels[1])
		fprintf(to, " constraint=false xlabel=\"%s\"", text);
	else
		fprintf(to, " label=\"%s\" minlen=%d weight=%d", text, levels[!up] - levels[up],
			is_meeting(levels[!up]) ? 1 : 4);
	fprintf(to, " dir=%s%s];\n", back ? "both" : up ? "back" : "forward",
		bridge->ninitiators ? " style=dashed" : "");
}

void draw_dot(const struct picture *p, FILE *to)
{
	fputs("digraph map {\nlabel=\"", to);
	draw_text(to, p->title);
	fputs("\";\n"
	      "rankdir=TB; labelloc=t; nodesep=0.12; ranksep=0.5;\n"
	      "graph [fontname=\"sans-serif\" fontsize=13 color=\"#b0b0b0\" style=rounded];\n"
	      "node [fontname=\"sans-serif\" fontsize=10 style=filled color=\"#707070\"];\n"
	      "edge [fontname=\"sans-serif\" fontsize=9 color=\"#606060\" arrowsize=0.6];\n", to);
	for (size_t place = 0; place < p->nplaces; place++)
		draw_place(p, to, place);
	for (size_t i = 0; i < p->n; i++) {
		if (p->objects[i]->type == HMS_LINK)
			draw_link(p, to, p->objects[i]);
		else if (p->objects[i]->type == HMS_BRIDGE)
			draw_bridge(p, to, p->objects[i]);
	}
	fputs("}\n", to);
}
