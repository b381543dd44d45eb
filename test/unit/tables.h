/* SPDX-License-Identifier: GPL-2.0 */
/* ACPI tables made byte by byte, for the unit tests and as seeds for the fuzzer. */
#ifndef _TEST_UNIT_TABLES_H
#define _TEST_UNIT_TABLES_H

#include <stddef.h>
#include <stdint.h>

/*
 * @size bytes so far, the last structure at @part; 0 before the first. Whatever is added, the
 * lengths in both headers are right; table_set() makes them wrong.
 */
struct table {
	uint8_t at[4096];
	size_t size;
	size_t part;
};

#define HMAT_HEADER	40
#define SRAT_HEADER	48

/* Data types of a locality structure. */
enum {
	HMAT_ACCESS_LATENCY,
	HMAT_READ_LATENCY,
	HMAT_WRITE_LATENCY,
	HMAT_ACCESS_BANDWIDTH,
	HMAT_READ_BANDWIDTH,
	HMAT_WRITE_BANDWIDTH,
};

void table_begin(struct table *t, const char *signature, unsigned int revision);
void table_part(struct table *t, unsigned int type);
void table_add(struct table *t, uint64_t value, unsigned int bytes);
void table_set(struct table *t, size_t offset, uint64_t value, unsigned int bytes);

void hmat_domain(struct table *t, unsigned int flags, uint32_t initiator, uint32_t memory);
void hmat_locality(struct table *t, unsigned int flags, unsigned int type, uint64_t base,
		   unsigned int ninitiators, const uint32_t *initiators,
		   unsigned int ntargets, const uint32_t *targets, const uint16_t *entries);
void hmat_pair(struct table *t, unsigned int flags, unsigned int type, uint64_t base,
	       uint32_t initiator, uint32_t target, uint16_t entry);
void hmat_cache(struct table *t, uint32_t memory, uint64_t size, unsigned int levels,
		unsigned int level, unsigned int associativity, unsigned int write_policy,
		unsigned int line_size, unsigned int nhandles);

void srat_cpu(struct table *t, uint32_t pxm);
void srat_memory(struct table *t, uint32_t pxm);
void srat_pci(struct table *t, uint32_t pxm, uint32_t flags, unsigned int segment,
	      unsigned int bus, unsigned int devfn);
void srat_acpi(struct table *t, uint32_t pxm, uint32_t flags, const char *hid, uint32_t uid);

const char *table_example(struct table *t, unsigned int i);

#endif
