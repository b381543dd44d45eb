// SPDX-License-Identifier: GPL-2.0
/* MIGRATE_VMA_SELECT_COMPOUND: a huge page moves to private memory in one piece */
#include <linux/migrate.h>

const unsigned long probe = MIGRATE_VMA_SELECT_COMPOUND | MIGRATE_PFN_COMPOUND;
