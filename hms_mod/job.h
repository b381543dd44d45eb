/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HMS_JOB_H
#define _HMS_JOB_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/hms.h>

struct hms_job;
struct hms_opener;
struct hms_request;

/**
 * struct hms_jobs - the jobs of a descriptor
 * @lock: protects @list and what is told of each job; leaf
 * @list: in the order in which they were submitted
 * @wait: for one to be done, or to be cancelled
 */
struct hms_jobs {
	spinlock_t lock;	/* see above */
	struct list_head list;
	wait_queue_head_t wait;
};

/**
 * struct hms_job_view - what there is to tell of a job
 * @state: enum hms_job_state
 * @error: when it is done, 0 or a negative errno
 * @arg: its request, with its id, and the results, so far or in the end
 * @counts: per target
 */
struct hms_job_view {
	u32 state;
	int error;
	struct hms_hbind arg;
	struct hms_target_count counts[HMS_MAX_TARGETS];
};

void hms_job_note_targets(struct hms_request *request);
struct hms_job *hms_job_new(struct hms_opener *opener, struct hms_request *request);
u64 hms_job_submit(struct hms_job *job);
void hms_job_drop(struct hms_job *job);

int hms_jobs_wait(struct hms_opener *opener, u64 id, u64 timeout, struct hms_job_view *view);
int hms_jobs_cancel(struct hms_opener *opener, u64 id);
void hms_jobs_forget(struct hms_opener *opener, u64 id);
void hms_jobs_init(struct hms_jobs *jobs);
void hms_jobs_free(struct hms_opener *opener);

#endif /* _HMS_JOB_H */
