// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "latency.h"

#define LATENCY	"/sys/kernel/debug/hms/latency"

static void set(const char *text)
{
	int fd = open(LATENCY, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(LATENCY ": %s", strerror(errno));
	close(fd);
}

void latency_begin(void)
{
	set("1");
}

struct latency latency_end(void)
{
	struct latency sum = { 0 };
	char line[1024], phase[16];
	uint64_t passes, total, max;
	FILE *f;

	set("0");
	f = fopen(LATENCY, "re");
	if (!f)
		die(LATENCY ": %s", strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*s %15s %" SCNu64 " %*u %" SCNu64 " %" SCNu64, phase, &passes,
			   &total, &max) != 4)
			continue;
		if (!strcmp(phase, "collect"))
			sum.collect += total;
		if (!strcmp(phase, "copy"))
			sum.copy += total;
		if (!strcmp(phase, "commit"))
			sum.commit += total;
		if (strcmp(phase, "unmapped"))
			continue;
		sum.passes += passes;
		if (max > sum.longest)
			sum.longest = max;
	}
	fclose(f);
	return sum;
}
