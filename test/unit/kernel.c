// SPDX-License-Identifier: GPL-2.0
/* Memory for the pure parts: counted, zeroed, and failing when a test says so. */
#include "kernel.h"

long unit_allocated;
long unit_fail_at;
bool unit_atomic;
unsigned long unit_fail_bits;

void *unit_alloc(size_t size, gfp_t gfp)
{
	bool fails = unit_fail_bits & 1;
	void *p;

	assert(!unit_atomic || !(gfp & GFP_KERNEL));
	unit_fail_bits >>= 1;
	if (unit_fail_at && !--unit_fail_at)
		fails = true;
	if (fails)
		return NULL;
	p = calloc(1, size);
	assert(p);
	unit_allocated++;
	return p;
}

void unit_free(void *p)
{
	if (p)
		unit_allocated--;
	free(p);
}
