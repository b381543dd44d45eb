// SPDX-License-Identifier: GPL-2.0
/* What the selftests share; see hms_test.h. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <linux/io_uring.h>

#include "hms_test.h"

/* Small files. */

int text_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, size - 1);
	if (n < 0) {
		n = -errno;
		close(fd);
		return n;
	}
	close(fd);
	while (n > 0 && text[n - 1] == '\n')
		n--;
	text[n] = 0;
	return 0;
}

int text_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

bool kernel_is_since(int version, int patch)
{
	struct utsname name;
	int v, p;

	return !uname(&name) && sscanf(name.release, "%d.%d", &v, &p) == 2 &&
	       (v > version || (v == version && p >= patch));
}

/* A file with one number. */
long long number_read(const char *path)
{
	char text[64], *end;
	long long n;
	int ret = text_read(path, text, sizeof(text));

	if (ret)
		return ret;
	n = strtoll(text, &end, 0);
	return end != text && !*end ? n : -EINVAL;
}

long long stat_read(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), SYS_STATS "/%s", name);
	return number_read(path);
}

/* The first "key: N kB" line at or after the present position of a file. */
static long long kib_line(FILE *f, const char *key)
{
	char line[256];
	size_t n = strlen(key);

	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, key, n) && line[n] == ':')
			return strtoll(line + n + 1, NULL, 10);
	}
	return -ENOENT;
}

long long meminfo_kib(const char *key)
{
	FILE *f = fopen("/proc/meminfo", "re");
	long long n;

	if (!f)
		return -errno;
	n = kib_line(f, key);
	fclose(f);
	return n;
}

/*
 * What is mlocked, exactly: dropping caches drains the batches of all CPUs, and the refresh folds
 * in what each of them has counted by itself.
 */
long long mlocked_kib(void)
{
	if (text_write("/proc/sys/vm/drop_caches", "1") ||
	    text_write("/proc/sys/vm/stat_refresh", "1"))
		return -1;
	return meminfo_kib("Mlocked");
}

/* The first mapping of this process with a name. */
int mapping_find(const char *name, unsigned long *start, unsigned long *end)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512];
	int ret = -ENOENT;

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		if (strstr(line, name) && sscanf(line, "%lx-%lx", start, end) == 2) {
			ret = 0;
			break;
		}
	}
	fclose(f);
	return ret;
}

/* A value of the mapping that begins at @start, as /proc/self/smaps has it. */
long smaps_kib(const void *start, const char *key)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	char line[512];
	unsigned long from, to;
	long n = -ENOENT;

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2 && from == (unsigned long)start) {
			n = kib_line(f, key);
			break;
		}
	}
	fclose(f);
	return n;
}

/* The map. */

static int object_read(struct object *o, const char *folder)
{
	char path[320];
	long long nid;

	memset(o, 0, sizeof(*o));
	if (sscanf(folder, "v%" SCNu32 "-%" SCNu32 "-%15s", &o->version, &o->uid, o->type) != 3)
		return -EPROTO;
	snprintf(o->path, sizeof(o->path), SYS_DEVICES "/%.90s", folder);
	snprintf(path, sizeof(path), "%s/kind", o->path);
	if (text_read(path, o->kind, sizeof(o->kind)))
		o->kind[0] = 0;
	snprintf(path, sizeof(path), "%s/nid", o->path);
	nid = number_read(path);
	o->nid = nid < 0 ? -1 : (int)nid;
	return 0;
}

/* All objects, how many; @objects is to be freed. */
int map_read(struct object **objects)
{
	DIR *dir = opendir(SYS_DEVICES);
	struct dirent *d;
	int n = 0, ret = 0;

	*objects = NULL;
	if (!dir)
		return -errno;
	while (!ret && (d = readdir(dir))) {
		if (d->d_name[0] == '.')
			continue;
		if (n % 64 == 0)
			*objects = reallocarray(*objects, n + 64, sizeof(**objects));
		ret = object_read(&(*objects)[n++], d->d_name);
	}
	closedir(dir);
	return ret ?: n;
}

__u32 object_of_type(const char *type)
{
	struct object *o;
	int n = map_read(&o);
	__u32 uid = 0;

	for (int i = 0; i < n && !uid; i++) {
		if (!strcmp(o[i].type, type))
			uid = o[i].uid;
	}
	free(o);
	return uid;
}

__u32 object_greatest(void)
{
	struct object *o;
	int n = map_read(&o);
	__u32 greatest = 0;

	for (int i = 0; i < n; i++) {
		if (o[i].uid > greatest)
			greatest = o[i].uid;
	}
	free(o);
	return greatest;
}

/* A uid has one folder, whatever its version is. */
static bool target_find(__u32 uid, const char *file, char *path, size_t size)
{
	char pattern[96];
	glob_t found;

	snprintf(pattern, sizeof(pattern), SYS_DEVICES "/v*-%u-target/%s", uid, file);
	if (glob(pattern, GLOB_NOSORT, NULL, &found))
		return false;
	snprintf(path, size, "%s", found.gl_pathv[0]);
	globfree(&found);
	return true;
}

/* A file of a target, good until the next is asked for; "" for none. */
const char *target_file(__u32 uid, const char *file)
{
	static char path[128];

	return target_find(uid, file, path, sizeof(path)) ? path : "";
}

static long long target_number(__u32 uid, const char *name)
{
	char path[128];

	return target_find(uid, name, path, sizeof(path)) ? number_read(path) : -ENOENT;
}

long long target_used(__u32 uid)
{
	return target_number(uid, "used");
}

long long target_capacity(__u32 uid)
{
	return target_number(uid, "capacity");
}

long long target_stat(__u32 uid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "stats/%s", name);
	return target_number(uid, path);
}

/*
 * The last reference to an address space may go in a worker, so this waits for the state, not a
 * time.
 */
bool used_becomes(__u32 uid, long long want)
{
	const struct timespec tick = { .tv_nsec = 10000000 };

	for (int i = 0; i < 1000; i++) {
		if (target_used(uid) == want)
			return true;
		nanosleep(&tick, NULL);
	}
	fprintf(stderr, "# target %u: used is %lld, not %lld\n", uid, target_used(uid), want);
	/* Somebody holds pages. What each task is at goes to the console. */
	text_write("/proc/sysrq-trigger", "t");
	return false;
}

/* Returns "", or what is missing. */
const char *env_open(struct env *e)
{
	struct object *o;
	int n;

	memset(e, 0, sizeof(*e));
	e->fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);
	if (e->fd < 0)
		return "can't open " DEV_HMS;
	n = map_read(&o);
	for (int i = 0; i < n; i++) {
		if (!strcmp(o[i].type, "target") && !strcmp(o[i].kind, "node") &&
		    o[i].nid >= 0 && o[i].nid < MAX_NODES)
			e->node[o[i].nid] = o[i].uid;
	}
	for (int i = 0; i < n; i++)
		e->private |= !strcmp(o[i].kind, "device-private");
	free(o);
	if (n < 0)
		return "can't read " SYS_DEVICES;
	while (e->nnodes < MAX_NODES && e->node[e->nnodes])
		e->nnodes++;
	if (!e->nnodes)
		return "no node target";

	for (int i = 0; i < MAX_SIMS; i++) {
		struct hms_sim_info info;
		int ret;

		e->sim_fd[i] = sim_open(i);
		if (e->sim_fd[i] == -ENOENT || e->sim_fd[i] == -ENXIO)
			break;
		if (e->sim_fd[i] < 0)
			return "can't open an emulated accelerator";
		ret = sim_info(e->sim_fd[i], &info);
		if (ret)
			return "HMS_SIM_INFO failed";
		e->sim[i] = info.target;
		e->used[i] = target_used(info.target);
		if (e->used[i] < 0)
			return "an accelerator's target has no 'used'";
		e->nsims++;
	}
	/* Loaded without a device is a fault of the test bed, not a reason to skip. */
	if (!e->nsims && !access("/sys/module/hms_sim", F_OK))
		return "hms_sim is loaded, but has no device";
	return "";
}

void env_close(struct env *e)
{
	close(e->fd);
	for (int i = 0; i < e->nsims; i++)
		close(e->sim_fd[i]);
}

/* Why the module says that it does not have a feature here; "" when it has it. */
const char *feature_missing(const char *name)
{
	static struct hms_feature_info features[64];
	struct hms_info info = {
		.size = sizeof(info),
		.version = 1,
		.features = u64_ptr(features),
		.nfeatures = 64,
		.feature_size = sizeof(features[0]),
	};
	int fd = open(DEV_HMS, O_RDWR | O_CLOEXEC);

	if (fd < 0 || call(fd, HMS_INFO, &info))
		return "HMS_INFO failed";
	close(fd);
	for (__u32 i = 0; i < info.nfeatures; i++) {
		if (!strcmp(features[i].name, name))
			return features[i].live ? "" : features[i].reason;
	}
	return "HMS_INFO does not know it";
}

/* HMS_HBIND. */

int call(int fd, unsigned long number, void *argument)
{
	return ioctl(fd, number, argument) < 0 ? -errno : 0;
}

struct request *request_init(struct request *r, const void *start, size_t length)
{
	memset(r, 0, sizeof(*r));
	r->h.size = sizeof(r->h);
	r->h.version = HMS_VERSION_DEVICE;
	r->h.start = u64_ptr(start);
	r->h.length = length;
	r->h.targets = u64_ptr(r->targets);
	r->h.modifiers = u64_ptr(r->modifiers);
	r->h.target_counts = u64_ptr(r->counts);
	return r;
}

struct request *request_target(struct request *r, __u32 uid)
{
	r->targets[r->h.ntargets++] = uid;
	return r;
}

struct request *request_modifier(struct request *r, __u32 key, __u64 value)
{
	struct hms_modifier *m = &r->modifiers[r->h.nmodifiers++];

	m->key = key;
	m->flags = 0;
	m->value = value;
	return r;
}

/* What exists is to be on a target. */
struct request *request_move(struct request *r, const void *start, size_t length, __u32 uid)
{
	request_init(r, start, length);
	request_target(r, uid);
	return request_modifier(r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
}

int request_send(struct request *r, int fd)
{
	/* Out fields are ignored on the way in: make sure that nobody relies on zeros. */
	memset(&r->h.pages, 0xee, sizeof(r->h) - offsetof(struct hms_hbind, pages));
	memset(r->counts, 0xee, sizeof(r->counts));
	r->h.error_where = r->h.error_index = r->h.error_why = 0xeeeeeeee;
	return call(fd, HMS_HBIND, &r->h);
}

__u64 skipped_sum(const struct hms_hbind *h)
{
	__u64 sum = 0;

	for (int i = 0; i < HMS_SKIP_SLOTS; i++)
		sum += h->skipped[i];
	return sum;
}

/* What was skipped for which reason (an enum hms_skip), or "". */
const char *skips_text(const struct hms_hbind *h)
{
	static char text[256];
	size_t n = 0;

	text[0] = 0;
	for (int i = 0; i < HMS_SKIP_SLOTS; i++) {
		if (h->skipped[i] && n < sizeof(text))
			n += snprintf(text + n, sizeof(text) - n, "%llu for reason %d ",
				      h->skipped[i], i);
	}
	return text;
}

/* "" when the counts of a finished request agree with each other, else what is wrong. */
const char *counts_wrong(const struct request *r)
{
	static char text[256];
	const struct hms_hbind *h = &r->h;
	__u64 moved = 0, populated = 0, present = 0, skipped = skipped_sum(h);
	__u64 done = h->next - h->start;

	text[0] = 0;
	for (int i = HMS_SKIP_NR; i < HMS_SKIP_SLOTS; i++) {
		if (h->skipped[i])
			return "a slot of skipped[] without a meaning is not 0";
	}
	if (h->next < h->start || h->next > h->start + h->length || h->next % PAGE)
		return "next is outside of the range or unaligned";
	if (h->pages != done / PAGE ||
	    h->pages != h->moved + h->present + h->populated + h->lazy + skipped) {
		snprintf(text, sizeof(text),
			 "pages %llu of %llu != moved %llu + present %llu + populated %llu + lazy %llu + skipped %llu",
			 h->pages, done / PAGE, h->moved, h->present, h->populated, h->lazy,
			 skipped);
		return text;
	}
	if (skipped ? h->first_skipped < h->start || h->first_skipped >= h->next ||
		      h->first_skipped % PAGE : h->first_skipped != ~0ULL)
		return "first_skipped is wrong";
	for (__u32 i = 0; i < h->ntargets; i++) {
		const struct hms_target_count *c = &r->counts[i];

		if (c->uid != r->targets[i] || c->reserved)
			return "a target_count has a wrong uid or reserved";
		moved += c->moved;
		populated += c->populated;
		present += c->present;
	}
	if (moved != h->moved || populated != h->populated || present != h->present) {
		snprintf(text, sizeof(text),
			 "targets: moved %llu/%llu, populated %llu/%llu, present %llu/%llu",
			 moved, h->moved, populated, h->populated, present, h->present);
		return text;
	}
	return text;
}

/* Ask for something, by an eventfd or HMS_NO_EVENTFD. Its job, or a negative errno. */
long long request_submit(struct request *r, int fd, __u64 event)
{
	int ret;

	r->h.target_counts = 0;
	ret = request_send(request_modifier(r, HMS_MOD_ASYNC, event), fd);
	return ret ?: (long long)r->h.job;
}

/* How far a job has come: @r, if not NULL, is left with the counts. */
int job_look(int fd, __u64 job, __u64 timeout, __u32 flags, struct hms_wait *w, struct request *r)
{
	static struct request unused;
	int ret;

	r = r ?: &unused;
	memset(&r->h, 0xee, sizeof(r->h));
	memset(r->counts, 0xee, sizeof(r->counts));
	*w = (struct hms_wait){
		.size = sizeof(*w),
		.version = HMS_VERSION_DEVICE,
		.job = job,
		.timeout = timeout,
		.result = u64_ptr(&r->h),
		.target_counts = u64_ptr(r->counts),
		.flags = flags,
		.result_size = sizeof(r->h),
		.ntargets = HMS_MAX_TARGETS,
		.state = 0xeeeeeeee,
		.error = 0xeeeeeeee,
	};
	ret = call(fd, HMS_WAIT, w);
	/* Of whichever it is. */
	for (__u32 i = 0; !ret && i < w->ntargets; i++)
		r->targets[i] = r->counts[i].uid;
	return ret;
}

/* The error that a job ends with, or a negative errno. */
int job_end(int fd, __u64 job, struct request *r)
{
	struct hms_wait w;
	int ret = job_look(fd, job, HMS_WAIT_FOREVER, 0, &w, r);

	return ret ?: w.state == HMS_JOB_DONE ? (int)w.error : -EPROTO;
}

static int simple(int fd, const void *start, size_t length, __u32 uid, struct request *r,
		  bool fill_up)
{
	struct request own;

	if (!r)
		r = &own;
	request_move(r, start, length, uid);
	if (fill_up)
		request_modifier(r, HMS_MOD_POPULATE, 1);
	return request_send(r, fd);
}

/* Move what exists; @r, if not NULL, is left with the counts. */
int migrate(int fd, const void *start, size_t length, __u32 uid, struct request *r)
{
	return simple(fd, start, length, uid, r, false);
}

/* All that exists, or nothing. */
int move_all_or_nothing(int fd, const void *start, size_t length, __u32 uid, struct request *r)
{
	request_move(r, start, length, uid);
	request_modifier(r, HMS_MOD_ALL_OR_NOTHING, 1);
	return request_send(r, fd);
}

/* Move what exists, and allocate what does not. */
int populate(int fd, const void *start, size_t length, __u32 uid, struct request *r)
{
	return simple(fd, start, length, uid, r, true);
}

/* Memory on accelerator @sim that leaves so much room there, zeros; NULL: it could not be had. */
char *fill_target(const struct env *e, int sim, size_t room, size_t *length)
{
	__u32 uid = e->sim[sim];
	struct request r;
	bool zeros;
	char *p;
	int fd;

	*length = target_capacity(uid) - target_used(uid) - room;
	p = area(*length);
	if (!p)
		return NULL;
	/* Bound, so that it makes no room for others. */
	request_init(&r, p, *length);
	request_target(&r, uid);
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_BIND);
	request_modifier(&r, HMS_MOD_POPULATE, 1);
	if (request_send(&r, e->fd) || r.h.populated != *length / PAGE)
		return NULL;
	/* By another context: the test's own gets no entries for what lies around it. */
	fd = sim_open(sim);
	zeros = sim_sees_zeros(fd, p, *length);
	close(fd);
	return zeros ? p : NULL;
}

static struct request *policy_request(struct request *r, const void *start, size_t length,
				      __u32 mode, unsigned int n, const __u32 *uids)
{
	request_init(r, start, length);
	for (unsigned int i = 0; i < n; i++)
		request_target(r, uids[i]);
	return request_modifier(r, HMS_MOD_MODE, mode);
}

int policy_set(int fd, const void *start, size_t length, __u32 mode, unsigned int n,
	       const __u32 *uids)
{
	struct request r;

	return request_send(policy_request(&r, start, length, mode, n, uids), fd);
}

/* One that a child gets at fork(2). */
int policy_set_inherited(int fd, const void *start, size_t length, __u32 mode, unsigned int n,
			 const __u32 *uids)
{
	struct request r;

	policy_request(&r, start, length, mode, n, uids);
	return request_send(request_modifier(&r, HMS_MOD_INHERIT, 1), fd);
}

/* That of all addresses without one of their own; HMS_MODE_DEFAULT, without targets, clears it. */
int policy_set_whole(int fd, __u32 mode, bool inherit, unsigned int n, const __u32 *uids)
{
	struct request r;

	policy_request(&r, NULL, 0, mode, n, uids);
	r.h.flags = HMS_WHOLE;
	if (inherit)
		request_modifier(&r, HMS_MOD_INHERIT, 1);
	return request_send(&r, fd);
}

int policy_clear(int fd, const void *start, size_t length)
{
	return policy_set(fd, start, length, HMS_MODE_DEFAULT, 0, NULL);
}

/* HMS_QUERY. */

void query_init(struct hms_query *q, __u32 what, const void *start, size_t length)
{
	memset(q, 0, sizeof(*q));
	q->size = sizeof(*q);
	q->version = HMS_VERSION_DEVICE;
	q->start = u64_ptr(start);
	q->length = length;
	q->what = what;
	if (what == HMS_QUERY_RESIDENCY)
		q->entry_size = sizeof(struct hms_residency_entry);
	else if (what == HMS_QUERY_STATS)
		q->entry_size = sizeof(struct hms_process_stats);
	else
		q->entry_size = sizeof(struct hms_policy_entry);
}

/* The policies of a range; -EPROTO for an answer that makes no sense. */
int policies_read(int fd, __u32 what, const void *start, size_t length, struct policy *p, int max)
{
	struct hms_policy_entry e[MAX_POLICIES] = { 0 };
	__u32 uids[4 * MAX_POLICIES];
	struct hms_query q;
	int ret;

	query_init(&q, what, start, length);
	q.entries = u64_ptr(e);
	q.nentries = MAX_POLICIES;
	q.uids = u64_ptr(uids);
	q.nuids = 4 * MAX_POLICIES;
	ret = call(fd, HMS_QUERY, &q);
	if (ret)
		return ret;
	if ((int)q.nentries > max)
		return -ENOSPC;
	for (__u32 i = 0; i < q.nentries; i++) {
		if (!e[i].length != (what == HMS_QUERY_WHOLE) ||
		    e[i].start % PAGE || e[i].length % PAGE ||
		    (i && e[i].start < p[i - 1].end) || e[i].ntargets > HMS_MAX_TARGETS ||
		    e[i].first_target + e[i].ntargets > q.nuids || e[i].gone > e[i].ntargets ||
		    (e[i].flags & ~HMS_POLICY_INHERIT) ||
		    e[i].priority > HMS_PRIORITY_MAX)
			return -EPROTO;
		p[i].start = e[i].start;
		p[i].end = e[i].start + e[i].length;
		p[i].mode = e[i].mode;
		p[i].gone = e[i].gone;
		p[i].flags = e[i].flags;
		p[i].priority = e[i].priority;
		p[i].n = e[i].ntargets;
		memcpy(p[i].uid, &uids[e[i].first_target], e[i].ntargets * sizeof(*uids));
	}
	return q.nentries;
}

bool policy_is(const struct policy *p, const void *start, size_t length, __u32 mode, unsigned int n,
	       const __u32 *uids)
{
	return p->start == u64_ptr(start) && p->end == u64_ptr(start) + length && p->mode == mode &&
	       p->n == n && !memcmp(p->uid, uids, n * sizeof(*uids));
}

/*
 * Where each page is: a uid, ON_NOTHING or ON_UNKNOWN. -EPROTO when the runs don't tile the
 * range.
 */
int residency_read(int fd, const void *start, size_t length, __u32 *page_uid)
{
	struct hms_residency_entry *e;
	size_t n = length / PAGE;
	struct hms_query q;
	__u64 at = u64_ptr(start);
	int ret;

	e = calloc(n, sizeof(*e));
	if (!e)
		return -ENOMEM;
	query_init(&q, HMS_QUERY_RESIDENCY, start, length);
	q.entries = u64_ptr(e);
	q.nentries = n;
	ret = call(fd, HMS_QUERY, &q);
	if (ret)
		goto out;
	ret = -EPROTO;
	for (__u32 i = 0; i < q.nentries; i++) {
		if (e[i].start != at || !e[i].length || e[i].length % PAGE ||
		    e[i].length > u64_ptr(start) + length - at || e[i].state > HMS_UNKNOWN ||
		    (e[i].state == HMS_RESIDENT) != !!e[i].uid)
			goto out;
		for (__u64 k = 0; k < e[i].length / PAGE; k++)
			*page_uid++ = e[i].state == HMS_RESIDENT ? e[i].uid :
				      e[i].state == HMS_ABSENT ? ON_NOTHING : ON_UNKNOWN;
		at += e[i].length;
	}
	if (at == u64_ptr(start) + length)
		ret = 0;
out:
	free(e);
	return ret;
}

/* How many pages of a range are on a target. */
long pages_on(int fd, const void *start, size_t length, __u32 uid)
{
	__u32 *where = calloc(length / PAGE, sizeof(*where));
	long n;

	if (!where)
		return -ENOMEM;
	n = residency_read(fd, start, length, where);
	if (!n) {
		for (size_t i = 0; i < length / PAGE; i++)
			n += where[i] == uid;
	}
	free(where);
	return n;
}

/* What was done to the address space of a descriptor. */
int stats_read(int fd, struct hms_process_stats *stats)
{
	struct hms_query q;

	query_init(&q, HMS_QUERY_STATS, NULL, 0);
	q.entries = u64_ptr(stats);
	q.nentries = 1;
	return call(fd, HMS_QUERY, &q);
}

int state_read(struct state *s, int fd, const void *start, size_t length)
{
	struct hms_query q;
	int ret;

	memset(s, 0, sizeof(*s));
	query_init(&q, HMS_QUERY_POLICY, start, length);
	q.entries = u64_ptr(s->policies);
	q.nentries = MAX_POLICIES;
	q.uids = u64_ptr(s->uids);
	q.nuids = 4 * MAX_POLICIES;
	ret = call(fd, HMS_QUERY, &q);
	if (ret)
		return ret;
	s->npolicies = q.nentries;
	s->nuids = q.nuids;
	s->lost = q.lost;
	query_init(&q, HMS_QUERY_RESIDENCY, start, length);
	q.entries = u64_ptr(s->runs);
	q.nentries = 256;
	ret = call(fd, HMS_QUERY, &q);
	s->nruns = q.nentries;
	return ret;
}

const char *state_differs(const struct state *a, const struct state *b)
{
	if (a->npolicies != b->npolicies || a->nuids != b->nuids ||
	    memcmp(a->policies, b->policies, sizeof(a->policies)) ||
	    memcmp(a->uids, b->uids, sizeof(a->uids)))
		return "the policies changed";
	if (a->nruns != b->nruns || memcmp(a->runs, b->runs, sizeof(a->runs)))
	{
		for (__u32 i = 0; i < a->nruns || i < b->nruns; i++)
			fprintf(stderr, "# run %u: %llx+%llx on %u/%u, was %llx+%llx on %u/%u\n", i,
				b->runs[i].start, b->runs[i].length, b->runs[i].uid,
				b->runs[i].state, a->runs[i].start, a->runs[i].length,
				a->runs[i].uid, a->runs[i].state);
		return "the residency changed";
	}
	if (a->lost != b->lost)
		return "lost changed";
	return "";
}

/* Memory. */

/*
 * Fresh private memory of base pages. The pages around it are not accessible, so that no two areas
 * become one mapping: touching one may bring home device pages that follow in the same mapping.
 */
void *area(size_t length)
{
	char *p = mmap(NULL, length + 2 * PAGE, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED || mprotect(p + PAGE, length, PROT_READ | PROT_WRITE))
		return NULL;
	madvise(p + PAGE, length, MADV_NOHUGEPAGE);
	return p + PAGE;
}

/* The same, aligned to 2 MiB and advised to take huge pages. */
void *area_huge(size_t length)
{
	char *p = mmap(NULL, length + MiB(2), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);
	size_t head;

	if (p == MAP_FAILED)
		return NULL;
	head = -(uintptr_t)p & (MiB(2) - 1);
	if (head)
		munmap(p, head);
	munmap(p + head + length, MiB(2) - head);
	madvise(p + head, length, MADV_HUGEPAGE);
	return p + head;
}

/* Byte @offset of a pattern; it differs from page to page and never repeats within one. */
static inline __u64 pattern_word(size_t index, __u64 seed)
{
	return (index + 1) * 0x9e3779b97f4a7c15ULL ^ seed * 0xc2b2ae3d27d4eb4fULL;
}

void fill(void *start, size_t length, __u64 seed)
{
	__u64 *w = start;

	for (size_t i = 0; i < length / 8; i++)
		w[i] = pattern_word(i, seed);
}

/* -1 when all bytes are right, else the offset of the first wrong one. */
long verify(const void *start, size_t length, __u64 seed)
{
	return verify_part(start, 0, length, seed);
}

/* The same for what is @from bytes behind @start, where fill() began. */
long verify_part(const void *start, size_t from, size_t length, __u64 seed)
{
	const __u64 *w = start;

	length += from;
	for (size_t i = from / 8; i < length / 8; i++) {
		__u64 want = pattern_word(i, seed), seen = w[i];

		if (seen != want) {
			int byte = __builtin_ctzll(seen ^ want) / 8;

			fprintf(stderr, "# byte %zu of %zu: word is %#llx, not %#llx\n",
				i * 8 + byte, length, (unsigned long long)seen,
				(unsigned long long)want);
			return i * 8 + byte;
		}
	}
	return -1;
}

long verify_zero(const void *start, size_t length)
{
	const __u64 *w = start;

	for (size_t i = 0; i < length / 8; i++) {
		if (w[i])
			return i * 8 + __builtin_ctzll(w[i]) / 8;
	}
	return -1;
}

/* The node of a page, by move_pages(2): a second opinion that HMS has no part in. */
int page_node(const void *page)
{
	const void *pages[1] = { page };
	int status = -ENODATA;

	if (syscall(SYS_move_pages, 0, 1UL, pages, NULL, &status, 0) < 0)
		return -errno;
	return status;
}

/*
 * Let the kernel pin memory for I/O, for as long as it is not told to let go: the buffers of an
 * io_uring. Returns what pin_let_go() takes.
 */
int pin_for_long(void *start, size_t length)
{
	struct iovec iov = { .iov_base = start, .iov_len = length };
	struct io_uring_params params = { };
	int fd = syscall(SYS_io_uring_setup, 1, &params), ret;

	if (fd < 0)
		return -errno;
	if (!syscall(SYS_io_uring_register, fd, IORING_REGISTER_BUFFERS, &iov, 1))
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

/*
 * At once. Closing would leave that to a worker, and then interrupts the caller in whatever comes
 * next: that is for the end of the process.
 */
int pin_let_go(int fd)
{
	return syscall(SYS_io_uring_register, fd, IORING_UNREGISTER_BUFFERS, NULL, 0) ? -errno : 0;
}

/* From now on the caller runs on one CPU; 0 or a negative errno. */
int run_on(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	return sched_setaffinity(0, sizeof(cpus), &cpus) ? -errno : 0;
}

/* The emulated accelerators. */

int sim_open(int n)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/dev/hms_sim%d", n);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sim_info(int fd, struct hms_sim_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return call(fd, HMS_SIM_INFO, info);
}

int sim_op(int fd, unsigned long number, const void *address, size_t length, void *buffer,
	   __u64 value, struct hms_sim_op *out)
{
	struct hms_sim_op own;

	if (!out)
		out = &own;
	memset(out, 0, sizeof(*out));
	out->size = sizeof(*out);
	out->address = u64_ptr(address);
	out->length = length;
	out->buffer = u64_ptr(buffer);
	out->value = value;
	return call(fd, number, out);
}

int sim_read(int fd, const void *address, void *buffer, size_t length)
{
	struct hms_sim_op op;
	int ret = sim_op(fd, HMS_SIM_READ, address, length, buffer, 0, &op);

	return ret ?: op.done == length ? 0 : -EPROTO;
}

int sim_write(int fd, void *address, const void *buffer, size_t length)
{
	struct hms_sim_op op;
	int ret = sim_op(fd, HMS_SIM_WRITE, address, length, (void *)buffer, 0, &op);

	return ret ?: op.done == length ? 0 : -EPROTO;
}

/* Nothing but zeros, as the device sees it: what is there stays there. */
bool sim_sees_zeros(int fd, const void *address, size_t length)
{
	struct hms_sim_op op;

	return !sim_op(fd, HMS_SIM_SUM, address, length, NULL, 0, &op) && !op.value;
}

/* Memory that is lost. */

static sigjmp_buf sigbus_out;
static siginfo_t sigbus;

static void on_sigbus(int number, siginfo_t *info, void *context)
{
	sigbus = *info;
	siglongjmp(sigbus_out, 1);
}

/* Is touching an address SIGBUS? */
bool is_sigbus(const volatile char *p, bool write)
{
	struct sigaction action = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };

	sigaction(SIGBUS, &action, NULL);
	if (!sigsetjmp(sigbus_out, 1)) {
		if (write)
			*(volatile char *)p = 1;
		else
			(void)*p;
		return false;
	}
	return true;
}

/* As of memory that has gone bad, and at that address? */
bool is_lost(const volatile char *p, bool write)
{
	return is_sigbus(p, write) && sigbus.si_code == BUS_MCEERR_AR &&
	       ((uintptr_t)sigbus.si_addr & ~(PAGE - 1)) == ((uintptr_t)p & ~(PAGE - 1));
}

int sim_fail(int fd, const void *p, size_t length, __u64 *pages)
{
	struct hms_sim_fail arg = {
		.size = sizeof(arg), .address = u64_ptr(p), .length = length,
	};
	int ret = call(fd, HMS_SIM_FAIL, &arg);

	*pages = arg.pages;
	return ret;
}

/* A process to take turns with. */

pid_t peer_fork(struct peer *p)
{
	int down[2], up[2];

	if (pipe2(down, O_CLOEXEC) || pipe2(up, O_CLOEXEC))
		return -1;
	signal(SIGPIPE, SIG_IGN);
	p->pid = fork();
	if (p->pid) {
		close(down[0]);
		close(up[1]);
		p->out = down[1];
		p->in = up[0];
	} else {
		close(down[1]);
		close(up[0]);
		p->in = down[0];
		p->out = up[1];
	}
	return p->pid;
}

int tell(struct peer *p)
{
	return write(p->out, "", 1) == 1 ? 0 : -1;
}

int hear(struct peer *p)
{
	char c;
	ssize_t n;

	do
		n = read(p->in, &c, 1);
	while (n < 0 && errno == EINTR);
	return n == 1 ? 0 : -1;
}

/* The wait status of a child, when it has ended. */
int status_of(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* Its wait status. */
int peer_wait(struct peer *p)
{
	close(p->in);
	close(p->out);
	return status_of(p->pid);
}

int peer_kill(struct peer *p)
{
	kill(p->pid, SIGKILL);
	return peer_wait(p);
}

void wait_until_stuck(pid_t pid)
{
	char path[32], text[256];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	do {
		usleep(1000);
		if (text_read(path, text, sizeof(text)))
			return;
	} while (!strstr(text, ") D "));
}
