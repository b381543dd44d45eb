/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: policy that is set and cleared, pages that requests place, that come home because
 * they were touched, and that leave a full device. In tracefs, events/hms.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM hms

#if !defined(_HMS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _HMS_TRACE_H

#include <linux/tracepoint.h>

#include "policy.h"

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

/* A batch of a request: pages of one mapping, at most 512. */
TRACE_EVENT(hms_place,
	    TP_PROTO(unsigned long start, u64 pages, u64 moved, u64 populated, u64 present,
		     u64 lazy),
	    TP_ARGS(start, pages, moved, populated, present, lazy),
	    TP_STRUCT__entry(__field(u64, start)
			     __field(u64, pages)
			     __field(u64, moved)
			     __field(u64, populated)
			     __field(u64, present)
			     __field(u64, lazy)),
	    TP_fast_assign(__entry->start = start;
			   __entry->pages = pages;
			   __entry->moved = moved;
			   __entry->populated = populated;
			   __entry->present = present;
			   __entry->lazy = lazy;),
	    TP_printk("start=%#llx pages=%llu moved=%llu populated=%llu present=%llu lazy=%llu skipped=%llu",
		      __entry->start, __entry->pages, __entry->moved, __entry->populated,
		      __entry->present, __entry->lazy, __entry->pages - __entry->moved -
		      __entry->populated - __entry->present - __entry->lazy)
);

/*
 * Pages that came home because the first was touched, to node @nid; @elsewhere of them are not
 * where policy wants them.
 */
TRACE_EVENT(hms_home,
	    TP_PROTO(unsigned long address, u64 pages, int nid, u64 elsewhere),
	    TP_ARGS(address, pages, nid, elsewhere),
	    TP_STRUCT__entry(__field(u64, address)
			     __field(u64, pages)
			     __field(u64, elsewhere)
			     __field(int, nid)),
	    TP_fast_assign(__entry->address = address;
			   __entry->pages = pages;
			   __entry->elsewhere = elsewhere;
			   __entry->nid = nid;),
	    TP_printk("address=%#llx pages=%llu nid=%d elsewhere=%llu", __entry->address,
		      __entry->pages, __entry->nid, __entry->elsewhere)
);

/* Pages that left a full device for others of @priority. */
TRACE_EVENT(hms_evict,
	    TP_PROTO(u32 target, unsigned long address, u64 pages, u8 priority),
	    TP_ARGS(target, address, pages, priority),
	    TP_STRUCT__entry(__field(u64, address)
			     __field(u64, pages)
			     __field(u32, target)
			     __field(u8, priority)),
	    TP_fast_assign(__entry->address = address;
			   __entry->pages = pages;
			   __entry->target = target;
			   __entry->priority = priority;),
	    TP_printk("target=%u address=%#llx pages=%llu priority=%u", __entry->target,
		      __entry->address, __entry->pages, __entry->priority)
);

#endif /* _HMS_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
