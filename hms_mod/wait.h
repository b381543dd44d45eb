/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_WAIT_H
#define _HMS_WAIT_H

struct hms_opener;
struct hms_wait;

int hms_wait(struct hms_opener *opener, struct hms_wait *arg);
void hms_wait_end(struct hms_opener *opener, const struct hms_wait *arg);

#endif /* _HMS_WAIT_H */
