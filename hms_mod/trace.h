/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: policy that is set and cleared, pages that requests and device faults place, that
 * come home because they were touched, that leave a full device, and one that goes. In tracefs,
 * events/hms. Targets are told by uid; ns is 0 of what had begun when nobody listened yet.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM hms

#if !defined(_HMS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _HMS_TRACE_H

#include <linux/hms.h>
#include <linux/mm.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint.h>

#include "batch.h"
#include "policy.h"
#include "request.h"

#ifndef TRACE_HEADER_MULTI_READ
/* Why pages went somewhere. */
enum hms_trace_why {
	HMS_TRACE_REQUEST,
	HMS_TRACE_FAULT,	/* a device wanted them */
	HMS_TRACE_TOUCH,	/* a CPU did */
	HMS_TRACE_EVICTED,
	HMS_TRACE_TAKEN,	/* evicted too, for the driver itself */
	HMS_TRACE_EVACUATED,
};

/* When an event's work begins, or 0: one page alone would feel it if the clock were always read. */
#define hms_trace_now(event)	(trace_##event##_enabled() ? ktime_get_ns() : 0)

static inline u64 hms_trace_since(u64 began)
{
	return began ? ktime_get_ns() - began : 0;
}

/* What was skipped between two counts, by reason; says which the most are of, HMS_SKIP_NR: none. */
static inline enum hms_skip hms_trace_skipped(const struct hms_hbind *before,
					      const struct hms_hbind *after, u16 *by_reason)
{
	enum hms_skip most = HMS_SKIP_NR, i;

	for (i = 0; i < HMS_SKIP_NR; i++) {
		by_reason[i] = after->skipped[i] - before->skipped[i];
		if (by_reason[i] > (most == HMS_SKIP_NR ? 0 : by_reason[most]))
			most = i;
	}
	return most;
}
#endif

TRACE_DEFINE_ENUM(HMS_TRACE_REQUEST);
TRACE_DEFINE_ENUM(HMS_TRACE_FAULT);
TRACE_DEFINE_ENUM(HMS_TRACE_TOUCH);
TRACE_DEFINE_ENUM(HMS_TRACE_EVICTED);
TRACE_DEFINE_ENUM(HMS_TRACE_TAKEN);
TRACE_DEFINE_ENUM(HMS_TRACE_EVACUATED);

#define hms_print_why(why)						\
	__print_symbolic(why, { HMS_TRACE_REQUEST, "request" },		\
			 { HMS_TRACE_FAULT, "fault" },			\
			 { HMS_TRACE_TOUCH, "touch" },			\
			 { HMS_TRACE_EVICTED, "evicted" },		\
			 { HMS_TRACE_TAKEN, "taken" },			\
			 { HMS_TRACE_EVACUATED, "evacuated" })

TRACE_DEFINE_ENUM(HMS_SKIP_BUSY);
TRACE_DEFINE_ENUM(HMS_SKIP_SHARED);
TRACE_DEFINE_ENUM(HMS_SKIP_FILE);
TRACE_DEFINE_ENUM(HMS_SKIP_SPECIAL);
TRACE_DEFINE_ENUM(HMS_SKIP_ABSENT);
TRACE_DEFINE_ENUM(HMS_SKIP_NOMEM);
TRACE_DEFINE_ENUM(HMS_SKIP_UNREACHABLE);
TRACE_DEFINE_ENUM(HMS_SKIP_LARGE);
TRACE_DEFINE_ENUM(HMS_SKIP_COPY);
TRACE_DEFINE_ENUM(HMS_SKIP_ELSEWHERE);
TRACE_DEFINE_ENUM(HMS_SKIP_LIMIT);
TRACE_DEFINE_ENUM(HMS_SKIP_NR);

#define hms_print_skip(skip)						\
	__print_symbolic(skip, { HMS_SKIP_BUSY, "busy" },		\
			 { HMS_SKIP_SHARED, "shared" },			\
			 { HMS_SKIP_FILE, "file" },			\
			 { HMS_SKIP_SPECIAL, "special" },		\
			 { HMS_SKIP_ABSENT, "absent" },			\
			 { HMS_SKIP_NOMEM, "nomem" },			\
			 { HMS_SKIP_UNREACHABLE, "unreachable" },	\
			 { HMS_SKIP_LARGE, "large" },			\
			 { HMS_SKIP_COPY, "copy" },			\
			 { HMS_SKIP_ELSEWHERE, "elsewhere" },		\
			 { HMS_SKIP_LIMIT, "limit" },			\
			 { HMS_SKIP_NR, "none" })

TRACE_EVENT(hms_policy_set,
	    TP_PROTO(unsigned long first, unsigned long last, const struct hms_policy *policy),
	    TP_ARGS(first, last, policy),
	    TP_STRUCT__entry(__field(u64, start)
			     __field(u64, length)
			     __field(u32, mode)
			     __field(u32, ntargets)
			     __dynamic_array(u32, uids, policy->ntargets)),
	    TP_fast_assign(__entry->start = first;
			   __entry->length = last - first + 1;
			   __entry->mode = policy->mode;
			   __entry->ntargets = policy->ntargets;
			   memcpy(__get_dynamic_array(uids), policy->uids,
				  policy->ntargets * sizeof(u32));),
	    TP_printk("start=%#llx length=%llu mode=%u ntargets=%u uids=%s",
		      __entry->start, __entry->length, __entry->mode, __entry->ntargets,
		      __print_array(__get_dynamic_array(uids), __entry->ntargets, sizeof(u32)))
);

TRACE_EVENT(hms_policy_clear,
	    TP_PROTO(unsigned long first, unsigned long last),
	    TP_ARGS(first, last),
	    TP_STRUCT__entry(__field(u64, start)
			     __field(u64, length)),
	    TP_fast_assign(__entry->start = first;
			   __entry->length = last - first + 1;),
	    TP_printk("start=%#llx length=%llu", __entry->start, __entry->length)
);

/*
 * A batch of a request or a device fault: pages of one mapping, at most 512, and the targets that
 * they were to go to. @before: what was counted before it; @bytes are those that moved.
 */
TRACE_EVENT(hms_place,
	    TP_PROTO(const struct hms_request *request, const struct hms_batch *batch,
		     const struct hms_hbind *before),
	    TP_ARGS(request, batch, before),
	    TP_STRUCT__entry(__field(u64, start)
			     __field(u64, pages)
			     __field(u64, moved)
			     __field(u64, populated)
			     __field(u64, present)
			     __field(u64, lazy)
			     __field(u64, skipped)
			     __field(u64, bytes)
			     __field(u64, ns)
			     __field(u32, why)
			     __field(u32, most)
			     __array(u16, by_reason, HMS_SKIP_NR)
			     __field(u32, ntargets)
			     __dynamic_array(u32, uids, request->ntargets)),
	    TP_fast_assign(const struct hms_hbind *after = request->arg;

			   __entry->start = batch->start;
			   __entry->pages = after->pages - before->pages;
			   __entry->moved = after->moved - before->moved;
			   __entry->populated = after->populated - before->populated;
			   __entry->present = after->present - before->present;
			   __entry->lazy = after->lazy - before->lazy;
			   __entry->skipped = hms_request_skipped(after) -
					      hms_request_skipped(before);
			   __entry->bytes = __entry->moved << PAGE_SHIFT;
			   __entry->ns = hms_trace_since(batch->began);
			   /* Of a fault nobody asks. */
			   __entry->why = request->who ? HMS_TRACE_REQUEST : HMS_TRACE_FAULT;
			   __entry->most = hms_trace_skipped(before, after, __entry->by_reason);
			   __entry->ntargets = request->ntargets;
			   memcpy(__get_dynamic_array(uids), request->uids,
				  request->ntargets * sizeof(u32));),
	    TP_printk("start=%#llx pages=%llu moved=%llu populated=%llu present=%llu lazy=%llu skipped=%llu bytes=%llu ns=%llu why=%s most=%s by_reason=%s ntargets=%u uids=%s",
		      __entry->start, __entry->pages, __entry->moved, __entry->populated,
		      __entry->present, __entry->lazy, __entry->skipped, __entry->bytes,
		      __entry->ns, hms_print_why(__entry->why), hms_print_skip(__entry->most),
		      __print_array(__entry->by_reason, HMS_SKIP_NR, sizeof(u16)),
		      __entry->ntargets,
		      __print_array(__get_dynamic_array(uids), __entry->ntargets, sizeof(u32)))
);

/*
 * Pages that came home from @from because the first was touched, that to @to; @elsewhere of them
 * are not where policy wants them.
 */
TRACE_EVENT(hms_home,
	    TP_PROTO(u32 from, u32 to, unsigned long address, u64 pages, u64 elsewhere,
		     enum hms_trace_why why, u64 began),
	    TP_ARGS(from, to, address, pages, elsewhere, why, began),
	    TP_STRUCT__entry(__field(u64, address)
			     __field(u64, pages)
			     __field(u64, elsewhere)
			     __field(u64, bytes)
			     __field(u64, ns)
			     __field(u32, from)
			     __field(u32, to)
			     __field(u32, why)),
	    TP_fast_assign(__entry->address = address;
			   __entry->pages = pages;
			   __entry->elsewhere = elsewhere;
			   __entry->bytes = pages << PAGE_SHIFT;
			   __entry->ns = hms_trace_since(began);
			   __entry->from = from;
			   __entry->to = to;
			   __entry->why = why;),
	    TP_printk("from=%u to=%u address=%#llx pages=%llu elsewhere=%llu bytes=%llu ns=%llu why=%s",
		      __entry->from, __entry->to, __entry->address, __entry->pages,
		      __entry->elsewhere, __entry->bytes, __entry->ns,
		      hms_print_why(__entry->why))
);

/* Pages that left a full device for others of @priority, the first to @to; @address 0: unknown. */
TRACE_EVENT(hms_evict,
	    TP_PROTO(u32 from, u32 to, unsigned long address, u64 pages, u8 priority,
		     enum hms_trace_why why, u64 began),
	    TP_ARGS(from, to, address, pages, priority, why, began),
	    TP_STRUCT__entry(__field(u64, address)
			     __field(u64, pages)
			     __field(u64, bytes)
			     __field(u64, ns)
			     __field(u32, from)
			     __field(u32, to)
			     __field(u32, why)
			     __field(u8, priority)),
	    TP_fast_assign(__entry->address = address;
			   __entry->pages = pages;
			   __entry->bytes = pages << PAGE_SHIFT;
			   __entry->ns = hms_trace_since(began);
			   __entry->from = from;
			   __entry->to = to;
			   __entry->why = why;
			   __entry->priority = priority;),
	    TP_printk("from=%u to=%u address=%#llx pages=%llu priority=%u bytes=%llu ns=%llu why=%s",
		      __entry->from, __entry->to, __entry->address, __entry->pages,
		      __entry->priority, __entry->bytes, __entry->ns,
		      hms_print_why(__entry->why))
);

/*
 * Pages of one process that came home as the device goes, in one round through all of its memory:
 * the first at @start, to @to, the last at the end of @length.
 */
TRACE_EVENT(hms_evacuate,
	    TP_PROTO(u32 from, u32 to, u64 start, u64 length, u64 pages, u64 began),
	    TP_ARGS(from, to, start, length, pages, began),
	    TP_STRUCT__entry(__field(u64, start)
			     __field(u64, length)
			     __field(u64, pages)
			     __field(u64, bytes)
			     __field(u64, ns)
			     __field(u32, from)
			     __field(u32, to)
			     __field(u32, why)),
	    TP_fast_assign(__entry->start = start;
			   __entry->length = length;
			   __entry->pages = pages;
			   __entry->bytes = pages << PAGE_SHIFT;
			   __entry->ns = hms_trace_since(began);
			   __entry->from = from;
			   __entry->to = to;
			   __entry->why = HMS_TRACE_EVACUATED;),
	    TP_printk("from=%u to=%u start=%#llx length=%llu pages=%llu bytes=%llu ns=%llu why=%s",
		      __entry->from, __entry->to, __entry->start, __entry->length,
		      __entry->pages, __entry->bytes, __entry->ns, hms_print_why(__entry->why))
);

#endif /* _HMS_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
