// SPDX-License-Identifier: LGPL-2.1-or-later
/* HMS_HBIND: the full form, and the small calls over it. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "collapse.h"
#include "firsttouch.h"
#include "movepages.h"

void hms_result_fill(struct hms_result *result, const struct hms_hbind *b)
{
	result->pages = b->pages;
	result->moved = b->moved;
	result->present = b->present;
	result->populated = b->populated;
	memcpy(result->skipped, b->skipped, sizeof(result->skipped));
	result->bytes_copied = b->bytes_copied;
	result->first_skipped = b->first_skipped;
	result->next = b->next;
	result->lazy = b->lazy;
	result->job = b->job;
}

/* Nothing has been done yet. The targets are many, and none of them is filled in. */
static void begin_result(struct hms *hms, struct hms_result *result, uint64_t start)
{
	hms->first_touch = HMS_FIRST_TOUCH_NONE;
	if (!result)
		return;
	memset(result, 0, offsetof(struct hms_result, targets));
	memset(&result->lazy, 0, sizeof(*result) - offsetof(struct hms_result, lazy));
	result->first_skipped = UINT64_MAX;
	result->next = start;
}

int hms_hbind(struct hms *hms, const struct hms_request *request, struct hms_result *result)
{
	struct first_touch touch;
	struct hms_hbind b = {
		.size = sizeof(b),
		.version = request->version ? request->version : HMS_VERSION_DEVICE,
		.instance = request->instance,
		.start = request->start,
		.length = request->length,
		.targets = hms_pointer(request->targets),
		.modifiers = hms_pointer(request->modifiers),
		.ntargets = request->ntargets,
		.nmodifiers = request->nmodifiers,
		.flags = (request->flags | hms->flags) & ~HMS_NO_MBIND,
		.first_skipped = UINT64_MAX,
		.next = request->start,
	};
	bool set;
	int error;

	begin_result(hms, result, request->start);
	for (size_t i = 0; i < sizeof(request->reserved) / sizeof(request->reserved[0]); i++)
		if (request->reserved[i])
			return hms_error_set(hms, "hbind", EINVAL, "field reserved: %s",
					     hms_why_text(HMS_WHY_RESERVED));
	/* More are refused, and must not be counted past the end. Those of a job are told later. */
	if (result && b.ntargets && b.ntargets <= HMS_MAX_TARGETS &&
	    !hms_modifier_value(request, HMS_MOD_ASYNC))
		b.target_counts = hms_pointer(result->targets);
	hms_first_touch_look(hms, &touch, request);
	hms_error_clear(hms);
	error = hms_request_raw(hms, HMS_HBIND, &b);
	/* A request that was interrupted has set the policy if it came to the pages. */
	set = !error || (error == EINTR && b.next > request->start);
	/* A job for all or nothing has not, and may never do so. */
	if (set && touch.npieces && hms_modifier_value(request, HMS_MOD_ASYNC))
		set = !hms_modifier_value(request, HMS_MOD_ALL_OR_NOTHING);
	hms_first_touch_end(hms, &touch, set);
	if (result) {
		hms_result_fill(result, &b);
		if (b.target_counts && (!error || error == EINTR))
			result->ntargets = request->ntargets;
	}
	return error ? hms_error_hbind(hms, &b, error) : 0;
}

/* Those that only a call takes that moves pages. */
#define MOVING_FLAGS	(HMS_POPULATE | HMS_ALL_OR_NOTHING | HMS_ASYNC | HMS_COLLAPSE)

/* Flags that are modifiers to the module. */
#define LIBRARY_FLAGS	(HMS_POPULATE | HMS_ALL_OR_NOTHING | HMS_ASYNC | HMS_LAZY | HMS_INHERIT)

static const struct {
	unsigned int flag;
	uint32_t key;
	uint32_t value;
} library_flags[] = {
	{ HMS_POPULATE, HMS_MOD_POPULATE, 1 },
	{ HMS_ALL_OR_NOTHING, HMS_MOD_ALL_OR_NOTHING, 1 },
	{ HMS_ASYNC, HMS_MOD_ASYNC, HMS_NO_EVENTFD },
	{ HMS_LAZY, HMS_MOD_LAZY, 1 },
	{ HMS_INHERIT, HMS_MOD_INHERIT, 1 },
};

/* The priority is one more, so that 0 is none. */
#define PRIORITY_SHIFT	21
#define PRIORITY_MASK	(15U << PRIORITY_SHIFT)

/* A request while the small calls put it together; what it does not refer to is not cleared. */
struct builder {
	struct hms_request request;
	struct hms_modifier modifiers[4 + COUNT(library_flags)];
	uint32_t weights[HMS_MAX_TARGETS];
};

static void add(struct builder *builder, uint32_t key, uint64_t value)
{
	builder->modifiers[builder->request.nmodifiers++] =
		(struct hms_modifier){ .key = key, .value = value };
}

static void begin(struct builder *builder, const void *address, size_t length,
		  const uint32_t *targets, unsigned int ntargets, unsigned int flags)
{
	builder->request = (struct hms_request){
		.start = hms_pointer(address),
		.length = length,
		.targets = targets,
		.modifiers = builder->modifiers,
		.ntargets = ntargets,
		.flags = flags & ~(LIBRARY_FLAGS | PRIORITY_MASK | HMS_COLLAPSE),
	};
	for (size_t i = 0; flags & LIBRARY_FLAGS && i < COUNT(library_flags); i++)
		if (flags & library_flags[i].flag)
			add(builder, library_flags[i].key, library_flags[i].value);
	if (flags & PRIORITY_MASK)
		add(builder, HMS_MOD_PRIORITY, ((flags & PRIORITY_MASK) >> PRIORITY_SHIFT) - 1);
}

/* A mode, and the weights that it needs: of the CPUs here. 0 or -errno. */
static int add_mode(struct hms *hms, struct builder *builder, enum hms_mode mode)
{
	const struct hms_request *r = &builder->request;
	int ret;

	add(builder, HMS_MOD_MODE, mode);
	/* A wrong number of targets is for the module to refuse. */
	if (mode != HMS_MODE_WEIGHTED || !r->ntargets || r->ntargets > HMS_MAX_TARGETS)
		return 0;
	ret = hms_weights(hms, 0, r->targets, r->ntargets, builder->weights);
	if (!ret)
		add(builder, HMS_MOD_WEIGHT, hms_pointer(builder->weights));
	return ret;
}

/* Flags that do not go together are refused, not ignored. Nothing was done. */
static int refuse_flags(struct hms *hms, const char *call, const void *address,
			struct hms_result *result)
{
	begin_result(hms, result, hms_pointer(address));
	hms_error_clear(hms);
	return hms_error_set(hms, call, EINVAL, "flags: %s", hms_why_text(HMS_WHY_COMBINATION));
}

/* What is done here by calls of this process is for its own memory, and done when it returns. */
static bool flags_are_for_here(const struct hms *hms, unsigned int flags)
{
	return !((flags | hms->flags) & (HMS_ASYNC | HMS_REMOTE));
}

/* The last that both calls do that move pages. */
static int move_now(struct hms *hms, struct builder *builder, unsigned int flags,
		    struct hms_result *result)
{
	uint64_t huge;
	int ret;

	add(builder, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	ret = hms_hbind(hms, &builder->request, result);
	if (ret || !(flags & HMS_COLLAPSE))
		return ret;
	huge = hms_collapse(hms, builder->request.start, builder->request.length);
	if (result)
		result->huge = huge;
	return 0;
}

int hms_bind(struct hms *hms, const void *address, size_t length, enum hms_mode mode,
	     const uint32_t *targets, unsigned int ntargets, unsigned int flags,
	     struct hms_result *result)
{
	struct builder builder;
	int ret;

	if (flags & HMS_COLLAPSE && !flags_are_for_here(hms, flags))
		return refuse_flags(hms, "bind", address, result);
	begin(&builder, address, length, targets, ntargets, flags);
	ret = add_mode(hms, &builder, mode);
	if (ret) {
		begin_result(hms, result, builder.request.start);
		return ret;
	}
	return move_now(hms, &builder, flags, result);
}

int hms_policy(struct hms *hms, const void *address, size_t length, enum hms_mode mode,
	       const uint32_t *targets, unsigned int ntargets, unsigned int flags)
{
	struct builder builder;
	int ret;

	if (flags & MOVING_FLAGS)
		return refuse_flags(hms, "policy", address, NULL);
	begin_result(hms, NULL, 0);
	begin(&builder, address, length, targets, ntargets, flags);
	ret = add_mode(hms, &builder, mode);
	return ret ? ret : hms_hbind(hms, &builder.request, NULL);
}

int hms_clear(struct hms *hms, const void *address, size_t length, unsigned int flags)
{
	return hms_policy(hms, address, length, HMS_MODE_DEFAULT, NULL, 0, flags);
}

int hms_migrate(struct hms *hms, const void *address, size_t length, const uint32_t *targets,
		unsigned int ntargets, unsigned int flags, struct hms_result *result)
{
	struct builder builder;
	uint64_t moved = 0;
	int ret;

	if ((flags & HMS_MOVE_PAGES &&
	     (flags | hms->flags) & ~(HMS_MOVE_PAGES | HMS_POPULATE | HMS_COLLAPSE)) ||
	    (flags & HMS_COLLAPSE && !flags_are_for_here(hms, flags)))
		return refuse_flags(hms, "migrate", address, result);
	begin(&builder, address, length, targets, ntargets, flags & ~HMS_MOVE_PAGES);
	if (flags & HMS_MOVE_PAGES)
		moved = hms_move_pages(hms, &builder.request);
	ret = move_now(hms, &builder, flags, result);
	if (moved && result)
		hms_move_pages_count(moved, result);
	return ret;
}

uint64_t hms_result_skipped(const struct hms_result *result)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < HMS_SKIP_SLOTS; i++)
		sum += result->skipped[i];
	return sum;
}
