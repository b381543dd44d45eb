// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <unistd.h>

#include "hmsctl.h"
#include "progress.h"

#define BAR	24

void progress_begin(struct progress *progress, uint64_t total, bool always)
{
	progress->total = total;
	progress->lines = !isatty(STDERR_FILENO);
	progress->shown = always || !progress->lines;
	progress->began = now_ns();
}

void progress_show(const struct progress *progress, uint64_t done, uint64_t bytes)
{
	double part = progress->total ? (double)done / progress->total : 1;
	double seconds = (now_ns() - progress->began) / 1e9;
	char bar[BAR + 1], moved[24], rate[24];

	if (!progress->shown)
		return;
	for (int i = 0; i < BAR; i++)
		bar[i] = i < part * BAR ? '#' : '.';
	bar[BAR] = 0;
	fputs(progress->lines ? "" : "\r\033[K", stderr);
	fprintf(stderr, "%3.0f%% [%s] %s moved", 100 * part, bar, human_size(bytes, moved));
	/* Of less than a tenth of a second there is nothing to tell. */
	if (seconds >= 0.1)
		fprintf(stderr, ", %s/s", human_size(bytes / seconds, rate));
	if (seconds >= 0.1 && part > 0 && part < 1)
		fprintf(stderr, ", %.0fs left", seconds / part - seconds);
	fputs(progress->lines ? "\n" : "", stderr);
}

void progress_end(const struct progress *progress)
{
	if (progress->shown && !progress->lines)
		fputs("\r\033[K", stderr);
}
