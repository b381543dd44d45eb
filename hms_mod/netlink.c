// SPDX-License-Identifier: GPL-2.0
/*
 * The map and its changes by generic netlink: a dump for who asks, messages for who listens. No
 * message is made when nobody does.
 */

#include <linux/mm_types.h>
#include <linux/numa.h>
#include <linux/sched.h>
#include <net/genetlink.h>

#include "graph.h"
#include "history.h"
#include "link.h"
#include "netlink.h"
#include "object.h"
#include "request.h"
#include "value.h"

enum {
	HMS_GROUP_TOPOLOGY,
	HMS_GROUP_MIGRATE,
};

static const struct genl_multicast_group hms_groups[] = {
	[HMS_GROUP_TOPOLOGY]	= { .name = HMS_GENL_TOPOLOGY },
	[HMS_GROUP_MIGRATE]	= { .name = HMS_GENL_MIGRATE, .flags = GENL_MCAST_CAP_NET_ADMIN },
};

static const struct nla_policy hms_policy[HMS_A_VERSION + 1] = {
	[HMS_A_INSTANCE]	= { .type = NLA_U64 },
	[HMS_A_SINCE]		= { .type = NLA_U64 },
	[HMS_A_VERSION]		= NLA_POLICY_MIN(NLA_U32, 1),
};

/* Room for an object without its connections: a name has 64 at most in messages. */
#define HMS_MESSAGE_SIZE	768
#define HMS_NAME_SIZE		64

/* A message must hold the object with the most connections. */
#define HMS_DUMP_SIZE		(HMS_MESSAGE_SIZE + 2 * 2 * HMS_MAX_EDGES * sizeof(u32))

static struct genl_family hms_family;

static int hms_put_u64(struct sk_buff *skb, int attribute, u64 value)
{
	return nla_put_u64_64bit(skb, attribute, value, HMS_A_PAD);
}

static int hms_put_map(struct sk_buff *skb)
{
	return hms_put_u64(skb, HMS_A_INSTANCE, hms_instance) ?:
	       hms_put_u64(skb, HMS_A_GENERATION, READ_ONCE(hms_generation));
}

static int hms_put_identity(struct sk_buff *skb, u32 uid, u32 version, enum hms_type type,
			    u64 changed)
{
	return nla_put_u32(skb, HMS_A_UID, uid) ?: nla_put_u32(skb, HMS_A_VERSION, version) ?:
	       nla_put_u32(skb, HMS_A_TYPE, type) ?: hms_put_u64(skb, HMS_A_CHANGED, changed);
}

static int hms_put_description(struct sk_buff *skb, struct hms_object *obj)
{
	struct hms_description description;
	char name[HMS_NAME_SIZE];
	unsigned int i;
	int ret;

	hms_object_describe(obj, &description);
	strscpy(name, obj->name, sizeof(name));
	ret = nla_put_string(skb, HMS_A_NAME, name);
	if (!ret && description.kind)
		ret = nla_put_string(skb, HMS_A_KIND, description.kind);
	if (!ret && description.nid != NUMA_NO_NODE)
		ret = nla_put_u32(skb, HMS_A_NID, description.nid);
	if (!ret && obj->class->type == HMS_TARGET)
		ret = nla_put_u32(skb, HMS_A_PROPERTIES, description.properties) ?:
		      hms_put_u64(skb, HMS_A_CAPACITY, description.capacity) ?:
		      hms_put_u64(skb, HMS_A_USED, description.used);
	for (i = 0; i < description.ncaches && !ret; i++)
		ret = nla_put(skb, HMS_A_CACHE, sizeof(description.caches[i]),
			      &description.caches[i]);
	return ret;
}

static int hms_put_values(struct sk_buff *skb, const struct hms_values *values)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < HMS_ATTRIBUTES && !ret; i++) {
		struct hms_value value = hms_value_of(values, i);

		ret = nla_put(skb, HMS_A_READ_BANDWIDTH + i, sizeof(value), &value);
	}
	return ret;
}

static int hms_put_edges(struct sk_buff *skb, const struct hms_object *obj)
{
	struct nlattr *edges;
	unsigned int n;

	edges = nla_reserve(skb, HMS_A_EDGES, (obj->nspokes + obj->nhubs) * sizeof(u32));
	if (!edges)
		return -EMSGSIZE;
	hms_graph_uids(obj, nla_data(edges));
	if (obj->class->type != HMS_BRIDGE)
		return 0;
	n = hms_graph_initiators(obj, NULL);
	if (n) {
		edges = nla_reserve(skb, HMS_A_INITIATORS, n * sizeof(u32));
		if (!edges)
			return -EMSGSIZE;
		hms_graph_initiators(obj, nla_data(edges));
	}
	return nla_put_u32(skb, HMS_A_FROM, hms_graph_uid_as(obj, HMS_BRIDGE_FROM)) ?:
	       nla_put_u32(skb, HMS_A_TO, hms_graph_uid_as(obj, HMS_BRIDGE_TO));
}

/* All of an object, or with HMS_CMD_DEL only what it was. Under hms_map_lock. */
static int hms_put_object(struct sk_buff *skb, struct hms_object *obj,
			  enum hms_netlink_command what)
{
	int ret = hms_put_map(skb) ?: hms_put_identity(skb, obj->uid, obj->version,
						       obj->class->type, obj->generation);

	if (ret || what == HMS_CMD_DEL)
		return ret;
	ret = hms_put_description(skb, obj);
	if (!ret && (obj->class->type == HMS_LINK || obj->class->type == HMS_BRIDGE))
		ret = hms_put_values(skb, &obj->values);
	return ret ?: hms_put_edges(skb, obj);
}

/**
 * hms_netlink_object - tell who listens of an object that is new, changed or gone
 * @obj: the object
 * @what: which of these
 *
 * Context: under hms_map_lock. For want of memory a message is lost; a listener sees that from the
 * generations, as nothing else skips one.
 */
void hms_netlink_object(struct hms_object *obj, enum hms_netlink_command what)
{
	struct sk_buff *skb;
	void *header;

	/* Who listens is known for all network namespaces at once. */
	if (!genl_has_listeners(&hms_family, &init_net, HMS_GROUP_TOPOLOGY))
		return;
	skb = genlmsg_new(HMS_MESSAGE_SIZE + 2 * (obj->nspokes + obj->nhubs) * sizeof(u32),
			  GFP_KERNEL);
	if (!skb)
		return;
	header = genlmsg_put(skb, 0, 0, &hms_family, 0, what);
	if (!header || hms_put_object(skb, obj, what)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, header);
	genlmsg_multicast_allns(&hms_family, skb, 0, HMS_GROUP_TOPOLOGY);
}

/* Does anybody listen to what moves? */
bool hms_netlink_hears_moves(void)
{
	return genl_has_listeners(&hms_family, &init_net, HMS_GROUP_MIGRATE);
}

/* Nothing else would tell a listener that there was no memory for a message. */
static void hms_netlink_lost(void)
{
	genl_set_err(&hms_family, &init_net, 0, HMS_GROUP_MIGRATE, -ENOBUFS);
}

/* A message to who listens to what moves, or NULL; @header is NULL where it has no room for one. */
static struct sk_buff *hms_netlink_begin(enum hms_netlink_command what, gfp_t gfp, void **header)
{
	struct sk_buff *skb;

	if (!hms_netlink_hears_moves())
		return NULL;
	skb = genlmsg_new(HMS_MESSAGE_SIZE, gfp);
	if (skb)
		*header = genlmsg_put(skb, 0, 0, &hms_family, 0, what);
	else
		hms_netlink_lost();
	return skb;
}

/* Send it, if all was put into it. */
static void hms_netlink_end(struct sk_buff *skb, void *header, int error, gfp_t gfp)
{
	if (error) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, header);
	genlmsg_multicast(&hms_family, skb, 0, HMS_GROUP_MIGRATE, gfp);
}

static int hms_put_migrate(struct sk_buff *skb, const struct hms_request *request)
{
	const struct hms_hbind *arg = request->arg;

	return hms_put_map(skb) ?:
	       nla_put_u32(skb, HMS_A_PID, pid_nr(request->who)) ?:
	       hms_put_u64(skb, HMS_A_START, arg->start) ?:
	       hms_put_u64(skb, HMS_A_LENGTH, arg->length) ?:
	       nla_put(skb, HMS_A_TARGETS, request->ntargets * sizeof(u32), request->uids) ?:
	       hms_put_u64(skb, HMS_A_PAGES, arg->pages) ?:
	       hms_put_u64(skb, HMS_A_MOVED, arg->moved) ?:
	       hms_put_u64(skb, HMS_A_POPULATED, arg->populated) ?:
	       hms_put_u64(skb, HMS_A_SKIPPED, hms_request_skipped(arg));
}

/**
 * hms_netlink_migrate - tell who listens what a request did
 * @request: the request, with its counts
 *
 * Context: may sleep.
 */
void hms_netlink_migrate(const struct hms_request *request)
{
	struct sk_buff *skb;
	void *header;

	skb = hms_netlink_begin(HMS_CMD_MIGRATE, GFP_KERNEL, &header);
	if (skb)
		hms_netlink_end(skb, header, header ? hms_put_migrate(skb, request) : -EMSGSIZE,
				GFP_KERNEL);
}

/* The process whose memory it is, 0 where that is not known. */
static u32 hms_mm_owner(const struct mm_struct *mm)
{
	u32 pid = 0;
#ifdef CONFIG_MEMCG
	struct task_struct *owner;

	if (!mm)
		return 0;
	rcu_read_lock();
	owner = rcu_dereference(mm->owner);
	if (owner)
		pid = task_tgid_nr(owner);
	rcu_read_unlock();
#endif
	return pid;
}

static int hms_put_move(struct sk_buff *skb, const struct mm_struct *mm,
			const struct hms_notice *notice, enum hms_reason why, u32 to)
{
	u32 owner = hms_mm_owner(mm);
	int ret = hms_put_map(skb) ?: nla_put_u32(skb, HMS_A_REASON, why);

	if (!ret && owner)
		ret = nla_put_u32(skb, HMS_A_OWNER, owner);
	if (!ret && notice->target)
		ret = nla_put_u32(skb, HMS_A_FROM_TARGET, notice->target);
	if (!ret && to)
		ret = nla_put_u32(skb, HMS_A_TO_TARGET, to);
	if (!ret && mm)
		ret = hms_put_u64(skb, HMS_A_START, notice->start);
	return ret ?: hms_put_u64(skb, HMS_A_LENGTH, notice->length) ?:
	       hms_put_u64(skb, HMS_A_PAGES, notice->pages) ?:
	       hms_put_u64(skb, HMS_A_MOVED, notice->moved) ?:
	       hms_put_u64(skb, HMS_A_POPULATED, notice->populated) ?:
	       hms_put_u64(skb, HMS_A_SKIPPED, notice->skipped);
}

/**
 * hms_netlink_move - tell who listens what moved without a request
 * @mm: address space of the pages; the caller holds its struct. NULL: it is not known
 * @notice: how many, and from which target, 0 where that is not known
 * @why: why
 * @to: uid of the target that they went to, or 0
 *
 * Context: mmap_lock and folio locks may be held, and memory be short: does not reclaim.
 */
void hms_netlink_move(const struct mm_struct *mm, const struct hms_notice *notice,
		      enum hms_reason why, u32 to)
{
	const gfp_t gfp = GFP_NOWAIT | __GFP_NOWARN;
	struct sk_buff *skb;
	void *header;

	skb = hms_netlink_begin(HMS_CMD_MOVE, gfp, &header);
	if (skb)
		hms_netlink_end(skb, header,
				header ? hms_put_move(skb, mm, notice, why, to) : -EMSGSIZE, gfp);
}

/**
 * struct hms_dump - how far a dump has come; in the callback's own memory
 * @since: tell what is newer
 * @removed: generation of the last removal that was told
 * @version: highest that the program understands
 * @uid: of the last object that was told
 */
struct hms_dump {
	u64 since;
	u64 removed;
	u32 version;
	u32 uid;
};

static struct hms_dump *hms_dump_of(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct hms_dump) > sizeof(cb->ctx));
	return (struct hms_dump *)cb->ctx;
}

/* Of more bits there is no room; 0 would mean that nobody looks. */
static unsigned int hms_dump_seq(void)
{
	return hms_generation | 1U << 31;
}

static int hms_dump_start(struct netlink_callback *cb)
{
	struct nlattr *attrs[ARRAY_SIZE(hms_policy)];
	struct hms_dump *dump = hms_dump_of(cb);
	bool known;
	int ret;

	ret = genlmsg_parse(cb->nlh, &hms_family, attrs, ARRAY_SIZE(hms_policy) - 1, hms_policy,
			    cb->extack);
	if (ret)
		return ret;
	if (!attrs[HMS_A_VERSION]) {
		NL_SET_ERR_MSG(cb->extack, "which object version do you understand?");
		return -EINVAL;
	}
	*dump = (struct hms_dump) { .version = nla_get_u32(attrs[HMS_A_VERSION]) };
	if (attrs[HMS_A_INSTANCE] && nla_get_u64(attrs[HMS_A_INSTANCE]) != hms_instance) {
		NL_SET_ERR_MSG(cb->extack, "the module was loaded anew");
		return -ESTALE;
	}
	if (attrs[HMS_A_SINCE])
		dump->since = nla_get_u64(attrs[HMS_A_SINCE]);
	dump->removed = dump->since;
	mutex_lock(&hms_map_lock);
	known = !dump->since || hms_history_reaches(dump->since);
	/* What is known now may be forgotten before it is told: that marks the dump, too. */
	cb->prev_seq = hms_dump_seq();
	mutex_unlock(&hms_map_lock);
	if (!known) {
		NL_SET_ERR_MSG(cb->extack, "that generation is too long ago, or to come");
		return -ESTALE;
	}
	/* Else a small buffer of the reader could be one that nothing fits. */
	cb->min_dump_alloc = HMS_DUMP_SIZE;
	return 0;
}

static void *hms_dump_header(struct sk_buff *skb, struct netlink_callback *cb,
			     enum hms_netlink_command what)
{
	void *header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				   &hms_family, NLM_F_MULTI, what);

	if (header)
		genl_dump_check_consistent(cb, header);
	return header;
}

static int hms_dump_object(struct sk_buff *skb, struct netlink_callback *cb,
			   struct hms_object *obj)
{
	void *header = hms_dump_header(skb, cb, HMS_CMD_NEW);

	if (!header)
		return -EMSGSIZE;
	if (hms_put_object(skb, obj, HMS_CMD_NEW)) {
		genlmsg_cancel(skb, header);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return 0;
}

static int hms_dump_removed(struct sk_buff *skb, struct netlink_callback *cb,
			    const struct hms_removed *removed)
{
	void *header = hms_dump_header(skb, cb, HMS_CMD_DEL);

	if (!header)
		return -EMSGSIZE;
	if (hms_put_map(skb) || hms_put_identity(skb, removed->uid, removed->version,
						 removed->type, removed->generation)) {
		genlmsg_cancel(skb, header);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return 0;
}

/* Objects by uid, then what went. If the map changes between two calls, core marks the dump. */
static int hms_dump_map(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct hms_dump *dump = hms_dump_of(cb);
	const struct hms_removed *removed;
	struct hms_object *obj;
	u32 uid = dump->uid;
	int ret = 0;

	mutex_lock(&hms_map_lock);
	cb->seq = hms_dump_seq();
	while (!ret && (obj = hms_object_next(&uid))) {
		if (obj->version <= dump->version && obj->generation > dump->since)
			ret = hms_dump_object(skb, cb, obj);
		if (!ret)
			dump->uid = uid;
	}
	while (!ret && dump->since && (removed = hms_history_next(dump->removed))) {
		if (removed->version <= dump->version)
			ret = hms_dump_removed(skb, cb, removed);
		if (!ret)
			dump->removed = removed->generation;
	}
	mutex_unlock(&hms_map_lock);
	/* What did not fit comes next time, as long as there is something in this one. */
	return skb->len || !ret ? skb->len : ret;
}

static const struct genl_ops hms_ops[] = {
	{
		.cmd = HMS_CMD_GET,
		.start = hms_dump_start,
		.dumpit = hms_dump_map,
	},
};

static struct genl_family hms_family __ro_after_init = {
	.module = THIS_MODULE,
	.name = HMS_GENL_NAME,
	.version = HMS_GENL_VERSION,
	.netnsok = true,
	.maxattr = ARRAY_SIZE(hms_policy) - 1,
	.policy = hms_policy,
	.ops = hms_ops,
	.n_ops = ARRAY_SIZE(hms_ops),
	.mcgrps = hms_groups,
	.n_mcgrps = ARRAY_SIZE(hms_groups),
};

int hms_netlink_start(void)
{
	return genl_register_family(&hms_family);
}

void hms_netlink_stop(void)
{
	genl_unregister_family(&hms_family);
}
