/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_USER_H
#define _HMS_USER_H

#include <linux/mm.h>
#include <linux/uaccess.h>

/**
 * hms_user_begin - take a request from user memory
 * @user: a struct that begins with its size
 * @arg: receives it
 * @known: its size here; the first one published, so none is shorter
 *
 * Its ends are also written back, to find out now, and not when the work is done, whether the
 * answer can be.
 *
 * Return: 0, -EFAULT, -EINVAL when it is too short, -E2BIG when it holds what is not known here.
 */
static inline int hms_user_begin(void __user *user, void *arg, size_t known)
{
	u32 size;
	int ret;

	if (get_user(size, (u32 __user *)user))
		return -EFAULT;
	if (size < known)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(arg, known, user, size);
	if (ret)
		return ret;
	/* Another thread may have changed it in between. */
	*(u32 *)arg = size;
	/* It is no longer than a page, so its two ends tell for all of it. */
	if (put_user(size, (u32 __user *)user) ||
	    put_user(*(u32 *)(arg + known - sizeof(u32)),
		     (u32 __user *)(user + known - sizeof(u32))))
		return -EFAULT;
	return 0;
}

#endif /* _HMS_USER_H */
