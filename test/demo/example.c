// SPDX-License-Identifier: GPL-2.0
/* Find the memory of a device and move an array there: cc example.c -lhms */
#include <stdio.h>
#include <sys/mman.h>
#include <hms/hms.h>

int main(void)
{
	const size_t size = 16 << 20;
	const struct hms_object *target;
	struct hms_result result;
	struct hms *hms;
	char *array;
	int ret = hms_open(&hms);

	if (ret) {
		fprintf(stderr, "%s\n", hms_open_text(ret));
		return 1;
	}
	array = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; array != MAP_FAILED && i < size; i++)
		array[i] = i;
	if (hms_find_target(hms, HMS_KIND_DEVICE_PRIVATE, 0, &target) ||
	    hms_migrate(hms, array, size, &target->uid, 1, 0, &result)) {
		fprintf(stderr, "%s\n", hms_last_error(hms));
		return 1;
	}
	printf("%llu of %llu pages are on %s, ", (unsigned long long)result.moved,
	       (unsigned long long)result.pages, target->name);
	printf("and array[42] is still %d: a touch brings its page home\n", array[42]);
	hms_close(hms);
	return 0;
}
