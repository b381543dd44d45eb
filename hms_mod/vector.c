// SPDX-License-Identifier: GPL-2.0
/*
 * Arrays handed to programs: the program gives room, the module says how many there are.
 */

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/uaccess.h>

#include "vector.h"

/**
 * hms_vector_init - start to fill an array
 * @vector: the array
 * @to: pointer from the program, or 0 for no room
 * @room: elements that fit
 * @user_size: bytes an element, from the program
 * @size: bytes an element here
 *
 * Return: 0, or -EINVAL when there is room for elements of no size, or of an absurd one.
 */
int hms_vector_init(struct hms_vector *vector, u64 to, u32 room, u32 user_size, u32 size)
{
	if (!to)
		room = 0;
	if (room && (!user_size || user_size > PAGE_SIZE))
		return -EINVAL;
	*vector = (struct hms_vector) {
		.to = u64_to_user_ptr(to),
		.room = room,
		.user_size = user_size,
		.size = size,
	};
	return 0;
}

/**
 * hms_vector_add - add an element
 * @vector: the array
 * @element: the element; only counted when there is no more room
 *
 * Context: no locks held: the room may be in a device.
 * Return: 0, -EFAULT, or -EOVERFLOW beyond 4 billion elements.
 */
int hms_vector_add(struct hms_vector *vector, const void *element)
{
	u32 known = min(vector->user_size, vector->size);

	if (vector->count == U32_MAX)
		return -EOVERFLOW;
	if (vector->count++ >= vector->room)
		return 0;
	if (copy_to_user(vector->to, element, known) ||
	    clear_user(vector->to + known, vector->user_size - known))
		return -EFAULT;
	vector->to += vector->user_size;
	return 0;
}
