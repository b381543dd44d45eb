// SPDX-License-Identifier: GPL-2.0
/*
 * Sequential access: how many pages should a touch bring home? Pure logic, also built in user
 * space.
 */

#ifdef __KERNEL__
#include <linux/compiler.h>
#include <linux/hash.h>
#include <linux/minmax.h>
#else
#include "kernel.h"
#endif

#include "stream.h"

/**
 * hms_stream_touch - note a touch
 * @streams: zeroed at first
 * @who: the thread
 * @page: page number of the address
 *
 * One page at first; twice as many each time that the thread goes on where the last run ended, so
 * that random access pays for no page that it does not touch. A thread may follow HMS_STREAM_WAYS
 * streams at a time (the arrays of a loop).
 *
 * Return: how many pages to bring home, from @page on, 1 to HMS_STREAM_MAX.
 */
unsigned int hms_stream_touch(struct hms_streams *streams, unsigned long who, unsigned long page)
{
	struct hms_stream *set = streams->set[hash_long(who, 6) % HMS_STREAM_SETS], *stream;
	unsigned int run = 1;

	for (stream = set; stream < set + HMS_STREAM_WAYS; stream++) {
		if (READ_ONCE(stream->next) == page && READ_ONCE(stream->who) == who) {
			run = clamp(2 * READ_ONCE(stream->run), 1U, HMS_STREAM_MAX);
			break;
		}
	}
	/* A new stream takes the place of another; which hardly matters: let the page choose. */
	if (stream == set + HMS_STREAM_WAYS)
		stream = set + page % HMS_STREAM_WAYS;
	WRITE_ONCE(stream->who, who);
	WRITE_ONCE(stream->next, page + run);
	WRITE_ONCE(stream->run, run);
	return run;
}
