// SPDX-License-Identifier: GPL-2.0
/* hms_pcimem: memory of a PCI device, private and coherent. */

#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "card.h"
#include "failnth.h"
#include "hms_fixture.h"
#include "maptest.h"
#include "module.h"

#define PARAMETERS	"/sys/module/hms_pcimem/parameters"
#define NPAGES		700
#define PINNED		4

FIXTURE(pcimem)
{
	struct env e;
	struct card card;
	bool sims;		/* hms_sim was loaded */
	char online[64];	/* file of a CPU that the test takes away, or "" */
	__u32 to;		/* that memory, when it is bound */
	char *p;
};

typedef FIXTURE_DATA(pcimem) pcimem_t;

FIXTURE_VARIANT(pcimem)
{
	bool coherent;
};

FIXTURE_VARIANT_ADD(pcimem, private)
{
	.coherent = false,
};

FIXTURE_VARIANT_ADD(pcimem, coherent)
{
	.coherent = true,
};

static int parameter(const char *name, const char *value)
{
	char path[96];

	snprintf(path, sizeof(path), PARAMETERS "/%s", name);
	return text_write(path, value);
}

/* Its driver has it again, and there is a new target. */
static bool comes_back(pcimem_t *s)
{
	if (!card_becomes(&s->card, true) || card_bind_new(s->card.name))
		return false;
	s->to = card_target(s->card.name);
	return s->to;
}

FIXTURE_SETUP(pcimem)
{
	const char *lacks = feature_missing(variant->coherent ? "device-coherent" :
					    "device-private");

	if (access(PCIMEM_MODULE, R_OK))
		SKIP(return, "no " PCIMEM_MODULE);
	if (!card_find(&self->card))
		SKIP(return, "no PCI device that can be unplugged");
	if (*lacks)
		SKIP(return, "%s", lacks);
	ASSERT_STREQ("", env_open(&self->e));
	self->sims = self->e.nsims;
	ASSERT_EQ(0, card_forget(self->card.name));
	ASSERT_EQ(0, card_driver_unload());
	ASSERT_EQ(0, module_load(PCIMEM_MODULE, variant->coherent ? "coherent=1" : "coherent=0"));
	/* It has taken nothing by itself. */
	ASSERT_FALSE(card_has_driver(self->card.name));
	ASSERT_EQ(0, card_bind(self->card.name));
	self->to = card_target(self->card.name);
	ASSERT_NE(0, self->to);
	self->p = area(NPAGES * PAGE);
	ASSERT_NE(NULL, self->p);
	fill(self->p, NPAGES * PAGE, 1);
}

/* As it was, whatever the test has left. */
FIXTURE_TEARDOWN_PARENT(pcimem)
{
	if (*self->card.name) {
		if (self->card.bus)
			EXPECT_EQ(0, card_show(&self->card));
		EXPECT_TRUE(card_becomes(&self->card, true));
		EXPECT_EQ(0, card_forget(self->card.name));
	}
	if (*self->online)
		text_write(self->online, "1");
	EXPECT_EQ(0, card_driver_unload());
	if (self->sims && !module_is_loaded("hms_sim"))
		EXPECT_EQ(0, sim_load());
}

/*
 * Pages of a range that are on a target when they were asked for there. To bind the device takes
 * memory in one piece, which makes kcompactd hold pages for a moment: that is waited for.
 */
static long move_to(pcimem_t *s, __u32 uid, char *p, size_t length)
{
	struct request r;

	for (int i = 0; i < 200; i++) {
		if (migrate(s->e.fd, p, length, uid, &r) || *counts_wrong(&r))
			return -1;
		if (!r.h.skipped[HMS_SKIP_BUSY])
			break;
		usleep(10000);
	}
	return pages_on(s->e.fd, p, length, uid);
}

/* All of it, as it should be on the device. */
static long move_there(pcimem_t *s)
{
	return move_to(s, s->to, s->p, NPAGES * PAGE);
}

#define EXPECT_AT_HOME(s)							\
	do {									\
		EXPECT_EQ(NPAGES, move_to(s, (s)->e.node[0], (s)->p, NPAGES * PAGE)); \
		EXPECT_PATTERN((s)->p, NPAGES * PAGE, 1);			\
	} while (0)

/* What it is. */

HMS_TEST(pcimem, what_it_is)
{
	struct object target, link, o;
	char name[64], at[256];
	struct request r;
	int cpus = 0;
	ssize_t n;

	snprintf(name, sizeof(name), "pcimem-%s", self->card.name);
	ASSERT_TRUE(map_find("target", name, &target));
	EXPECT_STREQ(variant->coherent ? "device-coherent" : "device-private", target.kind);
	EXPECT_EQ(variant->coherent ? 1 : 2, target.version);
	EXPECT_EQ((long long)self->card.size, target_capacity(self->to));
	EXPECT_EQ(0, target_used(self->to));
	/* Below its device in sysfs. */
	n = readlink(target.path, at, sizeof(at) - 1);
	ASSERT_LT(0, n);
	at[n] = 0;
	snprintf(name, sizeof(name), "/%s/", self->card.name);
	EXPECT_NE(NULL, strstr(at, name));

	/* Whoever loads from it is connected with it, and nobody else. */
	snprintf(name, sizeof(name), "pcimem-%s", self->card.name);
	EXPECT_EQ(variant->coherent, map_find("link", name, &link));
	EXPECT_FALSE(map_find("initiator", name, &o));
	if (variant->coherent)
		EXPECT_TRUE(object_leads(&link, NULL, &target));
	for (int i = 0; i < self->e.nnodes; i++) {
		if (!cpus_of_node(i))
			continue;
		o = object_at(1, cpus_of_node(i), HMS_INITIATOR);
		if (variant->coherent)
			EXPECT_TRUE(object_leads(&link, NULL, &o));
		request_init(&r, self->p, NPAGES * PAGE);
		request_target(&r, self->to);
		request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
		request_modifier(&r, HMS_MOD_INITIATOR, o.uid);
		EXPECT_EQ(variant->coherent ? 0 : -EINVAL, request_send(&r, self->e.fd));
		EXPECT_EQ(variant->coherent ? HMS_WHY_NONE : HMS_WHY_UNREACHABLE, r.h.error_why);
		cpus++;
	}
	EXPECT_LT(0, cpus);
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* The CPUs of a node go and come again. */
HMS_TEST(pcimem, cpus_that_come_later)
{
	int nid = lone_cpu_find(self->online, sizeof(self->online));
	struct object link, o;
	char name[64];
	__u32 before;

	if (!variant->coherent)
		SKIP(return, "CPUs can't load from it");
	if (nid < 0)
		SKIP(return, "no node has one CPU that can go: CONFIG_HOTPLUG_CPU, CONFIG_NUMA?");
	before = cpus_of_node(nid);
	ASSERT_EQ(0, text_write(self->online, "0"));
	EXPECT_EQ(0, cpus_of_node(nid));
	ASSERT_EQ(0, text_write(self->online, "1"));
	snprintf(name, sizeof(name), "pcimem-%s", self->card.name);
	ASSERT_TRUE(map_find("link", name, &link));
	ASSERT_NE(0, cpus_of_node(nid));
	EXPECT_NE(before, cpus_of_node(nid));
	o = object_at(1, cpus_of_node(nid), HMS_INITIATOR);
	EXPECT_TRUE(object_leads(&link, NULL, &o));
}

/* Pages. */

HMS_TEST(pcimem, moves)
{
	ASSERT_EQ(NPAGES, move_there(self));
	EXPECT_EQ((long long)(NPAGES * PAGE), target_used(self->to));
	/* What the CPU finds, and what it writes, there or at home. */
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
	EXPECT_EQ(variant->coherent ? NPAGES : 0,
		  pages_on(self->e.fd, self->p, NPAGES * PAGE, self->to));
	fill(self->p, NPAGES * PAGE, 2);
	ASSERT_EQ(NPAGES, move_there(self));
	for (int i = 0; i < self->e.nnodes; i++) {
		ASSERT_EQ(NPAGES, move_to(self, self->e.node[i], self->p, NPAGES * PAGE));
		EXPECT_EQ(NPAGES, pages_on(self->e.fd, self->p, NPAGES * PAGE, self->e.node[i]));
		EXPECT_PATTERN(self->p, NPAGES * PAGE, 2);
		ASSERT_EQ(NPAGES, move_there(self));
	}
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 2);
}

/* To the last byte of it, and what others had there is not seen. */
HMS_TEST(pcimem, full)
{
	const size_t more = MiB(1);
	struct request r;
	char *p;

	p = area(self->card.size);
	ASSERT_NE(NULL, p);
	fill(p, self->card.size, 3);
	EXPECT_EQ((long)(self->card.size / PAGE), move_to(self, self->to, p, self->card.size));
	EXPECT_EQ((long long)self->card.size, target_used(self->to));
	EXPECT_PATTERN(p, self->card.size, 3);
	ASSERT_EQ(0, munmap(p, self->card.size));
	ASSERT_TRUE(used_becomes(self->to, 0));

	p = area(self->card.size + more);
	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, populate(self->e.fd, p, self->card.size + more, self->to, &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(self->card.size / PAGE, r.h.populated);
	EXPECT_EQ(more / PAGE, r.h.skipped[HMS_SKIP_NOMEM]);
	EXPECT_ZERO(p, self->card.size + more);
}

/* Leaving. */

HMS_TEST(pcimem, unbind)
{
	__u32 before;
	struct request r;

	for (int round = 0; round < 3; round++) {
		ASSERT_EQ(NPAGES, move_there(self));
		before = self->to;
		ASSERT_EQ(0, card_unbind(self->card.name));
		EXPECT_FALSE(card_has_driver(self->card.name));
		EXPECT_EQ(0, card_target(self->card.name));
		EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
		EXPECT_AT_HOME(self);
		request_init(&r, self->p, NPAGES * PAGE);
		request_target(&r, before);
		request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
		EXPECT_EQ(-ENODEV, request_send(&r, self->e.fd));
		EXPECT_EQ(HMS_WHY_GONE, r.h.error_why);
		ASSERT_TRUE(comes_back(self));
		EXPECT_NE(before, self->to);
		EXPECT_EQ(0, target_used(self->to));
	}
}

HMS_TEST(pcimem, unplug)
{
	for (int round = 0; round < 3; round++) {
		ASSERT_EQ(NPAGES, move_there(self));
		ASSERT_TRUE(card_becomes(&self->card, false));
		EXPECT_EQ(0, card_target(self->card.name));
		EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
		EXPECT_AT_HOME(self);
		ASSERT_TRUE(comes_back(self));
	}
}

/* A policy that names it stays, and its pages go where there is something. */
HMS_TEST(pcimem, unplug_with_policy)
{
	const __u32 uids[2] = { self->to, self->e.node[0] };
	struct policy policy;

	ASSERT_EQ(0, policy_set(self->e.fd, self->p, NPAGES * PAGE, HMS_MODE_BIND, 2, uids));
	ASSERT_EQ(NPAGES, move_there(self));
	ASSERT_TRUE(card_becomes(&self->card, false));
	ASSERT_EQ(1, policies_read(self->e.fd, HMS_QUERY_POLICY, self->p, NPAGES * PAGE, &policy,
				   1));
	EXPECT_TRUE(policy_is(&policy, self->p, NPAGES * PAGE, HMS_MODE_BIND, 2, uids));
	EXPECT_EQ(1, policy.gone);
	EXPECT_EQ(NPAGES, pages_on(self->e.fd, self->p, NPAGES * PAGE, self->e.node[0]));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* The module goes, and takes what is there home; coherent memory that is online holds it. */
HMS_TEST(pcimem, unload)
{
	ASSERT_EQ(NPAGES, move_there(self));
	if (variant->coherent) {
		EXPECT_EQ(-EAGAIN, module_unload("hms_pcimem"));
		ASSERT_EQ(0, text_write(target_file(self->to, "offline"), "1"));
	}
	ASSERT_EQ(0, module_unload_wait("hms_pcimem"));
	EXPECT_FALSE(card_has_driver(self->card.name));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
	EXPECT_AT_HOME(self);
}

/* Processes that move, touch and are killed while it comes and goes. */
HMS_TEST(pcimem, unplug_under_load)
{
	enum { N = 3, ROUNDS = 3 };
	volatile bool *stop =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct peer peer[N];

	ASSERT_NE(MAP_FAILED, stop);
	for (int round = 0; round < ROUNDS; round++) {
		*stop = false;
		for (int i = 0; i < N; i++) {
			pid_t pid = peer_fork(&peer[i]);
			bool told = false;
			int fd;

			ASSERT_GE(pid, 0);
			if (pid)
				continue;
			fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
			ASSERT_LE(0, fd);
			fill(self->p, NPAGES * PAGE, i);
			while (!*stop) {
				struct request r;
				int ret = migrate(fd, self->p, NPAGES * PAGE, self->to, &r);

				ASSERT_TRUE(!ret || ret == -ENODEV) {
					TH_LOG("returned %d", ret);
				}
				ASSERT_STREQ("", ret ? "" : counts_wrong(&r));
				if (!told && r.h.moved)
					tell(&peer[i]), told = true;
				ASSERT_PATTERN(self->p, NPAGES * PAGE, i);
				fill(self->p, NPAGES * PAGE, i);
			}
			_exit(0);
		}
		for (int i = 0; i < N; i++)
			ASSERT_EQ(0, hear(&peer[i]));
		card_ask_unplug();
		/* One ends while its pages are on their way. */
		EXPECT_EQ(SIGKILL, peer_kill(&peer[0]));
		EXPECT_TRUE(card_becomes(&self->card, false));
		*stop = true;
		for (int i = 1; i < N; i++)
			EXPECT_EQ(0, peer_wait(&peer[i]));
		ASSERT_TRUE(comes_back(self));
	}
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* Pulled out without notice, with pages on it that a child has too. */
HMS_TEST(pcimem, pulled_out)
{
	char *ones = self->p + 3 * PAGE, *later = area(PAGE);
	long long lost = stat_read("lost");
	struct request r;
	struct peer child;

	ASSERT_NE(NULL, later);
	if (*feature_missing("device-private"))
		SKIP(return, "nothing can stand for what is lost: %s",
		     feature_missing("device-private"));
	memset(ones, 0xff, PAGE);
	fill(later, PAGE, 3);
	ASSERT_EQ(NPAGES, move_there(self));
	if (!peer_fork(&child)) {
		hear(&child);
		for (size_t i = 0; i < NPAGES; i++)
			if (!is_lost(self->p + i * PAGE, i % 2))
				_exit(1);
		_exit(0);
	}
	ASSERT_EQ(0, card_hide(&self->card));
	/* Nothing goes there, and what reads as ones is not believed. */
	ASSERT_EQ(0, migrate(self->e.fd, later, PAGE, self->to, &r));
	EXPECT_EQ(1, r.h.skipped[HMS_SKIP_COPY]);
	EXPECT_PATTERN(later, PAGE, 3);
	if (!variant->coherent)
		EXPECT_TRUE(is_sigbus(ones, false));
	ASSERT_EQ(0, text_write(pci_path(self->card.name, "remove"), "1"));
	EXPECT_EQ(lost + NPAGES, stat_read("lost"));
	for (size_t i = 0; i < NPAGES; i++)
		ASSERT_TRUE(is_lost(self->p + i * PAGE, i % 2));
	tell(&child);
	EXPECT_EQ(0, peer_wait(&child));
	/* The next one has nothing of it, and works. */
	ASSERT_EQ(0, card_show(&self->card));
	ASSERT_TRUE(comes_back(self));
	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->to, &r));
	EXPECT_EQ(NPAGES, r.h.skipped[HMS_SKIP_COPY]);
	ASSERT_EQ(0, madvise(self->p, NPAGES * PAGE, MADV_DONTNEED));
	fill(self->p, NPAGES * PAGE, 2);
	ASSERT_EQ(NPAGES, move_there(self));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 2);
}

/* Pins. */

/* A pipe that holds the first pages of ours; the end to read from. */
static int pin(pcimem_t *s)
{
	struct iovec pinned = { .iov_base = s->p, .iov_len = PINNED * PAGE };
	int ends[2];

	if (pipe(ends) || vmsplice(ends[1], &pinned, 1, 0) != PINNED * PAGE)
		return -1;
	return ends[0];
}

static long unpin(pcimem_t *s, int fd)
{
	char bytes[PINNED * PAGE];

	if (read(fd, bytes, sizeof(bytes)) != sizeof(bytes))
		return -1;
	return memcmp(bytes, s->p, sizeof(bytes));
}

#define NEED_PINS								\
	do {									\
		if (!variant->coherent)						\
			SKIP(return, "the CPU can't pin private memory");	\
	} while (0)

HMS_TEST(pcimem, offline)
{
	int fd;

	NEED_PINS;
	ASSERT_EQ(NPAGES, move_there(self));
	fd = pin(self);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, number_read(target_file(self->to, "pinned")));
	EXPECT_EQ(-EBUSY, text_write(target_file(self->to, "offline"), "1"));
	EXPECT_EQ(0, number_read(target_file(self->to, "offline")));
	EXPECT_EQ(PINNED, number_read(target_file(self->to, "pinned")));
	EXPECT_EQ((long long)(PINNED * PAGE), target_used(self->to));
	EXPECT_EQ(0, unpin(self, fd));
	EXPECT_EQ(0, text_write(target_file(self->to, "offline"), "1"));
	EXPECT_EQ(1, number_read(target_file(self->to, "offline")));
	EXPECT_EQ(0, number_read(target_file(self->to, "pinned")));
	EXPECT_EQ(0, target_used(self->to));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
	/* It leaves at once now, and may as well come back into use. */
	ASSERT_EQ(0, text_write(target_file(self->to, "offline"), "0"));
	ASSERT_EQ(NPAGES, move_there(self));
	ASSERT_EQ(0, text_write(target_file(self->to, "offline"), "1"));
	ASSERT_EQ(0, card_unbind(self->card.name));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* What leaves an accelerator for the card comes there, beside what that has lost. */
HMS_TEST(pcimem, beside_what_is_lost)
{
	struct hms_sim_fail f = { .size = sizeof(f), .length = 3 * PAGE };
	__u32 list[2] = { self->e.nsims ? self->e.sim[0] : 0, self->to };

	if (!variant->coherent || !self->e.nsims || !self->e.private)
		SKIP(return, "needs a private accelerator, and CPUs that load from the card");
	ASSERT_EQ(0, policy_set(self->e.fd, self->p, NPAGES * PAGE, HMS_MODE_PREFERRED, 2, list));
	ASSERT_EQ(NPAGES, move_to(self, list[0], self->p, NPAGES * PAGE));
	ASSERT_EQ(0, sim_op(self->e.sim_fd[0], HMS_SIM_SUM, self->p, NPAGES * PAGE, NULL, 0, NULL));
	f.address = u64_ptr(self->p + 5 * PAGE);
	ASSERT_EQ(0, call(self->e.sim_fd[0], HMS_SIM_FAIL, &f));
	ASSERT_EQ(3, f.pages);
	for (int i = 0; i < self->e.nsims; i++)
		close(self->e.sim_fd[i]);
	/* Nothing else goes offline for it. */
	ASSERT_EQ(0, module_unload("hms_sim"));
	EXPECT_EQ(NPAGES - 3, pages_on(self->e.fd, self->p, NPAGES * PAGE, self->to));
	EXPECT_EQ(3, pages_on(self->e.fd, self->p, NPAGES * PAGE, ON_UNKNOWN));
	EXPECT_PATTERN(self->p, 5 * PAGE, 1);
	EXPECT_PATTERN_PART(self->p, 8 * PAGE, (NPAGES - 8) * PAGE, 1);
}

/* Unplugging waits for who has a page pinned, and loses nothing. */
HMS_TEST(pcimem, unplug_waits_for_pins)
{
	const struct timespec tick = { .tv_nsec = 10000000 };
	int fd;

	NEED_PINS;
	ASSERT_EQ(NPAGES, move_there(self));
	fd = pin(self);
	ASSERT_LE(0, fd);
	card_ask_unplug();
	/* It is out of the map first. */
	for (int i = 0; i < 3000 && card_target(self->card.name); i++)
		nanosleep(&tick, NULL);
	EXPECT_EQ(0, card_target(self->card.name));
	EXPECT_EQ(0, access(pci_path(self->card.name, ""), F_OK));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
	fill(self->p, NPAGES * PAGE, 2);
	/* A pipe has the pages, not a copy of what was in them. */
	EXPECT_EQ(0, unpin(self, fd));
	EXPECT_TRUE(card_becomes(&self->card, false));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 2);
	ASSERT_TRUE(comes_back(self));
	ASSERT_EQ(NPAGES, move_there(self));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 2);
}

/* Two of them. */

/* Another driver's memory is reached by neither: it goes there and back by way of the CPU's. */
HMS_TEST(pcimem, another_driver)
{
	static char bytes[NPAGES * PAGE] __attribute__((aligned(8)));
	struct request r;

	if (!self->e.nsims)
		SKIP(return, "needs an accelerator");
	for (int round = 0; round < 2; round++) {
		const int seed = 10 + 2 * round;

		fill(self->p, NPAGES * PAGE, seed);
		ASSERT_EQ(NPAGES, move_there(self));
		ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0], &r));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(NPAGES, r.h.moved);
		EXPECT_EQ(NPAGES, pages_on(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0]));
		EXPECT_EQ(0, target_used(self->to));
		/* As the accelerator finds it, and writes it. */
		ASSERT_EQ(0, sim_read(self->e.sim_fd[0], self->p, bytes, sizeof(bytes)));
		EXPECT_PATTERN(bytes, sizeof(bytes), seed);
		fill(bytes, sizeof(bytes), seed + 1);
		ASSERT_EQ(0, sim_write(self->e.sim_fd[0], self->p, bytes, sizeof(bytes)));
		ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->to, &r));
		EXPECT_COUNTS(&r);
		EXPECT_EQ(NPAGES, r.h.moved);
		EXPECT_EQ(NPAGES, pages_on(self->e.fd, self->p, NPAGES * PAGE, self->to));
		EXPECT_EQ(self->e.used[0], target_used(self->e.sim[0]));
		EXPECT_PATTERN(self->p, NPAGES * PAGE, seed + 1);
	}
}

/* By id, it takes every one that is free; and they copy to each other. */
HMS_TEST(pcimem, two)
{
	const char *other = "0000:00:01.0";
	__u32 to;

	ASSERT_EQ(0, card_unbind(self->card.name));
	ASSERT_EQ(0, card_forget(self->card.name));
	if (number_read(pci_path(other, "device")) != 0x1110 || card_has_driver(other))
		SKIP(return, "no second device");
	if (module_is_loaded("hms_sim") && !self->e.private)
		SKIP(return, "hms_sim has the memory of the second device");
	ASSERT_EQ(0, text_write(PCIMEM_DRIVER "/new_id", "1af4 1110"));
	EXPECT_TRUE(card_has_driver(self->card.name));
	EXPECT_TRUE(card_has_driver(other));
	self->to = card_target(self->card.name);
	to = card_target(other);
	ASSERT_NE(0, self->to);
	ASSERT_NE(0, to);
	for (int round = 0; round < 2; round++) {
		ASSERT_EQ(NPAGES, move_there(self));
		ASSERT_EQ(NPAGES, move_to(self, to, self->p, NPAGES * PAGE));
		EXPECT_EQ(NPAGES, pages_on(self->e.fd, self->p, NPAGES * PAGE, to));
	}
	/* The one that goes leaves the other alone. */
	ASSERT_EQ(0, card_unbind(self->card.name));
	EXPECT_EQ(NPAGES, pages_on(self->e.fd, self->p, NPAGES * PAGE, to));
	EXPECT_EQ(0, card_unbind(other));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
	EXPECT_EQ(0, text_write(PCIMEM_DRIVER "/remove_id", "1af4 1110"));
}

/* Sleep. */

/* As far as devices sleep, and at once awake again. */
static int doze(void)
{
	int ret;

	text_write("/sys/module/suspend/parameters/pm_test_delay", "0");
	ret = text_write("/sys/power/pm_test", "devices");
	if (ret)
		return ret;
	ret = text_write("/sys/power/state", "freeze");
	text_write("/sys/power/pm_test", "none");
	return ret;
}

HMS_TEST(pcimem, sleep)
{
	if (access("/sys/power/pm_test", W_OK))
		SKIP(return, "no /sys/power/pm_test");
	for (int round = 0; round < 2; round++) {
		ASSERT_EQ(NPAGES, move_there(self));
		ASSERT_EQ(0, doze());
		EXPECT_EQ(0, pages_on(self->e.fd, self->p, NPAGES * PAGE, self->to));
		EXPECT_EQ(0, target_used(self->to));
		EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
	}
	/* What is offline is so afterwards. */
	if (variant->coherent) {
		struct request r;

		ASSERT_EQ(0, text_write(target_file(self->to, "offline"), "1"));
		ASSERT_EQ(0, doze());
		EXPECT_EQ(1, number_read(target_file(self->to, "offline")));
		ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->to, &r));
		EXPECT_EQ(NPAGES, r.h.skipped[HMS_SKIP_UNREACHABLE]);
		ASSERT_EQ(0, text_write(target_file(self->to, "offline"), "0"));
	}
	ASSERT_EQ(NPAGES, move_there(self));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* A job sleeps too, and goes on. It is over holes, which are many. */
HMS_TEST(pcimem, sleep_with_a_job)
{
	const size_t holes = 1UL << 44;
	char *endless = area(holes);
	struct hms_wait w;
	struct request r;
	long long job;
	__u64 at = 0;

	if (access("/sys/power/pm_test", W_OK))
		SKIP(return, "no /sys/power/pm_test");
	ASSERT_NE(NULL, endless);
	ASSERT_EQ(NPAGES, move_there(self));
	job = request_submit(request_move(&r, endless, holes, self->to), self->e.fd,
			     HMS_NO_EVENTFD);
	ASSERT_LT(0, job);
	for (int round = 0; round < 3; round++) {
		/* The test's own time limit ends this if it does not get on. */
		do {
			ASSERT_EQ(0, job_look(self->e.fd, job, 1000000, 0, &w, &r));
			ASSERT_NE(HMS_JOB_DONE, w.state);
		} while (w.state != HMS_JOB_RUNNING || r.h.next <= at);
		at = r.h.next;
		EXPECT_EQ(0, doze());
		EXPECT_EQ(0, target_used(self->to));
	}
	ASSERT_EQ(0, job_look(self->e.fd, job, 0, HMS_CANCEL, &w, NULL));
	EXPECT_EQ(ECANCELED, job_end(self->e.fd, job, NULL));
	ASSERT_EQ(NPAGES, move_there(self));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* What can't come home would be lost: the machine stays awake. */
HMS_TEST(pcimem, no_sleep_while_pinned)
{
	int fd;

	NEED_PINS;
	if (access("/sys/power/pm_test", W_OK))
		SKIP(return, "no /sys/power/pm_test");
	ASSERT_EQ(NPAGES, move_there(self));
	fd = pin(self);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBUSY, doze());
	EXPECT_EQ(PINNED, number_read(target_file(self->to, "pinned")));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
	ASSERT_EQ(NPAGES, move_there(self));
	EXPECT_EQ(0, unpin(self, fd));
	EXPECT_EQ(0, doze());
	EXPECT_EQ(0, target_used(self->to));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* What is refused. */

/* Nothing of the device is left in the map, or taken. */
static const char *is_left(const pcimem_t *s)
{
	char text[64];
	glob_t found;
	int some;

	if (card_has_driver(s->card.name))
		return "the driver";
	snprintf(text, sizeof(text), "pcimem-%s", s->card.name);
	if (map_count_named("target", text) || map_count_named("link", text))
		return "an object";
	snprintf(text, sizeof(text), PCI "/%s/v*-*", s->card.name);
	some = !glob(text, 0, NULL, &found);
	globfree(&found);
	return some ? "a folder" : "";
}

HMS_TEST(pcimem, refused)
{
	char range[64];

	ASSERT_EQ(0, card_unbind(self->card.name));
	/* The bridge of the machine has no memory. */
	EXPECT_EQ(-ENODEV, card_bind("0000:00:00.0"));
	EXPECT_EQ(0, card_forget("0000:00:00.0"));
	/* 256 bytes; nothing; no BAR. */
	ASSERT_EQ(0, parameter("bar", "0"));
	EXPECT_EQ(-EINVAL, card_bind(self->card.name));
	ASSERT_EQ(0, parameter("bar", "1"));
	EXPECT_EQ(-EINVAL, card_bind(self->card.name));
	ASSERT_EQ(0, parameter("bar", "6"));
	EXPECT_EQ(-EINVAL, card_bind(self->card.name));
	ASSERT_EQ(0, parameter("bar", "-2"));
	EXPECT_EQ(-EINVAL, card_bind(self->card.name));
	EXPECT_STREQ("", is_left(self));
	ASSERT_EQ(0, parameter("bar", "2"));
	ASSERT_EQ(0, card_bind(self->card.name));
	ASSERT_EQ(0, card_unbind(self->card.name));
	ASSERT_EQ(0, parameter("bar", "-1"));

	/* Memory that another driver has. */
	if (module_is_loaded("hms_sim")) {
		for (int i = 0; i < self->e.nsims; i++)
			close(self->e.sim_fd[i]);
		ASSERT_EQ(0, sim_unload_wait());
		self->e.nsims = 0;
	}
	if (*feature_missing("device-coherent"))
		return;
	snprintf(range, sizeof(range), "count=1 size_mb=2 range=0x%llx", self->card.bar + MiB(4));
	ASSERT_EQ(0, module_load(SIM_MODULE, range));
	EXPECT_EQ(-EBUSY, card_bind(self->card.name));
	EXPECT_STREQ("", is_left(self));
	ASSERT_EQ(0, sim_unload_wait());
	ASSERT_EQ(0, card_bind(self->card.name));
	EXPECT_EQ(-EBUSY, module_load(SIM_MODULE, range));
}

/* Private memory is asked for where the kernel has none: it says so. */
HMS_TEST(pcimem, not_private)
{
	if (!*feature_missing("device-private"))
		SKIP(return, "this kernel has private memory");
	ASSERT_EQ(0, card_unbind(self->card.name));
	ASSERT_EQ(0, parameter("coherent", "0"));
	EXPECT_EQ(-EOPNOTSUPP, card_bind(self->card.name));
	EXPECT_STREQ("", is_left(self));
}

/* One allocation in so many: core makes most of them, all alike. */
#define STRIDE	3

/* Of some of what fails for want of memory core says something else. */
static bool is_for_memory(int ret)
{
	return ret == -ENOMEM || ret == -EBUSY || ret == -ENXIO;
}

/* One allocation after the other fails: then nothing is left, or it works. */
HMS_TEST(pcimem, no_memory)
{
	/* What the kernel does not take in peace. */
	const char *spared = variant->coherent ? "arch_add_memory" : "add_pages";
	int nth, left = 0, failed = 0;
	const char *why = failnth_open(&nth);

	if (!*why)
		why = failnth_modules_only(spared);
	if (*why)
		SKIP(return, "%s", why);
	ASSERT_EQ(0, card_unbind(self->card.name));
	for (int n = 1; !left; n += STRIDE) {
		int ret;

		ASSERT_EQ(0, failnth_arm(nth, n));
		ret = text_write(PCIMEM_DRIVER "/bind", self->card.name);
		left = failnth_disarm(nth);
		ASSERT_LE(0, left);
		if (ret) {
			EXPECT_TRUE(is_for_memory(ret)) {
				TH_LOG("failure %d: returned %d", n, ret);
			}
			ASSERT_STREQ("", is_left(self));
			failed++;
		} else {
			ASSERT_NE(0, card_target(self->card.name));
			ASSERT_EQ(0, card_unbind(self->card.name));
		}
	}
	EXPECT_LT(10, failed);
	ASSERT_TRUE(comes_back(self));
	ASSERT_EQ(NPAGES, move_there(self));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

int main(int argc, char **argv)
{
	return card_share() ? KSFT_FAIL : test_harness_run(argc, argv);
}
