// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/hms_sim: machines that are described. Their objects are put into the map as a whole, for
 * programs and people to see what they would find there.
 */

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../user.h"
#include "sim.h"

/* One object, as what its type says. */
struct hms_sim_made {
	u32 type;
	union {
		void *any;
		struct hms_target *target;
		struct hms_initiator *initiator;
		struct hms_link *link;
		struct hms_bridge *bridge;
	};
};

/**
 * struct hms_sim_machine - what one request built
 * @list: of all of them
 * @n: slots in @made
 * @gone: how many of them have been taken back
 * @made: the objects; NULL where none was made
 */
struct hms_sim_machine {
	struct list_head list;
	u32 n;
	u32 gone;
	struct hms_sim_made made[];
};

/* Protects the list, and that what is in it is taken back once. */
static DEFINE_MUTEX(hms_sim_machines_lock);
static LIST_HEAD(hms_sim_machines);
static struct device *hms_sim_parent;

static void hms_sim_unmake(const struct hms_sim_made *made)
{
	switch (made->type) {
	case HMS_TARGET:
		hms_target_unregister(made->target);
		break;
	case HMS_INITIATOR:
		hms_initiator_unregister(made->initiator);
		break;
	case HMS_LINK:
		hms_link_unregister(made->link);
		break;
	case HMS_BRIDGE:
		hms_bridge_unregister(made->bridge);
		break;
	}
}

/*
 * Take its objects back. Returns 0 when none is left; for who can go on later, @interruptible, also
 * -EINTR, after one at least.
 */
static int hms_sim_machine_undo(struct hms_sim_machine *machine, bool interruptible)
{
	while (machine->gone < machine->n) {
		const struct hms_sim_made *made = &machine->made[machine->gone++];

		/* Bridges are made last, so that slots between others may be empty. */
		if (made->any)
			hms_sim_unmake(made);
		if (machine->gone < machine->n && interruptible && signal_pending(current))
			return -EINTR;
	}
	return 0;
}

static bool hms_sim_text_is_right(const char *text, size_t size, bool wanted)
{
	size_t length = strnlen(text, size);

	return length < size && !!length == wanted && !strpbrk(text, "/\n");
}

static bool hms_sim_values_are_right(const struct hms_value *values, bool wanted)
{
	unsigned int i;

	for (i = 0; i < HMS_ATTRIBUTES; i++) {
		if (values[i].source > HMS_SOURCE_DRIVER || !values[i].value != !values[i].source ||
		    (values[i].source && !wanted))
			return false;
	}
	return true;
}

/* What targets and their kinds and versions are worth, the core says when one is made. */
static bool hms_sim_object_is_right(const struct hms_sim_build *arg,
				    const struct hms_sim_object *objects, u32 i)
{
	const struct hms_sim_object *o = &objects[i];
	bool target = o->type == HMS_TARGET, bridge = o->type == HMS_BRIDGE;
	bool link = o->type == HMS_LINK;

	if (o->type > HMS_BRIDGE || !hms_sim_text_is_right(o->name, sizeof(o->name), true) ||
	    !hms_sim_text_is_right(o->kind, sizeof(o->kind), !link && !bridge) ||
	    !hms_sim_values_are_right(o->values, link || bridge))
		return false;
	if (!target && (o->version != HMS_VERSION_ORDINARY || o->properties || o->capacity))
		return false;
	if (o->type == HMS_INITIATOR && strcmp(o->kind, "cpu") && strcmp(o->kind, "device"))
		return false;
	if (!bridge)
		return !o->from && !o->to;
	return o->from < arg->nobjects && o->to < arg->nobjects && o->from != o->to &&
	       objects[o->from].type == HMS_LINK && objects[o->to].type == HMS_LINK;
}

static bool hms_sim_edge_is_right(const struct hms_sim_build *arg,
				  const struct hms_sim_object *objects,
				  const struct hms_sim_edge *edge)
{
	u32 hub, spoke;

	if (edge->hub >= arg->nobjects || edge->spoke >= arg->nobjects)
		return false;
	hub = objects[edge->hub].type;
	spoke = objects[edge->spoke].type;
	return (hub == HMS_LINK && (spoke == HMS_TARGET || spoke == HMS_INITIATOR)) ||
	       (hub == HMS_BRIDGE && spoke == HMS_INITIATOR);
}

static int hms_sim_check(struct hms_sim_build *arg, const struct hms_sim_object *objects,
			 const struct hms_sim_edge *edges)
{
	u32 i;

	for (i = 0; i < arg->nobjects; i++) {
		arg->error_index = i;
		if (!hms_sim_object_is_right(arg, objects, i))
			return -EINVAL;
	}
	for (i = 0; i < arg->nedges; i++) {
		arg->error_index = arg->nobjects + i;
		if (!hms_sim_edge_is_right(arg, objects, &edges[i]))
			return -EINVAL;
	}
	return 0;
}

static int hms_sim_make(struct hms_sim_machine *machine, struct hms_sim_object *o, u32 i)
{
	const struct hms_described_target target = {
		.name = o->name,
		.parent = hms_sim_parent,
		.kind = o->kind,
		.version = o->version,
		.properties = o->properties,
		.capacity = o->capacity,
	};
	struct hms_sim_made made = { .type = o->type };

	switch (o->type) {
	case HMS_TARGET:
		made.target = hms_target_describe(&target);
		break;
	case HMS_INITIATOR:
		made.initiator = hms_initiator_describe(o->name, hms_sim_parent,
							!strcmp(o->kind, "cpu"));
		break;
	case HMS_LINK:
		made.link = hms_link_register(o->name, hms_sim_parent);
		break;
	case HMS_BRIDGE:
		made.bridge = hms_bridge_register(o->name, hms_sim_parent,
						  machine->made[o->from].link,
						  machine->made[o->to].link);
		break;
	}
	if (IS_ERR(made.any))
		return PTR_ERR(made.any);
	machine->made[i] = made;
	switch (o->type) {
	case HMS_TARGET:
		o->uid = hms_target_uid(made.target);
		break;
	case HMS_INITIATOR:
		o->uid = hms_initiator_uid(made.initiator);
		break;
	case HMS_LINK:
		hms_link_set(made.link, o->values);
		o->uid = hms_link_uid(made.link);
		break;
	case HMS_BRIDGE:
		hms_bridge_set(made.bridge, o->values);
		o->uid = hms_bridge_uid(made.bridge);
		break;
	}
	return 0;
}

static int hms_sim_connect(const struct hms_sim_made *hub, const struct hms_sim_made *spoke)
{
	if (hub->type == HMS_BRIDGE)
		return hms_bridge_add_initiator(hub->bridge, spoke->initiator);
	if (spoke->type == HMS_TARGET)
		return hms_link_add_target(hub->link, spoke->target);
	return hms_link_add_initiator(hub->link, spoke->initiator);
}

/* Of what is known to be right; bridges after the links that they need. */
static int hms_sim_make_all(struct hms_sim_machine *machine, struct hms_sim_build *arg,
			    struct hms_sim_object *objects, const struct hms_sim_edge *edges)
{
	int ret, bridges;
	u32 i;

	machine->n = arg->nobjects;
	for (bridges = 0; bridges < 2; bridges++) {
		for (i = 0; i < arg->nobjects; i++) {
			bool bridge = objects[i].type == HMS_BRIDGE;

			if (bridge != bridges)
				continue;
			if (signal_pending(current))
				return -EINTR;
			arg->error_index = i;
			ret = hms_sim_make(machine, &objects[i], i);
			if (ret)
				return ret;
		}
	}
	for (i = 0; i < arg->nedges; i++) {
		if (signal_pending(current))
			return -EINTR;
		arg->error_index = arg->nobjects + i;
		ret = hms_sim_connect(&machine->made[edges[i].hub], &machine->made[edges[i].spoke]);
		if (ret)
			return ret;
	}
	arg->error_index = 0;
	return 0;
}

static int hms_sim_build(struct hms_sim_build *arg)
{
	struct hms_sim_object *objects;
	struct hms_sim_machine *machine = NULL;
	struct hms_sim_edge *edges;
	int ret;

	if (arg->flags || !arg->nobjects || arg->object_size != sizeof(*objects))
		return -EINVAL;
	if (arg->nobjects > HMS_SIM_MAX_OBJECTS || arg->nedges > HMS_SIM_MAX_EDGES)
		return -E2BIG;
	objects = vmemdup_user(u64_to_user_ptr(arg->objects), arg->nobjects * sizeof(*objects));
	if (IS_ERR(objects))
		return PTR_ERR(objects);
	edges = vmemdup_user(u64_to_user_ptr(arg->edges), arg->nedges * sizeof(*edges));
	if (IS_ERR(edges)) {
		ret = PTR_ERR(edges);
		goto free_objects;
	}
	ret = hms_sim_check(arg, objects, edges);
	if (ret)
		goto free_edges;
	ret = -ENOMEM;
	machine = kvzalloc(struct_size(machine, made, arg->nobjects), GFP_KERNEL);
	if (!machine)
		goto free_edges;
	ret = hms_sim_make_all(machine, arg, objects, edges);
	if (!ret && copy_to_user(u64_to_user_ptr(arg->objects), objects,
				 arg->nobjects * sizeof(*objects)))
		ret = -EFAULT;
	/* For as long as another takes machines back. */
	if (!ret)
		ret = mutex_lock_interruptible(&hms_sim_machines_lock);
	if (ret) {
		hms_sim_machine_undo(machine, false);
		kvfree(machine);
		goto free_edges;
	}
	list_add_tail(&machine->list, &hms_sim_machines);
	mutex_unlock(&hms_sim_machines_lock);
free_edges:
	kvfree(edges);
free_objects:
	kvfree(objects);
	return ret;
}

/* Under hms_sim_machines_lock. */
static int hms_sim_clear_all(bool interruptible)
{
	struct hms_sim_machine *machine, *next;
	int ret;

	list_for_each_entry_safe(machine, next, &hms_sim_machines, list) {
		ret = hms_sim_machine_undo(machine, interruptible);
		if (ret)
			return ret;
		list_del(&machine->list);
		kvfree(machine);
	}
	return 0;
}

static int hms_sim_clear(void)
{
	int ret;

	ret = mutex_lock_interruptible(&hms_sim_machines_lock);
	if (ret)
		return ret;
	ret = hms_sim_clear_all(true);
	mutex_unlock(&hms_sim_machines_lock);
	return ret;
}

/*
 * Who was only stopped for a while need not know: the call is made again. After a handler with
 * SA_RESTART, too, where what was done stays done; what begins anew might never end, with a timer.
 */
static int hms_sim_interrupted(int ret, int restart)
{
	return ret == -EINTR ? restart : ret;
}

static long hms_sim_described_ioctl(struct file *filp, unsigned int cmd, unsigned long address)
{
	void __user *user = (void __user *)address;
	struct hms_sim_build arg;
	int ret;

	if (cmd == HMS_SIM_CLEAR)
		return hms_sim_interrupted(hms_sim_clear(), -ERESTARTSYS);
	if (cmd != HMS_SIM_BUILD)
		return -ENOTTY;
	ret = hms_user_begin(user, &arg, sizeof(arg), sizeof(arg));
	if (ret)
		return ret;
	ret = hms_sim_interrupted(hms_sim_build(&arg), -ERESTARTNOHAND);
	return hms_user_end(user, &arg, sizeof(arg)) ?: ret;
}

static const struct file_operations hms_sim_described_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.unlocked_ioctl = hms_sim_described_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice hms_sim_described_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "hms_sim",
	.mode = 0600,
	.fops = &hms_sim_described_fops,
};

/**
 * hms_sim_described_start - let machines be described
 * @parent: device to show them under
 *
 * Return: 0 or a negative errno.
 */
int hms_sim_described_start(struct device *parent)
{
	hms_sim_parent = parent;
	return misc_register(&hms_sim_described_misc);
}

/**
 * hms_sim_described_stop - take all of them back
 */
void hms_sim_described_stop(void)
{
	misc_deregister(&hms_sim_described_misc);
	mutex_lock(&hms_sim_machines_lock);
	hms_sim_clear_all(false);
	mutex_unlock(&hms_sim_machines_lock);
}
