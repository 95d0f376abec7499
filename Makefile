# honyaku: `make help` lists the targets.
VERSION := 0.1.0
PREFIX ?= /usr/local
CC ?= gcc
ROOMS := base tokenizer nn encoder decoder model
VARIANT := release

PACKAGES := libutf8proc jansson libzstd zlib libcrypto icu-uc openblas libdivsufsort
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

BUILD := build/$(VARIANT)
SOURCES := $(foreach room,$(ROOMS),$(wildcard $(room)/*.c))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)
TOOL_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tools/*.c))

# The layers once more in double precision, so that gradients can be held against finite differences.
DOUBLE_ROOMS := nn encoder decoder
DOUBLE_OBJECTS := $(patsubst %.c,$(BUILD)/double/%.o,$(foreach room,$(DOUBLE_ROOMS),$(wildcard $(room)/*.c)))
BASE_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard base/*.c) $(wildcard tokenizer/*.c))

# tests/ROOM/*.c is one Criterion program, build/VARIANT/tests/ROOM; tests/double/*.c links the double layers.
TEST_ROOMS := $(filter-out double,$(notdir $(patsubst %/,%,$(sort $(dir $(wildcard tests/*/test_*.c))))))
TEST_PROGRAMS := $(TEST_ROOMS:%=$(BUILD)/tests/%) $(if $(wildcard tests/double/test_*.c),$(BUILD)/tests/double)

.PHONY: all help test clean
all: honyaku ## build the command at ./honyaku

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/:.*## /\t/' | expand -t 22

honyaku: $(BUILD)/honyaku
	@cp -f $< $@

$(BUILD)/libhonyaku.a: $(OBJECTS)
	@rm -f $@ && ar rcs $@ $^

$(BUILD)/honyaku: $(TOOL_OBJECTS) $(BUILD)/libhonyaku.a
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/double/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -DHNY_DOUBLE -MMD -MP -c -o $@ $<

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/double: $(patsubst %.c,$(BUILD)/double/%.o,$(wildcard tests/double/*.c)) $(DOUBLE_OBJECTS) $(BASE_OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lcriterion $(LIBS)

.SECONDEXPANSION:
$(BUILD)/tests/%: $$(patsubst %.c,$(BUILD)/%.o,$$(wildcard tests/$$*/*.c)) $(BUILD)/libhonyaku.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lcriterion $(LIBS)

test: honyaku $(TEST_PROGRAMS) ## the whole test suite
	@tests/run $(BUILD) $(TEST_PROGRAMS)

clean: ## remove what was built
	rm -rf build honyaku

-include $(shell find build -name '*.d' 2>/dev/null)
