// SPDX-License-Identifier: GPL-2.0
#include "seeds.h"
#include "tables.h"

void make_seeds(void)
{
	struct table t;
	const char *name;

	for (unsigned int i = 0; (name = table_example(&t, i)); i++)
		seed(name, t.at, t.size);
}
