/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For tests of the map: objects in sysfs however many there are, and machines that are described.
 * Functions return 0 or more, or a negative errno, unless they say otherwise.
 */
#ifndef HMS_TEST_MAPTEST_H
#define HMS_TEST_MAPTEST_H

#include "hms_test.h"

#define SYS_MAP		"/sys/devices/hms"
#define SYS_NODES	"/sys/devices/system/node"
#define DEV_DESCRIBED	"/dev/hms_sim"

/* The same for 32-bit programs. */
_Static_assert(sizeof(struct hms_value) == 8, "padding");
_Static_assert(sizeof(struct hms_cache) == 24, "padding");
_Static_assert(sizeof(struct hms_sim_object) == 144, "padding");
_Static_assert(offsetof(struct hms_sim_object, capacity) == 104, "padding");
_Static_assert(sizeof(struct hms_sim_edge) == 8, "padding");
_Static_assert(sizeof(struct hms_sim_build) == 40, "padding");

extern const char *const type_names[];		/* by enum hms_type */
extern const char *const source_names[];	/* by enum hms_source */
extern const char *const value_files[];		/* by enum hms_attribute */

/* The map as a whole. */

__u64 map_generation(void);
__u64 map_instance(void);
int map_count(void);
char *map_names(void);
int map_count_named(const char *type, const char *pattern);
bool map_find(const char *type, const char *name, struct object *o);

/* CPUs. */

__u32 cpus_of_node(int nid);
int lone_cpu_find(char *file, size_t size);

/* One object. */

struct object object_at(__u32 version, __u32 uid, __u32 type);
bool object_is_there(const struct object *o);
bool object_has(const struct object *o, const char *file);
int object_text(const struct object *o, const char *file, char *text, size_t size);
const char *object_word(const struct object *o, const char *file);
long long object_number(const struct object *o, const char *file);
int object_write(const struct object *o, const char *file, const void *bytes, size_t length);
bool object_leads(const struct object *from, const char *as, const struct object *to);
const char *object_value_differs(const struct object *o, __u32 a, const struct hms_value *value);
int object_neighbours(const struct object *o, __u32 *uids, int max);
const char *properties_text(__u32 properties);

/* Machines that are described. */

struct machine {
	struct hms_sim_build build;
	struct hms_sim_object *objects;
	struct hms_sim_edge *edges;
};

/* Where machine_small() has what. */
enum {
	SMALL_CPU, SMALL_GPU, SMALL_RAM, SMALL_VRAM, SMALL_POOL, SMALL_BUS, SMALL_UP, SMALL_DOWN,
	SMALL_FABRIC, SMALL_OBJECTS,
	SMALL_EDGES = 6,
};

int described_open(void);
int described_clear(void);

struct machine *machine_new(void);
void machine_free(struct machine *m);
__u32 machine_target(struct machine *m, const char *name, const char *kind, __u32 version,
		     __u32 properties, __u64 capacity);
__u32 machine_initiator(struct machine *m, const char *name, const char *kind);
__u32 machine_link(struct machine *m, const char *name);
__u32 machine_bridge(struct machine *m, const char *name, __u32 from, __u32 to);
void machine_value(struct machine *m, __u32 object, __u32 attribute, __u32 value, __u32 source);
void machine_edge(struct machine *m, __u32 hub, __u32 spoke);
struct machine *machine_small(void);
struct machine *machine_ring(__u32 n);
int machine_build(struct machine *m, int fd);
struct object machine_object(const struct machine *m, __u32 i);
const char *machine_differs(const struct machine *m);
const char *machine_sample_differs(const struct machine *m, __u32 stride);
const char *machine_is_left(const struct machine *m);

/* What a process of nobody gets from it. */
int become_nobody(void);
int as_nobody(int (*act)(void *argument), void *argument);

#endif /* HMS_TEST_MAPTEST_H */
