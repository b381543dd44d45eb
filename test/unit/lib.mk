# SPDX-License-Identifier: GPL-2.0
# How libhms is built with sanitizers, for the unit tests and the fuzzers; to be included behind
# kernel.mk. It goes to $(O)/lib: some of its files are called like those of hms_mod.

PKG_CONFIG ?= pkg-config
LIB	:= $(UNIT)/../../tools/libhms
LIB_C	:= $(shell $(PKG_CONFIG) --cflags libnl-genl-3.0)
LIB_L	:= $(shell $(PKG_CONFIG) --libs libnl-genl-3.0)
CPP_LIB	:= -D_GNU_SOURCE -DHMS_TOOLS_VERSION='"unit"' \
	   -DMACHINES='"$(abspath $(UNIT)/../../doc/machines)"' \
	   -I. -I$(UNIT) -I$(LIB) -I$(LIB)/../include -I$(MOD)/../uapi \
	   -isystem $(KSRC)/tools/testing/selftests $(LIB_C) -MMD -MP

lib	:= $(patsubst $(LIB)/%.c,$(O)/lib/%.o,$(wildcard $(LIB)/*.c)) $(O)/lib/maps.o

build_lib = $(CC) $(CPP_LIB) $(CFLAGS) $(SANITIZE) $(WARN) -c -o $@ $<

$(O)/lib/%.o: $(LIB)/%.c
	@mkdir -p $(@D)
	$(build_lib)
$(O)/lib/%.o: $(UNIT)/%.c
	@mkdir -p $(@D)
	$(build_lib)

-include $(wildcard $(O)/lib/*.d)
