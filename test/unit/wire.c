// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include <netlink/genl/ctrl.h>
#include <netlink/handlers.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "wire.h"

static struct {
	const void *bytes;
	size_t size;
	enum { ALL, THE_END, NOTHING } next;
} waiting = { .next = NOTHING };

void wire_set(const void *bytes, size_t size)
{
	waiting.bytes = bytes;
	waiting.size = size;
	waiting.next = ALL;
}

/* For nl_recvmsgs(), which frees the buffer. That ends where the bytes do, so that ASan watches. */
static int receive(struct nl_sock *sk, struct sockaddr_nl *from, unsigned char **buf,
		   struct ucred **creds)
{
	const struct nlmsghdr done = {
		.nlmsg_len = sizeof(done), .nlmsg_type = NLMSG_DONE, .nlmsg_flags = NLM_F_MULTI,
	};
	const void *bytes = waiting.next == ALL ? waiting.bytes : &done;
	size_t size = waiting.next == ALL ? waiting.size : sizeof(done);

	(void)sk;
	(void)creds;
	if (waiting.next == NOTHING)
		return 0;
	waiting.next++;
	/* Without a byte libnl does not free it. */
	if (!size)
		return 0;
	*from = (struct sockaddr_nl){ .nl_family = AF_NETLINK };
	*buf = malloc(size);
	if (!*buf)
		abort();
	memcpy(*buf, bytes, size);
	return (int)size;
}

/* ---- instead of libnl's own, which come after those of the program ---- */

int genl_connect(struct nl_sock *sk)
{
	struct nl_cb *cb = nl_socket_get_cb(sk);

	nl_cb_overwrite_recv(cb, receive);
	nl_cb_put(cb);
	/* Who made the messages did not hear the question. */
	nl_socket_disable_seq_check(sk);
	return 0;
}

int genl_ctrl_resolve(struct nl_sock *sk, const char *name)
{
	(void)sk;
	(void)name;
	return WIRE_FAMILY;
}

int genl_ctrl_resolve_grp(struct nl_sock *sk, const char *family, const char *group)
{
	(void)sk;
	(void)family;
	(void)group;
	return 1;
}

int nl_socket_add_membership(struct nl_sock *sk, int group)
{
	(void)sk;
	(void)group;
	return 0;
}

int nl_socket_set_nonblocking(const struct nl_sock *sk)
{
	(void)sk;
	return 0;
}

int nl_send_auto(struct nl_sock *sk, struct nl_msg *msg)
{
	(void)sk;
	return (int)nlmsg_hdr(msg)->nlmsg_len;
}

/* ---- making messages ---- */

struct nl_msg *wire_begin(enum hms_netlink_command command, int flags)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (!msg || !genlmsg_put(msg, 0, 0, WIRE_FAMILY, 0, flags, command, HMS_GENL_VERSION))
		abort();
	return msg;
}

static void append(struct wire *w, const struct nlmsghdr *header)
{
	size_t room = NLMSG_ALIGN(header->nlmsg_len);

	w->bytes = realloc(w->bytes, w->size + room);
	if (!w->bytes)
		abort();
	memset(w->bytes + w->size, 0, room);
	memcpy(w->bytes + w->size, header, header->nlmsg_len);
	w->size += room;
}

void wire_end(struct wire *w, struct nl_msg *msg)
{
	append(w, nlmsg_hdr(msg));
	nlmsg_free(msg);
}

struct nl_msg *wire_object(enum hms_netlink_command command, uint32_t uid, enum hms_type type)
{
	struct nl_msg *msg = wire_begin(command, NLM_F_MULTI);

	nla_put_u32(msg, HMS_A_UID, uid);
	nla_put_u32(msg, HMS_A_VERSION, 1);
	nla_put_u32(msg, HMS_A_TYPE, type);
	return msg;
}

void wire_error(struct wire *w, int error)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
	} message = {
		.header = { .nlmsg_len = sizeof(message), .nlmsg_type = NLMSG_ERROR },
		.error = { .error = error },
	};

	append(w, &message.header);
}

void wire_free(struct wire *w)
{
	free(w->bytes);
	*w = (struct wire){ 0 };
}
