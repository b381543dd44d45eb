// SPDX-License-Identifier: GPL-2.0
/* hmsctl check: can HMS be used here, and what of it? */
#include <inttypes.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "hmsctl.h"
#include "machine.h"

static void print_features(const struct hms_module *module)
{
	printf("\nfeatures\n");
	for (size_t i = 0; i < module->nfeatures; i++) {
		const struct hms_feature *f = &module->features[i];

		if (f->kind == HMS_FEATURE)
			printf("  %-24s %s%s\n", f->name, f->live ? "live" : "not live: ",
			       f->reason);
	}
	printf("\ninterfaces of this kernel; the module has another way where one is missing\n");
	for (size_t i = 0; i < module->nfeatures; i++) {
		const struct hms_feature *f = &module->features[i];

		if (f->kind == HMS_FEATURE_INTERFACE)
			printf("  %-24s %-3s  %s\n", f->name, f->live ? "yes" : "no", f->reason);
	}
}

static void print_keys(const struct hms_module *module)
{
	printf("\nmodifiers\n");
	for (size_t i = 0; i < module->nkeys; i++) {
		const struct hms_key *k = &module->keys[i];
		char values[48];

		if (!k->since)
			snprintf(values, sizeof(values), "not yet");
		else if (!k->min && k->max == UINT64_MAX)
			snprintf(values, sizeof(values), "any");
		else
			snprintf(values, sizeof(values), "%" PRIu64 " to %" PRIu64, k->min, k->max);
		printf("  %2u %-16s %-16s %s\n", k->key, k->name, values, k->text);
	}
}

static int print_module(struct hms *hms)
{
	const struct hms_module *module;
	const struct hms_object *target;
	unsigned int targets = 0;
	char size[24];

	if (hms_info(hms, &module))
		return fail("check", "%s", hms_last_error(hms));
	hms_for_each(hms, HMS_TARGET, target)
		targets++;
	printf("api          %u (hmsctl: %u), objects up to version %u\n", module->api_version,
	       HMS_API_VERSION, module->object_version);
	printf("instance     %016" PRIx64 "\n", module->instance);
	printf("targets      %u\n", targets);
	printf("limits       %u targets and %u modifiers a request, %" PRIu64
	       " ranges an address space,\n             all-or-nothing up to %s\n",
	       module->max_targets, module->max_modifiers, module->max_ranges,
	       human_size(module->all_or_nothing_max, size));
	print_features(module);
	print_keys(module);
	return EXIT_OK;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct utsname name;
	char version[64];
	struct hms *hms;
	int error, ret;

	if (argc > 1)
		return fail_usage(verb, "unexpected \"%s\"", argv[1]);
	uname(&name);
	printf("kernel       %s %s\n", name.release, name.machine);
	if (!loaded_module(version, sizeof(version))) {
		printf("module       not loaded\n\nto load it\n  %s\n",
		       installed_module(version, sizeof(version)) ? "modprobe hms" :
		       "build and install it for this kernel, then modprobe hms");
		if (only_signed_modules())
			printf("this kernel loads modules only with a signature of a key that\n"
			       "it trusts: dkms signs with the machine's own key, which has\n"
			       "to be enrolled once:\n"
			       "  mokutil --import /var/lib/dkms/mok.pub, then reboot\n");
		printf("\nkernel configuration\n");
		print_kernel_config();
		return EXIT_FAIL;
	}
	printf("module       %s, loaded\n", version);
	error = hms_open(&hms);
	if (error)
		return fail_open(error);
	ret = print_module(hms);
	hms_close(hms);
	return ret;
}

const struct verb verb_check = {
	.name = "check",
	.summary = "can HMS be used here, and what of it",
	.usage = "\n\n"
		 "Prints the kernel and the module, each feature with the reason where it is\n"
		 "not live, and the modifiers; without the module, how to load it and what the\n"
		 "kernel was configured with. Exit code 0 when HMS can be used, 1 when not.\n",
	.run = run,
};
