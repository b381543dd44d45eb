// SPDX-License-Identifier: GPL-2.0
/*
 * Inboxes: a process hears from its own descriptor what was done to its memory: by requests, its
 * own and those of others, and by the evacuation of a target. A descriptor has an inbox from the
 * first time that it is read or polled.
 */

#include <linux/err.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "binding.h"
#include "inbox.h"
#include "object.h"
#include "opener.h"

static void hms_inbox_put(struct hms_inbox *inbox, const struct hms_notice *notice,
			  struct pid *who)
{
	struct hms_notice *to;

	spin_lock(&inbox->lock);
	if (inbox->n == HMS_INBOX_NOTICES) {
		inbox->lost++;
	} else {
		to = &inbox->notices[(inbox->first + inbox->n++) % HMS_INBOX_NOTICES];
		*to = *notice;
		to->lost = inbox->lost;
		to->pid = pid_nr_ns(who, inbox->pids);
		inbox->lost = 0;
	}
	spin_unlock(&inbox->lock);
	wake_up_interruptible(&inbox->wait);
}

/* Does anybody listen? */
bool hms_inbox_any(const struct hms_binding *binding)
{
	return !list_empty_careful(&binding->inboxes);
}

/**
 * hms_inbox_tell - tell who listens what was done to an address space
 * @binding: of the address space
 * @notice: what was done; what is the same for all is filled in here
 * @who: the process that asked for it, or NULL
 *
 * Context: does not sleep, nor allocate. The binding must not go meanwhile.
 */
void hms_inbox_tell(struct hms_binding *binding, struct hms_notice *notice, struct pid *who)
{
	struct hms_inbox *inbox;

	if (!hms_inbox_any(binding))
		return;
	notice->size = sizeof(*notice);
	notice->instance = hms_instance;
	notice->generation = READ_ONCE(hms_generation);
	/* An inbox that goes takes the lock first. */
	spin_lock(&binding->inboxes_lock);
	list_for_each_entry(inbox, &binding->inboxes, list)
		hms_inbox_put(inbox, notice, who);
	spin_unlock(&binding->inboxes_lock);
}

/**
 * hms_inbox_tell_mm - the same of what nobody asked for, without a binding at hand
 * @mm: the address space; the caller holds its struct. NULL: nobody is told
 * @notice: as for hms_inbox_tell()
 *
 * Who listens holds the binding; where there is none nobody does.
 *
 * Context: does not sleep, nor allocate.
 */
void hms_inbox_tell_mm(const struct mm_struct *mm, struct hms_notice *notice)
{
	struct hms_binding *binding;

	/* A binding that goes waits for RCU. */
	rcu_read_lock();
	binding = hms_binding_find_rcu(mm);
	if (binding)
		hms_inbox_tell(binding, notice, NULL);
	rcu_read_unlock();
}

static void hms_inbox_destroy(struct hms_inbox *inbox)
{
	put_pid_ns(inbox->pids);
	kvfree(inbox);
}

/* The inbox of a descriptor, made if it has none. */
static struct hms_inbox *hms_inbox_get(struct hms_opener *opener)
{
	struct hms_inbox *inbox = READ_ONCE(opener->inbox), *first;
	struct hms_binding *binding;

	if (!hms_opener_admits(opener, 0))
		return ERR_PTR(-EBADF);
	if (inbox)
		return inbox;
	binding = hms_opener_enter(opener, 0);
	if (IS_ERR(binding))
		return ERR_CAST(binding);
	inbox = kvzalloc(sizeof(*inbox), GFP_KERNEL_ACCOUNT);
	if (!inbox) {
		inbox = ERR_PTR(-ENOMEM);
		goto leave;
	}
	spin_lock_init(&inbox->lock);
	init_waitqueue_head(&inbox->wait);
	inbox->pids = get_pid_ns(task_active_pid_ns(current));
	spin_lock(&binding->inboxes_lock);
	/* Another thread may have been first. */
	first = opener->inbox;
	if (!first) {
		list_add_tail(&inbox->list, &binding->inboxes);
		/* Read without the lock. */
		smp_store_release(&opener->inbox, inbox);
	}
	spin_unlock(&binding->inboxes_lock);
	if (first) {
		hms_inbox_destroy(inbox);
		inbox = first;
	}
leave:
	/* The descriptor holds the binding now. */
	hms_opener_leave(opener);
	return inbox;
}

/**
 * hms_inbox_free - end what hms_inbox_read() and hms_inbox_poll() began
 * @opener: of a descriptor that is being closed
 */
void hms_inbox_free(struct hms_opener *opener)
{
	if (!opener->inbox)
		return;
	spin_lock(&opener->binding->inboxes_lock);
	list_del(&opener->inbox->list);
	spin_unlock(&opener->binding->inboxes_lock);
	hms_inbox_destroy(opener->inbox);
}

static bool hms_inbox_take(struct hms_inbox *inbox, struct hms_notice *notice)
{
	bool any;

	spin_lock(&inbox->lock);
	any = inbox->n;
	if (any) {
		*notice = inbox->notices[inbox->first];
		inbox->first = (inbox->first + 1) % HMS_INBOX_NOTICES;
		inbox->n--;
	}
	spin_unlock(&inbox->lock);
	return any;
}

/**
 * hms_inbox_read - serve read() of /dev/hms
 * @opener: of the descriptor
 * @to: room for struct hms_notice
 * @size: bytes of it
 * @nonblock: do not wait for one
 *
 * Context: may sleep.
 * Return: bytes, or a negative errno, see linux/hms.h.
 */
ssize_t hms_inbox_read(struct hms_opener *opener, char __user *to, size_t size, bool nonblock)
{
	struct hms_notice notice;
	struct hms_inbox *inbox;
	size_t done = 0;
	int ret;

	if (size < sizeof(notice))
		return -EINVAL;
	inbox = hms_inbox_get(opener);
	if (IS_ERR(inbox))
		return PTR_ERR(inbox);
	while (!hms_inbox_take(inbox, &notice)) {
		if (nonblock)
			return -EAGAIN;
		ret = wait_event_interruptible(inbox->wait, READ_ONCE(inbox->n));
		if (ret)
			return ret;
	}
	do {
		if (copy_to_user(to + done, &notice, sizeof(notice)))
			return done ?: -EFAULT;
		done += sizeof(notice);
	} while (size - done >= sizeof(notice) && hms_inbox_take(inbox, &notice));
	return done;
}

/**
 * hms_inbox_poll - serve poll() of /dev/hms
 * @opener: of the descriptor
 * @filp: the open file
 * @wait: from poll()
 */
__poll_t hms_inbox_poll(struct hms_opener *opener, struct file *filp, poll_table *wait)
{
	struct hms_inbox *inbox = hms_inbox_get(opener);

	if (IS_ERR(inbox))
		return EPOLLERR;
	poll_wait(filp, &inbox->wait, wait);
	return READ_ONCE(inbox->n) ? EPOLLIN | EPOLLRDNORM : 0;
}
