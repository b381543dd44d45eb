// SPDX-License-Identifier: GPL-2.0
/* hmsctl measure: how fast the memory of each node is for the CPUs of each node. */
#include <errno.h>
#include <inttypes.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <json-c/json.h>

#include "options.h"
#include "values.h"

/* Reads that depend on each other are this far apart at least. */
#define LINE	64

/* A figure is of so much time at least. */
#define ENOUGH_NS	50000000ULL

struct measuring {
	uint64_t size;
	bool apply;
	bool json;
	struct json_object *rows;
};

struct figures {
	uint32_t values[HMS_ATTRIBUTES];	/* 0: not measured */
};

/* "0-3,8": run there from now on. */
static int run_on_node(int nid)
{
	char path[64], text[4096], *at = text, *end;
	cpu_set_t cpus;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/cpulist", nid);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	if (!fgets(text, sizeof(text), f))
		*text = 0;
	fclose(f);
	CPU_ZERO(&cpus);
	while (*at && *at != '\n') {
		unsigned long first = strtoul(at, &end, 10), last = first;

		if (end == at)
			return -EINVAL;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (; first <= last && first < CPU_SETSIZE; first++)
			CPU_SET(first, &cpus);
		at = *end == ',' ? end + 1 : end;
	}
	return sched_setaffinity(0, sizeof(cpus), &cpus) ? -errno : 0;
}

/* Memory of a node, all of it there. */
static void *memory_of(int nid, size_t size)
{
	const size_t bits = 8 * sizeof(unsigned long);
	unsigned long nodes[16] = { };
	void *p;

	if ((size_t)nid >= sizeof(nodes) * 8)
		return NULL;
	nodes[nid / bits] = 1UL << nid % bits;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	if (syscall(SYS_mbind, p, size, MPOL_BIND, nodes, sizeof(nodes) * 8 + 1, 0)) {
		munmap(p, size);
		return NULL;
	}
	memset(p, 1, size);
	return p;
}

/* MB/s of so many bytes in so many ns. */
static uint32_t rate(uint64_t bytes, uint64_t ns)
{
	uint64_t mbs = bytes * 1000 / (ns ?: 1);

	return mbs > UINT32_MAX ? UINT32_MAX : mbs ?: 1;
}

static uint32_t read_bandwidth(const uint64_t *p, size_t size)
{
	uint64_t begin = now_ns(), bytes = 0, ns;
	volatile uint64_t sink;

	do {
		uint64_t sum[4] = { };

		for (size_t i = 0; i + 4 <= size / sizeof(*p); i += 4)
			for (int k = 0; k < 4; k++)
				sum[k] += p[i + k];
		sink = sum[0] + sum[1] + sum[2] + sum[3];
		bytes += size;
		ns = now_ns() - begin;
	} while (ns < ENOUGH_NS);
	(void)sink;
	return rate(bytes, ns);
}

static uint32_t write_bandwidth(void *p, size_t size)
{
	uint64_t begin = now_ns(), bytes = 0, ns;

	do {
		memset(p, (int)bytes, size);
		/* Or the compiler could leave all but the last out. */
		__asm__ volatile("" : : "r"(p) : "memory");
		bytes += size;
		ns = now_ns() - begin;
	} while (ns < ENOUGH_NS);
	return rate(bytes, ns);
}

/* One ring through all lines in an order that no prefetcher guesses. */
static void make_ring(char *p, size_t lines)
{
	uint64_t random = 88172645463325252ULL;
	size_t *order = calloc(lines, sizeof(*order));

	if (!order)
		abort();
	for (size_t i = 0; i < lines; i++)
		order[i] = i;
	for (size_t i = lines - 1; i; i--) {
		size_t k, kept;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		k = random % i;
		kept = order[i];
		order[i] = order[k];
		order[k] = kept;
	}
	for (size_t i = 0; i < lines; i++)
		*(void **)(p + order[i] * LINE) = p + order[(i + 1) % lines] * LINE;
	free(order);
}

static uint32_t read_latency(char *p, size_t size)
{
	size_t lines = size / LINE;
	uint64_t begin, steps = 0, ns;
	void *at = p;

	make_ring(p, lines);
	begin = now_ns();
	do {
		for (size_t i = 0; i < lines; i++)
			at = *(void *volatile *)at;
		steps += lines;
		ns = now_ns() - begin;
	} while (ns < ENOUGH_NS);
	ns /= steps;
	return ns > UINT32_MAX ? UINT32_MAX : ns ?: 1;
}

static int measure_pair(const struct measuring *m, int from, int to, struct figures *figures)
{
	char *p;
	int ret;

	ret = run_on_node(from);
	if (ret)
		return ret;
	p = memory_of(to, m->size);
	if (!p)
		return -ENOMEM;
	/* Of writes that depend on each other nobody waits for one. */
	*figures = (struct figures) {
		.values = {
			[HMS_READ_BANDWIDTH] = read_bandwidth((uint64_t *)p, m->size),
			[HMS_WRITE_BANDWIDTH] = write_bandwidth(p, m->size),
			[HMS_READ_LATENCY] = read_latency(p, m->size),
		},
	};
	munmap(p, m->size);
	return 0;
}

/* The link that connects the two. */
static const struct hms_object *link_between(struct hms *hms, const struct hms_object *initiator,
					     const struct hms_object *target)
{
	for (size_t i = 0; i < initiator->nlinks; i++)
		for (size_t k = 0; k < target->nlinks; k++) {
			const struct hms_object *link;

			if (initiator->links[i] == target->links[k] &&
			    !hms_find_uid(hms, initiator->links[i], &link))
				return link;
		}
	return NULL;
}

static void report(const struct measuring *m, const struct hms_object *from,
		   const struct hms_object *to, const struct figures *figures)
{
	struct json_object *row;

	if (!m->json) {
		printf("%-12s  %-12s  %12u  %12u  %8u\n", from->name, to->name,
		       figures->values[HMS_READ_BANDWIDTH], figures->values[HMS_WRITE_BANDWIDTH],
		       figures->values[HMS_READ_LATENCY]);
		return;
	}
	row = json_object_new_object();
	json_object_object_add(row, "initiator", json_object_new_int64(from->uid));
	json_object_object_add(row, "target", json_object_new_int64(to->uid));
	for (int i = 0; i < HMS_ATTRIBUTES; i++)
		if (figures->values[i])
			json_object_object_add(row, hms_attribute_text(i),
					       json_object_new_int64(figures->values[i]));
	json_object_array_add(m->rows, row);
}

static int apply(struct hms *hms, const struct hms_object *from, const struct hms_object *to,
		 const struct figures *figures)
{
	const struct hms_object *link = link_between(hms, from, to);

	if (!link)
		return fail("measure", "no link from %s to %s", from->name, to->name);
	for (int i = 0; i < HMS_ATTRIBUTES; i++) {
		int ret = figures->values[i] ?
			  value_push(link, i, figures->values[i], HMS_SOURCE_MEASURED) : 0;

		if (ret)
			return fail("measure", "%s: %s", link->name, strerror(-ret));
	}
	return EXIT_OK;
}

static int measure(struct measuring *m)
{
	const struct hms_object *from, *to;
	struct figures figures;
	struct hms *hms;
	int ret;

	ret = hms_open_topology(&hms);
	if (ret)
		return fail_open(ret);
	if (!m->json)
		printf("%-12s  %-12s  %12s  %12s  %8s\n", "INITIATOR", "TARGET", "READ MB/s",
		       "WRITE MB/s", "READ ns");
	hms_for_each(hms, HMS_INITIATOR, from) {
		if (from->kind != HMS_KIND_CPU || from->nid < 0)
			continue;
		hms_for_each(hms, HMS_TARGET, to) {
			if (to->kind != HMS_KIND_NODE || to->nid < 0)
				continue;
			ret = measure_pair(m, from->nid, to->nid, &figures);
			if (ret) {
				ret = fail("measure", "%s to %s: %s", from->name, to->name,
					   strerror(-ret));
				goto close;
			}
			report(m, from, to, &figures);
			fflush(stdout);
			ret = m->apply ? apply(hms, from, to, &figures) : 0;
			if (ret)
				goto close;
		}
	}
	if (m->json)
		puts(json_object_to_json_string_ext(m->rows, JSON_C_TO_STRING_PRETTY));
close:
	hms_close(hms);
	return ret;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct measuring m = { .size = 64 << 20 };
	const struct opt opts[] = {
		{ 'a', "apply", NULL,	   &m.apply },
		{ 's', "size",	take_size, &m.size },
		{ 'J', "json",	NULL,	   &m.json },
		{ }
	};
	int ret;

	ret = parse_options(verb, argc, argv, opts, 0, 0);
	if (ret)
		return ret;
	m.size &= ~4095ULL;
	if (!m.size || m.size > SIZE_MAX / 2)
		return fail_usage(verb, "it takes 4K at least, and no more than there is");
	m.rows = m.json ? json_object_new_array() : NULL;
	ret = measure(&m);
	json_object_put(m.rows);
	return ret;
}

const struct verb verb_measure = {
	.name = "measure",
	.summary = "how fast the memory of each node is for the CPUs of each node",
	.usage = "[options]\n"
		 "\n"
		 "One thread reads, writes, and follows pointers through memory that no cache holds:\n"
		 "give it a size well above that of the caches, and a machine that does nothing else.\n"
		 "\n"
		 "  -a, --apply         push the figures to the links, as measured (root)\n"
		 "  -s, --size SIZE     of the memory, 64M if not told; with K, M, G\n"
		 "  -J, --json          JSON\n",
	.run = run,
};
