// SPDX-License-Identifier: GPL-2.0
#include "policy_model.h"

#define PAGE	4096UL

/* Each differs from another in one thing alone. */
static const struct kind {
	u32 mode;
	bool inherit;
	u32 n;
	u32 uids[3];
	u8 weights[3];
	u8 priority;
} kinds[MODEL_KINDS + 1] = {
	{},
	{ HMS_MODE_BIND, false, 2, { 1, 2 }, {}, 5 },
	{ HMS_MODE_BIND, true, 2, { 1, 2 }, {}, 5 },
	{ HMS_MODE_PREFERRED, true, 2, { 1, 2 }, {}, 5 },
	{ HMS_MODE_PREFERRED, true, 2, { 1, 2 }, {}, 4 },
	{ HMS_MODE_PREFERRED, true, 2, { 2, 1 }, {}, 5 },
	{ HMS_MODE_PREFERRED, true, 3, { 2, 1, 3 }, {}, 5 },
	{ HMS_MODE_PREFERRED, true, 1, { 3 }, {}, 5 },
	{ HMS_MODE_INTERLEAVE, true, 3, { 2, 1, 3 }, {}, 5 },
	{ HMS_MODE_WEIGHTED, true, 3, { 2, 1, 3 }, { 1, 3, 2 }, 5 },
	{ HMS_MODE_WEIGHTED, true, 3, { 2, 1, 3 }, { 1, 3, 255 }, 5 },
};

/*
 * The first half of the pages begins at address 0, the other one ends at the last address: nothing
 * may go over either edge. The page in the middle is what is between them.
 */
static unsigned long first_of(unsigned long page)
{
	return page < MODEL_PAGES / 2 ? page * PAGE : (page - MODEL_PAGES) * PAGE;
}

static unsigned long last_of(unsigned long page)
{
	return first_of(page + 1) - 1;
}

/* The first page behind @page that is of another kind. */
static unsigned long run_end(const unsigned char *pages, unsigned long page)
{
	unsigned long end = page + 1;

	while (end < MODEL_PAGES && pages[end] == pages[page])
		end++;
	return end;
}

/* What page by page over the targets means: the turns of each in a row, over and over. */
static u32 kind_rank(const struct kind *kind, unsigned long number)
{
	u8 turns[3 * 255];
	u32 n = 0;

	if (kind->mode != HMS_MODE_INTERLEAVE && kind->mode != HMS_MODE_WEIGHTED)
		return 0;
	for (u32 i = 0; i < kind->n; i++)
		for (u32 turn = 0; turn < (kind->mode == HMS_MODE_WEIGHTED ? kind->weights[i] : 1);
		     turn++)
			turns[n++] = i;
	return turns[number % n];
}

static bool ranks_are_right(const struct hms_policy *policy, const struct kind *kind,
			    unsigned long first, unsigned long last)
{
	for (unsigned long page = first; page <= last; page++)
		if (hms_policy_rank(policy, first_of(page) / PAGE) !=
		    kind_rank(kind, first_of(page) / PAGE))
			return false;
	return true;
}

/* The runs of equal pages are the ranges, and there are no others. Counts those without a spare. */
static const char *compare(struct policy_model *model, struct hms_policy_tree *tree,
			   const unsigned char *pages, unsigned char whole,
			   unsigned long *spareless)
{
	struct hms_range *range = hms_policy_first(tree, 0, ULONG_MAX);
	unsigned long page, end, nr = 0, heritable = kinds[whole].inherit;

	if (!tree->whole != !whole ||
	    (whole && !hms_policy_equal(tree->whole, model->policies[whole][0])))
		return "the whole has another policy";
	*spareless = 0;
	for (page = 0; page < MODEL_PAGES; page = end) {
		end = run_end(pages, page);
		if (!pages[page])
			continue;
		if (!range)
			return "a range is missing at the end";
		if (range->it.start != first_of(page) || range->it.last != last_of(end - 1))
			return "a range begins or ends elsewhere";
		if (!hms_policy_equal(range->policy, model->policies[pages[page]][0]))
			return "a range has another policy";
		if (!ranks_are_right(range->policy, &kinds[pages[page]], page, end - 1))
			return "a page belongs to another target";
		*spareless += !range->spare;
		nr++;
		heritable += kinds[pages[page]].inherit;
		range = hms_policy_next(range, 0, ULONG_MAX);
	}
	if (range)
		return "a range too many at the end";
	return nr == tree->nr && heritable == tree->heritable ? NULL : "ranges are miscounted";
}

/* All is as it should be, with no tree but this one. @missing: spares there was no memory for. */
static const char *check(struct policy_model *model, unsigned long missing)
{
	unsigned long nr = model->tree.nr, spareless, refs = 0;
	const char *wrong = compare(model, &model->tree, model->page, model->whole, &spareless);

	if (wrong)
		return wrong;
	if (model->tree.lost != model->lost)
		return "what was lost is miscounted";
	if (spareless > model->spareless + missing)
		return "a spare is missing";
	model->spareless = spareless;
	for (int kind = 1; kind <= MODEL_KINDS; kind++)
		for (int copy = 0; copy < 2; copy++)
			refs += model->policies[kind][copy]->ref.refs - 1;
	if (refs != nr + !!model->whole)
		return "references are miscounted";
	if (unit_allocated != 2 * MODEL_KINDS + 2 * nr - spareless)
		return "something has leaked";
	return NULL;
}

/* Does a change of these pages leave two pieces of a range? */
static bool cuts(const struct policy_model *model, unsigned long first, unsigned long last)
{
	return first && model->page[first] && run_end(model->page, first - 1) > last + 1;
}

static const char *change(struct policy_model *model, unsigned long first, unsigned long last,
			  unsigned int kind, unsigned int copy, long fail)
{
	struct hms_policy *policy = model->policies[kind][copy];
	struct hms_policy_edit edit = { };
	const char *wrong = NULL;
	bool fails = fail && fail <= HMS_POLICY_EDIT_NODES;

	unit_fail_at = fail;
	if ((hms_policy_edit_prepare(&edit) == -ENOMEM) != fails)
		wrong = "it is prepared without memory, or is not with it";
	unit_fail_at = 0;
	if (fails || wrong)
		return wrong;
	/* From here on nothing is allocated. */
	unit_fail_bits = ULONG_MAX;
	if (kind)
		hms_policy_set(&model->tree, &edit, first_of(first), last_of(last), policy);
	else
		hms_policy_punch(&model->tree, &edit, first_of(first), last_of(last));
	if (unit_fail_bits != ULONG_MAX)
		wrong = "what was prepared is not enough";
	unit_fail_bits = 0;
	hms_policy_edit_drop(&edit);
	memset(model->page + first, kind, last + 1 - first);
	return wrong;
}

static void unmap(struct policy_model *model, unsigned long first, unsigned long last,
		  unsigned int fail)
{
	struct hms_range *range = hms_policy_first(&model->tree, first_of(first), last_of(last));
	unsigned long end = last + 1;

	/* With no spare and no memory what is above the hole goes with it. */
	if (cuts(model, first, last) && !range->spare && (fail & 1)) {
		end = run_end(model->page, last);
		model->lost++;
	}
	unit_atomic = true;
	unit_fail_bits = fail;
	hms_policy_punch(&model->tree, NULL, first_of(first), last_of(last));
	unit_fail_bits = 0;
	unit_atomic = false;
	memset(model->page + first, 0, end - first);
}

/* As mremap(2) does it: out of the tree, and back. Without memory, what is there is right. */
static const char *cut(struct policy_model *model, unsigned long first, unsigned long last,
		       unsigned int fail)
{
	struct hms_policy_tree away = { .root = RB_ROOT_CACHED };
	unsigned char page[MODEL_PAGES] = { };
	struct hms_policy_edit edit = { };
	unsigned long from, to, spareless, n;
	struct hms_policy *policy;
	const char *wrong = NULL;

	n = hms_policy_count(&model->tree, first_of(first), last_of(last));
	memcpy(page + first, model->page + first, last + 1 - first);
	unit_atomic = true;
	if (fail) {
		unit_fail_bits = ULONG_MAX;
		hms_policy_cut(&model->tree, first_of(first), last_of(last), &away);
		unit_fail_bits = 0;
		if (away.nr + away.lost != n)
			wrong = "what was cut out and lost is miscounted";
	} else {
		hms_policy_cut(&model->tree, first_of(first), last_of(last), &away);
		wrong = compare(model, &away, page, 0, &spareless);
		if (away.lost || away.nr != n)
			wrong = "something was lost, with memory";
	}
	unit_atomic = false;
	if (hms_policy_first(&model->tree, first_of(first), last_of(last)))
		wrong = "something was not cut out";
	while ((policy = hms_policy_pop(&away, &from, &to))) {
		assert(!hms_policy_edit_prepare(&edit));
		if (!fail)
			hms_policy_set(&model->tree, &edit, from, to, policy);
		hms_policy_put(policy);
	}
	hms_policy_edit_drop(&edit);
	return wrong ?: away.nr || away.heritable ? "not all was popped" : NULL;
}

/* As fork does it: nodes are made where one may sleep, and used where one may not. */
static int clone_all(struct policy_model *model, struct hms_policy_tree *tree)
{
	struct hms_policy_edit edit = { };
	unsigned long next = 0;
	bool more;

	do {
		if (hms_policy_edit_prepare(&edit)) {
			hms_policy_free_all(tree);
			return -ENOMEM;
		}
		unit_fail_bits = ULONG_MAX;
		more = hms_policy_clone(tree, &model->tree, &edit, &next);
		if (unit_fail_bits != ULONG_MAX)
			return -EPROTO;
		unit_fail_bits = 0;
	} while (more);
	hms_policy_edit_drop(&edit);
	return 0;
}

static const char *clone(struct policy_model *model, unsigned int which, long fail)
{
	struct hms_policy_tree tree = { .root = RB_ROOT_CACHED };
	unsigned char whole = kinds[model->whole].inherit ? model->whole : 0;
	unsigned char page[MODEL_PAGES];
	unsigned long spareless;
	long before = unit_allocated;
	const char *wrong;
	int ret;

	for (unsigned long i = 0; i < MODEL_PAGES; i++)
		page[i] = kinds[model->page[i]].inherit ? model->page[i] : 0;
	unit_fail_at = fail;
	ret = clone_all(model, &tree);
	/* It is down to 0 when there were so many allocations, and the last of them failed. */
	if (fail && (ret == -ENOMEM) != !unit_fail_at)
		return "a clone failed with memory, or did not without";
	unit_fail_at = 0;
	if (ret == -ENOMEM)
		return !hms_policy_first(&tree, 0, ULONG_MAX) && !tree.nr && !tree.heritable &&
		       !tree.whole && unit_allocated == before ? NULL :
		       "a clone failed and left something";
	wrong = ret ? "what was prepared for a clone is not enough" :
		      compare(model, &tree, page, whole, &spareless);
	if (!wrong && (tree.lost || spareless))
		wrong = "a clone has lost something, or has no spare";
	if (which & MODEL_GO_ON) {
		hms_policy_free_all(&model->tree);
		model->tree = tree;
		memcpy(model->page, page, sizeof(page));
		model->whole = whole;
		model->lost = 0;
	} else {
		hms_policy_free_all(&tree);
	}
	return wrong;
}

static bool kind_names(const struct kind *kind, u32 uid)
{
	for (u32 i = 0; i < kind->n; i++)
		if (kind->uids[i] == uid)
			return true;
	return false;
}

static u8 kind_weight(const struct kind *kind, u32 uid)
{
	for (u32 i = 0; i < kind->n; i++)
		if (kind->uids[i] == uid)
			return kind->weights[i];
	return 0;
}

/* Its own policy, or that of the whole. */
static const struct kind *kind_at(const struct policy_model *model, unsigned long page)
{
	return &kinds[model->page[page] ?: model->whole];
}

static const char *intersect(struct policy_model *model, unsigned long first, unsigned long last)
{
	struct hms_policy_common common = { .first = first_of(first), .last = last_of(last) };
	const struct kind *kind = kind_at(model, first);
	u32 mode = kind->mode, n = 0;
	bool none = false, inherit = true;
	u8 priority = kind->priority;
	int ret;

	while ((ret = hms_policy_intersect(&model->tree, &common)) == 1)
		;
	for (unsigned long i = first; i <= last; i++) {
		none |= !kind_at(model, i)->n;
		inherit &= kind_at(model, i)->inherit;
		priority = min(priority, kind_at(model, i)->priority);
		if (kind_at(model, i)->mode != mode)
			mode = HMS_MODE_DEFAULT;
	}
	if (none)
		return ret == -ENOENT ? NULL : "a page without a policy was not seen";
	if (ret || common.mode != mode || common.inherit != inherit)
		return "the common mode is another";
	if (common.priority != priority)
		return "the lowest priority is another";
	for (u32 t = 0; t < kind->n; t++) {
		u8 weight = kind->weights[t];
		bool all = true;

		for (unsigned long i = first; i <= last; i++) {
			all &= kind_names(kind_at(model, i), kind->uids[t]);
			if (kind_weight(kind_at(model, i), kind->uids[t]) != weight)
				weight = 0;
		}
		if (!all)
			continue;
		if (n >= common.ntargets || common.uids[n] != kind->uids[t])
			return "a common target is missing";
		if (common.weights[n++] != weight)
			return "a common weight is another";
	}
	return n == common.ntargets ? NULL : "a target is not common";
}

static void set_whole(struct policy_model *model, unsigned int which)
{
	model->whole = which / 2 % (MODEL_KINDS + 1);
	hms_policy_set_whole(&model->tree, model->policies[model->whole][which % 2]);
}

static struct hms_policy *kind_policy(const struct kind *kind)
{
	const struct hms_policy_terms terms = {
		.mode = kind->mode, .inherit = kind->inherit, .priority = kind->priority,
		.uids = kind->uids, .weights = kind->weights, .ntargets = kind->n,
	};

	return hms_policy_new(&terms);
}

/* One that a child does not get. */
struct hms_policy *policy_of(u32 mode, const u32 *uids, const u8 *weights, u32 n)
{
	const struct hms_policy_terms terms = {
		.mode = mode, .uids = uids, .weights = weights, .ntargets = n,
	};

	return hms_policy_new(&terms);
}

void model_start(struct policy_model *model)
{
	*model = (struct policy_model) { .tree.root = RB_ROOT_CACHED };
	for (int kind = 1; kind <= MODEL_KINDS; kind++)
		for (int copy = 0; copy < 2; copy++)
			model->policies[kind][copy] =
				kind_policy(&kinds[kind]);
}

const char *model_step(struct policy_model *model, const struct model_op *op)
{
	unsigned long first = op->first % MODEL_PAGES;
	unsigned long last = first + op->n % (MODEL_PAGES - first);
	unsigned long missing = 0;
	const char *wrong = NULL;

	if (hms_policy_cuts(&model->tree, first_of(first), last_of(last)) !=
	    cuts(model, first, last))
		return "what cuts a range is not told";
	switch (op->what % MODEL_WHATS) {
	case MODEL_SET:
		wrong = change(model, first, last, 1 + op->which / 2 % MODEL_KINDS, op->which % 2,
			       op->fail);
		break;
	case MODEL_CLEAR:
		wrong = change(model, first, last, 0, 0, op->fail);
		break;
	case MODEL_UNMAP:
		unmap(model, first, last, op->fail);
		missing = __builtin_popcount(op->fail & 7);
		break;
	case MODEL_CUT:
		/* As for an unmapping without memory, where it is to be forgotten. */
		if (op->fail) {
			struct hms_range *range = hms_policy_first(&model->tree, first_of(first),
								   last_of(last));
			unsigned long end = last + 1;

			if (cuts(model, first, last) && !range->spare) {
				end = run_end(model->page, last);
				model->lost++;
			}
			wrong = cut(model, first, last, op->fail);
			memset(model->page + first, 0, end - first);
			missing = 3;
		} else {
			wrong = cut(model, first, last, 0);
			missing = 3;
		}
		break;
	case MODEL_CLONE:
		wrong = clone(model, op->which, op->fail);
		break;
	case MODEL_INTERSECT:
		wrong = intersect(model, first, last);
		break;
	case MODEL_WHOLE:
		set_whole(model, op->which);
		break;
	}
	return wrong ?: check(model, missing);
}

const char *model_end(struct policy_model *model)
{
	hms_policy_free_all(&model->tree);
	if (model->tree.whole)
		return "the policy of the whole is left";
	if (model->tree.nr || hms_policy_first(&model->tree, 0, ULONG_MAX))
		return "a range is left";
	for (int kind = 1; kind <= MODEL_KINDS; kind++)
		for (int copy = 0; copy < 2; copy++)
			hms_policy_put(model->policies[kind][copy]);
	return unit_allocated ? "something has leaked at the end" : NULL;
}
