/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_NETLINK_H
#define _HMS_NETLINK_H

#include <linux/hms_netlink.h>

struct hms_notice;
struct hms_object;
struct hms_request;
struct mm_struct;

void hms_netlink_object(struct hms_object *obj, enum hms_netlink_command what);
void hms_netlink_migrate(const struct hms_request *request);
bool hms_netlink_hears_moves(void);
void hms_netlink_move(const struct mm_struct *mm, const struct hms_notice *notice,
		      enum hms_reason why, u32 to);

int hms_netlink_start(void);
void hms_netlink_stop(void);

#endif /* _HMS_NETLINK_H */
