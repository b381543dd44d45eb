// SPDX-License-Identifier: LGPL-2.1-or-later
/* The netlink socket to the module: asking, listening, and messages into objects. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "socket.h"

/* What the kernel puts into one message at most. */
#define RECEIVE_SIZE	65536

static const struct nla_policy policy[HMS_A_MAX + 1] = {
	[HMS_A_INSTANCE]	= { .type = NLA_U64 },
	[HMS_A_GENERATION]	= { .type = NLA_U64 },
	[HMS_A_UID]		= { .type = NLA_U32 },
	[HMS_A_VERSION]		= { .type = NLA_U32 },
	[HMS_A_TYPE]		= { .type = NLA_U32 },
	[HMS_A_NAME]		= { .type = NLA_STRING },
	[HMS_A_CHANGED]		= { .type = NLA_U64 },
	[HMS_A_KIND]		= { .type = NLA_STRING },
	[HMS_A_NID]		= { .type = NLA_U32 },
	[HMS_A_PROPERTIES]	= { .type = NLA_U32 },
	[HMS_A_CAPACITY]	= { .type = NLA_U64 },
	[HMS_A_USED]		= { .type = NLA_U64 },
	[HMS_A_CACHE]		= { .minlen = sizeof(struct hms_cache) },
	[HMS_A_READ_BANDWIDTH]	= { .minlen = sizeof(struct hms_value) },
	[HMS_A_WRITE_BANDWIDTH]	= { .minlen = sizeof(struct hms_value) },
	[HMS_A_READ_LATENCY]	= { .minlen = sizeof(struct hms_value) },
	[HMS_A_WRITE_LATENCY]	= { .minlen = sizeof(struct hms_value) },
	[HMS_A_FROM]		= { .type = NLA_U32 },
	[HMS_A_TO]		= { .type = NLA_U32 },
	[HMS_A_PID]		= { .type = NLA_U32 },
	[HMS_A_START]		= { .type = NLA_U64 },
	[HMS_A_LENGTH]		= { .type = NLA_U64 },
	[HMS_A_PAGES]		= { .type = NLA_U64 },
	[HMS_A_MOVED]		= { .type = NLA_U64 },
	[HMS_A_POPULATED]	= { .type = NLA_U64 },
	[HMS_A_SKIPPED]		= { .type = NLA_U64 },
	[HMS_A_REASON]		= { .type = NLA_U32 },
	[HMS_A_OWNER]		= { .type = NLA_U32 },
	[HMS_A_FROM_TARGET]	= { .type = NLA_U32 },
	[HMS_A_TO_TARGET]	= { .type = NLA_U32 },
};

static int on_message(struct nl_msg *msg, void *data)
{
	struct hms_socket *socket = data;
	struct nlmsghdr *header = nlmsg_hdr(msg);
	struct nlattr *attrs[HMS_A_MAX + 1];

	if (header->nlmsg_type != socket->family || !socket->message)
		return NL_SKIP;
	if (genlmsg_parse(header, 0, attrs, HMS_A_MAX, policy))
		socket->error = EPROTO;
	else
		socket->error = socket->message(socket->data, genlmsg_hdr(header), attrs);
	return socket->error ? NL_STOP : NL_OK;
}

/*
 * libnl has fewer errors than the kernel: keep the kernel's. They are negative; what is not would
 * be taken for success, or for an event, further up.
 */
static int on_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *data)
{
	struct hms_socket *socket = data;

	(void)from;
	socket->error = error->error < 0 && error->error >= -INT_MAX ? -error->error : EPROTO;
	return NL_STOP;
}

/* Of what libnl says when it asks for a name. */
static int resolve_error(int ret)
{
	return ret == -NLE_OBJ_NOTFOUND ? ENOENT : ret == -NLE_NOMEM ? ENOMEM : EIO;
}

int hms_socket_open(struct hms_socket **result)
{
	struct hms_socket *socket = calloc(1, sizeof(*socket));
	int error = ENOMEM;

	*result = NULL;
	if (!socket)
		return ENOMEM;
	socket->sk = nl_socket_alloc();
	if (!socket->sk)
		goto close;
	error = EPROTONOSUPPORT;
	if (genl_connect(socket->sk))
		goto close;
	socket->family = genl_ctrl_resolve(socket->sk, HMS_GENL_NAME);
	error = resolve_error(socket->family);
	if (socket->family < 0)
		goto close;
	error = ENOMEM;
	if (nl_socket_set_msg_buf_size(socket->sk, RECEIVE_SIZE))
		goto close;
	nl_socket_modify_cb(socket->sk, NL_CB_VALID, NL_CB_CUSTOM, on_message, socket);
	nl_socket_modify_err_cb(socket->sk, NL_CB_CUSTOM, on_error, socket);
	*result = socket;
	return 0;
close:
	hms_socket_close(socket);
	return error;
}

int hms_socket_group(struct hms_socket *socket, const char *name)
{
	int group = genl_ctrl_resolve_grp(socket->sk, HMS_GENL_NAME, name);

	return group < 0 ? -resolve_error(group) : group;
}

int hms_socket_join(struct hms_socket *socket, int group)
{
	errno = 0;
	if (nl_socket_add_membership(socket->sk, group))
		return errno ?: EPERM;
	return 0;
}

int hms_socket_only_listen(struct hms_socket *socket)
{
	/* What is heard answers no question, and comes when it comes. */
	nl_socket_disable_seq_check(socket->sk);
	return nl_socket_set_nonblocking(socket->sk) ? EINVAL : 0;
}

void hms_socket_close(struct hms_socket *socket)
{
	if (!socket)
		return;
	nl_socket_free(socket->sk);
	free(socket);
}

int hms_socket_fd(const struct hms_socket *socket)
{
	return nl_socket_get_fd(socket->sk);
}

int hms_socket_receive(struct hms_socket *socket)
{
	int ret;

	socket->error = 0;
	errno = 0;
	ret = nl_recvmsgs_default(socket->sk);
	if (socket->error)
		return socket->error;
	switch (-ret) {
	case 0:
	case NLE_AGAIN:
		return 0;
	case NLE_DUMP_INTR:
	case NLE_INTR:
		return EINTR;
	case NLE_NOMEM:
		/* That is what it makes of ENOBUFS, too. */
		return errno == ENOBUFS ? ENOBUFS : ENOMEM;
	default:
		return EPROTO;
	}
}

int hms_socket_dump(struct hms_socket *socket, uint32_t version, uint64_t instance, uint64_t since)
{
	struct nl_msg *msg = nlmsg_alloc();
	int ret;

	if (!msg)
		return ENOMEM;
	if (!genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, socket->family, 0, NLM_F_DUMP,
			 HMS_CMD_GET, HMS_GENL_VERSION) ||
	    nla_put_u32(msg, HMS_A_VERSION, version) ||
	    (instance && nla_put_u64(msg, HMS_A_INSTANCE, instance)) ||
	    (since && nla_put_u64(msg, HMS_A_SINCE, since)))
		ret = -NLE_NOMEM;
	else
		ret = nl_send_auto(socket->sk, msg);
	nlmsg_free(msg);
	if (ret < 0)
		return ret == -NLE_NOMEM ? ENOMEM : EIO;
	/* Reads up to the end of the answer. */
	return hms_socket_receive(socket);
}

int hms_message_uids(const struct nlattr *attr, uint32_t **uids, size_t *n)
{
	*uids = NULL;
	*n = 0;
	if (!attr)
		return 0;
	*uids = malloc(nla_len(attr) + 1);
	if (!*uids)
		return ENOMEM;
	memcpy(*uids, nla_data(attr), nla_len(attr));
	*n = nla_len(attr) / sizeof(**uids);
	return 0;
}

static int read_sorted_uids(const struct nlattr *attr, uint32_t **uids, size_t *n)
{
	int error = hms_message_uids(attr, uids, n);

	if (*n)
		qsort(*uids, *n, sizeof(**uids), hms_compare_uid);
	return error;
}

static int compare_cache(const void *a, const void *b)
{
	const struct hms_cache *x = a, *y = b;

	return (x->level > y->level) - (x->level < y->level);
}

/* There is an attribute for each of them. */
static int read_caches(struct genlmsghdr *header, struct object *object)
{
	struct hms_cache *grown;
	struct nlattr *attr;
	size_t n = 0;
	int rest;

	nla_for_each_attr(attr, genlmsg_attrdata(header, 0), genlmsg_attrlen(header, 0), rest) {
		if (nla_type(attr) != HMS_A_CACHE || nla_len(attr) < (int)sizeof(*grown))
			continue;
		grown = reallocarray(object->caches, n + 1, sizeof(*grown));
		if (!grown)
			return ENOMEM;
		memcpy(&grown[n++], nla_data(attr), sizeof(*grown));
		object->caches = grown;
	}
	if (n)
		qsort(object->caches, n, sizeof(*object->caches), compare_cache);
	object->public.caches = object->caches;
	object->public.ncaches = n;
	return 0;
}

static enum hms_kind read_kind(const struct nlattr *attr)
{
	int kind = attr ? hms_kind_parse(nla_get_string(attr)) : HMS_KIND_NONE;

	/* A newer module may have kinds that this library does not know. */
	return kind < 0 ? HMS_KIND_OTHER : kind;
}

static int read_object(struct genlmsghdr *header, struct nlattr **attrs, struct object *object)
{
	struct hms_object *public = &object->public;
	int error;

	public->uid = nla_get_u32(attrs[HMS_A_UID]);
	public->version = nla_get_u32(attrs[HMS_A_VERSION]);
	public->type = nla_get_u32(attrs[HMS_A_TYPE]);
	public->generation = hms_message_u64(attrs[HMS_A_CHANGED], 0);
	if (attrs[HMS_A_NAME])
		snprintf(object->name, sizeof(object->name), "%s",
			 nla_get_string(attrs[HMS_A_NAME]));
	public->name = object->name;
	public->kind = read_kind(attrs[HMS_A_KIND]);
	public->nid = (int)hms_message_u32(attrs[HMS_A_NID], (uint32_t)-1);
	public->properties = hms_message_u32(attrs[HMS_A_PROPERTIES], 0);
	public->capacity = hms_message_u64(attrs[HMS_A_CAPACITY], HMS_BYTES_UNKNOWN);
	public->used = hms_message_u64(attrs[HMS_A_USED], HMS_BYTES_UNKNOWN);
	public->from = hms_message_u32(attrs[HMS_A_FROM], 0);
	public->to = hms_message_u32(attrs[HMS_A_TO], 0);
	for (int i = 0; i < HMS_ATTRIBUTES; i++)
		if (attrs[HMS_A_READ_BANDWIDTH + i])
			memcpy(&public->values[i], nla_data(attrs[HMS_A_READ_BANDWIDTH + i]),
			       sizeof(public->values[i]));
	error = read_sorted_uids(attrs[HMS_A_EDGES], &object->links, &public->nlinks);
	if (!error)
		error = read_sorted_uids(attrs[HMS_A_INITIATORS], &object->initiators,
					 &public->ninitiators);
	public->links = object->links;
	public->initiators = object->initiators;
	return error ?: read_caches(header, object);
}

int hms_message_object(struct genlmsghdr *header, struct nlattr **attrs, struct object **object)
{
	int error;

	*object = NULL;
	if (!attrs[HMS_A_UID] || !attrs[HMS_A_VERSION] || !attrs[HMS_A_TYPE])
		return EPROTO;
	*object = calloc(1, sizeof(**object));
	if (!*object)
		return ENOMEM;
	error = read_object(header, attrs, *object);
	if (error) {
		hms_object_free(&(*object)->public);
		*object = NULL;
	}
	return error;
}
