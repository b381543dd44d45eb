/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_GRAPH_H
#define _HMS_GRAPH_H

#include "object.h"

/* Of one object; with more, a message about it would be too long. */
#define HMS_MAX_EDGES	2048

int hms_graph_join(struct hms_object *hub, struct hms_object *spoke, const char *as);
int hms_graph_connect(struct hms_object *hub, struct hms_object *spoke);
void hms_graph_disconnect(struct hms_object *obj);
void hms_graph_uids(const struct hms_object *obj, u32 *uids);
u32 hms_graph_uid_as(const struct hms_object *hub, const char *as);
unsigned int hms_graph_initiators(const struct hms_object *hub, u32 *uids);
void hms_graph_walk(const struct hms_object *initiator);
bool hms_graph_walked(const struct hms_object *obj);

#endif /* _HMS_GRAPH_H */
