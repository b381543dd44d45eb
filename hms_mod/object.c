// SPDX-License-Identifier: GPL-2.0
/*
 * Objects of the map: uids, versions, and their place on the bus "hms" in sysfs.
 */

#include <linux/err.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "compat/compat.h"
#include "object.h"

static DEFINE_XARRAY(hms_objects);
static u32 hms_last_uid;		/* under the lock of hms_objects */
static struct device *hms_root;
u64 hms_instance;

/* Objects whose memory is not freed yet; the module stays until the last is. */
static atomic_t hms_objects_alive = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(hms_objects_gone);

static HMS_BUS(const) struct bus_type hms_bus = {
	.name = "hms",
};

static const char * const hms_type_names[] = {
	[HMS_OBJECT_TARGET]	= "target",
	[HMS_OBJECT_INITIATOR]	= "initiator",
	[HMS_OBJECT_LINK]	= "link",
};

static ssize_t name_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", container_of(dev, struct hms_object, dev)->name);
}
static DEVICE_ATTR_RO(name);

static ssize_t uid_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", container_of(dev, struct hms_object, dev)->uid);
}
static DEVICE_ATTR_RO(uid);

static struct attribute *hms_object_attrs[] = {
	&dev_attr_name.attr,
	&dev_attr_uid.attr,
	NULL
};

static const struct attribute_group hms_object_group = {
	.attrs = hms_object_attrs,
};

/* Files that all objects have; those of its type come with the object. */
static const struct attribute_group *hms_object_groups[] = {
	&hms_object_group,
	NULL
};

static const struct device_type hms_object_device_type = {
	.name = "hms_object",
	.groups = hms_object_groups,
};

static void hms_object_release(struct device *dev)
{
	struct hms_object *obj = container_of(dev, struct hms_object, dev);

	kfree_const(obj->name);
	/* Every object is the first member of the struct that was allocated for it. */
	kfree_rcu(obj, rcu);
	if (atomic_dec_and_test(&hms_objects_alive))
		wake_up_all(&hms_objects_gone);
}

/* A uid that could not be entered is not given out again either. */
static int hms_uid_take(struct hms_object *obj)
{
	xa_lock(&hms_objects);
	if (hms_last_uid < U32_MAX)
		obj->uid = ++hms_last_uid;
	xa_unlock(&hms_objects);
	if (!obj->uid)
		return -ENOSPC;
	return xa_insert(&hms_objects, obj->uid, NULL, GFP_KERNEL);
}

/**
 * hms_object_add - give an object its uid and show it
 * @obj: first member of a zeroed kmalloc'ed struct; owned by its reference count from here on,
 *	also when this fails
 * @type: what it is
 * @version: object version
 * @name: copied
 * @parent: device it belongs to, or NULL
 * @groups: sysfs files of this type
 *
 * Return: 0 or a negative errno; then the object is already put.
 */
int hms_object_add(struct hms_object *obj, enum hms_object_type type, u32 version,
		   const char *name, struct device *parent,
		   const struct attribute_group **groups)
{
	int ret;

	INIT_LIST_HEAD(&obj->edges);
	obj->type = type;
	obj->version = version;
	device_initialize(&obj->dev);
	atomic_inc(&hms_objects_alive);
	obj->dev.bus = &hms_bus;
	obj->dev.type = &hms_object_device_type;
	obj->dev.groups = groups;
	obj->dev.parent = parent ?: hms_root;
	obj->dev.release = hms_object_release;

	obj->name = kstrdup_const(name, GFP_KERNEL);
	ret = obj->name ? hms_uid_take(obj) : -ENOMEM;
	if (ret)
		goto put;
	ret = dev_set_name(&obj->dev, "v%u-%u-%s", version, obj->uid, hms_type_names[type]);
	if (!ret)
		ret = device_add(&obj->dev);
	if (ret)
		goto erase;
	xa_store(&hms_objects, obj->uid, obj, GFP_KERNEL);
	return 0;
erase:
	xa_erase(&hms_objects, obj->uid);
put:
	put_device(&obj->dev);
	return ret;
}

/**
 * hms_object_del - take an object out of the map
 * @obj: the object; the caller still has its reference
 *
 * From here on nobody finds it. The caller puts it when it needs the memory no more.
 */
void hms_object_del(struct hms_object *obj)
{
	xa_erase(&hms_objects, obj->uid);
	device_del(&obj->dev);
}

/**
 * hms_object_find_rcu - the object with a uid
 * @uid: any number
 *
 * Context: under rcu_read_lock(); the object is only sure to exist until that ends.
 * Return: the object or NULL.
 */
struct hms_object *hms_object_find_rcu(u32 uid)
{
	return xa_load(&hms_objects, uid);
}

/**
 * hms_object_was - has this uid ever been given out
 * @uid: any number
 */
bool hms_object_was(u32 uid)
{
	return uid && uid <= READ_ONCE(hms_last_uid);
}

int hms_object_start(void)
{
	int ret;

	/* Not 0, which in a request means "whichever is loaded". */
	hms_instance = get_random_u64() | 1;
	ret = bus_register(&hms_bus);
	if (ret)
		return ret;
	hms_root = root_device_register("hms");
	if (IS_ERR(hms_root)) {
		bus_unregister(&hms_bus);
		return PTR_ERR(hms_root);
	}
	return 0;
}

void hms_object_stop(void)
{
	wait_event(hms_objects_gone, !atomic_read(&hms_objects_alive));
	root_device_unregister(hms_root);
	bus_unregister(&hms_bus);
	xa_destroy(&hms_objects);
	/* kfree_rcu() of the last objects runs no code of ours. */
}
