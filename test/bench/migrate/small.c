// SPDX-License-Identifier: GPL-2.0
/* Pages of 4 KiB, every way, beside what else moves pages. */
#include <stdio.h>
#include <sys/mman.h>

#include "migrate.h"

#define OURS	400	/* at most so many instructions a page are ours */

static const struct row rows[] = {
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
			aim(results[i].ours.rest <= OURS, "%s: ours alone %.0f, at most %d",
			    rows[i].what, results[i].ours.rest, OURS);
}
