/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_OBJECT_H
#define _HMS_OBJECT_H

#include <linux/device.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/hms.h>

#include "value.h"

/* A target has no more caches in front of it. */
#define HMS_CACHE_LEVELS	3

struct hms_object;

/**
 * struct hms_description - what an object is, for sysfs and netlink alike
 * @kind: which kind of its type, or NULL
 * @nid: node of the memory or the CPUs, or NUMA_NO_NODE
 * @properties: HMS_PROP_* of a target
 * @capacity: bytes of a target
 * @used: bytes of it in use
 * @caches: in front of a target's memory, by level
 * @ncaches: how many, at most HMS_CACHE_LEVELS
 */
struct hms_description {
	const char *kind;
	int nid;
	u32 properties;
	u64 capacity;
	u64 used;
	const struct hms_cache *caches;
	unsigned int ncaches;
};

/**
 * struct hms_object_class - what objects have in common that are described alike
 * @type: what they are
 * @counted: a target that holds pages, and has a folder with statistics of them
 * @groups: sysfs files in place of the folders of describe.c, or NULL
 * @describe: fills in what it knows; the rest is preset to unknown. May be NULL
 */
struct hms_object_class {
	enum hms_type type;
	bool counted;
	const struct attribute_group **groups;
	void (*describe)(struct hms_object *obj, struct hms_description *description);
};

/**
 * struct hms_object - what every object of the map has
 * @dev: its place in sysfs, and its reference count; the memory is freed after an RCU grace period
 * @class: what it is
 * @uid: never 0, never used again while the module is loaded
 * @version: what a program must understand to use it
 * @name: name given by who registered it
 * @generation: of the map, when this came or was changed last; under hms_map_lock, like the rest:
 * @values: bandwidth and latency of a link or a bridge
 * @spokes: edges to what it connects, of a link or a bridge
 * @hubs: edges to what connects it
 * @nspokes: how many
 * @nhubs: how many
 * @walk: number of the last walk through the graph that came here
 * @waiting: in the queue of a walk
 * @rcu: for freeing
 */
struct hms_object {
	struct device dev;
	const struct hms_object_class *class;
	u32 uid;
	u32 version;
	const char *name;
	u64 generation;
	struct hms_values values;
	struct list_head spokes;
	struct list_head hubs;
	unsigned int nspokes;
	unsigned int nhubs;
	u64 walk;
	struct list_head waiting;
	struct rcu_head rcu;
};

int hms_object_show(struct hms_object *obj, const struct hms_object_class *class, u32 version,
		    const char *name, struct device *parent);
void hms_object_tell(struct hms_object *obj);
void hms_object_uevent(struct hms_object *obj);
int hms_object_add(struct hms_object *obj, const struct hms_object_class *class, u32 version,
		   const char *name, struct device *parent);
void hms_object_del(struct hms_object *obj);
void hms_object_changed(struct hms_object *obj);
bool hms_object_is_told(const struct hms_object *obj);
void hms_object_describe(struct hms_object *obj, struct hms_description *description);
struct hms_object *hms_object_find_rcu(u32 uid);
struct hms_object *hms_object_find(u32 uid);
struct hms_object *hms_object_next(u32 *uid);
bool hms_object_was(u32 uid);

static inline void hms_object_put(struct hms_object *obj)
{
	put_device(&obj->dev);
}

/* Holds the map still: which objects there are, what connects them, and their generations. */
extern struct mutex hms_map_lock;

/* Counts the changes of the map; under hms_map_lock, but may be read without. */
extern u64 hms_generation;

/* Id of this load of the module. */
extern u64 hms_instance;

int hms_object_start(void);
void hms_object_stop(void);

#endif /* _HMS_OBJECT_H */
