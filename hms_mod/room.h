/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_ROOM_H
#define _HMS_ROOM_H

struct hms_batch;
struct hms_work;

void hms_room_make(struct hms_work *work, struct hms_batch *batch);

#endif /* _HMS_ROOM_H */
