// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <stdio.h>

#include "seeds.h"

static const char *folder;

void seed(const char *name, const void *bytes, size_t size)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	if (!file || (size && fwrite(bytes, size, 1, file) != 1) || fclose(file))
		err(1, "%s", path);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		errx(1, "usage: %s FOLDER", argv[0]);
	folder = argv[1];
	make_seeds();
	return 0;
}
