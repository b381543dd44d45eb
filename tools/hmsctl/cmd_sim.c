// SPDX-License-Identifier: GPL-2.0
/* hmsctl sim: put machines that are described in files into the map. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/hms_sim.h>

#include "hmsctl.h"

#define SIM_DEVICE	"/dev/hms_sim"

/* The request while it grows. */
struct building {
	struct hms_sim_object *objects;
	struct hms_sim_edge *edges;
	const struct hms_object **from;
	uint32_t nobjects;
	uint32_t nedges;
};

static void *grow(void *array, uint32_t n, size_t size)
{
	array = reallocarray(array, n + 1, size);
	if (!array)
		abort();
	return array;
}

static uint32_t index_of(const struct building *b, uint32_t uid)
{
	uint32_t i = 0;

	while (i < b->nobjects && b->from[i]->uid != uid)
		i++;
	return i;
}

static void add_object(struct building *b, const struct hms_object *object)
{
	struct hms_sim_object *to;

	b->objects = grow(b->objects, b->nobjects, sizeof(*b->objects));
	b->from = grow(b->from, b->nobjects, sizeof(*b->from));
	b->from[b->nobjects] = object;
	to = &b->objects[b->nobjects++];
	*to = (struct hms_sim_object) {
		.type = object->type,
		.version = object->version,
		.properties = object->properties & ~HMS_PROP_DESCRIBED,
	};
	snprintf(to->name, sizeof(to->name), "%s", object->name);
	if (object->kind)
		snprintf(to->kind, sizeof(to->kind), "%s", hms_kind_text(object->kind));
	if (object->type == HMS_TARGET && object->capacity != HMS_BYTES_UNKNOWN)
		to->capacity = object->capacity;
	memcpy(to->values, object->values, sizeof(to->values));
}

static void add_edges(struct building *b, uint32_t hub, const uint32_t *uids, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t spoke = index_of(b, uids[i]);

		/* What a link is connected to are its bridges, too: those say so themselves. */
		if (spoke == b->nobjects || b->objects[spoke].type > HMS_INITIATOR)
			continue;
		b->edges = grow(b->edges, b->nedges, sizeof(*b->edges));
		b->edges[b->nedges++] = (struct hms_sim_edge) { .hub = hub, .spoke = spoke };
	}
}

static void build(struct building *b, struct hms *hms)
{
	const struct hms_object *object;

	for (int type = HMS_TARGET; type <= HMS_BRIDGE; type++)
		hms_for_each(hms, type, object)
			add_object(b, object);
	for (uint32_t i = 0; i < b->nobjects; i++) {
		object = b->from[i];
		if (object->type == HMS_LINK)
			add_edges(b, i, object->links, object->nlinks);
		if (object->type != HMS_BRIDGE)
			continue;
		b->objects[i].from = index_of(b, object->from);
		b->objects[i].to = index_of(b, object->to);
		add_edges(b, i, object->initiators, object->ninitiators);
	}
}

static int send_build(const struct building *b, int fd)
{
	struct hms_sim_build request = {
		.size = sizeof(request),
		.objects = (uintptr_t)b->objects,
		.edges = (uintptr_t)b->edges,
		.nobjects = b->nobjects,
		.nedges = b->nedges,
		.object_size = sizeof(*b->objects),
	};

	if (!ioctl(fd, HMS_SIM_BUILD, &request)) {
		printf("%u objects, %u connections\n", b->nobjects, b->nedges);
		return EXIT_OK;
	}
	if (errno == EINVAL && request.error_index < b->nobjects)
		return fail("sim", "the module does not take %s %s",
			    hms_type_text(b->objects[request.error_index].type),
			    b->objects[request.error_index].name);
	return fail("sim", "%s", strerror(errno));
}

static int load(int fd, const char *file)
{
	struct building b = { };
	struct hms *hms;
	char why[256];
	int ret;

	ret = hms_open_file(&hms, file, UINT32_MAX, why, sizeof(why));
	if (ret)
		return fail("sim", "%s: %s", file, why);
	build(&b, hms);
	ret = send_build(&b, fd);
	free(b.objects);
	free(b.edges);
	free(b.from);
	hms_close(hms);
	return ret;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	bool clear = argc == 2 && !strcmp(argv[1], "clear");
	int fd, ret = EXIT_OK;

	if (!clear && (argc != 3 || strcmp(argv[1], "load")))
		return fail_usage(verb, "load FILE, or clear");
	fd = open(SIM_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return fail("sim", SIM_DEVICE ": %s%s", strerror(errno),
			    errno == ENOENT ? "; is hms_sim loaded?" : "");
	if (!clear)
		ret = load(fd, argv[2]);
	else if (ioctl(fd, HMS_SIM_CLEAR))
		ret = fail("sim", "%s", strerror(errno));
	close(fd);
	return ret;
}

const struct verb verb_sim = {
	.name = "sim",
	.summary = "put a machine that is described in a file into the map",
	.usage = "load FILE | clear\n"
		 "\n"
		 "The objects of FILE, see hms-map(5), are in the map beside those of this machine until\n"
		 "they are cleared. Their memory holds no pages. It takes the module hms_sim, and root.\n",
	.run = run,
};
