/* SPDX-License-Identifier: GPL-2.0 */
/* What can be learnt about the running kernel without the module. */
#ifndef HMSCTL_MACHINE_H
#define HMSCTL_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

/* Is hms loaded? @version receives its version, "unknown version" or "not loaded". */
bool loaded_module(char *version, size_t size);

/* Would modprobe find hms, for the running kernel? @version as above, or "none". */
bool installed_module(char *version, size_t size);

/* Does the kernel refuse unsigned modules: by its configuration, command line or secure boot? */
bool only_signed_modules(void);

/* A line for each option of the kernel's configuration that matters, or why it isn't known. */
void print_kernel_config(void);

#endif /* HMSCTL_MACHINE_H */
