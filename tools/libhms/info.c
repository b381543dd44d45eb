// SPDX-License-Identifier: LGPL-2.1-or-later
/* HMS_INFO, asked once for a handle. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* All of it in one block, so that free(module) frees it. */
struct module_block {
	struct hms_module module;
	struct hms_info info;
	struct hms_key_info *key_infos;
	struct hms_feature_info *feature_infos;
	struct hms_key *keys;
	struct hms_feature *features;
};

static struct module_block *block_new(size_t nkeys, size_t nfeatures)
{
	struct module_block *block;
	char *p;

	block = calloc(1, sizeof(*block) +
		       nkeys * (sizeof(struct hms_key_info) + sizeof(struct hms_key)) +
		       nfeatures * (sizeof(struct hms_feature_info) + sizeof(struct hms_feature)));
	if (!block)
		return NULL;
	/* Every size is a multiple of 4 and those that need 8 come first. */
	p = (char *)(block + 1);
	block->key_infos = (struct hms_key_info *)p;
	p += nkeys * sizeof(struct hms_key_info);
	block->keys = (struct hms_key *)p;
	p += nkeys * sizeof(struct hms_key);
	block->features = (struct hms_feature *)p;
	p += nfeatures * sizeof(struct hms_feature);
	block->feature_infos = (struct hms_feature_info *)p;
	block->info = (struct hms_info){
		.size = sizeof(block->info),
		.version = HMS_VERSION_DEVICE,
		.keys = nkeys ? hms_pointer(block->key_infos) : 0,
		.features = nfeatures ? hms_pointer(block->feature_infos) : 0,
		.nkeys = nkeys,
		.key_size = sizeof(struct hms_key_info),
		.nfeatures = nfeatures,
		.feature_size = sizeof(struct hms_feature_info),
	};
	return block;
}

/* The module ends its strings; a broken one must not make a program read on. */
#define END_STRING(array) ((array)[sizeof(array) - 1] = 0)

static void block_fill(struct module_block *block)
{
	struct hms_info *info = &block->info;

	END_STRING(info->module_version);
	block->module = (struct hms_module){
		.instance = info->instance,
		.api_version = info->api_version,
		.object_version = info->object_version,
		.max_targets = info->max_targets,
		.max_modifiers = info->max_modifiers,
		.max_ranges = info->max_ranges,
		.all_or_nothing_max = info->all_or_nothing_max,
		.version = info->module_version,
		.nkeys = info->nkeys,
		.keys = block->keys,
		.nfeatures = info->nfeatures,
		.features = block->features,
	};
	for (size_t i = 0; i < info->nkeys; i++) {
		struct hms_key_info *k = &block->key_infos[i];

		END_STRING(k->name);
		END_STRING(k->text);
		block->keys[i] = (struct hms_key){
			.key = k->key, .since = k->since, .min = k->min, .max = k->max,
			.name = k->name, .text = k->text,
		};
	}
	for (size_t i = 0; i < info->nfeatures; i++) {
		struct hms_feature_info *f = &block->feature_infos[i];

		END_STRING(f->name);
		END_STRING(f->reason);
		block->features[i] = (struct hms_feature){
			.live = f->live, .kind = f->kind, .name = f->name, .reason = f->reason,
		};
	}
}

int hms_info(struct hms *hms, const struct hms_module **module)
{
	struct module_block *block;
	size_t nkeys = 0, nfeatures = 0;

	hms_error_clear(hms);
	if (hms->module) {
		*module = hms->module;
		return 0;
	}
	for (;;) {
		size_t keys_now, features_now;
		int error;

		block = block_new(nkeys, nfeatures);
		if (!block)
			return hms_error_set(hms, "info", ENOMEM, NULL);
		error = hms_request_raw(hms, HMS_INFO, &block->info);
		keys_now = block->info.nkeys;
		features_now = block->info.nfeatures;
		if (!error && keys_now <= nkeys && features_now <= nfeatures)
			break;
		free(block);
		if (error && (error != ENOSPC || (keys_now <= nkeys && features_now <= nfeatures)))
			return hms_error_set(hms, "info", error, NULL);
		nkeys = keys_now;
		nfeatures = features_now;
	}
	block_fill(block);
	hms->module = &block->module;
	*module = hms->module;
	return 0;
}
