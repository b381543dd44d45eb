/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_CHARGE_H
#define _HMS_CHARGE_H

#include <linux/list.h>
#include <linux/spinlock_types.h>
#include <linux/types.h>
#include <linux/uidgid.h>

struct dmem_cgroup_region;
struct hms_payer;

/**
 * struct hms_charges - who has how much of a device's memory
 * @lock: the device's; protects all below
 * @region: what cgroups know it by, or NULL
 * @user_limit: pages that a user may have of it
 * @payers: those who have some
 */
struct hms_charges {
	spinlock_t *lock;	/* see above */
	struct dmem_cgroup_region *region;
	unsigned long user_limit;
	struct list_head payers;
};

int hms_charges_init(struct hms_charges *charges, spinlock_t *lock, const char *name, u64 size);
void hms_charges_destroy(struct hms_charges *charges);
struct hms_payer *hms_charge(struct hms_charges *charges, kuid_t user, unsigned long *npages);
void hms_uncharge(struct hms_payer *payer, unsigned long npages);
unsigned long hms_charges_left(const struct hms_charges *charges, kuid_t user);
kuid_t hms_payer_user(const struct hms_payer *payer);

#endif /* _HMS_CHARGE_H */
