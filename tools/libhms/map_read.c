// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Maps in files: objects from a text. The first pass reads the lines, each by itself; then names
 * and uids are known, and the second one connects the objects.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "map.h"
#include "units.h"

#define LINE_MAX_BYTES	(1 << 20)
#define BLANKS		" \t\r"
#define BACK		"-back"		/* behind the name of the other way of a bridge */

const char *const map_cache_indexing[] = { "direct", "indexed", "other" };
const char *const map_cache_write_policy[] = { "write-back", "write-through", "other" };

/* A line of the file, or the second way of a bridge. */
struct entry {
	struct object *object;		/* NULL when it has been handed over */
	unsigned long line;
	uint32_t given;			/* keys that it has, by index */
	bool both;
	const char *initiators;		/* what it refers to, as it is written; NULL: not there */
	const char *targets;
	const char *from;
	const char *to;
};

struct reader {
	unsigned long line;
	size_t nentries, room;
	struct entry *entries;
	size_t *by_name;		/* indexes of entries by type and name */
	char *error;
	size_t size;
};

uint32_t map_default_version(enum hms_type type, uint32_t properties)
{
	const uint32_t ordinary = HMS_PROP_CPU_ACCESSIBLE | HMS_PROP_COHERENT;

	return type == HMS_TARGET && (properties & ordinary) != ordinary ? HMS_VERSION_DEVICE :
									   HMS_VERSION_ORDINARY;
}

/* ---- what is wrong ---- */

static int bad(struct reader *r, unsigned long line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int bad(struct reader *r, unsigned long line, const char *fmt, ...)
{
	size_t n = snprintf(r->error, r->size, "line %lu: ", line);
	va_list args;

	va_start(args, fmt);
	if (n < r->size)
		vsnprintf(r->error + n, r->size - n, fmt, args);
	va_end(args);
	hms_error_tame(r->error);
	return -EINVAL;
}

/* The same, about an object: "line 7: link l3: ...". */
#define bad_entry(r, e, fmt, ...)						\
	bad(r, (e)->line, "%s %s: " fmt, hms_type_text((e)->object->public.type),	\
	    (e)->object->name, ##__VA_ARGS__)

static int no_memory(struct reader *r)
{
	snprintf(r->error, r->size, "%s", strerror(ENOMEM));
	return -ENOMEM;
}

/* ---- values of keys; each returns NULL, or why it is none ---- */

static const char out_of_memory[] = "out of memory";

typedef const char *parse_fn(struct entry *e, char *text);

static const char *parse_uid(struct entry *e, char *text)
{
	const char *why;
	uint64_t uid;

	why = hms_parse_number(text, UINT32_MAX, &uid);
	if (why)
		return why;
	e->object->public.uid = uid;
	return uid ? NULL : "zero is no uid";
}

static const char *parse_version(struct entry *e, char *text)
{
	const char *why;
	uint64_t version;

	why = hms_parse_number(text, UINT32_MAX, &version);
	if (why)
		return why;
	e->object->public.version = version;
	return version ? NULL : "zero is no version";
}

static const char *parse_kind(struct entry *e, char *text)
{
	bool target = e->object->public.type == HMS_TARGET;
	int kind = hms_kind_parse(text);

	if (kind <= HMS_KIND_NONE ||
	    (kind != HMS_KIND_OTHER && (kind <= HMS_KIND_DEVICE_COHERENT) != target))
		return target ? "not node, device-private, device-coherent or other" :
				"not cpu, device or other";
	e->object->public.kind = kind;
	return NULL;
}

static const char *parse_nid(struct entry *e, char *text)
{
	const char *why;
	uint64_t nid;

	why = hms_parse_number(text, INT32_MAX, &nid);
	if (!why)
		e->object->public.nid = (int)nid;
	return why;
}

static const char *parse_bytes(const char *text, uint64_t *bytes)
{
	return strcmp(text, "unknown") ? hms_parse_size(text, bytes) : NULL;
}

static const char *parse_capacity(struct entry *e, char *text)
{
	return parse_bytes(text, &e->object->public.capacity);
}

static const char *parse_used(struct entry *e, char *text)
{
	return parse_bytes(text, &e->object->public.used);
}

static const char *parse_properties(struct entry *e, char *text)
{
	char *word;

	if (!strcmp(text, "none"))
		return NULL;
	while ((word = strsep(&text, ","))) {
		uint32_t bit = hms_property_parse(word);

		if (!bit)
			return "not properties with commas between them, or none";
		if (e->object->public.properties & bit)
			return "a property is there twice";
		e->object->public.properties |= bit;
	}
	return NULL;
}

static bool parse_word(const char *text, const char *const *words, uint32_t *number)
{
	for (uint32_t i = 0; text && i < MAP_CACHE_WORDS; i++) {
		if (!strcmp(text, words[i])) {
			*number = i;
			return true;
		}
	}
	return false;
}

/* "level:size:line size:indexing:write policy" */
static bool parse_cache_fields(struct hms_cache *cache, char *text)
{
	uint64_t level, line_size, size;
	char *field[5];

	for (size_t i = 0; i < COUNT(field); i++) {
		field[i] = strsep(&text, ":");
		if (!field[i])
			return false;
	}
	if (hms_parse_number(field[0], UINT32_MAX, &level) || !level ||
	    hms_parse_size(field[1], &size) || hms_parse_number(field[2], UINT32_MAX, &line_size))
		return false;
	cache->level = level;
	cache->size = size;
	cache->line_size = line_size;
	return parse_word(field[3], map_cache_indexing, &cache->indexing) &&
	       parse_word(field[4], map_cache_write_policy, &cache->write_policy) && !text;
}

static const char *parse_cache(struct entry *e, char *text)
{
	struct object *object = e->object;
	size_t n = object->public.ncaches;
	struct hms_cache cache, *caches;

	if (!parse_cache_fields(&cache, text))
		return "not made as 1:16G:64:direct:write-back is";
	caches = reallocarray(object->caches, n + 1, sizeof(*caches));
	if (!caches)
		return out_of_memory;
	object->caches = caches;
	object->public.caches = caches;
	/* By level, as they are handed out. */
	for (; n && caches[n - 1].level >= cache.level; n--) {
		if (caches[n - 1].level == cache.level)
			return "there is one of this level already";
		caches[n] = caches[n - 1];
	}
	caches[n] = cache;
	object->public.ncaches++;
	return NULL;
}

static const char *parse_both(struct entry *e, char *text)
{
	e->both = !strcmp(text, "yes");
	return e->both || !strcmp(text, "no") ? NULL : "not yes or no";
}

#define ON(type)	(1U << (type))
#define ON_MEMORY	(ON(HMS_TARGET) | ON(HMS_INITIATOR))
#define ON_WAYS		(ON(HMS_LINK) | ON(HMS_BRIDGE))

enum key_index {
	KEY_UID, KEY_VERSION, KEY_KIND, KEY_NID, KEY_SIZE, KEY_USED, KEY_PROPERTIES, KEY_CACHE,
	KEY_INITIATORS, KEY_TARGETS, KEY_FROM, KEY_TO, KEY_BOTH,
	KEY_BANDWIDTH, KEY_READ_BANDWIDTH, KEY_WRITE_BANDWIDTH,
	KEY_LATENCY, KEY_READ_LATENCY, KEY_WRITE_LATENCY, NR_KEYS,
};

/*
 * @on: types of object that have it; @needed_on: that can't do without; @not_with: other keys. Of
 * the rest one is set. @keep_at: where in the entry the text is kept: what it refers to may stand
 * further down.
 */
struct key {
	const char *name;
	unsigned int on;
	unsigned int needed_on;
	uint32_t not_with;
	parse_fn *parse;
	unsigned int attributes;
	size_t keep_at;
};

#define BANDWIDTH	(1U << HMS_READ_BANDWIDTH | 1U << HMS_WRITE_BANDWIDTH)
#define LATENCY		(1U << HMS_READ_LATENCY | 1U << HMS_WRITE_LATENCY)

#define PLAIN(text, function, on, needed_on, not_with)				\
	{ text, on, needed_on, not_with, .parse = function }
#define REFERENCE(field, on, needed_on)						\
	{ #field, on, needed_on, 0, .keep_at = offsetof(struct entry, field) }
#define VALUES(text, which, not_with)						\
	{ text, ON_WAYS, 0, not_with, .attributes = which }

static const struct key keys[NR_KEYS] = {
	[KEY_UID]	 = PLAIN("uid", parse_uid, ON_MEMORY | ON_WAYS, 0, 1U << KEY_BOTH),
	[KEY_VERSION]	 = PLAIN("version", parse_version, ON_MEMORY | ON_WAYS, 0, 0),
	[KEY_KIND]	 = PLAIN("kind", parse_kind, ON_MEMORY, ON_MEMORY, 0),
	[KEY_NID]	 = PLAIN("nid", parse_nid, ON_MEMORY, 0, 0),
	[KEY_SIZE]	 = PLAIN("size", parse_capacity, ON(HMS_TARGET), ON(HMS_TARGET), 0),
	[KEY_USED]	 = PLAIN("used", parse_used, ON(HMS_TARGET), 0, 0),
	[KEY_PROPERTIES] = PLAIN("properties", parse_properties, ON(HMS_TARGET), 0, 0),
	[KEY_CACHE]	 = PLAIN("cache", parse_cache, ON(HMS_TARGET), 0, 0),
	[KEY_BOTH]	 = PLAIN("both", parse_both, ON(HMS_BRIDGE), 0, 1U << KEY_UID),
	[KEY_INITIATORS] = REFERENCE(initiators, ON_WAYS, 0),
	[KEY_TARGETS]	 = REFERENCE(targets, ON(HMS_LINK), 0),
	[KEY_FROM]	 = REFERENCE(from, ON(HMS_BRIDGE), ON(HMS_BRIDGE)),
	[KEY_TO]	 = REFERENCE(to, ON(HMS_BRIDGE), ON(HMS_BRIDGE)),
	[KEY_BANDWIDTH]	 = VALUES("bandwidth", BANDWIDTH,
				  1U << KEY_READ_BANDWIDTH | 1U << KEY_WRITE_BANDWIDTH),
	[KEY_READ_BANDWIDTH]  = VALUES("read_bandwidth", 1U << HMS_READ_BANDWIDTH,
				       1U << KEY_BANDWIDTH),
	[KEY_WRITE_BANDWIDTH] = VALUES("write_bandwidth", 1U << HMS_WRITE_BANDWIDTH,
				       1U << KEY_BANDWIDTH),
	[KEY_LATENCY]	 = VALUES("latency", LATENCY,
				  1U << KEY_READ_LATENCY | 1U << KEY_WRITE_LATENCY),
	[KEY_READ_LATENCY]    = VALUES("read_latency", 1U << HMS_READ_LATENCY, 1U << KEY_LATENCY),
	[KEY_WRITE_LATENCY]   = VALUES("write_latency", 1U << HMS_WRITE_LATENCY, 1U << KEY_LATENCY),
};

/* "90GB/s:measured" */
static const char *parse_values(struct entry *e, unsigned int attributes, char *text)
{
	struct hms_value value = { .source = HMS_SOURCE_DRIVER };
	char *number = strsep(&text, ":");
	const char *why;
	int source;

	if (text) {
		source = hms_source_parse(text);
		if (source <= HMS_SOURCE_UNKNOWN)
			return "source not firmware, estimated, measured, user or driver";
		value.source = source;
	}
	if (!strcmp(number, "unknown"))
		return text ? "what is not known has no source" : NULL;
	why = attributes & LATENCY ? hms_parse_latency(number, &value.value) :
				     hms_parse_bandwidth(number, &value.value);
	for (int a = 0; a < HMS_ATTRIBUTES && !why; a++)
		if (attributes & 1U << a)
			e->object->public.values[a] = value;
	return why;
}

static const char *parse_key_value(struct entry *e, const struct key *key, char *text)
{
	if (key->parse)
		return key->parse(e, text);
	if (key->attributes)
		return parse_values(e, key->attributes, text);
	*(const char **)((char *)e + key->keep_at) = text;
	return NULL;
}

/* ---- the first pass: lines ---- */

static struct entry *new_entry(struct reader *r, unsigned long line)
{
	struct entry *e;

	if (r->nentries == r->room) {
		size_t room = r->room ? 2 * r->room : 64;

		e = reallocarray(r->entries, room, sizeof(*e));
		if (!e)
			return NULL;
		r->entries = e;
		r->room = room;
	}
	e = &r->entries[r->nentries];
	*e = (struct entry){ .line = line };
	e->object = calloc(1, sizeof(*e->object));
	if (!e->object)
		return NULL;
	e->object->public.name = e->object->name;
	e->object->public.nid = -1;
	e->object->public.capacity = HMS_BYTES_UNKNOWN;
	e->object->public.used = HMS_BYTES_UNKNOWN;
	r->nentries++;
	return e;
}

static int parse_type(struct reader *r, struct entry *e, const char *word)
{
	int type = hms_type_parse(word);

	if (type < 0)
		return bad(r, e->line, "\"%s\" is not target, initiator, link or bridge", word);
	e->object->public.type = type;
	return 0;
}

static int parse_name(struct reader *r, struct entry *e, const char *name)
{
	const char *type = hms_type_text(e->object->public.type);

	if (!name)
		return bad(r, e->line, "a %s without a name", type);
	if (strlen(name) > HMS_NAME_MAX)
		return bad(r, e->line, "%s: a name has at most %d characters", type, HMS_NAME_MAX);
	if (name[strspn(name, MAP_NAME_CHARACTERS)])
		return bad(r, e->line, "%s: \"%s\": names have letters, digits and -_.:/+", type,
			   name);
	if (!name[strspn(name, "0123456789")])
		return bad(r, e->line, "%s: \"%s\": as a name it would be taken for a uid", type,
			   name);
	snprintf(e->object->name, sizeof(e->object->name), "%s", name);
	return 0;
}

static int parse_key(struct reader *r, struct entry *e, char *word)
{
	enum hms_type type = e->object->public.type;
	char *value = strchr(word, '=');
	const char *why;
	uint32_t clash;
	size_t i = 0;

	if (!value)
		return bad_entry(r, e, "\"%s\" is not KEY=VALUE", word);
	*value++ = 0;
	while (i < NR_KEYS && strcmp(word, keys[i].name))
		i++;
	if (i == NR_KEYS)
		return bad_entry(r, e, "unknown key \"%s\"", word);
	if (!(keys[i].on & ON(type)))
		return bad_entry(r, e, "a %s has no %s", hms_type_text(type), word);
	if (e->given & 1U << i && i != KEY_CACHE)
		return bad_entry(r, e, "%s is there twice", word);
	clash = e->given & keys[i].not_with;
	if (clash)
		return bad_entry(r, e, "%s does not go with %s", word,
				 keys[__builtin_ctz(clash)].name);
	e->given |= 1U << i;
	if (!*value)
		return bad_entry(r, e, "%s has no value", word);
	why = parse_key_value(e, &keys[i], value);
	if (why == out_of_memory)
		return no_memory(r);
	if (why)
		return bad_entry(r, e, "%s: %s", word, why);
	return 0;
}

/* What a program may expect of memory, as the module has it; NULL, or what is not so. */
static const char *contradiction(const struct hms_object *target)
{
	if (target->properties & HMS_PROP_DEVICE_PRIVATE &&
	    target->properties & HMS_PROP_CPU_ACCESSIBLE)
		return "device-private memory is not cpu-accessible";
	if (target->version < map_default_version(HMS_TARGET, target->properties))
		return "version 1 is for memory that is cpu-accessible and coherent";
	return NULL;
}

static uint32_t default_properties(enum hms_kind kind)
{
	if (kind == HMS_KIND_DEVICE_PRIVATE)
		return HMS_PROP_DEVICE_PRIVATE;
	return kind == HMS_KIND_OTHER ? 0 : HMS_PROP_CPU_ACCESSIBLE | HMS_PROP_COHERENT;
}

/* All keys of the line have been read: what is missing, and what follows from the others. */
static int finish_entry(struct reader *r, struct entry *e)
{
	struct hms_object *object = &e->object->public;
	const char *why = NULL;

	for (size_t i = 0; i < NR_KEYS; i++)
		if (keys[i].needed_on & ON(object->type) && !(e->given & 1U << i))
			return bad_entry(r, e, "%s is missing", keys[i].name);
	if (object->nid >= 0 && object->kind != HMS_KIND_NODE && object->kind != HMS_KIND_CPU)
		return bad_entry(r, e, "nid is for kind node or cpu");
	if (object->type == HMS_TARGET && !(e->given & 1U << KEY_PROPERTIES))
		object->properties = default_properties(object->kind);
	if (!(e->given & 1U << KEY_VERSION))
		object->version = map_default_version(object->type, object->properties);
	if (object->type == HMS_TARGET)
		why = contradiction(object);
	return why ? bad_entry(r, e, "%s", why) : 0;
}

/* The other way of the bridge that was read last: the same but for name and direction. */
static int add_way_back(struct reader *r)
{
	size_t there = r->nentries - 1;
	struct entry *back = new_entry(r, r->line);
	const struct entry *e = &r->entries[there];

	if (!back)
		return no_memory(r);
	if (strlen(e->object->name) + strlen(BACK) > HMS_NAME_MAX)
		return bad_entry(r, e, "its name is too long to add \"" BACK "\"");
	back->object->public.type = HMS_BRIDGE;
	back->object->public.version = e->object->public.version;
	memcpy(back->object->public.values, e->object->public.values,
	       sizeof(back->object->public.values));
	stpcpy(stpcpy(back->object->name, e->object->name), BACK);
	back->initiators = e->initiators;
	back->from = e->to;
	back->to = e->from;
	return 0;
}

static int parse_line(struct reader *r, char *text)
{
	char *rest, *word = strtok_r(text, BLANKS, &rest);
	struct entry *e;
	int ret;

	e = new_entry(r, r->line);
	if (!e)
		return no_memory(r);
	ret = parse_type(r, e, word);
	if (!ret)
		ret = parse_name(r, e, strtok_r(NULL, BLANKS, &rest));
	while (!ret && (word = strtok_r(NULL, BLANKS, &rest)))
		ret = parse_key(r, e, word);
	if (!ret)
		ret = finish_entry(r, e);
	if (!ret && e->both)
		ret = add_way_back(r);
	return ret;
}

static int parse_heading(struct reader *r, char *text)
{
	char *rest, *word = strtok_r(text, BLANKS, &rest);

	if (strcmp(word, MAP_WORD))
		return bad(r, r->line, "not a map: it does not begin with \"" MAP_WORD " "
			   MAP_FORMAT "\"");
	word = strtok_r(NULL, BLANKS, &rest);
	if (!word || strcmp(word, MAP_FORMAT))
		return bad(r, r->line, "format \"%s\" of maps is not known, only " MAP_FORMAT,
			   word ? word : "");
	word = strtok_r(NULL, BLANKS, &rest);
	if (word)
		return bad(r, r->line, "unexpected \"%s\"", word);
	return 0;
}

/* A # at the start of a word begins a comment. */
static void cut_comment(char *line)
{
	for (char *c = line; (c = strchr(c, '#')); c++) {
		if (c == line || strchr(BLANKS, c[-1])) {
			*c = 0;
			return;
		}
	}
}

static int parse_lines(struct reader *r, char *text, size_t length)
{
	char *end = text + length, *next;
	bool heading = false;
	int ret = 0;

	for (r->line = 1; !ret && text < end; text = next, r->line++) {
		char *newline = memchr(text, '\n', end - text);
		size_t bytes = (newline ? newline : end) - text;

		next = text + bytes + 1;
		if (memchr(text, 0, bytes))
			return bad(r, r->line, "not a text: it has a NUL byte");
		if (bytes > LINE_MAX_BYTES)
			return bad(r, r->line, "longer than %d bytes", LINE_MAX_BYTES);
		text[bytes] = 0;
		cut_comment(text);
		if (!text[strspn(text, BLANKS)])
			continue;
		ret = heading ? parse_line(r, text) : parse_heading(r, text);
		heading = true;
	}
	if (!ret && !heading)
		return bad(r, r->line, "not a map: there is nothing in it");
	return ret;
}

/* ---- the second pass: names, uids, connections ---- */

static int compare_name(const struct object *a, enum hms_type type, const char *name)
{
	int by_type = (a->public.type > type) - (a->public.type < type);

	return by_type ? by_type : strcmp(a->name, name);
}

/* Among equal names the one further up comes first. */
static int compare_entries(const void *a, const void *b, void *data)
{
	const struct reader *r = data;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	const struct object *object = r->entries[y].object;
	int ret = compare_name(r->entries[x].object, object->public.type, object->name);

	return ret ? ret : (x > y) - (x < y);
}

static int index_names(struct reader *r)
{
	size_t clash = SIZE_MAX, with = 0;

	r->by_name = calloc(r->nentries + 1, sizeof(*r->by_name));
	if (!r->by_name)
		return no_memory(r);
	for (size_t i = 0; i < r->nentries; i++)
		r->by_name[i] = i;
	qsort_r(r->by_name, r->nentries, sizeof(*r->by_name), compare_entries, r);
	/* Of several, say the one that stands first in the file. */
	for (size_t i = 1; i < r->nentries; i++) {
		const struct object *object = r->entries[r->by_name[i]].object;

		if (r->by_name[i] < clash &&
		    !compare_name(r->entries[r->by_name[i - 1]].object, object->public.type,
				  object->name)) {
			clash = r->by_name[i];
			with = r->by_name[i - 1];
		}
	}
	if (clash != SIZE_MAX)
		return bad_entry(r, &r->entries[clash], "the one in line %lu has the same name",
				 r->entries[with].line);
	return 0;
}

static struct entry *find_name(struct reader *r, enum hms_type type, const char *name)
{
	size_t low = 0, high = r->nentries;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct entry *e = &r->entries[r->by_name[middle]];
		int order = compare_name(e->object, type, name);

		if (!order)
			return e;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

struct taken {
	uint32_t uid;
	size_t entry;
};

static int compare_taken(const void *a, const void *b)
{
	const struct taken *x = a, *y = b;
	int ret = hms_compare_uid(&x->uid, &y->uid);

	return ret ? ret : (x->entry > y->entry) - (x->entry < y->entry);
}

/* Objects without a uid get the least ones that no line names, in the order of the lines. */
static int assign_uids(struct reader *r)
{
	struct taken *taken;
	size_t n = 0, t = 0;
	uint32_t uid = 1;
	int ret = 0;

	taken = calloc(r->nentries + 1, sizeof(*taken));
	if (!taken)
		return no_memory(r);
	for (size_t i = 0; i < r->nentries; i++)
		if (r->entries[i].object->public.uid)
			taken[n++] = (struct taken){ r->entries[i].object->public.uid, i };
	qsort(taken, n, sizeof(*taken), compare_taken);
	for (size_t i = 1; i < n && !ret; i++)
		if (taken[i].uid == taken[i - 1].uid)
			ret = bad_entry(r, &r->entries[taken[i].entry],
					"the object in line %lu has the same uid",
					r->entries[taken[i - 1].entry].line);
	for (size_t i = 0; i < r->nentries && !ret; i++) {
		if (r->entries[i].object->public.uid)
			continue;
		for (; t < n && taken[t].uid <= uid; t++)
			uid += taken[t].uid == uid;
		r->entries[i].object->public.uid = uid++;
	}
	free(taken);
	return ret;
}

/* The entry that @name, @length long, names; NULL with the reason said. */
static struct entry *resolve(struct reader *r, const struct entry *e, enum hms_type type,
			     const char *name, size_t length)
{
	char copy[HMS_NAME_MAX + 1] = "";
	struct entry *other = NULL;

	if (length <= HMS_NAME_MAX) {
		memcpy(copy, name, length);
		other = find_name(r, type, copy);
	}
	if (!other)
		bad_entry(r, e, "no %s named %.*s", hms_type_text(type), (int)length, name);
	return other;
}

/* Add the uids of the objects that @names lists, with commas between them, to @uids, ascending. */
static int resolve_list(struct reader *r, const struct entry *e, enum hms_type type,
			const char *names, uint32_t **uids, size_t *nuids)
{
	size_t first = *nuids, n = first, length;
	const struct entry *other;
	uint32_t *grown;

	grown = reallocarray(*uids, first + strlen(names) / 2 + 1, sizeof(*grown));
	if (!grown)
		return no_memory(r);
	*uids = grown;
	for (const char *name = names; name; name = name[length] ? name + length + 1 : NULL) {
		length = strcspn(name, ",");
		if (!length)
			return bad_entry(r, e, "an empty name among its %ss", hms_type_text(type));
		other = resolve(r, e, type, name, length);
		if (!other)
			return -EINVAL;
		grown[n++] = other->object->public.uid;
	}
	qsort(&grown[first], n - first, sizeof(*grown), hms_compare_uid);
	for (size_t i = first + 1; i < n; i++)
		if (grown[i] == grown[i - 1])
			return bad_entry(r, e, "one of its %ss is there twice",
					 hms_type_text(type));
	*nuids = n;
	return 0;
}

/* What a link connects. */
static int resolve_link(struct reader *r, struct entry *e)
{
	struct object *link = e->object;
	size_t n = 0;
	int ret = 0;

	if (e->initiators)
		ret = resolve_list(r, e, HMS_INITIATOR, e->initiators, &link->links, &n);
	if (!ret && e->targets)
		ret = resolve_list(r, e, HMS_TARGET, e->targets, &link->links, &n);
	if (ret)
		return ret;
	if (n)
		qsort(link->links, n, sizeof(*link->links), hms_compare_uid);
	link->public.links = link->links;
	link->public.nlinks = n;
	return 0;
}

/* Where a bridge leads, and for whom. */
static int resolve_bridge(struct reader *r, struct entry *e)
{
	struct object *bridge = e->object;
	const struct entry *from, *to;
	size_t n = 0;
	int ret = 0;

	from = resolve(r, e, HMS_LINK, e->from, strlen(e->from));
	to = from ? resolve(r, e, HMS_LINK, e->to, strlen(e->to)) : NULL;
	if (!to)
		return -EINVAL;
	if (from == to)
		return bad_entry(r, e, "it leads from a link to itself");
	bridge->public.from = from->object->public.uid;
	bridge->public.to = to->object->public.uid;
	if (e->initiators)
		ret = resolve_list(r, e, HMS_INITIATOR, e->initiators, &bridge->initiators, &n);
	bridge->public.initiators = bridge->initiators;
	bridge->public.ninitiators = n;
	return ret;
}

static int resolve_all(struct reader *r)
{
	int ret = index_names(r);

	if (!ret)
		ret = assign_uids(r);
	for (size_t i = 0; i < r->nentries && !ret; i++) {
		struct entry *e = &r->entries[i];

		if (e->object->public.type == HMS_LINK)
			ret = resolve_link(r, e);
		else if (e->object->public.type == HMS_BRIDGE)
			ret = resolve_bridge(r, e);
	}
	return ret;
}

/* ---- the objects, as a handle has them ---- */

static int hand_over(struct reader *r, struct hms *hms)
{
	hms->objects = calloc(r->nentries + 1, sizeof(*hms->objects));
	if (!hms->objects)
		return no_memory(r);
	for (size_t i = 0; i < r->nentries; i++) {
		hms->objects[i] = &r->entries[i].object->public;
		r->entries[i].object = NULL;
	}
	hms->nobjects = r->nentries;
	qsort(hms->objects, hms->nobjects, sizeof(*hms->objects), hms_compare_object);
	return 0;
}

/* How many that were. */
static size_t drop_above(struct hms *hms, uint32_t max_version)
{
	size_t had = hms->nobjects, kept = 0;

	for (size_t i = 0; i < had; i++) {
		if (hms->objects[i]->version <= max_version)
			hms->objects[kept++] = hms->objects[i];
		else
			hms_object_free(hms->objects[i]);
	}
	hms->nobjects = kept;
	return had - kept;
}

/* Those of @uids that are there, in their order. */
static size_t keep_known(const struct hms *hms, uint32_t *uids, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (hms_object_known(hms, uids[i]))
			uids[kept++] = uids[i];
	return kept;
}

/* As if objects above @max_version did not exist. */
static void leave_out(struct hms *hms, uint32_t max_version)
{
	if (!drop_above(hms, max_version))
		return;
	for (size_t i = 0; i < hms->nobjects; i++) {
		struct object *object = (struct object *)hms->objects[i];
		struct hms_object *public = &object->public;
		size_t had = public->ninitiators;

		public->nlinks = keep_known(hms, object->links, public->nlinks);
		public->ninitiators = keep_known(hms, object->initiators, had);
		/*
		 * A bridge goes with either of its links, and with the last of those who may
		 * cross it: without them it would be one for all.
		 */
		if (public->type == HMS_BRIDGE &&
		    (!hms_object_known(hms, public->from) || !hms_object_known(hms, public->to) ||
		     (had && !public->ninitiators)))
			public->version = UINT32_MAX;
	}
	drop_above(hms, max_version);
}

/* Room for the links of all but links, which alone know them so far. */
static int make_room(struct reader *r, struct hms *hms)
{
	for (size_t i = 0; i < hms->nobjects; i++) {
		const struct hms_object *link = hms->objects[i];

		for (size_t j = 0; link->type == HMS_LINK && j < link->nlinks; j++)
			((struct object *)hms_object_known(hms, link->links[j]))->public.nlinks++;
	}
	for (size_t i = 0; i < hms->nobjects; i++) {
		struct object *object = (struct object *)hms->objects[i];

		if (object->public.type == HMS_LINK)
			continue;
		if (object->public.type == HMS_BRIDGE)
			object->public.nlinks = 2 + object->public.ninitiators;
		object->links = calloc(object->public.nlinks + 1, sizeof(*object->links));
		if (!object->links)
			return no_memory(r);
		object->public.links = object->links;
		object->public.nlinks = 0;
	}
	return 0;
}

static void connect_bridge(struct object *bridge)
{
	const struct hms_object *public = &bridge->public;

	bridge->links[0] = public->from;
	bridge->links[1] = public->to;
	for (size_t i = 0; i < public->ninitiators; i++)
		bridge->links[2 + i] = public->initiators[i];
	bridge->public.nlinks = 2 + public->ninitiators;
	qsort(bridge->links, public->nlinks, sizeof(*bridge->links), hms_compare_uid);
}

static int connect_all(struct reader *r, struct hms *hms)
{
	int ret = make_room(r, hms);

	/* By ascending uid of the links, as the lists are to be. */
	for (size_t i = 0; i < hms->nobjects && !ret; i++) {
		const struct hms_object *object = hms->objects[i];

		if (object->type == HMS_BRIDGE)
			connect_bridge((struct object *)object);
		for (size_t j = 0; object->type == HMS_LINK && j < object->nlinks; j++) {
			struct object *end =
				(struct object *)hms_object_known(hms, object->links[j]);

			end->links[end->public.nlinks++] = object->uid;
		}
	}
	return ret;
}

static void reader_free(struct reader *r)
{
	for (size_t i = 0; i < r->nentries; i++)
		if (r->entries[i].object)
			hms_object_free(&r->entries[i].object->public);
	free(r->entries);
	free(r->by_name);
}

int map_read(struct hms *hms, char *text, size_t length, uint32_t max_version, char *error,
	     size_t size)
{
	struct reader r = { .error = error, .size = size };
	int ret;

	ret = parse_lines(&r, text, length);
	if (!ret)
		ret = resolve_all(&r);
	if (!ret)
		ret = hand_over(&r, hms);
	if (!ret) {
		leave_out(hms, max_version);
		ret = connect_all(&r, hms);
	}
	reader_free(&r);
	if (ret)
		hms_objects_free(hms);
	else
		hms->scanned = true;
	return ret;
}
