# SPDX-License-Identifier: GPL-2.0
# The project's commands. Each sets up what it needs, installs what is missing (as root), shows
# progress, says where its log is, and fails when anything went wrong.
#
#	make demo	the main job, in a virtual machine
#	make test	unit tests, then the suite in a virtual machine, then the map of others;
#			KERNEL=6.12 (the default), 6.1, 7.x, bare, debug, stock-6.1, stock-6.12 or
#			stock-7.x; or KDIR=the build folder of another kernel
#	make matrix	all of that, dkms and the Debian packages, into the table of doc/kernels.md
#	make dkms	add, build, install, boot, test, remove on Debian's own kernels
#	make packages	the Debian packages, built and tried in clean Debian 12 and 13 trees
#	make bench	what the map, policies and moving cost, in guest instructions, and the bounds that
#			they keep, into out/bench; BENCH=topology, policy, migrate or parallel: that one;
#			DOC=1: into doc/bench.md or performance.md too; KERNEL= as for the tests
#	make profile	which functions of the kernel and of HMS move a page; STEP=to-device (the default),
#			home, touches ...; KERNEL= as for the tests
#	make neighbours	do others notice HMS: the kernel's mm selftests and numactl's own tests, without it
#			and with it; KERNEL= as for the tests
#	make soak	all at once for DURATION=600 seconds (the default): processes that move, map, fork and
#			are killed, on devices that come and go; KERNEL= as for the tests
#	make fuzz	fuzzers of what others say: hmat (tables of the firmware), map (files), netlink
#			(messages), policy (changes of ranges), select (texts); FUZZ=map: that
#			one; SECONDS=60 (the default) for each
#	make check	style: checkpatch, sparse, compiler warnings, shellcheck; and that doc/netlink.yaml
#			says what the headers say
#	make		the library and the tools, for this machine
#	make modules	the kernel modules, for KDIR (default: the kernel that runs)
#	make install	library, tools and man pages; modules_install: the modules

KERNEL	?= 6.12
# The tests take a kernel's name, or its build folder as KDIR.
ifneq ($(origin KDIR),undefined)
KERNEL	:= $(KDIR)
endif
SECONDS	?= 60
STEP	?= to-device
DURATION ?= 600
KDIR	?= /lib/modules/$(shell uname -r)/build

all:
	$(MAKE) -C tools

demo:
	scripts/vm demo $(KERNEL) --icount --timeout 600

test:
	scripts/test $(KERNEL)

matrix:
	scripts/matrix

dkms:
	scripts/dkms

packages:
	scripts/packages

soak:
	scripts/vm soak $(KERNEL) --append HMS_SOAK=$(DURATION) \
		--timeout $$(($(DURATION) * 2 + 1800))

fuzz:
	scripts/fuzz --seconds $(SECONDS) $(FUZZ)

bench:
	scripts/bench --kernel $(KERNEL) $(if $(DOC),--doc) $(BENCH)

profile:
	scripts/profile --kernel $(KERNEL) $(STEP)

neighbours:
	scripts/neighbours $(KERNEL)

check:
	scripts/check

# The harness catches what it should: worth a run when it changes.
test-harness:
	scripts/deps
	test/vm/selftest

modules:
	$(MAKE) -C $(KDIR) M=$(CURDIR)/hms_mod modules

modules_install:
	$(MAKE) -C $(KDIR) M=$(CURDIR)/hms_mod modules_install
	depmod -a

install:
	$(MAKE) -C tools install

clean:
	rm -rf out
	find hms_mod \( -name '*.o' -o -name '*.ko' -o -name '*.mod' -o -name '*.mod.c' -o \
		-name '.*.cmd' -o -name Module.symvers -o -name probed.h -o -name '*.result' \
		-o -path '*/probe/*.log' -o -name modules.order \) -delete

.PHONY: all demo test matrix dkms packages soak fuzz bench profile neighbours check test-harness modules \
	modules_install install clean
