// SPDX-License-Identifier: LGPL-2.1-or-later
/* Objects by what people call them. */
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "internal.h"
#include "units.h"

/* The only one that @is; their number up to 2. */
static int only_one(const struct hms *hms, enum hms_type type,
		    bool (*is)(const struct hms_object *object, const void *data),
		    const void *data, const struct hms_object **object)
{
	int n = 0;

	for (size_t i = 0; i < hms->nobjects && n < 2; i++) {
		if (hms->objects[i]->type != type || !is(hms->objects[i], data))
			continue;
		*object = hms->objects[i];
		n++;
	}
	return n;
}

static bool has_name(const struct hms_object *object, const void *name)
{
	return !strcmp(object->name, name);
}

static bool has_cpus_of(const struct hms_object *object, const void *node)
{
	return object->kind == HMS_KIND_CPU && object->nid >= 0 &&
	       (uint64_t)object->nid == *(const uint64_t *)node;
}

/* The node that "cpuN" or "here" is about. */
static bool parse_node(const char *name, uint64_t *node)
{
	unsigned int cpu, on;

	if (!strcmp(name, "here") && !getcpu(&cpu, &on)) {
		*node = on;
		return true;
	}
	return !strncmp(name, "cpu", 3) && !hms_parse_number(name + 3, INT32_MAX, node);
}

int hms_find_name(struct hms *hms, enum hms_type type, const char *name,
		  const struct hms_object **object)
{
	uint64_t number;
	int n, ret;

	*object = NULL;
	ret = hms_scan_once(hms);
	if (ret)
		return ret;
	if (!hms_parse_number(name, UINT32_MAX, &number)) {
		*object = hms_object_known(hms, number);
		n = *object && (*object)->type == type;
	} else {
		n = only_one(hms, type, has_name, name, object);
	}
	if (!n && type == HMS_INITIATOR && parse_node(name, &number))
		n = only_one(hms, type, has_cpus_of, &number, object);
	if (n == 1)
		return 0;
	*object = NULL;
	if (n)
		return hms_error_set(hms, "find name", EINVAL,
				     "several %ss are named %s: take a uid", hms_type_text(type),
				     name);
	return hms_error_set(hms, "find name", ENOENT, "no %s %s", hms_type_text(type), name);
}
