# The pipeline's state machines in a world of faults.
.PHONY: simulate
SIMULATE_OBJECTS := $(call objects,tests/simulate,$(OBJECTS_DIR))
$(BUILD)/simulate: $(SIMULATE_OBJECTS) $(BUILD)/libhonyaku.a
	@mkdir -p $(@D)
	@echo "  link $@"
	$(QUIET)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

simulate: $(BUILD)/simulate ## broker, workers, clients and stages of streams in 100,000 worlds of faults, some minutes: SEEDS=100000 FIRST=1
	@$< --seeds $(or $(SEEDS),100000) --first $(or $(FIRST),1)
