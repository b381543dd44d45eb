/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps as texts: what reading and writing them share. */
#ifndef LIBHMS_MAP_H
#define LIBHMS_MAP_H

#include <hms/hms.h>

#pragma GCC visibility push(hidden)

#define MAP_WORD	"hms-map"
#define MAP_FORMAT	"1"

/* Characters of a name. None of them means anything in a list, a value or a selection. */
#define MAP_NAME_CHARACTERS \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/+"

/* Words of struct hms_cache, by number; the last one is for all others. */
#define MAP_CACHE_WORDS	3
extern const char *const map_cache_indexing[MAP_CACHE_WORDS];
extern const char *const map_cache_write_policy[MAP_CACHE_WORDS];

/* The version of an object whose line does not say it. */
uint32_t map_default_version(enum hms_type type, uint32_t properties);

/**
 * map_read() - objects from a text
 * @hms: a handle without objects, receives them
 * @text: the text, with room for a NUL behind it; it is overwritten
 * @length: its length
 * @max_version: objects above it are left out, and what only they make sense of
 * @error: receives what is wrong, with the line
 * @size: room in @error
 *
 * Return: 0; -EINVAL; -ENOMEM. @hms has no objects when it fails.
 */
int map_read(struct hms *hms, char *text, size_t length, uint32_t max_version, char *error,
	     size_t size);

#pragma GCC visibility pop

#endif /* LIBHMS_MAP_H */
