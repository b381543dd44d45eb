// SPDX-License-Identifier: GPL-2.0
/*
 * The accelerator itself: its memory, and how pages get in and out of it.
 */

#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kmemleak.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "sim.h"

static unsigned int fail_copy;
module_param(fail_copy, uint, 0644);
MODULE_PARM_DESC(fail_copy, "for tests: so many of the next copies fail");

/* The CPU reaches more than that, but a real accelerator only its own memory, and its peers'. */
static bool hms_sim_reaches(struct hms_target *target, struct page *page)
{
	const struct hms_sim *sim, *other;
	struct hms_target *there;

	if (!page || !is_zone_device_page(page))
		return true;
	there = hms_target_of_page(page);
	if (there == target)
		return true;
	sim = hms_target_drvdata(target);
	/* Of another driver it is something else. */
	other = hms_target_drvdata(there);
	return other >= sim->peers && other < sim->peers + sim->npeers;
}

static bool hms_sim_reaches_both(struct hms_target *target, const struct hms_copy *copy)
{
	return hms_sim_reaches(target, copy->dst) && hms_sim_reaches(target, copy->src);
}

static ulong pause;
module_param(pause, ulong, 0644);
MODULE_PARM_DESC(pause, "for tests: copies by these accelerators wait, a bit each");

/* How many wait. */
static unsigned int pausing;
module_param(pausing, uint, 0444);
MODULE_PARM_DESC(pausing, "for tests: so many copies wait now");

static DEFINE_SPINLOCK(hms_sim_pause_lock);

/* But no longer than this, as who would end it may be gone. */
#define HMS_SIM_PAUSE		(60 * HZ)

static void hms_sim_count_pausing(int n)
{
	spin_lock(&hms_sim_pause_lock);
	WRITE_ONCE(pausing, pausing + n);
	spin_unlock(&hms_sim_pause_lock);
}

static void hms_sim_pause(const struct hms_sim *sim)
{
	unsigned long until = jiffies + HMS_SIM_PAUSE;

	hms_sim_count_pausing(1);
	while (READ_ONCE(pause) & BIT(sim->index) && time_before(jiffies, until))
		schedule_timeout_uninterruptible(1);
	hms_sim_count_pausing(-1);
}

/* Of copies at the same time a test may see less. */
static unsigned int direct;
module_param(direct, uint, 0444);
MODULE_PARM_DESC(direct, "for tests: pages that went from one accelerator to another at once");

/* All of a batch come from one memory, and go to one. */
static bool hms_sim_reaches_all(struct hms_target *target, const struct hms_copy *pages,
				unsigned int n)
{
	if (WARN_ON_ONCE(!hms_sim_reaches_both(target, pages) ||
			 !hms_sim_reaches_both(target, &pages[n - 1])))
		return false;
	if (pages->src && is_zone_device_page(pages->src) && is_zone_device_page(pages->dst))
		WRITE_ONCE(direct, direct + n);
	return true;
}

static int hms_sim_copy(struct hms_target *target, const struct hms_copy *pages, unsigned int n)
{
	unsigned int fail = READ_ONCE(fail_copy);

	if (READ_ONCE(pause))
		hms_sim_pause(hms_target_drvdata(target));
	if (fail) {
		WRITE_ONCE(fail_copy, fail - 1);
		return -EIO;
	}
	/* A touch is measured: not of that. */
	if (n > 1 && !hms_sim_reaches_all(target, pages, n))
		return -EIO;
	return hms_copy_with_cpu(target, pages, n);
}

/* Copies that are under way, and how many these were at most. */
static atomic_t hms_sim_copying;

static unsigned int most_copying;
module_param(most_copying, uint, 0644);
MODULE_PARM_DESC(most_copying, "for tests: so many copies were under way at a time");

static unsigned int together;
module_param(together, uint, 0644);
MODULE_PARM_DESC(together, "for tests: the first copies wait until so many are under way");

/* But no longer than this, as no more may come. */
#define HMS_SIM_PATIENCE	(10 * HZ)

/**
 * struct hms_sim_later - a copy that is under way
 * @work: does it
 * @target: asked for it
 * @pages: which
 * @n: how many
 * @fence: to be told
 * @until: when it is made at the latest
 */
struct hms_sim_later {
	struct delayed_work work;
	struct hms_target *target;
	const struct hms_copy *pages;
	unsigned int n;
	struct hms_fence *fence;
	unsigned long until;
};

static void hms_sim_copy_now(struct work_struct *work)
{
	struct hms_sim_later *copy = container_of(work, struct hms_sim_later, work.work);
	struct hms_sim *sim = hms_target_drvdata(copy->target);
	int ret;

	if (READ_ONCE(most_copying) < READ_ONCE(together) &&
	    time_before(jiffies, copy->until)) {
		queue_delayed_work(sim->copies, &copy->work, 1);
		return;
	}
	ret = hms_sim_copy(copy->target, copy->pages, copy->n);
	atomic_dec(&hms_sim_copying);
	hms_fence_signal(copy->fence, ret);
	kfree(copy);
}

/* It takes a moment, as a DMA engine does. */
static int hms_sim_start(struct hms_target *target, const struct hms_copy *pages, unsigned int n,
			 struct hms_fence *fence)
{
	struct hms_sim_later *copy = kmalloc(sizeof(*copy), GFP_KERNEL);
	struct hms_sim *sim = hms_target_drvdata(target);
	unsigned int now;

	if (!copy)
		return -ENOMEM;
	*copy = (struct hms_sim_later) {
		.target = target, .pages = pages, .n = n, .fence = fence,
		.until = jiffies + HMS_SIM_PATIENCE,
	};
	INIT_DELAYED_WORK(&copy->work, hms_sim_copy_now);
	now = atomic_inc_return(&hms_sim_copying);
	/* Of two at a time a test sees one or the other. */
	if (now > READ_ONCE(most_copying))
		WRITE_ONCE(most_copying, now);
	queue_delayed_work(sim->copies, &copy->work, 1);
	return 0;
}

/* Their memory comes from the nodes in turn, the last one first: others need node 0 more. */
static int hms_sim_node(unsigned int index)
{
	unsigned int nodes = num_node_state(N_MEMORY), before = nodes - 1 - index % nodes;
	int nid = first_node(node_states[N_MEMORY]);

	while (before--)
		nid = next_node(nid, node_states[N_MEMORY]);
	return nid;
}

/* All of it, or what there is after hms_sim_register() failed. */
static void hms_sim_unregister(struct hms_sim *sim)
{
	hms_link_unregister(sim->link);
	hms_initiator_unregister(sim->initiator);
	if (sim->kept)
		hms_sim_release_all(sim);
	hms_target_unregister(sim->target);
	/* Nothing is copied any more; but what has said so may be on its way out of our code. */
	if (sim->copies)
		destroy_workqueue(sim->copies);
	hms_sim_vram_destroy(sim);
	vfree(sim->memory);
}

static int hms_sim_register(struct hms_sim *sim, const struct hms_target_desc *desc)
{
	sim->target = hms_target_register(desc);
	if (IS_ERR(sim->target))
		return PTR_ERR(sim->target);
	sim->initiator = hms_initiator_register(desc->name, desc->parent);
	if (IS_ERR(sim->initiator))
		return PTR_ERR(sim->initiator);
	sim->link = hms_link_register(desc->name, desc->parent);
	return PTR_ERR_OR_ZERO(sim->link) ?: hms_link_add_target(sim->link, sim->target) ?:
	       hms_link_add_initiator(sim->link, sim->initiator);
}

/**
 * hms_sim_device_add - make an accelerator and register it
 * @sim: zeroed, but for its peers
 * @index: its number
 * @size: bytes of memory
 * @parent: device to show it under
 * @range: physical address of memory that it shares with the CPU, or 0: it has its own
 * @later: it copies by itself
 * @own: it has an allocator of its own
 *
 * Return: 0 or a negative errno.
 */
int hms_sim_device_add(struct hms_sim *sim, unsigned int index, u64 size, struct device *parent,
		       u64 range, bool later, bool own)
{
	struct hms_target_desc desc = {
		.name = sim->name,
		.parent = parent,
		.ops = &sim->ops,
		.peers = sim->peers,
		.drvdata = sim,
		.size = size,
		.range = range,
		.owner = THIS_MODULE,
	};
	int ret;

	snprintf(sim->name, sizeof(sim->name), "hms_sim%u", index);
	sim->index = index;
	sim->size = size;
	mutex_init(&sim->keep_lock);
	if (!range) {
		sim->memory = vzalloc_node(size, hms_sim_node(index));
		if (!sim->memory)
			return -ENOMEM;
		/* Holds the data of programs, no pointers of ours. */
		kmemleak_no_scan(sim->memory);
		desc.memory = sim->memory;
	}

	sim->ops.copy = hms_sim_copy;
	if (later) {
		sim->ops.start = hms_sim_start;
		sim->copies = alloc_workqueue("%s", WQ_UNBOUND, 0, sim->name);
	}
	if (own) {
		sim->ops.alloc = hms_sim_lend;
		sim->ops.free = hms_sim_have_back;
	}
	sim->misc.minor = MISC_DYNAMIC_MINOR;
	sim->misc.name = sim->name;
	sim->misc.mode = 0660;
	sim->misc.fops = &hms_sim_fops;
	ret = later && !sim->copies ? -ENOMEM : 0;
	if (!ret && own)
		ret = hms_sim_vram_init(sim);
	if (!ret)
		ret = hms_sim_register(sim, &desc) ?: misc_register(&sim->misc);
	if (ret)
		hms_sim_unregister(sim);
	return ret;
}

/**
 * hms_sim_device_remove - take an accelerator back
 * @sim: from hms_sim_device_add(); no descriptor is open
 *
 * What programs have in its memory comes home first.
 */
void hms_sim_device_remove(struct hms_sim *sim)
{
	misc_deregister(&sim->misc);
	hms_sim_unregister(sim);
}
