// SPDX-License-Identifier: GPL-2.0
/*
 * HMS_INFO: what this module is, and what it can do on this kernel.
 */

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/nodemask.h>
#include <linux/string.h>
#include <linux/hms.h>

#include "compat/compat.h"
#include "binding.h"
#include "fork.h"
#include "info.h"
#include "modifier.h"
#include "object.h"
#include "vector.h"

/* What the module found when it was built for this kernel. */
#define HMS_INTERFACE(_name, _live, _text)						\
	{ .live = _live, .kind = HMS_FEATURE_INTERFACE, .name = _name, .reason = _text },

static const struct hms_feature_info hms_interfaces[] = { HMS_PROBES(HMS_INTERFACE) };

static int hms_feature(struct hms_vector *vector, const char *name, bool live, const char *reason)
{
	struct hms_feature_info feature = { .live = live };

	strscpy(feature.name, name, sizeof(feature.name));
	if (!live)
		strscpy(feature.reason, reason, sizeof(feature.reason));
	return hms_vector_add(vector, &feature);
}

static int hms_info_features(struct hms_vector *vector)
{
	unsigned int i;
	int ret;

	ret = hms_feature(vector, "policy", true, "");
	ret = ret ?: hms_feature(vector, "populate", true, "");
	ret = ret ?: hms_feature(vector, "node-migration", num_node_state(N_MEMORY) > 1,
				 IS_ENABLED(CONFIG_NUMA) ?
				 "this machine has memory on one node only" :
				 "CONFIG_NUMA is off in this kernel");
	ret = ret ?: hms_feature(vector, "device-private", IS_ENABLED(CONFIG_DEVICE_PRIVATE),
				 "CONFIG_DEVICE_PRIVATE is off in this kernel");
	ret = ret ?: hms_feature(vector, "lazy", IS_ENABLED(CONFIG_DEVICE_PRIVATE),
				 "CONFIG_DEVICE_PRIVATE is off in this kernel");
	/* Of coherent memory nothing could stand for what is lost. */
	ret = ret ?: hms_feature(vector, "device-loss", IS_ENABLED(CONFIG_DEVICE_PRIVATE),
				 "CONFIG_DEVICE_PRIVATE is off in this kernel");
	ret = ret ?: hms_feature(vector, "device-coherent", IS_ENABLED(CONFIG_DEVICE_MIGRATION),
				 "CONFIG_DEVICE_MIGRATION is off in this kernel");
	ret = ret ?: hms_feature(vector, "large-pages", hms_core_moves_large(),
				 HMS_HAS_SELECT_COMPOUND ?
				 "CONFIG_TRANSPARENT_HUGEPAGE is off in this kernel" :
				 "this kernel splits them, newer ones move them in one piece");
	ret = ret ?: hms_feature(vector, "device-cgroup",
				 HMS_HAS_DMEM_CGROUP && IS_ENABLED(CONFIG_CGROUP_DMEM),
				 HMS_HAS_DMEM_CGROUP ?
				 "CONFIG_CGROUP_DMEM is off in this kernel" :
				 "this kernel has no dmem controller that fits");
	ret = ret ?: hms_feature(vector, "fork-inherit", !*hms_fork_unseen(), hms_fork_unseen());
	for (i = 0; i < ARRAY_SIZE(hms_interfaces) && !ret; i++)
		ret = hms_vector_add(vector, &hms_interfaces[i]);
	return ret;
}

static int hms_info_keys(struct hms_vector *vector)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < hms_nmodifiers && !ret; i++)
		ret = hms_vector_add(vector, &hms_modifiers[i].info);
	return ret;
}

/**
 * hms_info - serve HMS_INFO
 * @arg: copied from the program; the out fields are filled in
 *
 * Context: may sleep; no locks held.
 * Return: 0, -EINVAL, -EFAULT, or -ENOSPC when there is some room, but not enough.
 */
int hms_info(struct hms_info *arg)
{
	struct hms_vector keys, features;
	int ret;

	if (!arg->version)
		return -EINVAL;
	ret = hms_vector_init(&keys, arg->keys, arg->nkeys, arg->key_size,
			      sizeof(struct hms_key_info));
	if (ret)
		return ret;
	ret = hms_vector_init(&features, arg->features, arg->nfeatures, arg->feature_size,
			      sizeof(struct hms_feature_info));
	if (ret)
		return ret;

	memset_after(arg, 0, feature_size);
	arg->instance = hms_instance;
	arg->api_version = HMS_API_VERSION;
	arg->object_version = HMS_VERSION_DEVICE;
	arg->max_targets = HMS_MAX_TARGETS;
	arg->max_modifiers = HMS_MAX_MODIFIERS;
	arg->max_ranges = hms_max_ranges;
	arg->all_or_nothing_max = HMS_ALL_OR_NOTHING_MAX;
	strscpy(arg->module_version, HMS_MODULE_VERSION, sizeof(arg->module_version));

	ret = hms_info_keys(&keys);
	if (!ret)
		ret = hms_info_features(&features);
	if (ret)
		return ret;
	arg->nkeys = keys.count;
	arg->key_size = keys.size;
	arg->nfeatures = features.count;
	arg->feature_size = features.size;
	if ((keys.room && hms_vector_overflowed(&keys)) ||
	    (features.room && hms_vector_overflowed(&features)))
		return -ENOSPC;
	return 0;
}
