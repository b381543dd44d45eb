/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libhms: the memory of a heterogeneous machine, by the kernel module hms.
 *
 * Calls that return int return 0 or -errno, unless told otherwise; hms_last_error() has the reason
 * in plain words. Counts named pages are pages of sysconf(_SC_PAGESIZE) bytes; all other sizes are
 * bytes. Addresses and lengths of ranges are multiples of the page size.
 *
 * Threads: a handle is used by one thread at a time. Different handles are independent; there is no
 * state outside of them. Nothing here installs signal handlers or starts threads.
 *
 * Address spaces: a handle acts on the address space of the process that opened it. After fork()
 * the child opens its own; calls on the inherited one fail with EBADF unless they carry HMS_REMOTE.
 * A handle of hms_open_process() acts on that process.
 *
 * Structs of the caller grow through their reserved fields: zero them all before use. Structs that
 * the library hands out may grow at their end, and vectors of them are not to be indexed by a size
 * of the caller's own; elements of vectors (struct hms_key, hms_feature, hms_policy_range,
 * hms_run, hms_path, hms_cache) never grow.
 */
#ifndef HMS_HMS_H
#define HMS_HMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/hms.h>

#define HMS_ATTRIBUTE_SLOTS	8	/* of enum hms_attribute, with room to grow */

#ifdef __cplusplus
extern "C" {
#endif

struct hms;

/**
 * hms_open() - open /dev/hms for the calling process
 * @hms: receives the handle
 *
 * Return: 0; -ENOENT, -ENODEV or -ENXIO when the module is not loaded; -EACCES when the caller may
 * not use the device; -ENOMEM; any other error of open(2). hms_open_text() explains it.
 */
int hms_open(struct hms **hms);

/**
 * hms_open_topology() - open a handle that only lists objects
 * @hms: receives the handle
 *
 * It needs no access to /dev/hms. Calls that need the module fail with EBADF.
 *
 * Return: 0; -ENOENT when the module is not loaded; -ENOMEM.
 */
int hms_open_topology(struct hms **hms);

/**
 * hms_open_process() - open a handle that acts on the memory of another process
 * @hms: receives the handle
 * @pid: its id
 *
 * The process has to have a descriptor of /dev/hms open that it opened itself, which this takes
 * with pidfd_getfd(2): the caller needs the right to trace the process. Descriptors that it got
 * from another process, or kept over execve(2), are left alone. All calls on the handle carry
 * HMS_REMOTE; they fail with ESRCH when the process has ended, or called execve(2).
 *
 * Return: 0; -ESRCH when there is no such process, or it has ended; -EPERM when the caller may not
 * trace it; -ENOENT when it has no such descriptor; -ENODEV when the module is not loaded; -EINVAL;
 * -ENOMEM; other errors of pidfd_open(2) and pidfd_getfd(2). hms_open_process_text() explains it.
 */
int hms_open_process(struct hms **hms, pid_t pid);

/**
 * hms_close() - close a handle and free all that it has handed out
 * @hms: the handle, or NULL
 *
 * Policies stay: they belong to the address space. Lists of hms_query_*() are the caller's and
 * stay too.
 */
void hms_close(struct hms *hms);

/**
 * hms_fd() - the file descriptor of /dev/hms, to pass on or to use with the requests of linux/hms.h
 * @hms: the handle
 *
 * Return: the descriptor, which hms_close() closes; -1 for a handle of hms_open_topology() or
 * hms_open_file().
 */
int hms_fd(const struct hms *hms);

/**
 * hms_last_error() - why the last call on this handle failed
 * @hms: the handle
 *
 * It names the field, target, modifier or range at fault, for example "hbind: modifier 0 (mode
 * weighted): needs weights, and there are none".
 *
 * Return: a text without a newline that lives until the next call on the handle; "" after a call
 * that succeeded.
 */
const char *hms_last_error(const struct hms *hms);

/**
 * hms_open_text() - what a failure of hms_open() means, and what to do about it
 * @error: what hms_open() returned (negative)
 * Return: a constant text.
 */
const char *hms_open_text(int error);

/* The same of hms_open_process(). */
const char *hms_open_process_text(int error);

/* Texts for the numbers of linux/hms.h: constant, never NULL, "unknown ..." for others. */
const char *hms_why_text(uint32_t why);		/* enum hms_error_why */
const char *hms_skip_text(unsigned int skip);	/* enum hms_skip */
const char *hms_mode_text(uint32_t mode);	/* enum hms_mode: "preferred" ... */
const char *hms_reason_text(uint32_t reason);	/* enum hms_reason: "evicted" ... */

/**
 * hms_mode_parse() - the other way round
 * @name: "default", "bind", "preferred", "interleave" or "weighted"
 * Return: the enum hms_mode, or -EINVAL.
 */
int hms_mode_parse(const char *name);

/* Version of the library, "major.minor.patch". */
const char *hms_library_version(void);

/* ---- objects: targets, initiators, links, bridges ---- */

enum hms_kind {
	HMS_KIND_NONE			= 0,	/* links and bridges have none */
	HMS_KIND_OTHER			= 1,	/* one that this library does not know */
	HMS_KIND_NODE			= 2,	/* target: memory of a NUMA node */
	HMS_KIND_DEVICE_PRIVATE		= 3,	/* target: the CPU can't load from it */
	HMS_KIND_DEVICE_COHERENT	= 4,	/* target: of a device, and it can */
	HMS_KIND_CPU			= 5,	/* initiator: the CPUs of a node */
	HMS_KIND_DEVICE			= 6,	/* initiator: a device */
};

#define HMS_BYTES_UNKNOWN	UINT64_MAX

/**
 * struct hms_object - a target, initiator, link or bridge
 * @uid: what names it in calls; never reused while the module is loaded
 * @version: what a program must understand to use it (HMS_VERSION_*)
 * @type: what it is
 * @kind: which kind of that
 * @nid: number of the NUMA node of a node target or CPU initiator, else -1
 * @properties: HMS_PROP_* of a target; words that this library does not know are left out
 * @capacity: bytes of a target, or HMS_BYTES_UNKNOWN
 * @used: bytes of it in use, or HMS_BYTES_UNKNOWN; as of the last hms_scan()
 * @name: its name (node0, hms_sim0), "" when it has none
 * @nlinks: how many objects it is connected to
 * @links: their uids, ascending: links of a target or initiator; all that a link connects; links
 *	and initiators of a bridge
 * @generation: of the map, when the object came or was changed last
 * @values: bandwidth and latency of a link or a bridge, by enum hms_attribute
 * @from: link that a bridge leads from, else 0
 * @to: link that it leads to, else 0
 * @ninitiators: how many initiators may cross a bridge; 0: all may
 * @initiators: their uids, ascending
 * @ncaches: caches in front of a target's memory
 * @caches: by level, 1 first
 */
struct hms_object {
	uint32_t uid;
	uint32_t version;
	enum hms_type type;
	enum hms_kind kind;
	int nid;
	uint32_t properties;
	uint64_t capacity;
	uint64_t used;
	const char *name;
	size_t nlinks;
	const uint32_t *links;
	uint64_t generation;
	struct hms_value values[HMS_ATTRIBUTE_SLOTS];
	uint32_t from;
	uint32_t to;
	size_t ninitiators;
	const uint32_t *initiators;
	size_t ncaches;
	const struct hms_cache *caches;
};

/**
 * hms_scan() - read the objects, again if they have been read before
 * @hms: the handle
 *
 * All pointers to objects of this handle end here, unless it fails. The other calls do the first
 * scan by themselves. Objects of a version above HMS_VERSION_DEVICE are left out, as if they did
 * not exist.
 *
 * Return: 0; -ENOENT when the module is not loaded; -ENOMEM; -EAGAIN when the map does not keep
 * still; an error of generic netlink.
 */
int hms_scan(struct hms *hms);

/**
 * hms_object_next() - go through the objects of a type, by ascending uid
 * @hms: the handle
 * @type: which
 * @previous: the object before, NULL for the first
 *
 * Return: the object, good until hms_scan() or hms_close(); NULL after the last one, and when the
 * first scan failed (hms_last_error() is not "" then).
 */
const struct hms_object *hms_object_next(struct hms *hms, enum hms_type type,
					 const struct hms_object *previous);

#define hms_for_each(hms, type, object)					\
	for ((object) = hms_object_next((hms), (type), NULL); (object);		\
	     (object) = hms_object_next((hms), (type), (object)))

/**
 * hms_find_target() - the nth target of a kind
 * @hms: the handle
 * @kind: which kind
 * @nth: which of them by ascending uid, from 0
 * @target: receives it; as hms_object_next()
 * Return: 0; -ENOENT when there are not that many; errors of hms_scan().
 */
int hms_find_target(struct hms *hms, enum hms_kind kind, unsigned int nth,
		    const struct hms_object **target);

/**
 * hms_find_uid() - the object with a uid
 * @hms: the handle
 * @uid: its uid
 * @object: receives it; as hms_object_next()
 * Return: 0; -ENOENT when there is none; errors of hms_scan().
 */
int hms_find_uid(struct hms *hms, uint32_t uid, const struct hms_object **object);

/**
 * hms_find_name() - the object that a person means
 * @hms: the handle
 * @type: which type of object
 * @name: its uid or its name; of initiators also "cpuN", the CPUs of node N where none has that
 *	name, and "here", those of the node that the caller runs on
 * @object: receives it; as hms_object_next()
 * Return: 0; -ENOENT when there is none; -EINVAL when several have the name; errors of hms_scan().
 */
int hms_find_name(struct hms *hms, enum hms_type type, const char *name,
		  const struct hms_object **object);

/* Words as in sysfs and hmsctl: "target", "device-private", "cpu-accessible"; never NULL. */
const char *hms_type_text(enum hms_type type);
const char *hms_kind_text(enum hms_kind kind);
const char *hms_property_text(uint32_t property);	/* exactly one HMS_PROP_* bit */
const char *hms_attribute_text(enum hms_attribute attribute);	/* "read_bandwidth" ... */
const char *hms_source_text(enum hms_source source);		/* "firmware" ... */

/* The other way round: the number, or -EINVAL for another word. */
int hms_type_parse(const char *name);
int hms_kind_parse(const char *name);
int hms_attribute_parse(const char *name);
int hms_source_parse(const char *name);

/* The HMS_PROP_* bit, or 0 for another word. */
uint32_t hms_property_parse(const char *name);

/* Is a bandwidth or a latency known? */
static inline bool hms_value_known(const struct hms_value *value)
{
	return value->source != HMS_SOURCE_UNKNOWN && value->value;
}

/* ---- questions about the map ---- */

/*
 * All answers are about the last hms_scan(). Objects are named by uid. What a call hands out is
 * freed with free(3), in one piece.
 */

/* uids; the order says something where a call says so. */
struct hms_uid_list {
	size_t n;
	const uint32_t *uids;
};

/**
 * struct hms_path - a way from an initiator to a target
 * @nsteps: links and bridges on it: link, or link, bridge, link, ...
 * @steps: their uids, from the initiator on
 * @values: of the whole path, by enum hms_attribute: its worst step. Not known when that of any
 *	step is not; the source is that of the worst step.
 */
struct hms_path {
	size_t nsteps;
	const uint32_t *steps;
	struct hms_value values[HMS_ATTRIBUTE_SLOTS];
};

/* @truncated: there are more than HMS_MAX_PATHS. */
struct hms_path_list {
	size_t n;
	const struct hms_path *paths;
	bool truncated;
};

#define HMS_MAX_PATHS	1024

/**
 * hms_paths() - all ways from an initiator to a target that pass no link twice, the best first
 * @hms: the handle
 * @initiator: uid of the initiator
 * @target: uid of the target
 * @list: receives the list, empty when the target can't be reached
 *
 * The best has most bandwidth, of reading and writing the lesser; then least latency, then fewest
 * steps. One that is not known comes after all that are.
 *
 * Return: 0; -ENOENT when there is no such initiator or target; -ENOMEM; errors of hms_scan().
 */
int hms_paths(struct hms *hms, uint32_t initiator, uint32_t target, struct hms_path_list **list);

/**
 * hms_best_path() - the best way from an initiator to a target
 * @hms: the handle
 * @initiator: uid of the initiator
 * @target: uid of the target
 * @path: receives the way, NULL when the target can't be reached
 *
 * It is the first one that hms_paths() lists, found without the others: in a map where many ways
 * lead anywhere that takes a small part of the time.
 *
 * Return: as hms_paths().
 */
int hms_best_path(struct hms *hms, uint32_t initiator, uint32_t target, struct hms_path **path);

/**
 * struct hms_wish - which target is wanted, and what counts
 * @kind: only this kind; HMS_KIND_NONE: nodes; HMS_KIND_DEVICE: device memory of either kind
 * @require: HMS_PROP_* that it must have
 * @refuse: HMS_PROP_* that it must not have
 * @min_capacity: bytes that it must have
 * @min_free: bytes that must be free
 * @bandwidth: weight of the bandwidth of the best path, of reading and writing the lesser
 * @latency: weight of the latency of the path with the least, of reading and writing the greater
 * @capacity: weight of the bytes that are free
 * @reserved: must be zero
 *
 * With several weights each figure is taken relative to the best among the candidates, and the sum
 * by weight decides; one that is not known counts nothing. Targets that are only described
 * (HMS_PROP_DESCRIBED) are left out unless @require has that.
 */
struct hms_wish {
	enum hms_kind kind;
	uint32_t require;
	uint32_t refuse;
	uint64_t min_capacity;
	uint64_t min_free;
	uint32_t bandwidth;
	uint32_t latency;
	uint32_t capacity;
	uint32_t reserved[5];
};

/**
 * hms_best_targets() - targets that an initiator reaches, the best first
 * @hms: the handle
 * @initiator: uid of the initiator
 * @wish: what counts; at least one weight is not 0
 * @list: receives the uids, none when there is no such target; among equals the lesser uid is first
 *
 * Return: 0; -ENOENT when there is no such initiator; -EINVAL; -ENOMEM; errors of hms_scan().
 */
int hms_best_targets(struct hms *hms, uint32_t initiator, const struct hms_wish *wish,
		     struct hms_uid_list **list);

/**
 * hms_weights() - weights of targets, for HMS_MODE_WEIGHTED
 * @hms: the handle
 * @initiator: uid of the initiator; 0: the CPUs of the node that the caller runs on
 * @targets: uids of the targets
 * @ntargets: how many, 1 to HMS_MAX_TARGETS
 * @weights: receives one for each
 *
 * In proportion to what the best ways carry for reading, from 1 to HMS_MAX_WEIGHT: the smallest
 * numbers that are off by no more than 5 %, or those that are off least.
 *
 * Return: 0; -ENOENT when there is no such initiator or target; -EINVAL for a wrong number of them;
 * -ENODATA when it does not reach one, or how fast is not known; -ENOMEM; errors of hms_scan().
 */
int hms_weights(struct hms *hms, uint32_t initiator, const uint32_t *targets,
		unsigned int ntargets, uint32_t *weights);

/**
 * hms_near() - initiators that reach a target, the nearest first
 * @hms: the handle
 * @target: uid of the target
 * @list: receives their uids: by least latency of a path, then most bandwidth, then uid
 *
 * Return: 0; -ENOENT when there is no such target; -ENOMEM; errors of hms_scan().
 */
int hms_near(struct hms *hms, uint32_t target, struct hms_uid_list **list);

/**
 * hms_select() - targets by a text that a person writes
 * @hms: the handle
 * @text: words with commas between them, see hms(7): "3,4", "node0", "all,!3",
 *	"kind=device,size>=1G", "best:bandwidth@node0"
 * @list: receives the uids in the order of the words, each once
 *
 * Device memory is only selected where the text names it (its uid, its name, kind=device... or
 * device-private), and memory that is only described where the text has its uid, its name or
 * "described".
 *
 * Return: 0; -EINVAL for a text that is none, hms_last_error() says which word and why; -ENOENT
 * when it names what is not there, or nothing fits; -ENOMEM; errors of hms_scan().
 */
int hms_select(struct hms *hms, const char *text, struct hms_uid_list **list);

/* ---- maps in files ---- */

/**
 * hms_open_file() - open a handle on a map that is described in a file
 * @hms: receives the handle; it only answers questions, like one of hms_open_topology()
 * @path: the file, "-" for standard input; hms-map(5) has the format
 * @version: highest version of objects that the program understands; 0 for HMS_VERSION_DEVICE
 * @error: receives why it failed, with the line: "line 7: link l3: no target named hbm9"; may be
 *	NULL
 * @size: room in @error
 *
 * The file is read once: hms_scan() does nothing. Objects of a version above @version are left out
 * as by hms_scan(), and bridges that lead nowhere or serve nobody without them.
 *
 * Return: 0; -EINVAL when the file is no map; -ENOMEM; an error of reading it.
 */
int hms_open_file(struct hms **hms, const char *path, uint32_t version, char *error, size_t size);

/**
 * hms_save() - the map as a text that hms_open_file() reads
 * @hms: the handle
 * @text: receives the text, for free(3)
 *
 * It keeps the uids. In a file names are unique for a type: objects without a name get one, and
 * those with the name of another get their uid behind it.
 *
 * Return: 0; -ENOMEM; errors of hms_scan().
 */
int hms_save(struct hms *hms, char **text);

/* ---- what happens to the map ---- */

/**
 * hms_set_version() - say which objects the program understands
 * @hms: the handle
 * @version: the highest version (HMS_VERSION_*), from 1 on; HMS_VERSION_DEVICE at first
 *
 * Objects above it are left out by hms_scan(), as if they did not exist. The objects are read anew.
 *
 * Return: 0; -EINVAL; -EBADF for a handle of hms_open_file(), which is told when it is opened.
 */
int hms_set_version(struct hms *hms, uint32_t version);

/**
 * hms_generation() - which map the objects are of
 * @hms: the handle
 * @instance: receives the id of the load of the module, 0 for a file
 * @generation: receives the generation; each change of the map makes a new one
 *
 * Return: 0; errors of hms_scan().
 */
int hms_generation(struct hms *hms, uint64_t *instance, uint64_t *generation);

struct hms_monitor;

#define HMS_MONITOR_TOPOLOGY	(1U << 0)	/* objects that come, change and go */
#define HMS_MONITOR_MIGRATE	(1U << 1)	/* what moved; takes CAP_NET_ADMIN */

enum hms_event_what {
	HMS_EVENT_NEW		= 0,	/* an object is new */
	HMS_EVENT_CHANGED	= 1,	/* it has other values or connections */
	HMS_EVENT_GONE		= 2,	/* only @uid, @version and @type of @object say something */
	HMS_EVENT_MIGRATED	= 3,	/* a request moved or allocated pages */
	HMS_EVENT_MOVED		= 4,	/* pages moved for another reason, @reason */
};

/**
 * struct hms_event - something that happened
 * @what: which
 * @instance: id of the load of the module
 * @generation: of the map, after that
 * @object: what is new, changed or gone, else NULL
 * @pid: process that asked
 * @start: first address of the range
 * @length: bytes of it
 * @targets: uids that the request named
 * @ntargets: how many
 * @pages: pages looked at
 * @moved: pages moved
 * @populated: missing pages that were allocated
 * @skipped: pages that are not where they were asked to be
 * @reason: enum hms_reason of linux/hms_netlink.h; this and what follows is of HMS_EVENT_MOVED
 * @owner: process whose memory it is, 0 where that is not known
 * @from: uid of the target that the pages left, 0 where that is not known, or nothing
 * @to: uid of the target that they went to, mostly all of them
 */
struct hms_event {
	enum hms_event_what what;
	uint64_t instance;
	uint64_t generation;
	const struct hms_object *object;
	uint32_t pid;
	uint64_t start;
	uint64_t length;
	const uint32_t *targets;
	size_t ntargets;
	uint64_t pages;
	uint64_t moved;
	uint64_t populated;
	uint64_t skipped;
	uint32_t reason;
	uint32_t owner;
	uint32_t from;
	uint32_t to;
};

/**
 * hms_monitor_open() - begin to listen
 * @monitor: receives the monitor, for one thread at a time
 * @groups: HMS_MONITOR_*; 0 for one that is only asked
 * @version: highest version of objects to hear of; 0 for HMS_VERSION_DEVICE
 *
 * Return: 0; -ENOENT when the module is not loaded; -EPERM; -EINVAL; -ENOMEM.
 */
int hms_monitor_open(struct hms_monitor **monitor, unsigned int groups, uint32_t version);
void hms_monitor_close(struct hms_monitor *monitor);

/* A descriptor for poll(2): readable when hms_monitor_next() has something. */
int hms_monitor_fd(const struct hms_monitor *monitor);

/**
 * hms_monitor_ask() - have what is new since a generation come as events
 * @monitor: the monitor
 * @instance: id of the load of the module that @since is of, or 0
 * @since: a generation; 0: all objects
 *
 * HMS_EVENT_NEW for each object that came or changed, then HMS_EVENT_GONE for those that went;
 * hms_monitor_next() has them at once. An event of the same generation may come again.
 *
 * Return: 0; -ESTALE when that is too long ago, or the module was loaded anew: ask with 0; -ENOMEM.
 */
int hms_monitor_ask(struct hms_monitor *monitor, uint64_t instance, uint64_t since);

/**
 * hms_monitor_next() - the next event
 * @monitor: the monitor
 * @event: receives it; good until the next call
 *
 * Return: 1; 0 when there is none now; -ENOBUFS when events were lost, as the program was too slow:
 * hms_monitor_ask() what is new since the last one; -ENOMEM.
 */
int hms_monitor_next(struct hms_monitor *monitor, const struct hms_event **event);

/* ---- what the module can do ---- */

/* One modifier key: see struct hms_key_info of linux/hms.h. @since 0: not in this module. */
struct hms_key {
	uint32_t key;
	uint32_t since;
	uint64_t min;
	uint64_t max;
	const char *name;
	const char *text;
};

/* Something that depends on the kernel: see struct hms_feature_info of linux/hms.h. */
struct hms_feature {
	bool live;
	enum hms_feature_kind kind;
	const char *name;
	const char *reason;
};

/**
 * struct hms_module - the loaded module
 * @instance: id of this load of the module
 * @api_version: its HMS_API_VERSION
 * @object_version: the highest object version that it has
 * @max_targets: targets a request
 * @max_modifiers: modifiers a request
 * @max_ranges: policy ranges an address space
 * @all_or_nothing_max: bytes of an all-or-nothing request
 * @version: version of the module
 * @nkeys: modifier keys
 * @keys: the keys
 * @nfeatures: features
 * @features: the features
 */
struct hms_module {
	uint64_t instance;
	uint32_t api_version;
	uint32_t object_version;
	uint32_t max_targets;
	uint32_t max_modifiers;
	uint64_t max_ranges;
	uint64_t all_or_nothing_max;
	const char *version;
	size_t nkeys;
	const struct hms_key *keys;
	size_t nfeatures;
	const struct hms_feature *features;
};

/**
 * hms_info() - what the loaded module is and can do
 * @hms: the handle
 * @module: receives it, good until hms_close(); asked once for a handle
 * Return: 0; -EBADF for a handle of hms_open_topology(); -ENOMEM; errors of HMS_INFO.
 */
int hms_info(struct hms *hms, const struct hms_module **module);

/* ---- policy and placement ---- */

/* Flags of the calls below, beside HMS_REMOTE and HMS_WHOLE of linux/hms.h. */
#define HMS_POPULATE		(1U << 16)	/* allocate missing pages on the targets now */
#define HMS_ALL_OR_NOTHING	(1U << 17)	/* every page or none */
#define HMS_LAZY		(1U << 18)	/* missing pages: when touched, see hms(4) */
#define HMS_INHERIT		(1U << 19)	/* a child gets the policy at fork(2) */
#define HMS_NO_MBIND		(1U << 20)	/* leave mempolicy alone: hms_first_touch() */
#define HMS_ASYNC		(1U << 25)	/* do not wait for the work: hms_wait() */
#define HMS_MOVE_PAGES		(1U << 26)	/* by move_pages(2) where it can: hms_migrate() */
#define HMS_COLLAPSE		(1U << 27)	/* then to huge pages, where they fill them */
/* The policy has this priority, 0 to HMS_PRIORITY_MAX: see HMS_MOD_PRIORITY. */
#define HMS_WITH_PRIORITY(n)	((1U + (n)) << 21)

/**
 * struct hms_result - what was done, page by page
 * @pages: pages looked at = moved + present + populated + lazy + all that were skipped
 * @moved: pages moved to a target
 * @present: pages that were on the right target already
 * @populated: missing pages that were allocated
 * @skipped: pages that are not where they were asked to be, by enum hms_skip
 * @bytes_copied: bytes copied or cleared
 * @first_skipped: address of the first page skipped, UINT64_MAX when none was
 * @next: where the work ended: the end of the range, unless the call was interrupted
 * @ntargets: how many of @targets are filled in
 * @targets: what each target received, in the order of the request
 * @lazy: missing pages that will be placed when they are touched
 * @job: of a call that did not wait for the work, for hms_wait(); the counts are zero then
 * @by_move_pages: how many of @moved move_pages(2) has moved, see HMS_MOVE_PAGES
 * @huge: how many pages are now in huge ones that lie in the range, as far as could be told, see
 *	HMS_COLLAPSE
 * @reserved: zero
 *
 * Pages that were skipped do not make a call fail. Filled in also when a call fails.
 */
struct hms_result {
	uint64_t pages;
	uint64_t moved;
	uint64_t present;
	uint64_t populated;
	uint64_t skipped[HMS_SKIP_SLOTS];
	uint64_t bytes_copied;
	uint64_t first_skipped;
	uint64_t next;
	uint64_t ntargets;
	struct hms_target_count targets[HMS_MAX_TARGETS];
	uint64_t lazy;
	uint64_t job;
	uint64_t by_move_pages;
	uint64_t huge;
	uint64_t reserved[4];
};

/* Sum of result->skipped[]. */
uint64_t hms_result_skipped(const struct hms_result *result);

/**
 * struct hms_request - one request to the module, in full
 * @start: first address
 * @length: bytes, not 0; with HMS_WHOLE both are 0
 * @targets: uids, most wanted first, each at most once
 * @modifiers: what to do
 * @ntargets: at most HMS_MAX_TARGETS
 * @nmodifiers: 1 to HMS_MAX_MODIFIERS
 * @flags: HMS_REMOTE, HMS_WHOLE, HMS_NO_MBIND
 * @version: highest object version that the caller understands; 0 for HMS_VERSION_DEVICE
 * @instance: instance (struct hms_module) that the uids come from, 0 for whatever is loaded;
 *	needed only for uids that are older than the handle
 * @reserved: must be zero
 */
struct hms_request {
	uint64_t start;
	uint64_t length;
	const uint32_t *targets;
	const struct hms_modifier *modifiers;
	uint32_t ntargets;
	uint32_t nmodifiers;
	uint32_t flags;
	uint32_t version;
	uint64_t instance;
	uint64_t reserved[4];
};

/**
 * hms_hbind() - policy, migration and population of a range in one call, with any modifiers
 * @hms: the handle
 * @request: what to do
 * @result: receives what was done, or NULL
 *
 * A call that fails has changed nothing, but that all-or-nothing may have had pages of others leave
 * a full device; except with -EINTR: @result says what was done up to @result->next; call again
 * from there to go on. If that is past the start, the policy, if one was given, is in place. A call
 * about policy alone that is interrupted has set none.
 *
 * Return: 0, also when pages were skipped; errors of HMS_HBIND (hms(4)): -EINVAL, -E2BIG, -EFAULT,
 * -EBADF, -ESRCH, -ENOENT, -ENODEV, -ESTALE, -EOPNOTSUPP, -ENOSPC, -EBUSY, -EPERM, -EAGAIN,
 * -ENOMEM, -EINTR.
 */
int hms_hbind(struct hms *hms, const struct hms_request *request, struct hms_result *result);

/**
 * hms_bind() - set the policy of a range and move its pages to it now
 * @hms: the handle
 * @address: start of the range
 * @length: bytes, not 0
 * @mode: HMS_MODE_BIND, HMS_MODE_PREFERRED or HMS_MODE_INTERLEAVE; or HMS_MODE_WEIGHTED, with the
 *	weights that hms_weights() finds for the CPUs here. Others, and an initiator that has to
 *	reach the targets, are given to hms_hbind()
 * @targets: uids, most wanted first
 * @ntargets: how many, 1 to HMS_MAX_TARGETS
 * @flags: HMS_POPULATE or HMS_LAZY, HMS_ALL_OR_NOTHING, HMS_ASYNC or HMS_COLLAPSE, HMS_INHERIT,
 *	HMS_WITH_PRIORITY(), HMS_REMOTE, HMS_NO_MBIND
 * @result: receives what was done, or NULL
 *
 * With HMS_COLLAPSE pages are joined to huge ones afterwards (MADV_COLLAPSE), where they fill one
 * in one mapping and are on one node: those that were split on a device, or on the way there, come
 * home in small pages. It copies them once more, and is for the caller's own memory. A call that is
 * interrupted joins none; one for the whole range does.
 *
 * Return: as hms_hbind(); for HMS_MODE_WEIGHTED also as hms_weights().
 */
int hms_bind(struct hms *hms, const void *address, size_t length, enum hms_mode mode,
	     const uint32_t *targets, unsigned int ntargets, unsigned int flags,
	     struct hms_result *result);

/**
 * hms_policy() - set the policy of a range; nothing moves now
 * @hms: the handle
 * @address: start of the range
 * @length: bytes, not 0
 * @mode: as hms_bind()
 * @targets: uids, most wanted first
 * @ntargets: how many, 1 to HMS_MAX_TARGETS
 * @flags: HMS_LAZY, HMS_INHERIT, HMS_WITH_PRIORITY(), HMS_REMOTE, HMS_NO_MBIND; HMS_WHOLE, with
 *	an @address and a @length of 0: of all addresses of the process that have none of their
 *	own, now or later; mempolicy stays as it is
 * Return: as hms_bind().
 */
int hms_policy(struct hms *hms, const void *address, size_t length, enum hms_mode mode,
	       const uint32_t *targets, unsigned int ntargets, unsigned int flags);

/**
 * hms_clear() - drop the policies of a range; nothing moves
 * @hms: the handle
 * @address: start of the range
 * @length: bytes, not 0
 * @flags: HMS_REMOTE, HMS_NO_MBIND; HMS_WHOLE, with an @address and a @length of 0: that of
 *	all addresses that have none of their own
 * Return: as hms_hbind(); 0 also when there were none.
 */
int hms_clear(struct hms *hms, const void *address, size_t length, unsigned int flags);

/**
 * hms_migrate() - move the pages of a range now; its policy stays as it is
 * @hms: the handle
 * @address: start of the range
 * @length: bytes, not 0
 * @targets: uids, most wanted first: the next one takes what the one before has no room for
 * @ntargets: how many, 1 to HMS_MAX_TARGETS
 * @flags: HMS_POPULATE, HMS_ALL_OR_NOTHING, HMS_ASYNC or HMS_COLLAPSE, HMS_REMOTE;
 *	HMS_MOVE_PAGES, with none of these but HMS_POPULATE and HMS_COLLAPSE, and not on a handle of
 *	hms_open_process()
 * @result: receives what was done, or NULL
 *
 * HMS_COLLAPSE is as for hms_bind().
 *
 * With HMS_MOVE_PAGES and one target that is a node, move_pages(2) goes first, and moves what is on
 * other nodes and mapped by this process alone; the module does the rest. That interrupts the CPUs
 * that run other threads once for many pages, where the module does so for each, and moves huge
 * pages whole where the module can't (Linux before 7.x). Small pages of a process without busy
 * threads are moved sooner without. @result->by_move_pages tells how many went that way.
 *
 * Return: as hms_hbind().
 */
int hms_migrate(struct hms *hms, const void *address, size_t length, const uint32_t *targets,
		unsigned int ntargets, unsigned int flags, struct hms_result *result);

/**
 * struct hms_job - how far a job has come: a call with HMS_ASYNC, or HMS_MOD_ASYNC in a request
 * @id: what it is known by: result->job of the call
 * @state: enum hms_job_state
 * @error: when it is done, 0 or the -errno that the call would have returned; -ECANCELED after
 *	hms_cancel(); -ESRCH when the process, or the one that asked, has gone. hms_last_error()
 *	has the reason
 * @result: what was done so far; @result.next is where the work will go on
 * @reserved: zero
 */
struct hms_job {
	uint64_t id;
	uint32_t state;
	int32_t error;
	struct hms_result result;
	uint64_t reserved[8];
};

/**
 * hms_wait() - wait for a job, or see how far it has come
 * @hms: the handle that the call was made on
 * @job: which one; 0: of those of the calling process the one that is done first
 * @timeout: how long to wait for it to be done, ns, or HMS_WAIT_FOREVER; 0: not at all
 * @status: receives how far it has come
 *
 * The policy, if one was given, is in place since the call, but with HMS_ALL_OR_NOTHING. The jobs
 * of a handle are done one after another, in their order. A job that is told to be done is
 * forgotten; those of a handle end when it is closed. hms(4) says more.
 *
 * Return: 0, whatever its state is; -ENOENT when there is no such job; -EBADF, -EINTR, -ENOMEM.
 */
int hms_wait(struct hms *hms, uint64_t job, uint64_t timeout, struct hms_job *status);

/**
 * hms_cancel() - end a job before its time
 * @hms: the handle that the call was made on
 * @job: which one
 *
 * What was done stays. hms_wait() still tells of it: that it was cancelled, or that it was done
 * before.
 *
 * Return: 0, also when it is done; -ENOENT when there is no such job; -EBADF, -ENOMEM.
 */
int hms_cancel(struct hms *hms, uint64_t job);

/**
 * hms_mremap() - mremap(2) of memory with policies, which go where it goes
 * @hms: a handle that this process has opened
 * @old: start of the memory
 * @old_length: its bytes; 0 for another mapping of shared memory, which gets no policies
 * @new_length: bytes that it is to have
 * @flags: MREMAP_MAYMOVE, MREMAP_FIXED, MREMAP_DONTUNMAP
 * @where: the address for MREMAP_FIXED
 * @moved: receives where it is now; MAP_FAILED when it was not remapped
 *
 * What is cut off loses its policies. What is added has none, unless one policy covered all of the
 * memory: then it goes on, as that of mbind(2) does. With MREMAP_DONTUNMAP the old addresses keep
 * theirs too. The destination of MREMAP_FIXED loses what it had.
 *
 * The module takes policies along by itself (hms(4)); this call goes on with them where it grows,
 * sets again what the module had no memory for, and tells what was lost. It is not one step: until
 * it returns, other threads may see the memory without its policies, and what they set there
 * meanwhile may be replaced.
 *
 * Return: 0. Errors of mremap(2), with @moved MAP_FAILED: the policies are as they were; with
 * MREMAP_FIXED the destination may be unmapped, as by mremap(2) itself. Errors of
 * hms_query_policy(), before anything is done. Errors of hms_policy() with @moved not MAP_FAILED:
 * the memory is there, but some policies are not; hms_last_error() says how many, and why.
 */
int hms_mremap(struct hms *hms, void *old, size_t old_length, size_t new_length, int flags,
	       void *where, void **moved);

/* ---- first touch ---- */

/*
 * Where does the CPU put a page that it touches first? The module has no say in it, so the calls
 * above that set a policy also set the mempolicy of the range, as mbind(2) does, if the address
 * space is one's own and all targets are nodes: HMS_MODE_BIND is MPOL_BIND, HMS_MODE_PREFERRED is
 * MPOL_PREFERRED_MANY, both with the first target as home node, and HMS_MODE_INTERLEAVE is
 * MPOL_INTERLEAVE, all with MPOL_F_STATIC_NODES. HMS_MODE_WEIGHTED has none.
 *
 * Parts of the range that are shared or have a mempolicy already are left as they are. What was set
 * is undone by hms_clear(), and when another policy comes in its place. It is known by being what
 * the policy of HMS there would make, so that any handle and any thread may undo it.
 *
 * No call fails because mempolicy can't be set: hms_first_touch() says so. With HMS_NO_MBIND it is
 * neither set nor undone. libhms(3) says more.
 */
enum hms_first_touch {
	HMS_FIRST_TOUCH_NONE	= 0,	/* not to be set, as the mode or a flag says */
	HMS_FIRST_TOUCH_SET	= 1,	/* set by mbind(2), in all of the range */
	HMS_FIRST_TOUCH_PARTLY	= 2,	/* set, but for parts that are shared or have their own */
	HMS_FIRST_TOUCH_OWN	= 3,	/* all of it is shared or has its own */
	HMS_FIRST_TOUCH_DEVICE	= 4,	/* not all targets are nodes */
	HMS_FIRST_TOUCH_MODE	= 5,	/* mempolicy has no such mode */
	HMS_FIRST_TOUCH_UNKNOWN	= 6,	/* a target is newer than what hms_scan() read */
	HMS_FIRST_TOUCH_REFUSED	= 7,	/* EPERM, as seccomp(2) says it */
	HMS_FIRST_TOUCH_CPUSET	= 8,	/* EINVAL: no node of the list is in the cpuset */
	HMS_FIRST_TOUCH_NO_NUMA	= 9,	/* ENOSYS: a kernel without NUMA */
	HMS_FIRST_TOUCH_FAILED	= 10,	/* no memory, too many mappings, or no /proc */
	HMS_FIRST_TOUCH_NR,
};

/**
 * hms_first_touch() - what became of first touch in the last call that moves or sets a policy
 * @hms: the handle
 * Return: an enum hms_first_touch; HMS_FIRST_TOUCH_NONE also after a call that failed.
 */
enum hms_first_touch hms_first_touch(const struct hms *hms);

/* Where pages go that are touched first, and why: "on the nodes of the list, by mbind(2)". */
const char *hms_first_touch_text(enum hms_first_touch touch);

/* ---- queries ---- */

/* The policy of one range. @gone: how many of its targets have been removed since. */
struct hms_policy_range {
	uint64_t start;
	uint64_t length;
	uint32_t mode;			/* enum hms_mode */
	uint32_t gone;
	uint32_t flags;			/* HMS_POLICY_INHERIT or 0 */
	uint32_t priority;		/* 0 to HMS_PRIORITY_MAX */
	size_t ntargets;
	const uint32_t *targets;
};

/*
 * Ranges with a policy, ascending. @lost: those of the address space that could not be kept.
 * @weights: for each range, those of its targets; 0 where there is none.
 */
struct hms_policy_list {
	size_t n;
	const struct hms_policy_range *ranges;
	uint64_t lost;
	const uint32_t *const *weights;
};

/* A run of pages with the same answer; @uid is 0 unless @state is HMS_RESIDENT. */
struct hms_run {
	uint64_t start;
	uint64_t length;
	uint32_t uid;
	uint32_t state;			/* enum hms_residency */
};

/* Runs, ascending. */
struct hms_run_list {
	size_t n;
	const struct hms_run *runs;
};

/**
 * hms_query_policy() - the policies in a range, cut to it; not that of HMS_WHOLE
 * @hms: the handle
 * @address: start of the range
 * @length: bytes, not 0
 * @flags: HMS_REMOTE or 0
 * @list: receives the list; free(3) frees all of it
 * Return: 0, also with an empty list; -EINVAL, -EBADF, -ESRCH, -ENOMEM, -EINTR.
 */
int hms_query_policy(struct hms *hms, const void *address, size_t length, unsigned int flags,
		     struct hms_policy_list **list);

/**
 * hms_query_common() - what holds for every page of a range: a list of one policy or none
 * @hms: the handle
 * @address: start of the range
 * @length: bytes, not 0
 * @flags: HMS_REMOTE or 0
 * @list: receives the list; free(3) frees all of it
 *
 * Where several policies cover the range it has the targets that all of them name, with the weight
 * that all of them give, and their mode, HMS_MODE_DEFAULT when they differ in that.
 *
 * Return: as hms_query_policy().
 */
int hms_query_common(struct hms *hms, const void *address, size_t length, unsigned int flags,
		     struct hms_policy_list **list);

/**
 * hms_query_whole() - the policy of HMS_WHOLE: a list of one policy, of length 0, or none
 * @hms: the handle
 * @flags: HMS_REMOTE or 0
 * @list: receives the list; free(3) frees all of it
 * Return: as hms_query_policy().
 */
int hms_query_whole(struct hms *hms, unsigned int flags, struct hms_policy_list **list);

/**
 * hms_query_residency() - where the pages of a range are now
 * @hms: the handle
 * @address: start of the range
 * @length: bytes, not 0
 * @flags: HMS_REMOTE or 0
 * @list: receives the list; free(3) frees all of it
 *
 * Addresses without a mapping are HMS_ABSENT.
 *
 * Return: as hms_query_policy().
 */
int hms_query_residency(struct hms *hms, const void *address, size_t length, unsigned int flags,
			struct hms_run_list **list);

/**
 * hms_query_stats() - what was done to the address space
 * @hms: the handle
 * @flags: HMS_REMOTE or 0
 * @stats: receives the numbers
 * @size: its size, as the caller was built: what an older module does not have is 0
 * Return: as hms_query_policy().
 */
int hms_query_stats(struct hms *hms, unsigned int flags, struct hms_process_stats *stats,
		    size_t size);

/* Bytes of a list that have this state, and with HMS_RESIDENT this uid. */
uint64_t hms_run_bytes(const struct hms_run_list *list, enum hms_residency state, uint32_t uid);

#ifdef __cplusplus
}
#endif

#endif /* HMS_HMS_H */
