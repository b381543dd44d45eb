// SPDX-License-Identifier: GPL-2.0
/*
 * Per-CPU lists of the free pages of a device. Core frees them one by one, and anywhere. Each CPU
 * keeps some of them, so that the lock of the device, and the charge, are had for many at a time.
 *
 * Until then the device takes them for used. Who needs to know, or lacks pages, drains the lists;
 * and what is left on one is entered before long, as a cgroup is charged for it.
 */

#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>

#include "pcp.h"

/* Pages on a list. */
#define HMS_PCP_PAGES	64U

/* Until what was left on lists is entered. */
#define HMS_PCP_DELAY	(HZ / 20)

/**
 * struct hms_pcp - the list of a CPU
 * @lock: protects the rest; taken with interrupts off, before the lock of the device. Other CPUs
 *	take it only to drain
 * @n: how many pages
 * @payer: of them all
 * @pages: which
 */
struct hms_pcp {
	spinlock_t lock;	/* see above */
	unsigned int n;
	struct hms_payer *payer;
	unsigned long pages[HMS_PCP_PAGES];
};

static void hms_pcp_enter(struct hms_pcps *pcps, struct hms_pcp *pcp)
{
	pcps->enter(pcps, pcp->pages, pcp->n, pcp->payer);
	WRITE_ONCE(pcp->n, 0);
	atomic_dec(&pcps->some);
}

static void hms_pcp_begin(struct hms_pcps *pcps, struct hms_pcp *pcp, struct hms_payer *payer)
{
	pcp->payer = payer;
	/* The first list that is begun; the work is there for those after it, too. */
	if (atomic_inc_return(&pcps->some) == 1)
		schedule_delayed_work(&pcps->late, HMS_PCP_DELAY);
}

/**
 * hms_pcps_free - a page was freed
 * @pcps: the lists
 * @index: the page
 * @payer: who had it
 *
 * Context: any; no lock of the device held.
 */
void hms_pcps_free(struct hms_pcps *pcps, unsigned long index, struct hms_payer *payer)
{
	/* If the task moves on meanwhile, it is the list of another CPU. */
	struct hms_pcp *pcp = raw_cpu_ptr(pcps->cpus);
	unsigned long flags;

	spin_lock_irqsave(&pcp->lock, flags);
	if (pcp->n && (pcp->n == HMS_PCP_PAGES || payer != pcp->payer))
		hms_pcp_enter(pcps, pcp);
	if (!pcp->n)
		hms_pcp_begin(pcps, pcp, payer);
	pcp->pages[pcp->n] = index;
	WRITE_ONCE(pcp->n, pcp->n + 1);
	spin_unlock_irqrestore(&pcp->lock, flags);
}

/**
 * hms_pcps_drain - enter what is on the lists
 * @pcps: the lists
 *
 * Context: any; no lock of the device held.
 * Return: was there anything?
 */
bool hms_pcps_drain(struct hms_pcps *pcps)
{
	struct hms_pcp *pcp;
	unsigned long flags;
	int cpu;

	if (!atomic_read(&pcps->some))
		return false;
	for_each_possible_cpu(cpu) {
		pcp = per_cpu_ptr(pcps->cpus, cpu);
		if (!READ_ONCE(pcp->n))
			continue;
		spin_lock_irqsave(&pcp->lock, flags);
		if (pcp->n)
			hms_pcp_enter(pcps, pcp);
		spin_unlock_irqrestore(&pcp->lock, flags);
	}
	return true;
}

/**
 * hms_pcps_most - as many pages may be on the lists
 * @pcps: the lists
 */
unsigned long hms_pcps_most(const struct hms_pcps *pcps)
{
	return atomic_read(&pcps->some) * (unsigned long)HMS_PCP_PAGES;
}

static void hms_pcps_late(struct work_struct *work)
{
	struct hms_pcps *pcps = container_of(to_delayed_work(work), struct hms_pcps, late);

	hms_pcps_drain(pcps);
	/* Who was passed over and began since was not the first, and has left it to this. */
	if (atomic_read(&pcps->some))
		schedule_delayed_work(&pcps->late, HMS_PCP_DELAY);
}

/**
 * hms_pcps_init - make empty lists
 * @pcps: filled in
 * @enter: what is done with pages; called with the lock of a list held and interrupts off
 *
 * Return: 0 or -ENOMEM.
 */
int hms_pcps_init(struct hms_pcps *pcps,
		  void (*enter)(struct hms_pcps *pcps, const unsigned long *pages,
				unsigned int n, struct hms_payer *payer))
{
	int cpu;

	pcps->cpus = alloc_percpu(struct hms_pcp);
	if (!pcps->cpus)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		spin_lock_init(&per_cpu_ptr(pcps->cpus, cpu)->lock);
	atomic_set(&pcps->some, 0);
	pcps->enter = enter;
	INIT_DELAYED_WORK(&pcps->late, hms_pcps_late);
	return 0;
}

/**
 * hms_pcps_destroy - end hms_pcps_init()
 * @pcps: nothing is on the lists, or will be
 *
 * Context: may sleep.
 */
void hms_pcps_destroy(struct hms_pcps *pcps)
{
	cancel_delayed_work_sync(&pcps->late);
	free_percpu(pcps->cpus);
}
