/* SPDX-License-Identifier: GPL-2.0 */
/* What the verbs of hmsctl share. */
#ifndef HMSCTL_H
#define HMSCTL_H

#include <stdio.h>

#include <hms/hms.h>

enum {
	EXIT_OK		= 0,
	EXIT_FAIL	= 1,
	EXIT_USAGE	= 2,
	EXIT_PARTIAL	= 3,	/* done, but pages were skipped */
	EXIT_NO_EXEC	= 126,	/* a command that can't be run, as shells say it */
	EXIT_NO_COMMAND	= 127,	/* and one that is not there */
};

/**
 * struct verb - one verb
 * @name: as it is typed
 * @summary: one line for "hmsctl help"
 * @usage: what follows "hmsctl NAME", and the options
 * @command: its arguments are a command, with options of its own
 * @run: gets argv from the verb on; returns an exit code
 */
struct verb {
	const char *name;
	const char *summary;
	const char *usage;
	bool command;
	int (*run)(const struct verb *verb, int argc, char **argv);
};

extern const struct verb verb_list, verb_select, verb_best, verb_path, verb_near, verb_topology;
extern const struct verb verb_monitor, verb_set, verb_measure, verb_sim;
extern const struct verb verb_migrate, verb_query, verb_where, verb_policy, verb_run;
extern const struct verb verb_check, verb_version;

/* "hmsctl: WHAT: reason" on stderr; return an exit code. */
int fail(const char *what, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int fail_open(int error);				/* hms_open() returned @error */
int fail_usage(const struct verb *verb, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The map in the file @from, this machine's when that is NULL. Returns an exit code. */
int open_map(const char *from, struct hms **hms);

/* The object that a person means; returns an exit code. */
int find_object(const struct verb *verb, struct hms *hms, enum hms_type type, const char *name,
		const struct hms_object **object);

/* An error of libhms as an exit code, with its reason said. */
int fail_hms(const struct verb *verb, const struct hms *hms, int error);

/* Print an object of JSON, and free it. */
struct json_object;
void print_json_text(struct json_object *object);
void add_number(struct json_object *to, const char *key, uint64_t number);

/* The name of an object, or NULL: it has none, or it is gone. */
struct json_object *object_name(struct hms *hms, uint32_t uid);

/* "3,1": at most HMS_MAX_TARGETS of them; false for another text. */
bool parse_numbers(const char *text, uint32_t *numbers, unsigned int *n);

/*
 * Targets of a request: "1,4,2", or a text for hms_select(). Uids are taken as they are, so that
 * the module says what is wrong with them. Returns an exit code.
 */
int parse_targets(const struct verb *verb, struct hms *hms, const char *text, uint32_t *uids,
		  unsigned int *n);

/* Since some moment, by a clock that nobody sets. */
uint64_t now_ns(void);

/* "1.5G"; @text has room for 24. Returns @text. */
const char *human_size(uint64_t bytes, char *text);

/* The same, or with @plain the number. */
void print_size(FILE *f, bool plain, uint64_t bytes);

/* "1.5TB/s", "80ns"; the same. */
const char *human_value(enum hms_attribute attribute, uint32_t value, char *text);

/* "node0", or "uid 7" for an object that is not listed; @text has room for 24. */
const char *object_label(struct hms *hms, uint32_t uid, char *text);

#endif /* HMSCTL_H */
