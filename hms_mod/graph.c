// SPDX-License-Identifier: GPL-2.0
/*
 * The graph: what connects what. A link or a bridge is the hub of its connections; what it connects
 * are its spokes.
 */

#include <linux/lockdep.h>
#include <linux/slab.h>

#include "graph.h"
#include "link.h"

/* A connection is a symlink in each of the two directories. */
struct hms_edge {
	struct list_head of_hub;
	struct list_head of_spoke;
	struct hms_object *hub;
	struct hms_object *spoke;
	const char *as;
};

/* The symlink in the directory of the hub. */
static const char *hms_edge_name(const struct hms_edge *edge)
{
	return edge->as ?: dev_name(&edge->spoke->dev);
}

static int hms_edge_show(const struct hms_edge *edge)
{
	struct kobject *hub = &edge->hub->dev.kobj, *spoke = &edge->spoke->dev.kobj;
	int ret;

	/* Who connects them again is told so, which is no reason for a backtrace. */
	ret = sysfs_create_link_nowarn(hub, spoke, hms_edge_name(edge));
	if (ret)
		return ret;
	ret = sysfs_create_link_nowarn(spoke, hub, dev_name(&edge->hub->dev));
	if (ret)
		sysfs_remove_link(hub, hms_edge_name(edge));
	return ret;
}

/**
 * hms_graph_join - connect two objects, and tell nobody
 * @hub: a link or a bridge
 * @spoke: what it connects
 * @as: name of the connection, a constant; NULL: that of @spoke's directory
 *
 * Context: under hms_map_lock.
 * Return: 0, -EEXIST when they are connected already, -ENOSPC, -ENOMEM.
 */
int hms_graph_join(struct hms_object *hub, struct hms_object *spoke, const char *as)
{
	struct hms_edge *edge;
	int ret;

	lockdep_assert_held(&hms_map_lock);
	if (hub->nspokes == HMS_MAX_EDGES || spoke->nhubs == HMS_MAX_EDGES)
		return -ENOSPC;
	edge = kzalloc(sizeof(*edge), GFP_KERNEL);
	if (!edge)
		return -ENOMEM;
	edge->hub = hub;
	edge->spoke = spoke;
	edge->as = as;
	ret = hms_edge_show(edge);
	if (ret) {
		kfree(edge);
		return ret;
	}
	list_add_tail(&edge->of_hub, &hub->spokes);
	list_add_tail(&edge->of_spoke, &spoke->hubs);
	hub->nspokes++;
	spoke->nhubs++;
	return 0;
}

/**
 * hms_graph_connect - connect two objects of the map
 * @hub: a link or a bridge
 * @spoke: what it connects, by the name of its directory
 *
 * Context: may sleep; takes hms_map_lock.
 * Return: as hms_graph_join().
 */
int hms_graph_connect(struct hms_object *hub, struct hms_object *spoke)
{
	int ret;

	mutex_lock(&hms_map_lock);
	ret = hms_graph_join(hub, spoke, NULL);
	if (!ret) {
		hms_object_changed(hub);
		hms_object_changed(spoke);
	}
	mutex_unlock(&hms_map_lock);
	return ret;
}

static void hms_edge_cut(struct hms_edge *edge, struct hms_object *other)
{
	sysfs_remove_link(&edge->hub->dev.kobj, hms_edge_name(edge));
	sysfs_remove_link(&edge->spoke->dev.kobj, dev_name(&edge->hub->dev));
	list_del(&edge->of_hub);
	list_del(&edge->of_spoke);
	edge->hub->nspokes--;
	edge->spoke->nhubs--;
	kfree(edge);
	hms_object_changed(other);
}

/**
 * hms_graph_disconnect - cut all connections of an object that goes
 * @obj: still in sysfs
 *
 * Context: under hms_map_lock.
 */
void hms_graph_disconnect(struct hms_object *obj)
{
	struct hms_edge *edge, *next;

	lockdep_assert_held(&hms_map_lock);
	list_for_each_entry_safe(edge, next, &obj->spokes, of_hub)
		hms_edge_cut(edge, edge->spoke);
	list_for_each_entry_safe(edge, next, &obj->hubs, of_spoke)
		hms_edge_cut(edge, edge->hub);
}

/**
 * hms_graph_uids - what an object is connected to
 * @obj: the object
 * @uids: receives the uids, @obj->nspokes + @obj->nhubs of them
 *
 * Context: under hms_map_lock.
 */
void hms_graph_uids(const struct hms_object *obj, u32 *uids)
{
	const struct hms_edge *edge;
	unsigned int n = 0;

	list_for_each_entry(edge, &obj->spokes, of_hub)
		uids[n++] = edge->spoke->uid;
	list_for_each_entry(edge, &obj->hubs, of_spoke)
		uids[n++] = edge->hub->uid;
}

static bool hms_edge_is(const struct hms_edge *edge, const char *as)
{
	return edge->as && !strcmp(edge->as, as);
}

static struct hms_object *hms_graph_spoke_as(const struct hms_object *hub, const char *as)
{
	const struct hms_edge *edge;

	list_for_each_entry(edge, &hub->spokes, of_hub) {
		if (hms_edge_is(edge, as))
			return edge->spoke;
	}
	return NULL;
}

/**
 * hms_graph_uid_as - the spoke of a hub that is connected by a name
 * @hub: the hub
 * @as: as in hms_graph_join(), not NULL
 *
 * Context: under hms_map_lock.
 * Return: its uid, 0 when there is none.
 */
u32 hms_graph_uid_as(const struct hms_object *hub, const char *as)
{
	const struct hms_object *spoke = hms_graph_spoke_as(hub, as);

	return spoke ? spoke->uid : 0;
}

/**
 * hms_graph_initiators - the initiators that a hub connects
 * @hub: the hub
 * @uids: receives the uids, at most @hub->nspokes; or NULL
 *
 * Context: under hms_map_lock.
 * Return: how many.
 */
unsigned int hms_graph_initiators(const struct hms_object *hub, u32 *uids)
{
	const struct hms_edge *edge;
	unsigned int n = 0;

	list_for_each_entry(edge, &hub->spokes, of_hub) {
		if (edge->spoke->class->type != HMS_INITIATOR)
			continue;
		if (uids)
			uids[n] = edge->spoke->uid;
		n++;
	}
	return n;
}

/* May this initiator cross a bridge? All may, unless it names some. */
static bool hms_bridge_lets(const struct hms_object *bridge, const struct hms_object *initiator)
{
	const struct hms_edge *edge;
	bool all = true;

	list_for_each_entry(edge, &bridge->spokes, of_hub) {
		if (edge->spoke == initiator)
			return true;
		all &= edge->spoke->class->type != HMS_INITIATOR;
	}
	return all;
}

/* Number of the last walk: who has it was seen by that. Under hms_map_lock. */
static u64 hms_walk;

static void hms_walk_to(struct hms_object *link, struct list_head *queue)
{
	if (hms_graph_walked(link))
		return;
	link->walk = hms_walk;
	list_add_tail(&link->waiting, queue);
}

/* All that a link connects, and the links that bridges lead to from there. */
static void hms_walk_from(const struct hms_object *link, const struct hms_object *initiator,
			  struct list_head *queue)
{
	struct hms_object *to;
	struct hms_edge *edge;

	list_for_each_entry(edge, &link->spokes, of_hub)
		edge->spoke->walk = hms_walk;
	list_for_each_entry(edge, &link->hubs, of_spoke) {
		if (!hms_edge_is(edge, HMS_BRIDGE_FROM))
			continue;
		/* It is gone when the link there is, and the bridge not yet. */
		to = hms_graph_spoke_as(edge->hub, HMS_BRIDGE_TO);
		if (to && hms_bridge_lets(edge->hub, initiator))
			hms_walk_to(to, queue);
	}
}

/**
 * hms_graph_walk - go wherever an initiator can go, over links, and over bridges that let it
 * @initiator: the initiator
 *
 * Each link and bridge is looked at once, and nothing is allocated.
 *
 * Context: under hms_map_lock, until the last hms_graph_walked() about it.
 */
void hms_graph_walk(const struct hms_object *initiator)
{
	struct hms_object *link;
	struct hms_edge *edge;
	LIST_HEAD(queue);

	lockdep_assert_held(&hms_map_lock);
	hms_walk++;
	list_for_each_entry(edge, &initiator->hubs, of_spoke) {
		if (edge->hub->class->type == HMS_LINK)
			hms_walk_to(edge->hub, &queue);
	}
	while ((link = list_first_entry_or_null(&queue, struct hms_object, waiting))) {
		list_del(&link->waiting);
		hms_walk_from(link, initiator, &queue);
	}
}

/**
 * hms_graph_walked - did the last walk come to an object
 * @obj: a link, or what links connect
 *
 * Context: under hms_map_lock.
 */
bool hms_graph_walked(const struct hms_object *obj)
{
	lockdep_assert_held(&hms_map_lock);
	return obj->walk == hms_walk;
}
