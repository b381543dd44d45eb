// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of the accelerator that fails, as the memory of a real one does after some years.
 */

#include <linux/capability.h>
#include <linux/mm.h>

#include "sim.h"

/*
 * Forget what the accelerator has of its own at an address, and say which page of its memory that
 * is.
 */
static bool hms_sim_lose(struct hms_sim_context *context, unsigned long address,
			 unsigned long *index)
{
	struct hms_target *target = context->sim->target;
	struct page *page;
	bool found;

	/* Under the lock an entry's page is there. */
	spin_lock(&context->mirror.lock);
	page = xa_untag_pointer(xa_load(&context->page_table, address >> PAGE_SHIFT));
	found = page && hms_target_of_page(page) == target;
	if (found) {
		*index = hms_target_index(target, page);
		xa_erase(&context->page_table, address >> PAGE_SHIFT);
	}
	spin_unlock(&context->mirror.lock);
	return found;
}

/**
 * hms_sim_fail - serve HMS_SIM_FAIL
 * @context: the program
 * @arg: copied from the program; the out fields are filled in
 *
 * Return: 0 or a negative errno, see linux/hms_sim.h.
 */
int hms_sim_fail(struct hms_sim_context *context, struct hms_sim_fail *arg)
{
	unsigned long address, end, index;
	int ret = 0;

	arg->pages = 0;
	if (arg->flags || !PAGE_ALIGNED(arg->address | arg->length) ||
	    arg->address + arg->length < arg->address ||
	    arg->address + arg->length > context->mirror.mm->task_size)
		return -EINVAL;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	end = arg->address + arg->length;
	for (address = arg->address; address < end && !ret; address += PAGE_SIZE) {
		if (!hms_sim_lose(context, address, &index))
			continue;
		ret = hms_target_failed(context->sim->target, index, 1);
		arg->pages += !ret;
		cond_resched();
	}
	return ret;
}
