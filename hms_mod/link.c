// SPDX-License-Identifier: GPL-2.0
/*
 * Links, which connect initiators and targets, and bridges, which lead from one link to another.
 */

#include <linux/err.h>
#include <linux/module.h>
#include <linux/numa.h>
#include <linux/slab.h>

#include "graph.h"
#include "initiator.h"
#include "link.h"
#include "target.h"

static const struct hms_object_class hms_link_class = {
	.type = HMS_LINK,
	.groups = hms_value_groups,
};

static const struct hms_object_class hms_bridge_class = {
	.type = HMS_BRIDGE,
	.groups = hms_value_groups,
};

/**
 * hms_link_register - show a link; it connects nothing yet
 * @name: shown in sysfs
 * @parent: the device it belongs to, or NULL
 *
 * Context: may sleep.
 * Return: the link or an ERR_PTR().
 */
struct hms_link *hms_link_register(const char *name, struct device *parent)
{
	struct hms_link *link = kzalloc(sizeof(*link), GFP_KERNEL);
	int ret;

	BUILD_BUG_ON(offsetof(struct hms_link, obj));
	if (!link)
		return ERR_PTR(-ENOMEM);
	ret = hms_object_add(&link->obj, &hms_link_class, HMS_VERSION_ORDINARY, name, parent);
	return ret ? ERR_PTR(ret) : link;
}
EXPORT_SYMBOL_GPL(hms_link_register);

/**
 * hms_link_unregister - take a link back, with its connections
 * @link: from hms_link_register(), also when that failed, or NULL
 *
 * A bridge that leads from or to it leads nowhere afterwards.
 *
 * Context: may sleep.
 */
void hms_link_unregister(struct hms_link *link)
{
	if (IS_ERR_OR_NULL(link))
		return;
	hms_object_del(&link->obj);
	hms_object_put(&link->obj);
}
EXPORT_SYMBOL_GPL(hms_link_unregister);

/**
 * hms_link_uid - the uid that programs use
 * @link: the link
 */
u32 hms_link_uid(const struct hms_link *link)
{
	return link->obj.uid;
}
EXPORT_SYMBOL_GPL(hms_link_uid);

/**
 * hms_link_set - say how fast a link is
 * @link: the link
 * @values: by attribute, in MB/s (10^6 bytes) or ns, and where the driver has it from:
 *	HMS_SOURCE_DRIVER, or HMS_SOURCE_FIRMWARE for what the device tells itself. 0 is not known
 *
 * Context: may sleep.
 */
void hms_link_set(struct hms_link *link, const struct hms_value values[HMS_ATTRIBUTES])
{
	hms_value_give(&link->obj, values);
}
EXPORT_SYMBOL_GPL(hms_link_set);

/**
 * hms_link_add_target - connect a target
 * @link: the link
 * @target: reached over it
 *
 * Context: may sleep.
 * Return: 0, -EEXIST when it is connected already, -ENOSPC when either has too many connections,
 * -ENOMEM.
 */
int hms_link_add_target(struct hms_link *link, struct hms_target *target)
{
	return hms_graph_connect(&link->obj, &target->obj);
}
EXPORT_SYMBOL_GPL(hms_link_add_target);

/**
 * hms_link_add_initiator - connect an initiator
 * @link: the link
 * @initiator: reaches what else is on it
 *
 * Context: may sleep.
 * Return: as hms_link_add_target().
 */
int hms_link_add_initiator(struct hms_link *link, struct hms_initiator *initiator)
{
	return hms_graph_connect(&link->obj, &initiator->obj);
}
EXPORT_SYMBOL_GPL(hms_link_add_initiator);

/* Under hms_map_lock. CPUs of a machine that is only described are not of this one. */
static int hms_link_join_cpu(struct hms_link *link, struct hms_initiator *initiator)
{
	int ret;

	if (!initiator->cpu || initiator->nid == NUMA_NO_NODE)
		return 0;
	ret = hms_graph_join(&link->obj, &initiator->obj, NULL);
	if (ret)
		return ret;
	hms_object_changed(&link->obj);
	hms_object_changed(&initiator->obj);
	return 0;
}

/**
 * hms_link_add_cpus - connect the CPUs of all nodes, and those that come later
 * @link: the link, with none of them
 *
 * For memory that CPUs load from where it is.
 *
 * Context: may sleep.
 * Return: as hms_link_add_target(); some may be connected when it fails.
 */
int hms_link_add_cpus(struct hms_link *link)
{
	struct hms_object *obj;
	int ret = 0;
	u32 uid = 0;

	mutex_lock(&hms_map_lock);
	link->cpus = true;
	while (!ret && (obj = hms_object_next(&uid))) {
		if (obj->class->type == HMS_INITIATOR)
			ret = hms_link_join_cpu(link, container_of(obj, struct hms_initiator, obj));
	}
	mutex_unlock(&hms_map_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(hms_link_add_cpus);

/**
 * hms_link_join_cpus - connect CPUs that are new to the links that all CPUs are on
 * @initiator: in the map
 *
 * Context: may sleep; takes hms_map_lock.
 * Return: as hms_link_add_target(); some may be connected when it fails.
 */
int hms_link_join_cpus(struct hms_initiator *initiator)
{
	struct hms_object *obj;
	struct hms_link *link;
	int ret = 0;
	u32 uid = 0;

	mutex_lock(&hms_map_lock);
	while (!ret && (obj = hms_object_next(&uid))) {
		link = container_of(obj, struct hms_link, obj);
		if (obj->class->type == HMS_LINK && link->cpus)
			ret = hms_link_join_cpu(link, initiator);
		/* One that was registered since the initiator has it already. */
		if (ret == -EEXIST)
			ret = 0;
	}
	mutex_unlock(&hms_map_lock);
	return ret;
}

/**
 * hms_bridge_register - show a bridge
 * @name: shown in sysfs
 * @parent: the device it belongs to, or NULL
 * @from: link that it leads from
 * @to: another link, that it leads to; there is a second bridge for the way back
 *
 * Every initiator may cross it, until hms_bridge_add_initiator() says which may. Who listens, udev
 * too, hears of it only when it leads from and to its links; its directory in sysfs is there a
 * moment earlier.
 *
 * Context: may sleep.
 * Return: the bridge or an ERR_PTR().
 */
struct hms_bridge *hms_bridge_register(const char *name, struct device *parent,
				       struct hms_link *from, struct hms_link *to)
{
	struct hms_bridge *bridge;
	int ret;

	BUILD_BUG_ON(offsetof(struct hms_bridge, obj));
	if (from == to)
		return ERR_PTR(-EINVAL);
	bridge = kzalloc(sizeof(*bridge), GFP_KERNEL);
	if (!bridge)
		return ERR_PTR(-ENOMEM);
	ret = hms_object_show(&bridge->obj, &hms_bridge_class, HMS_VERSION_ORDINARY, name, parent);
	if (ret)
		return ERR_PTR(ret);
	mutex_lock(&hms_map_lock);
	ret = hms_graph_join(&bridge->obj, &from->obj, HMS_BRIDGE_FROM) ?:
	      hms_graph_join(&bridge->obj, &to->obj, HMS_BRIDGE_TO);
	if (!ret) {
		hms_object_tell(&bridge->obj);
		hms_object_changed(&from->obj);
		hms_object_changed(&to->obj);
	}
	mutex_unlock(&hms_map_lock);
	if (ret) {
		hms_bridge_unregister(bridge);
		return ERR_PTR(ret);
	}
	hms_object_uevent(&bridge->obj);
	return bridge;
}
EXPORT_SYMBOL_GPL(hms_bridge_register);

/**
 * hms_bridge_unregister - take a bridge back
 * @bridge: from hms_bridge_register(), also when that failed, or NULL
 *
 * Context: may sleep.
 */
void hms_bridge_unregister(struct hms_bridge *bridge)
{
	if (IS_ERR_OR_NULL(bridge))
		return;
	hms_object_del(&bridge->obj);
	hms_object_put(&bridge->obj);
}
EXPORT_SYMBOL_GPL(hms_bridge_unregister);

/**
 * hms_bridge_uid - the uid that programs use
 * @bridge: the bridge
 */
u32 hms_bridge_uid(const struct hms_bridge *bridge)
{
	return bridge->obj.uid;
}
EXPORT_SYMBOL_GPL(hms_bridge_uid);

/**
 * hms_bridge_set - say how fast a crossing is
 * @bridge: the bridge
 * @values: by attribute, in MB/s (10^6 bytes) or ns, and where the driver has it from:
 *	HMS_SOURCE_DRIVER, or HMS_SOURCE_FIRMWARE for what the device tells itself. 0 is not known
 *
 * Context: may sleep.
 */
void hms_bridge_set(struct hms_bridge *bridge, const struct hms_value values[HMS_ATTRIBUTES])
{
	hms_value_give(&bridge->obj, values);
}
EXPORT_SYMBOL_GPL(hms_bridge_set);

/**
 * hms_bridge_add_initiator - let only some initiators cross, this one among them
 * @bridge: the bridge
 * @initiator: may cross it
 *
 * Context: may sleep.
 * Return: as hms_link_add_target().
 */
int hms_bridge_add_initiator(struct hms_bridge *bridge, struct hms_initiator *initiator)
{
	return hms_graph_connect(&bridge->obj, &initiator->obj);
}
EXPORT_SYMBOL_GPL(hms_bridge_add_initiator);
