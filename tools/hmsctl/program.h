/* SPDX-License-Identifier: GPL-2.0 */
/* The program that a command means, and whether a library can be preloaded into it. */
#ifndef HMSCTL_PROGRAM_H
#define HMSCTL_PROGRAM_H

#include <limits.h>

/* Where execvp(3) finds @name: 0, or an errno as that has it. */
int program_find(const char *name, char path[PATH_MAX]);

/*
 * NULL when a library of hmsctl's own kind can be preloaded into the program, or into the one that
 * runs it when it is a script; else why not.
 */
const char *program_refuses_preload(const char *path);

#endif /* HMSCTL_PROGRAM_H */
