// SPDX-License-Identifier: GPL-2.0
/* Messages as the module sends them, and answers of the kernel's own. */
#include <errno.h>
#include <string.h>

#include "seeds.h"
#include "wire.h"

static const struct hms_value value = { .value = 90000, .source = HMS_SOURCE_FIRMWARE };
static const struct hms_cache cache = { .size = 1 << 30, .level = 1, .line_size = 64 };

static void put_target(struct nl_msg *msg)
{
	nla_put_u64(msg, HMS_A_INSTANCE, 7);
	nla_put_u64(msg, HMS_A_GENERATION, 9);
	nla_put_string(msg, HMS_A_NAME, "node0");
	nla_put_u64(msg, HMS_A_CHANGED, 8);
	nla_put_string(msg, HMS_A_KIND, "node");
	nla_put_u32(msg, HMS_A_NID, 0);
	nla_put_u32(msg, HMS_A_PROPERTIES, HMS_PROP_CPU_ACCESSIBLE | HMS_PROP_COHERENT);
	nla_put_u64(msg, HMS_A_CAPACITY, 1 << 30);
	nla_put_u64(msg, HMS_A_USED, 1 << 20);
	nla_put(msg, HMS_A_CACHE, sizeof(cache), &cache);
	nla_put(msg, HMS_A_CACHE, sizeof(cache), &cache);
}

static void put_uids(struct nl_msg *msg, enum hms_netlink_attribute attribute, uint32_t a,
		     uint32_t b)
{
	const uint32_t uids[] = { a, b };

	nla_put(msg, attribute, sizeof(uids), uids);
}

static void put_way(struct nl_msg *msg, uint32_t a, uint32_t b)
{
	for (int i = 0; i < HMS_ATTRIBUTES; i++)
		nla_put(msg, HMS_A_READ_BANDWIDTH + i, sizeof(value), &value);
	put_uids(msg, HMS_A_EDGES, a, b);
}

static void put_bridge(struct nl_msg *msg)
{
	put_way(msg, 3, 4);
	nla_put_u32(msg, HMS_A_FROM, 3);
	nla_put_u32(msg, HMS_A_TO, 4);
	put_uids(msg, HMS_A_INITIATORS, 2, 6);
}

static void put_migrate(struct nl_msg *msg)
{
	nla_put_u32(msg, HMS_A_PID, 1);
	nla_put_u64(msg, HMS_A_START, 4096);
	nla_put_u64(msg, HMS_A_LENGTH, 8192);
	put_uids(msg, HMS_A_TARGETS, 2, 1);
	for (int a = HMS_A_PAGES; a <= HMS_A_SKIPPED; a++)
		nla_put_u64(msg, a, 1);
}

static void put_move(struct nl_msg *msg)
{
	for (int a = HMS_A_REASON; a <= HMS_A_TO_TARGET; a++)
		nla_put_u32(msg, a, 2);
	for (int a = HMS_A_PAGES; a <= HMS_A_SKIPPED; a++)
		nla_put_u64(msg, a, 1);
}

static void make_map(struct wire *w)
{
	struct nl_msg *msg;

	msg = wire_object(HMS_CMD_NEW, 1, HMS_TARGET);
	put_target(msg);
	nla_put_u32(msg, HMS_A_EDGES, 3);
	wire_end(w, msg);
	msg = wire_object(HMS_CMD_NEW, 2, HMS_INITIATOR);
	nla_put_string(msg, HMS_A_KIND, "cpu");
	wire_end(w, msg);
	msg = wire_object(HMS_CMD_NEW, 3, HMS_LINK);
	put_way(msg, 1, 2);
	wire_end(w, msg);
	wire_end(w, wire_object(HMS_CMD_NEW, 4, HMS_LINK));
	msg = wire_object(HMS_CMD_NEW, 5, HMS_BRIDGE);
	put_bridge(msg);
	wire_end(w, msg);
}

static void keep(struct wire *w, const char *name)
{
	seed(name, w->bytes, w->size);
	wire_free(w);
}

void make_seeds(void)
{
	char name[100] = "";
	struct wire w = { 0 };
	struct nl_msg *msg;

	make_map(&w);
	keep(&w, "map");
	make_map(&w);
	wire_error(&w, -ESTALE);
	keep(&w, "map-and-error");
	msg = wire_object(HMS_CMD_CHANGE, 1, HMS_TARGET);
	put_target(msg);
	wire_end(&w, msg);
	keep(&w, "target");
	msg = wire_object(HMS_CMD_NEW, 5, HMS_BRIDGE);
	put_bridge(msg);
	wire_end(&w, msg);
	keep(&w, "bridge");
	wire_end(&w, wire_object(HMS_CMD_DEL, 5, HMS_BRIDGE));
	keep(&w, "gone");
	msg = wire_object(HMS_CMD_NEW, 1, HMS_TARGET);
	memset(name, 'x', sizeof(name) - 1);
	nla_put_string(msg, HMS_A_NAME, name);
	wire_end(&w, msg);
	keep(&w, "long-name");
	msg = wire_object(HMS_CMD_NEW, 1, HMS_TARGET);
	nla_put(msg, HMS_A_CACHE, sizeof(cache) - 4, &cache);
	wire_end(&w, msg);
	keep(&w, "short-cache");
	msg = wire_begin(HMS_CMD_MIGRATE, 0);
	put_migrate(msg);
	wire_end(&w, msg);
	keep(&w, "migrate");
	msg = wire_begin(HMS_CMD_MOVE, 0);
	put_move(msg);
	wire_end(&w, msg);
	keep(&w, "move");
	msg = wire_begin(HMS_CMD_NEW, NLM_F_MULTI | NLM_F_DUMP_INTR);
	wire_end(&w, msg);
	keep(&w, "interrupted");
	wire_error(&w, -EPERM);
	keep(&w, "error");
}
