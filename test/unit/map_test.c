// SPDX-License-Identifier: GPL-2.0
/* Maps in files: what is one, what is none and why, and the same map after hms_save(). */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "kselftest_harness.h"
#include "map.h"
#include "maps.h"

#define HEAD	"hms-map 1\n"
#define NODE(name, nid) "target " #name " kind=node nid=" #nid " size=1G\n"
#define LONG	"name-of-sixty-three-bytes-that-goes-on-and-on-until-it-is-overx"
#define LONG_9	"name-of-sixty-three-bytes-that-goes-on-and-on-until-it-is-ove-9"
#define CPU(name, nid)	"initiator " #name " kind=cpu nid=" #nid "\n"

FIXTURE(map) {
	struct hms *hms;
	char error[MAPS_ERROR];
};

FIXTURE_SETUP(map)
{
}

FIXTURE_TEARDOWN(map)
{
	EXPECT_TRUE(maps_close(self->hms));
}

static void expect_value(struct __test_metadata *_metadata, const struct hms_object *object,
			 enum hms_attribute attribute, uint32_t value, enum hms_source source)
{
	EXPECT_EQ(value, object->values[attribute].value);
	EXPECT_EQ(source, object->values[attribute].source);
}

TEST_F(map, every_key)
{
	const struct hms_object *o;

	self->hms = maps_open("# what comes before the first word does not matter\n"
		"\n"
		"hms-map 1   # format 1\r\n"
		"bridge b0 uid=70 from=l0 to=l1 initiators=gpu0 bandwidth=60GB/s\n"
		"\tlink   l0 initiators=cpu0 targets=dram0,hbm\t"
		"bandwidth=90.5GB/s:firmware latency=80ns\n"
		"link l1 initiators=gpu0 targets=hbm read_bandwidth=1TB/s\t"
		"write_bandwidth=800000:measured read_latency=1.5us:user write_latency=unknown\n"
		"link l2 version=2\n"
		"target dram0 kind=node nid=0 size=64G used=1G properties=cpu-accessible,coherent\t"
		"cache=2:32G:128:indexed:write-through cache=1:16G:64:direct:write-back version=1\n"
		"target hbm kind=device-private size=unknown\n"
		"target bar kind=other size=512 properties=none\n"
		"initiator cpu0 kind=cpu nid=0 # the CPUs\n"
		"initiator gpu0 kind=device");

	/* The least free uids, by line: l0 1, l1 2, l2 3, dram0 4, hbm 5, bar 6, cpu0 7, gpu0 8. */
	o = maps_object(self->hms, HMS_TARGET, "dram0");
	ASSERT_NE(NULL, o);
	EXPECT_EQ(4, o->uid);
	EXPECT_EQ(1, o->version);
	EXPECT_EQ(HMS_KIND_NODE, o->kind);
	EXPECT_EQ(0, o->nid);
	EXPECT_EQ(64ULL << 30, o->capacity);
	EXPECT_EQ(1ULL << 30, o->used);
	EXPECT_EQ(HMS_PROP_CPU_ACCESSIBLE | HMS_PROP_COHERENT, o->properties);
	ASSERT_EQ(2, o->ncaches);
	EXPECT_EQ(1, o->caches[0].level);
	EXPECT_EQ(16ULL << 30, o->caches[0].size);
	EXPECT_EQ(64, o->caches[0].line_size);
	EXPECT_EQ(0, o->caches[0].indexing);
	EXPECT_EQ(0, o->caches[0].write_policy);
	EXPECT_EQ(2, o->caches[1].level);
	EXPECT_EQ(1, o->caches[1].indexing);
	EXPECT_EQ(1, o->caches[1].write_policy);
	ASSERT_EQ(1, o->nlinks);
	EXPECT_EQ(1, o->links[0]);

	o = maps_object(self->hms, HMS_TARGET, "hbm");
	ASSERT_NE(NULL, o);
	EXPECT_EQ(5, o->uid);
	EXPECT_EQ(2, o->version);
	EXPECT_EQ(-1, o->nid);
	EXPECT_EQ(HMS_BYTES_UNKNOWN, o->capacity);
	EXPECT_EQ(HMS_BYTES_UNKNOWN, o->used);
	EXPECT_EQ(HMS_PROP_DEVICE_PRIVATE, o->properties);
	ASSERT_EQ(2, o->nlinks);
	EXPECT_EQ(1, o->links[0]);
	EXPECT_EQ(2, o->links[1]);

	o = maps_object(self->hms, HMS_TARGET, "bar");
	ASSERT_NE(NULL, o);
	EXPECT_EQ(HMS_KIND_OTHER, o->kind);
	EXPECT_EQ(2, o->version);
	EXPECT_EQ(512, o->capacity);
	EXPECT_EQ(0, o->properties);
	EXPECT_EQ(0, o->nlinks);

	o = maps_object(self->hms, HMS_INITIATOR, "cpu0");
	ASSERT_NE(NULL, o);
	EXPECT_EQ(HMS_KIND_CPU, o->kind);
	EXPECT_EQ(0, o->nid);

	o = maps_object(self->hms, HMS_LINK, "l0");
	ASSERT_NE(NULL, o);
	EXPECT_EQ(1, o->uid);
	ASSERT_EQ(3, o->nlinks);
	EXPECT_EQ(4, o->links[0]);
	EXPECT_EQ(5, o->links[1]);
	EXPECT_EQ(7, o->links[2]);
	expect_value(_metadata, o, HMS_READ_BANDWIDTH, 90500, HMS_SOURCE_FIRMWARE);
	expect_value(_metadata, o, HMS_WRITE_BANDWIDTH, 90500, HMS_SOURCE_FIRMWARE);
	expect_value(_metadata, o, HMS_READ_LATENCY, 80, HMS_SOURCE_DRIVER);
	expect_value(_metadata, o, HMS_WRITE_LATENCY, 80, HMS_SOURCE_DRIVER);

	o = maps_object(self->hms, HMS_LINK, "l1");
	ASSERT_NE(NULL, o);
	expect_value(_metadata, o, HMS_READ_BANDWIDTH, 1000000, HMS_SOURCE_DRIVER);
	expect_value(_metadata, o, HMS_WRITE_BANDWIDTH, 800000, HMS_SOURCE_MEASURED);
	expect_value(_metadata, o, HMS_READ_LATENCY, 1500, HMS_SOURCE_USER);
	expect_value(_metadata, o, HMS_WRITE_LATENCY, 0, HMS_SOURCE_UNKNOWN);

	/* One that connects nothing. */
	o = maps_object(self->hms, HMS_LINK, "l2");
	ASSERT_NE(NULL, o);
	EXPECT_EQ(2, o->version);
	EXPECT_EQ(0, o->nlinks);
	expect_value(_metadata, o, HMS_READ_BANDWIDTH, 0, HMS_SOURCE_UNKNOWN);

	o = maps_object(self->hms, HMS_BRIDGE, "b0");
	ASSERT_NE(NULL, o);
	EXPECT_EQ(70, o->uid);
	EXPECT_EQ(HMS_KIND_NONE, o->kind);
	EXPECT_EQ(1, o->from);
	EXPECT_EQ(2, o->to);
	ASSERT_EQ(1, o->ninitiators);
	EXPECT_EQ(8, o->initiators[0]);
	ASSERT_EQ(3, o->nlinks);
	EXPECT_EQ(1, o->links[0]);
	EXPECT_EQ(2, o->links[1]);
	EXPECT_EQ(8, o->links[2]);
}

TEST_F(map, both_ways)
{
	const struct hms_object *there, *back;

	self->hms = maps_open(HEAD CPU(c, 0) "link a\nlink b\nlink c uid=5\n"
			      "bridge x from=a to=b both=yes initiators=c latency=7\n"
			      "bridge y from=b to=c both=no\n");
	there = maps_object(self->hms, HMS_BRIDGE, "x");
	back = maps_object(self->hms, HMS_BRIDGE, "x-back");
	ASSERT_NE(NULL, there);
	ASSERT_NE(NULL, back);
	/* c 1, a 2, b 3, x 4; 5 is taken. */
	EXPECT_EQ(4, there->uid);
	EXPECT_EQ(6, back->uid);
	EXPECT_EQ(there->from, back->to);
	EXPECT_EQ(there->to, back->from);
	EXPECT_EQ(7, back->values[HMS_READ_LATENCY].value);
	ASSERT_EQ(1, back->ninitiators);
	EXPECT_EQ(1, back->initiators[0]);
	EXPECT_EQ(7, maps_uid(self->hms, HMS_BRIDGE, "y"));
	EXPECT_EQ(0, maps_uid(self->hms, HMS_BRIDGE, "y-back"));
}

/* The handle answers what it can, and says what it can't. */
TEST_F(map, handle)
{
	const struct hms_object *object, *again;
	const struct hms_module *module;

	self->hms = maps_open(HEAD NODE(n, 3));
	EXPECT_EQ(-1, hms_fd(self->hms));
	ASSERT_EQ(0, hms_find_target(self->hms, HMS_KIND_NODE, 0, &object));
	EXPECT_EQ(3, object->nid);
	/* Nothing to read again: what was handed out stays. */
	EXPECT_EQ(0, hms_scan(self->hms));
	ASSERT_EQ(0, hms_find_uid(self->hms, 1, &again));
	EXPECT_EQ(object, again);
	EXPECT_EQ(-ENOENT, hms_find_uid(self->hms, 2, &again));
	EXPECT_EQ(-EBADF, hms_info(self->hms, &module));
	EXPECT_NE(0, strlen(hms_last_error(self->hms)));
}

TEST_F(map, only_the_heading)
{
	self->hms = maps_open("hms-map 1");
	EXPECT_EQ(NULL, hms_object_next(self->hms, HMS_TARGET, NULL));
	EXPECT_STREQ("", hms_last_error(self->hms));
}

/* Objects that a program can't know: they, and what only they make sense of, are not there. */
TEST_F(map, newer_objects)
{
	static const char text[] = HEAD NODE(n, 0) CPU(c, 0)
		"target new version=3 kind=node nid=1 size=1G\n"
		"initiator newer version=4000000000 kind=device\n"
		"link l initiators=c,newer targets=n,new\n"
		"link m version=3 targets=n\n"
		"link k\n"
		"bridge some from=l to=k initiators=c,newer\n"
		"bridge none from=l to=k initiators=newer\n"
		"bridge all from=l to=k\n"
		"bridge to from=l to=m\n"
		"bridge from from=m to=l\n";
	const struct hms_object *o;
	struct hms all = { .fd = -1 };
	char *copy;

	self->hms = maps_open(text);
	EXPECT_EQ(0, maps_uid(self->hms, HMS_TARGET, "new"));
	EXPECT_EQ(0, maps_uid(self->hms, HMS_INITIATOR, "newer"));
	EXPECT_EQ(0, maps_uid(self->hms, HMS_LINK, "m"));
	EXPECT_EQ(0, maps_uid(self->hms, HMS_BRIDGE, "to"));
	EXPECT_EQ(0, maps_uid(self->hms, HMS_BRIDGE, "from"));
	/* Only one that is not there may cross it: it must not be open to all. */
	EXPECT_EQ(0, maps_uid(self->hms, HMS_BRIDGE, "none"));
	o = maps_object(self->hms, HMS_LINK, "l");
	ASSERT_NE(NULL, o);
	EXPECT_EQ(2, o->nlinks);
	o = maps_object(self->hms, HMS_TARGET, "n");
	ASSERT_NE(NULL, o);
	EXPECT_EQ(1, o->nlinks);
	o = maps_object(self->hms, HMS_BRIDGE, "some");
	ASSERT_NE(NULL, o);
	EXPECT_EQ(1, o->ninitiators);
	EXPECT_EQ(3, o->nlinks);
	o = maps_object(self->hms, HMS_BRIDGE, "all");
	ASSERT_NE(NULL, o);
	EXPECT_EQ(0, o->ninitiators);

	/* Who can pass them on gets all. */
	copy = strdup(text);
	ASSERT_EQ(0, map_read(&all, copy, strlen(copy), UINT32_MAX, self->error, MAPS_ERROR));
	EXPECT_EQ(12, all.nobjects);
	EXPECT_NE(NULL, maps_object(&all, HMS_BRIDGE, "none"));
	hms_objects_free(&all);
	free(copy);
}

/* What is wrong, word by word. */
static const struct {
	const char *text;
	const char *error;
} bad_maps[] = {
	{ "", "line 1: not a map: there is nothing in it" },
	{ "\n# only words\n", "line 3: not a map: there is nothing in it" },
	{ "hello\n", "line 1: not a map: it does not begin with \"hms-map 1\"" },
	{ "\nlink l\n", "line 2: not a map: it does not begin with \"hms-map 1\"" },
	{ "hms-map\n", "line 1: format \"\" of maps is not known, only 1" },
	{ "hms-map 2\n", "line 1: format \"2\" of maps is not known, only 1" },
	{ "hms-map 1 2\n", "line 1: unexpected \"2\"" },
	{ HEAD "node n\n", "line 2: \"node\" is not target, initiator, link or bridge" },
	{ HEAD "no\033[31mde n\n",
	  "line 2: \"no?[31mde\" is not target, initiator, link or bridge" },
	{ HEAD "link\n", "line 2: a link without a name" },
	{ HEAD "link # l\n", "line 2: a link without a name" },
	{ HEAD "link a,b\n",
	  "line 2: link: \"a,b\": names have letters, digits and -_.:/+" },
	{ HEAD "link 12\n", "line 2: link: \"12\": as a name it would be taken for a uid" },
	{ HEAD "link " LONG "x\n", "line 2: link: a name has at most 63 characters" },
	{ HEAD "link l x\n", "line 2: link l: \"x\" is not KEY=VALUE" },
	{ HEAD "link l speed=1\n", "line 2: link l: unknown key \"speed\"" },
	{ HEAD "link l size=1\n", "line 2: link l: a link has no size" },
	{ HEAD "target t from=l\n", "line 2: target t: a target has no from" },
	{ HEAD "link l uid=1 uid=1\n", "line 2: link l: uid is there twice" },
	{ HEAD "link l uid=\n", "line 2: link l: uid has no value" },
	{ HEAD "link l uid=0\n", "line 2: link l: uid: zero is no uid" },
	{ HEAD "link l uid=-1\n", "line 2: link l: uid: not a number" },
	{ HEAD "link l uid=1x\n", "line 2: link l: uid: not a number" },
	{ HEAD "link l uid=4294967296\n", "line 2: link l: uid: too large" },
	{ HEAD "link l uid=99999999999999999999\n", "line 2: link l: uid: too large" },
	{ HEAD "link l version=0\n", "line 2: link l: version: zero is no version" },
	{ HEAD "link l version=4294967296\n", "line 2: link l: version: too large" },
	{ HEAD "link l bandwidth=1 read_bandwidth=2\n",
	  "line 2: link l: read_bandwidth does not go with bandwidth" },
	{ HEAD "link l write_latency=1 latency=2\n",
	  "line 2: link l: latency does not go with write_latency" },
	{ HEAD "link l bandwidth=1MB\n",
	  "line 2: link l: bandwidth: not in MB/s, KB/s, GB/s or TB/s" },
	{ HEAD "link l bandwidth=fast\n", "line 2: link l: bandwidth: not a number" },
	{ HEAD "link l bandwidth=1.GB/s\n", "line 2: link l: bandwidth: not a number" },
	{ HEAD "link l bandwidth=0\n",
	  "line 2: link l: bandwidth: zero; what is not known is \"unknown\"" },
	{ HEAD "link l bandwidth=1KB/s\n",
	  "line 2: link l: bandwidth: not a whole number of MB/s or ns" },
	{ HEAD "link l bandwidth=4294967296\n", "line 2: link l: bandwidth: too large" },
	{ HEAD "link l bandwidth=5000TB/s\n", "line 2: link l: bandwidth: too large" },
	{ HEAD "link l bandwidth=99999999999TB/s\n", "line 2: link l: bandwidth: too large" },
	{ HEAD "link l bandwidth=1.00000000000000000000000\n",
	  "line 2: link l: bandwidth: too many digits" },
	{ HEAD "link l bandwidth=1:nobody\n",
	  "line 2: link l: bandwidth: source not firmware, estimated, measured, user or driver" },
	{ HEAD "link l bandwidth=1:unknown\n",
	  "line 2: link l: bandwidth: source not firmware, estimated, measured, user or driver" },
	{ HEAD "link l bandwidth=unknown:user\n",
	  "line 2: link l: bandwidth: what is not known has no source" },
	{ HEAD "link l latency=1ms\n", "line 2: link l: latency: not in ns or us" },
	{ HEAD "link l latency=0.5\n",
	  "line 2: link l: latency: not a whole number of MB/s or ns" },
	{ HEAD "link l latency=4294968us\n", "line 2: link l: latency: too large" },
	{ HEAD "target t size=1 nid=0\n", "line 2: target t: kind is missing" },
	{ HEAD "target t kind=node nid=0\n", "line 2: target t: size is missing" },
	{ HEAD "target t kind=device-private size=1 nid=0\n",
	  "line 2: target t: nid is for kind node or cpu" },
	{ HEAD "target t kind=cpu size=1\n",
	  "line 2: target t: kind: not node, device-private, device-coherent or other" },
	{ HEAD "target t kind=node nid=2147483648 size=1\n", "line 2: target t: nid: too large" },
	{ HEAD "target t kind=node nid=0 size=1P\n",
	  "line 2: target t: size: not in bytes, K, M, G or T" },
	{ HEAD "target t kind=node nid=0 size=16777216T\n", "line 2: target t: size: too large" },
	{ HEAD "target t kind=node nid=0 size=18446744073709551615\n",
	  "line 2: target t: size: too large" },
	{ HEAD "target t kind=node nid=0 size=18446744073709551616\n",
	  "line 2: target t: size: too large" },
	{ HEAD "target t kind=node nid=0 size=1 properties=coherent,\n",
	  "line 2: target t: properties: not properties with commas between them, or none" },
	{ HEAD "target t kind=node nid=0 size=1 properties=coherent,coherent\n",
	  "line 2: target t: properties: a property is there twice" },
	{ HEAD "target t kind=device-private size=1 properties=device-private,cpu-accessible\n",
	  "line 2: target t: device-private memory is not cpu-accessible" },
	{ HEAD "target t kind=node size=1 version=1 properties=coherent\n",
	  "line 2: target t: version 1 is for memory that is cpu-accessible and coherent" },
	{ HEAD "target t kind=device-private size=1 version=1\n",
	  "line 2: target t: version 1 is for memory that is cpu-accessible and coherent" },
	{ HEAD "target t kind=node nid=0 size=1 cache=1:1G:64:direct\n",
	  "line 2: target t: cache: not made as 1:16G:64:direct:write-back is" },
	{ HEAD "target t kind=node nid=0 size=1 cache=1:1G:64:direct:write-back:\n",
	  "line 2: target t: cache: not made as 1:16G:64:direct:write-back is" },
	{ HEAD "target t kind=node nid=0 size=1 cache=0:1G:64:direct:write-back\n",
	  "line 2: target t: cache: not made as 1:16G:64:direct:write-back is" },
	{ HEAD "target t kind=other size=1 cache=2:1G:64:other:other cache=2:1:1:other:other\n",
	  "line 2: target t: cache: there is one of this level already" },
	{ HEAD "initiator i nid=0\n", "line 2: initiator i: kind is missing" },
	{ HEAD "initiator i kind=node nid=0\n",
	  "line 2: initiator i: kind: not cpu, device or other" },
	{ HEAD "bridge b to=l\n", "line 2: bridge b: from is missing" },
	{ HEAD "bridge b from=l\n", "line 2: bridge b: to is missing" },
	{ HEAD "link l\nlink m\nbridge b from=l to=m both=maybe\n",
	  "line 4: bridge b: both: not yes or no" },
	{ HEAD "link l\nlink m\nbridge b uid=9 from=l to=m both=no\n",
	  "line 4: bridge b: both does not go with uid" },
	{ HEAD "link l\nbridge b from=l to=m\n", "line 3: bridge b: no link named m" },
	{ HEAD "link l\nbridge b from=m to=l\n", "line 3: bridge b: no link named m" },
	{ HEAD "link l\nbridge b from=l to=l\n",
	  "line 3: bridge b: it leads from a link to itself" },
	{ HEAD "link l\nlink m\nbridge b from=l to=m initiators=gpu0\n",
	  "line 4: bridge b: no initiator named gpu0" },
	{ HEAD "link l\nlink m\nbridge b-back from=l to=m\nbridge b from=l to=m both=yes\n",
	  "line 5: bridge b-back: the one in line 4 has the same name" },
	{ HEAD "link l\nlink m\nbridge " LONG " from=l to=m both=yes\n",
	  "line 4: bridge " LONG ": its name is too long to add \"-back\"" },
	{ HEAD NODE(t, 0) "\n# a comment\n\nlink l3 targets=t,hbm9\n",
	  "line 6: link l3: no target named hbm9" },
	{ HEAD CPU(c, 0) "link l targets=c\n", "line 3: link l: no target named c" },
	{ HEAD NODE(t, 0) "link l targets=t,t\n",
	  "line 3: link l: one of its targets is there twice" },
	{ HEAD NODE(t, 0) "link l targets=t,\n",
	  "line 3: link l: an empty name among its targets" },
	{ HEAD CPU(c, 0) "link l initiators=,c\n",
	  "line 3: link l: an empty name among its initiators" },
	{ HEAD "link l targets=" LONG "x\n", "line 2: link l: no target named " LONG "x" },
	{ HEAD "link b\nlink a\nlink z\nlink a\nlink b\n",
	  "line 5: link a: the one in line 3 has the same name" },
	{ HEAD "link a uid=3\n" NODE(t, 0) CPU(c, 0) "link b uid=3\n",
	  "line 5: link b: the object in line 2 has the same uid" },
};

TEST_F(map, what_is_wrong)
{
	for (size_t i = 0; i < sizeof(bad_maps) / sizeof(bad_maps[0]); i++) {
		int ret = maps_try(bad_maps[i].text, strlen(bad_maps[i].text), &self->hms,
				   self->error);

		EXPECT_EQ(-EINVAL, ret);
		EXPECT_EQ(NULL, self->hms);
		EXPECT_STREQ(bad_maps[i].error, self->error);
	}
}

/* Names are of a type: others may have them too. */
TEST_F(map, same_name_of_other_types)
{
	self->hms = maps_open(HEAD NODE(node0, 0) CPU(node0, 0)
			      "link node0 initiators=node0 targets=node0\nlink l\n"
			      "bridge node0 from=node0 to=l\n");
	EXPECT_EQ(1, maps_uid(self->hms, HMS_TARGET, "node0"));
	EXPECT_EQ(2, maps_uid(self->hms, HMS_INITIATOR, "node0"));
	EXPECT_EQ(3, maps_uid(self->hms, HMS_LINK, "node0"));
	EXPECT_EQ(5, maps_uid(self->hms, HMS_BRIDGE, "node0"));
}

TEST_F(map, odd_bytes)
{
	static const char nul[] = HEAD "link l\nlink \0m\n";
	char *line;

	EXPECT_EQ(-EINVAL, maps_try(nul, sizeof(nul) - 1, &self->hms, self->error));
	EXPECT_STREQ("line 3: not a text: it has a NUL byte", self->error);

	line = malloc(3 << 20);
	memset(line, ' ', 3 << 20);
	memcpy(line, HEAD, strlen(HEAD));
	EXPECT_EQ(-EINVAL, maps_try(line, 3 << 20, &self->hms, self->error));
	EXPECT_STREQ("line 2: longer than 1048576 bytes", self->error);
	/* That long, and no longer. */
	EXPECT_EQ(0, maps_try(line, strlen(HEAD) + (1 << 20), &self->hms, self->error));
	free(line);
	hms_close(self->hms);
	self->hms = NULL;

	EXPECT_EQ(-ENOENT, hms_open_file(&self->hms, "/no/such/map", 0, self->error, MAPS_ERROR));
	EXPECT_STREQ("No such file or directory", self->error);
	EXPECT_EQ(-EISDIR, hms_open_file(&self->hms, "/", 0, self->error, MAPS_ERROR));
	EXPECT_EQ(-ENOENT, hms_open_file(&self->hms, "/no/such/map", 0, NULL, 0));
	/* A text that is longer than the room for it is cut. */
	EXPECT_EQ(-ENOENT, hms_open_file(&self->hms, "/no/such/map", 0, self->error, 3));
	EXPECT_STREQ("No", self->error);
	EXPECT_EQ(-EINVAL, hms_open_file(&self->hms, "/dev/null", 0, self->error, 9));
	EXPECT_STREQ("line 1: ", self->error);
}

/* Any change of a good map is a map or says what is wrong with it. */
TEST_F(map, broken_at_random)
{
	static const char good[] = HEAD NODE(n, 0) CPU(c, 0)
		"target hbm uid=9 kind=device-private size=16G cache=1:16G:64:direct:write-back\n"
		"link l initiators=c targets=n,hbm bandwidth=1.5TB/s:measured latency=80ns # fast\n"
		"link m targets=n\n"
		"bridge b from=l to=m initiators=c both=yes latency=1us\n";
	static const char bytes[] = "\n ,=:#0179abKMG/.-!\xff";
	char text[sizeof(good)];

	for (int round = 0; round < 20000; round++) {
		size_t length = sizeof(good) - 1;

		memcpy(text, good, sizeof(good));
		for (unsigned long n = 1 + maps_random(4); n; n--) {
			size_t at = maps_random(length);

			if (maps_random(3))
				text[at] = bytes[maps_random(sizeof(bytes))];
			else
				memmove(text + at, text + at + 1, --length - at);
		}
		/* One or the other. */
		ASSERT_EQ(!!maps_try(text, length, &self->hms, self->error),
			  !!strlen(self->error));
		hms_close(self->hms);
	}
	self->hms = NULL;
}

/* ---- hms_save() ---- */

/* @text, saved and read, is the same map, and saved again the same text. */
static void expect_round_trip(struct __test_metadata *_metadata, struct hms *hms)
{
	char *text, *again;
	struct hms *read;

	ASSERT_EQ(0, hms_save(hms, &text));
	read = maps_open(text);
	EXPECT_TRUE(maps_same(hms, read));
	ASSERT_EQ(0, hms_save(read, &again));
	EXPECT_STREQ(text, again);
	free(text);
	free(again);
	hms_close(read);
}

TEST_F(map, round_trip)
{
	self->hms = maps_open(HEAD NODE(n, 0) CPU(n, 0)
		"target hbm uid=9 kind=device-private size=16383M properties=device-private,persistent\n"
		"target gddr kind=device-coherent size=8T used=0 version=2\t"
		"cache=1:16G:64:direct:write-back cache=2:1K:4096:other:other\n"
		"target odd kind=other size=18446744073709551614 used=unknown properties=described\n"
		"target described kind=node size=1 properties=coherent,described\n"
		"initiator gpu kind=device\ninitiator x kind=other version=2\n"
		"link l initiators=n,gpu targets=n,hbm bandwidth=1.5TB/s:measured latency=80ns\n"
		"link m targets=n,odd read_bandwidth=4294967295 write_bandwidth=7 latency=1us:firmware\n"
		"link k read_latency=5:user write_latency=5:driver write_bandwidth=20GB/s:estimated\n"
		"bridge b from=l to=m initiators=n both=yes latency=1us\n"
		"bridge c from=m to=l uid=4294967295\n");
	expect_round_trip(_metadata, self->hms);
}

/* The maps that come with the source. */
TEST_F(map, machines)
{
	glob_t files;

	ASSERT_EQ(0, glob(MACHINES "/*.hms", 0, NULL, &files));
	ASSERT_LE(5, files.gl_pathc);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		EXPECT_EQ(0, hms_open_file(&self->hms, files.gl_pathv[i], 0, self->error,
					   MAPS_ERROR)) {
			TH_LOG("%s: %s", files.gl_pathv[i], self->error);
		}
		if (!self->hms)
			continue;
		expect_round_trip(_metadata, self->hms);
		hms_close(self->hms);
	}
	self->hms = NULL;
	globfree(&files);
}

TEST_F(map, text_of_a_map)
{
	char *text;

	self->hms = maps_open(HEAD CPU(cpu0, 0)
		"target dram0 kind=node nid=0 size=64G\n"
		"target hbm kind=device-private size=1536M\n"
		"link l0 targets=dram0 bandwidth=90000 latency=1500:measured\n"
		"link l1 read_bandwidth=1500 write_bandwidth=2000\n"
		"bridge b0 from=l0 to=l1 initiators=cpu0\n");
	ASSERT_EQ(0, hms_save(self->hms, &text));
	EXPECT_STREQ(
		"hms-map 1\n"
		"target    dram0       uid=2 kind=node nid=0 size=64G properties=cpu-accessible,coherent\n"
		"target    hbm         uid=3 kind=device-private size=1536M properties=device-private\n"
		"initiator cpu0        uid=1 kind=cpu nid=0\n"
		"link      l0          uid=4 targets=dram0 bandwidth=90GB/s latency=1500ns:measured\n"
		"link      l1          uid=5 read_bandwidth=1500MB/s write_bandwidth=2GB/s\n"
		"bridge    b0          uid=6 from=l0 to=l1 initiators=cpu0\n", text);
	free(text);
}

/* An object as a machine may have it; the handle takes it over. */
static struct object *add_object(struct hms *hms, enum hms_type type, const char *name)
{
	struct object *object = calloc(1, sizeof(*object));

	snprintf(object->name, sizeof(object->name), "%s", name);
	object->public = (struct hms_object){
		.uid = hms->nobjects + 1, .version = 1, .type = type, .name = object->name,
		.nid = -1, .capacity = HMS_BYTES_UNKNOWN, .used = HMS_BYTES_UNKNOWN,
	};
	if (type == HMS_TARGET || type == HMS_INITIATOR)
		object->public.kind = HMS_KIND_DEVICE_COHERENT;
	if (type == HMS_INITIATOR)
		object->public.kind = HMS_KIND_DEVICE;
	if (type == HMS_TARGET)
		object->public.properties = HMS_PROP_CPU_ACCESSIBLE | HMS_PROP_COHERENT;
	hms->objects = reallocarray(hms->objects, hms->nobjects + 1, sizeof(*hms->objects));
	hms->objects[hms->nobjects++] = &object->public;
	return object;
}

/* Names on a machine come from drivers: twice, none, numbers, with blanks. */
TEST_F(map, names_of_a_machine)
{
	static const struct {
		const char *on_machine;
		const char *in_file;
	} names[] = {
		{ "vram", "vram" }, { "vram", "vram-2" }, { "vram-2", "vram-2-3" },
		{ "", "target4" }, { "42", "_42" }, { "a b,c#", "a_b_c_" },
		{ "target4", "target4-7" },
		{ LONG, LONG }, { LONG, LONG_9 },
	};
	const size_t n = sizeof(names) / sizeof(names[0]);
	const struct hms_object *object;
	struct object *bridge;
	struct hms *read;
	char *text;

	self->hms = calloc(1, sizeof(*self->hms));
	self->hms->fd = -1;
	self->hms->scanned = true;
	for (size_t i = 0; i < n; i++)
		add_object(self->hms, HMS_TARGET, names[i].on_machine);
	add_object(self->hms, HMS_INITIATOR, "vram");
	/* It led to a link that has gone since. */
	add_object(self->hms, HMS_LINK, "l");
	bridge = add_object(self->hms, HMS_BRIDGE, "b");
	bridge->public.from = n + 2;
	bridge->public.to = 99;
	ASSERT_EQ(0, hms_save(self->hms, &text));
	read = maps_open(text);
	EXPECT_EQ(n + 2, read->nobjects);
	for (size_t i = 0; i < n; i++) {
		ASSERT_EQ(0, hms_find_uid(read, i + 1, &object));
		EXPECT_STREQ(names[i].in_file, object->name);
	}
	EXPECT_EQ(n + 1, maps_uid(read, HMS_INITIATOR, "vram"));
	hms_close(read);
	free(text);
}

/* A module that is newer than the library: what has no word is left out of the file. */
TEST_F(map, properties_of_a_newer_module)
{
	const struct hms_object *object;
	struct object *some, *none;
	struct hms *read;
	char *text;

	self->hms = calloc(1, sizeof(*self->hms));
	self->hms->fd = -1;
	self->hms->scanned = true;
	some = add_object(self->hms, HMS_TARGET, "some");
	some->public.properties |= 1U << 31 | 1U << 20;
	none = add_object(self->hms, HMS_TARGET, "none");
	none->public.properties = 1U << 31;
	none->public.version = 2;
	ASSERT_EQ(0, hms_save(self->hms, &text));
	read = maps_open(text);
	object = maps_object(read, HMS_TARGET, "some");
	ASSERT_NE(NULL, object);
	EXPECT_EQ(HMS_PROP_CPU_ACCESSIBLE | HMS_PROP_COHERENT, object->properties);
	object = maps_object(read, HMS_TARGET, "none");
	ASSERT_NE(NULL, object);
	EXPECT_EQ(0, object->properties);
	hms_close(read);
	free(text);
}

TEST_F(map, thousand_objects)
{
	size_t size;
	char *text;
	FILE *f = open_memstream(&text, &size);

	fputs(HEAD, f);
	for (int i = 0; i < 250; i++) {
		fprintf(f, "bridge b%d from=l%d to=l%d initiators=i%d bandwidth=%d\n", i, i,
			(i * 7 + 1) % 250, (i * 3) % 250, i + 1);
		fprintf(f, "link l%d targets=t%d,t%d initiators=i%d latency=%d\n", i, i,
			(i + 1) % 250, i, i + 1);
		fprintf(f, "initiator i%d kind=device\n", i);
		fprintf(f, "target t%d kind=device-coherent size=%dG\n", i, i);
	}
	fclose(f);
	self->hms = maps_open(text);
	EXPECT_EQ(1000, self->hms->nobjects);
	free(text);
	expect_round_trip(_metadata, self->hms);
}

TEST_HARNESS_MAIN
