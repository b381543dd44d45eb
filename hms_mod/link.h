/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_LINK_H
#define _HMS_LINK_H

#include <hms/driver.h>

#include "object.h"

/* How a bridge is connected to its two links. */
#define HMS_BRIDGE_FROM	"from"
#define HMS_BRIDGE_TO	"to"

/**
 * struct hms_link - connects initiators and targets
 * @obj: must be first
 * @cpus: all CPUs are on it, those of nodes that come later too; under hms_map_lock
 */
struct hms_link {
	struct hms_object obj;
	bool cpus;
};

/**
 * struct hms_bridge - lets initiators cross from one link to another
 * @obj: must be first
 */
struct hms_bridge {
	struct hms_object obj;
};

int hms_link_join_cpus(struct hms_initiator *initiator);

#endif /* _HMS_LINK_H */
