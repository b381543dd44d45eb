// SPDX-License-Identifier: GPL-2.0
/* hmsctl and the README's example, through libhms: what a person types, and what comes back. */

#include <sys/utsname.h>

#include "command.h"
#include "hms_fixture.h"

HMS_FIXTURE(tools)

static const char *uid_text(__u32 uid)
{
	static char text[4][16];
	static int next;
	char *t = text[next++ % 4];

	snprintf(t, sizeof(text[0]), "%u", uid);
	return t;
}

HMS_TEST(tools, check_and_version)
{
	struct utsname name;
	char path[256];
	bool installed;

	uname(&name);
	snprintf(path, sizeof(path), "/lib/modules/%s/updates/dkms", name.release);
	installed = !access(path, F_OK);
	EXPECT_EQ(0, hmsctl("check"));
	EXPECT_SAYS("loaded");
	EXPECT_SAYS("node-migration");
	EXPECT_SAYS("all-or-nothing");
	EXPECT_EQ(0, hmsctl("version"));
	EXPECT_SAYS("module   0.");
	/* The suite loads it from a path of its own; dkms installs it. */
	EXPECT_SAYS(installed ? ", 0.1.0 installed" : ", none installed");
	EXPECT_EQ(0, hmsctl("help"));
}

HMS_TEST(tools, list)
{
	char line[32];

	EXPECT_EQ(0, hmsctl("list"));
	EXPECT_SAYS("node0");
	for (int i = 0; i < self->e.nsims; i++) {
		snprintf(line, sizeof(line), "hms_sim%d", i);
		EXPECT_SAYS(line);
	}
	EXPECT_EQ(0, hmsctl("list", "all", "--json"));
	EXPECT_EQ('{', command_output[0]);
	EXPECT_SAYS("\"initiator\"");
	EXPECT_EQ(0, hmsctl("list", "-n", "-o", "NAME"));
	EXPECT_EQ(NULL, strstr(command_output, "UID"));
}

HMS_TEST(tools, migrate)
{
	NEED_SIMS(1);
	EXPECT_EQ(0, hmsctl("migrate", "--size", "4M", "--to", uid_text(self->e.sim[0])));
	EXPECT_SAYS("hms_sim0");
	EXPECT_EQ(0, hmsctl("migrate", "--size", "4M", "--populate", "--all-or-nothing", "--to",
			    uid_text(self->e.sim[0])));
}

/* More than the device holds: partial success has an exit code of its own. */
HMS_TEST(tools, migrate_too_much)
{
	NEED_SIMS(1);
	EXPECT_EQ(3, hmsctl("migrate", "--size", "80M", "--to", uid_text(self->e.sim[0])));
}

HMS_TEST(tools, query)
{
	NEED_SIMS(1);
	EXPECT_EQ(0, hmsctl("query", "--mode", "bind", "--migrate", "--size", "2M", "--to",
			    uid_text(self->e.sim[0])));
	EXPECT_SAYS("bind");
	EXPECT_SAYS("hms_sim0");
}

/* Errors name what is wrong, and the exit code says which kind it is. */
HMS_TEST(tools, errors)
{
	EXPECT_EQ(2, hmsctl("migrate"));
	EXPECT_EQ(2, hmsctl("no-such-verb"));
	EXPECT_EQ(2, hmsctl("list", "--no-such-option"));
	EXPECT_EQ(1, hmsctl("migrate", "--to", "4000000000"));
	EXPECT_SAYS("target 0 (uid 4000000000)");
	EXPECT_EQ(1, hmsctl("query", "--mode", "interleave", "--to", uid_text(self->e.node[0])));
	EXPECT_SAYS("interleave");
}

HMS_TEST(tools, example)
{
	NEED_PRIVATE(1);
	EXPECT_EQ(0, command("/bin/example", NULL));
	EXPECT_SAYS("4096 of 4096 pages are on hms_sim0");
	EXPECT_SAYS("array[42] is still 42");
}

TEST_HARNESS_MAIN
