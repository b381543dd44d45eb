// SPDX-License-Identifier: GPL-2.0
/* dmem_cgroup_register_region(init): limits of device memory by cgroup */
#include <linux/cgroup_dmem.h>

struct dmem_cgroup_region *probe(const struct dmem_cgroup_init *init);
struct dmem_cgroup_region *probe(const struct dmem_cgroup_init *init)
{
	return dmem_cgroup_register_region(init, "probe");
}
