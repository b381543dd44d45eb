/* SPDX-License-Identifier: GPL-2.0 */
/* Commands, as a person types them. */
#ifndef HMS_TEST_COMMAND_H
#define HMS_TEST_COMMAND_H

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
