# SPDX-License-Identifier: GPL-2.0-or-later
# xbisect. `make help` lists what there is.

# ---- settings --------------------------------------------------------------
PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
LIBEXECDIR ?= $(PREFIX)/libexec/xbisect
DATADIR    ?= $(PREFIX)/share/xbisect
MANDIR     ?= $(PREFIX)/share/man
SYSCONFDIR ?= $(if $(filter /usr,$(PREFIX)),/etc,$(PREFIX)/etc)/xbisect
UNITDIR    ?= $(PREFIX)/lib/systemd/user
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions

VERSION := 0.1.0
CC      ?= gcc
OPT     ?= -O2 -g
# SANITIZE=1 builds everything with ASan and UBSan in a tree of its own.
ifeq ($(SANITIZE),1)
BUILD   := build/sanitize
SANFLAGS := -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined
else
BUILD   ?= build
endif

WARN := -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wshadow -Wvla -Wpointer-arith \
        -Wwrite-strings -Wformat=2
# clang takes a g_autoptr() that only owns for an unused variable; gcc tells them apart.
WARN += $(if $(findstring clang,$(CC)),-Wno-unused-variable)
WERROR ?= -Werror
CFLAGS_ALL := -std=c17 -D_GNU_SOURCE $(OPT) $(WARN) $(WERROR) $(SANFLAGS) -MMD -MP \
              -DXB_VERSION='"$(VERSION)"' -DXB_LIBEXECDIR='"$(LIBEXECDIR)"' \
              -DXB_DATADIR='"$(DATADIR)"' -DXB_SYSCONFDIR='"$(SYSCONFDIR)"' $(CFLAGS)

# Packages are asked of pkg-config once, when something is compiled.
PKG_CFLAGS = $(shell pkg-config --cflags glib-2.0 gio-2.0 gio-unix-2.0 jansson)
PKG_LIBS   = $(shell pkg-config --libs glib-2.0 gio-2.0 gio-unix-2.0 jansson)
GIT_CFLAGS = $(shell pkg-config --cflags libgit2)
GIT_LIBS   = $(shell pkg-config --libs libgit2)
SQL_LIBS   = $(shell pkg-config --libs sqlite3)
CURL_LIBS  = $(shell pkg-config --libs libcurl)
HTTP_LIBS  = $(shell pkg-config --libs libmicrohttpd)
XEN_LIBS   = $(shell pkg-config --static --libs xenguest xencontrol xenforeignmemory)
# What migrate-send times of libxenguest's own calls, see runner/dom0/sender.h.
XEN_WRAP   = -Wl,--wrap=xenforeignmemory_map,--wrap=xenforeignmemory_unmap,--wrap=write,--wrap=writev

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: all
all: programs

# Objects depend on the settings that go into them: `make install PREFIX=/usr`
# after a plain `make` builds again what holds a path.
SETTINGS := $(BUILD)/settings
SETTINGS_NOW = $(CC) $(CFLAGS_ALL) $(LDFLAGS)
ifneq ($(file <$(SETTINGS)),$(SETTINGS_NOW))
.PHONY: $(SETTINGS)
endif
$(SETTINGS):
	@: $(shell mkdir -p $(@D))$(file >$@,$(SETTINGS_NOW))

# ---- folders ---------------------------------------------------------------
# What each folder may include, which is what it may depend on: a wrong
# include does not compile. The file named like the program holds its main();
# the rest of a folder is an archive that its unit tests link as well.
FOLDERS := common db daemon/engine daemon daemon/client daemon/notify daemon/fetch builder runner runner/plugin web
INC_common        := -Icommon
INC_db            := -Idb -Icommon
INC_daemon/engine := -Idaemon/engine
INC_daemon        := -Idaemon -Idaemon/engine -Idb -Icommon
INC_daemon/client := -Idaemon/client -Icommon -Idaemon/engine
INC_daemon/notify := -Idaemon/notify -Idaemon/client -Icommon
INC_daemon/fetch  := -Idaemon/fetch -Icommon
INC_builder       := -Ibuilder -Icommon
INC_runner        := -Irunner -Icommon
INC_runner/plugin := -Irunner/plugin
INC_web           := -Iweb -Idb -Icommon

LIB_common        := $(BUILD)/lib/common.a
LIB_db            := $(BUILD)/lib/db.a $(LIB_common)
LIB_daemon/engine := $(BUILD)/lib/daemon-engine.a
LIB_daemon        := $(BUILD)/lib/daemon.a $(LIB_daemon/engine) $(LIB_db)
LIB_daemon/client := $(BUILD)/lib/daemon-client.a $(LIB_daemon/engine) $(LIB_common)
LIB_daemon/notify := $(BUILD)/lib/daemon-notify.a $(LIB_daemon/client)
LIB_daemon/fetch  := $(BUILD)/lib/daemon-fetch.a $(LIB_common)
LIB_builder       := $(BUILD)/lib/builder.a $(LIB_common)
LIB_runner        := $(BUILD)/lib/runner.a $(LIB_common)
LIB_runner/plugin := $(BUILD)/lib/runner-plugin.a
LIB_web           := $(BUILD)/lib/web.a $(LIB_db)

LDLIBS_common        = $(PKG_LIBS) $(GIT_LIBS) -lm
LDLIBS_db            = $(PKG_LIBS) $(SQL_LIBS) -lm
LDLIBS_daemon/engine = $(PKG_LIBS) -lm
LDLIBS_daemon        = $(PKG_LIBS) $(GIT_LIBS) $(SQL_LIBS) -lm
LDLIBS_daemon/client = $(PKG_LIBS) -lm
LDLIBS_daemon/notify = $(PKG_LIBS) $(CURL_LIBS) -lm
LDLIBS_daemon/fetch  = $(PKG_LIBS) $(GIT_LIBS) -lm
LDLIBS_builder       = $(PKG_LIBS) $(GIT_LIBS) -lm
LDLIBS_runner        = $(PKG_LIBS) -lm
LDLIBS_runner/plugin = $(PKG_LIBS) -lm
LDLIBS_web           = $(PKG_LIBS) $(SQL_LIBS) $(HTTP_LIBS) -lm

MAINS := daemon/xbisectd.c daemon/client/xbisect.c builder/xbisect-build.c runner/xbisect-run.c \
         web/xbisect-web.c \
         daemon/notify/xbisect-notify.c $(wildcard daemon/fetch/xbisect-fetch.c)
# The plugin's entry, which QEMU's own functions complete.
PLUGIN_MAIN := runner/plugin/profile.c
PROGRAMS := $(patsubst %.c,$(BUILD)/bin/%,$(notdir $(MAINS)))

define folder_rules
SRC_$(1) := $$(filter-out $$(MAINS) $$(PLUGIN_MAIN),$$(wildcard $(1)/*.c))
OBJ_$(1) := $$(SRC_$(1):%.c=$$(BUILD)/obj/%.o)
$$(BUILD)/lib/$(subst /,-,$(1)).a: $$(OBJ_$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(Q)$$(AR) rcsD $$@ $$^
$$(BUILD)/obj/$(1)/%.o: $(1)/%.c $$(SETTINGS)
	@mkdir -p $$(@D)
	@echo "  CC      $$<"
	$$(Q)$$(CC) $$(CFLAGS_ALL) $$(INC_$(1)) $$(PKG_CFLAGS) $$(if $$(filter common builder daemon daemon/fetch,$(1)),$$(GIT_CFLAGS)) -c -o $$@ $$<
endef
$(foreach f,$(FOLDERS),$(eval $(call folder_rules,$(f))))

Q := $(if $(filter 1,$(V)),,@)

define program_rules
$$(BUILD)/bin/$(notdir $(1:.c=)): $$(BUILD)/obj/$(1:.c=.o) $$(LIB_$(patsubst %/,%,$(dir $(1))))
	@mkdir -p $$(@D)
	@echo "  LD      $$@"
	$$(Q)$$(CC) $$(SANFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(LDLIBS_$(patsubst %/,%,$(dir $(1))))
endef
$(foreach m,$(MAINS),$(eval $(call program_rules,$(m))))

# xbisect-dom0 is static, runs as init of dom0 and knows libxen* only: no GLib,
# and no sanitizers (they do not link statically). Stripped: its hash is part of
# a measurement's identity, and debug paths differ between clones.
DOM0_SRC := $(wildcard runner/dom0/*.c)
DOM0_OBJ := $(DOM0_SRC:%.c=$(BUILD)/obj/%.o)
$(BUILD)/obj/runner/dom0/%.o: runner/dom0/%.c $(SETTINGS)
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(CC) $(filter-out -fsanitize% -fno-sanitize%,$(CFLAGS_ALL)) -Irunner/dom0 -c -o $@ $<
$(BUILD)/bin/xbisect-dom0: $(DOM0_OBJ)
	@mkdir -p $(@D)
	@echo "  LD      $@"
	$(Q)$(CC) -static -s $(LDFLAGS) $(XEN_WRAP) -o $@ $^ $(XEN_LIBS)
PROGRAMS += $(BUILD)/bin/xbisect-dom0

# The profiling plugin is loaded by QEMU: position independent, and without
# sanitizers, which their host program would have to have as well.
PLUGIN := $(BUILD)/bin/xbisect-profile.so
PLUGIN_OBJ := $(patsubst %.c,$(BUILD)/obj/pic/%.o,$(wildcard runner/plugin/*.c))
$(BUILD)/obj/pic/runner/plugin/%.o: runner/plugin/%.c $(SETTINGS)
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(CC) $(filter-out -fsanitize% -fno-sanitize%,$(CFLAGS_ALL)) $(INC_runner/plugin) -fPIC -fvisibility=hidden -c -o $@ $<
$(PLUGIN): $(PLUGIN_OBJ)
	@mkdir -p $(@D)
	@echo "  LD      $@"
	$(Q)$(CC) -shared $(LDFLAGS) -o $@ $^ -lpthread

# The modules of it that call no library of Xen, once more as an archive for
# their unit tests and fuzzers (tests/unit/runner-dom0/), with sanitizers.
DOM0_PURE := trace tally vmstat idle
INC_runner/dom0    := -Irunner/dom0
LIB_runner/dom0    := $(BUILD)/lib/runner-dom0.a
LDLIBS_runner/dom0  = $(PKG_LIBS)
$(BUILD)/obj/dom0-pure/%.o: runner/dom0/%.c $(SETTINGS)
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(CC) $(CFLAGS_ALL) $(INC_runner/dom0) -c -o $@ $<
$(LIB_runner/dom0): $(DOM0_PURE:%=$(BUILD)/obj/dom0-pure/%.o)
	@mkdir -p $(@D)
	@rm -f $@
	$(Q)$(AR) rcsD $@ $^
.PHONY: record-trace
record-trace: $(BUILD)/bin/record-trace ## the workload that recorded the fixtures of Xen's trace
$(BUILD)/bin/record-trace: tests/unit/runner-dom0/trace.fixtures/record.c $(filter-out %/xbisect-dom0.o %/xentrace.o,$(DOM0_OBJ))
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -fsanitize% -fno-sanitize% -MMD -MP,$(CFLAGS_ALL)) -Irunner/dom0 -static -s $(LDFLAGS) -o $@ $^ $(XEN_LIBS)

.PHONY: programs
programs: $(PROGRAMS) $(PLUGIN)

# ---- unit tests ------------------------------------------------------------
# tests/unit/FOLDER/test-x.c is linked with FOLDER's archive (slashes in the
# folder's name are dashes: tests/unit/daemon-engine/).
UNIT_SRC := $(wildcard tests/unit/*/test-*.c)
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/test/%)
unit_folder = $(if $(filter daemon-engine daemon-client daemon-notify daemon-fetch,$(1)),$(subst daemon-,daemon/,$(1)),$(if $(filter runner-plugin runner-dom0,$(1)),$(subst runner-,runner/,$(1)),$(1)))

define unit_rules
$$(BUILD)/test/$(1)/%: tests/unit/$(1)/%.c $$(LIB_$(call unit_folder,$(1))) $$(SETTINGS)
	@mkdir -p $$(@D)
	@echo "  TEST    $$@"
	$$(Q)$$(CC) $$(CFLAGS_ALL) $$(INC_$(call unit_folder,$(1))) $$(PKG_CFLAGS) $$(if $$(filter common builder daemon daemon-fetch,$(1)),$$(GIT_CFLAGS)) $$(LDFLAGS) -o $$@ $$(filter %.c %.a,$$^) $$(LDLIBS_$(call unit_folder,$(1)))
endef
$(foreach f,$(sort $(foreach s,$(UNIT_SRC),$(word 3,$(subst /, ,$(s))))),$(eval $(call unit_rules,$(f))))

.PHONY: unit-tests
unit-tests: $(UNIT_BIN)

-include $(wildcard $(BUILD)/obj/*/*.d $(BUILD)/obj/*/*/*.d $(BUILD)/obj/*/*/*/*.d $(BUILD)/test/*/*.d)

# ---- dependencies ----------------------------------------------------------
# Debian packages, one place. None of them is a kernel or a hypervisor.
DEPS_BUILD := gcc libc6-dev make pkg-config libglib2.0-dev libjansson-dev libgit2-dev libsqlite3-dev libcurl4-gnutls-dev \
              libmicrohttpd-dev libxen-dev
# What the programs start: kernel builds in their sandbox, and the test host.
DEPS_RUN   := bubblewrap ccache qemu-system-x86 git binutils bison flex bc libelf-dev libssl-dev perl \
              python3 rsync cpio kmod xz-utils zstd gzip ca-certificates openssh-client ipmitool curl
DEPS_TEST  := curl perl python3 python3-aiosmtpd openssl jq procps util-linux
# The tests of lab machines: an ssh server, GRUB's tools, a BMC; the emulated machines' firmware and
# keys, and what unpacks their image. Not in `make deps`: two of them start a service.
DEPS_LAB   := linux-perf openssh-server openssh-client openipmi ipmitool grub2-common ipxe-qemu dropbear-bin e2fsprogs lz4 \
              $(DEPS_TEST) $(DEPS_RUN)
# The sanitizers' runtime belongs to one version of clang: the one that `clang` brings.
CLANG_RT    = $(shell apt-cache show clang 2>/dev/null | \
	sed -n 's/^Depends:.*clang-\([0-9][0-9]*\) .*/libclang-rt-\1-dev/p' | head -n 1)
DEPS_LINT   = clang clang-format clang-tidy cppcheck mandoc shellcheck $(CLANG_RT)

.PHONY: deps deps-lab deps-lint
deps:               ## install the Debian packages that are missing (apt-get, root or sudo)
	@tests/install/deps $(sort $(DEPS_BUILD) $(DEPS_RUN) $(DEPS_TEST))
deps-lab:           ## what tests of lab machines need besides: sshd, a BMC, GRUB's tools
	@tests/install/deps $(sort $(DEPS_BUILD) $(DEPS_RUN) $(DEPS_TEST) $(DEPS_LAB))
deps-lint:          ## the same for `make lint` and `make fuzz`
	@tests/install/deps $(sort $(DEPS_BUILD) $(DEPS_LINT))

# ---- tests -----------------------------------------------------------------
JOBS ?= $(shell nproc)
# A second make, because what pkg-config says is known only after `deps`.
SUBMAKE = $(MAKE) --no-print-directory

.PHONY: check-units check check-full demo demo-compare bench bench-boot bench-search check-install oracle deps-oracle build-tests
build-tests: programs unit-tests
check:              ## packages, build, unit and program tests, one real boot; SANITIZE=1 with ASan+UBSan
	@$(SUBMAKE) deps
	@$(SUBMAKE) -j$(JOBS) build-tests
	@tests/run $(BUILD) $(TESTS)
check-full:         ## what `make check` leaves out: the demo, with its verdict asserted
	@$(SUBMAKE) demo
demo:               ## the main job on a real kernel range (SEED=1 places the regression)
	@$(SUBMAKE) deps
	@$(SUBMAKE) -j$(JOBS) programs
	@tests/demo/run --bin $(BUILD)/bin --seed $(or $(SEED),1)
demo-compare:       ## the candidates for a fix side by side: speed, and safety on SMP
	@$(SUBMAKE) deps
	@$(SUBMAKE) -j$(JOBS) programs
	@tests/demo/compare --bin $(BUILD)/bin --seed $(or $(SEED),1)
bench: programs     ## the demo against `git bisect run`, as JSON lines
	@tests/bench/demo-peer --bin $(BUILD)/bin --seed $(or $(SEED),1)
bench-boot: programs ## what xbisect-run adds to the emulator's time, and whether boots agree
	@tests/bench/boot --bin $(BUILD)/bin
bench-search: $(BUILD)/bench/search ## the search against oracle and reference, JSON lines; TRIALS=50 is the quick version
	@$< --trials $(or $(TRIALS),1000) --jobs $(JOBS) $(if $(ONLY),--only '$(ONLY)')
$(BUILD)/bench/search: $(sort $(wildcard tests/bench/*.c)) $(LIB_daemon/engine) $(SETTINGS) $(wildcard tests/bench/*.h)
	@mkdir -p $(@D)
	@echo "  CC      $@"
	$(Q)$(CC) $(filter-out -MMD -MP,$(CFLAGS_ALL)) $(INC_daemon/engine) $(PKG_CFLAGS) $(LDFLAGS) -o $@ $(filter %.c %.a,$^) $(LDLIBS_daemon/engine)
bench-web: programs ## latencies of the pages at 1,000 jobs and 100,000 measurements, and under load
	@tests/bench/web --bin $(BUILD)/bin
# ---- the emulated lab ---------------------------------------------------------
.PHONY: lab-image check-lab-core check-lab check-lab-full check-lab-driver
check-lab-driver:   ## driver=ssh against a machine that boots nothing: real ssh, console, GRUB's tools
	@$(SUBMAKE) deps-lab
	@$(SUBMAKE) -j$(JOBS) programs
	@XB_TEST_TIMEOUT=$(or $(XB_TEST_TIMEOUT),1800) tests/run $(BUILD) $(sort $(wildcard tests/program/lab-*.t))
lab-image:          ## the lab machines' disk and ramdisk, from Debian's packages (FRESH=1: again)
	@$(SUBMAKE) deps-lab
	@tests/lab/make-image
# What is known of their runs stands in CONTRIBUTING.md. ONLY= and MACHINES= choose parts;
# LAB_KERNELS=DIR spares building the kernels of the searches.
LAB_TESTS_check-lab-core := core
LAB_TESTS_check-lab      := core loaders bisect
LAB_TESTS_check-lab-full := core loaders bisect full pool
check-lab-core:     ## driver=ssh on emulated machines: onboarding, both boot ways, panic, hang, fallback, kill
check-lab:          ## the same, and a search by each of the boot ways
check-lab-full:     ## the same, every other injection, and a pool of which one machine dies
check-lab-core check-lab check-lab-full:
	@$(SUBMAKE) deps
	@$(SUBMAKE) lab-image
	@$(SUBMAKE) -j$(JOBS) programs
	@kernels=$${LAB_KERNELS-$(if $(filter bisect,$(LAB_TESTS_$@)),$$(tests/lab/make-kernels))} && \
	  LAB_KERNELS=$$kernels XB_TEST_JOBS=1 XB_TEST_TIMEOUT=$(or $(XB_TEST_TIMEOUT),7200) \
	  tests/run $(BUILD) $(LAB_TESTS_$@:%=tests/lab/%.t)
# ---- pages in a browser ------------------------------------------------------
# A real browser for the pages, and npm for what they use in it. npm packages come by lock file;
# without uPlot pages do with their own drawings.
NPM_CI = npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --prefix
UPLOT  := $(BUILD)/uplot/uPlot.iife.min.js
.PHONY: bench-web uplot check-browser browser-steps screenshots deps-browser
deps-browser:
	@if ! command -v chromium >/dev/null; then tests/install/deps chromium fonts-dejavu-core; fi
	@# Another node than Debian's brings its own npm, and conflicts with Debian's.
	@if ! command -v node >/dev/null || ! command -v npm >/dev/null; then tests/install/deps nodejs npm; fi
uplot: $(UPLOT)     ## the plot library of timelines, from its npm package, into build/uplot/
$(UPLOT): web/package-lock.json
	@mkdir -p $(BUILD)/npm/uplot $(@D)
	@cp web/package.json web/package-lock.json $(BUILD)/npm/uplot
	$(NPM_CI) $(BUILD)/npm/uplot
	@cd $(BUILD)/npm/uplot/node_modules/uplot && cp dist/uPlot.min.css $(abspath $(@D)) && \
	  cp LICENSE $(abspath $(@D))/uPlot-LICENSE && cp dist/uPlot.iife.min.js $(abspath $(@D))
$(BUILD)/npm/browser/node_modules: tests/browser/package-lock.json
	@mkdir -p $(@D)
	@cp tests/browser/package.json tests/browser/package-lock.json $(@D)
	$(NPM_CI) $(@D)
	@touch $@
check-browser:      ## the pages in chromium: clicks, live updates, no script, dark, narrow, axe
	@$(SUBMAKE) deps deps-browser
	@$(SUBMAKE) -j$(JOBS) browser-steps
	@tests/browser/run --bin $(BUILD)/bin --modules $(BUILD)/npm/browser
browser-steps: programs $(UPLOT) $(BUILD)/npm/browser/node_modules
# Of all that are made, into build/screenshots/, README shows these; web/screenshots/ has them, small.
README_PICTURES := bisect timeline
DEPS_PICTURES := pngquant
screenshots:        ## pictures of the pages; those that README shows, into web/screenshots/
	@$(SUBMAKE) deps deps-browser
	@tests/install/deps $(DEPS_PICTURES)
	@$(SUBMAKE) -j$(JOBS) browser-steps
	@tests/browser/run --bin $(BUILD)/bin --modules $(BUILD)/npm/browser --screenshots $(BUILD)/screenshots
	@mkdir -p web/screenshots
	@for picture in $(README_PICTURES); do pngquant --force --strip --speed 1 --quality 60-95 \
	  --output web/screenshots/$$picture.png $(BUILD)/screenshots/$$picture.png || exit 1; done
	@ls -l web/screenshots
oracle:             ## ask scipy again for the values that test-stats compares with
	@$(SUBMAKE) deps-oracle
	@tests/oracle/statistics.py >tests/oracle/statistics.txt.new
	@mv tests/oracle/statistics.txt.new tests/oracle/statistics.txt
deps-oracle:
	@tests/install/deps python3-scipy
check-units: programs ## systemd's user units, started in a user manager of their own (needs root)
	@$(SUBMAKE) install DESTDIR=$(abspath $(BUILD))/units-root >/dev/null
	@tests/install/user-units $(BUILD)/units-root
check-install:      ## README's commands in a fresh Debian root (needs root, mmdebstrap)
	@tests/install/clean-root $(CLEAN_ROOT_COMMANDS)

# ---- lint ------------------------------------------------------------------
C_FILES  := $(sort $(wildcard $(FOLDERS:%=%/*.[ch]) runner/dom0/*.[ch] tests/*/*.[ch] tests/*/*/*.[ch]))
MAN_PAGES := $(sort $(foreach s,1 5 7 8,$(wildcard */*.$(s) */*/*.$(s))))
# Shell programs are those that say so in their first line.
SHELL_FILES = $(shell grep -lE '^\#!.*(bash|/sh)' -r tests .ci packaging runner builder daemon \
	--include='*' 2>/dev/null)

# Texts, what has no comments, what was recorded, and patches, which have the licence of what they change.
NO_SPDX = *.md LICENSE *.png *.json *.patch tests/fuzz/*.seeds/* tests/unit/*.fixtures/* tests/oracle/statistics.txt

.PHONY: lint lint-steps lint-spdx lint-format lint-tidy lint-cppcheck lint-man lint-shell lint-gcc lint-clang
lint:               ## clang-format, clang-tidy, cppcheck, mandoc, shellcheck, SPDX lines; gcc and clang with -Werror
	@$(SUBMAKE) deps deps-lint
	@$(SUBMAKE) lint-steps
lint-steps: lint-spdx lint-format lint-man lint-shell lint-gcc lint-clang lint-cppcheck lint-tidy
lint-spdx:
	@echo "  SPDX"; git rev-parse --show-prefix >/dev/null && \
	  ! git grep -L '^[^a-zA-Z]*SPDX-License-Identifier: GPL-2.0-or-later' -- . $(NO_SPDX:%=':!:%') | \
	  sed 's/$$/: no SPDX-License-Identifier/' | grep . >&2
lint-format:
	@echo "  FORMAT"; clang-format --dry-run -Werror $(C_FILES)
lint-man:
	@echo "  MANDOC"; $(if $(MAN_PAGES),mandoc -Tlint -Wwarning $(MAN_PAGES))
lint-shell:
	@echo "  SHELLCHECK"; shellcheck -x -S warning -e SC1010 $(SHELL_FILES)
lint-gcc:
	$(SUBMAKE) -j$(JOBS) BUILD=build/lint-gcc CC=gcc build-tests build/lint-gcc/bench/search
lint-clang:
	$(SUBMAKE) -j$(JOBS) BUILD=build/lint-clang CC=clang build-tests build/lint-clang/bench/search
lint-cppcheck:
	@echo "  CPPCHECK"; cppcheck -q -j$(JOBS) --std=c11 --library=gtk,posix,gnu --enable=warning,performance,portability \
	  --inline-suppr --suppressions-list=.cppcheck-suppressions --error-exitcode=1 \
	  -Icommon -Idb -Idaemon -Idaemon/engine -Ibuilder -Irunner -Iweb $(filter %.c,$(C_FILES))
lint-tidy: compile_commands.json
	@echo "  TIDY"; printf '%s\n' $(filter-out tests/%,$(filter %.c,$(C_FILES))) | \
	  xargs -n 4 -P $(JOBS) clang-tidy --quiet --warnings-as-errors='*' -p .

# ---- fuzzing ---------------------------------------------------------------
# tests/fuzz/FOLDER/fuzz-x.c is linked with FOLDER's archive, as a unit test is.
FUZZ_S   ?= 30
FUZZ_SRC := $(wildcard tests/fuzz/*/fuzz-*.c)
FUZZ_BIN := $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/%)
define fuzz_rules
$$(BUILD)/fuzz/$(1)/%: tests/fuzz/$(1)/%.c $$(LIB_$(call unit_folder,$(1))) $$(SETTINGS)
	@mkdir -p $$(@D)
	@echo "  FUZZ    $$@"
	$$(Q)$$(CC) $$(CFLAGS_ALL) -fsanitize=fuzzer $$(INC_$(call unit_folder,$(1))) $$(PKG_CFLAGS) -o $$@ $$(filter %.c %.a,$$^) $$(LDLIBS_$(call unit_folder,$(1)))
endef
$(foreach f,$(sort $(foreach s,$(FUZZ_SRC),$(word 3,$(subst /, ,$(s))))),$(eval $(call fuzz_rules,$(f))))

.PHONY: fuzz run-fuzzers
fuzz:               ## libFuzzer on what reads hostile bytes, FUZZ_S=30 seconds each
	$(SUBMAKE) -j$(JOBS) BUILD=build/fuzz CC=clang SANFLAGS='-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined' run-fuzzers
# tests/fuzz/FOLDER/fuzz-x.seeds/ holds inputs to start from.
run-fuzzers: $(FUZZ_BIN)
	@set -e; for f in $^; do \
	  corpus=$(BUILD)/corpus/$$(basename $$f); seeds=tests/fuzz/$${f#$(BUILD)/fuzz/}.seeds; \
	  mkdir -p $$corpus; [ -d $$seeds ] || seeds=; echo "  RUN     $$f"; \
	  $$f -max_total_time=$(FUZZ_S) -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 \
	    -artifact_prefix=$(BUILD)/ $$corpus $$seeds; done

# ---- editors ---------------------------------------------------------------
compile_commands.json: Makefile $(filter %.c,$(C_FILES)) ## for clangd and clang-tidy
	@$(MAKE) --no-print-directory -Bnk V=1 build-tests 2>/dev/null | tests/install/compile-commands >$@

# ---- install ---------------------------------------------------------------
INSTALL ?= install
DESTDIR ?=
BIN_PROGRAMS := $(filter-out %/xbisect-dom0,$(PROGRAMS))
CONFIG_FILES := $(filter-out %.conf.example,$(wildcard configs/*/* configs/*))
manual = $(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(1)))/$(notdir $(1))

.PHONY: install uninstall
install: programs   ## install; DESTDIR= and PREFIX=/usr/local as usual
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(DATADIR) \
	  $(DESTDIR)$(COMPLETIONDIR) $(DESTDIR)$(UNITDIR) $(DESTDIR)$(SYSCONFDIR)
	$(INSTALL) -m 755 $(BIN_PROGRAMS) $(DESTDIR)$(BINDIR)
	$(INSTALL) -m 755 $(BUILD)/bin/xbisect-dom0 $(DESTDIR)$(LIBEXECDIR)
	$(INSTALL) -m 644 $(PLUGIN) $(DESTDIR)$(LIBEXECDIR)
	$(INSTALL) -m 755 runner/fetch-debian.sh $(DESTDIR)$(LIBEXECDIR)/fetch-debian
	cd configs && find . -type f -exec $(INSTALL) -D -m 644 {} $(abspath $(DESTDIR)$(DATADIR))/{} \;
	cd web/assets && find . -type f -exec $(INSTALL) -D -m 644 {} $(abspath $(DESTDIR)$(DATADIR))/web/{} \;
	$(foreach f,$(wildcard $(BUILD)/uplot/*),$(INSTALL) -D -m 644 $(f) $(DESTDIR)$(DATADIR)/web/$(notdir $(f)) &&) :
	$(foreach m,$(MAN_PAGES),$(INSTALL) -D -m 644 $(m) $(call manual,$(m)) &&) :
	$(INSTALL) -m 644 packaging/xbisect.bash $(DESTDIR)$(COMPLETIONDIR)/xbisect
	$(INSTALL) -m 644 $(wildcard packaging/*.service packaging/*.socket) $(DESTDIR)$(UNITDIR)
uninstall:          ## remove what `make install` with the same settings put there
	rm -f $(addprefix $(DESTDIR)$(BINDIR)/,$(notdir $(BIN_PROGRAMS))) $(DESTDIR)$(COMPLETIONDIR)/xbisect
	rm -f $(addprefix $(DESTDIR)$(UNITDIR)/,$(notdir $(wildcard packaging/*.service packaging/*.socket)))
	rm -f $(foreach m,$(MAN_PAGES),$(call manual,$(m)))
	rm -rf $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(DATADIR)

# ---- help ------------------------------------------------------------------
.PHONY: help clean
help:               ## this list
	@echo "make                build the programs into build/bin/"
	@sed -nE 's/^([a-z_.-]+):[^#]*## (.*)/\1\t\2/p' Makefile | \
	  while IFS="$$(printf '\t')" read -r t d; do printf 'make %-22s %s\n' "$$t" "$$d"; done
	@echo "Settings: PREFIX DESTDIR CC CFLAGS LDFLAGS WERROR SANITIZE=1 V=1 SEED TESTS FUZZ_S"
clean:              ## remove build/
	rm -rf build compile_commands.json
