// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "moves.h"

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

void hms_move(char *start, size_t length, uint32_t uid, unsigned int flags)
{
	struct hms_result result;

	if (hms_migrate(handle(), start, length, &uid, 1, flags, &result))
		die("%s", hms_last_error(handle()));
	if (result.moved != length / PAGE)
		die("%" PRIu64 " pages of %zu moved", result.moved, length / PAGE);
}
