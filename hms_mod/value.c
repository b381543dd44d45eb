// SPDX-License-Identifier: GPL-2.0
/*
 * Values: the bandwidth and latency of links and bridges, and who says so. What an administrator or
 * a measurement pushes goes before what firmware or a driver gave, until it is reset.
 */

#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "object.h"
#include "value.h"

static const char * const hms_source_texts[] = {
	[HMS_SOURCE_UNKNOWN]	= "unknown",
	[HMS_SOURCE_FIRMWARE]	= "firmware",
	[HMS_SOURCE_ESTIMATED]	= "estimated",
	[HMS_SOURCE_MEASURED]	= "measured",
	[HMS_SOURCE_USER]	= "user",
	[HMS_SOURCE_DRIVER]	= "driver",
};

/**
 * hms_value_of - the value that counts
 * @values: of an object
 * @attribute: which
 *
 * Context: under hms_map_lock.
 */
struct hms_value hms_value_of(const struct hms_values *values, enum hms_attribute attribute)
{
	return values->pushed[attribute].source ? values->pushed[attribute] :
						  values->given[attribute];
}

/**
 * hms_value_give - say what is known of a link or a bridge
 * @obj: the link or bridge
 * @values: by attribute, in MB/s or ns; what has no number or no source is not known
 *
 * Context: may sleep; takes hms_map_lock.
 */
void hms_value_give(struct hms_object *obj, const struct hms_value values[HMS_ATTRIBUTES])
{
	int i;

	mutex_lock(&hms_map_lock);
	for (i = 0; i < HMS_ATTRIBUTES; i++) {
		bool known = values[i].value && values[i].source &&
			     values[i].source < ARRAY_SIZE(hms_source_texts);

		obj->values.given[i] = known ? values[i] : (struct hms_value) { };
	}
	hms_object_changed(obj);
	mutex_unlock(&hms_map_lock);
}

struct hms_value_file {
	struct device_attribute attr;
	enum hms_attribute attribute;
};

static struct hms_value hms_value_read(struct device *dev, struct device_attribute *attr)
{
	struct hms_value_file *file = container_of(attr, struct hms_value_file, attr);
	struct hms_object *obj = container_of(dev, struct hms_object, dev);
	struct hms_value value;

	mutex_lock(&hms_map_lock);
	value = hms_value_of(&obj->values, file->attribute);
	mutex_unlock(&hms_map_lock);
	return value;
}

static ssize_t hms_value_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct hms_value value = hms_value_read(dev, attr);

	if (!value.source)
		return sysfs_emit(buf, "unknown\n");
	return sysfs_emit(buf, "%u\n", value.value);
}

static ssize_t hms_source_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", hms_source_texts[hms_value_read(dev, attr).source]);
}

/* "NUMBER", "NUMBER measured" or "reset". */
static int hms_value_parse(const char *text, size_t length, struct hms_value *value)
{
	char number[16], source[16], rest;
	int n = sscanf(text, "%15s %15s %c", number, source, &rest);
	int found = HMS_SOURCE_USER, ret;

	*value = (struct hms_value) { };
	/* A word that does not fit would go on as the next; what is behind a zero is not seen. */
	if ((n != 1 && n != 2) || strlen(number) == sizeof(number) - 1 || strlen(text) != length)
		return -EINVAL;
	if (n == 1 && !strcmp(number, "reset"))
		return 0;
	if (n == 2)
		found = match_string(hms_source_texts, ARRAY_SIZE(hms_source_texts), source);
	if (found != HMS_SOURCE_MEASURED && found != HMS_SOURCE_USER)
		return -EINVAL;
	ret = kstrtou32(number, 10, &value->value);
	if (ret)
		return ret;
	value->source = found;
	return value->value ? 0 : -EINVAL;
}

static ssize_t hms_value_store(struct device *dev, struct device_attribute *attr, const char *buf,
			       size_t count)
{
	struct hms_value_file *file = container_of(attr, struct hms_value_file, attr);
	struct hms_object *obj = container_of(dev, struct hms_object, dev);
	struct hms_value value;
	int ret;

	ret = hms_value_parse(buf, count, &value);
	if (ret)
		return ret;
	mutex_lock(&hms_map_lock);
	if (hms_object_is_told(obj)) {
		obj->values.pushed[file->attribute] = value;
		hms_object_changed(obj);
	} else {
		ret = -ENODEV;
	}
	mutex_unlock(&hms_map_lock);
	return ret ?: count;
}

#define HMS_VALUE_FILE(file, which)							\
	static struct hms_value_file hms_##file = {					\
		__ATTR(file, 0644, hms_value_show, hms_value_store), which		\
	}

#define HMS_SOURCE_FILE(file, which)							\
	static struct hms_value_file hms_##file = {					\
		__ATTR(file, 0444, hms_source_show, NULL), which			\
	}

HMS_VALUE_FILE(read_bandwidth, HMS_READ_BANDWIDTH);
HMS_SOURCE_FILE(read_bandwidth_source, HMS_READ_BANDWIDTH);
HMS_VALUE_FILE(write_bandwidth, HMS_WRITE_BANDWIDTH);
HMS_SOURCE_FILE(write_bandwidth_source, HMS_WRITE_BANDWIDTH);
HMS_VALUE_FILE(read_latency, HMS_READ_LATENCY);
HMS_SOURCE_FILE(read_latency_source, HMS_READ_LATENCY);
HMS_VALUE_FILE(write_latency, HMS_WRITE_LATENCY);
HMS_SOURCE_FILE(write_latency_source, HMS_WRITE_LATENCY);

static struct attribute *hms_value_attrs[] = {
	&hms_read_bandwidth.attr.attr,
	&hms_read_bandwidth_source.attr.attr,
	&hms_write_bandwidth.attr.attr,
	&hms_write_bandwidth_source.attr.attr,
	&hms_read_latency.attr.attr,
	&hms_read_latency_source.attr.attr,
	&hms_write_latency.attr.attr,
	&hms_write_latency_source.attr.attr,
	NULL
};

static const struct attribute_group hms_value_group = {
	.attrs = hms_value_attrs,
};

const struct attribute_group *hms_value_groups[] = {
	&hms_value_group,
	NULL
};
