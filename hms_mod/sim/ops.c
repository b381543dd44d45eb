// SPDX-License-Identifier: GPL-2.0
/*
 * What the accelerator does on a run of memory: read, write, fill, sum, add. A page at a time,
 * each found through the page table of the context.
 */

#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "sim.h"

/**
 * hms_sim_info - serve HMS_SIM_INFO
 * @context: the program
 * @arg: filled in
 */
int hms_sim_info(struct hms_sim_context *context, struct hms_sim_info *arg)
{
	struct hms_sim *sim = context->sim;

	if (arg->flags)
		return -EINVAL;
	arg->target = hms_target_uid(sim->target);
	arg->initiator = hms_initiator_uid(sim->initiator);
	arg->link = hms_link_uid(sim->link);
	arg->reserved = 0;
	arg->memory = sim->size;
	arg->used = hms_target_used(sim->target);
	return 0;
}

/**
 * struct hms_sim_step - work within a page
 * @length: bytes
 * @bounce: kernel memory, as nothing may touch user memory while a page is mapped
 * @value: filled in, added, or the result
 */
struct hms_sim_step {
	size_t length;
	void *bounce;
	u64 value;
};

static void hms_sim_read(void *memory, void *data)
{
	struct hms_sim_step *step = data;

	memcpy(step->bounce, memory, step->length);
}

static void hms_sim_write(void *memory, void *data)
{
	struct hms_sim_step *step = data;

	memcpy(memory, step->bounce, step->length);
}

static void hms_sim_fill(void *memory, void *data)
{
	struct hms_sim_step *step = data;

	memset64(memory, step->value, step->length / sizeof(u64));
}

static void hms_sim_sum(void *memory, void *data)
{
	struct hms_sim_step *step = data;
	u64 *word = memory;
	size_t i;

	for (i = 0; i < step->length / sizeof(u64); i++)
		step->value += word[i];
}

static void hms_sim_add(void *memory, void *data)
{
	struct hms_sim_step *step = data;

	/* CPUs and other devices may add to it at the same time. */
	step->value = atomic64_fetch_add(step->value, memory);
}

static const struct {
	void (*access)(void *memory, void *data);
	bool write;
	bool words;	/* works on 64-bit words */
} hms_sim_ops[] = {
	[_IOC_NR(HMS_SIM_READ)]		= { hms_sim_read, false, false },
	[_IOC_NR(HMS_SIM_WRITE)]	= { hms_sim_write, true, false },
	[_IOC_NR(HMS_SIM_FILL)]		= { hms_sim_fill, true, true },
	[_IOC_NR(HMS_SIM_SUM)]		= { hms_sim_sum, false, true },
	[_IOC_NR(HMS_SIM_ADD)]		= { hms_sim_add, true, true },
};

static int hms_sim_check(const struct hms_sim_context *context, unsigned int cmd,
			 const struct hms_sim_op *arg)
{
	if (arg->flags & ~HMS_SIM_TELL || !arg->length)
		return -EINVAL;
	if (hms_sim_ops[_IOC_NR(cmd)].words &&
	    (!IS_ALIGNED(arg->address, sizeof(u64)) || !IS_ALIGNED(arg->length, sizeof(u64))))
		return -EINVAL;
	if (cmd == HMS_SIM_ADD && arg->length != sizeof(u64))
		return -EINVAL;
	if (arg->address + arg->length < arg->address ||
	    arg->address + arg->length > context->mirror.mm->task_size)
		return -EFAULT;
	return 0;
}

static int hms_sim_run(struct hms_sim_context *context, unsigned int cmd,
		       struct hms_sim_op *arg, struct hms_sim_step *step,
		       struct hms_sim_stats *stats)
{
	bool write = hms_sim_ops[_IOC_NR(cmd)].write;
	int ret;

	while (arg->done < arg->length) {
		unsigned long address = arg->address + arg->done;
		void __user *user = u64_to_user_ptr(arg->buffer) + arg->done;

		step->length = min_t(u64, arg->length - arg->done,
				     PAGE_SIZE - offset_in_page(address));
		if (cmd == HMS_SIM_WRITE && copy_from_user(step->bounce, user, step->length))
			return -EFAULT;
		ret = hms_sim_access(context, address, write, arg->flags & HMS_SIM_TELL,
				     hms_sim_ops[_IOC_NR(cmd)].access, step, stats);
		if (ret)
			return ret;
		if (cmd == HMS_SIM_READ && copy_to_user(user, step->bounce, step->length))
			return -EFAULT;
		arg->done += step->length;
		if (arg->done < arg->length && signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/**
 * hms_sim_op - serve HMS_SIM_READ, _WRITE, _FILL, _SUM and _ADD
 * @context: the program
 * @cmd: which
 * @arg: copied from the program; the out fields are filled in
 *
 * Return: 0 or a negative errno, see linux/hms_sim.h.
 */
int hms_sim_op(struct hms_sim_context *context, unsigned int cmd, struct hms_sim_op *arg)
{
	bool result = cmd == HMS_SIM_SUM || cmd == HMS_SIM_ADD;
	struct hms_sim_stats stats = {};
	struct hms_sim_step step = {};
	int ret;

	arg->done = 0;
	arg->local = 0;
	arg->remote = 0;
	arg->faults = 0;
	ret = hms_sim_check(context, cmd, arg);
	if (ret)
		return ret;
	if (cmd == HMS_SIM_READ || cmd == HMS_SIM_WRITE) {
		step.bounce = kmalloc(PAGE_SIZE, GFP_KERNEL);
		if (!step.bounce)
			return -ENOMEM;
	}
	step.value = cmd == HMS_SIM_SUM ? 0 : arg->value;
	ret = hms_sim_run(context, cmd, arg, &step, &stats);
	if (result)
		arg->value = step.value;
	arg->local = stats.local;
	arg->remote = stats.remote;
	arg->faults = stats.faults;
	kfree(step.bounce);
	return ret;
}
