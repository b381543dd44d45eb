// SPDX-License-Identifier: LGPL-2.1-or-later
/* Listening to what happens to the map and to memory. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "socket.h"

/* An event that waits to be handed out, with what it points to. */
struct event {
	struct hms_event public;
	struct object *object;
	uint32_t *targets;
	struct event *next;
};

/* @ears hear, @mouth asks: an answer would drown in what is heard meanwhile. */
struct hms_monitor {
	struct hms_socket *ears;
	struct hms_socket *mouth;
	uint32_t version;
	struct event *first;
	struct event **last;
	struct event *handed_out;
};

static void event_free(struct event *event)
{
	if (!event)
		return;
	if (event->object)
		hms_object_free(&event->object->public);
	free(event->targets);
	free(event);
}

static int read_migrate(struct event *event, struct nlattr **attrs)
{
	struct hms_event *public = &event->public;
	int error;

	public->pid = hms_message_u32(attrs[HMS_A_PID], 0);
	public->start = hms_message_u64(attrs[HMS_A_START], 0);
	public->length = hms_message_u64(attrs[HMS_A_LENGTH], 0);
	public->pages = hms_message_u64(attrs[HMS_A_PAGES], 0);
	public->moved = hms_message_u64(attrs[HMS_A_MOVED], 0);
	public->populated = hms_message_u64(attrs[HMS_A_POPULATED], 0);
	public->skipped = hms_message_u64(attrs[HMS_A_SKIPPED], 0);
	public->reason = hms_message_u32(attrs[HMS_A_REASON], HMS_REASON_REQUEST);
	public->owner = hms_message_u32(attrs[HMS_A_OWNER], 0);
	public->from = hms_message_u32(attrs[HMS_A_FROM_TARGET], 0);
	public->to = hms_message_u32(attrs[HMS_A_TO_TARGET], 0);
	error = hms_message_uids(attrs[HMS_A_TARGETS], &event->targets, &public->ntargets);
	public->targets = event->targets;
	return error;
}

static int read_event(struct event *event, struct genlmsghdr *header, struct nlattr **attrs)
{
	struct hms_event *public = &event->public;
	int error;

	public->instance = hms_message_u64(attrs[HMS_A_INSTANCE], 0);
	public->generation = hms_message_u64(attrs[HMS_A_GENERATION], 0);
	if (header->cmd == HMS_CMD_MIGRATE || header->cmd == HMS_CMD_MOVE) {
		public->what = header->cmd == HMS_CMD_MOVE ? HMS_EVENT_MOVED : HMS_EVENT_MIGRATED;
		return read_migrate(event, attrs);
	}
	error = hms_message_object(header, attrs, &event->object);
	if (error)
		return error;
	public->what = header->cmd == HMS_CMD_NEW ? HMS_EVENT_NEW :
		       header->cmd == HMS_CMD_DEL ? HMS_EVENT_GONE : HMS_EVENT_CHANGED;
	public->object = &event->object->public;
	return 0;
}

static int on_event(void *data, struct genlmsghdr *header, struct nlattr **attrs)
{
	struct hms_monitor *monitor = data;
	struct event *event;
	int error;

	if (header->cmd < HMS_CMD_NEW || header->cmd > HMS_CMD_MOVE ||
	    hms_message_u32(attrs[HMS_A_VERSION], 0) > monitor->version)
		return 0;
	event = calloc(1, sizeof(*event));
	if (!event)
		return ENOMEM;
	error = read_event(event, header, attrs);
	if (error) {
		event_free(event);
		return error;
	}
	*monitor->last = event;
	monitor->last = &event->next;
	return 0;
}

static int join(struct hms_monitor *monitor, const char *name)
{
	int group = hms_socket_group(monitor->mouth, name);

	return group < 0 ? -group : hms_socket_join(monitor->ears, group);
}

static int monitor_start(struct hms_monitor *monitor, unsigned int groups)
{
	int error;

	error = hms_socket_open(&monitor->mouth);
	if (!error)
		error = hms_socket_open(&monitor->ears);
	if (error)
		return error;
	monitor->mouth->message = on_event;
	monitor->mouth->data = monitor;
	monitor->ears->message = on_event;
	monitor->ears->data = monitor;
	if (groups & HMS_MONITOR_TOPOLOGY)
		error = join(monitor, HMS_GENL_TOPOLOGY);
	if (!error && (groups & HMS_MONITOR_MIGRATE))
		error = join(monitor, HMS_GENL_MIGRATE);
	return error ?: hms_socket_only_listen(monitor->ears);
}

int hms_monitor_open(struct hms_monitor **result, unsigned int groups, uint32_t version)
{
	struct hms_monitor *monitor;
	int error;

	*result = NULL;
	if (groups & ~(HMS_MONITOR_TOPOLOGY | HMS_MONITOR_MIGRATE))
		return -EINVAL;
	monitor = calloc(1, sizeof(*monitor));
	if (!monitor)
		return -ENOMEM;
	monitor->version = version ?: HMS_VERSION_DEVICE;
	monitor->last = &monitor->first;
	error = monitor_start(monitor, groups);
	if (error) {
		hms_monitor_close(monitor);
		return -error;
	}
	*result = monitor;
	return 0;
}

void hms_monitor_close(struct hms_monitor *monitor)
{
	struct event *event;

	if (!monitor)
		return;
	while ((event = monitor->first)) {
		monitor->first = event->next;
		event_free(event);
	}
	event_free(monitor->handed_out);
	hms_socket_close(monitor->ears);
	hms_socket_close(monitor->mouth);
	free(monitor);
}

int hms_monitor_fd(const struct hms_monitor *monitor)
{
	return hms_socket_fd(monitor->ears);
}

int hms_monitor_ask(struct hms_monitor *monitor, uint64_t instance, uint64_t since)
{
	struct event **before = monitor->last, *event;
	int error;

	do {
		error = hms_socket_dump(monitor->mouth, monitor->version, instance, since);
		if (!error)
			break;
		/* What came of an answer that is none. */
		while ((event = *before)) {
			*before = event->next;
			event_free(event);
		}
		monitor->last = before;
	} while (error == EINTR);
	return -error;
}

int hms_monitor_next(struct hms_monitor *monitor, const struct hms_event **result)
{
	struct event *event;
	int error;

	*result = NULL;
	event_free(monitor->handed_out);
	monitor->handed_out = NULL;
	if (!monitor->first) {
		error = hms_socket_receive(monitor->ears);
		if (error && error != EINTR)
			return -error;
	}
	event = monitor->first;
	if (!event)
		return 0;
	monitor->first = event->next;
	if (!monitor->first)
		monitor->last = &monitor->first;
	monitor->handed_out = event;
	*result = &event->public;
	return 1;
}
