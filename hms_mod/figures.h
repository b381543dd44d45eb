/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_FIGURES_H
#define _HMS_FIGURES_H

#include <linux/hms.h>

/**
 * struct hms_figures_device - a device that the firmware names as an initiator
 * @nid: its node
 * @pci: it is a PCI device, and what follows says which
 * @segment: PCI segment
 * @bdf: PCI bus, device and function
 */
struct hms_figures_device {
	int nid;
	bool pci;
	u16 segment;
	u16 bdf;
};

void hms_figures_values(int initiator, int target, struct hms_value values[HMS_ATTRIBUTES]);
bool hms_figures_reach(int initiator, int target);
unsigned int hms_figures_caches(int nid, const struct hms_cache **caches);
const struct hms_figures_device *hms_figures_device(unsigned int n);

int hms_figures_start(void);
void hms_figures_stop(void);

#endif /* _HMS_FIGURES_H */
