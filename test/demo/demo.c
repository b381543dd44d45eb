// SPDX-License-Identifier: GPL-2.0
/*
 * The main job of HMS, shown on two emulated accelerators: a pointer structure moves between main
 * memory and the accelerators and keeps its addresses. Beside it, the same job by copying and
 * rebuilding. All numbers are measured while it runs. Exit code 1 when a sum differs.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "demo.h"

#define MIB (1024.0 * 1024.0)

enum phase { TO_0, SUM_0, TO_1, SUM_1, CHANGE, BACK_TO_1, SUM_AGAIN, NR_PHASES };

static const char *const phase_texts[NR_PHASES] = {
	[TO_0]		= "bring it to accelerator 0",
	[SUM_0]		= "  accelerator 0 sums",
	[TO_1]		= "bring it to accelerator 1",
	[SUM_1]		= "  accelerator 1 sums",
	[CHANGE]	= "the CPU changes nodes",
	[BACK_TO_1]	= "bring it to accelerator 1 again",
	[SUM_AGAIN]	= "  accelerator 1 sums",
};

struct cost {
	double time;
	uint64_t bytes;		/* copied */
};

static struct cost with_hms[NR_PHASES], with_rebuild[NR_PHASES];
static struct cost from_arena;
static unsigned int hms_lines;
static const char *unit = "ms";
static long page_size;

void die(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "demo: ");
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

void *map_memory(size_t length)
{
	void *p = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("%zu bytes of memory: %s", length, strerror(errno));
	return p;
}

static void heading(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void heading(const char *fmt, ...)
{
	static int number;
	va_list args;

	printf("\n%d. ", ++number);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

static void print_targets(struct hms *hms)
{
	const struct hms_object *target;

	printf("   %-10s %3s  %-15s %8s\n", "target", "uid", "kind", "MiB");
	hms_for_each(hms, HMS_TARGET, target)
		printf("   %-10s %3u  %-15s %8.1f\n", target->name, target->uid,
		       hms_kind_text(target->kind), target->capacity / MIB);
}

static struct hms_run_list *residency_of(struct hms *hms, const struct tree *tree)
{
	struct hms_run_list *list;

	if (hms_query_residency(hms, tree->arena, tree->length, 0, &list))
		die("%s", hms_last_error(hms));
	return list;
}

static void print_place(const char *name, uint64_t bytes)
{
	if (bytes)
		printf("   | %-10s | %7.2f | %7" PRIu64 " |\n", name, bytes / MIB,
		       bytes / page_size);
}

static void print_residency(struct hms *hms, const struct tree *tree)
{
	struct hms_run_list *list = residency_of(hms, tree);
	const struct hms_object *target;

	printf("   | %-10s | %7s | %7s |\n", "target", "MiB", "pages");
	hms_for_each(hms, HMS_TARGET, target)
		print_place(target->name, hms_run_bytes(list, HMS_RESIDENT, target->uid));
	print_place("absent", hms_run_bytes(list, HMS_ABSENT, 0));
	print_place("unknown", hms_run_bytes(list, HMS_UNKNOWN, 0));
	free(list);
}

static void check_sum(const struct tree *tree, uint64_t sum, uint64_t nodes)
{
	if (sum != tree->sum || nodes != tree->n)
		die("WRONG: sum %" PRIu64 " over %" PRIu64 " nodes, expected %" PRIu64 " over %zu",
		    sum, nodes, tree->sum, tree->n);
}

/* A call of HMS: this is all that the program does to bring its tree to an accelerator. */
static void move(struct hms *hms, const struct tree *tree, const struct accelerator *a,
		 struct cost *cost)
{
	struct hms_result result;
	double start = now();

	enum { FIRST_LINE = __LINE__ };
	if (hms_bind(hms, tree->arena, tree->length, HMS_MODE_PREFERRED, &a->target, 1, 0, &result))
		die("%s", hms_last_error(hms));
	hms_lines = __LINE__ - FIRST_LINE - 1;
	cost->time = now() - start;
	cost->bytes = result.bytes_copied;
	printf("   pages moved %" PRIu64 ", there already %" PRIu64 ", skipped %" PRIu64
	       "; %.1f MiB copied, %.1f %s\n", result.moved, result.present,
	       hms_result_skipped(&result), result.bytes_copied / MIB, cost->time, unit);
	for (unsigned int i = 0; i < HMS_SKIP_SLOTS; i++)
		if (result.skipped[i])
			printf("   skipped %" PRIu64 ": %s\n", result.skipped[i], hms_skip_text(i));
}

static void sum_on(const struct accelerator *a, const struct tree *tree, uint64_t root,
		   struct cost *cost)
{
	struct hms_sim_walk walk;
	double start = now();

	accelerator_sum(a, root, tree->n, &walk);
	cost->time = now() - start;
	check_sum(tree, walk.sum, walk.nodes);
	printf("   %s sums %" PRIu64 ": right (%" PRIu64 " of %" PRIu64
	       " nodes in its own memory)\n", a->name, (uint64_t)walk.sum, (uint64_t)walk.local,
	       (uint64_t)walk.nodes);
}

static uint64_t bytes_on(struct hms *hms, const struct tree *tree, uint32_t uid)
{
	struct hms_run_list *list = residency_of(hms, tree);
	uint64_t bytes = hms_run_bytes(list, HMS_RESIDENT, uid);

	free(list);
	return bytes;
}

static void change(struct hms *hms, struct tree *tree, size_t n, const struct accelerator *a)
{
	struct cost *cost = &with_hms[CHANGE];
	uint64_t before = bytes_on(hms, tree, a->target);
	double start = now();

	tree_change(tree, n);
	cost->time = now() - start;
	cost->bytes = before - bytes_on(hms, tree, a->target);
	printf("   %" PRIu64 " pages came home by themselves, %.1f %s\n", cost->bytes / page_size,
	       cost->time, unit);
}

static void job_with_hms(struct hms *hms, const struct accelerator *accelerators,
			 struct tree *tree, size_t nchanges)
{
	uint64_t root = (uintptr_t)tree->root;
	uint64_t sum;

	heading("hbind() moves it to accelerator 0, which follows the same pointers");
	move(hms, tree, &accelerators[0], &with_hms[TO_0]);
	print_residency(hms, tree);
	sum_on(&accelerators[0], tree, root, &with_hms[SUM_0]);

	heading("hbind() moves it straight to accelerator 1");
	move(hms, tree, &accelerators[1], &with_hms[TO_1]);
	print_residency(hms, tree);
	sum_on(&accelerators[1], tree, root, &with_hms[SUM_1]);

	heading("The CPU looks up %zu nodes and changes them in place", nchanges);
	change(hms, tree, nchanges, &accelerators[1]);
	print_residency(hms, tree);

	heading("hbind() again: only what came home moves");
	move(hms, tree, &accelerators[1], &with_hms[BACK_TO_1]);
	print_residency(hms, tree);
	sum_on(&accelerators[1], tree, root, &with_hms[SUM_AGAIN]);

	heading("The CPU sums it too: all of it comes home");
	sum = tree_sum(tree->root);
	check_sum(tree, sum, tree->n);
	printf("   the CPU sums %" PRIu64 ": right\n", sum);
	print_residency(hms, tree);
}

static void job_with_rebuild(struct hms *hms, const struct accelerator *accelerators,
			     struct tree *tree, size_t nchanges)
{
	struct cost unused;
	struct rebuild r;
	uint64_t root;
	double start;

	heading("The same without HMS: copy, rebuild every pointer, copy to the device");
	rebuild_prepare(&r, hms, accelerators, tree);

	start = now();
	with_rebuild[TO_0].bytes = rebuild_from_tree(&r, &accelerators[0], 0, tree);
	with_rebuild[TO_0].time = now() - start;
	sum_on(&accelerators[0], tree, r.device[0], &with_rebuild[SUM_0]);

	start = now();
	with_rebuild[TO_1].bytes = rebuild_for_other(&r, &accelerators[1], 1, tree);
	with_rebuild[TO_1].time = now() - start;
	sum_on(&accelerators[1], tree, r.device[1], &with_rebuild[SUM_1]);

	start = now();
	tree_change(tree, nchanges);
	with_rebuild[CHANGE].time = now() - start;

	start = now();
	with_rebuild[BACK_TO_1].bytes = rebuild_from_tree(&r, &accelerators[1], 1, tree);
	with_rebuild[BACK_TO_1].time = now() - start;
	sum_on(&accelerators[1], tree, r.device[1], &with_rebuild[SUM_AGAIN]);

	start = now();
	from_arena.bytes = rebuild_from_arena(&r, &accelerators[1], 1, tree);
	from_arena.time = now() - start;
	root = r.device[1] + ((uintptr_t)tree->root - (uintptr_t)tree->arena);
	sum_on(&accelerators[1], tree, root, &unused);
}

static void print_costs(const char *text, const struct cost *hms, const struct cost *rebuild)
{
	printf("   | %-31s | %9.1f %7.1f | %9.1f %7.1f |\n", text, hms->time, hms->bytes / MIB,
	       rebuild->time, rebuild->bytes / MIB);
}

static void compare(void)
{
	struct cost hms = { 0 }, rebuild = { 0 };

	heading("Both costs");
	printf("   | %-31s | %-17s | %-17s |\n", "", "HMS", "copy and rebuild");
	printf("   | %-31s | %9s %7s | %9s %7s |\n", "", unit, "MiB", unit, "MiB");
	for (int i = 0; i < NR_PHASES; i++) {
		print_costs(phase_texts[i], &with_hms[i], &with_rebuild[i]);
		hms.time += with_hms[i].time;
		hms.bytes += with_hms[i].bytes;
		rebuild.time += with_rebuild[i].time;
		rebuild.bytes += with_rebuild[i].bytes;
	}
	print_costs("all", &hms, &rebuild);
	printf("   | %-31s | %17u | %17u |\n", "lines of source for it", hms_lines, rebuild_lines);
	printf("   MiB: copied by the CPU and to the device. Where all nodes are known to lie in\n"
	       "   one array, copy and rebuild needs no walk of the tree: %.1f %s and %.1f MiB\n"
	       "   to bring it over.\n", from_arena.time, unit, from_arena.bytes / MIB);
}

static size_t parse_number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || !n || n > 100000000)
		die("bad number \"%s\"", text);
	return n;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "icount",	no_argument,		NULL, 'i' },
		{ "nodes",	required_argument,	NULL, 'n' },
		{ "changes",	required_argument,	NULL, 'c' },
		{ }
	};
	size_t n = 1000000, nchanges = 1000;
	struct accelerator accelerators[2];
	double start;
	struct tree tree;
	struct hms *hms;
	int option, ret;

	while ((option = getopt_long(argc, argv, "in:c:", options, NULL)) != -1) {
		switch (option) {
		case 'i':
			unit = "M instr.";
			break;
		case 'n':
			n = parse_number(optarg);
			break;
		case 'c':
			nchanges = parse_number(optarg);
			break;
		default:
			fprintf(stderr, "usage: demo [--icount] [--nodes N] [--changes N]\n");
			return 2;
		}
	}
	if (nchanges > n)
		die("more changes than nodes");
	page_size = sysconf(_SC_PAGESIZE);
	setvbuf(stdout, NULL, _IOLBF, 0);

	ret = hms_open(&hms);
	if (ret)
		die("%s", hms_open_text(ret));
	for (int i = 0; i < 2; i++)
		accelerator_open(&accelerators[i], i);

	heading("The memory of this machine");
	print_targets(hms);

	heading("The CPU builds a binary tree of %zu nodes with ordinary pointers", n);
	start = now();
	tree_build(&tree, n);
	printf("   built at %p, %.1f %s; ", (void *)tree.arena, now() - start, unit);
	check_sum(&tree, tree_sum(tree.root), n);
	printf("the values add up to %" PRIu64 "\n", tree.sum);
	print_residency(hms, &tree);

	job_with_hms(hms, accelerators, &tree, nchanges);
	job_with_rebuild(hms, accelerators, &tree, nchanges);
	compare();
	hms_close(hms);
	printf("\nAll sums agree.\n");
	return 0;
}
