# Fuzz targets: the library and tests/fuzz/fuzz_*.c once more with clang, under libFuzzer, ASan and UBSan; and a third
# time with clang's coverage, to say how much of each reader the corpora reach.
FUZZ_CC ?= clang
FUZZ_SECONDS ?= 600
FUZZ_TARGETS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_PROGRAMS := $(FUZZ_TARGETS:%=build/fuzz/fuzz_%)
COVERAGE_PROGRAMS := $(FUZZ_TARGETS:%=build/coverage/fuzz_%)
FUZZ_FLAGS := -g -O1 -fno-omit-frame-pointer -std=gnu11 -D_GNU_SOURCE -DHNY_VERSION='"$(VERSION)"' -I. -pthread \
    -fno-math-errno $(shell pkg-config --cflags $(PACKAGES))
FUZZ_CHECKS := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
FUZZ_COVERAGE := -fsanitize=fuzzer-no-link -fprofile-instr-generate -fcoverage-mapping

# The rules of the variant $1 with the flags $2.
define fuzz_rules
build/$1/objects/%.o: %.c
	@mkdir -p $$(@D)
	@echo "  $(FUZZ_CC) $$< ($1)"
	$(QUIET)$(FUZZ_CC) $$(FUZZ_FLAGS) $2 -MMD -MP -c -o $$@ $$<

build/$1/libhonyaku.a: $(call objects,$(ROOMS),build/$1/objects)
	@rm -f $$@ && ar rcs $$@ $$^

$$(FUZZ_TARGETS:%=build/$1/fuzz_%): build/$1/fuzz_%: build/$1/objects/tests/fuzz/fuzz_%.o build/$1/objects/tests/fuzz/fuzz.o \
    build/$1/objects/tests/fuzz/bundle_making.o build/$1/libhonyaku.a
	@echo "  link $$@"
	$(QUIET)$(FUZZ_CC) $$(FUZZ_FLAGS) $2 -fsanitize=fuzzer -o $$@ $$^ $(LIBS)
endef
$(eval $(call fuzz_rules,fuzz,$(FUZZ_CHECKS)))
$(eval $(call fuzz_rules,coverage,$(FUZZ_COVERAGE)))

.PHONY: fuzz fuzz-short fuzz-coverage fuzz-merge
fuzz: $(FUZZ_PROGRAMS) ## fuzz every reader for FUZZ_SECONDS (600) each
	@FUZZ_SECONDS=$(FUZZ_SECONDS) HONYAKU_BUILD=$(BUILD) tests/run $(BUILD) tests/fuzz/check

fuzz-short: $(FUZZ_PROGRAMS) ## fuzz every reader for a few seconds
	@tests/run $(BUILD) tests/fuzz/check

fuzz-merge: $(FUZZ_PROGRAMS) ## add to the seeds what fuzzing found that reaches more code
	@for name in $(FUZZ_TARGETS); do \
	    mkdir -p build/fuzz/found/$$name tests/fuzz/corpus/$$name && \
	    build/fuzz/fuzz_$$name -merge=1 -max_len=4096 tests/fuzz/corpus/$$name build/fuzz/found/$$name 2>&1 | tail -n 1; \
	done

fuzz-coverage: $(COVERAGE_PROGRAMS) ## how many lines of each reader the seeds and findings reach; under 90 % fails
	@tests/fuzz/coverage $(FUZZ_TARGETS)
