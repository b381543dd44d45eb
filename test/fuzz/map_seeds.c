// SPDX-License-Identifier: GPL-2.0
/* The machines that come with the source, and small maps of all that a line can have. */
#include <assert.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seeds.h"

static const struct {
	const char *name;
	const char *text;
} maps[] = {
	{ "heading", "hms-map 1\n" },
	{ "target", "hms-map 1\ntarget n uid=7 version=1 kind=node nid=3 size=64G used=1K\n" },
	{ "properties", "hms-map 1\n"
	  "target p kind=device-private size=1T properties=device-private,persistent,described\n"
	  "target c kind=device-coherent size=8 properties=cpu-accessible,coherent\n"
	  "target o kind=other size=unknown used=unknown properties=none\n" },
	{ "caches", "hms-map 1\ntarget t kind=node size=2M\t"
	  "cache=2:1G:128:indexed:write-through cache=1:4M:64:direct:write-back\t"
	  "cache=3:9:0:other:other\n" },
	{ "initiators", "hms-map 1\n"
	  "initiator a kind=cpu nid=0\ninitiator b kind=device\ninitiator c kind=other\n" },
	{ "link", "hms-map 1\ntarget t kind=node size=1\ninitiator i kind=cpu\n"
	  "link l initiators=i targets=t bandwidth=1.5TB/s:measured latency=80ns\n" },
	{ "values", "hms-map 1\n"
	  "link a read_bandwidth=90.5GB/s:firmware write_bandwidth=7000KB/s:estimated\n"
	  "link b read_latency=1.5us:user write_latency=unknown\nlink c latency=5:driver\n" },
	{ "bridges", "hms-map 1\ntarget t kind=node size=1\ninitiator i kind=cpu\n"
	  "initiator j kind=device\nlink l initiators=i,j\nlink m targets=t\n"
	  "bridge b from=l to=m initiators=i both=yes latency=7\n"
	  "bridge c from=m to=l both=no bandwidth=3MB/s\nbridge d from=l to=m\n" },
	{ "versions", "hms-map 1\ntarget t version=3 kind=node size=1\n"
	  "initiator i version=4 kind=cpu\nlink l version=2 initiators=i targets=t\nlink m\n"
	  "bridge b from=l to=m initiators=i\n" },
	{ "words", "# before\n\n\thms-map 1 # format\r\n link\tl   uid=9 # here\n#\n" },
	{ "refused", "hms-map 1\nlink l targets=t\n" },
};

static void seed_file(const char *path)
{
	static char text[1 << 16];
	FILE *file = fopen(path, "r");
	size_t size;

	assert(file);
	size = fread(text, 1, sizeof(text), file);
	assert(size < sizeof(text));
	fclose(file);
	seed(strrchr(path, '/') + 1, text, size);
}

void make_seeds(void)
{
	glob_t files;

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		seed(maps[i].name, maps[i].text, strlen(maps[i].text));
	assert(!glob(MACHINES "/*.hms", 0, NULL, &files));
	for (size_t i = 0; i < files.gl_pathc; i++)
		seed_file(files.gl_pathv[i]);
	globfree(&files);
}
