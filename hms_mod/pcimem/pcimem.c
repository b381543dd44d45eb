// SPDX-License-Identifier: GPL-2.0
/*
 * hms_pcimem: serves the memory behind a BAR of a PCI device, private or coherent.
 *
 * For devices whose memory is all that they have to offer: nothing but the CPU reads and writes
 * what is put there. It takes no device by itself, as there may be a driver that knows more of it:
 * tell it by driver_override or new_id, see doc/install.md.
 */

#include <linux/align.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/memremap.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pm.h>
#include <linux/sizes.h>

#include <hms/driver.h>

/* Read when a device is bound. */
static int bar = -1;
module_param(bar, int, 0644);
MODULE_PARM_DESC(bar, "which BAR, 0 to 5; -1: the largest that is prefetchable");

static bool coherent = !IS_ENABLED(CONFIG_DEVICE_PRIVATE);
module_param(coherent, bool, 0644);
MODULE_PARM_DESC(coherent, "CPUs load from it where it is; off: it is private, where the kernel has that");

/**
 * struct hms_pcimem - a device
 * @target: its memory in the map
 * @link: from the CPUs to it; NULL when they can't load from it
 */
struct hms_pcimem {
	struct hms_target *target;
	struct hms_link *link;
};

static bool hms_pcimem_is_present(struct hms_target *target)
{
	return pci_device_is_present(hms_target_drvdata(target));
}

/* Does a page end in ones? All that is read from a device that was pulled out is. */
static bool hms_pcimem_ends_in_ones(struct page *page)
{
	u64 *words = hms_map_page(page), last = words[PAGE_SIZE / sizeof(*words) - 1];

	hms_unmap_page(page, words);
	return last == U64_MAX;
}

/*
 * All of them are copied by the CPU, one to the other too. One that was pulled out meanwhile takes
 * all, and gives ones, without a word.
 */
static int hms_pcimem_copy(struct hms_target *target, const struct hms_copy *pages, unsigned int n)
{
	const struct hms_copy *last = &pages[n - 1];
	struct hms_target *from;
	int ret = hms_copy_with_cpu(target, pages, n);

	if (ret)
		return ret;
	from = last->src && is_zone_device_page(last->src) ? hms_target_of_page(last->src) : NULL;
	if (from && hms_pcimem_ends_in_ones(last->dst) && !hms_pcimem_is_present(from))
		return -EIO;
	return from == target || hms_pcimem_is_present(target) ? 0 : -EIO;
}

static const struct hms_target_ops hms_pcimem_ops = {
	.copy = hms_pcimem_copy,
};

static bool hms_pcimem_is_memory(struct pci_dev *pdev, int i)
{
	return pci_resource_flags(pdev, i) & IORESOURCE_MEM && pci_resource_len(pdev, i);
}

/* Reading may have side effects in what is not prefetchable: only who asks for it gets that. */
static int hms_pcimem_find_bar(struct pci_dev *pdev)
{
	int wanted = READ_ONCE(bar), best = -1, i;

	if (wanted != -1) {
		if (wanted >= 0 && wanted < PCI_STD_NUM_BARS && hms_pcimem_is_memory(pdev, wanted))
			return wanted;
		return dev_err_probe(&pdev->dev, -EINVAL, "BAR %d is no memory\n", wanted);
	}
	for (i = 0; i < PCI_STD_NUM_BARS; i++) {
		if (hms_pcimem_is_memory(pdev, i) &&
		    pci_resource_flags(pdev, i) & IORESOURCE_PREFETCH &&
		    (best < 0 || pci_resource_len(pdev, i) > pci_resource_len(pdev, best)))
			best = i;
	}
	if (best < 0)
		return dev_err_probe(&pdev->dev, -ENODEV, "no BAR is prefetchable memory\n");
	return best;
}

/* Private memory: ours to map, and nobody else's. */
static int hms_pcimem_map(struct pci_dev *pdev, int i, struct hms_target_desc *desc)
{
	resource_size_t start = pci_resource_start(pdev, i);

	desc->size = ALIGN_DOWN(pci_resource_len(pdev, i), PAGE_SIZE);
	if (!desc->size)
		return dev_err_probe(&pdev->dev, -EINVAL, "BAR %d is smaller than a page\n", i);
	if (!devm_request_mem_region(&pdev->dev, start, desc->size, pci_name(pdev)))
		return dev_err_probe(&pdev->dev, -EBUSY, "BAR %d is in use\n", i);
	/* Nobody but the CPU looks, so that its caches may have what is not written yet. */
	desc->memory = devm_memremap(&pdev->dev, start, desc->size, MEMREMAP_WB);
	return PTR_ERR_OR_ZERO(desc->memory);
}

/* Coherent memory: the core takes the part of it that page tables can lead to. */
static int hms_pcimem_trim(struct pci_dev *pdev, int i, struct hms_target_desc *desc)
{
	u64 start = pci_resource_start(pdev, i), len = pci_resource_len(pdev, i);
	u64 first = ALIGN(start, SZ_2M), end = ALIGN_DOWN(start + len, SZ_2M);

	if (end <= first)
		return dev_err_probe(&pdev->dev, -EINVAL,
				     "BAR %d has no 2 MiB at a multiple of 2 MiB\n", i);
	if (end - first < len)
		pci_info(pdev, "%llu KiB of BAR %d are left out: not at multiples of 2 MiB\n",
			 (len - (end - first)) / SZ_1K, i);
	desc->range = first;
	desc->size = end - first;
	return 0;
}

static void hms_pcimem_unregister(struct hms_pcimem *mem)
{
	hms_link_unregister(mem->link);
	hms_target_unregister(mem->target);
}

static int hms_pcimem_register(struct pci_dev *pdev, const struct hms_target_desc *desc,
			       struct hms_pcimem *mem)
{
	int ret;

	mem->target = hms_target_register(desc);
	ret = PTR_ERR_OR_ZERO(mem->target);
	if (ret == -EOPNOTSUPP)
		return dev_err_probe(&pdev->dev, ret,
				     "no private memory without CONFIG_DEVICE_PRIVATE; set coherent\n");
	if (ret)
		return dev_err_probe(&pdev->dev, ret, "its memory can't be registered\n");
	if (!desc->range)
		return 0;

	mem->link = hms_link_register(desc->name, desc->parent);
	ret = PTR_ERR_OR_ZERO(mem->link) ?: hms_link_add_target(mem->link, mem->target) ?:
	      hms_link_add_cpus(mem->link);
	if (ret)
		hms_pcimem_unregister(mem);
	return ret;
}

static int hms_pcimem_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct hms_target_desc desc = {
		.parent = &pdev->dev,
		.ops = &hms_pcimem_ops,
		.peers = (void *)&hms_pcimem_ops,
		.drvdata = pdev,
		.owner = THIS_MODULE,
	};
	struct hms_pcimem *mem;
	int i, ret;

	i = hms_pcimem_find_bar(pdev);
	if (i < 0)
		return i;
	mem = devm_kzalloc(&pdev->dev, sizeof(*mem), GFP_KERNEL);
	desc.name = devm_kasprintf(&pdev->dev, GFP_KERNEL, "pcimem-%s", pci_name(pdev));
	if (!mem || !desc.name)
		return -ENOMEM;
	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	ret = READ_ONCE(coherent) ? hms_pcimem_trim(pdev, i, &desc) :
				    hms_pcimem_map(pdev, i, &desc);
	if (!ret)
		ret = hms_pcimem_register(pdev, &desc, mem);
	if (ret)
		return ret;
	pci_set_drvdata(pdev, mem);
	pci_info(pdev, "%llu MiB of BAR %d are %s memory\n", desc.size / SZ_1M, i,
		 desc.range ? "coherent" : "private");
	return 0;
}

/*
 * What programs have there comes home before the BAR goes. Pins are waited for. From a device that
 * was pulled out everything reads as ones, and that is not what programs are to find.
 */
static void hms_pcimem_remove(struct pci_dev *pdev)
{
	struct hms_pcimem *mem = pci_get_drvdata(pdev);

	if (!pci_device_is_present(pdev) && hms_target_gone(mem->target) == -EOPNOTSUPP)
		pci_err(pdev, "it is gone, and so is what programs had there\n");
	hms_pcimem_unregister(mem);
}

/* Without power the memory forgets. It is emptied while swap and file systems still work. */
static int hms_pcimem_prepare(struct device *dev)
{
	struct hms_pcimem *mem = dev_get_drvdata(dev);
	int ret = hms_target_suspend(mem->target);

	if (ret)
		dev_err(dev, "it can't sleep: not all of its pages came home, error %d\n", ret);
	return ret;
}

static void hms_pcimem_complete(struct device *dev)
{
	struct hms_pcimem *mem = dev_get_drvdata(dev);

	hms_target_resume(mem->target);
}

static const struct dev_pm_ops hms_pcimem_pm_ops = {
	.prepare = pm_sleep_ptr(hms_pcimem_prepare),
	.complete = pm_sleep_ptr(hms_pcimem_complete),
};

static struct pci_driver hms_pcimem_driver = {
	.name = "hms_pcimem",
	.probe = hms_pcimem_probe,
	.remove = hms_pcimem_remove,
	.driver.pm = &hms_pcimem_pm_ops,
};

module_pci_driver(hms_pcimem_driver);

MODULE_DESCRIPTION("Memory of PCI devices for HMS");
MODULE_LICENSE("GPL");
MODULE_INFO(staging, "Y");
