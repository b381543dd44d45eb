/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_GRAPH_H
#define _HMS_GRAPH_H

#include <hms/driver.h>

#include "object.h"

/**
 * struct hms_initiator - what can access memory
 * @obj: must be first
 * @nid: node of the CPUs, or NUMA_NO_NODE for a device
 */
struct hms_initiator {
	struct hms_object obj;
	int nid;
};

/**
 * struct hms_link - connects initiators and targets
 * @obj: must be first
 */
struct hms_link {
	struct hms_object obj;
};

struct hms_initiator *hms_initiator_add_cpus(int nid);
void hms_graph_disconnect(struct hms_object *obj);

#endif /* _HMS_GRAPH_H */
