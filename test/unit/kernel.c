// SPDX-License-Identifier: GPL-2.0
/* Memory for the pure parts: counted, zeroed, and failing when a test says so. */
#include "kernel.h"

long unit_allocated;
long unit_fail_at;

void *unit_alloc(size_t size)
{
	void *p;

	if (unit_fail_at && !--unit_fail_at)
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
