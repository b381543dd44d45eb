// SPDX-License-Identifier: LGPL-2.1-or-later
/* The words for the numbers of linux/hms.h, as sysfs and hmsctl have them, both ways. */
#include <errno.h>
#include <string.h>

#include <linux/hms_netlink.h>

#include "internal.h"

static const char *const types[] = {
	[HMS_TARGET]	= "target",
	[HMS_INITIATOR]	= "initiator",
	[HMS_LINK]	= "link",
	[HMS_BRIDGE]	= "bridge",
};

static const char *const kinds[] = {
	[HMS_KIND_NONE]			= "none",
	[HMS_KIND_OTHER]		= "other",
	[HMS_KIND_NODE]			= "node",
	[HMS_KIND_DEVICE_PRIVATE]	= "device-private",
	[HMS_KIND_DEVICE_COHERENT]	= "device-coherent",
	[HMS_KIND_CPU]			= "cpu",
	[HMS_KIND_DEVICE]		= "device",
};

/* By bit. */
static const char *const properties[] = {
	"cpu-accessible", "coherent", "device-private", "persistent", "described",
};

static const char *const attributes[] = {
	[HMS_READ_BANDWIDTH]	= "read_bandwidth",
	[HMS_WRITE_BANDWIDTH]	= "write_bandwidth",
	[HMS_READ_LATENCY]	= "read_latency",
	[HMS_WRITE_LATENCY]	= "write_latency",
};

static const char *const sources[] = {
	[HMS_SOURCE_UNKNOWN]	= "unknown",
	[HMS_SOURCE_FIRMWARE]	= "firmware",
	[HMS_SOURCE_ESTIMATED]	= "estimated",
	[HMS_SOURCE_MEASURED]	= "measured",
	[HMS_SOURCE_USER]	= "user",
	[HMS_SOURCE_DRIVER]	= "driver",
};

static const char *const modes[] = {
	[HMS_MODE_DEFAULT]	= "default",
	[HMS_MODE_BIND]		= "bind",
	[HMS_MODE_PREFERRED]	= "preferred",
	[HMS_MODE_INTERLEAVE]	= "interleave",
	[HMS_MODE_WEIGHTED]	= "weighted",
};

static const char *const reasons[] = {
	[HMS_REASON_REQUEST]	= "request",
	[HMS_REASON_FAULT]	= "fault",
	[HMS_REASON_EVICTED]	= "evicted",
	[HMS_REASON_EVACUATED]	= "evacuated",
};

#define TEXT(words, number) ((number) < COUNT(words) ? (words)[number] : "unknown")
#define PARSE(words, name) parse(words, COUNT(words), name)

static int parse(const char *const *words, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (words[i] && !strcmp(name, words[i]))
			return i;
	return -EINVAL;
}

const char *hms_type_text(enum hms_type type)
{
	return TEXT(types, type);
}

int hms_type_parse(const char *name)
{
	return PARSE(types, name);
}

const char *hms_kind_text(enum hms_kind kind)
{
	return TEXT(kinds, kind);
}

int hms_kind_parse(const char *name)
{
	return PARSE(kinds, name);
}

const char *hms_property_text(uint32_t property)
{
	for (size_t i = 0; i < COUNT(properties); i++)
		if (property == 1U << i)
			return properties[i];
	return "unknown";
}

uint32_t hms_property_parse(const char *name)
{
	int bit = PARSE(properties, name);

	return bit < 0 ? 0 : 1U << bit;
}

const char *hms_attribute_text(enum hms_attribute attribute)
{
	return TEXT(attributes, attribute);
}

int hms_attribute_parse(const char *name)
{
	return PARSE(attributes, name);
}

const char *hms_source_text(enum hms_source source)
{
	return TEXT(sources, source);
}

int hms_source_parse(const char *name)
{
	return PARSE(sources, name);
}

const char *hms_mode_text(uint32_t mode)
{
	return mode < COUNT(modes) ? modes[mode] : "unknown mode";
}

const char *hms_reason_text(uint32_t reason)
{
	return TEXT(reasons, reason);
}

int hms_mode_parse(const char *name)
{
	return PARSE(modes, name);
}
