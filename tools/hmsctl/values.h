/* SPDX-License-Identifier: GPL-2.0 */
/* The values of links and bridges that people and measurements push. */
#ifndef HMSCTL_VALUES_H
#define HMSCTL_VALUES_H

#include <hms/hms.h>

#define VALUES_FILE	"/etc/hms/values"

/* The link, else the bridge with a uid or a name; as hms_find_name(). */
int value_object(struct hms *hms, const char *name, const struct hms_object **object);

/* Push a value, 0 to take it back; 0 or -errno. @source: HMS_SOURCE_USER or HMS_SOURCE_MEASURED. */
int value_push(const struct hms_object *object, enum hms_attribute attribute, uint32_t value,
	       enum hms_source source);

/* Write what was pushed to a file, which is as before if that fails: how many, or -errno. */
int values_save(struct hms *hms, const char *file);

/*
 * Push what a file has: how many, or -errno with the reason in @why. All of the file is right
 * before the first is pushed; values of links that this machine does not have now are left out.
 */
int values_restore(struct hms *hms, const char *file, char *why, size_t size);

#endif /* HMSCTL_VALUES_H */
