// SPDX-License-Identifier: GPL-2.0
/* dev_pagemap_ops.folio_free: device pages are freed as folios */
#include <linux/memremap.h>

void probe_free(struct folio *folio);

const struct dev_pagemap_ops probe = { .folio_free = probe_free };
