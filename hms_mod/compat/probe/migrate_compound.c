// SPDX-License-Identifier: GPL-2.0
/* MIGRATE_VMA_SELECT_COMPOUND: huge pages move whole, also into devices */
#include <linux/migrate.h>

unsigned long probe[] = { MIGRATE_VMA_SELECT_COMPOUND, MIGRATE_PFN_COMPOUND };
