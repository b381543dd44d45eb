// SPDX-License-Identifier: GPL-2.0
/*
 * The job without HMS, as programs do it with an accelerator that has memory and addresses of its
 * own: the tree is copied node by node into a staging buffer in main memory, with each pointer
 * replaced by the address that the node will have on the device, and the buffer is copied to the
 * device in one go. The host keeps its tree and works on that; after changes it does the whole
 * again.
 *
 * In favour of this way: the staging buffer is allocated and touched, and the device buffers are
 * allocated, before anything is measured. For the second accelerator the tree isn't walked again:
 * the pointers in the staging buffer are shifted, in one linear pass. Copies to the device are one
 * request. Finding the nodes that changed, to send those alone, is not tried: it needs a record of
 * the changes and a map from each node to its place in the buffer, which few programs keep.
 *
 * The buffers on the accelerators are memory that HMS has put there, since this device has no
 * other; no page of them moves while they are written and walked.
 */
#include "demo.h"

void rebuild_prepare(struct rebuild *r, struct hms *hms, const struct accelerator *accelerators,
		     const struct tree *tree)
{
	r->length = tree->length;
	r->staging = map_memory(r->length);
	for (size_t i = 0; i < tree->n; i++)
		r->staging[i].key = 0;
	for (int i = 0; i < 2; i++) {
		struct hms_result result;
		void *buffer = map_memory(r->length);

		if (hms_migrate(hms, buffer, r->length, &accelerators[i].target, 1, HMS_POPULATE,
				&result))
			die("%s", hms_last_error(hms));
		if (hms_result_skipped(&result))
			die("no room for a buffer of %zu bytes on %s", r->length,
			    accelerators[i].name);
		r->device[i] = (uintptr_t)buffer;
	}
}

enum { FIRST_LINE = __LINE__ };

struct flattening {
	struct node *out;
	uint64_t device;
	size_t n;
};

/* Returns the address that the copy of @node will have on the device. */
static struct node *flatten(struct flattening *f, const struct node *node)
{
	size_t i;

	if (!node)
		return NULL;
	i = f->n++;
	f->out[i].key = node->key;
	f->out[i].value = node->value;
	f->out[i].left = flatten(f, node->left);
	f->out[i].right = flatten(f, node->right);
	return (struct node *)(uintptr_t)(f->device + i * sizeof(*node));
}

static struct node *shift(const struct node *p, uint64_t distance)
{
	return p ? (struct node *)((uintptr_t)p + distance) : NULL;
}

uint64_t rebuild_from_tree(struct rebuild *r, const struct accelerator *a, unsigned int number,
			   const struct tree *tree)
{
	struct flattening f = { .out = r->staging, .device = r->device[number] };

	flatten(&f, tree->root);
	r->staged_for = r->device[number];
	accelerator_write(a, r->device[number], r->staging, f.n * sizeof(struct node));
	return 2 * f.n * sizeof(struct node);
}

uint64_t rebuild_for_other(struct rebuild *r, const struct accelerator *a, unsigned int number,
			   const struct tree *tree)
{
	uint64_t distance = r->device[number] - r->staged_for;

	for (size_t i = 0; i < tree->n; i++) {
		r->staging[i].left = shift(r->staging[i].left, distance);
		r->staging[i].right = shift(r->staging[i].right, distance);
	}
	r->staged_for = r->device[number];
	accelerator_write(a, r->device[number], r->staging, tree->n * sizeof(struct node));
	return tree->n * sizeof(struct node);
}

const unsigned int rebuild_lines = __LINE__ - FIRST_LINE - 1;

uint64_t rebuild_from_arena(struct rebuild *r, const struct accelerator *a, unsigned int number,
			    const struct tree *tree)
{
	uint64_t distance = r->device[number] - (uintptr_t)tree->arena;

	for (size_t i = 0; i < tree->n; i++)
		r->staging[i] = (struct node){
			.left = shift(tree->arena[i].left, distance),
			.right = shift(tree->arena[i].right, distance),
			.key = tree->arena[i].key,
			.value = tree->arena[i].value,
		};
	accelerator_write(a, r->device[number], r->staging, tree->n * sizeof(struct node));
	return 2 * tree->n * sizeof(struct node);
}
