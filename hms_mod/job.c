// SPDX-License-Identifier: GPL-2.0
/*
 * Jobs: the work on pages of requests that are not waited for.
 *
 * Each has a thread, which waits for those before it in its descriptor to be done. It holds the
 * address space for a step at a time, so that a process that exits is gone soon. It works for who
 * asked, with the rights that were noted then, and ends with that process; and nothing of a job
 * outlives its descriptor.
 */

#include <linux/atomic.h>
#include <linux/cgroup.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/freezer.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/memcontrol.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "compat/compat.h"
#include "account.h"
#include "devmem.h"
#include "engine.h"
#include "execute.h"
#include "job.h"
#include "opener.h"
#include "request.h"
#include "target.h"

static unsigned int hms_jobs_max = 64;
module_param_named(jobs_max, hms_jobs_max, uint, 0644);
MODULE_PARM_DESC(jobs_max, "jobs that a user may have, until they were told to be done");

/**
 * struct hms_job - a job
 * @list: of its descriptor
 * @opener: of the descriptor
 * @thread: does it; a reference
 * @payer: whose cgroups the thread is to join, which waits meanwhile; or NULL
 * @joined: it has
 * @join_error: or why not
 * @cancelled: it is to end
 * @request: what is asked
 * @arg: of it; @view is what others see of that
 * @view: what there is to tell; under &hms_jobs.lock
 */
struct hms_job {
	struct list_head list;
	struct hms_opener *opener;
	struct task_struct *thread;
	struct task_struct *payer;
	struct completion joined;
	int join_error;
	bool cancelled;
	struct hms_request *request;
	struct hms_hbind arg;
	struct hms_job_view view;
};

static void hms_job_show(struct hms_job *job, enum hms_job_state state, int error)
{
	const struct hms_request *request = job->request;
	struct hms_jobs *jobs = &job->opener->jobs;

	spin_lock(&jobs->lock);
	job->view.state = state;
	job->view.error = error;
	job->view.arg = job->arg;
	memcpy(job->view.counts, request->counts, request->ntargets * sizeof(*request->counts));
	spin_unlock(&jobs->lock);
}

/* Is the process still there that asked for it? */
static bool hms_job_has_asker(const struct hms_job *job)
{
	struct task_struct *leader;
	bool has;

	rcu_read_lock();
	leader = pid_task(job->request->who, PIDTYPE_TGID);
	has = leader && atomic_read(&leader->signal->live);
	rcu_read_unlock();
	return has;
}

/* What core allocates for an address space is charged as if that did so itself. */
static int hms_job_step_charged(struct hms_job *job, struct mm_struct *mm)
{
#ifdef CONFIG_MEMCG
	struct mem_cgroup *memcg = get_mem_cgroup_from_mm(mm);
	int ret;

	/* As set_active_memcg(), which modules do not have. */
	current->active_memcg = memcg;
	ret = hms_engine_step(job->request->engine);
	current->active_memcg = NULL;
	mem_cgroup_put(memcg);
	return ret;
#else
	return hms_engine_step(job->request->engine);
#endif
}

/* One step of the work; as hms_engine_step(). */
static int hms_job_step(struct hms_job *job)
{
	struct mm_struct *mm = job->opener->mm;
	int ret;

	if (READ_ONCE(job->cancelled))
		return -ECANCELED;
	if (!hms_job_has_asker(job) || !mmget_not_zero(mm))
		return -ESRCH;
	ret = hms_job_step_charged(job, mm);
	mmput_async(mm);
	return ret;
}

/* As long as the system sleeps nobody is to wait for us to let go of a target. */
static int hms_job_freeze(struct hms_job *job)
{
	if (!freezing(current))
		return 0;
	hms_request_release(job->request);
	try_to_freeze();
	return hms_request_hold(job->request);
}

static int hms_job_work(struct hms_job *job)
{
	int ret = READ_ONCE(job->cancelled) ? -ECANCELED : hms_request_hold(job->request);

	while (!ret) {
		ret = hms_job_step(job);
		if (ret <= 0)
			break;
		hms_job_show(job, HMS_JOB_RUNNING, 0);
		ret = hms_job_freeze(job);
		cond_resched();
	}
	hms_request_release(job->request);
	return ret;
}

/* Done, whatever became of it. From now on it may be forgotten, which waits for its thread. */
static void hms_job_end(struct hms_job *job, int error)
{
	struct eventfd_ctx *eventfd = job->request->eventfd;

	hms_execute_end(job->request, job->opener->binding, error);
	hms_job_show(job, HMS_JOB_DONE, error);
	wake_up_all(&job->opener->jobs.wait);
	/* Who is told by it is to find the job done. */
	if (eventfd)
		eventfd_signal(eventfd);
}

/* Are all before it done? */
static bool hms_job_is_next(struct hms_job *job)
{
	struct hms_jobs *jobs = &job->opener->jobs;
	struct hms_job *first;
	bool next = false;

	spin_lock(&jobs->lock);
	list_for_each_entry(first, &jobs->list, list) {
		if (first->view.state != HMS_JOB_DONE) {
			next = first == job;
			break;
		}
	}
	spin_unlock(&jobs->lock);
	return next;
}

static bool hms_job_may_begin(struct hms_job *job)
{
	return kthread_should_stop() || READ_ONCE(job->cancelled) || hms_job_is_next(job);
}

static int hms_job_thread(void *data)
{
	struct hms_job *job = data;

	if (job->payer) {
		/* By itself: who asks may lack the right to move a thread of the kernel. */
		job->join_error = cgroup_attach_task_all(job->payer, current);
		complete(&job->joined);
	}
	set_freezable();
	wait_event_freezable(job->opener->jobs.wait, hms_job_may_begin(job));
	/* Who stops it ends it, too, or does not want it any more. */
	if (kthread_should_stop())
		return 0;
	hms_job_show(job, HMS_JOB_RUNNING, 0);
	hms_job_end(job, hms_job_work(job));
	return 0;
}

/**
 * hms_job_note_targets - will a job take device memory that cgroups are charged for?
 * @request: what it is to do, with its targets held, which hms_job_new() may not have: cgroups wait
 *	for CPU hotplug
 */
void hms_job_note_targets(struct hms_request *request)
{
	u32 i;

	for (i = 0; i < request->ntargets; i++) {
		if (hms_target_is_device(request->targets[i]) &&
		    hms_devmem_is_charged(request->targets[i]->mem))
			request->takes_charged = true;
	}
}

static int hms_job_start_thread(struct hms_job *job)
{
	struct task_struct *thread;

	thread = kthread_create(hms_job_thread, job, "hms/%d", task_tgid_nr(current));
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	set_user_nice(thread, task_nice(current));
	job->thread = get_task_struct(thread);
	/* That takes a while, as all forks wait for it: not in vain. */
	if (!job->request->takes_charged)
		return 0;
	job->payer = current;
	wake_up_process(thread);
	wait_for_completion(&job->joined);
	return job->join_error;
}

static int hms_job_charge(struct hms_request *request)
{
	struct hms_account *account = request->account;

	if (atomic_long_inc_return(&account->jobs) <= READ_ONCE(hms_jobs_max))
		return 0;
	atomic_long_dec(&account->jobs);
	return hms_refuse(request, -EAGAIN, HMS_ERROR_MODIFIER,
			  request->key_index[HMS_MOD_ASYNC], HMS_WHY_TOO_LARGE);
}

/* Its thread is gone then; a second time there is none to be waited for. */
static void hms_job_stop_thread(struct hms_job *job)
{
	if (!job->thread)
		return;
	kthread_stop(job->thread);
	put_task_struct(job->thread);
	job->thread = NULL;
}

/**
 * hms_job_drop - end hms_job_new(), be it done or not
 * @job: from there; its request stays the caller's
 */
void hms_job_drop(struct hms_job *job)
{
	hms_job_stop_thread(job);
	put_pid(job->request->who);
	atomic_long_dec(&job->request->account->jobs);
	kvfree(job);
}

/* Nobody finds them any more. */
static void hms_jobs_free_all(struct list_head *list)
{
	struct hms_request *request;
	struct hms_job *job, *next;

	list_for_each_entry_safe(job, next, list, list) {
		request = job->request;
		hms_job_drop(job);
		hms_request_free(request);
	}
}

/* Those whose asker has gone will not be asked about. */
static void hms_jobs_reap(struct hms_opener *opener)
{
	struct hms_jobs *jobs = &opener->jobs;
	struct hms_job *job, *next;
	LIST_HEAD(dead);

	spin_lock(&jobs->lock);
	list_for_each_entry_safe(job, next, &jobs->list, list) {
		if (job->view.state == HMS_JOB_DONE && !hms_job_has_asker(job))
			list_move(&job->list, &dead);
	}
	spin_unlock(&jobs->lock);
	hms_jobs_free_all(&dead);
}

/**
 * hms_job_new - get all that a job needs
 * @opener: of the descriptor
 * @request: what it is to do, prepared, with its targets held
 *
 * Context: may sleep; no locks held.
 * Return: for hms_job_submit() or hms_job_drop(); or an ERR_PTR(): -EAGAIN when the user has too
 * many, which @request names; -ENOMEM; what core says of a thread, and of cgroups.
 */
struct hms_job *hms_job_new(struct hms_opener *opener, struct hms_request *request)
{
	struct hms_job *job;
	int ret;

	hms_jobs_reap(opener);
	ret = hms_job_charge(request);
	if (ret)
		return ERR_PTR(ret);
	job = kvzalloc(sizeof(*job), GFP_KERNEL_ACCOUNT);
	if (!job) {
		atomic_long_dec(&request->account->jobs);
		return ERR_PTR(-ENOMEM);
	}
	job->opener = opener;
	job->request = request;
	get_pid(request->who);
	init_completion(&job->joined);
	ret = hms_job_start_thread(job);
	if (!ret)
		return job;
	hms_job_drop(job);
	return ERR_PTR(ret);
}

/**
 * hms_job_submit - have it done
 * @job: from hms_job_new(); owns its request now
 *
 * Return: its id.
 */
u64 hms_job_submit(struct hms_job *job)
{
	struct hms_jobs *jobs = &job->opener->jobs;
	static atomic64_t last_id;
	u64 id = atomic64_inc_return(&last_id);

	job->arg = *job->request->arg;
	job->arg.job = id;
	/* They are of the caller's memory, and nothing is read there any more. */
	job->arg.targets = 0;
	job->arg.modifiers = 0;
	job->request->arg = &job->arg;
	hms_job_show(job, HMS_JOB_QUEUED, 0);
	spin_lock(&jobs->lock);
	list_add_tail(&job->list, &jobs->list);
	/* Not after it: the job may be done and forgotten then. */
	wake_up_process(job->thread);
	spin_unlock(&jobs->lock);
	return id;
}

/* A job; for 0 the first of the caller's own that is done, or else the first. Under the lock. */
static struct hms_job *hms_jobs_find(struct hms_jobs *jobs, u64 id)
{
	struct hms_job *job, *found = NULL;

	list_for_each_entry(job, &jobs->list, list) {
		if (id ? job->view.arg.job != id : job->request->who != task_tgid(current))
			continue;
		if (id || job->view.state == HMS_JOB_DONE)
			return job;
		found = found ?: job;
	}
	return found;
}

/* How far a job has come, or -ENOENT. */
static int hms_jobs_look(struct hms_opener *opener, u64 id, struct hms_job_view *view)
{
	struct hms_jobs *jobs = &opener->jobs;
	struct hms_job *job;

	spin_lock(&jobs->lock);
	job = hms_jobs_find(jobs, id);
	if (job)
		*view = job->view;
	spin_unlock(&jobs->lock);
	return job ? 0 : -ENOENT;
}

static bool hms_jobs_has_done(struct hms_opener *opener, u64 id, struct hms_job_view *view,
			      int *ret)
{
	*ret = hms_jobs_look(opener, id, view);
	return *ret || view->state == HMS_JOB_DONE;
}

/**
 * hms_jobs_wait - wait for a job to be done
 * @opener: of the descriptor
 * @id: which; 0: the one that is done first
 * @timeout: ns, or HMS_WAIT_FOREVER
 * @view: receives how far it has come then
 *
 * Context: may sleep.
 * Return: 0 when it is done, or the time is over; -ENOENT; -EINTR.
 */
int hms_jobs_wait(struct hms_opener *opener, u64 id, u64 timeout, struct hms_job_view *view)
{
	unsigned long left;
	long waited;
	int ret;

	if (hms_jobs_has_done(opener, id, view, &ret) || !timeout)
		return ret;
	left = min_t(u64, nsecs_to_jiffies64(min_t(u64, timeout, S64_MAX)) + 1,
		     MAX_SCHEDULE_TIMEOUT);
	waited = wait_event_interruptible_timeout(opener->jobs.wait,
						  hms_jobs_has_done(opener, id, view, &ret),
						  left);
	return waited < 0 ? -EINTR : ret;
}

/**
 * hms_jobs_cancel - have a job end before its time
 * @opener: of the descriptor
 * @id: which; 0: all
 *
 * Return: 0, also when it is done; -ENOENT.
 */
int hms_jobs_cancel(struct hms_opener *opener, u64 id)
{
	struct hms_jobs *jobs = &opener->jobs;
	struct hms_job *job;
	int ret = -ENOENT;

	spin_lock(&jobs->lock);
	list_for_each_entry(job, &jobs->list, list) {
		if (id && job->view.arg.job != id)
			continue;
		WRITE_ONCE(job->cancelled, true);
		ret = 0;
	}
	spin_unlock(&jobs->lock);
	/* One that waits for its turn has it now. */
	wake_up_all(&jobs->wait);
	return ret;
}

/**
 * hms_jobs_forget - a job was told to be done
 * @opener: of the descriptor
 * @id: which; it may have been forgotten meanwhile
 */
void hms_jobs_forget(struct hms_opener *opener, u64 id)
{
	struct hms_jobs *jobs = &opener->jobs;
	struct hms_job *job;
	LIST_HEAD(told);

	spin_lock(&jobs->lock);
	job = hms_jobs_find(jobs, id);
	if (job)
		list_move(&job->list, &told);
	spin_unlock(&jobs->lock);
	hms_jobs_free_all(&told);
}

/**
 * hms_jobs_init - a descriptor without jobs
 * @jobs: the jobs
 */
void hms_jobs_init(struct hms_jobs *jobs)
{
	spin_lock_init(&jobs->lock);
	INIT_LIST_HEAD(&jobs->list);
	init_waitqueue_head(&jobs->wait);
}

/**
 * hms_jobs_free - the descriptor is closed: end what is not done, and forget all
 * @opener: of the descriptor
 *
 * Context: may sleep, for as long as a step takes.
 */
void hms_jobs_free(struct hms_opener *opener)
{
	struct hms_job *job;

	hms_jobs_cancel(opener, 0);
	list_for_each_entry(job, &opener->jobs.list, list) {
		hms_job_stop_thread(job);
		/* It may have been stopped before it began. */
		if (job->view.state != HMS_JOB_DONE)
			hms_job_end(job, -ECANCELED);
	}
	hms_jobs_free_all(&opener->jobs.list);
}
