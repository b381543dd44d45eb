// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The mappings of one's own address space, by /proc/self/maps. Linux 6.11 and later can be asked
 * about an address; before that the whole text has to be read.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "mapping.h"

#define MAPS	"/proc/self/maps"

/* PROCMAP_QUERY of linux/fs.h, which is newer than the headers that this builds with. */
struct maps_query {
	uint64_t size;
	uint64_t query_flags;
	uint64_t query_addr;
	uint64_t vma_start;
	uint64_t vma_end;
	uint64_t vma_flags;
	uint64_t not_asked[3];
	uint32_t none_of_these[4];
	uint64_t nor_these[2];
};

#define MAPS_QUERY		_IOWR('f', 17, struct maps_query)
#define MAPS_COVERING_OR_NEXT	0x10
#define MAPS_SHARED		0x08

_Static_assert(sizeof(struct maps_query) == 104, "the size is part of the number of the request");

static int cut(struct mapping *mapping, uint64_t start, uint64_t end,
	       int (*each)(const struct mapping *mapping, void *data), void *data)
{
	if (mapping->start < start)
		mapping->start = start;
	if (mapping->end > end)
		mapping->end = end;
	return mapping->start < mapping->end ? each(mapping, data) : 0;
}

static int by_query(int fd, uint64_t start, uint64_t end,
		    int (*each)(const struct mapping *mapping, void *data), void *data)
{
	for (uint64_t at = start; at < end;) {
		struct maps_query q = {
			.size = sizeof(q),
			.query_flags = MAPS_COVERING_OR_NEXT,
			.query_addr = at,
		};
		struct mapping mapping;
		int ret;

		if (ioctl(fd, MAPS_QUERY, &q))
			return errno == ENOENT ? 0 : errno;
		mapping = (struct mapping){ q.vma_start, q.vma_end, q.vma_flags & MAPS_SHARED };
		ret = cut(&mapping, start, end, each, data);
		if (ret)
			return ret;
		at = q.vma_end;
	}
	return 0;
}

static int by_text(uint64_t start, uint64_t end,
		   int (*each)(const struct mapping *mapping, void *data), void *data)
{
	struct mapping mapping = { 0 };
	char *line = NULL, share;
	size_t room = 0;
	int ret = 0;
	FILE *maps;

	maps = fopen(MAPS, "re");
	if (!maps)
		return errno;
	while (!ret && mapping.end < end && getline(&line, &room, maps) > 0) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*3c%c", &mapping.start, &mapping.end,
			   &share) != 3)
			ret = EIO;
		mapping.shared = share == 's';
		/* cut() shortens it, and the next line is about what is behind all of it. */
		if (!ret)
			ret = cut(&(struct mapping){ mapping.start, mapping.end, mapping.shared },
				  start, end, each, data);
	}
	free(line);
	fclose(maps);
	return ret;
}

int hms_mappings(struct hms *hms, uint64_t start, uint64_t end,
		 int (*each)(const struct mapping *mapping, void *data), void *data)
{
	int ret;

	/* Kept: to open it costs more than to ask. */
	if (hms->maps < 0)
		hms->maps = open(MAPS, O_RDONLY | O_CLOEXEC);
	if (hms->maps < 0)
		return errno;
	ret = by_query(hms->maps, start, end, each, data);
	return ret == ENOTTY ? by_text(start, end, each, data) : ret;
}
