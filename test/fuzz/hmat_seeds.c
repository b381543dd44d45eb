// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <stdio.h>

#include "tables.h"

int main(int argc, char **argv)
{
	struct table t;
	const char *name;

	if (argc != 2)
		errx(1, "usage: hmat_seeds FOLDER");
	for (unsigned int i = 0; (name = table_example(&t, i)); i++) {
		char path[4096];
		FILE *file;

		snprintf(path, sizeof(path), "%s/%s", argv[1], name);
		file = fopen(path, "w");
		if (!file || fwrite(t.at, t.size, 1, file) != 1 || fclose(file))
			err(1, "%s", path);
	}
	return 0;
}
