/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_SIM_SIM_H
#define _HMS_SIM_SIM_H

#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/xarray.h>
#include <linux/hms_sim.h>

#include <hms/driver.h>

/**
 * struct hms_sim - an emulated accelerator
 * @name: "hms_sim0" ...
 * @index: the number in it
 * @memory: its memory, when the struct pages that HMS makes for it have nothing behind them
 * @size: bytes
 * @target: its memory in the map
 * @initiator: itself in the map
 * @link: what connects them
 * @peers: those that it copies to and from, itself among them, or NULL
 * @npeers: how many
 * @misc: its device node
 * @keep_lock: protects the next three
 * @kept: pages that it has taken from HMS for itself
 * @nkept: how many
 * @nmine: how many it keeps that it had not lent
 * @copies: makes those that are ended later, or NULL
 * @ops: what it does for its memory
 * @vram: a bit for each page that is not free: lent to HMS, or kept; NULL: all of it is HMS's
 * @mine: a bit for each page that it keeps and had not lent
 */
struct hms_sim {
	char name[16];
	unsigned int index;
	void *memory;
	u64 size;
	struct hms_target *target;
	struct hms_initiator *initiator;
	struct hms_link *link;
	struct hms_sim *peers;
	unsigned int npeers;
	struct miscdevice misc;
	struct mutex keep_lock;		/* see above */
	struct page **kept;
	unsigned long nkept;
	unsigned long nmine;
	struct workqueue_struct *copies;
	struct hms_target_ops ops;
	unsigned long *vram;
	unsigned long *mine;
};

/**
 * struct hms_sim_context - what a program has open
 * @sim: the accelerator
 * @mirror: follows the address space of the opener
 * @page_table: page number to struct page, tagged 1 when it may be written; under &hms_mirror.lock
 */
struct hms_sim_context {
	struct hms_sim *sim;
	struct hms_mirror mirror;
	struct xarray page_table;
};

struct hms_sim_stats {
	u64 local;
	u64 remote;
	u64 faults;
};

/* device.c */
int hms_sim_device_add(struct hms_sim *sim, unsigned int index, u64 size, struct device *parent,
		       u64 range, bool later, bool own);
void hms_sim_device_remove(struct hms_sim *sim);

/* file.c */
extern const struct file_operations hms_sim_fops;

/* context.c */
struct hms_sim_context *hms_sim_context_new(struct hms_sim *sim);
void hms_sim_context_free(struct hms_sim_context *context);
int hms_sim_access(struct hms_sim_context *context, unsigned long address, bool write, bool tell,
		   void (*access)(void *memory, void *data), void *data,
		   struct hms_sim_stats *stats);

/* ops.c */
int hms_sim_info(struct hms_sim_context *context, struct hms_sim_info *arg);
int hms_sim_op(struct hms_sim_context *context, unsigned int cmd, struct hms_sim_op *arg);

/* walk.c */
int hms_sim_walk(struct hms_sim_context *context, struct hms_sim_walk *arg);

/* reserve.c */
int hms_sim_reserve(struct hms_sim_context *context, struct hms_sim_reserve *arg);
void hms_sim_release_all(struct hms_sim *sim);

/* vram.c */
int hms_sim_vram_init(struct hms_sim *sim);
void hms_sim_vram_destroy(struct hms_sim *sim);
unsigned long hms_sim_vram_keep(struct hms_sim *sim, unsigned long npages);
unsigned long hms_sim_vram_release(struct hms_sim *sim, unsigned long npages);
unsigned long hms_sim_lend(struct hms_target *target, unsigned long npages, unsigned long *first);
void hms_sim_have_back(struct hms_target *target, unsigned long first, unsigned long npages);

/* described.c */
int hms_sim_described_start(struct device *parent);
void hms_sim_described_stop(void);

/* fail.c */

int hms_sim_fail(struct hms_sim_context *context, struct hms_sim_fail *arg);

#endif /* _HMS_SIM_SIM_H */
