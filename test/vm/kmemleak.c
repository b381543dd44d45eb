// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "init.h"

#define FILE_NAME "/sys/kernel/debug/kmemleak"
#define MIN_AGE_S 6	/* kmemleak reports nothing younger than 5 s */
#define LINES_MAX 200

/*
 * Two scans: a pointer that was in a register or on its way between two objects during the first is
 * found by the second.
 */
void kmemleak_scan(void)
{
	char *report, *line, *rest;
	unsigned int leaks = 0, lines = 0;
	bool scanned;

	if (access(FILE_NAME, F_OK)) {
		report_skip("kmemleak", "CONFIG_DEBUG_KMEMLEAK is off");
		return;
	}
	sleep(MIN_AGE_S);
	scanned = file_write(FILE_NAME, "scan");
	sleep(1);
	if (!scanned || !file_write(FILE_NAME, "scan")) {
		report_fail("kmemleak", "no scan; it has switched itself off, see the console log");
		return;
	}
	report = file_read(FILE_NAME, NULL);
	if (!report) {
		report_fail("kmemleak", "its report cannot be read");
		return;
	}
	for (line = strtok_r(report, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		leaks += !strncmp(line, "unreferenced object", 19);
		if (lines++ < LINES_MAX)
			report_comment("kmemleak| %s", line);
	}
	free(report);
	if (leaks)
		report_fail("kmemleak", "%u unreferenced objects", leaks);
	else
		report_pass("kmemleak");
}
