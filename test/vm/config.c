// SPDX-License-Identifier: GPL-2.0
/* The configuration of the kernel that runs; the host gives it along where it knows it. */
#include <stdlib.h>
#include <string.h>

#include "init.h"

#define CONFIG "/hms/config"

/* Is an option (CONFIG_X) built in or a module? Yes where nobody knows: then trying tells. */
bool config_has(const char *option)
{
	char *text = file_read(CONFIG, NULL), *line, *rest;
	size_t len = strlen(option);
	bool has = !text;

	for (line = text ? strtok_r(text, "\n", &rest) : NULL; line && !has;
	     line = strtok_r(NULL, "\n", &rest))
		has = !strncmp(line, option, len) && line[len] == '=' && line[len + 1] != 'n';
	free(text);
	return has;
}
