// SPDX-License-Identifier: GPL-2.0
/* Generic netlink over plain sockets; see genl.h. */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "genl.h"

#define ROOM	(256 << 10)

int genl_room(struct genl *g, int bytes)
{
	int option = bytes > 1 << 16 ? SO_RCVBUFFORCE : SO_RCVBUF;

	return setsockopt(g->fd, SOL_SOCKET, option, &bytes, sizeof(bytes)) ? -errno : 0;
}

int genl_join(struct genl *g, __u32 group)
{
	return setsockopt(g->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) ?
	       -errno : 0;
}

void genl_close(struct genl *g)
{
	close(g->fd);
	free(g->bytes);
}

/* Requests. */

struct ask *ask_init(struct ask *a, const struct genl *g, __u8 command, __u16 flags)
{
	memset(a, 0, sizeof(*a));
	a->n.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	a->n.nlmsg_type = g->family;
	a->n.nlmsg_flags = NLM_F_REQUEST | flags;
	a->g.cmd = command;
	a->g.version = HMS_GENL_VERSION;
	return a;
}

struct ask *ask_put(struct ask *a, __u16 type, const void *data, size_t length)
{
	struct nlattr *attribute = (struct nlattr *)((char *)a + NLMSG_ALIGN(a->n.nlmsg_len));

	attribute->nla_type = type;
	attribute->nla_len = NLA_HDRLEN + length;
	memcpy(attribute + 1, data, length);
	a->n.nlmsg_len = NLMSG_ALIGN(a->n.nlmsg_len) + NLA_ALIGN(attribute->nla_len);
	return a;
}

struct ask *ask_u32(struct ask *a, __u16 type, __u32 value)
{
	return ask_put(a, type, &value, sizeof(value));
}

struct ask *ask_u64(struct ask *a, __u16 type, __u64 value)
{
	return ask_put(a, type, &value, sizeof(value));
}

/* The whole map, for a program that understands so much. */
struct ask *ask_dump(struct ask *a, const struct genl *g, __u32 version)
{
	return ask_u32(ask_init(a, g, HMS_CMD_GET, NLM_F_DUMP), HMS_A_VERSION, version);
}

int ask_send(struct ask *a, struct genl *g)
{
	a->n.nlmsg_seq = ++g->seq;
	return send(g->fd, a, a->n.nlmsg_len, 0) < 0 ? -errno : 0;
}

/* Answers. */

static struct nlattr *first_attribute(const struct nlmsghdr *n)
{
	return (struct nlattr *)((char *)n + NLMSG_LENGTH(GENL_HDRLEN));
}

static struct nlattr *next_attribute(const struct nlattr *a)
{
	return (struct nlattr *)((char *)a + NLA_ALIGN(a->nla_len));
}

static bool is_attribute(const struct nlattr *a, const char *end)
{
	return (char *)a + NLA_HDRLEN <= end && a->nla_len >= NLA_HDRLEN &&
	       (char *)a + a->nla_len <= end;
}

static bool take(void *to, size_t size, const struct nlattr *a)
{
	if (a->nla_len != NLA_HDRLEN + size)
		return false;
	memcpy(to, a + 1, size);
	return true;
}

static bool take_text(const char **to, const struct nlattr *a)
{
	size_t length = a->nla_len - NLA_HDRLEN;

	*to = (const char *)(a + 1);
	return length && strnlen(*to, length) == length - 1;
}

static bool take_uids(const __u32 **to, unsigned int *n, const struct nlattr *a)
{
	*to = (const __u32 *)(a + 1);
	*n = (a->nla_len - NLA_HDRLEN) / sizeof(__u32);
	return (a->nla_len - NLA_HDRLEN) % sizeof(__u32) == 0;
}

static bool told_take(struct told *t, const struct nlattr *a)
{
	struct hms_cache cache;

#define NUMBER(attribute, field)						\
	case attribute:								\
		return take(&t->field, sizeof(t->field), a)
	switch (a->nla_type) {
	NUMBER(HMS_A_INSTANCE, instance);
	NUMBER(HMS_A_GENERATION, generation);
	NUMBER(HMS_A_UID, uid);
	NUMBER(HMS_A_VERSION, version);
	NUMBER(HMS_A_TYPE, type);
	NUMBER(HMS_A_CHANGED, changed);
	NUMBER(HMS_A_NID, nid);
	NUMBER(HMS_A_PROPERTIES, properties);
	NUMBER(HMS_A_CAPACITY, capacity);
	NUMBER(HMS_A_USED, used);
	NUMBER(HMS_A_READ_BANDWIDTH, values[HMS_READ_BANDWIDTH]);
	NUMBER(HMS_A_WRITE_BANDWIDTH, values[HMS_WRITE_BANDWIDTH]);
	NUMBER(HMS_A_READ_LATENCY, values[HMS_READ_LATENCY]);
	NUMBER(HMS_A_WRITE_LATENCY, values[HMS_WRITE_LATENCY]);
	NUMBER(HMS_A_FROM, from);
	NUMBER(HMS_A_TO, to);
	NUMBER(HMS_A_PID, pid);
	NUMBER(HMS_A_START, start);
	NUMBER(HMS_A_LENGTH, length);
	NUMBER(HMS_A_PAGES, pages);
	NUMBER(HMS_A_MOVED, moved);
	NUMBER(HMS_A_POPULATED, populated);
	NUMBER(HMS_A_SKIPPED, skipped);
	NUMBER(HMS_A_REASON, reason);
	NUMBER(HMS_A_OWNER, owner);
	NUMBER(HMS_A_FROM_TARGET, from_target);
	NUMBER(HMS_A_TO_TARGET, to_target);
	case HMS_A_CACHE:
		t->ncaches++;
		return take(&cache, sizeof(cache), a);
	case HMS_A_NAME:
		return take_text(&t->name, a);
	case HMS_A_KIND:
		return take_text(&t->kind, a);
	case HMS_A_EDGES:
		return take_uids(&t->edges, &t->nedges, a);
	case HMS_A_INITIATORS:
		return take_uids(&t->initiators, &t->ninitiators, a);
	case HMS_A_TARGETS:
		return take_uids(&t->targets, &t->ntargets, a);
	case HMS_A_PAD:
		return true;
	default:
		return false;
	}
#undef NUMBER
}

/* Everything in it is what the header of the family says, and at most once. */
static int told_parse(struct told *t, const struct nlmsghdr *n)
{
	const struct genlmsghdr *g = NLMSG_DATA(n);
	const char *end = (const char *)n + n->nlmsg_len;
	const struct nlattr *a;

	memset(t, 0, sizeof(*t));
	if (n->nlmsg_len < NLMSG_LENGTH(GENL_HDRLEN))
		return -EBADMSG;
	t->seq = n->nlmsg_seq;
	t->flags = n->nlmsg_flags;
	t->command = g->cmd;
	for (a = first_attribute(n); is_attribute(a, end); a = next_attribute(a)) {
		bool again = a->nla_type < 64 && TOLD(t, a->nla_type);

		if (!told_take(t, a) ||
		    (again && a->nla_type != HMS_A_PAD && a->nla_type != HMS_A_CACHE)) {
			printf("# attribute %u of %u bytes\n", a->nla_type, a->nla_len);
			return -EBADMSG;
		}
		t->has |= 1ULL << a->nla_type;
	}
	return (const char *)a == end ? 0 : -EBADMSG;
}

static int receive(struct genl *g, int milliseconds)
{
	struct pollfd poll_fd = { .fd = g->fd, .events = POLLIN };
	ssize_t n;

	if (milliseconds && poll(&poll_fd, 1, milliseconds) <= 0)
		return -EAGAIN;
	n = recv(g->fd, g->bytes, ROOM, MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0)
		return -errno;
	if (n > ROOM)
		return -EMSGSIZE;
	g->at = 0;
	g->end = n;
	return 0;
}

/* The next message of any kind; it stays until the next call. */
static int next_header(struct genl *g, struct nlmsghdr **n, int milliseconds)
{
	int ret = g->at < g->end ? 0 : receive(g, milliseconds);

	if (ret)
		return ret;
	*n = (struct nlmsghdr *)(g->bytes + g->at);
	if (g->end - g->at < sizeof(**n) || (*n)->nlmsg_len < sizeof(**n) ||
	    (*n)->nlmsg_len > g->end - g->at)
		return -EBADMSG;
	g->at += NLMSG_ALIGN((*n)->nlmsg_len);
	return 0;
}

/* What an end or an error says. */
static int code_of(const struct nlmsghdr *n)
{
	return n->nlmsg_len >= NLMSG_LENGTH(sizeof(int)) ? *(const int *)NLMSG_DATA(n) : -EBADMSG;
}

/*
 * The next message, which stays until the next call. -EAGAIN: none came in so many milliseconds;
 * with 0 of them it does not wait. Other errors are what the kernel answered, or of recv(2).
 */
int genl_next(struct genl *g, struct told *t, int milliseconds)
{
	struct nlmsghdr *n;
	int ret = next_header(g, &n, milliseconds);

	if (ret)
		return ret;
	if (n->nlmsg_type == NLMSG_ERROR || n->nlmsg_type == NLMSG_DONE) {
		memset(t, 0, sizeof(*t));
		t->seq = n->nlmsg_seq;
		t->flags = n->nlmsg_flags;
		return code_of(n) ?: GENL_DONE;
	}
	if (n->nlmsg_type != g->family)
		return -EPROTO;
	return told_parse(t, n) ?: GENL_TOLD;
}

/* All answers to a request, until the last or an error; to be freed in any case. */
int genl_dump(struct genl *g, struct ask *a, struct dump *d)
{
	struct nlmsghdr *n;
	int ret, max = 0;

	memset(d, 0, sizeof(*d));
	ret = ask_send(a, g);
	while (!ret) {
		ret = next_header(g, &n, GENL_PATIENCE);
		if (ret)
			break;
		if (n->nlmsg_seq != g->seq)
			return -EILSEQ;
		d->interrupted |= !!(n->nlmsg_flags & NLM_F_DUMP_INTR);
		if (n->nlmsg_type == NLMSG_ERROR || n->nlmsg_type == NLMSG_DONE)
			return code_of(n);
		if (n->nlmsg_type != g->family)
			return -EPROTO;
		if (d->n == max) {
			max = 2 * max + 64;
			d->told = realloc(d->told, max * sizeof(*d->told));
			d->messages = realloc(d->messages, max * sizeof(*d->messages));
		}
		d->messages[d->n] = malloc(n->nlmsg_len);
		memcpy(d->messages[d->n], n, n->nlmsg_len);
		ret = told_parse(&d->told[d->n], (struct nlmsghdr *)d->messages[d->n]);
		d->n++;
	}
	return ret;
}

void dump_free(struct dump *d)
{
	for (int i = 0; i < d->n; i++)
		free(d->messages[i]);
	free(d->messages);
	free(d->told);
	memset(d, 0, sizeof(*d));
}

const struct told *dump_find(const struct dump *d, __u32 uid)
{
	for (int i = 0; i < d->n; i++) {
		if (d->told[i].uid == uid)
			return &d->told[i];
	}
	return NULL;
}

/* The family. */

static void take_group(struct genl *g, const struct nlattr *group)
{
	const char *end = (const char *)group + group->nla_len, *name = "";
	const struct nlattr *a;
	__u32 id = 0;

	for (a = group + 1; is_attribute(a, end); a = next_attribute(a)) {
		if (a->nla_type == CTRL_ATTR_MCAST_GRP_NAME)
			take_text(&name, a);
		if (a->nla_type == CTRL_ATTR_MCAST_GRP_ID)
			take(&id, sizeof(id), a);
	}
	if (!strcmp(name, HMS_GENL_TOPOLOGY))
		g->topology = id;
	if (!strcmp(name, HMS_GENL_MIGRATE))
		g->migrate = id;
}

static void take_family(struct genl *g, const struct nlmsghdr *n)
{
	const char *end = (const char *)n + n->nlmsg_len;
	const struct nlattr *a, *group;

	for (a = first_attribute(n); is_attribute(a, end); a = next_attribute(a)) {
		const char *groups_end = (const char *)a + a->nla_len;

		switch (a->nla_type & NLA_TYPE_MASK) {
		case CTRL_ATTR_FAMILY_ID:
			take(&g->family, sizeof(g->family), a);
			break;
		case CTRL_ATTR_VERSION:
			take(&g->version, sizeof(g->version), a);
			break;
		case CTRL_ATTR_MAXATTR:
			take(&g->maxattr, sizeof(g->maxattr), a);
			break;
		case CTRL_ATTR_MCAST_GROUPS:
			for (group = a + 1; is_attribute(group, groups_end);
			     group = next_attribute(group))
				take_group(g, group);
			break;
		}
	}
}

/* Ask what the family is; -ENOENT when there is none. */
int genl_resolve(struct genl *g)
{
	struct genl control = { .family = GENL_ID_CTRL };
	struct nlmsghdr *n;
	struct ask a;
	int ret;

	ask_init(&a, &control, CTRL_CMD_GETFAMILY, 0);
	ask_put(&a, CTRL_ATTR_FAMILY_NAME, HMS_GENL_NAME, sizeof(HMS_GENL_NAME));
	ret = ask_send(&a, g) ?: next_header(g, &n, GENL_PATIENCE);
	if (ret)
		return ret;
	if (n->nlmsg_type == NLMSG_ERROR)
		return code_of(n);
	if (n->nlmsg_type != GENL_ID_CTRL)
		return -EPROTO;
	take_family(g, n);
	return 0;
}

int genl_open(struct genl *g)
{
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	int ret;

	memset(g, 0, sizeof(*g));
	g->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (g->fd < 0)
		return -errno;
	g->bytes = malloc(ROOM);
	ret = bind(g->fd, (struct sockaddr *)&any, sizeof(any)) ? -errno : genl_resolve(g);
	if (ret)
		genl_close(g);
	return ret;
}
