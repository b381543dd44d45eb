// SPDX-License-Identifier: GPL-2.0
/*
 * The map by generic netlink: a dump tells what sysfs shows, what changes is told in order and
 * without a gap, and nothing that a program sends does any harm.
 */

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "genl.h"
#include "hms_fixture.h"
#include "maptest.h"
#include "module.h"

#define ALL_VERSIONS	0xffffffff
#define LARGE_ROOM	(16 << 20)	/* of a socket: for all that a test makes happen */
#define HISTORY		1024		/* objects that went, and are remembered */

FIXTURE(netlink)
{
	struct env e;
	struct genl g;
	int fd;			/* of what describes machines */
	int count;		/* objects when the test began */
};

FIXTURE_SETUP(netlink)
{
	/* What a test that was too slow has left. */
	ASSERT_EQ(0, described_clear());
	ASSERT_STREQ("", env_open(&self->e));
	ASSERT_EQ(0, genl_open(&self->g));
	self->fd = described_open();
	ASSERT_GE(self->fd, 0);
	self->count = map_count();
	ASSERT_GT(self->count, 0);
}

FIXTURE_TEARDOWN_PARENT(netlink)
{
	EXPECT_EQ(0, described_clear());
	EXPECT_EQ(self->count, map_count());
	EXPECT_USED_AS_BEFORE(&self->e);
}

typedef FIXTURE_DATA(netlink) netlink_t;

TEST_F_TIMEOUT(netlink, family, HMS_TIMEOUT)
{
	EXPECT_EQ(HMS_GENL_VERSION, self->g.version);
	EXPECT_GE(self->g.maxattr, HMS_A_VERSION);
	EXPECT_NE(0, self->g.topology);
	EXPECT_NE(0, self->g.migrate);
	EXPECT_NE(self->g.topology, self->g.migrate);
}

/* Dumps. */

static bool has_uid(const __u32 *uids, int n, __u32 uid)
{
	for (int i = 0; i < n; i++) {
		if (uids[i] == uid)
			return true;
	}
	return false;
}

static const char *value_differs(const struct told *t, const struct object *o, __u32 a)
{
	if (TOLD(t, HMS_A_READ_BANDWIDTH + a) != object_has(o, value_files[a]))
		return "whether there is a value";
	if (!TOLD(t, HMS_A_READ_BANDWIDTH + a))
		return NULL;
	if (t->values[a].source > HMS_SOURCE_DRIVER || !t->values[a].source != !t->values[a].value)
		return "a value without source, or a source without value";
	return object_value_differs(o, a, &t->values[a]);
}

static const char *edges_differ(const struct told *t, const struct object *o)
{
	static __u32 uids[8192];
	int n = object_neighbours(o, uids, 8192);
	unsigned int initiators = 0;
	struct object from, to;

	if (!TOLD(t, HMS_A_EDGES) || (int)t->nedges != n)
		return "number of edges";
	for (int i = 0; i < n; i++) {
		struct object other = object_at(HMS_VERSION_ORDINARY, uids[i], HMS_INITIATOR);

		if (!has_uid(t->edges, n, uids[i]))
			return "edges";
		if (t->type == HMS_BRIDGE && object_is_there(&other)) {
			initiators++;
			if (!has_uid(t->initiators, t->ninitiators, uids[i]))
				return "initiators";
		}
	}
	if (t->ninitiators != initiators || TOLD(t, HMS_A_INITIATORS) != !!initiators)
		return "number of initiators";
	if (TOLD(t, HMS_A_FROM) != (t->type == HMS_BRIDGE) || TOLD(t, HMS_A_TO) !=
	    (t->type == HMS_BRIDGE))
		return "whether it is a bridge";
	from = object_at(HMS_VERSION_ORDINARY, t->from, HMS_LINK);
	to = object_at(HMS_VERSION_ORDINARY, t->to, HMS_LINK);
	if (t->type == HMS_BRIDGE &&
	    (!object_leads(o, "from", &from) || !object_leads(o, "to", &to)))
		return "from or to";
	return NULL;
}

/* NULL when a message says of an object what sysfs says. */
static const char *object_differs(const struct told *t, const struct object *o)
{
	bool target = t->type == HMS_TARGET;

	if (!TOLD(t, HMS_A_VERSION) || t->version != o->version)
		return "version";
	if (t->type > HMS_BRIDGE || strcmp(type_names[t->type], o->type))
		return "type";
	if (!TOLD(t, HMS_A_NAME) || strcmp(t->name, object_word(o, "name")))
		return "name";
	if (!TOLD(t, HMS_A_CHANGED) ||
	    t->changed != (unsigned long long)object_number(o, "generation"))
		return "changed";
	if (strcmp(TOLD(t, HMS_A_KIND) ? t->kind : "(none)", object_word(o, "kind")))
		return "kind";
	if (TOLD(t, HMS_A_NID) != object_has(o, "nid") ||
	    (TOLD(t, HMS_A_NID) && (int)t->nid != o->nid))
		return "nid";
	if (TOLD(t, HMS_A_PROPERTIES) != target || TOLD(t, HMS_A_CAPACITY) != target ||
	    TOLD(t, HMS_A_USED) != target)
		return "whether it is a target";
	if (target && strcmp(properties_text(t->properties), object_word(o, "properties")))
		return "properties";
	if (target && t->capacity != (unsigned long long)object_number(o, "capacity"))
		return "capacity";
	if (target && t->used > t->capacity)
		return "used";
	if (t->ncaches != (unsigned int)object_has(o, "cache1") + object_has(o, "cache2") +
			  object_has(o, "cache3"))
		return "caches";
	for (__u32 a = 0; a < HMS_ATTRIBUTES; a++) {
		const char *what = value_differs(t, o, a);

		if (what)
			return what;
	}
	return edges_differ(t, o);
}

/* "" when a dump is all of sysfs, as far as a program of @version understands it. */
static const char *dump_differs(const struct dump *d, __u32 version)
{
	static char text[160];
	int n, wanted = 0;
	struct object *o;

	text[0] = 0;
	n = map_read(&o);
	for (int i = 0; i < n && !text[0]; i++) {
		const struct told *t = dump_find(d, o[i].uid);
		const char *what = NULL;

		if (o[i].version > version)
			continue;
		wanted++;
		if (!t)
			what = "it is missing";
		else if (t->command != HMS_CMD_NEW || !(t->flags & NLM_F_MULTI))
			what = "no part of a dump";
		else if (t->instance != map_instance() || !TOLD(t, HMS_A_GENERATION))
			what = "instance or generation";
		/* Of very many, all files of some. */
		if (n < 500 || i % 7 == 0)
			what = what ?: object_differs(t, &o[i]);
		if (what)
			snprintf(text, sizeof(text), "%.100s: %s", o[i].path, what);
	}
	free(o);
	if (!text[0] && wanted != d->n)
		snprintf(text, sizeof(text), "%d objects, not %d", d->n, wanted);
	return text;
}

/* A dump without trouble. */
#define ASSERT_DUMP(d, a)							\
	do {									\
		ASSERT_EQ(0, genl_dump(&self->g, a, d));			\
		EXPECT_FALSE((d)->interrupted);					\
	} while (0)

TEST_F_TIMEOUT(netlink, dump, HMS_TIMEOUT)
{
	struct machine *m = machine_small();
	struct dump d;
	struct ask a;

	ASSERT_DUMP(&d, ask_dump(&a, &self->g, ALL_VERSIONS));
	EXPECT_EQ(self->count, d.n);
	EXPECT_STREQ("", dump_differs(&d, ALL_VERSIONS));
	dump_free(&d);

	ASSERT_EQ(0, machine_build(m, self->fd));
	for (__u32 version = 1; version <= 4; version++) {
		ASSERT_DUMP(&d, ask_dump(&a, &self->g, version));
		EXPECT_STREQ("", dump_differs(&d, version));
		EXPECT_NE(NULL, dump_find(&d, m->objects[SMALL_RAM].uid));
		EXPECT_EQ(version >= 2, !!dump_find(&d, m->objects[SMALL_VRAM].uid));
		EXPECT_EQ(version >= 3, !!dump_find(&d, m->objects[SMALL_POOL].uid));
		dump_free(&d);
	}
	EXPECT_EQ(0, described_clear());
	ASSERT_DUMP(&d, ask_dump(&a, &self->g, ALL_VERSIONS));
	EXPECT_EQ(self->count, d.n);
	dump_free(&d);
	machine_free(m);
}

/* Of a thousand objects, for readers with room and without. */
TEST_F_TIMEOUT(netlink, dump_large, HMS_TIMEOUT)
{
	static const int rooms[] = { LARGE_ROOM, 1 << 15, 1 };
	struct machine *m = machine_ring(250);
	struct dump d;
	struct ask a;

	ASSERT_EQ(0, machine_build(m, self->fd));
	for (size_t i = 0; i < ARRAY_SIZE(rooms); i++) {
		ASSERT_EQ(0, genl_room(&self->g, rooms[i]));
		ASSERT_DUMP(&d, ask_dump(&a, &self->g, ALL_VERSIONS));
		EXPECT_EQ(self->count + 1000, d.n);
		if (!i)
			EXPECT_STREQ("", dump_differs(&d, ALL_VERSIONS));
		dump_free(&d);
	}
	machine_free(m);
}

/* A reader whose buffer takes no message gets them cut, and the end all the same. */
TEST_F_TIMEOUT(netlink, dump_into_nothing, HMS_TIMEOUT)
{
	struct machine *m = machine_ring(100);
	struct nlmsghdr *n;
	char bytes[64];
	struct dump d;
	struct ask a;
	int parts = 0;

	ASSERT_EQ(0, machine_build(m, self->fd));
	ASSERT_EQ(0, ask_send(ask_dump(&a, &self->g, ALL_VERSIONS), &self->g));
	n = (struct nlmsghdr *)bytes;
	do {
		struct pollfd wait = { .fd = self->g.fd, .events = POLLIN };

		ASSERT_EQ(1, poll(&wait, 1, GENL_PATIENCE));
		ASSERT_LE(20, recv(self->g.fd, bytes, sizeof(bytes), 0));
		parts++;
	} while (n->nlmsg_type != NLMSG_DONE);
	EXPECT_GE(parts, 2);
	ASSERT_DUMP(&d, ask_dump(&a, &self->g, ALL_VERSIONS));
	EXPECT_EQ(self->count + 400, d.n);
	dump_free(&d);

	/* Or goes away in the middle of it. */
	for (int i = 0; i < 20; i++) {
		struct genl g;

		ASSERT_EQ(0, genl_open(&g));
		ASSERT_EQ(0, ask_send(ask_dump(&a, &g, ALL_VERSIONS), &g));
		genl_close(&g);
	}
	machine_free(m);
}

/* An object with as many edges as one may have fits in a message, and in an event. */
TEST_F_TIMEOUT(netlink, most_edges, HMS_TIMEOUT)
{
	struct machine *m = machine_new();
	const struct told *t;
	struct object o;
	struct dump d;
	struct ask a;

	machine_link(m, "one");
	for (__u32 i = 1; i <= 2048; i++) {
		machine_initiator(m, "many", "device");
		machine_edge(m, 0, i);
	}
	ASSERT_EQ(0, machine_build(m, self->fd));
	o = machine_object(m, 0);
	ASSERT_DUMP(&d, ask_dump(&a, &self->g, 1));
	t = dump_find(&d, o.uid);
	ASSERT_NE(NULL, t);
	EXPECT_EQ(2048, t->nedges);
	EXPECT_EQ(NULL, object_differs(t, &o));
	dump_free(&d);

	ASSERT_EQ(0, genl_join(&self->g, self->g.topology));
	ASSERT_EQ(1, object_write(&o, "read_latency", "9", 1));
	for (;;) {
		struct told event;

		ASSERT_EQ(GENL_TOLD, genl_next(&self->g, &event, GENL_PATIENCE));
		if (event.uid != o.uid)
			continue;
		EXPECT_EQ(HMS_CMD_CHANGE, event.command);
		EXPECT_EQ(2048, event.nedges);
		EXPECT_EQ(9, event.values[HMS_READ_LATENCY].value);
		break;
	}
	machine_free(m);
}

/* What a request for a dump has to say, and what it may. */
TEST_F_TIMEOUT(netlink, dump_arguments, HMS_TIMEOUT)
{
	struct dump d;
	struct ask a;

	ask_init(&a, &self->g, HMS_CMD_GET, NLM_F_DUMP);
	EXPECT_EQ(-EINVAL, genl_dump(&self->g, &a, &d));
	ask_dump(&a, &self->g, 0);
	EXPECT_EQ(-ERANGE, genl_dump(&self->g, &a, &d));
	ask_u64(ask_dump(&a, &self->g, 1), HMS_A_INSTANCE, map_instance() + 1);
	EXPECT_EQ(-ESTALE, genl_dump(&self->g, &a, &d));
	ask_u64(ask_dump(&a, &self->g, 1), HMS_A_INSTANCE, 0);
	EXPECT_EQ(-ESTALE, genl_dump(&self->g, &a, &d));
	EXPECT_EQ(0, d.n);
	ask_u64(ask_dump(&a, &self->g, ALL_VERSIONS), HMS_A_INSTANCE, map_instance());
	ASSERT_DUMP(&d, &a);
	EXPECT_STREQ("", dump_differs(&d, ALL_VERSIONS));
	dump_free(&d);
}

/* What changed since. */

static struct ask *ask_since(struct ask *a, const struct genl *g, __u64 since)
{
	return ask_u64(ask_dump(a, g, ALL_VERSIONS), HMS_A_SINCE, since);
}

/* Are the objects of a machine told by a command, and none else; unless they are above @version? */
static const char *machine_told(const struct dump *d, const struct machine *m, __u8 command,
				__u32 version)
{
	int n = 0;

	for (__u32 i = 0; i < m->build.nobjects; i++) {
		const struct hms_sim_object *o = &m->objects[i];
		const struct told *t = dump_find(d, o->uid);

		if (o->version > version)
			continue;
		n++;
		if (!t)
			return "one is missing";
		if (t->command != command || t->version != o->version || t->type != o->type)
			return "command, version or type";
		if (command == HMS_CMD_DEL && (TOLD(t, HMS_A_NAME) || TOLD(t, HMS_A_EDGES)))
			return "more of one that is gone than what it was";
		if (!TOLD(t, HMS_A_CHANGED) || !TOLD(t, HMS_A_INSTANCE) ||
		    !TOLD(t, HMS_A_GENERATION) || t->changed > t->generation)
			return "generations";
	}
	return n == d->n ? "" : "number of messages";
}

TEST_F_TIMEOUT(netlink, since, HMS_TIMEOUT)
{
	struct machine *m = machine_small();
	__u64 before, built, changed, cleared;
	struct object link;
	struct dump d;
	struct ask a;

	/* Something has to have happened. */
	ASSERT_TRUE(map_find("link", "node0-node0", &link));
	ASSERT_EQ(5, object_write(&link, "read_latency", "reset", 5));
	before = map_generation();
	ASSERT_DUMP(&d, ask_since(&a, &self->g, before));
	EXPECT_EQ(0, d.n);
	dump_free(&d);

	ASSERT_EQ(0, machine_build(m, self->fd));
	built = map_generation();
	ASSERT_DUMP(&d, ask_since(&a, &self->g, before));
	EXPECT_STREQ("", machine_told(&d, m, HMS_CMD_NEW, ALL_VERSIONS));
	for (int i = 0; i < d.n; i++)
		EXPECT_EQ(built, d.told[i].generation);
	dump_free(&d);
	ASSERT_DUMP(&d, ask_since(&a, &self->g, built));
	EXPECT_EQ(0, d.n);
	dump_free(&d);
	ASSERT_DUMP(&d, ask_u64(ask_dump(&a, &self->g, 2), HMS_A_SINCE, before));
	EXPECT_STREQ("", machine_told(&d, m, HMS_CMD_NEW, 2));
	dump_free(&d);

	ASSERT_EQ(2, object_write(&link, "read_latency", "33", 2));
	changed = map_generation();
	ASSERT_DUMP(&d, ask_since(&a, &self->g, built));
	ASSERT_EQ(1, d.n);
	EXPECT_EQ(link.uid, d.told[0].uid);
	EXPECT_EQ(HMS_CMD_NEW, d.told[0].command);
	EXPECT_EQ(changed, d.told[0].changed);
	EXPECT_EQ(33, d.told[0].values[HMS_READ_LATENCY].value);
	EXPECT_EQ(HMS_SOURCE_USER, d.told[0].values[HMS_READ_LATENCY].source);
	dump_free(&d);
	ASSERT_EQ(5, object_write(&link, "read_latency", "reset", 5));
	changed = map_generation();

	EXPECT_EQ(0, described_clear());
	cleared = map_generation();
	ASSERT_DUMP(&d, ask_since(&a, &self->g, changed));
	EXPECT_STREQ("", machine_told(&d, m, HMS_CMD_DEL, ALL_VERSIONS));
	for (int i = 0; i < d.n; i++) {
		EXPECT_GT(d.told[i].changed, i ? d.told[i - 1].changed : changed);
		EXPECT_LE(d.told[i].changed, cleared);
	}
	dump_free(&d);
	/* Also for who never knew them; but none that he does not understand. */
	ASSERT_DUMP(&d, ask_u64(ask_dump(&a, &self->g, 1), HMS_A_SINCE, changed));
	EXPECT_STREQ("", machine_told(&d, m, HMS_CMD_DEL, 1));
	dump_free(&d);
	ASSERT_DUMP(&d, ask_since(&a, &self->g, cleared));
	EXPECT_EQ(0, d.n);
	dump_free(&d);

	EXPECT_EQ(-ESTALE, genl_dump(&self->g, ask_since(&a, &self->g, cleared + 1), &d));
	EXPECT_EQ(-ESTALE, genl_dump(&self->g, ask_since(&a, &self->g, ~0ULL), &d));
	/* Since ever: all there is. */
	ASSERT_DUMP(&d, ask_since(&a, &self->g, 0));
	EXPECT_STREQ("", dump_differs(&d, ALL_VERSIONS));
	dump_free(&d);
	machine_free(m);
}

/* What went is remembered for so long. */
TEST_F_TIMEOUT(netlink, since_long_ago, HMS_TIMEOUT)
{
	struct machine *m = machine_new(), *one = machine_new();
	__u64 start, first;
	struct dump d;
	struct ask a;

	machine_initiator(one, "one", "cpu");
	for (int i = 0; i < HISTORY; i++)
		machine_initiator(m, "gone", "cpu");
	start = map_generation();
	ASSERT_EQ(0, machine_build(m, self->fd));
	EXPECT_EQ(0, described_clear());
	ASSERT_DUMP(&d, ask_since(&a, &self->g, start));
	EXPECT_STREQ("", machine_told(&d, m, HMS_CMD_DEL, ALL_VERSIONS));
	first = d.told[0].changed;
	for (int i = 1; i < d.n; i++)
		EXPECT_GT(d.told[i].changed, d.told[i - 1].changed);
	dump_free(&d);

	/* One more, and the first is forgotten. */
	ASSERT_EQ(0, machine_build(one, self->fd));
	EXPECT_EQ(0, described_clear());
	EXPECT_EQ(-ESTALE, genl_dump(&self->g, ask_since(&a, &self->g, start), &d));
	EXPECT_EQ(-ESTALE, genl_dump(&self->g, ask_since(&a, &self->g, first - 1), &d));
	EXPECT_EQ(-ESTALE, genl_dump(&self->g, ask_since(&a, &self->g, 1), &d));
	ASSERT_DUMP(&d, ask_since(&a, &self->g, first));
	EXPECT_EQ(HISTORY, d.n);
	EXPECT_EQ(NULL, dump_find(&d, m->objects[0].uid));
	EXPECT_NE(NULL, dump_find(&d, one->objects[0].uid));
	dump_free(&d);
	machine_free(m);
	machine_free(one);
}

/* Dumps while the map changes. */

/* "" when all of a dump is of one moment: what is connected is there, and leads back. */
static const char *dump_is_torn(const struct dump *d)
{
	for (int i = 0; i < d->n; i++) {
		const struct told *t = &d->told[i];

		if (t->generation != d->told[0].generation || t->changed > t->generation)
			return "generations";
		for (unsigned int e = 0; e < t->nedges; e++) {
			const struct told *other = dump_find(d, t->edges[e]);

			if (!other)
				return "an edge leads nowhere";
			if (!has_uid(other->edges, other->nedges, t->uid))
				return "an edge does not lead back";
		}
		/* One that lost its links leads nowhere. */
		if (t->type == HMS_BRIDGE && ((t->from && !dump_find(d, t->from)) ||
					      (t->to && !dump_find(d, t->to))))
			return "from or to";
	}
	return "";
}

/* Either it is of one moment, or it says that it is not. */
TEST_F_TIMEOUT(netlink, dump_of_a_changing_map, HMS_TIMEOUT)
{
	struct machine *ring = machine_ring(60);
	int interrupted = 0, dumps = 0;
	struct peer peer;
	struct dump d;
	struct ask a;
	pid_t pid;

	ASSERT_EQ(0, machine_build(ring, self->fd));
	pid = peer_fork(&peer);
	ASSERT_GE(pid, 0);
	if (!pid) {
		struct machine *m = machine_small();
		struct object link;

		/* Until the other end is closed. */
		fcntl(peer.in, F_SETFL, O_NONBLOCK);
		for (int i = 0; hear(&peer) && errno == EAGAIN; i++) {
			EXPECT_EQ(0, machine_build(m, self->fd));
			link = machine_object(m, SMALL_BUS);
			EXPECT_EQ(1, object_write(&link, "read_latency", "7", 1));
			if (i % 4 == 3)
				EXPECT_EQ(0, described_clear());
			if (i % 4 == 3)
				EXPECT_EQ(0, machine_build(ring, self->fd));
		}
		_exit(0);
	}
	for (; dumps < 100; dumps++) {
		ASSERT_EQ(0, genl_dump(&self->g, ask_dump(&a, &self->g, ALL_VERSIONS), &d));
		EXPECT_GE(d.n, self->count);
		if (!d.interrupted)
			EXPECT_STREQ("", dump_is_torn(&d));
		interrupted += d.interrupted;
		dump_free(&d);
	}
	tell(&peer);
	EXPECT_EQ(0, peer_wait(&peer));
	printf("# %d of %d dumps were interrupted\n", interrupted, dumps);
	ASSERT_DUMP(&d, ask_dump(&a, &self->g, ALL_VERSIONS));
	EXPECT_STREQ("", dump_is_torn(&d));
	EXPECT_STREQ("", dump_differs(&d, ALL_VERSIONS));
	dump_free(&d);
	machine_free(ring);
}

#define NTHREADS	6

struct reader {
	pthread_t thread;
	int nodes;
	int dumps;
	int error;
	const char *wrong;
};

static void *read_often(void *argument)
{
	struct reader *r = argument;
	struct genl g;

	r->wrong = "";
	r->error = genl_open(&g);
	for (int i = 0; i < 20 && !r->error && !*r->wrong; i++) {
		struct dump d;
		struct ask a;

		r->error = genl_dump(&g, ask_dump(&a, &g, ALL_VERSIONS), &d);
		if (!r->error && !d.interrupted)
			r->wrong = dump_is_torn(&d);
		if (!r->error && d.n < r->nodes)
			r->wrong = "too few";
		r->dumps++;
		dump_free(&d);
	}
	genl_close(&g);
	return NULL;
}

TEST_F_TIMEOUT(netlink, many_readers, HMS_TIMEOUT)
{
	struct machine *m = machine_small();
	struct reader readers[NTHREADS];

	for (int i = 0; i < NTHREADS; i++) {
		readers[i] = (struct reader) { .nodes = self->count };
		ASSERT_EQ(0, pthread_create(&readers[i].thread, NULL, read_often, &readers[i]));
	}
	for (int i = 0; i < 40; i++) {
		EXPECT_EQ(0, machine_build(m, self->fd));
		EXPECT_EQ(0, described_clear());
	}
	for (int i = 0; i < NTHREADS; i++) {
		ASSERT_EQ(0, pthread_join(readers[i].thread, NULL));
		EXPECT_EQ(0, readers[i].error);
		EXPECT_STREQ("", readers[i].wrong);
		EXPECT_EQ(20, readers[i].dumps);
	}
	machine_free(m);
}

/* Requests that are wrong. */

/* What the kernel answers to a message; 0 for "done". */
static int answer(netlink_t *self, struct ask *a)
{
	struct dump d;
	int ret;

	a->n.nlmsg_flags |= NLM_F_ACK;
	ret = genl_dump(&self->g, a, &d);
	dump_free(&d);
	return ret;
}

TEST_F_TIMEOUT(netlink, wrong_requests, HMS_TIMEOUT)
{
	static const __u16 unknown[] = {
		HMS_A_UNSPEC, HMS_A_PAD, HMS_A_GENERATION, HMS_A_UID, HMS_A_TYPE, HMS_A_NAME,
		HMS_A_EDGES, HMS_A_MAX, HMS_A_MAX + 1, 1000, 0x3fff,
		HMS_A_SINCE | NLA_F_NESTED,
	};
	static const __u16 known[] = { HMS_A_VERSION, HMS_A_INSTANCE, HMS_A_SINCE };
	struct genl *g = &self->g;
	char bytes[16] = { };
	struct ask a;
	int ret;

	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		ask_u32(ask_dump(&a, g, 1), unknown[i], 1);
		EXPECT_GT(0, answer(self, &a)) {
			TH_LOG("attribute %u", unknown[i]);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		for (size_t length = 0; length <= sizeof(bytes); length++) {
			if (length == (known[i] == HMS_A_VERSION ? 4 : 8))
				continue;
			ask_put(ask_dump(&a, g, 1), known[i], bytes, length);
			ret = answer(self, &a);
			EXPECT_TRUE(ret == -EINVAL || ret == -ERANGE) {
				TH_LOG("attribute %u, %zu bytes: %d", known[i], length, ret);
			}
		}
	}
	/* The length of an attribute: less than its header, more than the message. */
	for (__u16 length = 0; length < 600; length += length < 4 ? 1 : 59) {
		ask_dump(&a, g, 1);
		((struct nlattr *)a.attributes)->nla_len = length;
		EXPECT_EQ(-EINVAL, answer(self, &a)) {
			TH_LOG("length %u", length);
		}
	}
	/* Without the header of the family, or only some of it. */
	for (__u32 length = NLMSG_HDRLEN; length < NLMSG_LENGTH(GENL_HDRLEN); length++) {
		ask_init(&a, g, HMS_CMD_GET, NLM_F_DUMP);
		a.n.nlmsg_len = length;
		EXPECT_EQ(-EINVAL, answer(self, &a));
	}
	/* Trailing bytes. */
	ask_dump(&a, g, 1);
	a.n.nlmsg_len += 3;
	EXPECT_EQ(-EINVAL, answer(self, &a));

	/* Not a dump; and what only the kernel says, or nobody. */
	ask_u32(ask_init(&a, g, HMS_CMD_GET, 0), HMS_A_VERSION, 1);
	EXPECT_EQ(-EOPNOTSUPP, answer(self, &a));
	for (int command = 0; command < 256; command++) {
		if (command == HMS_CMD_GET)
			continue;
		ask_u32(ask_init(&a, g, command, 0), HMS_A_VERSION, 1);
		EXPECT_EQ(-EOPNOTSUPP, answer(self, &a));
		ask_u32(ask_init(&a, g, command, NLM_F_DUMP), HMS_A_VERSION, 1);
		EXPECT_EQ(-EOPNOTSUPP, answer(self, &a));
	}
	ask_dump(&a, g, 1);
	EXPECT_EQ(0, answer(self, &a));
}

/* Whatever comes: no harm is done, and the next request is served. */
TEST_F_TIMEOUT(netlink, random_requests, HMS_TIMEOUT)
{
	__u64 seed = 42;
	struct dump d;
	struct ask a;

	for (int i = 0; i < 2000; i++) {
		char *bytes = (char *)&a;
		__u32 length, times;

		ask_dump(&a, &self->g, 1 + i % 3);
		ask_u64(&a, HMS_A_SINCE, random_next(&seed) % 4 ? 0 : random_next(&seed));
		ask_u64(&a, HMS_A_INSTANCE, random_next(&seed) % 4 ? map_instance() : 1);
		length = a.n.nlmsg_len;
		times = random_next(&seed) % 4;
		while (times--)
			bytes[16 + random_next(&seed) % (length - 16)] = random_next(&seed);
		if (random_next(&seed) % 8 == 0)
			a.n.nlmsg_len = random_next(&seed) % (length + 8);
		if (random_next(&seed) % 8 == 0)
			a.n.nlmsg_flags = random_next(&seed);
		a.n.nlmsg_seq = i;
		/* All of it in any case, or less. */
		if (random_next(&seed) % 8 == 0)
			length = 1 + random_next(&seed) % length;
		EXPECT_LE(0, send(self->g.fd, &a, length, 0));
		while (recv(self->g.fd, self->g.bytes, 1 << 16, MSG_DONTWAIT) >= 0)
			;
	}
	genl_close(&self->g);
	ASSERT_EQ(0, genl_open(&self->g));
	ASSERT_DUMP(&d, ask_dump(&a, &self->g, ALL_VERSIONS));
	EXPECT_STREQ("", dump_differs(&d, ALL_VERSIONS));
	dump_free(&d);
}

/* Events. */

/* Those that came, until none does; every change makes its own before it is over. */
static int next_event(struct genl *g, struct told *t)
{
	return genl_next(g, t, 0);
}

/* A bridge is told of when it leads from and to its links; and before that, nobody names it. */
TEST_F_TIMEOUT(netlink, bridges_come_whole, HMS_TIMEOUT)
{
	enum { N = 20 };
	struct machine *m = machine_ring(N);
	int bridges = 0, ret;
	__u32 latest = 0;
	struct told t;

	ASSERT_EQ(0, genl_room(&self->g, LARGE_ROOM));
	ASSERT_EQ(0, genl_join(&self->g, self->g.topology));
	ASSERT_EQ(0, machine_build(m, self->fd));
	while ((ret = next_event(&self->g, &t)) == GENL_TOLD) {
		if (t.command == HMS_CMD_NEW) {
			latest = t.uid;
			bridges += t.type == HMS_BRIDGE;
		}
		for (unsigned int i = 0; i < t.nedges; i++)
			EXPECT_LE(t.edges[i], latest);
		if (t.type != HMS_BRIDGE)
			continue;
		EXPECT_NE(0, t.from);
		EXPECT_NE(0, t.to);
		EXPECT_EQ(2, t.nedges);
	}
	EXPECT_EQ(-EAGAIN, ret);
	EXPECT_EQ(N, bridges);
	machine_free(m);
}

TEST_F_TIMEOUT(netlink, events, HMS_TIMEOUT)
{
	struct machine *m = machine_small();
	struct { int told, gone; } seen[SMALL_OBJECTS] = { };
	struct object link;
	__u64 generation, built, end;
	struct told t;
	int ret;

	ASSERT_EQ(0, genl_room(&self->g, LARGE_ROOM));
	/* Who does not listen hears nothing. */
	ASSERT_EQ(0, machine_build(m, self->fd));
	EXPECT_EQ(0, described_clear());
	EXPECT_EQ(-EAGAIN, next_event(&self->g, &t));

	ASSERT_EQ(0, genl_join(&self->g, self->g.topology));
	generation = map_generation();
	ASSERT_EQ(0, machine_build(m, self->fd));
	built = map_generation();
	link = machine_object(m, SMALL_FABRIC);
	ASSERT_EQ(11, object_write(&link, "read_latency", "12 measured", 11));
	ASSERT_EQ(5, object_write(&link, "read_latency", "reset", 5));
	EXPECT_EQ(0, described_clear());
	end = map_generation();

	while ((ret = next_event(&self->g, &t)) == GENL_TOLD) {
		__u32 i = 0;

		EXPECT_EQ(generation + 1, t.generation);
		generation = t.generation;
		EXPECT_EQ(generation, t.changed);
		EXPECT_EQ(map_instance(), t.instance);
		EXPECT_EQ(0, t.flags & NLM_F_MULTI);
		EXPECT_EQ(0, t.seq);
		while (i < SMALL_OBJECTS && m->objects[i].uid != t.uid)
			i++;
		ASSERT_LT(i, SMALL_OBJECTS);
		EXPECT_EQ(m->objects[i].version, t.version);
		EXPECT_EQ(m->objects[i].type, t.type);
		EXPECT_EQ(0, seen[i].gone);
		if (!seen[i].told++) {
			EXPECT_EQ(HMS_CMD_NEW, t.command);
			EXPECT_EQ(t.type == HMS_BRIDGE ? 2 : 0, t.nedges);
		} else {
			EXPECT_TRUE(t.command == HMS_CMD_CHANGE || t.command == HMS_CMD_DEL);
		}
		seen[i].gone = t.command == HMS_CMD_DEL;
		if (seen[i].gone) {
			EXPECT_FALSE(TOLD(&t, HMS_A_NAME));
			EXPECT_GT(generation, built);
			continue;
		}
		EXPECT_STREQ(m->objects[i].name, t.name);
		if (t.type == HMS_TARGET)
			EXPECT_EQ(m->objects[i].capacity, t.capacity);
		if (t.generation == built + 1) {
			EXPECT_EQ(link.uid, t.uid);
			EXPECT_EQ(12, t.values[HMS_READ_LATENCY].value);
			EXPECT_EQ(HMS_SOURCE_MEASURED, t.values[HMS_READ_LATENCY].source);
			/* And all the rest of it: two targets, an initiator, two bridges. */
			EXPECT_EQ(0xffffffff, t.values[HMS_WRITE_LATENCY].value);
			EXPECT_EQ(5, t.nedges);
		}
		if (t.generation == built + 2)
			EXPECT_EQ(HMS_SOURCE_UNKNOWN, t.values[HMS_READ_LATENCY].source);
	}
	EXPECT_EQ(-EAGAIN, ret);
	EXPECT_EQ(end, generation);
	for (int i = 0; i < SMALL_OBJECTS; i++)
		EXPECT_TRUE(seen[i].told && seen[i].gone);
	machine_free(m);
}

/* Files of an object are there before it is told, and after it is told to be gone. */
TEST_F_TIMEOUT(netlink, events_while_values_are_written, HMS_TIMEOUT)
{
	struct machine *m = machine_new();
	enum { UNKNOWN, NEW, GONE } *seen;
	__u64 generation;
	struct peer peer;
	struct told t;
	__u32 max;
	pid_t pid;
	int ret;

	machine_link(m, "written-to");
	ASSERT_EQ(0, genl_room(&self->g, LARGE_ROOM));
	ASSERT_EQ(0, machine_build(m, self->fd));
	max = m->objects[0].uid + 100;
	seen = calloc(max, sizeof(*seen));
	ASSERT_EQ(0, genl_join(&self->g, self->g.topology));
	generation = map_generation();
	pid = peer_fork(&peer);
	ASSERT_GE(pid, 0);
	if (!pid) {
		struct object link = machine_object(m, 0);

		/* The next of each that goes, until the other end is closed. */
		fcntl(peer.in, F_SETFL, O_NONBLOCK);
		while (hear(&peer) && errno == EAGAIN) {
			if (object_write(&link, "read_latency", "5", 1) < 0)
				link = object_at(1, link.uid + 1, HMS_LINK);
			if (link.uid > m->objects[0].uid + 61)
				link = machine_object(m, 0);
		}
		_exit(0);
	}
	for (int i = 0; i < 60; i++) {
		EXPECT_EQ(0, described_clear());
		EXPECT_EQ(0, machine_build(m, self->fd));
	}
	EXPECT_EQ(0, tell(&peer));
	EXPECT_EQ(0, peer_wait(&peer));
	seen[max - 100] = NEW;
	while ((ret = next_event(&self->g, &t)) == GENL_TOLD) {
		EXPECT_EQ(generation + 1, t.generation);
		generation = t.generation;
		ASSERT_LT(t.uid, max);
		EXPECT_EQ(t.command == HMS_CMD_NEW ? UNKNOWN : NEW, seen[t.uid]) {
			TH_LOG("uid %u: command %u", t.uid, t.command);
		}
		seen[t.uid] = t.command == HMS_CMD_DEL ? GONE : NEW;
	}
	EXPECT_EQ(-EAGAIN, ret);
	EXPECT_EQ(map_generation(), generation);
	free(seen);
	machine_free(m);
}

/* A refused request is no event. */
TEST_F_TIMEOUT(netlink, no_events, HMS_TIMEOUT)
{
	struct machine *m = machine_small();
	char *p = area(16 * PAGE);
	struct object link;
	struct told t;

	ASSERT_NE(NULL, p);
	fill(p, 16 * PAGE, 1);
	ASSERT_TRUE(map_find("link", "node0-node0", &link));
	ASSERT_EQ(0, genl_join(&self->g, self->g.topology));
	EXPECT_EQ(-EINVAL, object_write(&link, "read_latency", "0", 1));
	m->objects[SMALL_FABRIC].type = 4;
	EXPECT_EQ(-EINVAL, machine_build(m, self->fd));
	EXPECT_EQ(0, described_clear());
	EXPECT_EQ(0, migrate(self->e.fd, p, 16 * PAGE, self->e.node[0], NULL));
	EXPECT_EQ(-EAGAIN, next_event(&self->g, &t));
	machine_free(m);
	EXPECT_PATTERN(p, 16 * PAGE, 1);
}

/* A copy of the map, as a program keeps it: generation by uid, 0 for what is not there. */
struct copy {
	__u64 *changed;
	__u32 max;
	__u64 generation;	/* it is that of this one */
};

static void copy_apply(struct copy *c, const struct told *t)
{
	if (t->uid >= c->max) {
		__u32 max = t->uid + 1000;

		c->changed = realloc(c->changed, max * sizeof(*c->changed));
		memset(c->changed + c->max, 0, (max - c->max) * sizeof(*c->changed));
		c->max = max;
	}
	c->changed[t->uid] = t->command == HMS_CMD_DEL ? 0 : t->changed;
}

static const char *copy_differs(const struct copy *c, const struct dump *d)
{
	int n = 0;

	for (__u32 uid = 0; uid < c->max; uid++) {
		const struct told *t = c->changed[uid] ? dump_find(d, uid) : NULL;

		n += !!c->changed[uid];
		if (c->changed[uid] && (!t || t->changed != c->changed[uid]))
			return "an object";
	}
	return n == d->n ? "" : "number of objects";
}

/* Who was too slow hears that, and reads what he missed. */
TEST_F_TIMEOUT(netlink, slow_listener, HMS_TIMEOUT)
{
	struct machine *first = machine_ring(4), *second = machine_ring(40);
	struct copy copy = { };
	struct genl listener;
	int lost = 0, ret;
	struct told t;
	struct dump d;
	struct ask a;

	ASSERT_EQ(0, machine_build(first, self->fd));
	ASSERT_EQ(0, genl_open(&listener));
	ASSERT_EQ(0, genl_room(&listener, 1 << 15));
	ASSERT_EQ(0, genl_join(&listener, listener.topology));
	ASSERT_DUMP(&d, ask_dump(&a, &self->g, ALL_VERSIONS));
	for (int i = 0; i < d.n; i++) {
		copy_apply(&copy, &d.told[i]);
		copy.generation = d.told[i].generation;
	}
	dump_free(&d);

	ASSERT_EQ(0, described_clear());
	ASSERT_EQ(0, machine_build(second, self->fd));
	while ((ret = next_event(&listener, &t)) != -EAGAIN) {
		if (ret == -ENOBUFS) {
			lost++;
			continue;
		}
		ASSERT_EQ(GENL_TOLD, ret);
		if (t.generation == copy.generation + 1) {
			copy_apply(&copy, &t);
			copy.generation++;
		}
	}
	EXPECT_GE(lost, 1);
	EXPECT_LT(copy.generation, map_generation());

	ASSERT_DUMP(&d, ask_since(&a, &self->g, copy.generation));
	for (int i = 0; i < d.n; i++)
		copy_apply(&copy, &d.told[i]);
	dump_free(&d);
	ASSERT_DUMP(&d, ask_dump(&a, &self->g, ALL_VERSIONS));
	EXPECT_STREQ("", copy_differs(&copy, &d));
	dump_free(&d);

	/* From now on it hears again. */
	copy.generation = map_generation();
	ASSERT_EQ(0, genl_room(&listener, LARGE_ROOM));
	ASSERT_EQ(0, described_clear());
	while (next_event(&listener, &t) == GENL_TOLD) {
		EXPECT_EQ(copy.generation + 1, t.generation);
		copy.generation = t.generation;
	}
	EXPECT_EQ(map_generation(), copy.generation);
	genl_close(&listener);
	free(copy.changed);
	machine_free(first);
	machine_free(second);
}

/* Who may. */

/* What a process of nobody gets: 0 when all is as it should be, else which is not. */
static int nobody_reads(void *argument)
{
	const int *count = argument;
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	struct genl g;
	struct dump d;
	struct ask a;

	if (genl_open(&g))
		return -1;
	if (genl_dump(&g, ask_dump(&a, &g, ALL_VERSIONS), &d) || d.n != *count)
		return -2;
	if (genl_join(&g, g.topology))
		return -3;
	if (genl_join(&g, g.migrate) != -EPERM)
		return -4;
	genl_close(&g);
	/* The other way to join. */
	if (genl_open(&g))
		return -5;
	address.nl_groups = g.migrate <= 32 ? 1U << (g.migrate - 1) : 0;
	if (address.nl_groups && !bind(g.fd, (struct sockaddr *)&address, sizeof(address)))
		return -6;
	genl_close(&g);
	return 0;
}

TEST_F_TIMEOUT(netlink, permissions, HMS_TIMEOUT)
{
	EXPECT_EQ(0, as_nobody(nobody_reads, &self->count));
	EXPECT_EQ(0, genl_join(&self->g, self->g.topology));
	EXPECT_EQ(0, genl_join(&self->g, self->g.migrate));
}

/* What requests did. */

#define EXPECT_MIGRATE(t, r, to, n)						\
	do {									\
		EXPECT_EQ(HMS_CMD_MIGRATE, (t)->command);			\
		EXPECT_EQ(map_instance(), (t)->instance);			\
		EXPECT_EQ(map_generation(), (t)->generation);			\
		EXPECT_EQ(getpid(), (int)(t)->pid);				\
		EXPECT_EQ((r)->h.start, (t)->start);				\
		EXPECT_EQ((r)->h.length, (t)->length);				\
		EXPECT_EQ(n, (t)->ntargets);					\
		EXPECT_EQ(0, memcmp(to, (t)->targets, (n) * sizeof(__u32)));	\
		EXPECT_EQ((r)->h.pages, (t)->pages);				\
		EXPECT_EQ((r)->h.moved, (t)->moved);				\
		EXPECT_EQ((r)->h.populated, (t)->populated);			\
		EXPECT_EQ(skipped_sum(&(r)->h), (t)->skipped);			\
	} while (0)

TEST_F_TIMEOUT(netlink, migrate, HMS_TIMEOUT)
{
	char *p = area(64 * PAGE);
	__u32 to[2] = { self->e.node[self->e.nnodes - 1] };
	struct request r;
	struct told t;
	long pages = 0;
	int n = 1;

	ASSERT_NE(NULL, p);
	fill(p, 32 * PAGE, 1);
	if (self->e.nsims)
		to[n++] = self->e.sim[0];
	ASSERT_EQ(0, genl_join(&self->g, self->g.migrate));

	/* Policy, questions, and what is refused move nothing. */
	ASSERT_EQ(0, policy_set(self->e.fd, p, 64 * PAGE, HMS_MODE_PREFERRED, n, to));
	for (int i = 0; i < self->e.nnodes; i++)
		pages += pages_on(self->e.fd, p, 64 * PAGE, self->e.node[i]);
	EXPECT_EQ(32, pages);
	ASSERT_EQ(0, policy_clear(self->e.fd, p, 64 * PAGE));
	EXPECT_EQ(-ENOENT, migrate(self->e.fd, p, PAGE, 0xfffffff0, &r));
	EXPECT_EQ(-EAGAIN, next_event(&self->g, &t));

	/* Half of it is holes. */
	for (int populated = 0; populated < 2; populated++) {
		request_init(&r, p, 64 * PAGE);
		for (int i = 0; i < n; i++)
			request_target(&r, to[i]);
		request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
		if (populated)
			request_modifier(&r, HMS_MOD_POPULATE, 1);
		ASSERT_EQ(0, request_send(&r, self->e.fd));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(populated ? 32 : 0, r.h.populated);
		ASSERT_EQ(GENL_TOLD, next_event(&self->g, &t));
		EXPECT_MIGRATE(&t, &r, to, n);
		EXPECT_EQ(-EAGAIN, next_event(&self->g, &t));
	}
	/* With a policy too, of another range, to where it is already. */
	request_init(&r, p + PAGE, 3 * PAGE);
	request_target(&r, to[0]);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_BIND);
	request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	ASSERT_EQ(GENL_TOLD, next_event(&self->g, &t));
	EXPECT_MIGRATE(&t, &r, to, 1);
	EXPECT_EQ(0, t.moved);
	EXPECT_PATTERN(p, 32 * PAGE, 1);
	EXPECT_ZERO(p + 32 * PAGE, 32 * PAGE);
}

/* The most targets that a request may name fit in the message. */
TEST_F_TIMEOUT(netlink, migrate_most_targets, HMS_TIMEOUT)
{
	char *p = area(PAGE);
	struct request r;
	struct told t;
	int n = self->e.nnodes + self->e.nsims;

	ASSERT_NE(NULL, p);
	fill(p, PAGE, 1);
	ASSERT_EQ(0, genl_join(&self->g, self->g.migrate));
	request_init(&r, p, PAGE);
	for (int i = 0; i < self->e.nnodes; i++)
		request_target(&r, self->e.node[i]);
	for (int i = 0; i < self->e.nsims; i++)
		request_target(&r, self->e.sim[i]);
	request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	ASSERT_EQ(GENL_TOLD, next_event(&self->g, &t));
	EXPECT_MIGRATE(&t, &r, r.targets, n);
	EXPECT_PATTERN(p, PAGE, 1);
}

/* What nobody asked for. */

/* The owner is only told where memory has cgroups. */
#define EXPECT_MOVE(t, why, from, to, p, npages, n)				\
	do {									\
		EXPECT_EQ(HMS_CMD_MOVE, (t)->command);				\
		EXPECT_EQ(map_instance(), (t)->instance);			\
		EXPECT_EQ(why, (t)->reason);					\
		EXPECT_TRUE(!TOLD(t, HMS_A_OWNER) || getpid() == (int)(t)->owner); \
		EXPECT_FALSE(TOLD(t, HMS_A_PID) || TOLD(t, HMS_A_TARGETS));	\
		EXPECT_EQ(from, (t)->from_target);				\
		EXPECT_EQ(to, (t)->to_target);					\
		EXPECT_EQ(u64_ptr(p), (t)->start);				\
		EXPECT_EQ((npages) * PAGE, (t)->length);			\
		EXPECT_EQ(n, (t)->moved);					\
		EXPECT_EQ(0, (t)->populated + (t)->skipped);			\
	} while (0)

#define ROOM	16UL	/* pages */

TEST_F_TIMEOUT(netlink, evicted, HMS_TIMEOUT)
{
	char *old = area(ROOM * PAGE), *p = area(8 * PAGE);
	struct request r;
	size_t length;
	struct told t;

	NEED_SIMS(1);
	ASSERT_NE(NULL, old);
	ASSERT_NE(NULL, p);
	ASSERT_NE(NULL, fill_target(&self->e, 0, ROOM * PAGE, &length));
	fill(old, ROOM * PAGE, 1);
	fill(p, 8 * PAGE, 2);
	ASSERT_EQ(0, migrate(self->e.fd, old, ROOM * PAGE, self->e.sim[0], NULL));
	ASSERT_EQ(0, genl_join(&self->g, self->g.migrate));
	request_init(&r, p, 8 * PAGE);
	request_target(&r, self->e.sim[0]);
	request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	EXPECT_EQ(8, r.h.moved);

	ASSERT_EQ(GENL_TOLD, next_event(&self->g, &t));
	EXPECT_MOVE(&t, HMS_REASON_EVICTED, self->e.sim[0], self->e.node[page_node(old)], old, 8,
		    8);
	/* Those for whom they left. */
	ASSERT_EQ(GENL_TOLD, next_event(&self->g, &t));
	EXPECT_MIGRATE(&t, &r, self->e.sim, 1);
	EXPECT_FALSE(TOLD(&t, HMS_A_REASON));
	EXPECT_EQ(-EAGAIN, next_event(&self->g, &t));
	EXPECT_PATTERN(old, ROOM * PAGE, 1);
	EXPECT_PATTERN(p, 8 * PAGE, 2);
}

/* What a device fault places is told, what is there already is not, nor a touch by the CPU. */
TEST_F_TIMEOUT(netlink, faults, HMS_TIMEOUT)
{
	char *p = area(2 * PAGE);
	struct hms_sim_op op;
	struct told t;
	__u32 from;

	NEED_SIMS(1);
	ASSERT_NE(NULL, p);
	fill(p, PAGE, 1);
	from = self->e.node[page_node(p)];
	ASSERT_EQ(0, policy_set(self->e.fd, p, 2 * PAGE, HMS_MODE_PREFERRED, 1, self->e.sim));
	ASSERT_EQ(0, genl_join(&self->g, self->g.migrate));
	for (int again = 0; again < 2; again++)
		ASSERT_EQ(0, sim_op(self->e.sim_fd[0], HMS_SIM_SUM, p, PAGE, NULL, 0, &op));
	ASSERT_EQ(1, op.local);
	ASSERT_EQ(GENL_TOLD, next_event(&self->g, &t));
	EXPECT_MOVE(&t, HMS_REASON_FAULT, from, self->e.sim[0], p, 1, 1);
	EXPECT_PATTERN(p, PAGE, 1);
	EXPECT_EQ(-EAGAIN, next_event(&self->g, &t));

	/* A hole comes from nowhere. */
	ASSERT_EQ(0, sim_op(self->e.sim_fd[0], HMS_SIM_SUM, p + PAGE, PAGE, NULL, 0, &op));
	ASSERT_EQ(GENL_TOLD, next_event(&self->g, &t));
	EXPECT_EQ(HMS_REASON_FAULT, t.reason);
	EXPECT_EQ(u64_ptr(p + PAGE), t.start);
	EXPECT_EQ(1, t.populated);
	EXPECT_FALSE(TOLD(&t, HMS_A_FROM_TARGET));
	EXPECT_EQ(self->e.sim[0], t.to_target);
	EXPECT_EQ(-EAGAIN, next_event(&self->g, &t));
	EXPECT_ZERO(p + PAGE, PAGE);
}

/* After this the accelerators are others. */
TEST_F_TIMEOUT(netlink, evacuated, HMS_TIMEOUT)
{
	char *p = area(64 * PAGE);
	__u32 uid = self->e.sim[0];
	struct told t;

	NEED_SIMS(1);
	if (access(SIM_MODULE, R_OK))
		SKIP(return, "no " SIM_MODULE);
	ASSERT_NE(NULL, p);
	fill(p, 64 * PAGE, 1);
	ASSERT_EQ(0, migrate(self->e.fd, p, 8 * PAGE, uid, NULL));
	ASSERT_EQ(0, migrate(self->e.fd, p + 40 * PAGE, PAGE, uid, NULL));
	ASSERT_EQ(0, genl_join(&self->g, self->g.migrate));
	/* Its descriptor holds the module. */
	close(self->fd);
	for (int i = 0; i < self->e.nsims; i++)
		close(self->e.sim_fd[i]);
	self->e.nsims = 0;
	ASSERT_EQ(0, sim_unload_wait());
	ASSERT_EQ(GENL_TOLD, next_event(&self->g, &t));
	EXPECT_MOVE(&t, HMS_REASON_EVACUATED, uid, self->e.node[page_node(p)], p, 41, 9);
	EXPECT_EQ(-EAGAIN, next_event(&self->g, &t));
	EXPECT_PATTERN(p, 64 * PAGE, 1);
	EXPECT_EQ(0, modules_load_all());
}

/* Other network namespaces. */

/* The map is everybody's; what was moved is for the administrator of the machine. */
TEST_F_TIMEOUT(netlink, network_namespace, HMS_TIMEOUT)
{
	struct genl topology, away;
	struct object link;
	struct told t, home;
	struct dump d;
	struct ask a;
	char *p = area(8 * PAGE);

	ASSERT_NE(NULL, p);
	fill(p, 8 * PAGE, 1);
	ASSERT_TRUE(map_find("link", "node0-node0", &link));
	ASSERT_EQ(0, genl_join(&self->g, self->g.migrate));
	if (unshare(CLONE_NEWNET))
		SKIP(return, "no CONFIG_NET_NS");
	ASSERT_EQ(0, genl_open(&away));
	ASSERT_EQ(0, genl_open(&topology));
	EXPECT_EQ(self->g.family, away.family);
	ASSERT_EQ(0, genl_join(&away, away.migrate));
	ASSERT_EQ(0, genl_join(&topology, topology.topology));

	ASSERT_EQ(0, migrate(self->e.fd, p, 8 * PAGE, self->e.node[self->e.nnodes - 1], NULL));
	EXPECT_EQ(GENL_TOLD, next_event(&self->g, &home));
	EXPECT_EQ(-EAGAIN, next_event(&away, &t));
	EXPECT_EQ(-EAGAIN, next_event(&topology, &t));

	ASSERT_EQ(5, object_write(&link, "read_latency", "reset", 5));
	EXPECT_EQ(GENL_TOLD, next_event(&topology, &t));
	EXPECT_EQ(link.uid, t.uid);
	EXPECT_EQ(-EAGAIN, next_event(&away, &t));
	ASSERT_EQ(0, genl_dump(&topology, ask_dump(&a, &topology, ALL_VERSIONS), &d));
	EXPECT_STREQ("", dump_differs(&d, ALL_VERSIONS));
	dump_free(&d);
	genl_close(&away);
	genl_close(&topology);
	EXPECT_PATTERN(p, 8 * PAGE, 1);
}

/* Being root in a namespace of one's own is not enough to hear of others. */
TEST_F_TIMEOUT(netlink, user_namespace, HMS_TIMEOUT)
{
	char *p = area(8 * PAGE);
	struct object link;
	struct peer peer;
	pid_t pid;

	ASSERT_NE(NULL, p);
	fill(p, 8 * PAGE, 1);
	ASSERT_TRUE(map_find("link", "node0-node0", &link));
	pid = peer_fork(&peer);
	ASSERT_GE(pid, 0);
	if (!pid) {
		struct genl moves, topology;
		struct told t;

		if (become_nobody())
			_exit(1);
		if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
			_exit(100);
		if (genl_open(&moves) || genl_open(&topology))
			_exit(2);
		/* May be refused, too. */
		genl_join(&moves, moves.migrate);
		if (genl_join(&topology, topology.topology))
			_exit(3);
		if (tell(&peer) || hear(&peer))
			_exit(4);
		if (next_event(&moves, &t) != -EAGAIN)
			_exit(5);
		if (next_event(&topology, &t) != GENL_TOLD)
			_exit(6);
		_exit(0);
	}
	if (!hear(&peer)) {
		ASSERT_EQ(0, migrate(self->e.fd, p, 8 * PAGE, self->e.node[self->e.nnodes - 1],
				     NULL));
		ASSERT_EQ(5, object_write(&link, "read_latency", "reset", 5));
		tell(&peer);
	}
	pid = peer_wait(&peer);
	if (pid == 100 << 8)
		SKIP(return, "no CONFIG_USER_NS, CONFIG_NET_NS, or not for everybody");
	EXPECT_EQ(0, pid);
	EXPECT_PATTERN(p, 8 * PAGE, 1);
}

/* The module goes. */

TEST_F_TIMEOUT(netlink, unload, HMS_TIMEOUT)
{
	__u64 instance = map_instance();
	struct genl reader;
	struct told t;
	struct dump d;
	struct ask a;
	int gone = 0;

	if (access(HMS_MODULE, R_OK))
		SKIP(return, "no " HMS_MODULE);
	ASSERT_EQ(0, genl_open(&reader));
	ASSERT_EQ(0, genl_room(&self->g, LARGE_ROOM));
	ASSERT_EQ(0, genl_join(&self->g, self->g.topology));
	ASSERT_EQ(0, genl_join(&self->g, self->g.migrate));
	env_close(&self->e);
	close(self->fd);
	/* After this their uids are others. */
	self->e.nsims = 0;
	ASSERT_EQ(0, sim_unload_wait());

	/* In the middle of a dump it is in use, whoever listens does not matter. */
	ASSERT_EQ(0, ask_send(ask_dump(&a, &reader, ALL_VERSIONS), &reader));
	EXPECT_EQ(-EAGAIN, module_unload("hms"));
	while (genl_next(&reader, &t, GENL_PATIENCE) == GENL_TOLD)
		;
	ASSERT_EQ(0, ask_send(ask_dump(&a, &reader, ALL_VERSIONS), &reader));
	genl_close(&reader);
	ASSERT_EQ(0, module_unload_wait("hms"));

	/* Each object that went was told: all of them. */
	while (genl_next(&self->g, &t, 0) == GENL_TOLD) {
		EXPECT_TRUE(t.command == HMS_CMD_CHANGE || t.command == HMS_CMD_DEL);
		gone += t.command == HMS_CMD_DEL;
	}
	EXPECT_EQ(self->count, gone);
	EXPECT_EQ(-ENOENT, genl_resolve(&self->g));
	EXPECT_GT(0, genl_dump(&self->g, ask_dump(&a, &self->g, 1), &d));

	/* Loaded anew it is another one, and nobody listens to that. */
	ASSERT_EQ(0, modules_load_all());
	ASSERT_EQ(0, genl_resolve(&self->g));
	EXPECT_NE(instance, map_instance());
	EXPECT_EQ(-EAGAIN, genl_next(&self->g, &t, 0));
	EXPECT_EQ(-ESTALE, genl_dump(&self->g, ask_u64(ask_dump(&a, &self->g, 1), HMS_A_INSTANCE,
						       instance), &d));
	ASSERT_DUMP(&d, ask_dump(&a, &self->g, ALL_VERSIONS));
	EXPECT_STREQ("", dump_differs(&d, ALL_VERSIONS));
	EXPECT_EQ(self->count, d.n);
	dump_free(&d);
}

TEST_HARNESS_MAIN
