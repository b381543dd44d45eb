/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the benchmark of the map share. */
#ifndef TOPOLOGY_H
#define TOPOLOGY_H

#include <stddef.h>
#include <stdint.h>

#include <hms/hms.h>

#include "bench.h"

/* ---- machine.c: machines that are described, in the map by the time these return ---- */

/* Drop all of them. */
void machine_clear(void);

/* Of so many objects, on top of what there is; in packages, each linked to another as in a tree. */
void machine_tree(size_t objects);

/* The same with the packages in a square, each linked to its neighbours: many ways go anywhere. */
void machine_mesh(size_t objects);

/* Each link leads to every other one, by a bridge that is for some of the initiators. */
void machine_dense(size_t objects);

/* How many objects there are, with those of the machine itself. */
size_t map_objects(void);

/* Ends with a message that says which call on the handle failed. */
void check(int ret, struct hms *hms);

/* ---- sysfs.c: the map as it is read without netlink ---- */

/* To compare with what netlink says. */
struct map_sum {
	size_t objects;
	size_t edges;
	uint64_t numbers;	/* of all values, capacities and properties */
};

void sysfs_read(struct map_sum *sum);

/* ---- the parts, each with a heading and its bounds ---- */

void bench_register(void);
void bench_read(void);
void bench_path(void);
void bench_event(void);

#endif /* TOPOLOGY_H */
