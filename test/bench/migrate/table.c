// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "migrate.h"

static const char head[] =
	"   | %-22s |    HMS |  core |  copy |  ours | peer            |  peer's | ratio |\n";

void table_print(const struct row *rows, size_t n, int advice, struct result *results)
{
	printf(head, "");
	for (size_t i = 0; i < n; i++) {
		const struct row *row = &rows[i];
		struct cost *ours = &results[i].ours;
		double theirs;

		results[i] = (struct result) { 0 };
		if (row->device && !device_uid(1))
			continue;
		*ours = cost(advice, row->before, row->act, row->npages);
		theirs = cost_apart(advice, row->peer_before, row->peer_act, row->npages);
		results[i].theirs = theirs;
		printf("   | %-22s | %6.0f | %5.0f | %5.0f | %5.0f | %-15s | %7.0f | %5.2f |\n",
		       row->what, ours->total, ours->core, ours->copy, ours->rest, row->peer,
		       theirs, ours->total / theirs);
	}
}

void table_unmapped(const struct row *rows, size_t n, const struct result *results)
{
	printf("   A page is unmapped for at most so many instructions:\n");
	for (size_t i = 0; i < n; i++)
		if (results[i].theirs && (!i || strcmp(rows[i].what, rows[i - 1].what)))
			printf("   | %-22s | %10" PRIu64 " |\n", rows[i].what,
			       results[i].ours.unmapped);
}

void table_judge(const struct row *rows, size_t n, const struct result *results)
{
	for (size_t i = 0; i < n; i++) {
		const struct row *row = &rows[i];
		const struct cost *ours = &results[i].ours;
		double theirs = results[i].theirs, ratio = ours->total / theirs;

		if (!row->bar || !theirs)
			continue;
		if (ratio <= row->bar)
			bar(row->bar_on, true, "%s: %.2f of %s, at most %.2f", row->what, ratio,
			    row->peer, row->bar);
		else
			bar(row->bar_on, false,
			    "%s: %.2f of %s, at most %.2f; core and the copy alone are %.2f",
			    row->what, ratio, row->peer, row->bar,
			    (ours->core + ours->copy) / theirs);
	}
}
