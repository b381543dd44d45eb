/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_HBIND_H
#define _HMS_HBIND_H

struct hms_hbind;
struct hms_opener;

int hms_hbind(struct hms_opener *opener, struct hms_hbind *arg);

#endif /* _HMS_HBIND_H */
