/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PID 1 of the test guest. It carries out the plan of one run and reports on the verdict channel,
 * one record a line:
 *
 *	@ NAME				the step that begins; the host names it after a hang
 *	ok - NAME [# SKIP REASON]	a result
 *	not ok - NAME [# REASON]
 *	# TEXT				what explains the next result
 *	> TEXT				output of a program that is no test, for the user as it is
 *	% COMMAND			for the monitor of the emulator; its effect is what tells
 *	hms-verdict: complete P F S	the last line; without it the run has failed
 */
#ifndef HMS_TEST_VM_INIT_H
#define HMS_TEST_VM_INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PRINTF(a, b) __attribute__((format(printf, a, b)))

/* report.c */
void report_open(void);
void report_step(const char *name);
void report_output(const char *line);
void report_ask(const char *command);
void PRINTF(1, 2) report_comment(const char *fmt, ...);
void report_pass(const char *name);
void PRINTF(2, 3) report_fail(const char *name, const char *fmt, ...);
void PRINTF(2, 3) report_skip(const char *name, const char *fmt, ...);
void report_complete(void);

/* program.c */
struct ending {
	int status;		/* as waitpid(2) gives it */
	bool timed_out;
	pid_t stuck;		/* a process that SIGKILL did not end */
};

struct ending program_run(char **argv, unsigned int timeout,
			  void (*line)(void *data, const char *text), void *data);
const char *ending_text(const struct ending *end);

/* tap.c */
bool tap_run(const char *name, unsigned int timeout, char **argv);

/* kmsg.c */
void kmsg_open(void);
int kmsg_fd(void);
void kmsg_read(void);
void kmsg_settle(const char *step);

/* modules.c */
bool module_load(const char *path, char **params);
bool module_probe(const char *name, char **params);
bool module_refused(const char *path, const char *error);
bool module_unload(const char *name);
bool module_verify(const char *path);

/* baseline.c */
void baseline_slack(char **slack);
void baseline_take(void);
void baseline_compare(const char *test);

/* nobodys.c */
long long nobodys_pages(long long absent);

/* group.c */
#define GROUP "/sys/fs/cgroup/test"

void group_make(void);
void group_make_another(void);
bool group_join(void);
long long group_charged(void);
void group_show(void);
bool group_remove(void);
void group_displace(void);

/* kmemleak.c */
void kmemleak_scan(void);

/* config.c */
bool config_has(const char *option);

/* quiet.c */
void quiet_wait(void);

/* pci.c */
void pci_find_bar(void);

/* init.c */
void mount_scratch(void);

/* file.c */
char *file_read(const char *path, size_t *len);
bool file_write(const char *path, const char *text);
long long file_number(const char *path, const char *name, long long absent);

#endif
