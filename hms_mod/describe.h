/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_DESCRIBE_H
#define _HMS_DESCRIBE_H

struct attribute_group;
struct hms_object;

extern const struct attribute_group *hms_describe_groups[];
const struct attribute_group **hms_describe_folders(struct hms_object *obj);

#endif /* _HMS_DESCRIBE_H */
