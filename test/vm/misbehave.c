// SPDX-License-Identifier: GPL-2.0
/* A test program that does what its argument says, for test/vm/selftest. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0) {
		perror(path);
		exit(1);
	}
	close(fd);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!strcmp(how, "hello")) {
		printf("hello, %s\n", argc > 2 ? argv[2] : "nobody");
		return 0;
	} else if (!strcmp(how, "exit")) {
		return atoi(argv[2]);
	} else if (!strcmp(how, "noplan")) {
		printf("ok 1 one\n");
		return 0;
	} else if (!strcmp(how, "skipall")) {
		printf("1..0 # SKIP no such device\n");
		return 4;
	}

	printf("TAP version 13\n1..2\nok 1 global.one\n");
	if (!strcmp(how, "fail")) {
		printf("#  RUN           global.two ...\n");
		printf("# a.c:7:two:Expected 1 == 2\nnot ok 2 global.two\n");
		return 1;
	} else if (!strcmp(how, "skip")) {
		printf("ok 2 global.two # SKIP no second node\n");
		return 0;
	} else if (!strcmp(how, "crash")) {
		raise(SIGSEGV);
	} else if (!strcmp(how, "hang")) {
		if (fork() == 0)
			setsid();	/* out of the session: must not live on */
		for (;;)
			pause();
	} else if (!strcmp(how, "short")) {
		return 0;
	} else if (!strcmp(how, "lie")) {
		printf("not ok 2 global.two\n");
		return 0;
	} else if (!strcmp(how, "splat")) {
		put("/dev/kmsg", "WARNING: CPU: 0 PID: 1 at mm/nowhere.c:1 a_function+0x1/0x2\n");
		put("/dev/kmsg", "the line behind it\n");
	} else if (!strcmp(how, "taint")) {
		put("/proc/sys/kernel/tainted", "512");
	} else if (!strcmp(how, "debug")) {
		put("/dev/kmsg", "hms DEBUG: nothing is wrong\n");
	} else if (!strcmp(how, "orphan")) {
		if (fork() == 0) {
			setsid();
			for (;;)
				pause();
		}
	} else if (!strcmp(how, "mlock")) {
		void *at = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				-1, 0);

		if (at == MAP_FAILED || mlock(at, 1 << 20))
			return 1;
	} else if (!strcmp(how, "leave")) {
		/* Shared memory that outlives the program, where PID 1 does not clean up. */
		int fd;

		mkdir("/left", 0700);
		mount("tmpfs", "/left", "tmpfs", 0, NULL);
		fd = open("/left/behind", O_RDWR | O_CREAT, 0600);
		if (fd < 0 || posix_fallocate(fd, 0, 1 << 20))
			return 1;
	} else if (!strcmp(how, "lose")) {
		put("/sys/module/misbehave_mod/parameters/lose", "1");
	} else if (!strcmp(how, "group")) {
		mkdir("/sys/fs/cgroup/left", 0755);
	} else if (!strcmp(how, "panic")) {
		put("/proc/sysrq-trigger", "c");
	}
	printf("ok 2 global.two\n");
	return 0;
}
