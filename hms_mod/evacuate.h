/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_EVACUATE_H
#define _HMS_EVACUATE_H

struct hms_devmem;

int hms_evacuate(struct hms_devmem *mem, unsigned long timeout);

#endif /* _HMS_EVACUATE_H */
