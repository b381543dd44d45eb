// SPDX-License-Identifier: GPL-2.0
#include <assert.h>
#include <string.h>

#include "tables.h"

/* @offset may be anything within the table; it does not grow. */
void table_set(struct table *t, size_t offset, uint64_t value, unsigned int bytes)
{
	assert(offset + bytes <= t->size);
	for (; bytes--; value >>= 8)
		t->at[offset++] = value;
}

void table_add(struct table *t, uint64_t value, unsigned int bytes)
{
	assert(t->size + bytes <= sizeof(t->at));
	t->size += bytes;
	table_set(t, t->size - bytes, value, bytes);
	if (t->size >= 8)
		table_set(t, 4, t->size, 4);
	if (!t->part)
		return;
	if (t->at[0] == 'S')
		t->at[t->part + 1] = t->size - t->part;
	else if (t->size - t->part >= 8)
		table_set(t, t->part + 4, t->size - t->part, 4);
}

static void table_add_zeros(struct table *t, unsigned int bytes)
{
	while (bytes--)
		table_add(t, 0, 1);
}

static void table_add_text(struct table *t, const char *text, unsigned int bytes)
{
	while (bytes--)
		table_add(t, *text ? *text++ : 0, 1);
}

void table_begin(struct table *t, const char *signature, unsigned int revision)
{
	memset(t, 0, sizeof(*t));
	table_add_text(t, signature, 4);
	table_add(t, 0, 4);
	table_add(t, revision, 1);
	table_add(t, 0, 1);			/* checksum, that nobody looks at */
	table_add_text(t, "HMS", 6);
	table_add_text(t, "TEST", 8);
	table_add(t, 1, 4);
	table_add_text(t, "HMS", 4);
	table_add(t, 1, 4);
	table_add_zeros(t, *signature == 'S' ? SRAT_HEADER - 36 : HMAT_HEADER - 36);
}

void table_part(struct table *t, unsigned int type)
{
	t->part = t->size;
	if (t->at[0] == 'S') {
		table_add(t, type, 1);
		table_add(t, 2, 1);
	} else {
		table_add(t, type, 4);
		table_add(t, 8, 4);
	}
}

void hmat_domain(struct table *t, unsigned int flags, uint32_t initiator, uint32_t memory)
{
	table_part(t, 0);
	table_add(t, flags, 4);
	table_add(t, initiator, 4);
	table_add(t, memory, 4);
	table_add_zeros(t, 20);
}

void hmat_locality(struct table *t, unsigned int flags, unsigned int type, uint64_t base,
		   unsigned int ninitiators, const uint32_t *initiators,
		   unsigned int ntargets, const uint32_t *targets, const uint16_t *entries)
{
	table_part(t, 1);
	table_add(t, flags, 1);
	table_add(t, type, 1);
	table_add(t, 0, 2);
	table_add(t, ninitiators, 4);
	table_add(t, ntargets, 4);
	table_add(t, 0, 4);
	table_add(t, base, 8);
	for (unsigned int i = 0; i < ninitiators; i++)
		table_add(t, initiators[i], 4);
	for (unsigned int i = 0; i < ntargets; i++)
		table_add(t, targets[i], 4);
	for (unsigned int i = 0; i < ninitiators * ntargets; i++)
		table_add(t, entries[i], 2);
}

/* With one entry. */
void hmat_pair(struct table *t, unsigned int flags, unsigned int type, uint64_t base,
	       uint32_t initiator, uint32_t target, uint16_t entry)
{
	hmat_locality(t, flags, type, base, 1, &initiator, 1, &target, &entry);
}

void hmat_cache(struct table *t, uint32_t memory, uint64_t size, unsigned int levels,
		unsigned int level, unsigned int associativity, unsigned int write_policy,
		unsigned int line_size, unsigned int nhandles)
{
	table_part(t, 2);
	table_add(t, memory, 4);
	table_add(t, 0, 4);
	table_add(t, size, 8);
	table_add(t, levels | level << 4 | associativity << 8 | write_policy << 12, 2);
	table_add(t, line_size, 2);
	table_add(t, 0, 2);
	table_add(t, nhandles, 2);
	table_add_zeros(t, 2 * nhandles);
}

void srat_cpu(struct table *t, uint32_t pxm)
{
	table_part(t, 0);
	table_add(t, pxm, 1);
	table_add(t, 0, 1);
	table_add(t, 1, 4);
	table_add_zeros(t, 8);
}

void srat_memory(struct table *t, uint32_t pxm)
{
	table_part(t, 1);
	table_add(t, pxm, 4);
	table_add(t, 0, 2);
	table_add(t, (uint64_t)pxm << 32, 8);
	table_add(t, 1 << 30, 8);
	table_add(t, 0, 4);
	table_add(t, 1, 4);
	table_add(t, 0, 8);
}

static void srat_initiator(struct table *t, unsigned int handle, uint32_t pxm)
{
	table_part(t, 5);
	table_add(t, 0, 1);
	table_add(t, handle, 1);
	table_add(t, pxm, 4);
}

void srat_pci(struct table *t, uint32_t pxm, uint32_t flags, unsigned int segment,
	      unsigned int bus, unsigned int devfn)
{
	srat_initiator(t, 1, pxm);
	table_add(t, segment, 2);
	table_add(t, bus, 1);
	table_add(t, devfn, 1);
	table_add_zeros(t, 12);
	table_add(t, flags, 4);
	table_add(t, 0, 4);
}

void srat_acpi(struct table *t, uint32_t pxm, uint32_t flags, const char *hid, uint32_t uid)
{
	srat_initiator(t, 0, pxm);
	table_add_text(t, hid, 8);
	table_add(t, uid, 4);
	table_add(t, 0, 4);
	table_add(t, flags, 4);
	table_add(t, 0, 4);
}

/* Of all that an HMAT may have, something. */
static void hmat_example(struct table *t, unsigned int revision)
{
	static const uint32_t initiators[] = { 0, 1 }, targets[] = { 0, 1, 2 };
	static const uint16_t latency[] = { 10, 20, 0xffff, 20, 10, 50 };
	static const uint16_t bandwidth[] = { 200, 100, 0, 100, 200, 40 };

	table_begin(t, "HMAT", revision);
	hmat_domain(t, 3, 0, 0);
	hmat_domain(t, 2, 0, 2);
	hmat_locality(t, 0, HMAT_ACCESS_LATENCY, 1000, 2, initiators, 3, targets, latency);
	hmat_locality(t, 0, HMAT_ACCESS_BANDWIDTH, 100, 2, initiators, 3, targets, bandwidth);
	hmat_pair(t, 0x10, HMAT_READ_LATENCY, 100, 0, 2, 77);
	hmat_pair(t, 0x20, HMAT_WRITE_LATENCY, 100, 0, 2, 78);
	hmat_pair(t, 0, HMAT_READ_BANDWIDTH, 1, 0, 2, 4000);
	hmat_pair(t, 0, HMAT_WRITE_BANDWIDTH, 1, 0, 2, 3000);
	hmat_pair(t, 1, HMAT_READ_LATENCY, 100, 0, 2, 7);
	hmat_cache(t, 2, 1ull << 34, 2, 1, 1, 1, 64, 0);
	hmat_cache(t, 2, 1ull << 30, 2, 2, 2, 2, 128, 3);
}

/*
 * A sound table of several, to cut and spoil. Returns its name, or NULL when there is none @i: they
 * begin with 0.
 */
const char *table_example(struct table *t, unsigned int i)
{
	switch (i) {
	case 0:
		hmat_example(t, 1);
		return "hmat-revision1";
	case 1:
		hmat_example(t, 2);
		return "hmat-revision2";
	case 2:
		table_begin(t, "HMAT", 2);
		return "hmat-empty";
	case 3:
		table_begin(t, "HMAT", 2);
		hmat_pair(t, 0, HMAT_ACCESS_LATENCY, UINT32_MAX, 0, 0, 1);
		hmat_pair(t, 0, HMAT_ACCESS_BANDWIDTH, UINT64_MAX, UINT32_MAX, UINT32_MAX, 1);
		hmat_pair(t, 0, HMAT_READ_LATENCY, 0, 0, 0, 1);
		table_part(t, 3);
		table_add(t, 0, 8);
		hmat_cache(t, UINT32_MAX, UINT64_MAX, 15, 15, 15, 15, 65535, 0);
		return "hmat-extremes";
	case 4:
		table_begin(t, "SRAT", 3);
		srat_cpu(t, 0);
		srat_memory(t, 0);
		srat_memory(t, 2);
		srat_pci(t, 2, 1, 1, 0x3a, 0x08);
		srat_acpi(t, 3, 1, "ACPI0016", 7);
		srat_pci(t, 4, 0, 0, 0x3b, 0x08);
		return "srat";
	case 5:
		table_begin(t, "SRAT", 1);
		return "srat-empty";
	default:
		return NULL;
	}
}
