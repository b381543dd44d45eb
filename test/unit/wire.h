/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libnl's sockets without a kernel: what libhms receives is what a test says. All else of libnl is
 * the real one.
 */
#ifndef TEST_UNIT_WIRE_H
#define TEST_UNIT_WIRE_H

#include <stdint.h>

#include <linux/hms_netlink.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#define WIRE_FAMILY	42	/* the number of the family "hms" */

/* What the next socket that is read has to read, once; then the end of an answer, then nothing. */
void wire_set(const void *bytes, size_t size);

/* A stream of messages that is being made. */
struct wire {
	unsigned char *bytes;
	size_t size;
};

/*
 * Append a message, and begin it: attributes follow with nla_put_*(), then wire_end(). @flags:
 * NLM_F_*.
 */
struct nl_msg *wire_begin(enum hms_netlink_command command, int flags);
void wire_end(struct wire *w, struct nl_msg *msg);

/* The same for one with the three attributes that every object has, and for a whole NLMSG_ERROR. */
struct nl_msg *wire_object(enum hms_netlink_command command, uint32_t uid, enum hms_type type);
void wire_error(struct wire *w, int error);

void wire_free(struct wire *w);

#endif /* TEST_UNIT_WIRE_H */
