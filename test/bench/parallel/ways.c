// SPDX-License-Identifier: GPL-2.0
#include "parallel.h"

static void hms_to_device(char *p, size_t length)
{
	hms_move(p, length, device_uid(0), 0);
}

static void hms_here(char *p, size_t length)
{
	hms_move(p, length, node_uid(HERE), 0);
}

static void hms_there(char *p, size_t length)
{
	hms_move(p, length, node_uid(THERE), 0);
}

static void hms_by_move_pages_here(char *p, size_t length)
{
	hms_move(p, length, node_uid(HERE), HMS_MOVE_PAGES);
}

static void hms_by_move_pages_there(char *p, size_t length)
{
	hms_move(p, length, node_uid(THERE), HMS_MOVE_PAGES);
}

static void peer_to_device(char *p, size_t length)
{
	test_hmm_to_device(p, length, 0);
}

static void peer_home(char *p, size_t length)
{
	test_hmm_to_memory(p, length, 0);
}

static void mbind_here(char *p, size_t length)
{
	mbind_move(p, length, HERE);
}

static void mbind_there(char *p, size_t length)
{
	mbind_move(p, length, THERE);
}

static void move_pages_here(char *p, size_t length)
{
	move_pages_to(p, length, HERE);
}

static void move_pages_there(char *p, size_t length)
{
	move_pages_to(p, length, THERE);
}

const struct way ways[] = {
	{ "HMS, device", hms_to_device, hms_here, true, true },
	{ "HMS, touches", hms_to_device, range_touch, true, true },
	{ "test_hmm", peer_to_device, peer_home, true, false },
	{ "test_hmm, touches", peer_to_device, range_touch, true, false },
	{ "HMS, node", hms_there, hms_here, false, true },
	{ "HMS_MOVE_PAGES", hms_by_move_pages_there, hms_by_move_pages_here, false, false },
	{ "mbind(2)", mbind_there, mbind_here, false, false },
	{ "move_pages(2)", move_pages_there, move_pages_here, false, false },
};

const int nways = sizeof(ways) / sizeof(ways[0]);

bool way_is_open(const struct way *way)
{
	return !way->device || (device_uid(1) && test_hmm_is_there());
}
