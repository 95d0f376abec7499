# Under ThreadSanitizer, whose runtime Criterion does not start under: the commands themselves, and a race that is planted.
.PHONY: thread
$(BUILD)/planted-race: $(OBJECTS_DIR)/tests/thread/race.o
	@mkdir -p $(@D)
	@echo "  link $@"
	$(QUIET)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

thread: ## threads of translator, trainer, broker and worker under ThreadSanitizer, some minutes
	@$(MAKE) --no-print-directory SANITIZE=thread build/thread/honyaku build/thread/planted-race
	@tests/run build/thread tests/thread/checks
