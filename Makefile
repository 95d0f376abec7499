# honyaku: `make help` lists the targets.
VERSION := 0.1.0
PREFIX ?= /usr/local
ifneq ($(filter default undefined,$(origin CC)),)
CC := gcc
endif
MAKEFLAGS += --no-builtin-rules --no-builtin-variables
ROOMS := base tokenizer nn encoder decoder model bundle pipeline
VARIANT := release

PACKAGES := libutf8proc jansson libzstd zlib libcrypto icu-uc libdivsufsort libzmq libseccomp libmicrohttpd libexttextcat libcurl
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings \
    -Wundef -Wvla -Wformat=2 -Werror
OPTIMISE := -O3 -fno-math-errno -fno-trapping-math
CFLAGS ?= -g
override CFLAGS += -std=gnu11 -D_GNU_SOURCE -DHNY_VERSION='"$(VERSION)"' -I. -fPIC -pthread $(OPTIMISE) $(WARNINGS) $(shell pkg-config --cflags $(PACKAGES))
LIBS := $(shell pkg-config --libs $(PACKAGES)) -ldnnl -lgomp -lm -pthread

ifeq ($(SANITIZE),1)
VARIANT := sanitize
override CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS += -fsanitize=address,undefined
endif
ifeq ($(SANITIZE),thread)
VARIANT := thread
override CFLAGS += -fsanitize=thread -fno-omit-frame-pointer
LDFLAGS += -fsanitize=thread
endif

BUILD := build/$(VARIANT)
OBJECTS_DIR := $(BUILD)/objects
# The objects of all sources in the folders $1, below $2.
objects = $(addprefix $2/,$(patsubst %.c,%.o,$(wildcard $(addsuffix /*.c,$1))))
OBJECTS := $(call objects,$(ROOMS),$(OBJECTS_DIR))
TOOL_OBJECTS := $(call objects,tools,$(OBJECTS_DIR))

# The layers once more in double precision, so that gradients can be held against finite differences.
DOUBLE_OBJECTS := $(call objects,nn encoder decoder tests/double,$(OBJECTS_DIR)/double) \
    $(addprefix $(OBJECTS_DIR)/double/model/,model.o file_check.o pass.o layout.o config.o)
BASE_OBJECTS := $(call objects,base tokenizer,$(OBJECTS_DIR))

# `make V=1` shows the commands.
QUIET := $(if $(filter 1,$(V)),,@)

# tests/ROOM/*.c is one Criterion program, build/VARIANT/tests/ROOM; tests/double/*.c links the double layers.
TEST_ROOMS := $(notdir $(patsubst %/,%,$(sort $(dir $(wildcard tests/*/test_*.c)))))
TEST_PROGRAMS := $(TEST_ROOMS:%=$(BUILD)/tests/%)

# Scripts that print a line "passed NAME" or "failed NAME: WHY" a check.
TEST_SCRIPTS := $(wildcard tests/*/check)

.PHONY: all help rooms lint test test-bites test-golden check-long clean
all: rooms honyaku ## build the command at ./honyaku

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(filter %Makefile %.mk,$(MAKEFILE_LIST)) | LC_ALL=C sort | sed -E 's/:.*## /\t/' | expand -t 22

# Always looked at: it may be another variant's, newer than what this one has built.
honyaku: $(BUILD)/honyaku FORCE
	@cmp -s $< $@ || cp -f $< $@
FORCE:

$(BUILD)/libhonyaku.a: $(OBJECTS)
	@rm -f $@ && ar rcs $@ $^

$(BUILD)/honyaku: $(TOOL_OBJECTS) $(BUILD)/libhonyaku.a
	@echo "  link $@"
	$(QUIET)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(OBJECTS_DIR)/double/%.o: %.c
	@mkdir -p $(@D)
	@echo "  cc $< (double)"
	$(QUIET)$(CC) $(CFLAGS) -DHNY_DOUBLE -MMD -MP -c -o $@ $<

$(OBJECTS_DIR)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  cc $<"
	$(QUIET)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

# The page's files are in the object (pipeline/page.c).
$(foreach variant,release sanitize thread fuzz coverage,build/$(variant)/objects/pipeline/page.o): $(wildcard pipeline/page/*)

$(BUILD)/tests/double: $(DOUBLE_OBJECTS) $(BASE_OBJECTS)
	@mkdir -p $(@D)
	@echo "  link $@"
	$(QUIET)$(CC) $(LDFLAGS) -o $@ $^ -lcriterion $(LIBS)

# Programs that are wrong on purpose: the runner must fail on each.
PLANTED_PROGRAMS := $(patsubst tests/planted/%.c,$(BUILD)/tests/planted-%,$(wildcard tests/planted/*.c))
$(PLANTED_PROGRAMS): $(BUILD)/tests/planted-%: $(OBJECTS_DIR)/tests/planted/%.o
	@mkdir -p $(@D)
	@echo "  link $@"
	$(QUIET)$(CC) $(LDFLAGS) -o $@ $^ -lcriterion $(LIBS)

# The library that makes system calls fail, and what it is tried on first; built plain in every variant, since a
# sanitizer's runtime cannot be preloaded with it.
FAULT_PROGRAMS := $(BUILD)/tests/fault-write $(BUILD)/tests/fault-save $(BUILD)/tests/fault-upload
FAULT_TOOLS := $(BUILD)/fault-shim.so $(FAULT_PROGRAMS)
$(BUILD)/fault-shim.so: tests/fault/shim.c
	@mkdir -p $(@D)
	@echo "  link $@"
	$(QUIET)$(CC) -std=gnu11 -D_GNU_SOURCE -O2 -fPIC -shared -Wall -Wextra -Werror -o $@ $<

$(FAULT_PROGRAMS): $(BUILD)/tests/fault-%: $(OBJECTS_DIR)/tests/fault/%.o $(BUILD)/libhonyaku.a
	@mkdir -p $(@D)
	@echo "  link $@"
	$(QUIET)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

.PRECIOUS: $(OBJECTS_DIR)/%.o $(OBJECTS_DIR)/double/%.o # kept, though rules reach them by way of others
# What a program of tests takes from another's folder.
ALSO_pipeline := $(OBJECTS_DIR)/tests/bundle/small.o
.SECONDEXPANSION:
$(filter-out %/double %/corpora,$(TEST_PROGRAMS)): $(BUILD)/tests/%: $$(call objects,tests/$$*,$(OBJECTS_DIR)) $$(ALSO_$$*) $(OBJECTS_DIR)/tests/base/scratch.o $(BUILD)/libhonyaku.a
	@mkdir -p $(@D)
	@echo "  link $@"
	$(QUIET)$(CC) $(LDFLAGS) -o $@ $^ -lcriterion $(LIBS)

include corpora/rules.mk
include packaging/rules.mk
include recipes/rules.mk
include tests/fuzz/rules.mk
include tests/npm/rules.mk
include tests/resume/rules.mk
include tests/simulate/rules.mk
include tests/simulate-stream/rules.mk
include tests/thread/rules.mk
include tests/bench/rules.mk tests/bench/tokenizer/rules.mk

test: honyaku $(TEST_PROGRAMS) $(BUILD)/simulate $(BUILD)/simulate-stream $(PLANTED_PROGRAMS) $(FAULT_TOOLS) $(FUZZ_PROGRAMS) $(SHARED) ## the whole test suite; with SANITIZE=1 under ASan and UBSan
	@tests/run $(BUILD) $(TEST_PROGRAMS) $(TEST_SCRIPTS)

test-bites: $(PLANTED_PROGRAMS) ## show that the runner fails on planted failures; with SANITIZE=1 on leaks too
	@tests/run $(BUILD) tests/planted/check

test-golden: $(BUILD)/tests/model ## hold BLEU and chrF against scores of your own: GOLDEN=scores.jsonl
	@test -r "$(GOLDEN)" || { echo "make test-golden: GOLDEN=FILE names no readable file: '$(GOLDEN)'" >&2; exit 2; }
	GOLDEN="$(GOLDEN)" $< --filter '*/golden_*'

rooms: # a room includes only rooms above it
	@tests/rooms $(ROOMS)

C_FILES := $(foreach folder,$(ROOMS) tools corpora tests/*,$(wildcard $(folder)/*.[ch]))
lint: rooms ## layout by clang-format, the order of rooms, cppcheck
	@clang-format --dry-run -Werror $(C_FILES)
	@cppcheck --quiet --enable=warning,performance,portability --std=c11 -D_GNU_SOURCE -I. --inline-suppr \
	    --error-exitcode=1 $(ROOMS) tools

check-long: ## sanitizers, lint, other instruction sets, 50 kills, every failing call, long fuzz and its coverage
	$(MAKE) lint
	$(MAKE) test SANITIZE=1
	ONEDNN_MAX_CPU_ISA=AVX2 $(MAKE) test
	ONEDNN_MAX_CPU_ISA=AVX512_CORE $(MAKE) test
	$(MAKE) resume-kills
	$(MAKE) training-faults
	$(MAKE) fuzz-coverage
	$(MAKE) fuzz


clean: ## remove what was built
	rm -rf build honyaku

-include $(shell find build -name '*.d' 2>/dev/null)
