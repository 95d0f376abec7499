# Trainings that anyone can repeat: the small one of the README on the embedded corpus, and real ones on files of your
# own. All go on where they were stopped.
.PHONY: demo multi30k tatoeba parity options

OUT ?= out
DEMO := $(OUT)/demo
EMBEDDED := corpora/embedded

demo: honyaku ## train on the embedded corpus (two minutes on two cores) and translate what it has not seen
	@mkdir -p $(OUT)
	./honyaku train --resume --preset tiny --config recipes/demo.json --out $(DEMO) \
	    --src $(EMBEDDED)/train.en --tgt $(EMBEDDED)/train.ja --valid-src $(EMBEDDED)/dev.en --valid-tgt $(EMBEDDED)/dev.ja
	@./honyaku translate --model $(DEMO) < $(EMBEDDED)/test.en > $(DEMO)/test.ja
	@head -n 6 $(EMBEDDED)/test.en | paste -d '\n' - $(DEMO)/test.ja | head -n 12
	@printf 'BLEU on %d held-out sentences, by characters: ' $$(wc -l < $(EMBEDDED)/test.en)
	@./honyaku evaluate $(EMBEDDED)/test.ja -tok char -b < $(DEMO)/test.ja

# $1 recipe, $2 source language, $3 target language, $4 file of development pairs, $5 file to translate at the end, $6
# tokenizer of BLEU.
define recipe
	@test -r "$(CORPUS)/train.$2" || { echo "make $1: CORPUS=FOLDER names no folder with train.$2: '$(CORPUS)'" >&2; exit 2; }
	@mkdir -p $(OUT)
	./honyaku train --resume --config recipes/$1.json --out $(OUT)/$1 --src $(CORPUS)/train.$2 --tgt $(CORPUS)/train.$3 \
	    --valid-src $(CORPUS)/$4.$2 --valid-tgt $(CORPUS)/$4.$3 $(SETTINGS)
	./honyaku translate --model $(OUT)/$1 --beam 5 < $(CORPUS)/$5.$2 > $(OUT)/$1/$5.$3
	./honyaku evaluate $(CORPUS)/$5.$3 -m bleu chrf -tok $6 < $(OUT)/$1/$5.$3
endef

multi30k: honyaku ## train en-de on image captions and score test_2016_flickr: CORPUS=folder [OUT=…] [SETTINGS=…]
	$(call recipe,multi30k,en,de,val,test_2016_flickr,13a)

tatoeba: honyaku ## train en-ja on everyday sentences and score its dev part: CORPUS=folder [OUT=…] [SETTINGS=…]
	$(call recipe,tatoeba,en,ja,dev,dev,char)

options: honyaku ## what each option is worth to the multi30k recipe on val, hours: CORPUS=folder [OUT=…] [UPDATES=1500]
	@HONYAKU=./honyaku CORPUS="$(CORPUS)" OUT="$(OUT)/options" UPDATES="$(or $(UPDATES),1500)" recipes/options

parity: honyaku ## hold 1,000 updates against another program's, same ids: CORPUS=folder PEER=script [OUT=…]
	@HONYAKU=./honyaku CORPUS="$(CORPUS)" PEER="$(PEER)" OUT="$(OUT)/parity" recipes/parity
