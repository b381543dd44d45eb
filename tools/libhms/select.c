// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Targets by a text. Words are conditions, that every target has to meet, or say which targets are
 * wanted; both may stand in any order.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "choose.h"
#include "internal.h"
#include "units.h"

enum meaning {
	CONDITION,	/* for all targets */
	ALL,		/* all that meet the conditions */
	SORTED,		/* the same, the best first */
	BEST,		/* the best of them */
	NAMED,		/* these, whatever they are */
};

enum subject { S_UID, S_NAME, S_PATTERN, S_KIND, S_PROPERTIES, S_SIZE, S_FREE, S_NODE, S_VERSION };

enum comparison { LESS, AT_MOST, EQUAL, AT_LEAST, MORE };

struct word {
	enum meaning meaning;
	enum subject subject;	/* CONDITION, NAMED: what decides */
	enum comparison comparison;
	bool not;
	uint64_t number;	/* uid, HMS_PROP_*, enum hms_kind, bytes ... */
	const char *text;	/* name, pattern */
	struct hms_wish wish;	/* SORTED, BEST: weights */
	const struct hms_object *initiator;
};

struct selection {
	struct hms *hms;
	size_t nwords;
	struct word *words;
	bool devices;		/* it asks for other kinds than nodes */
	bool described;		/* ... and for what is only described */
	size_t n;
	const struct hms_object **targets;
};

/* ---- words ---- */

static const struct {
	const char *name;
	enum subject subject;
	bool ordered;		/* can be more or less, not just equal */
} subjects[] = {
	{ "kind",	S_KIND,		false },
	{ "properties",	S_PROPERTIES,	false },
	{ "size",	S_SIZE,		true },
	{ "free",	S_FREE,		true },
	{ "node",	S_NODE,		false },
	{ "name",	S_PATTERN,	false },
	{ "version",	S_VERSION,	true },
};

static const char *parse_kind(struct word *word, const char *text)
{
	int kind = hms_kind_parse(text);

	if (kind <= HMS_KIND_NONE || kind == HMS_KIND_CPU)
		return "not node, device, device-private, device-coherent or other";
	word->number = kind;
	return NULL;
}

static const char *parse_properties(struct word *word, char *text)
{
	char *name;

	while ((name = strsep(&text, "+"))) {
		uint32_t property = hms_property_parse(name);

		if (!property)
			return "not properties with + between them";
		word->number |= property;
	}
	return NULL;
}

static const char *parse_operand(struct word *word, char *text)
{
	switch (word->subject) {
	case S_KIND:
		return parse_kind(word, text);
	case S_PROPERTIES:
		return parse_properties(word, text);
	case S_SIZE:
	case S_FREE:
		return hms_parse_size(text, &word->number);
	case S_NODE:
		return hms_parse_number(text, INT32_MAX, &word->number);
	case S_VERSION:
		return hms_parse_number(text, UINT32_MAX, &word->number);
	default:
		word->text = text;
		return *text ? NULL : "no pattern";
	}
}

/* "size>=1G"; @sign is where its sign begins. */
static const char *parse_condition(struct word *word, char *text, char *sign)
{
	size_t length = sign - text, i = 0;

	while (i < COUNT(subjects) && (strlen(subjects[i].name) != length ||
				       memcmp(text, subjects[i].name, length)))
		i++;
	if (i == COUNT(subjects))
		return "not kind, properties, size, free, node, name or version";
	word->meaning = CONDITION;
	word->subject = subjects[i].subject;
	word->comparison = *sign == '<' ? LESS : *sign == '>' ? MORE : EQUAL;
	if (*sign++ != '=' && *sign == '=') {
		word->comparison = word->comparison == LESS ? AT_MOST : AT_LEAST;
		sign++;
	}
	if (word->comparison != EQUAL && !subjects[i].ordered)
		return "it can only be equal";
	return parse_operand(word, sign);
}

/* "bandwidth*2" */
static const char *parse_weight(struct hms_wish *wish, char *text)
{
	char *name = strsep(&text, "*");
	uint64_t number = 1;
	uint32_t *weight;

	if (!strcmp(name, "bandwidth"))
		weight = &wish->bandwidth;
	else if (!strcmp(name, "latency"))
		weight = &wish->latency;
	else if (!strcmp(name, "capacity"))
		weight = &wish->capacity;
	else
		return "what counts is bandwidth, latency or capacity";
	if (text && (hms_parse_number(text, UINT32_MAX, &number) || !number))
		return "a weight is a number above 0";
	if (*weight)
		return "a weight is there twice";
	*weight = number;
	return NULL;
}

/* "bandwidth*2+latency@node0" */
static const char *parse_choice(struct selection *s, struct word *word, char *text, int *error)
{
	char *initiator = strchr(text, '@'), *weight;
	const char *why;

	if (initiator)
		*initiator++ = 0;
	while ((weight = strsep(&text, "+"))) {
		why = parse_weight(&word->wish, weight);
		if (why)
			return why;
	}
	if (!initiator)
		return word->wish.bandwidth || word->wish.latency ?
		       "for whom? @INITIATOR is missing" : NULL;
	*error = -hms_find_name(s->hms, HMS_INITIATOR, initiator, &word->initiator);
	switch (*error) {
	case 0:
		return NULL;
	case ENOENT:
		return "no such initiator";
	default:
		return "several initiators have this name: take a uid";
	}
}

/* A uid, or the name of one target or more. */
static const char *parse_target(struct selection *s, struct word *word, const char *text,
				int *error)
{
	const struct hms_object *object;

	word->meaning = word->not ? CONDITION : NAMED;
	word->comparison = EQUAL;
	if (!hms_parse_number(text, UINT32_MAX, &word->number)) {
		word->subject = S_UID;
		object = hms_object_known(s->hms, word->number);
		if (object && object->type == HMS_TARGET)
			return NULL;
		*error = ENOENT;
		return object ? "the uid is not that of a target" : "no target has this uid";
	}
	word->subject = S_NAME;
	word->text = text;
	for (size_t i = 0; i < s->hms->nobjects; i++)
		if (s->hms->objects[i]->type == HMS_TARGET &&
		    !strcmp(s->hms->objects[i]->name, text))
			return NULL;
	*error = ENOENT;
	return "no target has this name";
}

static const char *parse_word(struct selection *s, struct word *word, char *text, int *error)
{
	char *sign;

	word->not = *text == '!';
	text += word->not;
	if (!*text)
		return "nothing there";
	if (!strcmp(text, "all") || !strncmp(text, "all:", 4) || !strncmp(text, "best:", 5)) {
		if (word->not)
			return "this can't be removed";
		word->meaning = *text == 'b' ? BEST : text[3] ? SORTED : ALL;
		return word->meaning == ALL ? NULL :
		       parse_choice(s, word, strchr(text, ':') + 1, error);
	}
	sign = strpbrk(text, "<>=");
	if (sign)
		return parse_condition(word, text, sign);
	if (!hms_property_parse(text))
		return parse_target(s, word, text, error);
	word->meaning = CONDITION;
	word->subject = S_PROPERTIES;
	word->number = hms_property_parse(text);
	return NULL;
}

/* What the text asks for besides ordinary memory of this machine. */
static void note_explicit(struct selection *s, const struct word *word)
{
	if (word->meaning != CONDITION || word->not)
		return;
	if (word->subject == S_KIND ||
	    (word->subject == S_PROPERTIES && word->number & HMS_PROP_DEVICE_PRIVATE))
		s->devices = true;
	if (word->subject == S_PROPERTIES && word->number & HMS_PROP_DESCRIBED)
		s->described = true;
}

static int parse(struct selection *s, char *copy, const char *text)
{
	bool wanted = false;
	char *word;

	while ((word = strsep(&copy, ","))) {
		struct word *w = &s->words[s->nwords++];
		int error = EINVAL;
		size_t length = strcspn(text, ",");
		const char *why = parse_word(s, w, word, &error);

		if (why)
			return hms_error_set(s->hms, "select", error, "word %zu \"%.*s\": %s",
					     s->nwords, (int)length, text, why);
		text += length + 1;
		note_explicit(s, w);
		wanted |= w->meaning != CONDITION;
	}
	/* Conditions alone are about all targets. */
	if (!wanted)
		s->words[s->nwords++].meaning = ALL;
	return 0;
}

/* ---- targets ---- */

static bool compare(uint64_t a, enum comparison comparison, uint64_t b)
{
	switch (comparison) {
	case LESS:
		return a < b;
	case AT_MOST:
		return a <= b;
	case EQUAL:
		return a == b;
	case AT_LEAST:
		return a >= b;
	default:
		return a > b;
	}
}

static bool is_device(const struct hms_object *target)
{
	return target->kind == HMS_KIND_DEVICE_PRIVATE || target->kind == HMS_KIND_DEVICE_COHERENT;
}

static bool holds(const struct word *word, const struct hms_object *target)
{
	uint64_t bytes = word->subject == S_SIZE ? target->capacity : choose_free(target);

	switch (word->subject) {
	case S_UID:
		return target->uid == word->number;
	case S_NAME:
		return !strcmp(target->name, word->text);
	case S_PATTERN:
		return !fnmatch(word->text, target->name, 0);
	case S_KIND:
		return target->kind == word->number ||
		       (word->number == HMS_KIND_DEVICE && is_device(target));
	case S_PROPERTIES:
		return (target->properties & word->number) == word->number;
	case S_NODE:
		return target->nid >= 0 && (uint64_t)target->nid == word->number;
	case S_VERSION:
		return compare(target->version, word->comparison, word->number);
	default:
		return bytes != HMS_BYTES_UNKNOWN && compare(bytes, word->comparison, word->number);
	}
}

static bool meets_conditions(const struct selection *s, const struct hms_object *target)
{
	if (target->type != HMS_TARGET)
		return false;
	for (size_t i = 0; i < s->nwords; i++)
		if (s->words[i].meaning == CONDITION &&
		    holds(&s->words[i], target) == s->words[i].not)
			return false;
	return true;
}

/* What is taken only where the text asks for it. */
static bool is_explicit(const struct selection *s, const struct hms_object *target)
{
	return (target->kind != HMS_KIND_NODE && !s->devices) ||
	       (target->properties & HMS_PROP_DESCRIBED && !s->described);
}

/* Add the targets of a word that are not there yet. */
static int add_targets(struct selection *s, const struct word *word,
		       const struct hms_object **found, bool *taken)
{
	const struct hms *hms = s->hms;
	size_t n = 0;
	int ret = 0;

	for (size_t i = 0; i < hms->nobjects; i++) {
		const struct hms_object *target = hms->objects[i];

		if (meets_conditions(s, target) &&
		    (word->meaning == NAMED ? holds(word, target) : !is_explicit(s, target)))
			found[n++] = target;
	}
	if (word->meaning == SORTED || word->meaning == BEST)
		ret = choose_rank(hms, word->initiator, &word->wish, found, &n);
	if (word->meaning == BEST && n)
		n = 1;
	for (size_t i = 0; i < n && !ret; i++) {
		size_t index = hms_object_index(hms, found[i]->uid);

		if (!taken[index])
			s->targets[s->n++] = found[i];
		taken[index] = true;
	}
	return ret;
}

static int find_targets(struct selection *s)
{
	size_t n = s->hms->nobjects + 1;
	const struct hms_object **found = calloc(n, sizeof(*found));
	bool *taken = calloc(n, sizeof(*taken));
	int ret = found && taken ? 0 : -ENOMEM;

	for (size_t i = 0; i < s->nwords && !ret; i++)
		if (s->words[i].meaning != CONDITION)
			ret = add_targets(s, &s->words[i], found, taken);
	free(found);
	free(taken);
	return ret;
}

static int nothing_fits(const struct selection *s)
{
	bool passed_over = false, any = false;

	for (size_t i = 0; i < s->nwords; i++)
		any |= s->words[i].meaning != CONDITION && s->words[i].meaning != NAMED;
	for (size_t i = 0; i < s->hms->nobjects; i++)
		passed_over |= !s->devices && is_device(s->hms->objects[i]) &&
			       meets_conditions(s, s->hms->objects[i]);
	return hms_error_set(s->hms, "select", ENOENT, "no target fits%s", any && passed_over ?
			     "; memory of devices takes kind=device" : "");
}

int hms_select(struct hms *hms, const char *text, struct hms_uid_list **list)
{
	struct selection s = { .hms = hms };
	size_t words = 2;
	char *copy;
	int ret;

	*list = NULL;
	ret = hms_scan_once(hms);
	if (ret)
		return ret;
	for (const char *c = text; *c; c++)
		words += *c == ',';
	copy = strdup(text);
	s.words = calloc(words, sizeof(*s.words));
	s.targets = calloc(hms->nobjects + 1, sizeof(*s.targets));
	if (!copy || !s.words || !s.targets) {
		ret = hms_error_set(hms, "select", ENOMEM, NULL);
		goto out;
	}
	ret = parse(&s, copy, text);
	if (ret)
		goto out;
	ret = find_targets(&s);
	if (!ret && !s.n) {
		ret = nothing_fits(&s);
		goto out;
	}
	if (!ret)
		ret = choose_list(s.targets, s.n, list);
	if (ret)
		hms_error_set(hms, "select", ENOMEM, NULL);
out:
	free(copy);
	free(s.words);
	free(s.targets);
	return ret;
}
