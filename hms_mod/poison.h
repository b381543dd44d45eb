/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_POISON_H
#define _HMS_POISON_H

/* Made at a time at most; each takes a struct page of main memory. */
#define HMS_POISON_PAGES	32768UL

struct hms_devmem;
struct page;

struct hms_devmem *hms_poison_new(unsigned long npages);
struct page *hms_poison_alloc(struct hms_devmem *mem);
void hms_poison_close(struct hms_devmem *mem);
void hms_poison_stop(void);

#endif /* _HMS_POISON_H */
