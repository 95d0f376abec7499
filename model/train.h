/* Training as a whole, from raw text to a model in a folder: tokenizer, index, updates, validations,
 * checkpoints. Killed at any moment and resumed, it ends in the same weights bit for bit.
 *
 * The folder holds settings.json (what it was begun with), the tokenizer files, data/ (the index), log.jsonl,
 * checkpoints/step-N/ (each a model with the state of its training), and the pointers current and best. */
#ifndef HNY_MODEL_TRAIN_H
#define HNY_MODEL_TRAIN_H

#include "model/config.h"

struct hny_train_job {
    struct hny_config config;
    const char *source, *target;             /* plain, .gz or .zst */
    const char *valid_source, *valid_target; /* both NULL: the last weights are the best */
    const char *out;
    const char *from;          /* a model whose weights and tokenizer are started from; NULL: none */
    const char *const *freeze; /* shell patterns of tensors that keep their values */
    size_t freeze_count;
    bool resume;
    bool ids; /* the files hold ids below config.vocabulary; no tokenizer */
};

/* Runs JOB to its end. HNY_OK: it is finished, now or before (that is said); HNY_INTERRUPTED: a signal came,
 * and all is saved. What goes on is told by base/progress.h. */
hny_status hny_train(const struct hny_train_job *job);

#endif
