// SPDX-License-Identifier: GPL-2.0
/* A module that does what its parameter says, for test/vm/selftest. */
#include <linux/bug.h>
#include <linux/gfp.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

static char *how = "";
module_param(how, charp, 0);
MODULE_PARM_DESC(how, "warn, leak, refuse, or nothing");

/* Memory that nobody knows of any more. */
static int lose_set(const char *value, const struct kernel_param *param)
{
	unsigned int i;

	for (i = 0; i < 128; i++) {
		if (!alloc_page(GFP_KERNEL))
			return -ENOMEM;
	}
	return 0;
}

static const struct kernel_param_ops lose_ops = {
	.set = lose_set,
};
module_param_cb(lose, &lose_ops, NULL, 0200);
MODULE_PARM_DESC(lose, "lose 128 pages");

/* Not __init: the names of what is freed after loading are missing in later reports. */
static noinline void misbehave(void)
{
	void *lost = NULL;

	WARN(!strcmp(how, "warn"), "asked to\n");
	if (!strcmp(how, "leak"))
		lost = kmalloc(100, GFP_KERNEL);
	OPTIMIZER_HIDE_VAR(lost);
}

static int __init misbehave_init(void)
{
	misbehave();
	return strcmp(how, "refuse") ? 0 : -ENODEV;
}
module_init(misbehave_init);

static void __exit misbehave_exit(void)
{
}
module_exit(misbehave_exit);

MODULE_DESCRIPTION("Misbehaves on request");
MODULE_LICENSE("GPL");
MODULE_VERSION("1");	/* brings a srcversion */
