/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* First touch on the nodes of a policy, by mempolicy. */
#ifndef LIBHMS_FIRSTTOUCH_H
#define LIBHMS_FIRSTTOUCH_H

#include "internal.h"

#pragma GCC visibility push(hidden)

#define MEMPOLICY_NODES		1024	/* more than any kernel has */
#define MEMPOLICY_WORD		(8 * sizeof(unsigned long))

struct mempolicy {
	int mode;			/* MPOL_*, with flags */
	int home;			/* where to begin among several nodes, or -1 */
	unsigned long nodes[MEMPOLICY_NODES / MEMPOLICY_WORD];
};

/* What is to be done to the mempolicy of a range when its policy has been set. */
struct first_touch {
	enum hms_first_touch result;	/* unless _SET, what was set before is undone */
	struct mempolicy mempolicy;	/* to set, if _SET */
	struct piece *pieces;
	size_t npieces;
	size_t room;
	bool left;			/* something has a mempolicy of its own */
};

/*
 * Find out what a request asks for, if it sets the policy of a range: before it is made, as then
 * the policies that are there tell which mempolicy is the library's. Changes nothing.
 */
void hms_first_touch_look(struct hms *hms, struct first_touch *touch,
			  const struct hms_request *request);

/* Do it, if the policy has been set; free what the other call allocated. */
void hms_first_touch_end(struct hms *hms, struct first_touch *touch, bool policy_set);

#pragma GCC visibility pop

#endif /* LIBHMS_FIRSTTOUCH_H */
