// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes as an HMAT and as an SRAT. A bad table has a reason and nothing is heard of it; what is
 * heard of a good one is the same each time, and makes sense.
 */
#include "kernel.h"

#include "firmware.h"

/* What has been heard, in a number. */
struct digest {
	uint64_t hash;
	unsigned long calls;
};

static void digest(struct digest *d, uint64_t value)
{
	d->hash = (d->hash ^ value) * 0x100000001b3;
	d->hash ^= d->hash >> 29;
}

static void on_attached(void *data, u32 memory_pxm, u32 initiator_pxm)
{
	struct digest *d = data;

	d->calls++;
	digest(d, 1);
	digest(d, memory_pxm);
	digest(d, initiator_pxm);
}

static void on_locality(void *data, u32 initiator_pxm, u32 target_pxm,
			enum hms_attribute attribute, u32 value)
{
	struct digest *d = data;

	assert(value);
	assert(attribute < HMS_ATTRIBUTES);
	d->calls++;
	digest(d, 2);
	digest(d, initiator_pxm);
	digest(d, target_pxm);
	digest(d, attribute);
	digest(d, value);
}

static void on_cache(void *data, u32 memory_pxm, const struct hms_hmat_cache *cache)
{
	struct digest *d = data;

	assert(cache->level < 16 && cache->levels < 16);
	assert(cache->indexing <= HMS_CACHE_INDEXING_OTHER);
	assert(cache->write_policy <= HMS_CACHE_WRITE_OTHER);
	d->calls++;
	digest(d, 3);
	digest(d, memory_pxm);
	digest(d, cache->size);
	digest(d, cache->indexing);
	digest(d, cache->write_policy);
	digest(d, cache->line_size);
	digest(d, cache->level);
	digest(d, cache->levels);
}

static void on_initiator(void *data, const struct hms_srat_initiator *initiator)
{
	struct digest *d = data;

	assert(initiator->handle <= HMS_HANDLE_OTHER);
	assert(initiator->handle == HMS_HANDLE_PCI || (!initiator->segment && !initiator->bdf));
	assert(initiator->handle == HMS_HANDLE_ACPI || (!*initiator->hid && !initiator->uid));
	assert(strnlen(initiator->hid, sizeof(initiator->hid)) < sizeof(initiator->hid));
	d->calls++;
	digest(d, 4);
	digest(d, initiator->pxm);
	digest(d, initiator->handle);
	digest(d, initiator->segment);
	digest(d, initiator->bdf);
	for (unsigned int i = 0; i < sizeof(initiator->hid); i++)
		digest(d, initiator->hid[i]);
	digest(d, initiator->uid);
}

static int parse_hmat(const void *table, size_t size, struct digest *d, const char **why)
{
	static const struct hms_hmat_ops ops = {
		.attached = on_attached,
		.locality = on_locality,
		.cache = on_cache,
	};

	return hms_hmat_parse(table, size, &ops, d, why);
}

static int parse_srat(const void *table, size_t size, struct digest *d, const char **why)
{
	static const struct hms_srat_ops ops = { .initiator = on_initiator };

	return hms_srat_parse(table, size, &ops, d, why);
}

typedef int parse_fn(const void *table, size_t size, struct digest *d, const char **why);

/* True when it is a good one. */
static bool check(parse_fn *parse, const uint8_t *data, size_t size)
{
	struct digest first = {}, again = {};
	const char *why = NULL, *why_again = NULL;
	int ret = parse(data, size, &first, &why);

	assert(ret == parse(data, size, &again, &why_again));
	assert(why == why_again);
	assert(first.hash == again.hash && first.calls == again.calls);
	if (ret) {
		assert(ret == -EINVAL && why && *why);
		assert(!first.calls);
	} else {
		assert(!why);
	}
	return !ret;
}

/*
 * The same with the signature and the length right, and memory that ends where the table does: few
 * inputs get so far by chance.
 */
static void check_sealed(parse_fn *parse, const char *signature, const uint8_t *data, uint32_t size)
{
	uint8_t *copy;

	if (size < 8)
		return;
	copy = malloc(size);
	memcpy(copy, data, size);
	memcpy(copy, signature, 4);
	memcpy(copy + 4, &size, 4);
	check(parse, copy, size);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool hmat = check(parse_hmat, data, size), srat = check(parse_srat, data, size);

	assert(!hmat || !srat);
	check_sealed(parse_hmat, "HMAT", data, size);
	check_sealed(parse_srat, "SRAT", data, size);
	return 0;
}
