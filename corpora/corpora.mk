# The embedded corpus, and what measures it.
GRAMMAR := $(wildcard corpora/en-ja/*.txt)
CORPUS_OBJECTS := $(patsubst %,$(BUILD)/corpora/%.o,grammar reader lexicon template expansion derivation textset)

$(BUILD)/corpora/generate: $(BUILD)/corpora/generate.o $(CORPUS_OBJECTS) $(BUILD)/libhonyaku.a
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
