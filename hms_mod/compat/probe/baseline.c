// SPDX-License-Identifier: GPL-2.0
/* what HMS can not do without (6.1 and later): migrate_vma, hmm_range_fault, interval notifiers */
#include <linux/hmm.h>
#include <linux/memremap.h>
#include <linux/migrate.h>
#include <linux/mmu_notifier.h>

int probe(struct migrate_vma *migrate, struct hmm_range *range,
	  struct mmu_interval_notifier *notifier);
int probe(struct migrate_vma *migrate, struct hmm_range *range,
	  struct mmu_interval_notifier *notifier)
{
	range->notifier_seq = mmu_interval_read_begin(notifier);
	return migrate_vma_setup(migrate) + hmm_range_fault(range);
}
