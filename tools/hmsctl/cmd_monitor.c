// SPDX-License-Identifier: GPL-2.0
/* hmsctl monitor: what happens to the map and to memory, as it happens. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "../libhms/units.h"
#include "options.h"

struct listener {
	struct hms_monitor *monitor;
	unsigned int groups;
	bool json;
	bool since;		/* begin with what is new since @generation */
	bool once;		/* ... and end then */
	uint64_t instance;
	uint64_t generation;	/* of the last event, 0 before: where to go on after a loss */
	uint64_t left;		/* events to show */
};

static const char *const what_texts[] = {
	[HMS_EVENT_NEW]		= "new",
	[HMS_EVENT_CHANGED]	= "changed",
	[HMS_EVENT_GONE]	= "gone",
	[HMS_EVENT_MIGRATED]	= "migrated",
	[HMS_EVENT_MOVED]	= "moved",
};

/* Of a request: who asked, and for what. Else why, and whose memory it is. */
static void add_cause(struct json_object *line, const struct hms_event *event)
{
	struct json_object *targets;

	if (event->what == HMS_EVENT_MOVED) {
		json_object_object_add(line, "reason",
				       json_object_new_string(hms_reason_text(event->reason)));
		add_number(line, "owner", event->owner);
		add_number(line, "from", event->from);
		add_number(line, "to", event->to);
		return;
	}
	add_number(line, "pid", event->pid);
	targets = json_object_new_array();
	for (size_t i = 0; i < event->ntargets; i++)
		json_object_array_add(targets, json_object_new_int64(event->targets[i]));
	json_object_object_add(line, "targets", targets);
}

static void print_json(const struct hms_event *event, const struct timespec *now)
{
	struct json_object *line = json_object_new_object();

	add_number(line, "time_ns", now->tv_sec * 1000000000ULL + now->tv_nsec);
	json_object_object_add(line, "event", json_object_new_string(what_texts[event->what]));
	add_number(line, "instance", event->instance);
	add_number(line, "generation", event->generation);
	if (event->object) {
		add_number(line, "uid", event->object->uid);
		add_number(line, "version", event->object->version);
		json_object_object_add(line, "type",
				json_object_new_string(hms_type_text(event->object->type)));
		if (event->what != HMS_EVENT_GONE)
			json_object_object_add(line, "name",
					       json_object_new_string(event->object->name));
	} else {
		add_cause(line, event);
		add_number(line, "start", event->start);
		add_number(line, "length", event->length);
		add_number(line, "pages", event->pages);
		add_number(line, "moved", event->moved);
		add_number(line, "populated", event->populated);
		add_number(line, "skipped", event->skipped);
	}
	puts(json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN));
	json_object_put(line);
}

static void print_moves(const struct hms_event *event)
{
	char size[24];

	if (event->what == HMS_EVENT_MOVED)
		printf("%s, of pid %u, %s at 0x%" PRIx64 ": from %u to %u: ",
		       hms_reason_text(event->reason), event->owner,
		       human_size(event->length, size), event->start, event->from, event->to);
	else
		printf("pid %u, %s at 0x%" PRIx64 ": ", event->pid,
		       human_size(event->length, size), event->start);
	printf("%" PRIu64 " moved, %" PRIu64 " populated, %" PRIu64 " skipped\n", event->moved,
	       event->populated, event->skipped);
}

static void print_text(const struct hms_event *event, const struct timespec *now)
{
	const struct hms_object *object = event->object;
	char time[16];
	struct tm tm;

	localtime_r(&now->tv_sec, &tm);
	strftime(time, sizeof(time), "%H:%M:%S", &tm);
	printf("%s.%06ld  %" PRIu64 "  %-8s  ", time, now->tv_nsec / 1000, event->generation,
	       what_texts[event->what]);
	if (!object)
		print_moves(event);
	else if (event->what == HMS_EVENT_GONE)
		printf("%s %u\n", hms_type_text(object->type), object->uid);
	else
		printf("%s %u %s\n", hms_type_text(object->type), object->uid, object->name);
}

static void show(struct listener *l, const struct hms_event *event)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (l->json)
		print_json(event, &now);
	else
		print_text(event, &now);
	/* Who reads this through a pipe wants it now. */
	fflush(stdout);
	l->instance = event->instance;
	if (event->generation > l->generation)
		l->generation = event->generation;
}

/* What was lost is not heard again, so what is new is asked for; all of it, if that is too much. */
static int catch_up(struct listener *l)
{
	int ret;

	fprintf(stderr, "hmsctl: monitor: events were lost, asking what is new since %" PRIu64 "\n",
		l->generation);
	if (!(l->groups & HMS_MONITOR_TOPOLOGY))
		return 0;
	ret = hms_monitor_ask(l->monitor, l->instance, l->generation);
	return ret == -ESTALE ? hms_monitor_ask(l->monitor, 0, 0) : ret;
}

static int listen_to(struct listener *l)
{
	struct pollfd fd = { .fd = hms_monitor_fd(l->monitor), .events = POLLIN };
	const struct hms_event *event;
	int ret;

	while (l->left) {
		ret = hms_monitor_next(l->monitor, &event);
		if (ret == -ENOBUFS) {
			ret = catch_up(l);
			if (!ret)
				continue;
		}
		if (ret < 0)
			return fail("monitor", "%s", strerror(-ret));
		if (event) {
			show(l, event);
			l->left--;
			continue;
		}
		if (l->once)
			break;
		if (poll(&fd, 1, -1) < 0 && errno != EINTR)
			return fail("monitor", "%s", strerror(errno));
	}
	return EXIT_OK;
}

static int start(struct listener *l)
{
	int ret;

	ret = hms_monitor_open(&l->monitor, l->once ? 0 : l->groups, 0);
	if (ret == -EPERM)
		return fail("monitor", "the events of other processes take CAP_NET_ADMIN");
	if (ret)
		return fail_open(ret);
	/* Listening first: what happens from here on is heard. */
	if (l->since)
		ret = hms_monitor_ask(l->monitor, 0, l->generation);
	if (ret == -ESTALE)
		return fail("monitor", "generation %" PRIu64 " is too long ago, or to come",
			    l->generation);
	if (ret)
		return fail("monitor", "%s", strerror(-ret));
	return listen_to(l);
}

static const char *take_since(char *text, void *to)
{
	struct listener *l = to;

	l->since = true;
	return hms_parse_number(text, UINT64_MAX, &l->generation);
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct listener l = { .groups = HMS_MONITOR_TOPOLOGY, .left = UINT64_MAX };
	bool migrate = false;
	const struct opt opts[] = {
		{ 'J', "json",	  NULL,	       &l.json },
		{ 'm', "migrate", NULL,	       &migrate },
		{ 'c', "count",	  take_number, &l.left },
		{ 's', "since",	  take_since,  &l },
		{ '1', "once",	  NULL,	       &l.once },
		{ }
	};
	int ret;

	ret = parse_options(verb, argc, argv, opts, 0, 0);
	if (ret)
		return ret;
	if (l.once && !l.since)
		return fail_usage(verb, "--once goes with --since");
	if (migrate)
		l.groups |= HMS_MONITOR_MIGRATE;
	ret = start(&l);
	hms_monitor_close(l.monitor);
	return ret;
}

const struct verb verb_monitor = {
	.name = "monitor",
	.summary = "what happens to the map and to memory, as it happens",
	.usage = "[options]\n"
		 "\n"
		 "A line has the time, the generation of the map, what happened, and to what.\n"
		 "\n"
		 "  -m, --migrate       also what moved of all processes, by requests, device faults\n"
		 "                      and evictions (CAP_NET_ADMIN)\n"
		 "  -s, --since GEN     begin with what is new since that generation; 0 is all\n"
		 "  -1, --once          with --since: end after that\n"
		 "  -c, --count N       end after N events\n"
		 "  -J, --json          JSON, an object a line\n",
	.run = run,
};
