/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_LOCATE_H
#define _HMS_LOCATE_H

#include <linux/hmm.h>

struct hms_binding;

/* More devices than this are not looked at; their pages show as absent. */
#define HMS_MAX_OWNERS	32

/*
 * Where the pages of a window are, an entry each: HMM_PFN_VALID with the page, HMM_PFN_ERROR where it
 * can't be told, else 0: no page, or one that is being moved.
 */
int hms_locate(struct hms_binding *binding, unsigned long start, unsigned long npages,
	       unsigned long *entries);
void hms_locate_fault_in(struct hms_binding *binding, unsigned long start,
			 unsigned long npages, unsigned long *entries);

#endif /* _HMS_LOCATE_H */
