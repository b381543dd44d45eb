// SPDX-License-Identifier: GPL-2.0
/* migrate_device_pfns(): pages of a device that do not lie together */
#include <linux/migrate.h>

int probe(unsigned long *pfns);
int probe(unsigned long *pfns)
{
	return migrate_device_pfns(pfns, 1);
}
