// SPDX-License-Identifier: GPL-2.0
#include <sanitizer/lsan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"
#include "maps.h"

const char maps_machine[] =
	"hms-map 1\n"
	"target node0 uid=1 kind=node nid=0 size=64G used=60G\n"
	"target node1 uid=2 kind=node nid=1 size=32G\n"
	"target hbm0 uid=3 kind=node nid=2 size=16G\n"
	"target pmem uid=4 kind=node nid=3 size=512G\t"
	"properties=cpu-accessible,coherent,persistent\n"
	"target vram uid=5 kind=device-private size=24G used=1G\n"
	"target gddr uid=6 kind=device-coherent size=8G\n"
	"target bar uid=7 kind=other size=1G properties=cpu-accessible\n"
	"target paper uid=8 kind=node size=1T properties=cpu-accessible,coherent,described\n"
	"target all uid=9 kind=node nid=4 size=unknown\n"
	"initiator cpus uid=20 kind=cpu nid=0\n"
	"initiator cpu0 uid=21 kind=cpu nid=1\n"
	"initiator gpu uid=22 kind=device\n"
	"link ddr0 initiators=cpus targets=node0,paper bandwidth=100 latency=100\n"
	"link ddr1 initiators=cpu0 targets=node1 bandwidth=100 latency=100\n"
	"link hbm initiators=cpus targets=hbm0 bandwidth=400 latency=130\n"
	"link pmem initiators=cpus targets=pmem bandwidth=10 latency=300\n"
	"link vram initiators=gpu targets=vram bandwidth=900 latency=50\n"
	"link gddr initiators=gpu,cpus targets=gddr,bar bandwidth=50 latency=500\n"
	"bridge sockets from=ddr0 to=ddr1 both=yes bandwidth=40 latency=200\n";

int maps_try(const char *text, size_t length, struct hms **hms, char *error)
{
	int fd = memfd_create("map", MFD_CLOEXEC), ret;
	char path[64];

	if (fd < 0 || write(fd, text, length) != (ssize_t)length)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ret = hms_open_file(hms, path, 0, error, MAPS_ERROR);
	close(fd);
	return ret;
}

struct hms *maps_open(const char *text)
{
	char error[MAPS_ERROR];
	struct hms *hms;

	if (maps_try(text, strlen(text), &hms, error)) {
		fprintf(stderr, "# not a map: %s\n", error);
		abort();
	}
	return hms;
}

const struct hms_object *maps_object(struct hms *hms, enum hms_type type, const char *name)
{
	const struct hms_object *object;

	hms_for_each(hms, type, object)
		if (!strcmp(object->name, name))
			return object;
	return NULL;
}

uint32_t maps_uid(struct hms *hms, enum hms_type type, const char *name)
{
	const struct hms_object *object = maps_object(hms, type, name);

	return object ? object->uid : 0;
}

static bool same_list(const uint32_t *a, size_t n, const uint32_t *b, size_t m)
{
	return n == m && (!n || !memcmp(a, b, n * sizeof(*a)));
}

static bool same_object(const struct hms_object *a, const struct hms_object *b)
{
	return a->uid == b->uid && a->version == b->version && a->type == b->type &&
	       a->kind == b->kind && a->nid == b->nid && a->properties == b->properties &&
	       a->capacity == b->capacity && a->used == b->used && !strcmp(a->name, b->name) &&
	       same_list(a->links, a->nlinks, b->links, b->nlinks) &&
	       !memcmp(a->values, b->values, sizeof(a->values)) && a->from == b->from &&
	       a->to == b->to &&
	       same_list(a->initiators, a->ninitiators, b->initiators, b->ninitiators) &&
	       a->ncaches == b->ncaches &&
	       (!a->ncaches || !memcmp(a->caches, b->caches, a->ncaches * sizeof(*a->caches)));
}

bool maps_same(const struct hms *a, const struct hms *b)
{
	if (a->nobjects != b->nobjects)
		return false;
	for (size_t i = 0; i < a->nobjects; i++)
		if (!same_object(a->objects[i], b->objects[i]))
			return false;
	return true;
}

bool maps_close(struct hms *hms)
{
	hms_close(hms);
	/* Tests end by _exit(), without the check that a program has at its end. */
	return !__lsan_do_recoverable_leak_check();
}

unsigned long maps_random(unsigned long n)
{
	static unsigned long state = 88172645463325252ul;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}
