# SPDX-License-Identifier: GPL-2.0
# How the pure parts of hms_mod are built in user space, for the unit tests and the fuzzers. They
# set UNIT, the way to this folder, and SANITIZE. KSRC: kernel source, for its interval tree, rbtree
# and test harness. O: where to build.

KSRC	?= $(error KSRC is not set: the folder of a kernel source)
MOD	:= $(UNIT)/../../hms_mod
CFLAGS	?= -O1 -g
WARN	:= -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Werror -std=gnu17
CPP_UNIT := -D_GNU_SOURCE -I. -I$(UNIT) -I$(MOD) -I$(MOD)/../uapi -I$(O)/include -isystem $(KSRC)/tools/include \
	    -isystem $(KSRC)/tools/testing/selftests -MMD -MP

theirs	:= rbtree.o find_bit.o
kernel	:= $(addprefix $(O)/,interval_tree.o kernel.o $(theirs))

all:

# The only header that tools/include lacks, of those that the policy tree needs.
$(O)/include/linux/interval_tree.h:
	@mkdir -p $(@D)
	ln -sf $(KSRC)/include/linux/interval_tree.h $@

build = $(CC) $(CPP_UNIT) $(CFLAGS) $(SANITIZE)

$(O)/interval_tree.o: $(KSRC)/lib/interval_tree.c $(O)/include/linux/interval_tree.h
	$(build) -c -o $@ $<
$(addprefix $(O)/,$(theirs)): $(O)/%.o: $(KSRC)/tools/lib/%.c $(O)/include/linux/interval_tree.h
	$(build) -c -o $@ $<
$(O)/%.o: $(MOD)/%.c $(O)/include/linux/interval_tree.h
	$(build) $(WARN) -c -o $@ $<
$(O)/%.o: $(UNIT)/%.c $(O)/include/linux/interval_tree.h
	$(build) $(WARN) -c -o $@ $<

clean:
	rm -rf $(O)

.PHONY: all clean
.SECONDARY:
-include $(wildcard $(O)/*.d)
