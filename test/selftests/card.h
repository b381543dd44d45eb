/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A PCI device with memory, behind a port of its own, where the emulator plugs and unplugs it when
 * it is asked to; and hms_pcimem, its driver.
 */
#ifndef HMS_TEST_CARD_H
#define HMS_TEST_CARD_H

#include <stdbool.h>
#include <linux/types.h>

#define PCI		"/sys/bus/pci/devices"
#define PCIMEM_DRIVER	"/sys/bus/pci/drivers/hms_pcimem"

struct card {
	char name[32];		/* of the PCI device */
	char port[32];		/* and of its port */
	__u8 bus;		/* that the port leads to, when it is hidden */
	__u64 bar;		/* where its memory is */
	__u64 size;
};

const char *pci_path(const char *device, const char *file);

bool card_has_driver(const char *device);
int card_bind(const char *device);
int card_bind_new(const char *device);
int card_unbind(const char *device);
int card_forget(const char *device);
int card_driver_unload(void);
__u32 card_target(const char *device);

int card_share(void);
bool card_find(struct card *card);
bool card_is_there(const struct card *card);
void card_ask_unplug(void);
void card_ask_plug(void);
bool card_becomes(const struct card *card, bool plugged);
int card_hide(struct card *card);
int card_show(struct card *card);

#endif /* HMS_TEST_CARD_H */
