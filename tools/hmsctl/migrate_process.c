// SPDX-License-Identifier: GPL-2.0
/*
 * Moving the memory of a process, mapping by mapping: a job each, so that there is something to see
 * meanwhile, and it can be ended.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "migration.h"
#include "process.h"
#include "progress.h"

#define LOOK_EVERY	100000000ULL	/* ns */

/* A process that is being moved. */
struct moving {
	const struct process *process;
	const struct migration *migration;
	struct call call;
	struct progress progress;
	uint64_t before;		/* bytes of the mappings that are done */
	struct hms_result total;
	bool cancelled;
	bool changed;			/* a mapping was not there any more as it had been */
};

static volatile sig_atomic_t interrupted;

static void on_signal(int nr)
{
	(void)nr;
	interrupted = true;
}

/* Waiting ends by it: no SA_RESTART. */
static void catch_signals(void)
{
	const struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGHUP, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static void add_result(struct hms_result *total, const struct hms_result *result)
{
	total->pages += result->pages;
	total->moved += result->moved;
	total->present += result->present;
	total->populated += result->populated;
	total->bytes_copied += result->bytes_copied;
	for (size_t i = 0; i < HMS_SKIP_SLOTS; i++)
		total->skipped[i] += result->skipped[i];
	total->ntargets = result->ntargets;
	for (uint64_t i = 0; i < result->ntargets; i++) {
		total->targets[i].uid = result->targets[i].uid;
		total->targets[i].moved += result->targets[i].moved;
		total->targets[i].present += result->targets[i].present;
		total->targets[i].populated += result->targets[i].populated;
	}
}

/* Until it is done. 0 or -errno. */
static int follow(struct moving *m, uint64_t id, const struct mapping *mapping)
{
	struct hms *hms = m->process->hms;
	struct hms_job job;
	int ret;

	do {
		if (interrupted && !m->cancelled) {
			hms_cancel(hms, id);
			m->cancelled = true;
		}
		ret = hms_wait(hms, id, LOOK_EVERY, &job);
		if (ret && ret != -EINTR)
			return ret;
		if (!ret)
			progress_show(&m->progress,
				      m->before + job.result.next - mapping->start,
				      m->total.bytes_copied + job.result.bytes_copied);
	} while (ret || job.state != HMS_JOB_DONE);
	add_result(&m->total, &job.result);
	m->before += mapping->end - mapping->start;
	return job.error == -ECANCELED ? 0 : job.error;
}

/* Returns an exit code. */
static int move(struct moving *m, const struct mapping *mapping)
{
	struct hms *hms = m->process->hms;
	struct hms_result result;
	int ret;

	migration_fill(&m->call, m->migration, mapping->start, mapping->end - mapping->start);
	migration_add(&m->call, HMS_MOD_ASYNC, HMS_NO_EVENTFD);
	ret = hms_hbind(hms, &m->call.request, &result);
	/* It has been unmapped since, or a part of it. */
	if (ret == -EFAULT) {
		m->changed = true;
		m->before += mapping->end - mapping->start;
		return EXIT_OK;
	}
	ret = ret ? ret : follow(m, result.job, mapping);
	return ret ? fail_process(m->process, hms_last_error(hms)) : EXIT_OK;
}

/* The memory of a process that is no file's, and not the kernel's. */
static bool is_anonymous(const struct mapping *mapping)
{
	return !mapping->name[0] || !strcmp(mapping->name, "[heap]") ||
	       !strncmp(mapping->name, "[stack", 6) || !strncmp(mapping->name, "[anon", 5);
}

/* Those to be moved, in front; how many. With a range it is all of that. */
static size_t choose(const struct process *process, struct mappings *mappings, uint64_t *bytes)
{
	bool range = process->first || process->end != INT64_MAX;
	size_t n = 0;

	*bytes = 0;
	for (size_t i = 0; i < mappings->n; i++) {
		struct mapping chosen = mappings->list[i];

		if (!range && !is_anonymous(&chosen))
			continue;
		*bytes += chosen.end - chosen.start;
		mappings->list[i] = mappings->list[n];
		mappings->list[n++] = chosen;
	}
	return n;
}

static int move_all(struct moving *m, const struct mappings *mappings, size_t n)
{
	int ret = EXIT_OK;

	catch_signals();
	for (size_t i = 0; i < n && !ret && !interrupted; i++)
		ret = move(m, &mappings->list[i]);
	progress_end(&m->progress);
	if (ret)
		return ret;
	migration_print(m->process->hms, &m->total);
	if (interrupted)
		return fail("migrate", "interrupted");
	if (m->changed)
		fail("migrate", "mappings have changed meanwhile, and were passed over");
	return m->changed ? EXIT_PARTIAL : migration_exit(m->migration, &m->total);
}

int migrate_process(const struct process *process, const void *data)
{
	struct moving m = { .process = process, .migration = data };
	struct mappings mappings;
	uint64_t bytes;
	size_t n;
	int ret;

	if (process->no_descriptor)
		return fail_process(process, hms_open_process_text(-ENOENT));
	ret = migration_prepare(process->hms, data, &m.call);
	if (ret)
		return ret;
	ret = process_mappings(process, &mappings);
	if (ret)
		return ret;
	n = choose(process, &mappings, &bytes);
	if (!n)
		ret = fail_process(process, "there is no memory of its own to move");
	else if (m.migration->all_or_nothing && n > 1)
		ret = fail_usage(process->verb, "all or nothing of a RANGE of one mapping");
	if (!ret) {
		progress_begin(&m.progress, bytes, m.migration->progress);
		ret = move_all(&m, &mappings, n);
	}
	mappings_free(&mappings);
	return ret;
}
