/* SPDX-License-Identifier: GPL-2.0 */
/* Commands, as a person types them. */
#ifndef HMS_TEST_COMMAND_H
#define HMS_TEST_COMMAND_H

#include <sys/types.h>

#define COMMAND_STDOUT	0x1
#define COMMAND_STDERR	0x2

/* Run a program, and do not wait for it: @output receives where to read these outputs of it. */
pid_t command_start(unsigned int outputs, int *output, const char *program, ...)
	__attribute__((sentinel));

/* Both outputs of the last one. */
extern char command_output[65536];

/* Run a program with arguments up to a NULL; its exit code, or -1 for anything worse. */
int command(const char *program, ...) __attribute__((sentinel));

#define hmsctl(...)	command("/bin/hmsctl", __VA_ARGS__, NULL)

#define EXPECT_SAYS(text)							\
	EXPECT_NE(NULL, strstr(command_output, text)) {				\
		TH_LOG("'%s' says: %s", text, command_output);			\
	}

#endif /* HMS_TEST_COMMAND_H */
