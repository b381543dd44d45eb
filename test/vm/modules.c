// SPDX-License-Identifier: GPL-2.0
/*
 * Loading modules, and proof that what runs is the file that was to be tested: nothing of that name
 * was loaded before, the build id (or srcversion) in sysfs is the file's, and our own modules are
 * tainted as out of tree.
 */
#include <elf.h>
#include <errno.h>
#include <libkmod.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "init.h"

#define BUILD_ID ".note.gnu.build-id"
#define UNPACKED_MAX (64u << 20)

static struct kmod_ctx *context(void)
{
	static const char *const no_config[] = { NULL };
	static struct kmod_ctx *ctx;

	if (!ctx)
		ctx = kmod_new(NULL, no_config);
	return ctx;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && !strcmp(text + len - end_len, end);
}

/* libkmod unpacks for itself, but gives no way to read a section. */
static char *read_module(const char *path, size_t *len)
{
	uint64_t memlimit = UINT64_MAX;
	size_t packed_len, in = 0, out = 0;
	char *packed, *text;
	lzma_ret ret;

	packed = file_read(path, &packed_len);
	if (!packed || !ends_with(path, ".xz")) {
		*len = packed_len;
		return packed;
	}
	text = malloc(UNPACKED_MAX);
	ret = lzma_stream_buffer_decode(&memlimit, 0, NULL, (uint8_t *)packed, &in, packed_len,
					(uint8_t *)text, &out, UNPACKED_MAX);
	free(packed);
	if (ret != LZMA_OK) {
		free(text);
		return NULL;
	}
	*len = out;
	return text;
}

/* The note with the build id, pointing into @file; NULL if there is none or the file is no ELF. */
static const char *find_build_id(const char *file, size_t len, size_t *note_len)
{
	const Elf64_Ehdr *head = (const void *)file;
	const Elf64_Shdr *sections, *names;
	unsigned int i;

	if (len < sizeof(*head) || memcmp(head->e_ident, ELFMAG, SELFMAG) ||
	    head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_shoff > len ||
	    head->e_shnum > (len - head->e_shoff) / sizeof(*sections) ||
	    head->e_shstrndx >= head->e_shnum)
		return NULL;
	sections = (const void *)(file + head->e_shoff);
	names = &sections[head->e_shstrndx];
	if (names->sh_offset > len || names->sh_size > len - names->sh_offset ||
	    !names->sh_size || file[names->sh_offset + names->sh_size - 1])
		return NULL;
	for (i = 0; i < head->e_shnum; i++) {
		const Elf64_Shdr *s = &sections[i];

		if (s->sh_name < names->sh_size &&
		    !strcmp(file + names->sh_offset + s->sh_name, BUILD_ID) &&
		    s->sh_offset <= len && s->sh_size <= len - s->sh_offset) {
			*note_len = s->sh_size;
			return file + s->sh_offset;
		}
	}
	return NULL;
}

static char *module_file(const char *name, const char *file, size_t *len)
{
	char path[256];

	snprintf(path, sizeof(path), "/sys/module/%s/%s", name, file);
	return file_read(path, len);
}

/* NULL if the loaded module is the one in @path, else what is not as it should be. */
static const char *differs_by_build_id(const char *name, const char *path, bool *known)
{
	size_t file_len, file_note_len, note_len;
	const char *file_note, *trouble = NULL;
	char *file, *note;

	file = read_module(path, &file_len);
	if (!file)
		return "the file cannot be read";
	note = module_file(name, "notes/" BUILD_ID, &note_len);
	file_note = find_build_id(file, file_len, &file_note_len);
	*known = file_note && note;
	if (*known && (note_len != file_note_len || memcmp(note, file_note, note_len)))
		trouble = "another build is loaded: the build ids differ";
	free(note);
	free(file);
	return trouble;
}

static const char *differs_by_srcversion(struct kmod_module *mod, bool *known)
{
	const char *trouble = NULL, *in_file = NULL;
	struct kmod_list *info = NULL, *entry;
	char *loaded;

	*known = false;
	loaded = module_file(kmod_module_get_name(mod), "srcversion", NULL);
	kmod_module_get_info(mod, &info);
	kmod_list_foreach(entry, info)
		if (!strcmp(kmod_module_info_get_key(entry), "srcversion"))
			in_file = kmod_module_info_get_value(entry);
	if (loaded && in_file) {
		*known = true;
		loaded[strcspn(loaded, "\n")] = '\0';
		if (strcmp(loaded, in_file))
			trouble = "another source is loaded: the srcversions differ";
	} else if (loaded || in_file) {
		trouble = "another source is loaded: only one has a srcversion";
	}
	kmod_module_info_free_list(info);
	free(loaded);
	return trouble;
}

static const char *check_taint(const char *name, bool ours)
{
	const char *trouble = NULL;
	char *taint;

	taint = module_file(name, "taint", NULL);
	if (!taint)
		return "it has no taint file";
	taint[strcspn(taint, "\n")] = '\0';
	if (ours && (!strchr(taint, 'O') || !strchr(taint, 'C')))
		trouble = "not tainted as staging and out of tree, so this is not our module";
	/* E where signatures are checked: nobody's key has signed it. */
	else if (taint[strspn(taint, "OEC")])
		trouble = "tainted by more than out-of-tree, unsigned or staging";
	free(taint);
	return trouble;
}

static bool check(struct kmod_module *mod)
{
	const char *name = kmod_module_get_name(mod), *path = kmod_module_get_path(mod);
	bool by_build_id = false, by_srcversion = false;
	const char *trouble;
	char step[160], *text;

	snprintf(step, sizeof(step), "module %s", name);
	if (kmod_module_get_initstate(mod) != KMOD_MODULE_LIVE)
		trouble = "not loaded";
	else
		trouble = differs_by_build_id(name, path, &by_build_id);
	if (!trouble)
		trouble = differs_by_srcversion(mod, &by_srcversion);
	if (!trouble && !by_build_id && !by_srcversion)
		trouble = "neither a build id nor a srcversion proves that this file is loaded";
	if (!trouble)
		trouble = check_taint(name, !strncmp(name, "hms", 3));
	if (trouble) {
		report_fail(step, "%s: %s", path, trouble);
		return false;
	}
	/* After unloading, kmemleak has bare addresses: with this they can be looked up. */
	text = module_file(name, "sections/.text", NULL);
	report_comment("%s is %s, by %s%s%s; text at %s", step, path, by_build_id ? "build id" : "",
		       by_build_id && by_srcversion ? " and " : "",
		       by_srcversion ? "srcversion" : "", text ? strtok(text, "\n") : "?");
	free(text);
	return true;
}

static struct kmod_module *module_of(const char *path)
{
	struct kmod_module *mod = NULL;
	int err;

	err = kmod_module_new_from_path(context(), path, &mod);
	if (err < 0)
		report_fail("module", "%s: %s", path, strerror(-err));
	return mod;
}

static const char *joined(char **params)
{
	static char options[1024];
	size_t len = 0;

	*options = 0;
	for (; *params && len < sizeof(options); params++)
		len += snprintf(options + len, sizeof(options) - len, "%s%s", len ? " " : "",
				*params);
	return options;
}

bool module_load(const char *path, char **params)
{
	struct kmod_module *mod = module_of(path);
	bool good = false;
	char step[160];
	int err;

	if (!mod)
		return false;
	snprintf(step, sizeof(step), "module %s", kmod_module_get_name(mod));
	if (kmod_module_get_initstate(mod) >= 0) {
		report_fail(step, "%s: a module of this name is there already", path);
	} else {
		err = kmod_module_insert_module(mod, 0, joined(params));
		if (err < 0)
			report_fail(step, "%s: %s", path, strerror(-err));
		else
			good = check(mod);
	}
	kmod_module_unref(mod);
	return good;
}

/* Loading it must fail with an errno, by its name. */
bool module_refused(const char *path, const char *error)
{
	struct kmod_module *mod = module_of(path);
	char step[160];
	int err;

	if (!mod)
		return false;
	snprintf(step, sizeof(step), "module %s is refused", kmod_module_get_name(mod));
	err = kmod_module_insert_module(mod, 0, "");
	if (err >= 0)
		report_fail(step, "%s: it was loaded", path);
	else if (strcmp(strerrorname_np(-err), error))
		report_fail(step, "%s: %s, not %s", path, strerrorname_np(-err), error);
	else
		report_pass(step);
	kmod_module_unref(mod);
	return err < 0;
}

/* By name, from where modprobe's tables have it, with what it needs. */
bool module_probe(const char *name, char **params)
{
	struct kmod_list *list = NULL, *deps, *entry;
	struct kmod_module *mod, *dep;
	char step[160];
	bool good;
	int err;

	snprintf(step, sizeof(step), "modprobe %s", name);
	err = kmod_module_new_from_lookup(context(), name, &list);
	if (!err && !list)
		err = -ENOENT;
	if (err < 0) {
		report_fail(step, "%s", strerror(-err));
		return false;
	}
	mod = kmod_module_get_module(list);
	err = kmod_module_probe_insert_module(mod, 0, joined(params), NULL, NULL, NULL);
	if (err < 0)
		report_fail(step, "%s: %s", kmod_module_get_path(mod), strerror(-err));
	good = err >= 0 && check(mod);
	deps = kmod_module_get_dependencies(mod);
	kmod_list_foreach(entry, deps) {
		dep = kmod_module_get_module(entry);
		good = good && check(dep);
		kmod_module_unref(dep);
	}
	if (good)
		report_pass(step);
	kmod_module_unref_list(deps);
	kmod_module_unref(mod);
	kmod_module_unref_list(list);
	return good;
}

bool module_verify(const char *path)
{
	struct kmod_module *mod = module_of(path);
	bool good = mod && check(mod);

	kmod_module_unref(mod);
	return good;
}

bool module_unload(const char *name)
{
	struct kmod_module *mod = NULL;
	char step[160];
	int err;

	err = kmod_module_new_from_name(context(), name, &mod);
	if (!err)
		err = kmod_module_remove_module(mod, 0);
	kmod_module_unref(mod);
	snprintf(step, sizeof(step), "unload %s", name);
	if (err < 0)
		report_fail(step, "%s", strerror(-err));
	return err >= 0;
}
