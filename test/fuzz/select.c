// SPDX-License-Identifier: GPL-2.0
/*
 * Any text as a selection on one map. A bad one is refused in words; a good one selects targets,
 * each once, the same ones again, and without one of them when it says so.
 */
#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "maps.h"
#include "objects.h"

static struct hms *hms;

/* "here" is one node: the program may be moved to another between two calls. */
int getcpu(unsigned int *cpu, unsigned int *node)
{
	*cpu = 1;
	*node = 1;
	return 0;
}

static struct hms_uid_list *select_targets(const char *text, char *error, int *ret)
{
	struct hms_uid_list *list;

	*ret = hms_select(hms, text, &list);
	snprintf(error, MAPS_ERROR, "%s", hms_last_error(hms));
	assert(!*ret == !!list);
	if (*ret) {
		assert(*ret == -EINVAL || *ret == -ENOENT);
		assert(!strncmp(error, "select: ", 8));
		check_text(error + 8);
		return NULL;
	}
	assert(!*error && list->n);
	for (size_t i = 0; i < list->n; i++) {
		const struct hms_object *target = hms_object_known(hms, list->uids[i]);

		assert(target && target->type == HMS_TARGET);
		assert(!has_uid(list->uids, i, list->uids[i]));
	}
	return list;
}

/* With ",!UID" behind it, it selects no such target, and else what it did. */
static void check_without(const char *text, const struct hms_uid_list *list, uint32_t uid)
{
	/* What is the best, and what only the best is compared with, may change with it. */
	bool best = strstr(text, "best:");
	struct hms_uid_list *others;
	char error[MAPS_ERROR];
	char *longer;
	int ret;

	assert(asprintf(&longer, "%s,!%u", text, uid) > 0);
	others = select_targets(longer, error, &ret);
	free(longer);
	if (!others) {
		assert(ret == -ENOENT && (best || list->n == 1));
		return;
	}
	assert(!has_uid(others->uids, others->n, uid));
	assert(best || others->n == list->n - 1);
	for (size_t i = 0; i < others->n && !best; i++)
		assert(has_uid(list->uids, list->n, others->uids[i]));
	free(others);
}

static void check(const char *text)
{
	char error[MAPS_ERROR], error_again[MAPS_ERROR];
	struct hms_uid_list *list, *again;
	int ret, ret_again;

	list = select_targets(text, error, &ret);
	again = select_targets(text, error_again, &ret_again);
	assert(ret == ret_again && !strcmp(error, error_again));
	if (!list)
		return;
	assert(list->n == again->n);
	assert(!memcmp(list->uids, again->uids, list->n * sizeof(*list->uids)));
	for (size_t i = 0; i < list->n; i++)
		check_without(text, list, list->uids[i]);
	free(list);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);

	if (!hms)
		hms = maps_open(maps_machine);
	check(text);
	free(text);
	return 0;
}
