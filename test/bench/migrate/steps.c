// SPDX-License-Identifier: GPL-2.0
#include "migrate.h"

void nothing(char *p)
{
	(void)p;
}

void hms_to_device(char *p)
{
	hms_move(p, SIZE, device_uid(0), 0);
}

/* For a process of its own: the module listens to it from then on. */
void hms_policy_to_device(char *p)
{
	handle_forget();
	set_hms(p, SIZE, HERE);
	hms_to_device(p);
}

/* Both policies once before: a process keeps those that it had lately. */
void hms_set_policy(char *p)
{
	set_hms(p, SIZE, THERE);
	set_hms(p, SIZE, HERE);
	set_hms(p, SIZE, THERE);
}

void hms_set_another_policy(char *p)
{
	set_hms(p, SIZE, HERE);
}

void hms_to_other_device(char *p)
{
	hms_move(p, SIZE, device_uid(1), 0);
}

void hms_home(char *p)
{
	hms_move(p, SIZE, node_uid(HERE), 0);
}

void hms_there(char *p)
{
	hms_move(p, SIZE, node_uid(THERE), 0);
}

void hms_one_there(char *p)
{
	hms_move(p, PAGE, node_uid(THERE), 0);
}

static void check(bool moved)
{
	if (!moved)
		die("test_hmm has not moved all");
}

void peer_to_device(char *p)
{
	check(test_hmm_to_device(p, SIZE, 0));
}

void peer_to_other_device(char *p)
{
	check(test_hmm_to_memory(p, SIZE, 0));
	check(test_hmm_to_device(p, SIZE, 1));
}

void peer_home(char *p)
{
	check(test_hmm_to_memory(p, SIZE, 0));
}

void mbind_there(char *p)
{
	mbind_move(p, SIZE, THERE);
}

void move_pages_there(char *p)
{
	move_pages_to(p, SIZE, THERE);
}

void move_one_page_there(char *p)
{
	move_pages_to(p, PAGE, THERE);
}

void touch_all(char *p)
{
	range_touch(p, SIZE);
}

/* Here and there: a step that has no factor in common with how many there are. */
void touch_sparse(char *p)
{
	const unsigned long n = NPAGES / SPARSE;

	for (unsigned long i = 0, at = 0; i < n; i++, at = (at + 101) % n)
		*(volatile char *)(p + at * SPARSE * PAGE) = 1;
}
