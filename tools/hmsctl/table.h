/* SPDX-License-Identifier: GPL-2.0 */
/* Tables: columns that a person may choose from, cells that are text. */
#ifndef HMSCTL_TABLE_H
#define HMSCTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* @right: numbers. */
struct heading {
	const char *name;
	bool right;
};

/*
 * Take "uid,NAME" as indices into @n headings; @chosen has room for all. Returns how many, 0 when
 * one is unknown or there are too many.
 */
size_t parse_headings(char *text, const struct heading *headings, size_t n, unsigned int *chosen);

/* A cell that is written to a stream. */
struct cell {
	FILE *f;
	char *text;
	size_t size;
};

FILE *cell_begin(struct cell *cell);
char *cell_end(struct cell *cell);		/* to be freed */

/*
 * Print rows of a cell for each of the @ncolumns chosen ones, and free the cells. @headings are all
 * that there are.
 */
void print_table(const struct heading *headings, const unsigned int *chosen, size_t ncolumns,
		 bool no_headings, char **cells, size_t nrows);

#endif /* HMSCTL_TABLE_H */
