# The embedded corpus: the generator that makes it, and what is measured of it.
CORPUS_PARTS := train dev test
GRAMMAR := $(patsubst %,corpora/en-ja/%.txt,forms people things qualities actions places times sentences)
CORPUS_OBJECTS := $(patsubst %,$(OBJECTS_DIR)/corpora/%.o,grammar reader lexicon template expansion derivation textset nearest)

$(BUILD)/corpora/generate: $(OBJECTS_DIR)/corpora/generate.o $(CORPUS_OBJECTS) $(BUILD)/libhonyaku.a
	@mkdir -p $(@D)
	@echo "  link $@"
	$(QUIET)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/corpora/memory: $(OBJECTS_DIR)/corpora/memory.o $(CORPUS_OBJECTS) $(BUILD)/libhonyaku.a
	@mkdir -p $(@D)
	@echo "  link $@"
	$(QUIET)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
