/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_MODIFIER_H
#define _HMS_MODIFIER_H

#include <linux/hms.h>

struct hms_request;

/**
 * struct hms_modifier_desc - a row of the one table of keys
 * @info: what programs are told
 * @parse: takes a value between @info.min and @info.max; NULL for a key that this release lacks
 */
struct hms_modifier_desc {
	struct hms_key_info info;
	enum hms_error_why (*parse)(struct hms_request *request, u64 value);
};

extern const struct hms_modifier_desc hms_modifiers[];
extern const unsigned int hms_nmodifiers;

int hms_modifier_parse(struct hms_request *request, const struct hms_modifier *modifier, u32 index,
		       u32 *seen);

#endif /* _HMS_MODIFIER_H */
