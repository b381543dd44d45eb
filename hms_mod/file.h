/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_FILE_H
#define _HMS_FILE_H

#include <linux/types.h>

struct hms_binding;
struct mm_struct;

/**
 * struct hms_file - an open descriptor of /dev/hms
 * @mm: the opener's address space; only its struct is held, not its memory
 * @binding: what the first call that needed one made, or NULL
 */
struct hms_file {
	struct mm_struct *mm;
	struct hms_binding *binding;
};

struct hms_binding *hms_file_enter(struct hms_file *file, u32 flags);
void hms_file_leave(struct hms_file *file);

int hms_file_start(void);
void hms_file_stop(void);

#endif /* _HMS_FILE_H */
