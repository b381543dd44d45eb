/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_EXECUTE_H
#define _HMS_EXECUTE_H

struct hms_binding;
struct hms_request;

int hms_execute_prepare(struct hms_request *request, struct hms_binding *binding);
int hms_execute_begin(struct hms_request *request, struct hms_binding *binding);
void hms_execute_end(struct hms_request *request, struct hms_binding *binding, int ret);

#endif /* _HMS_EXECUTE_H */
