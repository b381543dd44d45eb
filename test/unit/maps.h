/* SPDX-License-Identifier: GPL-2.0 */
/* Maps for tests of libhms, from texts. */
#ifndef TEST_UNIT_MAPS_H
#define TEST_UNIT_MAPS_H

#include <hms/hms.h>

#define MAPS_ERROR	512

/* A map with targets of every kind, for selections. */
extern const char maps_machine[];

/* As hms_open_file(), of a text with any bytes. */
int maps_try(const char *text, size_t length, struct hms **hms, char *error);

/* The map of a text that is one; ends the test where it is not. */
struct hms *maps_open(const char *text);

/* uid of the object with this name; 0 when there is none. */
uint32_t maps_uid(struct hms *hms, enum hms_type type, const char *name);
const struct hms_object *maps_object(struct hms *hms, enum hms_type type, const char *name);

/* The same objects, in all that a file tells of them. */
bool maps_same(const struct hms *a, const struct hms *b);

/* Close @hms. False when memory has been lost. */
bool maps_close(struct hms *hms);

/* Numbers that are the same in every run: below @n. */
unsigned long maps_random(unsigned long n);

#endif /* TEST_UNIT_MAPS_H */
