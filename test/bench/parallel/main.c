// SPDX-License-Identifier: GPL-2.0
/* What instructions can't tell of moving: what others on the machine notice, and two at once. */
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "parallel.h"

/* With an argument, the part that differs where devices copy by themselves. */
int main(int argc, char **argv __attribute__((unused)))
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		die("sched_setaffinity: %s", strerror(errno));
	if (argc > 1) {
		bench_unmapped(true);
		return bench_end();
	}
	bench_start_timed("Moving at once");
	bench_shootdowns();
	bench_unmapped(false);
	bench_at_once();
	return bench_end();
}
