// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <linux/pci_regs.h>

#include "card.h"
#include "hms_test.h"
#include "maptest.h"
#include "module.h"

/* The number of the memory plugged in last, by all processes of a program, and its first. */
static volatile int *plugs;
static int first;

/* So many of those before it are asked away each time. */
#define MAY_BE_LEFT	4

/* Before anything is plugged in, and before all forks. Programs have numbers of their own. */
int card_share(void)
{
	plugs = mmap(NULL, sizeof(*plugs), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (plugs == MAP_FAILED)
		return -errno;
	first = getpid() * 1000;
	*plugs = first;
	return 0;
}

const char *pci_path(const char *device, const char *file)
{
	static char path[192];

	snprintf(path, sizeof(path), PCI "/%s%s%s", device, *file ? "/" : "", file);
	return path;
}

/* The link leads through the folder of the port. */
static void port_find(struct card *card)
{
	char link[256], *name;
	ssize_t n = readlink(pci_path(card->name, ""), link, sizeof(link) - 1);

	if (n < 0)
		return;
	link[n] = '\0';
	name = strrchr(link, '/');
	if (!name)
		return;
	*name = '\0';
	snprintf(card->port, sizeof(card->port), "%s", strrchr(link, '/') + 1);
}

/* The device that can be unplugged is on no root bus. */
bool card_find(struct card *card)
{
	bool found = false;
	char text[2048];
	glob_t all;

	if (glob(PCI "/*", 0, NULL, &all))
		return false;
	for (size_t i = 0; i < all.gl_pathc && !found; i++) {
		const char *name = strrchr(all.gl_pathv[i], '/') + 1;
		unsigned long first, last;

		if (!strncmp(name, "0000:00:", 8) ||
		    number_read(pci_path(name, "vendor")) != 0x1af4 ||
		    number_read(pci_path(name, "device")) != 0x1110 ||
		    text_read(pci_path(name, "resource"), text, sizeof(text)) ||
		    sscanf(text, "%*x %*x %*x %*x %*x %*x %lx %lx", &first, &last) != 2)
			continue;
		snprintf(card->name, sizeof(card->name), "%s", name);
		port_find(card);
		card->bar = first;
		card->size = last - first + 1;
		found = true;
	}
	globfree(&all);
	return found;
}

bool card_is_there(const struct card *card)
{
	return !access(pci_path(card->name, ""), F_OK);
}

bool card_has_driver(const char *device)
{
	return !access(pci_path(device, "driver"), F_OK);
}

int card_bind(const char *device)
{
	return text_write(pci_path(device, "driver_override"), "hms_pcimem") ?:
	       text_write(PCIMEM_DRIVER "/bind", device);
}

/*
 * One that was just plugged in: it is seen a moment before it can be bound, and then the kernel may
 * be the one that binds it.
 */
int card_bind_new(const char *device)
{
	const struct timespec tick = { .tv_nsec = 10000000 };
	int ret = -ENODEV;

	for (int i = 0; i < 1000 && (ret == -ENODEV || ret == -ENOENT); i++) {
		ret = card_bind(device);
		if (ret)
			nanosleep(&tick, NULL);
	}
	return ret == -EBUSY ? 0 : ret;
}

int card_unbind(const char *device)
{
	return text_write(PCIMEM_DRIVER "/unbind", device);
}

/* Nobody's, also when the module comes again. */
int card_forget(const char *device)
{
	return text_write(pci_path(device, "driver_override"), "\n");
}

/* Coherent memory that is online holds the module. */
int card_driver_unload(void)
{
	glob_t found;

	if (!module_is_loaded("hms_pcimem"))
		return 0;
	if (!glob(PCIMEM_DRIVER "/*:*", 0, NULL, &found)) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			card_unbind(strrchr(found.gl_pathv[i], '/') + 1);
		globfree(&found);
	}
	return module_unload_wait("hms_pcimem");
}

/* The target of a device, 0 for none. */
__u32 card_target(const char *device)
{
	struct object o;
	char name[64];

	snprintf(name, sizeof(name), "pcimem-%s", device);
	return map_find("target", name, &o) ? o.uid : 0;
}

/* For the emulator; init hands it on. In one piece, as others may say something too. */
static void __attribute__((format(printf, 1, 2))) ask(const char *format, ...)
{
	char line[128] = "% ";
	va_list ap;
	size_t n;

	va_start(ap, format);
	vsnprintf(line + 2, sizeof(line) - 3, format, ap);
	va_end(ap);
	n = strlen(strcat(line, "\n"));
	if (write(STDOUT_FILENO, line, n) != (ssize_t)n)
		abort();
}

void card_ask_unplug(void)
{
	ask("device_del card");
}

/*
 * The emulator does not survive memory that was plugged in before, or nearly: this is new. What it
 * can't do it refuses: also to take memory away that a card has, which may be not the last one.
 */
void card_ask_plug(void)
{
	int n = ++*plugs;

	ask("object_add memory-backend-ram,id=card%d,size=16M,share=on", n);
	ask("device_add ivshmem-plain,id=card,memdev=card%d,bus=card-slot", n);
	for (int old = n - 1; old >= first && old >= n - MAY_BE_LEFT; old--)
		ask("object_del card%d", old == first ? 0 : old);
}

/* Asked once more from time to time: it refuses what comes too soon after the other. */
bool card_becomes(const struct card *card, bool plugged)
{
	const struct timespec tick = { .tv_nsec = 10000000 };
	bool is = card_is_there(card);

	if (is == plugged)
		return true;
	for (int i = 0; i < 12000 && is != plugged; i++) {
		if (i % 100)
			nanosleep(&tick, NULL);
		else if (plugged)
			card_ask_plug();
		else
			card_ask_unplug();
		is = card_is_there(card);
	}
	return is == plugged;
}

static int port_number(const struct card *card, off_t at, __u8 *number, bool write)
{
	int fd = open(pci_path(card->port, "config"), O_RDWR | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if ((write ? pwrite(fd, number, 1, at) : pread(fd, number, 1, at)) != 1)
		ret = -EIO;
	close(fd);
	return ret;
}

/*
 * As if it was pulled out without notice: the port leads to another bus, and nothing answers that
 * asks for the card. Its memory is there still, which no card would do.
 */
int card_hide(struct card *card)
{
	__u8 nowhere = 0xfe;

	return port_number(card, PCI_SECONDARY_BUS, &card->bus, false) ?:
	       port_number(card, PCI_SECONDARY_BUS, &nowhere, true);
}

/* It is to be seen again, and the kernel has not found out before, or was told to remove it. */
int card_show(struct card *card)
{
	return port_number(card, PCI_SECONDARY_BUS, &card->bus, true) ?:
	       text_write(pci_path(card->port, "rescan"), "1");
}
