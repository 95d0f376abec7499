# Measurements, one program a file.
BENCH_PROGRAMS := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/*.c))
.PHONY: bench-product

$(BENCH_PROGRAMS): $(BUILD)/bench/%: $(OBJECTS_DIR)/tests/bench/%.o $(BUILD)/libhonyaku.a
	@mkdir -p $(@D)
	@echo "  link $@"
	$(QUIET)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

bench-product: $(BUILD)/bench/product ## products of this processor beside oneDNN's limit: SECONDS=0.4 a figure
	@$< $(SECONDS)
