/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_INFO_H
#define _HMS_INFO_H

struct hms_info;

#define HMS_MODULE_VERSION	"0.1.0"

int hms_info(struct hms_info *arg);

#endif /* _HMS_INFO_H */
