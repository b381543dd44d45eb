// SPDX-License-Identifier: LGPL-2.1-or-later
/* Jobs: requests that were not waited for. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "internal.h"

static int request(struct hms *hms, struct hms_wait *w)
{
	int error;

	hms_error_clear(hms);
	w->size = sizeof(*w);
	w->version = HMS_VERSION_DEVICE;
	w->flags |= hms->flags;
	error = hms_request_raw(hms, HMS_WAIT, w);
	if (error == ENOENT)
		return hms_error_set(hms, "wait", error, w->job ? "no job %" PRIu64 : "no jobs",
				     (uint64_t)w->job);
	return error ? hms_error_set(hms, "wait", error, NULL) : 0;
}

/* Why it ended early, for hms_last_error(). */
static void set_error(struct hms *hms, const struct hms_result *result, struct hms_hbind *b,
		      int error)
{
	uint32_t uids[HMS_MAX_TARGETS];

	if (error == ECANCELED || error == ESRCH) {
		hms_error_set(hms, "job", error, "%s", error == ECANCELED ? "cancelled" :
			      "the process that it was for, or that asked, is gone");
		return;
	}
	/* What the request pointed to may not be there any more. */
	for (uint64_t i = 0; i < result->ntargets; i++)
		uids[i] = result->targets[i].uid;
	b->targets = hms_pointer(uids);
	b->ntargets = result->ntargets;
	b->nmodifiers = 0;
	hms_error_hbind(hms, b, error);
}

int hms_wait(struct hms *hms, uint64_t job, uint64_t timeout, struct hms_job *status)
{
	struct hms_hbind b = { };
	struct hms_wait w = {
		.job = job,
		.timeout = timeout,
		.result = hms_pointer(&b),
		.result_size = sizeof(b),
		.target_counts = hms_pointer(status->result.targets),
		.ntargets = HMS_MAX_TARGETS,
	};
	int ret;

	memset(status, 0, sizeof(*status));
	ret = request(hms, &w);
	if (ret)
		return ret;
	status->id = w.job;
	status->state = w.state;
	status->error = -(int)w.error;
	hms_result_fill(&status->result, &b);
	status->result.ntargets = w.ntargets;
	if (w.error)
		set_error(hms, &status->result, &b, w.error);
	return 0;
}

int hms_cancel(struct hms *hms, uint64_t job)
{
	struct hms_wait w = { .job = job, .flags = HMS_CANCEL };

	return request(hms, &w);
}
