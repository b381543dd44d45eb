// SPDX-License-Identifier: GPL-2.0
/* register_node_notifier(): a node gets its first memory, or loses its last */
#include <linux/node.h>
#include <linux/notifier.h>

int probe(struct notifier_block *nb);
int probe(struct notifier_block *nb)
{
	return register_node_notifier(nb) + NODE_ADDED_FIRST_MEMORY;
}
