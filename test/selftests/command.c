// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"

#define MAX_ARGS 16

char command_output[65536];

static pid_t start(unsigned int outputs, int *output, const char *program, va_list ap)
{
	char *args[MAX_ARGS] = { (char *)program };
	int pipes[2];
	pid_t pid;

	for (int i = 1; i < MAX_ARGS - 1; i++) {
		args[i] = va_arg(ap, char *);
		if (!args[i])
			break;
	}
	if (pipe(pipes))
		return -1;
	pid = fork();
	if (!pid) {
		if (outputs & COMMAND_STDOUT)
			dup2(pipes[1], STDOUT_FILENO);
		if (outputs & COMMAND_STDERR)
			dup2(pipes[1], STDERR_FILENO);
		close(pipes[0]);
		close(pipes[1]);
		execv(program, args);
		_exit(127);
	}
	close(pipes[1]);
	*output = pipes[0];
	return pid;
}

pid_t command_start(unsigned int outputs, int *output, const char *program, ...)
{
	va_list ap;
	pid_t pid;

	va_start(ap, program);
	pid = start(outputs, output, program, ap);
	va_end(ap);
	return pid;
}

int command(const char *program, ...)
{
	size_t used = 0;
	int output, status;
	ssize_t n;
	va_list ap;
	pid_t pid;

	va_start(ap, program);
	pid = start(COMMAND_STDOUT | COMMAND_STDERR, &output, program, ap);
	va_end(ap);
	if (pid < 0)
		return -1;
	while (used < sizeof(command_output) - 1) {
		n = read(output, command_output + used, sizeof(command_output) - 1 - used);
		if (n <= 0)
			break;
		used += n;
	}
	command_output[used] = 0;
	close(output);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}
