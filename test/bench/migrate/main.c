// SPDX-License-Identifier: GPL-2.0
/* What moving pages costs, beside its peers. Exit code 1 when a bound is broken. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "migrate.h"

char *memory_here(size_t length, int advice)
{
	char *p = range_map(length);

	set_mbind(p, length, HERE);
	if (madvise(p, length, advice))
		die("madvise: %s", strerror(errno));
	range_touch(p, length);
	set_mbind(p, length, NO_NODE);
	return p;
}

void hms_move(char *start, size_t length, uint32_t uid)
{
	struct hms_result result;

	if (hms_migrate(handle(), start, length, &uid, 1, 0, &result))
		die("%s", hms_last_error(handle()));
	if (result.moved != length / PAGE)
		die("%" PRIu64 " pages of %zu moved", result.moved, length / PAGE);
}

int main(int argc, char **argv)
{
	(void)argc;
	hold_still(argv);
	bench_start("Moving");
	/* Opening the device is no part of what is measured. */
	node_uid(HERE);
	if (device_uid(1) && !test_hmm_is_there())
		die("no /dev/hmm_dmirror0 and 1");
	bench_small();
	bench_large();
	return bench_end();
}
