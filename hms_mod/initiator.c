// SPDX-License-Identifier: GPL-2.0
/*
 * Initiators: what can access memory, the CPUs of a node or a device.
 */

#include <linux/err.h>
#include <linux/module.h>
#include <linux/numa.h>
#include <linux/slab.h>

#include "graph.h"
#include "initiator.h"

static struct hms_initiator *to_initiator(struct hms_object *obj)
{
	return container_of(obj, struct hms_initiator, obj);
}

static void hms_initiator_fill(struct hms_object *obj, struct hms_description *description)
{
	description->kind = to_initiator(obj)->cpu ? "cpu" : "device";
	description->nid = to_initiator(obj)->nid;
}

static const struct hms_object_class hms_initiator_class = {
	.type = HMS_INITIATOR,
	.describe = hms_initiator_fill,
};

static struct hms_initiator *hms_initiator_add(const char *name, struct device *parent, int nid,
					       bool cpu)
{
	struct hms_initiator *initiator = kzalloc(sizeof(*initiator), GFP_KERNEL);
	int ret;

	BUILD_BUG_ON(offsetof(struct hms_initiator, obj));
	if (!initiator)
		return ERR_PTR(-ENOMEM);
	initiator->nid = nid;
	initiator->cpu = cpu;
	ret = hms_object_add(&initiator->obj, &hms_initiator_class, HMS_VERSION_ORDINARY, name,
			     parent);
	return ret ? ERR_PTR(ret) : initiator;
}

/**
 * hms_initiator_add_node - register what computes on a node
 * @nid: the node
 * @cpu: its CPUs; else a device that the firmware tells of
 * @parent: that device, or NULL
 *
 * Return: the initiator or an ERR_PTR().
 */
struct hms_initiator *hms_initiator_add_node(int nid, bool cpu, struct device *parent)
{
	char name[16];

	snprintf(name, sizeof(name), "node%d", nid);
	return hms_initiator_add(name, parent, nid, cpu);
}

/* Under hms_map_lock, so that an object that is found stays. */
static enum hms_error_why hms_initiator_find(u32 uid, struct hms_object **out)
{
	struct hms_object *obj = hms_object_find(uid);

	if (!obj)
		return hms_object_was(uid) ? HMS_WHY_GONE : HMS_WHY_UNKNOWN;
	if (obj->class->type != HMS_INITIATOR)
		return HMS_WHY_NOT_AN_INITIATOR;
	*out = obj;
	return HMS_WHY_NONE;
}

/* Is this a target that the last walk did not come to? */
static bool hms_target_is_unreached(u32 uid, u32 version)
{
	const struct hms_object *target = hms_object_find(uid);

	return target && target->class->type == HMS_TARGET && target->version <= version &&
	       !hms_graph_walked(target);
}

/**
 * hms_initiator_reach - does an initiator reach all targets of a list
 * @uid: of the initiator, from a program; all programs understand these
 * @version: highest object version that the program understands
 * @targets: uids from the program; what is no target to it is left to hms_target_use() to refuse
 * @n: how many
 * @index: becomes that of the first target that it does not reach; @n when the initiator itself is
 *	at fault
 *
 * Context: may sleep; takes hms_map_lock.
 * Return: HMS_WHY_NONE, or what is wrong.
 */
enum hms_error_why hms_initiator_reach(u32 uid, u32 version, const u32 *targets, u32 n,
				       u32 *index)
{
	struct hms_object *initiator;
	enum hms_error_why why;

	*index = n;
	mutex_lock(&hms_map_lock);
	why = hms_initiator_find(uid, &initiator);
	if (!why) {
		hms_graph_walk(initiator);
		for (*index = 0; *index < n; ++*index) {
			if (hms_target_is_unreached(targets[*index], version)) {
				why = HMS_WHY_UNREACHABLE;
				break;
			}
		}
	}
	mutex_unlock(&hms_map_lock);
	return why;
}

/**
 * hms_initiator_register - show what computes on a device's memory
 * @name: shown in sysfs
 * @parent: the device, or NULL
 *
 * Context: may sleep.
 * Return: the initiator or an ERR_PTR().
 */
struct hms_initiator *hms_initiator_register(const char *name, struct device *parent)
{
	return hms_initiator_add(name, parent, NUMA_NO_NODE, false);
}
EXPORT_SYMBOL_GPL(hms_initiator_register);

/**
 * hms_initiator_describe - show what computes in a machine that is only described
 * @name: shown in sysfs
 * @parent: who describes it, or NULL
 * @cpu: it stands for CPUs
 *
 * Context: may sleep.
 * Return: the initiator or an ERR_PTR().
 */
struct hms_initiator *hms_initiator_describe(const char *name, struct device *parent, bool cpu)
{
	return hms_initiator_add(name, parent, NUMA_NO_NODE, cpu);
}
EXPORT_SYMBOL_GPL(hms_initiator_describe);

/**
 * hms_initiator_unregister - take it back
 * @initiator: from hms_initiator_register() or hms_initiator_describe(), also when that failed, or
 *	NULL
 *
 * Context: may sleep.
 */
void hms_initiator_unregister(struct hms_initiator *initiator)
{
	if (IS_ERR_OR_NULL(initiator))
		return;
	hms_object_del(&initiator->obj);
	hms_object_put(&initiator->obj);
}
EXPORT_SYMBOL_GPL(hms_initiator_unregister);

/**
 * hms_initiator_uid - the uid that programs use
 * @initiator: the initiator
 */
u32 hms_initiator_uid(const struct hms_initiator *initiator)
{
	return initiator->obj.uid;
}
EXPORT_SYMBOL_GPL(hms_initiator_uid);
