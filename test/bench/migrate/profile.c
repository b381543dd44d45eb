// SPDX-License-Identifier: GPL-2.0
/* One step of the benchmark alone, for scripts/profile. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "migrate.h"
#include "profile.h"

static const struct {
	const char *name;
	step_fn *before;
	step_fn *act;
	unsigned long npages;
} steps[] = {
	{ "to-device", nothing, hms_to_device, NPAGES },
	{ "home", hms_to_device, hms_home, NPAGES },
	{ "touches", hms_to_device, touch_all, NPAGES },
	{ "sparse", hms_to_device, touch_sparse, NPAGES / SPARSE },
	{ "policy-sparse", hms_policy_to_device, touch_sparse, NPAGES / SPARSE },
	{ "device-to-device", hms_to_device, hms_to_other_device, NPAGES },
	{ "to-node", nothing, hms_there, NPAGES },
	{ "one-to-node", nothing, hms_one_there, 1 },
	{ "set-policy", hms_set_policy, hms_set_another_policy, 1 },
	{ "test_hmm", nothing, peer_to_device, NPAGES },
	{ "test_hmm-home", peer_to_device, peer_home, NPAGES },
	{ "mbind", nothing, mbind_there, NPAGES },
	{ "move_pages", nothing, move_pages_there, NPAGES },
};

/* The first time is another matter: what is allocated once, and kept. */
static void run(step_fn *before, step_fn *act, int advice)
{
	for (int i = 0; i < 2; i++) {
		char *p = memory_here(SIZE, advice);

		before(p);
		if (i)
			profile_begin();
		act(p);
		profile_end();
		range_unmap(p, SIZE);
	}
}

/* "huge-" before the name: the same of huge pages. */
void profile(const char *name)
{
	bool huge = !strncmp(name, "huge-", 5);

	name += huge ? 5 : 0;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (strcmp(name, steps[i].name))
			continue;
		run(steps[i].before, steps[i].act, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
		printf("%s: %lu pages\n", name, steps[i].npages);
		return;
	}
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		printf("%s\n", steps[i].name);
	die("nothing to profile is called '%s'", name);
}
