/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_HISTORY_H
#define _HMS_HISTORY_H

#include <linux/hms.h>

struct hms_object;

/**
 * struct hms_removed - an object that is gone
 * @generation: of the map, when it went
 * @uid: its uid
 * @version: its version
 * @type: what it was
 */
struct hms_removed {
	u64 generation;
	u32 uid;
	u32 version;
	enum hms_type type;
};

void hms_history_add(const struct hms_object *obj);
bool hms_history_reaches(u64 since);
const struct hms_removed *hms_history_next(u64 generation);

#endif /* _HMS_HISTORY_H */
