# Measurements, one program a file, and what they share.
BENCH_SHARED := limit updates sentences service requests cutter
BENCH_PROGRAMS := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(filter-out $(BENCH_SHARED:%=tests/bench/%.c),$(wildcard tests/bench/*.c)))
.PHONY: bench bench-bundle bench-pull bench-corpora bench-growth bench-lstm bench-memory bench-start bench-product bench-rows bench-training bench-translation bench-peer bench-pipeline bench-latency bench-connections soak chaos profile

$(BENCH_PROGRAMS): $(BUILD)/bench/%: $(OBJECTS_DIR)/tests/bench/%.o $(BENCH_SHARED:%=$(OBJECTS_DIR)/tests/bench/%.o) $(BUILD)/libhonyaku.a
	@mkdir -p $(@D)
	@echo "  link $@"
	$(QUIET)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

bench-product: $(BUILD)/bench/product ## products of this processor beside oneDNN's limit: SECONDS=0.4 a figure
	@$< $(SECONDS)

bench-rows: $(BUILD)/bench/rows ## what a product takes for each number of rows: SHAPE="2048 512 256", out, in and most rows
	@$< $(SHAPE)

bench-training: $(BUILD)/bench/training ## training steps beside oneDNN's limit for their products: UPDATES=10 SECONDS=0.05 SHAPE=1…3
	@$< $(or $(UPDATES),10) $(or $(SECONDS),0.05) $(SHAPE)

profile: $(BUILD)/bench/profile ## where the time of a training step and of a translation goes: UPDATES=10 SENTENCES=200 SHAPE=1
	@$< $(or $(UPDATES),10) $(or $(SENTENCES),200) $(SHAPE)

bench-translation: $(BUILD)/bench/translation ## translation in each precision, in batches and alone: SENTENCES=400 ROUNDS=5
	@$< $(or $(SENTENCES),400) $(or $(ROUNDS),5)

bench-peer: honyaku ## training and translation beside another program, an hour: CORPUS=folder PEER=command [ROUNDS=3]
	@HONYAKU=./honyaku CORPUS="$(CORPUS)" PEER="$(PEER)" OUT="$(OUT)/peer" tests/bench/peer

# A model of 2+2 layers of 512 that has seen one batch: what it says is nonsense, how long it takes is not.
BENCH_MODEL := $(OUT)/bench/model
$(BENCH_MODEL)/best: | $(BUILD)/honyaku
	@mkdir -p $(@D)
	$(BUILD)/honyaku train --quiet --preset base --out $(@D) --max-updates 1 --valid-lines 0 --vocabulary 8000 \
	    --src $(EMBEDDED)/train.en --tgt $(EMBEDDED)/train.ja --valid-src $(EMBEDDED)/dev.en --valid-tgt $(EMBEDDED)/dev.ja

bench-start: $(BUILD)/bench/start honyaku $(BENCH_MODEL)/best ## from nothing to the first translation: ROUNDS=20
	@$< ./honyaku $(BENCH_MODEL) $(ROUNDS)

bench-memory: honyaku ## what training a large model takes, 5 GB
	@HONYAKU=./honyaku OUT="$(OUT)/memory" tests/bench/memory

bench-lstm: $(BUILD)/bench/lstm ## a layer beside oneDNN's own LSTM: SECONDS=0.5
	@OMP_NUM_THREADS=1 $< $(SECONDS)

bench-corpora: honyaku ## what a word costs out of 10 thousand to 10 million lines, GB and many minutes: [SIZES=… ROUNDS=3 OUT=…]
	@HONYAKU=./honyaku OUT="$(OUT)/corpora" SIZES="$(or $(SIZES),10000 100000 1000000 10000000)" ROUNDS=$(or $(ROUNDS),3) tests/bench/corpora

bench-bundle: $(BUILD)/bench/bundle ## sizes and speeds of a bundle beside zstd and xz, minutes: MODEL=folder [NEXT=folder ROUNDS=5]
	@test -n "$(MODEL)" || { echo "make bench-bundle: MODEL=FOLDER names a trained model" >&2; exit 2; }
	@$< $(MODEL) $(or $(ROUNDS),5) $(NEXT)

bench-pull: $(BUILD)/bench/pull ## pulling a bundle beside the disk and SHA-256: MEGABYTES=256 ROUNDS=3
	@$< $(or $(MEGABYTES),256) $(or $(ROUNDS),3)

bench-pipeline: $(BUILD)/bench/pipeline honyaku $(BENCH_MODEL)/best ## what broker, sockets and workers cost: [MODEL=folder TEXT=file SENTENCES=3000 REQUESTS=100000]
	@$< ./honyaku $(or $(MODEL),$(BENCH_MODEL)) $(or $(TEXT),$(EMBEDDED)/dev.en) $(or $(SENTENCES),3000) $(or $(REQUESTS),100000)

bench-latency: $(BUILD)/bench/latency honyaku $(BENCH_MODEL)/best ## requests that come when they are due, and a picture: [MODEL=folder TEXT=file SECONDS=20 OUT=…]
	@$< ./honyaku $(or $(MODEL),$(BENCH_MODEL)) $(or $(TEXT),$(EMBEDDED)/dev.en) $(OUT)/bench/latency.svg $(or $(SECONDS),20)

bench-connections: $(BUILD)/bench/connections honyaku ## very many clients at once: CONNECTIONS=10000
	@$< ./honyaku $(or $(CONNECTIONS),10000)

soak: $(BUILD)/bench/soak honyaku ## memory over very many sentences, minutes: SENTENCES=10000000
	@$< ./honyaku $(EMBEDDED)/dev.en $(or $(SENTENCES),10000000)

chaos: $(BUILD)/bench/chaos honyaku ## a fault a second in real processes, and a ledger of all requests: SECONDS=600 SEED=1
	@$< ./honyaku $(or $(SECONDS),600) $(or $(SEED),1)

bench-growth: $(BUILD)/bench/growth ## what a word costs in short sentences and in long ones: ROUNDS=5
	@$< $(or $(ROUNDS),5)

bench: $(addprefix $(BUILD)/bench/,training translation start growth) honyaku $(BENCH_MODEL)/best ## the table of targets and what this machine reaches, some minutes
	@printf 'what | target | measured, on %s, %s processors\n' "$$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$$(nproc)"
	@$(BUILD)/bench/training 6 0.02 1
	@$(BUILD)/bench/training 6 0.02 2
	@$(BUILD)/bench/translation 200 3
	@$(BUILD)/bench/start ./honyaku $(BENCH_MODEL) 10
	@$(BUILD)/bench/growth 3
