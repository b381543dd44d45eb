// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/hms_sim.h>

#include "topology.h"

struct machine {
	struct hms_sim_object *objects;
	struct hms_sim_edge *edges;
	size_t n, nedges, max;
};

/* What a package is made of; the bridges to others come after all packages. */
enum { SYSTEM, LOCAL, CPUS, DEVICE, MEMORY, DEVICE_MEMORY, DOWN, UP, PACKAGE_OBJECTS };

static int simulator(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = open("/dev/hms_sim", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		die("/dev/hms_sim: %s (modprobe hms_sim)", strerror(errno));
	return fd;
}

void machine_clear(void)
{
	if (ioctl(simulator(), HMS_SIM_CLEAR))
		die("HMS_SIM_CLEAR: %s", strerror(errno));
}

void check(int ret, struct hms *hms)
{
	if (ret)
		die("%s", hms_last_error(hms));
}

size_t map_objects(void)
{
	const struct hms_object *object;
	struct hms *hms;
	size_t n = 0;

	if (hms_open_topology(&hms))
		die("can't read the map");
	for (enum hms_type type = HMS_TARGET; type <= HMS_BRIDGE; type++)
		hms_for_each(hms, type, object)
			n++;
	hms_close(hms);
	return n;
}

static struct hms_sim_object *add(struct machine *m, enum hms_type type, const char *kind)
{
	struct hms_sim_object *o = &m->objects[m->n];

	*o = (struct hms_sim_object){ .type = type, .version = 1 };
	snprintf(o->name, sizeof(o->name), "object%zu", m->n++);
	snprintf(o->kind, sizeof(o->kind), "%s", kind);
	return o;
}

static void add_hub(struct machine *m, enum hms_type type, uint32_t from, uint32_t to)
{
	struct hms_sim_object *o = add(m, type, "");

	/* Not all alike, so that there is something to compare. */
	o->values[HMS_READ_BANDWIDTH] = (struct hms_value){ 10000 + m->n % 97, HMS_SOURCE_DRIVER };
	o->values[HMS_WRITE_BANDWIDTH] = (struct hms_value){ 8000 + m->n % 89, HMS_SOURCE_DRIVER };
	o->values[HMS_READ_LATENCY] = (struct hms_value){ 100 + m->n % 31, HMS_SOURCE_DRIVER };
	o->values[HMS_WRITE_LATENCY] = (struct hms_value){ 120 + m->n % 37, HMS_SOURCE_DRIVER };
	o->from = from;
	o->to = to;
}

static void add_target(struct machine *m, bool device)
{
	struct hms_sim_object *o = add(m, HMS_TARGET, device ? "device-private" : "node");

	o->version = device ? HMS_VERSION_DEVICE : HMS_VERSION_ORDINARY;
	o->properties = device ? HMS_PROP_DEVICE_PRIVATE :
				 HMS_PROP_CPU_ACCESSIBLE | HMS_PROP_COHERENT;
	o->capacity = (16ULL << 30) + m->n;
}

static void connect(struct machine *m, uint32_t hub, uint32_t spoke)
{
	m->edges[m->nedges++] = (struct hms_sim_edge){ hub, spoke };
}

static void add_package(struct machine *m)
{
	uint32_t first = m->n;

	add_hub(m, HMS_LINK, 0, 0);
	add_hub(m, HMS_LINK, 0, 0);
	add(m, HMS_INITIATOR, "cpu");
	add(m, HMS_INITIATOR, "device");
	add_target(m, false);
	add_target(m, true);
	add_hub(m, HMS_BRIDGE, first + SYSTEM, first + LOCAL);
	add_hub(m, HMS_BRIDGE, first + LOCAL, first + SYSTEM);
	connect(m, first + SYSTEM, first + CPUS);
	connect(m, first + SYSTEM, first + MEMORY);
	connect(m, first + LOCAL, first + DEVICE);
	connect(m, first + LOCAL, first + DEVICE_MEMORY);
}

/* Both ways, between the system links of two packages. */
static void add_bridges(struct machine *m, size_t a, size_t b)
{
	uint32_t x = a * PACKAGE_OBJECTS + SYSTEM, y = b * PACKAGE_OBJECTS + SYSTEM;

	add_hub(m, HMS_BRIDGE, x, y);
	add_hub(m, HMS_BRIDGE, y, x);
}

static void machine_new(struct machine *m, size_t objects, size_t edges)
{
	*m = (struct machine){ .max = objects };
	m->objects = calloc(objects, sizeof(*m->objects));
	m->edges = calloc(edges, sizeof(*m->edges));
	if (!m->objects || !m->edges)
		die("%s", strerror(ENOMEM));
}

/* What is missing is more memory on the first link. */
static void machine_build(struct machine *m)
{
	struct hms_sim_build build = {
		.size = sizeof(build),
		.objects = (uintptr_t)m->objects,
		.edges = (uintptr_t)m->edges,
		.object_size = sizeof(*m->objects),
	};

	while (m->n < m->max) {
		connect(m, SYSTEM, m->n);
		add_target(m, false);
	}
	build.nobjects = m->n;
	build.nedges = m->nedges;
	if (ioctl(simulator(), HMS_SIM_BUILD, &build))
		die("HMS_SIM_BUILD: %s, at %u", strerror(errno), build.error_index);
	free(m->objects);
	free(m->edges);
}

void machine_tree(size_t objects)
{
	size_t packages = (objects + 2) / (PACKAGE_OBJECTS + 2);
	struct machine m;

	machine_new(&m, objects, objects);
	for (size_t i = 0; i < packages; i++)
		add_package(&m);
	for (size_t i = 1; i < packages; i++)
		add_bridges(&m, i, (i - 1) / 4);
	machine_build(&m);
}

void machine_mesh(size_t objects)
{
	size_t side = 0;
	struct machine m;

	/* A square of n x n packages has 2n(n - 1) pairs of neighbours. */
	while ((PACKAGE_OBJECTS + 4) * (side + 1) * (side + 1) - 4 * (side + 1) <= objects)
		side++;
	machine_new(&m, objects, objects);
	for (size_t i = 0; i < side * side; i++)
		add_package(&m);
	for (size_t i = 0; i < side * side; i++) {
		if ((i + 1) % side)
			add_bridges(&m, i, i + 1);
		if (i + side < side * side)
			add_bridges(&m, i, i + side);
	}
	machine_build(&m);
}

/* Of a dense machine. Each bridge is for half of them, in turn: none is named by too many. */
#define DENSE_INITIATORS	16

static void add_dense_bridge(struct machine *m, uint32_t from, uint32_t to, uint32_t initiators)
{
	uint32_t bridge = m->n;

	add_hub(m, HMS_BRIDGE, from, to);
	for (uint32_t i = 0; i < DENSE_INITIATORS / 2; i++)
		connect(m, bridge, initiators + (bridge + i) % DENSE_INITIATORS);
}

void machine_dense(size_t objects)
{
	size_t links = 0;
	struct machine m;

	/* A bridge from each link to each other one makes as many as the square of the links. */
	while ((links + 1) * (links + 1) + DENSE_INITIATORS + 1 <= objects)
		links++;
	machine_new(&m, objects, objects * DENSE_INITIATORS);
	for (size_t i = 0; i < links; i++)
		add_hub(&m, HMS_LINK, 0, 0);
	for (size_t i = 0; i < DENSE_INITIATORS; i++) {
		connect(&m, SYSTEM, m.n);
		add(&m, HMS_INITIATOR, i ? "device" : "cpu");
	}
	connect(&m, links - 1, m.n);
	add_target(&m, true);
	for (size_t i = 0; i < links; i++)
		for (size_t j = 0; j < links; j++)
			if (i != j)
				add_dense_bridge(&m, i, j, links);
	machine_build(&m);
}
