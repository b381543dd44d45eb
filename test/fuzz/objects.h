/* SPDX-License-Identifier: GPL-2.0 */
/* What is true of every object that libhms hands out, whatever it was made of. */
#ifndef TEST_FUZZ_OBJECTS_H
#define TEST_FUZZ_OBJECTS_H

#include <hms/hms.h>

/* Ends the program where @object is not as hms.h says. */
void check_object(const struct hms_object *object);

/* The same for @n uids that ascend. */
void check_uids(const uint32_t *uids, size_t n);

bool has_uid(const uint32_t *uids, size_t n, uint32_t uid);

/* No bytes that a terminal might obey, and not empty. */
void check_text(const char *text);

#endif /* TEST_FUZZ_OBJECTS_H */
