// SPDX-License-Identifier: GPL-2.0
/*
 * A device fault on a range with a policy: before the device is shown the page, it is moved or
 * allocated where the policy says, as far as that is memory that this device can use. It is a
 * request of one page, made by the engine like any other; of more than one where the device goes on
 * where it left off.
 */

#include <linux/cpuset.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <hms/driver.h>

#include "compat/compat.h"
#include "binding.h"
#include "devmem.h"
#include "engine.h"
#include "fault.h"
#include "freemap.h"
#include "locate.h"
#include "netlink.h"
#include "policy.h"
#include "request.h"
#include "stats.h"
#include "stream.h"
#include "target.h"

static struct hms_streams hms_fault_streams;

/**
 * struct hms_fault - one device fault
 * @mirror: the device, and whose memory it touches
 * @binding: of the address space
 * @policy: of the address
 * @last: the last address that it is the policy of, and that is in the same mapping
 * @from: uid of the target that the page is on, 0 where that is not known, or nothing
 * @request: what the engine is asked
 * @arg: its counts
 */
struct hms_fault {
	struct hms_mirror *mirror;
	struct hms_binding *binding;
	struct hms_policy *policy;
	unsigned long last;
	u32 from;
	struct hms_request request;
	struct hms_hbind arg;
};

/* Memory that only another device can use is no place for what this one wants. */
static bool hms_fault_can_use(const struct hms_mirror *mirror, const struct hms_target *target)
{
	return target == mirror->target || target->obj.version == HMS_VERSION_ORDINARY;
}

/* Is the page of an entry where a policy wants it most, of what this device can use? */
static bool hms_fault_fits(const struct hms_mirror *mirror, const struct hms_policy *policy,
			   unsigned long address, unsigned long entry)
{
	unsigned int shift = hms_hmm_is_large(entry) ? PMD_SHIFT : PAGE_SHIFT;
	u32 first = hms_policy_rank(policy, address >> shift);
	struct page *page = hms_located_page(entry);
	const struct hms_target *target = NULL;
	u32 i;

	rcu_read_lock();
	for (i = 0; i < policy->ntargets && !target; i++) {
		u32 uid = policy->uids[(first + i) % policy->ntargets];
		struct hms_object *obj = hms_object_find_rcu(uid);

		if (obj && hms_fault_can_use(mirror, container_of(obj, struct hms_target, obj)))
			target = container_of(obj, struct hms_target, obj);
	}
	rcu_read_unlock();
	return !target || (page && hms_target_of_page(page) == target);
}

/* Targets that are gone, or that the device can't use, stay in the list and take nothing. */
static bool hms_fault_hold(struct hms_fault *fault)
{
	struct hms_request *request = &fault->request;
	bool any = false;
	u32 i;

	request->ntargets = fault->policy->ntargets;
	for (i = 0; i < request->ntargets; i++) {
		request->uids[i] = fault->policy->uids[i];
		/* Whoever set the policy has understood what they are. */
		if (hms_target_use(request->uids[i], U32_MAX, &request->targets[i])) {
			request->targets[i] = NULL;
		} else if (!hms_fault_can_use(fault->mirror, request->targets[i])) {
			hms_target_unuse(request->targets[i]);
			request->targets[i] = NULL;
		}
		any |= !!request->targets[i];
	}
	return any;
}

/* To who listens. Apart, as the notice is long, and mostly nobody does. */
static noinline void hms_fault_tell(const struct hms_fault *fault, unsigned long npages)
{
	const struct hms_request *request = &fault->request;
	const struct hms_hbind *arg = &fault->arg;
	const struct hms_notice notice = {
		.start = request->start,
		.length = npages << PAGE_SHIFT,
		.pages = arg->pages,
		.moved = arg->moved,
		.populated = arg->populated,
		.skipped = hms_request_skipped(arg),
		.target = arg->moved ? fault->from : 0,
	};
	u32 rank;

	for (rank = 0; rank < request->ntargets; rank++) {
		const struct hms_target_count *count = &request->counts[rank];

		if (count->moved || count->populated)
			break;
	}
	hms_netlink_move(fault->binding->mm, &notice, HMS_REASON_FAULT,
			 rank < request->ntargets ? request->uids[rank] : 0);
}

static bool hms_fault_place_run(struct hms_fault *fault, unsigned long start, unsigned long npages)
{
	struct hms_request *request = &fault->request;
	struct hms_engine *engine;

	memset(&fault->arg, 0, sizeof(fault->arg));
	memset(request->counts, 0, request->ntargets * sizeof(*request->counts));
	fault->arg.first_skipped = U64_MAX;
	request->start = start;
	request->end = start + (npages << PAGE_SHIFT);
	engine = hms_engine_new(request, fault->binding);
	if (!engine)
		return false;
	hms_engine_run(engine);
	hms_engine_free(engine);
	hms_binding_count(fault->binding, HMS_PROCESS_MOVED, fault->arg.moved);
	hms_binding_count(fault->binding, HMS_PROCESS_POPULATED, fault->arg.populated);
	hms_stat_add(HMS_STAT_FAULT_PLACED, fault->arg.moved + fault->arg.populated);
	if (fault->arg.moved + fault->arg.populated && hms_netlink_hears_moves())
		hms_fault_tell(fault, npages);
	return true;
}

/* The target that the page of an entry is on, 0 if none. */
static u32 hms_fault_uid(unsigned long entry)
{
	struct page *page = hms_located_page(entry);
	const struct hms_target *target = page ? hms_target_of_page(page) : NULL;

	return target ? target->obj.uid : 0;
}

/*
 * Is there something to do? Not for a page that is there already; nor where the device may not do
 * what it wants: core will say so, and nothing is allocated for it. Tells the end of the mapping,
 * and whether a large page is to be moved in one piece.
 */
static bool hms_fault_look(struct hms_fault *fault, unsigned long address, bool write, bool *large)
{
	struct mm_struct *mm = fault->mirror->mm;
	unsigned long block = ALIGN_DOWN(address, PMD_SIZE);
	struct vm_area_struct *vma;
	bool wanted = false;
	unsigned long entry;
	int idx;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, address);
	if (!vma || !(vma->vm_flags & (write ? VM_WRITE : VM_READ)))
		goto unlock;
	fault->last = min(fault->last, vma->vm_end - 1);
	idx = hms_devmem_read_lock();
	hms_locate(vma, address, 1, &entry);
	wanted = !hms_fault_fits(fault->mirror, fault->policy, address, entry);
	if (wanted && hms_netlink_hears_moves())
		fault->from = hms_fault_uid(entry);
	hms_devmem_read_unlock(idx);
	*large = hms_core_moves_large() && hms_hmm_is_large(entry) && block >= vma->vm_start &&
		 block + PMD_SIZE - 1 <= fault->last;
unlock:
	mmap_read_unlock(mm);
	return wanted;
}

static int hms_fault_place_all(struct hms_fault *fault, unsigned long address, bool write)
{
	unsigned long npages, left;
	bool large = false;

	if (!hms_fault_look(fault, address, write, &large))
		return 0;
	if (large) {
		hms_fault_place_run(fault, ALIGN_DOWN(address, PMD_SIZE), HMS_BLOCK_PAGES);
		return 0;
	}
	/* The page alone first: whether it could be placed must not drown in the others' counts. */
	if (!hms_fault_place_run(fault, address, 1))
		return -ENOMEM;
	if (fault->arg.skipped[HMS_SKIP_NOMEM] && fault->policy->mode == HMS_MODE_BIND)
		return -ENOMEM;
	npages = hms_stream_touch(&hms_fault_streams, fault->mirror->serial,
				  address >> PAGE_SHIFT);
	left = (fault->last + 1 - address) >> PAGE_SHIFT;
	npages = min(npages, left);
	/* Nobody has looked where these are. */
	fault->from = 0;
	if (npages > 1)
		hms_fault_place_run(fault, address + PAGE_SIZE, npages - 1);
	return 0;
}

/**
 * hms_fault_place - see to it that what a device wants is where the policy says
 * @mirror: of the device; its address space must have users
 * @address: what it wants
 * @write: to write it
 *
 * One attempt, with the second one that the engine gives to what is busy: who keeps a page busy
 * must not keep a device waiting, which can use it where it is. Pages that other processes map
 * stay where they are.
 *
 * Context: may sleep; mmap_lock not held.
 * Return: 0, whether there was anything to do or not; -ENOMEM when the policy is HMS_MODE_BIND and
 * no target that the device can use has room, or when there is no memory to find out.
 */
int hms_fault_place(struct hms_mirror *mirror, unsigned long address, bool write)
{
	struct mm_struct *mm = mirror->mm;
	unsigned long last = mm->task_size - 1;
	struct hms_fault *fault;
	struct hms_policy *policy;
	int ret = 0;

	address = ALIGN_DOWN(address, PAGE_SIZE);
	policy = hms_binding_policy(mm, address, &last);
	if (!policy)
		return 0;
	fault = kzalloc(sizeof(*fault), GFP_KERNEL);
	if (!fault) {
		ret = -ENOMEM;
		goto put;
	}
	fault->mirror = mirror;
	fault->policy = policy;
	fault->last = last;
	fault->request.arg = &fault->arg;
	fault->request.migrate = true;
	fault->request.populate = true;
	fault->request.mode = policy->mode;
	fault->request.policy = policy;
	fault->request.user = mirror->user;
	fault->request.mm = current->mm;
	fault->request.nodes = cpuset_current_mems_allowed;
	fault->binding = hms_binding_find(mm);
	if (fault->binding) {
		if (hms_fault_hold(fault))
			ret = hms_fault_place_all(fault, address, write);
		hms_request_release(&fault->request);
		hms_binding_put(fault->binding);
	}
	kfree(fault);
put:
	hms_policy_put(policy);
	return ret;
}

/**
 * hms_fault_filter - leave out what should not be shown to a device before it is placed
 * @mirror: of the device
 * @range: pages around the one that it wants, as core found them; those left out become 0
 * @wanted: which one it wants
 *
 * An entry for a page that is not where its policy wants it would let the device use it there for
 * ever: without a fault nobody would hear of it.
 *
 * Context: under hms_devmem_read_lock() since before core was asked.
 */
void hms_fault_filter(const struct hms_mirror *mirror, struct hmm_range *range,
		      unsigned long wanted)
{
	unsigned long address, last, i = 0;
	struct hms_policy *policy;

	for (address = range->start; address < range->end;) {
		last = range->end - 1;
		policy = hms_binding_policy(mirror->mm, address, &last);
		for (; address <= last; address += PAGE_SIZE, i++) {
			if (policy && i != wanted &&
			    !hms_fault_fits(mirror, policy, address, range->hmm_pfns[i]))
				range->hmm_pfns[i] = 0;
		}
		hms_policy_put(policy);
	}
}
