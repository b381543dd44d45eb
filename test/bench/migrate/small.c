// SPDX-License-Identifier: GPL-2.0
/* Pages of 4 KiB, every way, beside what else moves pages. */
#include <stdio.h>
#include <sys/mman.h>

#include "migrate.h"

#define OURS	400	/* at most so many instructions a page are ours */
#define ON_BOTH	(ON_6_12 | ON_7)

/*
 * What is less than 1 % from its bar is not promised, as that is what a run may differ by; nor one
 * page, whose peer differs from boot to boot.
 */
static const struct row rows[] = {
	{ "memory to device", nothing, hms_to_device,
	  "test_hmm", nothing, peer_to_device, NPAGES, 0.33, true, 0, ON_BOTH },
	{ "device to memory", hms_to_device, hms_home,
	  "test_hmm", peer_to_device, peer_home, NPAGES, 0.72, true, 0, ON_BOTH },
	{ "touches in order", hms_to_device, touch_all,
	  "test_hmm", peer_to_device, touch_all, NPAGES, 0.42, true, ON_6_12, ON_BOTH },
	{ "touches here and there", hms_to_device, touch_sparse,
	  "test_hmm", peer_to_device, touch_sparse, NPAGES / SPARSE, 1.0, true, ON_7, 0 },
	{ "device to device", hms_to_device, hms_to_other_device,
	  "test_hmm, twice", peer_to_device, peer_to_other_device, NPAGES, 0.20, true, 0, ON_BOTH },
	{ "node to node", nothing, hms_there,
	  "mbind(2)", nothing, mbind_there, NPAGES, 0.58, false, 0, ON_BOTH },
	{ "node to node", nothing, hms_there,
	  "move_pages(2)", nothing, move_pages_there, NPAGES, 0, false, 0, 0 },
	{ "one page, node to node", nothing, hms_one_there,
	  "move_pages(2)", nothing, move_one_page_there, 1, 0.5, false, 0, 0 },
};

#define ROWS	(sizeof(rows) / sizeof(rows[0]))

void bench_small(void)
{
	struct result results[ROWS];

	heading("Moving %zu MiB of small pages: instructions a page", SIZE >> 20);
	table_print(rows, ROWS, MADV_NOHUGEPAGE, results);
	if (device_uid(0))
		printf("   Where memory has a policy, a touch here and there takes %.0f.\n",
		       cost_apart(MADV_NOHUGEPAGE, hms_policy_to_device, touch_sparse,
				  NPAGES / SPARSE));
	table_unmapped(rows, ROWS, results);
	table_judge(rows, ROWS, results);
	/* Of many pages: a call, or a fault, is not had for that. */
	for (size_t i = 0; i < ROWS; i++)
		if (results[i].theirs && rows[i].npages == NPAGES && rows[i].bar)
			bar(rows[i].ours_on, results[i].ours.rest <= OURS,
			    "%s: ours alone %.0f, at most %d", rows[i].what, results[i].ours.rest,
			    OURS);
}
