// SPDX-License-Identifier: GPL-2.0
/*
 * Ways through maps: of the machine of 2018 by figures worked out by hand, of small maps at random
 * against all ways that there are, and of large maps in a time that does not explode.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kselftest_harness.h"
#include "maps.h"

#define HEAD	"hms-map 1\n"
#define CPU	"initiator c kind=cpu nid=0\n"
#define NODE	"target t kind=node nid=0 size=1G\n"

FIXTURE(path) {
	struct hms *hms;
	struct hms_path_list *paths;
	struct hms_path *best;
	struct hms_uid_list *uids;
};

FIXTURE_SETUP(path)
{
}

FIXTURE_TEARDOWN(path)
{
	free(self->paths);
	free(self->best);
	free(self->uids);
	EXPECT_TRUE(maps_close(self->hms));
}

/* Ways from the initiator to the target of these names. */
static struct hms_path_list *paths_between(struct hms *hms, const char *from, const char *to)
{
	struct hms_path_list *list;

	if (hms_paths(hms, maps_uid(hms, HMS_INITIATOR, from), maps_uid(hms, HMS_TARGET, to),
		      &list)) {
		fprintf(stderr, "# %s to %s: %s\n", from, to, hms_last_error(hms));
		abort();
	}
	return list;
}

/* In all that there is of them; NULL: none. */
static bool same_path(const struct hms_path *a, const struct hms_path *b)
{
	if (!a || !b)
		return a == b;
	if (a->nsteps != b->nsteps || memcmp(a->steps, b->steps, a->nsteps * sizeof(*a->steps)))
		return false;
	for (enum hms_attribute i = 0; i < HMS_ATTRIBUTES; i++)
		if (a->values[i].value != b->values[i].value ||
		    a->values[i].source != b->values[i].source)
			return false;
	return true;
}

/* The first one of a list, NULL where it is empty. */
static const struct hms_path *first_path(const struct hms_path_list *list)
{
	return list->n ? &list->paths[0] : NULL;
}

/* Is @path the one that hms_best_path() gives? NULL: none. */
static bool is_best(struct hms *hms, const char *from, const char *to, const struct hms_path *path)
{
	struct hms_path *best;
	bool same;

	if (hms_best_path(hms, maps_uid(hms, HMS_INITIATOR, from), maps_uid(hms, HMS_TARGET, to),
			  &best)) {
		fprintf(stderr, "# %s to %s: %s\n", from, to, hms_last_error(hms));
		abort();
	}
	same = same_path(best, path);
	free(best);
	return same;
}

/* Objects by name: "l0 b0 l1". */
static const char *names_text(struct hms *hms, const uint32_t *uids, size_t n)
{
	static char text[4096];
	const struct hms_object *object;
	char *end = text;

	*end = 0;
	for (size_t i = 0; i < n; i++) {
		if (hms_find_uid(hms, uids[i], &object))
			abort();
		end = stpcpy(stpcpy(end, i ? " " : ""), object->name);
	}
	return text;
}

static const char *steps_text(struct hms *hms, const struct hms_path *path)
{
	return names_text(hms, path->steps, path->nsteps);
}

static const char *uids_text(struct hms *hms, const struct hms_uid_list *list)
{
	return names_text(hms, list->uids, list->n);
}

/* What a way carries, of reading and writing the lesser; 0: not known. */
static uint32_t bandwidth(const struct hms_path *path)
{
	uint32_t read = path->values[HMS_READ_BANDWIDTH].value;
	uint32_t write = path->values[HMS_WRITE_BANDWIDTH].value;

	return read < write ? read : write;
}

/* Of both the greater, 0 when one is not known. */
static uint32_t latency(const struct hms_path *path)
{
	uint32_t read = path->values[HMS_READ_LATENCY].value;
	uint32_t write = path->values[HMS_WRITE_LATENCY].value;

	return !read || !write ? 0 : read > write ? read : write;
}

#define EXPECT_BEST(wish, from, expected) do {						\
	free(self->uids);								\
	self->uids = NULL;								\
	EXPECT_EQ(0, hms_best_targets(self->hms, maps_uid(self->hms, HMS_INITIATOR, from),	\
				      &(wish), &self->uids));				\
	EXPECT_STREQ(expected, uids_text(self->hms, self->uids));			\
} while (0)

#define EXPECT_NEAR(target, expected) do {						\
	free(self->uids);								\
	self->uids = NULL;								\
	EXPECT_EQ(0, hms_near(self->hms, maps_uid(self->hms, HMS_TARGET, target),	\
			      &self->uids));						\
	EXPECT_STREQ(expected, uids_text(self->hms, self->uids));			\
} while (0)

/* ---- the machine of 2018 ---- */

static struct hms *open_proposal(void)
{
	char error[MAPS_ERROR];
	struct hms *hms;

	if (hms_open_file(&hms, MACHINES "/proposal-2018.hms", 0, error, sizeof(error))) {
		fprintf(stderr, "# %s\n", error);
		abort();
	}
	return hms;
}

/* GB/s from each kind of initiator to each kind of target; 0: no way there. */
static const struct {
	const char *from;
	const char *to;
	uint32_t gigabytes;
} proposal[] = {
	{ "cpu0", "hbm0", 200 },	/* its own */
	{ "cpu0", "hbm1", 100 },	/* of the complex beside it */
	{ "cpu0", "hbm2", 100 },	/* of the other node */
	{ "cpu0", "main0", 90 },
	{ "cpu0", "main1", 90 },	/* the memory is slower than the way there */
	{ "cpu3", "main0", 90 },
	{ "cpu0", "gpu0-gddr", 60 },	/* from the root to the GPU */
	{ "cpu0", "gpu7-gddr", 60 },
	{ "cpu0", "gpu0-hbm", 0 },	/* not for CPUs */
	{ "cpu0", "gpu7-hbm", 0 },
	{ "gpu0", "gpu0-hbm", 1000 },
	{ "gpu0", "gpu0-gddr", 500 },
	{ "gpu0", "gpu1-hbm", 400 },
	{ "gpu0", "gpu1-gddr", 400 },	/* 60 by the root */
	{ "gpu0", "gpu7-hbm", 400 },
	{ "gpu0", "main0", 60 },
	{ "gpu0", "main1", 60 },
	{ "gpu5", "hbm0", 60 },
};

TEST_F(path, proposal_bandwidths)
{
	self->hms = open_proposal();
	for (size_t i = 0; i < sizeof(proposal) / sizeof(proposal[0]); i++) {
		free(self->paths);
		self->paths = paths_between(self->hms, proposal[i].from, proposal[i].to);
		EXPECT_EQ(!!proposal[i].gigabytes, self->paths->n > 0) {
			TH_LOG("%s to %s", proposal[i].from, proposal[i].to);
		}
		EXPECT_TRUE(is_best(self->hms, proposal[i].from, proposal[i].to,
				    first_path(self->paths)));
		if (!self->paths->n)
			continue;
		EXPECT_EQ(1000 * proposal[i].gigabytes, bandwidth(&self->paths->paths[0])) {
			TH_LOG("%s to %s", proposal[i].from, proposal[i].to);
		}
		/* The proposal says nothing of latencies. */
		EXPECT_EQ(0, latency(&self->paths->paths[0]));
	}
}

TEST_F(path, proposal_ways)
{
	self->hms = open_proposal();
	self->paths = paths_between(self->hms, "cpu0", "hbm0");
	/* Directly, or by its main memory and the complexes. */
	ASSERT_EQ(2, self->paths->n);
	EXPECT_FALSE(self->paths->truncated);
	EXPECT_STREQ("hbm0", steps_text(self->hms, &self->paths->paths[0]));
	EXPECT_STREQ("main0 node0 complexes complex0-back hbm0",
		     steps_text(self->hms, &self->paths->paths[1]));
	EXPECT_EQ(90000, bandwidth(&self->paths->paths[1]));
	free(self->paths);

	self->paths = paths_between(self->hms, "gpu0", "gpu1-hbm");
	/* CPUs go to no GPU's HBM, and GPUs by their own wires alone: from GDDR, once. */
	ASSERT_LE(1, self->paths->n);
	EXPECT_STREQ("gpu0-gddr gpu0-peer gpus gpus-hbm1 gpu1-hbm",
		     steps_text(self->hms, &self->paths->paths[0]));
	EXPECT_EQ(HMS_SOURCE_DRIVER, self->paths->paths[0].values[HMS_READ_BANDWIDTH].source);
}

TEST_F(path, proposal_choices)
{
	struct hms_wish nodes = { .bandwidth = 1 };
	struct hms_wish device = { .bandwidth = 1, .kind = HMS_KIND_DEVICE };
	struct hms_wish visible = { .bandwidth = 1, .kind = HMS_KIND_DEVICE,
				    .require = HMS_PROP_CPU_ACCESSIBLE };
	struct hms_wish large = { .bandwidth = 1, .min_capacity = 17ULL << 30 };

	self->hms = open_proposal();
	/* Own HBM, that of the others, main memory; the lesser uid first where they are equal. */
	EXPECT_BEST(nodes, "cpu2", "hbm2 hbm0 hbm1 hbm3 main0 main1");
	EXPECT_BEST(large, "cpu2", "main0 main1");
	EXPECT_BEST(nodes, "gpu0", "hbm0 hbm1 hbm2 hbm3 main0 main1");
	EXPECT_BEST(device, "cpu0",
		    "gpu0-gddr gpu1-gddr gpu2-gddr gpu3-gddr gpu4-gddr gpu5-gddr gpu6-gddr gpu7-gddr");
	EXPECT_BEST(visible, "gpu3",
		    "gpu3-gddr gpu0-gddr gpu1-gddr gpu2-gddr gpu4-gddr gpu5-gddr gpu6-gddr gpu7-gddr");
	EXPECT_NEAR("gpu3-hbm", "gpu3 gpu0 gpu1 gpu2 gpu4 gpu5 gpu6 gpu7");
	/* 200; 100 from the other complexes; 60 from GPUs. */
	EXPECT_NEAR("hbm1", "cpu1 cpu0 cpu2 cpu3 gpu0 gpu1 gpu2 gpu3 gpu4 gpu5 gpu6 gpu7");
}

/* ---- one thing at a time ---- */

TEST_F(path, errors)
{
	struct hms_wish wish = { .bandwidth = 1 }, reserved = { .latency = 1, .reserved = { 1 } };
	struct hms_wish cpu = { .bandwidth = 1, .kind = HMS_KIND_CPU }, none = { 0 };

	self->hms = maps_open(HEAD CPU NODE);
	EXPECT_EQ(-ENOENT, hms_paths(self->hms, 2, 2, &self->paths));
	EXPECT_STREQ("paths: no initiator with uid 2", hms_last_error(self->hms));
	EXPECT_EQ(-ENOENT, hms_paths(self->hms, 1, 9, &self->paths));
	EXPECT_STREQ("paths: no target with uid 9", hms_last_error(self->hms));
	EXPECT_EQ(NULL, self->paths);
	self->best = (void *)self;
	EXPECT_EQ(-ENOENT, hms_best_path(self->hms, 2, 2, &self->best));
	EXPECT_STREQ("best path: no initiator with uid 2", hms_last_error(self->hms));
	EXPECT_EQ(NULL, self->best);
	EXPECT_EQ(-ENOENT, hms_best_path(self->hms, 1, 1, &self->best));
	EXPECT_STREQ("best path: no target with uid 1", hms_last_error(self->hms));
	EXPECT_EQ(NULL, self->best);
	EXPECT_EQ(-ENOENT, hms_best_targets(self->hms, 3, &wish, &self->uids));
	EXPECT_STREQ("best targets: no initiator with uid 3", hms_last_error(self->hms));
	EXPECT_EQ(-EINVAL, hms_best_targets(self->hms, 1, &none, &self->uids));
	EXPECT_STREQ("best targets: no weight: what is to count?", hms_last_error(self->hms));
	EXPECT_EQ(-EINVAL, hms_best_targets(self->hms, 1, &reserved, &self->uids));
	EXPECT_STREQ("best targets: a reserved field is not zero", hms_last_error(self->hms));
	EXPECT_EQ(-EINVAL, hms_best_targets(self->hms, 1, &cpu, &self->uids));
	EXPECT_STREQ("best targets: no target is of that kind", hms_last_error(self->hms));
	EXPECT_EQ(-ENOENT, hms_near(self->hms, 1, &self->uids));
	EXPECT_STREQ("near: no target with uid 1", hms_last_error(self->hms));
	EXPECT_EQ(NULL, self->uids);
	/* Nothing leads anywhere: that is no error. */
	EXPECT_EQ(0, hms_paths(self->hms, 1, 2, &self->paths));
	EXPECT_STREQ("", hms_last_error(self->hms));
	EXPECT_EQ(0, self->paths->n);
	self->best = (void *)self;
	EXPECT_EQ(0, hms_best_path(self->hms, 1, 2, &self->best));
	EXPECT_STREQ("", hms_last_error(self->hms));
	EXPECT_EQ(NULL, self->best);
	EXPECT_BEST(wish, "c", "");
	EXPECT_NEAR("t", "");
}

/* A ring of links, both ways round: the target is on one of them, each link is passed once. */
TEST_F(path, cycles)
{
	self->hms = maps_open(HEAD CPU NODE
		"link a initiators=c latency=1\nlink b latency=1\nlink d latency=1 targets=t\n"
		"bridge ab from=a to=b both=yes latency=1\n"
		"bridge bd from=b to=d both=yes latency=1\n"
		"bridge da from=d to=a both=yes latency=1\n");
	self->paths = paths_between(self->hms, "c", "t");
	ASSERT_EQ(2, self->paths->n);
	EXPECT_STREQ("a da-back d", steps_text(self->hms, &self->paths->paths[0]));
	EXPECT_STREQ("a ab b bd d", steps_text(self->hms, &self->paths->paths[1]));
}

/* A target on several links, an initiator on several, two bridges side by side. */
TEST_F(path, several_between_a_pair)
{
	self->hms = maps_open(HEAD CPU NODE
		"link a initiators=c targets=t bandwidth=10\n"
		"link b initiators=c targets=t bandwidth=30\n"
		"bridge x from=a to=b bandwidth=20\nbridge y from=a to=b bandwidth=20\n");
	self->paths = paths_between(self->hms, "c", "t");
	/* b 30; a 10; then, no better than a, over the bridges from a. */
	ASSERT_EQ(4, self->paths->n);
	EXPECT_STREQ("b", steps_text(self->hms, &self->paths->paths[0]));
	EXPECT_STREQ("a", steps_text(self->hms, &self->paths->paths[1]));
	EXPECT_STREQ("a x b", steps_text(self->hms, &self->paths->paths[2]));
	EXPECT_STREQ("a y b", steps_text(self->hms, &self->paths->paths[3]));
	EXPECT_EQ(30, bandwidth(&self->paths->paths[0]));
	EXPECT_EQ(10, bandwidth(&self->paths->paths[2]));
}

TEST_F(path, one_way)
{
	struct hms_wish wish = { .latency = 1 };

	self->hms = maps_open(HEAD
		"initiator c kind=cpu nid=0\ninitiator d kind=cpu nid=1\n"
		"target t kind=node nid=0 size=1\ntarget u kind=node nid=1 size=1\n"
		"link a initiators=c targets=t latency=5\nlink b initiators=d targets=u latency=5\n"
		"bridge x from=a to=b latency=7\n");
	EXPECT_BEST(wish, "c", "t u");
	EXPECT_BEST(wish, "d", "u");
	EXPECT_NEAR("t", "c");
	EXPECT_NEAR("u", "d c");
	self->paths = paths_between(self->hms, "d", "t");
	EXPECT_EQ(0, self->paths->n);
}

/* A bridge for some: the others go round, or not at all. */
TEST_F(path, bridges_for_some)
{
	struct hms_wish wish = { .latency = 1 };

	self->hms = maps_open(HEAD NODE
		"initiator c kind=device\ninitiator d kind=device\ninitiator e kind=device\n"
		"link a initiators=c,d,e latency=1\nlink m latency=1\nlink z targets=t latency=1\n"
		"link y latency=1\n"
		"bridge short from=a to=z initiators=c latency=2\n"
		"bridge long from=a to=m initiators=c,d latency=3\n"
		"bridge on from=m to=y latency=1\nbridge last from=y to=z initiators=d latency=1\n");
	EXPECT_NEAR("t", "c d");
	EXPECT_BEST(wish, "c", "t");
	EXPECT_BEST(wish, "d", "t");
	EXPECT_BEST(wish, "e", "");
	self->paths = paths_between(self->hms, "d", "t");
	ASSERT_EQ(1, self->paths->n);
	EXPECT_STREQ("a long m on y last z", steps_text(self->hms, &self->paths->paths[0]));
	EXPECT_EQ(3, latency(&self->paths->paths[0]));
	free(self->paths);
	self->paths = paths_between(self->hms, "c", "t");
	ASSERT_EQ(1, self->paths->n);
	EXPECT_STREQ("a short z", steps_text(self->hms, &self->paths->paths[0]));
}

static void expect_value(struct __test_metadata *_metadata, const struct hms_path *path,
			 enum hms_attribute attribute, uint32_t value, enum hms_source source)
{
	EXPECT_EQ(value, path->values[attribute].value);
	EXPECT_EQ(source, path->values[attribute].source);
}

/* Each value is that of its own worst step, and says where it comes from. */
TEST_F(path, worst_step)
{
	const struct hms_path *path;

	self->hms = maps_open(HEAD CPU NODE
		"link a initiators=c bandwidth=50:firmware latency=100:measured\n"
		"bridge x from=a to=b read_bandwidth=40:user write_bandwidth=60 latency=90\n"
		"link b targets=t bandwidth=45:estimated read_latency=80 write_latency=200:user\n");
	self->paths = paths_between(self->hms, "c", "t");
	ASSERT_EQ(1, self->paths->n);
	path = &self->paths->paths[0];
	EXPECT_EQ(3, path->nsteps);
	expect_value(_metadata, path, HMS_READ_BANDWIDTH, 40, HMS_SOURCE_USER);
	expect_value(_metadata, path, HMS_WRITE_BANDWIDTH, 45, HMS_SOURCE_ESTIMATED);
	expect_value(_metadata, path, HMS_READ_LATENCY, 100, HMS_SOURCE_MEASURED);
	expect_value(_metadata, path, HMS_WRITE_LATENCY, 200, HMS_SOURCE_USER);
}

/* One step of which nothing is known hides the rest of the way; a known way is before it. */
TEST_F(path, unknown)
{
	struct hms_wish wish = { .bandwidth = 1 };

	self->hms = maps_open(HEAD CPU NODE
		"target u kind=node nid=1 size=1\ntarget v kind=node nid=2 size=1\n"
		"link a initiators=c targets=u bandwidth=50 latency=1\n"
		"bridge x from=a to=b bandwidth=1000 latency=1\n"
		"link b targets=t read_bandwidth=1000 latency=1\n"
		"link s initiators=c targets=t bandwidth=1\n"
		"link v initiators=c targets=v bandwidth=2\n");
	self->paths = paths_between(self->hms, "c", "t");
	ASSERT_EQ(2, self->paths->n);
	EXPECT_STREQ("s", steps_text(self->hms, &self->paths->paths[0]));
	expect_value(_metadata, &self->paths->paths[0], HMS_READ_LATENCY, 0, HMS_SOURCE_UNKNOWN);
	EXPECT_STREQ("a x b", steps_text(self->hms, &self->paths->paths[1]));
	/* Reading is known on all of it, writing is not. */
	expect_value(_metadata, &self->paths->paths[1], HMS_READ_BANDWIDTH, 50, HMS_SOURCE_DRIVER);
	expect_value(_metadata, &self->paths->paths[1], HMS_WRITE_BANDWIDTH, 0, HMS_SOURCE_UNKNOWN);
	expect_value(_metadata, &self->paths->paths[1], HMS_READ_LATENCY, 1, HMS_SOURCE_DRIVER);
	EXPECT_BEST(wish, "c", "u v t");
	/* By latency only the way over b counts, and to v none is known. */
	wish = (struct hms_wish){ .latency = 1 };
	EXPECT_BEST(wish, "c", "t u v");
}

/* What is quick or short, but not wide, is no part of the best way; nor what is wide and slow. */
TEST_F(path, best_path_in_order)
{
	self->hms = maps_open(HEAD CPU NODE
		"link a initiators=c bandwidth=9 latency=1\n"
		"link z targets=t bandwidth=8 latency=1\n"
		"link m bandwidth=9 latency=5\nlink n bandwidth=20 latency=4\n"
		"bridge short from=a to=z bandwidth=7 latency=1\n"
		"bridge slow from=a to=z bandwidth=9 latency=6\n"
		"bridge am from=a to=m bandwidth=9 latency=5\n"
		"bridge mz2 from=m to=z bandwidth=8 latency=3\n"
		"bridge mz1 from=m to=z bandwidth=9 latency=5\n"
		"bridge mn from=m to=n bandwidth=9 latency=1\n"
		"bridge nz from=n to=z bandwidth=9 latency=1\n");
	ASSERT_EQ(0, hms_best_path(self->hms, maps_uid(self->hms, HMS_INITIATOR, "c"),
				   maps_uid(self->hms, HMS_TARGET, "t"), &self->best));
	/* 8 and 5, as z and m have it; by n too, in more steps; of two alike the lesser uid. */
	EXPECT_STREQ("a am m mz2 z", steps_text(self->hms, self->best));
	EXPECT_EQ(8, bandwidth(self->best));
	EXPECT_EQ(5, latency(self->best));
}

/* Of the best by bandwidth and by latency each, not of one way that has both. */
TEST_F(path, two_measures_two_ways)
{
	struct hms_wish both = { .bandwidth = 1, .latency = 1 };

	self->hms = maps_open(HEAD CPU NODE
		"target u kind=node nid=1 size=1\n"
		"link wide initiators=c targets=t bandwidth=100 latency=100\n"
		"link quick initiators=c targets=t bandwidth=10 latency=10\n"
		"link middle initiators=c targets=u bandwidth=90 latency=20\n");
	/* t: 100/100 + 10/10 = 2; u: 90/100 + 10/20 = 1.4 */
	EXPECT_BEST(both, "c", "t u");
}

TEST_F(path, weights)
{
	struct hms_wish wish = { .bandwidth = 1, .capacity = 1 };

	self->hms = maps_open(HEAD CPU
		"target fast kind=node nid=0 size=10G\n"
		"target large kind=node nid=1 size=100G used=20G\n"
		"target odd kind=node nid=2 size=unknown\n"
		"link a initiators=c targets=fast bandwidth=100\n"
		"link b initiators=c targets=large bandwidth=20\n"
		"link d initiators=c targets=odd bandwidth=50\n");
	/* fast: 1 + 10/80 = 1.125; large: 0.2 + 1 = 1.2; odd: 0.5 + 0 */
	EXPECT_BEST(wish, "c", "large fast odd");
	/* fast: 2.125; large: 1.4; odd: 1 */
	wish.bandwidth = 2;
	EXPECT_BEST(wish, "c", "fast large odd");
	wish.min_free = 81ULL << 30;
	EXPECT_BEST(wish, "c", "");
	wish.min_free = 80ULL << 30;
	EXPECT_BEST(wish, "c", "large");
	wish = (struct hms_wish){ .capacity = 7, .min_capacity = 1 };
	EXPECT_BEST(wish, "c", "large fast");
}

TEST_F(path, kinds_and_properties)
{
	struct hms_wish wish = { .bandwidth = 1 };

	self->hms = maps_open(HEAD CPU NODE
		"target p kind=node nid=1 size=1 properties=cpu-accessible,coherent,persistent\n"
		"target described kind=node size=1 properties=cpu-accessible,coherent,described\n"
		"target hbm kind=device-private size=1\ntarget gddr kind=device-coherent size=1\n"
		"target bar kind=other size=1 properties=cpu-accessible\n"
		"link l initiators=c targets=t,p,described,hbm,gddr,bar bandwidth=1\n");
	EXPECT_BEST(wish, "c", "t p");
	wish.require = HMS_PROP_PERSISTENT;
	EXPECT_BEST(wish, "c", "p");
	wish.require = HMS_PROP_DESCRIBED;
	EXPECT_BEST(wish, "c", "described");
	wish.require = 0;
	wish.refuse = HMS_PROP_PERSISTENT;
	EXPECT_BEST(wish, "c", "t");
	wish = (struct hms_wish){ .bandwidth = 1, .kind = HMS_KIND_DEVICE };
	EXPECT_BEST(wish, "c", "hbm gddr");
	wish.kind = HMS_KIND_DEVICE_PRIVATE;
	EXPECT_BEST(wish, "c", "hbm");
	wish.kind = HMS_KIND_OTHER;
	EXPECT_BEST(wish, "c", "bar");
}

/* ---- weights ---- */

#define WEIGHED	8

/* "4 1", or the error; of the targets t0, t1 ... by the initiator named c. */
static const char *weights_of(struct hms *hms, unsigned int n, bool here)
{
	static char text[512];
	uint32_t targets[WEIGHED], weights[WEIGHED];
	uint32_t from = here ? 0 : maps_uid(hms, HMS_INITIATOR, "c");
	char name[16];
	int at = 0, ret;

	for (unsigned int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "t%u", i);
		targets[i] = maps_uid(hms, HMS_TARGET, name);
	}
	ret = hms_weights(hms, from, targets, n, weights);
	if (ret)
		return hms_last_error(hms);
	for (unsigned int i = 0; i < n; i++)
		at += snprintf(text + at, sizeof(text) - at, "%s%u", i ? " " : "", weights[i]);
	return text;
}

/* A link for each target, with this bandwidth for reading. */
static struct hms *map_of_bandwidths(const unsigned int *bandwidths, unsigned int n)
{
	char text[2048];
	int at = snprintf(text, sizeof(text), HEAD "initiator c kind=cpu\n");

	for (unsigned int i = 0; i < n; i++) {
		at += snprintf(text + at, sizeof(text) - at, "target t%u kind=node size=1\n", i);
		at += snprintf(text + at, sizeof(text) - at,
			       "link l%u initiators=c targets=t%u read_bandwidth=%u\n", i, i,
			       bandwidths[i]);
	}
	return maps_open(text);
}

TEST_F(path, weights_by_bandwidth)
{
	static const struct {
		unsigned int n, bandwidths[WEIGHED];
		const char *weights;
	} cases[] = {
		{ 1, { 12345 }, "1" },
		{ 2, { 20480, 5120 }, "4 1" },
		{ 2, { 5120, 20480 }, "1 4" },
		{ 3, { 7, 7, 7 }, "1 1 1" },
		{ 3, { 20480, 10240, 4096 }, "10 5 2" },
		{ 2, { 3000, 2000 }, "3 2" },
		/* 5 % off is close enough, and one more is not. */
		{ 2, { 1050, 1000 }, "1 1" },
		{ 2, { 1060, 1000 }, "10 9" },
		{ 2, { 409600, 38400 }, "11 1" },
		{ 2, { 255, 1 }, "255 1" },
		{ 2, { 256, 1 }, "255 1" },
		{ 3, { 4000000000u, 1, 2000000000 }, "255 1 128" },
		{ 3, { 1000, 10, 15 }, "200 2 3" },
		/* With 3 and 2 the first would be 300: nothing is close, so the closest. */
		{ 3, { 1500, 10, 15 }, "150 1 2" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		self->hms = map_of_bandwidths(cases[i].bandwidths, cases[i].n);
		EXPECT_STREQ(cases[i].weights, weights_of(self->hms, cases[i].n, false));
		EXPECT_TRUE(maps_close(self->hms));
	}
	self->hms = NULL;
}

/* Over the best way, whatever else leads there. */
TEST_F(path, weights_by_the_best_way)
{
	self->hms = maps_open(HEAD "initiator c kind=cpu\ninitiator d kind=device\n"
		"target t0 kind=node size=1\ntarget t1 kind=node size=1\n"
		"link near initiators=c targets=t0 bandwidth=900\n"
		"link far initiators=d targets=t1 bandwidth=600\n"
		"link thin initiators=c targets=t1 bandwidth=100\n"
		"bridge up from=near to=far bandwidth=300\n");
	EXPECT_STREQ("3 1", weights_of(self->hms, 2, false));
}

TEST_F(path, weights_can_not_be_told)
{
	uint32_t uid, weight;

	self->hms = maps_open(HEAD "initiator c kind=cpu\ntarget t0 kind=node size=1\n"
		"target t1 kind=node size=1\ntarget t2 kind=node size=1\n"
		"link a initiators=c targets=t0 bandwidth=9\n"
		"link b initiators=c targets=t1 write_bandwidth=9\n");
	EXPECT_STREQ("1", weights_of(self->hms, 1, false));
	EXPECT_STREQ("weights: target 1 (uid 3, t1): not known how fast initiator 1 (c) reads it",
		     weights_of(self->hms, 2, false));
	uid = maps_uid(self->hms, HMS_TARGET, "t2");
	EXPECT_EQ(-ENODATA, hms_weights(self->hms, 1, &uid, 1, &weight));
	EXPECT_STREQ("weights: target 0 (uid 4, t2): can't be reached from the initiator",
		     hms_last_error(self->hms));
	EXPECT_EQ(-EINVAL, hms_weights(self->hms, 1, &uid, 0, &weight));
	EXPECT_EQ(-EINVAL, hms_weights(self->hms, 1, &uid, HMS_MAX_TARGETS + 1, &weight));
	EXPECT_STREQ("weights: targets: too many, or too few for what is asked",
		     hms_last_error(self->hms));
	EXPECT_EQ(-ENOENT, hms_weights(self->hms, uid, &uid, 1, &weight));
	EXPECT_STREQ("weights: no initiator with uid 4", hms_last_error(self->hms));
	uid = 1;
	EXPECT_EQ(-ENOENT, hms_weights(self->hms, 1, &uid, 1, &weight));
	EXPECT_STREQ("weights: no target with uid 1", hms_last_error(self->hms));
	/* No CPUs of this map are here. */
	EXPECT_STREQ("find name: no initiator here", weights_of(self->hms, 1, true));
	/* So they can't be set without weights either; the module is not even asked. */
	EXPECT_EQ(-ENOENT, hms_bind(self->hms, NULL, 4096, HMS_MODE_WEIGHTED, &uid, 1, 0, NULL));
	EXPECT_EQ(-ENOENT, hms_policy(self->hms, NULL, 4096, HMS_MODE_WEIGHTED, &uid, 1, 0));
}

/* ---- against all ways that there are ---- */

#define MOST_WAYS	60000
#define MOST_STEPS	32

struct way {
	uint32_t bandwidth;	/* 0: not known */
	uint32_t latency;
	size_t nsteps;
	uint32_t steps[MOST_STEPS];
};

static struct way all_ways[MOST_WAYS];
static size_t nall_ways;

static bool on_link(const struct hms_object *link, uint32_t uid)
{
	for (size_t i = 0; i < link->nlinks; i++)
		if (link->links[i] == uid)
			return true;
	return false;
}

static bool may_cross(const struct hms_object *bridge, uint32_t initiator)
{
	for (size_t i = 0; i < bridge->ninitiators; i++)
		if (bridge->initiators[i] == initiator)
			return true;
	return !bridge->ninitiators;
}

static uint32_t lesser(const struct hms_object *o, enum hms_attribute a)
{
	return o->values[a].value < o->values[a + 1].value ? o->values[a].value :
							     o->values[a + 1].value;
}

static void add_step(struct way *way, const struct hms_object *step)
{
	uint32_t wide = lesser(step, HMS_READ_BANDWIDTH);
	uint32_t slow = lesser(step, HMS_READ_LATENCY) ?
			step->values[HMS_READ_LATENCY].value +
			step->values[HMS_WRITE_LATENCY].value -
			lesser(step, HMS_READ_LATENCY) : 0;

	if (!way->nsteps || (way->bandwidth && wide < way->bandwidth))
		way->bandwidth = wide;
	if (!way->nsteps || !slow || (way->latency && slow > way->latency))
		way->latency = slow;
	way->steps[way->nsteps++] = step->uid;
}

static bool passed(const struct way *way, uint32_t link)
{
	for (size_t i = 0; i < way->nsteps; i += 2)
		if (way->steps[i] == link)
			return true;
	return false;
}

static void walk(struct hms *hms, uint32_t from, uint32_t to, struct way way,
		 const struct hms_object *link)
{
	const struct hms_object *bridge, *next;

	add_step(&way, link);
	if (on_link(link, to) && nall_ways < MOST_WAYS)
		all_ways[nall_ways++] = way;
	hms_for_each(hms, HMS_BRIDGE, bridge) {
		struct way on = way;

		if (bridge->from != link->uid || !may_cross(bridge, from) ||
		    passed(&way, bridge->to) || hms_find_uid(hms, bridge->to, &next))
			continue;
		add_step(&on, bridge);
		walk(hms, from, to, on, next);
	}
}

static int compare_ways(const void *a, const void *b)
{
	const struct way *x = a, *y = b;

	if (x->bandwidth != y->bandwidth)
		return x->bandwidth > y->bandwidth ? -1 : 1;
	if (x->latency != y->latency)
		return !y->latency || (x->latency && x->latency < y->latency) ? -1 : 1;
	if (x->nsteps != y->nsteps)
		return x->nsteps < y->nsteps ? -1 : 1;
	for (size_t i = 0; i < x->nsteps; i++)
		if (x->steps[i] != y->steps[i])
			return x->steps[i] < y->steps[i] ? -1 : 1;
	return 0;
}

static void walk_all(struct hms *hms, uint32_t from, uint32_t to)
{
	const struct hms_object *link;
	struct way none = { 0 };

	nall_ways = 0;
	hms_for_each(hms, HMS_LINK, link)
		if (on_link(link, from))
			walk(hms, from, to, none, link);
	qsort(all_ways, nall_ways, sizeof(all_ways[0]), compare_ways);
}

/* What is wrong with a list of paths, or NULL. Those that do not fit must be the worst. */
static const char *compare_paths(const struct hms_path_list *list)
{
	size_t n = nall_ways < HMS_MAX_PATHS ? nall_ways : HMS_MAX_PATHS;

	if (list->n != n)
		return "their number";
	if (list->truncated != (nall_ways > HMS_MAX_PATHS))
		return "truncated or not";
	for (size_t i = 0; i < n; i++) {
		const struct hms_path *path = &list->paths[i];
		const struct way *way = &all_ways[i];

		if (bandwidth(path) != way->bandwidth || latency(path) != way->latency ||
		    path->nsteps != way->nsteps)
			return "values";
		/* Of equal ones at the end, others may have been left out. */
		if (!list->truncated &&
		    memcmp(path->steps, way->steps, way->nsteps * sizeof(*way->steps)))
			return "steps";
	}
	return NULL;
}

struct found {
	uint32_t uid;
	uint32_t bandwidth;
	uint32_t latency;
};

/* The best of all ways, by each measure for itself. False: there is none. */
static bool find_best(struct found *found, uint32_t uid)
{
	*found = (struct found){ .uid = uid };
	for (size_t i = 0; i < nall_ways; i++) {
		const struct way *way = &all_ways[i];

		if (way->bandwidth > found->bandwidth)
			found->bandwidth = way->bandwidth;
		if (way->latency && (!found->latency || way->latency < found->latency))
			found->latency = way->latency;
	}
	return nall_ways;
}

static int by_latency(const struct found *x, const struct found *y)
{
	if (x->latency == y->latency)
		return 0;
	return !y->latency || (x->latency && x->latency < y->latency) ? -1 : 1;
}

static int by_bandwidth(const struct found *x, const struct found *y)
{
	return (x->bandwidth < y->bandwidth) - (x->bandwidth > y->bandwidth);
}

static int by_uid(const struct found *x, const struct found *y)
{
	return (x->uid > y->uid) - (x->uid < y->uid);
}

static int compare_best_bandwidth(const void *a, const void *b)
{
	return by_bandwidth(a, b) ?: by_uid(a, b);
}

static int compare_best_latency(const void *a, const void *b)
{
	return by_latency(a, b) ?: by_uid(a, b);
}

static int compare_near(const void *a, const void *b)
{
	return by_latency(a, b) ?: by_bandwidth(a, b) ?: by_uid(a, b);
}

static bool same_uids(const struct hms_uid_list *list, struct found *found, size_t n,
		      int (*compare)(const void *a, const void *b))
{
	qsort(found, n, sizeof(*found), compare);
	if (list->n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (list->uids[i] != found[i].uid)
			return false;
	return true;
}

/* "a1,a4": some of n, nothing for none. */
static void print_some(FILE *f, const char *key, const char *name, int n, int percent)
{
	bool first = true;

	for (int i = 0; i < n; i++) {
		if (maps_random(100) >= (unsigned long)percent)
			continue;
		if (first)
			fprintf(f, " %s=", key);
		fprintf(f, "%s%s%d", first ? "" : ",", name, i);
		first = false;
	}
}

/* Few values, so that many ways are equal; some are not known. */
static void print_values(FILE *f)
{
	if (maps_random(8))
		fprintf(f, " bandwidth=%lu", 1 + maps_random(5));
	else if (maps_random(2))
		fprintf(f, " read_bandwidth=%lu", 1 + maps_random(5));
	if (maps_random(8))
		fprintf(f, " read_latency=%lu write_latency=%lu", 1 + maps_random(5),
			1 + maps_random(5));
	fputc('\n', f);
}

struct size {
	int initiators, targets, links, bridges;
};

static struct hms *random_map(struct size size)
{
	size_t length;
	struct hms *hms;
	char *text;
	FILE *f = open_memstream(&text, &length);

	fputs(HEAD, f);
	for (int i = 0; i < size.bridges; i++) {
		int from = maps_random(size.links);

		fprintf(f, "bridge b%d from=l%d to=l%lu", i, from,
			(from + 1 + maps_random(size.links - 1)) % size.links);
		if (!maps_random(3))
			print_some(f, "initiators", "i", size.initiators, 40);
		print_values(f);
	}
	for (int i = 0; i < size.links; i++) {
		fprintf(f, "link l%d", i);
		print_some(f, "initiators", "i", size.initiators, 30);
		print_some(f, "targets", "t", size.targets, 30);
		print_values(f);
	}
	for (int i = 0; i < size.initiators; i++)
		fprintf(f, "initiator i%d kind=device\n", i);
	for (int i = 0; i < size.targets; i++)
		fprintf(f, "target t%d kind=node nid=%d size=1G\n", i, i);
	fclose(f);
	hms = maps_open(text);
	free(text);
	return hms;
}

static struct size random_size(void)
{
	return (struct size){
		.initiators = 1 + maps_random(4), .targets = 1 + maps_random(4),
		.links = 2 + maps_random(5), .bridges = maps_random(14),
	};
}

/* Does it go as the very best of all ways does? Values are compared with those of a path. */
static bool is_first_way(const struct hms_path *best)
{
	if (!best || !nall_ways)
		return !best && !nall_ways;
	return best->nsteps == all_ways[0].nsteps &&
	       !memcmp(best->steps, all_ways[0].steps, best->nsteps * sizeof(*best->steps));
}

TEST_F(path, all_ways_at_random)
{
	for (int round = 0; round < 3000; round++) {
		const struct hms_object *from, *to;

		self->hms = random_map(random_size());
		hms_for_each(self->hms, HMS_INITIATOR, from) {
			hms_for_each(self->hms, HMS_TARGET, to) {
				walk_all(self->hms, from->uid, to->uid);
				ASSERT_EQ(0, hms_paths(self->hms, from->uid, to->uid,
						       &self->paths));
				ASSERT_EQ(NULL, compare_paths(self->paths));
				ASSERT_EQ(0, hms_best_path(self->hms, from->uid, to->uid,
							   &self->best));
				ASSERT_TRUE(is_first_way(self->best));
				ASSERT_TRUE(same_path(self->best, first_path(self->paths)));
				free(self->paths);
				free(self->best);
				self->paths = NULL;
				self->best = NULL;
			}
		}
		hms_close(self->hms);
		self->hms = NULL;
	}
}

TEST_F(path, best_and_near_at_random)
{
	struct hms_wish wide = { .bandwidth = 1 }, quick = { .latency = 3 };

	for (int round = 0; round < 4000; round++) {
		const struct hms_object *from, *to;
		struct found found[8];
		size_t n;

		self->hms = random_map(random_size());
		hms_for_each(self->hms, HMS_INITIATOR, from) {
			n = 0;
			hms_for_each(self->hms, HMS_TARGET, to) {
				walk_all(self->hms, from->uid, to->uid);
				n += find_best(&found[n], to->uid);
			}
			ASSERT_EQ(0, hms_best_targets(self->hms, from->uid, &wide, &self->uids));
			ASSERT_TRUE(same_uids(self->uids, found, n, compare_best_bandwidth));
			free(self->uids);
			ASSERT_EQ(0, hms_best_targets(self->hms, from->uid, &quick, &self->uids));
			ASSERT_TRUE(same_uids(self->uids, found, n, compare_best_latency));
			free(self->uids);
			self->uids = NULL;
		}
		hms_for_each(self->hms, HMS_TARGET, to) {
			n = 0;
			hms_for_each(self->hms, HMS_INITIATOR, from) {
				walk_all(self->hms, from->uid, to->uid);
				n += find_best(&found[n], from->uid);
			}
			ASSERT_EQ(0, hms_near(self->hms, to->uid, &self->uids));
			ASSERT_TRUE(same_uids(self->uids, found, n, compare_near));
			free(self->uids);
			self->uids = NULL;
		}
		hms_close(self->hms);
		self->hms = NULL;
	}
}

/* More than fit: the best are there, whatever decides: bandwidth, latency, steps. */
TEST_F(path, more_than_fit)
{
	int truncated = 0;

	for (int round = 0; round < 60; round++) {
		self->hms = random_map((struct size){ .initiators = 1, .targets = 1, .links = 9,
						      .bridges = 42 });
		walk_all(self->hms, maps_uid(self->hms, HMS_INITIATOR, "i0"),
			 maps_uid(self->hms, HMS_TARGET, "t0"));
		self->paths = paths_between(self->hms, "i0", "t0");
		if (nall_ways < MOST_WAYS) {
			ASSERT_EQ(NULL, compare_paths(self->paths));
			truncated += self->paths->truncated;
		}
		ASSERT_TRUE(is_best(self->hms, "i0", "t0", first_path(self->paths)));
		free(self->paths);
		self->paths = NULL;
		hms_close(self->hms);
		self->hms = NULL;
	}
	EXPECT_LE(10, truncated);
}

/* ---- large maps ---- */

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Every link leads to every other one, and nobody knows how fast: more ways than can be counted. */
TEST_F(path, dense)
{
	double start = seconds();
	size_t length;
	char *text;
	FILE *f = open_memstream(&text, &length);

	fputs(HEAD CPU NODE, f);
	for (int i = 0; i < 60; i++) {
		fprintf(f, "link l%d%s%s\n", i, i == 0 ? " initiators=c" : "",
			i == 59 ? " targets=t" : "");
		for (int j = 0; j < 60; j++)
			if (i != j)
				fprintf(f, "bridge b%d-%d from=l%d to=l%d\n", i, j, i, j);
	}
	fclose(f);
	self->hms = maps_open(text);
	free(text);
	self->paths = paths_between(self->hms, "c", "t");
	EXPECT_EQ(HMS_MAX_PATHS, self->paths->n);
	EXPECT_TRUE(self->paths->truncated);
	/* 1 way of 3 steps, 58 of 5, the rest of 7. */
	EXPECT_STREQ("l0 b0-59 l59", steps_text(self->hms, &self->paths->paths[0]));
	EXPECT_TRUE(is_best(self->hms, "c", "t", first_path(self->paths)));
	EXPECT_EQ(5, self->paths->paths[1].nsteps);
	EXPECT_EQ(5, self->paths->paths[58].nsteps);
	EXPECT_EQ(7, self->paths->paths[59].nsteps);
	EXPECT_EQ(7, self->paths->paths[HMS_MAX_PATHS - 1].nsteps);
	EXPECT_GT(30, seconds() - start);
}

/* A ladder whose rungs double the ways at each step; only the last way out is known to be slow. */
TEST_F(path, ladder)
{
	double start = seconds();
	size_t length;
	char *text;
	FILE *f = open_memstream(&text, &length);

	fputs(HEAD CPU NODE "link l0 initiators=c bandwidth=9 latency=9\n", f);
	for (int i = 1; i <= 200; i++) {
		fprintf(f, "link l%d bandwidth=9 latency=9%s\n", i, i == 200 ? " targets=t" : "");
		fprintf(f, "bridge x%d from=l%d to=l%d bandwidth=%d latency=9\n", i, i - 1, i,
			i == 200 ? 5 : 9);
		fprintf(f, "bridge y%d from=l%d to=l%d bandwidth=9 latency=%d\n", i, i - 1, i,
			i == 200 ? 8 : 9);
	}
	fclose(f);
	self->hms = maps_open(text);
	free(text);
	self->paths = paths_between(self->hms, "c", "t");
	EXPECT_EQ(HMS_MAX_PATHS, self->paths->n);
	EXPECT_TRUE(self->paths->truncated);
	EXPECT_EQ(9, bandwidth(&self->paths->paths[0]));
	EXPECT_EQ(9, bandwidth(&self->paths->paths[HMS_MAX_PATHS - 1]));
	EXPECT_TRUE(is_best(self->hms, "c", "t", first_path(self->paths)));
	EXPECT_EQ(401, self->paths->paths[0].nsteps);
	EXPECT_GT(30, seconds() - start);
}

/* A chain of ten thousand links: no deep recursion, no square of the number. */
TEST_F(path, long_chain)
{
	struct hms_wish wish = { .latency = 1 };
	double start = seconds();
	size_t length;
	char *text;
	FILE *f = open_memstream(&text, &length);

	fputs(HEAD CPU "link l0 initiators=c latency=1\n", f);
	for (int i = 1; i < 10000; i++) {
		fprintf(f, "link l%d latency=1 targets=t%d\n", i, i);
		fprintf(f, "bridge b%d from=l%d to=l%d latency=%d both=yes\n", i, i - 1, i, i);
		fprintf(f, "target t%d kind=node nid=%d size=1\n", i, i);
	}
	fclose(f);
	self->hms = maps_open(text);
	free(text);
	EXPECT_EQ(0, hms_best_targets(self->hms, 1, &wish, &self->uids));
	ASSERT_EQ(9999, self->uids->n);
	EXPECT_EQ(maps_uid(self->hms, HMS_TARGET, "t1"), self->uids->uids[0]);
	EXPECT_EQ(maps_uid(self->hms, HMS_TARGET, "t9999"), self->uids->uids[9998]);
	free(self->uids);
	EXPECT_EQ(0, hms_near(self->hms, maps_uid(self->hms, HMS_TARGET, "t9999"), &self->uids));
	EXPECT_EQ(1, self->uids->n);
	self->paths = paths_between(self->hms, "c", "t9999");
	ASSERT_EQ(1, self->paths->n);
	EXPECT_TRUE(is_best(self->hms, "c", "t9999", first_path(self->paths)));
	EXPECT_EQ(19999, self->paths->paths[0].nsteps);
	EXPECT_EQ(9999, latency(&self->paths->paths[0]));
	EXPECT_GT(30, seconds() - start);
}

TEST_F(path, thousand_objects)
{
	struct hms_wish wish = { .bandwidth = 1, .latency = 1 };
	double start;

	self->hms = random_map((struct size){ .initiators = 150, .targets = 150, .links = 200,
					      .bridges = 500 });
	start = seconds();
	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(0, hms_best_targets(self->hms, maps_uid(self->hms, HMS_INITIATOR, "i0"),
					      &wish, &self->uids));
		EXPECT_EQ(150, self->uids->n);
		free(self->uids);
		ASSERT_EQ(0, hms_near(self->hms, maps_uid(self->hms, HMS_TARGET, "t9"),
				      &self->uids));
		EXPECT_EQ(150, self->uids->n);
		free(self->uids);
		self->uids = NULL;
	}
	/* Without sanitizers it is a fortieth of that. */
	EXPECT_GT(20 * 2 * 0.2, seconds() - start);
}

TEST_HARNESS_MAIN
