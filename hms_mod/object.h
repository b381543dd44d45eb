/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_OBJECT_H
#define _HMS_OBJECT_H

#include <linux/device.h>
#include <linux/list.h>
#include <linux/types.h>

enum hms_object_type {
	HMS_OBJECT_TARGET,
	HMS_OBJECT_INITIATOR,
	HMS_OBJECT_LINK,
};

/**
 * struct hms_object - what every object of the map has
 * @dev: its place in sysfs, and its reference count; the memory is freed after an RCU grace period
 * @type: what it is
 * @uid: never 0, never used again while the module is loaded
 * @version: what a program must understand to use it
 * @name: name given by who registered it
 * @edges: connections to other objects, under the lock in graph.c
 * @rcu: for freeing
 */
struct hms_object {
	struct device dev;
	enum hms_object_type type;
	u32 uid;
	u32 version;
	const char *name;
	struct list_head edges;
	struct rcu_head rcu;
};

int hms_object_add(struct hms_object *obj, enum hms_object_type type, u32 version,
		   const char *name, struct device *parent,
		   const struct attribute_group **groups);
void hms_object_del(struct hms_object *obj);
struct hms_object *hms_object_find_rcu(u32 uid);
bool hms_object_was(u32 uid);

static inline void hms_object_put(struct hms_object *obj)
{
	put_device(&obj->dev);
}

/* Id of this load of the module. */
extern u64 hms_instance;

int hms_object_start(void);
void hms_object_stop(void);

#endif /* _HMS_OBJECT_H */
