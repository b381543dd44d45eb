// SPDX-License-Identifier: GPL-2.0
/* hmsctl and the README's example, through libhms: what a person types, and what comes back. */

#include <sys/utsname.h>

#include "command.h"
#include "hms_fixture.h"

#define MACHINE	"/test/machines/proposal-2018.hms"

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

/* Any machine, from a file: what the answers have to be is worked out in test/unit. */
HMS_TEST(tools, questions)
{
	EXPECT_EQ(0, hmsctl("best", "cpu1", "--from", MACHINE));
	EXPECT_SAYS("hbm1");
	EXPECT_EQ(0, hmsctl("best", "cpu0", "--kind", "device", "--from", MACHINE));
	EXPECT_SAYS("gpu7-gddr");
	EXPECT_EQ(NULL, strstr(command_output, "gpu0-hbm"));
	EXPECT_EQ(1, hmsctl("best", "gpu0", "-k", "device", "--size", "33G", "--from", MACHINE));
	EXPECT_SAYS("gpu0 reaches no target that fits");
	EXPECT_EQ(0, hmsctl("near", "hbm1", "--from", MACHINE));
	EXPECT_SAYS("cpu1");
	EXPECT_EQ(0, hmsctl("path", "cpu0", "hbm1", "--from", MACHINE));
	EXPECT_SAYS("the best way\n100GB/s");
	EXPECT_EQ(NULL, strstr(command_output, "main0"));
	EXPECT_EQ(0, hmsctl("path", "cpu0", "hbm1", "--all", "--from", MACHINE));
	EXPECT_SAYS("2 ways\n100GB/s");
	EXPECT_SAYS("main0");
	EXPECT_EQ(0, hmsctl("path", "cpu0", "hbm1", "--json", "--from", MACHINE));
	EXPECT_SAYS("\"read-bw\": 100000");
	EXPECT_EQ(1, hmsctl("path", "cpu0", "gpu0-hbm", "--from", MACHINE));
	EXPECT_SAYS("cpu0 can't reach gpu0-hbm");
	EXPECT_EQ(0, hmsctl("select", "best:bandwidth@cpu2", "--uids", "--from", MACHINE));
	EXPECT_STREQ("3\n", command_output);
	EXPECT_EQ(1, hmsctl("select", "size>=1T", "--from", MACHINE));
	EXPECT_EQ(0, hmsctl("list", "links", "--bytes", "-o", "name,read-bw", "--from", MACHINE));
	EXPECT_SAYS("hbm0        200000");
	EXPECT_EQ(0, hmsctl("list", "links", "-o", "name,read-bw", "--from", MACHINE));
	EXPECT_SAYS("200GB/s:driver");

	EXPECT_EQ(2, hmsctl("best"));
	EXPECT_EQ(2, hmsctl("best", "cpu0", "--kind", "cpu", "--from", MACHINE));
	EXPECT_EQ(2, hmsctl("best", "cpu0", "--require", "fast", "--from", MACHINE));
	EXPECT_SAYS("--require \"fast\"");
	EXPECT_EQ(2, hmsctl("best", "cpu0", "--latency", "4294967296", "--from", MACHINE));
	EXPECT_EQ(1, hmsctl("best", "cpu9", "--from", MACHINE));
	EXPECT_EQ(2, hmsctl("near", "--from", MACHINE));
	EXPECT_EQ(2, hmsctl("near", "hbm0", "hbm1", "--from", MACHINE));
	EXPECT_SAYS("unexpected \"hbm1\"");
	EXPECT_EQ(2, hmsctl("path", "cpu0", "--from", MACHINE));
	EXPECT_SAYS("it takes INITIATOR TARGET");
	EXPECT_EQ(2, hmsctl("select", "size", "=", "--from", MACHINE));
	EXPECT_EQ(2, hmsctl("select", "size>=much", "--from", MACHINE));
	EXPECT_EQ(2, hmsctl("list", "-o", "name,colour", "--from", MACHINE));
	EXPECT_EQ(2, hmsctl("list", "things", "--from", MACHINE));
	EXPECT_EQ(1, hmsctl("list", "--from", "/no/such/file"));
	EXPECT_EQ(2, hmsctl("list", "--from"));
}

/* The same of the machine that it runs on. */
HMS_TEST(tools, questions_here)
{
	char node[16], uid[16];

	snprintf(node, sizeof(node), "node%d", 0);
	snprintf(uid, sizeof(uid), "%u\n", self->e.node[0]);
	EXPECT_EQ(0, hmsctl("best", "here"));
	EXPECT_SAYS(node);
	EXPECT_EQ(0, hmsctl("path", "here", node));
	EXPECT_EQ(0, hmsctl("near", node));
	EXPECT_SAYS("cpu");
	EXPECT_EQ(0, hmsctl("select", node, "--uids"));
	EXPECT_STREQ(uid, command_output);
	EXPECT_EQ(0, hmsctl("migrate", "--size", "1M", "--to", node));
	EXPECT_SAYS(node);
	EXPECT_EQ(2, hmsctl("migrate", "--size", "0", "--to", node));
	EXPECT_EQ(2, hmsctl("query", "--mode", "fast"));
	NEED_SIMS(1);
	EXPECT_EQ(0, hmsctl("migrate", "--size", "1M", "--to", "kind=device,name=hms_sim0"));
	EXPECT_SAYS("hms_sim0");
}

/* The map as a tree and as what other programs draw; what is saved reads as it was. */
HMS_TEST(tools, topology)
{
	static char saved[sizeof(command_output)];

	EXPECT_EQ(0, hmsctl("topology"));
	EXPECT_SAYS("node0");
	EXPECT_EQ(0, hmsctl("topology", "--dot"));
	EXPECT_SAYS("digraph map {");
	EXPECT_EQ(0, hmsctl("topology", "--xml"));
	EXPECT_SAYS("<topology version=\"2.0\">");
	ASSERT_EQ(0, hmsctl("topology", "--save", "/tmp/saved.hms"));
	ASSERT_EQ(0, text_read("/tmp/saved.hms", saved, sizeof(saved)));
	EXPECT_EQ(0, hmsctl("topology", "--from", "/tmp/saved.hms", "--save"));
	/* text_read() leaves out the newline at the end. */
	EXPECT_EQ(0, strncmp(saved, command_output, strlen(saved)));
	/* Who means to see it does not lose it. */
	EXPECT_EQ(1, hmsctl("topology", "/tmp/saved.hms"));
	EXPECT_SAYS("--from draws it");
	EXPECT_EQ(0, hmsctl("topology", "--from", "/tmp/saved.hms", "--save", "/tmp/saved.hms"));
	EXPECT_STREQ("\n", command_output + strlen(saved));
	/* The guest has no graphviz. */
	EXPECT_EQ(1, hmsctl("topology", "--svg"));
	EXPECT_SAYS("graphviz");
	EXPECT_EQ(2, hmsctl("topology", "--dot", "--svg"));
	EXPECT_SAYS("one format at a time");
	EXPECT_EQ(1, hmsctl("topology", "--save", "/no/such/folder/file"));
	EXPECT_EQ(1, hmsctl("topology", "--dot", "/dev/full"));
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
	EXPECT_SAYS(*feature_missing("node-migration") ?
		    "first touch where the kernel likes: it has no mempolicy" :
		    "first touch where mempolicy says: not all targets are nodes");
}

/* Errors name what is wrong, and the exit code says which kind it is. */
HMS_TEST(tools, errors)
{
	EXPECT_EQ(2, hmsctl("migrate"));
	EXPECT_EQ(2, hmsctl("no-such-verb"));
	EXPECT_EQ(2, hmsctl("list", "--no-such-option"));
	EXPECT_EQ(1, hmsctl("migrate", "--to", "4000000000"));
	EXPECT_SAYS("target 0 (uid 4000000000)");
	EXPECT_EQ(1, hmsctl("migrate", "--mode", "default", "--to", uid_text(self->e.node[0])));
	EXPECT_SAYS("(mode default): does not go with");
}

/* Page by page, by weights that are given or found. */
HMS_TEST(tools, modes)
{
	NEED_NODES(2);
	EXPECT_EQ(0, hmsctl("migrate", "--size", "64K", "--to", "node0,node1", "--mode",
			    "interleave"));
	EXPECT_SAYS("node0                 32K           8 pages");
	EXPECT_SAYS("node1                 32K           8 pages");
	EXPECT_EQ(0, hmsctl("migrate", "--size", "64K", "--to", "node0,node1", "--weights", "3,1",
			    "--initiator", "cpu0"));
	EXPECT_SAYS("node0                 48K          12 pages");
	EXPECT_EQ(NULL, strstr(command_output, "by bandwidth"));
	/* By HMAT, and by distance where there is none. */
	EXPECT_EQ(0, hmsctl("migrate", "--size", "96K", "--to", "node0,node1", "--mode", "weighted",
			    "--initiator", "cpu0"));
	EXPECT_SAYS("weights by bandwidth: 2,1");
	EXPECT_SAYS("node0                 64K          16 pages");
	EXPECT_EQ(0, hmsctl("query", "--mode", "weighted", "--to", "node0,node1"));
	EXPECT_SAYS(strstr(command_output, "node0*2") ? "weighted node0*2,node1*1" :
							"weighted node0*1,node1*2");
	EXPECT_EQ(0, hmsctl("query", "--mode", "weighted", "--to", "node0,node1", "--migrate"));
	EXPECT_EQ(0, hmsctl("query", "--mode", "interleave", "--to", "node0,node1"));
	EXPECT_SAYS("interleave node0,node1\n");

	EXPECT_EQ(2, hmsctl("migrate", "--to", "node0,node1", "--weights", "3"));
	EXPECT_SAYS("1 weights for 2 targets");
	EXPECT_EQ(2, hmsctl("migrate", "--to", "node0,node1", "--weights", "3,x"));
	EXPECT_EQ(2, hmsctl("migrate", "--to", "node0", "--weights", "3", "--mode", "bind"));
	EXPECT_SAYS("mode bind has no weights");
	EXPECT_EQ(1, hmsctl("migrate", "--to", "node0,node1", "--weights", "3,256"));
	EXPECT_SAYS("node1): its weight is not 1 to 255");
	EXPECT_EQ(1, hmsctl("migrate", "--to", "node0", "--initiator", "cpu9"));
	EXPECT_SAYS("no initiator cpu9");
	NEED_SIMS(1);
	EXPECT_EQ(1, hmsctl("migrate", "--to", "node0", "--initiator", "hms_sim0"));
	EXPECT_SAYS("node0): can't be reached from the initiator");
	EXPECT_EQ(1, hmsctl("migrate", "--to", "hms_sim0,node0", "--mode", "weighted",
			    "--initiator", "cpu0"));
	EXPECT_SAYS("hms_sim0): can't be reached from the initiator");
	EXPECT_EQ(1, hmsctl("query", "--to", "hms_sim0", "--mode", "weighted"));
	EXPECT_SAYS("hms_sim0): can't be reached from the initiator");
}

HMS_TEST(tools, example)
{
	NEED_PRIVATE(1);
	EXPECT_EQ(0, command("/bin/example", NULL));
	EXPECT_SAYS("4096 of 4096 pages are on hms_sim0");
	EXPECT_SAYS("array[42] is still 42");
}

TEST_HARNESS_MAIN
