// SPDX-License-Identifier: GPL-2.0
/*
 * What sysfs shows of an object, whatever its type: a file for each thing that is known of it.
 */

#include <linux/bits.h>
#include <linux/numa.h>
#include <linux/sysfs.h>

#include "describe.h"
#include "object.h"
#include "stats.h"

static struct hms_object *to_object(struct device *dev)
{
	return container_of(dev, struct hms_object, dev);
}

static struct hms_description hms_description_of(struct device *dev)
{
	struct hms_description description;

	hms_object_describe(to_object(dev), &description);
	return description;
}

static ssize_t name_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_object(dev)->name);
}
static DEVICE_ATTR_RO(name);

static ssize_t uid_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", to_object(dev)->uid);
}
static DEVICE_ATTR_RO(uid);

static ssize_t generation_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(to_object(dev)->generation));
}
static DEVICE_ATTR_RO(generation);

static ssize_t kind_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", hms_description_of(dev).kind);
}
static DEVICE_ATTR_RO(kind);

static ssize_t nid_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", hms_description_of(dev).nid);
}
static DEVICE_ATTR_RO(nid);

static const char * const hms_property_texts[] = {
	"cpu-accessible", "coherent", "device-private", "persistent", "described",
};

static ssize_t properties_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	unsigned long properties = hms_description_of(dev).properties;
	unsigned int bit;
	int len = 0;

	for_each_set_bit(bit, &properties, ARRAY_SIZE(hms_property_texts))
		len += sysfs_emit_at(buf, len, "%s%s", len ? " " : "", hms_property_texts[bit]);
	return len + sysfs_emit_at(buf, len, "\n");
}
static DEVICE_ATTR_RO(properties);

static ssize_t capacity_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", hms_description_of(dev).capacity);
}
static DEVICE_ATTR_RO(capacity);

static ssize_t used_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", hms_description_of(dev).used);
}
static DEVICE_ATTR_RO(used);

/* Version 2 and above: what a load by the CPU finds there. */
static ssize_t cpu_access_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	u32 properties = hms_description_of(dev).properties;

	if (!(properties & HMS_PROP_CPU_ACCESSIBLE))
		return sysfs_emit(buf, "none\n");
	return sysfs_emit(buf, "%s\n",
			  properties & HMS_PROP_COHERENT ? "coherent" : "incoherent");
}
static DEVICE_ATTR_RO(cpu_access);

static struct attribute *hms_describe_attrs[] = {
	&dev_attr_name.attr,
	&dev_attr_uid.attr,
	&dev_attr_generation.attr,
	&dev_attr_kind.attr,
	&dev_attr_nid.attr,
	&dev_attr_properties.attr,
	&dev_attr_capacity.attr,
	&dev_attr_used.attr,
	&dev_attr_cpu_access.attr,
	NULL
};

static umode_t hms_describe_visible(struct kobject *kobj, struct attribute *attr, int index)
{
	struct device *dev = kobj_to_dev(kobj);
	struct hms_description description = hms_description_of(dev);
	bool target = to_object(dev)->class->type == HMS_TARGET;
	bool visible = true;

	if (attr == &dev_attr_kind.attr)
		visible = description.kind;
	else if (attr == &dev_attr_nid.attr)
		visible = description.nid != NUMA_NO_NODE;
	else if (attr == &dev_attr_properties.attr || attr == &dev_attr_capacity.attr ||
		 attr == &dev_attr_used.attr)
		visible = target;
	else if (attr == &dev_attr_cpu_access.attr)
		visible = target && to_object(dev)->version >= HMS_VERSION_DEVICE;
	return visible ? attr->mode : 0;
}

static const struct attribute_group hms_describe_group = {
	.attrs = hms_describe_attrs,
	.is_visible = hms_describe_visible,
};

const struct attribute_group *hms_describe_groups[] = {
	&hms_describe_group,
	NULL
};

/* Files of a cache; @number is that of struct hms_cache. */
struct hms_cache_file {
	struct device_attribute attr;
	u64 (*number)(const struct hms_cache *cache);
};

static ssize_t hms_cache_show(struct device *dev, struct device_attribute *attr, char *buf);

static u64 hms_cache_size(const struct hms_cache *cache)
{
	return cache->size;
}

static u64 hms_cache_line_size(const struct hms_cache *cache)
{
	return cache->line_size;
}

static u64 hms_cache_indexing(const struct hms_cache *cache)
{
	return cache->indexing;
}

static u64 hms_cache_write_policy(const struct hms_cache *cache)
{
	return cache->write_policy;
}

#define HMS_CACHE_FILE(file)								\
	{ .attr = __ATTR(file, 0444, hms_cache_show, NULL), .number = hms_cache_##file }

#define HMS_CACHE_FILES									\
	{										\
		HMS_CACHE_FILE(size),							\
		HMS_CACHE_FILE(line_size),						\
		HMS_CACHE_FILE(indexing),						\
		HMS_CACHE_FILE(write_policy),						\
	}

#define HMS_FILES_A_CACHE	4

static struct hms_cache_file hms_cache_files[HMS_CACHE_LEVELS][HMS_FILES_A_CACHE] = {
	HMS_CACHE_FILES, HMS_CACHE_FILES, HMS_CACHE_FILES,
};

static ssize_t hms_cache_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct hms_cache_file *file = container_of(attr, struct hms_cache_file, attr);
	struct hms_description description = hms_description_of(dev);
	unsigned int level = (file - hms_cache_files[0]) / HMS_FILES_A_CACHE;

	return sysfs_emit(buf, "%llu\n", file->number(&description.caches[level]));
}

static struct attribute *hms_cache1_attrs[] = {
	&hms_cache_files[0][0].attr.attr,
	&hms_cache_files[0][1].attr.attr,
	&hms_cache_files[0][2].attr.attr,
	&hms_cache_files[0][3].attr.attr,
	NULL
};

static struct attribute *hms_cache2_attrs[] = {
	&hms_cache_files[1][0].attr.attr,
	&hms_cache_files[1][1].attr.attr,
	&hms_cache_files[1][2].attr.attr,
	&hms_cache_files[1][3].attr.attr,
	NULL
};

static struct attribute *hms_cache3_attrs[] = {
	&hms_cache_files[2][0].attr.attr,
	&hms_cache_files[2][1].attr.attr,
	&hms_cache_files[2][2].attr.attr,
	&hms_cache_files[2][3].attr.attr,
	NULL
};

static const struct attribute_group hms_cache1_group = {
	.name = "cache1",
	.attrs = hms_cache1_attrs,
};

static const struct attribute_group hms_cache2_group = {
	.name = "cache2",
	.attrs = hms_cache2_attrs,
};

static const struct attribute_group hms_cache3_group = {
	.name = "cache3",
	.attrs = hms_cache3_attrs,
};

/* The end of each is what an object with N levels of caches has. */
static const struct attribute_group *hms_folders[] = {
	&hms_cache3_group,
	&hms_cache2_group,
	&hms_cache1_group,
	NULL
};

static const struct attribute_group *hms_counted_folders[] = {
	&hms_cache3_group,
	&hms_cache2_group,
	&hms_cache1_group,
	&hms_target_stats_group,
	NULL
};

/**
 * hms_describe_folders - the folders of an object: for its caches, for its statistics
 * @obj: the object
 *
 * An empty group would be a folder all the same, so there is a list for each number of levels.
 */
const struct attribute_group **hms_describe_folders(struct hms_object *obj)
{
	struct hms_description description;
	unsigned int skip;

	hms_object_describe(obj, &description);
	skip = HMS_CACHE_LEVELS - description.ncaches;
	return obj->class->counted ? &hms_counted_folders[skip] : &hms_folders[skip];
}
