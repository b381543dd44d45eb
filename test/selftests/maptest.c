// SPDX-License-Identifier: GPL-2.0
/* The map in sysfs, and machines that are described; see maptest.h. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "maptest.h"

const char *const type_names[] = { "target", "initiator", "link", "bridge" };

const char *const source_names[] = {
	"unknown", "firmware", "estimated", "measured", "user", "driver",
};

const char *const value_files[] = {
	"read_bandwidth", "write_bandwidth", "read_latency", "write_latency",
};

/* The map as a whole. */

static __u64 map_number(const char *file)
{
	char path[64], text[32];

	snprintf(path, sizeof(path), SYS_MAP "/%s", file);
	return text_read(path, text, sizeof(text)) ? 0 : strtoull(text, NULL, 10);
}

__u64 map_generation(void)
{
	return map_number("generation");
}

__u64 map_instance(void)
{
	return map_number("instance");
}

static int visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

int map_count(void)
{
	DIR *dir = opendir(SYS_DEVICES);
	const struct dirent *d;
	int n = 0;

	if (!dir)
		return -errno;
	while ((d = readdir(dir)))
		n += visible(d);
	closedir(dir);
	return n;
}

/* The names of all objects, one a line; to be freed. */
char *map_names(void)
{
	struct dirent **names;
	size_t size = 0;
	char *text;
	int n = scandir(SYS_DEVICES, &names, visible, alphasort);
	FILE *f = open_memstream(&text, &size);

	for (int i = 0; i < n; i++) {
		fprintf(f, "%s\n", names[i]->d_name);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	fclose(f);
	return text;
}

/* How many of this type have such a name, by fnmatch(3). */
int map_count_named(const char *type, const char *pattern)
{
	struct object *all;
	int n = map_read(&all), found = 0;

	for (int i = 0; i < n; i++)
		found += !strcmp(all[i].type, type) &&
			 !fnmatch(pattern, object_word(&all[i], "name"), 0);
	free(all);
	return found;
}

/* One that has this type and name; of initiators and links of a node there may be more. */
bool map_find(const char *type, const char *name, struct object *o)
{
	struct object *all;
	int n = map_read(&all);
	bool found = false;

	for (int i = 0; i < n && !found; i++) {
		found = !strcmp(all[i].type, type) && !strcmp(object_word(&all[i], "name"), name);
		if (found)
			*o = all[i];
	}
	free(all);
	return found;
}

/* CPUs. */

/* The CPUs of a node, as an initiator; 0 for none. */
__u32 cpus_of_node(int nid)
{
	struct object *o;
	int n = map_read(&o);
	__u32 uid = 0;

	for (int i = 0; i < n; i++) {
		if (!strcmp(o[i].type, "initiator") && !strcmp(o[i].kind, "cpu") && o[i].nid == nid)
			uid = o[i].uid;
	}
	free(o);
	return uid;
}

/* A CPU that is the only one of its node, and can be taken away; its node, or -1. */
int lone_cpu_find(char *file, size_t size)
{
	char path[64], text[64], *end;
	long cpu;

	for (int nid = 0; nid < MAX_NODES; nid++) {
		snprintf(path, sizeof(path), SYS_NODES "/node%d/cpulist", nid);
		if (text_read(path, text, sizeof(text)))
			continue;
		cpu = strtol(text, &end, 10);
		snprintf(file, size, "/sys/devices/system/cpu/cpu%ld/online", cpu);
		if (end != text && !*end && !access(file, W_OK))
			return nid;
	}
	file[0] = 0;
	return -1;
}

/* One object. */

/* Where an object is, if it is there. */
struct object object_at(__u32 version, __u32 uid, __u32 type)
{
	struct object o = { .version = version, .uid = uid, .nid = -1 };

	snprintf(o.type, sizeof(o.type), "%s", type_names[type]);
	snprintf(o.path, sizeof(o.path), SYS_DEVICES "/v%u-%u-%s", version, uid, o.type);
	return o;
}

bool object_is_there(const struct object *o)
{
	return !access(o->path, F_OK);
}

static const char *file_of(const struct object *o, const char *file)
{
	static char path[400];

	snprintf(path, sizeof(path), "%s/%s", o->path, file);
	return path;
}

bool object_has(const struct object *o, const char *file)
{
	return !access(file_of(o, file), F_OK);
}

int object_text(const struct object *o, const char *file, char *text, size_t size)
{
	return text_read(file_of(o, file), text, size);
}

/* The text of a file, until the eighth call from this one; "(none)" when it can't be read. */
const char *object_word(const struct object *o, const char *file)
{
	static char words[8][256];
	static unsigned int next;
	char *word = words[next++ % 8];

	if (object_text(o, file, word, sizeof(words[0])))
		snprintf(word, sizeof(words[0]), "(none)");
	return word;
}

long long object_number(const struct object *o, const char *file)
{
	return number_read(file_of(o, file));
}

/* By one write(2); returns what it took. */
int object_write(const struct object *o, const char *file, const void *bytes, size_t length)
{
	int fd = open(file_of(o, file), O_WRONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, bytes, length);
	if (ret < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Where a symlink leads: the last part of it, "" when it is none. */
static const char *leads_where(const struct object *o, const char *name)
{
	static char text[512];
	ssize_t n = readlink(file_of(o, name), text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = 0;
	return base_name(text);
}

/* Is there a symlink, by this name or (NULL) by that of the folder that it leads to? */
bool object_leads(const struct object *from, const char *as, const struct object *to)
{
	const char *folder = base_name(to->path);

	return !strcmp(leads_where(from, as ?: folder), folder);
}

/* The uids of all objects that symlinks lead to. */
int object_neighbours(const struct object *o, __u32 *uids, int max)
{
	DIR *dir = opendir(o->path);
	struct dirent *d;
	__u32 version;
	int n = 0;

	if (!dir)
		return -errno;
	while ((d = readdir(dir)) && n < max) {
		if (d->d_type == DT_LNK &&
		    sscanf(leads_where(o, d->d_name), "v%" SCNu32 "-%" SCNu32 "-", &version,
			   &uids[n]) == 2)
			n++;
	}
	closedir(dir);
	return n;
}

/* As sysfs spells them. */
const char *properties_text(__u32 properties)
{
	static const char *const names[] = {
		"cpu-accessible", "coherent", "device-private", "persistent", "described",
	};
	static char text[128];

	text[0] = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (properties & (1U << i)) {
			if (text[0])
				strcat(text, " ");
			strcat(text, names[i]);
		}
	}
	return text;
}

/* Machines that are described. */

int described_open(void)
{
	int fd = open(DEV_DESCRIBED, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Where nothing can be described, nothing is. */
int described_clear(void)
{
	int fd = described_open(), ret;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	ret = call(fd, HMS_SIM_CLEAR, NULL);
	close(fd);
	return ret;
}

/* Room for one more of each than is allowed. */
struct machine *machine_new(void)
{
	struct machine *m = calloc(1, sizeof(*m));

	m->objects = calloc(HMS_SIM_MAX_OBJECTS + 1, sizeof(*m->objects));
	m->edges = calloc(HMS_SIM_MAX_EDGES + 1, sizeof(*m->edges));
	m->build.size = sizeof(m->build);
	m->build.object_size = sizeof(*m->objects);
	m->build.objects = u64_ptr(m->objects);
	m->build.edges = u64_ptr(m->edges);
	return m;
}

void machine_free(struct machine *m)
{
	free(m->objects);
	free(m->edges);
	free(m);
}

static struct hms_sim_object *machine_add(struct machine *m, __u32 type, const char *name,
					  const char *kind)
{
	struct hms_sim_object *o = &m->objects[m->build.nobjects++];

	o->type = type;
	o->version = HMS_VERSION_ORDINARY;
	snprintf(o->name, sizeof(o->name), "%s", name);
	snprintf(o->kind, sizeof(o->kind), "%s", kind);
	return o;
}

__u32 machine_target(struct machine *m, const char *name, const char *kind, __u32 version,
		     __u32 properties, __u64 capacity)
{
	struct hms_sim_object *o = machine_add(m, HMS_TARGET, name, kind);

	o->version = version;
	o->properties = properties;
	o->capacity = capacity;
	return o - m->objects;
}

__u32 machine_initiator(struct machine *m, const char *name, const char *kind)
{
	return machine_add(m, HMS_INITIATOR, name, kind) - m->objects;
}

__u32 machine_link(struct machine *m, const char *name)
{
	return machine_add(m, HMS_LINK, name, "") - m->objects;
}

__u32 machine_bridge(struct machine *m, const char *name, __u32 from, __u32 to)
{
	struct hms_sim_object *o = machine_add(m, HMS_BRIDGE, name, "");

	o->from = from;
	o->to = to;
	return o - m->objects;
}

void machine_value(struct machine *m, __u32 object, __u32 attribute, __u32 value, __u32 source)
{
	m->objects[object].values[attribute] = (struct hms_value) { value, source };
}

void machine_edge(struct machine *m, __u32 hub, __u32 spoke)
{
	m->edges[m->build.nedges++] = (struct hms_sim_edge) { hub, spoke };
}

/* A bit of everything: each kind and version, links before and after their bridges. */
struct machine *machine_small(void)
{
	const __u32 ordinary = HMS_PROP_CPU_ACCESSIBLE | HMS_PROP_COHERENT;
	struct machine *m = machine_new();

	machine_initiator(m, "small-cpu", "cpu");
	machine_initiator(m, "small-gpu", "device");
	machine_target(m, "small-ram", "node", 1, ordinary, 1ULL << 40);
	machine_target(m, "small-vram", "device-private", 2, HMS_PROP_DEVICE_PRIVATE, 64 << 20);
	machine_target(m, "small-pool", "device-coherent", 3,
		       HMS_PROP_CPU_ACCESSIBLE | HMS_PROP_PERSISTENT, 12345);
	machine_link(m, "small-bus");
	machine_bridge(m, "small-up", SMALL_BUS, SMALL_FABRIC);
	machine_bridge(m, "small-down", SMALL_FABRIC, SMALL_BUS);
	machine_link(m, "small-fabric");
	machine_edge(m, SMALL_BUS, SMALL_CPU);
	machine_edge(m, SMALL_BUS, SMALL_RAM);
	machine_edge(m, SMALL_FABRIC, SMALL_GPU);
	machine_edge(m, SMALL_FABRIC, SMALL_VRAM);
	machine_edge(m, SMALL_FABRIC, SMALL_POOL);
	machine_edge(m, SMALL_UP, SMALL_CPU);
	for (__u32 a = 0; a < HMS_ATTRIBUTES; a++) {
		machine_value(m, SMALL_BUS, a, 10 + a, HMS_SOURCE_FIRMWARE + a);
		machine_value(m, SMALL_UP, a, 20 + a, HMS_SOURCE_DRIVER);
	}
	machine_value(m, SMALL_FABRIC, HMS_WRITE_LATENCY, 0xffffffff, HMS_SOURCE_DRIVER);
	return m;
}

/* @n times an initiator, a target, their link and a bridge to the next one; in a circle. */
struct machine *machine_ring(__u32 n)
{
	const __u32 ordinary = HMS_PROP_CPU_ACCESSIBLE | HMS_PROP_COHERENT;
	struct machine *m = machine_new();
	char name[32];

	for (__u32 i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "ring-%u", i);
		machine_initiator(m, name, i % 2 ? "cpu" : "device");
		machine_target(m, name, "node", 1 + i % 3, ordinary, 1 + i);
		machine_link(m, name);
		machine_bridge(m, name, 4 * i + 2, 4 * ((i + 1) % n) + 2);
		machine_value(m, 4 * i + 2, HMS_READ_LATENCY, 1 + i, HMS_SOURCE_DRIVER);
		machine_edge(m, 4 * i + 2, 4 * i);
		machine_edge(m, 4 * i + 2, 4 * i + 1);
	}
	return m;
}

int machine_build(struct machine *m, int fd)
{
	/* The count may be a wrong one. */
	for (__u32 i = 0; i < m->build.nobjects && i < HMS_SIM_MAX_OBJECTS; i++)
		m->objects[i].uid = 0xeeeeeeee;
	m->build.error_index = 0xeeeeeeee;
	return call(fd, HMS_SIM_BUILD, &m->build);
}

struct object machine_object(const struct machine *m, __u32 i)
{
	const struct hms_sim_object *o = &m->objects[i];

	return object_at(o->version, o->uid, o->type);
}

/* NULL, or what sysfs has differently. */
const char *object_value_differs(const struct object *o, __u32 a, const struct hms_value *value)
{
	char want[16], file[32];

	snprintf(want, sizeof(want), value->source ? "%u" : "unknown", value->value);
	if (strcmp(want, object_word(o, value_files[a])))
		return value_files[a];
	snprintf(file, sizeof(file), "%s_source", value_files[a]);
	return strcmp(source_names[value->source], object_word(o, file)) ? "a source" : NULL;
}

static const char *files_differ(const struct hms_sim_object *is, const struct object *o)
{
	bool target = is->type == HMS_TARGET;
	bool hub = is->type == HMS_LINK || is->type == HMS_BRIDGE;

	if (strcmp(is->name, object_word(o, "name")))
		return "name";
	if (object_number(o, "uid") != is->uid)
		return "uid";
	if (object_number(o, "generation") <= 0)
		return "generation";
	if (object_has(o, "nid"))
		return "nid";
	if (hub ? object_has(o, "kind") : strcmp(is->kind, object_word(o, "kind")))
		return "kind";
	if (target != object_has(o, "properties") || target != object_has(o, "capacity") ||
	    target != object_has(o, "used"))
		return "files of a target";
	if (target && strcmp(properties_text(is->properties | HMS_PROP_DESCRIBED),
			     object_word(o, "properties")))
		return "properties";
	if (target && (object_number(o, "capacity") != (long long)is->capacity ||
		       object_number(o, "used")))
		return "capacity or used";
	if (object_has(o, "cpu_access") != (target && is->version > HMS_VERSION_ORDINARY))
		return "cpu_access";
	if (object_has(o, "cpu_access") &&
	    strcmp(!(is->properties & HMS_PROP_CPU_ACCESSIBLE) ? "none" :
		   is->properties & HMS_PROP_COHERENT ? "coherent" : "incoherent",
		   object_word(o, "cpu_access")))
		return "what cpu_access says";
	for (__u32 a = 0; a < HMS_ATTRIBUTES; a++) {
		const char *what = hub ? object_value_differs(o, a, &is->values[a]) :
				   object_has(o, value_files[a]) ? value_files[a] : NULL;

		if (what)
			return what;
	}
	return NULL;
}

/* The symlinks of an object are those of the machine, and no others. */
static const char *symlinks_differ(const struct machine *m, __u32 i, const struct object *o)
{
	static __u32 uids[4096];
	int n = 0;

	for (__u32 e = 0; e < m->build.nedges; e++) {
		const struct hms_sim_edge *edge = &m->edges[e];
		struct object other;

		if (edge->hub != i && edge->spoke != i)
			continue;
		other = machine_object(m, edge->hub == i ? edge->spoke : edge->hub);
		n++;
		if (!object_leads(o, NULL, &other))
			return "no symlink for an edge";
	}
	for (__u32 b = 0; b < m->build.nobjects; b++) {
		const struct hms_sim_object *bridge = &m->objects[b];

		if (bridge->type != HMS_BRIDGE || (i != b && i != bridge->from && i != bridge->to))
			continue;
		if (i == b) {
			struct object from = machine_object(m, bridge->from);
			struct object to = machine_object(m, bridge->to);

			n += 2;
			if (!object_leads(o, "from", &from) || !object_leads(o, "to", &to))
				return "from or to";
		} else {
			struct object at = machine_object(m, b);

			n++;
			if (!object_leads(o, NULL, &at))
				return "no symlink to a bridge";
		}
	}
	return object_neighbours(o, uids, 4096) == n ? NULL : "number of symlinks";
}

/* All of it is there, and of every so many objects all that is said and connected is right. */
const char *machine_sample_differs(const struct machine *m, __u32 stride)
{
	static char text[128];

	for (__u32 i = 0; i < m->build.nobjects; i++) {
		struct object o = machine_object(m, i);
		const char *what = object_is_there(&o) ? NULL : "it is not there";

		if (!what && i % stride == 0)
			what = files_differ(&m->objects[i], &o) ?: symlinks_differ(m, i, &o);
		if (what) {
			snprintf(text, sizeof(text), "object %u, %.40s: %s", i, base_name(o.path),
				 what);
			return text;
		}
	}
	return "";
}

/* "" when a machine is in sysfs as it was described, else what is different. */
const char *machine_differs(const struct machine *m)
{
	return machine_sample_differs(m, 1);
}

/* "" when nothing of a machine is in sysfs any more, else what is. */
const char *machine_is_left(const struct machine *m)
{
	static char text[64];

	for (__u32 i = 0; i < m->build.nobjects; i++) {
		struct object o = machine_object(m, i);

		if (object_is_there(&o)) {
			snprintf(text, sizeof(text), "%.60s", base_name(o.path));
			return text;
		}
	}
	return "";
}

int become_nobody(void)
{
	enum { NOBODY = 65534 };

	return setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY) ? -errno : 0;
}

int as_nobody(int (*act)(void *argument), void *argument)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid) {
		if (become_nobody())
			_exit(255);
		_exit(-act(argument));
	}
	while (waitpid(pid, &status, 0) < 0)
		;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}
