# Measurements, one program a file, and what they share.
BENCH_PROGRAMS := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(filter-out tests/bench/limit.c tests/bench/updates.c,$(wildcard tests/bench/*.c)))
.PHONY: bench-product bench-training profile

$(BENCH_PROGRAMS): $(BUILD)/bench/%: $(OBJECTS_DIR)/tests/bench/%.o $(OBJECTS_DIR)/tests/bench/limit.o $(OBJECTS_DIR)/tests/bench/updates.o $(BUILD)/libhonyaku.a
	@mkdir -p $(@D)
	@echo "  link $@"
	$(QUIET)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

bench-product: $(BUILD)/bench/product ## products of this processor beside oneDNN's limit: SECONDS=0.4 a figure
	@$< $(SECONDS)

bench-training: $(BUILD)/bench/training ## training steps beside oneDNN's limit for their products: UPDATES=10 SECONDS=0.05
	@$< $(or $(UPDATES),10) $(SECONDS)

profile: $(BUILD)/bench/profile ## where the time of a training step and of a translation goes: UPDATES=10 SENTENCES=200
	@$< $(or $(UPDATES),10) $(or $(SENTENCES),200)
