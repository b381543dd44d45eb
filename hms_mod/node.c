// SPDX-License-Identifier: GPL-2.0
/*
 * What the machine has without any driver: a target for each node with memory, an initiator for
 * each node with CPUs, and a link for each node.
 */

#include <linux/err.h>
#include <linux/nodemask.h>

#include "graph.h"
#include "node.h"
#include "target.h"

static struct {
	struct hms_target *target;
	struct hms_initiator *cpus;
	struct hms_link *link;
} hms_node[MAX_NUMNODES];

static int hms_node_add(int nid)
{
	struct hms_initiator *cpus;
	struct hms_target *target;
	struct hms_link *link;
	char name[16];
	int ret = 0;

	snprintf(name, sizeof(name), "node%d", nid);
	link = hms_link_register(name, NULL);
	if (IS_ERR(link))
		return PTR_ERR(link);
	hms_node[nid].link = link;

	if (node_state(nid, N_MEMORY)) {
		target = hms_target_add_node(nid);
		if (IS_ERR(target))
			return PTR_ERR(target);
		hms_node[nid].target = target;
		ret = hms_link_add_target(link, target);
	}
	if (!ret && node_state(nid, N_CPU)) {
		cpus = hms_initiator_add_cpus(nid);
		if (IS_ERR(cpus))
			return PTR_ERR(cpus);
		hms_node[nid].cpus = cpus;
		ret = hms_link_add_initiator(link, cpus);
	}
	return ret;
}

int hms_node_start(void)
{
	int nid, ret = 0;

	for_each_online_node(nid) {
		if (!node_state(nid, N_MEMORY) && !node_state(nid, N_CPU))
			continue;
		ret = hms_node_add(nid);
		if (ret)
			break;
	}
	if (ret)
		hms_node_stop();
	return ret;
}

void hms_node_stop(void)
{
	int nid;

	for (nid = 0; nid < MAX_NUMNODES; nid++) {
		if (hms_node[nid].cpus)
			hms_initiator_unregister(hms_node[nid].cpus);
		if (hms_node[nid].target)
			hms_target_remove_node(hms_node[nid].target);
		if (hms_node[nid].link)
			hms_link_unregister(hms_node[nid].link);
	}
}
