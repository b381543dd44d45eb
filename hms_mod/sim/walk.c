// SPDX-License-Identifier: GPL-2.0
/*
 * The accelerator follows the pointers of a program: a list, a tree, a graph without cycles.
 */

#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "sim.h"

#define HMS_SIM_STACK_FIRST	512U
#define HMS_SIM_STACK_MAX	1048576U

/**
 * struct hms_sim_stack - branches still to be followed
 * @address: where they begin
 * @depth: how many
 * @room: how many fit
 */
struct hms_sim_stack {
	u64 *address;
	u32 depth;
	u32 room;
};

static int hms_sim_push(struct hms_sim_stack *stack, u64 address)
{
	if (stack->depth == stack->room) {
		u32 room = max(stack->room * 2, HMS_SIM_STACK_FIRST);
		u64 *more;

		if (room > HMS_SIM_STACK_MAX)
			return -ENOSPC;
		more = kvmalloc_array(room, sizeof(*more), GFP_KERNEL);
		if (!more)
			return -ENOMEM;
		if (stack->depth)
			memcpy(more, stack->address, stack->depth * sizeof(*more));
		kvfree(stack->address);
		stack->address = more;
		stack->room = room;
	}
	stack->address[stack->depth++] = address;
	return 0;
}

/**
 * struct hms_sim_piece - part of a node within a page
 * @to: where it goes
 * @length: bytes
 */
struct hms_sim_piece {
	void *to;
	size_t length;
};

static void hms_sim_read_piece(void *memory, void *data)
{
	struct hms_sim_piece *piece = data;

	memcpy(piece->to, memory, piece->length);
}

static int hms_sim_read_node(struct hms_sim_context *context, u64 address, u8 *node, u32 size,
			     struct hms_sim_stats *stats)
{
	struct hms_sim_piece piece;
	u32 done;
	int ret;

	if (address + size < address || address + size > context->mirror.mm->task_size)
		return -EFAULT;
	for (done = 0; done < size; done += piece.length) {
		piece.to = node + done;
		piece.length = min_t(u64, size - done, PAGE_SIZE - offset_in_page(address + done));
		ret = hms_sim_access(context, address + done, false, false, hms_sim_read_piece,
				     &piece, stats);
		if (ret)
			return ret;
	}
	return 0;
}

static int hms_sim_walk_check(const struct hms_sim_walk *arg)
{
	u32 i;

	if (arg->flags || arg->reserved || arg->node_size > PAGE_SIZE ||
	    arg->node_size < sizeof(u64) || arg->value_offset > arg->node_size - sizeof(u64) ||
	    !arg->nlinks || arg->nlinks > HMS_SIM_MAX_LINKS)
		return -EINVAL;
	for (i = 0; i < arg->nlinks; i++) {
		if (arg->link_offset[i] > arg->node_size - sizeof(u64))
			return -EINVAL;
	}
	return 0;
}

static u64 hms_sim_word(const u8 *node, u32 offset)
{
	u64 word;

	memcpy(&word, node + offset, sizeof(word));
	return word;
}

static int hms_sim_follow(struct hms_sim_context *context, struct hms_sim_walk *arg, u8 *node,
			  struct hms_sim_stack *stack, struct hms_sim_stats *stats)
{
	u32 i;
	int ret;

	ret = arg->root ? hms_sim_push(stack, arg->root) : 0;
	while (!ret && stack->depth) {
		/* A node counts as remote when any part of it is. */
		struct hms_sim_stats one = {};

		if (arg->nodes == arg->max_nodes)
			return -ELOOP;
		ret = hms_sim_read_node(context, stack->address[--stack->depth], node,
					arg->node_size, &one);
		stats->faults += one.faults;
		if (ret)
			return ret;
		stats->local += !one.remote;
		stats->remote += !!one.remote;
		arg->nodes++;
		arg->sum += hms_sim_word(node, arg->value_offset);
		/* The last is pushed first, so that the first is followed first. */
		for (i = arg->nlinks; i-- && !ret; ) {
			u64 next = hms_sim_word(node, arg->link_offset[i]);

			if (next)
				ret = hms_sim_push(stack, next);
		}
		if (!(arg->nodes % 1024)) {
			if (signal_pending(current))
				return -EINTR;
			cond_resched();
		}
	}
	return ret;
}

/**
 * hms_sim_walk - serve HMS_SIM_WALK
 * @context: the program
 * @arg: copied from the program; the out fields are filled in
 *
 * Return: 0 or a negative errno, see linux/hms_sim.h.
 */
int hms_sim_walk(struct hms_sim_context *context, struct hms_sim_walk *arg)
{
	struct hms_sim_stack stack = {};
	struct hms_sim_stats stats = {};
	u8 *node;
	int ret;

	memset_startat(arg, 0, sum);
	ret = hms_sim_walk_check(arg);
	if (ret)
		return ret;
	node = kmalloc(arg->node_size, GFP_KERNEL);
	if (!node)
		return -ENOMEM;
	ret = hms_sim_follow(context, arg, node, &stack, &stats);
	arg->local = stats.local;
	arg->remote = stats.remote;
	arg->faults = stats.faults;
	kvfree(stack.address);
	kfree(node);
	return ret;
}
