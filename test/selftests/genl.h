/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The family "hms" of generic netlink over plain sockets. Functions return 0 or more, or a negative
 * errno, unless they say otherwise.
 */
#ifndef HMS_TEST_GENL_H
#define HMS_TEST_GENL_H

#include <linux/genetlink.h>
#include <linux/hms_netlink.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>

/* Milliseconds to wait for what must come. */
#define GENL_PATIENCE	60000

/* A socket, and what the kernel calls the family. */
struct genl {
	int fd;
	__u32 seq;
	__u16 family;
	__u32 version;
	__u32 maxattr;
	__u32 topology;		/* group */
	__u32 migrate;		/* group */
	char *bytes;		/* what was received last */
	size_t at;
	size_t end;
};

int genl_open(struct genl *g);
int genl_resolve(struct genl *g);
void genl_close(struct genl *g);
int genl_join(struct genl *g, __u32 group);
int genl_room(struct genl *g, int bytes);

/* A request. */
struct ask {
	struct nlmsghdr n;
	struct genlmsghdr g;
	char attributes[256];
};

struct ask *ask_init(struct ask *a, const struct genl *g, __u8 command, __u16 flags);
struct ask *ask_put(struct ask *a, __u16 type, const void *data, size_t length);
struct ask *ask_u32(struct ask *a, __u16 type, __u32 value);
struct ask *ask_u64(struct ask *a, __u16 type, __u64 value);
struct ask *ask_dump(struct ask *a, const struct genl *g, __u32 version);
int ask_send(struct ask *a, struct genl *g);

/* A message of the family. Arrays and texts are in the message. */
struct told {
	__u32 seq;
	__u16 flags;
	__u8 command;
	__u64 has;		/* a bit for each attribute */
	__u64 instance, generation, changed, capacity, used;
	__u64 start, length, pages, moved, populated, skipped;
	__u32 uid, version, type, properties, nid, from, to, pid;
	__u32 reason, owner, from_target, to_target;
	const char *name, *kind;
	struct hms_value values[HMS_ATTRIBUTES];
	unsigned int ncaches, nedges, ninitiators, ntargets;
	const __u32 *edges, *initiators, *targets;
};

#define TOLD(t, attribute)	((t)->has >> (attribute) & 1)

/* What genl_next() returns beside errors. */
enum { GENL_DONE, GENL_TOLD };

int genl_next(struct genl *g, struct told *t, int milliseconds);

/* All that answers a request. */
struct dump {
	struct told *told;
	char **messages;
	int n;
	bool interrupted;
};

int genl_dump(struct genl *g, struct ask *a, struct dump *d);
void dump_free(struct dump *d);
const struct told *dump_find(const struct dump *d, __u32 uid);

#endif /* HMS_TEST_GENL_H */
