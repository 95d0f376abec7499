#include "model/config.h"

#include "base/utf8.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(field) offsetof(struct hny_config, field), sizeof((struct hny_config *)0)->field
#define COUNT(field, scope, least, most, standard, help)                                                     \
    { #field, HNY_CONFIG_COUNT, scope, FIELD(field), least, most, NULL, standard, help }
#define REAL(field, scope, least, most, standard, help)                                                      \
    { #field, HNY_CONFIG_REAL, scope, FIELD(field), least, most, NULL, standard, help }
#define SWITCH(field, scope, standard, help)                                                                 \
    { #field, HNY_CONFIG_SWITCH, scope, FIELD(field), 0, 1, NULL, standard, help }
#define WORD(field, scope, choices, standard, help)                                                          \
    { #field, HNY_CONFIG_WORD, scope, FIELD(field), 0, 0, choices, standard, help }
#define MODEL HNY_CONFIG_MODEL
#define RUN HNY_CONFIG_RUN
#define FREE HNY_CONFIG_FREE
#define ANY 9007199254740992.0 /* 2⁵³: the largest count that a JSON reader keeps exactly */

const struct hny_config_key hny_config_keys[] = {
    WORD(cell, MODEL, "lstm|gru|rnn", "lstm", "recurrent cell of every layer"),
    COUNT(encoder_layers, MODEL, 1, 64, "2", "layers of the encoder; the lowest reads both directions"),
    COUNT(decoder_layers, MODEL, 1, 64, "2", "layers of the decoder; the lowest asks the attention"),
    COUNT(residual, MODEL, 2, 64, "2", "lowest layer that adds what it reads to its output; GNMT: 3"),
    COUNT(hidden, MODEL, 1, 65536, "512", "width of the hidden states"),
    COUNT(embedding, MODEL, 0, 65536, "0", "width of the embeddings; 0: as hidden"),
    COUNT(heads, MODEL, 1, 256, "1", "attention heads"),
    COUNT(readout, MODEL, 0, 65536, "0", "width of a layer over state and context below the output; 0: none"),
    SWITCH(decoder_start, MODEL, "true", "start the decoder from a projection of the encoder's mean"),
    SWITCH(layer_norm, MODEL, "false", "normalise the products in the cells"),
    SWITCH(bidirectional, MODEL, "false", "upper encoder layers read both directions too"),
    SWITCH(source_end, MODEL, "true", "the encoder reads an end behind every sentence"),
    WORD(tie, MODEL, "none|two|three", "none", "share tables: two: target and output; three: source too"),
    WORD(tokenizer, MODEL, "unigram|bpe", "unigram", "how subwords are trained"),
    WORD(normal_form, MODEL, "nfc|nfkc|none", "nfc", "Unicode normal form of both sides"),
    COUNT(vocabulary, MODEL, 261, 1000000, "8000", "subwords (of each side where not joint)"),
    COUNT(tokenizer_lines, RUN, 1, ANY, "5000000", "lines at most that the tokenizer is trained on"),
    SWITCH(joint, MODEL, "true", "one vocabulary for both sides"),
    SWITCH(split_digits, MODEL, "false", "every digit is a subword of its own"),
    REAL(coverage, MODEL, 0.5, 1, "0.9995",
         "share of the text's characters that get a subword; bytes for the rest"),
    WORD(symbols, MODEL, NULL, "", "subwords of your own, separated by spaces, never split"),
    REAL(dropout, RUN, 0, 0.95, "0.2", "of each layer's input and of the output"),
    REAL(recurrent_dropout, RUN, 0, 0.95, "0", "of the hidden state, one mask for all steps"),
    REAL(source_word_dropout, RUN, 0, 0.95, "0", "of whole source words"),
    REAL(target_word_dropout, RUN, 0, 0.95, "0", "of whole target words that the decoder reads"),
    REAL(label_smoothing, RUN, 0, 0.9, "0.1", "probability spread over the vocabulary"),
    REAL(subword_temperature, RUN, 0, 10, "0",
         "unigram sampling: draw segmentations by p to this power; 0: best"),
    REAL(bpe_dropout, RUN, 0, 1, "0", "BPE: skip merges with this probability"),
    WORD(initial, RUN, "glorot|uniform", "glorot", "how matrices start"),
    REAL(initial_scale, RUN, 0, 10, "1", "glorot: factor; uniform: bound"),
    REAL(bias_scale, RUN, 0, 10, "0", "bound of the cells' uniform initial biases"),
    REAL(forget_bias, RUN, -10, 10, "1", "added to the forget gate's initial bias"),
    WORD(optimiser, RUN, "adam|sgd", "adam", "what turns gradients into updates"),
    WORD(schedule, RUN, "constant|inverse-sqrt|stalled|steps", "stalled",
         "learning rate after warm-up: constant, ∝ 1/√update, decayed when the validation stalls, or in "
         "steps"),
    REAL(learning_rate, RUN, 0, 100, "0.001", "at the end of the warm-up"),
    REAL(beta1, RUN, 0, 0.99999, "0.9", "Adam's decay of the mean"),
    REAL(beta2, RUN, 0, 0.9999999, "0.98", "Adam's decay of the mean square"),
    REAL(epsilon, RUN, 0, 1, "1e-9", "Adam's denominator"),
    REAL(momentum, RUN, 0, 0.9999, "0", "of SGD"),
    REAL(weight_decay, RUN, 0, 1, "0", "decoupled, scaled by the learning rate"),
    REAL(clip, RUN, 0, 1e9, "1", "largest norm of the mean gradient; 0: none"),
    REAL(average, RUN, 0, 0.999999, "0.999",
         "decay of the weights' moving average, which is what is used; 0: none"),
    REAL(decay_factor, RUN, 0, 1, "0.5", "what a decay multiplies the rate by"),
    COUNT(warmup, RUN, 0, ANY, "400", "updates over which the rate rises from 0"),
    COUNT(decay_patience, RUN, 1, ANY, "2", "stalled: validations without improvement before a decay"),
    COUNT(decay_start, RUN, 0, ANY, "0", "steps: update of the first decay"),
    COUNT(decay_every, RUN, 1, ANY, "1000", "steps: updates between decays"),
    COUNT(batch_tokens, RUN, 0, ANY, "2000", "target subwords of a batch, ends counted"),
    COUNT(batch_sentences, RUN, 0, ANY, "0", "sentences of a batch, instead; 0: by subwords"),
    COUNT(accumulate, RUN, 1, 4096, "1", "batches an update"),
    COUNT(shards, RUN, 1, 1024, "2",
          "parts of a batch that threads compute; results depend on it, not on threads"),
    COUNT(max_length, RUN, 1, 100000, "100", "subwords of a sentence; longer pairs are left out"),
    COUNT(memory, FREE, 0, ANY, "0", "MiB that training may need, or it is refused beforehand; 0: any"),
    REAL(max_ratio, RUN, 1, 1e9, "6", "of the lengths of a pair; others are left out"),
    COUNT(seed, RUN, 0, ANY, "1", "of everything that is drawn"),
    COUNT(threads, FREE, 0, 1024, "0", "that compute; 0: as many as processors, at most the shards"),
    COUNT(max_updates, FREE, 0, ANY, "0", "updates in all; 0: no limit"),
    COUNT(max_epochs, FREE, 0, ANY, "0", "passes over the corpus; 0: no limit"),
    COUNT(validate_every, RUN, 1, ANY, "500", "updates between validations"),
    COUNT(save_every, FREE, 1, ANY, "500", "updates between checkpoints"),
    COUNT(log_every, RUN, 1, ANY, "50", "updates between lines of the log"),
    COUNT(patience, RUN, 0, ANY, "10", "validations without improvement before training ends; 0: any"),
    COUNT(keep, FREE, 1, 10000, "2", "checkpoints kept beside the best"),
    COUNT(valid_lines, RUN, 0, ANY, "500", "validation sentences translated for BLEU and chrF; 0: none"),
    COUNT(valid_beam, RUN, 1, 64, "1", "beam of these translations"),
    REAL(max_minutes, FREE, 0, 1e9, "0", "of training; 0: no limit"),
    WORD(precision, RUN, "auto|f32|bf16", "auto", "of products: auto is the fastest that the processor has"),
    WORD(valid_metric, RUN, "loss|bleu|chrf", "loss", "what decides which weights are best"),
    WORD(bleu_tokenizer, RUN, "auto|13a|char|intl|none", "auto",
         "of the validation's BLEU; auto: char where the text writes no spaces between words, else 13a"),
};
const size_t hny_config_key_count = sizeof hny_config_keys / sizeof *hny_config_keys;

const struct hny_preset hny_presets[] = {
    {"tiny", "for the embedded corpus and tests: minutes on two cores",
     "encoder_layers=1 decoder_layers=1 hidden=192 embedding=128 readout=128 tie=two vocabulary=4000 "
     "joint=false "
     "dropout=0.1 batch_tokens=1500 learning_rate=0.003 warmup=200 validate_every=200"},
    {"small", "up to some 100,000 pairs",
     "encoder_layers=1 decoder_layers=1 hidden=384 readout=384 tie=three vocabulary=4000 dropout=0.3 "
     "batch_tokens=1500 learning_rate=0.003 warmup=200"},
    {"base", "2+2 layers of 512", "encoder_layers=2 decoder_layers=2 hidden=512 tie=three dropout=0.3"},
    {"gnmt4", "GNMT v2 with 4+4 layers of 1024",
     "encoder_layers=4 decoder_layers=4 residual=3 hidden=1024 vocabulary=32000 decoder_start=false "
     "dropout=0.2 batch_tokens=4096 average=0 initial=uniform initial_scale=0.1"},
    {"gnmt8", "GNMT v2 with 8+8 layers of 1024",
     "encoder_layers=8 decoder_layers=8 residual=3 hidden=1024 vocabulary=32000 decoder_start=false "
     "dropout=0.2 batch_tokens=4096 average=0 initial=uniform initial_scale=0.1"},
    {NULL, NULL, NULL},
};

/* Dropout keys its masks by place and part (nn/dropout.c): so many parts of an update are told apart. */
enum { MASKS_APART = 65536 };

static void *field_of(struct hny_config *config, const struct hny_config_key *key) {
    return (char *)config + key->offset;
}

static const struct hny_config_key *find(const char *name) {
    for (size_t i = 0; i < hny_config_key_count; i++) {
        const char *a = hny_config_keys[i].name, *b = name;
        while (*a && (*a == *b || (*a == '_' && *b == '-'))) a++, b++;
        if (*a == '\0' && *b == '\0') return &hny_config_keys[i];
    }
    return NULL;
}

static bool is_choice(const char *choices, const char *value) {
    size_t length = strcspn(value, "|");
    if (value[length] != '\0') return false;
    for (const char *at = choices; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
        if (strncmp(at, value, length) == 0 && (at[length] == '|' || at[length] == '\0')) return true;
    return false;
}

static hny_status set_number(void *field, const struct hny_config_key *key, double number) {
    bool whole = key->type == HNY_CONFIG_COUNT;
    if (!(number >= key->least && number <= key->most) || (whole && number != floor(number)))
        return hny_fail(HNY_ERROR_USAGE, "%s is %.15g, but must be a %s from %.15g to %.15g", key->name,
                        number, whole ? "whole number" : "number", key->least, key->most);
    if (whole)
        *(uint64_t *)field = (uint64_t)number;
    else
        *(double *)field = number;
    return HNY_OK;
}

static hny_status set_word(char *field, const struct hny_config_key *key, const char *value) {
    if (key->choices && !is_choice(key->choices, value))
        return hny_fail(HNY_ERROR_USAGE, "%s is \"%s\", but must be one of %s", key->name, value,
                        key->choices);
    size_t length = strlen(value);
    if (!hny_utf8_valid(value, length)) return hny_fail(HNY_ERROR_USAGE, "%s is not valid UTF-8", key->name);
    if (length >= key->size)
        return hny_fail(HNY_ERROR_USAGE, "%s has %zu bytes, but may have at most %zu", key->name, length,
                        key->size - 1);
    memcpy(field, value, length + 1);
    return HNY_OK;
}

static hny_status set_text(struct hny_config *config, const struct hny_config_key *key, const char *value) {
    void *field = field_of(config, key);
    if (key->type == HNY_CONFIG_WORD) return set_word(field, key, value);
    if (key->type == HNY_CONFIG_SWITCH) {
        bool on = strcmp(value, "true") == 0;
        if (!on && strcmp(value, "false") != 0)
            return hny_fail(HNY_ERROR_USAGE, "%s is \"%s\", but must be true or false", key->name, value);
        *(bool *)field = on;
        return HNY_OK;
    }
    char *end;
    double number = strtod(value, &end);
    if (end == value || *end != '\0')
        return hny_fail(HNY_ERROR_USAGE, "%s is \"%s\", which is not a number", key->name, value);
    return set_number(field, key, number);
}

hny_status hny_config_set(struct hny_config *config, const char *name, const char *value) {
    const struct hny_config_key *key = find(name);
    if (!key) return hny_fail(HNY_ERROR_USAGE, "unknown setting \"%s\"", name);
    return set_text(config, key, value);
}

void hny_config_defaults(struct hny_config *config) {
    memset(config, 0, sizeof *config);
    for (size_t i = 0; i < hny_config_key_count; i++)
        set_text(config, &hny_config_keys[i], hny_config_keys[i].standard);
}

void hny_config_saved(struct hny_config *config) {
    hny_config_defaults(config);
    config->residual = 3;
}

/* The settings are written in this file: "name=value" separated by single spaces. */
static hny_status apply_settings(struct hny_config *config, const char *settings) {
    while (*settings) {
        char name[64], value[64];
        size_t name_length = strcspn(settings, "="), value_length = strcspn(settings + name_length + 1, " ");
        snprintf(name, sizeof name, "%.*s", (int)name_length, settings);
        snprintf(value, sizeof value, "%.*s", (int)value_length, settings + name_length + 1);
        HNY_TRY(hny_config_set(config, name, value));
        settings += name_length + 1 + value_length;
        settings += strspn(settings, " ");
    }
    return HNY_OK;
}

hny_status hny_config_preset(struct hny_config *config, const char *name) {
    char known[256] = "";
    for (const struct hny_preset *preset = hny_presets; preset->name; preset++) {
        if (strcmp(preset->name, name) == 0) return apply_settings(config, preset->settings);
        snprintf(known + strlen(known), sizeof known - strlen(known), " %s", preset->name);
    }
    return hny_fail(HNY_ERROR_USAGE, "unknown preset \"%s\" (known:%s)", name, known);
}

static hny_status merge_value(struct hny_config *config, const struct hny_config_key *key,
                              const json_t *value) {
    static const char *const wanted[] = {"a whole number", "a number", "true or false", "a text"};
    void *field = field_of(config, key);
    switch (key->type) {
    case HNY_CONFIG_COUNT:
        if (json_is_integer(value)) return set_number(field, key, (double)json_integer_value(value));
        break;
    case HNY_CONFIG_REAL:
        if (json_is_number(value)) return set_number(field, key, json_number_value(value));
        break;
    case HNY_CONFIG_SWITCH:
        if (!json_is_boolean(value)) break;
        *(bool *)field = json_is_true(value);
        return HNY_OK;
    case HNY_CONFIG_WORD:
        if (json_is_string(value)) return set_word(field, key, json_string_value(value));
        break;
    }
    return hny_fail(HNY_ERROR_INPUT, "%s must be %s", key->name, wanted[key->type]);
}

hny_status hny_config_merge(struct hny_config *config, const json_t *object, const char *path) {
    if (!json_is_object(object))
        return hny_fail(HNY_ERROR_INPUT, "%s: expected a JSON object of settings", path);
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name, value) {
        const struct hny_config_key *key = find(name);
        if (!key) return hny_fail(HNY_ERROR_INPUT, "%s: unknown setting \"%s\"", path, name);
        hny_status status = merge_value(config, key, value);
        if (status != HNY_OK) return hny_fail_within(status, "%s", path);
    }
    return HNY_OK;
}

hny_status hny_config_load(struct hny_config *config, const char *path) {
    json_t *object;
    HNY_TRY(hny_json_load(path, &object));
    hny_status status = hny_config_merge(config, object, path);
    json_decref(object);
    return status;
}

static json_t *value_of(const struct hny_config *config, const struct hny_config_key *key) {
    const void *field = (const char *)config + key->offset;
    switch (key->type) {
    case HNY_CONFIG_COUNT:
        return json_integer((json_int_t) * (const uint64_t *)field);
    case HNY_CONFIG_REAL:
        return json_real(*(const double *)field);
    case HNY_CONFIG_SWITCH:
        return json_boolean(*(const bool *)field);
    case HNY_CONFIG_WORD:
        return json_string(field);
    }
    return NULL;
}

json_t *hny_config_object(const struct hny_config *config, enum hny_config_scope scope) {
    json_t *object = json_object();
    for (size_t i = 0; object && i < hny_config_key_count; i++) {
        const struct hny_config_key *key = &hny_config_keys[i];
        if (key->scope <= scope && json_object_set_new(object, key->name, value_of(config, key)) != 0) {
            json_decref(object);
            object = NULL;
        }
    }
    if (!object) hny_fail(HNY_ERROR_MEMORY, "out of memory for the settings");
    return object;
}

hny_status hny_config_check(struct hny_config *config) {
    bool three = strcmp(config->tie, "three") == 0, tied = strcmp(config->tie, "none") != 0;
    if (config->embedding == 0) config->embedding = config->hidden;
    if (config->decoder_layers == 1 && config->readout == 0) config->readout = config->hidden;
    if (three && !config->joint)
        return hny_fail(HNY_ERROR_USAGE, "tie=three needs joint=true: both sides share one table");
    uint64_t output = config->readout ? config->readout : config->hidden;
    if (tied && output != config->embedding)
        return hny_fail(
            HNY_ERROR_USAGE,
            "tie=%s needs an embedding as wide as what the output reads: embedding is %llu, that is %llu",
            config->tie, (unsigned long long)config->embedding, (unsigned long long)output);
    if (config->batch_tokens == 0 && config->batch_sentences == 0)
        return hny_fail(HNY_ERROR_USAGE, "one of batch_tokens and batch_sentences must be above 0");
    if (strcmp(config->valid_metric, "loss") != 0 && config->valid_lines == 0)
        return hny_fail(HNY_ERROR_USAGE, "valid_metric=%s needs valid_lines above 0", config->valid_metric);
    if (config->shards * config->accumulate > MASKS_APART)
        return hny_fail(HNY_ERROR_USAGE,
                        "shards times accumulate is %llu, but only %d parts have masks of their own",
                        (unsigned long long)(config->shards * config->accumulate), MASKS_APART);
    if (config->bidirectional && config->hidden % 2 != 0)
        return hny_fail(HNY_ERROR_USAGE, "bidirectional=true needs an even hidden width");
    return HNY_OK;
}

hny_status hny_config_same(const struct hny_config *begun, const struct hny_config *now,
                           enum hny_config_scope scope) {
    for (size_t i = 0; i < hny_config_key_count; i++) {
        const struct hny_config_key *key = &hny_config_keys[i];
        if (key->scope > scope) continue;
        json_t *a = value_of(begun, key), *b = value_of(now, key);
        bool same = a && b && json_equal(a, b);
        const size_t flags = JSON_ENCODE_ANY | JSON_REAL_PRECISION(15); /* 0.1, not 0.10000000000000001 */
        char *old = a ? json_dumps(a, flags) : NULL, *new = b ? json_dumps(b, flags) : NULL;
        if (!same)
            hny_fail(HNY_ERROR_USAGE, "%s was %s when this model was begun and cannot become %s", key->name,
                     old ? old : "?", new ? new : "?");
        free(old);
        free(new);
        json_decref(a);
        json_decref(b);
        if (!same) return HNY_ERROR_USAGE;
    }
    return HNY_OK;
}
