/* SPDX-License-Identifier: GPL-2.0 */
/* System calls that fail for this process from now on, as seccomp(2) makes them. 0 or -errno. */
#ifndef HMS_TEST_FILTER_H
#define HMS_TEST_FILTER_H

int filter_syscall(int number, int error);
int filter_ioctl(unsigned long request, int error);

#endif /* HMS_TEST_FILTER_H */
