// SPDX-License-Identifier: GPL-2.0
/*
 * For a minute, or HMS_SOAK seconds: processes that move their memory in every way, to devices
 * that are too small for all of it and come and go, by rmmod and out of their slot, while they
 * write, unmap, remap, protect, fork and are killed. What is still mapped is right to the last
 * byte.
 *
 * The steps of a worker follow from its number, which is told with what is wrong.
 */

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "card.h"
#include "hms_fixture.h"
#include "module.h"

#define WORKERS		4
#define NPAGES		512
#define MAX_TARGETS	8
#define BY_DEVICE	(1ULL << 63)	/* a seed that is in all words of the page */

/* What a worker knows of its memory, and of the world. */
struct worker {
	int fd;
	__u64 born;			/* what its random steps follow from */
	__u64 random;
	int ntargets;
	__u32 target[MAX_TARGETS];
	char *p;
	__u64 seed[NPAGES];		/* of each page; 0: zeros */
};

/* How often the devices were there in which way, and how they are now. */
struct devices {
	int private;
	int coherent;
	int later;
	int peers;
	int size[3];
	char now[64];
};

/* A card with memory, if there is one that can be unplugged: how it is, and how often it was so. */
struct slot {
	struct card card;
	bool leaves;
	double asked;			/* when the emulator was */
	int private;
	int coherent;
	int unplugged;
	int offline;
};

/* MiB, of each; all workers have 8. In the least there is, one large page fits. */
static const int sizes[] = { 2, 8, 16 };

/* Shared by all processes. */
struct common {
	bool inherits;			/* what this kernel has */
	bool lazy;
	bool stop;
	__u64 moved;			/* pages, by all of them */
	__u64 jobs;
	__u64 children;
	char wrong[256];		/* what was wrong first */
};

static struct common *common;

#define WRONG(w, format, ...)							\
	do {									\
		if (!common->wrong[0])						\
			snprintf(common->wrong, sizeof(common->wrong),		\
				 "worker %llu: " format, (w)->born, ##__VA_ARGS__); \
		_exit(1);							\
	} while (0)

static void count(__u64 *what, __u64 n)
{
	__atomic_fetch_add(what, n, __ATOMIC_RELAXED);
}

static __u32 any(struct worker *w, __u32 n)
{
	return random_next(&w->random) % n;
}

/* Nodes, and the devices that there are now. */
static void look_for_targets(struct worker *w)
{
	struct object *o;
	int n = map_read(&o);

	w->ntargets = 0;
	for (int i = 0; i < n && w->ntargets < MAX_TARGETS; i++)
		if (!strcmp(o[i].type, "target"))
			w->target[w->ntargets++] = o[i].uid;
	if (n >= 0)
		free(o);
	if (!w->ntargets)
		WRONG(w, "no targets");
}

static bool page_is(const char *page, __u64 seed)
{
	const __u64 *words = (const __u64 *)page;

	if (!seed)
		return verify_zero(page, PAGE) < 0;
	if (!(seed & BY_DEVICE))
		return verify(page, PAGE, seed) < 0;
	for (size_t i = 0; i < PAGE / sizeof(*words); i++)
		if (words[i] != seed)
			return false;
	return true;
}

/* Pages of its memory, or a copy of them. */
static void check(struct worker *w, const char *pages, int from, int n, const char *when)
{
	for (int i = 0; i < n; i++)
		if (!page_is(pages + i * PAGE, w->seed[from + i]))
			WRONG(w, "page %d is wrong %s", from + i, when);
}

static struct request *request(struct worker *w, struct request *r, int from, int n)
{
	request_init(r, w->p + from * PAGE, n * PAGE);
	request_target(r, w->target[any(w, w->ntargets)]);
	if (any(w, 3) == 0) {
		__u32 second = w->target[any(w, w->ntargets)];

		if (second != r->targets[0])
			request_target(r, second);
	}
	if (any(w, 3) == 0) {
		request_modifier(r, HMS_MOD_MODE, HMS_MODE_BIND + any(w, 3));
		request_modifier(r, HMS_MOD_INHERIT, common->inherits && any(w, 2));
		request_modifier(r, HMS_MOD_PRIORITY, any(w, HMS_PRIORITY_MAX + 1));
	}
	return r;
}

/* A device may go at any time. */
static void sent(struct worker *w, int ret, const char *what)
{
	if (ret == -ENOENT || ret == -ENODEV)
		look_for_targets(w);
	else if (ret)
		WRONG(w, "%s returned %d", what, ret);
}

static void move(struct worker *w, int from, int n)
{
	struct request r;
	int ret;

	request_modifier(request(w, &r, from, n), HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	if (any(w, 3) == 0)
		request_modifier(&r, HMS_MOD_POPULATE, 1);
	if (any(w, 4) == 0)
		request_modifier(&r, HMS_MOD_ALL_OR_NOTHING, 1);
	ret = request_send(&r, w->fd);
	/* A mode comes first. What is preferred may be allocated on no target of the list. */
	if (!ret && r.modifiers[0].value != HMS_MODE_PREFERRED && *counts_wrong(&r))
		WRONG(w, "counts: %s", counts_wrong(&r));
	if (!ret)
		count(&common->moved, r.h.moved);
	sent(w, ret == -EBUSY ? 0 : ret, "migrate");
}

/* A job, which goes on while the worker does other things with its memory. */
static void move_later(struct worker *w, int from, int n)
{
	struct hms_wait wait;
	struct request r;
	long long job;
	int ret;

	request_modifier(request(w, &r, from, n), HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	job = request_submit(&r, w->fd, HMS_NO_EVENTFD);
	sent(w, job == -EAGAIN || job > 0 ? 0 : job, "a job");
	count(&common->jobs, job > 0);
	switch (any(w, 4)) {
	case 0:
		ret = job > 0 ? job_look(w->fd, job, 0, HMS_CANCEL, &wait, NULL) : 0;
		if (ret)
			WRONG(w, "to cancel a job returned %d", ret);
		break;
	case 1:
		/* All that there are, however they end. */
		do
			ret = job_end(w->fd, 0, NULL);
		while (ret >= 0);
		if (ret != -ENOENT)
			WRONG(w, "to wait returned %d", ret);
		break;
	case 2:
		close(w->fd);
		w->fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
		break;
	}
}

static void set_policy(struct worker *w, int from, int n)
{
	struct request r;

	if (any(w, 3) == 0) {
		if (policy_clear(w->fd, w->p + from * PAGE, n * PAGE))
			WRONG(w, "a policy can't be cleared");
		return;
	}
	request_init(&r, w->p + from * PAGE, n * PAGE);
	request_target(&r, w->target[any(w, w->ntargets)]);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_BIND + any(w, 3));
	if (common->lazy && any(w, 2))
		request_modifier(&r, HMS_MOD_LAZY, 1);
	sent(w, request_send(&r, w->fd), "policy");
}

/* By the device: what it reads and writes is what the CPU has written and will read. */
static void use_device(struct worker *w, int from, int n)
{
	int fd = sim_open(any(w, MAX_SIMS)), ret;
	struct hms_sim_op op = { };
	char copy[16 * PAGE];
	__u64 seed;

	/* It is not there now. */
	if (fd < 0)
		return;
	n = n > 16 ? 16 : n;
	if (any(w, 2)) {
		ret = sim_read(fd, w->p + from * PAGE, copy, n * PAGE);
		if (!ret)
			check(w, copy, from, n, "to the device");
	} else {
		seed = BY_DEVICE | random_next(&w->random);
		ret = sim_op(fd, HMS_SIM_FILL, w->p + from * PAGE, n * PAGE, NULL, seed, &op);
		for (__u64 i = 0; i < op.done / PAGE; i++)
			w->seed[from + i] = seed;
	}
	/* The policy is to bind, and there is no room; a page that would not keep still. */
	if (ret && ret != -ENOMEM && ret != -EBUSY)
		WRONG(w, "the device returned %d", ret);
	close(fd);
}

static void forget(struct worker *w, int from, int n)
{
	memset(w->seed + from, 0, n * sizeof(*w->seed));
}

static void unmap(struct worker *w, int from, int n)
{
	char *at = w->p + from * PAGE;

	if (any(w, 2)) {
		if (madvise(at, n * PAGE, MADV_DONTNEED))
			WRONG(w, "madvise: %d", errno);
	} else {
		if (munmap(at, n * PAGE) ||
		    mmap(at, n * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != at)
			WRONG(w, "mmap: %d", errno);
	}
	forget(w, from, n);
}

/* One mapping, or some of it; false when it is more than one. */
static bool remap_part(struct worker *w, char *to, int from, int n)
{
	if (mremap(w->p + from * PAGE, n * PAGE, n * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		   to + from * PAGE) != MAP_FAILED)
		return true;
	if (n == 1 || errno != EFAULT)
		WRONG(w, "mremap: %d", errno);
	return false;
}

static void remap(struct worker *w)
{
	char *to = mmap(NULL, NPAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* It has become many mappings. */
	for (int i = 0; i < NPAGES; i += 32) {
		if (remap_part(w, to, i, 32))
			continue;
		for (int k = i; k < i + 32; k++)
			remap_part(w, to, k, 1);
	}
	w->p = to;
}

static void protect(struct worker *w, int from, int n)
{
	char *at = w->p + from * PAGE;

	if (mprotect(at, n * PAGE, PROT_READ))
		WRONG(w, "mprotect: %d", errno);
	move(w, from, n);
	check(w, at, from, n, "and can't be written");
	if (mprotect(at, n * PAGE, PROT_READ | PROT_WRITE))
		WRONG(w, "mprotect: %d", errno);
}

/* A child has the same, whatever happens to it. */
static void have_child(struct worker *w, int from, int n)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		w->random += 12345;
		w->fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
		if (any(w, 2))
			move(w, from, n);
		check(w, w->p, 0, NPAGES, "in a child");
		memset(w->p + from * PAGE, 0xcc, n * PAGE);
		if (any(w, 2)) {
			move_later(w, 0, NPAGES);
			raise(SIGKILL);
		}
		_exit(0);
	}
	move(w, from, n);
	count(&common->children, 1);
	if (pid < 0 || waitpid(pid, &status, 0) != pid ||
	    (status && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)))
		WRONG(w, "a child: %x", status);
}

static void step(struct worker *w)
{
	int from = any(w, NPAGES), n = 1 + any(w, NPAGES - from);

	switch (any(w, 14)) {
	case 0:
	case 1:
	case 2:
		move(w, from, n);
		break;
	case 3:
	case 4:
		move_later(w, from, n);
		break;
	case 5:
		set_policy(w, from, n);
		break;
	case 6:
	case 7:
		for (int i = from; i < from + n; i++) {
			w->seed[i] = random_next(&w->random) + 1;
			fill(w->p + i * PAGE, PAGE, w->seed[i]);
		}
		break;
	case 8:
	case 9:
		use_device(w, from, n);
		break;
	case 10:
		unmap(w, from, n);
		break;
	case 11:
		if (any(w, 4) == 0)
			remap(w);
		break;
	case 12:
		protect(w, from, n);
		break;
	case 13:
		if (any(w, 2))
			have_child(w, from, n);
		else
			check(w, w->p + from * PAGE, from, n, "");
		break;
	}
}

static pid_t worker_start(__u64 seed)
{
	static struct worker w;
	pid_t pid = fork();

	if (pid)
		return pid;
	w.born = seed;
	w.random = seed;
	w.fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
	w.p = any(&w, 2) ? area(NPAGES * PAGE) : area_huge(NPAGES * PAGE);
	if (w.fd < 0 || !w.p)
		WRONG(&w, "no descriptor or no memory");
	look_for_targets(&w);
	while (!__atomic_load_n(&common->stop, __ATOMIC_SEQ_CST))
		step(&w);
	check(&w, w.p, 0, NPAGES, "in the end");
	_exit(0);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* The same numbers are drawn whatever there is, so that the next ones are the same too. */
static int devices_load(__u64 *random, struct devices *d)
{
	__u32 size = random_next(random) % 3;
	bool later = random_next(random) % 2, peers = random_next(random) % 2;
	bool coherent = random_next(random) % 3 == 0, private = !*feature_missing("device-private");
	char more[32];

	if (!private && !getenv("HMS_BAR"))
		return 0;
	coherent = !private || (coherent && getenv("HMS_BAR"));
	snprintf(more, sizeof(more), "later=%d peers=%d", later, peers);
	snprintf(d->now, sizeof(d->now), "%s, %d MiB, %s", coherent ? "coherent" : "private",
		 sizes[size], more);
	d->private += !coherent;
	d->coherent += coherent;
	d->later += later;
	d->peers += peers;
	d->size[size]++;
	return sim_load_as(sizes[size], coherent, more);
}

/* Private or coherent, as it comes, where the kernel has that. */
static int slot_bind(struct slot *s, bool coherent)
{
	int ret;

	if (*feature_missing("device-private"))
		coherent = true;
	else if (*feature_missing("device-coherent"))
		coherent = false;
	ret = text_write("/sys/module/hms_pcimem/parameters/coherent", coherent ? "1" : "0") ?:
	      card_bind_new(s->card.name);
	s->coherent += coherent;
	s->private += !coherent;
	return ret;
}

/*
 * Whatever is the next for the card: it comes, or goes, which takes it seconds, so that nobody
 * waits for it here; its driver lets it go, or has it again; or its coherent memory goes offline.
 */
static int slot_step(struct slot *s, __u32 random)
{
	const char *offline;

	if (!*s->card.name)
		return 0;
	if (!card_is_there(&s->card)) {
		s->unplugged += s->leaves;
		s->leaves = false;
		if (now() - s->asked > 1)
			card_ask_plug(), s->asked = now();
		return 0;
	}
	if (s->leaves) {
		if (now() - s->asked > 1)
			card_ask_unplug(), s->asked = now();
		return 0;
	}
	if (!card_has_driver(s->card.name))
		return slot_bind(s, random & 1);
	switch (random % 8) {
	case 0:
	case 1:
		s->leaves = true;
		return 0;
	case 2:
		return card_unbind(s->card.name);
	default:
		/* Back again, too, when what unloaded hms_sim has taken all of it offline. */
		offline = target_file(card_target(s->card.name), "offline");
		if (!*offline)
			return 0;
		s->offline += random & 8 && !text_write(offline, "1");
		return text_write(offline, "0");
	}
}

FIXTURE(soak)
{
	struct slot slot;
};

FIXTURE_SETUP(soak)
{
	if (access(HMS_MODULE, R_OK) || access(SIM_MODULE, R_OK))
		SKIP(return, "no " HMS_MODULE " and " SIM_MODULE);
	ASSERT_EQ(0, sim_unload_wait());
	ASSERT_EQ(0, sim_load_as(sizes[0], false, ""));
	if (!access(PCIMEM_MODULE, R_OK) && card_find(&self->slot.card))
		ASSERT_EQ(0, module_load(PCIMEM_MODULE, ""));
}

FIXTURE_TEARDOWN_PARENT(soak)
{
	if (*self->slot.card.name) {
		/* What the emulator was asked for may come yet. */
		if (self->slot.leaves)
			EXPECT_TRUE(card_becomes(&self->slot.card, false));
		EXPECT_TRUE(card_becomes(&self->slot.card, true));
		EXPECT_EQ(0, card_forget(self->slot.card.name));
	}
	EXPECT_EQ(0, card_driver_unload());
	EXPECT_EQ(0, sim_unload_wait());
	EXPECT_EQ(0, modules_load_all());
}

TEST_F_TIMEOUT(soak, all_at_once, 7200)
{
	const char *wanted = getenv("HMS_SOAK");
	struct slot *slot = &self->slot;
	int seconds = wanted ? atoi(wanted) : 60;
	double end = now() + seconds;
	struct devices d = { };
	pid_t worker[WORKERS];
	__u64 random = 1;
	int killed = 0, reloaded = 0;

	common = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, common);
	common->inherits = !*feature_missing("fork-inherit");
	common->lazy = !*feature_missing("lazy");
	for (int i = 0; i < WORKERS; i++)
		worker[i] = worker_start(i + 1);
	while (now() < end && !common->wrong[0]) {
		__u32 which = random_next(&random) % WORKERS, ms = random_next(&random) % 300;
		int status;

		nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
		EXPECT_EQ(0, slot_step(slot, random_next(&random) >> 8));
		if (random_next(&random) % 3 == 0) {
			EXPECT_EQ(0, sim_unload_wait());
			EXPECT_EQ(0, devices_load(&random, &d)) {
				TH_LOG("devices: %s", d.now);
			}
			reloaded++;
			continue;
		}
		EXPECT_EQ(0, kill(worker[which], SIGKILL));
		EXPECT_EQ(worker[which], waitpid(worker[which], &status, 0));
		EXPECT_EQ(SIGKILL, status);
		worker[which] = worker_start(WORKERS + ++killed);
	}
	__atomic_store_n(&common->stop, true, __ATOMIC_SEQ_CST);
	for (int i = 0; i < WORKERS; i++)
		EXPECT_EQ(0, status_of(worker[i]));
	EXPECT_STREQ("", common->wrong) {
		TH_LOG("devices at last: %s", d.now);
	}
	/* It was not for nothing, if there was time. */
	EXPECT_LT(0, common->moved);
	if (seconds >= 60) {
		EXPECT_LT(0, killed);
		EXPECT_LT(0, reloaded);
		EXPECT_LT(0, common->jobs);
		EXPECT_LT(0, common->children);
		EXPECT_TRUE(!*slot->card.name || slot->unplugged);
	}
	TH_LOG("%llu pages moved, %llu jobs, %llu children", common->moved, common->jobs,
	       common->children);
	TH_LOG("%d processes killed, %d times all devices gone", killed, reloaded);
	TH_LOG("a card unplugged %d times, offline %d; %d times private, %d coherent",
	       slot->unplugged, slot->offline, slot->private, slot->coherent);
	TH_LOG("back %d times with private memory, %d with coherent; %d with 2 MiB, %d 8, %d 16",
	       d.private, d.coherent, d.size[0], d.size[1], d.size[2]);
	TH_LOG("%d times copying by themselves, %d among each other", d.later, d.peers);
}

int main(int argc, char **argv)
{
	return card_share() ? KSFT_FAIL : test_harness_run(argc, argv);
}
