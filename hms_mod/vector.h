/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_VECTOR_H
#define _HMS_VECTOR_H

#include <linux/types.h>

/**
 * struct hms_vector - an array that a program gives room for
 * @to: where the next element goes
 * @room: elements that fit
 * @count: elements that there are
 * @user_size: bytes an element as the program was built
 * @size: bytes an element here
 *
 * A program that is older than the module gets elements cut to what it knows; a newer one gets them
 * filled up with zeros.
 */
struct hms_vector {
	void __user *to;
	u32 room;
	u32 count;
	u32 user_size;
	u32 size;
};

int hms_vector_init(struct hms_vector *vector, u64 to, u32 room, u32 user_size, u32 size);
int hms_vector_add(struct hms_vector *vector, const void *element);

static inline bool hms_vector_overflowed(const struct hms_vector *vector)
{
	return vector->count > vector->room;
}

#endif /* _HMS_VECTOR_H */
