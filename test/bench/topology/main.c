// SPDX-License-Identifier: GPL-2.0
/* How the map scales: registering, reading, asking, telling. Exit code 1 when a bound is broken. */
#include "topology.h"

int main(void)
{
	bench_start("The map");
	bench_register();
	bench_read();
	bench_path();
	bench_event();
	machine_clear();
	return bench_end();
}
