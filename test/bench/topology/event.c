// SPDX-License-Identifier: GPL-2.0
/* Telling of a change: what it costs who makes it, and who listens. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "topology.h"

#define RUNS	20

/* A value of a link is written; that is the change. */
static int open_value(void)
{
	const struct hms_object *link;
	struct hms *hms;
	char path[128];
	int fd;

	if (hms_open_topology(&hms))
		die("can't read the map");
	link = hms_object_next(hms, HMS_LINK, NULL);
	if (!link)
		die("no link");
	snprintf(path, sizeof(path), "/sys/bus/hms/devices/v%u-%u-link/read_latency", link->version,
		 link->uid);
	hms_close(hms);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

static void change(int fd)
{
	if (pwrite(fd, "77 measured\n", 12, 0) != 12)
		die("changing a value: %s", strerror(errno));
}

static void hear(struct hms_monitor *monitor)
{
	const struct hms_event *event;

	if (hms_monitor_next(monitor, &event) != 1 || event->what != HMS_EVENT_CHANGED)
		die("the change was not told");
}

static void print(const char *what, uint64_t cost)
{
	printf("   | %-41s | %8" PRIu64 " |\n", what, cost);
}

void bench_event(void)
{
	uint64_t alone, heard, hearing, again;
	struct hms_monitor *monitor;
	int fd;

	machine_clear();
	fd = open_value();
	alone = least_of(RUNS, change(fd));
	if (hms_monitor_open(&monitor, HMS_MONITOR_TOPOLOGY, 0))
		die("can't listen");
	heard = least_of(RUNS, change(fd));
	hearing = least_of(RUNS, hear(monitor));
	hms_monitor_close(monitor);
	again = least_of(RUNS, change(fd));
	if (pwrite(fd, "reset\n", 6, 0) != 6)
		die("resetting a value: %s", strerror(errno));
	close(fd);

	heading("A change of a value of a link, by write(2)");
	print("nobody listens", alone);
	print("one listens", heard);
	print("hms_monitor_next() in the one who listens", hearing);
	print("nobody listens any more", again);
	bound(again <= alone * 105 / 100, "who stopped listening costs nothing");
}
