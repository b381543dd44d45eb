/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The map and its changes, by generic netlink: family "hms". doc/netlink.yaml has the same for
 * programs that read that.
 *
 * HMS_CMD_GET, with NLM_F_DUMP, is answered by a message for each object; what changes is told to
 * those who listen to the group "topology". Every network namespace can ask and hears of it. What
 * requests moved is told to the group "migrate", which takes CAP_NET_ADMIN, and only in the first
 * network namespace; and what nobody asked for, but for the pages that come home because a CPU
 * touched them: they are too many. ENOBUFS there: some was lost, and is not told again.
 *
 * A program that keeps a copy of the map listens first, then reads, and drops what it hears of an
 * older generation than what it has read. A reader that was too slow (ENOBUFS) reads again, with
 * HMS_A_SINCE only what is new.
 */
#ifndef _UAPI_LINUX_HMS_NETLINK_H
#define _UAPI_LINUX_HMS_NETLINK_H

#include <linux/hms.h>

#define HMS_GENL_NAME		"hms"
#define HMS_GENL_VERSION	1
#define HMS_GENL_TOPOLOGY	"topology"
#define HMS_GENL_MIGRATE	"migrate"

/**
 * enum hms_netlink_command - what a message says
 * @HMS_CMD_UNSPEC: not used
 * @HMS_CMD_GET: from a program: tell the objects whose version is HMS_A_VERSION at most, EINVAL
 *	without it; with HMS_A_SINCE those that changed after that generation, and HMS_CMD_DEL for
 *	those that went. ESTALE when HMS_A_INSTANCE is another one, or HMS_A_SINCE too long ago, or
 *	to come: read all of it
 * @HMS_CMD_NEW: an object, in answer to HMS_CMD_GET or because it is new
 * @HMS_CMD_CHANGE: an object that changed, all of it
 * @HMS_CMD_DEL: an object that is gone: its uid, version and type
 * @HMS_CMD_MIGRATE: a request worked on pages, even if none moved
 * @HMS_CMD_MOVE: pages moved or were allocated for another reason, HMS_A_REASON; the range goes
 *	from the first to the last, and what is between them may have been elsewhere
 */
enum hms_netlink_command {
	HMS_CMD_UNSPEC,
	HMS_CMD_GET,
	HMS_CMD_NEW,
	HMS_CMD_CHANGE,
	HMS_CMD_DEL,
	HMS_CMD_MIGRATE,
	HMS_CMD_MOVE,

	/* private: */
	__HMS_CMD_AFTER,
	HMS_CMD_MAX = __HMS_CMD_AFTER - 1,
};

/**
 * enum hms_netlink_attribute - what is in a message
 * @HMS_A_UNSPEC: not used
 * @HMS_A_PAD: not used
 * @HMS_A_INSTANCE: u64: id of this load of the module
 * @HMS_A_GENERATION: u64: of the map, when the message was made
 * @HMS_A_SINCE: u64: in HMS_CMD_GET
 * @HMS_A_UID: u32
 * @HMS_A_VERSION: u32: of the object; in HMS_CMD_GET the highest that the program understands
 * @HMS_A_TYPE: u32: enum hms_type
 * @HMS_A_NAME: string
 * @HMS_A_CHANGED: u64: generation in which the object came or changed last
 * @HMS_A_KIND: string: "node", "cpu" ...; absent where there is none, as what follows
 * @HMS_A_NID: u32: NUMA node
 * @HMS_A_PROPERTIES: u32: HMS_PROP_*
 * @HMS_A_CAPACITY: u64: bytes
 * @HMS_A_USED: u64: bytes
 * @HMS_A_CACHE: struct hms_cache, one for each level
 * @HMS_A_READ_BANDWIDTH: struct hms_value; this and the next three in the order of enum
 *	hms_attribute
 * @HMS_A_WRITE_BANDWIDTH: struct hms_value
 * @HMS_A_READ_LATENCY: struct hms_value
 * @HMS_A_WRITE_LATENCY: struct hms_value
 * @HMS_A_EDGES: array of u32: uids of all that it is connected to
 * @HMS_A_FROM: u32: uid of the link that a bridge leads from, from its first message on; 0 when
 *	that link is gone
 * @HMS_A_TO: u32: the same of the link that it leads to
 * @HMS_A_INITIATORS: array of u32: uids of those who may cross a bridge; absent: all may
 * @HMS_A_PID: u32: process that asked
 * @HMS_A_START: u64: first address of the range; absent where the kernel does not know
 * @HMS_A_LENGTH: u64: bytes of it
 * @HMS_A_TARGETS: array of u32: uids that the request named
 * @HMS_A_PAGES: u64: pages that were looked at
 * @HMS_A_MOVED: u64: pages that were moved
 * @HMS_A_POPULATED: u64: missing pages that were allocated
 * @HMS_A_SKIPPED: u64: pages that are not where they were asked to be
 * @HMS_A_REASON: u32: enum hms_reason; absent in HMS_CMD_MIGRATE, which is of requests
 * @HMS_A_OWNER: u32: process whose memory it is; absent where the kernel does not know
 * @HMS_A_FROM_TARGET: u32: uid of the target that the pages left; absent where that is not known,
 *	or nothing
 * @HMS_A_TO_TARGET: u32: uid of the target that they went to, mostly all of them
 */
enum hms_netlink_attribute {
	HMS_A_UNSPEC,
	HMS_A_PAD,
	HMS_A_INSTANCE,
	HMS_A_GENERATION,
	HMS_A_SINCE,
	HMS_A_UID,
	HMS_A_VERSION,
	HMS_A_TYPE,
	HMS_A_NAME,
	HMS_A_CHANGED,
	HMS_A_KIND,
	HMS_A_NID,
	HMS_A_PROPERTIES,
	HMS_A_CAPACITY,
	HMS_A_USED,
	HMS_A_CACHE,
	HMS_A_READ_BANDWIDTH,
	HMS_A_WRITE_BANDWIDTH,
	HMS_A_READ_LATENCY,
	HMS_A_WRITE_LATENCY,
	HMS_A_EDGES,
	HMS_A_FROM,
	HMS_A_TO,
	HMS_A_INITIATORS,
	HMS_A_PID,
	HMS_A_START,
	HMS_A_LENGTH,
	HMS_A_TARGETS,
	HMS_A_PAGES,
	HMS_A_MOVED,
	HMS_A_POPULATED,
	HMS_A_SKIPPED,
	HMS_A_REASON,
	HMS_A_OWNER,
	HMS_A_FROM_TARGET,
	HMS_A_TO_TARGET,

	/* private: */
	__HMS_A_AFTER,
	HMS_A_MAX = __HMS_A_AFTER - 1,
};

/**
 * enum hms_reason - why pages moved
 * @HMS_REASON_REQUEST: HMS_HBIND asked for it
 * @HMS_REASON_FAULT: a device touched them, and they were not where their policy says
 * @HMS_REASON_EVICTED: the target was full, or its driver wanted the room
 * @HMS_REASON_EVACUATED: the target goes, or goes offline
 *
 * There may be more.
 */
enum hms_reason {
	HMS_REASON_REQUEST	= 0,
	HMS_REASON_FAULT	= 1,
	HMS_REASON_EVICTED	= 2,
	HMS_REASON_EVACUATED	= 3,
};

#endif /* _UAPI_LINUX_HMS_NETLINK_H */
