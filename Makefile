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
XEN_LIBS   = $(shell pkg-config --static --libs xencontrol xenforeignmemory)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: all
all: programs

# ---- folders ---------------------------------------------------------------
# What each folder may include, which is what it may depend on: a wrong
# include does not compile. The file named like the program holds its main();
# the rest of a folder is an archive that its unit tests link as well.
FOLDERS := common db daemon/engine daemon daemon/client builder runner
INC_common        := -Icommon
INC_db            := -Idb -Icommon
INC_daemon/engine := -Idaemon/engine
INC_daemon        := -Idaemon -Idaemon/engine -Idb -Icommon
INC_daemon/client := -Idaemon/client -Icommon -Idaemon/engine
INC_builder       := -Ibuilder -Icommon
INC_runner        := -Irunner -Icommon

LIB_common        := $(BUILD)/lib/common.a
LIB_db            := $(BUILD)/lib/db.a $(LIB_common)
LIB_daemon/engine := $(BUILD)/lib/daemon-engine.a
LIB_daemon        := $(BUILD)/lib/daemon.a $(LIB_daemon/engine) $(LIB_db)
LIB_daemon/client := $(BUILD)/lib/daemon-client.a $(LIB_daemon/engine) $(LIB_common)
LIB_builder       := $(BUILD)/lib/builder.a $(LIB_common)
LIB_runner        := $(BUILD)/lib/runner.a $(LIB_common)

LDLIBS_common        = $(PKG_LIBS) $(GIT_LIBS) -lm
LDLIBS_db            = $(PKG_LIBS) $(SQL_LIBS) -lm
LDLIBS_daemon/engine = $(PKG_LIBS) -lm
LDLIBS_daemon        = $(PKG_LIBS) $(GIT_LIBS) $(SQL_LIBS) -lm
LDLIBS_daemon/client = $(PKG_LIBS) -lm
LDLIBS_builder       = $(PKG_LIBS) $(GIT_LIBS) -lm
LDLIBS_runner        = $(PKG_LIBS) -lm

MAINS := daemon/xbisectd.c daemon/client/xbisect.c builder/xbisect-build.c runner/xbisect-run.c
PROGRAMS := $(patsubst %.c,$(BUILD)/bin/%,$(notdir $(MAINS)))

define folder_rules
SRC_$(1) := $$(filter-out $$(MAINS),$$(wildcard $(1)/*.c))
OBJ_$(1) := $$(SRC_$(1):%.c=$$(BUILD)/obj/%.o)
$$(BUILD)/lib/$(subst /,-,$(1)).a: $$(OBJ_$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(Q)$$(AR) rcsD $$@ $$^
$$(BUILD)/obj/$(1)/%.o: $(1)/%.c
	@mkdir -p $$(@D)
	@echo "  CC      $$<"
	$$(Q)$$(CC) $$(CFLAGS_ALL) $$(INC_$(1)) $$(PKG_CFLAGS) $$(if $$(filter common builder daemon,$(1)),$$(GIT_CFLAGS)) -c -o $$@ $$<
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
# and no sanitizers (they do not link statically).
DOM0_SRC := $(wildcard runner/dom0/*.c)
DOM0_OBJ := $(DOM0_SRC:%.c=$(BUILD)/obj/%.o)
$(BUILD)/obj/runner/dom0/%.o: runner/dom0/%.c
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(CC) $(filter-out -fsanitize% -fno-sanitize%,$(CFLAGS_ALL)) -Irunner/dom0 -c -o $@ $<
$(BUILD)/bin/xbisect-dom0: $(DOM0_OBJ)
	@mkdir -p $(@D)
	@echo "  LD      $@"
	$(Q)$(CC) -static $(LDFLAGS) -o $@ $^ $(XEN_LIBS)
PROGRAMS += $(BUILD)/bin/xbisect-dom0

.PHONY: programs
programs: $(PROGRAMS)

# ---- unit tests ------------------------------------------------------------
# tests/unit/FOLDER/test-x.c is linked with FOLDER's archive (slashes in the
# folder's name are dashes: tests/unit/daemon-engine/).
UNIT_SRC := $(wildcard tests/unit/*/test-*.c)
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/test/%)
unit_folder = $(if $(filter daemon-engine daemon-client,$(1)),$(subst daemon-,daemon/,$(1)),$(1))

define unit_rules
$$(BUILD)/test/$(1)/%: tests/unit/$(1)/%.c $$(LIB_$(call unit_folder,$(1)))
	@mkdir -p $$(@D)
	@echo "  TEST    $$@"
	$$(Q)$$(CC) $$(CFLAGS_ALL) $$(INC_$(call unit_folder,$(1))) $$(PKG_CFLAGS) $$(if $$(filter common builder daemon,$(1)),$$(GIT_CFLAGS)) $$(LDFLAGS) -o $$@ $$(filter %.c %.a,$$^) $$(LDLIBS_$(call unit_folder,$(1)))
endef
$(foreach f,$(sort $(foreach s,$(UNIT_SRC),$(word 3,$(subst /, ,$(s))))),$(eval $(call unit_rules,$(f))))

.PHONY: unit-tests
unit-tests: $(UNIT_BIN)

-include $(wildcard $(BUILD)/obj/*/*.d $(BUILD)/obj/*/*/*.d $(BUILD)/test/*/*.d)

.PHONY: clean
clean:
	rm -rf build
