// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hmsctl.h"
#include "range.h"

static int range_create(struct range *range, uint64_t length)
{
	uint64_t page = sysconf(_SC_PAGESIZE);
	void *p;

	if (__builtin_add_overflow(length, page - 1, &length) || length > SIZE_MAX)
		return -ENOMEM;
	length &= ~(page - 1);
	p = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	*range = (struct range){ .words = p, .length = length };
	return 0;
}

static void range_destroy(struct range *range)
{
	munmap(range->words, range->length);
}

int range_with(const char *verb, uint64_t size,
	       int (*work)(struct hms *hms, struct range *range, const void *data),
	       const void *data)
{
	struct range range;
	struct hms *hms;
	int ret;

	ret = hms_open(&hms);
	if (ret)
		return fail_open(ret);
	ret = range_create(&range, size);
	if (ret) {
		ret = fail(verb, "range of %" PRIu64 " bytes: %s", size, strerror(-ret));
		goto close;
	}
	ret = work(hms, &range, data);
	range_destroy(&range);
close:
	hms_close(hms);
	return ret;
}

/* Differs from word to word and from page to page, so that a page in the wrong place shows. */
static uint64_t pattern(size_t i)
{
	return (i + 1) * 0x9e3779b97f4a7c15ULL;
}

void range_fill(struct range *range, size_t length)
{
	range->filled = length;
	for (size_t i = 0; i < length / sizeof(*range->words); i++)
		range->words[i] = pattern(i);
}

size_t range_verify(const struct range *range)
{
	volatile const uint64_t *words = range->words;
	size_t offset;

	for (offset = 0; offset < range->length; offset += sizeof(*words)) {
		size_t i = offset / sizeof(*words);

		if (words[i] != (offset < range->filled ? pattern(i) : 0))
			break;
	}
	return offset;
}

static void print_bytes(const char *label, uint64_t bytes)
{
	char human[24];

	if (bytes)
		printf("  %-16s %8s  %10" PRIu64 " pages\n", label, human_size(bytes, human),
		       bytes / sysconf(_SC_PAGESIZE));
}

int range_print_residency(struct hms *hms, const struct range *range)
{
	const struct hms_object *target;
	struct hms_run_list *list;
	uint64_t listed = 0;
	int ret;

	ret = hms_query_residency(hms, range->words, range->length, 0, &list);
	if (ret)
		return ret;
	hms_for_each(hms, HMS_TARGET, target) {
		uint64_t bytes = hms_run_bytes(list, HMS_RESIDENT, target->uid);
		char label[24];

		print_bytes(object_label(hms, target->uid, label), bytes);
		listed += bytes;
	}
	for (size_t i = 0; i < list->n; i++)
		if (list->runs[i].state == HMS_RESIDENT)
			listed -= list->runs[i].length;
	print_bytes("other targets", -listed);
	print_bytes("absent", hms_run_bytes(list, HMS_ABSENT, 0));
	print_bytes("unknown", hms_run_bytes(list, HMS_UNKNOWN, 0));
	free(list);
	return 0;
}
