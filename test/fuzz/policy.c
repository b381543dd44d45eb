// SPDX-License-Identifier: GPL-2.0
/* Any bytes as operations on a policy tree. It always is as its model. */
#include <stdio.h>

#include "policy_model.h"

static void check(const char *wrong)
{
	if (wrong)
		fprintf(stderr, "%s\n", wrong);
	assert(!wrong);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy_model model;
	struct model_op op;

	model_start(&model);
	for (; size >= sizeof(op); data += sizeof(op), size -= sizeof(op)) {
		memcpy(&op, data, sizeof(op));
		check(model_step(&model, &op));
	}
	check(model_end(&model));
	return 0;
}
