// SPDX-License-Identifier: GPL-2.0
/*
 * The map in sysfs: what the machine itself has, the values of links and who says so, generations,
 * versions; and machines that are described, which appear as a whole or not at all.
 */

#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <linux/netlink.h>

#include "failnth.h"
#include "hms_fixture.h"
#include "maptest.h"
#include "module.h"

#define ORDINARY	(HMS_PROP_CPU_ACCESSIBLE | HMS_PROP_COHERENT)
#define HMAT		"/sys/firmware/acpi/tables/HMAT"

FIXTURE(map)
{
	struct env e;
	int fd;			/* of what describes machines */
	int count;		/* objects when the test began */
	char online[64];	/* file of a CPU that the test takes away, or "" */
};

FIXTURE_SETUP(map)
{
	/* What a test that was too slow has left. */
	ASSERT_EQ(0, described_clear());
	ASSERT_STREQ("", env_open(&self->e));
	self->fd = described_open();
	ASSERT_GE(self->fd, 0);
	self->count = map_count();
	ASSERT_GT(self->count, 0);
}

FIXTURE_TEARDOWN_PARENT(map)
{
	if (self->online[0])
		text_write(self->online, "1");
	EXPECT_EQ(0, described_clear());
	EXPECT_EQ(self->count, map_count());
	EXPECT_USED_AS_BEFORE(&self->e);
}

/* All is as it was: the same objects, and none else. */
#define EXPECT_NAMES(before)							\
	do {									\
		char *names = map_names();					\
										\
		EXPECT_STREQ(before, names);					\
		free(names);							\
	} while (0)

/* What the machine has. */

/* What test/vm/run tells the firmware: ns and MB/s from the CPUs of a node to a node. */
static const struct figure {
	int from, to;
	unsigned int latency, bandwidth;
} figures[] = {
	{ 0, 0, 10, 20480 }, { 0, 1, 20, 10240 }, { 0, 2, 100, 4096 },
	{ 1, 0, 20, 10240 }, { 1, 1, 10, 20480 }, { 1, 2, 80, 5120 },
};

/* As the kernel has it in sysfs: for each node that is online, in their order. */
static int node_distance(int from, int to)
{
	char path[64], text[256], *at = text;
	int distance = 10;

	snprintf(path, sizeof(path), SYS_NODES "/node%d/distance", from);
	if (text_read(path, text, sizeof(text)))
		return distance;	/* without CONFIG_NUMA */
	for (int node = 0; node <= to; node++) {
		snprintf(path, sizeof(path), SYS_NODES "/node%d", node);
		if (!access(path, F_OK))
			distance = strtol(at, &at, 10);
	}
	return distance;
}

static bool is_latency(__u32 attribute)
{
	return attribute == HMS_READ_LATENCY || attribute == HMS_WRITE_LATENCY;
}

/* What a value of a link between nodes should be. */
static struct hms_value figure_of(int from, int to, __u32 attribute)
{
	int distance = node_distance(from, to);

	for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
		const struct figure *f = &figures[i];

		if (f->from == from && f->to == to && !access(HMAT, F_OK) &&
		    !access(SYS_NODES "/node0", F_OK))
			return (struct hms_value) { is_latency(attribute) ? f->latency :
						    f->bandwidth, HMS_SOURCE_FIRMWARE };
	}
	return (struct hms_value) { is_latency(attribute) ? 10 * distance : 100000 / distance,
				    HMS_SOURCE_ESTIMATED };
}

/* From the CPUs of a node to a node. */
static bool node_link(const struct object *initiator, const struct object *target,
		      struct object *link)
{
	struct object *all;
	bool found = false;
	char name[32];
	int n = map_read(&all);

	snprintf(name, sizeof(name), "node%d-node%d", initiator->nid, target->nid);
	for (int i = 0; i < n && !found; i++) {
		*link = all[i];
		found = !strcmp(link->type, "link") && !strcmp(object_word(link, "name"), name) &&
			object_leads(link, NULL, initiator);
	}
	free(all);
	return found;
}

static bool is_node(const struct object *o)
{
	return !strcmp(o->type, "target") && !strcmp(o->kind, "node") && o->nid >= 0;
}

static bool is_cpus(const struct object *o)
{
	return !strcmp(o->type, "initiator") && !strcmp(o->kind, "cpu") && o->nid >= 0;
}

TEST_F_TIMEOUT(map, links_of_nodes, HMS_TIMEOUT)
{
	int n, pairs = 0, firmware = 0;
	struct object *o, link;

	n = map_read(&o);
	for (int i = 0; i < n; i++) {
		for (int t = 0; t < n; t++) {
			__u32 uids[8];

			if (!is_cpus(&o[i]) || !is_node(&o[t]))
				continue;
			pairs++;
			ASSERT_TRUE(node_link(&o[i], &o[t], &link));
			EXPECT_TRUE(object_leads(&link, NULL, &o[i]));
			EXPECT_TRUE(object_leads(&link, NULL, &o[t]));
			EXPECT_TRUE(object_leads(&o[i], NULL, &link));
			EXPECT_TRUE(object_leads(&o[t], NULL, &link));
			EXPECT_EQ(2, object_neighbours(&link, uids, 8));
			for (__u32 a = 0; a < HMS_ATTRIBUTES; a++) {
				struct hms_value want = figure_of(o[i].nid, o[t].nid, a);
				char source[32];

				snprintf(source, sizeof(source), "%s_source", value_files[a]);
				EXPECT_EQ(want.value, object_number(&link, value_files[a]));
				EXPECT_STREQ(source_names[want.source],
					     object_word(&link, source));
				firmware += want.source == HMS_SOURCE_FIRMWARE;
			}
		}
	}
	EXPECT_GE(pairs, 1);
	printf("# %d pairs, %d values of the firmware\n", pairs, firmware);
	free(o);
}

static long long node_meminfo(int nid, const char *key)
{
	char path[64], line[256], want[64];
	long long kib = -1;
	FILE *f;

	snprintf(path, sizeof(path), SYS_NODES "/node%d/meminfo", nid);
	snprintf(want, sizeof(want), "Node %d %s:", nid, key);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, want, strlen(want)))
			kib = strtoll(line + strlen(want), NULL, 10);
	}
	if (f)
		fclose(f);
	return kib;
}

TEST_F_TIMEOUT(map, nodes, HMS_TIMEOUT)
{
	struct object *o;
	int n = map_read(&o), nodes = 0;

	for (int i = 0; i < n; i++) {
		long long capacity, used, total, free_now;

		if (!is_node(&o[i]))
			continue;
		nodes++;
		EXPECT_EQ(HMS_VERSION_ORDINARY, o[i].version);
		EXPECT_STREQ("cpu-accessible coherent", object_word(&o[i], "properties"));
		capacity = object_number(&o[i], "capacity");
		used = object_number(&o[i], "used");
		total = node_meminfo(o[i].nid, "MemTotal") << 10;
		free_now = node_meminfo(o[i].nid, "MemFree") << 10;
		EXPECT_GT(capacity, 0);
		EXPECT_GE(used, 0);
		EXPECT_LE(used, capacity);
		if (total <= 0)
			continue;	/* without CONFIG_NUMA */
		/* The total leaves out what the kernel took when it started; KASAN takes much. */
		EXPECT_GE(capacity, total);
		EXPECT_LE(capacity, 4 * total);
		/* The rest of the system takes and gives some, too. */
		EXPECT_LE(llabs(capacity - free_now - used), 16 << 20) {
			TH_LOG("node %d: used %lld, free %lld of %lld", o[i].nid, used, free_now,
			       capacity);
		}
	}
	EXPECT_GE(nodes, 1);
	free(o);
}

/* Core keeps the best of the initiators: it is one of ours, and the values are the same. */
TEST_F_TIMEOUT(map, best_initiators, HMS_TIMEOUT)
{
	struct object *o, link;
	int n, compared = 0;

	if (access(HMAT, F_OK))
		SKIP(return, "the firmware has no HMAT");
	if (access(SYS_NODES "/node0/access0/initiators/read_latency", F_OK))
		SKIP(return, "no CONFIG_HMEM_REPORTING or CONFIG_ACPI_HMAT");
	n = map_read(&o);
	for (int t = 0; t < n; t++) {
		for (int i = 0; i < n; i++) {
			char path[160];

			if (!is_node(&o[t]) || !is_cpus(&o[i]))
				continue;
			snprintf(path, sizeof(path), SYS_NODES "/node%d/access0/initiators/node%d",
				 o[t].nid, o[i].nid);
			if (access(path, F_OK))
				continue;
			ASSERT_TRUE(node_link(&o[i], &o[t], &link));
			for (__u32 a = 0; a < HMS_ATTRIBUTES; a++) {
				snprintf(path, sizeof(path),
					 SYS_NODES "/node%d/access0/initiators/%s", o[t].nid,
					 value_files[a]);
				EXPECT_EQ(number_read(path), object_number(&link, value_files[a])) {
					TH_LOG("node %d: %s", o[t].nid, value_files[a]);
				}
				compared++;
			}
		}
	}
	EXPECT_GE(compared, HMS_ATTRIBUTES);
	free(o);
}

/* Version 2 says what a load by the CPU finds; version 1 is what every program knows. */
TEST_F_TIMEOUT(map, versions, HMS_TIMEOUT)
{
	struct object *o;
	int n = map_read(&o);

	for (int i = 0; i < n; i++) {
		bool target = !strcmp(o[i].type, "target");

		EXPECT_EQ(target && o[i].version >= HMS_VERSION_DEVICE,
			  object_has(&o[i], "cpu_access"));
		if (!target)
			EXPECT_EQ(HMS_VERSION_ORDINARY, o[i].version);
		if (!strcmp(o[i].kind, "device-private"))
			EXPECT_STREQ("none", object_word(&o[i], "cpu_access"));
		EXPECT_EQ(o[i].uid, object_number(&o[i], "uid"));
	}
	free(o);
}

/* Values. */

/* All that a value file and what is about it say. */
struct said {
	char value[32], source[32];
	long long changed;
	__u64 generation;
};

static struct said said_of(const struct object *o, __u32 a)
{
	struct said s = { .changed = object_number(o, "generation"),
			  .generation = map_generation() };
	char file[32];

	snprintf(file, sizeof(file), "%s_source", value_files[a]);
	snprintf(s.value, sizeof(s.value), "%.30s", object_word(o, value_files[a]));
	snprintf(s.source, sizeof(s.source), "%.30s", object_word(o, file));
	return s;
}

#define EXPECT_SAID(s, _value, _source)						\
	do {									\
		EXPECT_STREQ(_value, (s).value);				\
		EXPECT_STREQ(_source, (s).source);				\
	} while (0)

#define EXPECT_SAME(a, b)							\
	do {									\
		EXPECT_SAID(b, (a).value, (a).source);				\
		EXPECT_EQ((a).changed, (b).changed);				\
		EXPECT_EQ((a).generation, (b).generation);			\
	} while (0)

/* A link that any test may write to. */
static bool some_link(struct object *link)
{
	return map_find("link", "node0-node0", link);
}

TEST_F_TIMEOUT(map, values, HMS_TIMEOUT)
{
	static const struct {
		const char *text, *value, *source;
	} writes[] = {
		{ "1234", "1234", "user" },
		{ "77\n", "77", "user" },
		{ "1234 measured", "1234", "measured" },
		{ "  8\tmeasured\t\n", "8", "measured" },
		{ "4294967295 user", "4294967295", "user" },
		{ "1", "1", "user" },
	};
	struct object link;

	ASSERT_TRUE(some_link(&link));
	for (__u32 a = 0; a < HMS_ATTRIBUTES; a++) {
		struct said given = said_of(&link, a), other, now;

		for (size_t i = 0; i < ARRAY_SIZE(writes); i++) {
			const char *text = writes[i].text;
			struct said before = said_of(&link, a);

			other = said_of(&link, (a + 1) % HMS_ATTRIBUTES);
			ASSERT_EQ(strlen(text),
				  object_write(&link, value_files[a], text, strlen(text)));
			now = said_of(&link, a);
			EXPECT_SAID(now, writes[i].value, writes[i].source);
			EXPECT_EQ(before.generation + 1, now.generation);
			EXPECT_EQ(now.generation, now.changed);
			now = said_of(&link, (a + 1) % HMS_ATTRIBUTES);
			EXPECT_SAID(now, other.value, other.source);
		}
		ASSERT_EQ(6, object_write(&link, value_files[a], "reset\n", 6));
		now = said_of(&link, a);
		EXPECT_SAID(now, given.value, given.source);
		EXPECT_EQ(now.generation, now.changed);
	}
}

/* Of what nobody knows, an administrator may. */
TEST_F_TIMEOUT(map, value_unknown, HMS_TIMEOUT)
{
	struct machine *m = machine_small();
	struct object link;

	ASSERT_EQ(0, machine_build(m, self->fd));
	link = machine_object(m, SMALL_FABRIC);
	EXPECT_SAID(said_of(&link, HMS_READ_LATENCY), "unknown", "unknown");
	EXPECT_SAID(said_of(&link, HMS_WRITE_LATENCY), "4294967295", "driver");
	ASSERT_EQ(1, object_write(&link, "read_latency", "5", 1));
	EXPECT_SAID(said_of(&link, HMS_READ_LATENCY), "5", "user");
	ASSERT_EQ(5, object_write(&link, "read_latency", "reset", 5));
	EXPECT_SAID(said_of(&link, HMS_READ_LATENCY), "unknown", "unknown");
	machine_free(m);
}

TEST_F_TIMEOUT(map, value_garbage, HMS_TIMEOUT)
{
	static char digits[5000];
#define BYTES(text)	{ text, sizeof(text) - 1 }
	static const struct {
		const char *bytes;
		size_t length;
	} garbage[] = {
		BYTES("\n"), BYTES(" "), BYTES("abc"), BYTES("-1"), BYTES("0"), BYTES("0 measured"),
		BYTES("00"), BYTES("4294967296"), BYTES("18446744073709551617"), BYTES("0x10"),
		BYTES("1.5"), BYTES("12x"), BYTES("12,5"), BYTES("1 2"), BYTES("12 firmware"),
		BYTES("12 estimated"), BYTES("12 driver"), BYTES("12 unknown"), BYTES("12 User"),
		BYTES("12 users"), BYTES("12 user x"), BYTES("12 measured 1"), BYTES("measured"),
		BYTES("reset now"), BYTES("reset reset"), BYTES("RESET"), BYTES("resets"),
		BYTES("12\0"), BYTES("12\0user"), BYTES("12 user\0x"), BYTES("\0"), BYTES("\00012"),
		BYTES("reset\0"), BYTES("000000000000012user"), BYTES("000000000000012 user"),
		BYTES("99999999999999999999999999999999999"), BYTES("12 measuredmeasured"),
		BYTES("%s%n"), BYTES("\xff\xfe"), { digits, sizeof(digits) },
	};
	struct object link;

	memset(digits, '1', sizeof(digits));
	ASSERT_TRUE(some_link(&link));
	for (__u32 a = 0; a < HMS_ATTRIBUTES; a++) {
		char source[32];

		/* On what was given, and on what was pushed. */
		for (int pushed = 0; pushed < 2; pushed++) {
			struct said before, after;

			if (pushed)
				ASSERT_EQ(2, object_write(&link, value_files[a], "42", 2));
			before = said_of(&link, a);
			for (size_t i = 0; i < ARRAY_SIZE(garbage); i++) {
				int ret = object_write(&link, value_files[a], garbage[i].bytes,
						       garbage[i].length);

				EXPECT_TRUE(ret == -EINVAL || ret == -ERANGE) {
					TH_LOG("'%.40s': %d", garbage[i].bytes, ret);
				}
				after = said_of(&link, a);
				EXPECT_SAME(before, after);
			}
			/* Nothing at all does not get to the module. */
			EXPECT_EQ(0, object_write(&link, value_files[a], "", 0));
			snprintf(source, sizeof(source), "%s_source", value_files[a]);
			EXPECT_GT(0, object_write(&link, source, "user", 4));
			EXPECT_GT(0, object_write(&link, "generation", "1", 1));
			after = said_of(&link, a);
			EXPECT_SAME(before, after);
		}
		ASSERT_EQ(5, object_write(&link, value_files[a], "reset", 5));
	}
}

static int open_to_write(void *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : 0;
}

static int open_to_read(void *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : 0;
}

/* Everybody may look, the administrator alone may write. */
TEST_F_TIMEOUT(map, permissions, HMS_TIMEOUT)
{
	struct object link;
	char path[256];

	ASSERT_TRUE(some_link(&link));
	for (__u32 a = 0; a < HMS_ATTRIBUTES; a++) {
		snprintf(path, sizeof(path), "%s/%s", link.path, value_files[a]);
		EXPECT_EQ(-EACCES, as_nobody(open_to_write, path));
		EXPECT_EQ(0, as_nobody(open_to_read, path));
	}
	EXPECT_EQ(0, as_nobody(open_to_read, SYS_MAP "/generation"));
	EXPECT_EQ(-EACCES, as_nobody(open_to_write, DEV_DESCRIBED));
	EXPECT_EQ(-EACCES, as_nobody(open_to_read, DEV_DESCRIBED));
}

/* Generations. */

/* What is no change of the map does not count as one. */
TEST_F_TIMEOUT(map, generation_stays, HMS_TIMEOUT)
{
	__u64 generation = map_generation();
	char *names = map_names(), *p = area(16 * PAGE);
	struct machine *m = machine_small();
	struct object *o;
	struct request r;

	ASSERT_NE(NULL, p);
	fill(p, 16 * PAGE, 1);
	for (int i = 0; i < self->e.nnodes + self->e.nsims; i++) {
		__u32 to = i < self->e.nnodes ? self->e.node[i] : self->e.sim[i - self->e.nnodes];

		EXPECT_EQ(0, migrate(self->e.fd, p, 16 * PAGE, to, &r));
		EXPECT_EQ(0, policy_set(self->e.fd, p, 16 * PAGE, HMS_MODE_BIND, 1, &to));
	}
	EXPECT_EQ(0, policy_clear(self->e.fd, p, 16 * PAGE));
	EXPECT_EQ(-ENOENT, migrate(self->e.fd, p, PAGE, 0xfffffff0, &r));
	EXPECT_PATTERN(p, 16 * PAGE, 1);
	free(names);
	names = map_names();
	free(names);
	EXPECT_GT(map_read(&o), 0);
	free(o);
	m->objects[SMALL_FABRIC].type = 4;
	EXPECT_EQ(-EINVAL, machine_build(m, self->fd));
	EXPECT_EQ(0, described_clear());
	EXPECT_EQ(generation, map_generation());
	machine_free(m);
}

/* No two objects are of the same generation, and none is newer than the map. */
TEST_F_TIMEOUT(map, generations, HMS_TIMEOUT)
{
	struct machine *m = machine_small();
	__u64 start = map_generation(), built, seen = 0, *all;
	struct object *o;
	int n;

	ASSERT_EQ(0, machine_build(m, self->fd));
	built = map_generation();
	EXPECT_GE(built, start + SMALL_OBJECTS);
	n = map_read(&o);
	ASSERT_GT(n, 0);
	all = calloc(n, sizeof(*all));
	for (int i = 0; i < n; i++) {
		__u64 changed = object_number(&o[i], "generation");
		bool ours = false;

		for (__u32 k = 0; k < m->build.nobjects; k++)
			ours |= m->objects[k].uid == o[i].uid;
		EXPECT_GT(changed, 0);
		EXPECT_LE(changed, built);
		EXPECT_EQ(ours, changed > start);
		for (int k = 0; k < i; k++)
			EXPECT_NE(changed, all[k]);
		all[i] = changed;
		seen = changed > seen ? changed : seen;
	}
	EXPECT_EQ(built, seen);
	free(all);
	free(o);
	EXPECT_EQ(0, described_clear());
	EXPECT_GE(map_generation(), built + SMALL_OBJECTS);
	machine_free(m);
}

/* Machines that are described. */

TEST_F_TIMEOUT(map, build, HMS_TIMEOUT)
{
	char *names = map_names();
	struct machine *m = machine_small(), *other = machine_small();
	__u32 last = 0;

	ASSERT_EQ(0, machine_build(m, self->fd));
	EXPECT_STREQ("", machine_differs(m));
	EXPECT_EQ(self->count + SMALL_OBJECTS, map_count());
	EXPECT_EQ(0, m->build.error_index);

	/* Another one like it is another one; it does not matter who asks for it. */
	ASSERT_EQ(0, machine_build(other, self->fd));
	EXPECT_STREQ("", machine_differs(other));
	EXPECT_STREQ("", machine_differs(m));
	EXPECT_EQ(self->count + 2 * SMALL_OBJECTS, map_count());
	close(self->fd);
	EXPECT_STREQ("", machine_differs(m));

	for (__u32 i = 0; i < SMALL_OBJECTS; i++)
		last = other->objects[i].uid > last ? other->objects[i].uid : last;
	EXPECT_EQ(0, described_clear());
	EXPECT_STREQ("", machine_is_left(m));
	EXPECT_STREQ("", machine_is_left(other));
	EXPECT_NAMES(names);
	EXPECT_EQ(0, described_clear());

	/* No uid is used again. */
	self->fd = described_open();
	ASSERT_EQ(0, machine_build(m, self->fd));
	for (__u32 i = 0; i < SMALL_OBJECTS; i++)
		EXPECT_GT(m->objects[i].uid, last);
	machine_free(m);
	machine_free(other);
	free(names);
}

/* How many objects udev has heard of, that have come ("add") or gone; -1: of one twice. */
static int uevents(int fd, const char *what, const struct machine *m)
{
	char text[8192], folder[64];
	int heard[SMALL_OBJECTS] = { }, n = 0;
	ssize_t size;

	while ((size = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT)) > 0) {
		text[size] = 0;
		for (__u32 i = 0; i < SMALL_OBJECTS; i++) {
			struct object o = machine_object(m, i);

			snprintf(folder, sizeof(folder), "%.60s", strrchr(o.path, '/'));
			if (strncmp(text, what, strlen(what)) || !strstr(text, folder))
				continue;
			n++;
			if (heard[i]++)
				return -1;
		}
	}
	return n;
}

/* udev hears of each object once. */
TEST_F_TIMEOUT(map, uevents, HMS_TIMEOUT)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	struct machine *m = machine_small();

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, bind(fd, (struct sockaddr *)&kernel, sizeof(kernel)));
	ASSERT_EQ(0, machine_build(m, self->fd));
	EXPECT_EQ(SMALL_OBJECTS, uevents(fd, "add@", m));
	ASSERT_EQ(0, described_clear());
	EXPECT_EQ(SMALL_OBJECTS, uevents(fd, "remove@", m));
	close(fd);
	machine_free(m);
}

/* The smallest machine, and the structs of another program. */
TEST_F_TIMEOUT(map, build_sizes, HMS_TIMEOUT)
{
	struct {
		struct hms_sim_build build;
		__u8 tail[PAGE];
	} big = { };
	struct machine *m = machine_new();

	machine_link(m, "alone");
	m->build.edges = 0;
	ASSERT_EQ(0, machine_build(m, self->fd));
	EXPECT_STREQ("", machine_differs(m));

	for (__u32 size = 0; size < sizeof(m->build); size += 4) {
		m->build.size = size;
		EXPECT_EQ(-EINVAL, machine_build(m, self->fd));
	}
	m->build.size = sizeof(m->build);
	big.build = m->build;
	big.build.size = PAGE;
	EXPECT_EQ(0, call(self->fd, HMS_SIM_BUILD, &big));
	EXPECT_EQ(self->count + 2, map_count());
	big.tail[100] = 1;
	EXPECT_EQ(-E2BIG, call(self->fd, HMS_SIM_BUILD, &big));
	big.tail[100] = 0;
	big.build.size = PAGE + 8;
	EXPECT_EQ(-E2BIG, call(self->fd, HMS_SIM_BUILD, &big));
	EXPECT_EQ(-EFAULT, call(self->fd, HMS_SIM_BUILD, NULL));
	EXPECT_EQ(-EFAULT, call(self->fd, HMS_SIM_BUILD, (void *)0xffff888000000000UL));
	EXPECT_EQ(-ENOTTY, call(self->fd, HMS_SIM_INFO, &big));
	EXPECT_EQ(-ENOTTY, call(self->fd, _IO(HMS_SIM_IOCTL_BASE, 0xd9), &big));
	EXPECT_EQ(-ENOTTY, call(self->e.fd, HMS_SIM_BUILD, &m->build));
	if (self->e.nsims)
		EXPECT_EQ(-ENOTTY, call(self->e.sim_fd[0], HMS_SIM_BUILD, &m->build));
	EXPECT_EQ(self->count + 2, map_count());
	machine_free(m);
}

/* Where a request is spoilt: in its own fields, in an object, in an edge. */
enum part { BUILD, OBJECT, EDGE };

/*
 * One thing that is wrong with machine_small(): a field is set to a number, or when it is a text
 * filled with a character. @index: what error_index says, -1: that is not said.
 */
struct spoilt {
	const char *what;
	enum part part;
	__u32 i;
	size_t offset, size;
	__u64 value;
	int error;
	int index;
};

#define FIELD(type, field)	offsetof(type, field), sizeof(((type *)NULL)->field)
#define BAD_BUILD(field, value, error)						\
	{ #field " " #value, BUILD, 0, FIELD(struct hms_sim_build, field), value, error, -1 }
#define BAD(i, field, value)							\
	{ #i " " #field " " #value, OBJECT, i,					\
	  FIELD(struct hms_sim_object, field), value, -EINVAL, i }
#define BAD_EDGE(i, field, value)						\
	{ "edge " #i " " #field " " #value, EDGE, i,				\
	  FIELD(struct hms_sim_edge, field), value, -EINVAL, SMALL_OBJECTS + (i) }

static const struct spoilt spoilt[] = {
	BAD_BUILD(flags, 1, -EINVAL),
	BAD_BUILD(flags, 0x80000000, -EINVAL),
	BAD_BUILD(objects, 0, -EFAULT),
	BAD_BUILD(objects, 0xffff888000000000, -EFAULT),
	BAD_BUILD(objects, 0xffffffffffffffff, -EFAULT),
	BAD_BUILD(edges, 0, -EFAULT),
	BAD_BUILD(edges, 0xffff888000000000, -EFAULT),
	BAD_BUILD(nobjects, 0, -EINVAL),
	BAD_BUILD(nobjects, HMS_SIM_MAX_OBJECTS + 1, -E2BIG),
	BAD_BUILD(nobjects, 0xffffffff, -E2BIG),
	BAD_BUILD(nedges, HMS_SIM_MAX_EDGES + 1, -E2BIG),
	BAD_BUILD(nedges, 0xffffffff, -E2BIG),
	BAD_BUILD(object_size, 0, -EINVAL),
	BAD_BUILD(object_size, sizeof(struct hms_sim_object) - 8, -EINVAL),
	BAD_BUILD(object_size, sizeof(struct hms_sim_object) + 8, -EINVAL),
	BAD_BUILD(object_size, 0xffffffff, -EINVAL),

	BAD(SMALL_CPU, type, 4),
	BAD(SMALL_CPU, type, 0xffffffff),
	BAD(SMALL_CPU, type, HMS_LINK),
	BAD(SMALL_CPU, version, 0),
	BAD(SMALL_CPU, version, 2),
	BAD(SMALL_CPU, name, 'x'),
	BAD(SMALL_CPU, name[0], 0),
	BAD(SMALL_CPU, name[0], '/'),
	BAD(SMALL_CPU, name[3], '\n'),
	BAD(SMALL_CPU, kind, 'x'),
	BAD(SMALL_CPU, kind[0], 0),
	BAD(SMALL_CPU, kind[3], 's'),
	BAD(SMALL_CPU, kind[0], '/'),
	BAD(SMALL_CPU, properties, HMS_PROP_COHERENT),
	BAD(SMALL_CPU, from, SMALL_BUS),
	BAD(SMALL_CPU, to, SMALL_BUS),
	BAD(SMALL_CPU, capacity, 4096),
	BAD(SMALL_CPU, values[0].value, 1),
	BAD(SMALL_CPU, values[3].source, HMS_SOURCE_DRIVER),

	BAD(SMALL_RAM, version, 0),
	BAD(SMALL_RAM, name, 'x'),
	BAD(SMALL_RAM, name[0], 0),
	BAD(SMALL_RAM, name[5], '/'),
	BAD(SMALL_RAM, kind[0], 0),
	BAD(SMALL_RAM, kind[4], 's'),
	BAD(SMALL_RAM, kind[0], 'N'),
	BAD(SMALL_RAM, kind, 'x'),
	BAD(SMALL_RAM, properties, 0),
	BAD(SMALL_RAM, properties, HMS_PROP_CPU_ACCESSIBLE),
	BAD(SMALL_RAM, properties, HMS_PROP_COHERENT),
	BAD(SMALL_RAM, properties, HMS_PROP_DEVICE_PRIVATE),
	BAD(SMALL_RAM, properties, ORDINARY | HMS_PROP_DEVICE_PRIVATE),
	BAD(SMALL_RAM, properties, ORDINARY | HMS_PROP_DESCRIBED),
	BAD(SMALL_RAM, properties, ORDINARY | 1U << 5),
	BAD(SMALL_RAM, properties, ORDINARY | 1U << 31),
	BAD(SMALL_RAM, from, SMALL_BUS),
	BAD(SMALL_RAM, to, SMALL_FABRIC),
	BAD(SMALL_RAM, values[1].value, 1),
	BAD(SMALL_RAM, values[1].source, HMS_SOURCE_USER),
	BAD(SMALL_VRAM, version, 0),
	BAD(SMALL_VRAM, version, 1),
	BAD(SMALL_VRAM, properties, HMS_PROP_DEVICE_PRIVATE | HMS_PROP_CPU_ACCESSIBLE),
	BAD(SMALL_POOL, version, 1),
	BAD(SMALL_POOL, properties, HMS_PROP_DEVICE_PRIVATE | ORDINARY),

	BAD(SMALL_BUS, version, 0),
	BAD(SMALL_BUS, version, 2),
	BAD(SMALL_BUS, name, 'x'),
	BAD(SMALL_BUS, name[0], 0),
	BAD(SMALL_BUS, name[1], '\n'),
	BAD(SMALL_BUS, kind[0], 'x'),
	BAD(SMALL_BUS, kind, 'x'),
	BAD(SMALL_BUS, properties, ORDINARY),
	BAD(SMALL_BUS, capacity, 1),
	BAD(SMALL_BUS, from, SMALL_FABRIC),
	BAD(SMALL_BUS, to, SMALL_FABRIC),
	BAD(SMALL_BUS, values[0].source, HMS_SOURCE_DRIVER + 1),
	BAD(SMALL_BUS, values[3].source, 0xffffffff),
	BAD(SMALL_BUS, values[2].source, HMS_SOURCE_UNKNOWN),
	BAD(SMALL_BUS, values[2].value, 0),

	BAD(SMALL_UP, version, 0),
	BAD(SMALL_UP, version, 2),
	BAD(SMALL_UP, name[0], 0),
	BAD(SMALL_UP, kind[0], 'x'),
	BAD(SMALL_UP, properties, ORDINARY),
	BAD(SMALL_UP, capacity, 1),
	BAD(SMALL_UP, from, SMALL_FABRIC),
	BAD(SMALL_UP, to, SMALL_BUS),
	BAD(SMALL_UP, from, SMALL_CPU),
	BAD(SMALL_UP, from, SMALL_RAM),
	BAD(SMALL_UP, from, SMALL_UP),
	BAD(SMALL_UP, to, SMALL_DOWN),
	BAD(SMALL_UP, to, SMALL_GPU),
	BAD(SMALL_UP, from, SMALL_OBJECTS),
	BAD(SMALL_UP, to, SMALL_OBJECTS),
	BAD(SMALL_UP, from, 0xffffffff),
	BAD(SMALL_UP, to, 0x80000000),
	BAD(SMALL_UP, values[0].source, HMS_SOURCE_DRIVER + 1),
	BAD(SMALL_UP, values[1].source, HMS_SOURCE_UNKNOWN),
	BAD(SMALL_DOWN, values[1].source, HMS_SOURCE_DRIVER),
	BAD(SMALL_DOWN, values[1].value, 1),

	BAD_EDGE(0, hub, SMALL_OBJECTS),
	BAD_EDGE(0, spoke, SMALL_OBJECTS),
	BAD_EDGE(1, hub, 0xffffffff),
	BAD_EDGE(1, spoke, 0xffffffff),
	BAD_EDGE(2, hub, SMALL_RAM),
	BAD_EDGE(2, hub, SMALL_CPU),
	BAD_EDGE(3, spoke, SMALL_BUS),
	BAD_EDGE(3, spoke, SMALL_FABRIC),
	BAD_EDGE(4, spoke, SMALL_UP),
	BAD_EDGE(5, spoke, SMALL_RAM),
	BAD_EDGE(5, spoke, SMALL_BUS),
	BAD_EDGE(5, spoke, SMALL_UP),
};

TEST_F_TIMEOUT(map, build_refused, HMS_TIMEOUT)
{
	struct machine *m = machine_small();
	char *names = map_names();

	for (size_t i = 0; i < ARRAY_SIZE(spoilt); i++) {
		const struct spoilt *s = &spoilt[i];
		char *part = s->part == BUILD ? (char *)&m->build :
			     s->part == OBJECT ? (char *)&m->objects[s->i] :
						 (char *)&m->edges[s->i];
		__u64 saved[8];

		memcpy(saved, part + s->offset, s->size);
		if (s->size > 8)
			memset(part + s->offset, s->value, s->size);
		else
			memcpy(part + s->offset, &s->value, s->size);
		EXPECT_EQ(s->error, machine_build(m, self->fd)) {
			TH_LOG("%s", s->what);
		}
		if (s->index >= 0) {
			EXPECT_EQ(s->index, m->build.error_index) {
				TH_LOG("%s", s->what);
			}
		}
		memcpy(part + s->offset, saved, s->size);
		EXPECT_NAMES(names);
	}
	/* And right again. */
	EXPECT_EQ(0, machine_build(m, self->fd));
	EXPECT_STREQ("", machine_differs(m));
	machine_free(m);
	free(names);
}

/* What goes wrong when much has been made already. */
TEST_F_TIMEOUT(map, build_fails_late, HMS_TIMEOUT)
{
	const size_t size = SMALL_OBJECTS * sizeof(struct hms_sim_object);
	struct machine *m = machine_small();
	char *names = map_names(), *p;

	/* An edge is there twice: at a link, at a bridge. */
	machine_edge(m, SMALL_BUS, SMALL_RAM);
	EXPECT_EQ(-EEXIST, machine_build(m, self->fd));
	EXPECT_EQ(SMALL_OBJECTS + SMALL_EDGES, m->build.error_index);
	EXPECT_NAMES(names);
	m->edges[SMALL_EDGES] = (struct hms_sim_edge) { SMALL_UP, SMALL_CPU };
	EXPECT_EQ(-EEXIST, machine_build(m, self->fd));
	EXPECT_NAMES(names);
	m->build.nedges--;

	/* The uids can't be written. */
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, p);
	memcpy(p, m->objects, size);
	ASSERT_EQ(0, mprotect(p, 2 * PAGE, PROT_READ));
	m->build.objects = u64_ptr(p);
	EXPECT_EQ(-EFAULT, call(self->fd, HMS_SIM_BUILD, &m->build));
	EXPECT_NAMES(names);

	/* The last byte of it is missing. */
	ASSERT_EQ(0, mprotect(p, 2 * PAGE, PROT_READ | PROT_WRITE));
	ASSERT_EQ(0, munmap(p + PAGE, PAGE));
	memmove(p + PAGE - size + 1, m->objects, size - 1);
	m->build.objects = u64_ptr(p + PAGE - size + 1);
	EXPECT_EQ(-EFAULT, call(self->fd, HMS_SIM_BUILD, &m->build));
	EXPECT_NAMES(names);
	memcpy(p + PAGE - size, m->objects, size);
	m->build.objects = u64_ptr(p + PAGE - size);
	EXPECT_EQ(0, call(self->fd, HMS_SIM_BUILD, &m->build));
	memcpy(m->objects, p + PAGE - size, size);
	EXPECT_STREQ("", machine_differs(m));
	machine_free(m);
	free(names);
}

/* A thousand objects in a circle. */
TEST_F_TIMEOUT(map, build_large, HMS_TIMEOUT)
{
	struct machine *m = machine_ring(250);
	char *names = map_names();

	ASSERT_EQ(0, machine_build(m, self->fd));
	EXPECT_EQ(self->count + 1000, map_count());
	EXPECT_STREQ("", machine_sample_differs(m, 7));
	EXPECT_EQ(0, described_clear());
	EXPECT_NAMES(names);
	machine_free(m);
	free(names);
}

/* Signals. */

static void nothing(int signal)
{
}

/* A child that builds @m, or clears; it exits with the errno, and hears of SIGUSR1. */
static pid_t child_calls(int fd, struct machine *m, int flags)
{
	const struct sigaction action = { .sa_handler = nothing, .sa_flags = flags };
	pid_t pid = fork();

	if (pid)
		return pid;
	sigaction(SIGUSR1, &action, NULL);
	_exit(-(m ? machine_build(m, fd) : call(fd, HMS_SIM_CLEAR, NULL)));
}

/* Sends a child a signal when the map has no longer so many objects. */
static int interrupt(pid_t pid, int signal, int count)
{
	while (map_count() == count)
		sched_yield();
	return kill(pid, signal);
}

/* All or nothing, with more objects than are ever built here. */
TEST_F_TIMEOUT(map, build_interrupted, HMS_TIMEOUT)
{
	struct machine *m = machine_ring(HMS_SIM_MAX_OBJECTS / 4);
	char *names = map_names();
	int status;
	pid_t pid;

	pid = child_calls(self->fd, m, SA_RESTART);
	ASSERT_GE(pid, 0);
	ASSERT_EQ(0, interrupt(pid, SIGUSR1, self->count));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(EINTR, WEXITSTATUS(status));
	EXPECT_NAMES(names);

	/* Stopped, there is nothing either; and then it begins again. */
	pid = child_calls(self->fd, m, 0);
	ASSERT_GE(pid, 0);
	ASSERT_EQ(0, interrupt(pid, SIGSTOP, self->count));
	ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	EXPECT_TRUE(WIFSTOPPED(status));
	EXPECT_NAMES(names);
	ASSERT_EQ(0, kill(pid, SIGCONT));
	ASSERT_EQ(0, interrupt(pid, SIGKILL, self->count));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_NAMES(names);
	machine_free(m);
	free(names);
}

/* What is removed stays so, and the next goes on; as does the same, when it is to be restarted. */
TEST_F_TIMEOUT(map, clear_interrupted, 2 * HMS_TIMEOUT)
{
	struct machine *m = machine_ring(100);
	char *names = map_names();
	int status = 0, tries, left;
	pid_t pid;

	/* It may be over before it hears of the signal. */
	for (tries = 0; tries < 5 && !status; tries++) {
		ASSERT_EQ(0, machine_build(m, self->fd));
		pid = child_calls(self->fd, NULL, 0);
		ASSERT_GE(pid, 0);
		ASSERT_EQ(0, interrupt(pid, SIGUSR1, self->count + 400));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
	}
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(EINTR, WEXITSTATUS(status));
	left = map_count();
	EXPECT_GT(left, self->count);
	EXPECT_LT(left, self->count + 400);

	pid = child_calls(self->fd, NULL, SA_RESTART);
	ASSERT_GE(pid, 0);
	ASSERT_EQ(0, interrupt(pid, SIGUSR1, left));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_NAMES(names);
	machine_free(m);
	free(names);
}

#define MAX_EDGES_OF_ONE	2048

/* A link, or an initiator, with one edge more than there may be. */
TEST_F_TIMEOUT(map, build_too_many_edges, HMS_TIMEOUT)
{
	char *names = map_names();

	for (int of_link = 0; of_link < 2; of_link++) {
		struct machine *m = machine_new();

		if (of_link)
			machine_link(m, "one");
		else
			machine_initiator(m, "one", "cpu");
		for (__u32 i = 1; i <= MAX_EDGES_OF_ONE + 1; i++) {
			if (of_link) {
				machine_initiator(m, "many", "device");
				machine_edge(m, 0, i);
			} else {
				machine_link(m, "many");
				machine_edge(m, i, 0);
			}
		}
		EXPECT_EQ(-ENOSPC, machine_build(m, self->fd));
		EXPECT_EQ(m->build.nobjects + MAX_EDGES_OF_ONE, m->build.error_index);
		EXPECT_NAMES(names);
		machine_free(m);
	}
	free(names);
}

/* Who builds and who clears are in each other's way, while somebody looks. */
TEST_F_TIMEOUT(map, build_at_once, HMS_TIMEOUT)
{
	char *names = map_names();
	struct peer peers[4];

	for (size_t k = 0; k < ARRAY_SIZE(peers); k++) {
		pid_t pid = peer_fork(&peers[k]);

		ASSERT_GE(pid, 0);
		if (!pid) {
			struct machine *m = machine_small();

			for (int i = 0; i < 20; i++) {
				EXPECT_EQ(0, machine_build(m, self->fd));
				free(map_names());
				if (k < 2)
					EXPECT_EQ(0, described_clear());
			}
			_exit(0);
		}
	}
	for (size_t k = 0; k < ARRAY_SIZE(peers); k++)
		EXPECT_EQ(0, peer_wait(&peers[k]));
	EXPECT_EQ(0, described_clear());
	EXPECT_NAMES(names);
	free(names);
}

/* A file of an object that goes while it is open has nothing to say any more. */
TEST_F_TIMEOUT(map, open_file_of_a_gone_object, HMS_TIMEOUT)
{
	struct machine *m = machine_small();
	struct object link;
	char path[256], c;
	int read_fd, write_fd;

	ASSERT_EQ(0, machine_build(m, self->fd));
	link = machine_object(m, SMALL_BUS);
	snprintf(path, sizeof(path), "%s/read_latency", link.path);
	read_fd = open(path, O_RDONLY | O_CLOEXEC);
	write_fd = open(path, O_WRONLY | O_CLOEXEC);
	ASSERT_GE(read_fd, 0);
	ASSERT_GE(write_fd, 0);
	EXPECT_EQ(0, described_clear());
	EXPECT_EQ(-1, read(read_fd, &c, 1));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(-1, write(write_fd, "1", 1));
	EXPECT_EQ(ENODEV, errno);
	machine_free(m);
}

/* The module goes, and with it what it described; an open descriptor keeps it. */
TEST_F_TIMEOUT(map, unload, HMS_TIMEOUT)
{
	struct machine *m = machine_small(), *ring = machine_ring(20);
	int ret;

	if (access(SIM_MODULE, R_OK))
		SKIP(return, "no " SIM_MODULE);
	ASSERT_EQ(0, machine_build(m, self->fd));
	ASSERT_EQ(0, machine_build(ring, self->fd));
	env_close(&self->e);
	/* After this their uids are others. */
	self->e.nsims = 0;
	EXPECT_EQ(-EAGAIN, sim_unload());
	EXPECT_STREQ("", machine_differs(m));
	close(self->fd);
	ret = sim_unload_wait();
	EXPECT_STREQ("", machine_is_left(m));
	EXPECT_STREQ("", machine_is_left(ring));
	if (!ret)
		ret = sim_load();
	EXPECT_EQ(0, ret);
	machine_free(m);
	machine_free(ring);
}

/* A target of a machine that is not there is for looking at. */
TEST_F_TIMEOUT(map, described_targets_hold_nothing, HMS_TIMEOUT)
{
	static const struct {
		__u32 object, version;
		int error;
		__u32 why;
	} cases[] = {
		{ SMALL_RAM, 1, -EOPNOTSUPP, HMS_WHY_DESCRIBED },
		{ SMALL_RAM, 9, -EOPNOTSUPP, HMS_WHY_DESCRIBED },
		{ SMALL_VRAM, 1, -EINVAL, HMS_WHY_VERSION },
		{ SMALL_VRAM, 2, -EOPNOTSUPP, HMS_WHY_DESCRIBED },
		{ SMALL_POOL, 2, -EINVAL, HMS_WHY_VERSION },
		{ SMALL_POOL, 3, -EOPNOTSUPP, HMS_WHY_DESCRIBED },
		{ SMALL_POOL, 0xffffffff, -EOPNOTSUPP, HMS_WHY_DESCRIBED },
		{ SMALL_BUS, 3, -EINVAL, HMS_WHY_NOT_A_TARGET },
		{ SMALL_CPU, 3, -EINVAL, HMS_WHY_NOT_A_TARGET },
		{ SMALL_UP, 3, -EINVAL, HMS_WHY_NOT_A_TARGET },
	};
	struct machine *m = machine_small();
	char *p = area(8 * PAGE);
	struct state before, after;
	struct object pool;
	struct request r;

	ASSERT_NE(NULL, p);
	fill(p, 4 * PAGE, 1);
	ASSERT_EQ(0, policy_set(self->e.fd, p, 2 * PAGE, HMS_MODE_PREFERRED, 1, self->e.node));
	ASSERT_EQ(0, state_read(&before, self->e.fd, p, 8 * PAGE));
	ASSERT_EQ(0, machine_build(m, self->fd));
	pool = machine_object(m, SMALL_POOL);
	EXPECT_NE(NULL, strstr(pool.path, "/v3-"));
	EXPECT_TRUE(object_is_there(&pool));

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (int what = 1; what < 8; what++) {
			request_init(&r, p, 8 * PAGE);
			r.h.version = cases[i].version;
			request_target(&r, self->e.node[0]);
			request_target(&r, m->objects[cases[i].object].uid);
			if (what & 1)
				request_modifier(&r, HMS_MOD_MODE, HMS_MODE_BIND);
			if (what & 2)
				request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
			if (what & 4)
				request_modifier(&r, HMS_MOD_POPULATE, 1);
			EXPECT_EQ(cases[i].error, request_send(&r, self->e.fd)) {
				TH_LOG("case %zu, %d", i, what);
			}
			EXPECT_EQ(HMS_ERROR_TARGET, r.h.error_where);
			EXPECT_EQ(1, r.h.error_index);
			EXPECT_EQ(cases[i].why, r.h.error_why);
		}
	}
	ASSERT_EQ(0, state_read(&after, self->e.fd, p, 8 * PAGE));
	EXPECT_STREQ("", state_differs(&before, &after));
	EXPECT_PATTERN(p, 4 * PAGE, 1);
	ASSERT_EQ(0, migrate(self->e.fd, p, 4 * PAGE, self->e.node[self->e.nnodes - 1], &r));
	EXPECT_COUNTS(&r);
	EXPECT_PATTERN(p, 4 * PAGE, 1);

	EXPECT_EQ(0, described_clear());
	EXPECT_EQ(-ENODEV, migrate(self->e.fd, p, PAGE, m->objects[SMALL_RAM].uid, &r));
	EXPECT_EQ(HMS_WHY_GONE, r.h.error_why);
	machine_free(m);
}

/* CPUs that come and go. */

/* Links from a node to any. */
static int links_from(int nid)
{
	char pattern[32];

	snprintf(pattern, sizeof(pattern), "node%d-node*", nid);
	return map_count_named("link", pattern);
}

TEST_F_TIMEOUT(map, cpu_hotplug, HMS_TIMEOUT)
{
	int nid = lone_cpu_find(self->online, sizeof(self->online));
	struct object initiator, link, target;
	__u32 last_initiator, last_link;
	char name[16];
	__u64 generation;

	if (nid < 0)
		SKIP(return, "no node has one CPU that can go: CONFIG_HOTPLUG_CPU, CONFIG_NUMA?");
	snprintf(name, sizeof(name), "node%d", nid);
	for (int round = 0; round < 2; round++) {
		int links = links_from(nid);

		ASSERT_TRUE(map_find("initiator", name, &initiator));
		ASSERT_TRUE(map_find("target", name, &target));
		ASSERT_TRUE(node_link(&initiator, &target, &link));
		EXPECT_EQ(self->e.nnodes, links);
		last_initiator = initiator.uid;
		last_link = link.uid;
		generation = map_generation();

		ASSERT_EQ(0, text_write(self->online, "0"));
		EXPECT_FALSE(map_find("initiator", name, &initiator));
		EXPECT_EQ(0, links_from(nid));
		EXPECT_TRUE(object_is_there(&target));
		/* Each that went, and the targets of the links. */
		EXPECT_GE(map_generation(), generation + 1 + 2 * links);
		EXPECT_EQ(self->count - 1 - links, map_count());

		ASSERT_EQ(0, text_write(self->online, "1"));
		ASSERT_TRUE(map_find("initiator", name, &initiator));
		EXPECT_GT(initiator.uid, last_initiator);
		EXPECT_EQ(links, links_from(nid));
		ASSERT_TRUE(node_link(&initiator, &target, &link));
		EXPECT_GT(link.uid, last_link);
		EXPECT_TRUE(object_leads(&target, NULL, &link));
		EXPECT_EQ(figure_of(nid, nid, HMS_READ_LATENCY).value,
			  object_number(&link, "read_latency"));
	}
}

/* Allocations fail, one after the other: one in so many, as core makes most of them, all alike. */

#define MAX_NTH	5000
#define STRIDE	3

TEST_F_TIMEOUT(map, build_without_memory, 2 * HMS_TIMEOUT)
{
	struct machine *m = machine_new();
	char *names = map_names();
	int nth, n, ret = -EIO, left = 0, failed = 0;
	const char *why = failnth_open(&nth);

	if (*why)
		SKIP(return, "%s", why);
	machine_link(m, "a");
	machine_link(m, "b");
	machine_initiator(m, "c", "cpu");
	machine_target(m, "d", "device-private", 2, HMS_PROP_DEVICE_PRIVATE, PAGE);
	machine_bridge(m, "e", 0, 1);
	machine_value(m, 0, HMS_READ_LATENCY, 1, HMS_SOURCE_DRIVER);
	machine_edge(m, 0, 2);
	machine_edge(m, 1, 3);
	machine_edge(m, 4, 2);
	for (n = 1; n < MAX_NTH && !left; n += STRIDE) {
		ASSERT_EQ(0, failnth_arm(nth, n));
		ret = machine_build(m, self->fd);
		left = failnth_disarm(nth);
		ASSERT_GE(left, 0);
		if (!ret) {
			/* Core does without some, such as an event. */
			EXPECT_STREQ("", machine_differs(m)) {
				TH_LOG("failure %d", n);
			}
			ASSERT_EQ(0, described_clear());
		} else {
			EXPECT_EQ(-ENOMEM, ret);
			failed++;
		}
		EXPECT_EQ(self->count, map_count());
	}
	EXPECT_NAMES(names);
	EXPECT_EQ(0, ret);
	EXPECT_GE(failed, 20);
	printf("# of %d allocations, %d failed the request\n", n - STRIDE - left, failed);
	machine_free(m);
	free(names);
}

TEST_HARNESS_MAIN
