// SPDX-License-Identifier: GPL-2.0
/*
 * Described targets: memory of a machine that is not this one. It is in the map, for programs that
 * are to be tried there, and holds no pages.
 */

#include <linux/err.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "target.h"

/**
 * struct hms_described - a target that is only described
 * @target: must be first
 * @kind: which kind it would be
 * @properties: HMS_PROP_*
 * @capacity: bytes
 */
struct hms_described {
	struct hms_target target;
	const char *kind;
	u32 properties;
	u64 capacity;
};

static const char * const hms_described_kinds[] = {
	"node", "device-private", "device-coherent",
};

static void hms_described_describe(struct hms_object *obj, struct hms_description *description)
{
	const struct hms_described *described = container_of(obj, struct hms_described, target.obj);

	description->kind = described->kind;
	description->properties = described->properties | HMS_PROP_DESCRIBED;
	description->capacity = described->capacity;
}

static const struct hms_object_class hms_described_class = {
	.type = HMS_TARGET,
	.describe = hms_described_describe,
};

/* Ordinary memory is what a program of version 1 may be handed. */
static bool hms_described_is_right(const struct hms_described_target *desc)
{
	const u32 ordinary = HMS_PROP_CPU_ACCESSIBLE | HMS_PROP_COHERENT;
	const u32 known = ordinary | HMS_PROP_DEVICE_PRIVATE | HMS_PROP_PERSISTENT;

	if (!desc->name || !desc->version || (desc->properties & ~known))
		return false;
	if ((desc->properties & HMS_PROP_DEVICE_PRIVATE) &&
	    (desc->properties & HMS_PROP_CPU_ACCESSIBLE))
		return false;
	return desc->version > HMS_VERSION_ORDINARY || (desc->properties & ordinary) == ordinary;
}

/**
 * hms_target_describe - show memory that is not there
 * @desc: what it would be; copied
 *
 * Programs find it in the map; requests that name it are refused. It is taken back with
 * hms_target_unregister().
 *
 * Context: may sleep.
 * Return: the target or an ERR_PTR(): -EINVAL, -ENOMEM, -ENOSPC.
 */
struct hms_target *hms_target_describe(const struct hms_described_target *desc)
{
	struct hms_described *described;
	int kind, ret;

	kind = match_string(hms_described_kinds, ARRAY_SIZE(hms_described_kinds), desc->kind);
	if (kind < 0 || !hms_described_is_right(desc))
		return ERR_PTR(-EINVAL);
	described = kzalloc(sizeof(*described), GFP_KERNEL);
	if (!described)
		return ERR_PTR(-ENOMEM);
	BUILD_BUG_ON(offsetof(struct hms_described, target));
	hms_target_init(&described->target);
	described->target.described = true;
	described->kind = hms_described_kinds[kind];
	described->properties = desc->properties;
	described->capacity = desc->capacity;
	ret = hms_object_add(&described->target.obj, &hms_described_class, desc->version,
			     desc->name, desc->parent);
	return ret ? ERR_PTR(ret) : &described->target;
}
EXPORT_SYMBOL_GPL(hms_target_describe);
