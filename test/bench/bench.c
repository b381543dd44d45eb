// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "bench.h"

static unsigned int broken;

void die(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fputs("bench: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(2);
}

uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * UINT64_C(1000000000) + t.tv_nsec;
}

/* A loop of two instructions: does the clock count them? */
static void check_clock(void)
{
	const uint64_t rounds = 1000000;
	uint64_t n, took;

	took = least_of(3, n = rounds; asm volatile("1: dec %0; jnz 1b" : "+r" (n)));
	if (took < 2 * rounds * 98 / 100 || took > 2 * rounds * 102 / 100)
		die("%" PRIu64 " ns for %" PRIu64 " instructions: no machine with -icount shift=0",
		    took, 2 * rounds);
}

void bench_start(const char *what)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	check_clock();
	printf("%s. Numbers are guest instructions, kernel and program together. They repeat\n"
	       "within about 1 %%, and do not show what caches, TLBs and their shootdowns, or the\n"
	       "bandwidth of memory cost. 1 ms of guest time is 1,000,000 instructions.\n", what);
}

void bench_start_timed(const char *what)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("%s. Times are those of an emulated machine on a host that does other things\n"
	       "too: they show what is slower than what, not how fast anything is.\n", what);
}

int bench_end(void)
{
	if (!broken)
		return 0;
	fflush(stdout);
	fprintf(stderr, "bench: %u broken bounds\n", broken);
	return 1;
}

void heading(const char *fmt, ...)
{
	static int number;
	va_list args;

	printf("\n%d. ", ++number);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

static void say(const char *what, const char *fmt, va_list args)
{
	printf("   %s: ", what);
	vprintf(fmt, args);
	putchar('\n');
}

static void judge(bool promised, bool holds, const char *fmt, va_list args)
{
	if (promised)
		say(holds ? "bound kept" : "bound BROKEN", fmt, args);
	else
		say(holds ? "reached" : "not reached yet", fmt, args);
	broken += promised && !holds;
}

void bound(bool holds, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	judge(true, holds, fmt, args);
	va_end(args);
}

void aim(bool holds, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	judge(false, holds, fmt, args);
	va_end(args);
}

/* Which of ON_* this kernel is, 0 for none. */
static unsigned int kernel(void)
{
	struct utsname name;

	if (uname(&name))
		die("uname");
	return !strncmp(name.release, "6.12.", 5) ? ON_6_12 :
	       !strncmp(name.release, "7.", 2) ? ON_7 : 0;
}

void bar(unsigned int on, bool holds, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	judge(on & kernel(), holds, fmt, args);
	va_end(args);
}
