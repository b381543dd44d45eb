// SPDX-License-Identifier: GPL-2.0
/* A cgroup for each test: what is charged to it when all of it is gone was lost. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init.h"

#define ANOTHER "/sys/fs/cgroup/another"

/* Another one, that stays. */
void group_make_another(void)
{
	mkdir(ANOTHER, 0755);
}

void group_make(void)
{
	static bool said;

	mkdir(GROUP, 0755);
	if (!access(GROUP "/memory.current", F_OK) || said)
		return;
	said = true;
	report_skip("memory cgroup", "no CONFIG_MEMCG: what stays charged is not looked for");
}

/* By the process that becomes the test. */
bool group_join(void)
{
	return access(GROUP, F_OK) || file_write(GROUP "/cgroup.procs", "0");
}

/*
 * Bytes of pages that were charged to it and still are; newer kernels charge those of who is
 * gone to who is above. What the kernel has for itself may stay: names that it keeps, say. CPUs
 * have charged some ahead, and give it back for the limit; before 7.x cpu.stat has them add up
 * memory.stat too.
 */
long long group_charged(void)
{
	long long charged = 0;
	char *text;

	file_write(GROUP "/memory.high", "0");
	free(file_read(GROUP "/cpu.stat", NULL));
	text = file_read(GROUP "/memory.current", NULL);
	if (text)
		charged = atoll(text) - file_number(GROUP "/memory.stat", "kernel", 0);
	free(text);
	return charged;
}

/* As what they are charged, of which there is any. */
void group_show(void)
{
	char *text = file_read(GROUP "/memory.stat", NULL), *line, *rest;

	for (line = text ? strtok_r(text, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest))
		if (strcmp(strchr(line, ' ') ?: "", " 0"))
			report_comment("memory.stat| %s", line);
	free(text);
}

/*
 * Before 7.x a CPU that has charged ahead for a cgroup holds it until it charges another one, even
 * when nothing is left of that: nothing is lost by it. So let each charge another.
 */
void group_displace(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	cpu_set_t set;
	pid_t pid;

	if (access(ANOTHER, F_OK))
		return;
	for (long cpu = 0; cpu < cpus; cpu++) {
		pid = fork();
		if (!pid) {
			CPU_ZERO(&set);
			CPU_SET(cpu, &set);
			if (!sched_setaffinity(0, sizeof(set), &set) &&
			    file_write(ANOTHER "/cgroup.procs", "0"))
				*(volatile char *)mmap(NULL, 4096, PROT_READ | PROT_WRITE,
						       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) = 1;
			_exit(0);
		}
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
}

/* False when somebody is in it, or another is below it. */
bool group_remove(void)
{
	return !rmdir(GROUP) || errno == ENOENT;
}
