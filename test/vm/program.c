// SPDX-License-Identifier: GPL-2.0
/* Running a program: its output line by line, its time limit, and what it leaves behind. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "init.h"

#define KILL_PATIENCE_MS 20000

struct output {
	int fd;
	size_t used;
	char text[4096];
	void (*line)(void *data, const char *text);
	void *data;
};

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void output_flush(struct output *out)
{
	if (!out->used)
		return;
	out->text[out->used] = '\0';
	out->used = 0;
	out->line(out->data, out->text);
}

/* False at the end: no process has the other end open any more. */
static bool output_read(struct output *out)
{
	char chunk[1024];
	ssize_t n, i;

	n = read(out->fd, chunk, sizeof(chunk));
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	for (i = 0; i < n; i++) {
		if (chunk[i] == '\r')
			continue;
		if (chunk[i] == '\n') {
			if (!out->used)
				out->line(out->data, "");
			output_flush(out);
			continue;
		}
		if (out->used == sizeof(out->text) - 1)
			output_flush(out);
		out->text[out->used++] = chunk[i];
	}
	return n > 0;
}

static void start(char **argv, int out, const sigset_t *mask)
{
	setsid();
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	sigprocmask(SIG_SETMASK, mask, NULL);
	if (!group_join()) {
		fprintf(stderr, "# cannot join " GROUP ": %s\n", strerror(errno));
		_exit(127);
	}
	execvp(argv[0], argv);
	fprintf(stderr, "# cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* As PID 1 every orphan is ours; @main is the one whose status counts. False once none is left. */
static bool reap(pid_t main, bool *done, int *status)
{
	pid_t pid;
	int how;

	while ((pid = waitpid(-1, &how, WNOHANG)) > 0) {
		if (pid == main) {
			*done = true;
			*status = how;
		}
	}
	return pid == 0;
}

static pid_t any_child(void)
{
	char *list = file_read("/proc/self/task/1/children", NULL);
	pid_t pid = list ? atoi(list) : 0;

	free(list);
	return pid ?: -1;
}

/* kill(-1) from PID 1 reaches every process, also those that left the program's session. */
static pid_t kill_rest(pid_t main, bool *done, int *status, struct output *out)
{
	long long deadline = now_ms() + KILL_PATIENCE_MS;

	while (reap(main, done, status)) {
		kill(-1, SIGKILL);
		if (now_ms() > deadline)
			return any_child();
		output_read(out);
		kmsg_read();
		usleep(2000);
	}
	return 0;
}

struct ending program_run(char **argv, unsigned int timeout,
			  void (*line)(void *data, const char *text), void *data)
{
	struct output out = { .line = line, .data = data };
	struct ending end = {};
	struct pollfd polled[3];
	sigset_t child, before;
	long long deadline;
	bool done = false;
	int ends[2];
	pid_t pid;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &before);
	polled[0].fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (polled[0].fd < 0 || pipe2(ends, O_CLOEXEC) < 0) {
		end.status = 127 << 8;
		return end;
	}
	pid = fork();
	if (pid == 0)
		start(argv, ends[1], &before);
	close(ends[1]);
	out.fd = ends[0];
	fcntl(out.fd, F_SETFL, O_NONBLOCK);

	polled[1].fd = out.fd;
	polled[2].fd = kmsg_fd();
	polled[0].events = polled[1].events = polled[2].events = POLLIN;
	deadline = now_ms() + timeout * 1000LL;
	if (pid < 0) {
		end.status = 127 << 8;
		done = true;
	}
	while (!done) {
		long long left = deadline - now_ms();
		struct signalfd_siginfo info;

		if (left <= 0) {
			end.timed_out = true;
			break;
		}
		poll(polled, 3, left);
		if (polled[1].revents && !output_read(&out))
			polled[1].fd = -1;	/* it closed its output and lives on */
		if (polled[2].revents)
			kmsg_read();
		while (read(polled[0].fd, &info, sizeof(info)) > 0)
			;
		reap(pid, &done, &end.status);
	}
	end.stuck = kill_rest(pid, &done, &end.status, &out);
	do {
		polled[1].fd = out.fd;
	} while (poll(&polled[1], 1, 0) > 0 && output_read(&out));
	output_flush(&out);
	close(out.fd);
	close(polled[0].fd);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return end;
}

/* What went wrong in the way it ended, or NULL. An exit code is not judged here. */
const char *ending_text(const struct ending *end)
{
	static char text[96];

	if (end->stuck)
		snprintf(text, sizeof(text), "process %d cannot be killed", end->stuck);
	else if (end->timed_out)
		snprintf(text, sizeof(text), "timed out");
	else if (WIFSIGNALED(end->status))
		snprintf(text, sizeof(text), "ended by signal %d (%s)", WTERMSIG(end->status),
			 strsignal(WTERMSIG(end->status)));
	else
		return NULL;
	return text;
}
