// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Placing memory by plain requests: this is in programs that know nothing of it, so it brings no
 * library along and allocates nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/hms.h>

#include "place.h"
#include "preload.h"

static uint32_t targets[HMS_MAX_TARGETS];
static unsigned int ntargets;
static uint64_t mode, priority, instance;
static int device = -1;

bool place_wanted(void)
{
	return ntargets;
}

bool place_is_strict(void)
{
	return mode == HMS_MODE_BIND;
}

/* The value of a variable, or NULL. */
static const char *variable(char **environment, const char *name)
{
	size_t length = strlen(name);

	for (char **v = environment; v && *v; v++)
		if (!strncmp(*v, name, length) && (*v)[length] == '=')
			return *v + length + 1;
	return NULL;
}

static uint64_t number(char **environment, const char *name)
{
	const char *text = variable(environment, name);

	return text ? strtoull(text, NULL, 10) : 0;
}

/*
 * The descriptor is of one address space: a child of fork() needs its own. A program may close
 * what it does not know, and open something else with the number; so the old one is never closed.
 */
static int request(struct hms_hbind *b)
{
	int fd = __atomic_load_n(&device, __ATOMIC_RELAXED);

	if (fd >= 0 && !ioctl(fd, HMS_HBIND, b))
		return 0;
	if (fd >= 0 && errno != EBADF && errno != ENOTTY)
		return errno;
	fd = open("/dev/hms", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno;
	__atomic_store_n(&device, fd, __ATOMIC_RELAXED);
	return ioctl(fd, HMS_HBIND, b) ? errno : 0;
}

static struct hms_hbind hbind(const struct hms_modifier *modifiers, uint32_t nmodifiers)
{
	return (struct hms_hbind){
		.size = sizeof(struct hms_hbind),
		.version = HMS_VERSION_DEVICE,
		.instance = instance,
		.targets = (uintptr_t)targets,
		.modifiers = (uintptr_t)modifiers,
		.ntargets = ntargets,
		.nmodifiers = nmodifiers,
	};
}

/*
 * All other memory stays where it is, but goes to the targets when a device touches it; where they
 * have no room, the device goes to it. Nobody hears of an error: what it needs, hmsctl has tried.
 */
static void place_whole(void)
{
	const struct hms_modifier modifiers[] = {
		{ .key = HMS_MOD_MODE, .value = place_is_strict() ? HMS_MODE_PREFERRED : mode },
		{ .key = HMS_MOD_PRIORITY, .value = priority },
		{ .key = HMS_MOD_INHERIT, .value = 1 },
	};
	struct hms_hbind b = hbind(modifiers, 3);
	int kept = errno, error;

	b.flags = HMS_WHOLE;
	do {
		error = request(&b);
	} while (error == EINTR);
	/* Not every kernel lets a child inherit. */
	if (error == EOPNOTSUPP) {
		b.nmodifiers = 2;
		while (request(&b) == EINTR)
			;
	}
	errno = kept;
}

void place_init(char **environment)
{
	const char *text = variable(environment, PRELOAD_TARGETS);
	unsigned int n = 0;
	char *end;

	mode = number(environment, PRELOAD_MODE);
	priority = number(environment, PRELOAD_PRIORITY);
	instance = number(environment, PRELOAD_INSTANCE);
	while (text && *text && n < HMS_MAX_TARGETS) {
		targets[n++] = strtoul(text, &end, 10);
		text = *end == ',' ? end + 1 : NULL;
	}
	ntargets = n;
	if (n)
		place_whole();
}

bool place(void *start, size_t length)
{
	const struct hms_modifier modifiers[] = {
		{ .key = HMS_MOD_MODE, .value = mode },
		{ .key = HMS_MOD_PRIORITY, .value = priority },
		{ .key = HMS_MOD_MIGRATE, .value = HMS_MIGRATE_NOW },
		{ .key = HMS_MOD_POPULATE, .value = 1 },
	};
	struct hms_hbind b = hbind(modifiers, 4);
	uint64_t end = (uintptr_t)start + length, done = 0;
	int error, kept = errno;

	b.start = (uintptr_t)start;
	b.length = length;
	do {
		b.next = b.start;
		error = request(&b);
		done += b.moved + b.present + b.populated;
		b.start = b.next;
		b.length = end - b.next;
	} while (error == EINTR && b.length);
	errno = kept;
	return !place_is_strict() || (!error && done == length / sysconf(_SC_PAGESIZE));
}
