// SPDX-License-Identifier: GPL-2.0
/* hmsctl version: which tool, library, module and API these are. */
#include <stdio.h>

#include "hmsctl.h"
#include "machine.h"

static int run(const struct verb *verb, int argc, char **argv)
{
	const struct hms_module *module;
	char loaded[64], installed[64];
	struct hms *hms;

	if (argc > 1)
		return fail_usage(verb, "unexpected \"%s\"", argv[1]);
	printf("hmsctl   %s\n", HMS_TOOLS_VERSION);
	printf("libhms   %s\n", hms_library_version());
	/* They differ after an upgrade, until the module is loaded anew. */
	loaded_module(loaded, sizeof(loaded));
	installed_module(installed, sizeof(installed));
	printf("module   %s, %s installed\n", loaded, installed);
	printf("API      %u in hmsctl", HMS_API_VERSION);
	if (!hms_open(&hms)) {
		if (!hms_info(hms, &module))
			printf(", %u in the module", module->api_version);
		hms_close(hms);
	}
	putchar('\n');
	return EXIT_OK;
}

const struct verb verb_version = {
	.name = "version",
	.summary = "versions of the tool, the library, the module and the API",
	.usage = "\n",
	.run = run,
};
