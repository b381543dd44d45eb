/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_FILE_H
#define _HMS_FILE_H

int hms_file_start(void);
void hms_file_stop(void);

#endif /* _HMS_FILE_H */
