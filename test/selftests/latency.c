// SPDX-License-Identifier: GPL-2.0
/* The histograms in debugfs: who may see them, and that they say what moved and how fast. */

#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "hms_fixture.h"
#include "module.h"

#define DEBUGFS	"/sys/kernel/debug"
#define LATENCY	DEBUGFS "/hms/latency"
#define NPAGES	8
#define ROOM	16UL	/* pages */

enum kind { REQUEST, TOUCH, EVACUATE, EVICT, KINDS };
enum phase { COLLECT, COPY, COMMIT, UNMAPPED, PHASES };

static const char *const kinds[] = { "request", "touch", "evacuate", "evict" };
static const char *const phases[] = { "collect", "copy", "commit", "unmapped" };

/* A line of the table. */
struct line {
	unsigned long long passes, pages, total, max;
	unsigned long long listed;	/* passes, by how long they took */
	unsigned long long bound;	/* what the longest took less than */
};

struct table {
	int counting;
	struct line of[KINDS][PHASES];
};

FIXTURE(latency)
{
	struct env e;
	char *p;
	struct table t;
};

FIXTURE_SETUP(latency)
{
	ASSERT_STREQ("", env_open(&self->e));
	if (access(LATENCY, F_OK))
		mount("debugfs", DEBUGFS, "debugfs", 0, NULL);
	if (access(LATENCY, F_OK))
		SKIP(return, "CONFIG_DEBUG_FS is off in this kernel");
	/* A pass ends where 2 MiB do. */
	self->p = area_huge(MiB(2));
	ASSERT_NE(NULL, self->p);
	ASSERT_EQ(0, madvise(self->p, MiB(2), MADV_NOHUGEPAGE));
	ASSERT_EQ(0, text_write(LATENCY, "1"));
}

FIXTURE_TEARDOWN_PARENT(latency)
{
	if (!access(LATENCY, F_OK))
		EXPECT_EQ(0, text_write(LATENCY, "0"));
	EXPECT_USED_AS_BEFORE(&self->e);
}

static bool parse_buckets(char *text, struct line *line)
{
	unsigned long long bound, passes;
	char *word;

	while ((word = strsep(&text, " "))) {
		if (!*word)
			continue;
		if (sscanf(word, "<%llu:%llu", &bound, &passes) != 2 &&
		    sscanf(word, ">=%llu:%llu", &bound, &passes) != 2)
			return false;
		if (bound <= line->bound)
			return false;
		line->bound = *word == '<' ? bound : ~0ULL;
		line->listed += passes;
	}
	return true;
}

static bool parse_line(char *text, const char *kind, const char *phase, struct line *line)
{
	char its_kind[16], its_phase[16];
	int n = 0;

	memset(line, 0, sizeof(*line));
	if (sscanf(text, "%15s %15s %llu %llu %llu %llu%n", its_kind, its_phase, &line->passes,
		   &line->pages, &line->total, &line->max, &n) != 6)
		return false;
	return !strcmp(its_kind, kind) && !strcmp(its_phase, phase) &&
	       parse_buckets(text + n, line);
}

/* Returns "", or what is wrong with it. */
static const char *table_read(struct table *t)
{
	static char text[16384];
	char *at = text, *line;

	if (text_read(LATENCY, text, sizeof(text)))
		return "unreadable";
	line = strsep(&at, "\n");
	if (sscanf(line, "counting %d", &t->counting) != 1)
		return line;
	strsep(&at, "\n");
	for (int k = 0; k < KINDS; k++) {
		for (int p = 0; p < PHASES; p++) {
			struct line *to = &t->of[k][p];

			line = strsep(&at, "\n");
			if (!line || !parse_line(line, kinds[k], phases[p], to))
				return line ?: "too short";
			if (to->listed != to->passes || to->max > to->total ||
			    (to->passes && to->max >= to->bound))
				return "sums";
		}
	}
	return at ? "too long" : "";
}

#define READ_TABLE()	ASSERT_STREQ("", table_read(&self->t))

/* What is known of the passes of a kind: how many there were, and what moved. */
#define EXPECT_KIND(kind, passes_, pages_)					\
	do {									\
		const struct line *of_ = self->t.of[kind];			\
										\
		for (int phase_ = 0; phase_ < PHASES; phase_++) {		\
			EXPECT_EQ(passes_, of_[phase_].passes);			\
			EXPECT_EQ(pages_, of_[phase_].pages);			\
			EXPECT_EQ(!(passes_), !of_[phase_].total);		\
		}								\
		EXPECT_GE(of_[UNMAPPED].total,					\
			  of_[COLLECT].total + of_[COPY].total + of_[COMMIT].total); \
		EXPECT_GE(of_[UNMAPPED].max, of_[COPY].max);			\
	} while (0)

/* Somewhere else than memory is: another node, or an accelerator. */
static __u32 elsewhere(FIXTURE_DATA(latency) *self)
{
	if (self->e.nsims)
		return self->e.sim[0];
	return self->e.nnodes > 1 && !*feature_missing("node-migration") ?
	       self->e.node[1 - page_node(self->p)] : 0;
}

#define NEED_ELSEWHERE()							\
	do {									\
		fill(self->p, NPAGES * PAGE, 1);				\
		if (!elsewhere(self))						\
			SKIP(return, "needs another place for pages");		\
	} while (0)

HMS_TEST(latency, only_for_root)
{
	struct stat st;

	ASSERT_EQ(0, stat(LATENCY, &st));
	EXPECT_EQ(S_IFREG | 0600, st.st_mode);
	EXPECT_EQ(0, st.st_uid);
}

HMS_TEST(latency, takes_0_and_1)
{
	static const char *const wrong[] = { "2", "-1", "x", "1x", "1 0", "reset", "\n" };

	READ_TABLE();
	EXPECT_EQ(1, self->t.counting);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		EXPECT_EQ(-EINVAL, text_write(LATENCY, wrong[i])) {
			TH_LOG("'%s' was taken", wrong[i]);
		}
	}
	READ_TABLE();
	EXPECT_EQ(1, self->t.counting);
	EXPECT_EQ(0, text_write(LATENCY, "0\n"));
	EXPECT_EQ(0, text_write(LATENCY, "0"));
	READ_TABLE();
	EXPECT_EQ(0, self->t.counting);
}

HMS_TEST(latency, request)
{
	NEED_ELSEWHERE();
	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, elsewhere(self), NULL));
	READ_TABLE();
	EXPECT_KIND(REQUEST, 1, NPAGES);
	EXPECT_KIND(TOUCH, 0, 0);
	EXPECT_KIND(EVICT, 0, 0);

	/* Those that are there need no pass; the others are two. */
	fill(self->p + 16 * PAGE, PAGE, 1);
	fill(self->p + 20 * PAGE, 2 * PAGE, 1);
	ASSERT_EQ(0, migrate(self->e.fd, self->p, 8 * NPAGES * PAGE, elsewhere(self), NULL));
	READ_TABLE();
	EXPECT_EQ(NPAGES + 3, self->t.of[REQUEST][UNMAPPED].pages);
	EXPECT_PATTERN(self->p + 16 * PAGE, PAGE, 1);
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
	EXPECT_PATTERN(self->p + 20 * PAGE, 2 * PAGE, 1);
}

/* Pages of one pass that go to several places. */
HMS_TEST(latency, in_turn)
{
	struct request r;

	NEED_ELSEWHERE();
	request_init(&r, self->p, NPAGES * PAGE);
	request_target(&r, self->e.node[page_node(self->p)]);
	request_target(&r, elsewhere(self));
	request_modifier(&r, HMS_MOD_MODE, HMS_MODE_INTERLEAVE);
	request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
	request_modifier(&r, HMS_MOD_POPULATE, 1);
	r.h.length = 2 * NPAGES * PAGE;
	ASSERT_EQ(0, request_send(&r, self->e.fd));
	EXPECT_EQ(NPAGES / 2, r.h.moved);
	EXPECT_EQ(NPAGES, r.h.populated);
	READ_TABLE();
	EXPECT_EQ(NPAGES / 2 + NPAGES, self->t.of[REQUEST][UNMAPPED].pages);
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
	EXPECT_ZERO(self->p + NPAGES * PAGE, NPAGES * PAGE);
}

HMS_TEST(latency, touch)
{
	long long home;

	NEED_PRIVATE(1);
	fill(self->p, NPAGES * PAGE, 1);
	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0], NULL));
	ASSERT_EQ(0, text_write(LATENCY, "1"));
	home = stat_read("home");
	(void)*(volatile char *)(self->p + 4 * PAGE);
	READ_TABLE();
	EXPECT_KIND(TOUCH, 1, stat_read("home") - home);
	EXPECT_KIND(REQUEST, 0, 0);
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
	READ_TABLE();
	EXPECT_EQ(NPAGES, self->t.of[TOUCH][UNMAPPED].pages);
}

HMS_TEST(latency, evict)
{
	size_t length;
	char *old;

	NEED_SIMS(1);
	ASSERT_NE(NULL, fill_target(&self->e, 0, ROOM * PAGE, &length));
	old = area(ROOM * PAGE);
	ASSERT_NE(NULL, old);
	fill(old, ROOM * PAGE, 1);
	ASSERT_EQ(0, migrate(self->e.fd, old, ROOM * PAGE, self->e.sim[0], NULL));
	ASSERT_EQ(ROOM, pages_on(self->e.fd, old, ROOM * PAGE, self->e.sim[0]));
	ASSERT_EQ(0, text_write(LATENCY, "1"));
	fill(self->p, NPAGES * PAGE, 1);
	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0], NULL));
	READ_TABLE();
	EXPECT_EQ(NPAGES, self->t.of[EVICT][UNMAPPED].pages);
	EXPECT_EQ(NPAGES, self->t.of[REQUEST][UNMAPPED].pages);
	EXPECT_PATTERN(old, ROOM * PAGE, 1);
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

/* After this the accelerators are others. */
HMS_TEST(latency, evacuate)
{
	NEED_SIMS(1);
	if (access(SIM_MODULE, R_OK))
		SKIP(return, "no " SIM_MODULE);
	fill(self->p, NPAGES * PAGE, 1);
	ASSERT_EQ(0, migrate(self->e.fd, self->p, NPAGES * PAGE, self->e.sim[0], NULL));
	for (int i = 0; i < self->e.nsims; i++)
		close(self->e.sim_fd[i]);
	self->e.nsims = 0;
	ASSERT_EQ(0, text_write(LATENCY, "1"));
	ASSERT_EQ(0, sim_unload_wait());
	READ_TABLE();
	EXPECT_KIND(EVACUATE, 1, NPAGES);
	EXPECT_KIND(REQUEST, 0, 0);
	EXPECT_KIND(TOUCH, 0, 0);
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
	EXPECT_EQ(0, modules_load_all());
}

/* What one page takes is as long as what all take, where there is one; many are never less. */
HMS_TEST(latency, longest)
{
	NEED_ELSEWHERE();
	ASSERT_EQ(0, migrate(self->e.fd, self->p, PAGE, elsewhere(self), NULL));
	READ_TABLE();
	EXPECT_KIND(REQUEST, 1, 1);
	EXPECT_EQ(self->t.of[REQUEST][UNMAPPED].total, self->t.of[REQUEST][UNMAPPED].max);
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

HMS_TEST(latency, anew)
{
	NEED_ELSEWHERE();
	ASSERT_EQ(0, migrate(self->e.fd, self->p, PAGE, elsewhere(self), NULL));
	/* What was counted stays when counting ends, and no more is. */
	ASSERT_EQ(0, text_write(LATENCY, "0"));
	ASSERT_EQ(0, migrate(self->e.fd, self->p + PAGE, PAGE, elsewhere(self), NULL));
	READ_TABLE();
	EXPECT_KIND(REQUEST, 1, 1);
	ASSERT_EQ(0, text_write(LATENCY, "1"));
	READ_TABLE();
	for (int kind = 0; kind < KINDS; kind++)
		EXPECT_KIND(kind, 0, 0);
	ASSERT_EQ(0, migrate(self->e.fd, self->p + 2 * PAGE, PAGE, elsewhere(self), NULL));
	READ_TABLE();
	EXPECT_KIND(REQUEST, 1, 1);
	EXPECT_PATTERN(self->p, NPAGES * PAGE, 1);
}

TEST_HARNESS_MAIN
