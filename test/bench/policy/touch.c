// SPDX-License-Identifier: GPL-2.0
/* The first touch of memory, after the ways to say where it is to come from. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "policy.h"

#define RUNS	5
#define SIZE	MiB(16)
#define NODE	2	/* not where this runs */

static void say_nothing(char *p)
{
	(void)p;
}

static void say_mbind(char *p)
{
	set_mbind(p, SIZE, NODE);
}

static void say_by_hms(char *p, unsigned int flags)
{
	const uint32_t uid = node_uid(NODE);

	if (hms_policy(handle(), p, SIZE, HMS_MODE_BIND, &uid, 1, flags))
		die("%s", hms_last_error(handle()));
}

/* The library sets a mempolicy too. */
static void say_policy(char *p)
{
	say_by_hms(p, 0);
}

static void say_lazy(char *p)
{
	say_by_hms(p, HMS_LAZY | HMS_NO_MBIND);
}

static const struct way {
	const char *what;
	void (*say)(char *p);
	const char *feature;		/* that the kernel has to have, or NULL */
} ways[] = {
	{ "nothing", say_nothing, NULL },
	{ "mbind(2)", say_mbind, NULL },
	{ "hms_policy()", say_policy, NULL },
	{ "HMS_LAZY", say_lazy, "device-private" },
};

#define WAYS	(sizeof(ways) / sizeof(ways[0]))

struct cost {
	uint64_t say;
	uint64_t touch;
};

/* Each run has fresh memory; the least of each part counts. */
static struct cost measure(const struct way *way, int advice)
{
	struct cost cost = { UINT64_MAX, UINT64_MAX };
	uint64_t took;

	for (int i = 0; i < RUNS; i++) {
		char *p = range_map(SIZE);

		if (madvise(p, SIZE, advice))
			die("madvise: %s", strerror(errno));
		took = least_of(1, way->say(p));
		if (took < cost.say)
			cost.say = took;
		took = least_of(1, range_touch(p, SIZE));
		if (took < cost.touch)
			cost.touch = took;
		range_unmap(p, SIZE);
	}
	return cost;
}

static void print(const char *pages, const char *what, const struct cost *cost,
		  const struct cost *plain)
{
	uint64_t all = cost->say + cost->touch;

	printf("   | %-5s | %-12s | %6" PRIu64 " | %8.1f | %8.1f | %5.2f |\n", pages, what,
	       cost->say, (double)cost->touch / (SIZE / PAGE), (double)all / (SIZE / PAGE),
	       (double)all / (plain->say + plain->touch));
}

/* Why this kernel can't, or NULL. */
static const char *lacking(const struct way *way)
{
	const struct hms_module *module;

	if (!way->feature)
		return NULL;
	if (hms_info(handle(), &module))
		die("%s", hms_last_error(handle()));
	for (size_t i = 0; i < module->nfeatures; i++)
		if (!strcmp(module->features[i].name, way->feature))
			return module->features[i].live ? NULL : module->features[i].reason;
	die("no feature %s", way->feature);
}

void bench_touch(void)
{
	static const struct {
		const char *name;
		int advice;
	} sizes[] = {
		{ "4 KiB", MADV_NOHUGEPAGE },
		{ "2 MiB", MADV_HUGEPAGE },
	};
	struct cost cost[WAYS];

	heading("The first touch of %zu MiB: the call before it, the touch and both for 4 KiB",
		SIZE >> 20);
	printf("   | pages | %-12s | %6s | %8s | %8s | ratio |\n", "said before", "call",
	       "touch", "both");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (size_t j = 0; j < WAYS; j++) {
			const char *why = lacking(&ways[j]);

			if (why) {
				printf("   | %-5s | %-12s | %s\n", sizes[i].name, ways[j].what,
				       why);
				continue;
			}
			cost[j] = measure(&ways[j], sizes[i].advice);
			print(sizes[i].name, ways[j].what, &cost[j], &cost[0]);
		}
	}
}
