/* SPDX-License-Identifier: GPL-2.0 */
/* What hmsctl migrate asks for, of its own memory or of that of a process. */
#ifndef HMSCTL_MIGRATION_H
#define HMSCTL_MIGRATION_H

#include <stdint.h>

#include "hmsctl.h"

struct process;

/* As the options say. */
struct migration {
	uint64_t size;
	const char *to;
	const char *initiator;
	int mode;			/* -1: no policy */
	bool populate;
	bool all_or_nothing;
	bool progress;			/* show it, be there a terminal or not */
	unsigned int nweights;
	uint32_t weights[HMS_MAX_TARGETS];
};

/* The request for it, with what it points to. */
struct call {
	struct hms_request request;
	struct hms_modifier modifiers[7];
	uint32_t targets[HMS_MAX_TARGETS];
	uint32_t weights[HMS_MAX_TARGETS];
	unsigned int ntargets;
	uint32_t initiator;		/* uid, or 0 */
};

/* Find what the options name. Returns an exit code. */
int migration_prepare(struct hms *hms, const struct migration *m, struct call *call);

/* Make the request, for a range; then add to it. */
void migration_fill(struct call *call, const struct migration *m, uint64_t start, uint64_t length);
void migration_add(struct call *call, uint32_t key, uint64_t value);

void migration_print(struct hms *hms, const struct hms_result *result);

/* EXIT_PARTIAL when there are pages that did not arrive. */
int migration_exit(const struct migration *m, const struct hms_result *result);

/* Move the memory of a process; for process_with(). */
int migrate_process(const struct process *process, const void *data);

#endif /* HMSCTL_MIGRATION_H */
