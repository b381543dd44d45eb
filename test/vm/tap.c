// SPDX-License-Identifier: GPL-2.0
/* Judging a program by the TAP that it prints, as kselftest_harness.h writes it. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>

#include "init.h"

#define EXIT_SKIP 4	/* kselftest: the program as a whole was skipped */

struct tap {
	const char *test;
	long promised;		/* -1 until a plan line was seen */
	long seen;
	long failed;
	char reason[256];	/* the first remark since the last result */
};

static const char *skip_space(const char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

/* What the harness says around each test is no reason. */
static bool is_chatter(const char *text)
{
	static const char *const words[] = { "RUN ", "OK ", "FAIL ", "Starting ", "Totals:",
					     "PASSED:", "FAILED:", "TAP version" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strncmp(text, words[i], strlen(words[i])))
			return true;
	return !*text || strstr(text, ": Test failed");
}

static void tap_remark(struct tap *tap, const char *line)
{
	const char *text = skip_space(*line == '#' ? line + 1 : line);

	report_comment("%s| %s", tap->test, line);
	if (!*tap->reason && !is_chatter(text))
		snprintf(tap->reason, sizeof(tap->reason), "%s", text);
}

/* "NUMBER - NAME # DIRECTIVE REASON", each part optional. */
static void tap_result(struct tap *tap, bool ok, const char *rest)
{
	char *name, *hash, *directive = NULL, *full;
	size_t len;

	tap->seen++;
	rest = skip_space(rest);
	while (isdigit((unsigned char)*rest))
		rest++;
	rest = skip_space(rest);
	if (!strncmp(rest, "- ", 2))
		rest = skip_space(rest + 2);
	if (!strncmp(rest, "global.", 7))
		rest += 7;
	name = strdup(rest);

	hash = *name == '#' ? name : strstr(name, " #");
	if (hash) {
		directive = (char *)skip_space(strchr(hash, '#') + 1);
		*hash = '\0';
	}
	len = strlen(name);
	while (len && isspace((unsigned char)name[len - 1]))
		name[--len] = '\0';
	if (asprintf(&full, "%s%s%s", tap->test, *name ? "." : "", name) < 0)
		return;

	if (ok && directive && !strncasecmp(directive, "SKIP", 4)) {
		report_skip(full, "%s", skip_space(directive + 4));
	} else if (ok && directive && !strncasecmp(directive, "XFAIL", 5)) {
		report_skip(full, "fails as expected: %s", skip_space(directive + 5));
	} else if (ok && !(directive && !strncasecmp(directive, "XPASS", 5))) {
		report_pass(full);
	} else {
		tap->failed++;
		report_fail(full, "%s", directive && *directive ? directive :
			    *tap->reason ? tap->reason : "it gave no reason");
	}
	*tap->reason = '\0';
	free(full);
	free(name);
}

static void tap_line(void *data, const char *line)
{
	struct tap *tap = data;
	char *end;

	if (!strncmp(line, "ok ", 3)) {
		tap_result(tap, true, line + 3);
	} else if (!strncmp(line, "not ok ", 7)) {
		tap_result(tap, false, line + 7);
	} else if (!strncmp(line, "1..", 3) && isdigit((unsigned char)line[3])) {
		tap->promised = strtol(line + 3, &end, 10);
		end = (char *)skip_space(end);
		if (!tap->promised && *end == '#') {
			end = (char *)skip_space(end + 1);
			tap_remark(tap, strncasecmp(end, "SKIP ", 5) ? end : end + 5);
		}
	} else if (!strncmp(line, "% ", 2)) {
		report_ask(line + 2);
	} else {
		tap_remark(tap, line);
	}
}

/* False when a process could not be killed: nothing run after that would tell anything. */
bool tap_run(const char *name, unsigned int timeout, char **argv)
{
	struct tap tap = { .test = name, .promised = -1 };
	const char *trouble;
	struct ending end;
	int code;

	end = program_run(argv, timeout, tap_line, &tap);
	code = WEXITSTATUS(end.status);
	trouble = ending_text(&end);
	if (trouble)
		report_fail(name, "%s, after %ld results%s%s", trouble, tap.seen,
			    *tap.reason ? "; " : "", tap.reason);
	else if (code == EXIT_SKIP && !tap.seen)
		report_skip(name, "%s", *tap.reason ? tap.reason : "it gave no reason");
	else if (code == 127 && !tap.seen)
		report_fail(name, "%s", *tap.reason ? tap.reason : "exit code 127");
	else if (tap.promised < 0)
		report_fail(name, "no plan line (1..N), %ld results, exit code %d", tap.seen, code);
	else if (tap.promised != tap.seen)
		report_fail(name, "%ld results promised, %ld given", tap.promised, tap.seen);
	else if (code && code != EXIT_SKIP && !tap.failed)
		report_fail(name, "exit code %d though nothing failed", code);
	else if (!code && tap.failed)
		report_fail(name, "exit code 0 though %ld failed", tap.failed);
	else if (!tap.seen)
		report_fail(name, "no results");
	return !end.stuck;
}
