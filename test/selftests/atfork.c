// SPDX-License-Identifier: GPL-2.0
/*
 * A library that allocates at fork(2), as one may whose locks have an order. For run.c, which
 * preloads it beside that of hmsctl run: its constructor runs first, unless that one sees to it.
 */
#include <pthread.h>
#include <stdlib.h>

#define LARGE	(1 << 20)

int atfork_calls;

static void allocate(void)
{
	void *volatile p = malloc(LARGE);

	atfork_calls += !!p;
	free(p);
}

__attribute__((constructor)) static void begin(void)
{
	pthread_atfork(allocate, allocate, allocate);
}
