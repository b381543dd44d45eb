/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_VALUE_H
#define _HMS_VALUE_H

#include <linux/hms.h>

struct attribute_group;
struct hms_object;

/**
 * struct hms_values - what is known of a link or a bridge; under hms_map_lock
 * @given: by firmware, driver or estimate
 * @pushed: by a measurement or an administrator; counts before @given
 */
struct hms_values {
	struct hms_value given[HMS_ATTRIBUTES];
	struct hms_value pushed[HMS_ATTRIBUTES];
};

extern const struct attribute_group *hms_value_groups[];

struct hms_value hms_value_of(const struct hms_values *values, enum hms_attribute attribute);
void hms_value_give(struct hms_object *obj, const struct hms_value values[HMS_ATTRIBUTES]);

#endif /* _HMS_VALUE_H */
