// SPDX-License-Identifier: GPL-2.0
/*
 * Loading fails, at one allocation after the other: then nothing of the module is left; or it is
 * loaded after all, and works. Ends with both modules loaded, whatever happens.
 */

#include "failnth.h"
#include "hms_fixture.h"
#include "module.h"

/* One allocation in so many: loading takes its time, and its callers ask for much of the same. */
#define STRIDE	3

FIXTURE(loadfail)
{
	int nth;
};

FIXTURE_SETUP(loadfail)
{
	const char *why = failnth_open(&self->nth);

	if (*why)
		SKIP(return, "%s", why);
	if (access(HMS_MODULE, R_OK) || access(SIM_MODULE, R_OK))
		SKIP(return, "no " HMS_MODULE " and " SIM_MODULE);
	ASSERT_EQ(0, modules_load_all());
	ASSERT_EQ(0, sim_unload());
}

FIXTURE_TEARDOWN_PARENT(loadfail)
{
	EXPECT_EQ(0, modules_load_all());
}

typedef FIXTURE_DATA(loadfail) loadfail_t;

/* One load with the n-th allocation failing; @left as failnth_disarm() has it. */
static int load(loadfail_t *s, const char *file, const char *parameters, int n, int *left)
{
	int ret;

	if (failnth_arm(s->nth, n))
		return -EIO;
	ret = module_load(file, parameters);
	*left = failnth_disarm(s->nth);
	return *left < 0 ? -EIO : ret;
}

/* As it should be after a load that failed, or that worked. */
static const char *check_hms(int ret)
{
	struct env e;
	const char *why;

	if (ret) {
		if (module_is_loaded("hms"))
			return "loaded all the same";
		if (!access(DEV_HMS, F_OK))
			return DEV_HMS " is left";
		return access(SYS_DEVICES, F_OK) ? "" : SYS_DEVICES " is left";
	}
	/* What core leaves out for want of memory (an event, a name in /sys) is its choice. */
	why = env_open(&e);
	if (*why)
		return why;
	why = e.nnodes < 1 ? "no node target" : "";
	env_close(&e);
	return why;
}

static const char *check_sim(int ret)
{
	__u32 targets = 0;
	struct object *o;
	int n = map_read(&o);

	for (int i = 0; i < n; i++)
		targets += !strcmp(o[i].kind, "device-private");
	free(o);
	if (ret)
		return targets || module_is_loaded("hms_sim") ? "something is left" : "";
	return targets == 1 ? "" : "not one target";
}

static const struct loadfail_module {
	const char *name;
	const char *file;
	const char *parameters;
	/* A function of core whose allocations do not fail: it warns of that, or worse. */
	const char *spared;
	const char *(*check)(int ret);
} modules[] = {
	/* Core unregisters a lock class that it has not registered yet. */
	{ "hms", HMS_MODULE, "", "bus_register", check_hms },
	/* A small device, as core's own work on its struct pages takes the time. */
	{ "hms_sim", SIM_MODULE, "count=1 size_mb=2", "add_pages", check_sim },
};

/* Returns "" or what was not as it should be. */
static const char *load_at_each(loadfail_t *s, const struct loadfail_module *m)
{
	int left = 0, failed = 0, worked = 0;
	const char *why;

	why = failnth_modules_only(m->spared);
	if (*why)
		return why;
	for (int n = 1; !left; n += STRIDE) {
		int ret = load(s, m->file, m->parameters, n, &left);

		why = m->check(ret);
		if (!*why && ret && ret != -ENOMEM)
			why = "not for want of memory";
		if (!*why && !ret && module_unload_wait(m->name))
			why = "loaded, and not to be unloaded";
		if (*why) {
			printf("# %s: failure %d, returned %d\n", m->name, n, ret);
			return why;
		}
		*(ret ? &failed : &worked) += 1;
	}
	printf("# %d failed, %d worked\n", failed, worked);
	return failed < 10 ? "fewer than 10 failures" : "";
}

HMS_TEST(loadfail, hms)
{
	ASSERT_EQ(0, module_unload_wait("hms"));
	ASSERT_STREQ("", load_at_each(self, &modules[0]));
}

HMS_TEST(loadfail, sim)
{
	if (*feature_missing("device-private"))
		SKIP(return, "%s", feature_missing("device-private"));
	ASSERT_STREQ("", load_at_each(self, &modules[1]));
}

TEST_HARNESS_MAIN
