// SPDX-License-Identifier: GPL-2.0
/*
 * Watching the kernel log. What a kernel prints when something is wrong with it fails the step that
 * was running, whatever that step's own result.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "init.h"

#define LINES_AFTER 60
#define LINES_MAX 240

/*
 * kmemleak's "new suspected memory leaks" is not here: the step kmemleak reports it, with the
 * backtraces. '^' stands for the beginning of a line.
 */
static const char *const splats[] = {
	"WARNING:",
	"BUG:",
	"^BUG ",
	"Oops",
	"KASAN:",
	"KFENCE:",
	"KCSAN:",
	"UBSAN:",
	"kernel BUG",
	"general protection",
	"double fault",
	"Kernel panic",
	"stack segment",
	"possible circular locking",
	"possible recursive locking",
	"inconsistent lock state",
	"suspicious RCU usage",
	"DEBUG_LOCKS_WARN",
	"trying to register non-static key",
	"INFO: rcu",
	"detected stalls",
	"self-detected stall",
	"blocked for more than",
	"soft lockup",
	"hard LOCKUP",
	"scheduling while atomic",
	"sleeping function called",
	"refcount_t:",
	"ref_tracker:",
	"list_add corruption",
	"list_del corruption",
	"Bad page state",
	"Bad rss-counter",
	"non-zero pgtables_bytes",
	"page_table_check",
	"ODEBUG:",
	"unregister_netdevice",
	"Slab cache still has objects",
	"cannot create duplicate filename",
	"VM_BUG_ON",
	"page dumped because",
};

/* How core tells that memory which goes offline has a page that is held: it tries again. */
static const char *const harmless[] = {
	"page dumped because: isolation failed",
	"page dumped because: migration failure",
};

/* Taint that only trouble brings: machine check, bad page, die, warn, soft lockup. */
#define TAINT_TROUBLE (1ul << 4 | 1ul << 5 | 1ul << 7 | 1ul << 9 | 1ul << 14)

static int log_fd = -1;
static unsigned long tainted;
static struct {
	unsigned int found;	/* splats */
	unsigned int left;	/* lines still to be kept */
	unsigned int kept;
	char *lines[LINES_MAX];
	char first[160];
} seen;

/* Opening /dev/kmsg starts at the oldest record: boot is watched too. */
void kmsg_open(void)
{
	log_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (log_fd < 0)
		report_fail("kernel log", "/dev/kmsg: %s", strerror(errno));
}

int kmsg_fd(void)
{
	return log_fd;
}

static bool is_splat(const char *text)
{
	const char *at;
	size_t i;

	for (i = 0; i < sizeof(harmless) / sizeof(*harmless); i++) {
		if (!strcmp(text, harmless[i]))
			return false;
	}
	for (i = 0; i < sizeof(splats) / sizeof(*splats); i++) {
		if (*splats[i] == '^') {
			if (!strncmp(text, splats[i] + 1, strlen(splats[i] + 1)))
				return true;
			continue;
		}
		/* "DEBUG:" is no "BUG:". */
		for (at = text; (at = strstr(at, splats[i])); at++)
			if (at == text || !isalnum((unsigned char)at[-1]))
				return true;
	}
	return false;
}

static void keep(const char *text)
{
	if (!seen.left)
		return;
	seen.left--;
	if (seen.kept < LINES_MAX)
		seen.lines[seen.kept++] = strdup(text);
	if (strstr(text, "---[ end trace"))
		seen.left = 0;
}

static void splat(const char *text)
{
	if (!seen.found++)
		snprintf(seen.first, sizeof(seen.first), "%s", text);
	seen.left = LINES_AFTER;
}

void kmsg_read(void)
{
	char record[8192], *text;
	ssize_t n;

	for (;;) {
		n = read(log_fd, record, sizeof(record) - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EPIPE) {
			splat("the kernel log overran, lines are lost");
			keep(seen.first);
			continue;
		}
		if (n <= 0)
			return;
		record[n] = '\0';
		text = strchr(record, ';');
		if (!text)
			continue;
		text++;
		text[strcspn(text, "\n")] = '\0';
		if (is_splat(text))
			splat(text);
		keep(text);
	}
}

/* For a splat whose text was lost, or that is not in the table. */
static void check_taint(void)
{
	char *text = file_read("/proc/sys/kernel/tainted", NULL);
	unsigned long now = text ? strtoul(text, NULL, 10) : 0, added = now & ~tainted;

	free(text);
	tainted = now;
	if ((added & TAINT_TROUBLE) && !seen.found) {
		splat("the kernel has tainted itself, without a line that this program knows");
		keep(seen.first);
		report_comment("kernel| taint %#lx", added);
	}
}

/* A splat is printed line by line: wait for the rest of one that has begun. */
static void wait_for_rest(void)
{
	struct pollfd polled = { .fd = log_fd, .events = POLLIN };

	while (seen.left && poll(&polled, 1, 200) > 0)
		kmsg_read();
}

void kmsg_settle(const char *step)
{
	char name[160];
	unsigned int i;

	kmsg_read();
	check_taint();
	wait_for_rest();
	if (!seen.found)
		return;
	for (i = 0; i < seen.kept; i++) {
		report_comment("kernel| %s", seen.lines[i]);
		free(seen.lines[i]);
	}
	snprintf(name, sizeof(name), "splat during %s", step);
	report_fail(name, "%s", seen.first);
	seen.found = seen.left = seen.kept = 0;
}
