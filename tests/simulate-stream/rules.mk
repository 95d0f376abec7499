# The stages of a stream in a world of faults.
.PHONY: simulate-stream
SIMULATE_STREAM_OBJECTS := $(call objects,tests/simulate-stream,$(OBJECTS_DIR)) $(OBJECTS_DIR)/tests/simulate/events.o
$(BUILD)/simulate-stream: $(SIMULATE_STREAM_OBJECTS) $(BUILD)/libhonyaku.a
	@mkdir -p $(@D)
	@echo "  link $@"
	$(QUIET)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

simulate: simulate-stream
simulate-stream: $(BUILD)/simulate-stream
	@$< --seeds $(or $(SEEDS),100000) --first $(or $(FIRST),1)
