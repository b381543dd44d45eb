// SPDX-License-Identifier: GPL-2.0
/*
 * Latency: what the phases of passes take, as histograms in debugfs, once somebody has asked for
 * it. Each CPU has its own, and who reads gets their sums.
 */

#include <linux/cpu.h>
#include <linux/debugfs.h>
#include <linux/log2.h>
#include <linux/percpu.h>
#include <linux/seq_file.h>

#include "latency.h"

/* Entry N has what took less than 2^N ns, and not less than half of that; the last all the rest. */
#define HMS_LATENCY_ENTRIES	32

/**
 * struct hms_latency_phase - one phase of the passes of a kind
 * @total: ns, of all of them
 * @max: ns, of the longest
 * @passes: how many took how long
 */
struct hms_latency_phase {
	u64 total;
	u64 max;
	u64 passes[HMS_LATENCY_ENTRIES];
};

/**
 * struct hms_latency - the passes of a kind
 * @pages: that moved, or came into being
 * @phases: what they took
 */
struct hms_latency {
	u64 pages;
	struct hms_latency_phase phases[HMS_PHASE_NR];
};

/* Each way to leave a target is a kind of its own. */
static const struct {
	enum hms_target_stat why;
	const char *name;
} hms_latency_kinds[] = {
	{ HMS_TARGET_MOVED_OUT, "request" },
	{ HMS_TARGET_HOME, "touch" },
	{ HMS_TARGET_EVACUATED, "evacuate" },
	{ HMS_TARGET_EVICTED, "evict" },
};

static const char *const hms_phase_names[HMS_PHASE_NR] = {
	[HMS_PHASE_COLLECT] = "collect",
	[HMS_PHASE_COPY] = "copy",
	[HMS_PHASE_COMMIT] = "commit",
	[HMS_PHASE_UNMAPPED] = "unmapped",
};

struct hms_latencies {
	struct hms_latency of[HMS_TARGET_STAT_NR];
};

DEFINE_STATIC_KEY_FALSE(hms_latency_counts);

static struct hms_latencies __percpu *hms_latencies;
static struct dentry *hms_debugfs;

/* See hms_latency_add(). Not in interrupts: they clear. */
void hms_latency_count(const struct hms_times *times, enum hms_target_stat why, u64 pages)
{
	struct hms_latency *latency;
	enum hms_phase phase;

	/* Not those that were under way when counting began. */
	if (!times->collect)
		return;
	/* The greatest is read and then written, by one CPU only. */
	latency = &get_cpu_ptr(hms_latencies)->of[why];
	latency->pages += pages;
	for (phase = 0; phase < HMS_PHASE_NR; phase++) {
		struct hms_latency_phase *to = &latency->phases[phase];
		u64 took = times->took[phase];

		if (!took)
			continue;
		to->total += took;
		to->max = max(to->max, took);
		to->passes[min(fls64(took), HMS_LATENCY_ENTRIES - 1)]++;
	}
	put_cpu_ptr(hms_latencies);
}

static void hms_latency_sum(struct hms_latency *sum, enum hms_target_stat why)
{
	enum hms_phase phase;
	int cpu, i;

	for_each_possible_cpu(cpu) {
		const struct hms_latency *from = &per_cpu_ptr(hms_latencies, cpu)->of[why];

		sum->pages += READ_ONCE(from->pages);
		for (phase = 0; phase < HMS_PHASE_NR; phase++) {
			const struct hms_latency_phase *its = &from->phases[phase];
			struct hms_latency_phase *to = &sum->phases[phase];

			to->total += READ_ONCE(its->total);
			to->max = max(to->max, READ_ONCE(its->max));
			for (i = 0; i < HMS_LATENCY_ENTRIES; i++)
				to->passes[i] += READ_ONCE(its->passes[i]);
		}
	}
}

static void hms_latency_show_phase(struct seq_file *m, const struct hms_latency_phase *phase,
				   const char *kind, const char *name, u64 pages)
{
	const int last = HMS_LATENCY_ENTRIES - 1;
	u64 passes = 0;
	int i;

	for (i = 0; i <= last; i++)
		passes += phase->passes[i];
	seq_printf(m, "%-8s  %-8s  %10llu  %12llu  %16llu  %12llu ", kind, name, passes, pages,
		   phase->total, phase->max);
	for (i = 0; i < last; i++) {
		if (phase->passes[i])
			seq_printf(m, " <%lu:%llu", BIT(i), phase->passes[i]);
	}
	if (phase->passes[last])
		seq_printf(m, " >=%lu:%llu", BIT(last - 1), phase->passes[last]);
	seq_putc(m, '\n');
}

static int hms_latency_show(struct seq_file *m, void *unused)
{
	struct hms_latency *sum = kmalloc(sizeof(*sum), GFP_KERNEL);
	enum hms_phase phase;
	unsigned int kind;

	if (!sum)
		return -ENOMEM;
	seq_printf(m, "counting %d\n", static_key_enabled(&hms_latency_counts));
	seq_printf(m, "%-8s  %-8s  %10s  %12s  %16s  %12s  %s\n", "kind", "phase", "passes",
		   "pages", "total_ns", "max_ns", "ns:passes");
	for (kind = 0; kind < ARRAY_SIZE(hms_latency_kinds); kind++) {
		memset(sum, 0, sizeof(*sum));
		hms_latency_sum(sum, hms_latency_kinds[kind].why);
		for (phase = 0; phase < HMS_PHASE_NR; phase++)
			hms_latency_show_phase(m, &sum->phases[phase],
					       hms_latency_kinds[kind].name,
					       hms_phase_names[phase], sum->pages);
	}
	kfree(sum);
	return 0;
}

static int hms_latency_open(struct inode *inode, struct file *file)
{
	return single_open(file, hms_latency_show, NULL);
}

static void hms_latency_clear(void *unused)
{
	memset(this_cpu_ptr(hms_latencies), 0, sizeof(*hms_latencies));
}

/* Each CPU clears its own, so that nothing is added to what was there before. */
static void hms_latency_clear_all(void)
{
	unsigned int cpu;

	cpus_read_lock();
	for_each_possible_cpu(cpu) {
		if (!cpu_online(cpu))
			memset(per_cpu_ptr(hms_latencies, cpu), 0, sizeof(*hms_latencies));
	}
	on_each_cpu(hms_latency_clear, NULL, true);
	cpus_read_unlock();
}

static ssize_t hms_latency_write(struct file *file, const char __user *buf, size_t size,
				 loff_t *pos)
{
	unsigned int count;
	int ret = kstrtouint_from_user(buf, size, 0, &count);

	if (ret)
		return ret;
	if (count > 1)
		return -EINVAL;
	if (count) {
		hms_latency_clear_all();
		static_branch_enable(&hms_latency_counts);
	} else {
		static_branch_disable(&hms_latency_counts);
	}
	return size;
}

static const struct file_operations hms_latency_fops = {
	.owner = THIS_MODULE,
	.open = hms_latency_open,
	.read = seq_read,
	.write = hms_latency_write,
	.llseek = seq_lseek,
	.release = single_release,
};

/**
 * hms_latency_start - be ready to count
 *
 * Where there is no debugfs nobody can ask for it, and all goes on.
 *
 * Return: 0 or -ENOMEM.
 */
int hms_latency_start(void)
{
	hms_latencies = alloc_percpu(struct hms_latencies);
	if (!hms_latencies)
		return -ENOMEM;
	hms_debugfs = debugfs_create_dir("hms", NULL);
	debugfs_create_file("latency", 0600, hms_debugfs, NULL, &hms_latency_fops);
	return 0;
}

/**
 * hms_latency_stop - have no histograms any more
 *
 * Context: nothing moves any more.
 */
void hms_latency_stop(void)
{
	debugfs_remove_recursive(hms_debugfs);
	free_percpu(hms_latencies);
}
