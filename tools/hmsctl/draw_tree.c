// SPDX-License-Identifier: GPL-2.0
/* A map as a tree of links: what is on each, and where bridges lead from it. */
#include <string.h>

#include "draw.h"
#include "hmsctl.h"

/* In front of a line: of one that others follow, of the last one, and of what is below these. */
struct branches {
	const char *more;
	const char *last;
	const char *below_more;
	const char *below_last;
	const char *arrow;
};

static const struct branches unicode_branches = { "├─ ", "└─ ", "│  ", "   ", "→" };
static const struct branches ascii_branches = { "|-- ", "`-- ", "|   ", "    ", "->" };

static void draw_end(const struct picture *p, FILE *to, const struct hms_object *end)
{
	char label[24], text[96];

	fprintf(to, "%-12s %s\n", object_label(p->hms, end->uid, label),
		end->type == HMS_TARGET ? draw_memory(end, " ", text) : draw_initiator(end, text));
}

static void draw_bridge(const struct picture *p, FILE *to, const struct branches *b,
			const struct hms_object *bridge)
{
	char label[24], text[96];

	fprintf(to, "%s ", b->arrow);
	fprintf(to, "%-10s bridge ", object_label(p->hms, bridge->to, label));
	fprintf(to, "%s %s", object_label(p->hms, bridge->uid, label),
		draw_values(bridge->values, " ", text));
	for (size_t i = 0; i < bridge->ninitiators; i++)
		fprintf(to, "%s%s", i ? "," : " for ",
			object_label(p->hms, bridge->initiators[i], label));
	fputc('\n', to);
}

/* Is this object a line below the link? */
static bool is_below(const struct hms_object *link, const struct hms_object *object)
{
	if (object->type == HMS_BRIDGE)
		return object->from == link->uid;
	for (size_t i = 0; object->type != HMS_LINK && i < link->nlinks; i++)
		if (link->links[i] == object->uid)
			return true;
	return false;
}

/* Initiators come first: they are who asks. */
static const enum hms_type order[] = { HMS_INITIATOR, HMS_TARGET, HMS_BRIDGE };

static void draw_link(const struct picture *p, FILE *to, const struct branches *b,
		      const struct hms_object *link, const char *before)
{
	size_t left = 0;

	for (size_t i = 0; i < p->n; i++)
		left += is_below(link, p->objects[i]);
	for (size_t type = 0; type < sizeof(order) / sizeof(order[0]); type++) {
		for (size_t i = 0; i < p->n; i++) {
			const struct hms_object *o = p->objects[i];

			if (o->type != order[type] || !is_below(link, o))
				continue;
			fprintf(to, "%s%s", before, --left ? b->more : b->last);
			if (o->type == HMS_BRIDGE)
				draw_bridge(p, to, b, o);
			else
				draw_end(p, to, o);
		}
	}
}

/* Does it have a line of its own below the title? */
static bool is_top(const struct hms_object *o)
{
	return o->type == HMS_LINK || (o->type != HMS_BRIDGE && !o->nlinks);
}

void draw_tree(const struct picture *p, FILE *to, bool unicode)
{
	const struct branches *b = unicode ? &unicode_branches : &ascii_branches;
	size_t n[HMS_BRIDGE + 1] = { 0 }, left = 0;
	char label[24], text[96];

	for (size_t i = 0; i < p->n; i++) {
		n[p->objects[i]->type]++;
		left += is_top(p->objects[i]);
	}
	fprintf(to, "%s: %zu targets, %zu initiators, %zu links, %zu bridges\n", p->title,
		n[HMS_TARGET], n[HMS_INITIATOR], n[HMS_LINK], n[HMS_BRIDGE]);
	for (size_t i = 0; i < p->n; i++) {
		const struct hms_object *o = p->objects[i];

		if (!is_top(o))
			continue;
		fputs(--left ? b->more : b->last, to);
		if (o->type == HMS_LINK) {
			fprintf(to, "%-12s link %s\n", object_label(p->hms, o->uid, label),
				draw_values(o->values, " ", text));
			draw_link(p, to, b, o, left ? b->below_more : b->below_last);
		} else {
			draw_end(p, to, o);
		}
	}
}
