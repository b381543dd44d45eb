// SPDX-License-Identifier: GPL-2.0
/* The verbs of hmsctl that change the map, measure it, and tell what happens to it. */

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "command.h"
#include "hms_fixture.h"
#include "maptest.h"
#include "module.h"

#define VALUES	"/tmp/values"
#define LINK	"node0-node0"
#define MACHINE	"/test/machines/proposal-2018.hms"

FIXTURE(maptools)
{
	struct env e;
	struct object link;
};

FIXTURE_SETUP(maptools)
{
	ASSERT_STREQ("", env_open(&self->e));
	ASSERT_TRUE(map_find("link", LINK, &self->link));
}

FIXTURE_TEARDOWN_PARENT(maptools)
{
	EXPECT_TRUE(module_is_loaded("hms"));
}

#define EXPECT_VALUE(number, source, attribute)					\
	do {									\
		EXPECT_STREQ(number, object_word(&self->link, attribute));	\
		EXPECT_STREQ(source, object_word(&self->link, attribute "_source")); \
	} while (0)

HMS_TEST(maptools, set)
{
	char before[4][64], source[4][64];
	static const char *const files[] = {
		"read_bandwidth", "write_bandwidth", "read_latency", "write_latency",
	};
	char file[64], uid[16];

	for (int i = 0; i < 4; i++) {
		snprintf(file, sizeof(file), "%s_source", files[i]);
		snprintf(before[i], sizeof(before[i]), "%s", object_word(&self->link, files[i]));
		snprintf(source[i], sizeof(source[i]), "%s", object_word(&self->link, file));
	}
	EXPECT_EQ(0, hmsctl("set", LINK, "bandwidth=1234", "read_latency=56"));
	EXPECT_VALUE("1234", "user", "read_bandwidth");
	EXPECT_VALUE("1234", "user", "write_bandwidth");
	EXPECT_VALUE("56", "user", "read_latency");
	EXPECT_STREQ(before[3], object_word(&self->link, "write_latency"));

	/* One that is wrong, and nothing is set. */
	EXPECT_EQ(2, hmsctl("set", LINK, "bandwidth=4321", "latency=-1"));
	EXPECT_EQ(2, hmsctl("set", LINK, "bandwidth=4321", "speed=1"));
	EXPECT_EQ(2, hmsctl("set", LINK, "bandwidth=4294967296"));
	EXPECT_EQ(2, hmsctl("set", LINK, "bandwidth=0"));
	EXPECT_EQ(2, hmsctl("set", LINK));
	EXPECT_EQ(2, hmsctl("set"));
	EXPECT_EQ(1, hmsctl("set", "no-such-link", "bandwidth=1"));
	EXPECT_EQ(1, hmsctl("set", "node0", "bandwidth=1"));
	EXPECT_EQ(1, hmsctl("set", "4294967295", "bandwidth=1"));
	EXPECT_VALUE("1234", "user", "read_bandwidth");

	snprintf(uid, sizeof(uid), "%u", self->link.uid);
	EXPECT_EQ(0, hmsctl("set", uid, "bandwidth=reset", "latency=reset"));
	for (int i = 0; i < 4; i++) {
		snprintf(file, sizeof(file), "%s_source", files[i]);
		EXPECT_STREQ(before[i], object_word(&self->link, files[i]));
		EXPECT_STREQ(source[i], object_word(&self->link, file));
	}
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return ok;
}

/* What an administrator has set is there again after a reload. */
HMS_TEST(maptools, set_and_reload)
{
	char path[256];

	ASSERT_EQ(0, hmsctl("set", LINK, "read_bandwidth=777", "--save", "--file", VALUES));
	snprintf(path, sizeof(path), "%s/read_latency", self->link.path);
	ASSERT_EQ(0, text_write(path, "88 measured"));
	ASSERT_EQ(0, hmsctl("set", "--save", "--file", VALUES));
	EXPECT_SAYS("2 values in " VALUES);

	env_close(&self->e);
	ASSERT_EQ(0, sim_unload_wait());
	ASSERT_EQ(0, module_unload_wait("hms"));
	ASSERT_EQ(0, modules_load_all());
	ASSERT_TRUE(map_find("link", LINK, &self->link));
	EXPECT_STRNE("user", object_word(&self->link, "read_bandwidth_source"));

	/* A line that is wrong, and nothing is set. */
	ASSERT_TRUE(write_file("/tmp/bad", "link read_bandwidth user 5 " LINK "\nlink?\n"));
	EXPECT_EQ(1, hmsctl("set", "--restore", "--file", "/tmp/bad"));
	EXPECT_SAYS("line 2");
	EXPECT_STRNE("user", object_word(&self->link, "read_bandwidth_source"));
	EXPECT_EQ(1, hmsctl("set", "--restore", "--file", "/tmp/no-such-file"));
	EXPECT_EQ(2, hmsctl("set", "--restore", "--save"));
	/* Of what this machine does not have now nobody speaks. */
	ASSERT_TRUE(write_file("/tmp/other", "# old\nlink read_bandwidth user 5 gone\n"));
	EXPECT_EQ(0, hmsctl("set", "--restore", "--file", "/tmp/other"));
	EXPECT_SAYS("0 values");
	/* But it stays in the file, for when it is there again. */
	EXPECT_EQ(0, hmsctl("set", "--save", "--file", "/tmp/other"));
	EXPECT_SAYS("1 values in /tmp/other");

	EXPECT_EQ(0, hmsctl("set", "--restore", "--file", VALUES));
	EXPECT_SAYS("2 values from " VALUES);
	EXPECT_VALUE("777", "user", "read_bandwidth");
	EXPECT_VALUE("88", "measured", "read_latency");
	EXPECT_EQ(0, hmsctl("set", LINK, "bandwidth=reset", "latency=reset"));
	/* The file is only replaced by a whole one. */
	EXPECT_EQ(1, hmsctl("set", "--save", "--file", "/proc/values"));
}

HMS_TEST(maptools, measure)
{
	NEED_NODES(1);
	EXPECT_EQ(0, hmsctl("measure", "--size", "1M"));
	EXPECT_SAYS("node0");
	EXPECT_STRNE("measured", object_word(&self->link, "read_bandwidth_source"));
	EXPECT_EQ(0, hmsctl("measure", "--size", "1M", "--apply", "--json"));
	EXPECT_SAYS("\"read_latency\"");
	EXPECT_STREQ("measured", object_word(&self->link, "read_bandwidth_source"));
	EXPECT_STREQ("measured", object_word(&self->link, "write_bandwidth_source"));
	EXPECT_STREQ("measured", object_word(&self->link, "read_latency_source"));
	EXPECT_STRNE("measured", object_word(&self->link, "write_latency_source"));
	EXPECT_EQ(0, hmsctl("set", LINK, "bandwidth=reset", "latency=reset"));
	EXPECT_EQ(2, hmsctl("measure", "--size", "1"));
	EXPECT_EQ(2, hmsctl("measure", "all"));
}

static int count_lines(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

HMS_TEST(maptools, monitor_since)
{
	char generation[32], gone[64];
	struct object bridge;

	EXPECT_EQ(0, hmsctl("monitor", "--since", "0", "--once"));
	EXPECT_EQ(map_count(), count_lines(command_output));
	EXPECT_SAYS("link");
	ASSERT_EQ(0, text_read("/sys/devices/hms/generation", generation, sizeof(generation)));
	EXPECT_EQ(0, hmsctl("monitor", "--since", generation, "--once"));
	EXPECT_STREQ("", command_output);
	EXPECT_EQ(0, hmsctl("set", LINK, "read_latency=5"));
	EXPECT_EQ(0, hmsctl("monitor", "--since", generation, "--once", "--json"));
	EXPECT_EQ(1, count_lines(command_output));
	EXPECT_SAYS("\"name\":\"" LINK "\"");
	EXPECT_EQ(0, hmsctl("set", LINK, "read_latency=reset"));

	if (access(DEV_DESCRIBED, F_OK))
		SKIP(return, "hms_sim is not loaded");
	EXPECT_EQ(0, hmsctl("sim", "load", MACHINE));
	ASSERT_TRUE(map_find("bridge", "complex0", &bridge));
	ASSERT_EQ(0, text_read("/sys/devices/hms/generation", generation, sizeof(generation)));
	EXPECT_EQ(0, hmsctl("sim", "clear"));
	EXPECT_EQ(0, hmsctl("monitor", "--since", generation, "--once"));
	snprintf(gone, sizeof(gone), "gone      bridge %u\n", bridge.uid);
	EXPECT_SAYS(gone);
	EXPECT_EQ(1, hmsctl("monitor", "--since", "99999999999", "--once"));
	EXPECT_SAYS("too long ago, or to come");
	EXPECT_EQ(2, hmsctl("monitor", "--once"));
	EXPECT_EQ(2, hmsctl("monitor", "--count", "0"));
	EXPECT_EQ(2, hmsctl("monitor", "all"));
}

/* It hears what happens while it runs: things happen until it has heard enough. */
HMS_TEST(maptools, monitor_live)
{
	char path[256], text[8192] = "";
	int output, status, i = 1;
	char number[16];
	ssize_t n;
	pid_t pid;

	pid = command_start(COMMAND_STDOUT, &output, "/bin/hmsctl", "monitor", "--migrate",
			    "--count", "20", NULL);
	ASSERT_LT(0, pid);
	snprintf(path, sizeof(path), "%s/read_latency", self->link.path);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		char *p = area(PAGE);

		snprintf(number, sizeof(number), "%d", i++);
		ASSERT_EQ(0, text_write(path, number));
		ASSERT_EQ(0, populate(self->e.fd, p, PAGE, self->e.node[0], NULL));
		EXPECT_ZERO(p, PAGE);
		munmap(p, PAGE);
		/* It may hear of the first kind some time before it hears of the second. */
		usleep(2000);
	}
	EXPECT_EQ(0, status);
	n = read(output, text, sizeof(text) - 1);
	ASSERT_LT(0, n);
	EXPECT_EQ(20, count_lines(text));
	EXPECT_NE(NULL, strstr(text, LINK));
	EXPECT_NE(NULL, strstr(text, "populated"));
	ASSERT_EQ(0, text_write(path, "reset"));
}

/* It also hears what nobody asked for: a device faults until it has. */
HMS_TEST(maptools, monitor_moves)
{
	char text[8192] = "", words[64];
	struct hms_sim_op op;
	int output, status;
	pid_t pid;

	NEED_SIMS(1);
	pid = command_start(COMMAND_STDOUT, &output, "/bin/hmsctl", "monitor", "--migrate",
			    "--count", "4", NULL);
	ASSERT_LT(0, pid);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		char *p = area(PAGE);

		fill(p, PAGE, 1);
		ASSERT_EQ(0, policy_set(self->e.fd, p, PAGE, HMS_MODE_PREFERRED, 1, self->e.sim));
		ASSERT_EQ(0, sim_op(self->e.sim_fd[0], HMS_SIM_SUM, p, PAGE, NULL, 0, &op));
		EXPECT_PATTERN(p, PAGE, 1);
		munmap(p, PAGE);
		sched_yield();
	}
	EXPECT_EQ(0, status);
	ASSERT_LT(0, read(output, text, sizeof(text) - 1));
	snprintf(words, sizeof(words), " to %u: 1 moved, 0 populated, 0 skipped\n", self->e.sim[0]);
	EXPECT_NE(NULL, strstr(text, "moved     fault, of pid ")) {
		TH_LOG("%s", text);
	}
	EXPECT_NE(NULL, strstr(text, words));
}

/* What happens while it begins to listen is none of the answers that it waits for. */
HMS_TEST(maptools, monitor_begins)
{
	char path[256];
	int status;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/read_latency", self->link.path);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		for (int i = 1;; i++)
			if (text_write(path, i % 2 ? "1" : "2"))
				_exit(1);
	for (int i = 0; i < 30; i++)
		EXPECT_EQ(0, hmsctl("monitor", "--migrate", "--count", "1")) {
			TH_LOG("%s", command_output);
		}
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	ASSERT_EQ(0, text_write(path, "reset"));
}

/* Reads what the monitor says, and forgets it up to the end of @words; false when it has ended. */
static bool says(int fd, char *text, size_t size, const char *words)
{
	size_t used = strlen(text);
	const char *found;
	ssize_t n;

	while (!(found = strstr(text, words))) {
		/* What is asked for is at the end, if anywhere. */
		if (used > size / 2) {
			memmove(text, text + used / 2, used - used / 2 + 1);
			used -= used / 2;
		}
		n = read(fd, text + used, size - 1 - used);
		if (n <= 0)
			return false;
		used += n;
		text[used] = 0;
	}
	found += strlen(words);
	memmove(text, found, strlen(found) + 1);
	return true;
}

/*
 * One that can't keep up says so, asks what is new since then, and goes on; also when so much has
 * gone that nobody remembers all of it.
 */
HMS_TEST(maptools, monitor_overrun)
{
	static const int rounds[] = { 2, 12 };
	static char text[65536];
	int output;
	pid_t pid;

	if (access(DEV_DESCRIBED, F_OK))
		SKIP(return, "hms_sim is not loaded");
	/* Since 0, so that it can tell that it listens. */
	pid = command_start(COMMAND_STDOUT | COMMAND_STDERR, &output, "/bin/hmsctl", "monitor",
			    "--since", "0", NULL);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(says(output, text, sizeof(text), LINK));
	for (size_t i = 0; i < ARRAY_SIZE(rounds); i++) {
		ASSERT_EQ(0, kill(pid, SIGSTOP));
		for (int round = 0; round < rounds[i]; round++) {
			ASSERT_EQ(0, hmsctl("sim", "load", MACHINE));
			ASSERT_EQ(0, hmsctl("sim", "clear"));
		}
		ASSERT_EQ(0, hmsctl("set", LINK, "read_latency=7"));
		ASSERT_EQ(0, kill(pid, SIGCONT));
		EXPECT_TRUE(says(output, text, sizeof(text), "events were lost"));
		EXPECT_TRUE(says(output, text, sizeof(text), LINK));
		ASSERT_EQ(0, hmsctl("set", LINK, "read_latency=reset"));
		EXPECT_TRUE(says(output, text, sizeof(text), LINK));
	}
	ASSERT_EQ(0, kill(pid, SIGTERM));
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	close(output);
}

/* What needs version 3 is not there for tools that know version 2. */
HMS_TEST(maptools, of_the_future)
{
	static const char map[] =
		"hms-map 1\n"
		"initiator from-now kind=device\n"
		"target of-the-future version=3 kind=device-private size=1G\n"
		"link onward initiators=from-now targets=of-the-future\n"
		"link up-to-now initiators=from-now\n";

	if (access(DEV_DESCRIBED, F_OK))
		SKIP(return, "hms_sim is not loaded");
	ASSERT_TRUE(write_file("/tmp/future", map));
	ASSERT_EQ(0, hmsctl("sim", "load", "/tmp/future"));
	EXPECT_EQ(1, map_count_named("target", "of-the-future"));

#define EXPECT_NO_FUTURE(...)							\
	do {									\
		EXPECT_EQ(0, hmsctl(__VA_ARGS__));				\
		EXPECT_SAYS("-now");						\
		EXPECT_EQ(NULL, strstr(command_output, "future"));		\
	} while (0)
	EXPECT_NO_FUTURE("list", "all");
	EXPECT_NO_FUTURE("list", "all", "--json");
	EXPECT_NO_FUTURE("topology");
	EXPECT_NO_FUTURE("topology", "--dot");
	EXPECT_NO_FUTURE("topology", "--xml");
	EXPECT_NO_FUTURE("topology", "--save");
	EXPECT_NO_FUTURE("monitor", "--since", "0", "--once");
	EXPECT_EQ(1, hmsctl("select", "of-the-future"));
	EXPECT_EQ(1, hmsctl("select", "kind=device,name=of-*"));
	EXPECT_EQ(1, hmsctl("near", "of-the-future"));
	EXPECT_EQ(1, hmsctl("path", "from-now", "of-the-future"));
	EXPECT_EQ(1, hmsctl("best", "from-now", "--kind", "device"));
	EXPECT_EQ(1, hmsctl("migrate", "--to", "of-the-future"));
	EXPECT_EQ(0, hmsctl("sim", "clear"));
}

HMS_TEST(maptools, sim)
{
	int before = map_count();

	if (access(DEV_DESCRIBED, F_OK))
		SKIP(return, "hms_sim is not loaded");
	EXPECT_EQ(0, hmsctl("sim", "load", MACHINE));
	EXPECT_LT(before + 20, map_count());
	EXPECT_EQ(0, hmsctl("list", "all"));
	EXPECT_SAYS("described");
	/* Twice is two machines. */
	EXPECT_EQ(0, hmsctl("sim", "load", MACHINE));
	EXPECT_EQ(0, hmsctl("sim", "clear"));
	EXPECT_EQ(before, map_count());
	EXPECT_EQ(0, hmsctl("sim", "clear"));

	EXPECT_EQ(1, hmsctl("sim", "load", "/no/such/file"));
	ASSERT_TRUE(write_file("/tmp/map", "hms-map 1\ntarget t size=?\n"));
	EXPECT_EQ(1, hmsctl("sim", "load", "/tmp/map"));
	EXPECT_SAYS("line 2");
	EXPECT_EQ(2, hmsctl("sim"));
	EXPECT_EQ(2, hmsctl("sim", "load"));
	EXPECT_EQ(2, hmsctl("sim", "unload", MACHINE));
	EXPECT_EQ(before, map_count());
}

TEST_HARNESS_MAIN
