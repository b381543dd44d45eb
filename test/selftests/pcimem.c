// SPDX-License-Identifier: GPL-2.0
/*
 * hms_pcimem: memory of a PCI device, private and coherent. The device is one behind a port of its
 * own, where the emulator plugs and unplugs it when it is asked to.
 */

#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "failnth.h"
#include "hms_fixture.h"
#include "maptest.h"
#include "module.h"

#define DRIVER		"/sys/bus/pci/drivers/hms_pcimem"
#define PARAMETERS	"/sys/module/hms_pcimem/parameters"
#define PCI		"/sys/bus/pci/devices"
#define NPAGES		700
#define PINNED		4

/* How often the device was to be plugged in, by all tests: its memory is called "card" and that. */
static volatile int *plugs;

FIXTURE(pcimem)
{
	struct env e;
	char card[32];		/* name of the PCI device */
	__u64 bar;		/* where its memory is */
	__u64 size;
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

/* PCI. */

static const char *pci_path(const char *device, const char *file)
{
	static char path[192];

	snprintf(path, sizeof(path), PCI "/%s%s%s", device, *file ? "/" : "", file);
	return path;
}

/* The device that can be unplugged is on no root bus. */
static bool card_find(pcimem_t *s)
{
	bool found = false;
	char text[2048];
	glob_t all;

	if (glob(PCI "/*", 0, NULL, &all))
		return false;
	for (size_t i = 0; i < all.gl_pathc && !found; i++) {
		const char *name = strrchr(all.gl_pathv[i], '/') + 1;
		unsigned long first, last;

		if (!strncmp(name, "0000:00:", 8) ||
		    number_read(pci_path(name, "vendor")) != 0x1af4 ||
		    number_read(pci_path(name, "device")) != 0x1110 ||
		    text_read(pci_path(name, "resource"), text, sizeof(text)) ||
		    sscanf(text, "%*x %*x %*x %*x %*x %*x %lx %lx", &first, &last) != 2)
			continue;
		snprintf(s->card, sizeof(s->card), "%s", name);
		s->bar = first;
		s->size = last - first + 1;
		found = true;
	}
	globfree(&all);
	return found;
}

static bool is_bound(const char *device)
{
	return !access(pci_path(device, "driver"), F_OK);
}

static int bind(const char *device)
{
	return text_write(pci_path(device, "driver_override"), "hms_pcimem") ?:
	       text_write(DRIVER "/bind", device);
}

static int unbind(const char *device)
{
	return text_write(DRIVER "/unbind", device);
}

/* Nobody's, also when the module comes again. */
static int forget(const char *device)
{
	return text_write(pci_path(device, "driver_override"), "\n");
}

/* The target of a device, 0 for none. */
static __u32 target_of(const char *device)
{
	struct object o;
	char name[64];

	snprintf(name, sizeof(name), "pcimem-%s", device);
	return map_find("target", name, &o) ? o.uid : 0;
}

static const char *of_target(__u32 uid, const char *file)
{
	static char path[128];

	snprintf(path, sizeof(path), SYS_DEVICES "/v1-%u-target/%s", uid, file);
	return path;
}

/* For the emulator; init hands it on. In one piece, as others may say something too. */
static void __attribute__((format(printf, 1, 2))) ask(const char *format, ...)
{
	char line[128] = "% ";
	va_list ap;
	size_t n;

	va_start(ap, format);
	vsnprintf(line + 2, sizeof(line) - 3, format, ap);
	va_end(ap);
	n = strlen(strcat(line, "\n"));
	if (write(STDOUT_FILENO, line, n) != (ssize_t)n)
		abort();
}

static void ask_unplug(void)
{
	ask("device_del card");
}

/*
 * The emulator does not survive memory that was plugged in before, or nearly: this is new. What it
 * can't do it refuses.
 */
static void ask_plug(void)
{
	int n = ++*plugs;

	ask("object_add memory-backend-ram,id=card%d,size=16M,share=on", n);
	ask("device_add ivshmem-plain,id=card,memdev=card%d,bus=card-slot", n);
	ask("object_del card%d", n - 1);
}

/* Asked once more from time to time: it refuses what comes too soon after the other. */
static bool card_becomes(const pcimem_t *s, bool plugged)
{
	const struct timespec tick = { .tv_nsec = 10000000 };
	bool is = !access(pci_path(s->card, ""), F_OK);

	if (is == plugged)
		return true;
	for (int i = 0; i < 12000 && is != plugged; i++) {
		if (i % 100)
			nanosleep(&tick, NULL);
		else if (plugged)
			ask_plug();
		else
			ask_unplug();
		is = !access(pci_path(s->card, ""), F_OK);
	}
	return is == plugged;
}

/*
 * Its driver has it again, and there is a new target. It is seen a moment before it can be bound,
 * and then the kernel may be the one that binds it.
 */
static bool card_comes_back(pcimem_t *s)
{
	const struct timespec tick = { .tv_nsec = 10000000 };
	int ret = -ENODEV;

	if (!card_becomes(s, true))
		return false;
	for (int i = 0; i < 1000 && (ret == -ENODEV || ret == -ENOENT); i++) {
		ret = bind(s->card);
		if (ret)
			nanosleep(&tick, NULL);
	}
	s->to = target_of(s->card);
	return (!ret || ret == -EBUSY) && s->to;
}

static int parameter(const char *name, const char *value)
{
	char path[96];

	snprintf(path, sizeof(path), PARAMETERS "/%s", name);
	return text_write(path, value);
}

/* Coherent memory that is online holds the module. */
static int unload(void)
{
	glob_t found;

	if (!module_is_loaded("hms_pcimem"))
		return 0;
	if (!glob(DRIVER "/*:*", 0, NULL, &found)) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			unbind(strrchr(found.gl_pathv[i], '/') + 1);
		globfree(&found);
	}
	return module_unload_wait("hms_pcimem");
}

FIXTURE_SETUP(pcimem)
{
	const char *lacks = feature_missing(variant->coherent ? "device-coherent" :
					    "device-private");

	if (access(PCIMEM_MODULE, R_OK))
		SKIP(return, "no " PCIMEM_MODULE);
	if (!card_find(self))
		SKIP(return, "no PCI device that can be unplugged");
	if (*lacks)
		SKIP(return, "%s", lacks);
	ASSERT_STREQ("", env_open(&self->e));
	self->sims = self->e.nsims;
	ASSERT_EQ(0, forget(self->card));
	ASSERT_EQ(0, unload());
	ASSERT_EQ(0, module_load(PCIMEM_MODULE, variant->coherent ? "coherent=1" : "coherent=0"));
	/* It has taken nothing by itself. */
	ASSERT_FALSE(is_bound(self->card));
	ASSERT_EQ(0, bind(self->card));
	self->to = target_of(self->card);
	ASSERT_NE(0, self->to);
	self->p = area(NPAGES * PAGE);
	ASSERT_NE(NULL, self->p);
	fill(self->p, NPAGES * PAGE, 1);
}

/* As it was, whatever the test has left. */
FIXTURE_TEARDOWN_PARENT(pcimem)
{
	if (*self->card) {
		EXPECT_TRUE(card_becomes(self, true));
		EXPECT_EQ(0, forget(self->card));
	}
	if (*self->online)
		text_write(self->online, "1");
	EXPECT_EQ(0, unload());
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

	snprintf(name, sizeof(name), "pcimem-%s", self->card);
	ASSERT_TRUE(map_find("target", name, &target));
	EXPECT_STREQ(variant->coherent ? "device-coherent" : "device-private", target.kind);
	EXPECT_EQ(variant->coherent ? 1 : 2, target.version);
	EXPECT_EQ((long long)self->size, target_capacity(self->to));
	EXPECT_EQ(0, target_used(self->to));
	/* Below its device in sysfs. */
	n = readlink(target.path, at, sizeof(at) - 1);
	ASSERT_LT(0, n);
	at[n] = 0;
	snprintf(name, sizeof(name), "/%s/", self->card);
	EXPECT_NE(NULL, strstr(at, name));

	/* Whoever loads from it is connected with it, and nobody else. */
	snprintf(name, sizeof(name), "pcimem-%s", self->card);
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
	snprintf(name, sizeof(name), "pcimem-%s", self->card);
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

	p = area(self->size);
	ASSERT_NE(NULL, p);
	fill(p, self->size, 3);
	EXPECT_EQ((long)(self->size / PAGE), move_to(self, self->to, p, self->size));
	EXPECT_EQ((long long)self->size, target_used(self->to));
	EXPECT_PATTERN(p, self->size, 3);
	ASSERT_EQ(0, munmap(p, self->size));
	ASSERT_TRUE(used_becomes(self->to, 0));

	p = area(self->size + more);
	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, populate(self->e.fd, p, self->size + more, self->to, &r));
	EXPECT_COUNTS(&r);
	EXPECT_EQ(self->size / PAGE, r.h.populated);
	EXPECT_EQ(more / PAGE, r.h.skipped[HMS_SKIP_NOMEM]);
	EXPECT_ZERO(p, self->size + more);
}

/* Leaving. */

HMS_TEST(pcimem, unbind)
{
	__u32 before;
	struct request r;

	for (int round = 0; round < 3; round++) {
		ASSERT_EQ(NPAGES, move_there(self));
		before = self->to;
		ASSERT_EQ(0, unbind(self->card));
		EXPECT_FALSE(is_bound(self->card));
		EXPECT_EQ(0, target_of(self->card));
		EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
		EXPECT_AT_HOME(self);
		request_init(&r, self->p, NPAGES * PAGE);
		request_target(&r, before);
		request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
		EXPECT_EQ(-ENODEV, request_send(&r, self->e.fd));
		EXPECT_EQ(HMS_WHY_GONE, r.h.error_why);
		ASSERT_TRUE(card_comes_back(self));
		EXPECT_NE(before, self->to);
		EXPECT_EQ(0, target_used(self->to));
	}
}

HMS_TEST(pcimem, unplug)
{
	for (int round = 0; round < 3; round++) {
		ASSERT_EQ(NPAGES, move_there(self));
		ASSERT_TRUE(card_becomes(self, false));
		EXPECT_EQ(0, target_of(self->card));
		EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
		EXPECT_AT_HOME(self);
		ASSERT_TRUE(card_comes_back(self));
	}
}

/* A policy that names it stays, and its pages go where there is something. */
HMS_TEST(pcimem, unplug_with_policy)
{
	const __u32 uids[2] = { self->to, self->e.node[0] };
	struct policy policy;

	ASSERT_EQ(0, policy_set(self->e.fd, self->p, NPAGES * PAGE, HMS_MODE_BIND, 2, uids));
	ASSERT_EQ(NPAGES, move_there(self));
	ASSERT_TRUE(card_becomes(self, false));
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
		ASSERT_EQ(0, text_write(of_target(self->to, "offline"), "1"));
	}
	ASSERT_EQ(0, module_unload_wait("hms_pcimem"));
	EXPECT_FALSE(is_bound(self->card));
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
		ask_unplug();
		/* One ends while its pages are on their way. */
		EXPECT_EQ(SIGKILL, peer_kill(&peer[0]));
		EXPECT_TRUE(card_becomes(self, false));
		*stop = true;
		for (int i = 1; i < N; i++)
			EXPECT_EQ(0, peer_wait(&peer[i]));
		ASSERT_TRUE(card_comes_back(self));
	}
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
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
	EXPECT_EQ(0, number_read(of_target(self->to, "pinned")));
	EXPECT_EQ(-EBUSY, text_write(of_target(self->to, "offline"), "1"));
	EXPECT_EQ(0, number_read(of_target(self->to, "offline")));
	EXPECT_EQ(PINNED, number_read(of_target(self->to, "pinned")));
	EXPECT_EQ((long long)(PINNED * PAGE), target_used(self->to));
	EXPECT_EQ(0, unpin(self, fd));
	EXPECT_EQ(0, text_write(of_target(self->to, "offline"), "1"));
	EXPECT_EQ(1, number_read(of_target(self->to, "offline")));
	EXPECT_EQ(0, number_read(of_target(self->to, "pinned")));
	EXPECT_EQ(0, target_used(self->to));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
	/* It leaves at once now, and may as well come back into use. */
	ASSERT_EQ(0, text_write(of_target(self->to, "offline"), "0"));
	ASSERT_EQ(NPAGES, move_there(self));
	ASSERT_EQ(0, text_write(of_target(self->to, "offline"), "1"));
	ASSERT_EQ(0, unbind(self->card));
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
	ask_unplug();
	/* It is out of the map first. */
	for (int i = 0; i < 3000 && target_of(self->card); i++)
		nanosleep(&tick, NULL);
	EXPECT_EQ(0, target_of(self->card));
	EXPECT_EQ(0, access(pci_path(self->card, ""), F_OK));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
	fill(self->p, NPAGES * PAGE, 2);
	/* A pipe has the pages, not a copy of what was in them. */
	EXPECT_EQ(0, unpin(self, fd));
	EXPECT_TRUE(card_becomes(self, false));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 2);
	ASSERT_TRUE(card_comes_back(self));
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

	ASSERT_EQ(0, unbind(self->card));
	ASSERT_EQ(0, forget(self->card));
	if (number_read(pci_path(other, "device")) != 0x1110 || is_bound(other))
		SKIP(return, "no second device");
	if (module_is_loaded("hms_sim") && !self->e.private)
		SKIP(return, "hms_sim has the memory of the second device");
	ASSERT_EQ(0, text_write(DRIVER "/new_id", "1af4 1110"));
	EXPECT_TRUE(is_bound(self->card));
	EXPECT_TRUE(is_bound(other));
	self->to = target_of(self->card);
	to = target_of(other);
	ASSERT_NE(0, self->to);
	ASSERT_NE(0, to);
	for (int round = 0; round < 2; round++) {
		ASSERT_EQ(NPAGES, move_there(self));
		ASSERT_EQ(NPAGES, move_to(self, to, self->p, NPAGES * PAGE));
		EXPECT_EQ(NPAGES, pages_on(self->e.fd, self->p, NPAGES * PAGE, to));
	}
	/* The one that goes leaves the other alone. */
	ASSERT_EQ(0, unbind(self->card));
	EXPECT_EQ(NPAGES, pages_on(self->e.fd, self->p, NPAGES * PAGE, to));
	EXPECT_EQ(0, unbind(other));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
	EXPECT_EQ(0, text_write(DRIVER "/remove_id", "1af4 1110"));
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

		ASSERT_EQ(0, text_write(of_target(self->to, "offline"), "1"));
		ASSERT_EQ(0, doze());
		EXPECT_EQ(1, number_read(of_target(self->to, "offline")));
		ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->to, &r));
		EXPECT_EQ(NPAGES, r.h.skipped[HMS_SKIP_UNREACHABLE]);
		ASSERT_EQ(0, text_write(of_target(self->to, "offline"), "0"));
	}
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
	EXPECT_EQ(PINNED, number_read(of_target(self->to, "pinned")));
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

	if (is_bound(s->card))
		return "the driver";
	snprintf(text, sizeof(text), "pcimem-%s", s->card);
	if (map_count_named("target", text) || map_count_named("link", text))
		return "an object";
	snprintf(text, sizeof(text), PCI "/%s/v*-*", s->card);
	some = !glob(text, 0, NULL, &found);
	globfree(&found);
	return some ? "a folder" : "";
}

HMS_TEST(pcimem, refused)
{
	char range[64];

	ASSERT_EQ(0, unbind(self->card));
	/* The bridge of the machine has no memory. */
	EXPECT_EQ(-ENODEV, bind("0000:00:00.0"));
	EXPECT_EQ(0, forget("0000:00:00.0"));
	/* 256 bytes; nothing; no BAR. */
	ASSERT_EQ(0, parameter("bar", "0"));
	EXPECT_EQ(-EINVAL, bind(self->card));
	ASSERT_EQ(0, parameter("bar", "1"));
	EXPECT_EQ(-EINVAL, bind(self->card));
	ASSERT_EQ(0, parameter("bar", "6"));
	EXPECT_EQ(-EINVAL, bind(self->card));
	ASSERT_EQ(0, parameter("bar", "-2"));
	EXPECT_EQ(-EINVAL, bind(self->card));
	EXPECT_STREQ("", is_left(self));
	ASSERT_EQ(0, parameter("bar", "2"));
	ASSERT_EQ(0, bind(self->card));
	ASSERT_EQ(0, unbind(self->card));
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
	snprintf(range, sizeof(range), "count=1 size_mb=2 range=0x%llx", self->bar + MiB(4));
	ASSERT_EQ(0, module_load(SIM_MODULE, range));
	EXPECT_EQ(-EBUSY, bind(self->card));
	EXPECT_STREQ("", is_left(self));
	ASSERT_EQ(0, sim_unload_wait());
	ASSERT_EQ(0, bind(self->card));
	EXPECT_EQ(-EBUSY, module_load(SIM_MODULE, range));
}

/* Private memory is asked for where the kernel has none: it says so. */
HMS_TEST(pcimem, not_private)
{
	if (!*feature_missing("device-private"))
		SKIP(return, "this kernel has private memory");
	ASSERT_EQ(0, unbind(self->card));
	ASSERT_EQ(0, parameter("coherent", "0"));
	EXPECT_EQ(-EOPNOTSUPP, bind(self->card));
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
	ASSERT_EQ(0, unbind(self->card));
	for (int n = 1; !left; n += STRIDE) {
		int ret;

		ASSERT_EQ(0, failnth_arm(nth, n));
		ret = text_write(DRIVER "/bind", self->card);
		left = failnth_disarm(nth);
		ASSERT_LE(0, left);
		if (ret) {
			EXPECT_TRUE(is_for_memory(ret)) {
				TH_LOG("failure %d: returned %d", n, ret);
			}
			ASSERT_STREQ("", is_left(self));
			failed++;
		} else {
			ASSERT_NE(0, target_of(self->card));
			ASSERT_EQ(0, unbind(self->card));
		}
	}
	EXPECT_LT(10, failed);
	ASSERT_TRUE(card_comes_back(self));
	ASSERT_EQ(NPAGES, move_there(self));
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

int main(int argc, char **argv)
{
	plugs = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return plugs == MAP_FAILED ? KSFT_FAIL : test_harness_run(argc, argv);
}
