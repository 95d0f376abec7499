# The embedded corpus: the generator that makes it, and what is measured of it.
CORPUS_GRAMMAR := $(patsubst %,corpora/en-ja/%.txt,forms people things qualities actions places times sentences)
CORPUS_PROGRAMS := $(BUILD)/corpora/generate $(BUILD)/corpora/memory
CORPUS_OBJECTS := $(patsubst %,$(OBJECTS_DIR)/corpora/%.o,grammar reader lexicon template expansion derivation textset nearest)

$(CORPUS_PROGRAMS): $(BUILD)/%: $(OBJECTS_DIR)/%.o $(CORPUS_OBJECTS) $(BUILD)/libhonyaku.a
	@mkdir -p $(@D)
	@echo "  link $@"
	$(QUIET)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/tests/corpora: $(call objects,tests/corpora,$(OBJECTS_DIR)) $(OBJECTS_DIR)/tests/base/scratch.o $(CORPUS_OBJECTS) $(BUILD)/libhonyaku.a
	@mkdir -p $(@D)
	@echo "  link $@"
	$(QUIET)$(CC) $(LDFLAGS) -o $@ $^ -lcriterion $(LIBS)

test: $(CORPUS_PROGRAMS)

.PHONY: corpus corpus-figures
corpus: $(BUILD)/corpora/generate ## write corpora/embedded anew from its grammar
	$< --out corpora/embedded $(CORPUS_GRAMMAR)

corpus-figures: $(CORPUS_PROGRAMS) ## what the embedded corpus holds, and what a memory of it scores
	@$(BUILD)/corpora/generate --count $(CORPUS_GRAMMAR)
	@$(BUILD)/corpora/generate --types $(CORPUS_GRAMMAR)
	@$(BUILD)/corpora/memory $(patsubst %,corpora/embedded/%,train.en train.ja test.en test.ja)
