/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_INITIATOR_H
#define _HMS_INITIATOR_H

#include <hms/driver.h>

#include "object.h"

/**
 * struct hms_initiator - what can access memory
 * @obj: must be first
 * @nid: its node, or NUMA_NO_NODE for the device of a driver
 * @cpu: it is the CPUs of the node
 */
struct hms_initiator {
	struct hms_object obj;
	int nid;
	bool cpu;
};

struct hms_initiator *hms_initiator_add_node(int nid, bool cpu, struct device *parent);
enum hms_error_why hms_initiator_reach(u32 uid, u32 version, const u32 *targets, u32 n,
				       u32 *index);

#endif /* _HMS_INITIATOR_H */
