// SPDX-License-Identifier: LGPL-2.1-or-later
/* Failures in plain words. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

static const char *const why_texts[] = {
	[HMS_WHY_NONE]		= "no reason given",
	[HMS_WHY_RESERVED]	= "a reserved field is not zero",
	[HMS_WHY_FLAG]		= "unknown flag bit",
	[HMS_WHY_VERSION]	= "needs a higher object version than the caller understands",
	[HMS_WHY_UNALIGNED]	= "not a multiple of the page size",
	[HMS_WHY_EMPTY]		= "empty, or nothing to do",
	[HMS_WHY_OVERFLOW]	= "reaches beyond the address space",
	[HMS_WHY_UNMAPPED]	= "has addresses without a mapping",
	[HMS_WHY_COUNT]		= "too many, or too few for what is asked",
	[HMS_WHY_POINTER]	= "points to memory that can't be read or written",
	[HMS_WHY_UNKNOWN]	= "unknown to this module",
	[HMS_WHY_DUPLICATE]	= "named twice",
	[HMS_WHY_VALUE]		= "value out of range",
	[HMS_WHY_UNSUPPORTED]	= "known, but not in this module or on this kernel",
	[HMS_WHY_COMBINATION]	= "does not go with the rest of the request",
	[HMS_WHY_NOT_A_TARGET]	= "names an object that is not a target",
	[HMS_WHY_GONE]		= "has been removed",
	[HMS_WHY_INSTANCE]	= "comes from before a reload of the module",
	[HMS_WHY_TOO_LARGE]	= "more than a limit allows",
	[HMS_WHY_INCOMPLETE]	= "not every page can be moved, so none was",
	[HMS_WHY_DESCRIBED]	= "is of a machine that is only described, and holds no pages",
	[HMS_WHY_NO_WEIGHTS]	= "needs weights, and there are none",
	[HMS_WHY_WEIGHT]	= "its weight is not 1 to 255",
	[HMS_WHY_NOT_AN_INITIATOR] = "names an object that is not an initiator",
	[HMS_WHY_UNREACHABLE]	= "can't be reached from the initiator",
	[HMS_WHY_PERMISSION]	= "wants a capability that the caller lacks",
	[HMS_WHY_NOT_AN_EVENTFD] = "the descriptor is no eventfd",
};

static const char *const skip_texts[] = {
	[HMS_SKIP_BUSY]		= "busy or pinned",
	[HMS_SKIP_SHARED]	= "shared with other processes",
	[HMS_SKIP_FILE]		= "file memory",
	[HMS_SKIP_SPECIAL]	= "special memory (hugetlb, DAX, device mapping, locked)",
	[HMS_SKIP_ABSENT]	= "no page there",
	[HMS_SKIP_NOMEM]	= "no room on the targets",
	[HMS_SKIP_UNREACHABLE]	= "no target that the caller may use",
	[HMS_SKIP_LARGE]	= "part of a large page that can't be split",
	[HMS_SKIP_COPY]		= "the device failed to copy it, or has lost it",
	[HMS_SKIP_ELSEWHERE]	= "elsewhere, and it was not asked to move",
	[HMS_SKIP_LIMIT]	= "no more placeholders for this user or cgroup",
};

_Static_assert(COUNT(skip_texts) == HMS_SKIP_NR, "a text for every reason to skip a page");

static const struct {
	uint32_t offset;
	const char *name;
} hbind_fields[] = {
#define FIELD(name) { offsetof(struct hms_hbind, name), #name }
	FIELD(size), FIELD(version), FIELD(instance), FIELD(start), FIELD(length), FIELD(targets),
	FIELD(modifiers), FIELD(target_counts), FIELD(ntargets), FIELD(nmodifiers), FIELD(flags),
#undef FIELD
};

const char *hms_why_text(uint32_t why)
{
	return why < COUNT(why_texts) ? why_texts[why] : "unknown reason";
}

const char *hms_skip_text(unsigned int skip)
{
	return skip < COUNT(skip_texts) ? skip_texts[skip] : "unknown reason";
}

const char *hms_open_text(int error)
{
	switch (-error) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return "no " HMS_DEVICE ": the module is not loaded (modprobe hms)";
	case EACCES:
	case EPERM:
		return "no permission to open " HMS_DEVICE
		       ": members of the group that owns it may";
	default:
		return strerror(-error);
	}
}

/* What an errno means for a request, where the module gives no reason more exact. */
static const char *errno_text(const struct hms *hms, int error)
{
	switch (error) {
	case EBADF:
		return hms->fd < 0 ? "a handle without the device only tells of objects" :
				     "the handle was opened by another process";
	case ESRCH:
		return "the process that opened the handle is gone";
	case E2BIG:
		return "the module is older than this library and lacks something that was asked";
	case ENOENT:
		return "no object with this uid";
	case ENODEV:
		return "the target or initiator has been removed";
	case ESTALE:
		return "the uids are from before a reload of the module";
	case EOPNOTSUPP:
		return "not in this module or on this kernel";
	case ENOSPC:
		return "the address space has too many policy ranges";
	case EBUSY:
		return "not every page can be moved, so none was";
	case EAGAIN:
		return "too many jobs that are not done, or not waited for";
	case EINTR:
		return "interrupted by a signal";
	case ENOTTY:
		return "the module does not know this request";
	default:
		return strerror(error);
	}
}

const char *hms_last_error(const struct hms *hms)
{
	return hms->error;
}

void hms_error_clear(struct hms *hms)
{
	hms->error[0] = 0;
}

void hms_error_tame(char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			*text = '?';
}

int hms_error_set(struct hms *hms, const char *call, int error, const char *fmt, ...)
{
	int n = snprintf(hms->error, sizeof(hms->error), "%s: ", call);
	va_list args;

	if (!fmt) {
		snprintf(hms->error + n, sizeof(hms->error) - n, "%s",
			 errno_text(hms, error));
		return -error;
	}
	va_start(args, fmt);
	vsnprintf(hms->error + n, sizeof(hms->error) - n, fmt, args);
	va_end(args);
	hms_error_tame(hms->error);
	return -error;
}

static void name_field(char *text, size_t size, uint32_t offset)
{
	for (size_t i = 0; i < COUNT(hbind_fields); i++) {
		if (hbind_fields[i].offset == offset) {
			snprintf(text, size, "field %s", hbind_fields[i].name);
			return;
		}
	}
	snprintf(text, size, "field at offset %u", offset);
}

void hms_name_target(struct hms *hms, char *text, size_t size, uint32_t index,
		     const uint32_t *uids, uint32_t n)
{
	const struct hms_object *object;

	if (index >= n) {
		snprintf(text, size, "target %u", index);
		return;
	}
	/* Not hms_find_uid(): a failed call must not end the caller's pointers to objects. */
	object = hms_object_known(hms, uids[index]);
	if (object && object->name[0])
		snprintf(text, size, "target %u (uid %u, %s)", index, uids[index], object->name);
	else
		snprintf(text, size, "target %u (uid %u)", index, uids[index]);
}

/* The names of keys are the module's own: the library has no second table of them. */
static void name_modifier(struct hms *hms, char *text, size_t size, uint32_t index,
			  const struct hms_modifier *modifiers, uint32_t n)
{
	const struct hms_module *module;
	const struct hms_modifier *m;

	if (index >= n) {
		snprintf(text, size, "modifier %u", index);
		return;
	}
	m = &modifiers[index];
	if (!hms_info(hms, &module)) {
		for (size_t i = 0; i < module->nkeys; i++) {
			const char *name = module->keys[i].name;

			if (module->keys[i].key != m->key)
				continue;
			if (m->key == HMS_MOD_MODE && m->value <= HMS_MODE_WEIGHTED)
				snprintf(text, size, "modifier %u (%s %s)", index, name,
					 hms_mode_text(m->value));
			else if (m->key == HMS_MOD_WEIGHT)
				snprintf(text, size, "modifier %u (%s)", index, name);
			else
				snprintf(text, size, "modifier %u (%s %" PRIu64 ")", index, name,
					 (uint64_t)m->value);
			return;
		}
	}
	snprintf(text, size, "modifier %u (key %u)", index, m->key);
}

int hms_error_hbind(struct hms *hms, const struct hms_hbind *b, int error)
{
	char what[128];

	switch (b->error_where) {
	case HMS_ERROR_FIELD:
		name_field(what, sizeof(what), b->error_index);
		break;
	case HMS_ERROR_TARGET:
		hms_name_target(hms, what, sizeof(what), b->error_index,
				(const uint32_t *)(uintptr_t)b->targets, b->ntargets);
		break;
	case HMS_ERROR_MODIFIER:
		name_modifier(hms, what, sizeof(what), b->error_index,
			      (const struct hms_modifier *)(uintptr_t)b->modifiers, b->nmodifiers);
		break;
	case HMS_ERROR_RANGE:
		snprintf(what, sizeof(what), "range 0x%" PRIx64 "+0x%" PRIx64, (uint64_t)b->start,
			 (uint64_t)b->length);
		break;
	default:
		return hms_error_set(hms, "hbind", error, NULL);
	}
	return hms_error_set(hms, "hbind", error, "%s: %s", what,
			     b->error_why ? hms_why_text(b->error_why) :
					    errno_text(hms, error));
}
