/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * HMS: one interface to all memory of a heterogeneous machine.
 *
 * A descriptor of /dev/hms acts on the address space of the process that opened it. Four requests
 * exist: HMS_INFO, HMS_HBIND, HMS_QUERY and HMS_WAIT. Each takes a struct that begins with @size
 * and @version:
 *
 * size		sizeof() the struct as the caller was built. A shorter (older) struct is filled up
 *		with zeros; below HMS_*_SIZE_1 it is EINVAL. A longer (newer) one, up to a page, is
 *		accepted when all that this module does not know is zero, else the call fails with
 *		E2BIG. It alone versions the struct.
 * version	the highest object version that the caller understands (HMS_VERSION_*). 0 is
 *		EINVAL, any other value is accepted. Naming a target of a higher version fails.
 *
 * Structs have the same layout for 32-bit callers. Fields named reserved must be zero. Fields
 * marked "out" are written by the module and ignored on the way in. A call that fails with
 * anything but EINTR has changed nothing; HMS_HBIND says in @error_* which entry was at fault.
 * There are two exceptions: EFAULT when the program takes the memory for the answer away during the
 * call; and all-or-nothing, which may have had pages of others leave a full device before it fails.
 */
#ifndef _UAPI_LINUX_HMS_H
#define _UAPI_LINUX_HMS_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define HMS_API_VERSION		1

/* Object versions: what a program must understand to use an object. */
#define HMS_VERSION_ORDINARY	1	/* ordinary memory: CPU-accessible and cache-coherent */
#define HMS_VERSION_DEVICE	2	/* not both of these; always an explicit choice */

/* The map: what its objects are, how sysfs, netlink and libhms say it. */
enum hms_type {
	HMS_TARGET		= 0,	/* memory that can hold pages */
	HMS_INITIATOR		= 1,	/* what can access memory */
	HMS_LINK		= 2,	/* connects initiators and targets */
	HMS_BRIDGE		= 3,	/* lets some initiators cross from one link to another */
};

/* Properties of a target. */
#define HMS_PROP_CPU_ACCESSIBLE	0x1	/* the CPU can load from it */
#define HMS_PROP_COHERENT	0x2	/* in cache coherence with the CPU */
#define HMS_PROP_DEVICE_PRIVATE	0x4	/* its pages come home when a CPU touches them */
#define HMS_PROP_PERSISTENT	0x8	/* keeps its contents without power */
#define HMS_PROP_DESCRIBED	0x10	/* only described: holds no pages */

/* What is known of a link or a bridge; bandwidth in MB/s (10^6 bytes), latency in ns. */
enum hms_attribute {
	HMS_READ_BANDWIDTH	= 0,
	HMS_WRITE_BANDWIDTH	= 1,
	HMS_READ_LATENCY	= 2,
	HMS_WRITE_LATENCY	= 3,
	HMS_ATTRIBUTES,
};

/* Who says so. */
enum hms_source {
	HMS_SOURCE_UNKNOWN	= 0,	/* nobody: there is no value */
	HMS_SOURCE_FIRMWARE	= 1,	/* the tables of the firmware: ACPI HMAT */
	HMS_SOURCE_ESTIMATED	= 2,	/* made up from the distance of nodes: good for an order */
	HMS_SOURCE_MEASURED	= 3,	/* measured on this machine */
	HMS_SOURCE_USER		= 4,	/* an administrator */
	HMS_SOURCE_DRIVER	= 5,	/* the driver of a device */
};

/**
 * struct hms_value - a bandwidth or a latency
 * @value: the number, 0 when it is not known
 * @source: enum hms_source
 */
struct hms_value {
	__u32 value;
	__u32 source;
};

/**
 * struct hms_cache - a cache in front of the memory of a target
 * @size: bytes
 * @level: 1 is the nearest to the memory
 * @line_size: bytes
 * @indexing: 0 direct-mapped, 1 indexed, 2 other
 * @write_policy: 0 write-back, 1 write-through, 2 other
 *
 * Numbers as in /sys/devices/system/node/nodeN/memory_side_cache.
 */
struct hms_cache {
	__aligned_u64 size;
	__u32 level;
	__u32 line_size;
	__u32 indexing;
	__u32 write_policy;
};

/* Limits of one request. */
#define HMS_MAX_TARGETS		64
#define HMS_MAX_MODIFIERS	32
#define HMS_MAX_WEIGHT		255
#define HMS_PRIORITY_DEFAULT	3	/* of who asks for none */
#define HMS_PRIORITY_MAX	7
#define HMS_ALL_OR_NOTHING_MAX	(64ULL << 20)	/* bytes */

/**
 * struct hms_modifier - changes what a request does
 * @key: one of enum hms_modifier_key; each key at most once in a request
 * @flags: must be zero
 * @value: see the key
 */
struct hms_modifier {
	__u32 key;
	__u32 flags;
	__aligned_u64 value;
};

/**
 * enum hms_modifier_key - what a modifier changes
 * @HMS_MOD_MODE: store a policy for the range (enum hms_mode); without it the policy stays as it is
 * @HMS_MOD_WEIGHT: pointer to a weight for each target (__u32), 1 to HMS_MAX_WEIGHT; given with
 *	HMS_MODE_WEIGHTED and only with that
 * @HMS_MOD_MIGRATE: enum hms_migrate: move the pages that exist now
 * @HMS_MOD_POPULATE: 1: allocate the missing pages of anonymous memory on the targets now
 * @HMS_MOD_LAZY: 1: place the missing pages of anonymous memory when they are first touched, by
 *	placeholders; with HMS_MOD_MODE, and not with populate. See hms(4) for what they cost
 * @HMS_MOD_ALL_OR_NOTHING: 1: move all pages of the range or none; at most HMS_ALL_OR_NOTHING_MAX
 *	bytes
 * @HMS_MOD_INITIATOR: uid of an initiator that must reach every target now, over links and over
 *	bridges that it may cross; a condition for the request, and no part of the policy
 * @HMS_MOD_INHERIT: 1: a child gets a copy of the policy at fork(2), and so do its children; with a
 *	mode other than HMS_MODE_DEFAULT
 * @HMS_MOD_PRIORITY: 0 to HMS_PRIORITY_MAX: where a device has no room, pages of a lower priority
 *	leave it for those of a higher one, and of the same those that were placed there, that a
 *	request found there, or that the device faulted on, the longest ago; with a mode other
 *	than HMS_MODE_DEFAULT. More than HMS_PRIORITY_DEFAULT, which pages without a policy have
 *	too, wants CAP_SYS_NICE
 * @HMS_MOD_ASYNC: an eventfd(2) that is signalled when the work is done, or HMS_NO_EVENTFD: the
 *	call does not wait for the work on the pages, which becomes a job, see struct hms_wait
 *
 * HMS_INFO tells which of them this module has; others fail with EINVAL, as values do that it does
 * not know. What does not work on this kernel fails with EOPNOTSUPP.
 */
enum hms_modifier_key {
	HMS_MOD_MODE		= 1,
	HMS_MOD_WEIGHT		= 2,
	HMS_MOD_MIGRATE		= 3,
	HMS_MOD_POPULATE	= 4,
	HMS_MOD_LAZY		= 5,
	HMS_MOD_ALL_OR_NOTHING	= 6,
	HMS_MOD_INITIATOR	= 7,
	HMS_MOD_INHERIT		= 8,
	HMS_MOD_PRIORITY	= 9,
	HMS_MOD_ASYNC		= 10,
};

#define HMS_NO_EVENTFD		0xffffffffU

/**
 * enum hms_mode - what a policy asks for
 * @HMS_MODE_DEFAULT: no policy; takes no targets
 * @HMS_MODE_BIND: only these targets, in this order, then fail
 * @HMS_MODE_PREFERRED: these targets, in this order, then any memory
 * @HMS_MODE_INTERLEAVE: page by page over the targets: the page at address A belongs to target
 *	(A / page size) modulo @ntargets of the list
 * @HMS_MODE_WEIGHTED: the same, with as many pages in a row for a target as its weight is: of all
 *	pages from address 0 on the first go to the first target, and after the last it is its turn
 *	again
 *
 * In the last two, a page for which its own target has no room goes to the next one in the list
 * that has, and after the last to the first; if it exists on another target of the list, only to
 * one before that. A large page that moves in one piece counts as one, by its address in pages of
 * its size; in pieces, each goes where it belongs by itself.
 */
enum hms_mode {
	HMS_MODE_DEFAULT	= 0,
	HMS_MODE_BIND		= 1,
	HMS_MODE_PREFERRED	= 2,
	HMS_MODE_INTERLEAVE	= 3,
	HMS_MODE_WEIGHTED	= 4,
};

enum hms_migrate {
	HMS_MIGRATE_NONE	= 0,
	HMS_MIGRATE_NOW		= 1,
};

/**
 * enum hms_skip - why a page is not where it was asked to be; index into hms_hbind.skipped[]
 * @HMS_SKIP_BUSY: pinned, locked by somebody else, or changed while it was to be moved
 * @HMS_SKIP_SHARED: other processes map it, and the caller has no CAP_SYS_NICE
 * @HMS_SKIP_FILE: file memory; nodes take anonymous and shmem pages, devices anonymous ones
 * @HMS_SKIP_SPECIAL: hugetlb, device mappings, DAX, pages on devices that HMS does not know; for a
 *	device also KSM pages and memory locked by mlock()
 * @HMS_SKIP_ABSENT: no page here (and populate was not asked or is not possible)
 * @HMS_SKIP_NOMEM: no target had room; in the modes that go page by page also: it is on another
 *	target of the list, and none before that had room
 * @HMS_SKIP_UNREACHABLE: no target of the list, or none before the one it is on, can be used by
 *	this caller (cpuset, removed, offline)
 * @HMS_SKIP_LARGE: part of a large page that this kernel does not split
 * @HMS_SKIP_COPY: the device failed to copy it, and the page stays whole where it was; or the
 *	device has lost it, and a touch is SIGBUS
 * @HMS_SKIP_ELSEWHERE: it exists where it does not belong (on no target of the list, or in the
 *	modes that go page by page not on its own), and migrate was not asked
 * @HMS_SKIP_LIMIT: no placeholder: the user or the cgroup has no more room for them
 */
enum hms_skip {
	HMS_SKIP_BUSY		= 0,
	HMS_SKIP_SHARED		= 1,
	HMS_SKIP_FILE		= 2,
	HMS_SKIP_SPECIAL	= 3,
	HMS_SKIP_ABSENT		= 4,
	HMS_SKIP_NOMEM		= 5,
	HMS_SKIP_UNREACHABLE	= 6,
	HMS_SKIP_LARGE		= 7,
	HMS_SKIP_COPY		= 8,
	HMS_SKIP_ELSEWHERE	= 9,
	HMS_SKIP_LIMIT		= 10,
	/* private: */
	HMS_SKIP_NR,
};

#define HMS_SKIP_SLOTS		16	/* room to grow */

/* Which part of a request is at fault. */
enum hms_error_where {
	HMS_ERROR_NONE		= 0,
	HMS_ERROR_FIELD		= 1,	/* @error_index: offset of the field in its struct */
	HMS_ERROR_TARGET	= 2,	/* @error_index: index into the targets */
	HMS_ERROR_MODIFIER	= 3,	/* @error_index: index into the modifiers */
	HMS_ERROR_RANGE		= 4,	/* the address range */
};

/* Why. libhms has a text for each. */
enum hms_error_why {
	HMS_WHY_NONE		= 0,
	HMS_WHY_RESERVED	= 1,	/* a reserved field is not zero */
	HMS_WHY_FLAG		= 2,	/* unknown flag bit */
	HMS_WHY_VERSION		= 3,	/* version 0, or a target above the caller's version */
	HMS_WHY_UNALIGNED	= 4,	/* not a multiple of the page size */
	HMS_WHY_EMPTY		= 5,	/* length 0, or nothing to do */
	HMS_WHY_OVERFLOW	= 6,	/* beyond the address space */
	HMS_WHY_UNMAPPED	= 7,	/* the range has addresses without a mapping */
	HMS_WHY_COUNT		= 8,	/* too many, or too few for what is asked */
	HMS_WHY_POINTER		= 9,	/* memory that can't be read or written */
	HMS_WHY_UNKNOWN		= 10,	/* no such key, or no target with this uid */
	HMS_WHY_DUPLICATE	= 11,	/* named twice */
	HMS_WHY_VALUE		= 12,	/* out of range for this key */
	HMS_WHY_UNSUPPORTED	= 13,	/* known, but not in this module or on this kernel */
	HMS_WHY_COMBINATION	= 14,	/* does not go with another modifier of the request */
	HMS_WHY_NOT_A_TARGET	= 15,	/* the uid is that of a link, an initiator ... */
	HMS_WHY_GONE		= 16,	/* the target has been removed */
	HMS_WHY_INSTANCE	= 17,	/* the uid is from before a reload of the module */
	HMS_WHY_TOO_LARGE	= 18,	/* more than a limit allows */
	HMS_WHY_INCOMPLETE	= 19,	/* all-or-nothing: not every page could be moved */
	HMS_WHY_DESCRIBED	= 20,	/* the target is of a machine that is only described */
	HMS_WHY_NO_WEIGHTS	= 21,	/* this mode needs weights */
	HMS_WHY_WEIGHT		= 22,	/* the weight of the target is not 1 to HMS_MAX_WEIGHT */
	HMS_WHY_NOT_AN_INITIATOR = 23,	/* the uid is that of a target, a link ... */
	HMS_WHY_UNREACHABLE	= 24,	/* the initiator does not reach the target */
	HMS_WHY_PERMISSION	= 25,	/* a capability is missing */
	HMS_WHY_NOT_AN_EVENTFD	= 26,	/* the descriptor is none, or of something else */
};

#define HMS_REMOTE	0x1	/* act on the opener's address space from another one */
#define HMS_WHOLE	0x2	/* about the policy of all addresses that have none of their own */
/* 0xffff0000 is for what libraries tell themselves: it will never mean anything to the module. */

/**
 * struct hms_target_count - what one target of a request received
 * @uid: out: the target
 * @reserved: out: zero
 * @moved: out: pages that were moved there
 * @populated: out: pages that were allocated there
 * @present: out: pages that were there already
 */
struct hms_target_count {
	__u32 uid;
	__u32 reserved;
	__aligned_u64 moved;
	__aligned_u64 populated;
	__aligned_u64 present;
};

/**
 * struct hms_hbind - set the policy of a range, migrate it, populate it
 * @size: see the top of this file
 * @version: see the top of this file
 * @instance: instance id of HMS_INFO that the uids come from, or 0 for whatever is loaded
 * @start: first address, a multiple of the page size
 * @length: bytes, a multiple of the page size, not 0; with HMS_WHOLE both are 0
 * @targets: pointer to @ntargets uids (__u32), most wanted first, each at most once
 * @modifiers: pointer to @nmodifiers struct hms_modifier
 * @target_counts: pointer to @ntargets struct hms_target_count that receive the counts, or 0; with
 *	HMS_MOD_ASYNC 0, as HMS_WAIT tells them
 * @ntargets: at most HMS_MAX_TARGETS
 * @nmodifiers: 1 to HMS_MAX_MODIFIERS
 * @flags: HMS_REMOTE, HMS_WHOLE, or 0
 * @error_where: out: enum hms_error_where
 * @error_index: out: which one
 * @error_why: out: enum hms_error_why
 * @pages: out: pages in the range that were looked at
 * @moved: out: pages moved to a target
 * @present: out: pages that were on the right target already; in the modes that go page by page
 *	that is the one a page belongs to
 * @populated: out: missing pages that were allocated
 * @bytes_copied: out: bytes copied or cleared
 * @first_skipped: out: address of the first page that was skipped, or ~0
 * @next: out: where the work on pages ended: start + length, unless the call was interrupted, or
 *	was about policy alone
 * @skipped: out: pages that were skipped, by enum hms_skip
 * @lazy: out: missing pages that a placeholder stands for, from this request or one before
 * @job: out: with HMS_MOD_ASYNC what HMS_WAIT knows it by, else 0; an older module has no such
 *	field
 *
 * Counted pages: pages = moved + present + populated + lazy + the sum of skipped[]. Pages that were
 * skipped do not make the call fail. With EINTR the counts (@target_counts too) say what was done
 * up to @next; if that is past @start, the policy, if one was given, is in place, else nothing
 * has changed.
 *
 * With HMS_WHOLE the policy is that of the whole address space, for the addresses that are in no
 * range with a policy, mapped now or later. It is one, not a range: it is not split, carried or
 * lost with mappings, and stays until it is cleared in the same way. Modifiers that work on pages
 * are refused.
 *
 * All-or-nothing is about pages: a hole is none, and stays one unless populate fills it. Of what is
 * missing in the page tables for a file nobody can tell whether it is a hole: it is taken for one
 * in a shared mapping, and for a page that can't move in a private one that was written to. A
 * page that is lost after all could move (its copy in swap is shared, a cgroup is full) is
 * counted as busy.
 *
 * Errors: E2BIG, EINVAL, EFAULT as above; EINVAL also for a key or value that this module does not
 * know; EFAULT also for a range with unmapped addresses; EBADF from another address space without
 * HMS_REMOTE; ESRCH when the opener's address space is gone; ENOENT for a uid that names no object,
 * ENODEV for one that has been removed, of a target or an initiator; ESTALE for another instance;
 * EOPNOTSUPP for a key that does not work on this kernel, for a target that is only described, and
 * for all-or-nothing over more than HMS_ALL_OR_NOTHING_MAX; ENOSPC when the address space has too
 * many ranges; EBUSY when all-or-nothing found a page that can't move; EPERM for a priority that
 * wants a capability; EAGAIN when the user has too many jobs; ENOMEM; EINTR.
 */
struct hms_hbind {
	__u32 size;
	__u32 version;
	__aligned_u64 instance;
	__aligned_u64 start;
	__aligned_u64 length;
	__aligned_u64 targets;
	__aligned_u64 modifiers;
	__aligned_u64 target_counts;
	__u32 ntargets;
	__u32 nmodifiers;
	__u32 flags;
	__u32 error_where;
	__u32 error_index;
	__u32 error_why;
	__aligned_u64 pages;
	__aligned_u64 moved;
	__aligned_u64 present;
	__aligned_u64 populated;
	__aligned_u64 bytes_copied;
	__aligned_u64 first_skipped;
	__aligned_u64 next;
	__aligned_u64 skipped[HMS_SKIP_SLOTS];
	__aligned_u64 lazy;
	__aligned_u64 job;
};

/* Bytes of the first that was published; a shorter one is refused. */
#define HMS_HBIND_SIZE_1	264

/* State of a job. */
enum hms_job_state {
	HMS_JOB_QUEUED	= 0,	/* those before it are not done */
	HMS_JOB_RUNNING	= 1,
	HMS_JOB_DONE	= 2,	/* or failed, or cancelled */
};

#define HMS_CANCEL		0x4	/* end it; what was done stays, and is still to be told */
#define HMS_WAIT_FOREVER	(~0ULL)

/**
 * struct hms_wait - look at a job, wait for it, cancel it
 * @size: see the top of this file
 * @version: see the top of this file
 * @job: in: which one, or 0: of those that the caller has asked for by this descriptor the one that
 *	is done first; out: which
 * @timeout: how long to wait for it to be done, ns, or HMS_WAIT_FOREVER; 0: not at all. It is as
 *	exact as the clock tick
 * @result: pointer to room for a struct hms_hbind of @result_size bytes, or 0
 * @target_counts: pointer to room for @ntargets struct hms_target_count, or 0
 * @flags: HMS_REMOTE, HMS_CANCEL (with a @job, and no @timeout), or 0
 * @result_size: in: bytes of @result as the caller was built, HMS_HBIND_SIZE_1 to 4096, or EINVAL;
 *	out: as this module has it. The result is cut or filled with zeros to what the caller asked
 *	for
 * @ntargets: in: room; out: how many targets the job has
 * @state: out: enum hms_job_state
 * @error: out: when it is done, 0 or the errno that it ended with
 * @reserved: must be zero
 *
 * A job is what HMS_HBIND with HMS_MOD_ASYNC leaves to be done: the work on pages. All that is
 * wrong with a request is found by that call, which also sets the policy, if one is given, but for
 * all-or-nothing. Capabilities and the nodes that the caller may use are those it had then, and
 * device memory is charged to its cgroup. The jobs of a descriptor are done one after another, in
 * their order; those of others at the same time.
 *
 * @result and @target_counts tell how far it has come, and when it is done what HMS_HBIND would
 * have told. A job that was told to be done, but not by HMS_CANCEL, is forgotten; until then it
 * counts for what a user may have (the module's parameter jobs_max). One that is cancelled ends,
 * before its next 512 pages, or 1024 where a device copies by itself, with ECANCELED; ESRCH: the
 * process has gone, or the one that asked; else @error is as of HMS_HBIND. All-or-nothing can be
 * cancelled until it begins. Jobs end when their descriptor is closed for the last time: they are
 * cancelled, and their eventfds signalled.
 *
 * It succeeds whatever the state is. Errors: E2BIG, EINVAL, EFAULT (then the job is not forgotten),
 * EBADF as in HMS_HBIND; ENOENT when there is no such job, or none; EINTR; ENOMEM.
 */
struct hms_wait {
	__u32 size;
	__u32 version;
	__aligned_u64 job;
	__aligned_u64 timeout;
	__aligned_u64 result;
	__aligned_u64 target_counts;
	__u32 flags;
	__u32 result_size;
	__u32 ntargets;
	__u32 state;
	__u32 error;
	__u32 reserved;
};

/* Bytes of the first that was published; a shorter one is refused. */
#define HMS_WAIT_SIZE_1		64

/* What a query is about. */
enum hms_query_what {
	HMS_QUERY_POLICY	= 1,	/* its policies, a struct hms_policy_entry each */
	HMS_QUERY_COMMON	= 2,	/* what holds for all of it: one of these, or none */
	HMS_QUERY_RESIDENCY	= 3,	/* its pages, a struct hms_residency_entry a run */
	HMS_QUERY_STATS		= 4,	/* no range: a struct hms_process_stats of all of it */
	HMS_QUERY_WHOLE		= 5,	/* no range: that of HMS_WHOLE, as for HMS_QUERY_COMMON */
};

#define HMS_POLICY_INHERIT	0x1	/* it was set with HMS_MOD_INHERIT */

/**
 * struct hms_policy_entry - one policy range
 * @start: first address; 0 for what has no range
 * @length: bytes; 0 for what has no range
 * @mode: enum hms_mode
 * @ntargets: how many uids, from @first_target of the uid array on
 * @first_target: index into the uid array of the query
 * @gone: how many of these targets have been removed since
 * @flags: HMS_POLICY_INHERIT, or 0
 * @priority: of its pages where a device is full, see HMS_MOD_PRIORITY
 */
struct hms_policy_entry {
	__aligned_u64 start;
	__aligned_u64 length;
	__u32 mode;
	__u32 ntargets;
	__u32 first_target;
	__u32 gone;
	__u32 flags;
	__u32 priority;
};

/* State of a run of pages. */
enum hms_residency {
	HMS_ABSENT	= 0,	/* never touched, swapped out, or hugetlb on its way */
	HMS_RESIDENT	= 1,	/* on the target @uid; on its way it is where it was */
	HMS_UNKNOWN	= 2,	/* a device mapping, memory of no target */
};

/**
 * struct hms_residency_entry - a run of pages with the same answer
 * @start: first address
 * @length: bytes
 * @uid: the target, 0 unless HMS_RESIDENT
 * @state: enum hms_residency
 */
struct hms_residency_entry {
	__aligned_u64 start;
	__aligned_u64 length;
	__u32 uid;
	__u32 state;
};

/**
 * struct hms_process_stats - what was done to an address space
 * @ranges: policy ranges that it has now
 * @moved: pages that were moved, for requests, whoever asked, and for devices that touched them
 * @populated: missing pages that were allocated for the same, and for the touch of what waited
 * @home: pages that came home because a CPU touched them, or a device that may not write there
 * @home_elsewhere: pages that came home, were evacuated, or were allocated when touched, elsewhere
 *	than their policy wants
 * @evacuated: pages that came home because their target went, or went offline
 * @evicted: pages that left a target because others, or its driver, needed the room, as far as it
 *	is known whose they are
 *
 * Counted since the first request about it, and forgotten when it has neither a policy nor an open
 * descriptor that was used.
 */
struct hms_process_stats {
	__aligned_u64 ranges;
	__aligned_u64 moved;
	__aligned_u64 populated;
	__aligned_u64 home;
	__aligned_u64 home_elsewhere;
	__aligned_u64 evacuated;
	__aligned_u64 evicted;
};

/**
 * struct hms_query - ask about a range
 * @size: see the top of this file
 * @version: see the top of this file; objects above it are reported like memory of no target
 * @instance: as in struct hms_hbind
 * @start: first address, a multiple of the page size; 0 for what has no range
 * @length: bytes, a multiple of the page size, not 0; 0 for what has no range
 * @entries: pointer to room for @nentries entries of @entry_size bytes, or 0
 * @uids: pointer to room for @nuids uids (__u32), or 0; used by the policy queries
 * @what: enum hms_query_what
 * @flags: HMS_REMOTE or 0
 * @nentries: in: room; out: how many the answer has
 * @entry_size: in: bytes an entry as the caller was built; out: bytes an entry has in this
 *	module. An entry is cut or filled with zeros to what the caller asked for.
 * @nuids: in: room; out: how many the answer has
 * @pid: 0, or a process, as the caller's pid namespace knows it: when that does not have the
 *	address space of the descriptor, the call fails with EBADF. A descriptor in the table of a
 *	process may have come from another one. The caller sees to it that the pid is not reused
 *	meanwhile, by a pidfd
 * @lost: out: policy ranges of this address space that could not be kept, or not be inherited
 * @weights: pointer to room for @nuids weights (__u32), one for each uid, or 0; an older module has
 *	no such field. A weight is 0 where there is none
 *
 * With too little room the call fails with ENOSPC; the out fields say how much is needed, so a call
 * without room asks for the sizes, and what room there is has been written to. An answer without
 * entries succeeds with any room. Other errors as in HMS_HBIND. Addresses without a mapping are
 * HMS_ABSENT, not an error. HMS_QUERY_COMMON: the targets that all policies of the range name, in
 * the order of the first, whatever their modes; HMS_MODE_DEFAULT when these differ; a weight where
 * all give a target the same; HMS_POLICY_INHERIT when all have it; the lowest priority; no entry
 * when an address has no policy; HMS_WHOLE counts where no range has one. EINTR: interrupted, no
 * answer.
 */
struct hms_query {
	__u32 size;
	__u32 version;
	__aligned_u64 instance;
	__aligned_u64 start;
	__aligned_u64 length;
	__aligned_u64 entries;
	__aligned_u64 uids;
	__u32 what;
	__u32 flags;
	__u32 nentries;
	__u32 entry_size;
	__u32 nuids;
	__u32 pid;
	__aligned_u64 lost;
	__aligned_u64 weights;
};

/* Bytes of the first that was published; a shorter one is refused. */
#define HMS_QUERY_SIZE_1	80

/**
 * struct hms_key_info - one modifier key, as this module has it
 * @key: enum hms_modifier_key
 * @since: API version that has it, 0 when this module does not do it yet
 * @min: smallest value
 * @max: greatest value
 * @name: its name, as hmsctl spells it
 * @text: what it does, a line
 */
struct hms_key_info {
	__u32 key;
	__u32 since;
	__aligned_u64 min;
	__aligned_u64 max;
	char name[24];
	char text[96];
};

/**
 * enum hms_feature_kind - what a struct hms_feature_info tells of
 * @HMS_FEATURE: something that programs can use
 * @HMS_FEATURE_INTERFACE: an interface of the kernel, for which the module has another way where it
 *	is missing; found when the module was built
 */
enum hms_feature_kind {
	HMS_FEATURE		= 0,
	HMS_FEATURE_INTERFACE	= 1,
};

/**
 * struct hms_feature_info - something that depends on the kernel
 * @live: 1 when it works here
 * @kind: enum hms_feature_kind
 * @name: its name
 * @reason: of a feature: why it does not work, empty when it does; of an interface: what it is
 */
struct hms_feature_info {
	__u32 live;
	__u32 kind;
	char name[24];
	char reason[96];
};

/**
 * struct hms_info - what this module is and can do
 * @size: see the top of this file
 * @version: see the top of this file
 * @instance: out: id of this load of the module; uids are unique within it
 * @keys: pointer to room for @nkeys struct hms_key_info, or 0
 * @features: pointer to room for @nfeatures struct hms_feature_info, or 0
 * @nkeys: in: room; out: how many there are
 * @key_size: in: bytes an element as the caller was built; out: as this module has it
 * @nfeatures: in: room; out: how many there are
 * @feature_size: in: bytes an element as the caller was built; out: as this module has it
 * @api_version: out: HMS_API_VERSION of the module
 * @object_version: out: the highest object version that it has
 * @max_targets: out: targets a request
 * @max_modifiers: out: modifiers a request
 * @max_ranges: out: policy ranges an address space
 * @all_or_nothing_max: out: bytes
 * @module_version: out: version of the module, a string
 *
 * Fails with ENOSPC when there is some room, but not enough; without room it tells the sizes.
 */
struct hms_info {
	__u32 size;
	__u32 version;
	__aligned_u64 instance;
	__aligned_u64 keys;
	__aligned_u64 features;
	__u32 nkeys;
	__u32 key_size;
	__u32 nfeatures;
	__u32 feature_size;
	__u32 api_version;
	__u32 object_version;
	__u32 max_targets;
	__u32 max_modifiers;
	__aligned_u64 max_ranges;
	__aligned_u64 all_or_nothing_max;
	char module_version[32];
};

/* Bytes of the first that was published; a shorter one is refused. */
#define HMS_INFO_SIZE_1		112

/**
 * enum hms_notice_kind - what a notice is about
 * @HMS_NOTICE_REQUEST: HMS_HBIND worked on pages, even if none moved
 * @HMS_NOTICE_EVACUATED: a target goes, or goes offline, and pages of it came home
 * @HMS_NOTICE_EVICTED: a target was full, and pages of it made room for others, or for its driver
 *
 * There may be more; a program ignores those that it does not know.
 */
enum hms_notice_kind {
	HMS_NOTICE_REQUEST	= 0,
	HMS_NOTICE_EVACUATED	= 1,
	HMS_NOTICE_EVICTED	= 2,
};

/**
 * struct hms_notice - what read() of a descriptor of /dev/hms tells: what was done to its memory
 * @size: bytes from this notice to the next one: a later module may tell more
 * @pid: process that asked, which is another one for a request with HMS_REMOTE, as it is known in
 *	the pid namespace of who first read or polled; 0: it is not known there, or nobody asked
 * @instance: as in struct hms_info
 * @generation: of the map
 * @start: first address of the range
 * @length: bytes of it
 * @pages: pages that were looked at
 * @moved: pages that were moved
 * @populated: missing pages that were allocated
 * @skipped: pages that are not where they were asked to be
 * @lost: notices before this one that there was no room for: 64 are kept
 * @kind: enum hms_notice_kind
 * @target: HMS_NOTICE_EVACUATED, HMS_NOTICE_EVICTED: uid of the target that the pages were on; else
 *	0
 *
 * A descriptor that is read or polled for the first time tells what happens from then on, to the
 * address space that it stands for. read() returns as many as fit, and waits for one unless the
 * descriptor is O_NONBLOCK; poll() says when there is one. In 4096 bytes there will always be room
 * for one. EINVAL: no room for one; EAGAIN: none, with O_NONBLOCK; EFAULT; EINTR; EBADF from
 * another address space; ESRCH, ENOMEM.
 *
 * HMS_NOTICE_EVACUATED: the range goes from the first page that came home to the last; pages
 * between them may have been elsewhere. @pages and @moved are those that came home; what can't do
 * so yet is tried again, with a notice of its own. A target that goes has left the map before; all
 * notices are there when its driver is gone, or its file "offline" was written. A page that
 * processes share since fork(2) moves once, and one of them hears of it; or none, if it is evicted
 * while they are busy changing their mappings. A touch by the CPU, or by a device, is no notice.
 */
struct hms_notice {
	__u32 size;
	__u32 pid;
	__aligned_u64 instance;
	__aligned_u64 generation;
	__aligned_u64 start;
	__aligned_u64 length;
	__aligned_u64 pages;
	__aligned_u64 moved;
	__aligned_u64 populated;
	__aligned_u64 skipped;
	__aligned_u64 lost;
	__u32 kind;
	__u32 target;
};

/* The size of a request is in the struct, not in its number, so that structs can grow. */
#define HMS_IOCTL_BASE		'H'
#define HMS_INFO		_IO(HMS_IOCTL_BASE, 0xc0)
#define HMS_HBIND		_IO(HMS_IOCTL_BASE, 0xc1)
#define HMS_QUERY		_IO(HMS_IOCTL_BASE, 0xc2)
#define HMS_WAIT		_IO(HMS_IOCTL_BASE, 0xc3)

#endif /* _UAPI_LINUX_HMS_H */
