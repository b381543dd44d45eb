/* SPDX-License-Identifier: GPL-2.0 */
/* What can be learnt about the running kernel without the module. */
#ifndef HMSCTL_MACHINE_H
#define HMSCTL_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

/* Is hms loaded? @version receives its version, or "unknown version". */
bool loaded_module(char *version, size_t size);

/* Has depmod found an hms.ko for the running kernel? */
bool installed_module(void);
bool installed_version(char *version, size_t size);
bool only_signed_modules(void);

/* A line for each option of the kernel's configuration that matters, or why it isn't known. */
void print_kernel_config(void);

#endif /* HMSCTL_MACHINE_H */
