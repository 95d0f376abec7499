# Trainings that anyone can repeat: the small one of the README on the embedded corpus, and real ones on files of your
# own. All go on where they were stopped.
.PHONY: demo multi30k tatoeba enja beside parity options

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

# $1 recipe, $2 and $3 the languages where SOURCE and TARGET are not given, $4 development pairs, $5 what is translated
# and scored at the end, $6 the recipe where it is another's. BLEU of Japanese and Chinese goes by characters.
define recipe
	@test -r "$(CORPUS)/train.$(or $(SOURCE),$2)" || \
	    { echo "make $1: CORPUS=FOLDER names no folder with train.$(or $(SOURCE),$2): '$(CORPUS)'" >&2; exit 2; }
	@CORPUS="$(CORPUS)" SOURCE=$(or $(SOURCE),$2) TARGET=$(or $(TARGET),$3) VALID=$4 TEST=$5 RECIPE=recipes/$(or $6,$1).json \
	    OUT="$(OUT)/$1-$(or $(SOURCE),$2)-$(or $(TARGET),$3)" SETTINGS="$(SETTINGS)" recipes/train
endef

multi30k: honyaku ## train on image captions, score test_2016_flickr: CORPUS=folder [SOURCE=en TARGET=de OUT=… SETTINGS=…]
	$(call recipe,multi30k,en,de,val,test_2016_flickr)

tatoeba: honyaku ## train on everyday sentences, score the dev part: CORPUS=folder [SOURCE=en TARGET=ja OUT=… SETTINGS=…]
	$(call recipe,tatoeba,en,ja,dev,dev)

enja: honyaku ## the same with small_parallel_enja: CORPUS=folder [SOURCE=ja TARGET=en OUT=… SETTINGS=…]
	$(call recipe,enja,ja,en,dev,dev,tatoeba)

beside: honyaku ## what another program learns in MINUTES=20: CORPUS=folder PEER=command SOURCE=… TARGET=… [VALID=dev OUT=…]
	@HONYAKU=./honyaku CORPUS="$(CORPUS)" PEER="$(PEER)" SOURCE="$(SOURCE)" TARGET="$(TARGET)" VALID="$(or $(VALID),dev)" \
	    MINUTES="$(or $(MINUTES),20)" OUT="$(OUT)/beside-$(SOURCE)-$(TARGET)" recipes/peer

options: honyaku ## what each option is worth to the multi30k recipe on val, hours: CORPUS=folder [OUT=…] [UPDATES=1500]
	@HONYAKU=./honyaku CORPUS="$(CORPUS)" OUT="$(OUT)/options" UPDATES="$(or $(UPDATES),1500)" recipes/options

parity: honyaku ## hold 1,000 updates against another program's, same ids: CORPUS=folder PEER=script [OUT=…]
	@HONYAKU=./honyaku CORPUS="$(CORPUS)" PEER="$(PEER)" OUT="$(OUT)/parity" recipes/parity
