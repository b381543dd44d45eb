// SPDX-License-Identifier: GPL-2.0
/*
 * Objects of the map: uids, versions, generations, and their place on the bus "hms" in sysfs.
 */

#include <linux/err.h>
#include <linux/numa.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "compat/compat.h"
#include "describe.h"
#include "graph.h"
#include "history.h"
#include "netlink.h"
#include "object.h"

static DEFINE_XARRAY(hms_objects);
static u32 hms_last_uid;		/* under the lock of hms_objects */
static struct device *hms_root;

/* The set of objects, their connections, values and generations; see lock-order.h. */
DEFINE_MUTEX(hms_map_lock);
u64 hms_generation;
u64 hms_instance;

/* Objects whose memory is not freed yet; the module stays until the last is. */
static atomic_t hms_objects_alive = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(hms_objects_gone);

static HMS_BUS(const) struct bus_type hms_bus = {
	.name = "hms",
};

static const char * const hms_type_names[] = {
	[HMS_TARGET]	= "target",
	[HMS_INITIATOR]	= "initiator",
	[HMS_LINK]	= "link",
	[HMS_BRIDGE]	= "bridge",
};

static ssize_t instance_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", hms_instance);
}
static DEVICE_ATTR_RO(instance);

static ssize_t map_generation_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(hms_generation));
}

static struct device_attribute hms_map_generation =
	__ATTR(generation, 0444, map_generation_show, NULL);

/* Of the whole map. */
static struct attribute *hms_root_attrs[] = {
	&dev_attr_instance.attr,
	&hms_map_generation.attr,
	NULL
};

static const struct attribute_group hms_root_group = {
	.attrs = hms_root_attrs,
};

static const struct device_type hms_object_device_type = {
	.name = "hms_object",
	.groups = hms_describe_groups,
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

/* What is new of the map is told under its lock, so that it is told in order. */
static void hms_object_announce(struct hms_object *obj, enum hms_netlink_command what)
{
	WRITE_ONCE(hms_generation, hms_generation + 1);
	WRITE_ONCE(obj->generation, hms_generation);
	hms_netlink_object(obj, what);
}

/**
 * hms_object_show - give an object its uid and its directory in sysfs; it is not in the map yet
 * @obj: first member of a zeroed kmalloc'ed struct; owned by its reference count from here on,
 *	also when this fails
 * @class: what it is
 * @version: object version
 * @name: copied
 * @parent: device it belongs to, or NULL
 *
 * Return: 0 or a negative errno; then the object is already put.
 */
int hms_object_show(struct hms_object *obj, const struct hms_object_class *class, u32 version,
		    const char *name, struct device *parent)
{
	int ret;

	INIT_LIST_HEAD(&obj->spokes);
	INIT_LIST_HEAD(&obj->hubs);
	obj->class = class;
	obj->version = version;
	device_initialize(&obj->dev);
	atomic_inc(&hms_objects_alive);
	obj->dev.bus = &hms_bus;
	obj->dev.type = &hms_object_device_type;
	obj->dev.groups = class->groups ?: hms_describe_folders(obj);
	obj->dev.parent = parent ?: hms_root;
	obj->dev.release = hms_object_release;
	/* udev hears of it when it is in the map: see hms_object_uevent(). */
	dev_set_uevent_suppress(&obj->dev, true);

	obj->name = kstrdup_const(name, GFP_KERNEL);
	ret = obj->name ? hms_uid_take(obj) : -ENOMEM;
	if (ret)
		goto put;
	ret = dev_set_name(&obj->dev, "v%u-%u-%s", version, obj->uid,
			   hms_type_names[class->type]);
	if (!ret)
		ret = device_add(&obj->dev);
	if (!ret)
		return 0;
	xa_erase(&hms_objects, obj->uid);
put:
	put_device(&obj->dev);
	return ret;
}

/**
 * hms_object_tell - put an object into the map, and tell of it
 * @obj: from hms_object_show(); with all that belongs to it from the start
 *
 * Context: under hms_map_lock.
 */
void hms_object_tell(struct hms_object *obj)
{
	lockdep_assert_held(&hms_map_lock);
	/* The slot is there since the uid was taken. */
	xa_store(&hms_objects, obj->uid, obj, GFP_KERNEL);
	hms_object_announce(obj, HMS_CMD_NEW);
}

/**
 * hms_object_uevent - let udev know of an object
 * @obj: in the map; with all that belongs to it from the start
 *
 * Context: may sleep.
 */
void hms_object_uevent(struct hms_object *obj)
{
	dev_set_uevent_suppress(&obj->dev, false);
	kobject_uevent(&obj->dev.kobj, KOBJ_ADD);
}

/**
 * hms_object_add - show an object and tell of it
 * @obj: as for hms_object_show()
 * @class: as for hms_object_show()
 * @version: as for hms_object_show()
 * @name: as for hms_object_show()
 * @parent: as for hms_object_show()
 *
 * Return: as hms_object_show().
 */
int hms_object_add(struct hms_object *obj, const struct hms_object_class *class, u32 version,
		   const char *name, struct device *parent)
{
	int ret = hms_object_show(obj, class, version, name, parent);

	if (ret)
		return ret;
	mutex_lock(&hms_map_lock);
	hms_object_tell(obj);
	mutex_unlock(&hms_map_lock);
	hms_object_uevent(obj);
	return 0;
}

/**
 * hms_object_del - take an object out of the map, with its connections
 * @obj: the object, told of or only shown; the caller still has its reference
 *
 * From here on nobody finds it. The caller puts it when it needs the memory no more.
 */
void hms_object_del(struct hms_object *obj)
{
	bool told;

	mutex_lock(&hms_map_lock);
	told = hms_object_is_told(obj);
	hms_graph_disconnect(obj);
	xa_erase(&hms_objects, obj->uid);
	if (told) {
		hms_object_announce(obj, HMS_CMD_DEL);
		hms_history_add(obj);
	}
	mutex_unlock(&hms_map_lock);
	/* Not under the lock: this waits for those who are in its files, and they take it. */
	device_del(&obj->dev);
}

/**
 * hms_object_changed - tell that an object is not what it was
 * @obj: in the map
 *
 * Context: under hms_map_lock.
 */
void hms_object_changed(struct hms_object *obj)
{
	lockdep_assert_held(&hms_map_lock);
	hms_object_announce(obj, HMS_CMD_CHANGE);
}

/**
 * hms_object_is_told - is an object in the map, as those who listen know it
 * @obj: any; its files in sysfs are there a little earlier, and stay a little longer
 *
 * Context: under hms_map_lock.
 */
bool hms_object_is_told(const struct hms_object *obj)
{
	lockdep_assert_held(&hms_map_lock);
	return xa_load(&hms_objects, obj->uid) == obj;
}

/**
 * hms_object_describe - what an object is
 * @obj: the object
 * @description: receives it
 */
void hms_object_describe(struct hms_object *obj, struct hms_description *description)
{
	*description = (struct hms_description) { .nid = NUMA_NO_NODE };
	if (obj->class->describe)
		obj->class->describe(obj, description);
}

/**
 * hms_object_next - go through the objects by uid
 * @uid: the one before, 0 for the first; becomes that of the object
 *
 * Context: under hms_map_lock.
 * Return: the object or NULL.
 */
struct hms_object *hms_object_next(u32 *uid)
{
	unsigned long index = *uid;
	struct hms_object *obj;

	lockdep_assert_held(&hms_map_lock);
	obj = xa_find_after(&hms_objects, &index, U32_MAX, XA_PRESENT);
	if (obj)
		*uid = index;
	return obj;
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
 * hms_object_find - the object with a uid
 * @uid: any number
 *
 * Context: under hms_map_lock, as long as the object is used.
 * Return: the object or NULL.
 */
struct hms_object *hms_object_find(u32 uid)
{
	lockdep_assert_held(&hms_map_lock);
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
		ret = PTR_ERR(hms_root);
		goto unregister_bus;
	}
	ret = sysfs_create_group(&hms_root->kobj, &hms_root_group);
	if (ret)
		goto unregister_root;
	return 0;

unregister_root:
	root_device_unregister(hms_root);
unregister_bus:
	bus_unregister(&hms_bus);
	return ret;
}

void hms_object_stop(void)
{
	wait_event(hms_objects_gone, !atomic_read(&hms_objects_alive));
	sysfs_remove_group(&hms_root->kobj, &hms_root_group);
	root_device_unregister(hms_root);
	bus_unregister(&hms_bus);
	xa_destroy(&hms_objects);
	/* kfree_rcu() of the last objects runs no code of ours. */
}
