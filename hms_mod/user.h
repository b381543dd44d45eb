/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_USER_H
#define _HMS_USER_H

#include <linux/mm.h>
#include <linux/uaccess.h>

/**
 * hms_user_end - give a request back, with what is written to it
 * @user: where it came from
 * @arg: it
 * @known: its size here; less is written where the program has less
 *
 * Return: 0 or -EFAULT.
 */
static inline int hms_user_end(void __user *user, const void *arg, size_t known)
{
	return copy_to_user(user, arg, min_t(size_t, *(const u32 *)arg, known)) ? -EFAULT : 0;
}

/**
 * hms_user_begin - take a request from user memory
 * @user: a struct that begins with its size
 * @arg: receives it
 * @least: the size of the first one published: none is shorter
 * @known: its size here
 *
 * Its ends are also written back, to find out now, and not when the work is done, whether the
 * answer can be.
 *
 * Return: 0, -EFAULT, -EINVAL when it is too short, -E2BIG when it holds what is not known here.
 */
static inline int hms_user_begin(void __user *user, void *arg, size_t least, size_t known)
{
	size_t end;
	u32 size;
	int ret;

	if (get_user(size, (u32 __user *)user))
		return -EFAULT;
	if (size < least)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(arg, known, user, size);
	if (ret)
		return ret;
	/* Another thread may have changed it in between. */
	*(u32 *)arg = size;
	/* It is no longer than a page, so its two ends tell for all of it. */
	end = min_t(size_t, known, size) - 1;
	if (put_user(size, (u32 __user *)user) ||
	    put_user(*(u8 *)(arg + end), (u8 __user *)(user + end)))
		return -EFAULT;
	return 0;
}

#endif /* _HMS_USER_H */
