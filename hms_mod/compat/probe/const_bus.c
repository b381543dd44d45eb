// SPDX-License-Identifier: GPL-2.0
/* const struct bus_type: what core keeps of a bus is not in it */
#include <linux/device.h>

static_assert(__same_type(((struct device *)NULL)->bus, (const struct bus_type *)NULL));
