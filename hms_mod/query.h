/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_QUERY_H
#define _HMS_QUERY_H

struct hms_opener;
struct hms_query;

int hms_query(struct hms_opener *opener, struct hms_query *arg);

#endif /* _HMS_QUERY_H */
