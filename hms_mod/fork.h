/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_FORK_H
#define _HMS_FORK_H

const char *hms_fork_unseen(void);
int hms_fork_watch(void);

void hms_fork_start(void);
void hms_fork_stop(void);

#endif /* _HMS_FORK_H */
