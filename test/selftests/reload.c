// SPDX-License-Identifier: GPL-2.0
/*
 * Unloading and loading again: every page comes home, uids are not used twice, and a module that is
 * needed does not go. Ends with both modules loaded, whatever happens.
 */

#include <fcntl.h>
#include <linux/mempolicy.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "command.h"
#include "hms_fixture.h"
#include "module.h"

#define NPAGES		600

FIXTURE(reload)
{
	struct env e;
	char *p;
};

FIXTURE_SETUP(reload)
{
	if (access(HMS_MODULE, R_OK) || access(SIM_MODULE, R_OK))
		SKIP(return, "no " HMS_MODULE " and " SIM_MODULE);
	ASSERT_EQ(0, modules_load_all());
	ASSERT_STREQ("", env_open(&self->e));
	/* Their descriptors would hold the module. */
	for (int i = 0; i < self->e.nsims; i++)
		close(self->e.sim_fd[i]);
	self->p = area(NPAGES * PAGE);
	ASSERT_NE(NULL, self->p);
	fill(self->p, NPAGES * PAGE, 1);
}

FIXTURE_TEARDOWN_PARENT(reload)
{
	EXPECT_EQ(0, modules_load_all());
	EXPECT_TRUE(module_is_loaded("hms"));
	for (int i = 0; i < self->e.nsims; i++) {
		struct hms_sim_info info;
		int fd = sim_open(i);

		EXPECT_LE(0, fd);
		EXPECT_EQ(0, sim_info(fd, &info));
		EXPECT_TRUE(used_becomes(info.target, 0));
		close(fd);
	}
}

HMS_TEST(reload, pages_come_home)
{
	const __u32 sim[2] = { self->e.sim[0], self->e.sim[1] };
	long long evacuated = stat_read("evacuated");
	__u32 list[2] = { sim[0], self->e.node[0] };
	struct hms_process_stats stats;
	char pid[16], gone[32];
	struct policy p[2];
	struct request r;
	long away = 0;

	NEED_SIMS(2);
	ASSERT_EQ(0, migrate(self->e.fd, self->p, 400 * PAGE, sim[0], NULL));
	ASSERT_EQ(0, migrate(self->e.fd, self->p + 400 * PAGE, 100 * PAGE, sim[1], NULL));
	ASSERT_EQ(0, policy_set(self->e.fd, self->p, NPAGES * PAGE, HMS_MODE_PREFERRED, 2, list));
	for (int i = 0; i < 2; i++)
		away += pages_on(self->e.fd, self->p, NPAGES * PAGE, sim[i]);
	ASSERT_EQ(500, away);

	ASSERT_EQ(0, sim_unload());
	EXPECT_EQ(evacuated + 500, stat_read("evacuated"));
	ASSERT_EQ(0, stats_read(self->e.fd, &stats));
	EXPECT_EQ(500, stats.evacuated);
	snprintf(pid, sizeof(pid), "%d", getpid());
	snprintf(gone, sizeof(gone), "uid %u (gone),node0", sim[0]);
	EXPECT_EQ(0, hmsctl("policy", pid));
	EXPECT_SAYS(gone);
	EXPECT_EQ(0, hmsctl("policy", pid, "--json"));
	EXPECT_SAYS("\"gone\": true");
	away = 0;
	for (int i = 0; i < self->e.nnodes; i++)
		away += pages_on(self->e.fd, self->p, NPAGES * PAGE, self->e.node[i]);
	EXPECT_EQ(NPAGES, away);
	EXPECT_EQ(-ENOENT, sim_open(0));
	EXPECT_EQ(-ENOENT, target_used(sim[0]));

	/* The policy keeps the uid, marked gone; naming it anew is refused. */
	for (int again = 0; again < 2; again++) {
		ASSERT_EQ(1, policies_read(self->e.fd, HMS_QUERY_POLICY, self->p, NPAGES * PAGE, p,
					   2));
		EXPECT_TRUE(policy_is(&p[0], self->p, NPAGES * PAGE, HMS_MODE_PREFERRED, 2, list));
		EXPECT_EQ(1, p[0].gone);
		for (int migrating = 0; migrating < 2; migrating++) {
			int ret;

			request_init(&r, self->p, NPAGES * PAGE);
			request_target(&r, self->e.node[0]);
			request_target(&r, sim[1]);
			request_modifier(&r, migrating ? HMS_MOD_MIGRATE : HMS_MOD_MODE, 1);
			ret = request_send(&r, self->e.fd);
			EXPECT_TRUE(ret == -ENODEV || ret == -ENOENT) {
				TH_LOG("returned %d", ret);
			}
			EXPECT_EQ(HMS_ERROR_TARGET, r.h.error_where);
			EXPECT_EQ(1, r.h.error_index);
			EXPECT_EQ(HMS_WHY_GONE, r.h.error_why);
		}
		/* The same when there are new accelerators: they are others. */
		ASSERT_EQ(0, modules_load_all());
	}
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* What still waits for its first touch when the module goes gets a page; and the module does go. */
HMS_TEST(reload, placeholders_become_pages)
{
	char *p = area(NPAGES * PAGE);
	long rss;
	struct request r;

	if (*feature_missing("lazy"))
		SKIP(return, "%s", feature_missing("lazy"));
	ASSERT_NE(NULL, p);
	request_target(request_init(&r, p, NPAGES * PAGE), self->e.node[self->e.nnodes - 1]);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_PREFERRED);
	request_modifier(&r, HMS_MOD_LAZY, 1);
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	ASSERT_EQ(NPAGES, r.h.lazy);
	rss = smaps_kib(p, "Rss");
	p[5 * PAGE] = 5;
	ASSERT_EQ(0, sim_unload());
	EXPECT_EQ(-EAGAIN, module_unload("hms"));
	ASSERT_EQ(0, policy_clear(self->e.fd, self->p, NPAGES * PAGE));
	ASSERT_EQ(0, policy_clear(self->e.fd, p, NPAGES * PAGE));
	ASSERT_EQ(0, close(self->e.fd));
	ASSERT_EQ(0, module_unload_wait("hms"));
	EXPECT_EQ(rss, smaps_kib(p, "Rss"));
	EXPECT_EQ(5, p[5 * PAGE]);
	p[5 * PAGE] = 0;
	EXPECT_ZERO(p, NPAGES * PAGE);
	ASSERT_EQ(0, modules_load_all());
}

/* Pages that an evacuation of @target is said to have brought home; -1 when anything else is. */
static long told_of(int fd, __u32 target, const char *p, size_t length)
{
	struct hms_notice n;
	long moved = 0;

	while (read(fd, &n, sizeof(n)) == sizeof(n)) {
		if (n.kind != HMS_NOTICE_EVACUATED || n.pid || n.target != target || n.lost ||
		    n.skipped || n.moved != n.pages || n.moved > n.length / PAGE ||
		    n.start < (uintptr_t)p || n.start + n.length > (uintptr_t)p + length)
			return -1;
		moved += n.moved;
	}
	return errno == EAGAIN ? moved : -1;
}

/* Every process that listens hears of its own pages, and of no others. */
HMS_TEST(reload, evacuation_is_told)
{
	const __u32 sim = self->e.nsims ? self->e.sim[0] : 0;
	struct peer peer;
	pid_t pid;

	NEED_SIMS(2);
	ASSERT_EQ(0, fcntl(self->e.fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(0, told_of(self->e.fd, sim, self->p, 0));
	pid = peer_fork(&peer);
	ASSERT_GE(pid, 0);
	if (!pid) {
		char *q = area(200 * PAGE);
		int fd = open(DEV_HMS, O_RDWR | O_CLOEXEC | O_NONBLOCK);

		fill(q, 200 * PAGE, 2);
		EXPECT_EQ(0, migrate(fd, q, 200 * PAGE, sim, NULL));
		/* It listens from here on. */
		EXPECT_EQ(0, told_of(fd, sim, q, 0));
		tell(&peer);
		EXPECT_EQ(0, hear(&peer));
		EXPECT_EQ(200, told_of(fd, sim, q, 200 * PAGE));
		EXPECT_PATTERN(q, 200 * PAGE, 2);
		_exit(0);
	}
	ASSERT_EQ(0, hear(&peer));
	/* Written to, it is not shared with the child. */
	fill(self->p, NPAGES * PAGE, 1);
	ASSERT_EQ(0, migrate(self->e.fd, self->p, 400 * PAGE, sim, NULL));
	/* That was a request. */
	EXPECT_EQ(-1, told_of(self->e.fd, sim, self->p, NPAGES * PAGE));
	ASSERT_EQ(0, sim_unload());
	EXPECT_EQ(400, told_of(self->e.fd, sim, self->p, NPAGES * PAGE));
	EXPECT_EQ(0, told_of(self->e.fd, sim, self->p, NPAGES * PAGE));
	tell(&peer);
	EXPECT_EQ(0, peer_wait(&peer));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* Also what the process itself may not touch. */
HMS_TEST(reload, unreadable_pages_come_home)
{
	NEED_SIMS(2);
	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0], NULL));
	ASSERT_EQ(0, mprotect(self->p, NPAGES * PAGE, PROT_NONE));
	ASSERT_EQ(0, sim_unload());
	ASSERT_EQ(0, mprotect(self->p, NPAGES * PAGE, PROT_READ | PROT_WRITE));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* A page comes home to the first node of its policy. */
HMS_TEST(reload, pages_come_home_by_policy)
{
	const __u32 last = self->e.node[self->e.nnodes - 1];
	const __u32 list[2] = { self->e.sim[0], last };
	char *far = self->p + 300 * PAGE;

	NEED_SIMS(2);
	NEED_NODES(2);
	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0], NULL));
	ASSERT_EQ(0, policy_set(self->e.fd, far, 300 * PAGE, HMS_MODE_PREFERRED, 2, list));
	ASSERT_EQ(0, sim_unload());
	EXPECT_EQ(300, pages_on(self->e.fd, far, 300 * PAGE, last));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* Who takes the device away may have a mempolicy, which is no concern of the pages. */
HMS_TEST(reload, mempolicy_of_who_unloads)
{
	const __u32 last = self->e.node[self->e.nnodes - 1];
	const unsigned long far = 1UL << (self->e.nnodes - 1);

	NEED_SIMS(2);
	NEED_NODES(3);
	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0], NULL));
	/* It has no CPU, so nothing goes there that is not told to. */
	ASSERT_EQ(0, syscall(SYS_set_mempolicy, MPOL_BIND, &far, 8 * sizeof(far)));
	EXPECT_EQ(0, sim_unload());
	ASSERT_EQ(0, syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0L));
	EXPECT_EQ(0, pages_on(self->e.fd, self->p, NPAGES * PAGE, last));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* New accelerators work on memory that was on the old ones. */
HMS_TEST(reload, new_ones_work)
{
	NEED_SIMS(2);
	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0], NULL));
	for (int round = 0; round < 3; round++) {
		struct env e;

		ASSERT_EQ(0, sim_unload());
		ASSERT_EQ(0, modules_load_all());
		ASSERT_STREQ("", env_open(&e));
		ASSERT_EQ(2, e.nsims);
		ASSERT_EQ(0, migrate(e.fd, self->p, NPAGES * PAGE, e.sim[round % 2], NULL));
		EXPECT_EQ(NPAGES, pages_on(e.fd, self->p, NPAGES * PAGE, e.sim[round % 2]));
		env_close(&e);
	}
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

static long long submit(int fd, const void *start, size_t length, __u32 to)
{
	struct request r;

	request_target(request_init(&r, start, length), to);
	return request_submit(request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW), fd,
			      HMS_NO_EVENTFD);
}

/* More than anybody has, each with a page of one range. */
HMS_TEST(reload, many_devices)
{
	enum { n = 40 };
	struct request r;
	__u32 uids[n];

	if (*feature_missing("device-private"))
		SKIP(return, "%s", feature_missing("device-private"));
	ASSERT_EQ(0, sim_unload());
	ASSERT_EQ(0, module_load(SIM_MODULE, "count=40 size_mb=2"));
	for (int i = 0; i < n; i++) {
		struct hms_sim_info info;
		int fd = sim_open(i);

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, sim_info(fd, &info));
		close(fd);
		uids[i] = info.target;
		ASSERT_EQ(0, migrate(self->e.fd, self->p + i * PAGE, PAGE, uids[i], &r));
		ASSERT_EQ(1, r.h.moved);
	}
	for (int i = 0; i < n; i++)
		EXPECT_EQ(1, pages_on(self->e.fd, self->p, NPAGES * PAGE, uids[i]));
	/* From all of them at once. */
	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.node[0], &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(NPAGES, r.h.moved + r.h.present);
	EXPECT_EQ(NPAGES, pages_on(self->e.fd, self->p, NPAGES * PAGE, self->e.node[0]));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
	ASSERT_EQ(0, sim_unload());
}

/* Jobs hold up nobody who takes their target away; one that begins later says that it is gone. */
HMS_TEST(reload, jobs)
{
	char *endless = area(ENDLESS);
	long long running, queued;
	struct hms_wait w;
	struct request r;

	NEED_SIMS(1);
	ASSERT_NE(NULL, endless);
	running = submit(self->e.fd, endless, ENDLESS, self->e.sim[0]);
	queued = submit(self->e.fd, self->p, PAGE, self->e.sim[0]);
	ASSERT_LT(0, running);
	ASSERT_LT(0, queued);
	EXPECT_EQ(0, sim_unload());
	EXPECT_EQ(0, job_look(self->e.fd, running, 0, HMS_CANCEL, &w, NULL));
	EXPECT_EQ(ECANCELED, job_end(self->e.fd, running, NULL));
	EXPECT_EQ(ENODEV, job_end(self->e.fd, queued, &r));
	EXPECT_EQ(HMS_ERROR_TARGET, r.h.error_where);
	EXPECT_EQ(HMS_WHY_GONE, r.h.error_why);
	EXPECT_EQ(0, r.h.pages);
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

HMS_TEST(reload, uids_are_used_once)
{
	__u32 greatest = object_greatest();
	struct object *o;
	int n;

	NEED_SIMS(2);
	for (int round = 0; round < 4; round++) {
		__u32 next = greatest;

		ASSERT_EQ(0, sim_unload());
		/* What stays, keeps its uid. */
		for (int i = 0; i < self->e.nnodes; i++)
			EXPECT_GE(target_capacity(self->e.node[i]), 1);
		ASSERT_EQ(0, modules_load_all());
		n = map_read(&o);
		for (int i = 0; i < n; i++) {
			bool of_sim = !strncmp(o[i].kind, "device", strlen("device"));

			if (of_sim)
				EXPECT_GT(o[i].uid, greatest);
			if (o[i].uid > next)
				next = o[i].uid;
		}
		free(o);
		EXPECT_GE(next, greatest + 4);
		greatest = next;
	}
}

/* Who is in use does not go. */
HMS_TEST(reload, refused_while_used)
{
	if (self->e.nsims) {
		int fd = sim_open(self->e.nsims - 1);

		ASSERT_LE(0, fd);
		EXPECT_EQ(-EAGAIN, module_unload("hms_sim"));
		EXPECT_TRUE(module_is_loaded("hms_sim"));
		close(fd);
		/* hms_sim needs hms. */
		EXPECT_EQ(-EAGAIN, module_unload("hms"));
	}
	ASSERT_EQ(0, sim_unload());
	/* An open descriptor. */
	EXPECT_EQ(-EAGAIN, module_unload("hms"));
	/* No descriptor, but a policy. */
	ASSERT_EQ(0, policy_set(self->e.fd, self->p, PAGE, HMS_MODE_BIND, 1, self->e.node));
	close(self->e.fd);
	EXPECT_EQ(-EAGAIN, module_unload("hms"));
	EXPECT_TRUE(module_is_loaded("hms"));
	/* It is still there, and when it goes, the module may. */
	self->e.fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->e.fd);
	ASSERT_EQ(0, policy_clear(self->e.fd, self->p, PAGE));
	close(self->e.fd);
	EXPECT_EQ(0, module_unload_wait("hms"));
	EXPECT_FALSE(module_is_loaded("hms"));
	EXPECT_NE(0, access(DEV_HMS, F_OK));
	EXPECT_NE(0, access(SYS_DEVICES, F_OK));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* What a child has inherited holds the module like any policy, and so does a fork on its way. */
HMS_TEST(reload, inherited)
{
	struct peer peer;
	pid_t pid;

	if (*feature_missing("fork-inherit"))
		SKIP(return, "%s", feature_missing("fork-inherit"));
	ASSERT_EQ(0, sim_unload());
	ASSERT_EQ(0, policy_set_inherited(self->e.fd, self->p, PAGE, HMS_MODE_BIND, 1,
					  self->e.node));
	close(self->e.fd);
	pid = peer_fork(&peer);
	ASSERT_GE(pid, 0);
	if (!pid) {
		tell(&peer);
		hear(&peer);
		_exit(0);
	}
	ASSERT_EQ(0, hear(&peer));
	/* The child alone has it. */
	ASSERT_EQ(0, munmap(self->p, PAGE));
	for (int i = 0; i < 20; i++)
		EXPECT_EQ(-EAGAIN, module_unload("hms"));
	EXPECT_EQ(SIGKILL, peer_kill(&peer));
	EXPECT_EQ(0, module_unload_wait("hms"));

	/* Children that come and go, the last of them as the module does. */
	for (int i = 0; i < 10; i++) {
		int ret;

		ASSERT_EQ(0, modules_load_all());
		ASSERT_EQ(0, sim_unload_wait());
		pid = peer_fork(&peer);
		ASSERT_GE(pid, 0);
		if (!pid) {
			struct env e;

			/* The uids of nodes are new. */
			if (*env_open(&e) ||
			    policy_set_inherited(e.fd, self->p + PAGE, PAGE, HMS_MODE_BIND, 1,
						 e.node))
				_exit(1);
			env_close(&e);
			tell(&peer);
			for (int k = 0; k < 5; k++) {
				if (!fork())
					_exit(0);
			}
			_exit(0);
		}
		ASSERT_EQ(0, hear(&peer));
		do
			ret = module_unload("hms");
		while (ret == -EAGAIN);
		EXPECT_EQ(0, ret);
		EXPECT_EQ(0, peer_wait(&peer));
	}
}

/* A policy goes with munmap and with its process, and then holds nothing. */
HMS_TEST(reload, policies_of_the_dead)
{
	for (int how = 0; how < 3; how++) {
		struct peer peer;
		pid_t pid;

		/* This process opened it as well. */
		close(self->e.fd);
		pid = peer_fork(&peer);
		ASSERT_GE(pid, 0);
		if (!pid) {
			int fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);

			EXPECT_EQ(0, policy_set(fd, self->p, NPAGES * PAGE, HMS_MODE_BIND, 1,
						self->e.node));
			close(fd);
			if (how == 0)
				EXPECT_EQ(0, munmap(self->p, NPAGES * PAGE));
			tell(&peer);
			hear(&peer);
			_exit(0);
		}
		ASSERT_EQ(0, hear(&peer));
		ASSERT_EQ(0, sim_unload());
		if (how == 1) {
			tell(&peer);
			EXPECT_EQ(0, peer_wait(&peer));
		} else if (how == 2) {
			EXPECT_EQ(SIGKILL, peer_kill(&peer));
		}
		EXPECT_EQ(0, module_unload_wait("hms"));
		EXPECT_EQ(1, hmsctl("where", "1"));
		EXPECT_SAYS("the module is not loaded");
		EXPECT_EQ(1, hmsctl("policy", "1"));
		if (how == 0) {
			tell(&peer);
			EXPECT_EQ(0, peer_wait(&peer));
		}
		ASSERT_EQ(0, modules_load_all());
		self->e.fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
		ASSERT_LE(0, self->e.fd);
		{
			struct env e;

			/* The uids of this load. */
			ASSERT_STREQ("", env_open(&e));
			memcpy(self->e.node, e.node, sizeof(e.node));
			env_close(&e);
		}
	}
}

/* A request made for another load of the module is told so. */
HMS_TEST(reload, old_instance)
{
	struct hms_info before = { .size = sizeof(before), .version = 1 };
	struct hms_info after = { .size = sizeof(after), .version = 1 };
	struct request r;
	struct hms_query q;
	struct env e;

	ASSERT_EQ(0, call(self->e.fd, HMS_INFO, &before));
	close(self->e.fd);
	ASSERT_EQ(0, sim_unload());
	ASSERT_EQ(0, module_unload_wait("hms"));
	ASSERT_EQ(0, modules_load_all());
	ASSERT_STREQ("", env_open(&e));
	ASSERT_EQ(0, call(e.fd, HMS_INFO, &after));
	EXPECT_NE(before.instance, after.instance);

	request_init(&r, self->p, NPAGES * PAGE)->h.instance = before.instance;
	request_target(&r, self->e.node[0]);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_BIND);
	EXPECT_EQ(-ESTALE, request_send(&r, e.fd));
	EXPECT_EQ(HMS_ERROR_FIELD, r.h.error_where);
	EXPECT_EQ(offsetof(struct hms_hbind, instance), r.h.error_index);
	EXPECT_EQ(HMS_WHY_INSTANCE, r.h.error_why);
	query_init(&q, HMS_QUERY_POLICY, self->p, NPAGES * PAGE);
	q.instance = before.instance;
	EXPECT_EQ(-ESTALE, call(e.fd, HMS_QUERY, &q));
	q.instance = after.instance;
	EXPECT_EQ(0, call(e.fd, HMS_QUERY, &q));
	EXPECT_EQ(0, q.nentries);
	env_close(&e);
}

/* Pages that two processes share come home for both, and stay copy-on-write. */
HMS_TEST(reload, shared_pages_come_home)
{
	struct peer peer;
	pid_t pid;

	NEED_SIMS(2);
	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0], NULL));
	pid = peer_fork(&peer);
	ASSERT_GE(pid, 0);
	if (!pid) {
		/* Not to hold the module. */
		close(self->e.fd);
		tell(&peer);
		EXPECT_EQ(0, hear(&peer));
		EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
		fill(self->p, NPAGES * PAGE, 2);
		EXPECT_PATTERN(self->p, NPAGES * PAGE, 2);
		_exit(0);
	}
	ASSERT_EQ(0, hear(&peer));
	ASSERT_EQ(0, sim_unload());
	tell(&peer);
	EXPECT_EQ(0, peer_wait(&peer));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* Accelerators go and come while processes move to them and touch. */
HMS_TEST(reload, under_load)
{
	enum { N = 3, ROUNDS = 4 };
	volatile bool *stop =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct peer peer[N];

	NEED_SIMS(2);
	ASSERT_NE(MAP_FAILED, stop);
	for (int i = 0; i < N; i++) {
		pid_t pid = peer_fork(&peer[i]);

		ASSERT_GE(pid, 0);
		if (!pid) {
			int fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
			struct object *o;
			struct request r;

			bool told = false;

			ASSERT_LE(0, fd);
			while (!*stop) {
				/* Objects may go while they are listed. */
				int n = map_read(&o);

				for (int k = 0; k < n; k++) {
					int ret;

					if (strcmp(o[k].type, "target") || o[k].nid >= 0)
						continue;
					ret = migrate(fd, self->p, NPAGES * PAGE, o[k].uid, &r);
					ASSERT_TRUE(!ret || ret == -ENOENT || ret == -ENODEV) {
						TH_LOG("returned %d", ret);
					}
					ASSERT_STREQ("", ret ? "" : counts_wrong(&r));
				}
				free(o);
				/*
				 * Before the first of them goes, there is something on it. The
				 * others move the same pages: they may have, or be at it.
				 */
				if (!told && r.h.moved + r.h.present) {
					tell(&peer[i]);
					told = true;
				}
				ASSERT_PATTERN(self->p, NPAGES * PAGE, 1);
			}
			_exit(0);
		}
		ASSERT_EQ(0, hear(&peer[i]));
	}
	for (int round = 0; round < ROUNDS; round++) {
		EXPECT_EQ(0, sim_unload_wait());
		EXPECT_EQ(0, modules_load_all());
	}
	*stop = true;
	for (int i = 0; i < N; i++)
		EXPECT_EQ(0, peer_wait(&peer[i]));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

static pid_t first_process;

/* Also after a test that crashed. */
static void leave_loaded(void)
{
	if (getpid() == first_process && !access(HMS_MODULE, R_OK))
		modules_load_all();
}

int main(int argc, char **argv)
{
	first_process = getpid();
	atexit(leave_loaded);
	return test_harness_run(argc, argv);
}
