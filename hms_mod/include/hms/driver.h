/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hms/driver.h: how a driver offers its memory to HMS.
 *
 * A driver registers a target (its memory), an initiator (what computes on it) and a link that
 * connects them. The core then does everything that is the same for all devices: it makes the
 * struct pages, moves pages in and out, applies policy, brings a page home when a CPU touches it,
 * and empties the device when the driver goes. The driver copies pages, and keeps its own page
 * table through a mirror.
 *
 * Locking. &struct hms_target_ops callbacks run with the folios of the batch locked, and mostly
 * mmap_lock of some process held for read, so they must not touch user memory, and must not wait
 * for anything that could. hms_mirror_fault() moves pages too, so no lock that @copy wants may be
 * held over it. &struct hms_mirror_ops callbacks run under the spinlock of the mirror, see below.
 * While a target goes offline or is suspended, they must not wait for the same of that target. HMS
 * holds no other lock over a callback.
 *
 * Lifetimes. A target lives from hms_target_register() until hms_target_unregister() returns.
 * That call stops new work on it, waits for requests under way, moves every page that is still in
 * the device to main memory, and only then frees the struct pages. After it, no callback runs. A
 * driver's module may go when its targets are unregistered and its mirrors are removed. All that
 * unregisters passes over NULL and over the error of a register that failed, so a driver needs one
 * way out.
 *
 * Room. Where a device is full, pages make room for those that come, by the priority of their
 * policies, and of the same those that were placed, or faulted on through a mirror, the longest
 * ago. For that nobody waits for the process that has them, however busy it is with its mappings.
 * A driver that knows better which are in use says so with hms_target_accessed(). One that wants
 * memory for itself takes it with hms_target_take(), and gives it back before it unregisters the
 * target. One with an allocator of its own lends memory as it is wanted, see
 * &hms_target_ops.alloc; what it takes then is its own again, as if by &hms_target_ops.free.
 *
 * Losses. When memory of the device fails, hms_target_failed() says which; when the device goes
 * without notice, hms_target_gone() says so, before its target is unregistered. No page is made up
 * for what is lost: who touches it gets SIGBUS. Of coherent memory that fails the machine tells the
 * core itself.
 *
 * Coherent memory. What the CPU can load from, it can also pin, for as long as it likes. So a
 * coherent target holds the driver's module while it is online; writing 1 to its file "offline" in
 * sysfs empties it, or fails with EBUSY when pages are pinned, and then the module may go. That
 * does not hold up an unbinding of the device, where hms_target_unregister() waits for the pins,
 * however long that takes.
 *
 * Power. Memory that may lose what it holds while the machine sleeps is emptied before: call
 * hms_target_suspend() where processes are frozen and other devices still work, in
 * &dev_pm_ops.prepare, and hms_target_resume() in &dev_pm_ops.complete.
 */
#ifndef _HMS_DRIVER_H
#define _HMS_DRIVER_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/xarray.h>
#include <linux/hms.h>

struct device;
struct mm_struct;
struct module;
struct page;
struct hms_target;
struct hms_initiator;
struct hms_link;
struct hms_bridge;

/**
 * struct hms_copy - one page of a batch
 * @dst: page to fill, locked
 * @src: page to read, locked; NULL: fill @dst with zeros
 *
 * At least one of them is a page of the device that is asked, or of one of its peers.
 */
struct hms_copy {
	struct page *dst;
	struct page *src;
};

/**
 * struct hms_fence - copies that are under way; for the core, but for hms_fence_signal()
 * @done: all are
 * @pending: how many are not, and who waits for them
 * @error: of one of them
 */
struct hms_fence {
	struct completion done;
	atomic_t pending;
	int error;
};

void hms_fence_signal(struct hms_fence *fence, int error);

/**
 * struct hms_target_ops - what a driver does for its memory
 * @copy: copy @n pages. The data must be visible to CPU and device when it returns. May sleep.
 *	Returns 0, or a negative errno when any of them was not copied; the core then asks again
 *	for one page at a time, and leaves those that fail where they are. -ENOMEM may pass; any
 *	other error for a page that a CPU wants means SIGBUS.
 * @start: begin to do what @copy does, and tell by hms_fence_signal() when it is done, or failed;
 *	the core gets on with the next pages meanwhile, of which it has at most twice 2 MiB under
 *	way for a request. @pages stay until then. It has to end without anybody's help: processes
 *	can't be killed while they wait for it. Returns 0, or a negative errno when nothing was
 *	begun; then, and where a copy fails, @copy is asked. So it is for all but what requests and
 *	device faults move, and for what goes through main memory. NULL where @copy is all there
 *	is.
 * @alloc: lend memory: find up to @npages pages that lie behind each other, and set @first to the
 *	number of the first, see hms_target_index(). Called when the core lacks pages, as @copy is;
 *	of 512 of them it can make a large page if they begin at a multiple of 512. Returns how
 *	many, 0 when there are none to spare. NULL: all of the memory is the core's from the
 *	beginning, but for what hms_target_take() takes.
 * @free: have back @npages pages that @alloc has lent, from @first on, not always in the pieces in
 *	which it did, and without those that have failed. Called by a worker, a tenth of a second
 *	after processes have let them go, and for the last when the target goes offline, by
 *	hms_target_suspend() and by hms_target_unregister(). May sleep. Set when @alloc is.
 */
struct hms_target_ops {
	int (*copy)(struct hms_target *target, const struct hms_copy *pages, unsigned int n);
	int (*start)(struct hms_target *target, const struct hms_copy *pages, unsigned int n,
		     struct hms_fence *fence);
	unsigned long (*alloc)(struct hms_target *target, unsigned long npages,
			       unsigned long *first);
	void (*free)(struct hms_target *target, unsigned long first, unsigned long npages);
};

/**
 * struct hms_target_desc - a device's memory
 * @name: name of the device, shown in sysfs; cgroups know its memory as hms/@name, so it should be
 *	the only one of that name, and without blanks
 * @parent: the device, or NULL
 * @ops: what the driver does
 * @peers: targets with the same non-NULL value copy among each other directly: @copy of the
 *	destination is given pages of both. Other pairs go through main memory.
 * @drvdata: for the driver, see hms_target_drvdata()
 * @memory: where the kernel has private memory mapped, cached as main memory is, for
 *	hms_copy_with_cpu() and hms_map_page(); NULL when the driver calls neither
 * @size: bytes, rounded down to whole pages
 * @range: physical address of memory that the CPU can load from, in cache coherence with the
 *	device; 0 when it can't, and the memory is private to the device. A range is a multiple of
 *	2 MiB at a multiple of 2 MiB, and nobody else's.
 * @owner: THIS_MODULE; wanted with @range
 */
struct hms_target_desc {
	const char *name;
	struct device *parent;
	const struct hms_target_ops *ops;
	void *peers;
	void *drvdata;
	void *memory;
	u64 size;
	u64 range;
	struct module *owner;
};

struct hms_target *hms_target_register(const struct hms_target_desc *desc);
void hms_target_unregister(struct hms_target *target);
void *hms_target_drvdata(const struct hms_target *target);
u32 hms_target_uid(const struct hms_target *target);
u64 hms_target_used(const struct hms_target *target);
unsigned int hms_target_take(struct hms_target *target, struct page **pages, unsigned int npages);
void hms_target_give(struct hms_target *target, struct page *const *pages, unsigned int npages);
void hms_target_accessed(struct page *page);
int hms_target_failed(struct hms_target *target, unsigned long index, unsigned long npages);
int hms_target_gone(struct hms_target *target);
struct hms_target *hms_target_of_page(struct page *page);
unsigned long hms_target_index(const struct hms_target *target, const struct page *page);
int hms_target_suspend(struct hms_target *target);
void hms_target_resume(struct hms_target *target);

int hms_copy_with_cpu(struct hms_target *target, const struct hms_copy *pages, unsigned int n);
void *hms_map_page(struct page *page);
void hms_unmap_page(struct page *page, void *address);

/**
 * struct hms_described_target - memory of a machine that is only described: it holds no pages
 * @name: shown in sysfs
 * @parent: who describes it, or NULL
 * @kind: "node", "device-private" or "device-coherent"
 * @version: what a program must understand to use it; 2 at least for memory that is not both
 *	CPU-accessible and coherent
 * @properties: HMS_PROP_*
 * @capacity: bytes
 */
struct hms_described_target {
	const char *name;
	struct device *parent;
	const char *kind;
	u32 version;
	u32 properties;
	u64 capacity;
};

struct hms_target *hms_target_describe(const struct hms_described_target *desc);

struct hms_initiator *hms_initiator_register(const char *name, struct device *parent);
struct hms_initiator *hms_initiator_describe(const char *name, struct device *parent, bool cpu);
void hms_initiator_unregister(struct hms_initiator *initiator);
u32 hms_initiator_uid(const struct hms_initiator *initiator);

struct hms_link *hms_link_register(const char *name, struct device *parent);
void hms_link_unregister(struct hms_link *link);
u32 hms_link_uid(const struct hms_link *link);
void hms_link_set(struct hms_link *link, const struct hms_value values[HMS_ATTRIBUTES]);
int hms_link_add_target(struct hms_link *link, struct hms_target *target);
int hms_link_add_initiator(struct hms_link *link, struct hms_initiator *initiator);
int hms_link_add_cpus(struct hms_link *link);

struct hms_bridge *hms_bridge_register(const char *name, struct device *parent,
				       struct hms_link *from, struct hms_link *to);
void hms_bridge_unregister(struct hms_bridge *bridge);
u32 hms_bridge_uid(const struct hms_bridge *bridge);
void hms_bridge_set(struct hms_bridge *bridge, const struct hms_value values[HMS_ATTRIBUTES]);
int hms_bridge_add_initiator(struct hms_bridge *bridge, struct hms_initiator *initiator);

/*
 * The mirror: a device page table that follows the page table of a process.
 */

struct hms_mirror;

/**
 * struct hms_mirror_ops - the device page table
 * @map: enter @page at @address, for writing when @writable; the core has seen to it that what the
 *	device then writes is not taken for clean. An entry of that page that may be written
 *	already stays so. Called with &hms_mirror.lock held. Returns 0 or -ENOMEM (allocate with
 *	GFP_NOWAIT).
 * @unmap: forget [@start, @end) and make sure that the device does not use it any more. Called with
 *	&hms_mirror.lock held, from mmu notifiers: it never sleeps and never fails.
 */
struct hms_mirror_ops {
	int (*map)(struct hms_mirror *mirror, unsigned long address, struct page *page,
		   bool writable);
	void (*unmap)(struct hms_mirror *mirror, unsigned long start, unsigned long end);
};

/**
 * struct hms_mirror - the device page table of one process
 * @lock: holds the device page table still. While it is held, an entry that @map made and @unmap
 *	did not take back may be used, for writing only when it was made writable.
 * @mm: whose page table it follows; the struct is held until hms_mirror_remove(), users are not
 * @spans: for the core: parts of the address space that the device has used
 * @target: the device's own memory, whose pages it reaches directly
 * @ops: the driver's page table
 * @serial: which one it is of all there were, for the core
 * @user: who added it, for the core
 */
struct hms_mirror {
	spinlock_t lock;	/* see above */
	struct mm_struct *mm;
	struct xarray spans;
	struct hms_target *target;
	const struct hms_mirror_ops *ops;
	unsigned long serial;
	kuid_t user;
};

void hms_mirror_add(struct hms_mirror *mirror, struct mm_struct *mm, struct hms_target *target,
		    const struct hms_mirror_ops *ops);
void hms_mirror_remove(struct hms_mirror *mirror);
int hms_mirror_fault(struct hms_mirror *mirror, unsigned long address, bool write);

#endif /* _HMS_DRIVER_H */
