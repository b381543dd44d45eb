// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "table.h"

size_t parse_headings(char *text, const struct heading *headings, size_t n, unsigned int *chosen)
{
	size_t nchosen = 0;
	char *word, *rest;

	for (word = strtok_r(text, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		unsigned int i = 0;

		while (i < n && strcasecmp(word, headings[i].name))
			i++;
		if (i == n || nchosen == n)
			return 0;
		chosen[nchosen++] = i;
	}
	return nchosen;
}

FILE *cell_begin(struct cell *cell)
{
	cell->f = open_memstream(&cell->text, &cell->size);
	if (!cell->f)
		abort();
	return cell->f;
}

char *cell_end(struct cell *cell)
{
	fclose(cell->f);
	return cell->text;
}

static void print_cell(const struct heading *heading, const char *cell, size_t width, bool last)
{
	int padded = heading->right ? (int)width : last ? 0 : -(int)width;

	printf("%*s%s", padded, cell, last ? "\n" : "  ");
}

void print_table(const struct heading *headings, const unsigned int *chosen, size_t ncolumns,
		 bool no_headings, char **cells, size_t nrows)
{
	size_t *widths = calloc(ncolumns + 1, sizeof(*widths));

	if (!widths)
		abort();
	for (size_t c = 0; c < ncolumns; c++) {
		widths[c] = no_headings ? 0 : strlen(headings[chosen[c]].name);
		for (size_t r = 0; r < nrows; r++) {
			size_t width = strlen(cells[r * ncolumns + c]);

			if (width > widths[c])
				widths[c] = width;
		}
	}
	for (size_t c = 0; c < ncolumns && !no_headings; c++)
		print_cell(&headings[chosen[c]], headings[chosen[c]].name, widths[c],
			   c + 1 == ncolumns);
	for (size_t i = 0; i < nrows * ncolumns; i++) {
		size_t c = i % ncolumns;

		print_cell(&headings[chosen[c]], cells[i], widths[c], c + 1 == ncolumns);
		free(cells[i]);
	}
	free(widths);
}
