/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_ACCOUNT_H
#define _HMS_ACCOUNT_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/uidgid.h>

/**
 * struct hms_account - what a user has of that which is limited for each user
 * @list: all of them
 * @ref: requests that look at it, and what is counted in it
 * @uid: who
 * @placeholders: see lazy.c
 * @jobs: see job.c
 */
struct hms_account {
	struct list_head list;
	refcount_t ref;
	kuid_t uid;
	atomic_long_t placeholders;
	atomic_long_t jobs;
};

struct hms_account *hms_account_get(void);
void hms_account_put(struct hms_account *account, unsigned int n);

/* What is counted in it keeps it. */
static inline void hms_account_keep(struct hms_account *account, unsigned int n)
{
	refcount_add(n, &account->ref);
}

#endif /* _HMS_ACCOUNT_H */
