/* SPDX-License-Identifier: GPL-2.0 */
/* The interface of lib/test_hmm.c, the kernel's test of device memory; in no installed header. */
#ifndef TEST_HMM_H
#define TEST_HMM_H

#include <sys/ioctl.h>

#include <linux/types.h>

struct test_hmm {
	__u64 address;
	__u64 buffer;
	__u64 npages;
	__u64 copied;
	__u64 faults;
};

#define TEST_HMM_TO_DEVICE	_IOWR('H', 0x02, struct test_hmm)
#define TEST_HMM_TO_MEMORY	_IOWR('H', 0x03, struct test_hmm)

#endif /* TEST_HMM_H */
