// SPDX-License-Identifier: GPL-2.0
/*
 * The graph: initiators, links, and which objects a link connects.
 */

#include <linux/err.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/numa.h>
#include <linux/slab.h>
#include <linux/hms.h>

#include "graph.h"
#include "target.h"

/* A connection is a symlink in each of the two directories. */
struct hms_edge {
	struct list_head of_link;
	struct list_head of_end;
	struct hms_object *link;
	struct hms_object *end;
};

/* Protects the edges of all objects. */
static DEFINE_MUTEX(hms_graph_lock);

static ssize_t kind_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct hms_initiator *initiator = container_of(dev, struct hms_initiator, obj.dev);

	return sysfs_emit(buf, "%s\n", initiator->nid == NUMA_NO_NODE ? "device" : "cpu");
}
static DEVICE_ATTR_RO(kind);

static ssize_t nid_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", container_of(dev, struct hms_initiator, obj.dev)->nid);
}
static DEVICE_ATTR_RO(nid);

static struct attribute *hms_device_attrs[] = {
	&dev_attr_kind.attr,
	NULL
};
ATTRIBUTE_GROUPS(hms_device);

static struct attribute *hms_cpus_attrs[] = {
	&dev_attr_kind.attr,
	&dev_attr_nid.attr,
	NULL
};
ATTRIBUTE_GROUPS(hms_cpus);

static struct hms_initiator *hms_initiator_add(const char *name, struct device *parent, int nid)
{
	struct hms_initiator *initiator = kzalloc(sizeof(*initiator), GFP_KERNEL);
	int ret;

	BUILD_BUG_ON(offsetof(struct hms_initiator, obj));
	if (!initiator)
		return ERR_PTR(-ENOMEM);
	initiator->nid = nid;
	ret = hms_object_add(&initiator->obj, HMS_OBJECT_INITIATOR, HMS_VERSION_ORDINARY, name,
			     parent, nid == NUMA_NO_NODE ? hms_device_groups : hms_cpus_groups);
	return ret ? ERR_PTR(ret) : initiator;
}

/**
 * hms_initiator_add_cpus - register the CPUs of a node
 * @nid: a node with CPUs
 */
struct hms_initiator *hms_initiator_add_cpus(int nid)
{
	char name[16];

	snprintf(name, sizeof(name), "node%d", nid);
	return hms_initiator_add(name, NULL, nid);
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
	return hms_initiator_add(name, parent, NUMA_NO_NODE);
}
EXPORT_SYMBOL_GPL(hms_initiator_register);

/**
 * hms_initiator_unregister - take it back
 * @initiator: from hms_initiator_register()
 *
 * Context: may sleep.
 */
void hms_initiator_unregister(struct hms_initiator *initiator)
{
	hms_graph_disconnect(&initiator->obj);
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
	ret = hms_object_add(&link->obj, HMS_OBJECT_LINK, HMS_VERSION_ORDINARY, name, parent,
			     NULL);
	return ret ? ERR_PTR(ret) : link;
}
EXPORT_SYMBOL_GPL(hms_link_register);

/**
 * hms_link_unregister - take a link back, with its connections
 * @link: from hms_link_register()
 *
 * Context: may sleep.
 */
void hms_link_unregister(struct hms_link *link)
{
	hms_graph_disconnect(&link->obj);
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

static int hms_graph_connect(struct hms_object *link, struct hms_object *end)
{
	struct hms_edge *edge = kzalloc(sizeof(*edge), GFP_KERNEL);
	int ret;

	if (!edge)
		return -ENOMEM;
	edge->link = link;
	edge->end = end;
	mutex_lock(&hms_graph_lock);
	ret = sysfs_create_link(&link->dev.kobj, &end->dev.kobj, dev_name(&end->dev));
	if (ret)
		goto unlock;
	ret = sysfs_create_link(&end->dev.kobj, &link->dev.kobj, dev_name(&link->dev));
	if (ret) {
		sysfs_remove_link(&link->dev.kobj, dev_name(&end->dev));
		goto unlock;
	}
	list_add_tail(&edge->of_link, &link->edges);
	list_add_tail(&edge->of_end, &end->edges);
unlock:
	mutex_unlock(&hms_graph_lock);
	if (ret)
		kfree(edge);
	return ret;
}

static void hms_edge_remove(struct hms_edge *edge)
{
	sysfs_remove_link(&edge->link->dev.kobj, dev_name(&edge->end->dev));
	sysfs_remove_link(&edge->end->dev.kobj, dev_name(&edge->link->dev));
	list_del(&edge->of_link);
	list_del(&edge->of_end);
	kfree(edge);
}

/**
 * hms_graph_disconnect - cut all connections of an object
 * @obj: a link, or what a link connects; still in sysfs
 *
 * Context: may sleep.
 */
void hms_graph_disconnect(struct hms_object *obj)
{
	struct hms_edge *edge, *next;

	mutex_lock(&hms_graph_lock);
	if (obj->type == HMS_OBJECT_LINK) {
		list_for_each_entry_safe(edge, next, &obj->edges, of_link)
			hms_edge_remove(edge);
	} else {
		list_for_each_entry_safe(edge, next, &obj->edges, of_end)
			hms_edge_remove(edge);
	}
	mutex_unlock(&hms_graph_lock);
}

/**
 * hms_link_add_target - connect a target
 * @link: the link
 * @target: reached over it
 *
 * Context: may sleep.
 * Return: 0, -EEXIST when it is connected already, -ENOMEM.
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
 * Return: 0, -EEXIST when it is connected already, -ENOMEM.
 */
int hms_link_add_initiator(struct hms_link *link, struct hms_initiator *initiator)
{
	return hms_graph_connect(&link->obj, &initiator->obj);
}
EXPORT_SYMBOL_GPL(hms_link_add_initiator);
