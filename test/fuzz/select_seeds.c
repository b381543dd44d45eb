// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "seeds.h"

/* Of the map that maps_machine describes. */
static const char *const texts[] = {
	"all", "3,1", "hbm0,node0,3", "all,!3", "!node1,all,!pmem", "bar,all",
	"size>=32G,size<=64G", "free<16G", "size=32768M", "!size>1T", "node=1", "name=node*",
	"name=[a-h]?m0", "version=1", "version<2,kind=device", "kind=device-private",
	"kind=other", "kind=node", "properties=coherent+persistent", "described",
	"device-private", "!cpu-accessible,kind=device", "best:capacity", "all:capacity",
	"best:bandwidth@cpus", "all:latency@21", "best:latency@cpu1", "best:latency@here",
	"best:bandwidth*2+latency*4+capacity@cpus,best:latency@gpu,kind=device",
};

void make_seeds(void)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char name[32];

		snprintf(name, sizeof(name), "text-%zu", i);
		seed(name, texts[i], strlen(texts[i]));
	}
}
