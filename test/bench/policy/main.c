// SPDX-License-Identifier: GPL-2.0
/*
 * What policies cost, and how they scale. Exit code 1 when a bound is broken.
 *
 * policy bystander FILE: what a process pays that never opens /dev/hms, into FILE
 * policy WITHOUT WITH: all the rest; these files are from before and after the module was loaded
 */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/personality.h>
#include <unistd.h>

#include "policy.h"

/* Addresses are the same in every run, so page tables are; and one CPU, so that waking is. */
static void hold_still(char **argv)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		die("sched_setaffinity: %s", strerror(errno));
	if (personality(0xffffffff) & ADDR_NO_RANDOMIZE)
		return;
	if (personality(ADDR_NO_RANDOMIZE) < 0)
		die("personality: %s", strerror(errno));
	execv("/proc/self/exe", argv);
	die("/proc/self/exe: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	if (argc != 3)
		die("usage: policy bystander FILE, or policy WITHOUT WITH");
	hold_still(argv);
	if (!strcmp(argv[1], "bystander")) {
		bystander_measure(argv[2]);
		return 0;
	}
	bench_start("Policies");
	bench_set();
	bench_many();
	bench_touch();
	bench_bystander(argv[1], argv[2]);
	return bench_end();
}
