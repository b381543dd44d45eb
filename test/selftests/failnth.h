/* SPDX-License-Identifier: GPL-2.0 */
/* Failing one allocation of this thread, the n-th from now on. */
#ifndef HMS_TEST_FAILNTH_H
#define HMS_TEST_FAILNTH_H

#include <stdbool.h>

const char *failnth_open(int *fd);
const char *failnth_modules_only(const char *spared);
int failnth_arm(int fd, int n);
bool failnth_random(int percent);
int failnth_disarm(int fd);

#endif /* HMS_TEST_FAILNTH_H */
