// SPDX-License-Identifier: GPL-2.0
/* hmsctl topology: the map as a tree, as a picture, as a file. */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "draw.h"
#include "options.h"

enum format { TREE, DOT, SVG, XML, SAVE, NR_FORMATS };

static int draw_map(const struct verb *verb, struct hms *hms, FILE *to)
{
	char *text;
	int ret;

	ret = hms_save(hms, &text);
	if (ret)
		return fail_hms(verb, hms, ret);
	fputs(text, to);
	free(text);
	return EXIT_OK;
}

/* Run dot, from one file to another. */
static int run_dot(const struct verb *verb, FILE *from, FILE *to)
{
	int status;
	pid_t pid;

	rewind(from);
	fflush(to);
	pid = fork();
	if (pid < 0)
		return fail(verb->name, "%s", strerror(errno));
	if (!pid) {
		if (dup2(fileno(from), STDIN_FILENO) >= 0 && dup2(fileno(to), STDOUT_FILENO) >= 0)
			execlp("dot", "dot", "-Tsvg", (char *)NULL);
		_exit(errno == ENOENT ? 127 : 126);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail(verb->name, "%s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return fail(verb->name, "--svg takes graphviz, and its program dot is not there");
	if (status)
		return fail(verb->name, "dot failed");
	return EXIT_OK;
}

static int draw_svg(const struct verb *verb, const struct picture *picture, FILE *to)
{
	FILE *dot = tmpfile();
	int ret;

	if (!dot)
		return fail(verb->name, "temporary file: %s", strerror(errno));
	draw_dot(picture, dot);
	ret = fflush(dot) ? fail(verb->name, "temporary file: %s", strerror(errno)) :
			    run_dot(verb, dot, to);
	fclose(dot);
	return ret;
}

static int draw(const struct verb *verb, struct hms *hms, const char *title, enum format format,
		FILE *to)
{
	struct picture picture;
	int ret = EXIT_OK;

	if (format == SAVE)
		return draw_map(verb, hms, to);
	if (!picture_open(&picture, hms, title))
		return fail(verb->name, "%s", strerror(ENOMEM));
	switch (format) {
	case DOT:
		draw_dot(&picture, to);
		break;
	case SVG:
		ret = draw_svg(verb, &picture, to);
		break;
	case XML:
		draw_xml(&picture, to);
		break;
	default:
		setlocale(LC_CTYPE, "");
		draw_tree(&picture, to, !strcmp(nl_langinfo(CODESET), "UTF-8"));
	}
	picture_close(&picture);
	return ret;
}

/* Has a file that is to be written a map in it, which somebody may have meant to see? */
static bool is_map(const char *path)
{
	struct stat st;
	struct hms *hms;

	if (stat(path, &st) || !S_ISREG(st.st_mode) || hms_open_file(&hms, path, 0, NULL, 0))
		return false;
	hms_close(hms);
	return true;
}

/* To the file @path, or to standard output. */
static int draw_to(const struct verb *verb, struct hms *hms, const char *title,
		   enum format format, const char *path)
{
	FILE *to;
	int ret;

	if (path && format != SAVE && is_map(path))
		return fail(path, "it is a map, and would be overwritten; --from draws it");
	to = path ? fopen(path, "we") : stdout;
	if (!to)
		return fail(path, "%s", strerror(errno));
	ret = draw(verb, hms, title, format, to);
	if (path && (fflush(to) || ferror(to)) && !ret)
		ret = fail(path, "%s", strerror(errno));
	if (path)
		fclose(to);
	return ret;
}

/* The file without its folder. */
static const char *title_of(const char *from)
{
	const char *slash = from ? strrchr(from, '/') : NULL;

	if (!from)
		return "this machine";
	return slash && slash[1] ? slash + 1 : from;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	bool formats[NR_FORMATS] = { false };
	enum format format = TREE;
	const char *from = NULL;
	const struct opt opts[] = {
		{ 'd', "dot",  NULL,	  &formats[DOT] },
		{ 's', "svg",  NULL,	  &formats[SVG] },
		{ 'x', "xml",  NULL,	  &formats[XML] },
		{ 'S', "save", NULL,	  &formats[SAVE] },
		{ 'f', "from", take_text, &from },
		{ }
	};
	struct hms *hms;
	int ret;

	ret = parse_options(verb, argc, argv, opts, 0, 1);
	if (ret)
		return ret;
	for (enum format f = DOT; f < NR_FORMATS; f++) {
		if (!formats[f])
			continue;
		if (format != TREE)
			return fail_usage(verb, "one format at a time");
		format = f;
	}
	ret = open_map(from, &hms);
	if (ret)
		return ret;
	ret = draw_to(verb, hms, title_of(from), format, argv[optind]);
	hms_close(hms);
	return ret;
}

const struct verb verb_topology = {
	.name = "topology",
	.summary = "the map as a tree, a picture or a file",
	.usage = "[FILE] [options]\n"
		 "\n"
		 "Draws a tree of the links, with what each connects and where bridges lead from it.\n"
		 "With FILE it goes there instead of to the terminal.\n"
		 "\n"
		 "  -d, --dot        for graphviz\n"
		 "  -s, --svg        a picture, made by the program dot of graphviz\n"
		 "  -x, --xml        for hwloc: lstopo -i FILE.xml\n"
		 "  -S, --save       the map as a file that --from takes, see hms-map(5)\n"
		 "  -f, --from FILE  the map in a file, not this machine's\n",
	.run = run,
};
