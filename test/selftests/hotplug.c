// SPDX-License-Identifier: GPL-2.0
/* Memory that comes and goes: of a node that has none at first. */

#include <fcntl.h>
#include <glob.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>

#include "hms_fixture.h"
#include "maptest.h"
#include "module.h"

#define NPAGES	600

FIXTURE(hotplug)
{
	struct env e;
	char state[128];	/* file of a memory block that is offline */
	int nid;
};

/* Finds a block of a node that has no other memory; false when there is none. */
static bool find_block(FIXTURE_DATA(hotplug) *self)
{
	char text[16], *node;
	glob_t found;

	self->nid = -1;
	if (glob("/sys/devices/system/memory/memory*/node*", 0, NULL, &found))
		return false;
	for (size_t i = 0; i < found.gl_pathc && self->nid < 0; i++) {
		node = strrchr(found.gl_pathv[i], '/');
		snprintf(self->state, sizeof(self->state), "%.*s/state",
			 (int)(node - found.gl_pathv[i]), found.gl_pathv[i]);
		if (!text_read(self->state, text, sizeof(text)) && !strncmp(text, "offline", 7) &&
		    atoi(node + strlen("/node")) >= self->e.nnodes)
			self->nid = atoi(node + strlen("/node"));
	}
	globfree(&found);
	return self->nid >= 0;
}

/* Somebody may hold one of its pages for a moment. */
static int block_set(const FIXTURE_DATA(hotplug) *self, const char *state)
{
	int ret = -EBUSY;

	for (int i = 0; i < 100 && ret == -EBUSY; i++)
		ret = text_write(self->state, state);
	return ret;
}

FIXTURE_SETUP(hotplug)
{
	ASSERT_STREQ("", env_open(&self->e));
	if (!find_block(self))
		SKIP(return, "no memory is offline: CONFIG_ACPI_HOTPLUG_MEMORY is off?");
}

FIXTURE_TEARDOWN_PARENT(hotplug)
{
	char text[16];

	if (self->nid >= 0 && !text_read(self->state, text, sizeof(text)) &&
	    strncmp(text, "offline", 7))
		EXPECT_EQ(0, block_set(self, "offline"));
}

/* Cpusets hear of a new node a moment later, and until then forbid it. */
static int migrate_when_allowed(const FIXTURE_DATA(hotplug) *self, char *p, __u32 uid,
				struct request *r)
{
	const struct timespec tick = { .tv_nsec = 10000000 };
	int ret = 0;

	for (int i = 0; i < 500; i++) {
		ret = migrate(self->e.fd, p, NPAGES * PAGE, uid, r);
		if (ret || !r->h.skipped[HMS_SKIP_UNREACHABLE])
			break;
		nanosleep(&tick, NULL);
	}
	return ret;
}

static __u32 target_of_node(int nid)
{
	char name[16];
	struct object o;

	snprintf(name, sizeof(name), "node%d", nid);
	return map_find("target", name, &o) ? o.uid : 0;
}

/* Links between initiators and the memory of a node. */
static int links_to(int nid)
{
	char pattern[32];

	snprintf(pattern, sizeof(pattern), "node*-node%d", nid);
	return map_count_named("link", pattern);
}

HMS_TEST(hotplug, first_and_last_memory)
{
	char *p = area(NPAGES * PAGE);
	__u32 uid[2];
	struct request r;
	long elsewhere;
	int initiators = map_count_named("initiator", "node*");

	ASSERT_NE(NULL, p);
	EXPECT_GE(initiators, 1);
	fill(p, NPAGES * PAGE, 1);
	for (int round = 0; round < 2; round++) {
		struct policy policy[2];

		EXPECT_EQ(0, target_of_node(self->nid));
		ASSERT_EQ(0, block_set(self, "online_movable"));
		uid[round] = target_of_node(self->nid);
		ASSERT_NE(0, uid[round]);
		EXPECT_GT(target_capacity(uid[round]), 0);
		EXPECT_EQ(initiators, links_to(self->nid));
		ASSERT_EQ(0, migrate_when_allowed(self, p, uid[round], &r));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(NPAGES, r.h.moved);
		EXPECT_EQ(NPAGES, pages_on(self->e.fd, p, NPAGES * PAGE, uid[round]));
		ASSERT_EQ(0, policy_set(self->e.fd, p, NPAGES * PAGE, HMS_MODE_PREFERRED, 1,
					&uid[round]));

		/* Core moves what is there; the policy keeps the uid, which is gone. */
		ASSERT_EQ(0, block_set(self, "offline"));
		EXPECT_EQ(0, target_of_node(self->nid));
		EXPECT_EQ(0, links_to(self->nid));
		elsewhere = 0;
		for (int i = 0; i < self->e.nnodes; i++)
			elsewhere += pages_on(self->e.fd, p, NPAGES * PAGE, self->e.node[i]);
		EXPECT_EQ(NPAGES, elsewhere);
		EXPECT_PATTERN(p, NPAGES * PAGE, 1);
		ASSERT_EQ(1, policies_read(self->e.fd, HMS_QUERY_POLICY, p, NPAGES * PAGE, policy,
					   2));
		EXPECT_EQ(1, policy[0].gone);
		EXPECT_EQ(-ENODEV, migrate(self->e.fd, p, NPAGES * PAGE, uid[round], &r));
		EXPECT_EQ(HMS_WHY_GONE, r.h.error_why);
	}
	EXPECT_NE(uid[0], uid[1]);
}

/* It goes while another thread moves pages there and back. */
HMS_TEST(hotplug, under_load)
{
	char *p = area(NPAGES * PAGE);
	struct peer peer;
	struct request r;
	pid_t pid;

	ASSERT_NE(NULL, p);
	fill(p, NPAGES * PAGE, 1);
	ASSERT_EQ(0, block_set(self, "online_movable"));
	/* A child that is born before its parent may use the node may not for long. */
	ASSERT_EQ(0, migrate_when_allowed(self, p, target_of_node(self->nid), &r));
	pid = peer_fork(&peer);
	ASSERT_GE(pid, 0);
	if (!pid) {
		int fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
		__u32 uid = target_of_node(self->nid);

		close(self->e.fd);
		self->e.fd = fd;
		EXPECT_EQ(0, migrate_when_allowed(self, p, uid, &r));
		EXPECT_EQ(NPAGES, pages_on(fd, p, NPAGES * PAGE, uid)) {
			TH_LOG("%s", skips_text(&r.h));
		}
		tell(&peer);
		while (!migrate(fd, p, NPAGES * PAGE, uid, &r)) {
			EXPECT_COUNTS(&r);
			EXPECT_EQ(0, migrate(fd, p, NPAGES * PAGE, self->e.node[0], &r));
		}
		EXPECT_EQ(HMS_WHY_GONE, r.h.error_why);
		EXPECT_PATTERN(p, NPAGES * PAGE, 1);
		_exit(0);
	}
	ASSERT_EQ(0, hear(&peer));
	ASSERT_EQ(0, block_set(self, "offline"));
	EXPECT_EQ(0, peer_wait(&peer));
	EXPECT_PATTERN(p, NPAGES * PAGE, 1);
}

/*
 * The first lazy request makes memory for placeholders, which waits for an offline that is under
 * way; that is not to wait for the request then, for the node that it names.
 */
HMS_TEST(hotplug, first_lazy)
{
	const char *lacks = feature_missing("lazy");
	struct peer offline, lazy;
	char *p, text[32] = "";
	struct request r;
	struct iovec page;
	int ends[2];
	__u32 uid;

	if (*lacks)
		SKIP(return, "%s", lacks);
	env_close(&self->e);
	ASSERT_EQ(0, sim_unload_wait());
	ASSERT_EQ(0, module_unload_wait("hms"));
	ASSERT_EQ(0, modules_load_all());
	ASSERT_STREQ("", env_open(&self->e));
	ASSERT_EQ(0, block_set(self, "online_movable"));
	uid = target_of_node(self->nid);
	p = area(NPAGES * PAGE);
	ASSERT_NE(NULL, p);
	fill(p, NPAGES * PAGE, 1);
	ASSERT_EQ(0, migrate_when_allowed(self, p, uid, &r));
	ASSERT_EQ(1, pages_on(self->e.fd, p, PAGE, uid));
	/* As long as this is pinned the offline goes on. */
	ASSERT_EQ(0, pipe(ends));
	page = (struct iovec){ .iov_base = p, .iov_len = PAGE };
	ASSERT_EQ((ssize_t)PAGE, vmsplice(ends[1], &page, 1, 0));
	ASSERT_EQ(0, munmap(p, NPAGES * PAGE));

	if (!peer_fork(&offline)) {
		close(ends[0]);
		close(ends[1]);
		_exit(text_write(self->state, "offline") ? 1 : 0);
	}
	while (text_read(self->state, text, sizeof(text)) || strncmp(text, "going-offline", 13))
		usleep(1000);
	if (!peer_fork(&lazy)) {
		int fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);

		close(ends[0]);
		close(ends[1]);
		p = area(NPAGES * PAGE);
		request_init(&r, p, NPAGES * PAGE);
		request_target(&r, uid);
		request_modifier(&r, HMS_MOD_MODE, HMS_MODE_PREFERRED);
		request_modifier(&r, HMS_MOD_LAZY, 1);
		tell(&lazy);
		_exit(request_send(&r, fd) == -ENODEV ? 0 : 1);
	}
	ASSERT_EQ(0, hear(&lazy));
	wait_until_stuck(lazy.pid);
	close(ends[0]);
	close(ends[1]);
	EXPECT_EQ(0, peer_wait(&offline));
	EXPECT_EQ(0, peer_wait(&lazy));
	EXPECT_EQ(0, target_of_node(self->nid));
}

TEST_HARNESS_MAIN
