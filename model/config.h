/* Every knob of model and training in one table: command line, configuration file, help text, manual page and
 * the model's own config.json are read from it, so that they cannot disagree. */
#ifndef HNY_MODEL_CONFIG_H
#define HNY_MODEL_CONFIG_H

#include "base/json.h"
#include "base/status.h"
#include <stdint.h>

#define HNY_CONFIG_TEXT 64 /* bytes of a textual value, its NUL included */

struct hny_config {
    /* model: fixed once trained */
    char cell[HNY_CONFIG_TEXT];
    uint64_t encoder_layers, decoder_layers, residual, hidden, embedding, heads, readout;
    bool decoder_start, layer_norm, bidirectional, source_end;
    char tie[HNY_CONFIG_TEXT];

    /* tokenizer */
    char tokenizer[HNY_CONFIG_TEXT], normal_form[HNY_CONFIG_TEXT];
    uint64_t vocabulary, tokenizer_lines;
    bool joint, split_digits;
    double coverage;
    char symbols[HNY_CONFIG_TEXT * 16];

    /* what keeps a model from learning its corpus by heart */
    double dropout, recurrent_dropout, source_word_dropout, target_word_dropout, label_smoothing;
    double subword_temperature, bpe_dropout;

    /* initial weights */
    char initial[HNY_CONFIG_TEXT];
    double initial_scale, bias_scale, forget_bias;

    /* optimiser */
    char optimiser[HNY_CONFIG_TEXT], schedule[HNY_CONFIG_TEXT];
    double learning_rate, beta1, beta2, epsilon, momentum, weight_decay, clip, average, decay_factor;
    uint64_t warmup, decay_patience, decay_start, decay_every;

    /* batches */
    uint64_t batch_tokens, batch_sentences, accumulate, shards, max_length, memory;
    double max_ratio;

    /* the run */
    uint64_t seed, threads, max_updates, max_epochs, validate_every, save_every, log_every, patience, keep;
    uint64_t valid_lines, valid_beam;
    double max_minutes;
    char precision[HNY_CONFIG_TEXT], valid_metric[HNY_CONFIG_TEXT], bleu_tokenizer[HNY_CONFIG_TEXT];
};

enum hny_config_type { HNY_CONFIG_COUNT, HNY_CONFIG_REAL, HNY_CONFIG_SWITCH, HNY_CONFIG_WORD };

/* When a value may differ from what the model was begun with. */
enum hny_config_scope {
    HNY_CONFIG_MODEL, /* never: the weights' shape and meaning depend on it */
    HNY_CONFIG_RUN,   /* not on --resume, or the result would not be the same bits; on --from it may */
    HNY_CONFIG_FREE,  /* any time: when to stop, what to keep */
};

struct hny_config_key {
    const char *name; /* as in files; on the command line with - for _ */
    enum hny_config_type type;
    enum hny_config_scope scope;
    size_t offset; /* in struct hny_config */
    size_t size;
    double least, most;   /* of numbers */
    const char *choices;  /* of words, separated by |; NULL for any */
    const char *standard; /* the default, as text */
    const char *help;
};

extern const struct hny_config_key hny_config_keys[];
extern const size_t hny_config_key_count;

/* The standard values. */
void hny_config_defaults(struct hny_config *config);

/* The values of the settings that a saved model or training does not name: the standard ones, but of a key
 * that came later what all did before. */
void hny_config_saved(struct hny_config *config);

/* Names of the presets, NULL at the end, with a line of help each; and laying one over CONFIG. */
struct hny_preset {
    const char *name;
    const char *help;
    const char *settings; /* "hidden=512 dropout=0.2 …" */
};
extern const struct hny_preset hny_presets[];
hny_status hny_config_preset(struct hny_config *config, const char *name);

/* Sets one value from text; NAME with _ or -. The message names key, value and what is allowed. */
hny_status hny_config_set(struct hny_config *config, const char *name, const char *value);

/* Lays the keys of a JSON object over CONFIG; a key that is not in the table is refused. PATH for messages.
 */
hny_status hny_config_merge(struct hny_config *config, const json_t *object, const char *path);
hny_status hny_config_load(struct hny_config *config, const char *path);

/* A new object with every key of SCOPE or below (HNY_CONFIG_FREE: all); NULL with a message on failure. */
json_t *hny_config_object(const struct hny_config *config, enum hny_config_scope scope);

/* Refuses combinations that make no sense, and fills in what follows from the rest (embedding 0: hidden). */
hny_status hny_config_check(struct hny_config *config);

/* HNY_ERROR_USAGE naming the first key of SCOPE or below that differs, and both values. */
hny_status hny_config_same(const struct hny_config *begun, const struct hny_config *now,
                           enum hny_config_scope scope);

#endif
