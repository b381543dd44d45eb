// SPDX-License-Identifier: GPL-2.0
/* vma_start_anon_pgoff(): anonymous pages of a file mapping have page offsets of their own */
#include <linux/mm.h>

pgoff_t probe(const struct vm_area_struct *vma);
pgoff_t probe(const struct vm_area_struct *vma)
{
	return vma_start_anon_pgoff(vma);
}
