// SPDX-License-Identifier: GPL-2.0
/*
 * Targets: memory that can hold pages, of a NUMA node or of a device.
 */

#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/numa.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/vmstat.h>
#include <linux/hms.h>

#include "compat/compat.h"
#include "devmem.h"
#include "figures.h"
#include "freemap.h"
#include "nodemem.h"
#include "order.h"
#include "target.h"

static struct hms_target *to_target(struct device *dev)
{
	return container_of(dev, struct hms_target, obj.dev);
}

static ssize_t offline_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", hms_devmem_is_closed(to_target(dev)->mem) &&
			  !READ_ONCE(to_target(dev)->suspended));
}

static ssize_t offline_store(struct device *dev, struct device_attribute *attr, const char *buf,
			     size_t count)
{
	bool offline;
	int ret;

	ret = kstrtobool(buf, &offline);
	if (!ret)
		ret = hms_target_set_offline(to_target(dev), offline);
	return ret ?: count;
}
static DEVICE_ATTR_RW(offline);

static ssize_t pinned_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lu\n", READ_ONCE(to_target(dev)->pinned));
}
static DEVICE_ATTR_RO(pinned);

static ssize_t user_limit_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	unsigned long npages = hms_devmem_user_limit(to_target(dev)->mem);

	return sysfs_emit(buf, "%llu\n", (u64)npages << PAGE_SHIFT);
}

static ssize_t user_limit_store(struct device *dev, struct device_attribute *attr, const char *buf,
				size_t count)
{
	u64 bytes;
	int ret;

	ret = kstrtou64(buf, 0, &bytes);
	if (ret)
		return ret;
	hms_devmem_limit_users(to_target(dev)->mem, bytes >> PAGE_SHIFT);
	return count;
}
static DEVICE_ATTR_RW(user_limit);

static struct attribute *hms_private_attrs[] = {
	&dev_attr_user_limit.attr,
	NULL
};

static struct attribute *hms_coherent_attrs[] = {
	&dev_attr_offline.attr,
	&dev_attr_pinned.attr,
	&dev_attr_user_limit.attr,
	NULL
};

static const struct attribute_group hms_private_group = {
	.attrs = hms_private_attrs,
};

static const struct attribute_group hms_coherent_group = {
	.attrs = hms_coherent_attrs,
};

static const struct attribute_group *hms_private_groups[] = {
	&hms_private_group,
	&hms_target_stats_group,
	NULL
};

static const struct attribute_group *hms_coherent_groups[] = {
	&hms_coherent_group,
	&hms_target_stats_group,
	NULL
};

static u64 hms_node_used(int nid)
{
	struct pglist_data *node = NODE_DATA(nid);
	unsigned long free = 0;
	int i;

	for (i = 0; i < MAX_NR_ZONES; i++)
		free += zone_page_state(&node->node_zones[i], NR_FREE_PAGES);
	/* The two are not read at one time. */
	return node->node_present_pages - min(free, node->node_present_pages);
}

static void hms_node_describe(struct hms_object *obj, struct hms_description *description)
{
	struct hms_target *target = container_of(obj, struct hms_target, obj);

	description->kind = "node";
	description->nid = target->nid;
	description->properties = HMS_PROP_CPU_ACCESSIBLE | HMS_PROP_COHERENT;
	description->capacity = (u64)node_present_pages(target->nid) << PAGE_SHIFT;
	description->used = hms_node_used(target->nid) << PAGE_SHIFT;
	description->ncaches = hms_figures_caches(target->nid, &description->caches);
}

static void hms_device_describe(struct hms_object *obj, struct hms_description *description)
{
	struct hms_target *target = container_of(obj, struct hms_target, obj);
	bool coherent = hms_devmem_is_coherent(target->mem);

	description->kind = coherent ? "device-coherent" : "device-private";
	description->properties = coherent ? HMS_PROP_CPU_ACCESSIBLE | HMS_PROP_COHERENT :
					     HMS_PROP_DEVICE_PRIVATE;
	description->capacity = (u64)hms_devmem_pages(target->mem) << PAGE_SHIFT;
	description->used = hms_target_used(target);
}

static const struct hms_object_class hms_node_class = {
	.type = HMS_TARGET,
	.counted = true,
	.describe = hms_node_describe,
};

static const struct hms_object_class hms_private_class = {
	.type = HMS_TARGET,
	.groups = hms_private_groups,
	.describe = hms_device_describe,
};

static const struct hms_object_class hms_coherent_class = {
	.type = HMS_TARGET,
	.groups = hms_coherent_groups,
	.describe = hms_device_describe,
};

/*
 * Node targets by nid. Changed under the lock of node.c; for residency read without, as of one that
 * is removed no page is left.
 */
static struct hms_target *hms_nodes[MAX_NUMNODES];

/**
 * hms_target_init - what all targets begin with
 * @target: zeroed
 */
void hms_target_init(struct hms_target *target)
{
	BUILD_BUG_ON(offsetof(struct hms_target, obj));
	target->nid = NUMA_NO_NODE;
	refcount_set(&target->users, 1);
	init_completion(&target->idle);
}

static struct hms_target *hms_target_new(void)
{
	struct hms_target *target = kzalloc(sizeof(*target), GFP_KERNEL);

	if (target)
		hms_target_init(target);
	return target;
}

/**
 * hms_target_of_node - the target that is the memory of a node
 * @nid: the node
 *
 * Return: the target, or NULL when it has none.
 */
struct hms_target *hms_target_of_node(int nid)
{
	return READ_ONCE(hms_nodes[nid]);
}

/**
 * hms_target_add_node - register the memory of a NUMA node
 * @nid: a node with memory
 *
 * Return: the target or an ERR_PTR().
 */
struct hms_target *hms_target_add_node(int nid)
{
	struct hms_target *target = hms_target_new();
	char name[16];
	int ret;

	if (!target)
		return ERR_PTR(-ENOMEM);
	target->nid = nid;
	snprintf(name, sizeof(name), "node%d", nid);
	ret = hms_object_add(&target->obj, &hms_node_class, HMS_VERSION_ORDINARY, name, NULL);
	if (ret)
		return ERR_PTR(ret);
	WRITE_ONCE(hms_nodes[nid], target);
	return target;
}

/**
 * hms_target_new_device - make a device target, not shown yet
 * @desc: what it is; copied, but for what it points to
 *
 * Return: the target, or NULL.
 */
struct hms_target *hms_target_new_device(const struct hms_target_desc *desc)
{
	struct hms_target *target = hms_target_new();

	if (!target)
		return NULL;
	target->ops = desc->ops;
	target->peers = desc->peers;
	target->drvdata = desc->drvdata;
	target->memory = desc->memory;
	target->owner = desc->owner;
	mutex_init(&target->offline_lock);
	return target;
}

/**
 * hms_target_add_device - show a device target; programs may use it at once
 * @target: from hms_target_new_device(), with its memory; put when this fails
 * @desc: name and parent
 *
 * Return: 0 or a negative errno.
 */
int hms_target_add_device(struct hms_target *target, const struct hms_target_desc *desc)
{
	bool coherent = hms_devmem_is_coherent(target->mem);

	return hms_object_add(&target->obj, coherent ? &hms_coherent_class : &hms_private_class,
			      coherent ? HMS_VERSION_ORDINARY : HMS_VERSION_DEVICE, desc->name,
			      desc->parent);
}

/**
 * hms_target_retire - let nobody find a target, and wait for those who use it
 * @target: the target; the caller still has its reference
 *
 * Context: may sleep.
 */
void hms_target_retire(struct hms_target *target)
{
	hms_object_del(&target->obj);
	WRITE_ONCE(target->dying, true);
	hms_target_unuse(target);
	wait_for_completion(&target->idle);
}

/**
 * hms_target_remove_node - take a node target back
 * @target: from hms_target_add_node()
 *
 * Context: may sleep.
 */
void hms_target_remove_node(struct hms_target *target)
{
	hms_target_retire(target);
	WRITE_ONCE(hms_nodes[target->nid], NULL);
	/* Some may have read a page table when there were pages. */
	hms_devmem_synchronize();
	hms_object_put(&target->obj);
}

/**
 * hms_target_drvdata - what the driver registered as its own
 * @target: the target; NULL is returned for a node
 */
void *hms_target_drvdata(const struct hms_target *target)
{
	return target->drvdata;
}
EXPORT_SYMBOL_GPL(hms_target_drvdata);

/**
 * hms_target_uid - the uid that programs use
 * @target: the target
 */
u32 hms_target_uid(const struct hms_target *target)
{
	return target->obj.uid;
}
EXPORT_SYMBOL_GPL(hms_target_uid);

/**
 * hms_target_used - how much of a device's memory holds pages
 * @target: a device target
 *
 * Return: bytes.
 */
u64 hms_target_used(const struct hms_target *target)
{
	return (u64)hms_devmem_used(target->mem) << PAGE_SHIFT;
}
EXPORT_SYMBOL_GPL(hms_target_used);

/**
 * hms_target_index - which page of the device a struct page stands for
 * @target: a device target
 * @page: a page of it
 *
 * Return: page number within the device's memory, from 0.
 */
unsigned long hms_target_index(const struct hms_target *target, const struct page *page)
{
	return hms_devmem_index(target->mem, page);
}
EXPORT_SYMBOL_GPL(hms_target_index);

/**
 * hms_target_of_page - where a page is
 * @page: any page of a process
 *
 * Return: the target, or NULL for memory that belongs to none.
 */
struct hms_target *hms_target_of_page(struct page *page)
{
	if (is_zone_device_page(page))
		return hms_devmem_target(page);
	return hms_target_of_node(page_to_nid(page));
}
EXPORT_SYMBOL_GPL(hms_target_of_page);

/**
 * hms_target_accessed - the device uses a page of its own: it leaves after the others
 * @page: of a device target; the caller keeps it from being freed, as an entry in a mirror does
 *	under the lock of that
 *
 * For devices that know which pages they use without faulting on them.
 *
 * Context: any.
 */
void hms_target_accessed(struct page *page)
{
	hms_devmem_used_again(hms_target_of_page(page)->mem, page, hms_order_serial());
}
EXPORT_SYMBOL_GPL(hms_target_accessed);

static unsigned int hms_node_alloc(int nid, struct page **pages, unsigned int n)
{
	const gfp_t gfp = GFP_HIGHUSER_MOVABLE | __GFP_THISNODE | __GFP_NOWARN | __GFP_NORETRY;
	unsigned int got = hms_nodemem_alloc(nid, gfp, pages, n), i;

	for (i = 0; i < got; i++)
		hms_locked_page(page_folio(pages[i]));
	/* Now with reclaim. */
	for (; got < n; got++) {
		pages[got] = hms_locked_page(__folio_alloc_node(gfp, 0, nid));
		if (!pages[got])
			break;
	}
	return got;
}

/**
 * hms_target_alloc - take free pages of a target
 * @target: in use by the caller, see hms_target_use()
 * @user: for whom, if it is a device
 * @pages: receives them, each locked and with one reference
 * @n: how many
 *
 * Context: may sleep; folio locks and mmap_lock may be held.
 * Return: how many there were, less than @n when the target is full or goes away, or the user may
 * have no more of it.
 */
unsigned int hms_target_alloc(struct hms_target *target, kuid_t user, struct page **pages,
			      unsigned int n)
{
	if (hms_target_is_dying(target))
		return 0;
	if (hms_target_is_device(target))
		return hms_devmem_alloc(target->mem, user, pages, n);
	return hms_node_alloc(target->nid, pages, n);
}

/**
 * hms_target_alloc_large - take a free large page of a target
 * @target: in use by the caller, see hms_target_use()
 * @user: for whom, if it is a device
 *
 * Context: as hms_target_alloc().
 * Return: its first page, locked and with one reference, or NULL when there is none.
 */
struct page *hms_target_alloc_large(struct hms_target *target, kuid_t user)
{
	const gfp_t gfp = GFP_TRANSHUGE | __GFP_THISNODE | __GFP_NORETRY;

	if (hms_target_is_dying(target))
		return NULL;
	if (hms_target_is_device(target))
		return hms_devmem_alloc_large(target->mem, user);
	return hms_locked_page(__folio_alloc_node(gfp, ilog2(HMS_BLOCK_PAGES), target->nid));
}

/**
 * hms_target_use - look a target up, and keep it from going away
 * @uid: from a program
 * @version: highest object version that the program understands
 * @out: the target, to be given back with hms_target_unuse()
 *
 * Return: HMS_WHY_NONE, or why there is none.
 */
enum hms_error_why hms_target_use(u32 uid, u32 version, struct hms_target **out)
{
	enum hms_error_why why = HMS_WHY_NONE;
	struct hms_target *target;
	struct hms_object *obj;

	rcu_read_lock();
	obj = hms_object_find_rcu(uid);
	target = container_of(obj, struct hms_target, obj);
	if (!obj)
		why = hms_object_was(uid) ? HMS_WHY_GONE : HMS_WHY_UNKNOWN;
	else if (obj->class->type != HMS_TARGET)
		why = HMS_WHY_NOT_A_TARGET;
	else if (obj->version > version)
		why = HMS_WHY_VERSION;
	else if (target->described)
		why = HMS_WHY_DESCRIBED;
	else if (!refcount_inc_not_zero(&target->users))
		why = HMS_WHY_GONE;
	rcu_read_unlock();
	if (!why)
		*out = target;
	return why;
}

/**
 * hms_target_unuse - end hms_target_use()
 * @target: the target
 */
void hms_target_unuse(struct hms_target *target)
{
	if (refcount_dec_and_test(&target->users))
		complete(&target->idle);
}

/**
 * hms_target_use_home - the first target of a list that the CPU can use, kept from going away
 * @uids: targets of a policy, some of them perhaps gone
 * @n: how many
 * @first: where to begin; what is before it comes after the last
 * @node: nothing but a node will do
 *
 * Return: the target, to be given back with hms_target_unuse(), or NULL.
 */
struct hms_target *hms_target_use_home(const u32 *uids, unsigned int n, unsigned int first,
				       bool node)
{
	struct hms_target *target;
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (hms_target_use(uids[(first + i) % n], HMS_VERSION_ORDINARY, &target))
			continue;
		/* One that goes offline takes back nothing of its own. */
		if (!hms_target_is_device(target) ||
		    !(node || !hms_devmem_is_usable(target->mem)))
			return target;
		hms_target_unuse(target);
	}
	return NULL;
}
