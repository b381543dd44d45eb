// SPDX-License-Identifier: GPL-2.0
/*
 * Device memory: the struct pages of a target that the CPU cannot load from, which of them are
 * free, in which order the others leave, and what touching them leads to.
 *
 * A page is in the map of free pages until hms_devmem_alloc(), and again some time after core has
 * freed it, see pcp.c. A page in use is known to core alone: the page tables of the processes that
 * have it lead to it.
 */

#include <linux/err.h>
#include <linux/ioport.h>
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/vmstat.h>
#include <linux/wait.h>
#include <linux/wait_bit.h>

#include "compat/compat.h"
#include "charge.h"
#include "devmem.h"
#include "freemap.h"
#include "losses.h"
#include "pcp.h"

/**
 * struct hms_devmem - the pages of a device target
 * @target: whose they are
 * @ops: what happens to its pages
 * @pgmap: core's side
 * @region: the addresses; behind those of private memory there is nothing
 * @first_pfn: the first of them
 * @lock: protects @map, @taken, @losses, @lru, @closed and @charges; taken with interrupts off, as
 *	core frees pages anywhere
 * @map: which of them are free
 * @taken: how many the driver keeps for itself, or has not lent
 * @losses: which of them are lost
 * @pcps: pages that are free, and that nothing here knows of yet
 * @used: how many are neither in @map, taken nor bad; some read it without the lock
 * @lru: in which order the others leave when there is no room; not of placeholders
 * @closed: nothing is to be taken from @map
 * @charges: who has how much; of placeholders nobody is said to
 * @emptied: woken when all pages are free
 */
struct hms_devmem {
	struct hms_target *target;
	const struct hms_devmem_ops *ops;
	struct dev_pagemap pgmap;
	struct resource *region;
	unsigned long first_pfn;
	spinlock_t lock;	/* see above */
	struct hms_freemap map;
	struct hms_pcps pcps;
	unsigned long taken;
	unsigned long used;
	struct hms_losses losses;
	struct hms_lru lru;
	bool closed;
	struct hms_charges charges;
	wait_queue_head_t emptied;
};

const struct dev_pagemap *hms_placeholders;

/* Held by who looks at a struct page without a reference to it: see hms_devmem_read_lock(). */
DEFINE_STATIC_SRCU(hms_devmem_srcu);

static struct hms_devmem *hms_devmem_of_page(struct page *page)
{
	return container_of(page_pgmap(page), struct hms_devmem, pgmap);
}

/* NULL when it is none of a device's; also for no pgmap, see hms_pagemap_ops(). */
static struct hms_devmem *hms_devmem_of_pgmap(const struct dev_pagemap *pgmap)
{
	if (!pgmap || pgmap->ops != &hms_devmem_pagemap_ops)
		return NULL;
	return container_of(pgmap, struct hms_devmem, pgmap);
}

/* After a change of the map or of what is taken, under the lock. */
static void hms_devmem_count(struct hms_devmem *mem)
{
	WRITE_ONCE(mem->used, mem->map.npages - mem->map.nfree - mem->taken -
		   mem->losses.nbad);
}

/*
 * Under the lock. Who waits may destroy @mem, but not before core drops the page's reference to its
 * pgmap.
 */
static void hms_devmem_tell(struct hms_devmem *mem)
{
	if (mem->used)
		return;
	wake_up_all(&mem->emptied);
	if (mem->ops->emptied)
		mem->ops->emptied();
}

/* Pages of @npages each are free, of the same payer. In any context. */
static void hms_devmem_give(struct hms_devmem *mem, const unsigned long *pages, unsigned int n,
			    unsigned long npages, struct hms_payer *payer)
{
	bool is_device = mem->ops->what == HMS_DEVMEM_DEVICE;
	unsigned long flags;
	unsigned int i, run;

	spin_lock_irqsave(&mem->lock, flags);
	for (i = 0; i < n; i += run) {
		for (run = 1; i + run < n && pages[i + run] == pages[i] + run * npages; run++)
			;
		hms_losses_give(&mem->losses, &mem->map, pages[i], run * npages);
	}
	if (is_device) {
		hms_lru_drop(&mem->lru, pages, n);
		hms_uncharge(payer, n * npages);
	}
	/* Before anybody sees that none is in use, and stops it. */
	if (mem->ops->spare)
		mem->ops->spare(mem->target);
	hms_devmem_count(mem);
	hms_devmem_tell(mem);
	spin_unlock_irqrestore(&mem->lock, flags);
}

static void hms_devmem_enter(struct hms_pcps *pcps, const unsigned long *pages, unsigned int n,
			     struct hms_payer *payer)
{
	hms_devmem_give(container_of(pcps, struct hms_devmem, pcps), pages, n, 1, payer);
}

/* What is large, no device's, or mlocked. */
static noinline void hms_devmem_free_rare(struct hms_devmem *mem, struct folio *folio)
{
	struct page *page = folio_page(folio, 0);
	unsigned long npages = folio_nr_pages(folio), index = hms_devmem_index(mem, page);

	/*
	 * mlock() and munlock() pass over device pages, but a coherent one whose move failed is
	 * marked when it is mapped again.
	 */
	if (folio_test_clear_mlocked(folio))
		mod_zone_page_state(folio_zone(folio), NR_MLOCK, -1);
	if (mem->ops->freed)
		mem->ops->freed(page, npages);
	hms_devmem_give(mem, &index, 1, npages, page->zone_device_data);
}

/* Added to the zone_device_data of a large page that was freed while it was locked. */
#define HMS_DEVMEM_KEPT		1UL

/* Give it to nobody: who has it locked had a reference, and has it again, hms_devmem_revive(). */
static noinline void hms_devmem_keep(struct page *page)
{
	unsigned long data = (unsigned long)page->zone_device_data;

	/* With what core has done to it so far. Pairs with hms_devmem_is_kept(). */
	smp_store_release(&page->zone_device_data, (void *)(data | HMS_DEVMEM_KEPT));
	/* Before it is looked for who waits: pairs with what wait_var_event() does. */
	smp_mb();
	wake_up_var(&page->zone_device_data);
}

static bool hms_devmem_is_kept(const struct page *page)
{
	/* Pairs with hms_devmem_keep(). */
	return (unsigned long)smp_load_acquire(&page->zone_device_data) & HMS_DEVMEM_KEPT;
}

/* Core has found the last reference gone. */
static void hms_devmem_free(struct hms_freed *freed)
{
	struct folio *folio = hms_freed_folio(freed);
	struct page *page = folio_page(folio, 0);
	struct hms_devmem *mem = hms_devmem_of_page(page);

	if (folio_test_large(folio) && folio_test_locked(folio)) {
		hms_devmem_keep(page);
		return;
	}
	if (mem->ops->what != HMS_DEVMEM_DEVICE || folio_test_large(folio) ||
	    folio_test_mlocked(folio))
		hms_devmem_free_rare(mem, folio);
	else
		hms_pcps_free(&mem->pcps, hms_devmem_index(mem, page), page->zone_device_data);
}

/**
 * hms_devmem_revive - have the reference again that core has put without having it
 * @folio: a large page of a device; the caller has it locked, and should have a reference
 * @vma: the only mapping of it
 * @start: its address there
 *
 * While a large page is moved, the PMD that mapped it has a migration entry, without a reference.
 * zap_huge_pmd() of 7.3 takes that for an entry of the page, and removes a mapping and puts a
 * reference, when another thread drops just that memory meanwhile. So who moves one has it locked,
 * and a reference of its own, as a fault has. What is freed while it is locked is given to nobody,
 * and freed again with this reference.
 *
 * Context: mmap_lock held for read since before it was moved, or was not. May sleep.
 */
void hms_devmem_revive(struct folio *folio, struct vm_area_struct *vma, unsigned long start)
{
	struct page *page = folio_page(folio, 0);
	unsigned long data;

	/* Who has found it there is done with it. */
	spin_unlock(pmd_lock(vma->vm_mm, pmd_off(vma->vm_mm, start)));
	if (!hms_undo_zap(folio) || folio_try_get(folio))
		return;
	wait_var_event(&page->zone_device_data, hms_devmem_is_kept(page));
	data = (unsigned long)page->zone_device_data & ~HMS_DEVMEM_KEPT;
	page->zone_device_data = (void *)data;
	percpu_ref_get_many(&page_pgmap(page)->ref, folio_nr_pages(folio));
	folio_ref_inc(folio);
}

static vm_fault_t hms_devmem_touched(struct vm_fault *vmf)
{
	struct hms_devmem *mem = hms_devmem_of_page(vmf->page);

	return mem->ops->touched(vmf, mem->target);
}

/* Core splits a large page; the last time that it says so there is no tail. */
static void __maybe_unused hms_devmem_split(struct folio *head, struct folio *tail)
{
	struct hms_devmem *mem = hms_devmem_of_page(folio_page(head, 0));
	unsigned long flags;

	if (!tail)
		return;
	hms_split(head, tail);
	if (mem->ops->what != HMS_DEVMEM_DEVICE)
		return;
	spin_lock_irqsave(&mem->lock, flags);
	hms_lru_split(&mem->lru, hms_devmem_index(mem, folio_page(tail, 0)),
		      hms_devmem_index(mem, folio_page(head, 0)));
	spin_unlock_irqrestore(&mem->lock, flags);
}

/*
 * The machine says so, or a test does; of what is private it can't know. Never -EOPNOTSUPP: core
 * would take the page for one of a file system.
 */
static int hms_devmem_failed(struct dev_pagemap *pgmap, unsigned long pfn, unsigned long npages,
			     int flags)
{
	struct hms_devmem *mem = container_of(pgmap, struct hms_devmem, pgmap);
	int ret;

	if (!mem->ops->failed || !hms_devmem_is_coherent(mem))
		return -ENXIO;
	ret = mem->ops->failed(mem->target, pfn - mem->first_pfn, npages);
	return ret == -EOPNOTSUPP ? -ENXIO : ret;
}

const struct dev_pagemap_ops hms_devmem_pagemap_ops = {
	.HMS_PAGEMAP_FREE = hms_devmem_free,
	.migrate_to_ram = hms_devmem_touched,
	.memory_failure = hms_devmem_failed,
	HMS_PAGEMAP_SPLIT
};

/* The same; pages are known by it. */
const struct dev_pagemap_ops hms_poison_pagemap_ops = {
	.HMS_PAGEMAP_FREE = hms_devmem_free,
	.migrate_to_ram = hms_devmem_touched,
	HMS_PAGEMAP_SPLIT
};

/* Addresses that are free, for private memory, or those that the device has. */
static struct resource *hms_devmem_region(u64 range, unsigned long size)
{
	struct resource *region;

	if (!range)
		return request_free_mem_region(&iomem_resource, size, "hms");
	if (!IS_ALIGNED(range | size, memremap_compat_align()))
		return ERR_PTR(-EINVAL);
	region = request_mem_region(range, size, "hms");
	return region ?: ERR_PTR(-EBUSY);
}

/* Nothing is there before it is lent. */
static void hms_devmem_empty(struct hms_devmem *mem)
{
	unsigned long index, n;

	while ((n = hms_freemap_take(&mem->map, mem->map.npages, &index)))
		mem->taken += n;
}

/**
 * hms_devmem_create - make struct pages for a device's memory
 * @target: whose memory it is
 * @name: its name, for cgroups; NULL: they do not limit it
 * @npages: pages
 * @range: where the CPU can load from it, or 0: it can't
 * @ops: what happens to its pages
 *
 * Return: all pages free, or an ERR_PTR().
 */
struct hms_devmem *hms_devmem_create(struct hms_target *target, const char *name,
				     unsigned long npages, u64 range,
				     const struct hms_devmem_ops *ops)
{
	unsigned long size = npages << PAGE_SHIFT;
	struct hms_devmem *mem;
	struct resource *res;
	void *ret;

	if (!range && !IS_ENABLED(CONFIG_DEVICE_PRIVATE))
		return ERR_PTR(-EOPNOTSUPP);
	if (!npages)
		return ERR_PTR(-EINVAL);
	mem = kzalloc(sizeof(*mem), GFP_KERNEL);
	if (!mem)
		return ERR_PTR(-ENOMEM);
	mem->target = target;
	mem->ops = ops;
	spin_lock_init(&mem->lock);
	hms_losses_init(&mem->losses, &mem->lock);
	init_waitqueue_head(&mem->emptied);
	if (hms_freemap_init(&mem->map, npages)) {
		ret = ERR_PTR(-ENOMEM);
		goto free;
	}
	if (ops->more)
		hms_devmem_empty(mem);
	if (ops->what == HMS_DEVMEM_DEVICE && hms_lru_init(&mem->lru, npages)) {
		ret = ERR_PTR(-ENOMEM);
		goto destroy;
	}
	if (hms_pcps_init(&mem->pcps, hms_devmem_enter)) {
		ret = ERR_PTR(-ENOMEM);
		goto disorder;
	}
	ret = ERR_PTR(hms_charges_init(&mem->charges, &mem->lock, name, size));
	if (ret)
		goto unlist;

	if (!range)
		size = ALIGN(size, memremap_compat_align());
	res = hms_devmem_region(range, size);
	if (IS_ERR(res)) {
		ret = res;
		goto uncharge;
	}
	mem->region = res;
	mem->first_pfn = PHYS_PFN(res->start);
	mem->pgmap.type = range ? MEMORY_DEVICE_COHERENT : MEMORY_DEVICE_PRIVATE;
	mem->pgmap.range.start = res->start;
	mem->pgmap.range.end = res->start + size - 1;
	mem->pgmap.nr_range = 1;
	mem->pgmap.ops = ops->what == HMS_DEVMEM_POISON ? &hms_poison_pagemap_ops :
							   &hms_devmem_pagemap_ops;
	mem->pgmap.owner = mem;
	ret = memremap_pages(&mem->pgmap, numa_mem_id());
	if (IS_ERR(ret))
		goto release;

	if (ops->what == HMS_DEVMEM_PLACEHOLDER)
		WRITE_ONCE(hms_placeholders, &mem->pgmap);
	return mem;
release:
	release_mem_region(res->start, resource_size(res));
uncharge:
	hms_charges_destroy(&mem->charges);
unlist:
	hms_pcps_destroy(&mem->pcps);
disorder:
	hms_lru_destroy(&mem->lru);
destroy:
	hms_freemap_destroy(&mem->map);
free:
	kfree(mem);
	return ret;
}

/**
 * hms_devmem_destroy - take the struct pages back
 * @mem: all pages free, and nobody allocates
 */
void hms_devmem_destroy(struct hms_devmem *mem)
{
	hms_devmem_synchronize();
	if (mem->ops->what == HMS_DEVMEM_PLACEHOLDER)
		WRITE_ONCE(hms_placeholders, NULL);
	memunmap_pages(&mem->pgmap);
	/* The region is larger than the map: it is handed out by memory sections. */
	release_mem_region(mem->region->start, resource_size(mem->region));
	hms_pcps_destroy(&mem->pcps);
	hms_charges_destroy(&mem->charges);
	hms_lru_destroy(&mem->lru);
	hms_freemap_destroy(&mem->map);
	hms_losses_destroy(&mem->losses);
	kfree(mem);
}

/* Pages that were charged are not had; @payer may be NULL if these are none. */
static void hms_devmem_uncharge(struct hms_devmem *mem, struct hms_payer *payer,
				unsigned long npages)
{
	if (!npages)
		return;
	spin_lock_irq(&mem->lock);
	hms_uncharge(payer, npages);
	spin_unlock_irq(&mem->lock);
}

/* May a user have so many pages, and his cgroup? Says how many; of what is no device's all. */
static struct hms_payer *hms_devmem_charge(struct hms_devmem *mem, kuid_t user,
					   unsigned long *npages)
{
	struct hms_payer *payer;
	unsigned long want;

	if (mem->ops->what != HMS_DEVMEM_DEVICE)
		return NULL;
	want = hms_devmem_room(mem, *npages);
	*npages = want;
	payer = want ? hms_charge(&mem->charges, user, npages) : NULL;
	if (*npages == want || !hms_pcps_drain(&mem->pcps))
		return payer;
	/* He had some of what is free now. */
	hms_devmem_uncharge(mem, payer, *npages);
	*npages = want;
	return hms_charge(&mem->charges, user, npages);
}

/*
 * Make what was taken from the map a page, or a large one. What was a tail of a large page still
 * says so, until core has made it a page again.
 */
static void hms_devmem_make(struct hms_devmem *mem, struct page *page, struct hms_payer *payer,
			    unsigned int order)
{
	page->zone_device_data = payer;
	zone_device_folio_init((struct folio *)page, &mem->pgmap, order);
}

/* Have the driver lend what is missing, if it is one that does. */
static bool hms_devmem_borrow(struct hms_devmem *mem, unsigned long npages)
{
	if (!mem->ops->more || !hms_devmem_is_usable(mem))
		return false;
	mem->ops->more(mem->target, npages);
	return true;
}

/* Take free pages out of the map; how many there were, 0 while it is closed. */
static unsigned int hms_devmem_grab(struct hms_devmem *mem, struct page **pages, unsigned int n)
{
	unsigned long index, run;
	unsigned int got = 0;

	spin_lock_irq(&mem->lock);
	while (got < n && hms_devmem_is_usable(mem)) {
		run = hms_freemap_take(&mem->map, n - got, &index);
		if (!run)
			break;
		while (run--)
			pages[got++] = pfn_to_page(mem->first_pfn + index++);
	}
	hms_devmem_count(mem);
	spin_unlock_irq(&mem->lock);
	return got;
}

/* The same, and of what is on lists if there are fewer. */
static unsigned int hms_devmem_get(struct hms_devmem *mem, struct page **pages, unsigned int n)
{
	unsigned int got = hms_devmem_grab(mem, pages, n);

	if (got < n && hms_pcps_drain(&mem->pcps))
		got += hms_devmem_grab(mem, &pages[got], n - got);
	return got;
}

/* Take the pages of a large one out of the map, as far as there are any that lie like that. */
static bool hms_devmem_grab_block(struct hms_devmem *mem, unsigned long *index)
{
	bool got;

	spin_lock_irq(&mem->lock);
	got = hms_devmem_is_usable(mem) && hms_freemap_take_block(&mem->map, index);
	hms_devmem_count(mem);
	spin_unlock_irq(&mem->lock);
	return got;
}

static bool hms_devmem_get_block(struct hms_devmem *mem, unsigned long *index)
{
	return hms_devmem_grab_block(mem, index) ||
	       (hms_pcps_drain(&mem->pcps) && hms_devmem_grab_block(mem, index)) ||
	       (hms_devmem_borrow(mem, HMS_BLOCK_PAGES) && hms_devmem_grab_block(mem, index));
}

/**
 * hms_devmem_alloc - take free pages
 * @mem: the device's memory
 * @user: for whom
 * @pages: receives them, each locked and with one reference
 * @n: how many
 *
 * Context: may sleep.
 * Return: how many there were, 0 while it is closed; fewer when the user, or the caller's cgroup,
 * may not have them.
 */
unsigned int hms_devmem_alloc(struct hms_devmem *mem, kuid_t user, struct page **pages,
			      unsigned int n)
{
	unsigned long may = n;
	struct hms_payer *payer = hms_devmem_charge(mem, user, &may);
	unsigned int got = hms_devmem_get(mem, pages, may), i;

	if (got < may && hms_devmem_borrow(mem, may - got))
		got += hms_devmem_grab(mem, &pages[got], may - got);
	if (payer)
		hms_devmem_uncharge(mem, payer, may - got);
	for (i = 0; i < got; i++)
		hms_devmem_make(mem, pages[i], payer, 0);
	return got;
}

/**
 * hms_devmem_take - take free pages out of use
 * @mem: the device's memory
 * @pages: receives them; they stand for memory, and are nobody's
 * @n: how many
 *
 * Return: how many there were, 0 while it is closed.
 */
unsigned int hms_devmem_take(struct hms_devmem *mem, struct page **pages, unsigned int n)
{
	unsigned int got = hms_devmem_get(mem, pages, n);

	spin_lock_irq(&mem->lock);
	mem->taken += got;
	hms_devmem_count(mem);
	spin_unlock_irq(&mem->lock);
	return got;
}

/**
 * hms_devmem_give_back - end hms_devmem_take()
 * @mem: the device's memory
 * @pages: from there
 * @n: how many
 */
void hms_devmem_give_back(struct hms_devmem *mem, struct page *const *pages, unsigned int n)
{
	unsigned int i;

	spin_lock_irq(&mem->lock);
	for (i = 0; i < n; i++)
		hms_losses_give(&mem->losses, &mem->map, hms_devmem_index(mem, pages[i]), 1);
	mem->taken -= n;
	if (mem->ops->spare)
		mem->ops->spare(mem->target);
	hms_devmem_count(mem);
	spin_unlock_irq(&mem->lock);
}

/**
 * hms_devmem_take_run - take a run of free pages out of use, also while nobody may have them
 * @mem: the device's memory
 * @max: at most so many
 * @index: receives the first
 *
 * Return: how many, 0 when there is none.
 */
unsigned long hms_devmem_take_run(struct hms_devmem *mem, unsigned long max, unsigned long *index)
{
	unsigned long n;

	spin_lock_irq(&mem->lock);
	n = hms_freemap_take(&mem->map, max, index);
	mem->taken += n;
	hms_devmem_count(mem);
	spin_unlock_irq(&mem->lock);
	return n;
}

/**
 * hms_devmem_give_run - let a run of pages be used
 * @mem: the device's memory
 * @index: the first
 * @npages: how many; taken, or never given yet where a driver lends them
 */
void hms_devmem_give_run(struct hms_devmem *mem, unsigned long index, unsigned long npages)
{
	spin_lock_irq(&mem->lock);
	hms_losses_give(&mem->losses, &mem->map, index, npages);
	mem->taken -= npages;
	hms_devmem_count(mem);
	spin_unlock_irq(&mem->lock);
}

/**
 * hms_devmem_alloc_large - take a large page
 * @mem: the device's memory, private: core maps no large page that is coherent
 * @user: for whom
 *
 * Context: may sleep.
 * Return: its first page, locked and with one reference, or NULL.
 */
struct page *hms_devmem_alloc_large(struct hms_devmem *mem, kuid_t user)
{
	unsigned long may = HMS_BLOCK_PAGES, index;
	struct hms_payer *payer;
	struct page *page;
	bool got;

	if (hms_devmem_is_coherent(mem))
		return NULL;
	payer = hms_devmem_charge(mem, user, &may);
	got = may == HMS_BLOCK_PAGES && hms_devmem_get_block(mem, &index);
	if (!got) {
		if (payer)
			hms_devmem_uncharge(mem, payer, may);
		return NULL;
	}
	page = pfn_to_page(mem->first_pfn + index);
	hms_devmem_make(mem, page, payer, ilog2(HMS_BLOCK_PAGES));
	return page;
}

/**
 * hms_devmem_user - who has a page
 * @page: of a device target, or a placeholder, which is not freed meanwhile
 */
kuid_t hms_devmem_user(struct page *page)
{
	void *data = folio_page(page_folio(page), 0)->zone_device_data;
	struct hms_devmem *mem = hms_devmem_of_page(page);

	return mem->ops->user ? mem->ops->user(data) : hms_payer_user(data);
}

/**
 * hms_devmem_user_left - how many more pages may a user have
 * @mem: the device's memory
 * @user: who
 */
unsigned long hms_devmem_user_left(struct hms_devmem *mem, kuid_t user)
{
	unsigned long left;

	hms_pcps_drain(&mem->pcps);
	spin_lock_irq(&mem->lock);
	left = hms_charges_left(&mem->charges, user);
	spin_unlock_irq(&mem->lock);
	return left;
}

/**
 * hms_devmem_user_limit - how many pages may each user have
 * @mem: the device's memory
 *
 * Return: at most as many as there are.
 */
unsigned long hms_devmem_user_limit(const struct hms_devmem *mem)
{
	return min(READ_ONCE(mem->charges.user_limit), mem->map.npages);
}

/**
 * hms_devmem_limit_users - say how many pages each user may have
 * @mem: the device's memory
 * @npages: so many; what somebody has already, he keeps
 */
void hms_devmem_limit_users(struct hms_devmem *mem, unsigned long npages)
{
	spin_lock_irq(&mem->lock);
	/* All of it is no limit, and nobody has to be counted for it. */
	WRITE_ONCE(mem->charges.user_limit, npages < mem->map.npages ? npages : ULONG_MAX);
	spin_unlock_irq(&mem->lock);
}

/**
 * hms_devmem_close - let nobody allocate any more, or again
 * @mem: the device's memory
 * @closed: which of these
 */
void hms_devmem_close(struct hms_devmem *mem, bool closed)
{
	spin_lock_irq(&mem->lock);
	mem->closed = closed;
	spin_unlock_irq(&mem->lock);
}

bool hms_devmem_is_closed(const struct hms_devmem *mem)
{
	return READ_ONCE(mem->closed);
}

/* May it be given pages now? */
bool hms_devmem_is_usable(const struct hms_devmem *mem)
{
	return !READ_ONCE(mem->closed) && !READ_ONCE(mem->losses.gone);
}

bool hms_devmem_is_coherent(const struct hms_devmem *mem)
{
	return mem->pgmap.type == MEMORY_DEVICE_COHERENT;
}

/**
 * hms_devmem_wait_empty - wait until all pages are free
 * @mem: the device's memory
 * @timeout: but not longer than so many jiffies
 *
 * Context: may sleep.
 */
void hms_devmem_wait_empty(struct hms_devmem *mem, unsigned long timeout)
{
	wait_event_timeout(mem->emptied, hms_devmem_is_empty(mem), timeout);
}

/**
 * hms_devmem_fail - pages have failed: what is in them is lost, and nothing is put there again
 * @mem: the device's memory
 * @index: the first
 * @npages: how many; those that have failed before are passed over. What the driver has taken for
 *	itself is told by nobody
 *
 * Context: may sleep.
 * Return: how many of them are in use, or -ENOMEM.
 */
long hms_devmem_fail(struct hms_devmem *mem, unsigned long index, unsigned long npages)
{
	unsigned long n;
	long used = 0;

	if (hms_losses_begin(&mem->losses, mem->map.npages))
		return -ENOMEM;
	hms_pcps_drain(&mem->pcps);
	/* Interrupts are off meanwhile. */
	for (; npages; index += n, npages -= n) {
		n = min(npages, HMS_BLOCK_PAGES);
		spin_lock_irq(&mem->lock);
		used += hms_losses_fail(&mem->losses, &mem->map, pfn_to_page(mem->first_pfn),
					index, n);
		hms_devmem_count(mem);
		spin_unlock_irq(&mem->lock);
	}
	return used;
}

/**
 * hms_devmem_gone - none of the pages can be reached any more
 * @mem: the device's memory
 *
 * Return: how many are lost by that.
 */
unsigned long hms_devmem_gone(struct hms_devmem *mem)
{
	unsigned long n;

	hms_pcps_drain(&mem->pcps);
	spin_lock_irq(&mem->lock);
	n = hms_losses_all(&mem->losses, mem->used);
	spin_unlock_irq(&mem->lock);
	return n;
}

/* For hms_devmem_may_have_lost(), which is asked instead. */
bool hms_devmem_has_lost(const struct hms_devmem *mem)
{
	return hms_losses_any(&mem->losses);
}

/* For hms_memory_may_have_lost(). */
bool hms_memory_has_lost(const struct hms_memory *memory)
{
	const struct hms_devmem *mem = hms_devmem_of_pgmap(memory->pgmap);

	return mem && hms_devmem_has_lost(mem);
}

/**
 * hms_devmem_is_lost - is what was in a page lost
 * @page: any page; of a large one it is asked of this part alone
 *
 * Context: the caller keeps the struct page from being freed.
 */
bool hms_devmem_is_lost(struct page *page)
{
	const struct hms_devmem *mem = hms_devmem_of_pgmap(hms_memory_of(page).pgmap);

	if (hms_is_poison(page))
		return true;
	return mem && hms_losses_have(&mem->losses, hms_devmem_index(mem, page));
}

/**
 * hms_devmem_nlost - how many pages that are in use are lost
 * @mem: the device's memory
 */
unsigned long hms_devmem_nlost(struct hms_devmem *mem)
{
	return hms_losses_of(&mem->losses, hms_devmem_used(mem));
}

/**
 * hms_devmem_read_lock - keep the struct pages of all devices from being freed
 *
 * A page table that is read without taking references may show a device page that is on its way
 * home. Under this lock its struct page can still be looked at.
 *
 * Context: may sleep.
 * Return: for hms_devmem_read_unlock().
 */
int hms_devmem_read_lock(void)
	__acquires(&hms_devmem_srcu)
{
	return srcu_read_lock(&hms_devmem_srcu);
}

void hms_devmem_read_unlock(int idx)
	__releases(&hms_devmem_srcu)
{
	srcu_read_unlock(&hms_devmem_srcu, idx);
}

/**
 * hms_devmem_synchronize - wait for all who look at pages under hms_devmem_read_lock() now
 *
 * Context: may sleep.
 */
void hms_devmem_synchronize(void)
{
	synchronize_srcu(&hms_devmem_srcu);
}

unsigned long hms_devmem_pages(const struct hms_devmem *mem)
{
	return mem->map.npages;
}

unsigned long hms_devmem_used(struct hms_devmem *mem)
{
	hms_pcps_drain(&mem->pcps);
	return READ_ONCE(mem->used);
}

/* Is none in use? For who asks often: lists are only drained where that may matter. */
bool hms_devmem_is_empty(struct hms_devmem *mem)
{
	unsigned long used = READ_ONCE(mem->used);

	if (used && used <= hms_pcps_most(&mem->pcps))
		used = hms_devmem_used(mem);
	return !used;
}

/* Behind the last page; not to be looked at. */
const struct page *hms_devmem_end(const struct hms_devmem *mem)
{
	return pfn_to_page(mem->first_pfn) + mem->map.npages;
}

unsigned long hms_devmem_index(const struct hms_devmem *mem, const struct page *page)
{
	return page_to_pfn(page) - mem->first_pfn;
}

/**
 * hms_devmem_room - how many pages are free, or lent for this
 * @mem: the device's memory
 * @want: so many would be enough
 *
 * Context: may sleep.
 * Return: at most @want.
 */
unsigned long hms_devmem_room(struct hms_devmem *mem, unsigned long want)
{
	unsigned long have = READ_ONCE(mem->map.nfree);

	if (have < want && hms_pcps_drain(&mem->pcps))
		have = READ_ONCE(mem->map.nfree);
	if (have < want && hms_devmem_borrow(mem, want - have))
		have = READ_ONCE(mem->map.nfree);
	return min(want, have);
}

/* The page that a page is known by in the order in which they leave. */
static unsigned long hms_devmem_known_by(const struct hms_devmem *mem, struct page *page)
{
	return hms_devmem_index(mem, folio_page(page_folio(page), 0));
}

/**
 * hms_devmem_placed - pages were placed: they leave after the others
 * @mem: the device's memory
 * @page: of it, and the first of its folio
 * @n: so many from there on; 1 for a large one
 * @how: how
 *
 * Context: any.
 */
void hms_devmem_placed(struct hms_devmem *mem, const struct page *page, unsigned int n,
		       const struct hms_lru_place *how)
{
	unsigned long flags;

	spin_lock_irqsave(&mem->lock, flags);
	hms_lru_place(&mem->lru, hms_devmem_index(mem, page), n, how);
	spin_unlock_irqrestore(&mem->lock, flags);
}

/**
 * hms_devmem_used_again - the device uses a page, or a request finds it there: it leaves after the
 * others
 * @mem: the device's memory
 * @page: of it; it may be gone by now
 * @serial: see hms_lru_touch()
 *
 * Context: any; the caller keeps the struct page from being freed.
 */
void hms_devmem_used_again(struct hms_devmem *mem, struct page *page, u32 serial)
{
	unsigned long flags;

	spin_lock_irqsave(&mem->lock, flags);
	hms_lru_touch(&mem->lru, hms_devmem_known_by(mem, page), serial);
	spin_unlock_irqrestore(&mem->lock, flags);
}

/**
 * hms_devmem_changed - the policy of a page is another than when it was placed
 * @mem: the device's memory
 * @page: of it; it may be gone by now
 * @how: see hms_lru_change()
 *
 * Context: any; the caller keeps the struct page from being freed.
 */
void hms_devmem_changed(struct hms_devmem *mem, struct page *page,
			const struct hms_lru_place *how)
{
	unsigned long flags;

	spin_lock_irqsave(&mem->lock, flags);
	hms_lru_change(&mem->lru, hms_devmem_known_by(mem, page), how);
	spin_unlock_irqrestore(&mem->lock, flags);
}

/**
 * hms_devmem_next_to_leave - the page that leaves next
 * @mem: the device's memory
 * @want: for whom
 * @known: receives what is known of it, with a reference to its policy
 * @sure: receives whether that is surely its policy still
 *
 * Return: a page, as hms_lru_next(), or NULL. It may be gone at any moment.
 */
struct page *hms_devmem_next_to_leave(struct hms_devmem *mem, const struct hms_lru_want *want,
				      struct hms_lru_page *known, bool *sure)
{
	unsigned long index;

	/* What is free already can't leave. */
	hms_pcps_drain(&mem->pcps);
	spin_lock_irq(&mem->lock);
	index = hms_lru_next(&mem->lru, want, jiffies);
	if (index != HMS_LRU_NONE) {
		*known = mem->lru.pages[index];
		hms_policy_get(known->policy);
		*sure = hms_lru_is_sure(&mem->lru, known);
	}
	spin_unlock_irq(&mem->lock);
	return index == HMS_LRU_NONE ? NULL : pfn_to_page(mem->first_pfn + index);
}

/**
 * hms_devmem_defer - a page could not leave: ask for others first
 * @mem: the device's memory
 * @page: from hms_devmem_next_to_leave()
 */
void hms_devmem_defer(struct hms_devmem *mem, const struct page *page)
{
	spin_lock_irq(&mem->lock);
	hms_lru_defer(&mem->lru, hms_devmem_index(mem, page));
	spin_unlock_irq(&mem->lock);
}

/**
 * hms_devmem_has - is a page frame one of the device's
 * @mem: the device's memory
 * @pfn: any number
 */
bool hms_devmem_has(const struct hms_devmem *mem, unsigned long pfn)
{
	return pfn - mem->first_pfn < mem->map.npages;
}

/* Does a cgroup pay for what is put there? */
bool hms_devmem_is_charged(const struct hms_devmem *mem)
{
	return mem->charges.region;
}

/**
 * hms_devmem_leaves_with - does a page leave with another
 * @mem: the device's memory
 * @page: of it
 * @other: from hms_devmem_next_to_leave()
 * @sure: as from there
 *
 * Without the lock: it is a hint, but for a page that the caller has locked, and nobody places.
 */
bool hms_devmem_leaves_with(const struct hms_devmem *mem, const struct page *page,
			    const struct hms_lru_page *other, bool sure)
{
	return hms_lru_goes_with(&mem->lru, hms_devmem_index(mem, page), other, sure);
}

/* Is a page still the one of which @known was received? As hms_devmem_leaves_with(). */
bool hms_devmem_is_as_known(const struct hms_devmem *mem, const struct page *page,
			    const struct hms_lru_page *known)
{
	return hms_lru_is_as_known(&mem->lru, hms_devmem_index(mem, page), known);
}

/* The target that it was made for. */
struct hms_target *hms_devmem_is_of(const struct hms_devmem *mem)
{
	return mem->target;
}

/* Whose is an owner that hms_devmem_owner() gave? */
struct hms_devmem *hms_devmem_of_owner(void *owner)
{
	return owner;
}

/**
 * hms_devmem_owner - what migrate_vma and hmm_range_fault know the device's pages by
 * @mem: the device's memory
 */
void *hms_devmem_owner(const struct hms_devmem *mem)
{
	return mem->pgmap.owner;
}

/**
 * hms_devmem_target - the target of a device page
 * @page: a zone device page, perhaps of another driver
 *
 * Return: the target, or NULL when the page is not one of ours.
 */
struct hms_target *hms_devmem_target(struct page *page)
{
	const struct hms_devmem *mem = hms_devmem_of_pgmap(page_pgmap(page));

	return mem ? mem->target : NULL;
}

/**
 * hms_devmem_target_at - the target of a page, and where in its memory that is
 * @page: of a device target
 * @index: receives the number of the page there
 * @behind: receives how many pages come after it
 */
struct hms_target *hms_devmem_target_at(struct page *page, unsigned long *index,
					unsigned long *behind)
{
	const struct hms_devmem *mem = hms_devmem_of_page(page);

	*index = hms_devmem_index(mem, page);
	*behind = mem->map.npages - *index - 1;
	return mem->target;
}
