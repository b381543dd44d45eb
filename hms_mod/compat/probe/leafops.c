// SPDX-License-Identifier: GPL-2.0
/* softleaf_from_pte(): entries of page tables that are no pages have a type of their own */
#include <linux/leafops.h>

bool probe(pte_t pte);
bool probe(pte_t pte)
{
	return softleaf_is_migration(softleaf_from_pte(pte));
}
