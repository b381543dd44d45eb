// SPDX-License-Identifier: GPL-2.0
#include "policy_model.h"
#include "seeds.h"

/* Pages @first to @last. */
#define OP(what, first, last, which, fail)	{ what, first, (last) - (first), which, fail }

static const struct model_op merged[] = {
	OP(MODEL_SET, 10, 19, 0, 0), OP(MODEL_SET, 30, 39, 1, 0), OP(MODEL_SET, 20, 29, 0, 0),
	OP(MODEL_SET, 15, 34, 2, 0), OP(MODEL_SET, 15, 34, 1, 0),
};

static const struct model_op edges[] = {
	OP(MODEL_SET, 0, 63, 4, 0), OP(MODEL_UNMAP, 0, 0, 0, 0), OP(MODEL_CLEAR, 63, 63, 0, 0),
	OP(MODEL_UNMAP, 31, 31, 0, 0), OP(MODEL_SET, 63, 63, 5, 0), OP(MODEL_CLEAR, 0, 63, 0, 0),
};

static const struct model_op lost[] = {
	OP(MODEL_SET, 0, 63, 0, 0), OP(MODEL_UNMAP, 40, 41, 0, 7), OP(MODEL_UNMAP, 20, 21, 0, 1),
	OP(MODEL_UNMAP, 50, 51, 0, 6), OP(MODEL_SET, 20, 21, 0, 3), OP(MODEL_SET, 20, 21, 0, 0),
};

static const struct model_op cloned[] = {
	OP(MODEL_SET, 0, 9, 0, 0), OP(MODEL_SET, 10, 19, 2, 0), OP(MODEL_SET, 20, 29, 5, 0),
	OP(MODEL_CLONE, 0, 0, 0, 0), OP(MODEL_CLONE, 0, 0, 0, 3),
	OP(MODEL_CLONE, 0, 0, 0, 2), OP(MODEL_CLONE, 0, 0, MODEL_GO_ON, 0),
	OP(MODEL_UNMAP, 15, 24, 0, 0), OP(MODEL_CUT, 5, 12, 0, 0), OP(MODEL_CUT, 5, 12, 0, 1),
	OP(MODEL_CLONE, 0, 0, MODEL_GO_ON, 6),
};

static const struct model_op common[] = {
	OP(MODEL_SET, 0, 9, 4, 0), OP(MODEL_SET, 10, 19, 6, 0), OP(MODEL_SET, 20, 29, 8, 0),
	OP(MODEL_INTERSECT, 0, 29, 0, 0), OP(MODEL_SET, 15, 16, 10, 0),
	OP(MODEL_INTERSECT, 5, 25, 0, 0), OP(MODEL_INTERSECT, 5, 30, 0, 0),
	OP(MODEL_CLEAR, 12, 13, 0, 0), OP(MODEL_INTERSECT, 0, 29, 0, 0),
};

static const struct model_op page_by_page[] = {
	OP(MODEL_SET, 0, 40, 12, 0), OP(MODEL_SET, 20, 63, 14, 0), OP(MODEL_SET, 30, 33, 16, 0),
	OP(MODEL_INTERSECT, 20, 63, 0, 0), OP(MODEL_INTERSECT, 0, 63, 0, 0),
	OP(MODEL_UNMAP, 31, 31, 0, 0), OP(MODEL_SET, 30, 33, 15, 0),
	OP(MODEL_INTERSECT, 20, 63, 0, 0),
	OP(MODEL_CLONE, 0, 0, MODEL_GO_ON, 0), OP(MODEL_SET, 5, 6, 17, 0),
};

void make_seeds(void)
{
	seed("merged", merged, sizeof(merged));
	seed("edges", edges, sizeof(edges));
	seed("lost", lost, sizeof(lost));
	seed("cloned", cloned, sizeof(cloned));
	seed("common", common, sizeof(common));
	seed("page_by_page", page_by_page, sizeof(page_by_page));
}
