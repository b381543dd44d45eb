/* SPDX-License-Identifier: GPL-2.0 */
/* What the verbs of hmsctl share. */
#ifndef HMSCTL_H
#define HMSCTL_H

#include <hms/hms.h>

enum {
	EXIT_OK		= 0,
	EXIT_FAIL	= 1,
	EXIT_USAGE	= 2,
	EXIT_PARTIAL	= 3,	/* done, but pages were skipped */
};

/**
 * struct verb - one verb
 * @name: as it is typed
 * @summary: one line for "hmsctl help"
 * @usage: what follows "hmsctl NAME", and the options
 * @run: gets argv from the verb on; returns an exit code
 */
struct verb {
	const char *name;
	const char *summary;
	const char *usage;
	int (*run)(const struct verb *verb, int argc, char **argv);
};

extern const struct verb verb_list, verb_migrate, verb_query, verb_check, verb_version;

/* "hmsctl: WHAT: reason" on stderr; return an exit code. */
int fail(const char *what, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int fail_open(int error);				/* hms_open() returned @error */
int fail_usage(const struct verb *verb, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* "16M" with K, M, G, T of 1024; false when it is none or does not fit. */
bool parse_size(const char *text, uint64_t *bytes);

/* "1,4,2": false when it is none, or longer than HMS_MAX_TARGETS. */
bool parse_uids(const char *text, uint32_t *uids, unsigned int *n);

/* "1.5G"; @text has room for 24. Returns @text. */
const char *human_size(uint64_t bytes, char *text);

/* "node0", or "uid 7" for an object that is not listed; @text has room for 24. */
const char *object_label(struct hms *hms, uint32_t uid, char *text);

#endif /* HMSCTL_H */
