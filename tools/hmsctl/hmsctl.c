// SPDX-License-Identifier: GPL-2.0
/* hmsctl: finds the verb and runs it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hmsctl.h"

static int run_help(const struct verb *verb, int argc, char **argv);

static const struct verb verb_help = {
	.name = "help",
	.summary = "explain a verb",
	.usage = "[VERB]\n",
	.run = run_help,
};

static const struct verb *const verbs[] = {
	&verb_list, &verb_topology, &verb_select, &verb_best, &verb_near, &verb_path,
	&verb_monitor, &verb_set, &verb_measure, &verb_sim,
	&verb_migrate, &verb_query, &verb_where, &verb_policy, &verb_run,
	&verb_check, &verb_version, &verb_help,
};

#define NR_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < NR_VERBS; i++)
		if (!strcmp(name, verbs[i]->name))
			return verbs[i];
	return NULL;
}

static void print_verbs(FILE *to)
{
	fprintf(to, "usage: hmsctl VERB [options]\n\n");
	for (size_t i = 0; i < NR_VERBS; i++)
		fprintf(to, "  %-8s  %s\n", verbs[i]->name, verbs[i]->summary);
	fprintf(to, "\n\"hmsctl help VERB\" has the options, hmsctl(1) the rest.\n");
}

static int print_usage(const struct verb *verb)
{
	printf("usage: hmsctl %s%s%s", verb->name, verb->usage[0] == '\n' ? "" : " ", verb->usage);
	return EXIT_OK;
}

static int run_help(const struct verb *verb, int argc, char **argv)
{
	const struct verb *about;

	if (argc > 2)
		return fail_usage(verb, "one verb at a time");
	if (argc < 2) {
		print_verbs(stdout);
		return EXIT_OK;
	}
	about = find_verb(argv[1]);
	if (!about)
		return fail_usage(verb, "no verb \"%s\"", argv[1]);
	return print_usage(about);
}

static int run(int argc, char **argv)
{
	const struct verb *verb;
	const char *name;

	if (argc < 2) {
		print_verbs(stderr);
		return EXIT_USAGE;
	}
	name = argv[1];
	if (!strcmp(name, "--list-cmds")) {
		for (size_t i = 0; i < NR_VERBS; i++)
			puts(verbs[i]->name);
		return EXIT_OK;
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		name = "help";
	else if (!strcmp(name, "--version") || !strcmp(name, "-V"))
		name = "version";
	verb = find_verb(name);
	if (!verb) {
		fprintf(stderr, "hmsctl: no verb \"%s\"; see \"hmsctl help\"\n", name);
		return EXIT_USAGE;
	}
	for (int i = 2; i < argc && !(verb->command && argv[i][0] != '-'); i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return print_usage(verb);
	return verb->run(verb, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	int ret = run(argc, argv);

	/* A full disk or a closed pipe must not look like success. */
	if ((fflush(stdout) || ferror(stdout)) && ret == EXIT_OK)
		return fail("output", "can't be written");
	return ret;
}
