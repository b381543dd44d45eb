// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes as what libhms receives from the kernel: read as a map, as an answer that a monitor
 * asked for, and as events. Objects are as hms.h says, and have what the message has.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "maps.h"
#include "objects.h"
#include "wire.h"

/* What a monitor may be asked for before it has heard all: there are two buffers to receive. */
#define SILENCES	3

static void check_event(const struct hms_event *event)
{
	assert(event->what <= HMS_EVENT_MOVED);
	assert(!event->object == (event->what >= HMS_EVENT_MIGRATED));
	assert(*hms_reason_text(event->reason));
	if (event->object)
		check_object(event->object);
	/* In the order of the request. */
	for (size_t i = 0; i < event->ntargets; i++)
		check_uids(&event->targets[i], 1);
}

static struct hms_monitor *new_monitor(void)
{
	struct hms_monitor *monitor;

	assert(!hms_monitor_open(&monitor, HMS_MONITOR_TOPOLOGY | HMS_MONITOR_MIGRATE, 0));
	return monitor;
}

/* How many events there are. */
static size_t hear_all(struct hms_monitor *monitor)
{
	const struct hms_event *event;
	int silent = 0;
	size_t n = 0;

	while (silent < SILENCES) {
		int ret = hms_monitor_next(monitor, &event);

		assert(ret <= 1);
		assert(!event == (ret != 1));
		if (event)
			check_event(event);
		n += !!event;
		silent += !event;
	}
	return n;
}

static void check_events(const void *bytes, size_t size)
{
	struct hms_monitor *monitor = new_monitor();

	wire_set(bytes, size);
	hear_all(monitor);
	hms_monitor_close(monitor);
	/* Some of them are still there when it is closed. */
	monitor = new_monitor();
	wire_set(bytes, size);
	for (int i = 0; i < 2; i++) {
		const struct hms_event *event;

		hms_monitor_next(monitor, &event);
	}
	hms_monitor_close(monitor);
}

static void check_answer(const void *bytes, size_t size)
{
	struct hms_monitor *monitor = new_monitor();
	int ret;

	wire_set(bytes, size);
	ret = hms_monitor_ask(monitor, 1, 1);
	assert(ret <= 0);
	wire_set(NULL, 0);
	/* An answer that is none has left nothing. */
	assert(!hear_all(monitor) || !ret);
	hms_monitor_close(monitor);
}

/*
 * A map that is saved can be read, unless the messages say of an object what no module says: these
 * are all reasons that there may be.
 */
static void check_saved(struct hms *hms)
{
	static const char *const reasons[] = {
		"zero is no uid", "zero is no version", "version 1 is for", ": kind: not ",
		"device-private memory is not", " has no ", "cache: not made", "of this level",
		"is there twice", "no link named", "from a link to itself",
	};
	char error[MAPS_ERROR], *text;
	bool expected = false;
	struct hms *copy;
	int ret;

	/* One uid of two objects: then they have one name, too. */
	for (size_t i = 1; i < hms->nobjects; i++)
		expected |= hms->objects[i - 1]->uid == hms->objects[i]->uid;
	assert(!hms_save(hms, &text));
	ret = maps_try(text, strlen(text), &copy, error);
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		expected |= !!strstr(error, reasons[i]);
	if (ret && !expected) {
		fprintf(stderr, "what was saved is refused: %s\n%s", error, text);
		abort();
	}
	hms_close(copy);
	free(text);
}

static void check_map(const void *bytes, size_t size)
{
	struct hms_uid_list *list;
	struct hms *hms;
	int ret;

	wire_set(bytes, size);
	ret = hms_open_topology(&hms);
	assert(ret <= 0 && !ret == !!hms);
	if (!hms)
		return;
	for (size_t i = 0; i < hms->nobjects; i++) {
		const struct hms_object *object = hms->objects[i];

		/* That no uid is there twice, and no version too high, is up to the module. */
		check_object(object);
		assert(!i || hms->objects[i - 1]->uid <= object->uid);
		for (size_t j = 0; j < object->nlinks; j++)
			assert(hms_object_known(hms, object->links[j]));
	}
	check_saved(hms);
	ret = hms_select(hms, "all", &list);
	assert(!ret || ret == -ENOENT);
	free(list);
	hms_close(hms);
}

static void check_all(const void *bytes, size_t size)
{
	check_events(bytes, size);
	check_answer(bytes, size);
	check_map(bytes, size);
}

/*
 * The same with headers that are right: few inputs get through libnl by chance. Messages of the
 * kernel's own, as ends of an answer and errors, stay what they are.
 */
static void check_sealed(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + 1);

	memcpy(copy, data, size);
	for (size_t at = 0; at + NLMSG_HDRLEN <= size; ) {
		struct nlmsghdr *header = (struct nlmsghdr *)(copy + at);
		size_t least = NLMSG_HDRLEN + GENL_HDRLEN;

		if (header->nlmsg_type >= NLMSG_MIN_TYPE || !header->nlmsg_type) {
			header->nlmsg_type = WIRE_FAMILY;
			header->nlmsg_flags &= NLM_F_MULTI;
		}
		if (header->nlmsg_len < least)
			header->nlmsg_len = least;
		if (header->nlmsg_len > size - at)
			header->nlmsg_len = size - at;
		at += NLMSG_ALIGN(header->nlmsg_len);
	}
	check_all(copy, size);
	free(copy);
}

/* ---- one message, of bytes as its attributes ---- */

/* What it says, found without libnl. */
struct said {
	const uint8_t *at[HMS_A_MAX + 1];	/* the last one of each */
	size_t size[HMS_A_MAX + 1];
	size_t ncaches;
	bool broken;				/* one is too short, or a text that does not end */
};

/* The least size of an attribute. */
static size_t least(enum hms_netlink_attribute type)
{
	switch (type) {
	case HMS_A_UNSPEC:
	case HMS_A_PAD:
	case HMS_A_SINCE:
	case HMS_A_EDGES:
	case HMS_A_INITIATORS:
	case HMS_A_TARGETS:
		return 0;
	case HMS_A_NAME:
	case HMS_A_KIND:
		return 1;
	case HMS_A_UID:
	case HMS_A_VERSION:
	case HMS_A_TYPE:
	case HMS_A_NID:
	case HMS_A_PROPERTIES:
	case HMS_A_FROM:
	case HMS_A_TO:
	case HMS_A_PID:
	case HMS_A_REASON:
	case HMS_A_OWNER:
	case HMS_A_FROM_TARGET:
	case HMS_A_TO_TARGET:
		return sizeof(uint32_t);
	case HMS_A_CACHE:
		return sizeof(struct hms_cache);
	default:
		return sizeof(uint64_t);
	}
}

static void walk(struct said *said, const uint8_t *data, size_t size)
{
	for (size_t at = 0; at + NLA_HDRLEN <= size; ) {
		const uint8_t *payload = data + at + NLA_HDRLEN;
		struct nlattr attr;
		unsigned int type;
		size_t length;

		memcpy(&attr, data + at, sizeof(attr));
		if (attr.nla_len < NLA_HDRLEN || attr.nla_len > size - at)
			break;
		at += NLA_ALIGN(attr.nla_len);
		type = attr.nla_type & NLA_TYPE_MASK;
		length = attr.nla_len - NLA_HDRLEN;
		if (type > HMS_A_MAX)
			continue;
		said->at[type] = payload;
		said->size[type] = length;
		said->ncaches += type == HMS_A_CACHE;
		said->broken |= length < least(type) ||
				(least(type) == 1 && payload[length - 1]);
	}
}

static uint32_t number(const struct said *said, enum hms_netlink_attribute attribute)
{
	uint32_t value = 0;

	if (said->at[attribute])
		memcpy(&value, said->at[attribute], sizeof(value));
	return value;
}

static void check_list(const struct said *said, enum hms_netlink_attribute attribute,
		       const uint32_t *uids, size_t n)
{
	assert(n == said->size[attribute] / sizeof(*uids));
	for (size_t i = 0; i < n; i++) {
		uint32_t uid;

		memcpy(&uid, said->at[attribute] + i * sizeof(uid), sizeof(uid));
		assert(has_uid(uids, n, uid));
	}
}

static void check_alone(const uint8_t *data, size_t size)
{
	struct hms_monitor *monitor = new_monitor();
	const struct hms_event *event;
	struct said said = { 0 };
	struct wire w = { 0 };
	struct nl_msg *msg;
	int ret;

	walk(&said, data, size);
	msg = wire_begin(HMS_CMD_NEW, 0);
	assert(!nlmsg_append(msg, (void *)data, size, 0));
	wire_end(&w, msg);
	wire_set(w.bytes, w.size);
	ret = hms_monitor_next(monitor, &event);
	if (said.broken)
		assert(ret == -EPROTO);
	else if (number(&said, HMS_A_VERSION) > HMS_VERSION_DEVICE)
		assert(!ret);
	else if (said.at[HMS_A_UID] && said.at[HMS_A_VERSION] && said.at[HMS_A_TYPE])
		assert(ret == 1);
	else
		assert(ret == -EPROTO);
	if (ret == 1) {
		const struct hms_object *object = event->object;

		assert(event->what == HMS_EVENT_NEW);
		check_event(event);
		assert(object->uid == number(&said, HMS_A_UID));
		assert(object->version == number(&said, HMS_A_VERSION));
		assert(object->type == number(&said, HMS_A_TYPE));
		assert(object->from == number(&said, HMS_A_FROM));
		assert(object->properties == number(&said, HMS_A_PROPERTIES));
		assert(!said.at[HMS_A_NAME] ||
		       !strncmp(object->name, (const char *)said.at[HMS_A_NAME], HMS_NAME_MAX));
		assert(object->ncaches == said.ncaches);
		check_list(&said, HMS_A_EDGES, object->links, object->nlinks);
		check_list(&said, HMS_A_INITIATORS, object->initiators, object->ninitiators);
	}
	wire_free(&w);
	hms_monitor_close(monitor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_all(data, size);
	check_sealed(data, size);
	/* What the headers leave. libnl makes no message larger than a page by itself. */
	if (size >= NLMSG_HDRLEN + GENL_HDRLEN && size < 4096)
		check_alone(data + NLMSG_HDRLEN + GENL_HDRLEN, size - NLMSG_HDRLEN - GENL_HDRLEN);
	return 0;
}
