// SPDX-License-Identifier: GPL-2.0
/*
 * What the machine has without any driver: a target for each node with memory, an initiator for
 * each node with CPUs and for each device that the firmware names, and a link for each pair of
 * these. Memory and CPUs may come and go with hotplug.
 */

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/topology.h>
#include <linux/xarray.h>

#include "compat/node.h"
#include "devmem.h"
#include "figures.h"
#include "initiator.h"
#include "link.h"
#include "node.h"
#include "target.h"
#include "value.h"

/* Protects what follows; taken in notifiers, with memory, CPU or PCI hotplug held still. */
static DEFINE_MUTEX(hms_node_lock);

/**
 * struct hms_node_initiator - the CPUs of a node, or a device
 * @list: of all of them
 * @initiator: in the map
 * @links: to each target, by its node
 */
struct hms_node_initiator {
	struct list_head list;
	struct hms_initiator *initiator;
	struct xarray links;
};

static LIST_HEAD(hms_node_initiators);
static enum cpuhp_state hms_node_cpus;

static int hms_node_add_link(struct hms_node_initiator *from, int nid)
{
	struct hms_value values[HMS_ATTRIBUTES];
	struct hms_link *link;
	char name[32];
	int ret;

	if (!hms_figures_reach(from->initiator->nid, nid))
		return 0;
	snprintf(name, sizeof(name), "node%d-node%d", from->initiator->nid, nid);
	link = hms_link_register(name, NULL);
	if (IS_ERR(link))
		return PTR_ERR(link);
	hms_figures_values(from->initiator->nid, nid, values);
	hms_link_set(link, values);
	ret = hms_link_add_initiator(link, from->initiator) ?:
	      hms_link_add_target(link, hms_target_of_node(nid)) ?:
	      xa_err(xa_store(&from->links, nid, link, GFP_KERNEL));
	if (ret)
		hms_link_unregister(link);
	return ret;
}

static void hms_node_remove_link(struct hms_node_initiator *from, int nid)
{
	struct hms_link *link = xa_erase(&from->links, nid);

	if (link)
		hms_link_unregister(link);
}

static void hms_node_remove_memory(int nid)
{
	struct hms_node_initiator *from;

	list_for_each_entry(from, &hms_node_initiators, list)
		hms_node_remove_link(from, nid);
	if (hms_target_of_node(nid))
		hms_target_remove_node(hms_target_of_node(nid));
}

static int hms_node_add_memory(int nid)
{
	struct hms_target *target = hms_target_add_node(nid);
	struct hms_node_initiator *from;
	int ret;

	if (IS_ERR(target))
		return PTR_ERR(target);
	list_for_each_entry(from, &hms_node_initiators, list) {
		ret = hms_node_add_link(from, nid);
		if (ret) {
			hms_node_remove_memory(nid);
			return ret;
		}
	}
	return 0;
}

static void hms_node_remove_initiator(struct hms_node_initiator *from)
{
	unsigned long nid;
	void *link;

	list_del(&from->list);
	xa_for_each(&from->links, nid, link)
		hms_node_remove_link(from, nid);
	xa_destroy(&from->links);
	hms_initiator_unregister(from->initiator);
	kfree(from);
}

static struct hms_node_initiator *hms_node_add_initiator(int nid, bool cpu, struct device *parent)
{
	struct hms_node_initiator *from = kzalloc(sizeof(*from), GFP_KERNEL);
	int to, ret;

	if (!from)
		return ERR_PTR(-ENOMEM);
	xa_init(&from->links);
	from->initiator = hms_initiator_add_node(nid, cpu, parent);
	if (IS_ERR(from->initiator)) {
		ret = PTR_ERR(from->initiator);
		kfree(from);
		return ERR_PTR(ret);
	}
	list_add_tail(&from->list, &hms_node_initiators);
	ret = cpu ? hms_link_join_cpus(from->initiator) : 0;
	for (to = 0; to < MAX_NUMNODES && !ret; to++)
		ret = hms_target_of_node(to) ? hms_node_add_link(from, to) : 0;
	if (ret) {
		hms_node_remove_initiator(from);
		return ERR_PTR(ret);
	}
	return from;
}

static struct hms_node_initiator *hms_node_cpus_of(int nid)
{
	struct hms_node_initiator *from;

	list_for_each_entry(from, &hms_node_initiators, list) {
		if (from->initiator->cpu && from->initiator->nid == nid)
			return from;
	}
	return NULL;
}

/* Also called for each CPU that is there when we start; none is kept off for lack of memory. */
static int hms_node_cpu_online(unsigned int cpu)
{
	int nid = cpu_to_node(cpu);
	struct hms_node_initiator *from;

	mutex_lock(&hms_node_lock);
	from = hms_node_cpus_of(nid);
	if (!from)
		from = hms_node_add_initiator(nid, true, NULL);
	mutex_unlock(&hms_node_lock);
	if (IS_ERR(from))
		pr_warn("hms: the CPUs of node %d are no initiator: error %ld\n", nid,
			PTR_ERR(from));
	return 0;
}

/* Has each CPU an initiator? It is only missing when there was no memory for it. */
static int hms_node_check_cpus(void)
{
	unsigned int cpu;
	int ret = 0;

	cpus_read_lock();
	mutex_lock(&hms_node_lock);
	for_each_online_cpu(cpu) {
		if (!hms_node_cpus_of(cpu_to_node(cpu)))
			ret = -ENOMEM;
	}
	mutex_unlock(&hms_node_lock);
	cpus_read_unlock();
	return ret;
}

/* Is there another one online on its node? Called in CPU hotplug, so that none comes or goes. */
static bool hms_node_has_other_cpu(unsigned int cpu)
{
	unsigned int other;

	for_each_online_cpu(other) {
		if (other != cpu && cpu_to_node(other) == cpu_to_node(cpu))
			return true;
	}
	return false;
}

/*
 * Who is online is asked, not counted: the initiator may be missing since there was no memory for
 * it, or have come with a later CPU than the first. @cpu itself still counts as online here.
 */
static int hms_node_cpu_offline(unsigned int cpu)
{
	struct hms_node_initiator *from;

	mutex_lock(&hms_node_lock);
	from = hms_node_cpus_of(cpu_to_node(cpu));
	if (from && !hms_node_has_other_cpu(cpu))
		hms_node_remove_initiator(from);
	mutex_unlock(&hms_node_lock);
	return 0;
}

static struct hms_node_initiator *hms_node_of_device(const struct device *dev)
{
	struct hms_node_initiator *from;

	list_for_each_entry(from, &hms_node_initiators, list) {
		if (from->initiator->obj.dev.parent == dev)
			return from;
	}
	return NULL;
}

/*
 * Devices that the firmware names, whether they have a driver or not. What is on PCI is an
 * initiator while it is plugged in.
 */
static int hms_node_add_device(const struct hms_figures_device *device)
{
	struct hms_node_initiator *from = NULL;
	struct pci_dev *pci;

	if (!device->pci)
		return PTR_ERR_OR_ZERO(hms_node_add_initiator(device->nid, false, NULL));
	pci = pci_get_domain_bus_and_slot(device->segment, PCI_BUS_NUM(device->bdf),
					  device->bdf & 0xff);
	/* The firmware may name it twice. */
	if (pci && !hms_node_of_device(&pci->dev))
		from = hms_node_add_initiator(device->nid, false, &pci->dev);
	pci_dev_put(pci);
	return PTR_ERR_OR_ZERO(from);
}

static int hms_node_plug(struct pci_dev *pci)
{
	const struct hms_figures_device *device;
	unsigned int n;

	for (n = 0; (device = hms_figures_device(n)); n++) {
		if (device->pci && device->segment == pci_domain_nr(pci->bus) &&
		    device->bdf == pci_dev_id(pci))
			return hms_node_add_device(device);
	}
	return 0;
}

/* It is the parent of its initiator, whose place in sysfs would go with it. */
static void hms_node_unplug(struct pci_dev *pci)
{
	struct hms_node_initiator *from = hms_node_of_device(&pci->dev);

	if (from)
		hms_node_remove_initiator(from);
}

static int hms_node_pci_event(struct notifier_block *nb, unsigned long action, void *data)
{
	struct pci_dev *pci = to_pci_dev(data);
	int ret = 0;

	/* Others, as that a driver is bound, come with the lock of the device held. */
	if (action != BUS_NOTIFY_ADD_DEVICE && action != BUS_NOTIFY_DEL_DEVICE)
		return NOTIFY_OK;
	mutex_lock(&hms_node_lock);
	if (action == BUS_NOTIFY_ADD_DEVICE)
		ret = hms_node_plug(pci);
	if (action == BUS_NOTIFY_DEL_DEVICE)
		hms_node_unplug(pci);
	mutex_unlock(&hms_node_lock);
	if (ret)
		pr_warn("hms: %s is no initiator: error %d\n", pci_name(pci), ret);
	return NOTIFY_OK;
}

static struct notifier_block hms_node_pci_notifier = { .notifier_call = hms_node_pci_event };

#ifdef CONFIG_PCI

static void hms_node_hold_pci(void)
{
	pci_lock_rescan_remove();
}

static void hms_node_release_pci(void)
{
	pci_unlock_rescan_remove();
}

static int hms_node_watch_pci(void)
{
	return bus_register_notifier(&pci_bus_type, &hms_node_pci_notifier);
}

static void hms_node_unwatch_pci(void)
{
	bus_unregister_notifier(&pci_bus_type, &hms_node_pci_notifier);
}

#else

static void hms_node_hold_pci(void)
{
}

static void hms_node_release_pci(void)
{
}

static int hms_node_watch_pci(void)
{
	return 0;
}

static void hms_node_unwatch_pci(void)
{
}

#endif /* CONFIG_PCI */

/* PCI is held still: one that is on its way in or out can be found, and is nobody's parent. */
static void hms_node_remove_devices(void)
{
	struct hms_node_initiator *from, *next;

	hms_node_hold_pci();
	hms_node_unwatch_pci();
	mutex_lock(&hms_node_lock);
	list_for_each_entry_safe(from, next, &hms_node_initiators, list) {
		if (!from->initiator->cpu)
			hms_node_remove_initiator(from);
	}
	mutex_unlock(&hms_node_lock);
	hms_node_release_pci();
}

static int hms_node_add_devices(void)
{
	const struct hms_figures_device *device;
	unsigned int n;
	int ret;

	hms_node_hold_pci();
	ret = hms_node_watch_pci();
	if (!ret) {
		mutex_lock(&hms_node_lock);
		for (n = 0; !ret && (device = hms_figures_device(n)); n++)
			ret = hms_node_add_device(device);
		mutex_unlock(&hms_node_lock);
		if (ret)
			hms_node_unwatch_pci();
	}
	hms_node_release_pci();
	return ret;
}

static int hms_node_event(struct notifier_block *nb, unsigned long action, void *data)
{
	int nid, ret = 0;

	/* Others may come without a node. */
	if (action != NODE_ADDED_FIRST_MEMORY && action != NODE_REMOVED_LAST_MEMORY)
		return NOTIFY_OK;
	nid = hms_notified_node(data);
	/* Memory of a node that has some all the time is nobody's event. */
	if (nid < 0)
		return NOTIFY_OK;
	mutex_lock(&hms_node_lock);
	if (action == NODE_ADDED_FIRST_MEMORY && !hms_target_of_node(nid))
		ret = hms_node_add_memory(nid);
	if (action == NODE_REMOVED_LAST_MEMORY)
		hms_node_remove_memory(nid);
	mutex_unlock(&hms_node_lock);
	if (ret)
		pr_warn("hms: the new memory of node %d is no target: error %d\n", nid, ret);
	return NOTIFY_OK;
}

static struct notifier_block hms_node_notifier = { .notifier_call = hms_node_event };

/* The struct pages of memory that is offline may go. Nobody looks at them any more after this. */
static int hms_node_memory_event(struct notifier_block *nb, unsigned long action, void *data)
{
	if (action == MEM_OFFLINE)
		hms_devmem_synchronize();
	return NOTIFY_OK;
}

static struct notifier_block hms_node_memory_notifier = {
	.notifier_call = hms_node_memory_event,
};

static void hms_node_remove_all(void)
{
	struct hms_node_initiator *from, *next;
	int nid;

	mutex_lock(&hms_node_lock);
	list_for_each_entry_safe(from, next, &hms_node_initiators, list)
		hms_node_remove_initiator(from);
	for (nid = 0; nid < MAX_NUMNODES; nid++)
		hms_node_remove_memory(nid);
	mutex_unlock(&hms_node_lock);
}

static int hms_node_add_all(void)
{
	int nid, ret = 0;

	mutex_lock(&hms_node_lock);
	for_each_node_state(nid, N_MEMORY) {
		/* By the notifier it may be there already. */
		if (!ret && !hms_target_of_node(nid))
			ret = hms_node_add_memory(nid);
	}
	mutex_unlock(&hms_node_lock);
	return ret;
}

int hms_node_start(void)
{
	int ret;

	ret = register_memory_notifier(&hms_node_memory_notifier);
	if (ret)
		return ret;
	ret = register_node_notifier(&hms_node_notifier);
	if (ret)
		goto unregister_memory;
	ret = hms_node_add_all();
	if (ret)
		goto unregister_node;
	ret = hms_node_add_devices();
	if (ret)
		goto unregister_node;
	/* CPU hotplug takes its own locks around ours, so not under ours. */
	ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "hms:online", hms_node_cpu_online,
				hms_node_cpu_offline);
	if (ret < 0)
		goto remove_devices;
	hms_node_cpus = ret;
	ret = hms_node_check_cpus();
	if (ret)
		goto remove_cpus;
	return 0;

remove_cpus:
	cpuhp_remove_state(hms_node_cpus);
remove_devices:
	hms_node_remove_devices();
unregister_node:
	unregister_node_notifier(&hms_node_notifier);
	hms_node_remove_all();
unregister_memory:
	unregister_memory_notifier(&hms_node_memory_notifier);
	return ret;
}

void hms_node_stop(void)
{
	cpuhp_remove_state(hms_node_cpus);
	hms_node_remove_devices();
	unregister_node_notifier(&hms_node_notifier);
	hms_node_remove_all();
	unregister_memory_notifier(&hms_node_memory_notifier);
}
