/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_OPENER_H
#define _HMS_OPENER_H

#include <linux/sched.h>
#include <linux/types.h>
#include <linux/hms.h>

#include "job.h"

struct hms_binding;
struct hms_inbox;
struct mm_struct;

/**
 * struct hms_opener - what a descriptor of /dev/hms stands for: the process that opened it
 * @mm: its address space; only the struct is held, not the memory
 * @binding: what the first call that needed one made, or NULL
 * @inbox: what the first read() or poll() made, or NULL
 * @jobs: requests that are not waited for
 */
struct hms_opener {
	struct mm_struct *mm;
	struct hms_binding *binding;
	struct hms_inbox *inbox;
	struct hms_jobs jobs;
};

/**
 * hms_opener_admits - may the caller use a descriptor, or has it come by it by accident
 * @opener: of the descriptor
 * @flags: HMS_REMOTE allows to come from another address space
 */
static inline bool hms_opener_admits(const struct hms_opener *opener, u32 flags)
{
	return current->mm == opener->mm || (flags & HMS_REMOTE);
}

struct hms_opener *hms_opener_new(void);
bool hms_opener_is_of(const struct hms_opener *opener, pid_t nr);
void hms_opener_free(struct hms_opener *opener);
struct hms_binding *hms_opener_enter(struct hms_opener *opener, u32 flags);
void hms_opener_leave(struct hms_opener *opener);

#endif /* _HMS_OPENER_H */
