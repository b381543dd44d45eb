/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The netlink socket to the module, and what comes out of it. */
#ifndef LIBHMS_SOCKET_H
#define LIBHMS_SOCKET_H

#include <linux/genetlink.h>
#include <netlink/attr.h>

#include <linux/hms_netlink.h>

#include "internal.h"

#pragma GCC visibility push(hidden)

struct nl_sock;

/**
 * struct hms_socket - a connection to the module
 * @sk: libnl's
 * @family: number of the family
 * @message: who gets the messages
 * @data: for @message
 * @error: errno that the kernel answered with, or that @message returned
 */
struct hms_socket {
	struct nl_sock *sk;
	int family;
	int (*message)(void *data, struct genlmsghdr *header, struct nlattr **attrs);
	void *data;
	int error;
};

/* Return a positive errno or 0; ENOENT: the module is not loaded. */
int hms_socket_open(struct hms_socket **socket);
int hms_socket_join(struct hms_socket *socket, int group);

/*
 * The number of a group, or a negative errno. Not on a socket that has joined one: what it hears
 * would be taken for the answer.
 */
int hms_socket_group(struct hms_socket *socket, const char *name);

/* No more questions: hms_socket_receive() does not wait any more. */
int hms_socket_only_listen(struct hms_socket *socket);
void hms_socket_close(struct hms_socket *socket);

/* A descriptor for poll(2). */
int hms_socket_fd(const struct hms_socket *socket);

/* Hand what has come to @message; 0 also when nothing has. ENOBUFS: some was lost. */
int hms_socket_receive(struct hms_socket *socket);

/*
 * Ask for what is newer than @since in @instance (0: all there is in any) up to object version
 * @version, and hand the answer to @message. EINTR: the map changed meanwhile.
 */
int hms_socket_dump(struct hms_socket *socket, uint32_t version, uint64_t instance, uint64_t since);

/* Numbers of a message, @otherwise where it does not have them. */
static inline uint64_t hms_message_u64(const struct nlattr *attr, uint64_t otherwise)
{
	return attr ? nla_get_u64(attr) : otherwise;
}

static inline uint32_t hms_message_u32(const struct nlattr *attr, uint32_t otherwise)
{
	return attr ? nla_get_u32(attr) : otherwise;
}

/* A copy of its uids, none where it does not have them; ENOMEM. */
int hms_message_uids(const struct nlattr *attr, uint32_t **uids, size_t *n);

/* An object from its message, for hms_object_free(); ENOMEM, EPROTO. */
int hms_message_object(struct genlmsghdr *header, struct nlattr **attrs, struct object **object);

#pragma GCC visibility pop

#endif /* LIBHMS_SOCKET_H */
