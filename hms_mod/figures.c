// SPDX-License-Identifier: GPL-2.0
/*
 * Figures: what the firmware tells of the machine's nodes. The kernel keeps the best initiator of
 * each node only, so the tables are read here again; read once, as they never change. What
 * they leave out is estimated from the distance of the nodes.
 */

#include <linux/acpi.h>
#include <linux/numa.h>
#include <linux/slab.h>
#include <linux/topology.h>
#include <linux/xarray.h>

#include "figures.h"
#include "firmware.h"
#include "object.h"

/* A distance that stands for no way at all. */
#define HMS_UNREACHABLE		255

/* Of a distance of 10, which is a node's to itself: an ordinary one has 100 ns and 10 GB/s. */
#define HMS_NS_A_DISTANCE	10
#define HMS_MBS_BY_DISTANCE	100000

/* From an initiator to a target; 0 is not known. */
struct hms_pair {
	u32 values[HMS_ATTRIBUTES];
};

struct hms_caches {
	unsigned int n;
	struct hms_cache level[HMS_CACHE_LEVELS];
};

/* By initiator * MAX_NUMNODES + target; by node; by order in the table. */
static DEFINE_XARRAY(hms_pairs);
static DEFINE_XARRAY(hms_node_caches);
static DEFINE_XARRAY_ALLOC(hms_devices);

static unsigned long hms_pair_index(int initiator, int target)
{
	return (unsigned long)initiator * MAX_NUMNODES + target;
}

static void hms_figures_drop(struct xarray *figures)
{
	unsigned long index;
	void *slot;

	xa_for_each(figures, index, slot)
		kfree(slot);
	xa_destroy(figures);
}

static struct hms_value hms_figures_estimate(enum hms_attribute attribute, unsigned int distance)
{
	if (!distance || distance == HMS_UNREACHABLE)
		return (struct hms_value) { };
	if (attribute == HMS_READ_LATENCY || attribute == HMS_WRITE_LATENCY)
		return (struct hms_value) { distance * HMS_NS_A_DISTANCE, HMS_SOURCE_ESTIMATED };
	return (struct hms_value) { HMS_MBS_BY_DISTANCE / distance, HMS_SOURCE_ESTIMATED };
}

/**
 * hms_figures_values - how fast a node is for an initiator
 * @initiator: node of the initiator
 * @target: node of the memory
 * @values: receives what is known, by attribute
 */
void hms_figures_values(int initiator, int target, struct hms_value values[HMS_ATTRIBUTES])
{
	const struct hms_pair *pair = xa_load(&hms_pairs, hms_pair_index(initiator, target));
	int i;

	for (i = 0; i < HMS_ATTRIBUTES; i++)
		values[i] = pair && pair->values[i] ?
			    (struct hms_value) { pair->values[i], HMS_SOURCE_FIRMWARE } :
			    hms_figures_estimate(i, node_distance(initiator, target));
}

/**
 * hms_figures_reach - does an initiator reach a node
 * @initiator: node of the initiator
 * @target: node of the memory
 */
bool hms_figures_reach(int initiator, int target)
{
	return xa_load(&hms_pairs, hms_pair_index(initiator, target)) ||
	       node_distance(initiator, target) != HMS_UNREACHABLE;
}

/**
 * hms_figures_caches - the caches in front of a node's memory
 * @nid: the node
 * @caches: receives them, by level
 *
 * Return: how many.
 */
unsigned int hms_figures_caches(int nid, const struct hms_cache **caches)
{
	struct hms_caches *known = xa_load(&hms_node_caches, nid);

	*caches = known ? known->level : NULL;
	return known ? known->n : 0;
}

/**
 * hms_figures_device - a device that the firmware names as an initiator
 * @n: which, from 0
 *
 * Return: NULL after the last.
 */
const struct hms_figures_device *hms_figures_device(unsigned int n)
{
	return xa_load(&hms_devices, n);
}

#ifdef CONFIG_ACPI_NUMA

/* What is at an index, made if there is nothing. */
static void *hms_figures_slot(struct xarray *figures, unsigned long index, size_t size)
{
	void *slot = xa_load(figures, index);

	if (slot)
		return slot;
	slot = kzalloc(size, GFP_KERNEL);
	if (slot && xa_err(xa_store(figures, index, slot, GFP_KERNEL))) {
		kfree(slot);
		slot = NULL;
	}
	return slot;
}

/* The callbacks of the parsers can't fail: @data is an int that keeps the error. */
static void hms_read_locality(void *data, u32 initiator_pxm, u32 target_pxm,
			      enum hms_attribute attribute, u32 value)
{
	int initiator = pxm_to_node(initiator_pxm), target = pxm_to_node(target_pxm);
	struct hms_pair *pair;

	/* A domain that the kernel has made no node for. */
	if (initiator == NUMA_NO_NODE || target == NUMA_NO_NODE)
		return;
	pair = hms_figures_slot(&hms_pairs, hms_pair_index(initiator, target), sizeof(*pair));
	if (pair)
		pair->values[attribute] = value;
	else
		*(int *)data = -ENOMEM;
}

static void hms_read_cache(void *data, u32 memory_pxm, const struct hms_hmat_cache *cache)
{
	int nid = pxm_to_node(memory_pxm);
	struct hms_caches *caches;
	struct hms_cache *to;

	if (nid == NUMA_NO_NODE || !cache->level || cache->level > HMS_CACHE_LEVELS)
		return;
	caches = hms_figures_slot(&hms_node_caches, nid, sizeof(*caches));
	if (!caches) {
		*(int *)data = -ENOMEM;
		return;
	}
	to = &caches->level[cache->level - 1];
	/* The kernel believes the first of a level, too. */
	if (to->level)
		return;
	*to = (struct hms_cache) {
		.size = cache->size,
		.level = cache->level,
		.line_size = cache->line_size,
		.indexing = cache->indexing,
		.write_policy = cache->write_policy,
	};
	caches->n = max(caches->n, to->level);
}

static void hms_read_initiator(void *data, const struct hms_srat_initiator *initiator)
{
	int nid = pxm_to_node(initiator->pxm);
	struct hms_figures_device *device;
	u32 index;

	if (nid == NUMA_NO_NODE)
		return;
	device = kmalloc(sizeof(*device), GFP_KERNEL);
	if (!device) {
		*(int *)data = -ENOMEM;
		return;
	}
	*device = (struct hms_figures_device) {
		.nid = nid,
		.pci = initiator->handle == HMS_HANDLE_PCI,
		.segment = initiator->segment,
		.bdf = initiator->bdf,
	};
	if (xa_alloc(&hms_devices, &index, device, xa_limit_32b, GFP_KERNEL)) {
		kfree(device);
		*(int *)data = -ENOMEM;
	}
}

static const struct hms_hmat_ops hms_hmat_readers = {
	.locality = hms_read_locality,
	.cache = hms_read_cache,
};

static const struct hms_srat_ops hms_srat_readers = {
	.initiator = hms_read_initiator,
};

/* A table that is not there, or is bad, leaves no figures. */
static int hms_figures_read(char *signature)
{
	struct acpi_table_header *table;
	const char *why;
	int error = 0;
	int ret;

	if (ACPI_FAILURE(acpi_get_table(signature, 0, &table)))
		return 0;
	if (!strcmp(signature, ACPI_SIG_HMAT))
		ret = hms_hmat_parse(table, table->length, &hms_hmat_readers, &error, &why);
	else
		ret = hms_srat_parse(table, table->length, &hms_srat_readers, &error, &why);
	acpi_put_table(table);
	if (ret)
		pr_warn("hms: %s ignored: %s\n", signature, why);
	return error;
}

static int hms_figures_read_all(void)
{
	return hms_figures_read(ACPI_SIG_HMAT) ?: hms_figures_read(ACPI_SIG_SRAT);
}

#else

static int hms_figures_read_all(void)
{
	return 0;
}

#endif /* CONFIG_ACPI_NUMA */

int hms_figures_start(void)
{
	int ret = hms_figures_read_all();

	if (ret)
		hms_figures_stop();
	return ret;
}

void hms_figures_stop(void)
{
	hms_figures_drop(&hms_pairs);
	hms_figures_drop(&hms_node_caches);
	hms_figures_drop(&hms_devices);
}
