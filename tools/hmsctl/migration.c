// SPDX-License-Identifier: GPL-2.0
/* What hmsctl migrate asks for, and how it tells what was done. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "migration.h"

void migration_print(struct hms *hms, const struct hms_result *result)
{
	char human[24], label[24];

	printf("pages %" PRIu64 ": moved %" PRIu64 ", present %" PRIu64 ", populated %" PRIu64
	       ", skipped %" PRIu64 "; copied %s\n", result->pages, result->moved, result->present,
	       result->populated, hms_result_skipped(result),
	       human_size(result->bytes_copied, human));
	for (uint64_t i = 0; i < result->ntargets; i++) {
		const struct hms_target_count *t = &result->targets[i];

		printf("  to %-13s moved %" PRIu64 ", present %" PRIu64 ", populated %" PRIu64 "\n",
		       object_label(hms, t->uid, label), (uint64_t)t->moved, (uint64_t)t->present,
		       (uint64_t)t->populated);
	}
	for (unsigned int i = 0; i < HMS_SKIP_SLOTS; i++)
		if (result->skipped[i])
			printf("  skipped %" PRIu64 ": %s\n", result->skipped[i], hms_skip_text(i));
}

void migration_add(struct call *call, uint32_t key, uint64_t value)
{
	call->modifiers[call->request.nmodifiers++] =
		(struct hms_modifier) { .key = key, .value = value };
}

/* Those that were given, or by bandwidth. Returns an exit code. */
static int find_weights(struct hms *hms, const struct migration *m, struct call *call)
{
	int ret;

	memcpy(call->weights, m->weights, sizeof(call->weights));
	if (m->nweights && m->nweights != call->ntargets)
		return fail_usage(&verb_migrate, "%u weights for %u targets", m->nweights,
				  call->ntargets);
	if (m->nweights)
		return EXIT_OK;
	ret = hms_weights(hms, call->initiator, call->targets, call->ntargets, call->weights);
	if (ret)
		return fail_hms(&verb_migrate, hms, ret);
	printf("weights by bandwidth: ");
	for (unsigned int i = 0; i < call->ntargets; i++)
		printf("%s%u", i ? "," : "", call->weights[i]);
	putchar('\n');
	return EXIT_OK;
}

int migration_prepare(struct hms *hms, const struct migration *m, struct call *call)
{
	const struct hms_object *initiator;
	int ret;

	ret = parse_targets(&verb_migrate, hms, m->to, call->targets, &call->ntargets);
	if (!ret && m->initiator) {
		ret = find_object(&verb_migrate, hms, HMS_INITIATOR, m->initiator, &initiator);
		call->initiator = ret ? 0 : initiator->uid;
	}
	if (!ret && m->mode == HMS_MODE_WEIGHTED)
		ret = find_weights(hms, m, call);
	return ret;
}

void migration_fill(struct call *call, const struct migration *m, uint64_t start, uint64_t length)
{
	call->request = (struct hms_request) {
		.start = start,
		.length = length,
		.targets = call->targets,
		.ntargets = call->ntargets,
		.modifiers = call->modifiers,
	};
	migration_add(call, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	if (m->mode >= 0)
		migration_add(call, HMS_MOD_MODE, m->mode);
	if (m->mode == HMS_MODE_WEIGHTED)
		migration_add(call, HMS_MOD_WEIGHT, (uintptr_t)call->weights);
	if (call->initiator)
		migration_add(call, HMS_MOD_INITIATOR, call->initiator);
	if (m->populate)
		migration_add(call, HMS_MOD_POPULATE, 1);
	if (m->all_or_nothing)
		migration_add(call, HMS_MOD_ALL_OR_NOTHING, 1);
}

int migration_exit(const struct migration *m, const struct hms_result *result)
{
	uint64_t skipped = hms_result_skipped(result);

	/* A hole is no page, unless it was to be filled. */
	if (!m->populate)
		skipped -= result->skipped[HMS_SKIP_ABSENT];
	return skipped ? EXIT_PARTIAL : EXIT_OK;
}
