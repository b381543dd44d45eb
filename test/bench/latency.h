/* SPDX-License-Identifier: GPL-2.0 */
/* What the module says of its passes in debugfs, see doc/ABI/debugfs-hms. */
#ifndef LATENCY_H
#define LATENCY_H

#include <stdint.h>

/* All kinds of passes together, in ns. */
struct latency {
	uint64_t collect;
	uint64_t copy;
	uint64_t commit;
	uint64_t passes;
	uint64_t longest;	/* that pages of one pass were unmapped */
};

/* Counts from nothing; ends that, and says what was counted. */
void latency_begin(void);
struct latency latency_end(void);

#endif /* LATENCY_H */
