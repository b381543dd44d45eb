// SPDX-License-Identifier: GPL-2.0
/* Messages of the kernel into maps and events, also those that no module sends. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <hms/hms.h>

#include "kselftest_harness.h"
#include "maps.h"
#include "wire.h"

FIXTURE(netlink) {
	struct wire w;
	struct hms *hms;
	struct hms_monitor *monitor;
	const struct hms_event *event;
};

FIXTURE_SETUP(netlink)
{
	ASSERT_EQ(0, hms_monitor_open(&self->monitor, HMS_MONITOR_TOPOLOGY | HMS_MONITOR_MIGRATE,
				      0));
}

FIXTURE_TEARDOWN(netlink)
{
	hms_monitor_close(self->monitor);
	wire_free(&self->w);
	EXPECT_TRUE(maps_close(self->hms));
}

/* What has been made comes to who reads next. */
static void set_wire(FIXTURE_DATA(netlink) *self)
{
	wire_set(self->w.bytes, self->w.size);
}

static void put_uids(struct nl_msg *msg, enum hms_netlink_attribute attribute,
		     const uint32_t *uids, size_t bytes)
{
	nla_put(msg, attribute, bytes, uids);
}

TEST_F(netlink, map)
{
	static const struct hms_cache caches[] = {
		{ .size = 1 << 30, .level = 2, .line_size = 64 },
		{ .size = 1 << 20, .level = 1, .line_size = 128 },
	};
	static const struct hms_value value = { .value = 90000, .source = HMS_SOURCE_MEASURED };
	/* 77 is of a version that the program does not know. */
	static const uint32_t ends[] = { 77, 9, 2 }, crossers[] = { 9, 2 };
	const struct hms_object *o;
	uint64_t instance, generation;
	struct nl_msg *msg;

	msg = wire_object(HMS_CMD_NEW, 9, HMS_TARGET);
	nla_put_u64(msg, HMS_A_INSTANCE, 1ULL << 40);
	nla_put_u64(msg, HMS_A_GENERATION, 12);
	nla_put_string(msg, HMS_A_NAME, "hbm");
	nla_put_u64(msg, HMS_A_CHANGED, 11);
	nla_put_string(msg, HMS_A_KIND, "device-private");
	nla_put_u32(msg, HMS_A_PROPERTIES, HMS_PROP_DEVICE_PRIVATE);
	nla_put_u64(msg, HMS_A_CAPACITY, 16ULL << 30);
	nla_put(msg, HMS_A_CACHE, sizeof(caches[0]), &caches[0]);
	nla_put(msg, HMS_A_CACHE, sizeof(caches[1]), &caches[1]);
	wire_end(&self->w, msg);
	msg = wire_object(HMS_CMD_NEW, 2, HMS_INITIATOR);
	nla_put_string(msg, HMS_A_KIND, "sideways");
	nla_put_u32(msg, HMS_A_NID, 3);
	wire_end(&self->w, msg);
	msg = wire_object(HMS_CMD_NEW, 3, HMS_BRIDGE);
	nla_put(msg, HMS_A_WRITE_LATENCY, sizeof(value), &value);
	put_uids(msg, HMS_A_EDGES, ends, sizeof(ends));
	put_uids(msg, HMS_A_INITIATORS, crossers, sizeof(crossers));
	nla_put_u32(msg, HMS_A_FROM, 9);
	nla_put_u32(msg, HMS_A_TO, 2);
	wire_end(&self->w, msg);
	set_wire(self);
	ASSERT_EQ(0, hms_open_topology(&self->hms));
	ASSERT_EQ(0, hms_generation(self->hms, &instance, &generation));
	EXPECT_EQ(1ULL << 40, instance);
	EXPECT_EQ(12, generation);

	ASSERT_EQ(0, hms_find_uid(self->hms, 9, &o));
	EXPECT_EQ(HMS_TARGET, o->type);
	EXPECT_STREQ("hbm", o->name);
	EXPECT_EQ(11, o->generation);
	EXPECT_EQ(HMS_KIND_DEVICE_PRIVATE, o->kind);
	EXPECT_EQ(-1, o->nid);
	EXPECT_EQ(HMS_PROP_DEVICE_PRIVATE, o->properties);
	EXPECT_EQ(16ULL << 30, o->capacity);
	EXPECT_EQ(HMS_BYTES_UNKNOWN, o->used);
	ASSERT_EQ(2, o->ncaches);
	EXPECT_EQ(1, o->caches[0].level);
	EXPECT_EQ(128, o->caches[0].line_size);
	EXPECT_EQ(2, o->caches[1].level);

	ASSERT_EQ(0, hms_find_uid(self->hms, 2, &o));
	EXPECT_STREQ("", o->name);
	EXPECT_EQ(HMS_KIND_OTHER, o->kind);
	EXPECT_EQ(3, o->nid);
	EXPECT_EQ(HMS_BYTES_UNKNOWN, o->capacity);
	EXPECT_EQ(0, o->nlinks);

	ASSERT_EQ(0, hms_find_uid(self->hms, 3, &o));
	EXPECT_EQ(HMS_KIND_NONE, o->kind);
	EXPECT_EQ(90000, o->values[HMS_WRITE_LATENCY].value);
	EXPECT_EQ(HMS_SOURCE_MEASURED, o->values[HMS_WRITE_LATENCY].source);
	EXPECT_EQ(HMS_SOURCE_UNKNOWN, o->values[HMS_READ_LATENCY].source);
	ASSERT_EQ(2, o->nlinks);
	EXPECT_EQ(2, o->links[0]);
	EXPECT_EQ(9, o->links[1]);
	ASSERT_EQ(2, o->ninitiators);
	EXPECT_EQ(2, o->initiators[0]);
	EXPECT_EQ(9, o->from);
	EXPECT_EQ(2, o->to);
}

TEST_F(netlink, events)
{
	static const uint32_t targets[] = { 5, 3 };
	struct nl_msg *msg;

	msg = wire_object(HMS_CMD_CHANGE, 7, HMS_LINK);
	nla_put_u64(msg, HMS_A_GENERATION, 4);
	wire_end(&self->w, msg);
	wire_end(&self->w, wire_object(HMS_CMD_DEL, 7, HMS_LINK));
	/* Nobody's business: a question, and what is newer than the monitor. */
	wire_end(&self->w, wire_object(HMS_CMD_GET, 1, HMS_LINK));
	wire_end(&self->w, wire_object(HMS_CMD_MAX + 1, 1, HMS_LINK));
	msg = wire_begin(HMS_CMD_NEW, 0);
	nla_put_u32(msg, HMS_A_VERSION, 3);
	wire_end(&self->w, msg);
	msg = wire_begin(HMS_CMD_MIGRATE, 0);
	nla_put_u32(msg, HMS_A_PID, 8);
	nla_put_u64(msg, HMS_A_MOVED, 100);
	put_uids(msg, HMS_A_TARGETS, targets, sizeof(targets));
	wire_end(&self->w, msg);
	msg = wire_begin(HMS_CMD_MOVE, 0);
	nla_put_u32(msg, HMS_A_REASON, HMS_REASON_EVICTED);
	nla_put_u32(msg, HMS_A_OWNER, 9);
	nla_put_u32(msg, HMS_A_FROM_TARGET, 5);
	nla_put_u32(msg, HMS_A_TO_TARGET, 3);
	nla_put_u64(msg, HMS_A_START, 1ULL << 40);
	nla_put_u64(msg, HMS_A_MOVED, 16);
	wire_end(&self->w, msg);
	/* Of a later module. */
	msg = wire_begin(HMS_CMD_MOVE, 0);
	nla_put_u32(msg, HMS_A_REASON, 1000);
	nla_put_u32(msg, HMS_A_MAX + 1, 1);
	wire_end(&self->w, msg);
	set_wire(self);

	ASSERT_EQ(1, hms_monitor_next(self->monitor, &self->event));
	EXPECT_EQ(HMS_EVENT_CHANGED, self->event->what);
	EXPECT_EQ(4, self->event->generation);
	EXPECT_EQ(7, self->event->object->uid);
	ASSERT_EQ(1, hms_monitor_next(self->monitor, &self->event));
	EXPECT_EQ(HMS_EVENT_GONE, self->event->what);
	ASSERT_EQ(1, hms_monitor_next(self->monitor, &self->event));
	EXPECT_EQ(HMS_EVENT_MIGRATED, self->event->what);
	EXPECT_EQ(NULL, self->event->object);
	EXPECT_EQ(8, self->event->pid);
	EXPECT_EQ(100, self->event->moved);
	EXPECT_EQ(0, self->event->start);
	ASSERT_EQ(2, self->event->ntargets);
	EXPECT_EQ(5, self->event->targets[0]);
	EXPECT_EQ(HMS_REASON_REQUEST, self->event->reason);
	ASSERT_EQ(1, hms_monitor_next(self->monitor, &self->event));
	EXPECT_EQ(HMS_EVENT_MOVED, self->event->what);
	EXPECT_EQ(NULL, self->event->object);
	EXPECT_EQ(HMS_REASON_EVICTED, self->event->reason);
	EXPECT_EQ(9, self->event->owner);
	EXPECT_EQ(0, self->event->pid);
	EXPECT_EQ(5, self->event->from);
	EXPECT_EQ(3, self->event->to);
	EXPECT_EQ(1ULL << 40, self->event->start);
	EXPECT_EQ(16, self->event->moved);
	EXPECT_EQ(0, self->event->ntargets);
	ASSERT_EQ(1, hms_monitor_next(self->monitor, &self->event));
	EXPECT_STREQ("unknown", hms_reason_text(self->event->reason));
	EXPECT_EQ(0, self->event->from);
	EXPECT_EQ(0, hms_monitor_next(self->monitor, &self->event));
	EXPECT_EQ(NULL, self->event);
}

/* A map that changes while it is read is read again. */
TEST_F(netlink, interrupted)
{
	struct nl_msg *msg = wire_begin(HMS_CMD_NEW, NLM_F_MULTI | NLM_F_DUMP_INTR);

	nla_put_u32(msg, HMS_A_UID, 1);
	nla_put_u32(msg, HMS_A_VERSION, 1);
	nla_put_u32(msg, HMS_A_TYPE, HMS_TARGET);
	wire_end(&self->w, msg);
	set_wire(self);
	ASSERT_EQ(0, hms_open_topology(&self->hms));
	/* The second answer has nothing in it. */
	EXPECT_EQ(NULL, hms_object_next(self->hms, HMS_TARGET, NULL));
	set_wire(self);
	EXPECT_EQ(0, hms_monitor_ask(self->monitor, 0, 0));
	EXPECT_EQ(0, hms_monitor_next(self->monitor, &self->event));
}

TEST_F(netlink, odd_sizes)
{
	static const uint32_t uids[] = { 9, 8, 7 };
	char name[200];
	struct nl_msg *msg = wire_object(HMS_CMD_NEW, 1, HMS_LINK);

	/* Two uids and a part of one; none; a name that is too long; a number with too much. */
	put_uids(msg, HMS_A_EDGES, uids, 11);
	put_uids(msg, HMS_A_INITIATORS, uids, 0);
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = 0;
	nla_put_string(msg, HMS_A_NAME, name);
	put_uids(msg, HMS_A_FROM, uids, 12);
	wire_end(&self->w, msg);
	set_wire(self);
	ASSERT_EQ(1, hms_monitor_next(self->monitor, &self->event));
	ASSERT_EQ(2, self->event->object->nlinks);
	EXPECT_EQ(8, self->event->object->links[0]);
	EXPECT_EQ(9, self->event->object->links[1]);
	EXPECT_EQ(0, self->event->object->ninitiators);
	EXPECT_EQ(63, strlen(self->event->object->name));
	EXPECT_EQ(9, self->event->object->from);
}

/* One attribute that is too short, or not ended, or missing. */
TEST_F(netlink, no_message)
{
	static const struct {
		int attribute;
		size_t size;
	} bad[] = {
		{ HMS_A_UID, 3 }, { HMS_A_TYPE, 0 }, { HMS_A_CHANGED, 7 }, { HMS_A_NAME, 0 },
		{ HMS_A_NAME, 4 }, { HMS_A_KIND, 1 }, { HMS_A_CAPACITY, 4 },
		{ HMS_A_CACHE, sizeof(struct hms_cache) - 1 },
		{ HMS_A_READ_BANDWIDTH, sizeof(struct hms_value) - 1 },
		{ HMS_A_PID, 2 }, { HMS_A_REASON, 3 }, { HMS_A_TO_TARGET, 0 },
	};
	static const char ones[64] = { [0 ... 63] = 1 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct nl_msg *msg = wire_object(HMS_CMD_NEW, 1, HMS_TARGET);

		nla_put(msg, bad[i].attribute, bad[i].size, ones);
		wire_end(&self->w, msg);
		set_wire(self);
		EXPECT_EQ(-EPROTO, hms_monitor_next(self->monitor, &self->event)) {
			TH_LOG("attribute %d of %zu bytes", bad[i].attribute, bad[i].size);
		}
		EXPECT_EQ(NULL, self->event);
		set_wire(self);
		EXPECT_EQ(-EPROTO, hms_open_topology(&self->hms));
		EXPECT_EQ(NULL, self->hms);
		wire_free(&self->w);
	}
	wire_end(&self->w, wire_begin(HMS_CMD_NEW, 0));
	set_wire(self);
	EXPECT_EQ(-EPROTO, hms_monitor_next(self->monitor, &self->event));
	wire_set("short", 5);
	EXPECT_EQ(0, hms_monitor_next(self->monitor, &self->event));
}

/* What was asked for is there in full or not at all. */
TEST_F(netlink, errors)
{
	static const struct {
		int sent;
		int expected;
	} errors[] = {
		{ -ESTALE, -ESTALE }, { -EPERM, -EPERM }, { -INT_MAX, -INT_MAX },
		/* The kernel has no such errors: nor is one of them an event. */
		{ 1, -EPROTO }, { INT_MAX, -EPROTO }, { INT_MIN, -EPROTO },
	};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		wire_error(&self->w, errors[i].sent);
		set_wire(self);
		EXPECT_EQ(errors[i].expected, hms_monitor_next(self->monitor, &self->event));
		EXPECT_EQ(NULL, self->event);
		wire_free(&self->w);
		wire_end(&self->w, wire_object(HMS_CMD_NEW, 1, HMS_LINK));
		wire_error(&self->w, errors[i].sent);
		set_wire(self);
		EXPECT_EQ(errors[i].expected, hms_monitor_ask(self->monitor, 1, 1));
		wire_set(NULL, 0);
		EXPECT_EQ(0, hms_monitor_next(self->monitor, &self->event));
		set_wire(self);
		EXPECT_EQ(errors[i].expected, hms_open_topology(&self->hms));
		wire_free(&self->w);
	}
}

TEST_HARNESS_MAIN
