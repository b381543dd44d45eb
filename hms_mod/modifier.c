// SPDX-License-Identifier: GPL-2.0
/*
 * Modifiers: the one table of keys. HMS_INFO hands it to the library, the tools and the tests.
 */

#include <linux/capability.h>
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/kernel.h>

#include "fork.h"
#include "modifier.h"
#include "request.h"

static enum hms_error_why hms_parse_mode(struct hms_request *request, u64 value)
{
	request->set_policy = true;
	request->mode = value;
	return HMS_WHY_NONE;
}

static enum hms_error_why hms_parse_weight(struct hms_request *request, u64 value)
{
	request->has_weights = true;
	request->weights_from = value;
	return HMS_WHY_NONE;
}

static enum hms_error_why hms_parse_migrate(struct hms_request *request, u64 value)
{
	request->migrate = value == HMS_MIGRATE_NOW;
	return HMS_WHY_NONE;
}

static enum hms_error_why hms_parse_populate(struct hms_request *request, u64 value)
{
	request->populate = value;
	return HMS_WHY_NONE;
}

static enum hms_error_why hms_parse_lazy(struct hms_request *request, u64 value)
{
	if (value && !IS_ENABLED(CONFIG_DEVICE_PRIVATE))
		return HMS_WHY_UNSUPPORTED;
	request->lazy = value;
	return HMS_WHY_NONE;
}

static enum hms_error_why hms_parse_all_or_nothing(struct hms_request *request, u64 value)
{
	request->all_or_nothing = value;
	return HMS_WHY_NONE;
}

static enum hms_error_why hms_parse_initiator(struct hms_request *request, u64 value)
{
	request->initiator = value;
	return HMS_WHY_NONE;
}

static enum hms_error_why hms_parse_inherit(struct hms_request *request, u64 value)
{
	if (value && *hms_fork_unseen())
		return HMS_WHY_UNSUPPORTED;
	request->inherit = value;
	return HMS_WHY_NONE;
}

static enum hms_error_why hms_parse_priority(struct hms_request *request, u64 value)
{
	/* Who stays for longer has others leave sooner. */
	if (value > HMS_PRIORITY_DEFAULT && !capable(CAP_SYS_NICE))
		return HMS_WHY_PERMISSION;
	request->has_priority = true;
	request->priority = value;
	return HMS_WHY_NONE;
}

static enum hms_error_why hms_parse_async(struct hms_request *request, u64 value)
{
	struct eventfd_ctx *eventfd;

	request->async = true;
	if (value == HMS_NO_EVENTFD)
		return HMS_WHY_NONE;
	eventfd = eventfd_ctx_fdget(value);
	if (IS_ERR(eventfd))
		return HMS_WHY_NOT_AN_EVENTFD;
	request->eventfd = eventfd;
	return HMS_WHY_NONE;
}

#define HMS_KEY(_key, _since, _min, _max, _name, _parse, _text) {	\
	.info = {							\
		.key = (_key), .since = (_since),			\
		.min = (_min), .max = (_max),				\
		.name = (_name), .text = (_text),			\
	},								\
	.parse = (_parse),						\
}

const struct hms_modifier_desc hms_modifiers[] = {
	HMS_KEY(HMS_MOD_MODE, 1, HMS_MODE_DEFAULT, HMS_MODE_WEIGHTED, "mode", hms_parse_mode,
		"store a policy: default, bind, preferred, interleave or weighted"),
	HMS_KEY(HMS_MOD_WEIGHT, 1, 0, U64_MAX, "weight", hms_parse_weight,
		"for mode weighted: pointer to a weight for each target, 1 to 255"),
	HMS_KEY(HMS_MOD_MIGRATE, 1, HMS_MIGRATE_NONE, HMS_MIGRATE_NOW, "migrate",
		hms_parse_migrate, "move the pages that exist: none or now"),
	HMS_KEY(HMS_MOD_POPULATE, 1, 0, 1, "populate", hms_parse_populate,
		"allocate the missing pages of anonymous memory"),
	HMS_KEY(HMS_MOD_LAZY, 1, 0, 1, "lazy", hms_parse_lazy,
		"place a page when it is first touched"),
	HMS_KEY(HMS_MOD_ALL_OR_NOTHING, 1, 0, 1, "all-or-nothing", hms_parse_all_or_nothing,
		"move every page or none"),
	HMS_KEY(HMS_MOD_INITIATOR, 1, 1, U32_MAX, "initiator", hms_parse_initiator,
		"every target must be reachable from it"),
	HMS_KEY(HMS_MOD_INHERIT, 1, 0, 1, "inherit", hms_parse_inherit,
		"a child gets the policy at fork"),
	HMS_KEY(HMS_MOD_PRIORITY, 1, 0, HMS_PRIORITY_MAX, "priority", hms_parse_priority,
		"order of eviction: pages of a low one leave a full target first"),
	HMS_KEY(HMS_MOD_ASYNC, 1, 0, HMS_NO_EVENTFD, "async", hms_parse_async,
		"do not wait for the work: signal an eventfd, or none, when it is done"),
};

const unsigned int hms_nmodifiers = ARRAY_SIZE(hms_modifiers);

static const struct hms_modifier_desc *hms_modifier_find(u32 key)
{
	unsigned int i;

	for (i = 0; i < hms_nmodifiers; i++) {
		if (hms_modifiers[i].info.key == key)
			return &hms_modifiers[i];
	}
	return NULL;
}

static enum hms_error_why hms_modifier_take(struct hms_request *request,
					    const struct hms_modifier *modifier, u32 *seen)
{
	const struct hms_modifier_desc *desc = hms_modifier_find(modifier->key);

	if (!desc)
		return HMS_WHY_UNKNOWN;
	if (modifier->flags)
		return HMS_WHY_FLAG;
	if (*seen & BIT(desc - hms_modifiers))
		return HMS_WHY_DUPLICATE;
	*seen |= BIT(desc - hms_modifiers);
	if (modifier->value < desc->info.min || modifier->value > desc->info.max)
		return HMS_WHY_VALUE;
	return desc->parse(request, modifier->value);
}

/**
 * hms_modifier_parse - read a modifier of a request
 * @request: receives what it asks for
 * @modifier: copied from the program
 * @index: which one it is
 * @seen: keys of those before; 0 for the first
 *
 * Return: 0, or an errno when it is at fault, which @request tells.
 */
int hms_modifier_parse(struct hms_request *request, const struct hms_modifier *modifier, u32 index,
		       u32 *seen)
{
	enum hms_error_why why = hms_modifier_take(request, modifier, seen);
	int error = why == HMS_WHY_UNSUPPORTED ? -EOPNOTSUPP :
		    why == HMS_WHY_PERMISSION ? -EPERM : -EINVAL;

	if (why)
		return hms_refuse(request, error, HMS_ERROR_MODIFIER, index, why);
	request->key_index[modifier->key] = index;
	return 0;
}
