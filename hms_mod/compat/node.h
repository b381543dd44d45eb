/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Nodes that get their first memory, or lose their last. Before there was a notifier for that, the
 * one of memory blocks told it as well.
 */
#ifndef _HMS_COMPAT_NODE_H
#define _HMS_COMPAT_NODE_H

#include <linux/memory.h>
#include <linux/node.h>
#include <linux/notifier.h>

#include "compat/probed.h"

#if HMS_HAS_NODE_NOTIFIER
static inline int hms_notified_node(void *data)
{
	return ((struct node_notify *)data)->nid;
}
#else
#define NODE_ADDED_FIRST_MEMORY		MEM_ONLINE
#define NODE_REMOVED_LAST_MEMORY	MEM_OFFLINE
#define register_node_notifier		register_memory_notifier
#define unregister_node_notifier	unregister_memory_notifier

static inline int hms_notified_node(void *data)
{
	return ((struct memory_notify *)data)->status_change_nid;
}
#endif

#endif /* _HMS_COMPAT_NODE_H */
