/* SPDX-License-Identifier: GPL-2.0 */
/* Loading and unloading the modules under test. All return 0 or a negative errno. */
#ifndef HMS_TEST_MODULE_H
#define HMS_TEST_MODULE_H

#include <stdbool.h>

#define HMS_MODULE	"/lib/modules/hms/hms.ko"
#define SIM_MODULE	"/lib/modules/hms/hms_sim.ko"
#define PCIMEM_MODULE	"/lib/modules/hms/hms_pcimem.ko"

int module_load(const char *file, const char *parameters);
int module_probe(const char *name, const char *parameters);
int module_unload(const char *name);
int module_unload_wait(const char *name);
bool module_is_loaded(const char *name);
int modules_load_all(void);
int sim_load(void);
int sim_load_as(int mb, bool coherent, const char *more);
int sim_unload(void);
int sim_unload_wait(void);

#endif /* HMS_TEST_MODULE_H */
