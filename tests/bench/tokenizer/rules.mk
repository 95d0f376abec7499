# The tokenizer beside sentencepiece; the only C++ here, and the only thing that needs libsentencepiece-dev.
CXX := $(if $(filter default undefined,$(origin CXX)),g++,$(CXX))
BENCH_VOCABULARY ?= 8000
$(BUILD)/bench/tokenizer: tests/bench/tokenizer/beside.cpp $(BUILD)/libhonyaku.a
	@mkdir -p $(@D)
	@echo "  c++ $<"
	$(QUIET)$(CXX) -std=c++17 -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -I. -o $@ $^ -lsentencepiece_train -lsentencepiece $(LIBS)

.PHONY: bench-tokenizer
bench-tokenizer: $(BUILD)/bench/tokenizer ## the tokenizer beside sentencepiece, on texts of your own: SRC="TEXT…"
	@test -n "$(SRC)" || { echo 'make bench-tokenizer: SRC="TEXT…" names no texts' >&2; exit 2; }
	$< $(BENCH_VOCABULARY) $(SRC)
