/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the selftests share: requests over plain ioctl(2), so that the kernel's contract is tested
 * alone. Functions return 0 or more, or a negative errno, unless they say otherwise.
 */
#ifndef HMS_TEST_H
#define HMS_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <linux/hms.h>
#include <linux/hms_sim.h>

#define PAGE		4096UL
#define MAX_NODES	8
#define MAX_SIMS	2
#define MiB(n)		((size_t)(n) << 20)

#define DEV_HMS		"/dev/hms"
#define SYS_DEVICES	"/sys/bus/hms/devices"
#define SYS_STATS	"/sys/class/misc/hms/stats"

static inline __u64 u64_ptr(const void *p)
{
	return (__u64)(uintptr_t)p;
}

/* Small files. */

int text_read(const char *path, char *text, size_t size);
int text_write(const char *path, const char *text);
long long number_read(const char *path);
bool kernel_is_since(int version, int patch);
long long stat_read(const char *name);
long long meminfo_kib(const char *key);
long long mlocked_kib(void);
int mapping_find(const char *name, unsigned long *start, unsigned long *end);
long smaps_kib(const void *start, const char *key);

/* The map, as sysfs shows it. */

struct object {
	__u32 uid;
	__u32 version;
	char type[16];
	char kind[24];
	int nid;		/* -1: none */
	char path[128];
};

int map_read(struct object **objects);
__u32 object_of_type(const char *type);
__u32 object_greatest(void);
const char *target_file(__u32 uid, const char *file);
long long target_used(__u32 uid);
long long target_capacity(__u32 uid);
long long target_stat(__u32 uid, const char *name);
bool used_becomes(__u32 uid, long long want);

/* What every test needs: the device, and the uids of what it works with. */

struct env {
	int fd;
	int nnodes;			/* usable nodes, by nid from 0 on */
	int nsims;
	bool private;			/* the CPU can't load from their memory */
	__u32 node[MAX_NODES];		/* uid by nid */
	int sim_fd[MAX_SIMS];
	__u32 sim[MAX_SIMS];		/* uid of the memory of accelerator N */
	long long used[MAX_SIMS];	/* of it when the test began */
};

const char *env_open(struct env *e);
void env_close(struct env *e);
const char *feature_missing(const char *name);

/* HMS_HBIND. */

struct request {
	struct hms_hbind h;
	__u32 targets[HMS_MAX_TARGETS + 1];
	struct hms_modifier modifiers[HMS_MAX_MODIFIERS + 1];
	struct hms_target_count counts[HMS_MAX_TARGETS + 1];
};

int call(int fd, unsigned long number, void *argument);
struct request *request_init(struct request *r, const void *start, size_t length);
struct request *request_target(struct request *r, __u32 uid);
struct request *request_modifier(struct request *r, __u32 key, __u64 value);
struct request *request_move(struct request *r, const void *start, size_t length, __u32 uid);
int request_send(struct request *r, int fd);
const char *counts_wrong(const struct request *r);
__u64 skipped_sum(const struct hms_hbind *h);
const char *skips_text(const struct hms_hbind *h);

int migrate(int fd, const void *start, size_t length, __u32 uid, struct request *r);
int move_all_or_nothing(int fd, const void *start, size_t length, __u32 uid, struct request *r);
int populate(int fd, const void *start, size_t length, __u32 uid, struct request *r);
char *fill_target(const struct env *e, int sim, size_t room, size_t *length);
int policy_set(int fd, const void *start, size_t length, __u32 mode, unsigned int n,
	       const __u32 *uids);
int policy_set_inherited(int fd, const void *start, size_t length, __u32 mode, unsigned int n,
			 const __u32 *uids);
int policy_set_whole(int fd, __u32 mode, bool inherit, unsigned int n, const __u32 *uids);
int policy_clear(int fd, const void *start, size_t length);

/* Requests that are not waited for. */

long long request_submit(struct request *r, int fd, __u64 event);
int job_look(int fd, __u64 job, __u64 timeout, __u32 flags, struct hms_wait *w, struct request *r);
int job_end(int fd, __u64 job, struct request *r);

/* HMS_QUERY. */

#define ON_NOTHING	0U		/* HMS_ABSENT */
#define ON_UNKNOWN	(~0U)		/* HMS_UNKNOWN */
#define MAX_POLICIES	64

struct policy {
	__u64 start;
	__u64 end;
	__u32 mode;
	__u32 gone;
	__u32 flags;		/* HMS_POLICY_INHERIT */
	__u32 priority;
	__u32 n;
	__u32 uid[HMS_MAX_TARGETS];
};

void query_init(struct hms_query *q, __u32 what, const void *start, size_t length);
int policies_read(int fd, __u32 what, const void *start, size_t length, struct policy *p, int max);
bool policy_is(const struct policy *p, const void *start, size_t length, __u32 mode, unsigned int n,
	       const __u32 *uids);
int residency_read(int fd, const void *start, size_t length, __u32 *page_uid);
long pages_on(int fd, const void *start, size_t length, __u32 uid);
int stats_read(int fd, struct hms_process_stats *stats);

/* All that HMS knows about a range, to see that a refused call left no trace. */

struct state {
	__u32 npolicies, nuids, nruns;
	struct hms_policy_entry policies[MAX_POLICIES];
	__u32 uids[4 * MAX_POLICIES];
	struct hms_residency_entry runs[256];
	__u64 lost;
};

int state_read(struct state *s, int fd, const void *start, size_t length);
const char *state_differs(const struct state *a, const struct state *b);

/* Memory. */

#define ENDLESS		(1ULL << 45)	/* an area so large that no test sees the end of it */

void *area(size_t length);
void *area_huge(size_t length);
void fill(void *start, size_t length, __u64 seed);
long verify(const void *start, size_t length, __u64 seed);
long verify_part(const void *start, size_t from, size_t length, __u64 seed);
long verify_zero(const void *start, size_t length);
int page_node(const void *page);
int run_on(int cpu);
int pin_for_long(void *start, size_t length);
int pin_let_go(int fd);

/* The emulated accelerators. */

int sim_open(int n);
int sim_info(int fd, struct hms_sim_info *info);
int sim_op(int fd, unsigned long number, const void *address, size_t length, void *buffer,
	   __u64 value, struct hms_sim_op *out);
int sim_read(int fd, const void *address, void *buffer, size_t length);
int sim_write(int fd, void *address, const void *buffer, size_t length);
bool sim_sees_zeros(int fd, const void *address, size_t length);
int sim_fail(int fd, const void *p, size_t length, __u64 *pages);

bool is_sigbus(const volatile char *p, bool write);
bool is_lost(const volatile char *p, bool write);

/* A forked process to take turns with; either end of it going makes hear() of the other fail. */

struct peer {
	pid_t pid;
	int in;
	int out;
};

pid_t peer_fork(struct peer *p);
int tell(struct peer *p);
int hear(struct peer *p);
int status_of(pid_t pid);
int peer_wait(struct peer *p);
int peer_kill(struct peer *p);

/* Until a process sleeps where no signal reaches it. The test's own time limit ends this. */
void wait_until_stuck(pid_t pid);

/* A small repeatable random source. */

static inline __u32 random_next(__u64 *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return *state >> 33;
}

#endif /* HMS_TEST_H */
