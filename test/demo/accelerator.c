// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "demo.h"

void accelerator_open(struct accelerator *a, unsigned int number)
{
	struct hms_sim_info info = { .size = sizeof(info) };
	char path[32];

	snprintf(a->name, sizeof(a->name), "hms_sim%u", number);
	snprintf(path, sizeof(path), "/dev/%s", a->name);
	a->fd = open(path, O_RDWR | O_CLOEXEC);
	if (a->fd < 0)
		die("%s: %s (modprobe hms_sim)", path, strerror(errno));
	if (ioctl(a->fd, HMS_SIM_INFO, &info))
		die("%s: info: %s", a->name, strerror(errno));
	a->target = info.target;
	a->memory = info.memory;
}

void accelerator_sum(const struct accelerator *a, uint64_t root, size_t max_nodes,
		     struct hms_sim_walk *walk)
{
	*walk = (struct hms_sim_walk){
		.size = sizeof(*walk),
		.root = root,
		.max_nodes = max_nodes,
		.node_size = sizeof(struct node),
		.value_offset = offsetof(struct node, value),
		.nlinks = 2,
		.link_offset = { offsetof(struct node, left), offsetof(struct node, right) },
	};
	if (ioctl(a->fd, HMS_SIM_WALK, walk))
		die("%s: walk: %s", a->name, strerror(errno));
}

void accelerator_write(const struct accelerator *a, uint64_t to, const void *from, size_t length)
{
	struct hms_sim_op op = {
		.size = sizeof(op),
		.address = to,
		.length = length,
		.buffer = (uintptr_t)from,
	};

	if (ioctl(a->fd, HMS_SIM_WRITE, &op))
		die("%s: write: %s", a->name, strerror(errno));
}
