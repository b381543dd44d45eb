// SPDX-License-Identifier: GPL-2.0
/*
 * A map for hwloc: its XML of version 2, which lstopo draws.
 *
 * hwloc knows a tree of CPUs. The CPUs of a node become a package with one processing unit; a place
 * with several of them is a group, memory that they share is that of the group, and memory without
 * CPUs is the machine's. Devices are below the machine; their memory is a note to them. Links and
 * bridges have no place in a tree.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"
#include "hmsctl.h"

/* Where the memory of a node belongs: the package of an initiator, a place, or the machine. */
enum parent { OF_CPUS, OF_PLACE, OF_MACHINE };

struct home {
	enum parent of;
	size_t which;
};

struct xml {
	const struct picture *picture;
	struct home *homes;		/* of nodes, by object */
	FILE *to;
	int depth;
	unsigned int next_index;	/* "gp_index": what each object is told from others by */
	size_t npus;			/* processing units are those of CPU initiators, in order */
	size_t nnodes;			/* NUMA nodes those of node targets */
};

static void indent(const struct xml *x)
{
	fprintf(x->to, "%*s", 2 * x->depth, "");
}

static void put_text(const struct xml *x, const char *text)
{
	for (; *text; text++) {
		if (strchr("&<>\"'", *text) || (unsigned char)*text < ' ')
			fprintf(x->to, "&#%d;", (unsigned char)*text < ' ' ? ' ' : *text);
		else
			fputc(*text, x->to);
	}
}

/* A set of bits as hwloc writes it: words of 32 bits, the highest first. */
static void put_set(const struct xml *x, const char *name, const bool *bits, size_t n)
{
	fprintf(x->to, " %s=\"", name);
	for (size_t word = n ? (n - 1) / 32 + 1 : 1; word--; ) {
		uint32_t value = 0;

		for (size_t bit = 0; bit < 32 && 32 * word + bit < n; bit++)
			value |= (uint32_t)bits[32 * word + bit] << bit;
		fprintf(x->to, "0x%08" PRIx32 "%s", value, word ? "," : "");
	}
	fputc('"', x->to);
}

static bool is_cpus(const struct hms_object *o)
{
	return o->type == HMS_INITIATOR && o->kind == HMS_KIND_CPU;
}

static bool is_node(const struct hms_object *o)
{
	return o->type == HMS_TARGET && o->kind == HMS_KIND_NODE;
}

/* Its number among the objects for which @is holds. */
static size_t number_of(const struct picture *p, size_t object,
			bool (*is)(const struct hms_object *o))
{
	size_t n = 0;

	for (size_t i = 0; i < object; i++)
		n += is(p->objects[i]);
	return n;
}

static bool shares_link(const struct hms_object *a, const struct hms_object *b)
{
	for (size_t i = 0; i < a->nlinks; i++)
		for (size_t j = 0; j < b->nlinks; j++)
			if (a->links[i] == b->links[j])
				return true;
	return false;
}

/* The first of the initiators on a link with @target that are CPUs; how many there are. */
static size_t cpus_of(const struct picture *p, const struct hms_object *target, size_t *first)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		if (is_cpus(p->objects[i]) && shares_link(target, p->objects[i]) && !n++)
			*first = i;
	return n;
}

static struct home home_of(const struct picture *p, size_t node)
{
	size_t cpus = 0, n = cpus_of(p, p->objects[node], &cpus);

	if (n == 1)
		return (struct home){ OF_CPUS, cpus };
	for (size_t i = 0; i < p->n && n; i++)
		if (is_cpus(p->objects[i]) && p->places[i] == p->places[node])
			return (struct home){ OF_PLACE, p->places[node] };
	return (struct home){ OF_MACHINE, 0 };
}

/* The processing units of one CPU initiator, of a place, or of the machine. */
static bool *cpu_set(const struct xml *x, enum parent of, size_t which)
{
	const struct picture *p = x->picture;
	bool *set = calloc(x->npus + 1, sizeof(*set));
	size_t pu = 0;

	if (!set)
		abort();
	for (size_t i = 0; i < p->n; i++)
		if (is_cpus(p->objects[i]))
			set[pu++] = of == OF_MACHINE || (of == OF_CPUS && i == which) ||
				    (of == OF_PLACE && p->places[i] == which);
	/* hwloc wants one in any case. */
	set[0] |= !pu;
	return set;
}

/* The nodes whose memory is there or below. */
static bool *node_set(const struct xml *x, enum parent of, size_t which)
{
	const struct picture *p = x->picture;
	bool *set = calloc(x->nnodes + 1, sizeof(*set));
	size_t node = 0;

	if (!set)
		abort();
	for (size_t i = 0; i < p->n; i++) {
		const struct home *home = &x->homes[i];

		if (!is_node(p->objects[i]))
			continue;
		set[node++] = of == OF_MACHINE || home->of == OF_MACHINE ||
			      (of == home->of && home->which == which) ||
			      (of == OF_PLACE && p->places[i] == which) ||
			      (of == OF_CPUS && home->of == OF_PLACE &&
			       home->which == p->places[which]);
	}
	set[0] |= !node;
	return set;
}

static void put_sets(const struct xml *x, const bool *cpus, const bool *nodes)
{
	put_set(x, "cpuset", cpus, x->npus);
	put_set(x, "complete_cpuset", cpus, x->npus);
	put_set(x, "nodeset", nodes, x->nnodes);
	put_set(x, "complete_nodeset", nodes, x->nnodes);
}

/* The start of an object of the tree, with the sets of bits that it stands for. */
static void open_object(struct xml *x, const char *type, long index, enum parent of, size_t which)
{
	bool *cpus = cpu_set(x, of, which), *nodes = node_set(x, of, which);

	indent(x);
	fprintf(x->to, "<object type=\"%s\"", type);
	if (index >= 0)
		fprintf(x->to, " os_index=\"%ld\"", index);
	put_sets(x, cpus, nodes);
	if (of == OF_MACHINE) {
		put_set(x, "allowed_cpuset", cpus, x->npus);
		put_set(x, "allowed_nodeset", nodes, x->nnodes);
	}
	fprintf(x->to, " gp_index=\"%u\"", ++x->next_index);
	free(cpus);
	free(nodes);
}

static void put_info(struct xml *x, const char *name, const char *value)
{
	indent(x);
	fprintf(x->to, "<info name=\"%s\" value=\"", name);
	put_text(x, value);
	fputs("\"/>\n", x->to);
}

static void open_children(struct xml *x)
{
	fputs(">\n", x->to);
	x->depth++;
}

static void close_children(struct xml *x)
{
	x->depth--;
	indent(x);
	fputs("</object>\n", x->to);
}

/* The memory of a node; NULL: of a map that has none. */
static void put_node(struct xml *x, size_t index, const struct hms_object *node, enum parent of,
		     size_t which)
{
	bool *cpus = cpu_set(x, of, which), *nodes = calloc(x->nnodes + 1, sizeof(*nodes));
	uint64_t bytes = node && node->capacity != HMS_BYTES_UNKNOWN ? node->capacity : 0;
	char label[24];

	if (!nodes)
		abort();
	nodes[index] = true;
	indent(x);
	fprintf(x->to, "<object type=\"NUMANode\" os_index=\"%zu\"", index);
	put_sets(x, cpus, nodes);
	fprintf(x->to, " gp_index=\"%u\"", ++x->next_index);
	if (node) {
		fputs(" name=\"", x->to);
		put_text(x, object_label(x->picture->hms, node->uid, label));
		fputc('"', x->to);
	}
	fprintf(x->to, " local_memory=\"%" PRIu64 "\"", bytes);
	open_children(x);
	if (node)
		put_info(x, "HMSTarget", object_label(x->picture->hms, node->uid, label));
	close_children(x);
	free(cpus);
	free(nodes);
}

static void put_nodes(struct xml *x, enum parent of, size_t which)
{
	const struct picture *p = x->picture;

	for (size_t i = 0; i < p->n; i++) {
		const struct home *home = &x->homes[i];

		if (is_node(p->objects[i]) && home->of == of &&
		    (of == OF_MACHINE || home->which == which))
			put_node(x, number_of(p, i, is_node), p->objects[i], of, which);
	}
	if (of == OF_MACHINE && !number_of(p, p->n, is_node))
		put_node(x, 0, NULL, of, which);
}

static void put_package(struct xml *x, size_t cpus)
{
	size_t index = number_of(x->picture, cpus, is_cpus);
	char label[24];

	open_object(x, "Package", (long)index, OF_CPUS, cpus);
	open_children(x);
	put_info(x, "HMSInitiator", object_label(x->picture->hms, x->picture->objects[cpus]->uid,
						 label));
	put_nodes(x, OF_CPUS, cpus);
	open_object(x, "PU", (long)index, OF_CPUS, cpus);
	fputs("/>\n", x->to);
	close_children(x);
}

/* The CPUs of a place, as a group when there are several. */
static void put_place(struct xml *x, size_t place)
{
	const struct picture *p = x->picture;
	size_t n = 0, all = number_of(p, p->n, is_cpus);
	bool group;

	for (size_t i = 0; i < p->n; i++)
		n += is_cpus(p->objects[i]) && p->places[i] == place;
	/* A group of everything is the machine. */
	group = n > 1 && n < all;
	if (group) {
		open_object(x, "Group", -1, OF_PLACE, place);
		fputs(" kind=\"0\" subkind=\"0\"", x->to);
		open_children(x);
	}
	if (n)
		put_nodes(x, OF_PLACE, place);
	for (size_t i = 0; i < p->n; i++)
		if (is_cpus(p->objects[i]) && p->places[i] == place)
			put_package(x, i);
	if (group)
		close_children(x);
}

/* Memory of a device, or one that is on no initiator's link, as a note. */
static void put_note(struct xml *x, const struct hms_object *target)
{
	char label[24], text[96];

	indent(x);
	fprintf(x->to, "<object type=\"Misc\" gp_index=\"%u\" name=\"", ++x->next_index);
	put_text(x, object_label(x->picture->hms, target->uid, label));
	fputc(' ', x->to);
	put_text(x, draw_memory(target, " ", text));
	fputs("\"/>\n", x->to);
}

static void put_devices(struct xml *x)
{
	const struct picture *p = x->picture;
	bool *noted = calloc(p->n + 1, sizeof(*noted));
	char label[24];

	if (!noted)
		abort();
	for (size_t i = 0; i < p->n; i++) {
		const struct hms_object *device = p->objects[i];

		if (device->type != HMS_INITIATOR || is_cpus(device))
			continue;
		indent(x);
		fprintf(x->to, "<object type=\"OSDev\" gp_index=\"%u\" name=\"", ++x->next_index);
		put_text(x, object_label(p->hms, device->uid, label));
		fputs("\" subtype=\"HMS\" osdev_type=\"5\"", x->to);
		open_children(x);
		for (size_t j = 0; j < p->n; j++) {
			const struct hms_object *target = p->objects[j];

			if (target->type != HMS_TARGET || is_node(target) || noted[j] ||
			    !shares_link(device, target))
				continue;
			put_note(x, target);
			noted[j] = true;
		}
		close_children(x);
	}
	for (size_t i = 0; i < p->n; i++)
		if (p->objects[i]->type == HMS_TARGET && !is_node(p->objects[i]) && !noted[i])
			put_note(x, p->objects[i]);
	free(noted);
}

void draw_xml(const struct picture *p, FILE *to)
{
	struct xml x = { .picture = p, .to = to, .depth = 1 };

	x.homes = calloc(p->n + 1, sizeof(*x.homes));
	if (!x.homes)
		abort();
	for (size_t i = 0; i < p->n; i++)
		if (is_node(p->objects[i]))
			x.homes[i] = home_of(p, i);
	x.npus = number_of(p, p->n, is_cpus);
	x.nnodes = number_of(p, p->n, is_node);
	if (!x.npus)
		x.npus = 1;
	if (!x.nnodes)
		x.nnodes = 1;
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	      "<!DOCTYPE topology SYSTEM \"hwloc2.dtd\">\n<topology version=\"2.0\">\n", to);
	open_object(&x, "Machine", 0, OF_MACHINE, 0);
	open_children(&x);
	put_info(&x, "HMSMap", p->title);
	put_nodes(&x, OF_MACHINE, 0);
	for (size_t place = 0; place < p->nplaces; place++)
		put_place(&x, place);
	if (!number_of(p, p->n, is_cpus)) {
		open_object(&x, "PU", 0, OF_MACHINE, 0);
		fputs("/>\n", to);
	}
	put_devices(&x);
	close_children(&x);
	fputs("</topology>\n", to);
	free(x.homes);
}
