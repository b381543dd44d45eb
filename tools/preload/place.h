/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The targets that the environment names. */
#ifndef PRELOAD_PLACE_H
#define PRELOAD_PLACE_H

#include <stdbool.h>
#include <stddef.h>

/* Are there any? Until place_init() there are none. */
bool place_wanted(void);
void place_init(char **environment);

/* Must memory that has no room there not be used? */
bool place_is_strict(void);

/*
 * Give memory its policy, and pages on the targets. Return: false when it must not be used:
 * place_is_strict(), and there was not room for all of it.
 */
bool place(void *start, size_t length);

#endif /* PRELOAD_PLACE_H */
