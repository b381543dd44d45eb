// SPDX-License-Identifier: GPL-2.0
/* What moving pages costs, beside its peers. Exit code 1 when a bound is broken. */
#include <stdlib.h>

#include "migrate.h"

int main(int argc, char **argv)
{
	const char *only = getenv("HMS_PROFILE");

	(void)argc;
	hold_still(argv);
	if (!only)
		bench_start("Moving");
	/* Opening the device is no part of what is measured. */
	node_uid(HERE);
	if (device_uid(1) && !test_hmm_is_there())
		die("no /dev/hmm_dmirror0 and 1");
	if (only) {
		profile(only);
		return 0;
	}
	bench_small();
	bench_large();
	return bench_end();
}
