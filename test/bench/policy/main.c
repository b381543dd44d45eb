// SPDX-License-Identifier: GPL-2.0
/*
 * What policies cost, and how they scale. Exit code 1 when a bound is broken.
 *
 * policy bystander FILE: what a process pays that never opens /dev/hms, into FILE
 * policy WITHOUT WITH: all the rest; these files are from before and after the module was loaded
 */
#include <string.h>

#include "policy.h"

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
