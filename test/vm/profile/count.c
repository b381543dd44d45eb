// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin of QEMU's that counts the guest's instructions by address, between two instructions that
 * a program runs around what is to be counted, see test/bench/profile.h.
 *
 *	-plugin count.so,out=FILE	lines of address, instructions, in no order
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

int qemu_plugin_version = 1;

/* A run of instructions without a jump, as QEMU has translated it. */
struct block {
	struct block *next;
	uint64_t address;
	uint64_t size;
	uint64_t counted;
};

static struct block *blocks;
static const char *out;
static bool counting;

static void block_runs(unsigned int cpu, void *data)
{
	struct block *block = data;

	(void)cpu;
	if (counting)
		block->counted += block->size;
}

static void begin(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	counting = true;
}

static void end(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	counting = false;
}

static void mark(struct qemu_plugin_insn *insn)
{
	static const unsigned char first[] = { 0x0f, 0x1f, 0x80, 0x78, 0x56, 0x34, 0x12 };
	static const unsigned char last[] = { 0x0f, 0x1f, 0x80, 0x79, 0x56, 0x34, 0x12 };
	const void *data = qemu_plugin_insn_data(insn);

	if (qemu_plugin_insn_size(insn) != sizeof(first))
		return;
	if (!memcmp(data, first, sizeof(first)))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, begin, QEMU_PLUGIN_CB_NO_REGS, NULL);
	else if (!memcmp(data, last, sizeof(last)))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, end, QEMU_PLUGIN_CB_NO_REGS, NULL);
}

/* What is translated again is a block of its own: all are added up in the end. */
static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	struct block *block = calloc(1, sizeof(*block));
	size_t i;

	(void)id;
	if (!block)
		abort();
	block->address = qemu_plugin_tb_vaddr(tb);
	block->size = qemu_plugin_tb_n_insns(tb);
	block->next = blocks;
	blocks = block;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, block_runs, QEMU_PLUGIN_CB_NO_REGS, block);
	for (i = 0; i < block->size; i++)
		mark(qemu_plugin_tb_get_insn(tb, i));
}

static void write_out(qemu_plugin_id_t id, void *data)
{
	FILE *f = fopen(out, "w");

	(void)id;
	(void)data;
	for (struct block *block = blocks; f && block; block = block->next)
		if (block->counted)
			fprintf(f, "%016" PRIx64 " %" PRIu64 "\n", block->address, block->counted);
	if (!f || fclose(f))
		perror(out);
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4))
		return -1;
	out = strdup(argv[0] + 4);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, write_out, NULL);
	return 0;
}
