// SPDX-License-Identifier: GPL-2.0
/* Targets by texts that people write. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"
#include "maps.h"

FIXTURE(select) {
	struct hms *hms;
	struct hms_uid_list *list;
};

FIXTURE_SETUP(select)
{
	self->hms = maps_open(maps_machine);
	self->list = NULL;
}

FIXTURE_TEARDOWN(select)
{
	free(self->list);
	EXPECT_TRUE(maps_close(self->hms));
}

/* What @text selects, "1 2 3", or what is wrong with it. */
static const char *selected(struct hms *hms, const char *text)
{
	static char result[512];
	struct hms_uid_list *list;
	char *end = result;
	int ret;

	*end = 0;
	ret = hms_select(hms, text, &list);
	if (ret) {
		snprintf(result, sizeof(result), "%s: %s", ret == -EINVAL ? "EINVAL" :
			 ret == -ENOENT ? "ENOENT" : "?", hms_last_error(hms));
		return list ? "a list and an error" : result;
	}
	for (size_t i = 0; i < list->n; i++)
		end += sprintf(end, "%s%u", i ? " " : "", list->uids[i]);
	free(list);
	return result;
}

#define EXPECT_SELECTS(text, expected) EXPECT_STREQ(expected, selected(self->hms, text))

TEST_F(select, all)
{
	/* Ordinary memory, and none that is only described. */
	EXPECT_SELECTS("all", "1 2 3 4 9");
	EXPECT_SELECTS("all,all", "1 2 3 4 9");
	EXPECT_SELECTS("all,!3", "1 2 4 9");
	EXPECT_SELECTS("!3", "1 2 4 9");
	EXPECT_SELECTS("!node1,all,!pmem", "1 3 9");
}

TEST_F(select, names_and_uids)
{
	EXPECT_SELECTS("3,1", "3 1");
	EXPECT_SELECTS("hbm0,1,node0,3", "3 1");
	/* By name and uid anything, also after all of the others. */
	EXPECT_SELECTS("vram", "5");
	EXPECT_SELECTS("8", "8");
	EXPECT_SELECTS("bar,all", "7 1 2 3 4 9");
	EXPECT_SELECTS("pmem,vram,gddr", "4 5 6");
	/* A word of the language is not a name, but a name can be asked for. */
	EXPECT_SELECTS("name=all", "9");
}

TEST_F(select, conditions)
{
	EXPECT_SELECTS("size>=32G", "1 2 4");
	EXPECT_SELECTS("size>32G", "1 4");
	EXPECT_SELECTS("size<32G", "3");
	EXPECT_SELECTS("size<=32G", "2 3");
	EXPECT_SELECTS("size=32768M", "2");
	/* node0 has 4G left; of the others nobody says that any is used. */
	EXPECT_SELECTS("free>=16G", "2 3 4");
	EXPECT_SELECTS("free<16G", "1");
	EXPECT_SELECTS("size>=16G,size<=64G", "1 2 3");
	EXPECT_SELECTS("node=1", "2");
	EXPECT_SELECTS("name=node*", "1 2");
	EXPECT_SELECTS("name=*m*", "3 4");
	EXPECT_SELECTS("version=1", "1 2 3 4 9");
	EXPECT_SELECTS("persistent", "4");
	EXPECT_SELECTS("!persistent", "1 2 3 9");
	EXPECT_SELECTS("properties=coherent+persistent", "4");
	EXPECT_SELECTS("coherent,persistent", "4");
	EXPECT_SELECTS("!size>=32G", "3 9");
	EXPECT_SELECTS("!name=node*", "3 4 9");
	/* They are about all words, wherever they stand. */
	EXPECT_SELECTS("4,3,2,1,size>=32G", "4 2 1");
	EXPECT_SELECTS("size>=32G,4,3", "4");
}

TEST_F(select, devices)
{
	EXPECT_SELECTS("kind=device", "5 6");
	EXPECT_SELECTS("kind=device-private", "5");
	EXPECT_SELECTS("kind=device-coherent", "6");
	EXPECT_SELECTS("kind=other", "7");
	EXPECT_SELECTS("kind=node", "1 2 3 4 9");
	EXPECT_SELECTS("device-private", "5");
	EXPECT_SELECTS("!kind=device", "1 2 3 4 9");
	EXPECT_SELECTS("kind=device,cpu-accessible", "6");
	EXPECT_SELECTS("kind=device,size>=16G", "5");
	EXPECT_SELECTS("kind=device,version<2", "6");
	EXPECT_SELECTS("kind=device,all,!5", "6");
}

TEST_F(select, described)
{
	EXPECT_SELECTS("described", "8");
	EXPECT_SELECTS("properties=described+coherent", "8");
	EXPECT_SELECTS("paper", "8");
	EXPECT_SELECTS("size>=1T", "ENOENT: select: no target fits");
	EXPECT_SELECTS("size>=1T,described", "8");
}

TEST_F(select, best)
{
	/* From the CPUs of node 0: hbm0 400, node0 100, node1 40, pmem 10. */
	EXPECT_SELECTS("best:bandwidth@cpus", "3");
	EXPECT_SELECTS("best:latency@cpus", "1");
	EXPECT_SELECTS("all:bandwidth@cpus", "3 1 2 4");
	EXPECT_SELECTS("all:latency@cpus", "1 3 2 4");
	/* The other way round there is a bridge to node0 only. */
	EXPECT_SELECTS("all:latency@cpu0", "2 1");
	EXPECT_SELECTS("best:latency@21", "2");
	/* No initiator has this name: the CPUs of node 1. */
	EXPECT_SELECTS("best:latency@cpu1", "2");
	EXPECT_SELECTS("best:bandwidth@cpus,!hbm0", "1");
	EXPECT_SELECTS("best:bandwidth@cpus,size>16G", "1");
	EXPECT_SELECTS("best:bandwidth@cpus,persistent", "4");
	EXPECT_SELECTS("best:bandwidth@cpus,best:latency@cpus", "3 1");
	EXPECT_SELECTS("best:bandwidth@cpus,best:bandwidth@cpus,all", "3 1 2 4 9");
	EXPECT_SELECTS("best:capacity", "4");
	EXPECT_SELECTS("all:capacity", "4 2 3 1 9");
	EXPECT_SELECTS("best:capacity@cpu0", "2");
	EXPECT_SELECTS("best:bandwidth@gpu,kind=device", "5");
	EXPECT_SELECTS("best:bandwidth@cpus,kind=device", "6");
	/* hbm0 1 + 100/130, node0 0.25 + 1; with latency four times: 1 + 3.08 and 0.25 + 4. */
	EXPECT_SELECTS("best:bandwidth+latency@cpus", "3");
	EXPECT_SELECTS("best:bandwidth+latency*4@cpus", "1");
	EXPECT_SELECTS("best:bandwidth*2+latency*4@cpus", "3");
}

TEST_F(select, here)
{
	unsigned int cpu, node;
	const char *expected;

	ASSERT_EQ(0, getcpu(&cpu, &node));
	expected = node == 0 ? "1" : node == 1 ? "2" :
		   "ENOENT: select: word 1 \"best:latency@here\": no such initiator";
	EXPECT_SELECTS("best:latency@here", expected);
}

TEST_F(select, nothing)
{
	static const char hint[] =
		"ENOENT: select: no target fits; memory of devices takes kind=device";

	EXPECT_SELECTS("size>2T", "ENOENT: select: no target fits");
	EXPECT_SELECTS("node=9", "ENOENT: select: no target fits");
	EXPECT_SELECTS("3,!3", "ENOENT: select: no target fits");
	EXPECT_SELECTS("name=vr*", hint);
	EXPECT_SELECTS("version=2", hint);
	EXPECT_SELECTS("best:bandwidth@gpu", hint);
	EXPECT_SELECTS("kind=node,best:bandwidth@gpu", "ENOENT: select: no target fits");
	EXPECT_SELECTS("best:latency@cpu0,kind=device", "ENOENT: select: no target fits");
}

#define BAD(error, n, word)	error ": select: word " n " \"" word "\": "

static const struct {
	const char *text;
	const char *error;
} bad_texts[] = {
	{ "",
	  BAD("EINVAL", "1", "") "nothing there" },
	{ "1,",
	  BAD("EINVAL", "2", "") "nothing there" },
	{ "1,!,3",
	  BAD("EINVAL", "2", "!") "nothing there" },
	{ "!all",
	  BAD("EINVAL", "1", "!all") "this can't be removed" },
	{ "!best:latency@cpus",
	  BAD("EINVAL", "1", "!best:latency@cpus") "this can't be removed" },
	{ "node0,nod1",
	  BAD("ENOENT", "2", "nod1") "no target has this name" },
	{ "!nod1",
	  BAD("ENOENT", "1", "!nod1") "no target has this name" },
	/* One line, and nothing that a terminal obeys. */
	{ "no\nde,\033[31m",
	  BAD("ENOENT", "1", "no?de") "no target has this name" },
	{ "all:\033[31m",
	  BAD("EINVAL", "1", "all:?[31m") "what counts is bandwidth, latency or capacity" },
	{ "99",
	  BAD("ENOENT", "1", "99") "no target has this uid" },
	{ "20",
	  BAD("ENOENT", "1", "20") "the uid is not that of a target" },
	{ "cpus",
	  BAD("ENOENT", "1", "cpus") "no target has this name" },
	{ "color=red",
	  BAD("EINVAL", "1", "color=red")
	  "not kind, properties, size, free, node, name or version" },
	{ "kind=cpu",
	  BAD("EINVAL", "1", "kind=cpu")
	  "not node, device, device-private, device-coherent or other" },
	{ "kind>node",
	  BAD("EINVAL", "1", "kind>node") "it can only be equal" },
	{ "node<=1",
	  BAD("EINVAL", "1", "node<=1") "it can only be equal" },
	{ "node=x",
	  BAD("EINVAL", "1", "node=x") "not a number" },
	{ "node=",
	  BAD("EINVAL", "1", "node=") "not a number" },
	{ "size>=big",
	  BAD("EINVAL", "1", "size>=big") "not a number" },
	{ "size>=1X",
	  BAD("EINVAL", "1", "size>=1X") "not in bytes, K, M, G or T" },
	{ "size=>1G",
	  BAD("EINVAL", "1", "size=>1G") "not a number" },
	{ "version=4294967296",
	  BAD("EINVAL", "1", "version=4294967296") "too large" },
	{ "name=",
	  BAD("EINVAL", "1", "name=") "no pattern" },
	{ "properties=fast",
	  BAD("EINVAL", "1", "properties=fast") "not properties with + between them" },
	{ "best:",
	  BAD("EINVAL", "1", "best:") "what counts is bandwidth, latency or capacity" },
	{ "best:speed@cpus",
	  BAD("EINVAL", "1", "best:speed@cpus") "what counts is bandwidth, latency or capacity" },
	{ "best:latency",
	  BAD("EINVAL", "1", "best:latency") "for whom? @INITIATOR is missing" },
	{ "best:latency@",
	  BAD("ENOENT", "1", "best:latency@") "no such initiator" },
	{ "all,all:latency@tpu",
	  BAD("ENOENT", "2", "all:latency@tpu") "no such initiator" },
	{ "best:latency@1",
	  BAD("ENOENT", "1", "best:latency@1") "no such initiator" },
	{ "best:latency@cpu7",
	  BAD("ENOENT", "1", "best:latency@cpu7") "no such initiator" },
	{ "best:latency*0@cpus",
	  BAD("EINVAL", "1", "best:latency*0@cpus") "a weight is a number above 0" },
	{ "best:latency*@cpus",
	  BAD("EINVAL", "1", "best:latency*@cpus") "a weight is a number above 0" },
	{ "best:latency+latency@cpus",
	  BAD("EINVAL", "1", "best:latency+latency@cpus") "a weight is there twice" },
};

TEST_F(select, what_is_wrong)
{
	for (size_t i = 0; i < sizeof(bad_texts) / sizeof(bad_texts[0]); i++)
		EXPECT_SELECTS(bad_texts[i].text, bad_texts[i].error);
}

/* On a machine, drivers choose the names: two devices may have the same. */
TEST_F(select, same_names)
{
	const struct hms_object *object;
	struct hms_object *changed;

	ASSERT_EQ(0, hms_find_uid(self->hms, 6, &object));
	changed = (struct hms_object *)object;
	changed->name = "vram";
	EXPECT_SELECTS("vram", "5 6");
	EXPECT_SELECTS("kind=device,!vram", "ENOENT: select: no target fits");
	EXPECT_EQ(-EINVAL, hms_find_name(self->hms, HMS_TARGET, "vram", &object));
	EXPECT_STREQ("find name: several targets are named vram: take a uid",
		     hms_last_error(self->hms));
	EXPECT_EQ(NULL, object);

	ASSERT_EQ(0, hms_find_uid(self->hms, 22, &object));
	changed = (struct hms_object *)object;
	changed->name = "cpus";
	EXPECT_SELECTS("best:latency@cpus", BAD("EINVAL", "1", "best:latency@cpus")
		       "several initiators have this name: take a uid");
	EXPECT_SELECTS("best:latency@20", "1");
}

TEST_F(select, find_name)
{
	const struct hms_object *object;

	ASSERT_EQ(0, hms_find_name(self->hms, HMS_TARGET, "pmem", &object));
	EXPECT_EQ(4, object->uid);
	ASSERT_EQ(0, hms_find_name(self->hms, HMS_LINK, "pmem", &object));
	EXPECT_EQ(HMS_LINK, object->type);
	ASSERT_EQ(0, hms_find_name(self->hms, HMS_TARGET, "4", &object));
	EXPECT_EQ(4, object->uid);
	EXPECT_EQ(-ENOENT, hms_find_name(self->hms, HMS_INITIATOR, "4", &object));
	EXPECT_STREQ("find name: no initiator 4", hms_last_error(self->hms));
	/* A name comes before what it could mean. */
	ASSERT_EQ(0, hms_find_name(self->hms, HMS_INITIATOR, "cpu0", &object));
	EXPECT_EQ(21, object->uid);
	ASSERT_EQ(0, hms_find_name(self->hms, HMS_INITIATOR, "cpu1", &object));
	EXPECT_EQ(21, object->uid);
	EXPECT_EQ(-ENOENT, hms_find_name(self->hms, HMS_INITIATOR, "cpu", &object));
	EXPECT_EQ(-ENOENT, hms_find_name(self->hms, HMS_TARGET, "", &object));
}

TEST_HARNESS_MAIN
