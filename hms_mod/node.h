/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_NODE_H
#define _HMS_NODE_H

int hms_node_start(void);
void hms_node_stop(void);

#endif /* _HMS_NODE_H */
