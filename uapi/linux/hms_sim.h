/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What an emulated accelerator of hms_sim does for a program: device-side memory operations.
 *
 * /dev/hms_simN is accelerator N. A descriptor is a context on it, bound to the address space of
 * the process that opened it; from another one every request fails with EBADF. Addresses are
 * those of the process. The device reaches memory through its own page table only: its own memory
 * directly, all other memory through the mirror. Requests follow the rules of linux/hms.h for
 * @size.
 *
 * /dev/hms_sim, for root, puts machines that are only described into the map.
 */
#ifndef _UAPI_LINUX_HMS_SIM_H
#define _UAPI_LINUX_HMS_SIM_H

#include <linux/ioctl.h>
#include <linux/types.h>
#include <linux/hms.h>

/* The device tells which pages of its own memory it uses, not only that it comes to them. */
#define HMS_SIM_TELL	0x1

/**
 * struct hms_sim_op - read, write, fill, sum or add at an address, by the device
 * @size: sizeof(struct hms_sim_op)
 * @flags: HMS_SIM_TELL, or zero
 * @address: where the device works
 * @length: bytes; a multiple of 8 for HMS_SIM_FILL and HMS_SIM_SUM
 * @buffer: HMS_SIM_READ: receives @length bytes; HMS_SIM_WRITE: holds them
 * @value: in: HMS_SIM_FILL: every 64-bit word is set to it; HMS_SIM_ADD: is added to the 64-bit
 *	word at @address. out: HMS_SIM_SUM: sum of the 64-bit words; HMS_SIM_ADD: the word before
 * @done: out: bytes worked on; less than @length only with an error
 * @local: out: pages found in this device's own memory
 * @remote: out: pages reached elsewhere
 * @faults: out: device page faults
 *
 * Addresses are multiples of 8 for HMS_SIM_FILL, HMS_SIM_SUM and HMS_SIM_ADD. Errors: EINVAL;
 * EFAULT for an address without memory, EPERM for a write to a read-only one; EHWPOISON or EFAULT
 * for what a device has lost; EINTR; ENOMEM; EIO; EBUSY when a page would not keep still for ten
 * seconds. @done, @local, @remote and @faults are written with an error too.
 */
struct hms_sim_op {
	__u32 size;
	__u32 flags;
	__aligned_u64 address;
	__aligned_u64 length;
	__aligned_u64 buffer;
	__aligned_u64 value;
	__aligned_u64 done;
	__aligned_u64 local;
	__aligned_u64 remote;
	__aligned_u64 faults;
};

#define HMS_SIM_MAX_LINKS	8

/**
 * struct hms_sim_walk - follow the pointers of a linked structure, by the device
 * @size: sizeof(struct hms_sim_walk)
 * @flags: must be zero
 * @root: address of the first node; 0 is an empty structure
 * @max_nodes: stop with ELOOP when the structure has more
 * @node_size: bytes of a node, at most 4096
 * @value_offset: where in a node the 64-bit value is
 * @nlinks: how many pointers a node has, 1 to HMS_SIM_MAX_LINKS
 * @reserved: must be zero
 * @link_offset: where in a node they are; a pointer of 0 ends the branch
 * @sum: out: sum of all values
 * @nodes: out: nodes visited
 * @local: out: nodes found in this device's own memory
 * @remote: out: nodes reached elsewhere
 * @faults: out: device page faults
 *
 * Errors as in struct hms_sim_op, ELOOP, and ENOSPC when more branches are open than the device has
 * stack for (1,048,576).
 */
struct hms_sim_walk {
	__u32 size;
	__u32 flags;
	__aligned_u64 root;
	__aligned_u64 max_nodes;
	__u32 node_size;
	__u32 value_offset;
	__u32 nlinks;
	__u32 reserved;
	__u32 link_offset[HMS_SIM_MAX_LINKS];
	__aligned_u64 sum;
	__aligned_u64 nodes;
	__aligned_u64 local;
	__aligned_u64 remote;
	__aligned_u64 faults;
};

/**
 * struct hms_sim_info - which accelerator this is
 * @size: sizeof(struct hms_sim_info)
 * @flags: must be zero
 * @target: out: uid of its memory
 * @initiator: out: uid of the accelerator as an initiator
 * @link: out: uid of the link between them
 * @reserved: out: zero
 * @memory: out: bytes of its memory
 * @used: out: bytes of it in use
 */
struct hms_sim_info {
	__u32 size;
	__u32 flags;
	__u32 target;
	__u32 initiator;
	__u32 link;
	__u32 reserved;
	__aligned_u64 memory;
	__aligned_u64 used;
};

/**
 * struct hms_sim_reserve - memory that the accelerator keeps for itself
 * @size: sizeof(struct hms_sim_reserve)
 * @flags: must be zero
 * @length: bytes that it is to keep, of all that it has; a multiple of the page size
 * @kept: out: bytes that it keeps now: fewer than asked for when pages could not leave
 *
 * Where there is no room, pages of programs leave. It keeps them until it is asked to keep fewer,
 * or hms_sim goes. Errors: EINVAL; EPERM without CAP_SYS_ADMIN; ENOMEM.
 */
struct hms_sim_reserve {
	__u32 size;
	__u32 flags;
	__aligned_u64 length;
	__aligned_u64 kept;
};

/**
 * struct hms_sim_fail - memory of the accelerator fails
 * @size: sizeof(struct hms_sim_fail)
 * @flags: must be zero
 * @address: of the program, a multiple of the page size
 * @length: bytes, a multiple of the page size
 * @pages: out: pages of the range that the accelerator has in its own memory and in its page
 *	table; these have failed, for good
 *
 * Errors: EINVAL; EPERM without CAP_SYS_ADMIN; ENOMEM; of coherent memory also EBUSY when a page is
 * pinned, EOPNOTSUPP on a kernel without private memory; the page has failed all the same then, and
 * is not counted.
 */
struct hms_sim_fail {
	__u32 size;
	__u32 flags;
	__aligned_u64 address;
	__aligned_u64 length;
	__aligned_u64 pages;
};

#define HMS_SIM_MAX_OBJECTS	4096
#define HMS_SIM_MAX_EDGES	65536

/**
 * struct hms_sim_object - an object of a machine that is described
 * @type: enum hms_type
 * @version: 1, or for a target any other from 1 on
 * @name: ended with 0, not empty
 * @kind: of a target "node", "device-private" or "device-coherent", of an initiator "cpu" or
 *	"device", else empty
 * @properties: HMS_PROP_* of a target, but HMS_PROP_DESCRIBED, which it gets; else zero
 * @from: of a bridge: index of the link that it leads from; else zero
 * @to: of a bridge: index of the link that it leads to; else zero
 * @uid: out: its uid
 * @capacity: bytes of a target; else zero
 * @values: of a link or a bridge, by enum hms_attribute; else zero
 */
struct hms_sim_object {
	__u32 type;
	__u32 version;
	char name[64];
	char kind[16];
	__u32 properties;
	__u32 from;
	__u32 to;
	__u32 uid;
	__aligned_u64 capacity;
	struct hms_value values[HMS_ATTRIBUTES];
};

/**
 * struct hms_sim_edge - a connection of it
 * @hub: index of a link or a bridge
 * @spoke: index of an initiator, or for a link also of a target. Without one, all initiators may
 *	cross a bridge
 */
struct hms_sim_edge {
	__u32 hub;
	__u32 spoke;
};

/**
 * struct hms_sim_build - put a machine that is described into the map; for /dev/hms_sim
 * @size: sizeof(struct hms_sim_build)
 * @flags: must be zero
 * @objects: pointer to @nobjects struct hms_sim_object
 * @edges: pointer to @nedges struct hms_sim_edge
 * @nobjects: 1 to HMS_SIM_MAX_OBJECTS
 * @nedges: at most HMS_SIM_MAX_EDGES
 * @object_size: sizeof(struct hms_sim_object)
 * @error_index: out: with EINVAL the object or, past @nobjects, the edge at fault
 *
 * All of it or nothing. It stays until HMS_SIM_CLEAR, which takes no argument and removes all that
 * was built, or the module goes. Errors: EINVAL; E2BIG for too many, or a tail that is not zero;
 * EEXIST for an edge that is there twice; ENOSPC for an object with more than 2,048 edges;
 * EFAULT; ENOMEM; EINTR.
 *
 * Any signal ends both. With EINTR, HMS_SIM_BUILD has built nothing; what HMS_SIM_CLEAR has removed
 * stays removed, part of a machine may be left, and another HMS_SIM_CLEAR goes on with it. A
 * program that is stopped and continued gets no EINTR: the first begins anew, the second goes on,
 * as it also does after a handler with SA_RESTART.
 */
struct hms_sim_build {
	__u32 size;
	__u32 flags;
	__aligned_u64 objects;
	__aligned_u64 edges;
	__u32 nobjects;
	__u32 nedges;
	__u32 object_size;
	__u32 error_index;
};

#define HMS_SIM_IOCTL_BASE	'H'
#define HMS_SIM_INFO		_IO(HMS_SIM_IOCTL_BASE, 0xd0)
#define HMS_SIM_READ		_IO(HMS_SIM_IOCTL_BASE, 0xd1)
#define HMS_SIM_WRITE		_IO(HMS_SIM_IOCTL_BASE, 0xd2)
#define HMS_SIM_FILL		_IO(HMS_SIM_IOCTL_BASE, 0xd3)
#define HMS_SIM_SUM		_IO(HMS_SIM_IOCTL_BASE, 0xd4)
#define HMS_SIM_ADD		_IO(HMS_SIM_IOCTL_BASE, 0xd5)
#define HMS_SIM_WALK		_IO(HMS_SIM_IOCTL_BASE, 0xd6)
#define HMS_SIM_RESERVE		_IO(HMS_SIM_IOCTL_BASE, 0xd9)
#define HMS_SIM_FAIL		_IO(HMS_SIM_IOCTL_BASE, 0xda)
#define HMS_SIM_BUILD		_IO(HMS_SIM_IOCTL_BASE, 0xd7)
#define HMS_SIM_CLEAR		_IO(HMS_SIM_IOCTL_BASE, 0xd8)

#endif /* _UAPI_LINUX_HMS_SIM_H */
