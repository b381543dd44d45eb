/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_REQUEST_H
#define _HMS_REQUEST_H

#include <linux/hms.h>
#include <linux/types.h>

struct hms_binding;
struct hms_file;
struct hms_target;
struct mm_struct;

/**
 * struct hms_request - an HMS_HBIND, decoded
 * @arg: as the program gave it; its out fields are filled in here
 * @start: first address
 * @end: behind the last address
 * @set_policy: store @mode and the targets
 * @migrate: move what exists
 * @populate: allocate what is missing
 * @all_or_nothing: every page or none
 * @may_move_shared: the caller has CAP_SYS_NICE
 * @mode: enum hms_mode
 * @key_index: which modifier has a key that was given
 * @ntargets: how many targets
 * @uids: as given
 * @targets: each in use, see hms_target_use()
 * @counts: per target
 */
struct hms_request {
	struct hms_hbind *arg;
	unsigned long start;
	unsigned long end;
	bool set_policy;
	bool migrate;
	bool populate;
	bool all_or_nothing;
	bool may_move_shared;
	u32 mode;
	u8 key_index[HMS_MOD_ASYNC + 1];
	u32 ntargets;
	u32 uids[HMS_MAX_TARGETS];
	struct hms_target *targets[HMS_MAX_TARGETS];
	struct hms_target_count counts[HMS_MAX_TARGETS];
};

enum hms_error_why hms_range_check(struct mm_struct *mm, u64 start, u64 length);
int hms_refuse(struct hms_request *request, int error, enum hms_error_where where, u32 index,
	       enum hms_error_why why);
int hms_hbind(struct hms_file *file, struct hms_hbind *arg);

#endif /* _HMS_REQUEST_H */
