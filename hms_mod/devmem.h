/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_DEVMEM_H
#define _HMS_DEVMEM_H

#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/uidgid.h>

#include "compat/compat.h"
#include "losses.h"
#include "lru.h"

struct hms_devmem;
struct hms_target;
struct vm_fault;

/* What is behind the pages. */
enum hms_devmem_what {
	HMS_DEVMEM_DEVICE,	/* memory of a device */
	HMS_DEVMEM_PLACEHOLDER,	/* nothing yet, see lazy.c */
	HMS_DEVMEM_POISON,	/* nothing any more, see poison.c */
};

/**
 * struct hms_devmem_ops - what happens to the pages
 * @touched: a CPU touched one that it can't load from
 * @freed: core has freed one, @npages are in it; in any context. May be NULL
 * @failed: core has been told that so many of them are bad; as hms_target_failed(). May be NULL
 * @more: memory is short by so many pages: have the driver lend some, see lend.c. NULL: all of it
 *	is there from the beginning
 * @spare: some is free, and the driver may have it back; under the lock, in any context
 * @user: by its zone_device_data, who has one; NULL: who was given it
 * @emptied: all of them are free, so that they may be destroyed; in any context. May be NULL
 * @what: enum hms_devmem_what; only what is a device's is charged, and leaves by an order
 */
struct hms_devmem_ops {
	vm_fault_t (*touched)(struct vm_fault *vmf, struct hms_target *target);
	void (*freed)(struct page *page, unsigned long npages);
	int (*failed)(struct hms_target *target, unsigned long index, unsigned long npages);
	void (*more)(struct hms_target *target, unsigned long npages);
	void (*spare)(struct hms_target *target);
	kuid_t (*user)(const void *data);
	void (*emptied)(void);
	enum hms_devmem_what what;
};

/* That of the placeholders, or NULL. */
extern const struct dev_pagemap *hms_placeholders;

/* Is there nothing behind a page? NULL is no page. */
static inline bool hms_is_placeholder(const struct page *page)
{
	const struct dev_pagemap *placeholders = READ_ONCE(hms_placeholders);

	return page && placeholders && is_zone_device_page(page) &&
	       page_pgmap(page) == placeholders;
}

extern const struct dev_pagemap_ops hms_devmem_pagemap_ops;
extern const struct dev_pagemap_ops hms_poison_pagemap_ops;

/* Those of a device page; NULL, too, for part of a large one that core is about to split. */
static inline const struct dev_pagemap_ops *hms_pagemap_ops(const struct page *page)
{
	const struct dev_pagemap *pgmap = page_pgmap(page);

	return pgmap ? pgmap->ops : NULL;
}

/* Is a device page one of HMS, which hms_devmem_read_lock() keeps? */
static inline bool hms_devmem_is_ours(const struct page *page)
{
	const struct dev_pagemap_ops *ops = hms_pagemap_ops(page);

	return ops == &hms_devmem_pagemap_ops || ops == &hms_poison_pagemap_ops;
}

/* Does a page stand for one that is lost? NULL does not. */
static inline bool hms_is_poison(const struct page *page)
{
	return page && is_zone_device_page(page) &&
	       hms_pagemap_ops(page) == &hms_poison_pagemap_ops;
}

/**
 * struct hms_memory - which memory a page is in, told sooner than by a look-up of its target
 * @zone: of which node, or HMS_NO_MEMORY
 * @pgmap: whose, if it is a device's; then
 * @pages: where its struct pages are, and
 * @size: how many bytes they take
 */
struct hms_memory {
	int zone;
	const struct dev_pagemap *pgmap;
	unsigned long pages;
	unsigned long size;
};

#define HMS_NO_MEMORY	(-1)

/* NULL is in none. */
static inline struct hms_memory hms_memory_of(const struct page *page)
{
	struct hms_memory memory = { .zone = HMS_NO_MEMORY };

	if (!page)
		return memory;
	if (is_zone_device_page(page)) {
		memory.pgmap = page_pgmap(page);
		/* Then it is like no other, see hms_pagemap_ops(). */
		if (!memory.pgmap)
			return memory;
		memory.pages = (unsigned long)pfn_to_page(PHYS_PFN(memory.pgmap->range.start));
		memory.size = PHYS_PFN(range_len(&memory.pgmap->range)) * sizeof(*page);
	}
	memory.zone = page_zone_id((struct page *)page);
	return memory;
}

static inline bool hms_is_in(const struct page *page, const struct hms_memory *memory)
{
	if (!page)
		return memory->zone == HMS_NO_MEMORY;
	if (memory->pgmap)
		return (unsigned long)page - memory->pages < memory->size;
	return page_zone_id((struct page *)page) == memory->zone;
}

struct hms_devmem *hms_devmem_create(struct hms_target *target, const char *name,
				     unsigned long npages, u64 range,
				     const struct hms_devmem_ops *ops);
struct page *hms_devmem_alloc_large(struct hms_devmem *mem, kuid_t user);
kuid_t hms_devmem_user(struct page *page);
unsigned long hms_devmem_user_left(struct hms_devmem *mem, kuid_t user);
unsigned long hms_devmem_user_limit(const struct hms_devmem *mem);
void hms_devmem_limit_users(struct hms_devmem *mem, unsigned long npages);
void hms_devmem_close(struct hms_devmem *mem, bool closed);
bool hms_devmem_is_closed(const struct hms_devmem *mem);
bool hms_devmem_is_usable(const struct hms_devmem *mem);
long hms_devmem_fail(struct hms_devmem *mem, unsigned long index, unsigned long npages);
unsigned long hms_devmem_gone(struct hms_devmem *mem);
bool hms_devmem_has_lost(const struct hms_devmem *mem);
bool hms_devmem_is_lost(struct page *page);
bool hms_memory_has_lost(const struct hms_memory *memory);
unsigned long hms_devmem_nlost(struct hms_devmem *mem);
bool hms_devmem_is_coherent(const struct hms_devmem *mem);
void hms_devmem_destroy(struct hms_devmem *mem);
void hms_devmem_wait_empty(struct hms_devmem *mem, unsigned long timeout);
unsigned int hms_devmem_take(struct hms_devmem *mem, struct page **pages, unsigned int n);
unsigned long hms_devmem_take_run(struct hms_devmem *mem, unsigned long max, unsigned long *index);
void hms_devmem_give_run(struct hms_devmem *mem, unsigned long index, unsigned long npages);
void hms_devmem_give_back(struct hms_devmem *mem, struct page *const *pages, unsigned int n);
unsigned int hms_devmem_alloc(struct hms_devmem *mem, kuid_t user, struct page **pages,
			      unsigned int n);
unsigned long hms_devmem_room(struct hms_devmem *mem, unsigned long want);
void hms_devmem_placed(struct hms_devmem *mem, const struct page *page, unsigned int n,
		       const struct hms_lru_place *how);
void hms_devmem_used_again(struct hms_devmem *mem, struct page *page, u32 serial);
void hms_devmem_changed(struct hms_devmem *mem, struct page *page,
			const struct hms_lru_place *how);
struct page *hms_devmem_next_to_leave(struct hms_devmem *mem, const struct hms_lru_want *want,
				      struct hms_lru_page *known, bool *sure);
void hms_devmem_defer(struct hms_devmem *mem, const struct page *page);
bool hms_devmem_has(const struct hms_devmem *mem, unsigned long pfn);
bool hms_devmem_is_charged(const struct hms_devmem *mem);
bool hms_devmem_leaves_with(const struct hms_devmem *mem, const struct page *page,
			    const struct hms_lru_page *other, bool sure);
bool hms_devmem_is_as_known(const struct hms_devmem *mem, const struct page *page,
			    const struct hms_lru_page *known);
unsigned long hms_devmem_pages(const struct hms_devmem *mem);
unsigned long hms_devmem_used(struct hms_devmem *mem);
bool hms_devmem_is_empty(struct hms_devmem *mem);
const struct page *hms_devmem_end(const struct hms_devmem *mem);
unsigned long hms_devmem_index(const struct hms_devmem *mem, const struct page *page);
struct hms_target *hms_devmem_is_of(const struct hms_devmem *mem);
struct hms_devmem *hms_devmem_of_owner(void *owner);
void *hms_devmem_owner(const struct hms_devmem *mem);
struct hms_target *hms_devmem_target(struct page *page);
struct hms_target *hms_devmem_target_at(struct page *page, unsigned long *index,
					unsigned long *behind);
void hms_devmem_revive(struct folio *folio, struct vm_area_struct *vma, unsigned long start);
int hms_devmem_read_lock(void);
void hms_devmem_read_unlock(int idx);
void hms_devmem_synchronize(void);

/* Without, there is no need to ask of a page. */
static inline bool hms_devmem_may_have_lost(const struct hms_devmem *mem)
{
	return hms_losses_anywhere() && hms_devmem_has_lost(mem);
}

static inline bool hms_memory_may_have_lost(const struct hms_memory *memory)
{
	return hms_losses_anywhere() && hms_memory_has_lost(memory);
}

#endif /* _HMS_DEVMEM_H */
