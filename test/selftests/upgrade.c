// SPDX-License-Identifier: GPL-2.0
/*
 * Another version of the module is installed while one is loaded: that one runs on, hmsctl says so,
 * and the next modprobe brings the new one. The plan of that name boots with the old one installed,
 * and the new one in UPGRADE.
 */

#include <glob.h>

#include "command.h"
#include "hms_fixture.h"
#include "module.h"

#define UPGRADE		"/upgrade"
#define INSTALLED	"/lib/modules/*/updates/dkms/hms.ko*"

FIXTURE(upgrade)
{
	struct env e;
};

FIXTURE_SETUP(upgrade)
{
	if (access(UPGRADE, F_OK))
		SKIP(return, "no other version in " UPGRADE);
	ASSERT_STREQ("", env_open(&self->e));
}

FIXTURE_TEARDOWN_PARENT(upgrade)
{
	EXPECT_TRUE(module_is_loaded("hms"));
}

/* What `hmsctl version` says of the module. */
static bool versions(char loaded[32], char installed[32])
{
	const char *line;

	if (hmsctl("version"))
		return false;
	line = strstr(command_output, "module ");
	return line && sscanf(line, "module %31[^,], %31s installed", loaded, installed) == 2;
}

/*
 * The new file takes the place of the old one, as dkms puts it there: by another name first. The
 * old one is kept, as files are memory here, and the plan compares what there is of that.
 */
static int install(void)
{
	char from[256];
	glob_t found;
	int ret = -ENOENT;

	if (!glob(INSTALLED, 0, NULL, &found)) {
		snprintf(from, sizeof(from), UPGRADE "/%s", strrchr(found.gl_pathv[0], '/') + 1);
		ret = link(found.gl_pathv[0], UPGRADE "/replaced") ||
		      rename(from, found.gl_pathv[0]) ? -errno : 0;
		globfree(&found);
	}
	return ret;
}

HMS_TEST(upgrade, runs_on)
{
	char old[32], new[32], loaded[32], installed[32], *p = area(8 * PAGE);

	ASSERT_NE(NULL, p);
	ASSERT_TRUE(versions(loaded, installed));
	EXPECT_STREQ(loaded, installed);
	memcpy(old, loaded, sizeof(old));

	ASSERT_EQ(0, install());
	ASSERT_TRUE(versions(loaded, new));
	EXPECT_STREQ(old, loaded);
	EXPECT_STRNE(old, new);
	/* It works, and goes like any other. */
	EXPECT_EQ(0, populate(self->e.fd, p, 8 * PAGE, self->e.node[0], NULL));
	EXPECT_ZERO(p, 8 * PAGE);
	EXPECT_EQ(0, hmsctl("check"));
	env_close(&self->e);
	ASSERT_EQ(0, module_unload_wait("hms"));

	ASSERT_EQ(0, module_probe("hms", ""));
	ASSERT_TRUE(versions(loaded, installed));
	EXPECT_STREQ(new, loaded);
	EXPECT_STREQ(new, installed);
}

TEST_HARNESS_MAIN
