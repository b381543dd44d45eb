// SPDX-License-Identifier: GPL-2.0
/* A cgroup for each test: what is charged to it when all of it is gone was lost. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init.h"

void group_make(void)
{
	static bool said;

	mkdir(GROUP, 0755);
	if (!access(GROUP "/memory.current", F_OK) || said)
		return;
	said = true;
	report_skip("memory cgroup", "no CONFIG_MEMCG: what stays charged is not looked for");
}

/* By the process that becomes the test. */
bool group_join(void)
{
	return access(GROUP, F_OK) || file_write(GROUP "/cgroup.procs", "0");
}

/* False when somebody is in it, or another is below it. */
bool group_remove(void)
{
	return !rmdir(GROUP) || errno == ENOENT;
}
