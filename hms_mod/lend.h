/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_LEND_H
#define _HMS_LEND_H

struct hms_target;

void hms_lend_init(struct hms_target *target);
void hms_lend_more(struct hms_target *target, unsigned long npages);
void hms_lend_spare(struct hms_target *target);
void hms_lend_hold(struct hms_target *target);
void hms_lend_release(struct hms_target *target);
void hms_lend_stop(struct hms_target *target);

#endif /* _HMS_LEND_H */
