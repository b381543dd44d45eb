// SPDX-License-Identifier: GPL-2.0
/* dmem_cgroup_try_charge(): device memory is limited by cgroup */
#include <linux/cgroup_dmem.h>

int probe(struct dmem_cgroup_region *region, struct dmem_cgroup_pool_state **pool);
int probe(struct dmem_cgroup_region *region, struct dmem_cgroup_pool_state **pool)
{
	return dmem_cgroup_try_charge(region, PAGE_SIZE, pool, NULL);
}
