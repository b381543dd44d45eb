// SPDX-License-Identifier: GPL-2.0
/* Pages of 4 KiB, every way, beside what else moves pages. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>

#include "migrate.h"

#define RUNS	3
#define SIZE	MiB(16)
#define NPAGES	(SIZE / PAGE)
#define SPARSE	16UL		/* one page of so many */

typedef void step_fn(char *p);

static void nothing(char *p)
{
	(void)p;
}

static void hms_to_device(char *p)
{
	hms_move(p, SIZE, device_uid(0));
}

static void hms_to_other_device(char *p)
{
	hms_move(p, SIZE, device_uid(1));
}

static void hms_home(char *p)
{
	hms_move(p, SIZE, node_uid(HERE));
}

static void hms_there(char *p)
{
	hms_move(p, SIZE, node_uid(THERE));
}

static void hms_one_there(char *p)
{
	hms_move(p, PAGE, node_uid(THERE));
}

static void peer_to_device(char *p)
{
	test_hmm_to_device(p, SIZE, 0);
}

static void peer_to_other_device(char *p)
{
	test_hmm_to_memory(p, SIZE, 0);
	test_hmm_to_device(p, SIZE, 1);
}

static void peer_home(char *p)
{
	test_hmm_to_memory(p, SIZE, 0);
}

static void mbind_there(char *p)
{
	mbind_move(p, SIZE, THERE);
}

static void move_pages_there(char *p)
{
	move_pages_to(p, SIZE, THERE);
}

static void move_one_page_there(char *p)
{
	move_pages_to(p, PAGE, THERE);
}

static void touch_all(char *p)
{
	range_touch(p, SIZE);
}

/* Here and there: a step that has no factor in common with how many there are. */
static void touch_sparse(char *p)
{
	const unsigned long n = NPAGES / SPARSE;

	for (unsigned long i = 0, at = 0; i < n; i++, at = (at + 101) % n)
		*(volatile char *)(p + at * SPARSE * PAGE) = 1;
}

/* Fresh memory each time; the least counts, a page. */
static double cost(step_fn *prepare, step_fn *act, unsigned long npages)
{
	uint64_t least = UINT64_MAX, took;

	for (int i = 0; i < RUNS; i++) {
		char *p = memory_here(SIZE, MADV_NOHUGEPAGE);

		prepare(p);
		took = least_of(1, act(p));
		if (took < least)
			least = took;
		range_unmap(p, SIZE);
	}
	return (double)least / npages;
}

static const struct row {
	const char *what;
	step_fn *before;
	step_fn *act;
	const char *peer;
	step_fn *peer_before;
	step_fn *peer_act;
	unsigned long npages;
	double bar;			/* at most so much of the peer's, 0 for none */
	bool device;
} rows[] = {
	{ "memory to device", nothing, hms_to_device,
	  "test_hmm", nothing, peer_to_device, NPAGES, 0.33, true },
	{ "device to memory", hms_to_device, hms_home,
	  "test_hmm", peer_to_device, peer_home, NPAGES, 0.72, true },
	{ "touches in order", hms_to_device, touch_all,
	  "test_hmm", peer_to_device, touch_all, NPAGES, 0.42, true },
	{ "touches here and there", hms_to_device, touch_sparse,
	  "test_hmm", peer_to_device, touch_sparse, NPAGES / SPARSE, 1.0, true },
	{ "device to device", hms_to_device, hms_to_other_device,
	  "test_hmm, twice", peer_to_device, peer_to_other_device, NPAGES, 0.20, true },
	{ "node to node", nothing, hms_there,
	  "mbind(2)", nothing, mbind_there, NPAGES, 0.58, false },
	{ "node to node", nothing, hms_there,
	  "move_pages(2)", nothing, move_pages_there, NPAGES, 0, false },
	{ "one page, node to node", nothing, hms_one_there,
	  "move_pages(2)", nothing, move_one_page_there, 1, 0.5, false },
};

#define ROWS	(sizeof(rows) / sizeof(rows[0]))

void bench_small(void)
{
	double ratio[ROWS];

	heading("Moving %zu MiB of small pages: instructions a page", SIZE >> 20);
	printf("   | %-22s |    HMS | peer            |  peer's | ratio |\n", "");
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *row = &rows[i];
		double ours, theirs;

		ratio[i] = 0;
		if (row->device && !device_uid(1))
			continue;
		ours = cost(row->before, row->act, row->npages);
		theirs = cost(row->peer_before, row->peer_act, row->npages);
		ratio[i] = ours / theirs;
		printf("   | %-22s | %6.0f | %-15s | %7.0f | %5.2f |\n", row->what, ours, row->peer,
		       theirs, ratio[i]);
	}
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].bar && ratio[i])
			aim(ratio[i] <= rows[i].bar, "%s: %.2f of %s, at most %.2f",
			    rows[i].what, ratio[i], rows[i].peer, rows[i].bar);
}
