// SPDX-License-Identifier: GPL-2.0
/* The verdict channel: the second serial port. Everything is shown on the console as well. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "init.h"

static int channel = -1;
static unsigned int passed, failed, skipped;

/* O_NONBLOCK and CLOCAL: a serial port without them waits for a modem. */
void report_open(void)
{
	struct termios raw;

	channel = open("/dev/ttyS1", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (channel < 0 || tcgetattr(channel, &raw) < 0) {
		fprintf(stderr, "init: no verdict channel: %s\n", strerror(errno));
		return;
	}
	cfmakeraw(&raw);
	raw.c_cflag |= CLOCAL;
	tcsetattr(channel, TCSANOW, &raw);
	fcntl(channel, F_SETFL, 0);
}

static void put(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		text += n;
		len -= n;
	}
}

/* A record is one line, whatever a program printed: what would split or hide it is replaced. */
static void emit(const char *kind, const char *text, const char *more, const char *reason)
{
	char *line;
	int len, i;

	len = asprintf(&line, "%s%s%s%s\n", kind, text, more, reason);
	if (len < 0)
		return;
	for (i = 0; i < len - 1; i++) {
		unsigned char c = line[i];

		if ((c < ' ' && c != '\t' && c != '\033') || c == 0x7f)
			line[i] = '?';
	}
	put(channel, line, len);
	put(STDOUT_FILENO, line, len);
	free(line);
}

/* Sent before the step begins: a panic takes along what is still in a buffer. */
void report_step(const char *name)
{
	emit("@ ", name, "", "");
	tcdrain(channel);
}

void report_output(const char *line)
{
	emit("> ", line, "", "");
}

void report_ask(const char *command)
{
	emit("% ", command, "", "");
}

static char *format(const char *fmt, va_list args)
{
	char *text;

	return vasprintf(&text, fmt, args) < 0 ? NULL : text;
}

void report_comment(const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = format(fmt, args);
	va_end(args);
	emit("# ", text ?: fmt, "", "");
	free(text);
}

void report_pass(const char *name)
{
	passed++;
	emit("ok - ", name, "", "");
}

void report_fail(const char *name, const char *fmt, ...)
{
	va_list args;
	char *reason;

	va_start(args, fmt);
	reason = format(fmt, args);
	va_end(args);
	failed++;
	emit("not ok - ", name, " # ", reason ?: fmt);
	free(reason);
}

void report_skip(const char *name, const char *fmt, ...)
{
	va_list args;
	char *reason;

	va_start(args, fmt);
	reason = format(fmt, args);
	va_end(args);
	skipped++;
	emit("ok - ", name, " # SKIP ", reason ?: fmt);
	free(reason);
}

void report_complete(void)
{
	char counts[64];

	snprintf(counts, sizeof(counts), "%u %u %u", passed, failed, skipped);
	emit("hms-verdict: complete ", counts, "", "");
	tcdrain(channel);
	tcdrain(STDOUT_FILENO);
}
