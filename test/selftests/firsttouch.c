// SPDX-License-Identifier: GPL-2.0
/* libhms: where the CPU puts pages that it touches first, and what becomes of mempolicy. */

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/mempolicy.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <hms/hms.h>

#include "filter.h"
#include "hms_fixture.h"

#define NPAGES	16
#define LENGTH	(NPAGES * PAGE)

/* PROCMAP_QUERY: 104 bytes. */
#define ASK_FOR_MAPPING	_IOC(_IOC_READ | _IOC_WRITE, 'f', 17, 104)

FIXTURE(firsttouch)
{
	struct env e;
	struct hms *hms;
	char *p;
};

FIXTURE_SETUP(firsttouch)
{
	ASSERT_STREQ("", env_open(&self->e));
	ASSERT_EQ(0, hms_open(&self->hms));
	self->p = area(LENGTH);
	ASSERT_NE(NULL, self->p);
}

FIXTURE_TEARDOWN_PARENT(firsttouch)
{
	EXPECT_USED_AS_BEFORE(&self->e);
}

static long set_mempolicy_of(void *start, size_t length, int mode, unsigned long nodes)
{
	return syscall(SYS_mbind, start, length, (long)mode, &nodes, 64L, 0L);
}

/* The mempolicy of an address, -1 when there is no telling. */
static int mempolicy_of(const void *address, unsigned long *nodes)
{
	unsigned long mask[16] = { 0 };
	int mode;

	if (syscall(SYS_get_mempolicy, &mode, mask, 1024L, address, (long)MPOL_F_ADDR))
		return -1;
	if (nodes)
		*nodes = mask[0];
	return mode;
}

/* All of a range has no mempolicy. */
static bool is_default(const char *start, int npages)
{
	int i = 0;

	while (i < npages && mempolicy_of(start + i * PAGE, NULL) == MPOL_DEFAULT)
		i++;
	return i == npages;
}

/* Touch pages; the node that all of them are on, or -1. */
static int touched_on(char *start, int npages)
{
	int nid = -1;

	for (int i = 0; i < npages; i++) {
		start[i * PAGE] = 1;
		if (i && nid != page_node(start + i * PAGE))
			return -1;
		nid = page_node(start + i * PAGE);
	}
	return nid;
}

static int set(FIXTURE_DATA(firsttouch) *self, int from, int to, enum hms_mode mode, __u32 uid)
{
	return hms_policy(self->hms, self->p + from * PAGE, (to - from) * PAGE, mode, &uid, 1, 0);
}

/* The policy of HMS is there, whatever became of mempolicy. */
#define EXPECT_POLICY()								\
	do {									\
		struct hms_policy_list *list_;					\
										\
		ASSERT_EQ(0, hms_query_common(self->hms, self->p, LENGTH, 0, &list_));	\
		EXPECT_EQ(1, list_->n);						\
		free(list_);							\
	} while (0)

HMS_TEST(firsttouch, on_the_chosen_node)
{
	static const enum hms_mode modes[] = { HMS_MODE_BIND, HMS_MODE_PREFERRED };

	NEED_NODES(2);
	for (int i = 0; i < 2 * self->e.nnodes; i++) {
		int nid = i / 2;
		struct hms_result result;

		self->p = area(LENGTH);
		ASSERT_NE(NULL, self->p);
		ASSERT_EQ(0, set(self, 0, NPAGES / 2, modes[i % 2], self->e.node[nid]));
		EXPECT_EQ(HMS_FIRST_TOUCH_SET, hms_first_touch(self->hms));
		ASSERT_EQ(0, hms_bind(self->hms, self->p + LENGTH / 2, LENGTH / 2, modes[i % 2],
				      &self->e.node[nid], 1, 0, &result));
		EXPECT_EQ(HMS_FIRST_TOUCH_SET, hms_first_touch(self->hms));
		EXPECT_EQ(nid, touched_on(self->p, NPAGES));
	}
}

HMS_TEST(firsttouch, page_by_page)
{
	int on[MAX_NODES] = { 0 }, ret;

	NEED_NODES(2);
	ret = hms_policy(self->hms, self->p, LENGTH, HMS_MODE_INTERLEAVE, self->e.node, 2, 0);
	if (ret == -EOPNOTSUPP)
		SKIP(return, "%s", hms_last_error(self->hms));
	ASSERT_EQ(0, ret);
	EXPECT_EQ(HMS_FIRST_TOUCH_SET, hms_first_touch(self->hms));
	for (int i = 0; i < NPAGES; i++) {
		int nid = touched_on(self->p + i * PAGE, 1);

		ASSERT_GE(nid, 0);
		on[nid]++;
	}
	EXPECT_EQ(NPAGES / 2, on[0]);
	EXPECT_EQ(NPAGES / 2, on[1]);
	/* Mempolicy has no weights of a range: what was set for the other mode goes. */
	if (hms_policy(self->hms, self->p, LENGTH, HMS_MODE_WEIGHTED, self->e.node, 2, 0))
		SKIP(return, "%s", hms_last_error(self->hms));
	EXPECT_EQ(HMS_FIRST_TOUCH_MODE, hms_first_touch(self->hms));
	EXPECT_TRUE(is_default(self->p, NPAGES));
}

/* The CPU is nearest to one of them, but the list has an order. */
HMS_TEST(firsttouch, in_the_order_of_the_list)
{
	__u32 list[2];

	NEED_NODES(2);
	for (int first = 0; first < 2; first++) {
		list[0] = self->e.node[first];
		list[1] = self->e.node[!first];
		ASSERT_EQ(0, hms_policy(self->hms, self->p, LENGTH / 2, HMS_MODE_BIND, list, 2, 0));
		EXPECT_EQ(HMS_FIRST_TOUCH_SET, hms_first_touch(self->hms));
		ASSERT_EQ(0, hms_policy(self->hms, self->p + LENGTH / 2, LENGTH / 2,
					HMS_MODE_PREFERRED, list, 2, 0));
		EXPECT_EQ(HMS_FIRST_TOUCH_SET, hms_first_touch(self->hms));
		EXPECT_EQ(first, touched_on(self->p, NPAGES));
		ASSERT_EQ(0, madvise(self->p, LENGTH, MADV_DONTNEED));
	}
}

HMS_TEST(firsttouch, own_mempolicy_stays)
{
	NEED_NODES(2);
	ASSERT_EQ(0, set_mempolicy_of(self->p + 4 * PAGE, 4 * PAGE, MPOL_BIND, 1));
	ASSERT_EQ(0, set(self, 0, NPAGES, HMS_MODE_BIND, self->e.node[1]));
	EXPECT_EQ(HMS_FIRST_TOUCH_PARTLY, hms_first_touch(self->hms));
	EXPECT_EQ(1, touched_on(self->p, 4));
	EXPECT_EQ(0, touched_on(self->p + 4 * PAGE, 4));
	EXPECT_EQ(1, touched_on(self->p + 8 * PAGE, 8));
	ASSERT_EQ(0, set(self, 4, 8, HMS_MODE_BIND, self->e.node[1]));
	EXPECT_EQ(HMS_FIRST_TOUCH_OWN, hms_first_touch(self->hms));
	EXPECT_EQ(MPOL_BIND, mempolicy_of(self->p + 4 * PAGE, NULL));
}

/* A mempolicy of the task is for what has no other. */
HMS_TEST(firsttouch, mempolicy_of_the_task)
{
	unsigned long nodes = 1;

	NEED_NODES(2);
	ASSERT_EQ(0, syscall(SYS_set_mempolicy, (long)MPOL_BIND, &nodes, 64L));
	ASSERT_EQ(0, set(self, 0, NPAGES, HMS_MODE_BIND, self->e.node[1]));
	EXPECT_EQ(HMS_FIRST_TOUCH_SET, hms_first_touch(self->hms));
	EXPECT_EQ(1, touched_on(self->p, NPAGES));
}

static void *clear_all(void *data)
{
	FIXTURE_DATA(firsttouch) *self = data;
	struct hms *other;

	if (hms_open(&other))
		return NULL;
	if (hms_clear(other, self->p, LENGTH, 0))
		self = NULL;
	hms_close(other);
	return self;
}

/* Also by a thread with a handle of its own. */
HMS_TEST(firsttouch, clear_undoes)
{
	pthread_t thread;
	void *cleared;

	NEED_NODES(2);
	ASSERT_EQ(0, set(self, 0, NPAGES, HMS_MODE_BIND, self->e.node[1]));
	ASSERT_EQ(0, hms_clear(self->hms, self->p + 4 * PAGE, 4 * PAGE, 0));
	EXPECT_EQ(HMS_FIRST_TOUCH_NONE, hms_first_touch(self->hms));
	EXPECT_TRUE(is_default(self->p + 4 * PAGE, 4));
	EXPECT_NE(MPOL_DEFAULT, mempolicy_of(self->p + 3 * PAGE, NULL));
	EXPECT_NE(MPOL_DEFAULT, mempolicy_of(self->p + 8 * PAGE, NULL));
	ASSERT_EQ(0, set(self, 5, 6, HMS_MODE_PREFERRED, self->e.node[0]));
	ASSERT_EQ(0, pthread_create(&thread, NULL, clear_all, self));
	ASSERT_EQ(0, pthread_join(thread, &cleared));
	ASSERT_NE(NULL, cleared);
	EXPECT_TRUE(is_default(self->p, NPAGES));
}

/* Not even one that says the same, nor one that came after the policy. */
HMS_TEST(firsttouch, clear_leaves_a_foreign_one)
{
	NEED_NODES(2);
	ASSERT_EQ(0, set_mempolicy_of(self->p, 4 * PAGE, MPOL_BIND, 2));
	ASSERT_EQ(0, set(self, 0, NPAGES, HMS_MODE_BIND, self->e.node[1]));
	ASSERT_EQ(0, set_mempolicy_of(self->p + 8 * PAGE, 4 * PAGE,
				      MPOL_PREFERRED_MANY | MPOL_F_STATIC_NODES, 1));
	ASSERT_EQ(0, set_mempolicy_of(self->p + 12 * PAGE, 4 * PAGE,
				      MPOL_BIND | MPOL_F_STATIC_NODES, 1));
	ASSERT_EQ(0, hms_clear(self->hms, self->p, LENGTH, 0));
	EXPECT_EQ(MPOL_BIND, mempolicy_of(self->p, NULL));
	EXPECT_TRUE(is_default(self->p + 4 * PAGE, 4));
	EXPECT_EQ(MPOL_PREFERRED_MANY | MPOL_F_STATIC_NODES,
		  mempolicy_of(self->p + 8 * PAGE, NULL));
	EXPECT_EQ(MPOL_BIND | MPOL_F_STATIC_NODES, mempolicy_of(self->p + 12 * PAGE, NULL));
	/* Where HMS has no policy, nothing is of the library. */
	ASSERT_EQ(0, set_mempolicy_of(self->p, LENGTH, MPOL_BIND | MPOL_F_STATIC_NODES, 2));
	ASSERT_EQ(0, hms_clear(self->hms, self->p, LENGTH, 0));
	EXPECT_EQ(MPOL_BIND | MPOL_F_STATIC_NODES, mempolicy_of(self->p, NULL));
	ASSERT_EQ(0, set(self, 0, NPAGES, HMS_MODE_BIND, self->e.node[0]));
	EXPECT_EQ(HMS_FIRST_TOUCH_OWN, hms_first_touch(self->hms));
}

HMS_TEST(firsttouch, another_policy_in_its_place)
{
	unsigned long nodes;

	NEED_NODES(2);
	ASSERT_EQ(0, set(self, 0, NPAGES, HMS_MODE_BIND, self->e.node[1]));
	ASSERT_EQ(0, set(self, 4, 8, HMS_MODE_PREFERRED, self->e.node[0]));
	EXPECT_EQ(HMS_FIRST_TOUCH_SET, hms_first_touch(self->hms));
	EXPECT_EQ(1, touched_on(self->p, 4));
	EXPECT_EQ(0, touched_on(self->p + 4 * PAGE, 4));
	EXPECT_EQ(1, touched_on(self->p + 8 * PAGE, 8));
	/* Over several policies. */
	ASSERT_EQ(0, set(self, 2, NPAGES, HMS_MODE_BIND, self->e.node[0]));
	EXPECT_EQ(HMS_FIRST_TOUCH_SET, hms_first_touch(self->hms));
	EXPECT_EQ(MPOL_BIND | MPOL_F_STATIC_NODES, mempolicy_of(self->p, &nodes));
	EXPECT_EQ(2, nodes);
	for (int i = 2; i < NPAGES; i++) {
		EXPECT_EQ(MPOL_BIND | MPOL_F_STATIC_NODES,
			  mempolicy_of(self->p + i * PAGE, &nodes));
		EXPECT_EQ(1, nodes);
	}
}

HMS_TEST(firsttouch, not_wanted)
{
	__u32 uid = self->e.node[0];

	NEED_NODES(1);
	ASSERT_EQ(0, hms_policy(self->hms, self->p, LENGTH, HMS_MODE_BIND, &uid, 1, HMS_NO_MBIND));
	EXPECT_EQ(HMS_FIRST_TOUCH_NONE, hms_first_touch(self->hms));
	EXPECT_TRUE(is_default(self->p, NPAGES));
	EXPECT_POLICY();
	ASSERT_EQ(0, set(self, 0, NPAGES, HMS_MODE_BIND, uid));
	ASSERT_EQ(0, hms_clear(self->hms, self->p, LENGTH, HMS_NO_MBIND));
	EXPECT_FALSE(is_default(self->p, 1));
}

HMS_TEST(firsttouch, devices)
{
	__u32 list[2] = { self->e.node[0], self->e.sim[0] };

	NEED_NODES(1);
	NEED_SIMS(1);
	ASSERT_EQ(0, hms_policy(self->hms, self->p, LENGTH, HMS_MODE_PREFERRED, list, 2, 0));
	EXPECT_EQ(HMS_FIRST_TOUCH_DEVICE, hms_first_touch(self->hms));
	EXPECT_TRUE(is_default(self->p, NPAGES));
	EXPECT_POLICY();
	/* What was set for a list of nodes goes with it. */
	ASSERT_EQ(0, hms_policy(self->hms, self->p, LENGTH, HMS_MODE_PREFERRED, list, 1, 0));
	EXPECT_FALSE(is_default(self->p, 1));
	ASSERT_EQ(0, hms_policy(self->hms, self->p, LENGTH, HMS_MODE_PREFERRED, list, 2, 0));
	EXPECT_TRUE(is_default(self->p, NPAGES));
	/* A handle may not see what the module knows. */
	ASSERT_EQ(0, hms_set_version(self->hms, HMS_VERSION_ORDINARY));
	ASSERT_EQ(0, hms_policy(self->hms, self->p, LENGTH, HMS_MODE_PREFERRED, list, 2, 0));
	EXPECT_EQ(self->e.private ? HMS_FIRST_TOUCH_UNKNOWN : HMS_FIRST_TOUCH_DEVICE,
		  hms_first_touch(self->hms));
	EXPECT_TRUE(is_default(self->p, NPAGES));
}

/* A reason, and not a failure. */
HMS_TEST(firsttouch, refused_by_seccomp)
{
	static const struct {
		int number;
		int error;
		enum hms_first_touch result;
	} filters[] = {
		/* The last one added is asked first. */
		{ SYS_set_mempolicy_home_node, EPERM, HMS_FIRST_TOUCH_REFUSED },
		{ SYS_mbind, ENOMEM, HMS_FIRST_TOUCH_FAILED },
		{ SYS_get_mempolicy, EPERM, HMS_FIRST_TOUCH_REFUSED },
	};

	NEED_NODES(2);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, filter_syscall(filters[i].number, filters[i].error));
		ASSERT_EQ(0, hms_policy(self->hms, self->p, LENGTH, HMS_MODE_BIND, self->e.node, 2,
					0));
		EXPECT_EQ(filters[i].result, hms_first_touch(self->hms));
		if (i < 2)
			EXPECT_TRUE(is_default(self->p, NPAGES));
		EXPECT_POLICY();
	}
	EXPECT_NE(NULL, strstr(hms_first_touch_text(hms_first_touch(self->hms)), "seccomp"));
}

/* On a kernel without NUMA, or one that looks like it. */
HMS_TEST(firsttouch, no_mempolicy)
{
	if (mempolicy_of(self->p, NULL) != -1 || errno != ENOSYS)
		ASSERT_EQ(0, filter_syscall(SYS_get_mempolicy, ENOSYS));
	ASSERT_EQ(0, set(self, 0, NPAGES, HMS_MODE_BIND, self->e.node[0]));
	EXPECT_EQ(HMS_FIRST_TOUCH_NO_NUMA, hms_first_touch(self->hms));
	EXPECT_POLICY();
}

/* Kernels before 6.11 have the text of /proc/self/maps alone. */
HMS_TEST(firsttouch, mappings_as_text)
{
	NEED_NODES(2);
	ASSERT_EQ(0, filter_ioctl(ASK_FOR_MAPPING, ENOTTY));
	ASSERT_EQ(0, set_mempolicy_of(self->p + 4 * PAGE, 4 * PAGE, MPOL_BIND, 1));
	ASSERT_EQ(0, set(self, 1, NPAGES - 1, HMS_MODE_BIND, self->e.node[1]));
	EXPECT_EQ(HMS_FIRST_TOUCH_PARTLY, hms_first_touch(self->hms));
	EXPECT_TRUE(is_default(self->p, 1));
	EXPECT_EQ(1, touched_on(self->p + PAGE, 3));
	EXPECT_EQ(0, touched_on(self->p + 4 * PAGE, 4));
	EXPECT_EQ(1, touched_on(self->p + 8 * PAGE, 7));
	EXPECT_TRUE(is_default(self->p + 15 * PAGE, 1));
	ASSERT_EQ(0, filter_ioctl(ASK_FOR_MAPPING, EIO));
	ASSERT_EQ(0, set(self, 15, 16, HMS_MODE_BIND, self->e.node[1]));
	EXPECT_EQ(HMS_FIRST_TOUCH_FAILED, hms_first_touch(self->hms));
}

HMS_TEST(firsttouch, nodes_outside_the_cpuset)
{
	static const char group[] = "/sys/fs/cgroup/hms-first-touch";
	__u32 list[2] = { self->e.node[1], self->e.node[0] };
	char path[96], pid[16];
	int ret;

	NEED_NODES(2);
	text_write("/sys/fs/cgroup/cgroup.subtree_control", "+cpuset");
	mkdir(group, 0755);
	snprintf(path, sizeof(path), "%s/cpuset.mems", group);
	if (text_write(path, "0"))
		SKIP(return, "no cgroup2 with the cpuset controller");
	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	snprintf(pid, sizeof(pid), "%d", getpid());
	ASSERT_EQ(0, text_write(path, pid));
	ret = set(self, 0, NPAGES, HMS_MODE_BIND, list[0]);
	EXPECT_EQ(0, ret);
	EXPECT_EQ(HMS_FIRST_TOUCH_CPUSET, hms_first_touch(self->hms));
	EXPECT_TRUE(is_default(self->p, NPAGES));
	EXPECT_POLICY();
	/* One of them is, and that will do. */
	ret = hms_policy(self->hms, self->p, LENGTH, HMS_MODE_PREFERRED, list, 2, 0);
	EXPECT_EQ(0, ret);
	EXPECT_EQ(HMS_FIRST_TOUCH_SET, hms_first_touch(self->hms));
	EXPECT_EQ(0, touched_on(self->p, NPAGES));
	EXPECT_EQ(0, text_write("/sys/fs/cgroup/cgroup.procs", pid));
	/* It is still known for the library's. */
	EXPECT_EQ(0, hms_clear(self->hms, self->p, LENGTH, 0));
	EXPECT_TRUE(is_default(self->p, NPAGES));
	EXPECT_EQ(0, rmdir(group));
	text_write("/sys/fs/cgroup/cgroup.subtree_control", "-cpuset");
}

HMS_TEST(firsttouch, shared_memory)
{
	NEED_NODES(1);
	self->p = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->p);
	ASSERT_EQ(0, set(self, 0, NPAGES, HMS_MODE_BIND, self->e.node[0]));
	EXPECT_EQ(HMS_FIRST_TOUCH_OWN, hms_first_touch(self->hms));
	EXPECT_TRUE(is_default(self->p, NPAGES));
}

/* A child has the mempolicy and no policy of HMS; what it does is its own affair. */
HMS_TEST(firsttouch, fork)
{
	struct peer child;

	NEED_NODES(2);
	ASSERT_EQ(0, set(self, 0, NPAGES, HMS_MODE_BIND, self->e.node[1]));
	if (!peer_fork(&child)) {
		struct hms *own;

		_exit(!(touched_on(self->p, NPAGES) == 1 &&
			/* The parent's handle is of no use. */
			hms_clear(self->hms, self->p, LENGTH, 0) == -EBADF &&
			!is_default(self->p, 1) && !hms_open(&own) &&
			!hms_clear(own, self->p, LENGTH, 0) && !is_default(self->p, 1)));
	}
	EXPECT_EQ(0, peer_wait(&child));
	ASSERT_EQ(0, hms_clear(self->hms, self->p, LENGTH, 0));
	EXPECT_TRUE(is_default(self->p, NPAGES));
}

/* Mempolicy is one's own affair: nobody can set that of another process. */
HMS_TEST(firsttouch, remote)
{
	struct peer child;

	NEED_NODES(2);
	if (!peer_fork(&child)) {
		int ret = hms_policy(self->hms, self->p, LENGTH, HMS_MODE_BIND, self->e.node, 1,
				     HMS_REMOTE);

		_exit(!(!ret && hms_first_touch(self->hms) == HMS_FIRST_TOUCH_NONE &&
			is_default(self->p, NPAGES)));
	}
	EXPECT_EQ(0, peer_wait(&child));
	EXPECT_TRUE(is_default(self->p, NPAGES));
	EXPECT_POLICY();
}

HMS_TEST(firsttouch, a_refused_call_changes_nothing)
{
	__u32 list[2] = { self->e.node[1], self->e.node[1] };

	NEED_NODES(2);
	ASSERT_EQ(0, set(self, 0, 4, HMS_MODE_BIND, self->e.node[0]));
	EXPECT_EQ(-EINVAL, hms_policy(self->hms, self->p, LENGTH, HMS_MODE_BIND, list, 2, 0));
	EXPECT_EQ(HMS_FIRST_TOUCH_NONE, hms_first_touch(self->hms));
	EXPECT_EQ(-ENOENT, set(self, 0, NPAGES, HMS_MODE_BIND, 4000000000));
	EXPECT_EQ(-EINVAL, hms_policy(self->hms, self->p, LENGTH, HMS_MODE_BIND, list, 1,
				      HMS_POPULATE));
	EXPECT_EQ(HMS_FIRST_TOUCH_NONE, hms_first_touch(self->hms));
	EXPECT_EQ(0, touched_on(self->p, 4));
	EXPECT_TRUE(is_default(self->p + 4 * PAGE, NPAGES - 4));
}

TEST_HARNESS_MAIN
