/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_TARGET_H
#define _HMS_TARGET_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/refcount.h>
#include <linux/workqueue.h>
#include <linux/hms.h>

#include <hms/driver.h>

#include "object.h"
#include "stats.h"

struct hms_devmem;

/**
 * struct hms_target - memory that can hold pages
 * @obj: must be first
 * @nid: the NUMA node, or NUMA_NO_NODE for a device
 * @mem: struct pages of a device, or NULL for a node
 * @ops: the driver, NULL for a node
 * @peers: see &struct hms_target_desc
 * @drvdata: for the driver
 * @memory: where the kernel has private memory mapped, or NULL
 * @owner: the driver's module, held while a coherent target is online
 * @described: it is of another machine, and holds no pages
 * @offline_lock: held while it goes offline or online, is suspended or resumed
 * @suspended: it takes nothing until its driver has resumed it
 * @pinned: pages that were left when it did not go offline, last time
 * @spare: returns what its driver has lent, see lend.c, unless
 * @held: somebody wants that to stay
 * @stats: pages, by enum hms_target_stat
 * @users: requests that work on it, and one for being registered
 * @dying: no new work
 * @idle: completed when @users is 0
 */
struct hms_target {
	struct hms_object obj;
	int nid;
	struct hms_devmem *mem;
	const struct hms_target_ops *ops;
	void *peers;
	void *drvdata;
	void *memory;
	struct module *owner;
	bool described;
	struct mutex offline_lock;	/* see above */
	bool suspended;
	unsigned long pinned;
	struct delayed_work spare;
	atomic_t held;
	atomic64_t stats[HMS_TARGET_STAT_NR];
	refcount_t users;
	bool dying;
	struct completion idle;
};

static inline bool hms_target_is_device(const struct hms_target *target)
{
	return target->mem;
}

static inline bool hms_target_is_dying(const struct hms_target *target)
{
	return READ_ONCE(target->dying);
}

void hms_target_init(struct hms_target *target);
struct hms_target *hms_target_of_node(int nid);
struct hms_target *hms_target_add_node(int nid);
void hms_target_remove_node(struct hms_target *target);
struct hms_target *hms_target_new_device(const struct hms_target_desc *desc);
int hms_target_add_device(struct hms_target *target, const struct hms_target_desc *desc);
int hms_target_set_offline(struct hms_target *target, bool offline);
void hms_target_retire(struct hms_target *target);

unsigned int hms_target_alloc(struct hms_target *target, kuid_t user, struct page **pages,
			      unsigned int n);

struct page *hms_target_alloc_large(struct hms_target *target, kuid_t user);

enum hms_error_why hms_target_use(u32 uid, u32 version, struct hms_target **out);
void hms_target_unuse(struct hms_target *target);
struct hms_target *hms_target_use_home(const u32 *uids, unsigned int n, unsigned int first,
				       bool node);

#endif /* _HMS_TARGET_H */
