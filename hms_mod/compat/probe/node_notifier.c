// SPDX-License-Identifier: GPL-2.0
/* register_node_notifier(): told when a node gets its first memory */
#include <linux/node.h>

int probe(struct notifier_block *block);
int probe(struct notifier_block *block)
{
	struct node_notify *arg = NULL;

	return register_node_notifier(block) + arg->nid + NODE_ADDED_FIRST_MEMORY;
}
