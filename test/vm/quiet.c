// SPDX-License-Identifier: GPL-2.0
/*
 * Waits until kcompactd and kswapd sleep. Whoever needs memory in one piece, as a module does for
 * its struct pages, sets them to work, and does not wait for them; they hold pages of whichever
 * test comes next, or move them.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "init.h"

#define PATIENCE	600U	/* looks */
#define LOOK_US		50000
#define QUIET		2U	/* looks one after the other */

static bool is_busy(const char *pid)
{
	char path[300], *stat, *name, *end;
	bool busy = false;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	stat = file_read(path, NULL);
	name = stat ? strchr(stat, '(') : NULL;
	end = name ? strrchr(name, ')') : NULL;
	if (end && (!strncmp(name, "(kcompactd", 10) || !strncmp(name, "(kswapd", 7)))
		busy = strncmp(end, ") S", 3);
	free(stat);
	return busy;
}

static bool any_busy(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	bool busy = false;

	while (proc && !busy && (entry = readdir(proc)))
		busy = strspn(entry->d_name, "0123456789") && is_busy(entry->d_name);
	if (proc)
		closedir(proc);
	return busy;
}

void quiet_wait(void)
{
	unsigned int looks, quiet = 0;

	for (looks = 0; looks < PATIENCE && quiet < QUIET; looks++) {
		if (looks)
			usleep(LOOK_US);
		quiet = any_busy() ? 0 : quiet + 1;
	}
	if (quiet < QUIET)
		report_comment("kcompactd or kswapd does not come to rest");
}
