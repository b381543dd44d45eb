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
	if (module_is_loaded("hms_sim"))
		ASSERT_EQ(0, module_unload("hms_sim"));
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

/* As it is without the module. */
static const char *check_no_hms(void)
{
	if (module_is_loaded("hms"))
		return "loaded all the same";
	if (!access(DEV_HMS, F_OK))
		return DEV_HMS " is left";
	if (!access(SYS_DEVICES, F_OK))
		return SYS_DEVICES " is left";
	return "";
}

/* What core leaves out for want of memory (an event, a name in /sys/module) is core's to choose. */
static const char *check_hms(void)
{
	struct env e;
	const char *why = env_open(&e);

	if (*why)
		return why;
	if (e.nnodes < 1)
		return "no node target";
	env_close(&e);
	return "";
}

HMS_TEST(loadfail, hms)
{
	int left = 0, failed = 0, worked = 0;

	ASSERT_EQ(0, module_unload_wait("hms"));
	/* Core unregisters a lock class that it has not registered yet. */
	ASSERT_STREQ("", failnth_modules_only("bus_register"));
	for (int n = 1; !left; n += STRIDE) {
		int ret = load(self, HMS_MODULE, "", n, &left);

		ASSERT_STREQ("", ret ? check_no_hms() : check_hms()) {
			TH_LOG("failure %d, returned %d", n, ret);
		}
		if (ret) {
			ASSERT_EQ(-ENOMEM, ret) {
				TH_LOG("failure %d", n);
			}
			failed++;
		} else {
			worked++;
			ASSERT_EQ(0, module_unload_wait("hms"));
		}
	}
	printf("# %d failed, %d worked\n", failed, worked);
	EXPECT_GE(failed, 10);
}

static const char *check_sim(int ret)
{
	__u32 targets = 0;
	struct object o[64];
	int n = objects_read(o, 64);

	for (int i = 0; i < n; i++)
		targets += !strcmp(o[i].kind, "device-private");
	if (ret)
		return targets || module_is_loaded("hms_sim") ? "something is left" : "";
	return targets == 1 ? "" : "not one target";
}

/* Registering a device: a small one, as core's own work on its struct pages takes the time. */
HMS_TEST(loadfail, sim)
{
	int left = 0, failed = 0, worked = 0;

	if (strcmp(feature_missing("device-private"), "hms_sim is not loaded"))
		SKIP(return, "%s", feature_missing("device-private"));
	/* Core warns of it. */
	ASSERT_STREQ("", failnth_modules_only("add_pages"));
	for (int n = 1; !left; n += STRIDE) {
		int ret = load(self, SIM_MODULE, "count=1 size_mb=2", n, &left);

		ASSERT_STREQ("", check_sim(ret)) {
			TH_LOG("failure %d, returned %d", n, ret);
		}
		if (ret) {
			ASSERT_EQ(-ENOMEM, ret) {
				TH_LOG("failure %d", n);
			}
			failed++;
		} else {
			worked++;
			ASSERT_EQ(0, module_unload("hms_sim"));
		}
	}
	printf("# %d failed, %d worked\n", failed, worked);
	EXPECT_GE(failed, 10);
}

TEST_HARNESS_MAIN
