// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * First touch on the nodes of a policy, by mempolicy.
 *
 * Nobody keeps a list of what was set. The mempolicy of a mapping is the library's when it is what
 * the library makes of the policy that HMS has there; so it is recognised by any handle and any
 * thread, and by a child that inherited both. What the library makes has MPOL_F_STATIC_NODES: a
 * target is a certain node, whatever becomes of the cpuset; and hardly any program has a mempolicy
 * with that flag, which would be taken for the library's if it were the same in all else.
 */
#include <errno.h>
#include <linux/mempolicy.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "firsttouch.h"
#include "mapping.h"

#ifndef SYS_set_mempolicy_home_node
#define SYS_set_mempolicy_home_node	450
#endif

struct piece {
	unsigned long start;
	unsigned long end;
};

/*
 * @ordered: the list has an order. Mempolicy has none, and begins with the node that is nearest to
 * the CPU; its home node is where it begins instead.
 *
 * HMS_MODE_WEIGHTED is not here: the weights of MPOL_WEIGHTED_INTERLEAVE are not those of the range
 * but of the system.
 */
static const struct {
	uint32_t mode;
	int mempolicy;
	bool ordered;
} mempolicies[] = {
	{ HMS_MODE_BIND,	MPOL_BIND,		true },
	{ HMS_MODE_PREFERRED,	MPOL_PREFERRED_MANY,	true },
	{ HMS_MODE_INTERLEAVE,	MPOL_INTERLEAVE,	false },
};

#define ELSEWHERE	"where mempolicy says: "

static const char *const texts[] = {
	[HMS_FIRST_TOUCH_NONE]		= "mempolicy was not to change",
	[HMS_FIRST_TOUCH_SET]		= "on the nodes of the list, by mbind(2)",
	[HMS_FIRST_TOUCH_PARTLY]	= "on the nodes, but for what is shared or has its own",
	[HMS_FIRST_TOUCH_OWN]		= ELSEWHERE "the range is shared or has its own",
	[HMS_FIRST_TOUCH_DEVICE]	= ELSEWHERE "not all targets are nodes",
	[HMS_FIRST_TOUCH_MODE]		= ELSEWHERE "it has no mode like this",
	[HMS_FIRST_TOUCH_UNKNOWN]	= ELSEWHERE "a target is not among those that were read",
	[HMS_FIRST_TOUCH_REFUSED]	= ELSEWHERE "this process may not change it (seccomp)",
	[HMS_FIRST_TOUCH_CPUSET]	= ELSEWHERE "no node of the list is in the cpuset",
	[HMS_FIRST_TOUCH_NO_NUMA]	= "where the kernel likes: it has no mempolicy",
	[HMS_FIRST_TOUCH_FAILED]	= ELSEWHERE "no memory, too many mappings, no /proc",
};

_Static_assert(COUNT(texts) == HMS_FIRST_TOUCH_NR, "a text for each");

const char *hms_first_touch_text(enum hms_first_touch touch)
{
	return (unsigned int)touch < COUNT(texts) ? texts[touch] : "unknown";
}

enum hms_first_touch hms_first_touch(const struct hms *hms)
{
	return hms->first_touch;
}

static enum hms_first_touch result_of(int error)
{
	switch (error) {
	case EPERM:
	case EACCES:
		return HMS_FIRST_TOUCH_REFUSED;
	case EINVAL:
		return HMS_FIRST_TOUCH_CPUSET;
	case ENOSYS:
		return HMS_FIRST_TOUCH_NO_NUMA;
	default:
		return HMS_FIRST_TOUCH_FAILED;
	}
}

static int add_node(struct hms *hms, struct mempolicy *mempolicy, uint32_t uid)
{
	const struct hms_object *object = hms_object_known(hms, uid);
	int nid = hms_object_node(object);

	if (!object)
		return HMS_FIRST_TOUCH_UNKNOWN;
	if (nid < 0 || nid >= MEMPOLICY_NODES)
		return HMS_FIRST_TOUCH_DEVICE;
	mempolicy->nodes[nid / MEMPOLICY_WORD] |= 1UL << nid % MEMPOLICY_WORD;
	if (mempolicy->home < 0)
		mempolicy->home = nid;
	return HMS_FIRST_TOUCH_SET;
}

/* The mempolicy for a policy: HMS_FIRST_TOUCH_SET, or why there is none. */
static int make(struct hms *hms, uint32_t mode, const uint32_t *targets, size_t ntargets,
		struct mempolicy *mempolicy)
{
	int ret = HMS_FIRST_TOUCH_SET;
	size_t m = 0;

	*mempolicy = (struct mempolicy){ .home = -1 };
	if (hms_scan_once(hms))
		return HMS_FIRST_TOUCH_UNKNOWN;
	for (size_t i = 0; i < ntargets && ret == HMS_FIRST_TOUCH_SET; i++)
		ret = add_node(hms, mempolicy, targets[i]);
	if (ret != HMS_FIRST_TOUCH_SET)
		return ret;
	while (m < COUNT(mempolicies) && mempolicies[m].mode != mode)
		m++;
	if (m == COUNT(mempolicies))
		return HMS_FIRST_TOUCH_MODE;
	mempolicy->mode = mempolicies[m].mempolicy | MPOL_F_STATIC_NODES;
	if (ntargets < 2 || !mempolicies[m].ordered)
		mempolicy->home = -1;
	return HMS_FIRST_TOUCH_SET;
}

/*
 * When the cpuset changes, the kernel forgets the nodes that MPOL_PREFERRED_MANY was given, and
 * gives those of the cpuset for them.
 */
static bool is_made(const struct mempolicy *there, const struct mempolicy *made)
{
	if (there->mode != made->mode)
		return false;
	return made->mode == (MPOL_PREFERRED_MANY | MPOL_F_STATIC_NODES) ||
	       !memcmp(there->nodes, made->nodes, sizeof(made->nodes));
}

static int add_piece(struct first_touch *touch, uint64_t start, uint64_t end)
{
	struct piece *last = touch->pieces + touch->npieces - 1, *more;

	if (touch->npieces && last->end == start) {
		last->end = end;
		return 0;
	}
	if (touch->npieces == touch->room) {
		more = reallocarray(touch->pieces, touch->room + 8, 2 * sizeof(*more));
		if (!more)
			return ENOMEM;
		touch->pieces = more;
		touch->room = 2 * (touch->room + 8);
	}
	touch->pieces[touch->npieces++] = (struct piece){ start, end };
	return 0;
}

struct walk {
	struct hms *hms;
	struct first_touch *touch;
};

/* What of a mapping with this mempolicy is the library's? */
static int look_at_policies(struct walk *walk, const struct mapping *mapping,
			    const struct mempolicy *there)
{
	struct hms_policy_list *list;
	uint64_t at = mapping->start;
	struct mempolicy made;
	int error;

	error = -hms_query_policy(walk->hms, (void *)(uintptr_t)mapping->start,
				  mapping->end - mapping->start, 0, &list);
	if (error)
		return error;
	for (size_t i = 0; i < list->n && !error; i++) {
		const struct hms_policy_range *r = &list->ranges[i];

		if (make(walk->hms, r->mode, r->targets, r->ntargets, &made) !=
		    HMS_FIRST_TOUCH_SET || !is_made(there, &made))
			continue;
		walk->touch->left |= r->start > at;
		at = r->start + r->length;
		error = add_piece(walk->touch, r->start, at);
	}
	walk->touch->left |= at < mapping->end;
	free(list);
	return error;
}

static int look_at_mapping(const struct mapping *mapping, void *data)
{
	struct mempolicy there = { 0 };
	struct walk *walk = data;

	/* The mempolicy of shared memory is that of all who share it. */
	if (mapping->shared) {
		walk->touch->left = true;
		return 0;
	}
	if (syscall(SYS_get_mempolicy, &there.mode, there.nodes, (long)MEMPOLICY_NODES,
		    (unsigned long)mapping->start, (long)MPOL_F_ADDR))
		return errno;
	if (there.mode & MPOL_F_STATIC_NODES)
		return look_at_policies(walk, mapping, &there);
	if (there.mode != MPOL_DEFAULT)
		walk->touch->left = true;
	else if (walk->touch->result == HMS_FIRST_TOUCH_SET)
		return add_piece(walk->touch, mapping->start, mapping->end);
	return 0;
}

void hms_first_touch_look(struct hms *hms, struct first_touch *touch,
			  const struct hms_request *request)
{
	struct walk walk = { hms, touch };
	const uint64_t *mode;
	uint64_t end;
	int error;

	/* The mempolicy is long, and mostly not asked for. */
	touch->result = HMS_FIRST_TOUCH_NONE;
	touch->pieces = NULL;
	touch->npieces = 0;
	touch->room = 0;
	touch->left = false;
	if ((request->flags | hms->flags) & (HMS_REMOTE | HMS_WHOLE | HMS_NO_MBIND))
		return;
	/* What is wrong with a request is for the module to say. */
	mode = hms_modifier_value(request, HMS_MOD_MODE);
	if (!mode || hms->fd < 0 || request->ntargets > HMS_MAX_TARGETS ||
	    (request->ntargets && !request->targets) ||
	    __builtin_add_overflow(request->start, request->length, &end))
		return;
	if (*mode != HMS_MODE_DEFAULT)
		touch->result = make(hms, *mode, request->targets, request->ntargets,
				     &touch->mempolicy);
	error = hms_mappings(hms, request->start, end, look_at_mapping, &walk);
	if (error) {
		touch->result = result_of(error);
		touch->npieces = 0;
	}
}

static int undo(const struct piece *piece)
{
	return syscall(SYS_mbind, piece->start, piece->end - piece->start, MPOL_DEFAULT, NULL, 0L,
		       0L) ? errno : 0;
}

static int set(const struct piece *piece, const struct mempolicy *mempolicy)
{
	unsigned long length = piece->end - piece->start;
	int error = 0;

	/* The kernel takes one bit less than it is told. */
	if (syscall(SYS_mbind, piece->start, length, (long)mempolicy->mode, mempolicy->nodes,
		    MEMPOLICY_NODES + 1L, 0L) ||
	    (mempolicy->home >= 0 && syscall(SYS_set_mempolicy_home_node, piece->start, length,
					     (long)mempolicy->home, 0L)))
		error = errno;
	/* What is there may be that of the policy before, or in the wrong order. */
	if (error)
		undo(piece);
	return error;
}

void hms_first_touch_end(struct hms *hms, struct first_touch *touch, bool policy_set)
{
	bool setting = touch->result == HMS_FIRST_TOUCH_SET;
	int error;

	for (size_t i = 0; i < touch->npieces && policy_set; i++) {
		error = setting ? set(&touch->pieces[i], &touch->mempolicy) :
				  undo(&touch->pieces[i]);
		if (error)
			touch->result = result_of(error);
	}
	if (touch->result == HMS_FIRST_TOUCH_SET && touch->left)
		touch->result = touch->npieces ? HMS_FIRST_TOUCH_PARTLY : HMS_FIRST_TOUCH_OWN;
	hms->first_touch = policy_set ? touch->result : HMS_FIRST_TOUCH_NONE;
	free(touch->pieces);
}
