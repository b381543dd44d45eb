// SPDX-License-Identifier: GPL-2.0
/*
 * What the firmware says of memory: the ACPI tables HMAT and SRAT. Pure logic, also built in user
 * space; the names and layouts are those of the ACPI specification.
 *
 * A table is walked twice: first nobody listens, so that all of it is known to be sound before
 * anybody hears of it. Checksums are left to the kernel's ACPI code, which saw the table before.
 */

#ifdef __KERNEL__
#include <linux/bits.h>
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/string.h>
#else
#include "kernel.h"
#endif

#include "firmware.h"

#define HMS_HMAT_HEADER	40	/* bytes before the first structure */
#define HMS_SRAT_HEADER	48
#define HMS_SRAT_PART		2
#define HMS_HMAT_PART	8	/* bytes before what a structure of HMAT has of its own */

/* A table, or one of its structures. */
struct hms_bytes {
	const u8 *at;
	size_t size;
};

/*
 * The little-endian number of @n bytes at @offset. That it is there has been checked before: a
 * structure too short gets a reason of its own, not zeros.
 */
static u64 hms_number(const struct hms_bytes *bytes, size_t offset, size_t n)
{
	u64 number = 0;

	if (WARN_ON_ONCE(offset > bytes->size || n > bytes->size - offset))
		return 0;
	while (n--)
		number = number << 8 | bytes->at[offset + n];
	return number;
}

/*
 * Leaves of @table what its header says that it has, and at least @header bytes. Returns what is
 * wrong, or NULL, as all that check something here.
 */
static const char *hms_table_open(struct hms_bytes *table, const char *signature, size_t header)
{
	size_t length;

	if (table->size < header)
		return "the table is shorter than its header";
	if (memcmp(table->at, signature, 4))
		return "the table has another signature";
	length = hms_number(table, 4, 4);
	if (length < header)
		return "the table's length leaves no room for its header";
	if (length > table->size)
		return "the table is shorter than its length";
	table->size = length;
	return NULL;
}

/*
 * Is there a structure at @offset of @table, of which a header of @header bytes is the least? As
 * for the kernel, what is left behind the last one, and has no more than a header, is none.
 */
static bool hms_table_more(const struct hms_bytes *table, size_t offset, size_t header)
{
	return table->size - offset > header;
}

/*
 * The structure at @offset of @table. Its length is the last field of its header, @n bytes at
 * @length_at.
 */
static const char *hms_table_part(const struct hms_bytes *table, size_t offset, size_t length_at,
				  size_t n, struct hms_bytes *part)
{
	u64 length;

	part->at = table->at + offset;
	part->size = table->size - offset;
	length = hms_number(part, length_at, n);
	if (length < length_at + n)
		return "the length of a structure leaves no room for its header";
	if (length > part->size)
		return "the table ends within a structure";
	part->size = length;
	return NULL;
}

/* An HMAT, and who listens. */
struct hms_hmat {
	struct hms_bytes table;
	u8 revision;
	const struct hms_hmat_ops *ops;
	void *data;
};

/* Structure 0: memory proximity domain attributes. */
static const char *hms_hmat_domain(const struct hms_hmat *hmat, const struct hms_bytes *part)
{
	unsigned int flags, needed = BIT(0);	/* the initiator is valid */

	if (part->size != 40)
		return "a proximity domain structure is not 40 bytes long";
	flags = hms_number(part, 8, 2);
	/* Since revision 2 the memory always is. */
	if (hmat->revision == 1)
		needed |= BIT(1);
	if ((flags & needed) == needed && hmat->ops->attached)
		hmat->ops->attached(hmat->data, hms_number(part, 16, 4), hms_number(part, 12, 4));
	return NULL;
}

/*
 * In ns or MB/s; 0 when it says nothing, as with a base unit of 0. The same as the kernel makes of
 * it.
 */
static u32 hms_hmat_normalize(u16 entry, u64 base, u8 revision, bool latency)
{
	u32 value;

	if (!entry || entry == U16_MAX || base > U32_MAX / entry)
		return 0;
	value = base * entry;
	/* Up to one unit below the top, rounding up wraps to 0. The kernel's does. */
	if (revision == 1)
		return value < 10 ? 0 : DIV_ROUND_UP(value, 10);
	return latency ? DIV_ROUND_UP(value, 1000) : value;
}

/* What a locality structure is about, by its data type: for accesses of either kind, two. */
static const struct {
	enum hms_attribute first;
	enum hms_attribute last;
} hms_hmat_types[] = {
	{ HMS_READ_LATENCY, HMS_WRITE_LATENCY },
	{ HMS_READ_LATENCY, HMS_READ_LATENCY },
	{ HMS_WRITE_LATENCY, HMS_WRITE_LATENCY },
	{ HMS_READ_BANDWIDTH, HMS_WRITE_BANDWIDTH },
	{ HMS_READ_BANDWIDTH, HMS_READ_BANDWIDTH },
	{ HMS_WRITE_BANDWIDTH, HMS_WRITE_BANDWIDTH },
};

/*
 * Structure 1: system locality latency and bandwidth. Like the kernel, take the figures for all
 * transfers, also when flags say that they hold for large or random ones.
 */
static const char *hms_hmat_locality(const struct hms_hmat *hmat, const struct hms_bytes *part)
{
	u64 ninitiators, ntargets, base, i, t;
	u32 hierarchy, type, value;
	enum hms_attribute a;
	size_t entry;

	if (part->size < 32)
		return "a locality structure is too short";
	hierarchy = hms_number(part, 8, 1) & 0xf;
	type = hms_number(part, 9, 1);
	ninitiators = hms_number(part, 12, 4);
	ntargets = hms_number(part, 16, 4);
	base = hms_number(part, 24, 8);
	/* With no more initiators than there is room for, the product can't overflow. */
	if (ninitiators > part->size / 4 ||
	    32 + 4 * (ninitiators + ntargets) + 2 * ninitiators * ntargets > part->size)
		return "a locality structure is too short for its entries";
	/* The rest is about caches, or of a type that nobody knows yet. */
	if (hierarchy || type >= ARRAY_SIZE(hms_hmat_types) || !hmat->ops->locality)
		return NULL;
	entry = 32 + 4 * (ninitiators + ntargets);
	for (i = 0; i < ninitiators; i++) {
		for (t = 0; t < ntargets; t++, entry += 2) {
			value = hms_hmat_normalize(hms_number(part, entry, 2), base, hmat->revision,
						   hms_hmat_types[type].first >= HMS_READ_LATENCY);
			if (!value)
				continue;
			for (a = hms_hmat_types[type].first; a <= hms_hmat_types[type].last; a++)
				hmat->ops->locality(hmat->data, hms_number(part, 32 + 4 * i, 4),
						    hms_number(part, 32 + 4 * (ninitiators + t), 4),
						    a, value);
		}
	}
	return NULL;
}

static enum hms_cache_indexing hms_hmat_indexing(u32 associativity)
{
	switch (associativity) {
	case 1:
		return HMS_CACHE_DIRECT_MAPPED;
	case 2:
		return HMS_CACHE_COMPLEX;
	default:
		return HMS_CACHE_INDEXING_OTHER;
	}
}

static enum hms_cache_write_policy hms_hmat_write_policy(u32 policy)
{
	switch (policy) {
	case 1:
		return HMS_CACHE_WRITE_BACK;
	case 2:
		return HMS_CACHE_WRITE_THROUGH;
	default:
		return HMS_CACHE_WRITE_OTHER;
	}
}

/* Structure 2: memory side cache. */
static const char *hms_hmat_cache(const struct hms_hmat *hmat, const struct hms_bytes *part)
{
	struct hms_hmat_cache cache = {};
	u32 attributes;

	if (part->size < 32)
		return "a cache structure is too short";
	if (32 + 2 * hms_number(part, 30, 2) > part->size)
		return "a cache structure is too short for its SMBIOS handles";
	attributes = hms_number(part, 24, 4);
	cache.size = hms_number(part, 16, 8);
	cache.indexing = hms_hmat_indexing(attributes >> 8 & 0xf);
	cache.write_policy = hms_hmat_write_policy(attributes >> 12 & 0xf);
	cache.line_size = attributes >> 16;
	cache.level = attributes >> 4 & 0xf;
	cache.levels = attributes & 0xf;
	if (hmat->ops->cache)
		hmat->ops->cache(hmat->data, hms_number(part, 8, 4), &cache);
	return NULL;
}

static const char *hms_hmat_part(const struct hms_hmat *hmat, const struct hms_bytes *part)
{
	switch (hms_number(part, 0, 2)) {
	case 0:
		return hms_hmat_domain(hmat, part);
	case 1:
		return hms_hmat_locality(hmat, part);
	case 2:
		return hms_hmat_cache(hmat, part);
	default:
		return NULL;
	}
}

static const char *hms_hmat_walk(const struct hms_hmat *hmat)
{
	struct hms_bytes part;
	const char *why;
	size_t offset;

	for (offset = HMS_HMAT_HEADER; hms_table_more(&hmat->table, offset, HMS_HMAT_PART);
	     offset += part.size) {
		why = hms_table_part(&hmat->table, offset, 4, 4, &part);
		if (!why)
			why = hms_hmat_part(hmat, &part);
		if (why)
			return why;
	}
	return NULL;
}

/**
 * hms_hmat_parse - read an HMAT, the Heterogeneous Memory Attribute Table
 * @table: all of it, with its ACPI header; at any address
 * @size: bytes there; more than the table has are ignored
 * @ops: called for what is in it, only if all of the table is sound
 * @data: for them
 * @why: receives what is wrong with it, a constant text, or NULL
 *
 * Structures of unknown types are skipped. A base unit of 0 makes the figures of its structure
 * unknown; behind the last structure no more bytes than a header has are ignored.
 *
 * Return: 0 or -EINVAL.
 */
int hms_hmat_parse(const void *table, size_t size, const struct hms_hmat_ops *ops, void *data,
		   const char **why)
{
	static const struct hms_hmat_ops nobody;
	struct hms_hmat hmat = { .table = { table, size }, .ops = &nobody, .data = data };

	*why = hms_table_open(&hmat.table, "HMAT", HMS_HMAT_HEADER);
	if (*why)
		return -EINVAL;
	hmat.revision = hms_number(&hmat.table, 8, 1);
	/* Units differ between revisions: those of another can't be guessed. */
	if (hmat.revision != 1 && hmat.revision != 2) {
		*why = "the revision of the table is neither 1 nor 2";
		return -EINVAL;
	}
	*why = hms_hmat_walk(&hmat);
	if (*why)
		return -EINVAL;
	hmat.ops = ops;
	*why = hms_hmat_walk(&hmat);
	return *why ? -EINVAL : 0;
}

/* Structure 5: generic initiator affinity. */
static const char *hms_srat_initiator(const struct hms_bytes *part, const struct hms_srat_ops *ops,
				      void *data)
{
	struct hms_srat_initiator initiator = { .handle = HMS_HANDLE_OTHER };

	if (part->size < 32)
		return "a generic initiator structure is too short";
	if (!(hms_number(part, 24, 4) & BIT(0)) || !ops->initiator)
		return NULL;
	initiator.pxm = hms_number(part, 4, 4);
	switch (hms_number(part, 3, 1)) {
	case 0:
		initiator.handle = HMS_HANDLE_ACPI;
		memcpy(initiator.hid, part->at + 8, 8);
		initiator.uid = hms_number(part, 16, 4);
		break;
	case 1:
		initiator.handle = HMS_HANDLE_PCI;
		initiator.segment = hms_number(part, 8, 2);
		/* Not a number: the bus is the first byte. */
		initiator.bdf = hms_number(part, 10, 1) << 8 | hms_number(part, 11, 1);
		break;
	}
	ops->initiator(data, &initiator);
	return NULL;
}

static const char *hms_srat_walk(const struct hms_bytes *table, const struct hms_srat_ops *ops,
				 void *data)
{
	struct hms_bytes part;
	const char *why;
	size_t offset;

	for (offset = HMS_SRAT_HEADER; hms_table_more(table, offset, HMS_SRAT_PART);
	     offset += part.size) {
		why = hms_table_part(table, offset, 1, 1, &part);
		if (!why && hms_number(&part, 0, 1) == 5)
			why = hms_srat_initiator(&part, ops, data);
		if (why)
			return why;
	}
	return NULL;
}

/**
 * hms_srat_parse - read of an SRAT, the System Resource Affinity Table, what the kernel keeps to
 * itself: which devices are initiators
 * @table: all of it, with its ACPI header; at any address
 * @size: bytes there; more than the table has are ignored
 * @ops: called for what is in it, only if all of the table is sound
 * @data: for them
 * @why: receives what is wrong with it, a constant text, or NULL
 *
 * Any revision: this structure is the same in all that have it, and QEMU puts it into one of
 * revision 1. Structures of other types are skipped, and bytes behind the last one as in an HMAT.
 *
 * Return: 0 or -EINVAL.
 */
int hms_srat_parse(const void *table, size_t size, const struct hms_srat_ops *ops, void *data,
		   const char **why)
{
	static const struct hms_srat_ops nobody;
	struct hms_bytes bytes = { table, size };

	*why = hms_table_open(&bytes, "SRAT", HMS_SRAT_HEADER);
	if (!*why)
		*why = hms_srat_walk(&bytes, &nobody, data);
	if (!*why)
		*why = hms_srat_walk(&bytes, ops, data);
	return *why ? -EINVAL : 0;
}
