// SPDX-License-Identifier: GPL-2.0
/* Reading the whole map: by netlink, and file by file. */
#include <inttypes.h>
#include <stdio.h>

#include "topology.h"

#define RUNS	5
#define SIZE	1000
#define SHARE	3	/* of what reading the files costs */

static void sum_up(struct hms *hms, struct map_sum *sum)
{
	const struct hms_object *o;

	*sum = (struct map_sum){ 0 };
	for (enum hms_type type = HMS_TARGET; type <= HMS_BRIDGE; type++) {
		hms_for_each(hms, type, o) {
			sum->objects++;
			sum->edges += o->nlinks;
			sum->numbers += o->properties + o->from + o->to;
			if (o->capacity != HMS_BYTES_UNKNOWN)
				sum->numbers += o->capacity;
			for (int i = 0; i < HMS_ATTRIBUTES; i++)
				sum->numbers += o->values[i].value + o->values[i].source;
		}
	}
}

static void print(const char *what, uint64_t cost, uint64_t files, size_t objects)
{
	printf("   | %-34s | %12" PRIu64 " | %10" PRIu64 " | %12.2f |\n", what, cost,
	       cost / objects, (double)cost / files);
}

void bench_read(void)
{
	uint64_t first_files, files, first_dump, dump;
	struct map_sum told, found;
	struct hms *hms;
	int failed;

	machine_clear();
	machine_tree(SIZE);
	first_files = least_of(1, sysfs_read(&found));
	files = least_of(RUNS, sysfs_read(&found));
	first_dump = least_of(1, failed = hms_open_topology(&hms));
	if (failed)
		die("can't read the map");
	dump = least_of(RUNS, check(hms_scan(hms), hms));
	sum_up(hms, &told);
	hms_close(hms);
	machine_clear();

	heading("Reading the map of %zu objects and %zu connections", told.objects, told.edges / 2);
	printf("   | %-34s | %12s | %10s | of the files |\n", "", "all", "an object");
	print("files of sysfs, the first time", first_files, files, told.objects);
	print("files of sysfs", files, files, told.objects);
	print("hms_open_topology(): dump, first", first_dump, files, told.objects);
	print("hms_scan(): dump", dump, files, told.objects);
	if (told.objects != found.objects || told.edges != found.edges ||
	    told.numbers != found.numbers)
		die("netlink and sysfs differ: %zu and %zu objects, %zu and %zu connections",
		    told.objects, found.objects, told.edges, found.edges);
	bound(SHARE * dump <= files, "a dump takes 1/%.1f of reading the files, at most 1/%d",
	      (double)files / dump, SHARE);
}
