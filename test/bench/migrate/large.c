// SPDX-License-Identifier: GPL-2.0
/* Huge pages, where the kernel moves those in one piece, and where it does not. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "migrate.h"

#define RUNS	3
#define SIZE	MiB(16)
#define NPAGES	(SIZE / PAGE)

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

struct costs {
	double to_device, home, touched, there, mbind;
};

static void least(double *least, uint64_t took)
{
	double each = (double)took / NPAGES;

	if (!*least || each < *least)
		*least = each;
}

static struct costs measure(void)
{
	struct costs c = { 0 };

	for (int i = 0; i < RUNS; i++) {
		char *p = memory_here(SIZE, MADV_HUGEPAGE);

		if (device_uid(0)) {
			least(&c.to_device, least_of(1, hms_move(p, SIZE, device_uid(0))));
			least(&c.home, least_of(1, hms_move(p, SIZE, node_uid(HERE))));
			hms_move(p, SIZE, device_uid(0));
			least(&c.touched, least_of(1, range_touch(p, SIZE)));
		}
		range_unmap(p, SIZE);
		p = memory_here(SIZE, MADV_HUGEPAGE);
		least(&c.there, least_of(1, hms_move(p, SIZE, node_uid(THERE))));
		range_unmap(p, SIZE);
		p = memory_here(SIZE, MADV_HUGEPAGE);
		least(&c.mbind, least_of(1, mbind_move(p, SIZE, THERE)));
		range_unmap(p, SIZE);
	}
	return c;
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

static void print(const char *what, double cost, double copy)
{
	printf("   | %-16s | %5.0f | %9.2f |\n", what, cost, cost / copy);
}

void bench_large(void)
{
	const double copy = bare_copy();
	const struct costs c = measure();

	heading("Moving %zu MiB of huge pages, %s: instructions for 4 KiB", SIZE >> 20,
		moves_large() ? "in one piece" : "which this kernel splits");
	printf("   |                  |   HMS | of a copy |\n");
	if (c.to_device) {
		print("memory to device", c.to_device, copy);
		print("device to memory", c.home, copy);
		print("touches", c.touched, copy);
	}
	print("node to node", c.there, copy);
	print("the same, mbind", c.mbind, copy);
	print("a copy", copy, copy);
	if (!moves_large())
		return;
	if (c.to_device) {
		aim(c.to_device <= 1.45 * copy, "memory to device: %.2f of a copy, at most 1.45",
		    c.to_device / copy);
		aim(c.home <= 1.45 * copy, "device to memory: %.2f of a copy, at most 1.45",
		    c.home / copy);
	}
	aim(c.there <= 0.5 * c.mbind, "node to node: %.2f of mbind(2), at most 0.5",
	    c.there / c.mbind);
}
