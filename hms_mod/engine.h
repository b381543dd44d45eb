/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_ENGINE_H
#define _HMS_ENGINE_H

struct hms_binding;
struct hms_engine;
struct hms_request;

bool hms_engine_checks(const struct hms_request *request);
struct hms_engine *hms_engine_new(struct hms_request *request, struct hms_binding *binding);
void hms_engine_free(struct hms_engine *engine);
int hms_engine_step(struct hms_engine *engine);
int hms_engine_run(struct hms_engine *engine);

#endif /* _HMS_ENGINE_H */
