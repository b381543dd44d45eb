// SPDX-License-Identifier: GPL-2.0
/* Starts the guest, carries out /hms/plan, stops the guest. The records are described in init.h. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init.h"

#define PLAN "/hms/plan"
#define WORDS_MAX 64

static void mount_on(const char *where, const char *type)
{
	mkdir(where, 0755);
	mount(type, where, type, 0, NULL);	/* one that matters is missed soon enough */
}

/* Fresh /tmp and /dev/shm: shared memory that programs left behind is gone. */
void mount_scratch(void)
{
	umount2("/tmp", MNT_DETACH);
	umount2("/dev/shm", MNT_DETACH);
	mount_on("/tmp", "tmpfs");
	chmod("/tmp", 01777);
	mount_on("/dev/shm", "tmpfs");
	chmod("/dev/shm", 01777);
}

static void mount_all(void)
{
	chmod("/", 0755);
	mount_on("/dev", "devtmpfs");
	mount_on("/proc", "proc");
	mount_on("/sys", "sysfs");
	mount_on("/dev/pts", "devpts");
	mount_on("/sys/kernel/debug", "debugfs");
	mount_on("/sys/kernel/tracing", "tracefs");
	mount_on("/sys/kernel/config", "configfs");
	mount_on("/sys/fs/cgroup", "cgroup2");
	mount_scratch();
	symlink("/proc/self/fd", "/dev/fd");
	file_write("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
}

/* Without /dev/console in the initramfs, PID 1 begins with no open file at all. */
static void open_console(void)
{
	int null, console;

	null = open("/dev/null", O_RDWR);
	console = open("/dev/console", O_WRONLY | O_NOCTTY);
	if (console < 0)
		console = null;
	if (console <= STDERR_FILENO)
		console = fcntl(console, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (null <= STDERR_FILENO)
		null = fcntl(null, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	dup2(null, STDIN_FILENO);
	dup2(console, STDOUT_FILENO);
	dup2(console, STDERR_FILENO);
	close(null);
	close(console);
}

static void set_kernel(void)
{
	char *cmdline = file_read("/proc/cmdline", NULL);

	if (!cmdline || (!strstr(cmdline, "oops=") && !strstr(cmdline, "panic_on_oops=")))
		file_write("/proc/sys/kernel/panic_on_oops", "1");
	free(cmdline);
	file_write("/proc/sys/kernel/printk", "7 4 1 7");
	file_write("/proc/sys/vm/drop_caches", "4");	/* say no more of it */
}

static void print_line(void *data, const char *text)
{
	(void)data;
	report_output(text);
}

static bool run(unsigned int timeout, char **argv)
{
	struct ending end = program_run(argv, timeout, print_line, NULL);
	const char *trouble = ending_text(&end);
	char step[160];

	snprintf(step, sizeof(step), "run %s", argv[0]);
	if (trouble)
		report_fail(step, "%s", trouble);
	else if (WEXITSTATUS(end.status))
		report_fail(step, "exit code %d", WEXITSTATUS(end.status));
	return !end.stuck;
}

struct wanted {
	const char *word;
	bool said;
};

static void want_word(void *data, const char *text)
{
	struct wanted *wanted = data;

	wanted->said |= !!strstr(text, wanted->word);
	report_comment("%s", text);
}

/* A program that must fail, and say a word. */
static bool fails(unsigned int timeout, const char *word, char **argv)
{
	struct wanted wanted = { .word = word };
	struct ending end = program_run(argv, timeout, want_word, &wanted);
	const char *trouble = ending_text(&end);
	char step[160];

	snprintf(step, sizeof(step), "%s fails", argv[0]);
	if (trouble)
		report_fail(step, "%s", trouble);
	else if (!WEXITSTATUS(end.status))
		report_fail(step, "it does not");
	else if (!wanted.said)
		report_fail(step, "it does not say '%s'", word);
	else
		report_pass(step);
	return !end.stuck;
}

static bool is_number(const char *word)
{
	return *word && !word[strspn(word, "0123456789")] && strlen(word) < 7 && atoi(word) > 0;
}

/* Writes @text to every file that @pattern finds. */
static void write_all(const char *text, const char *pattern)
{
	glob_t found;

	if (glob(pattern, 0, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		if (!file_write(found.gl_pathv[i], text))
			report_fail("write", "%s does not take '%s'", found.gl_pathv[i], text);
	}
	globfree(&found);
}

/* "a=$NAME" with what NAME is in the environment. */
static char *expand(char *word)
{
	char *dollar = strchr(word, '$'), *value, *text;

	value = dollar ? getenv(dollar + 1) : NULL;
	if (!value || asprintf(&text, "%.*s%s", (int)(dollar - word), word, value) < 0)
		return word;
	return text;
}

/* False ends the plan: what follows could not be trusted. */
static bool step(int words, char **word, bool stopped)
{
	const char *verb;
	bool go_on = true;
	char name[160];

	/* "if CONFIG_X ..." and "unless CONFIG_X ...": which way to go on this kernel. */
	if (words > 2 && (!strcmp(word[0], "if") || !strcmp(word[0], "unless"))) {
		if (config_has(word[1]) != !strcmp(word[0], "if"))
			return true;
		words -= 2;
		word += 2;
	}
	verb = word[0];

	snprintf(name, sizeof(name), "%s%s%s", verb, words > 1 ? " " : "",
		 words > 1 ? word[1] : "");
	if (!strcmp(verb, "test") && words >= 4)
		snprintf(name, sizeof(name), "%s", word[2]);
	else if (!strcmp(verb, "run") && words >= 3)
		snprintf(name, sizeof(name), "run %s", word[2]);

	if (stopped) {
		if (!strcmp(verb, "test") || !strcmp(verb, "run"))
			report_fail(name, "not run: the plan was stopped");
		return false;
	}
	report_step(name);
	if (!strcmp(verb, "module") && words >= 2) {
		go_on = module_load(word[1], word + 2);
	} else if (!strcmp(verb, "modprobe") && words >= 2) {
		go_on = module_probe(word[1], word + 2);
	} else if (!strcmp(verb, "refused") && words == 3) {
		go_on = module_refused(word[1], word[2]);
	} else if (!strcmp(verb, "fails") && words >= 4 && is_number(word[1])) {
		go_on = fails(atoi(word[1]), word[2], word + 3);
	} else if (!strcmp(verb, "verify") && words == 2) {
		go_on = module_verify(word[1]);
	} else if (!strcmp(verb, "unload") && words == 2) {
		go_on = module_unload(word[1]);
	} else if (!strcmp(verb, "test") && words >= 4 && is_number(word[1])) {
		quiet_wait();
		baseline_take();
		go_on = tap_run(word[2], atoi(word[1]), word + 3);
		if (go_on)
			baseline_compare(word[2]);
	} else if (!strcmp(verb, "run") && words >= 3 && is_number(word[1])) {
		go_on = run(atoi(word[1]), word + 2);
	} else if (!strcmp(verb, "write") && words == 3) {
		write_all(word[1], word[2]);
	} else if (!strcmp(verb, "slack") && words >= 2) {
		baseline_slack(word + 1);
	} else if (!strcmp(verb, "kmemleak") && words == 1) {
		kmemleak_scan();
	} else {
		report_fail("plan", "bad line, '%s' ...", name);
		go_on = false;
	}
	kmsg_settle(name);
	return go_on;
}

static void follow_plan(void)
{
	char line[4096], *word[WORDS_MAX + 1], *rest;
	bool stopped = false;
	FILE *plan;
	int words;

	plan = fopen(PLAN, "re");
	if (!plan) {
		report_fail("plan", PLAN ": %s", strerror(errno));
		return;
	}
	while (fgets(line, sizeof(line), plan)) {
		words = 0;
		word[0] = strtok_r(line, " \t\n", &rest);
		while (word[words] && words < WORDS_MAX)
			word[++words] = strtok_r(NULL, " \t\n", &rest);
		word[words] = NULL;
		for (int i = 0; i < words; i++)
			word[i] = expand(word[i]);
		if (words && *word[0] != '#' && !step(words, word, stopped))
			stopped = true;
	}
	fclose(plan);
}

int main(void)
{
	mount_all();
	open_console();
	set_kernel();
	setenv("PATH", "/bin:/usr/bin:/sbin:/usr/sbin", 1);
	setenv("HOME", "/tmp", 1);
	pci_find_bar();
	report_open();
	kmsg_open();
	kmsg_settle("boot");
	follow_plan();
	kmsg_settle("the end");
	report_complete();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}
