/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_INBOX_H
#define _HMS_INBOX_H

#include <linux/list.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/hms.h>

struct hms_binding;
struct hms_opener;
struct mm_struct;
struct pid;
struct pid_namespace;

#define HMS_INBOX_NOTICES	64

/**
 * struct hms_inbox - what a descriptor has heard and not told yet
 * @list: of those that hear of the same address space; under &hms_binding.inboxes_lock
 * @lock: protects the following; leaf
 * @first: the oldest notice
 * @n: how many there are
 * @lost: how many there was no room for since the last one
 * @notices: a ring
 * @pids: namespace of the reader, who is told processes as it knows them
 * @wait: for one to come
 */
struct hms_inbox {
	struct list_head list;
	spinlock_t lock;	/* see above */
	unsigned int first;
	unsigned int n;
	u64 lost;
	struct hms_notice notices[HMS_INBOX_NOTICES];
	wait_queue_head_t wait;
	struct pid_namespace *pids;
};

bool hms_inbox_any(const struct hms_binding *binding);
void hms_inbox_tell(struct hms_binding *binding, struct hms_notice *notice, struct pid *who);
void hms_inbox_tell_mm(const struct mm_struct *mm, struct hms_notice *notice);
ssize_t hms_inbox_read(struct hms_opener *opener, char __user *to, size_t size, bool nonblock);
__poll_t hms_inbox_poll(struct hms_opener *opener, struct file *filp, poll_table *wait);
void hms_inbox_free(struct hms_opener *opener);

#endif /* _HMS_INBOX_H */
