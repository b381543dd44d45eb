// SPDX-License-Identifier: GPL-2.0
/*
 * Accounts: what each user has of that which is limited for each user. One is there as long as
 * there is something to count.
 */

#include <linux/cred.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "account.h"

static LIST_HEAD(hms_accounts);

/* Protects the list, and with it what is found there. Taken where a page is freed. */
static DEFINE_SPINLOCK(hms_accounts_lock);

/* The account of a user, which becomes @fresh if there is none yet. */
static struct hms_account *hms_account_find(kuid_t uid, struct hms_account *fresh)
{
	struct hms_account *account;

	spin_lock_irq(&hms_accounts_lock);
	list_for_each_entry(account, &hms_accounts, list) {
		if (uid_eq(account->uid, uid)) {
			refcount_inc(&account->ref);
			goto unlock;
		}
	}
	account = fresh;
	if (fresh) {
		refcount_set(&fresh->ref, 1);
		fresh->uid = uid;
		list_add(&fresh->list, &hms_accounts);
	}
unlock:
	spin_unlock_irq(&hms_accounts_lock);
	return account;
}

/**
 * hms_account_get - the account of the caller
 *
 * Context: may sleep.
 * Return: a reference, for hms_account_put(), or NULL.
 */
struct hms_account *hms_account_get(void)
{
	struct hms_account *account = hms_account_find(current_uid(), NULL), *fresh;

	if (account)
		return account;
	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
	if (!fresh)
		return NULL;
	account = hms_account_find(current_uid(), fresh);
	/* Another thread may have been first. */
	if (account != fresh)
		kfree(fresh);
	return account;
}

/**
 * hms_account_put - end hms_account_get() or hms_account_keep()
 * @account: the account
 * @n: references
 *
 * Context: any.
 */
void hms_account_put(struct hms_account *account, unsigned int n)
{
	unsigned long flags;
	bool last;

	if (n > 1)
		WARN_ON_ONCE(refcount_sub_and_test(n - 1, &account->ref));
	if (refcount_dec_not_one(&account->ref))
		return;
	spin_lock_irqsave(&hms_accounts_lock, flags);
	last = refcount_dec_and_test(&account->ref);
	if (last)
		list_del(&account->list);
	spin_unlock_irqrestore(&hms_accounts_lock, flags);
	if (last)
		kfree(account);
}
