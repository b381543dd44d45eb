// SPDX-License-Identifier: GPL-2.0
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "init.h"

/*
 * Where the memory of QEMU's ivshmem device is, for tests: its BAR 2, as HMS_BAR. Not of one that
 * can be unplugged, which is on another bus.
 */
void pci_find_bar(void)
{
	unsigned long start;
	char value[32], *text;
	glob_t found;

	if (glob("/sys/bus/pci/devices/0000:00:*", 0, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		char path[256];

		snprintf(path, sizeof(path), "%s/modalias", found.gl_pathv[i]);
		text = file_read(path, NULL);
		snprintf(path, sizeof(path), "%s/resource", found.gl_pathv[i]);
		if (text && strstr(text, "v00001AF4d00001110")) {
			free(text);
			text = file_read(path, NULL);
			if (text && sscanf(text, "%*x %*x %*x %*x %*x %*x %lx", &start) == 1) {
				snprintf(value, sizeof(value), "0x%lx", start);
				setenv("HMS_BAR", value, 1);
			}
		}
		free(text);
	}
	globfree(&found);
}
