/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_PCP_H
#define _HMS_PCP_H

#include <linux/atomic.h>
#include <linux/percpu-defs.h>
#include <linux/workqueue.h>

struct hms_payer;
struct hms_pcp;

/**
 * struct hms_pcps - pages of a device that were freed, on a list of each CPU
 * @cpus: the lists
 * @some: how many of them are not empty
 * @enter: what is to be done with pages that had the same payer
 * @late: does it when nobody has asked for them for a while
 */
struct hms_pcps {
	struct hms_pcp __percpu *cpus;
	atomic_t some;
	void (*enter)(struct hms_pcps *pcps, const unsigned long *pages, unsigned int n,
		      struct hms_payer *payer);
	struct delayed_work late;
};

int hms_pcps_init(struct hms_pcps *pcps,
		  void (*enter)(struct hms_pcps *pcps, const unsigned long *pages,
				unsigned int n, struct hms_payer *payer));
void hms_pcps_destroy(struct hms_pcps *pcps);
void hms_pcps_free(struct hms_pcps *pcps, unsigned long index, struct hms_payer *payer);
bool hms_pcps_drain(struct hms_pcps *pcps);
unsigned long hms_pcps_most(const struct hms_pcps *pcps);

#endif /* _HMS_PCP_H */
