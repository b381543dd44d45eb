/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_TURN_H
#define _HMS_TURN_H

#include <linux/mm.h>

/**
 * struct hms_turn - a thread's turn to bring home the page of its fault
 * @pfn: the page
 * @claimed: no other thread gets in the way
 */
struct hms_turn {
	unsigned long pfn;
	bool claimed;
};

bool hms_turn_take(struct hms_turn *turn, struct vm_fault *vmf);
void hms_turn_end(const struct hms_turn *turn);
void hms_turn_stop(void);

#endif /* _HMS_TURN_H */
