/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_FIRMWARE_H
#define _HMS_FIRMWARE_H

#include <linux/types.h>
#include <linux/hms.h>

/**
 * enum hms_cache_indexing - where a memory-side cache may keep a line; numbered as in the kernel's
 * files
 * @HMS_CACHE_DIRECT_MAPPED: in one place
 * @HMS_CACHE_COMPLEX: in several
 * @HMS_CACHE_INDEXING_OTHER: the table says none, or what nobody knows yet
 */
enum hms_cache_indexing {
	HMS_CACHE_DIRECT_MAPPED,
	HMS_CACHE_COMPLEX,
	HMS_CACHE_INDEXING_OTHER,
};

/**
 * enum hms_cache_write_policy - when what is written reaches the memory; numbered as in the
 * kernel's files
 * @HMS_CACHE_WRITE_BACK: later
 * @HMS_CACHE_WRITE_THROUGH: at once
 * @HMS_CACHE_WRITE_OTHER: the table says none, or what nobody knows yet
 */
enum hms_cache_write_policy {
	HMS_CACHE_WRITE_BACK,
	HMS_CACHE_WRITE_THROUGH,
	HMS_CACHE_WRITE_OTHER,
};

/**
 * struct hms_hmat_cache - a cache on the memory's side
 * @size: in bytes
 * @indexing: where it keeps a line
 * @write_policy: what it does on a write
 * @line_size: in bytes
 * @level: which one this is, 1 is the nearest to the memory
 * @levels: how many that memory has
 *
 * As the table says it, which may be 0: so do the kernel's files.
 */
struct hms_hmat_cache {
	u64 size;
	enum hms_cache_indexing indexing;
	enum hms_cache_write_policy write_policy;
	u16 line_size;
	u8 level;
	u8 levels;
};

/**
 * struct hms_hmat_ops - who hears what is in an HMAT, in its order; any may be NULL
 * @attached: the initiator that some memory belongs to. For that memory the kernel takes it as the
 *	nearest, whatever the figures are.
 * @locality: a figure of the memory itself, not of its caches; never 0. The same one may come
 *	again: the kernel believes the last.
 * @cache: a cache of some memory. The same level may come again: the kernel believes the first.
 *
 * Memory, targets and initiators are proximity domains, of which the kernel may not know all.
 */
struct hms_hmat_ops {
	void (*attached)(void *data, u32 memory_pxm, u32 initiator_pxm);
	void (*locality)(void *data, u32 initiator_pxm, u32 target_pxm,
			 enum hms_attribute attribute, u32 value);
	void (*cache)(void *data, u32 memory_pxm, const struct hms_hmat_cache *cache);
};

/**
 * enum hms_handle - how SRAT names a device; numbered as there
 * @HMS_HANDLE_ACPI: by its object in the ACPI namespace
 * @HMS_HANDLE_PCI: by its place on a PCI bus
 * @HMS_HANDLE_OTHER: in a way that nobody knows yet
 */
enum hms_handle {
	HMS_HANDLE_ACPI,
	HMS_HANDLE_PCI,
	HMS_HANDLE_OTHER,
};

/**
 * struct hms_srat_initiator - a generic initiator: a device that accesses memory
 * @pxm: its proximity domain
 * @handle: which of the following say what device it is
 * @segment: PCI: the segment
 * @bdf: PCI: bus in the high byte, device and function in the low one, as PCI_DEVID() makes it
 * @hid: ACPI: _HID, ended with 0; any bytes, if the firmware is bad
 * @uid: ACPI: _UID
 */
struct hms_srat_initiator {
	u32 pxm;
	enum hms_handle handle;
	u16 segment;
	u16 bdf;
	char hid[9];
	u32 uid;
};

/**
 * struct hms_srat_ops - who hears what is in an SRAT, in its order; any may be NULL
 * @initiator: a generic initiator that is enabled
 */
struct hms_srat_ops {
	void (*initiator)(void *data, const struct hms_srat_initiator *initiator);
};

int hms_hmat_parse(const void *table, size_t size, const struct hms_hmat_ops *ops, void *data,
		   const char **why);
int hms_srat_parse(const void *table, size_t size, const struct hms_srat_ops *ops, void *data,
		   const char **why);

#endif /* _HMS_FIRMWARE_H */
