/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the demo share. */
#ifndef DEMO_H
#define DEMO_H

#include <stddef.h>
#include <stdint.h>

#include <hms/hms.h>
#include <linux/hms_sim.h>

_Noreturn void die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Milliseconds since some point; under QEMU's -icount shift=0, million guest instructions. */
double now(void);

/* Anonymous memory; whole pages. */
void *map_memory(size_t length);

/* ---- tree.c: an ordinary binary search tree ---- */

struct node {
	struct node *left, *right;
	uint64_t key, value;
};

struct tree {
	struct node *root;
	struct node *arena;	/* where the nodes are: an allocator that only goes forward */
	size_t length;		/* bytes of it, whole pages */
	size_t n;
	uint64_t sum;		/* what all values add up to */
};

void tree_build(struct tree *tree, size_t n);
uint64_t tree_sum(const struct node *node);

/* Look up @n nodes by key, from the root down, and change their values and tree->sum. */
void tree_change(struct tree *tree, size_t n);

/* ---- accelerator.c: what a program asks of accelerator N ---- */

struct accelerator {
	int fd;
	uint32_t target;	/* uid of its memory */
	uint64_t memory;	/* bytes */
	char name[16];
};

void accelerator_open(struct accelerator *a, unsigned int number);

/* Sum the tree with this root by following its pointers; they are what the device sees. */
void accelerator_sum(const struct accelerator *a, uint64_t root, size_t max_nodes,
		     struct hms_sim_walk *walk);

/* Copy to memory of the device. */
void accelerator_write(const struct accelerator *a, uint64_t to, const void *from, size_t length);

/* ---- rebuild.c: the same job without HMS ---- */

struct rebuild {
	struct node *staging;		/* in main memory, touched before anything is measured */
	uint64_t device[2];		/* a buffer on each accelerator, allocated by then too */
	uint64_t staged_for;		/* address that the pointers in @staging are right for */
	size_t length;
};

/* How many lines of source the first two calls below take. */
extern const unsigned int rebuild_lines;

void rebuild_prepare(struct rebuild *r, struct hms *hms, const struct accelerator *accelerators,
		     const struct tree *tree);

/* These return how many bytes they have copied. */
uint64_t rebuild_from_tree(struct rebuild *r, const struct accelerator *a, unsigned int number,
			   const struct tree *tree);
uint64_t rebuild_for_other(struct rebuild *r, const struct accelerator *a, unsigned int number,
			   const struct tree *tree);

/* What is enough when all nodes are known to lie in one array: the tree isn't walked. */
uint64_t rebuild_from_arena(struct rebuild *r, const struct accelerator *a, unsigned int number,
			    const struct tree *tree);

#endif /* DEMO_H */
