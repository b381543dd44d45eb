// SPDX-License-Identifier: GPL-2.0
/*
 * What the machine has without any driver: a target for each node with memory, an initiator for
 * each node with CPUs, and a link for each node. Memory may come and go with hotplug.
 */

#include <linux/err.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>

#include "compat/node.h"
#include "devmem.h"
#include "graph.h"
#include "node.h"
#include "target.h"

/* Protects what follows; taken in the notifier, with memory hotplug held still. */
static DEFINE_MUTEX(hms_node_lock);

static struct {
	struct hms_target *target;
	struct hms_initiator *cpus;
	struct hms_link *link;
} hms_node[MAX_NUMNODES];

/* Makes it, when the node has none yet. */
static struct hms_link *hms_node_link(int nid)
{
	struct hms_link *link;
	char name[16];

	if (hms_node[nid].link)
		return hms_node[nid].link;
	snprintf(name, sizeof(name), "node%d", nid);
	link = hms_link_register(name, NULL);
	if (!IS_ERR(link))
		hms_node[nid].link = link;
	return link;
}

static int hms_node_add_memory(int nid)
{
	struct hms_link *link = hms_node_link(nid);
	struct hms_target *target;

	if (IS_ERR(link))
		return PTR_ERR(link);
	target = hms_target_add_node(nid);
	if (IS_ERR(target))
		return PTR_ERR(target);
	hms_node[nid].target = target;
	return hms_link_add_target(link, target);
}

static void hms_node_remove_memory(int nid)
{
	if (hms_node[nid].target)
		hms_target_remove_node(hms_node[nid].target);
	hms_node[nid].target = NULL;
}

static void hms_node_remove_cpus(int nid)
{
	if (hms_node[nid].cpus)
		hms_initiator_unregister(hms_node[nid].cpus);
	hms_node[nid].cpus = NULL;
}

/* Once there is nothing left for it to connect. */
static void hms_node_remove_link(int nid)
{
	if (hms_node[nid].target || hms_node[nid].cpus)
		return;
	if (hms_node[nid].link)
		hms_link_unregister(hms_node[nid].link);
	hms_node[nid].link = NULL;
}

static int hms_node_add_cpus(int nid)
{
	struct hms_link *link = hms_node_link(nid);
	struct hms_initiator *cpus;

	if (IS_ERR(link))
		return PTR_ERR(link);
	cpus = hms_initiator_add_cpus(nid);
	if (IS_ERR(cpus))
		return PTR_ERR(cpus);
	hms_node[nid].cpus = cpus;
	return hms_link_add_initiator(link, cpus);
}

static int hms_node_event(struct notifier_block *nb, unsigned long action, void *data)
{
	int nid, ret = 0;

	/* Others may come without a node. */
	if (action != NODE_ADDED_FIRST_MEMORY && action != NODE_REMOVED_LAST_MEMORY)
		return NOTIFY_OK;
	nid = hms_notified_node(data);
	/* Memory of a node that has some all the time is nobody's event. */
	if (nid < 0)
		return NOTIFY_OK;
	mutex_lock(&hms_node_lock);
	if (action == NODE_ADDED_FIRST_MEMORY && !hms_node[nid].target)
		ret = hms_node_add_memory(nid);
	if (action == NODE_REMOVED_LAST_MEMORY || ret)
		hms_node_remove_memory(nid);
	hms_node_remove_link(nid);
	mutex_unlock(&hms_node_lock);
	if (ret)
		pr_warn("hms: the new memory of node %d is no target: error %d\n", nid, ret);
	return NOTIFY_OK;
}

static struct notifier_block hms_node_notifier = { .notifier_call = hms_node_event };

/* The struct pages of memory that is offline may go. Nobody looks at them any more after this. */
static int hms_node_memory_event(struct notifier_block *nb, unsigned long action, void *data)
{
	if (action == MEM_OFFLINE)
		hms_devmem_synchronize();
	return NOTIFY_OK;
}

static struct notifier_block hms_node_memory_notifier = {
	.notifier_call = hms_node_memory_event,
};

static void hms_node_remove_all(void)
{
	int nid;

	for (nid = 0; nid < MAX_NUMNODES; nid++) {
		hms_node_remove_cpus(nid);
		hms_node_remove_memory(nid);
		hms_node_remove_link(nid);
	}
}

int hms_node_start(void)
{
	int nid, ret;

	ret = register_memory_notifier(&hms_node_memory_notifier);
	if (ret)
		return ret;
	ret = register_node_notifier(&hms_node_notifier);
	if (ret) {
		unregister_memory_notifier(&hms_node_memory_notifier);
		return ret;
	}
	mutex_lock(&hms_node_lock);
	for_each_online_node(nid) {
		/* By the notifier it may be there already. */
		if (node_state(nid, N_MEMORY) && !hms_node[nid].target)
			ret = hms_node_add_memory(nid);
		if (!ret && node_state(nid, N_CPU))
			ret = hms_node_add_cpus(nid);
		if (ret)
			break;
	}
	mutex_unlock(&hms_node_lock);
	if (ret)
		hms_node_stop();
	return ret;
}

void hms_node_stop(void)
{
	unregister_node_notifier(&hms_node_notifier);
	unregister_memory_notifier(&hms_node_memory_notifier);
	hms_node_remove_all();
}
