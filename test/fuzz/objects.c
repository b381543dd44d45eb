// SPDX-License-Identifier: GPL-2.0
#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "internal.h"
#include "objects.h"

/* Keeps the compiler from leaving out that something is read. */
static volatile uint64_t sink;

bool has_uid(const uint32_t *uids, size_t n, uint32_t uid)
{
	for (size_t i = 0; i < n; i++)
		if (uids[i] == uid)
			return true;
	return false;
}

void check_uids(const uint32_t *uids, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		sink = uids[i];
		assert(!i || uids[i - 1] <= uids[i]);
	}
}

void check_object(const struct hms_object *object)
{
	assert(strnlen(object->name, HMS_NAME_MAX + 1) <= HMS_NAME_MAX);
	assert(object->kind <= HMS_KIND_DEVICE);
	check_uids(object->links, object->nlinks);
	check_uids(object->initiators, object->ninitiators);
	for (size_t i = 0; i < object->ncaches; i++) {
		sink = object->caches[i].size;
		assert(!i || object->caches[i - 1].level <= object->caches[i].level);
	}
}

void check_text(const char *text)
{
	assert(*text);
	for (; *text; text++)
		assert(!iscntrl((unsigned char)*text));
}
