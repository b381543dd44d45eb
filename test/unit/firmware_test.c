// SPDX-License-Identifier: GPL-2.0
/* What is read of HMAT and SRAT, and that nothing is of bad ones. */
#include "kernel.h"

#include <stdarg.h>
#include <stdio.h>

#include "kselftest_harness.h"
#include "firmware.h"
#include "tables.h"

/* What the parser has said, a line for each call. */
struct heard {
	char text[8192];
	size_t size;
};

static void hear(struct heard *heard, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	heard->size += vsnprintf(heard->text + heard->size, sizeof(heard->text) - heard->size,
				 format, args);
	va_end(args);
	assert(heard->size < sizeof(heard->text));
}

static void hear_attached(void *data, u32 memory_pxm, u32 initiator_pxm)
{
	hear(data, "%u belongs to %u\n", memory_pxm, initiator_pxm);
}

static void hear_locality(void *data, u32 initiator_pxm, u32 target_pxm,
			  enum hms_attribute attribute, u32 value)
{
	static const char * const what[] = {
		[HMS_READ_LATENCY] = "ns to read",
		[HMS_WRITE_LATENCY] = "ns to write",
		[HMS_READ_BANDWIDTH] = "MB/s to read",
		[HMS_WRITE_BANDWIDTH] = "MB/s to write",
	};

	hear(data, "%u > %u: %u %s\n", initiator_pxm, target_pxm, value, what[attribute]);
}

static void hear_cache(void *data, u32 memory_pxm, const struct hms_hmat_cache *cache)
{
	hear(data, "%u has cache %u of %u: %llu by %u, indexing %d, write policy %d\n",
	     memory_pxm, cache->level, cache->levels, (unsigned long long)cache->size,
	     cache->line_size, cache->indexing, cache->write_policy);
}

static void hear_initiator(void *data, const struct hms_srat_initiator *initiator)
{
	switch (initiator->handle) {
	case HMS_HANDLE_ACPI:
		hear(data, "%u is %s:%u\n", initiator->pxm, initiator->hid, initiator->uid);
		break;
	case HMS_HANDLE_PCI:
		hear(data, "%u is %04x:%04x\n", initiator->pxm, initiator->segment, initiator->bdf);
		break;
	default:
		hear(data, "%u is something\n", initiator->pxm);
	}
}

static const struct hms_hmat_ops hmat_ops = {
	.attached = hear_attached,
	.locality = hear_locality,
	.cache = hear_cache,
};

static const struct hms_srat_ops srat_ops = { .initiator = hear_initiator };

/* One that nobody can write, so that it is seen when the parser does not. */
static const char unset[] = "not set";

FIXTURE(firmware)
{
	struct table t;
	struct heard heard;
	const char *why;
};

FIXTURE_SETUP(firmware)
{
	self->why = unset;
}

FIXTURE_TEARDOWN(firmware)
{
}

typedef FIXTURE_DATA(firmware) firmware_t;

/*
 * Either parser, by the signature, on @size bytes that end where memory does. Twice: what is found
 * must not depend on the address.
 */
static int parse_bytes(firmware_t *s, const void *bytes, size_t size, const char *signature)
{
	int ret[2];

	for (size_t odd = 0; odd < 2; odd++) {
		char *copy = malloc(odd + size);

		assert(copy);
		memcpy(copy + odd, bytes, size);
		s->why = unset;
		s->heard.size = 0;
		s->heard.text[0] = 0;
		if (*signature == 'S')
			ret[odd] = hms_srat_parse(copy + odd, size, &srat_ops, &s->heard, &s->why);
		else
			ret[odd] = hms_hmat_parse(copy + odd, size, &hmat_ops, &s->heard, &s->why);
		free(copy);
	}
	assert(ret[0] == ret[1]);
	return ret[0];
}

static int parse(firmware_t *s)
{
	return parse_bytes(s, s->t.at, s->t.size, (char *)s->t.at);
}

/* Returns "" or what is wrong: a bad table has a reason, and nothing is heard of it. */
static const char *refused(const firmware_t *s, int ret)
{
	if (ret != -EINVAL)
		return "it was not refused";
	if (s->heard.size)
		return "something was heard of it";
	if (!s->why || s->why == unset)
		return "it has no reason";
	return "";
}

/* A block may follow both, as with those that they are made of. */
#define EXPECT_HEARD(expected) \
	EXPECT_EQ(0, parse(self)); \
	EXPECT_EQ(NULL, self->why); \
	EXPECT_STREQ(expected, self->heard.text)

#define EXPECT_REFUSED(expected) \
	EXPECT_STREQ("", refused(self, parse(self))); \
	EXPECT_STREQ(expected, self->why)

/*
 * Tables from another hand, iasl's: two nodes with CPUs, and memory with a cache that is attached
 * to the second.
 */
static const char iasl_hmat[] =
	"\x48\x4d\x41\x54\xdc\x00\x00\x00\x02\xa2\x4f\x45\x4d\x00\x00\x00"
	"\x4d\x41\x43\x48\x49\x4e\x45\x00\x01\x00\x00\x00\x49\x4e\x54\x4c"
	"\x25\x09\x20\x20\x00\x00\x00\x00"
	/* Memory Proximity Domain Attributes */
	"\x00\x00\x00\x00\x28\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00"
	"\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00"
	/* System Locality: access latency, base unit 10000, 8 14 - 14 8 25 */
	"\x01\x00\x00\x00\x40\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00"
	"\x03\x00\x00\x00\x00\x00\x00\x00\x10\x27\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00"
	"\x02\x00\x00\x00\x08\x00\x0e\x00\xff\xff\x0e\x00\x08\x00\x19\x00"
	/* System Locality: read bandwidth, base unit 1024, 20 */
	"\x01\x00\x00\x00\x2a\x00\x00\x00\x00\x04\x00\x00\x01\x00\x00\x00"
	"\x01\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00"
	"\x01\x00\x00\x00\x02\x00\x00\x00\x14\x00"
	/* Memory Side Cache */
	"\x02\x00\x00\x00\x22\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x04\x00\x00\x00\x11\x11\x40\x00\x00\x00\x01\x00"
	"\x11\x00";

static const char iasl_srat[] =
	"\x53\x52\x41\x54\xa8\x00\x00\x00\x03\x61\x4f\x45\x4d\x00\x00\x00"
	"\x4d\x41\x43\x48\x49\x4e\x45\x00\x01\x00\x00\x00\x49\x4e\x54\x4c"
	"\x25\x09\x20\x20\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	/* Processor Local APIC Affinity */
	"\x00\x10\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	/* Memory Affinity */
	"\x01\x28\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00"
	/* Generic Initiator Affinity: ACPI0016 7 */
	"\x05\x20\x00\x00\x03\x00\x00\x00\x41\x43\x50\x49\x30\x30\x31\x36"
	"\x07\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00"
	/* Generic Initiator Affinity: PCI 0001:3a:01.0 */
	"\x05\x20\x00\x01\x04\x00\x00\x00\x01\x00\x3a\x08\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00";

TEST_F(firmware, iasl)
{
	ASSERT_EQ(0, parse_bytes(self, iasl_hmat, sizeof(iasl_hmat) - 1, "HMAT"));
	EXPECT_EQ(NULL, self->why);
	EXPECT_STREQ("2 belongs to 1\n"
		     "0 > 0: 80 ns to read\n"
		     "0 > 0: 80 ns to write\n"
		     "0 > 1: 140 ns to read\n"
		     "0 > 1: 140 ns to write\n"
		     "1 > 0: 140 ns to read\n"
		     "1 > 0: 140 ns to write\n"
		     "1 > 1: 80 ns to read\n"
		     "1 > 1: 80 ns to write\n"
		     "1 > 2: 250 ns to read\n"
		     "1 > 2: 250 ns to write\n"
		     "1 > 2: 20480 MB/s to read\n"
		     "2 has cache 1 of 1: 17179869184 by 64, indexing 0, write policy 0\n",
		     self->heard.text);
	ASSERT_EQ(0, parse_bytes(self, iasl_srat, sizeof(iasl_srat) - 1, "SRAT"));
	EXPECT_EQ(NULL, self->why);
	EXPECT_STREQ("3 is ACPI0016:7\n"
		     "4 is 0001:3a08\n", self->heard.text);
}

TEST_F(firmware, empty)
{
	table_begin(&self->t, "HMAT", 1);
	EXPECT_HEARD("");
	table_begin(&self->t, "SRAT", 1);
	EXPECT_HEARD("");
}

/* Who does not care for something need not hear of it. */
TEST_F(firmware, nobody_listens)
{
	const struct hms_hmat_ops no_hmat_ops = {};
	const struct hms_srat_ops no_srat_ops = {};
	struct table t;

	for (unsigned int i = 0; table_example(&t, i); i++) {
		const char *why = unset;
		int ret;

		if (t.at[0] == 'S')
			ret = hms_srat_parse(t.at, t.size, &no_srat_ops, NULL, &why);
		else
			ret = hms_hmat_parse(t.at, t.size, &no_hmat_ops, NULL, &why);
		EXPECT_EQ(0, ret);
		EXPECT_EQ(NULL, why);
	}
}

/* A buffer may be longer than the table in it. */
TEST_F(firmware, slack)
{
	table_begin(&self->t, "HMAT", 2);
	hmat_pair(&self->t, 0, HMAT_READ_BANDWIDTH, 1, 0, 1, 5);
	self->t.size += 100;
	EXPECT_HEARD("0 > 1: 5 MB/s to read\n");
	table_begin(&self->t, "SRAT", 3);
	srat_pci(&self->t, 4, 1, 0, 1, 2);
	self->t.size += 100;
	EXPECT_HEARD("4 is 0000:0102\n");
}

TEST_F(firmware, types)
{
	table_begin(&self->t, "HMAT", 2);
	for (int type = HMAT_ACCESS_LATENCY; type <= HMAT_WRITE_BANDWIDTH; type++)
		hmat_pair(&self->t, 0, type, 1000, 0, 1, type + 1);
	hmat_pair(&self->t, 0, HMAT_WRITE_BANDWIDTH + 1, 1000, 0, 1, 7);
	hmat_pair(&self->t, 0, 255, 1000, 0, 1, 8);
	EXPECT_HEARD("0 > 1: 1 ns to read\n"
		     "0 > 1: 1 ns to write\n"
		     "0 > 1: 2 ns to read\n"
		     "0 > 1: 3 ns to write\n"
		     "0 > 1: 4000 MB/s to read\n"
		     "0 > 1: 4000 MB/s to write\n"
		     "0 > 1: 5000 MB/s to read\n"
		     "0 > 1: 6000 MB/s to write\n");
}

/* Rows are initiators, columns are targets. */
TEST_F(firmware, matrix)
{
	const u32 initiators[] = { 7, 0xffffffff }, targets[] = { 0x80000000, 1, 7 };
	const u16 entries[] = { 11, 12, 13, 21, 22, 23 };

	table_begin(&self->t, "HMAT", 2);
	hmat_locality(&self->t, 0, HMAT_READ_BANDWIDTH, 1, 2, initiators, 3, targets, entries);
	hmat_locality(&self->t, 0, HMAT_READ_BANDWIDTH, 1, 3, targets, 2, initiators, entries);
	EXPECT_HEARD("7 > 2147483648: 11 MB/s to read\n"
		     "7 > 1: 12 MB/s to read\n"
		     "7 > 7: 13 MB/s to read\n"
		     "4294967295 > 2147483648: 21 MB/s to read\n"
		     "4294967295 > 1: 22 MB/s to read\n"
		     "4294967295 > 7: 23 MB/s to read\n"
		     "2147483648 > 7: 11 MB/s to read\n"
		     "2147483648 > 4294967295: 12 MB/s to read\n"
		     "1 > 7: 13 MB/s to read\n"
		     "1 > 4294967295: 21 MB/s to read\n"
		     "7 > 7: 22 MB/s to read\n"
		     "7 > 4294967295: 23 MB/s to read\n");
}

/* A list may be empty, and a structure longer than what is in it. */
TEST_F(firmware, nothing_in_it)
{
	const u32 list[] = { 1, 2 };

	table_begin(&self->t, "HMAT", 2);
	hmat_locality(&self->t, 0, HMAT_READ_LATENCY, 1, 0, NULL, 2, list, NULL);
	hmat_locality(&self->t, 0, HMAT_READ_LATENCY, 1, 2, list, 0, NULL, NULL);
	hmat_locality(&self->t, 0, HMAT_READ_LATENCY, 1, 0, NULL, 0, NULL, NULL);
	table_add(&self->t, ~0ull, 7);
	EXPECT_HEARD("");
	hmat_pair(&self->t, 0, HMAT_READ_BANDWIDTH, 1, 0, 1, 5);
	table_add(&self->t, ~0ull, 7);
	hmat_cache(&self->t, 1, 4096, 1, 1, 1, 1, 64, 0);
	table_add(&self->t, ~0ull, 7);
	EXPECT_HEARD("0 > 1: 5 MB/s to read\n"
		     "1 has cache 1 of 1: 4096 by 64, indexing 0, write policy 0\n");
}

/* Only figures of the memory itself; what kind of transfers they hold for does not matter. */
TEST_F(firmware, flags)
{
	table_begin(&self->t, "HMAT", 2);
	for (unsigned int flags = 0; flags < 64; flags++)
		hmat_pair(&self->t, flags, HMAT_READ_BANDWIDTH, 1, 0, 1, flags + 1);
	EXPECT_HEARD("0 > 1: 1 MB/s to read\n"
		     "0 > 1: 17 MB/s to read\n"
		     "0 > 1: 33 MB/s to read\n"
		     "0 > 1: 49 MB/s to read\n");
}

/* One entry, what the kernel makes of it: 0 for no figure at all. */
static const struct {
	unsigned int revision;
	unsigned int type;
	u64 base;
	u16 entry;
	u32 value;
} normalized[] = {
	/* Revision 1: tenths of either unit, rounded up; less than one is none. */
	{ 1, HMAT_READ_LATENCY, 1, 9, 0 },
	{ 1, HMAT_READ_LATENCY, 1, 10, 1 },
	{ 1, HMAT_READ_LATENCY, 1, 11, 2 },
	{ 1, HMAT_READ_LATENCY, 1000, 20, 2000 },
	{ 1, HMAT_READ_BANDWIDTH, 1, 9, 0 },
	{ 1, HMAT_READ_BANDWIDTH, 1, 11, 2 },
	{ 1, HMAT_READ_BANDWIDTH, 1024, 100, 10240 },
	{ 1, HMAT_READ_BANDWIDTH, 0xfffffff6, 1, 429496729 },
	{ 1, HMAT_READ_BANDWIDTH, 0xfffffff7, 1, 0 },
	{ 1, HMAT_READ_BANDWIDTH, 0xffffffff, 1, 0 },
	/* Revision 2: ps, rounded up to ns, and MB/s. */
	{ 2, HMAT_READ_LATENCY, 1, 1, 1 },
	{ 2, HMAT_READ_LATENCY, 1, 1000, 1 },
	{ 2, HMAT_READ_LATENCY, 1, 1001, 2 },
	{ 2, HMAT_READ_LATENCY, 1000, 65534, 65534 },
	{ 2, HMAT_READ_LATENCY, 0xfffffc18, 1, 4294967 },
	{ 2, HMAT_READ_LATENCY, 0xfffffc19, 1, 0 },
	{ 2, HMAT_READ_LATENCY, 0xffffffff, 1, 0 },
	{ 2, HMAT_READ_BANDWIDTH, 1, 1, 1 },
	{ 2, HMAT_READ_BANDWIDTH, 1024, 65534, 67106816 },
	{ 2, HMAT_READ_BANDWIDTH, 0xffffffff, 1, 0xffffffff },
	/* No figure, in either. */
	{ 1, HMAT_READ_BANDWIDTH, 1000, 0, 0 },
	{ 2, HMAT_READ_BANDWIDTH, 1000, 0, 0 },
	{ 1, HMAT_READ_BANDWIDTH, 1000, 0xffff, 0 },
	{ 2, HMAT_READ_BANDWIDTH, 1000, 0xffff, 0 },
	/* More than 32 bits. */
	{ 1, HMAT_READ_BANDWIDTH, 0x80000000, 2, 0 },
	{ 2, HMAT_READ_BANDWIDTH, 0x7fffffff, 2, 0xfffffffe },
	{ 2, HMAT_READ_BANDWIDTH, 0x80000000, 2, 0 },
	{ 2, HMAT_READ_BANDWIDTH, 0x80000001, 2, 0 },
	{ 2, HMAT_READ_BANDWIDTH, 1ull << 32, 1, 0 },
	{ 2, HMAT_READ_BANDWIDTH, 1ull << 63, 2, 0 },
	{ 2, HMAT_READ_BANDWIDTH, ~0ull, 65534, 0 },
};

TEST_F(firmware, normalized)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(normalized); i++) {
		char expected[64] = "";

		if (normalized[i].value)
			sprintf(expected, "3 > 4: %u %s to read\n", normalized[i].value,
				normalized[i].type == HMAT_READ_LATENCY ? "ns" : "MB/s");
		table_begin(&self->t, "HMAT", normalized[i].revision);
		hmat_pair(&self->t, 0, normalized[i].type, normalized[i].base, 3, 4,
			  normalized[i].entry);
		ASSERT_EQ(0, parse(self));
		EXPECT_STREQ(expected, self->heard.text) { TH_LOG("line %u", i); }
	}
}

/* An entry that says nothing does not shift those behind it. */
TEST_F(firmware, gaps)
{
	const u32 list[] = { 0, 1 };
	const u16 entries[] = { 0xffff, 2, 0, 4 };

	table_begin(&self->t, "HMAT", 2);
	hmat_locality(&self->t, 0, HMAT_READ_BANDWIDTH, 10, 2, list, 2, list, entries);
	EXPECT_HEARD("0 > 1: 20 MB/s to read\n"
		     "1 > 1: 40 MB/s to read\n");
}

/* The initiator has to be valid; the memory too, before it always was. */
TEST_F(firmware, attached)
{
	for (unsigned int revision = 1; revision <= 2; revision++) {
		table_begin(&self->t, "HMAT", revision);
		for (unsigned int flags = 0; flags < 8; flags++)
			hmat_domain(&self->t, flags, flags, 10 + flags);
		EXPECT_HEARD(revision == 1 ? "13 belongs to 3\n"
					     "17 belongs to 7\n" :
					     "11 belongs to 1\n"
					     "13 belongs to 3\n"
					     "15 belongs to 5\n"
					     "17 belongs to 7\n");
	}
}

TEST_F(firmware, caches)
{
	table_begin(&self->t, "HMAT", 2);
	hmat_cache(&self->t, 2, 1ull << 40, 3, 1, 0, 0, 64, 0);
	hmat_cache(&self->t, 2, 1ull << 34, 3, 2, 1, 1, 128, 0);
	hmat_cache(&self->t, 2, 1ull << 30, 3, 3, 2, 2, 256, 2);
	hmat_cache(&self->t, 3, 0, 15, 15, 3, 3, 65535, 0);
	hmat_cache(&self->t, 4, ~0ull, 0, 0, 15, 15, 0, 100);
	EXPECT_HEARD("2 has cache 1 of 3: 1099511627776 by 64, indexing 2, write policy 2\n"
		     "2 has cache 2 of 3: 17179869184 by 128, indexing 0, write policy 0\n"
		     "2 has cache 3 of 3: 1073741824 by 256, indexing 1, write policy 1\n"
		     "3 has cache 15 of 15: 0 by 65535, indexing 2, write policy 2\n"
		     "4 has cache 0 of 0: 18446744073709551615 by 0, indexing 2, write policy 2\n");
}

/* All of the structure's type counts: in HMAT it has two bytes. */
TEST_F(firmware, unknown_structures)
{
	table_begin(&self->t, "HMAT", 2);
	table_part(&self->t, 3);
	hmat_pair(&self->t, 0, HMAT_READ_BANDWIDTH, 1, 0, 1, 5);
	table_part(&self->t, 0x101);
	table_add(&self->t, ~0ull, 5);
	table_part(&self->t, 0xffff);
	hmat_pair(&self->t, 0, HMAT_READ_BANDWIDTH, 1, 0, 1, 6);
	EXPECT_HEARD("0 > 1: 5 MB/s to read\n"
		     "0 > 1: 6 MB/s to read\n");

	table_begin(&self->t, "SRAT", 3);
	for (unsigned int type = 0; type < 256; type++) {
		if (type == 5)
			continue;
		table_part(&self->t, type);
		table_add(&self->t, ~0ull, type % 9);
	}
	srat_pci(&self->t, 4, 1, 0, 1, 2);
	EXPECT_HEARD("4 is 0000:0102\n");
}

TEST_F(firmware, initiators)
{
	table_begin(&self->t, "SRAT", 3);
	srat_cpu(&self->t, 0);
	srat_memory(&self->t, 0);
	srat_pci(&self->t, 0xffffffff, 1, 0xffff, 0xff, 0xff);
	srat_pci(&self->t, 5, 0, 0, 6, 7);		/* not enabled */
	srat_pci(&self->t, 6, 2, 0, 6, 7);		/* not enabled */
	srat_acpi(&self->t, 7, 3, "ACPI0016", 0x80000000);
	srat_acpi(&self->t, 8, 1, "ABC", 1);
	srat_acpi(&self->t, 9, 1, "", 1);
	table_set(&self->t, self->t.part + 3, 2, 1);	/* another kind of handle */
	srat_pci(&self->t, 10, 1, 0, 0, 0);
	table_add(&self->t, ~0ull, 8);			/* from a later version */
	EXPECT_HEARD("4294967295 is ffff:ffff\n"
		     "7 is ACPI0016:2147483648\n"
		     "8 is ABC:1\n"
		     "9 is something\n"
		     "10 is 0000:0000\n");
}

/* Those that QEMU and old firmware have. */
TEST_F(firmware, srat_revisions)
{
	for (unsigned int revision = 0; revision < 256; revision += 5) {
		table_begin(&self->t, "SRAT", revision);
		srat_pci(&self->t, 0x100, 1, 0, 1, 2);
		EXPECT_HEARD("256 is 0000:0102\n");
	}
}

/* What makes a table bad: @bytes at @offset. */
struct damage {
	const char *name;
	size_t offset;
	unsigned int bytes;
	u64 value;
	const char *why;
};

/*
 * To a table with a domain at 40, a locality structure of 2 by 3 at 80, a cache with two handles at
 * 144 and an unknown structure of 10 bytes at 180 to its end at 190.
 */
static const struct damage bad_hmat[] = {
#define TABLE_SIGNATURE	"the table has another signature"
	{ "first letter", 0, 1, 'h', TABLE_SIGNATURE },
	{ "last letter", 3, 1, 'S', TABLE_SIGNATURE },
#define TABLE_HEADER	"the table's length leaves no room for its header"
	{ "length 0", 4, 4, 0, TABLE_HEADER },
	{ "length without the reserved bytes", 4, 4, 36, TABLE_HEADER },
	{ "length 39", 4, 4, 39, TABLE_HEADER },
#define TABLE_SHORTER	"the table is shorter than its length"
	{ "length one beyond the buffer", 4, 4, 191, TABLE_SHORTER },
	{ "length far beyond the buffer", 4, 4, 0xffffffff, TABLE_SHORTER },
#define TABLE_REVISION	"the revision of the table is neither 1 nor 2"
	{ "revision 0", 8, 1, 0, TABLE_REVISION },
	{ "revision 3", 8, 1, 3, TABLE_REVISION },
	{ "revision 255", 8, 1, 255, TABLE_REVISION },
#define PART_HEADER	"the length of a structure leaves no room for its header"
	{ "first structure of 0 bytes", 44, 4, 0, PART_HEADER },
	{ "first structure of 7 bytes", 44, 4, 7, PART_HEADER },
	{ "last structure of 0 bytes", 184, 4, 0, PART_HEADER },
	{ "last structure of 7 bytes", 184, 4, 7, PART_HEADER },
#define PART_ENDS	"the table ends within a structure"
	{ "length one behind a structure's header", 4, 4, 49, PART_ENDS },
	{ "length one before the end", 4, 4, 189, PART_ENDS },
	{ "last structure one longer than the table", 184, 4, 11, PART_ENDS },
	{ "first structure one longer than the table", 44, 4, 151, PART_ENDS },
	{ "first structure of 4 GiB", 44, 4, 0xffffffff, PART_ENDS },
	{ "offset of the next that would wrap", 184, 4, 0xffffff4c, PART_ENDS },
#define DOMAIN_SIZE	"a proximity domain structure is not 40 bytes long"
	{ "domain of 39 bytes", 44, 4, 39, DOMAIN_SIZE },
	{ "domain of 41 bytes", 44, 4, 41, DOMAIN_SIZE },
	{ "domain of 8 bytes", 44, 4, 8, DOMAIN_SIZE },
	{ "unknown that is a domain", 180, 2, 0, DOMAIN_SIZE },
#define LOCALITY_SIZE	"a locality structure is too short"
	{ "locality of 31 bytes", 84, 4, 31, LOCALITY_SIZE },
	{ "locality of 8 bytes", 84, 4, 8, LOCALITY_SIZE },
	{ "unknown that is a locality", 180, 2, 1, LOCALITY_SIZE },
#define LOCALITY_COUNT	"a locality structure is too short for its entries"
	{ "locality of 32 bytes", 84, 4, 32, LOCALITY_COUNT },
	{ "locality one too short", 84, 4, 63, LOCALITY_COUNT },
	{ "an initiator more", 92, 4, 3, LOCALITY_COUNT },
	{ "a target more", 96, 4, 4, LOCALITY_COUNT },
	{ "more initiators than there are bytes", 92, 4, 65, LOCALITY_COUNT },
	{ "more targets than there are bytes", 96, 4, 65, LOCALITY_COUNT },
	{ "initiators that take 0 bytes in 32 bits", 92, 4, 0x80000000, LOCALITY_COUNT },
	{ "targets that take 0 bytes in 32 bits", 96, 4, 0x80000000, LOCALITY_COUNT },
	{ "both, that take 0 bytes in 32 bits", 92, 8, 0x8000000080000000, LOCALITY_COUNT },
	{ "entries that take 0 bytes in 32 bits", 92, 8, 0x1000000010000, LOCALITY_COUNT },
	{ "all that take 24 bytes in 64 bits", 92, 8, 0x7ffffffefffffffe, LOCALITY_COUNT },
	{ "2^32 - 1 of both", 92, 8, ~0ull, LOCALITY_COUNT },
#define CACHE_SIZE	"a cache structure is too short"
	{ "cache of 31 bytes", 148, 4, 31, CACHE_SIZE },
	{ "cache of 8 bytes", 148, 4, 8, CACHE_SIZE },
	{ "unknown that is a cache", 180, 2, 2, CACHE_SIZE },
#define CACHE_HANDLES	"a cache structure is too short for its SMBIOS handles"
	{ "cache of 32 bytes", 148, 4, 32, CACHE_HANDLES },
	{ "cache one too short", 148, 4, 35, CACHE_HANDLES },
	{ "a handle more", 174, 2, 3, CACHE_HANDLES },
	{ "handles whose bytes would wrap at 2^16", 174, 2, 0x8000, CACHE_HANDLES },
};

static void make_hmat(struct table *t, unsigned int revision)
{
	const u32 list[] = { 0, 1, 2 };
	const u16 entries[] = { 1, 2, 3, 4, 5, 6 };

	table_begin(t, "HMAT", revision);
	hmat_domain(t, 3, 0, 0);
	hmat_locality(t, 0, HMAT_ACCESS_LATENCY, 1000, 2, list, 3, list, entries);
	hmat_cache(t, 2, 4096, 1, 1, 1, 1, 64, 2);
	table_part(t, 0x77);
	table_add(t, 0, 2);
}

TEST_F(firmware, bad_hmat)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(bad_hmat); i++) {
		for (unsigned int revision = 1; revision <= 2; revision++) {
			make_hmat(&self->t, revision);
			ASSERT_EQ(190, self->t.size);
			ASSERT_EQ(180, self->t.part);
			ASSERT_EQ(0, parse(self));
			table_set(&self->t, bad_hmat[i].offset, bad_hmat[i].value,
				  bad_hmat[i].bytes);
			EXPECT_REFUSED(bad_hmat[i].why) { TH_LOG("%s", bad_hmat[i].name); }
		}
	}
}

/* Also where nobody would read the figures: a cache's, or of an unknown type. */
TEST_F(firmware, bad_but_unread)
{
	make_hmat(&self->t, 2);
	table_set(&self->t, 88, 1, 1);
	EXPECT_EQ(0, parse(self));
	table_set(&self->t, 96, 4, 4);
	EXPECT_REFUSED(LOCALITY_COUNT);
	make_hmat(&self->t, 2);
	table_set(&self->t, 89, 6, 1);
	EXPECT_EQ(0, parse(self));
	table_set(&self->t, 96, 4, 4);
	EXPECT_REFUSED(LOCALITY_COUNT);
}

/* A base unit of 0 makes the figures of its structure unknown, and no others. */
TEST_F(firmware, base_0)
{
	for (unsigned int revision = 1; revision <= 2; revision++) {
		for (unsigned int type = 0; type <= HMAT_WRITE_BANDWIDTH; type++) {
			table_begin(&self->t, "HMAT", revision);
			hmat_pair(&self->t, 0, HMAT_READ_BANDWIDTH, 10, 0, 1, 5);
			hmat_pair(&self->t, 0, type, 0, 0, 1, 7);
			hmat_pair(&self->t, 0, type, 0, 0, 1, 65534);
			hmat_domain(&self->t, 3, 0, 1);
			EXPECT_HEARD(revision == 1 ? "0 > 1: 5 MB/s to read\n"
						     "1 belongs to 0\n" :
						     "0 > 1: 50 MB/s to read\n"
						     "1 belongs to 0\n");
		}
	}
}

/* Bytes behind the last structure, whatever they are: no more than a header are ignored. */
TEST_F(firmware, stray_bytes)
{
	for (unsigned int n = 1; n <= 9; n++) {
		for (unsigned int byte = 0; byte < 256; byte += 51) {
			table_begin(&self->t, "HMAT", 2);
			hmat_domain(&self->t, 3, 0, 1);
			self->t.part = 0;
			for (unsigned int i = 0; i < n; i++)
				table_add(&self->t, byte, 1);
			if (n == 9) {
				EXPECT_REFUSED(byte ? PART_ENDS : PART_HEADER);
				continue;
			}
			EXPECT_HEARD("1 belongs to 0\n");
		}
	}
	/* Also when nothing is before them. */
	table_begin(&self->t, "HMAT", 2);
	table_add(&self->t, 0, 8);
	EXPECT_HEARD("");
	table_begin(&self->t, "SRAT", 3);
	srat_pci(&self->t, 4, 1, 0, 1, 2);
	self->t.part = 0;
	table_add(&self->t, 0, 2);
	EXPECT_HEARD("4 is 0000:0102\n");
	table_add(&self->t, 0, 1);
	EXPECT_REFUSED(PART_HEADER);
	/* A length that leaves the last ones over makes them stray; what is in it has to fit. */
	make_hmat(&self->t, 2);
	table_set(&self->t, 184, 9, 4);
	EXPECT_EQ(0, parse(self));
	make_hmat(&self->t, 2);
	table_set(&self->t, 4, 41, 4);
	EXPECT_HEARD("");
}

/* To a table with a CPU at 48 and a generic initiator at 64 to its end at 96. */
static const struct damage bad_srat[] = {
	{ "signature", 0, 1, 'H', TABLE_SIGNATURE },
	{ "length 0", 4, 4, 0, TABLE_HEADER },
	{ "length without the reserved bytes", 4, 4, 36, TABLE_HEADER },
	{ "length 47", 4, 4, 47, TABLE_HEADER },
	{ "length one beyond the buffer", 4, 4, 97, TABLE_SHORTER },
	{ "length far beyond the buffer", 4, 4, 0xffffffff, TABLE_SHORTER },
#define INITIATOR_SIZE	"a generic initiator structure is too short"
	{ "generic initiator of 31 bytes", 65, 1, 31, INITIATOR_SIZE },
	{ "generic initiator of 2 bytes", 65, 1, 2, INITIATOR_SIZE },
	{ "first structure of 0 bytes", 49, 1, 0, PART_HEADER },
	{ "first structure of 1 byte", 49, 1, 1, PART_HEADER },
	{ "last structure of 0 bytes", 65, 1, 0, PART_HEADER },
	{ "last structure of 1 byte", 65, 1, 1, PART_HEADER },
	{ "length one behind a structure's header", 4, 4, 51, PART_ENDS },
	{ "length one before the end", 4, 4, 95, PART_ENDS },
	{ "first structure one longer than the table", 49, 1, 49, PART_ENDS },
	{ "last structure one longer than the table", 65, 1, 33, PART_ENDS },
	{ "last structure of 255 bytes", 65, 1, 255, PART_ENDS },
};

static void make_srat(struct table *t)
{
	table_begin(t, "SRAT", 3);
	srat_cpu(t, 0);
	srat_pci(t, 4, 1, 0, 1, 2);
}

TEST_F(firmware, bad_srat)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(bad_srat); i++) {
		make_srat(&self->t);
		ASSERT_EQ(96, self->t.size);
		ASSERT_EQ(0, parse(self));
		table_set(&self->t, bad_srat[i].offset, bad_srat[i].value, bad_srat[i].bytes);
		EXPECT_STREQ("", refused(self, parse_bytes(self, self->t.at, 96, "SRAT")));
		EXPECT_STREQ(bad_srat[i].why, self->why) { TH_LOG("%s", bad_srat[i].name); }
	}
	/* One that is not enabled has to be sound as well. */
	make_srat(&self->t);
	table_set(&self->t, 88, 0, 4);
	EXPECT_HEARD("");
	table_set(&self->t, 65, 31, 1);
	EXPECT_REFUSED(INITIATOR_SIZE);
}

/* A table of one kind is none of the other. */
TEST_F(firmware, the_other)
{
	make_srat(&self->t);
	EXPECT_STREQ("", refused(self, parse_bytes(self, self->t.at, self->t.size, "HMAT")));
	EXPECT_STREQ(TABLE_SIGNATURE, self->why);
	make_hmat(&self->t, 2);
	EXPECT_STREQ("", refused(self, parse_bytes(self, self->t.at, self->t.size, "SRAT")));
	EXPECT_STREQ(TABLE_SIGNATURE, self->why);
}

/* How far @offset is behind the start of a structure of a table, or the end of the last one. */
static size_t behind_boundary(const struct table *t, size_t offset)
{
	size_t at = t->at[0] == 'S' ? SRAT_HEADER : HMAT_HEADER, last = at;

	while (at <= offset) {
		last = at;
		if (at == t->size)
			break;
		at += t->at[0] == 'S' ? t->at[at + 1] : t->at[at + 4] | t->at[at + 5] << 8;
	}
	return offset - last;
}

/* Cut at every byte: the buffer alone, and the length of the table with it. */
TEST_F(firmware, truncated)
{
	struct table whole;

	for (unsigned int i = 0; table_example(&whole, i); i++) {
		size_t header = whole.at[0] == 'S' ? SRAT_HEADER : HMAT_HEADER;
		/* What has no more than a structure's header is ignored. */
		size_t stray = whole.at[0] == 'S' ? 2 : 8;

		for (size_t size = 0; size < whole.size; size++) {
			self->t = whole;
			self->t.size = size;
			ASSERT_STREQ("", refused(self, parse(self)));
			EXPECT_STREQ(size < header ? "the table is shorter than its header" :
				     TABLE_SHORTER, self->why);
			if (size < 8)
				continue;
			table_set(&self->t, 4, size, 4);
			if (size >= header && behind_boundary(&whole, size) <= stray) {
				ASSERT_EQ(0, parse(self));
				ASSERT_EQ(NULL, self->why);
				continue;
			}
			ASSERT_STREQ("", refused(self, parse(self)));
			EXPECT_STREQ(size < header ? "the table is shorter than its header" :
				     PART_ENDS, self->why);
		}
	}
}

/* Any byte may be (nearly) anything: the table is sound still, or nothing is heard of it. */
TEST_F(firmware, any_byte)
{
	unsigned long sound = 0, bad = 0;
	struct table *t = &self->t;
	char signature;

	for (unsigned int i = 0; table_example(t, i); i++) {
		signature = t->at[0];
		for (size_t offset = 0; offset < t->size; offset++) {
			unsigned char was = t->at[offset];

			for (unsigned int value = 0; value < 256; value += value < 17 ? 1 : 17) {
				t->at[offset] = value;
				if (!parse_bytes(self, t->at, t->size, &signature)) {
					ASSERT_EQ(NULL, self->why);
					sound++;
				} else {
					ASSERT_STREQ("", refused(self, -EINVAL));
					bad++;
				}
			}
			t->at[offset] = was;
		}
	}
	EXPECT_LT(0, sound);
	EXPECT_LT(0, bad);
}

TEST_HARNESS_MAIN
