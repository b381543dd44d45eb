// SPDX-License-Identifier: GPL-2.0
/*
 * HMS: one interface to all memory of a heterogeneous machine. This file starts and stops the
 * parts.
 */

#include <linux/module.h>

#include "binding.h"
#include "figures.h"
#include "file.h"
#include "fork.h"
#include "info.h"
#include "latency.h"
#include "lazy.h"
#include "netlink.h"
#include "node.h"
#include "object.h"
#include "poison.h"
#include "remap.h"
#include "turn.h"

static int __init hms_init(void)
{
	int ret;

	ret = hms_object_start();
	if (ret)
		return ret;
	ret = hms_netlink_start();
	if (ret)
		goto stop_object;
	ret = hms_latency_start();
	if (ret)
		goto stop_netlink;
	ret = hms_figures_start();
	if (ret)
		goto stop_latency;
	ret = hms_node_start();
	if (ret)
		goto stop_figures;
	ret = hms_binding_start();
	if (ret)
		goto stop_node;
	hms_fork_start();
	ret = hms_file_start();
	if (ret)
		goto stop_fork;
	return 0;

stop_fork:
	hms_remap_stop();
	hms_fork_stop();
	hms_binding_stop();
stop_node:
	hms_node_stop();
stop_figures:
	hms_figures_stop();
stop_latency:
	hms_latency_stop();
stop_netlink:
	hms_netlink_stop();
stop_object:
	hms_object_stop();
	return ret;
}

static void __exit hms_exit(void)
{
	hms_file_stop();
	hms_lazy_stop();
	hms_turn_stop();
	hms_poison_stop();
	hms_remap_stop();
	hms_fork_stop();
	hms_binding_stop();
	hms_node_stop();
	hms_figures_stop();
	hms_latency_stop();
	hms_netlink_stop();
	hms_object_stop();
}

module_init(hms_init);
module_exit(hms_exit);

MODULE_DESCRIPTION("One interface to all memory of a heterogeneous machine");
MODULE_VERSION(HMS_MODULE_VERSION);
MODULE_LICENSE("GPL");
MODULE_INFO(staging, "Y");
