/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_SPLIT_H
#define _HMS_SPLIT_H

#include "compat/compat.h"

void hms_split_lock(unsigned long entry);
bool hms_split_may_ask(unsigned long entry);
void hms_split_unlock(unsigned long entry);

/* Has core to be kept from a large page that is locked? @entry: of hms_locate() */
static inline bool hms_split_matters(unsigned long entry)
{
	return hms_core_forgets_locked() && hms_hmm_is_large(entry);
}

#endif /* _HMS_SPLIT_H */
