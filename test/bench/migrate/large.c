// SPDX-License-Identifier: GPL-2.0
/* Huge pages, where the kernel moves those in one piece, and where it does not. */
#include <string.h>
#include <sys/mman.h>

#include "migrate.h"

#define RUNS	3
#define BELOW	1.0	/* of the peer's; and these are measured by the bare copy */
#define OF_COPY	1.45	/* at most so much of it */

/* The bars are for huge pages that move in one piece. */
static const struct row rows[] = {
	{ "memory to device", nothing, hms_to_device,
	  "test_hmm", nothing, peer_to_device, NPAGES, BELOW, true, ON_7, 0 },
	{ "device to memory", hms_to_device, hms_home,
	  "test_hmm", peer_to_device, peer_home, NPAGES, BELOW, true, ON_7, 0 },
	{ "touches in order", hms_to_device, touch_all,
	  "test_hmm", peer_to_device, touch_all, NPAGES, 0, true, 0, 0 },
	{ "device to device", hms_to_device, hms_to_other_device,
	  "test_hmm, twice", peer_to_device, peer_to_other_device, NPAGES, 0, true, 0, 0 },
	{ "node to node", nothing, hms_there,
	  "mbind(2)", nothing, mbind_there, NPAGES, 0.5, false, ON_7, 0 },
};

#define ROWS	(sizeof(rows) / sizeof(rows[0]))

/* What no way of moving can be without: what the kernel's copy_page() takes, a page. */
static double bare_copy(void)
{
	char *from = memory_here(SIZE, MADV_HUGEPAGE), *to = memory_here(SIZE, MADV_HUGEPAGE);
	uint64_t took;

	took = least_of(RUNS, {
		const char *f = from;
		char *t = to;
		size_t n = SIZE / 8;

		asm volatile("rep movsq" : "+S" (f), "+D" (t), "+c" (n) : : "memory");
	});
	range_unmap(from, SIZE);
	range_unmap(to, SIZE);
	return (double)took / NPAGES;
}

/* In one piece? */
static bool moves_large(void)
{
	const struct hms_module *module;

	if (hms_info(handle(), &module))
		die("%s", hms_last_error(handle()));
	for (size_t i = 0; i < module->nfeatures; i++)
		if (!strcmp(module->features[i].name, "large-pages"))
			return module->features[i].live;
	return false;
}

void bench_large(void)
{
	const double copy = bare_copy();
	struct result results[ROWS];

	heading("Moving %zu MiB of huge pages, %s: instructions for 4 KiB", SIZE >> 20,
		moves_large() ? "in one piece" : "which this kernel splits");
	table_print(rows, ROWS, MADV_HUGEPAGE, results);
	table_unmapped(rows, ROWS, results);
	if (!moves_large())
		return;
	table_judge(rows, ROWS, results);
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].bar == BELOW && results[i].theirs)
			bar(ON_7, results[i].ours.total <= OF_COPY * copy,
			    "%s: %.2f of a bare copy (%.0f), at most %.2f", rows[i].what,
			    results[i].ours.total / copy, copy, OF_COPY);
}
