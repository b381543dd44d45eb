/* SPDX-License-Identifier: GPL-2.0 */
/* Options and arguments of a verb. */
#ifndef HMSCTL_OPTIONS_H
#define HMSCTL_OPTIONS_H

#include <getopt.h>
#include <limits.h>

#include "hmsctl.h"

/**
 * struct opt - an option
 * @letter: "-x", and 0 ends a list
 * @name: "--name"
 * @take: stores a value at @to; returns NULL, or why it is none. NULL: the option has no value,
 *	and @to is a bool that becomes true
 * @to: where it goes
 */
struct opt {
	char letter;
	const char *name;
	const char *(*take)(char *text, void *to);
	void *to;
};

#define ANY_NUMBER_OF_ARGS	INT_MAX

/*
 * Take the options of a verb; its arguments, of which there have to be @min to @max, are in argv
 * from optind on. Returns an exit code.
 */
int parse_options(const struct verb *verb, int argc, char **argv, const struct opt *opts, int min,
		  int max);

/* For @take: a const char *; a uint64_t that is not 0, plain or as "16M"; an enum hms_mode. */
const char *take_text(char *text, void *to);
const char *take_number(char *text, void *to);
const char *take_size(char *text, void *to);
/* To an int: 0 to HMS_PRIORITY_MAX. */
const char *take_priority(char *text, void *to);
const char *take_mode(char *text, void *to);

#endif /* HMSCTL_OPTIONS_H */
