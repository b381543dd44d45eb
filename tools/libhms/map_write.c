// SPDX-License-Identifier: LGPL-2.1-or-later
/* Maps in files: the text of a map. */
#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "map.h"
#include "units.h"

/* What the file calls an object. On a machine names may be missing, odd, or there twice. */
struct label {
	enum hms_type type;
	char name[HMS_NAME_MAX + 1];
};

struct writer {
	struct hms *hms;
	FILE *f;
	struct label *labels;	/* of hms->objects, in the same order */
	void *taken;		/* tree of the labels */
};

static int compare_label(const void *a, const void *b)
{
	const struct label *x = a, *y = b;
	int by_type = (x->type > y->type) - (x->type < y->type);

	return by_type ? by_type : strcmp(x->name, y->name);
}

/* The name with what a file can't have replaced, or one made up. */
static void base_name(const struct hms_object *object, struct label *label)
{
	label->type = object->type;
	if (!object->name[0])
		snprintf(label->name, sizeof(label->name), "%s%u", hms_type_text(object->type),
			 object->uid);
	else
		/* A number alone would be taken for a uid. */
		snprintf(label->name, sizeof(label->name), "%s%s",
			 object->name[strspn(object->name, "0123456789")] ? "" : "_",
			 object->name);
	for (char *c = label->name; *(c += strspn(c, MAP_NAME_CHARACTERS)); )
		*c = '_';
}

/* Append the uid to a name that is taken, and then numbers. */
static int add_label(struct writer *w, const struct hms_object *object, struct label *label)
{
	struct label base;
	char suffix[32];

	base_name(object, label);
	base = *label;
	for (unsigned int i = 0; ; i++) {
		struct label **entry = tsearch(label, &w->taken, compare_label);

		if (!entry)
			return -ENOMEM;
		if (*entry == label)
			return 0;
		if (i)
			snprintf(suffix, sizeof(suffix), "-%u-%u", object->uid, i);
		else
			snprintf(suffix, sizeof(suffix), "-%u", object->uid);
		snprintf(label->name, sizeof(label->name), "%.*s%s",
			 (int)(HMS_NAME_MAX - strlen(suffix)), base.name, suffix);
	}
}

/* The object's name in the file, or NULL when the map has no such object. */
static const char *label_of(const struct writer *w, uint32_t uid)
{
	size_t i = hms_object_index(w->hms, uid);

	return i == SIZE_MAX ? NULL : w->labels[i].name;
}

static void write_size(struct writer *w, const char *key, uint64_t bytes)
{
	char text[UNITS_TEXT];

	fprintf(w->f, " %s=%s", key,
		bytes == HMS_BYTES_UNKNOWN ? "unknown" : hms_format_size(bytes, text));
}

static const char *cache_word(const char *const *words, uint32_t number)
{
	return words[number < MAP_CACHE_WORDS ? number : MAP_CACHE_WORDS - 1];
}

static void write_target(struct writer *w, const struct hms_object *target)
{
	const char *comma = "";
	char text[UNITS_TEXT];

	write_size(w, "size", target->capacity);
	if (target->used != HMS_BYTES_UNKNOWN)
		write_size(w, "used", target->used);
	fputs(" properties=", w->f);
	for (uint32_t bit = 1; bit; bit <<= 1) {
		/* A newer module may have some that this library has no word for. */
		if (!(target->properties & bit) || !hms_property_parse(hms_property_text(bit)))
			continue;
		fprintf(w->f, "%s%s", comma, hms_property_text(bit));
		comma = ",";
	}
	if (!*comma)
		fputs("none", w->f);
	for (size_t i = 0; i < target->ncaches; i++) {
		const struct hms_cache *cache = &target->caches[i];

		fprintf(w->f, " cache=%u:%s:%u:%s:%s", cache->level,
			hms_format_size(cache->size, text), cache->line_size,
			cache_word(map_cache_indexing, cache->indexing),
			cache_word(map_cache_write_policy, cache->write_policy));
	}
}

/* Those of @uids that are of this type, as " key=name,name"; nothing when none is. */
static void write_list(struct writer *w, const char *key, enum hms_type type,
		       const uint32_t *uids, size_t n)
{
	bool first = true;

	for (size_t i = 0; i < n; i++) {
		const struct hms_object *object = hms_object_known(w->hms, uids[i]);

		if (!object || object->type != type)
			continue;
		if (first)
			fprintf(w->f, " %s=", key);
		fprintf(w->f, "%s%s", first ? "" : ",", label_of(w, uids[i]));
		first = false;
	}
}

static void write_value(struct writer *w, const char *key, const struct hms_value *value,
			const char *(*format)(uint32_t value, char *text))
{
	char text[UNITS_TEXT];

	if (!hms_value_known(value))
		return;
	fprintf(w->f, " %s=%s", key, format(value->value, text));
	/* One that this library does not know has no word. */
	if (value->source < HMS_SOURCE_DRIVER)
		fprintf(w->f, ":%s", hms_source_text(value->source));
}

/* One key for reading and writing where they are the same. */
static void write_pair(struct writer *w, const char *key, const struct hms_value *values,
		       enum hms_attribute read, enum hms_attribute write,
		       const char *(*format)(uint32_t value, char *text))
{
	if (values[read].value == values[write].value &&
	    values[read].source == values[write].source) {
		write_value(w, key, &values[read], format);
		return;
	}
	write_value(w, hms_attribute_text(read), &values[read], format);
	write_value(w, hms_attribute_text(write), &values[write], format);
}

static void write_object(struct writer *w, const struct hms_object *object)
{
	/* A machine may change while its map is read: then a bridge may lead nowhere. */
	if (object->type == HMS_BRIDGE && !(label_of(w, object->from) && label_of(w, object->to)))
		return;
	fprintf(w->f, "%-9s %-11s uid=%u", hms_type_text(object->type), label_of(w, object->uid),
		object->uid);
	if (object->version != map_default_version(object->type, object->properties))
		fprintf(w->f, " version=%u", object->version);
	if (object->type == HMS_TARGET || object->type == HMS_INITIATOR)
		fprintf(w->f, " kind=%s", hms_kind_text(object->kind ? object->kind :
							HMS_KIND_OTHER));
	if (object->nid >= 0 && (object->kind == HMS_KIND_NODE || object->kind == HMS_KIND_CPU))
		fprintf(w->f, " nid=%d", object->nid);
	if (object->type == HMS_TARGET)
		write_target(w, object);
	if (object->type == HMS_LINK) {
		write_list(w, "initiators", HMS_INITIATOR, object->links, object->nlinks);
		write_list(w, "targets", HMS_TARGET, object->links, object->nlinks);
	}
	if (object->type == HMS_BRIDGE) {
		fprintf(w->f, " from=%s to=%s", label_of(w, object->from),
			label_of(w, object->to));
		write_list(w, "initiators", HMS_INITIATOR, object->initiators,
			   object->ninitiators);
	}
	write_pair(w, "bandwidth", object->values, HMS_READ_BANDWIDTH, HMS_WRITE_BANDWIDTH,
		   hms_format_bandwidth);
	write_pair(w, "latency", object->values, HMS_READ_LATENCY, HMS_WRITE_LATENCY,
		   hms_format_latency);
	fputc('\n', w->f);
}

static int write_all(struct writer *w)
{
	for (size_t i = 0; i < w->hms->nobjects; i++)
		if (add_label(w, w->hms->objects[i], &w->labels[i]))
			return -ENOMEM;
	fprintf(w->f, "%s %s\n", MAP_WORD, MAP_FORMAT);
	for (enum hms_type type = HMS_TARGET; type <= HMS_BRIDGE; type++)
		for (size_t i = 0; i < w->hms->nobjects; i++)
			if (w->hms->objects[i]->type == type)
				write_object(w, w->hms->objects[i]);
	return ferror(w->f) ? -ENOMEM : 0;
}

/* For tdestroy(): the labels are in one array. */
static void keep_label(void *label)
{
	(void)label;
}

int hms_save(struct hms *hms, char **text)
{
	struct writer w = { .hms = hms };
	size_t size;
	int ret;

	*text = NULL;
	ret = hms_scan_once(hms);
	if (ret)
		return ret;
	ret = -ENOMEM;
	w.labels = calloc(hms->nobjects + 1, sizeof(*w.labels));
	if (!w.labels)
		goto out;
	w.f = open_memstream(text, &size);
	if (!w.f)
		goto free;
	ret = write_all(&w);
	if (fclose(w.f))
		ret = -ENOMEM;
	if (ret) {
		free(*text);
		*text = NULL;
	}
	tdestroy(w.taken, keep_label);
free:
	free(w.labels);
out:
	return ret ? hms_error_set(hms, "save", ENOMEM, NULL) : 0;
}
