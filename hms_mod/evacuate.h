/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_EVACUATE_H
#define _HMS_EVACUATE_H

struct hms_target;

int hms_evacuate(struct hms_target *target, unsigned long timeout);
int hms_evacuate_lost(struct hms_target *target, unsigned long timeout);

#endif /* _HMS_EVACUATE_H */
