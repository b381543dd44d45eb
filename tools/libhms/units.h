/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers with units, as people write them. */
#ifndef LIBHMS_UNITS_H
#define LIBHMS_UNITS_H

#include <hms/hms.h>

#pragma GCC visibility push(hidden)

#define UNITS_TEXT	32	/* room for any of the texts below */

/* Each returns NULL, or a constant text that says why @text is none. */
const char *hms_parse_number(const char *text, uint64_t max, uint64_t *number);
const char *hms_parse_size(const char *text, uint64_t *bytes);
const char *hms_parse_bandwidth(const char *text, uint32_t *value);	/* MB/s */
const char *hms_parse_latency(const char *text, uint32_t *value);	/* ns */

/* Exact, and so that the calls above read the same again. Return @text. */
const char *hms_format_size(uint64_t bytes, char *text);
const char *hms_format_bandwidth(uint32_t value, char *text);
const char *hms_format_latency(uint32_t value, char *text);

#pragma GCC visibility pop

#endif /* LIBHMS_UNITS_H */
