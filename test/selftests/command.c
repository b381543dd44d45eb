// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"

#define MAX_ARGS 16

char command_output[65536];

int command(const char *program, ...)
{
	char *args[MAX_ARGS] = { (char *)program };
	size_t used = 0;
	int pipes[2], status;
	ssize_t n;
	va_list ap;
	pid_t pid;

	va_start(ap, program);
	for (int i = 1; i < MAX_ARGS - 1; i++) {
		args[i] = va_arg(ap, char *);
		if (!args[i])
			break;
	}
	va_end(ap);
	if (pipe(pipes))
		return -1;
	pid = fork();
	if (!pid) {
		dup2(pipes[1], 1);
		dup2(pipes[1], 2);
		close(pipes[0]);
		close(pipes[1]);
		execv(program, args);
		_exit(127);
	}
	close(pipes[1]);
	while (used < sizeof(command_output) - 1) {
		n = read(pipes[0], command_output + used, sizeof(command_output) - 1 - used);
		if (n <= 0)
			break;
		used += n;
	}
	command_output[used] = 0;
	close(pipes[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}
