// SPDX-License-Identifier: GPL-2.0
/*
 * hmsctl run: a command with its memory on targets. Nodes alone are a mempolicy of the process,
 * which exec keeps; for others its allocator is replaced.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../preload/preload.h"
#include "options.h"
#include "program.h"

#define MAX_NODES	1024	/* more than any kernel has */
#define WORD		(8 * sizeof(unsigned long))

struct targets {
	uint32_t uids[HMS_MAX_TARGETS];
	unsigned int n;
	uint64_t instance;
	bool only_nodes;
	unsigned long nodes[MAX_NODES / WORD];
};

static int find_targets(const char *text, struct targets *t)
{
	const struct hms_object *target;
	uint64_t generation;
	struct hms *hms;
	int ret;

	ret = hms_open_topology(&hms);
	if (ret)
		return fail_open(ret);
	ret = parse_targets(&verb_run, hms, text, t->uids, &t->n);
	if (!ret && hms_generation(hms, &t->instance, &generation))
		ret = fail("run", "%s", hms_last_error(hms));
	t->only_nodes = true;
	for (unsigned int i = 0; i < t->n && !ret; i++) {
		if (hms_find_uid(hms, t->uids[i], &target) || target->type != HMS_TARGET)
			ret = fail("run", "no target %" PRIu32, t->uids[i]);
		else if (target->properties & HMS_PROP_DESCRIBED)
			ret = fail("run", "target %" PRIu32 " (%s) %s", t->uids[i], target->name,
				   hms_why_text(HMS_WHY_DESCRIBED));
		else if (target->kind == HMS_KIND_NODE && target->nid < MAX_NODES)
			t->nodes[target->nid / WORD] |= 1UL << target->nid % WORD;
		else
			t->only_nodes = false;
	}
	hms_close(hms);
	return ret;
}

static const char *mempolicy_error(int error)
{
	switch (error) {
	case EPERM:
		return "this process may not set a mempolicy (seccomp)";
	case EINVAL:
		return "none of these nodes is in the cpuset of this process";
	case ENOSYS:
		return "this kernel has no mempolicy";
	default:
		return strerror(error);
	}
}

static int set_mempolicy_of(const struct targets *t, int mode)
{
	static const int modes[] = {
		[HMS_MODE_BIND]		= MPOL_BIND,
		[HMS_MODE_PREFERRED]	= MPOL_PREFERRED_MANY,
		[HMS_MODE_INTERLEAVE]	= MPOL_INTERLEAVE,
	};

	/* The kernel takes one bit less than it is told. */
	if (syscall(SYS_set_mempolicy, (long)(modes[mode] | MPOL_F_STATIC_NODES), t->nodes,
		    MAX_NODES + 1L))
		return fail("run", "%s", mempolicy_error(errno));
	return EXIT_OK;
}

/* Beside the tool, where it is built, or where it is installed. */
static int find_library(char path[PATH_MAX])
{
	char self[PATH_MAX] = "";
	char *slash;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return fail("run", "/proc/self/exe: %s", strerror(errno));
	slash = strrchr(self, '/');
	if (slash)
		*slash = 0;
	if (snprintf(path, PATH_MAX, "%s/" PRELOAD_LIBRARY, self) < PATH_MAX &&
	    !access(path, R_OK))
		return EXIT_OK;
	snprintf(path, PATH_MAX, "%s", HMS_PRELOAD_DIR "/" PRELOAD_LIBRARY);
	if (!access(path, R_OK))
		return EXIT_OK;
	return fail("run", "no %s: %s", path, strerror(errno));
}

static int set_environment(const struct targets *t, int mode, int priority)
{
	char library[PATH_MAX], uids[HMS_MAX_TARGETS * 11 + 1], number[24];
	const char *others = getenv("LD_PRELOAD") ?: "";
	size_t at = 0;
	char *preload;
	int ret;

	ret = find_library(library);
	if (ret)
		return ret;
	/* The dynamic linker has no way to write these. */
	if (strpbrk(library, ": "))
		return fail("run", "%s can't be preloaded: a space or a colon is in its name",
			    library);
	for (unsigned int i = 0; i < t->n; i++)
		at += snprintf(uids + at, sizeof(uids) - at, "%s%" PRIu32, i ? "," : "",
			       t->uids[i]);
	if (asprintf(&preload, "%s%s%s", library, *others ? ":" : "", others) < 0)
		return fail("run", "%s", strerror(ENOMEM));
	snprintf(number, sizeof(number), "%" PRIu64, t->instance);
	ret = setenv("LD_PRELOAD", preload, 1) || setenv(PRELOAD_TARGETS, uids, 1) ||
	      setenv(PRELOAD_INSTANCE, number, 1);
	free(preload);
	snprintf(number, sizeof(number), "%d", mode);
	ret = ret || setenv(PRELOAD_MODE, number, 1);
	snprintf(number, sizeof(number), "%d", priority < 0 ? HMS_PRIORITY_DEFAULT : priority);
	if (ret || setenv(PRELOAD_PRIORITY, number, 1))
		return fail("run", "%s", strerror(errno));
	return EXIT_OK;
}

static int prepare_devices(const char *path, const char *name, const struct targets *t, int mode,
			   int priority)
{
	const char *why = program_refuses_preload(path);
	struct hms *hms;
	int ret;

	if (why)
		return fail("run", "%s can't have memory on devices: %s", name, why);
	/* The command will do the same, and nobody would hear of an error. */
	ret = hms_open(&hms);
	if (ret)
		return fail_open(ret);
	hms_close(hms);
	return set_environment(t, mode, priority);
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct targets targets = { 0 };
	const char *text = NULL;
	int mode = HMS_MODE_PREFERRED, priority = -1, error, ret;
	char path[PATH_MAX];
	const struct opt opts[] = {
		{ 't', "target", take_text, &text },
		{ 'm', "mode",	 take_mode, &mode },
		{ 'p', "priority", take_priority, &priority },
		{ }
	};

	ret = parse_options(verb, argc, argv, opts, 1, ANY_NUMBER_OF_ARGS);
	if (ret)
		return ret;
	if (!text)
		return fail_usage(verb, "where? --target TARGETS, from \"hmsctl list\"");
	if (mode == HMS_MODE_DEFAULT || mode == HMS_MODE_WEIGHTED)
		return fail_usage(verb, "mode %s is none for a command", hms_mode_text(mode));
	ret = find_targets(text, &targets);
	if (ret)
		return ret;
	if (targets.only_nodes && priority >= 0)
		return fail_usage(verb, "a priority is for devices: nothing leaves a node");
	argv += optind;
	error = program_find(argv[0], path);
	if (!error) {
		ret = targets.only_nodes ? set_mempolicy_of(&targets, mode) :
					   prepare_devices(path, argv[0], &targets, mode,
							   priority);
		if (ret)
			return ret;
		/* execvp() runs what is neither ELF nor a script by the shell. */
		execvp(path, argv);
		error = errno;
	}
	fail("run", "%s: %s", argv[0], strerror(error));
	return error == ENOENT ? EXIT_NO_COMMAND : EXIT_NO_EXEC;
}

const struct verb verb_run = {
	.name = "run",
	.summary = "run a command with its memory on targets",
	.usage = "--target TARGETS [options] [--] COMMAND [ARGUMENT...]\n"
		 "\n"
		 "Targets that are all nodes are set as numactl does: for all memory of the command\n"
		 "and its children. With others, allocations of 128K and more go to the targets, by a\n"
		 "library that is preloaded, and come home when the CPU touches them; programs that\n"
		 "are static, setuid or the like are refused. Exit code: that of the command; 126\n"
		 "when it can't be run, 127 when it is not there.\n"
		 "\n"
		 "  -t, --target TARGETS  targets, most wanted first: uids, names, or any other text\n"
		 "                        that \"hmsctl select\" takes\n"
		 "  -m, --mode MODE       bind, preferred (unless given) or interleave\n"
		 "  -p, --priority N      0 to 7: pages of a lower one leave a full device first\n"
		 "                        (3 unless given; more takes CAP_SYS_NICE)\n",
	.command = true,
	.run = run,
};
