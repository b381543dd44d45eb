// SPDX-License-Identifier: GPL-2.0
/*
 * The map of a machine whose firmware is ours (test/vm/machines): what HMS shows in sysfs is what
 * is expected, every value of it, and what the kernel itself shows. /hms/machine has what is
 * expected:
 *
 *	node NID [memory MIB] [cpu] [device PCI_ADDRESS, or - when it is no PCI device]
 *	distance NID TO_EACH_NODE...
 *	cache NID LEVEL SIZE LINE_SIZE INDEXING WRITE_POLICY
 *	link INITIATOR TARGET READ_LATENCY WRITE_LATENCY READ_BANDWIDTH WRITE_BANDWIDTH
 *	nearest TARGET INITIATOR	by the kernel; of those it shows the figures
 *	hmat ignored			the firmware has such a table, and it is malformed
 *
 * Nodes are numbered as the kernel numbers them. A figure that is estimated has a ~ before it.
 */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <unistd.h>

#include "failnth.h"
#include "hms_fixture.h"
#include "maptest.h"

#define EXPECTED	"/hms/machine"
#define SYS_NODES	"/sys/devices/system/node"
#define MAX_CACHES	8
#define PRINTF(a, b)	__attribute__((format(printf, a, b)))

enum { FIGURES = 4 };

static const char *const figure_name[FIGURES] = {
	"read_latency", "write_latency", "read_bandwidth", "write_bandwidth",
};

enum { CACHE_FIGURES = 4 };

static const char *const cache_name[CACHE_FIGURES] = {
	"size", "line_size", "indexing", "write_policy",
};

struct node {
	long mib;		/* 0: no memory */
	bool cpu;
	char device[16];	/* of the generic initiator; empty: none */
};

struct cache {
	int nid;
	int level;
	long figure[CACHE_FIGURES];
};

struct link {
	bool there;
	bool nearest;
	long figure[FIGURES];
	bool estimated[FIGURES];
};

struct expected {
	int nnodes;
	int ncaches;
	bool hmat_ignored;
	struct node node[MAX_NODES];
	int distance[MAX_NODES][MAX_NODES];
	struct cache cache[MAX_CACHES];
	struct link link[MAX_NODES][MAX_NODES];		/* initiator, target */
};

/* Reading what is expected. */

static bool node_parse(struct expected *m, char *rest)
{
	struct node *node = &m->node[m->nnodes];
	char *word, *value;

	word = strtok_r(NULL, " ", &rest);
	if (m->nnodes == MAX_NODES || !word || atoi(word) != m->nnodes++)
		return false;
	while ((word = strtok_r(NULL, " ", &rest))) {
		if (!strcmp(word, "cpu")) {
			node->cpu = true;
			continue;
		}
		value = strtok_r(NULL, " ", &rest);
		if (value && !strcmp(word, "memory"))
			node->mib = atol(value);
		else if (value && !strcmp(word, "device"))
			snprintf(node->device, sizeof(node->device), "%s", value);
		else
			return false;
	}
	return true;
}

static bool is_node(const struct expected *m, int nid)
{
	return nid >= 0 && nid < m->nnodes;
}

static bool distance_parse(struct expected *m, const char *rest)
{
	int nid, to, used;

	if (sscanf(rest, "%d%n", &nid, &used) != 1 || !is_node(m, nid))
		return false;
	for (to = 0; to < m->nnodes; to++) {
		rest += used;
		if (sscanf(rest, "%d%n", &m->distance[nid][to], &used) != 1)
			return false;
	}
	return !rest[used];
}

static bool cache_parse(struct expected *m, const char *rest)
{
	struct cache *c = &m->cache[m->ncaches];
	int used = 0;

	return m->ncaches++ < MAX_CACHES &&
	       sscanf(rest, "%d %d %ld %ld %ld %ld%n", &c->nid, &c->level, &c->figure[0],
		      &c->figure[1], &c->figure[2], &c->figure[3], &used) == 6 &&
	       !rest[used] && is_node(m, c->nid);
}

static bool link_parse(struct expected *m, const char *rest)
{
	int initiator, target, used;
	struct link *link;

	if (sscanf(rest, "%d %d%n", &initiator, &target, &used) != 2 ||
	    !is_node(m, initiator) || !is_node(m, target) || m->link[initiator][target].there)
		return false;
	link = &m->link[initiator][target];
	link->there = true;
	for (int i = 0; i < FIGURES; i++) {
		rest += used;
		while (*rest == ' ')
			rest++;
		link->estimated[i] = *rest == '~';
		rest += link->estimated[i];
		if (sscanf(rest, "%ld%n", &link->figure[i], &used) != 1)
			return false;
	}
	return !rest[used];
}

static bool nearest_parse(struct expected *m, const char *rest)
{
	int initiator, target;

	if (sscanf(rest, "%d %d", &target, &initiator) != 2 ||
	    !is_node(m, initiator) || !is_node(m, target))
		return false;
	m->link[initiator][target].nearest = true;
	return true;
}

static bool line_parse(struct expected *m, char *line)
{
	char *rest, *word = strtok_r(line, " ", &rest);

	if (!word || *word == '#')
		return true;
	if (!strcmp(word, "node"))
		return node_parse(m, rest);
	if (!strcmp(word, "distance"))
		return distance_parse(m, rest);
	if (!strcmp(word, "cache"))
		return cache_parse(m, rest);
	if (!strcmp(word, "link"))
		return link_parse(m, rest);
	if (!strcmp(word, "nearest"))
		return nearest_parse(m, rest);
	m->hmat_ignored = !strcmp(word, "hmat") && !strcmp(rest, "ignored");
	return m->hmat_ignored;
}

static bool is_initiator(const struct expected *m, int nid)
{
	return m->node[nid].cpu || *m->node[nid].device;
}

/* Returns "", or what is wrong with the file. */
static const char *expected_read(struct expected *m)
{
	static char text[256];
	FILE *f = fopen(EXPECTED, "re");
	char line[200];

	memset(m, 0, sizeof(*m));
	if (!f)
		return "no " EXPECTED ": to be run by test/vm/run --machine";
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		snprintf(text, sizeof(text), EXPECTED " has a line '%s'", line);
		if (!line_parse(m, line)) {
			fclose(f);
			return text;
		}
	}
	fclose(f);
	if (!m->nnodes)
		return EXPECTED " has no node";
	/* A pair that was forgotten would not be compared. */
	for (int i = 0; i < m->nnodes; i++) {
		for (int t = 0; t < m->nnodes; t++) {
			if (m->link[i][t].there != (is_initiator(m, i) && m->node[t].mib)) {
				snprintf(text, sizeof(text), EXPECTED ": link %d %d?", i, t);
				return text;
			}
		}
	}
	return "";
}

/* Comparing. Each tells what is wrong, and returns how much that is. */

/* What a file says. */
static int PRINTF(2, 3) wrong(const char *want, const char *path_fmt, ...)
{
	char path[PATH_MAX], text[256];
	va_list args;
	int ret;

	va_start(args, path_fmt);
	vsnprintf(path, sizeof(path), path_fmt, args);
	va_end(args);
	ret = text_read(path, text, sizeof(text));
	if (ret)
		fprintf(stderr, "# %s: %s\n", path, strerror(-ret));
	else if (strcmp(text, want))
		fprintf(stderr, "# %s is '%s', not '%s'\n", path, text, want);
	else
		return 0;
	return 1;
}

static int PRINTF(2, 3) wrong_number(long want, const char *path_fmt, ...)
{
	char path[PATH_MAX], text[24];
	va_list args;

	va_start(args, path_fmt);
	vsnprintf(path, sizeof(path), path_fmt, args);
	va_end(args);
	snprintf(text, sizeof(text), "%ld", want);
	return wrong(text, "%s", path);
}

/* The entries of a folder that begin so and go on with a number: no more than are wanted. */
static int wrong_count(int want, const char *path, const char *begin)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	int n = 0;

	while (dir && (d = readdir(dir)))
		n += !strncmp(d->d_name, begin, strlen(begin)) &&
		     isdigit((unsigned char)d->d_name[strlen(begin)]);
	if (dir)
		closedir(dir);
	if (n != want)
		fprintf(stderr, "# %s has %d of %sN, not %d\n", path, n, begin, want);
	return n != want;
}

/* The kernel, without HMS: it has taken our tables, and as we think. */

FIXTURE(kernel)
{
	struct expected m;
};

FIXTURE_SETUP(kernel)
{
	ASSERT_STREQ("", expected_read(&self->m));
}

FIXTURE_TEARDOWN(kernel)
{
}

/* A file with a list of nodes, "0-2,4". */
static bool list_has(const char *name, int nid)
{
	char path[128], text[128], *at, *rest;
	int first, last;

	snprintf(path, sizeof(path), SYS_NODES "/%s", name);
	if (text_read(path, text, sizeof(text)))
		return false;
	for (at = strtok_r(text, ",", &rest); at; at = strtok_r(NULL, ",", &rest)) {
		if (sscanf(at, "%d-%d", &first, &last) < 2)
			last = first = atoi(at);
		if (nid >= first && nid <= last && isdigit((unsigned char)*at))
			return true;
	}
	return false;
}

HMS_TEST(kernel, nodes)
{
	EXPECT_EQ(0, wrong_count(self->m.nnodes, SYS_NODES, "node"));
	for (int nid = 0; nid < self->m.nnodes; nid++) {
		const struct node *node = &self->m.node[nid];

		EXPECT_EQ(!!node->mib, list_has("has_memory", nid));
		EXPECT_EQ(node->cpu, list_has("has_cpu", nid));
		EXPECT_EQ(!!*node->device, list_has("has_generic_initiator", nid));
	}
}

HMS_TEST(kernel, distances)
{
	for (int nid = 0; nid < self->m.nnodes; nid++) {
		char text[128];
		int n = 0;

		for (int to = 0; to < self->m.nnodes; to++)
			n += snprintf(text + n, sizeof(text) - n, "%s%d", to ? " " : "",
				      self->m.distance[nid][to]);
		EXPECT_EQ(0, wrong(text, SYS_NODES "/node%d/distance", nid));
	}
}

HMS_TEST(kernel, nearest_initiators)
{
	char path[128];
	int shown = 0;

	for (int t = 0; t < self->m.nnodes; t++) {
		int n = 0;

		snprintf(path, sizeof(path), SYS_NODES "/node%d/access0/initiators", t);
		for (int i = 0; i < self->m.nnodes; i++) {
			const struct link *link = &self->m.link[i][t];
			char node[160];

			snprintf(node, sizeof(node), "%s/node%d", path, i);
			EXPECT_EQ(link->nearest, !access(node, F_OK)) {
				TH_LOG("%s", node);
			}
			n += link->nearest;
			/* It estimates nothing. */
			for (int k = 0; link->nearest && k < FIGURES; k++)
				EXPECT_EQ(0, wrong_number(link->estimated[k] ? 0 : link->figure[k],
							  "%s/%s", path, figure_name[k]));
		}
		/* Figures are of some initiator, or there are none. */
		snprintf(path, sizeof(path), SYS_NODES "/node%d/access0/initiators/read_latency",
			 t);
		EXPECT_EQ(!!n, !access(path, F_OK));
		shown += n;
	}
	if (self->m.hmat_ignored)
		EXPECT_EQ(0, shown);
}

HMS_TEST(kernel, caches)
{
	char path[128];

	for (int nid = 0; nid < self->m.nnodes; nid++) {
		int n = 0;

		snprintf(path, sizeof(path), SYS_NODES "/node%d/memory_side_cache", nid);
		for (int i = 0; i < self->m.ncaches; i++) {
			const struct cache *c = &self->m.cache[i];

			if (c->nid != nid)
				continue;
			n++;
			for (int k = 0; k < CACHE_FIGURES; k++)
				EXPECT_EQ(0, wrong_number(c->figure[k], "%s/index%d/%s", path,
							  c->level, cache_name[k]));
		}
		EXPECT_EQ(0, wrong_count(n, path, "index"));
	}
}

/* The map of HMS. */

FIXTURE(map)
{
	struct expected m;
	struct object *object;
	int nobjects;
	/* By node, and links by initiator and target; NULL when there is none. */
	const struct object *target[MAX_NODES];
	const struct object *initiator[MAX_NODES];
	const struct object *link[MAX_NODES][MAX_NODES];
	int ntargets;
	int ninitiators;
	bool *strange;			/* none of these, or the second one of a name */
};

static const struct object **place_of(FIXTURE_DATA(map) *self, const struct object *o)
{
	char path[160], name[64], again[64];
	int from, to;

	snprintf(path, sizeof(path), "%s/name", o->path);
	if (text_read(path, name, sizeof(name)))
		return NULL;
	if (sscanf(name, "node%d-node%d", &from, &to) == 2 && !strcmp(o->type, "link")) {
		snprintf(again, sizeof(again), "node%d-node%d", from, to);
		return !strcmp(name, again) && is_node(&self->m, from) && is_node(&self->m, to) ?
		       &self->link[from][to] : NULL;
	}
	if (sscanf(name, "node%d", &from) != 1 || !is_node(&self->m, from))
		return NULL;
	snprintf(again, sizeof(again), "node%d", from);
	if (strcmp(name, again))
		return NULL;
	return !strcmp(o->type, "target") ? &self->target[from] :
	       !strcmp(o->type, "initiator") ? &self->initiator[from] : NULL;
}

FIXTURE_SETUP(map)
{
	ASSERT_STREQ("", expected_read(&self->m));
	self->nobjects = map_read(&self->object);
	ASSERT_GE(self->nobjects, 1);
	self->strange = calloc(self->nobjects, sizeof(*self->strange));
	for (int i = 0; i < self->nobjects; i++) {
		const struct object *o = &self->object[i], **place = place_of(self, o);

		if (place && !*place)
			*place = o;
		else
			self->strange[i] = true;
	}
	for (int nid = 0; nid < self->m.nnodes; nid++) {
		self->ntargets += !!self->m.node[nid].mib;
		self->ninitiators += is_initiator(&self->m, nid);
	}
}

FIXTURE_TEARDOWN(map)
{
	free(self->object);
	free(self->strange);
}

/* All that is expected, and nothing else: other tests look at what is there. */
HMS_TEST(map, objects)
{
	int links = self->ninitiators * self->ntargets;

	EXPECT_EQ(self->ntargets + self->ninitiators + links, self->nobjects);
	for (int nid = 0; nid < self->m.nnodes; nid++) {
		EXPECT_EQ(!!self->m.node[nid].mib, !!self->target[nid]) {
			TH_LOG("target node%d", nid);
		}
		EXPECT_EQ(is_initiator(&self->m, nid), !!self->initiator[nid]) {
			TH_LOG("initiator node%d", nid);
		}
		for (int t = 0; t < self->m.nnodes; t++) {
			EXPECT_EQ(self->m.link[nid][t].there, !!self->link[nid][t]) {
				TH_LOG("link node%d-node%d", nid, t);
			}
		}
	}
	for (int i = 0; i < self->nobjects; i++) {
		EXPECT_FALSE(self->strange[i]) {
			TH_LOG("what is %s?", self->object[i].path);
		}
		EXPECT_EQ(HMS_VERSION_ORDINARY, self->object[i].version);
		EXPECT_EQ(0, wrong_number(self->object[i].uid, "%s/uid", self->object[i].path));
	}
}

HMS_TEST(map, targets)
{
	for (int nid = 0; nid < self->m.nnodes; nid++) {
		const struct object *o = self->target[nid];
		long long whole = MiB(self->m.node[nid].mib), capacity, used;
		char path[160];

		if (!whole)
			continue;
		ASSERT_NE(NULL, o);
		EXPECT_EQ(0, wrong("node", "%s/kind", o->path));
		EXPECT_EQ(0, wrong_number(nid, "%s/nid", o->path));
		snprintf(path, sizeof(path), "%s/capacity", o->path);
		capacity = number_read(path);
		/* The first MiB has holes. */
		EXPECT_LE(capacity, whole);
		EXPECT_GE(capacity, whole - (long long)MiB(1));
		snprintf(path, sizeof(path), "%s/used", o->path);
		used = number_read(path);
		EXPECT_GE(used, 0);
		EXPECT_LE(used, capacity);
	}
}

/* The folder that an object's own is in. */
static bool parent_is(const struct object *o, const char *parent)
{
	char own[PATH_MAX], want[PATH_MAX];

	if (!realpath(o->path, own) || !realpath(parent, want))
		return false;
	*strrchr(own, '/') = 0;
	return !strcmp(own, want);
}

HMS_TEST(map, initiators)
{
	for (int nid = 0; nid < self->m.nnodes; nid++) {
		const struct object *o = self->initiator[nid];
		const char *device = self->m.node[nid].device;
		char path[64];

		if (!is_initiator(&self->m, nid))
			continue;
		ASSERT_NE(NULL, o);
		EXPECT_EQ(0, wrong(*device ? "device" : "cpu", "%s/kind", o->path));
		EXPECT_EQ(0, wrong_number(nid, "%s/nid", o->path));
		if (!isdigit((unsigned char)*device))
			continue;
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", device);
		EXPECT_TRUE(parent_is(o, path)) {
			TH_LOG("%s is not in %s", o->path, path);
		}
	}
}

HMS_TEST(map, figures)
{
	for (int i = 0; i < self->m.nnodes; i++) {
		for (int t = 0; t < self->m.nnodes; t++) {
			const struct object *o = self->link[i][t];
			const struct link *link = &self->m.link[i][t];

			if (!link->there)
				continue;
			ASSERT_NE(NULL, o);
			for (int k = 0; k < FIGURES; k++) {
				EXPECT_EQ(0, wrong_number(link->figure[k], "%s/%s", o->path,
							  figure_name[k]));
				EXPECT_EQ(0, wrong(link->estimated[k] ? "estimated" : "firmware",
						   "%s/%s_source", o->path, figure_name[k]));
			}
		}
	}
}

/* Of the initiators that it finds nearest, the kernel shows the figures, too. */
HMS_TEST(map, figures_of_the_kernel)
{
	for (int t = 0; t < self->m.nnodes; t++) {
		for (int i = 0; i < self->m.nnodes; i++) {
			const struct object *o = self->link[i][t];
			char path[160], text[64];

			snprintf(path, sizeof(path), SYS_NODES "/node%d/access0/initiators/node%d",
				 t, i);
			if (access(path, F_OK))
				continue;
			ASSERT_NE(NULL, o);
			for (int k = 0; k < FIGURES; k++) {
				if (self->m.link[i][t].estimated[k])
					continue;
				snprintf(path, sizeof(path),
					 SYS_NODES "/node%d/access0/initiators/%s", t,
					 figure_name[k]);
				ASSERT_EQ(0, text_read(path, text, sizeof(text)));
				EXPECT_EQ(0, wrong(text, "%s/%s", o->path, figure_name[k]));
			}
		}
	}
}

/* The symlink in the folder of one object that has the name of another, and leads there. */
static int no_way(const struct object *from, const struct object *to)
{
	char path[PATH_MAX], got[PATH_MAX], want[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", from->path, strrchr(to->path, '/') + 1);
	if (realpath(path, got) && realpath(to->path, want) && !strcmp(got, want))
		return 0;
	fprintf(stderr, "# %s does not lead to %s\n", path, to->path);
	return 1;
}

HMS_TEST(map, ends_of_links)
{
	for (int i = 0; i < self->m.nnodes; i++) {
		if (self->initiator[i])
			EXPECT_EQ(0, wrong_count(self->ntargets, self->initiator[i]->path, "v"));
		if (self->target[i])
			EXPECT_EQ(0, wrong_count(self->ninitiators, self->target[i]->path, "v"));
		for (int t = 0; t < self->m.nnodes; t++) {
			const struct object *o = self->link[i][t];

			if (!self->m.link[i][t].there)
				continue;
			ASSERT_NE(NULL, o);
			ASSERT_NE(NULL, self->initiator[i]);
			ASSERT_NE(NULL, self->target[t]);
			EXPECT_EQ(0, wrong_count(2, o->path, "v"));
			EXPECT_EQ(0, no_way(o, self->initiator[i]));
			EXPECT_EQ(0, no_way(o, self->target[t]));
			EXPECT_EQ(0, no_way(self->initiator[i], o));
			EXPECT_EQ(0, no_way(self->target[t], o));
		}
	}
}

HMS_TEST(map, caches)
{
	char path[160], text[64];

	for (int nid = 0; nid < self->m.nnodes; nid++) {
		const struct object *o = self->target[nid];
		int n = 0;

		for (int i = 0; i < self->m.ncaches; i++) {
			const struct cache *c = &self->m.cache[i];

			if (c->nid != nid)
				continue;
			n++;
			ASSERT_NE(NULL, o);
			for (int k = 0; k < CACHE_FIGURES; k++) {
				EXPECT_EQ(0, wrong_number(c->figure[k], "%s/cache%d/%s", o->path,
							  c->level, cache_name[k]));
				snprintf(path, sizeof(path),
					 SYS_NODES "/node%d/memory_side_cache/index%d/%s", nid,
					 c->level, cache_name[k]);
				ASSERT_EQ(0, text_read(path, text, sizeof(text)));
				EXPECT_EQ(0, wrong(text, "%s/cache%d/%s", o->path, c->level,
						   cache_name[k]));
			}
		}
		if (self->m.node[nid].mib) {
			ASSERT_NE(NULL, o);
			EXPECT_EQ(0, wrong_count(n, o->path, "cache"));
		}
	}
}

/* Has an initiator come or gone, and a link to each target with it? */
static bool plugged(FIXTURE_DATA(map) *self, int nid, bool in)
{
	char name[16], links[32];
	struct object o;

	snprintf(name, sizeof(name), "node%d", nid);
	snprintf(links, sizeof(links), "node%d-node*", nid);
	return map_find("initiator", name, &o) == in &&
	       map_count_named("link", links) == (in ? self->ntargets : 0);
}

/* A device that is unplugged is no initiator, and is again when it comes back. */
HMS_TEST(map, unplug)
{
	int tried = 0;

	for (int nid = 0; nid < self->m.nnodes; nid++) {
		const char *device = self->m.node[nid].device;
		char path[64];

		if (!isdigit((unsigned char)*device))
			continue;
		tried++;
		EXPECT_TRUE(plugged(self, nid, true));
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove", device);
		ASSERT_EQ(0, text_write(path, "1"));
		EXPECT_TRUE(plugged(self, nid, false));
		EXPECT_EQ(self->nobjects - 1 - self->ntargets, map_count());
		ASSERT_EQ(0, text_write("/sys/bus/pci/rescan", "1"));
		EXPECT_TRUE(plugged(self, nid, true));
		EXPECT_EQ(self->nobjects, map_count());
	}
	if (!tried)
		SKIP(return, "this machine has no initiator on PCI");
}

/* The module says why it does not use a table, once, and nothing about one that it uses. */
HMS_TEST(map, log)
{
	static const char begin[] = "hms: HMAT ignored: ";
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC), found = 0;
	char record[8192], *text;
	ssize_t n;

	ASSERT_GE(fd, 0);
	while ((n = read(fd, record, sizeof(record) - 1)) > 0) {
		record[n] = 0;
		text = strchr(record, ';');
		ASSERT_NE(NULL, text);
		text++;
		if (strncmp(text, begin, strlen(begin)))
			continue;
		found++;
		EXPECT_TRUE(isalnum((unsigned char)text[strlen(begin)]));
	}
	EXPECT_EQ(EAGAIN, errno);	/* all of it was read */
	close(fd);
	EXPECT_EQ(self->m.hmat_ignored, found);
}

/* CPUs of a node that come and go one by one. */

FIXTURE(cpus)
{
	int nid;
	int cpu[2];
	int fail;		/* fail-nth of what the first of them runs when it comes */
	bool found;
};

static bool cpu_set(int cpu, const char *online)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	return !text_write(path, online);
}

/* Two CPUs of a node that can go, and have no others beside them. */
static bool find_pair(FIXTURE_DATA(cpus) *self)
{
	char path[64], text[64];

	for (self->nid = 0; self->nid < MAX_NODES; self->nid++) {
		int used = 0;

		snprintf(path, sizeof(path), SYS_NODES "/node%d/cpulist", self->nid);
		if (text_read(path, text, sizeof(text)) ||
		    sscanf(text, "%d-%d%n", &self->cpu[0], &self->cpu[1], &used) != 2 ||
		    text[used] || self->cpu[1] != self->cpu[0] + 1)
			continue;
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", self->cpu[0]);
		if (!access(path, W_OK))
			return true;
	}
	return false;
}

FIXTURE_SETUP(cpus)
{
	self->fail = -1;
	self->found = find_pair(self);
	if (!self->found)
		SKIP(return, "no node has two CPUs that can go");
}

/* Also the initiator is there again, for the tests that follow. */
FIXTURE_TEARDOWN_PARENT(cpus)
{
	for (int i = 0; self->found && i < 2; i++)
		EXPECT_TRUE(cpu_set(self->cpu[i], "1"));
}

static bool has_initiator(const FIXTURE_DATA(cpus) *self)
{
	struct object *o;
	int n = map_read(&o);
	bool found = false;

	for (int i = 0; i < n; i++)
		found |= !strcmp(o[i].type, "initiator") && !strcmp(o[i].kind, "cpu") &&
			 o[i].nid == self->nid;
	free(o);
	return found;
}

HMS_TEST(cpus, last_to_go)
{
	for (int last = 0; last < 2; last++) {
		EXPECT_TRUE(has_initiator(self));
		ASSERT_TRUE(cpu_set(self->cpu[!last], "0"));
		EXPECT_TRUE(has_initiator(self));
		ASSERT_TRUE(cpu_set(self->cpu[last], "0"));
		EXPECT_FALSE(has_initiator(self));
		ASSERT_TRUE(cpu_set(self->cpu[last], "1"));
		EXPECT_TRUE(has_initiator(self));
		ASSERT_TRUE(cpu_set(self->cpu[!last], "1"));
	}
}

/* The thread that brings a CPU up. */
static int hotplug_thread_open(int cpu)
{
	char want[32], path[64], text[32];
	DIR *dir = opendir("/proc");
	struct dirent *d;
	int fd = -1;

	snprintf(want, sizeof(want), "cpuhp/%d", cpu);
	while (dir && fd < 0 && (d = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%.20s/comm", d->d_name);
		if (!isdigit((unsigned char)*d->d_name) || text_read(path, text, sizeof(text)) ||
		    strcmp(text, want))
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/fail-nth", d->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (dir)
		closedir(dir);
	return fd;
}

/* There was no memory for the initiator when the first came: it stays as long as the other. */
HMS_TEST(cpus, first_without_memory)
{
	const char *why = failnth_open(&self->fail);

	if (!*why)
		why = failnth_modules_only("kobject_uevent_env");
	if (*why)
		SKIP(return, "%s", why);
	close(self->fail);
	self->fail = hotplug_thread_open(self->cpu[0]);
	ASSERT_GE(self->fail, 0);
	for (int i = 0; i < 2; i++)
		ASSERT_TRUE(cpu_set(self->cpu[i], "0"));
	ASSERT_EQ(0, failnth_arm(self->fail, 1));
	ASSERT_TRUE(cpu_set(self->cpu[0], "1"));
	ASSERT_EQ(0, failnth_disarm(self->fail));
	EXPECT_FALSE(has_initiator(self));

	ASSERT_TRUE(cpu_set(self->cpu[1], "1"));
	EXPECT_TRUE(has_initiator(self));
	ASSERT_TRUE(cpu_set(self->cpu[0], "0"));
	EXPECT_TRUE(has_initiator(self));
	ASSERT_TRUE(cpu_set(self->cpu[1], "0"));
	EXPECT_FALSE(has_initiator(self));
}

TEST_HARNESS_MAIN
